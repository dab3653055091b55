//! Reads snapshots from disk, with the files that they name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ramgate::{Organization, Source};

use crate::args::SnapshotArgs;
use crate::command::check::basis::settings;
use crate::input;
use crate::output::{Console, text};

/// Snapshots that cases refer to, each read once.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    opened: HashMap<PathBuf, Result<Arc<Organization>, String>>,
}

impl Accounts {
    /// The snapshot of this name, relative to the file that names it.
    ///
    /// # Errors
    /// With everything that is wrong in it.
    pub(crate) fn open(
        &mut self,
        name: &str,
        source: &Source,
    ) -> Result<Arc<Organization>, String> {
        let path = input::relative(name, source);
        let key = path.canonicalize().unwrap_or_else(|_| path.clone());
        self.opened
            .entry(key)
            .or_insert_with(|| shared(&path))
            .clone()
    }
}

fn shared(path: &Path) -> Result<Arc<Organization>, String> {
    let organization = read(path, false, &mut |_| {}).map_err(|error| text::error(&error))?;
    Ok(Arc::new(organization))
}

/// Reads the snapshot that the arguments name, and reports what lenient reading lets pass.
///
/// # Errors
/// With everything that is wrong in it.
pub(crate) fn load(args: &SnapshotArgs, console: &mut Console) -> anyhow::Result<Organization> {
    let known = read(&args.account, args.lenient, &mut |_| {})?;
    console.problems(known.warnings());
    Ok(known.with_settings(settings(args.absent_negated, args.group_deny)))
}

/// Reads a snapshot: a file or a directory of them, with the files that they name. `seen` is shown every text.
///
/// # Errors
/// With everything that is wrong in it.
pub(crate) fn read(
    path: &Path,
    is_lenient: bool,
    seen: &mut dyn FnMut(&str),
) -> anyhow::Result<Organization> {
    read_noting(path, is_lenient, &mut |_, text| {
        text.into_iter().for_each(&mut *seen);
    })
}

/// The same; `noted` is told of every file that belongs to it, also of one that is named and cannot be read.
///
/// # Errors
/// With everything that is wrong in it.
pub(crate) fn read_noting(
    path: &Path,
    is_lenient: bool,
    noted: &mut dyn FnMut(&Path, Option<&str>),
) -> anyhow::Result<Organization> {
    let mut sources = Vec::new();
    for file in input::find_one(path, &["json"])? {
        let source = input::read(&file.path)?;
        noted(&file.path, Some(source.text()));
        sources.push(source);
    }
    let organization = Organization::read(&sources, is_lenient, &mut |name, source| {
        let path = input::relative(name, source);
        let opened = input::read(&path).map_err(|error| text::error(&error));
        noted(&path, opened.as_ref().ok().map(Source::text));
        opened
    })?;
    Ok(organization)
}
