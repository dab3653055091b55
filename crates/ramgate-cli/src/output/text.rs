//! Writes answers and reports for people: what was decided, by what, and what one would change.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::Style;
use ramgate::{
    CaseResult, Decision, DeterminingStatement, Doubt, Explanation, NearMiss, Stage,
    StatementCoverage,
};

use crate::command::test::Report;
use crate::output::{Output, style, verdict};

/// How many statements of a kind an answer names; the rest is counted.
pub(crate) const SHOWN: usize = 3;

/// The decision on a line of its own, then the reasons.
pub(crate) fn answer(explanation: &Explanation, out: &mut Output) -> io::Result<()> {
    out.line(style(explanation.decision), explanation.decision.name())?;
    reasons(explanation)
        .iter()
        .try_for_each(|line| writeln!(out, "  {line}"))
}

/// Why: the statements that decided or nearly did, what the stages said, what is in doubt.
pub(crate) fn reasons(explanation: &Explanation) -> Vec<String> {
    let mut lines = Vec::new();
    match explanation.decision {
        Decision::Allow => determining("allowed", explanation, &mut lines),
        Decision::ExplicitDeny => {
            determining("denied", explanation, &mut lines);
            if explanation.request.resources().count() > 1 {
                lines.push(format!("this is about {}", about(explanation)));
            }
            lines.push("a Deny outweighs every Allow: only another request, or a change of this statement, helps".to_owned());
        }
        Decision::ImplicitDeny => lacking(explanation, &mut lines),
    }
    if !explanation.stages.is_empty() {
        let stages = explanation
            .stages
            .iter()
            .map(|said| format!("{} {}", said.stage, said.decision));
        lines.push(format!("stages: {}", stages.collect::<Vec<_>>().join(", ")));
    }
    lines.extend(explanation.doubts.iter().map(doubt));
    lines.extend(explanation.notes.iter().map(|note| format!("note: {note}")));
    lines
        .iter()
        .map(|line| printable(line).into_owned())
        .collect()
}

fn determining(done: &str, explanation: &Explanation, lines: &mut Vec<String>) {
    if explanation.determined_by.is_empty() {
        lines.push(format!("{done} at the {} stage", explanation.stage));
    }
    for by in explanation.determined_by.iter().take(SHOWN) {
        lines.push(format!("{done} by {}", determining_statement(by)));
        lines.extend(
            by.because
                .iter()
                .map(|condition| format!("  because: {condition}")),
        );
    }
    push_more(explanation.determined_by.len(), "statements", lines);
}

pub(crate) fn determining_statement(by: &DeterminingStatement) -> String {
    let mut text = place(by.stage, &by.policy, by.statement, &by.at);
    if let Some(sid) = &by.sid {
        let _ = write!(text, " (Sid {sid})");
    }
    text
}

pub(crate) fn place(stage: Stage, policy: &str, statement: usize, at: &str) -> String {
    format!("statement {statement} of {policy} ({stage}), at {at}")
}

/// Which Allow is missing, and which statements would have been it but for something.
fn lacking(explanation: &Explanation, lines: &mut Vec<String>) {
    let asked = format!("{} on {}", explanation.request.action(), about(explanation));
    lines.push(match explanation.stage {
        // X1: the stage lacks an Allow as soon as one level does.
        Stage::Control => format!("some level, from the root to the account, allows no {asked}"),
        stage => format!("no {} allows {asked}", policies_of(stage)),
    });
    for miss in explanation.near_misses.iter().take(SHOWN) {
        near_miss(miss, lines);
    }
    push_more(explanation.near_misses.len(), "near misses", lines);
    if explanation.near_misses.is_empty() {
        lines.push(format!(
            "no statement comes near it: what is missing is an Allow at the {} stage",
            explanation.stage
        ));
    }
}

fn near_miss(miss: &NearMiss, lines: &mut Vec<String>) {
    lines.push(format!(
        "nearest: {}",
        place(miss.stage, &miss.policy, miss.statement, &miss.at)
    ));
    for failure in &miss.failures {
        lines.push(format!("  fails: {}: {}", failure.failed, failure.detail));
    }
}

