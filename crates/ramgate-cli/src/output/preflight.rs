//! Writes for people how calls would end, and what to ask for.

use std::io::{self, Write};

use anstyle::Style;
use ramgate::preflight::{Obstacle, Outcome, Preflight, Replay, SuggestedPolicy};

use crate::output::text::{printable, reasons};
use crate::output::{DOUBTFUL, Output, verdict};

/// The outcome on a line of its own, then why, then what to do.
pub(crate) fn answer(answer: &Preflight, out: &mut Output) -> io::Result<()> {
    let mut title = format!("{}: {}", answer.operation, answer.outcome.name());
    let error = [
        answer.http_status.map(|status| status.to_string()),
        answer.code.clone(),
    ];
    let error: Vec<String> = error.into_iter().flatten().collect();
    if answer.outcome != Outcome::Succeeds && !error.is_empty() {
        title.push_str(&format!(" ({})", error.join(" ")));
    }
    let style = match answer.outcome {
        Outcome::Succeeds => verdict(true),
        Outcome::Unknown => DOUBTFUL,
        _ => verdict(false),
    };
    out.line(style, &printable(&title))?;
    let mut lines = answer.reasons.clone();
    if let Some(message) = &answer.message
        && !answer.reasons.contains(message)
        // Of a denial the reasons say more.
        && answer.outcome != Outcome::NoPermission
    {
        lines.push(format!("the service says: {message}"));
    }
    lines.extend(life(answer));
    if let Some(decision) = &answer.decision {
        lines.extend(reasons(decision));
    }
    write_lines(&lines, out)?;
    advice(
        &answer.obstacles,
        answer.suggestion.as_ref(),
        answer.needed_besides.as_ref(),
        out,
    )?;
    let notes: Vec<String> = answer
        .notes
        .iter()
        .map(|note| format!("note: {note}"))
        .collect();
    write_lines(&notes, out)
}

/// Where the resource stands, and where the call leads it.
fn life(answer: &Preflight) -> Option<String> {
    if answer.outcome != Outcome::Succeeds {
        return None;
    }
    let before = answer.state_before.as_deref();
    let after = answer.state_after.as_deref()?;
    let text = match before {
        Some(before) if before == after => format!("the resource stays {after}"),
        Some(before) => format!("the resource is {before} and becomes {after}"),
        None => format!("the resource becomes {after}"),
    };
    Some(match answer.passes_through.as_deref() {
        Some(through) => format!("{text}; until then it is {through}, and the next call must wait"),
        None => text,
    })
}

/// The policy to ask for, or what stands in the way.
fn advice(
    obstacles: &[Obstacle],
    suggestion: Option<&SuggestedPolicy>,
    besides: Option<&SuggestedPolicy>,
    out: &mut Output,
) -> io::Result<()> {
    let mut lines = Vec::new();
    for obstacle in obstacles {
        let at = obstacle.at.as_deref();
        let at = at.map_or(String::new(), |at| format!(" (at {at})"));
        lines.push(format!("in the way: {}{at}", obstacle.change));
        let because = obstacle.because.iter();
        lines.extend(because.map(|because| format!("  because: {because}")));
    }
    write_lines(&lines, out)?;
    if let Some(policy) = suggestion {
        writeln!(out, "  ask for this policy:")?;
        document(policy, out)?;
    }
    if let Some(policy) = besides {
        writeln!(out, "  besides that, this policy is needed:")?;
        document(policy, out)?;
    }
    Ok(())
}

fn document(policy: &SuggestedPolicy, out: &mut Output) -> io::Result<()> {
    for line in policy.to_text().lines() {
        writeln!(out, "    {}", printable(line))?;
    }
    Ok(())
}

/// A line of a plan that could not be read.
pub(crate) fn refusal(error: &str, out: &mut Output) -> io::Result<()> {
    let lines: Vec<_> = error.lines().map(printable).collect();
    writeln!(out, "error: {}", lines.join("; "))
}

/// The denial and our answer beside each other, then what to do.
pub(crate) fn replay(replay: &Replay, out: &mut Output) -> io::Result<()> {
    let cloud = &replay.cloud;
    let said = cloud.decision.map_or("a denial", |said| said.name());
    let title = if replay.agrees {
        format!("{said}, here as in the cloud")
    } else {
        format!("{said} in the cloud, {} here", replay.decision.decision)
    };
    out.line(verdict(replay.agrees), &printable(&title))?;
    let mut lines = vec![format!(
        "{} asked for {} on {}",
        replay.decision.request.principal(),
        replay.decision.request.action(),
        replay.decision.resource
    )];
    for difference in &replay.differences {
        lines.push(format!(
            "differs in the {}: the cloud says {}; here: {}",
            difference.what, difference.cloud, difference.ours
        ));
    }
    let perhaps = replay.perhaps.iter();
    lines.extend(perhaps.map(|why| format!("perhaps because: {why}")));
    lines.extend(reasons(&replay.decision));
    write_lines(&lines, out)?;
    advice(
        &replay.obstacles,
        replay.suggestion.as_ref(),
        replay.needed_besides.as_ref(),
        out,
    )?;
    let notes: Vec<String> = replay
        .notes
        .iter()
        .map(|note| format!("note: {note}"))
        .collect();
    write_lines(&notes, out)
}

fn write_lines(lines: &[String], out: &mut Output) -> io::Result<()> {
    let style = Style::new();
    lines
        .iter()
        .try_for_each(|line| out.line(style, &format!("  {}", printable(line))))
}
