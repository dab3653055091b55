//! A policy document as other tools carry it: an object, a string that holds JSON, or such a string percent-encoded.

use percent_encoding::percent_decode_str;
use ramgate::{PolicyKind, ProblemKind, Reading, Severity, Source};
use serde_json::Value;

use crate::json::{At, Place};
use crate::report::{Problem, Report};

/// A document, word for word, and where it was found.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) text: String,
    pub(crate) place: Place,
}

impl Document {
    /// The document of a value. Only JSON is looked for here; what it says is read by [`Document::check`].
    ///
    /// # Errors
    /// With what stands there in its place.
    pub(crate) fn of(at: &At<'_>) -> Result<Document, Problem> {
        let of = |text: &str| Document {
            text: text.to_owned(),
            place: at.place.clone(),
        };
        let is_object = |text: &str| {
            let start = text.trim_start();
            start.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        };
        match at.value {
            // A number that is no whole one could be rounded on the way: such a text is taken word for word.
            Value::Object(_) if has_fraction(at.value) => Ok(of(at.place.text())),
            Value::Object(_) => Ok(of(&at.value.to_string())),
            Value::String(text) if is_object(text) => Ok(of(text)),
            // Some answers carry the document percent-encoded. Decoded once and never again: a second time could change what it says.
            Value::String(text) if text.trim_start().starts_with("%7B") => {
                let decoded = percent_decode_str(text.trim()).decode_utf8();
                match decoded {
                    Ok(decoded) if is_object(&decoded) => Ok(of(&decoded)),
                    _ => Err(Problem::of(
                        &at.place,
                        "a percent-encoded text that holds no JSON object, where a policy document was expected",
                    )),
                }
            }
            Value::String(_) => Err(Problem::of(
                &at.place,
                "a string that holds no JSON object, where a policy document was expected",
            )),
            _ => Err(Problem::of(&at.place, "expected a policy document")),
        }
    }

    /// Reads it as a policy of its kind and reports what RAM would not accept.
    pub(crate) fn check(&self, name: &str, reading: Reading, report: &mut Report) {
        let source = Source::new("", self.text.as_str());
        let (_, problems) = ramgate::Document::read(&source, reading);
        for problem in problems {
            // Layout counts in the text that is sent to RAM, and here it need not be that; the snapshot's own check counts without it.
            if problem.kind == ProblemKind::TooLong {
                continue;
            }
            let way = if problem.path.is_empty() {
                String::new()
            } else {
                format!("{}: ", problem.path)
            };
            let (line, column) = (problem.start.line, problem.start.column);
            let message = format!(
                "{name}: {way}{} (line {line}, column {column} of the document)",
                problem.message
            );
            let mut told = Problem::of(&self.place, message);
            told.help = problem.help;
            match problem.severity {
                Severity::Error => report.error(told),
                Severity::Warning => report.warning(told),
            }
        }
    }

    /// Its canonical form, where it has one.
    pub(crate) fn canonical(&self) -> String {
        let source = Source::new("", self.text.as_str());
        ramgate::format(&source).unwrap_or_else(|_| self.text.trim().to_owned())
    }

    /// Whether two say the same: in layout and the order of elements they may differ.
    pub(crate) fn says_the_same(&self, other: &Document) -> bool {
        self.text == other.text || self.canonical() == other.canonical()
    }
}

fn has_fraction(value: &Value) -> bool {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Number(number) if number.is_f64() => return true,
            Value::Array(values) => waiting.extend(values),
            Value::Object(members) => waiting.extend(members.values()),
            _ => {}
        }
    }
    false
}

/// How a kind of policy is read.
pub(crate) fn reading(kind: PolicyKind, is_system: bool, is_lenient: bool) -> Reading {
    let mut reading = Reading::new(kind);
    if is_system {
        reading = reading.system();
    }
    if is_lenient {
        reading = reading.lenient();
    }
    reading
}
