//! Runs the command that the arguments name, and turns its answer into an exit status.

mod account;
mod args;
mod baseline;
mod carrier;
mod catalog;
mod clock;
mod command;
mod config;
mod input;
mod kind;
mod lines;
mod output;
#[cfg(feature = "serve")]
mod snapshot;
mod suppress;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;
use crate::command::Status;
use crate::output::Console;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut console = Console::new(arguments.color);
    let status = command::run(&arguments.command, &mut console).unwrap_or_else(|error| {
        console.error(&error);
        Status::CannotAnswer
    });
    console.finish(status).into()
}
