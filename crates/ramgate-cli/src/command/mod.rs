//! The commands, and what their answers are as exit statuses.

mod catalog;
mod check;
pub(crate) mod diff;
mod explain_denial;
mod fmt;
pub(crate) mod lint;
pub(crate) mod preflight;
pub(crate) mod prove;
mod rule;
pub(crate) mod test;

use std::process::ExitCode;

use crate::args::Command;
use crate::output::Console;

/// What a command has to say to a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Allowed, clean, passed.
    Yes,
    /// Denied, findings, a case failed.
    No,
    /// No answer: input that cannot be read or understood.
    CannotAnswer,
}

impl Status {
    /// Of several answers: one no makes the whole no, one that could not be given makes it none.
    pub(crate) fn worse(self, other: Status) -> Status {
        match (self, other) {
            (Status::CannotAnswer, _) | (_, Status::CannotAnswer) => Status::CannotAnswer,
            (Status::No, _) | (_, Status::No) => Status::No,
            _ => Status::Yes,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Yes => 0,
            Status::No => 1,
            Status::CannotAnswer => 2,
        })
    }
}

/// Runs a command.
///
/// # Errors
/// With the one reason why it could not go on; what it could go on after is reported already.
pub(crate) fn run(command: &Command, console: &mut Console) -> anyhow::Result<Status> {
    match command {
        Command::Check(args) => check::run(args, console),
        Command::Test(args) => test::run(args, console),
        Command::Fmt(args) => fmt::run(args, console),
        Command::Catalog(args) => catalog::run(args, console),
        Command::Diff(args) => diff::run(args, console),
        Command::Prove(args) => prove::run(args, console),
        Command::Lint(args) => lint::run(args, console),
        Command::Preflight(args) => preflight::run(args, console),
        Command::ExplainDenial(args) => explain_denial::run(args, console),
        Command::Rule(args) => rule::run(args, console),
    }
}
