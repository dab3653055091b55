//! Are the parameters of a call those that its operation takes?

use crate::catalog::{Constraint, ErrorCause, OperationFacts, ParameterFacts, ParameterType};
use crate::preflight::Call;
use crate::problem::quoted;
use crate::suggest::closest;

/// A parameter that keeps the call from working.
pub(super) struct Wrong {
    pub(super) parameter: String,
    pub(super) cause: ErrorCause,
    pub(super) reason: String,
}

/// What the check of the parameters found.
#[derive(Default)]
pub(super) struct Checked {
    /// The first parameter that is missing or wrong.
    pub(super) wrong: Option<Wrong>,
    /// What nobody can tell for want of facts.
    pub(super) unknown: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Parameters that every call may have, whatever the operation: they say how it is sent and signed.
const OF_EVERY_CALL: [&str; 12] = [
    "Action",
    "Version",
    "Format",
    "AccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureNonce",
    "SignatureType",
    "Timestamp",
    "SecurityToken",
    "Accept-Language",
];

pub(super) fn check(call: &Call, operation: OperationFacts<'_>) -> Checked {
    let mut checked = Checked::default();
    for parameter in operation.parameters() {
        let name = parameter.name();
        match (given(call, parameter), parameter.is_required()) {
            (None, Some(true)) => {
                let written = call.parameters.iter().map(|(known, _)| known.as_str());
                let mut reason = format!("the required parameter {name} is missing");
                let mut alike = written.filter(|known| known.eq_ignore_ascii_case(name));
                if let Some(alike) = alike.next().filter(|alike| *alike != name) {
                    reason.push_str(&format!(
                        "; {alike} is another name, for letter case counts"
                    ));
                }
                checked.wrong = checked.wrong.or(Some(Wrong {
                    parameter: name.to_owned(),
                    cause: ErrorCause::Missing,
                    reason,
                }));
            }
            (None, None) => checked.unknown.push(match parameter.note() {
                Some(note) => {
                    format!("{name} is missing; whether this call needs it is not known ({note})")
                }
                None => format!("{name} is missing; whether a call needs it is not known"),
            }),
            (None, Some(false)) => {}
            (Some(value), _) => {
                if let Some(reason) = unfit(parameter, value) {
                    checked.wrong = checked.wrong.or(Some(Wrong {
                        parameter: name.to_owned(),
                        cause: ErrorCause::Invalid(Some(name.into())),
                        reason: format!("{name} {reason}"),
                    }));
                }
            }
        }
    }
    match operation.has_all_parameters() {
        Some(true) => checked.notes.extend(strangers(call, operation)),
        _ => checked.unknown.push(format!(
            "not all parameters of {} are listed",
            operation.name()
        )),
    }
    checked
}

/// The value of a parameter; of a list any part of it.
fn given<'c>(call: &'c Call, parameter: ParameterFacts<'_>) -> Option<&'c str> {
    if parameter.parameter_type() != Some(ParameterType::List) {
        return call.parameter(parameter.name());
    }
    let is_part = |name: &str| name.split('.').next() == Some(parameter.name());
    let mut parts = call.parameters.iter();
    parts
        .find(|(name, _)| is_part(name))
        .map(|(_, value)| value.as_str())
}

/// Parameters that the operation does not have: the service does not look at them, but somebody meant something by them.
pub(super) fn strangers<'c>(
    call: &'c Call,
    operation: OperationFacts<'c>,
) -> impl Iterator<Item = String> + use<'c> {
    let known: Vec<&str> = operation.parameters().map(|known| known.name()).collect();
    let strangers = call.parameters.iter().filter(move |(name, _)| {
        operation.parameter(name).is_none() && !OF_EVERY_CALL.contains(&name.as_str())
    });
    strangers.map(move |(name, _)| {
        let mut note = format!("{} has no parameter {}", operation.name(), quoted(name));
        if let Some(meant) = closest(name, &known) {
            note.push_str(&format!("; did you mean {meant}?"));
        }
        note
    })
}

/// Why a value cannot be one of this parameter.
fn unfit(parameter: ParameterFacts<'_>, value: &str) -> Option<String> {
    let shown = quoted(value);
    match parameter.parameter_type() {
        Some(ParameterType::Integer) if value.parse::<i64>().is_err() => {
            return Some(format!("must be a whole number, not {shown}"));
        }
        Some(ParameterType::Boolean) if !matches!(value, "true" | "false") => {
            return Some(format!("must be true or false, not {shown}"));
        }
        _ => {}
    }
    let length = value.chars().count();
    parameter
        .constraints()
        .iter()
        .find_map(|constraint| match constraint {
            Constraint::Ascii if !value.is_ascii() => {
                let bad = value.chars().find(|c| !c.is_ascii())?;
                Some(format!(
                    "must be ASCII; {} is not",
                    quoted(&bad.to_string())
                ))
            }
            Constraint::Min(min) if length < *min => Some(format!(
                "must have at least {min} characters; it has {length}"
            )),
            Constraint::Max(max) if length > *max => Some(format!(
                "may have at most {max} characters; it has {length}"
            )),
            Constraint::From(least) if value.parse::<i64>().is_ok_and(|value| value < *least) => {
                Some(format!("must be at least {least}, not {shown}"))
            }
            Constraint::To(most) if value.parse::<i64>().is_ok_and(|value| value > *most) => {
                Some(format!("must be at most {most}, not {shown}"))
            }
            Constraint::In(words) if !words.iter().any(|word| **word == *value) => {
                Some(format!("must be one of {}, not {shown}", words.join(", ")))
            }
            _ => None,
        })
}
