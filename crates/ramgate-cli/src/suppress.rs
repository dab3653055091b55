//! Takes out what somebody looked at and allows, one finding in one place, and reports what allows nothing (any more).

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use glob::{MatchOptions, Pattern};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ramgate::lint::{self, EXPIRED_SUPPRESSION, Finding, Rule, UNUSED_SUPPRESSION};
use ramgate::{Source, Span};
use serde::Deserialize;
use toml::Spanned;

/// A finding that was taken out, and why.
#[derive(Debug)]
pub(crate) struct Suppressed {
    pub(crate) finding: Finding,
    pub(crate) reason: String,
    /// By a comment beside it, not by settings.
    pub(crate) is_comment: bool,
}

/// `[[lint.suppress]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    rule: Spanned<String>,
    file: String,
    path: Option<String>,
    sid: Option<String>,
    document: Option<String>,
    reason: String,
    expires: Option<String>,
}

/// One of them, understood.
#[derive(Debug)]
struct Suppression {
    rule: &'static Rule,
    file: Pattern,
    written_file: String,
    place: Place,
    document: Option<String>,
    reason: String,
    expires: Option<Date>,
    /// Of its header in the settings.
    span: Span,
    is_used: bool,
    /// Whether a file was looked at that it is about.
    is_met: bool,
}

#[derive(Debug)]
enum Place {
    Path(String),
    Sid(String),
}

/// Every suppression of the settings.
#[derive(Debug)]
pub(crate) struct Suppressions {
    /// The settings' text.
    source: Source,
    directory: PathBuf,
    today: Date,
    entries: Vec<Suppression>,
}

impl Suppressions {
    /// None at all.
    pub(crate) fn none() -> Suppressions {
        Suppressions {
            source: Source::new("", ""),
            directory: PathBuf::new(),
            today: Date::MIN,
            entries: Vec::new(),
        }
    }

    /// What settings say; file patterns are relative to their directory.
    ///
    /// # Errors
    /// When an entry names no rule, no place or no day.
    pub(crate) fn read(
        source: Source,
        directory: PathBuf,
        written: Vec<Written>,
    ) -> anyhow::Result<Suppressions> {
        let mut entries = Vec::new();
        for one in written {
            let at = one.rule.span().start;
            let place = source.position(at);
            let entry = understood(one, &source)
                .with_context(|| format!("{}:{place}: [[lint.suppress]]", source.name()))?;
            entries.push(entry);
        }
        Ok(Suppressions {
            source,
            directory,
            today: TimeZone::UTC.to_datetime(Timestamp::now()).date(),
            entries,
        })
    }

    /// Takes the findings of a file out that are suppressed. `file` is relative to the settings' directory where it is below it.
    pub(crate) fn take(&mut self, file: &Path, findings: &mut Vec<Finding>) -> Vec<Suppressed> {
        let today = self.today;
        let mut suppressed = Vec::new();
        let mut entries: Vec<&mut Suppression> = self
            .entries
            .iter_mut()
            .filter(|entry| matches(&entry.file, file))
            .collect();
        for entry in &mut entries {
            entry.is_met = true;
        }
        let mut kept = Vec::new();
        for finding in findings.drain(..) {
            let mut entries = entries.iter_mut();
            match entries.find(|entry| !entry.is_over(today) && entry.is_about(&finding)) {
                Some(entry) => {
                    entry.is_used = true;
                    suppressed.push(Suppressed {
                        finding,
                        reason: entry.reason.clone(),
                        is_comment: false,
                    });
                }
                None => kept.push(finding),
            }
        }
        *findings = kept;
        suppressed
    }

    /// Whether a finding is suppressed.
    pub(crate) fn allows(&self, file: &Path, finding: &Finding) -> bool {
        self.entries.iter().any(|entry| {
            !entry.is_over(self.today) && entry.is_about(finding) && matches(&entry.file, file)
        })
    }

