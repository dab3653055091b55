//! Writes facts on actions and services for people.

use std::io::{self, Write};

use anstyle::Style;
use ramgate::{
    ActionFacts, Catalog, Evidence, FactSource, Granularity, KeyFacts, KeyScope, KeyType, Listing,
    OperationFacts, ParameterFacts, ServiceFacts,
};

use crate::output::{Output, text::printable};

/// A line for every service, and the sums.
pub(crate) fn services(catalog: &Catalog, out: &mut Output) -> io::Result<()> {
    let width = catalog
        .services()
        .map(|service| service.code().len())
        .max()
        .unwrap_or_default();
    for service in catalog.services() {
        let count = match service.listing() {
            Listing::Complete => format!("{} actions, all", service.actions().count()),
            Listing::None => "actions unknown".to_owned(),
            _ => format!("{} actions", service.actions().count()),
        };
        let name = service.name().unwrap_or_default();
        let line = format!("{:<width$}  {count:<17}  {name}", service.code());
        writeln!(out, "{}", printable(line.trim_end()))?;
    }
    let sums = format!(
        "{} services, {} actions, {} condition keys",
        catalog.services().count(),
        catalog.actions().count(),
        catalog.keys().count()
    );
    out.line(Style::new().bold(), &sums)
}

/// What is known of a service, then its actions.
pub(crate) fn service(service: ServiceFacts<'_>, out: &mut Output) -> io::Result<()> {
    let title = match service.name() {
        Some(name) => format!("{}: {name}", service.code()),
        None => service.code().to_owned(),
    };
    out.line(Style::new().bold(), &printable(&title))?;
    let mut lines = Vec::new();
    lines.push(match service.listing() {
        Listing::Complete => format!(
            "{} actions, all there were when they were listed",
            service.actions().count()
        ),
        Listing::Partial => format!("{} actions, and perhaps others", service.actions().count()),
        _ => format!("{} actions are listed", service.actions().count()),
    });
    if let Some(granularity) = service.granularity() {
        lines.push(format!("granted {}", granted(granularity)));
    }
    let products: Vec<_> = service.products().collect();
    if !products.is_empty() {
        lines.push(format!("APIs: {}", products.join(", ")));
    }
    let types = service
        .resource_types()
        .map(|(name, template)| format!("resource {name}: {template}"));
    lines.extend(types);
    push_keys("condition keys", service.keys().collect(), &mut lines);
    lines.extend(service.sources().map(source));
    write_lines(&lines, out)?;
    actions(&service.actions().collect::<Vec<_>>(), out)
}

fn granted(granularity: Granularity) -> &'static str {
    match granularity {
        Granularity::Resource => "by resource, where the action can be",
        Granularity::Operation => "by action; the resource is *",
        Granularity::Service => "as a whole; the resource is *",
    }
}

