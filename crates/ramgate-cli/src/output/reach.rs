//! Writes who can do something, and what somebody can do.

use std::io::{self, Write};

use ramgate::Catalog;
use ramgate::partial::{PartialAnswer, Residual};
use ramgate::reach::{Access, Path, Reacher, WhatCan, WhoCan};

use crate::output::text::{self, printable};
use crate::output::{DOUBTFUL, GOOD, Output, partial, verdict};

/// How many ways to roles are written out; the rest is counted.
const WAYS_SHOWN: usize = 5;

/// For people: each caller on a line of its own, then the conditions, the statements and the ways over roles.
pub(crate) fn who(who: &WhoCan, out: &mut Output) -> io::Result<()> {
    for reacher in &who.principals {
        let is_sure = reacher.direct.is_some() && reacher.conditions().is_some_and(is_always);
        let style = if is_sure { GOOD } else { DOUBTFUL };
        out.line(style, &printable(&reacher.principal))?;
        for line in ways(reacher) {
            writeln!(out, "  {}", printable(&line))?;
        }
    }
    let count = who.principals.len();
    let on = who.resource.join(" and ");
    let can = format!("{count} of {} can {} on {on}", who.asked, who.action);
    out.line(verdict(count == 0), &printable(&can))?;
    for note in &who.notes {
        writeln!(out, "note: {}", printable(note))?;
    }
    Ok(())
}

fn is_always(conditions: &Residual) -> bool {
    matches!(conditions, Residual::Always)
}

fn ways(reacher: &Reacher) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(answer) = &reacher.direct {
        lines.extend(direct(answer));
    }
    for path in reacher.paths.iter().take(WAYS_SHOWN) {
        lines.extend(way(path));
    }
    match reacher.paths.len().saturating_sub(WAYS_SHOWN) {
        0 => {}
        more => lines.push(format!("and by {more} more roles; --format json has them")),
    }
    lines.extend(reacher.notes.iter().map(|note| format!("note: {note}")));
    lines
}

fn direct(answer: &PartialAnswer) -> Vec<String> {
    let mut lines = partial::conditions("only where", &answer.conditions);
    for by in answer.determined_by.iter().take(text::SHOWN) {
        lines.push(format!("by {}", text::determining_statement(by)));
    }
    text::push_more(answer.determined_by.len(), "statements", &mut lines);
    if answer.determined_by.is_empty() {
        lines.push("by being the account itself".to_owned());
    }
    if !answer.simplified {
        lines.push(
            "the conditions were not simplified further: some of them may not be needed".to_owned(),
        );
    }
    lines.extend(answer.doubts.iter().map(text::doubt));
    lines
}

fn way(path: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, step) in path.steps.iter().enumerate() {
        let word = if index == 0 {
            "by assuming"
        } else {
            "and then"
        };
        let conditions = match &step.answer.conditions {
            Residual::Always => String::new(),
            conditions => format!(", where {conditions}"),
        };
        lines.push(format!("{word} {}{conditions}", step.role));
    }
    lines
}

/// How many actions of a service are written out; the rest is counted.
const ACTIONS_SHOWN: usize = 8;

/// For people: what is allowed on what, the most actions first.
pub(crate) fn what(what: &WhatCan, facts: &Catalog, out: &mut Output) -> io::Result<()> {
    let mut names = std::collections::BTreeSet::new();
    for access in &what.access {
        names.extend(access.actions.iter().chain(&access.unlisted));
        let style = if is_always(&access.answer.conditions) {
            GOOD
        } else {
            DOUBTFUL
        };
        out.line(style, &printable(&format!("on {}", access.to)))?;
        for line in actions(access, facts).into_iter().chain(allowed(access)) {
            writeln!(out, "  {}", printable(&line))?;
        }
    }
    let count = names.len();
    let can = format!(
        "{} can do {count} of {} actions",
        what.principal, what.asked
    );
    out.line(verdict(count == 0), &printable(&can))
}

fn allowed(access: &Access) -> Vec<String> {
    let mut lines = partial::conditions("only where", &access.answer.conditions);
    for by in access.answer.determined_by.iter().take(text::SHOWN) {
        lines.push(format!("by {}", text::determining_statement(by)));
    }
    text::push_more(access.answer.determined_by.len(), "statements", &mut lines);
    if access.answer.determined_by.is_empty() {
        lines.push("by being the account itself, or without any authorization".to_owned());
    }
    lines.extend(access.answer.doubts.iter().map(text::doubt));
    lines
}

/// A line for each service, or one for all.
fn actions(access: &Access, facts: &Catalog) -> Vec<String> {
    if access.actions.len() > ACTIONS_SHOWN && access.actions.len() == facts.actions().count() {
        return vec![format!(
            "all {} actions that are listed",
            access.actions.len()
        )];
    }
    let mut services: Vec<(&str, Vec<&str>)> = Vec::new();
    for action in &access.actions {
        let service = action.split(':').next().unwrap_or_default();
        match services.last_mut().filter(|(last, _)| *last == service) {
            Some((_, actions)) => actions.push(action),
            None => services.push((service, vec![action])),
        }
    }
    let mut lines: Vec<String> = services
        .iter()
        .take(ACTIONS_SHOWN)
        .map(|(service, actions)| {
            let all = facts
                .service(service)
                .map_or(0, |service| service.actions().count());
            if actions.len() == all && all > 1 {
                return format!("{service}: all {all} actions that are listed");
            }
            let shown: Vec<&str> = actions.iter().take(ACTIONS_SHOWN).copied().collect();
            let more = match actions.len() - shown.len() {
                0 => String::new(),
                more => format!(" and {more} more of {service}"),
            };
            format!("{}{more}", shown.join(", "))
        })
        .collect();
    match services.len().saturating_sub(ACTIONS_SHOWN) {
        0 => {}
        more => lines.push(format!(
            "and actions of {more} more services; --format json has them"
        )),
    }
    if !access.unlisted.is_empty() {
        let unlisted = access.unlisted.join(", ");
        lines.push(format!("{unlisted}, of which the catalogue has none"));
    }
    lines
}
