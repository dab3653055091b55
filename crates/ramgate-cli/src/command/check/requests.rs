//! Answers requests line by line: one line is read, one line is written, and nothing is kept.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use anyhow::Context;
use ramgate::{Decision, Explanation, LoadError, Question, Source};

use crate::args::AnswerFormat;
use crate::clock::{self, Clock};
use crate::command::Status;
use crate::command::check::basis::Basis;
use crate::input;
use crate::output::json::{self, BadLine};
use crate::output::{Console, Output, text};

/// A longer line is refused, and not kept in memory.
const LINE_BYTES_MAX: usize = 1 << 20;

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
        status = worse(status, answered);
    }
    Ok(status)
}

/// One denial makes the whole no; one bad line makes it no answer.
fn worse(a: Status, b: Status) -> Status {
    match (a, b) {
        (Status::CannotAnswer, _) | (_, Status::CannotAnswer) => Status::CannotAnswer,
        (Status::No, _) | (_, Status::No) => Status::No,
        _ => Status::Yes,
    }
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

/// The problems of a line at their place in the whole file.
fn placed(error: &LoadError, number: usize) -> String {
    let problems = error.problems().iter().map(|problem| {
        let mut problem = problem.clone();
        problem.start.line = u32::try_from(number).unwrap_or(u32::MAX);
        problem.to_string()
    });
    problems.collect::<Vec<_>>().join("\n")
}

/// The lines of a text that is not held in memory.
struct Lines<R> {
    reader: BufReader<R>,
    /// Of the line read last, from 1.
    number: usize,
    line: Vec<u8>,
}

/// A line with its number; an error says what is wrong with it.
type NumberedLine<'l> = (usize, Result<&'l str, String>);

impl<R: Read> Lines<R> {
    fn new(reader: R) -> Lines<R> {
        Lines {
            reader: BufReader::with_capacity(1 << 16, reader),
            number: 0,
            line: Vec::new(),
        }
    }

    /// Whether the next line is not there yet.
    fn must_wait(&self) -> bool {
        !self.reader.buffer().contains(&b'\n')
    }

    /// The next line, without its end.
    fn next(&mut self) -> io::Result<Option<NumberedLine<'_>>> {
        self.line.clear();
        let mut length = 0;
        let mut is_ended = false;
        while !is_ended {
            let chunk = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                chunk => chunk?,
            };
            if chunk.is_empty() {
                break;
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            is_ended = end.is_some();
            length += part.len();
            if length <= LINE_BYTES_MAX {
                self.line.extend_from_slice(part);
            }
            let consumed = part.len() + usize::from(is_ended);
            self.reader.consume(consumed);
        }
        if length == 0 && !is_ended {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some((self.number, self.checked(length))))
    }

    fn checked(&self, length: usize) -> Result<&str, String> {
        if length > LINE_BYTES_MAX {
            return Err(format!(
                "the line has {length} bytes; at most {LINE_BYTES_MAX} are read"
            ));
        }
        std::str::from_utf8(&self.line).map_err(|error| {
            let valid = self.line.get(..error.valid_up_to()).unwrap_or_default();
            let column = String::from_utf8_lossy(valid).chars().count() + 1;
            format!("the byte at column {column} is no UTF-8")
        })
    }
}
