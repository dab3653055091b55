//! What an import has to say: what stops it, what it left open, what it assumed.

use std::fmt;

use crate::json::Place;

/// One thing that is wrong, missing or assumed, with its place where there is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as the caller named it; empty where it is of no file.
    pub file: String,
    /// Line and column, from 1.
    pub position: Option<(usize, usize)>,
    /// The way to the value, or the address of the Terraform resource.
    pub path: String,
    /// What was found and what was expected.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// Of a whole file.
    pub(crate) fn in_file(file: &str, message: impl Into<String>) -> Problem {
        Problem {
            file: file.to_owned(),
            position: None,
            path: String::new(),
            message: message.into(),
            help: None,
        }
    }

    /// Of no file: of what is missing.
    pub(crate) fn of_all(message: impl Into<String>) -> Problem {
        Problem::in_file("", message)
    }

    /// Of a value.
    pub(crate) fn of(place: &Place, message: impl Into<String>) -> Problem {
        let position = place.position();
        Problem {
            path: place.path(),
            ..Problem::in_file(place.file(), message)
        }
        .at(position.line as usize, position.column as usize)
    }

    pub(crate) fn at(mut self, line: usize, column: usize) -> Problem {
        self.position = Some((line, column));
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
            if let Some((line, column)) = self.position {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

/// Everything that an import has to say beside its result.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Why there is no snapshot; empty when there is one.
    pub errors: Vec<Problem>,
    /// What the snapshot does not know.
    pub warnings: Vec<Problem>,
    /// What was assumed or passed over without harm.
    pub notes: Vec<Problem>,
}

impl Report {
    pub(crate) fn error(&mut self, problem: Problem) {
        self.errors.push(problem);
    }

    pub(crate) fn warning(&mut self, problem: Problem) {
        self.warnings.push(problem);
    }

    pub(crate) fn note(&mut self, problem: Problem) {
        self.notes.push(problem);
    }

    /// In the order of files and places, each once.
    pub(crate) fn sort(&mut self) {
        for problems in [&mut self.errors, &mut self.warnings, &mut self.notes] {
            problems.sort();
            problems.dedup();
        }
    }
}
