//! Decides a request, or a stream of them, and says why.

pub(crate) mod basis;
mod partial;
mod question;
mod requests;

use std::path::Path;

use anyhow::bail;
use ramgate::{Case, Explanation};

use crate::account::Accounts;
use crate::args::{AnswerFormat, CheckArgs};
use crate::clock::{self, Clock};
use crate::command::Status;
use crate::command::check::basis::Basis;
use crate::input;
use crate::output::{Console, json, text};

/// Answers what the arguments ask.
///
/// # Errors
/// When policies or a request cannot be read or used.
pub(crate) fn run(args: &CheckArgs, console: &mut Console) -> anyhow::Result<Status> {
    if let Some(path) = &args.case {
        return answer(&case(path)?, args.format, console);
    }
    let clock = Clock::new(args.request.now);
    let Some(mut basis) = Basis::load(&args.policies, console) else {
        return Ok(Status::CannotAnswer);
    };
    if let Some(path) = &args.request.requests {
        return requests::run(path, &mut basis, &clock, args.format, console);
    }
    let asked = question::read(&args.request, args.policies.lenient, console)?;
    if args.partial.partial {
        return partial::run(args, &mut basis, asked, &clock, console);
    }
    let (question, assumed) = clock.complete(asked.question);
    let explanation = basis
        .assignment(&question.request, console)?
        .explain(&question)?;
    let may_matter = basis.mentions_current_time() || clock::is_mentioned(&asked.text);
    if may_matter {
        note_time(assumed, args.format, console);
    }
    answer(&explanation, args.format, console)
}

/// Says which time was taken, where somebody may want to know.
fn note_time(assumed: Option<String>, format: AnswerFormat, console: &mut Console) {
    if let Some(now) = assumed.filter(|_| format == AnswerFormat::Text) {
        console.note(&format!("acs:CurrentTime taken as {now}"));
    }
}

fn answer(
    explanation: &Explanation,
    format: AnswerFormat,
    console: &mut Console,
) -> anyhow::Result<Status> {
    match format {
        AnswerFormat::Text => text::answer(explanation, &mut console.out)?,
        AnswerFormat::Json => json::document(explanation, &mut console.out)?,
    }
    Ok(if explanation.allowed {
        Status::Yes
    } else {
        Status::No
    })
}

/// The answer to the one case of a file. No clock is read: a case means the same every day.
fn case(path: &Path) -> anyhow::Result<Explanation> {
    let mut accounts = Accounts::default();
    let cases = Case::read_all(&input::read(path)?, &mut |name, source| {
        accounts.open(name, source)
    })?;
    match cases.as_slice() {
        [case] => Ok(case.explain()?),
        cases => bail!(
            "{}: holds {} cases; check --case takes one, ramgate test runs them all",
            input::name(path),
            cases.len()
        ),
    }
}
