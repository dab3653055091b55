//! Puts policies into their canonical form, in place, or shows what would change.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ramgate::{LoadError, ProblemKind, Source};
use similar::TextDiff;

use crate::args::FmtArgs;
use crate::command::Status;
use crate::input::{self, Found, STDIN};
use crate::output::{Console, text};

/// Formats every file that can be formatted.
///
/// # Errors
/// When standard output cannot be written to.
pub(crate) fn run(args: &FmtArgs, console: &mut Console) -> anyhow::Result<Status> {
    let mut changes = 0;
    let mut policies = 0;
    let files = input::find(&args.paths, &["json"], &mut |_, error| {
        console.error(&error)
    });
    for file in files {
        match formatted(&file) {
            Ok(Some((source, text))) => {
                policies += 1;
                changes += usize::from(source.text() != text);
                if let Err(error) = deliver(&file, &source, &text, args.check, console) {
                    console.error(&error);
                }
            }
            Ok(None) => console.note(&format!("{}: no policy, passed over", file.path.display())),
            Err(error) => console.error(&error),
        }
    }
    if policies == 0 && !console.has_errors() {
        bail!("no policies found");
    }
    Ok(match (console.has_errors(), args.check && changes > 0) {
        (true, _) => Status::CannotAnswer,
        (false, true) => Status::No,
        (false, false) => Status::Yes,
    })
}

/// A policy and its canonical form; `None` for a file that nobody named and that is no policy.
fn formatted(file: &Found) -> anyhow::Result<Option<(Source, String)>> {
    let source = input::read(&file.path)?;
    match ramgate::format(&source) {
        Ok(text) => Ok(Some((source, text))),
        Err(error) if !file.is_named && !is_broken(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether it might have been a policy.
pub(crate) fn is_broken(error: &LoadError) -> bool {
    error
        .problems()
        .iter()
        .any(|problem| problem.kind != ProblemKind::MissingElement)
}

fn deliver(
    file: &Found,
    source: &Source,
    text: &str,
    is_check: bool,
    console: &mut Console,
) -> anyhow::Result<()> {
    if is_check {
        if source.text() != text {
            let diff = TextDiff::from_lines(source.text(), text);
            let (old, new) = (
                source.name().to_owned(),
                format!("{} (formatted)", source.name()),
            );
            text::diff(
                &diff.unified_diff().header(&old, &new).to_string(),
                &mut console.out,
            )?;
        }
    } else if file.path == Path::new(STDIN) {
        console.out.write_all(text.as_bytes())?;
    } else if source.text() != text {
        replace(&file.path, text)
            .with_context(|| format!("{}: cannot be written", file.path.display()))?;
        console.note(&format!("{}: formatted", file.path.display()));
    }
    Ok(())
}

/// Replaces a file's text whole or not at all: the new text is written beside it and takes its place when all of it is there.
pub(super) fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    // The file that a link leads to is replaced, not the link.
    let path = path.canonicalize()?;
    let metadata = fs::metadata(&path)?;
    if metadata.permissions().readonly() {
        bail!("it is read-only");
    }
    let (beside, mut file) = create_beside(&path)?;
    let written = fill(&mut file, text, &metadata).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    Ok(written?)
}

/// Writes a file whole or not at all, new or in the place of an old one.
pub(super) fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    if path.exists() {
        return replace(path, text);
    }
    let (beside, mut file) = create_beside(path)?;
    let written = file.write_all(text.as_bytes());
    let written = written
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    Ok(written?)
}

fn fill(file: &mut File, text: &str, like: &fs::Metadata) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    keep_owner(file, like);
    file.set_permissions(like.permissions())?;
    file.sync_all()
}

/// Only the superuser can give files away; for anybody else the owner is the same, or must change.
#[cfg(unix)]
fn keep_owner(file: &File, like: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(file, Some(like.uid()), Some(like.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) {}

/// A new file in the same directory, of a name that no file has.
fn create_beside(path: &Path) -> anyhow::Result<(PathBuf, File)> {
    const ATTEMPTS_MAX: u32 = 100;
    let name = path.file_name().unwrap_or_default();
    for attempt in 0..ATTEMPTS_MAX {
        let mut beside = OsString::from(".");
        beside.push(name);
        beside.push(format!(".{}-{attempt}", std::process::id()));
        let beside = path.with_file_name(beside);
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
        {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((beside, opened?)),
        }
    }
    bail!("no free name for a new file beside it");
}
