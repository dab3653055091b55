//! Reads a text line by line: one line at a time is in memory.

use std::io::{self, BufRead, BufReader, Read};

use ramgate::LoadError;

/// A longer line is refused, and not kept in memory.
const LINE_BYTES_MAX: usize = 1 << 20;

/// The problems of a line at their place in the whole file.
pub(crate) fn placed(error: &LoadError, number: usize) -> String {
    let problems = error.problems().iter().map(|problem| {
        let mut problem = problem.clone();
        problem.start.line = u32::try_from(number).unwrap_or(u32::MAX);
        problem.to_string()
    });
    problems.collect::<Vec<_>>().join("\n")
}

/// The lines of a text that is not held in memory.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    /// Of the line read last, from 1.
    number: usize,
    line: Vec<u8>,
}

/// A line with its number; an error says what is wrong with it.
pub(crate) type NumberedLine<'l> = (usize, Result<&'l str, String>);

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R) -> Lines<R> {
        Lines {
            reader: BufReader::with_capacity(1 << 16, reader),
            number: 0,
            line: Vec::new(),
        }
    }

    /// Whether the next line is not there yet.
    pub(crate) fn must_wait(&self) -> bool {
        !self.reader.buffer().contains(&b'\n')
    }

    /// The next line, without its end.
    pub(crate) fn next(&mut self) -> io::Result<Option<NumberedLine<'_>>> {
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
