//! Reads the built-in facts on actions, and the user's own over them.

use std::path::PathBuf;

use ramgate::{Catalog, Source};

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