/// A line for each action: its name, its level, what it is on.
pub(crate) fn actions(actions: &[ActionFacts<'_>], out: &mut Output) -> io::Result<()> {
    let width = actions
        .iter()
        .map(|action| action.name().len())
        .max()
        .unwrap_or_default();
    for action in actions {
        let level = action.access_level().map_or("", |level| level.name());
        let on = match action.has_resource_level() {
            Some(false) => "*".to_owned(),
            _ => {
                let mut on: Vec<_> = action.resources().map(|on| on.type_name()).collect();
                on.dedup();
                on.join(", ")
            }
        };
        let line = format!("{:<width$}  {level:<6}  {on}", action.name());
        writeln!(out, "{}", printable(line.trim_end()))?;
    }
    Ok(())
}

/// Everything that is known of an action.
pub(crate) fn action(action: ActionFacts<'_>, out: &mut Output) -> io::Result<()> {
    out.line(Style::new().bold(), &printable(action.name()))?;
    let mut lines = Vec::new();
    let service = action.service();
    lines.extend(service.name().map(|name| format!("service: {name}")));
    let level = action
        .access_level()
        .map_or("unknown", |level| level.name());
    lines.push(format!("access level: {level}"));
    lines.extend(resources(action));
    match action.own_keys() {
        None => {}
        Some(keys) => {
            let keys: Vec<_> = keys.collect();
            if keys.is_empty() {
                lines.push("condition keys of its own: none".to_owned());
            }
            push_keys("condition keys of its own", keys, &mut lines);
        }
    }
    for (scope, title) in [
        (KeyScope::Service, "condition keys of the service"),
        (KeyScope::Common, "condition keys of RAM"),
    ] {
        let keys = action.keys().filter(|(found, _)| *found == scope);
        push_keys(title, keys.map(|(_, key)| key).collect(), &mut lines);
    }
    lines.push(match action.needs().map(Iterator::collect::<Vec<_>>) {
        None => "further actions needed: unknown".to_owned(),
        Some(needs) if needs.is_empty() => "further actions needed: none".to_owned(),
        Some(needs) => format!("further actions needed: {}", needs.join(", ")),
    });
    let operations: Vec<_> = action.operations().map(|found| found.to_string()).collect();
    if !operations.is_empty() {
        lines.push(format!("authorizes: {}", operations.join(", ")));
    }
    if action.is_deprecated() {
        lines.push("deprecated".to_owned());
    }
    lines.extend(action.note().map(|note| format!("note: {note}")));
    lines.extend(action.sources().map(source));
    let calls: Vec<_> = action.calls().collect();
    if calls.is_empty() {
        lines.push("parameters, states and errors of the call: unknown".to_owned());
    }
    for known in calls {
        call(known, &mut lines);
    }
    write_lines(&lines, out)
}

/// What is known of an operation as a call.
fn call(call: OperationFacts<'_>, lines: &mut Vec<String>) {
    lines.push(format!("call {}:{}", call.product(), call.name()));
    let mut push = |line: String| lines.push(format!("  {line}"));
    call.parameters().map(parameter).for_each(&mut push);
    if call.has_all_parameters() != Some(true) {
        push("further parameters: unknown".to_owned());
    }
    if let Some(kind) = call.on() {
        let perhaps: Vec<_> = call.perhaps_allowed_in().collect();
        let perhaps = match perhaps.is_empty() {
            true => String::new(),
            false => format!("; the sources do not agree on {}", perhaps.join(", ")),
        };
        push(match call.allowed_in().map(Iterator::collect::<Vec<_>>) {
            None => format!("possible in states of the {kind}: unknown{perhaps}"),
            Some(states) if states.is_empty() => format!("possible in every state of the {kind}"),
            Some(states) => format!(
                "possible while the {kind} is {}{perhaps}",
                states.join(", ")
            ),
        });
    }
    if call.on().is_some() || call.makes().is_some() {
        let made = call.makes().map(|kind| format!(" a {kind}, which is"));
        let made = made.map_or(String::new(), |made| format!(" makes{made}"));
        let through = call.passes_through();
        let through = through.map_or(String::new(), |state| format!(", through {state}"));
        push(
            match (call.state_after(), call.deletes(), call.leaves_state()) {
                (Some(state), ..) if made.is_empty() => format!("leads to {state}{through}"),
                (Some(state), ..) => format!("{} {state}", made.trim_start()),
                (None, true, _) => format!("deletes it{through}"),
                (None, _, true) => "leaves its state".to_owned(),
                _ => "leads to: unknown".to_owned(),
            },
        );
        for (from, to) in call.exceptions() {
            push(format!("leads from {from} to {to}"));
        }
    }
    for error in call.errors() {
        let status = error.status().map(|status| status.to_string());
        let parts = [status.as_deref(), error.code()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        let message = error.message().map(|message| format!(": {message}"));
        push(format!(
            "error {} ({}){}",
            parts.join(" "),
            error.cause(),
            message.unwrap_or_default()
        ));
    }
    if let Some(note) = call.note() {
        push(format!("note: {note}"));
    }
    call.sources().map(source).for_each(push);
}

fn parameter(parameter: ParameterFacts<'_>) -> String {
    let kind = parameter.parameter_type().map(|kind| kind.name());
    let need = match parameter.is_required() {
        Some(true) => "required",
        Some(false) => "optional",
        None => "required or not: unknown",
    };
    let names = match (parameter.is_region(), parameter.names()) {
        (true, _) => Some("a region".to_owned()),
        (false, kind) => kind.map(|kind| format!("a {kind}")),
    };
    let about: Vec<String> = kind
        .map(str::to_owned)
        .into_iter()
        .chain([need.to_owned()])
        .chain(names)
        .chain(parameter.constraints().iter().map(ToString::to_string))
        .chain(parameter.note().map(str::to_owned))
        .collect();
    format!("parameter {}: {}", parameter.name(), about.join(", "))
}

fn resources(action: ActionFacts<'_>) -> Vec<String> {
    match action.has_resource_level() {
        None => vec!["resource: unknown".to_owned()],
        Some(false) => {
            vec!["resource: * only; there is no resource-level authorization".to_owned()]
        }
        Some(true) => action
            .resources()
            .map(|resource| {
                let required = if resource.is_required() {
                    ", required"
                } else {
                    ""
                };
                format!(
                    "resource: {} ({}{required})",
                    resource.template(),
                    resource.type_name()
                )
            })
            .collect(),
    }
}

fn push_keys(title: &str, keys: Vec<KeyFacts<'_>>, lines: &mut Vec<String>) {
    if keys.is_empty() {
        return;
    }
    let keys = keys.into_iter().map(|key| {
        let name = if key.is_family() { "<name>" } else { "" };
        let documented = key.evidence().is_some_and(|best| best < Evidence::Policies);
        let about = [
            key.key_type().map(KeyType::name),
            (!documented).then_some("undocumented"),
        ];
        let about: Vec<_> = about.into_iter().flatten().collect();
        match about.is_empty() {
            true => format!("{}{name}", key.name()),
            false => format!("{}{name} ({})", key.name(), about.join(", ")),
        }
    });
    lines.push(format!("{title}: {}", keys.collect::<Vec<_>>().join(", ")));
}

fn source(source: FactSource<'_>) -> String {
    format!(
        "source: {} ({}, {})",
        source.url, source.date, source.evidence
    )
}

fn write_lines(lines: &[String], out: &mut Output) -> io::Result<()> {
    lines
        .iter()
        .try_for_each(|line| writeln!(out, "  {}", printable(line)))
}
