//! Writes what the linter found: for people, for GitHub, GitLab and JUnit.

use std::collections::BTreeMap;
use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};
use ramgate::lint::{Finding, Rule, Severity};
use ramgate::{Source, Span};
use serde_json::{Value, json};

use crate::command::lint::Linted;
use crate::output::sarif::line_hashes;
use crate::output::{Output, text as lines, verdict};

/// Every finding, in the order of the files.
pub(crate) fn all(linted: &[Linted]) -> Vec<&Finding> {
    linted.iter().flat_map(|one| &one.findings).collect()
}

/// Each finding with its line of the source, and a count on the last line.
pub(crate) fn text(linted: &[Linted], out: &mut Output) -> io::Result<()> {
    for one in linted {
        for finding in &one.findings {
            writeln!(out, "{}\n", snippet(finding, &one.source, out.is_colored()))?;
        }
    }
    let found = all(linted);
    let mut counts = Vec::new();
    for severity in [
        Severity::Error,
        Severity::Security,
        Severity::Warning,
        Severity::Suggestion,
    ] {
        let count = found
            .iter()
            .filter(|finding| finding.rule.severity == severity)
            .count();
        if count > 0 {
            counts.push(counted(count, severity.name()));
        }
    }
    let policies = match linted.iter().map(|one| one.policies).sum() {
        1 => "1 policy".to_owned(),
        count => format!("{count} policies"),
    };
    let mut summary = if found.is_empty() {
        format!("nothing found in {policies}")
    } else {
        format!("{} in {policies}", counts.join(", "))
    };
    let suppressed: usize = linted.iter().map(|one| one.suppressed.len()).sum();
    if suppressed > 0 {
        summary.push_str(&format!(" ({suppressed} suppressed)"));
    }
    out.line(verdict(found.is_empty()), &summary)
}

fn counted(count: usize, severity: &str) -> String {
    match (count, severity) {
        (_, "security") => format!("{count} of security"),
        (1, severity) => format!("1 {severity}"),
        (count, severity) => format!("{count} {severity}s"),
    }
}

