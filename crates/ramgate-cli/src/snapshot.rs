//! A snapshot on disk, as the decision point asks for it again and again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::anyhow;
use ramgate::{Assignment, LoadError, Problem};
use ramgate_server::{Loaded, Origin, Texts, Watched};

use crate::account;
use crate::input;
use crate::output::text;

/// A file, or a directory of them, with the files that they name.
#[derive(Debug)]
pub(crate) struct Snapshot {
    path: PathBuf,
    /// Files that were asked for when it was last loaded, whether they could be read or not.
    asked: Mutex<BTreeSet<PathBuf>>,
}

impl Snapshot {
    pub(crate) fn new(path: &Path) -> Snapshot {
        Snapshot {
            path: path.to_owned(),
            asked: Mutex::default(),
        }
    }

    /// The directory that names are relative to.
    fn directory(&self) -> &Path {
        if self.path.is_dir() {
            return &self.path;
        }
        directory_of(&self.path)
    }

    fn add(&self, texts: &mut Texts, path: &Path, text: Option<&str>) {
        let name = path.strip_prefix(self.directory()).unwrap_or(path);
        // What cannot be read must differ from an empty file.
        texts.add(name.display().to_string(), text.unwrap_or("\0"));
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

impl Origin for Snapshot {
    fn revision(&self) -> anyhow::Result<String> {
        let mut texts = Texts::default();
        let asked = self.asked.lock();
        for path in asked.unwrap_or_else(PoisonError::into_inner).iter() {
            let read = input::read(path).ok();
            self.add(&mut texts, path, read.as_ref().map(|source| source.text()));
        }
        for file in input::find_one(&self.path, &["json"])? {
            self.add(
                &mut texts,
                &file.path,
                Some(input::read(&file.path)?.text()),
            );
        }
        Ok(texts.revision())
    }

    fn load(&self) -> anyhow::Result<Loaded> {
        let mut texts = Texts::default();
        let mut asked = BTreeSet::new();
        let read = account::read_noting(&self.path, false, &mut |path, text| {
            self.add(&mut texts, path, text);
            asked.insert(path.to_owned());
        });
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = asked;
        let organization = read.map_err(|error| match error.is::<LoadError>() {
            true => error,
            false => anyhow!(text::error(&error)),
        })?;
        Ok(Loaded {
            warnings: organization
                .warnings()
                .iter()
                .map(Problem::to_string)
                .collect(),
            assignment: Assignment::Organization(Arc::new(organization)),
            revision: texts.revision(),
        })
    }

    /// The snapshot's own and those of the files that it named when it was last loaded.
    fn directories(&self) -> Vec<Watched> {
        let mut watched = vec![Watched {
            directory: self.directory().to_owned(),
            is_deep: self.path.is_dir(),
        }];
        let asked = self.asked.lock();
        for path in asked.unwrap_or_else(PoisonError::into_inner).iter() {
            let directory = directory_of(path);
            let is_known = |other: &Watched| {
                other.directory == directory
                    || other.is_deep && directory.starts_with(&other.directory)
            };
            if directory.is_dir() && !watched.iter().any(is_known) {
                watched.push(Watched {
                    directory: directory.to_owned(),
                    is_deep: false,
                });
            }
        }
        watched
    }
}
