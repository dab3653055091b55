//! Looks up what is known of an action, of those that fit a pattern, of a service, or which services there are.

use anyhow::anyhow;
use ramgate::{ActionFacts, Catalog, Listing};

use crate::args::{CatalogArgs, FactFormat};
use crate::catalog;
use crate::command::Status;
use crate::output::{Console, facts_json, facts_text};

/// Answers with what is known.
///
/// # Errors
/// When a file of facts cannot be read, when nothing is known of what was asked for, or the answer cannot be written.
pub(crate) fn run(args: &CatalogArgs, console: &mut Console) -> anyhow::Result<Status> {
    let catalog = catalog::load(&args.catalog)?;
    let out = &mut console.out;
    let is_json = args.format == FactFormat::Json;
    let Some(name) = args.name.as_deref() else {
        if is_json {
            facts_json::services(&catalog, out)?;
        } else {
            facts_text::services(&catalog, out)?;
        }
        return Ok(Status::Yes);
    };
    if name.contains(['*', '?']) {
        let actions: Vec<_> = catalog.matching(name).collect();
        if actions.is_empty() {
            return Err(anyhow!("{name} fits no action that is known"));
        }
        if is_json {
            facts_json::actions(&actions, out)?;
        } else {
            facts_text::actions(&actions, out)?;
        }
    } else if name.contains(':') {
        let action = catalog
            .action(name)
            .ok_or_else(|| no_action(name, &catalog))?;
        if is_json {
            facts_json::action(action, out)?;
        } else {
            facts_text::action(action, out)?;
        }
    } else {
        let service = catalog
            .service(name)
            .ok_or_else(|| no_service(name, &catalog))?;
        if is_json {
            facts_json::service(service, out)?;
        } else {
            facts_text::service(service, out)?;
        }
    }
    Ok(Status::Yes)
}

fn no_action(name: &str, catalog: &Catalog) -> anyhow::Error {
    let code = name.split_once(':').map_or("", |(code, _)| code);
    let message = match catalog.service(code) {
        None => {
            format!("nothing is known of {name}: no service with the RAM code {code} is listed")
        }
        Some(service) => match service.listing() {
            Listing::Complete => format!(
                "{name} is none of the {} actions of {}, which are all there were when they were listed",
                service.actions().count(),
                service.code()
            ),
            Listing::Partial => format!(
                "nothing is known of {name}: {} actions of {} are listed, which are not all",
                service.actions().count(),
                service.code()
            ),
            _ => format!(
                "nothing is known of {name}: no actions of {} are listed",
                service.code()
            ),
        },
    };
    let service_meant = || {
        let is_unknown = catalog.service(code).is_none();
        is_unknown.then(|| catalog.closest_service(code)).flatten()
    };
    with_guess(message, catalog.closest_action(name).or_else(service_meant))
}

fn no_service(code: &str, catalog: &Catalog) -> anyhow::Error {
    let products = catalog.services_of_product(code);
    let codes: Vec<_> = products.map(|service| service.code()).collect();
    if !codes.is_empty() {
        return anyhow!(
            "{code} is the code of an API; the RAM code that its calls are authorized by is {}",
            codes.join(" or ")
        );
    }
    // Someone may leave the service out: `CancelPhysicalConnection`.
    let named = catalog
        .matching(&format!("*:{code}"))
        .map(ActionFacts::name);
    let named: Vec<_> = named.collect();
    if !named.is_empty() {
        let help = named.join(" or ");
        return with_guess(
            format!("no service with the RAM code {code} is listed"),
            Some(&help),
        );
    }
    with_guess(
        format!("no service with the RAM code {code} is listed"),
        catalog.closest_service(code),
    )
}

fn with_guess(message: String, meant: Option<&str>) -> anyhow::Error {
    match meant {
        Some(meant) => anyhow!("{message}\n  help: did you mean {meant}?"),
        None => anyhow!(message),
    }
}
