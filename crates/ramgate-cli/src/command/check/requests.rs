//! Answers requests line by line: one line is read, one line is written, and nothing is kept.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use ramgate::{Decision, Explanation, Question, Source};

use crate::args::AnswerFormat;
use crate::clock::{self, Clock};
use crate::command::Status;
use crate::command::check::basis::Basis;
use crate::input;
use crate::lines::{Lines, placed};
use crate::output::json::{self, BadLine};
use crate::output::{Console, Output, text};

/// Answers every line of a file, or of standard input.
///
/// # Errors
/// When the file cannot be read, or standard output cannot be written to. A bad line is answered as such.
pub(crate) fn run(
    path: &Path,
    basis: &mut Basis,
    clock: &Clock,
    format: AnswerFormat,
    console: &mut Console,
) -> anyhow::Result<Status> {
    let name = input::name(path);
    let mut lines = Lines::new(input::open(path)?);
    let mut stream = Stream {
        name: &name,
        basis,
        clock,
        format,
        has_noted_time: false,
    };
    let mut status = Status::Yes;
    while !console.out.is_closed() {
        if lines.must_wait() {
            // Who writes one request and waits for its answer gets it.
            console.out.flush()?;
        }
        let line = lines
            .next()
            .with_context(|| format!("{name}: cannot be read"))?;
        let Some((number, line)) = line else { break };
        let answered = match line {
            Ok(line) if line.trim_ascii().is_empty() => continue,
            Ok(line) => stream.answer(number, line, console)?,
            Err(error) => stream.refuse(number, &format!("{name}:{number}: {error}"), console)?,
        };
        status = status.worse(answered);
    }
    Ok(status)
}

struct Stream<'s> {
    name: &'s str,
    basis: &'s mut Basis,
    clock: &'s Clock,
    format: AnswerFormat,
    has_noted_time: bool,
}

impl Stream<'_> {
    fn answer(
        &mut self,
        number: usize,
        line: &str,
        console: &mut Console,
    ) -> anyhow::Result<Status> {
        let question = match Question::parse(&Source::new(self.name, line)) {
            Ok(question) => question,
            Err(error) => return self.refuse(number, &placed(&error, number), console),
        };
        let (question, assumed) = self.clock.complete(question);
        if assumed.is_some() {
            self.note_time(line, console);
        }
        match self.decide(&question, console) {
            Ok(answer) => {
                answer.write(&mut console.out)?;
                Ok(if answer.is_allowed() {
                    Status::Yes
                } else {
                    Status::No
                })
            }
            Err(error) => self.refuse(
                number,
                &format!("{}:{number}: {}", self.name, text::error(&error)),
                console,
            ),
        }
    }

    fn decide(&mut self, question: &Question, console: &mut Console) -> anyhow::Result<Answer> {
        let assignment = self.basis.assignment(&question.request, console)?;
        Ok(match self.format {
            AnswerFormat::Text => Answer::Word(assignment.decide(question)?),
            AnswerFormat::Json => Answer::Whole(Box::new(assignment.explain(question)?)),
        })
    }

    fn refuse(&self, number: usize, error: &str, console: &mut Console) -> anyhow::Result<Status> {
        match self.format {
            AnswerFormat::Json => json::line(
                &BadLine {
                    error,
                    line: number,
                },
                &mut console.out,
            )?,
            AnswerFormat::Text => {
                let line: Vec<_> = error.lines().map(text::printable).collect();
                writeln!(console.out, "error: {}", line.join("; "))?;
            }
        }
        Ok(Status::CannotAnswer)
    }

    fn note_time(&mut self, line: &str, console: &mut Console) {
        let may_matter = self.basis.mentions_current_time() || clock::is_mentioned(line);
        if self.format == AnswerFormat::Text && may_matter && !self.has_noted_time {
            self.has_noted_time = true;
            console.note(&format!(
                "acs:CurrentTime taken as {}, where a request does not give it",
                self.clock
            ));
        }
    }
}

/// What is written for one request.
enum Answer {
    Word(Decision),
    Whole(Box<Explanation>),
}

impl Answer {
    fn is_allowed(&self) -> bool {
        match self {
            Answer::Word(decision) => decision.is_allow(),
            Answer::Whole(explanation) => explanation.allowed,
        }
    }

    fn write(&self, out: &mut Output) -> io::Result<()> {
        match self {
            Answer::Word(decision) => writeln!(out, "{decision}"),
            Answer::Whole(explanation) => json::line(explanation, out),
        }
    }
}
