//! Writes facts on actions and services for people.

use std::io::{self, Write};

use anstyle::Style;
use ramgate::{
    ActionFacts, Catalog, Evidence, FactSource, Granularity, KeyFacts, KeyScope, KeyType, Listing,
    ServiceFacts,
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
    write_lines(&lines, out)
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
