//! Reads the built-in facts on actions, and the user's own over them.

use std::path::PathBuf;

use ramgate::{ActionFacts, Catalog, Source};

use crate::input;

/// The built-in facts with those of these files laid over them, in order.
///
/// # Errors
/// When a file cannot be read, or a row of it cannot be understood.
pub(crate) fn load(files: &[PathBuf]) -> anyhow::Result<Catalog> {
    let built_in = ramgate_catalog::FILES
        .iter()
        .map(|(name, text)| Source::new(format!("<built-in>/{name}"), *text));
    let mut texts: Vec<Source> = built_in.collect();
    for file in files {
        texts.push(input::read(file)?);
    }
    Ok(Catalog::parse(&texts)?)
}

/// Every action with a pattern of the resources that it is on, as witnesses are made of: those first that change something, and those last
/// that nobody should use any more. An action of which no resource is known has none here.
pub(crate) fn actions(catalog: &Catalog) -> Vec<(&str, String)> {
    let mut actions: Vec<ActionFacts<'_>> = catalog.actions().collect();
    let only_looks =
        |action: &ActionFacts<'_>| action.access_level().is_none_or(|level| level.is_read());
    actions.sort_by_key(|action| (action.is_deprecated(), only_looks(action)));
    let mut found = Vec::new();
    for action in actions {
        let before = found.len();
        let on = action
            .resources()
            .map(|resource| resource.template().pattern());
        found.extend(on.map(|pattern| (action.name(), pattern)));
        if found.len() == before {
            let has_none = action.has_resource_level() == Some(false);
            let pattern = if has_none { "*" } else { "" };
            found.push((action.name(), pattern.to_owned()));
        }
    }
    found
}
