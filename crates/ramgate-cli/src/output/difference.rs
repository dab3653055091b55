//! Writes how two sides compare: the relation, then each access that is new or lost, by a request.

use std::io::{self, Write};

use anstyle::Style;
use ramgate::analysis::{Confirmed, Relation};
use ramgate::{Catalog, Effect, OpenRule, Principal};
use serde::Serialize;

use crate::command::diff::{Comparison, Part};
use crate::output::text::printable;
use crate::output::witness::{self, Witness};
use crate::output::{BAD, DOUBTFUL, GOOD, Output, json};

/// Of this many who have the same policies all are named.
const NAMED: usize = 3;

#[derive(Serialize)]
struct Document<'c> {
    relation: Relation,
    new_access: Vec<Witness<'c>>,
    lost_access: Vec<Witness<'c>>,
    doubts: Vec<OpenRule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<&'c str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    appeared: &'c [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    disappeared: &'c [String],
}

/// Contracts, section 6.
pub(crate) fn json(comparison: &Comparison, facts: &Catalog, out: &mut Output) -> io::Result<()> {
    let all = |side: fn(&Part) -> &[Confirmed]| {
        let parts = comparison.parts.iter();
        let witnesses = parts.flat_map(|part| {
            let of_part = side(part).iter();
            of_part.map(|one| Witness::new(one, &part.who, facts))
        });
        witnesses.collect()
    };
    let doubts = comparison.parts.iter().flat_map(|part| &part.doubts);
    let mut doubts: Vec<OpenRule> = doubts.copied().collect();
    doubts.sort_unstable();
    doubts.dedup();
    let document = Document {
        relation: comparison.relation,
        new_access: all(|part| &part.new_access),
        lost_access: all(|part| &part.lost_access),
        doubts,
        unknown: comparison.unknown.iter().map(String::as_str).collect(),
        appeared: &comparison.appeared,
        disappeared: &comparison.disappeared,
    };
    json::document(&document, out)
}

/// For people.
pub(crate) fn text(comparison: &Comparison, facts: &Catalog, out: &mut Output) -> io::Result<()> {
    let (style, sentence) = headline(comparison);
    out.line(style, &printable(&sentence))?;
    let word = if comparison.relation == Relation::Unknown {
        "not known"
    } else {
        "note"
    };
    for why in &comparison.unknown {
        writeln!(out, "  {word}: {}", printable(why))?;
    }
    for (word, who) in [
        ("new", &comparison.appeared),
        ("gone", &comparison.disappeared),
    ] {
        if !who.is_empty() {
            writeln!(out, "{word}: {}", printable(&who.join(", ")))?;
        }
    }
    for part in &comparison.parts {
        let is_named = !part.who.is_empty();
        if is_named {
            out.line(
                Style::new().bold(),
                &printable(&format!("{}:", people(&part.who))),
            )?;
        }
        for (is_new, side) in [(true, &part.new_access), (false, &part.lost_access)] {
            for one in side {
                let mark = if is_new { "+" } else { "-" };
                let style = if is_new { GOOD } else { BAD };
                let what = format!("{mark} {}", witness::what(&one.witness));
                out.line(style, &printable(&what))?;
                let mut lines = witness::circumstances(&one.witness, is_named, facts);
                if part.is_of_callers && *one.witness.principal() == Principal::Unnamed {
                    lines.push("if the resource's account is another and lets them in".to_owned());
                }
                lines.push(reason(one, is_new));
                for line in lines {
                    writeln!(out, "    {}", printable(&line))?;
                }
            }
        }
        for rule in &part.doubts {
            writeln!(out, "  {}", witness::doubt(*rule))?;
        }
    }
    Ok(())
}

fn headline(comparison: &Comparison) -> (Style, String) {
    let (old, new) = (&comparison.old, &comparison.new);
    let (style, rest) = match comparison.relation {
        Relation::Equivalent => (GOOD, format!("{new} allows the same requests as {old}")),
        Relation::Narrower => (DOUBTFUL, format!("{old} allows what {new} does not")),
        Relation::Broader => (DOUBTFUL, format!("{new} allows what {old} does not")),
        Relation::Incomparable => (
            DOUBTFUL,
            format!("{new} allows what {old} does not, and the other way round"),
        ),
        Relation::Unknown => (BAD, format!("how {new} compares with {old} was not shown")),
    };
    (style, format!("{}: {rest}", comparison.relation))
}

fn people(who: &[String]) -> String {
    let named = who.get(..NAMED).unwrap_or(who).join(", ");
    match who.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// The statements that make the difference, and what was or is said without them.
fn reason(one: &Confirmed, is_new: bool) -> String {
    let allows = witness::statements(&one.because, Effect::Allow);
    let denies = witness::statements(&one.because, Effect::Deny);
    let (was, is) = (one.old, one.new);
    match (is_new, allows.is_empty(), denies.is_empty()) {
        (true, _, false) => format!("no longer denied by {denies}; before: {was}"),
        (true, false, _) => format!("by {allows}; before: {was}"),
        (true, true, _) => format!("before: {was}"),
        (false, _, false) => format!("denied by {denies}; now: {is}"),
        (false, false, _) => format!("was by {allows}; now: {is}"),
        (false, true, _) => format!("now: {is}"),
    }
}
