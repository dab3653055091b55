//! A bar on standard error for what takes longer than a second, where a person sits before it.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far a command is. Nothing is shown where standard error is no terminal, or `CI` is set.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Since when it waits to be shown; nothing once it is, or never will be.
    waits_since: Option<Instant>,
}

impl Progress {
    /// A bar of so many steps.
    pub(crate) fn new(steps: usize) -> Progress {
        let is_watched = io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} files") {
            bar.set_style(style);
        }
        Progress {
            bar,
            waits_since: is_watched.then(Instant::now),
        }
    }

    /// One step more is done.
    pub(crate) fn step(&mut self) {
        if self
            .waits_since
            .is_some_and(|since| since.elapsed() >= PATIENCE)
        {
            self.waits_since = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }

    /// Takes the bar away while something else is written to the terminal.
    pub(crate) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
