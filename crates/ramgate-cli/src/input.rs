//! Finds and reads the files that arguments name: files, directories, patterns, standard input.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow, bail};
use glob::MatchOptions;
use ramgate::Source;

/// The argument that means standard input.
pub(crate) const STDIN: &str = "-";

/// A file to be read, and whether the user meant this very file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Named as such, or by a pattern; not only found in a directory.
    pub(crate) is_named: bool,
}

/// Every file that the arguments mean, each once, in their order; the files of a directory are sorted. `failed` is told
/// which argument means none and why, and the rest is still there.
pub(crate) fn find(
    arguments: &[PathBuf],
    extensions: &[&str],
    failed: &mut dyn FnMut(&Path, anyhow::Error),
) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut seen = HashSet::new();
    for argument in arguments {
        match find_one(argument, extensions) {
            Ok(files) => found.extend(
                files
                    .into_iter()
                    .filter(|file| seen.insert(file.path.clone())),
            ),
            Err(error) => failed(argument, error),
        }
    }
    found
}

/// The files that one argument means, at least one; without extensions, every file of a directory.
///
/// # Errors
/// When there is none, or a directory cannot be read.
pub(crate) fn find_one(argument: &Path, extensions: &[&str]) -> anyhow::Result<Vec<Found>> {
    if argument == Path::new(STDIN) {
        return Ok(vec![Found {
            path: argument.to_owned(),
            is_named: true,
        }]);
    }
    match fs::metadata(argument) {
        Ok(metadata) if metadata.is_dir() => {
            let found = below(argument, extensions)?;
            if found.is_empty() {
                let wanted = extensions
                    .iter()
                    .map(|extension| format!("*.{extension}"))
                    .collect::<Vec<_>>()
                    .join(" or ");
                if extensions.is_empty() {
                    bail!(
                        "{}: no files in this directory or below",
                        argument.display()
                    );
                }
                bail!(
                    "{}: no {wanted} in this directory or below",
                    argument.display()
                );
            }
            Ok(found)
        }
        Ok(_) => Ok(vec![Found {
            path: argument.to_owned(),
            is_named: true,
        }]),
        Err(error) => match argument
            .to_str()
            .filter(|text| text.contains(['*', '?', '[']))
        {
            Some(pattern) => matching(pattern),
            None => Err(error).with_context(|| format!("{}: cannot be read", argument.display())),
        },
    }
}

fn matching(pattern: &str) -> anyhow::Result<Vec<Found>> {
    let options = MatchOptions {
        require_literal_separator: true,
        require_literal_leading_dot: true,
        ..MatchOptions::new()
    };
    let paths = glob::glob_with(pattern, options)
        .with_context(|| format!("{pattern}: no pattern of files"))?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| {
            anyhow!(
                "{}: cannot be read: {}",
                error.path().display(),
                error.error()
            )
        })?;
        if path.is_file() {
            found.push(Found {
                path,
                is_named: true,
            });
        }
    }
    if found.is_empty() {
        bail!("{pattern}: no such file, and no file matches it as a pattern");
    }
    Ok(found)
}

/// The files below a directory, sorted. Links are followed; each directory is visited once, so a link to a parent ends.
fn below(directory: &Path, extensions: &[&str]) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut visited = HashSet::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        let unreadable = || format!("{}: cannot be read", directory.display());
        if !visited.insert(directory.canonicalize().with_context(unreadable)?) {
            continue;
        }
        for entry in fs::read_dir(&directory).with_context(unreadable)? {
            let entry = entry.with_context(unreadable)?;
            let path = entry.path();
            if path.is_dir() {
                let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
                waiting.extend((!is_hidden).then_some(path));
            } else if path
                .extension()
                .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
                || extensions.is_empty()
            {
                found.push(Found {
                    path,
                    is_named: false,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The text of a file, or of standard input.
///
/// # Errors
/// When it cannot be read, or is no UTF-8: with the place of the first byte that is not.
pub(crate) fn read(path: &Path) -> anyhow::Result<Source> {
    let name = name(path);
    let mut bytes = Vec::new();
    open(path)?
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name}: cannot be read"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let byte = bytes.get(valid).copied().unwrap_or_default();
            let before =
                String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default()).into_owned();
            let place = Source::new(name.as_str(), before).position(valid);
            Err(anyhow!("{name}:{place}: byte 0x{byte:02x} is no UTF-8"))
        }
    }
}

/// A file, or standard input, to be read in parts.
///
/// # Errors
/// When the file cannot be opened, or standard input is wanted a second time.
pub(crate) fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    static STDIN_TAKEN: AtomicBool = AtomicBool::new(false);
    if path != Path::new(STDIN) {
        let file =
            File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        return Ok(Box::new(file));
    }
    if STDIN_TAKEN.swap(true, Ordering::Relaxed) {
        bail!("standard input (-) can be read only once");
    }
    Ok(Box::new(io::stdin().lock()))
}

/// How messages call a file.
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new(STDIN) {
        "<stdin>".to_owned()
    } else {
        path.display().to_string()
    }
}

/// A file that another names, relative to that one: what the engine asks for while it reads a snapshot.
pub(crate) fn relative(name: &str, source: &Source) -> PathBuf {
    Path::new(source.name())
        .parent()
        .unwrap_or(Path::new(""))
        .join(name)
}