fn snippet(finding: &Finding, source: &Source, is_colored: bool) -> String {
    let level = match finding.rule.severity {
        Severity::Error => Level::ERROR,
        Severity::Security => Level::ERROR.with_name("security"),
        Severity::Warning => Level::WARNING,
        Severity::Suggestion => Level::NOTE.with_name("suggestion"),
    };
    let span = finding.span(source);
    let message = lines::printable(&finding.message);
    let help = finding.help.as_deref().map(lines::printable);
    let title = level.primary_title(message).id(finding.rule.id);
    let place = |start: usize, end: usize| {
        let place = AnnotationKind::Primary.span(start..end);
        place.label(finding.rule.name)
    };
    let mut group = match part_of_line(source.text(), span) {
        // A plan of Terraform is one line of any length.
        Some((start, part)) => title
            .element(
                Origin::path(source.name())
                    .line(finding.start.line as usize)
                    .char_column(finding.start.column as usize),
            )
            .element(
                Snippet::source(part)
                    .line_start(finding.start.line as usize)
                    .annotation(place(span.start - start, span.end - start)),
            ),
        None => title.element(
            Snippet::source(source.text())
                .path(source.name())
                .annotation(place(span.start, span.end)),
        ),
    };
    if let Some(document) = &finding.document {
        let place = format!("in {}", lines::printable(document));
        group = group.element(Level::NOTE.message(place));
    }
    if let Some(help) = help {
        group = group.element(Level::HELP.message(help));
    }
    let renderer = if is_colored {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.render(&[group])
}

/// What stands around a place in a very long line, and where that begins. `None` for a line of common length, or a place of several lines.
fn part_of_line(text: &str, span: Span) -> Option<(usize, &str)> {
    const LONG: usize = 2000;
    const AROUND: usize = 100;
    let before = text.get(..span.start)?;
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let rest = text.get(span.start..)?;
    let line_end = span.start + rest.find('\n').unwrap_or(rest.len());
    if line_end - line_start < LONG || span.end > line_end || span.end - span.start > LONG {
        return None;
    }
    let start = (line_start.max(span.start.saturating_sub(AROUND))..=span.start)
        .find(|at| text.is_char_boundary(*at))?;
    let end = (span.end..=line_end.min(span.end + AROUND))
        .rev()
        .find(|at| text.is_char_boundary(*at))?;
    Some((start, text.get(start..end)?))
}

/// Workflow commands: an annotation for each.
pub(crate) fn github(linted: &[Linted], out: &mut Output) -> io::Result<()> {
    for finding in all(linted) {
        let command = match finding.rule.severity {
            Severity::Error | Severity::Security => "error",
            Severity::Warning => "warning",
            Severity::Suggestion => "notice",
        };
        let title = format!("{} {}", finding.rule.id, finding.rule.name);
        writeln!(
            out,
            "::{command} file={},line={},endLine={},col={},endColumn={},title={}::{}",
            property(&finding.file),
            finding.start.line,
            finding.end.line,
            finding.start.column,
            finding.end.column,
            property(&title),
            escaped(&with_help(finding)),
        )?;
    }
    Ok(())
}

fn with_help(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// GitLab's code quality report.
pub(crate) fn gitlab(linted: &[Linted]) -> Vec<Value> {
    let mut issues = Vec::new();
    for one in linted {
        let hashes = line_hashes(one.source.text());
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for finding in &one.findings {
            let line = (finding.start.line as usize).saturating_sub(1);
            let hash = hashes.get(line).map(String::as_str).unwrap_or_default();
            let key = format!("{}:{}:{hash}", finding.rule.id, finding.file);
            let count = seen.entry(key.clone()).or_default();
            *count += 1;
            issues.push(json!({
                "description": finding.message,
                "check_name": format!("{} {}", finding.rule.id, finding.rule.name),
                "fingerprint": format!("{key}:{count}"),
                "severity": match finding.rule.severity {
                    Severity::Error => "blocker",
                    Severity::Security => "critical",
                    Severity::Warning => "major",
                    Severity::Suggestion => "info",
                },
                "location": { "path": &*finding.file, "lines": { "begin": finding.start.line, "end": finding.end.line } },
            }));
        }
    }
    issues
}

/// A suite for each file; a file without findings is a test that passed.
pub(crate) fn junit(linted: &[Linted], out: &mut Output) -> io::Result<()> {
    let mut junit = Junit::new("ramgate");
    for one in linted {
        let mut suite = TestSuite::new(one.source.name());
        if one.findings.is_empty() {
            suite.add_test_case(TestCase::new("lint", TestCaseStatus::success()));
        }
        for finding in &one.findings {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let place = format!("{}:{}", finding.file, finding.start);
            status
                .set_message(finding.message.as_str())
                .set_type(finding.rule.severity.name())
                .set_description(format!("{place}\n{}", with_help(finding)));
            let name = format!(
                "{} {} at {}",
                finding.rule.id, finding.rule.name, finding.start
            );
            let mut case = TestCase::new(name, status);
            case.set_classname(one.source.name());
            suite.add_test_case(case);
        }
        junit.add_test_suite(suite);
    }
    let text = junit.to_string().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

/// What a rule means, for people; the place in the bad example is underlined.
pub(crate) fn rule(rule: &Rule, out: &mut Output) -> io::Result<()> {
    writeln!(
        out,
        "{} {} ({})\n  finds {}\n\n{}\n",
        rule.id, rule.name, rule.severity, rule.summary, rule.reason
    )?;
    const SHOWN_MAX: usize = 2000;
    let place = rule.bad_place().map_or(0..0, |span| span.start..span.end);
    let bad = rule.bad();
    let renderer = if out.is_colored() {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let title = Level::ERROR
        .with_name("bad")
        .primary_title(format!("in this {}", rule.subject()));
    let snippet = Snippet::source(bad.as_str())
        .fold(bad.len() > SHOWN_MAX)
        .annotation(AnnotationKind::Primary.span(place).label("here"));
    writeln!(out, "{}\n", renderer.render(&[title.element(snippet)]))?;
    writeln!(out, "good:\n{}", rule.good())?;
    let lists = [
        ("rules of SEMANTICS.md", rule.semantics),
        ("Alibaba Cloud calls it", rule.alibaba_codes),
        ("elsewhere", rule.aws_codes),
    ];
    for (what, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        writeln!(out, "\n{what}: {}", list.join(", "))?;
    }
    Ok(())
}
