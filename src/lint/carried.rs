//! The rules over a policy inside another file: places and fixes are those of the file, and what is not known is not held against it.

use std::sync::Arc;

use crate::carrier::{Carried, UNKNOWN};
use crate::catalog::Catalog;
use crate::json::{self, Node, Value};
use crate::lint::finding::{Finding, Fix};
use crate::lint::lint;
use crate::source::{Position, Source, Span};

/// Everything that the rules find in a policy inside another file. Every place is one of the file, and a fix is to be made in the file: where
/// it cannot be written there, there is none. Where parts of the policy are not known, only what holds whatever they are is found.
///
/// ```
/// use ramgate::carrier::Carrier;
/// use ramgate::{Catalog, Source, lint};
///
/// let text = r#"{ "Role": { "AssumeRolePolicyDocument": "{\"Version\": \"2\", \"Statement\": []}" } }"#;
/// let carrier = Carrier::read(&Source::new("role.json", text))?.unwrap();
/// let found = lint::lint_carried(&carrier.documents[0], &Catalog::default());
/// assert_eq!((found[0].rule.name, found[0].start.to_string().as_str()), ("invalid-version", "1:56"));
/// # Ok::<(), ramgate::LoadError>(())
/// ```
pub fn lint_carried(carried: &Carried, catalog: &Catalog) -> Vec<Finding> {
    let mut findings = if carried.unknown.is_empty() {
        lint(&carried.source, carried.reading, catalog)
    } else {
        of_what_is_known(carried, catalog)
    };
    let place: Arc<str> = Arc::from(carried.place.as_str());
    for finding in &mut findings {
        finding.document = Some(Arc::clone(&place));
        finding.fix = finding
            .fix
            .take()
            .and_then(|fix| in_file(fix, &carried.source));
    }
    findings
}

/// A fix as it is made in the file around the policy.
fn in_file(fix: Fix, source: &Source) -> Option<Fix> {
    Some(Fix {
        span: Span {
            start: source.offset_in_file(fix.span.start),
            end: source.offset_in_file(fix.span.end),
        },
        text: source.written_in_file(&fix.text)?,
        ..fix
    })
}

/// What is found whatever stands in the unknown parts: some word, or something that fits everything. What touches one of them is not.
fn of_what_is_known(carried: &Carried, catalog: &Catalog) -> Vec<Finding> {
    // How long it is is not known either.
    let reading = carried.reading.system();
    let parts = parts(carried);
    let as_word = filled(carried, &parts, |part| part.word());
    let as_everything = filled(carried, &parts, |part| part.everything());
    let mut findings = lint(&as_word, reading, catalog);
    let other_findings = lint(&as_everything, reading, catalog);
    let position = |offset| carried.source.position(offset);
    let unknown: Vec<(Position, Position)> = carried
        .unknown
        .iter()
        .map(|span| (position(span.start), position(span.end)))
        .collect();
    findings.retain(|finding| {
        let same = |other: &Finding| {
            (other.rule.id, other.start, other.end) == (finding.rule.id, finding.start, finding.end)
        };
        let touches =
            |(start, end): &(Position, Position)| *start < finding.end && finding.start < *end;
        other_findings.iter().any(same) && !unknown.iter().any(touches)
    });
    for finding in &mut findings {
        finding.fix = None;
    }
    findings
}

/// What an unknown part is of, as far as that says what form it must have.
#[derive(Clone, Copy)]
enum Part {
    /// A whole action.
    Action,
    /// A whole name of a user or role.
    RamName,
    /// Of a name of a principal, or all of one in a list.
    OfPrincipal,
    /// The name of a member.
    Key,
    /// Of something that is compared with patterns.
    OfPattern,
}

impl Part {
    /// As long as [`UNKNOWN`].
    fn word(self) -> &'static str {
        match self {
            Part::Action | Part::Key => UNKNOWN,
            Part::RamName => "acs:ram::0:root",
            Part::OfPrincipal => "000000000000000",
            Part::OfPattern => "unknown-unknown",
        }
    }

    fn everything(self) -> &'static str {
        match self {
            Part::Action => "*******:*******",
            Part::OfPattern => "***************",
            _ => self.word(),
        }
    }
}

/// The place of each unknown part, without quotes, and what it is of.
fn parts(carried: &Carried) -> Vec<(Span, Part)> {
    let Ok(json) = json::read(&carried.source) else {
        return Vec::new();
    };
    let inside = |outer: Span| {
        let spans = carried.unknown.iter();
        spans.filter(move |span| outer.start <= span.start && span.end <= outer.end)
    };
    let mut found = Vec::new();
    let mut waiting: Vec<(Node<'_>, &str)> = vec![(json.root(), "")];
    while let Some((node, name)) = waiting.pop() {
        match node.value() {
            Value::Array(nodes) => waiting.extend(nodes.map(|node| (node, name))),
            Value::Object(members) => {
                for member in members {
                    found.extend(inside(member.key_span).map(|span| (*span, Part::Key)));
                    // Below Principal and Condition the nearest name tells.
                    let is_kept = name == "Principal" && !member.key.eq_ignore_ascii_case("RAM");
                    waiting.push((member.node, if is_kept { name } else { member.key }));
                }
            }
            Value::String(text) => {
                let part = part(name, text == UNKNOWN);
                found.extend(inside(node.span()).map(|span| (*span, part)));
            }
            _ => {}
        }
    }
    for (span, _) in &mut found {
        if carried.source.slice(*span).starts_with('"') {
            span.start += 1;
            span.end = span.end.saturating_sub(1);
        }
    }
    found
}

fn part(name: &str, is_whole: bool) -> Part {
    match name {
        "Action" | "NotAction" if is_whole => Part::Action,
        "Principal" => Part::OfPrincipal,
        name if name.eq_ignore_ascii_case("RAM") && is_whole => Part::RamName,
        name if name.eq_ignore_ascii_case("RAM") => Part::OfPrincipal,
        _ => Part::OfPattern,
    }
}

/// The policy with something else in its unknown parts; as long as before.
fn filled(
    carried: &Carried,
    parts: &[(Span, Part)],
    filling: impl Fn(Part) -> &'static str,
) -> Source {
    let mut text = carried.source.text().to_owned();
    for (span, part) in parts {
        if text.get(span.start..span.end) == Some(UNKNOWN) {
            text.replace_range(span.start..span.end, filling(*part));
        }
    }
    carried.source.retold(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places must not move.
    #[test]
    fn every_filling_is_as_long_as_what_it_stands_for() {
        for part in [
            Part::Action,
            Part::RamName,
            Part::OfPrincipal,
            Part::Key,
            Part::OfPattern,
        ] {
            assert_eq!(part.word().len(), UNKNOWN.len());
            assert_eq!(part.everything().len(), UNKNOWN.len());
        }
    }
}
