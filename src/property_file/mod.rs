//! Property files: policies or a snapshot, and what must hold of them over all requests.

mod check;
mod read;

use crate::account::Assignment;
use crate::analysis::{Confirmed, Shape, Verdict};
use crate::policy::Policies;

/// A file of properties.
#[derive(Debug)]
pub struct PropertyFile {
    assignment: Assignment,
    properties: Vec<StatedProperty>,
}

/// One property of a file.
#[derive(Debug)]
pub struct StatedProperty {
    name: String,
    why: Option<String>,
    rules: Vec<String>,
    /// Its place, `file:line:column`.
    at: String,
    claim: Claim,
}

/// What is claimed.
#[derive(Debug)]
enum Claim {
    Never(Asked),
    Always(Asked),
    Only { within: Asked, only: Asked },
    Implies { within: Asked, other: Box<Policies> },
}

/// Requests of a shape by some callers.
#[derive(Debug, Default)]
struct Asked {
    shape: Shape,
    /// The actions of the shape.
    actions: Vec<String>,
    /// Patterns of callers; empty for everybody.
    principals: Vec<String>,
}

/// What became of a property of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Proof {
    /// Whether it holds.
    pub verdict: Verdict,
    /// Requests against it, each confirmed by the evaluation of everything that is known.
    pub witnesses: Vec<Confirmed>,
    /// Why it is not known.
    pub unknown: Vec<String>,
}

impl PropertyFile {
    /// The properties, in the order of the file.
    pub fn properties(&self) -> &[StatedProperty] {
        &self.properties
    }
}

impl StatedProperty {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why it is demanded, if the file says so.
    pub fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// The rules that it is there for: whatever the file's authors number theirs by.
    pub fn rules(&self) -> &[String] {
        &self.rules
    }

    /// Its place, `file:line:column`.
    pub fn at(&self) -> &str {
        &self.at
    }

    /// `never`, `always`, `only` or `implies`.
    pub fn form(&self) -> &'static str {
        match self.claim {
            Claim::Never(_) => "never",
            Claim::Always(_) => "always",
            Claim::Only { .. } => "only",
            Claim::Implies { .. } => "implies",
        }
    }
}
