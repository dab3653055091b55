//! Runs case files and reports what failed.

use std::path::Path;

use anyhow::bail;
use ramgate::{Case, CaseResult, Coverage, Source, StatementCoverage};

use crate::account::Accounts;
use crate::args::{ReportFormat, TestArgs};
use crate::command::Status;
use crate::input::{self, Found};
use crate::output::{Console, json, junit, text};

/// How the cases of a run went.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) results: Vec<CaseResult>,
    /// Files that could not be read, and why.
    pub(crate) unreadable: Vec<(String, String)>,
    /// Every statement that the cases know, if that was asked for.
    pub(crate) coverage: Option<Vec<StatementCoverage>>,
}

impl Report {
    /// How many cases went as expected.
    pub(crate) fn passed(&self) -> usize {
        self.results.iter().filter(|result| result.ok).count()
    }

    /// How many did not.
    pub(crate) fn failed(&self) -> usize {
        self.results.len() - self.passed()
    }

    fn cannot_read(&mut self, path: &Path, error: &anyhow::Error, console: &mut Console) {
        console.error(error);
        self.unreadable
            .push((input::name(path), text::error(error)));
    }
}

/// Runs the cases of every file that can be read.
///
/// # Errors
/// When there is no case at all, or the report cannot be written.
pub(crate) fn run(args: &TestArgs, console: &mut Console) -> anyhow::Result<Status> {
    let report = run_all(args, console);
    if report.results.is_empty() && !console.has_errors() {
        match &args.filter {
            Some(filter) => bail!("no case has {filter:?} in its name or its file's"),
            None => bail!("no cases found"),
        }
    }
    match args.format {
        ReportFormat::Text => text::report(&report, &mut console.out)?,
        ReportFormat::Json => json::report(&report, &mut console.out)?,
        ReportFormat::Junit => junit::report(&report, &mut console.out)?,
    }
    Ok(match (console.has_errors(), report.failed()) {
        (true, _) => Status::CannotAnswer,
        (false, 0) => Status::Yes,
        (false, _) => Status::No,
    })
}

fn run_all(args: &TestArgs, console: &mut Console) -> Report {
    let mut report = Report::default();
    let mut accounts = Accounts::default();
    let mut coverage = Coverage::default();
    let mut passed_over = 0;
    let files = input::find(&args.paths, &["json", "jsonl"], &mut |path, error| {
        report.cannot_read(path, &error, console);
    });
    for file in files {
        match read(&file, &mut accounts) {
            Ok(None) => passed_over += 1,
            Ok(Some(cases)) => {
                for case in cases
                    .iter()
                    .filter(|case| is_wanted(case, args.filter.as_deref()))
                {
                    if args.coverage {
                        coverage.add(case);
                    }
                    report.results.push(case.run());
                }
            }
            Err(error) => report.cannot_read(&file.path, &error, console),
        }
    }
    if passed_over > 0 {
        console.note(&format!(
            "{passed_over} files hold no cases and were passed over"
        ));
    }
    report.coverage = args
        .coverage
        .then(|| coverage.statements().cloned().collect());
    report
}

fn is_wanted(case: &Case, filter: Option<&str>) -> bool {
    filter.is_none_or(|text| case.name().contains(text) || case.file().contains(text))
}

/// The cases of a file; `None` for a file that nobody named and that is something else.
fn read(file: &Found, accounts: &mut Accounts) -> anyhow::Result<Option<Vec<Case>>> {
    let is_schema = file
        .path
        .file_name()
        .is_some_and(|name| name == "schema.json");
    if is_schema && !file.is_named {
        return Ok(None);
    }
    let source = input::read(&file.path)?;
    if !may_hold_cases(&source) {
        if file.is_named {
            bail!(
                "{}: holds no cases: a case has a \"request\" and says what to \"expect\"",
                source.name()
            );
        }
        return Ok(None);
    }
    let cases = Case::read_all(&source, &mut |name, source| accounts.open(name, source))?;
    Ok(Some(cases))
}

/// Whether a text looks like cases. One that is no JSON may be a broken case file, so it does.
fn may_hold_cases(source: &Source) -> bool {
    let is_lines = source.name().ends_with(".jsonl");
    let first_line = source
        .text()
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let text = if is_lines { first_line } else { source.text() };
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return true;
    };
    let first = if is_lines { None } else { value.get(0) };
    let case = first.unwrap_or(&value);
    case.get("request").is_some() || case.get("expect").is_some()
}
