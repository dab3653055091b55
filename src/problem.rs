//! What is wrong in a text and where: a value, not a panic, and every problem at once.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::source::{Position, Source, Span};

/// The kinds of things that can be wrong in a policy, a snapshot, a case file or a catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The text is no JSON (G1).
    JsonSyntax,
    /// Arrays and objects nested deeper than 64 levels.
    NestingTooDeep,
    /// A member name stands twice in one object (G20).
    DuplicateMember,
    /// A member that the grammar does not know (G2, G19).
    UnknownElement,
    /// A member that does not belong into a policy of this kind, or that RAM has no longer (G11, G12).
    UnsupportedElement,
    /// A JSON value of another type than the element takes (G4, G15, G16).
    WrongType,
    /// A required member is not there (G2, G5).
    MissingElement,
    /// Both `Action` and `NotAction` (G7).
    ConflictingElements,
    /// An empty string or list where it means nothing (G21), or an operator without keys (G13).
    EmptyElement,
    /// A version other than `"1"` (G3).
    InvalidVersion,
    /// An effect other than `Allow` and `Deny` (G6).
    InvalidEffect,
    /// An action that is neither `*` nor `<code>:<name>` (G8).
    InvalidAction,
    /// A principal in a form that this kind of policy does not have (T21, T23, T24).
    InvalidPrincipal,
    /// A condition operator that RAM does not have (O1 to O3).
    UnknownOperator,
    /// A condition key that is not `<code>:<name>` (G14).
    InvalidConditionKey,
    /// A value that its operator cannot compare: no number, date, boolean or address (O7, O9, O11, O12).
    InvalidValue,
    /// More than one value under `Bool` (O11).
    MultipleBooleans,
    /// Longer than RAM stores (L1, L9, L10, L13 to L15).
    TooLong,
    /// A name that is used and not defined, or defined twice differently.
    UnresolvedName,
    /// A request, snapshot or case that contradicts itself or holds a value that it must not.
    InvalidInput,
}

/// Whether a problem stops the document from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// RAM would refuse it, or its meaning cannot be told: the document is refused.
    Error,
    /// Lenient reading let it pass, with the meaning that the rule gives.
    Warning,
}

/// One thing that is wrong in a text, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// What sort of problem.
    pub kind: ProblemKind,
    /// Whether the document is refused for it.
    pub severity: Severity,
    /// The rule of SEMANTICS.md that it offends.
    pub rule: &'static str,
    /// The file, as [`Source::name`] has it.
    pub file: Arc<str>,
    /// Where it begins.
    pub start: Position,
    /// Where it ends (the first position after it).
    pub end: Position,
    /// The way to it, `Statement[2].Action[0]` for example; empty for the whole text.
    pub path: String,
    /// What was found and what was expected.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    pub(crate) fn new(
        source: &Source,
        span: Span,
        path: &Path<'_>,
        kind: ProblemKind,
        rule: &'static str,
        message: impl Into<String>,
    ) -> Problem {
        Problem {
            kind,
            severity: Severity::Error,
            rule,
            file: source.shared_name(),
            start: source.position(span.start),
            end: source.position(span.end),
            path: path.to_string(),
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    /// `net-ops.json:7:19: Statement[0].Effect: unknown effect "allow"; RAM knows "Allow" and "Deny" (G6)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.start)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if !self.rule.is_empty() {
            write!(f, " ({})", self.rule)?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// The way to a value, written out only when a problem asks for it: `Statement[0].Condition.StringEquals["acs:SourceVpc"]`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'p> {
    Root,
    Element(&'p Path<'p>, usize),
    Member(&'p Path<'p>, &'p str),
    /// A member of a member.
    Entry(&'p Path<'p>, &'p str, &'p str),
    /// A member whose name is quoted whatever it is.
    Key(&'p Path<'p>, &'p str),
}

impl<'p> Path<'p> {
    pub(crate) fn element(&'p self, index: usize) -> Path<'p> {
        Path::Element(self, index)
    }

    pub(crate) fn member(&'p self, name: &'p str) -> Path<'p> {
        Path::Member(self, name)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Path::Root => Ok(()),
            Path::Element(outer, index) => write!(f, "{outer}[{index}]"),
            Path::Key(outer, name) => write!(f, "{outer}[{}]", quoted(name)),
            Path::Entry(outer, map, name) => outer.member(map).member(name).fmt(f),
            Path::Member(outer, name) => {
                let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                let plain = !name.is_empty() && name.len() <= 64 && name.chars().all(letter);
                match outer {
                    _ if !plain => Path::Key(outer, name).fmt(f),
                    Path::Root => f.write_str(name),
                    _ => write!(f, "{outer}.{name}"),
                }
            }
        }
    }
}

/// A text that cannot be used, with every problem that was found in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct LoadError {
    problems: Vec<Problem>,
}

impl LoadError {
    /// `problems` must hold an error; in the order of their places they are easier to work through.
    pub(crate) fn new(mut problems: Vec<Problem>) -> LoadError {
        problems.sort_by(|a, b| (&a.file, a.start).cmp(&(&b.file, b.start)));
        LoadError { problems }
    }

    /// Everything that is wrong, in the order of the text. Never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl From<Problem> for LoadError {
    fn from(problem: Problem) -> LoadError {
        LoadError {
            problems: vec![problem],
        }
    }
}

impl From<Box<Problem>> for LoadError {
    fn from(problem: Box<Problem>) -> LoadError {
        LoadError::from(*problem)
    }
}

/// A request that cannot be asked, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    message: String,
}

impl RequestError {
    pub(crate) fn new(message: impl Into<String>) -> RequestError {
        RequestError {
            message: message.into(),
        }
    }
}

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(Problem::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// A text in quotes for a message, with a bound on its length: input can be megabytes.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    if text.chars().count() <= SHOWN {
        return format!("{text:?}");
    }
    let shown: String = text.chars().take(SHOWN).collect();
    format!("{shown:?}…")
}