    /// What is to be said of the suppressions themselves, once every file was looked at; of rules that `is_asked` refuses nothing can be said.
    pub(crate) fn findings(&self, is_asked: impl Fn(&Rule) -> bool) -> (Source, Vec<Finding>) {
        let mut findings = Vec::new();
        for entry in self.entries.iter().filter(|entry| is_asked(entry.rule)) {
            let (rule, message, help) = if let Some(day) =
                entry.expires.filter(|_| entry.is_over(self.today))
            {
                let message = format!("this was given until {day}: it suppresses nothing any more");
                (
                    &EXPIRED_SUPPRESSION,
                    message,
                    "look at the finding anew, then mend it, or say until when it is allowed",
                )
            } else if entry.is_used {
                continue;
            } else if entry.is_met {
                let (id, place) = (entry.rule.id, entry.place());
                let message = format!("no finding of {id} at {place} in {:?}", entry.written_file);
                (
                    &UNUSED_SUPPRESSION,
                    message,
                    "take it out, or correct the place",
                )
            } else if self.is_there(&entry.written_file) {
                // The file was not looked at this time.
                continue;
            } else {
                let message = format!("no file matches {:?}", entry.written_file);
                (
                    &UNUSED_SUPPRESSION,
                    message,
                    "take it out, or correct the pattern; it is relative to these settings",
                )
            };
            let mut finding = Finding::new(rule, &self.source, entry.span, message);
            finding.help = Some(help.to_owned());
            if is_asked(rule) {
                findings.push(finding);
            }
        }
        (self.source.clone(), findings)
    }

    /// Whether a file is there for a pattern.
    fn is_there(&self, pattern: &str) -> bool {
        let directory = Pattern::escape(&self.directory.display().to_string());
        let found = glob::glob_with(&format!("{directory}/{pattern}"), options());
        found.is_ok_and(|mut paths| paths.next().is_some())
    }
}

impl Suppression {
    fn is_over(&self, today: Date) -> bool {
        self.expires.is_some_and(|day| day < today)
    }

    fn is_about(&self, finding: &Finding) -> bool {
        let document = self.document.as_deref();
        self.rule.id == finding.rule.id
            && document.is_none_or(|document| finding.document.as_deref() == Some(document))
            && match &self.place {
                Place::Path(path) => *path == finding.path,
                Place::Sid(sid) => finding.sid.as_deref() == Some(sid),
            }
    }

    fn place(&self) -> String {
        match &self.place {
            Place::Path(path) if path.is_empty() => "the whole policy".to_owned(),
            Place::Path(path) => path.clone(),
            Place::Sid(sid) => format!("the statement {sid:?}"),
        }
    }
}

fn understood(written: Written, source: &Source) -> anyhow::Result<Suppression> {
    let name = written.rule.get_ref();
    let mut rules = lint::rules()
        .filter(|rule| rule.id.eq_ignore_ascii_case(name) || rule.name.eq_ignore_ascii_case(name));
    let Some(rule) = rules.next() else {
        bail!("no rule has the id or name {name:?}; ramgate rule lists them");
    };
    let place = match (written.path, written.sid) {
        (Some(path), None) => Place::Path(path),
        (None, Some(sid)) => Place::Sid(sid),
        _ => bail!(
            "it says where by path or by sid, one of them; path is as a finding has it, \"Statement[0].Action[1]\""
        ),
    };
    if written.reason.trim().is_empty() {
        bail!("the reason is empty");
    }
    let expires = match &written.expires {
        Some(day) => Some(day.parse().map_err(|_| {
            anyhow!("expires is no day: {day:?}; expected \"2027-01-31\", the last day it holds")
        })?),
        None => None,
    };
    let file = Pattern::new(&written.file)
        .map_err(|error| anyhow!("no pattern of files: {:?}: {error}", written.file))?;
    Ok(Suppression {
        rule,
        file,
        written_file: written.file,
        place,
        document: written.document,
        reason: written.reason,
        expires,
        span: header(source.text(), written.rule.span().start),
        is_used: false,
        is_met: false,
    })
}

/// The header of the table that a place is in.
fn header(text: &str, at: usize) -> Span {
    const HEADER: &str = "[[lint.suppress]]";
    let before = text.get(..at).unwrap_or_default();
    match before.rfind(HEADER) {
        Some(start) => Span {
            start,
            end: start + HEADER.len(),
        },
        None => Span { start: at, end: at },
    }
}

fn matches(pattern: &Pattern, file: &Path) -> bool {
    pattern.matches_path_with(file, options())
}

fn options() -> MatchOptions {
    MatchOptions {
        require_literal_separator: true,
        ..MatchOptions::new()
    }
}
