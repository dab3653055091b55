//! Writes answers and reports for programs.

use std::io::{self, Write};

use ramgate::{CaseResult, StatementCoverage};
use serde::Serialize;

use crate::command::test::Report;
use crate::output::Output;

/// One document, over several lines.
pub(crate) fn document(value: &impl Serialize, out: &mut Output) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

/// One line of a stream.
pub(crate) fn line(value: &impl Serialize, out: &mut Output) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// A line of a stream that could not be answered.
#[derive(Debug, Serialize)]
pub(crate) struct BadLine<'e> {
    pub(crate) error: &'e str,
    pub(crate) line: usize,
}

#[derive(Serialize)]
struct Cases<'r> {
    passed: usize,
    failed: usize,
    cases: &'r [CaseResult],
    /// Files that could not be read, and why.
    errors: Vec<UnreadableFile<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Statements<'r>>,
}

#[derive(Serialize)]
struct UnreadableFile<'r> {
    file: &'r str,
    error: &'r str,
}

#[derive(Serialize)]
struct Statements<'r> {
    touched: usize,
    untouched: usize,
    statements: &'r [StatementCoverage],
}

/// Contracts, section 6.
pub(crate) fn report(report: &Report, out: &mut Output) -> io::Result<()> {
    let coverage = report.coverage.as_deref().map(|statements| {
        let touched = statements
            .iter()
            .filter(|statement| statement.touched)
            .count();
        Statements {
            touched,
            untouched: statements.len() - touched,
            statements,
        }
    });
    let errors = report
        .unreadable
        .iter()
        .map(|(file, error)| UnreadableFile { file, error });
    let cases = Cases {
        passed: report.passed(),
        failed: report.failed(),
        cases: &report.results,
        errors: errors.collect(),
        coverage,
    };
    document(&cases, out)
}