pub(crate) fn push_more(count: usize, what: &str, lines: &mut Vec<String>) {
    match count.saturating_sub(SHOWN) {
        0 => {}
        more => lines.push(format!("and {more} more {what}; --format json has them")),
    }
}

/// A6: with several resources a denial is that of one of them.
fn about(explanation: &Explanation) -> String {
    match explanation.request.resources().count() {
        0 | 1 => explanation.resource.clone(),
        count => format!("{}, one of {count} resources", explanation.resource),
    }
}

pub(crate) fn doubt(doubt: &Doubt) -> String {
    let of = match (&doubt.policy, doubt.statement) {
        (Some(policy), Some(statement)) => format!("{policy}, statement {statement}: "),
        _ => String::new(),
    };
    format!("in doubt ({}): {of}{}", doubt.rule.id(), doubt.detail)
}

/// What the policies of a stage are called.
fn policies_of(stage: Stage) -> &'static str {
    match stage {
        Stage::Control => "control policy",
        Stage::Session => "session policy",
        Stage::Identity => "identity policy",
        Stage::ResourceGroup => "identity policy at resource-group scope",
        Stage::Resource => "resource policy",
        Stage::Trust => "trust policy",
        Stage::Endpoint => "endpoint policy",
        _ => "policy",
    }
}

/// What failed, what no case touched, and how many passed and failed: that alone on the last line.
pub(crate) fn report(report: &Report, out: &mut Output) -> io::Result<()> {
    for result in report.results.iter().filter(|result| !result.ok) {
        failure(result, out)?;
    }
    if let Some(statements) = &report.coverage {
        coverage(statements, out)?;
    }
    let summary = format!("{} passed, {} failed", report.passed(), report.failed());
    out.line(
        verdict(report.failed() == 0 && report.unreadable.is_empty()),
        &summary,
    )
}

fn failure(result: &CaseResult, out: &mut Output) -> io::Result<()> {
    out.line(verdict(false), &format!("FAIL {}", printable(&result.name)))?;
    writeln!(out, "  at {}", printable(&result.at))?;
    for line in result.message.lines() {
        writeln!(out, "  {}", printable(line))?;
    }
    for line in result.explanation.iter().flat_map(reasons) {
        writeln!(out, "    {line}")?;
    }
    writeln!(out)
}

fn coverage(statements: &[StatementCoverage], out: &mut Output) -> io::Result<()> {
    let untouched = statements.iter().filter(|statement| !statement.touched);
    for statement in untouched.clone() {
        let line = format!(
            "untouched: {}, statement {}, at {}",
            statement.policy, statement.statement, statement.at
        );
        writeln!(out, "{}", printable(&line))?;
    }
    let touched = statements.len() - untouched.count();
    let percent = 100.0 * touched as f64 / statements.len().max(1) as f64;
    writeln!(
        out,
        "coverage: {touched} of {} statements touched ({percent:.0} %)",
        statements.len()
    )
}

/// The lines of a unified diff.
pub(crate) fn diff(diff: &str, out: &mut Output) -> io::Result<()> {
    for line in diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => verdict(true),
            Some(b'-') => verdict(false),
            _ => Style::new(),
        };
        out.line(style, line)?;
    }
    Ok(())
}

/// An error and its causes on one line, without the operating system's numbers.
pub(crate) fn error(error: &anyhow::Error) -> String {
    let causes = error.chain().map(|cause| {
        let text = cause.to_string();
        text.split_once(" (os error")
            .map_or(text.clone(), |(words, _)| words.to_owned())
    });
    causes.collect::<Vec<_>>().join(": ")
}

/// A line without what could move a terminal's cursor or turn its text around: files are not trusted to.
pub(crate) fn printable(line: &str) -> Cow<'_, str> {
    let is_harmful =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !line.contains(is_harmful) {
        return Cow::Borrowed(line);
    }
    let escaped = line.chars().map(|c| {
        if is_harmful(c) {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    });
    Cow::Owned(escaped.collect())
}
