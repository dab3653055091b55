//! Writes what became of properties: which hold, and a request against each that does not.

use std::io::{self, Write};

use ramgate::analysis::{Confirmed, Verdict};
use ramgate::{Catalog, Proof, StatedProperty};
use serde::Serialize;

use crate::output::text::printable;
use crate::output::witness::{self, Witness};
use crate::output::{BAD, DOUBTFUL, GOOD, Output, json, verdict};

/// How many requests against a property are written out; the rest is counted.
const SHOWN: usize = 3;

#[derive(Serialize)]
struct Document<'p> {
    holds: usize,
    fails: usize,
    unknown: usize,
    properties: Vec<Property<'p>>,
}

#[derive(Serialize)]
struct Property<'p> {
    name: &'p str,
    form: &'static str,
    at: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'p str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    rules: &'p [String],
    verdict: Verdict,
    witnesses: Vec<Witness<'p>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unknown: &'p [String],
}

fn count(proofs: &[(&StatedProperty, Proof)], verdict: Verdict) -> usize {
    let is_so = |(_, proof): &&(&StatedProperty, Proof)| proof.verdict == verdict;
    proofs.iter().filter(is_so).count()
}

/// One document.
pub(crate) fn json(
    proofs: &[(&StatedProperty, Proof)],
    facts: &Catalog,
    out: &mut Output,
) -> io::Result<()> {
    let properties = proofs.iter().map(|(property, proof)| Property {
        name: property.name(),
        form: property.form(),
        at: property.at(),
        why: property.why(),
        rules: property.rules(),
        verdict: proof.verdict,
        witnesses: proof
            .witnesses
            .iter()
            .map(|one| Witness::new(one, &[], facts))
            .collect(),
        unknown: &proof.unknown,
    });
    let document = Document {
        holds: count(proofs, Verdict::Holds),
        fails: count(proofs, Verdict::Fails),
        unknown: count(proofs, Verdict::Unknown),
        properties: properties.collect(),
    };
    json::document(&document, out)
}

/// For people: a line for each property, requests against those that fail, and how many hold on the last line.
pub(crate) fn text(
    proofs: &[(&StatedProperty, Proof)],
    facts: &Catalog,
    out: &mut Output,
) -> io::Result<()> {
    for (property, proof) in proofs {
        let (style, word) = match proof.verdict {
            Verdict::Holds => (GOOD, "holds"),
            Verdict::Fails => (BAD, "FAILS"),
            Verdict::Unknown => (DOUBTFUL, "unknown"),
        };
        let line = format!("{word}: {}", property.name());
        out.line(style, &printable(&line))?;
        if proof.verdict != Verdict::Holds {
            reasons(property, proof, facts, out)?;
        }
    }
    let all = [Verdict::Holds, Verdict::Fails, Verdict::Unknown];
    let [holds, fails, unknown] = all.map(|verdict| count(proofs, verdict));
    let mut summary = format!("{holds} hold, {fails} fail");
    if unknown > 0 {
        summary.push_str(&format!(", {unknown} unknown"));
    }
    out.line(verdict(holds == proofs.len()), &summary)
}

fn reasons(
    property: &StatedProperty,
    proof: &Proof,
    facts: &Catalog,
    out: &mut Output,
) -> io::Result<()> {
    writeln!(out, "  at {}", printable(property.at()))?;
    if let Some(why) = property.why() {
        writeln!(out, "  {}", printable(why))?;
    }
    if !property.rules().is_empty() {
        writeln!(out, "  rules: {}", printable(&property.rules().join(", ")))?;
    }
    for one in proof.witnesses.iter().take(SHOWN) {
        writeln!(out, "  {}", printable(&against(one)))?;
        let mut lines = witness::circumstances(&one.witness, false, facts);
        let by = one.because.iter().map(witness::statement);
        let by: Vec<_> = by.collect();
        if !by.is_empty() {
            lines.push(format!("by {}", by.join(" and ")));
        }
        lines.extend(one.doubts.iter().copied().map(witness::doubt));
        for line in lines {
            writeln!(out, "    {}", printable(&line))?;
        }
    }
    match proof.witnesses.len().saturating_sub(SHOWN) {
        0 => {}
        more => writeln!(out, "  and {more} more; --format json has them")?,
    }
    for why in &proof.unknown {
        writeln!(out, "  not known: {}", printable(why))?;
    }
    Ok(())
}

fn against(one: &Confirmed) -> String {
    format!("{}: {}", one.new, witness::what(&one.witness))
}
