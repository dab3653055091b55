//! Reads `ramgate.toml`: which rules a team goes by, and what it has looked at and allows.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::ValueEnum;
use glob::{MatchOptions, Pattern};
use ramgate::Source;
use serde::Deserialize;

use crate::args::KindName;
use crate::suppress::{Suppressions, Written};

/// The settings' file, looked for in the working directory and above it.
const NAME: &str = "ramgate.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    lint: Lint,
}

/// The table `[lint]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lint {
    #[serde(default)]
    pub(crate) select: Vec<String>,
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
    #[serde(default)]
    kind: Vec<Kinds>,
    #[serde(default)]
    allow: Vec<Allowed>,
    #[serde(default)]
    suppress: Vec<Written>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kinds {
    files: Vec<String>,
    kind: String,
}

/// Findings that somebody looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    files: Vec<String>,
    rules: Vec<String>,
    /// Why: for whoever reads the file next, and the report for code scanning.
    reason: String,
}

/// The settings for the linter, with the directory that their paths are relative to.
#[derive(Debug, Default)]
pub(crate) struct Config {
    directory: PathBuf,
    pub(crate) lint: Lint,
    kinds: Vec<(Vec<Pattern>, KindName)>,
    allowed: Vec<AllowedIn>,
}

/// Rules whose findings are allowed in some files, and why.
#[derive(Debug)]
pub(crate) struct AllowedIn {
    files: Vec<Pattern>,
    pub(crate) rules: Vec<String>,
    pub(crate) reason: String,
}

impl Config {
    /// The named file, else the nearest; without one, no settings.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub(crate) fn load(named: Option<&Path>) -> anyhow::Result<(Config, Suppressions)> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => match nearest() {
                Some(path) => path,
                None => return Ok((Config::default(), Suppressions::none())),
            },
        };
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{}: cannot be read", path.display()))?;
        Config::read(&path, &text)
    }

    fn read(path: &Path, text: &str) -> anyhow::Result<(Config, Suppressions)> {
        let mut file: File = toml::from_str(text)
            .map_err(|error| anyhow!("{}: {}", path.display(), error.to_string().trim_end()))?;
        let place = || path.display().to_string();
        let mut kinds = Vec::new();
        for entry in &file.lint.kind {
            let kind = KindName::from_str(&entry.kind, false)
                .map_err(|_| anyhow!("{}: no kind of policy: {:?}", path.display(), entry.kind))?;
            kinds.push((patterns(&entry.files).with_context(place)?, kind));
        }
        let mut allowed = Vec::new();
        for entry in &file.lint.allow {
            allowed.push(AllowedIn {
                files: patterns(&entry.files).with_context(place)?,
                rules: entry.rules.clone(),
                reason: entry.reason.clone(),
            });
        }
        let directory = path.parent().unwrap_or(Path::new(""));
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let directory = directory.canonicalize().with_context(place)?;
        let written = std::mem::take(&mut file.lint.suppress);
        let source = Source::new(shown(path), text);
        let suppressions = Suppressions::read(source, directory.clone(), written)?;
        let config = Config {
            directory,
            lint: file.lint,
            kinds,
            allowed,
        };
        Ok((config, suppressions))
    }

    /// What kind of policy it says a file is.
    pub(crate) fn kind(&self, file: &Path) -> Option<KindName> {
        let mut kinds = self.kinds.iter();
        let found = kinds.find(|(files, _)| self.is_among(files, file));
        found.map(|(_, kind)| *kind)
    }

    /// The rules whose findings it allows in a file.
    pub(crate) fn allowed(&self, file: &Path) -> Vec<&AllowedIn> {
        let entries = self.allowed.iter();
        let entries = entries.filter(|entry| self.is_among(&entry.files, file));
        entries.collect()
    }

    /// Every word of it that stands for rules.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let allowed = self.allowed.iter().flat_map(|entry| &entry.rules);
        let words = self.lint.select.iter().chain(&self.lint.ignore);
        words.chain(allowed).map(String::as_str)
    }

    fn is_among(&self, files: &[Pattern], file: &Path) -> bool {
        let Some(relative) = self.relative(file) else {
            return false;
        };
        let options = MatchOptions {
            require_literal_separator: true,
            ..MatchOptions::new()
        };
        files
            .iter()
            .any(|pattern| pattern.matches_path_with(&relative, options))
    }

    /// A file as patterns see it: from the settings' directory if it is below that.
    pub(crate) fn relative(&self, file: &Path) -> Option<PathBuf> {
        let absolute = file.canonicalize().ok()?;
        let relative = absolute.strip_prefix(&self.directory);
        Some(relative.map_or_else(|_| absolute.clone(), Path::to_owned))
    }
}

/// A path as a person in the working directory writes it.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here)
        .unwrap_or(path)
        .display()
        .to_string()
}

fn nearest() -> Option<PathBuf> {
    let start = std::env::current_dir().ok()?;
    let mut places = start.ancestors().map(|directory| directory.join(NAME));
    places.find(|path| path.is_file())
}

fn patterns(texts: &[String]) -> anyhow::Result<Vec<Pattern>> {
    let patterns = texts.iter().map(|text| {
        Pattern::new(text).map_err(|error| anyhow!("no pattern of files: {text:?}: {error}"))
    });
    patterns.collect()
}
