//! What a rule says of a policy, where, and how it can be mended.

use std::sync::Arc;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::lint::rule::Rule;
use crate::problem::Problem;
use crate::source::{Position, Source, Span};

/// Something that a rule found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The file, as [`Source::name`] has it.
    pub file: Arc<str>,
    /// Where it begins.
    pub start: Position,
    /// Where it ends (the first position after it).
    pub end: Position,
    /// The way to it, `Statement[2].Action[0]` for example; empty for the whole text.
    pub path: String,
    /// Where in the file the policy stands that it is about, if the file is something else than that policy.
    pub document: Option<Arc<str>>,
    /// The `Sid` of the statement that it is in, if there is one.
    pub sid: Option<String>,
    /// A change that mends it and keeps what the policy means.
    pub fix: Option<Fix>,
}

/// A part of the text and what to put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fix {
    /// What is replaced, in bytes.
    pub span: Span,
    /// Where that begins.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// The new text.
    pub text: String,
}

impl Finding {
    /// What somebody else found: for the rules that are not about policies.
    pub fn new(
        rule: &'static Rule,
        source: &Source,
        span: Span,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            rule,
            message: message.into(),
            help: None,
            file: source.shared_name(),
            start: source.position(span.start),
            end: source.position(span.end),
            path: String::new(),
            document: None,
            sid: None,
            fix: None,
        }
    }

    /// Its place in bytes of the text that it was found in.
    pub fn span(&self, source: &Source) -> Span {
        let start = offset(source.text(), self.start);
        Span {
            start,
            end: offset(source.text(), self.end).max(start),
        }
    }
}

/// The byte that a line and a column stand for, at most the end of the text.
fn offset(text: &str, position: Position) -> usize {
    let before = (position.line as usize).saturating_sub(1);
    let line = text.split_inclusive('\n').take(before).map(str::len).sum();
    let rest = text.get(line..).unwrap_or_default();
    let columns = (position.column as usize).saturating_sub(1);
    let column = rest.char_indices().nth(columns);
    column.map_or(text.len(), |(column, _)| line + column)
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Finding", 13)?;
        out.serialize_field("rule", self.rule.id)?;
        out.serialize_field("name", self.rule.name)?;
        out.serialize_field("severity", &self.rule.severity)?;
        out.serialize_field("message", &self.message)?;
        out.serialize_field("help", &self.help)?;
        out.serialize_field("file", &self.file)?;
        out.serialize_field("line", &self.start.line)?;
        out.serialize_field("column", &self.start.column)?;
        out.serialize_field("end_line", &self.end.line)?;
        out.serialize_field("end_column", &self.end.column)?;
        out.serialize_field("path", &self.path)?;
        match &self.document {
            Some(document) => out.serialize_field("document", document)?,
            None => out.skip_field("document")?,
        }
        out.serialize_field("fix", &self.fix)?;
        out.end()
    }
}

impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Fix", 5)?;
        out.serialize_field("line", &self.start.line)?;
        out.serialize_field("column", &self.start.column)?;
        out.serialize_field("end_line", &self.end.line)?;
        out.serialize_field("end_column", &self.end.column)?;
        out.serialize_field("text", &self.text)?;
        out.end()
    }
}

/// Where rules put what they find.
pub(super) struct Report<'s> {
    source: &'s Source,
    findings: Vec<Finding>,
}

impl<'s> Report<'s> {
    pub(super) fn new(source: &'s Source) -> Report<'s> {
        Report {
            source,
            findings: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        rule: &'static Rule,
        span: Span,
        path: &str,
        message: impl Into<String>,
    ) {
        self.findings.push(Finding {
            rule,
            message: message.into(),
            help: None,
            file: self.source.shared_name(),
            start: self.source.position(span.start),
            end: self.source.position(span.end),
            path: path.to_owned(),
            document: None,
            sid: None,
            fix: None,
        });
    }

    /// What to do about the finding that was added last.
    pub(super) fn help(&mut self, help: impl Into<String>) {
        if let Some(finding) = self.findings.last_mut() {
            finding.help = Some(help.into());
        }
    }

    /// How the finding that was added last is mended.
    pub(super) fn fix(&mut self, span: Span, text: impl Into<String>) {
        let (start, end) = (
            self.source.position(span.start),
            self.source.position(span.end),
        );
        if let Some(finding) = self.findings.last_mut() {
            finding.fix = Some(Fix {
                span,
                start,
                end,
                text: text.into(),
            });
        }
    }

    pub(super) fn problem(&mut self, rule: &'static Rule, problem: Problem) {
        self.findings.push(Finding {
            rule,
            message: problem.message,
            help: problem.help,
            file: problem.file,
            start: problem.start,
            end: problem.end,
            path: problem.path,
            document: None,
            sid: None,
            fix: None,
        });
    }

    /// In the order of the text.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let mut findings = self.findings;
        findings.sort_by(|a, b| (a.start, a.end, a.rule.id).cmp(&(b.start, b.end, b.rule.id)));
        findings
    }
}
