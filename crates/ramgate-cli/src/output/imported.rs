//! Writes what an import found: for people beside the snapshot, for programs as one document.

use std::io;

use ramgate_import::{Counts, Problem, Report};
use serde::Serialize;

use crate::output::{Console, Output, json};

#[derive(Serialize)]
struct Imported<'r> {
    /// Where the snapshot was written to; `null` when there is none.
    snapshot: Option<&'r str>,
    counts: Option<Counts>,
    errors: Vec<Told<'r>>,
    warnings: Vec<Told<'r>>,
    notes: Vec<Told<'r>>,
}

#[derive(Serialize)]
struct Told<'r> {
    file: &'r str,
    line: Option<usize>,
    column: Option<usize>,
    path: &'r str,
    message: &'r str,
    help: Option<&'r str>,
}

impl<'r> From<&'r Problem> for Told<'r> {
    fn from(problem: &'r Problem) -> Told<'r> {
        Told {
            file: &problem.file,
            line: problem.position.map(|(line, _)| line),
            column: problem.position.map(|(_, column)| column),
            path: &problem.path,
            message: &problem.message,
            help: problem.help.as_deref(),
        }
    }
}

/// Every problem, a line for each.
pub(crate) fn report(report: &Report, console: &mut Console) {
    for problem in &report.errors {
        console.fault(&problem.to_string());
    }
    for problem in &report.warnings {
        console.warning(&problem.to_string());
    }
    for problem in &report.notes {
        console.note(&problem.to_string());
    }
}

/// One document with everything.
pub(crate) fn document(
    report: &Report,
    written: Option<(&str, Counts)>,
    out: &mut Output,
) -> io::Result<()> {
    let imported = Imported {
        snapshot: written.map(|(name, _)| name),
        counts: written.map(|(_, counts)| counts),
        errors: report.errors.iter().map(Told::from).collect(),
        warnings: report.warnings.iter().map(Told::from).collect(),
        notes: report.notes.iter().map(Told::from).collect(),
    };
    json::document(&imported, out)
}

/// `2 users, 1 group, …`: what there is none of is left out.
pub(crate) fn counts(counts: &Counts) -> String {
    let parts = [
        (counts.accounts, "account", "accounts"),
        (counts.users, "user", "users"),
        (counts.groups, "group", "groups"),
        (counts.roles, "role", "roles"),
        (counts.policies, "policy", "policies"),
        (counts.attachments, "attachment", "attachments"),
        (
            counts.resource_policies,
            "policy on a resource",
            "policies on resources",
        ),
        (
            counts.control_policies,
            "control policy",
            "control policies",
        ),
    ];
    let told = parts.iter().filter(|(count, ..)| *count > 0);
    let told =
        told.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }));
    told.collect::<Vec<_>>().join(", ")
}
