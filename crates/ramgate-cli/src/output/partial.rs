//! Writes answers to requests that are known in part: the decision, and the conditions that remain.

use std::io::{self, Write};

use ramgate::Request;
use ramgate::partial::{PartialAnswer, PartialDecision, Residual};
use serde::Serialize;

use crate::output::text::{self, printable};
use crate::output::{BAD, DOUBTFUL, GOOD, Output, json};

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    answer: &'a PartialAnswer,
    request: &'a Request<'static>,
}

/// One document.
pub(crate) fn json(
    answer: &PartialAnswer,
    request: &Request<'static>,
    out: &mut Output,
) -> io::Result<()> {
    json::document(&Document { answer, request }, out)
}

/// For people: the word on a line of its own, then under which conditions, and by what.
pub(crate) fn text(answer: &PartialAnswer, out: &mut Output) -> io::Result<()> {
    let style = match answer.allowed {
        Some(true) => GOOD,
        Some(false) => BAD,
        None => DOUBTFUL,
    };
    out.line(style, answer.decision.name())?;
    for line in reasons(answer) {
        writeln!(out, "  {}", printable(&line))?;
    }
    Ok(())
}

fn reasons(answer: &PartialAnswer) -> Vec<String> {
    let mut lines = Vec::new();
    match answer.decision {
        PartialDecision::Conditional => {
            lines.extend(conditions("allowed where", &answer.conditions));
            lines.extend(denied("else denied", answer));
        }
        PartialDecision::Allow => lines.push("whatever the rest of the context is".to_owned()),
        _ => {
            lines.push("whatever the rest of the context is".to_owned());
            if answer.decision == PartialDecision::Deny {
                lines.extend(denied("denied", answer));
            }
            let stages: Vec<&str> = answer.denying.iter().map(|stage| stage.name()).collect();
            lines.push(format!("denied at: {}", stages.join(", ")));
        }
    }
    let done = match answer.decision {
        PartialDecision::Allow => "allowed by",
        PartialDecision::Conditional => "it can be allowed by",
        PartialDecision::ExplicitDeny => "denied by",
        _ => "it can be denied by",
    };
    for by in answer.determined_by.iter().take(text::SHOWN) {
        lines.push(format!("{done} {}", text::determining_statement(by)));
    }
    text::push_more(answer.determined_by.len(), "statements", &mut lines);
    if !answer.unknown.is_empty() {
        lines.push(format!("not known: {}", answer.unknown.join(", ")));
    }
    if !answer.simplified {
        lines.push(
            "the conditions were not simplified further: some of them may not be needed".to_owned(),
        );
    }
    lines.extend(answer.doubts.iter().map(text::doubt));
    lines
}

/// Which kind of denial, where there are both.
fn denied(word: &str, answer: &PartialAnswer) -> Vec<String> {
    match &answer.explicit {
        Residual::Never => vec![format!("{word}, implicitly")],
        explicit => {
            let mut lines = conditions(&format!("{word}: explicitly where"), explicit);
            lines.push("else implicitly".to_owned());
            lines
        }
    }
}

/// The parts that must all hold, a line each, with the statements that they are from.
pub(crate) fn conditions(first: &str, conditions: &Residual) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, part) in conditions.conjuncts().iter().enumerate() {
        let word = if index == 0 { first } else { "and" };
        lines.push(format!("{word} {part}"));
        let sources = part.sources();
        for source in sources.iter().take(text::SHOWN) {
            let place = text::place(source.stage, &source.policy, source.statement, &source.at());
            lines.push(format!("  of {place}"));
        }
        let mut more = Vec::new();
        text::push_more(sources.len(), "statements", &mut more);
        lines.extend(more.into_iter().map(|line| format!("  {line}")));
    }
    lines
}
