//! Lists what somebody of a snapshot can do, on what, and under which conditions.

use anyhow::bail;
use ramgate::Principal;
use ramgate::analysis::Several;
use ramgate::partial::{PartialOptions, UnknownKeys};

use crate::args::{AnswerFormat, WhatCanArgs};
use crate::command::Status;
use crate::output::{Console, json, reach};
use crate::{account, catalog};

/// Asks about every action.
///
/// # Errors
/// When the snapshot or the facts cannot be read, the caller is not in the snapshot, or nothing is known of the service.
pub(crate) fn run(args: &WhatCanArgs, console: &mut Console) -> anyhow::Result<Status> {
    let principal = Principal::parse(&args.principal)?;
    let facts = catalog::load(&args.catalog)?;
    let known = account::load(&args.snapshot, console)?;
    let unknown = UnknownKeys::all().but_absent(args.absent.iter().map(String::as_str));
    let mut options = PartialOptions::default();
    if args.single_valued {
        options = options.with_several(Several::Nowhere);
    }
    let service = args.service.as_deref();
    let what = known.what_can(&principal, &facts, service, &unknown, &options)?;
    if let Some(service) = service.filter(|code| what.asked == 0 && facts.service(code).is_none()) {
        let meant = facts.closest_service(service);
        let help = meant
            .map(|meant| format!("\n  help: did you mean {meant}?"))
            .unwrap_or_default();
        bail!("no service with the RAM code {service} is listed, and no policy names one{help}");
    }
    match args.format {
        AnswerFormat::Text => reach::what(&what, &facts, &mut console.out)?,
        AnswerFormat::Json => json::document(&what, &mut console.out)?,
    }
    Ok(if what.access.is_empty() {
        Status::No
    } else {
        Status::Yes
    })
}
