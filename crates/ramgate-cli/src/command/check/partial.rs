//! Decides a request of which a part is not known.

use ramgate::analysis::Several;
use ramgate::partial::{PartialOptions, UnknownKeys};

use crate::args::{AnswerFormat, CheckArgs, PartialArgs};
use crate::clock::{self, Clock};
use crate::command::Status;
use crate::command::check::basis::Basis;
use crate::command::check::note_time;
use crate::command::check::question::Asked;
use crate::output::{Console, partial};

/// Answers with a decision for whatever the rest is, or with what remains to be asked. Only a sure Allow is a yes.
///
/// # Errors
/// When nothing can be said of the caller, or the answer cannot be written.
pub(crate) fn run(
    args: &CheckArgs,
    basis: &mut Basis,
    asked: Asked,
    clock: &Clock,
    console: &mut Console,
) -> anyhow::Result<Status> {
    let unknown = unknown(&args.partial);
    let (question, assumed) = if time_is_known(args) {
        clock.complete(asked.question)
    } else {
        (asked.question, None)
    };
    let mut options = PartialOptions::default();
    if args.partial.single_valued {
        options = options.with_several(Several::Nowhere);
    }
    let answer = basis
        .assignment(&question.request, console)?
        .decide_partially(&question, &unknown, &options)?;
    if basis.mentions_current_time() || clock::is_mentioned(&asked.text) {
        note_time(assumed, args.format, console);
    }
    match args.format {
        AnswerFormat::Text => partial::text(&answer, &mut console.out)?,
        AnswerFormat::Json => partial::json(&answer, &question.request, &mut console.out)?,
    }
    Ok(if answer.allowed == Some(true) {
        Status::Yes
    } else {
        Status::No
    })
}

fn unknown(args: &PartialArgs) -> UnknownKeys {
    let unknown = if args.unknown.is_empty() {
        UnknownKeys::all()
    } else {
        UnknownKeys::only(args.unknown.iter().map(String::as_str))
    };
    unknown.but_absent(args.absent.iter().map(String::as_str))
}

/// The time is a circumstance like any other, but where a person says what alone is unknown it is now.
fn time_is_known(args: &CheckArgs) -> bool {
    let is_time = |key: &String| key.eq_ignore_ascii_case("acs:CurrentTime");
    let is_said = args.request.now.is_some() || !args.partial.unknown.is_empty();
    is_said
        && !args
            .partial
            .unknown
            .iter()
            .chain(&args.partial.absent)
            .any(is_time)
}
