//! Where commands write to: results to standard output, all else to standard error.

pub(crate) mod difference;
pub(crate) mod facts_json;
pub(crate) mod facts_text;
pub(crate) mod findings;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod preflight;
pub(crate) mod proof;
pub(crate) mod sarif;
pub(crate) mod text;
pub(crate) mod witness;

use std::io::{self, BufWriter, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use ramgate::{Decision, LoadError, Problem, Severity};

use crate::args::Color;
use crate::command::Status;

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();

/// The two streams, and whether something went wrong on the way.
pub(crate) struct Console {
    /// For results.
    pub(crate) out: Output,
    errors: Box<dyn Write>,
    has_errors: bool,
}

impl Console {
    /// Takes both streams for the rest of the run.
    pub(crate) fn new(color: Color) -> Console {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Console {
            out: Output::new(choice),
            errors: Box::new(AutoStream::new(io::stderr().lock(), choice)),
            has_errors: false,
        }
    }

    /// Says why something could not be done: a line for every problem, however deep in the error.
    pub(crate) fn error(&mut self, error: &anyhow::Error) {
        match error.downcast_ref::<LoadError>() {
            Some(error) => self.problems(error.problems()),
            None => {
                self.has_errors = true;
                self.say(BAD, "error", &text::error(error));
            }
        }
    }

    /// Every problem with its place, errors and warnings.
    pub(crate) fn problems(&mut self, problems: &[Problem]) {
        for problem in problems {
            match problem.severity {
                Severity::Error => {
                    self.has_errors = true;
                    self.say(BAD, "error", &problem.to_string());
                }
                Severity::Warning => self.say(DOUBTFUL, "warning", &problem.to_string()),
            }
        }
    }

    /// Says what was assumed or passed over.
    pub(crate) fn note(&mut self, text: &str) {
        self.say(Style::new().bold(), "note", text);
    }

    /// Whether an error was reported so far.
    pub(crate) fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// Writes what is still in buffers. A standard output that cannot take the answer makes it none.
    pub(crate) fn finish(mut self, status: Status) -> Status {
        match self.out.flush() {
            Ok(()) => status,
            Err(error) => {
                self.error(&error.into());
                Status::CannotAnswer
            }
        }
    }

    /// A standard error that is closed cannot be told of.
    fn say(&mut self, style: Style, word: &str, text: &str) {
        let lines: Vec<_> = text.lines().map(text::printable).collect();
        let _ = writeln!(self.errors, "{style}{word}{style:#}: {}", lines.join("\n"));
        let _ = self.errors.flush();
    }
}

/// Standard output, buffered. When its reader has gone, what is written vanishes without an error; any other failure is
/// told once.
pub(crate) struct Output {
    writer: BufWriter<Box<dyn Write>>,
    is_colored: bool,
    is_closed: bool,
}

impl Output {
    fn new(choice: ColorChoice) -> Output {
        let stdout = io::stdout();
        let choice = match choice {
            ColorChoice::Auto => AutoStream::choice(&stdout),
            given => given,
        };
        let is_colored = choice != ColorChoice::Never;
        let stdout = stdout.lock();
        // Without colour nothing is styled, and nothing may be stripped from what goes to programs.
        let writer: Box<dyn Write> = if is_colored {
            Box::new(AutoStream::new(stdout, choice))
        } else {
            Box::new(stdout)
        };
        Output {
            writer: BufWriter::with_capacity(1 << 16, writer),
            is_colored,
            is_closed: false,
        }
    }

    /// Whether nothing arrives any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Whether there is colour.
    pub(crate) fn is_colored(&self) -> bool {
        self.is_colored
    }

    /// A line in colour, where there is colour.
    pub(crate) fn line(&mut self, style: Style, text: &str) -> io::Result<()> {
        let style = if self.is_colored { style } else { Style::new() };
        writeln!(self, "{style}{text}{style:#}")
    }

    fn unless_closed<T>(
        &mut self,
        gone: T,
        write: impl FnOnce(&mut BufWriter<Box<dyn Write>>) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.is_closed {
            return Ok(gone);
        }
        match write(&mut self.writer) {
            Ok(written) => Ok(written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.is_closed = true;
                let why = format!("cannot write to standard output: {error}");
                if error.kind() == io::ErrorKind::BrokenPipe {
                    Ok(gone)
                } else {
                    Err(io::Error::new(error.kind(), why))
                }
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_closed(bytes.len(), |writer| writer.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_closed((), Write::flush)
    }
}

/// The colour of a decision.
pub(crate) fn style(decision: Decision) -> Style {
    match decision {
        Decision::Allow => GOOD,
        Decision::ExplicitDeny => BAD,
        Decision::ImplicitDeny => DOUBTFUL,
    }
}

/// The colour of a word on cases or lines of a diff, good or bad.
pub(crate) fn verdict(is_good: bool) -> Style {
    if is_good { GOOD } else { BAD }
}
