//! JSON of other protocols, read strictly: no member twice, at any depth, and an error has its place in the whole text.

use std::collections::HashSet;
use std::fmt;

use ramgate::{Position, Source};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::Refusal;

/// Checks a whole text: that it is JSON, and that no object has a member twice. Nesting is bounded by serde_json, at 128 levels.
///
/// # Errors
/// With the first place where it is not so.
pub(crate) fn check(source: &Source) -> Result<(), Refusal> {
    serde_json::from_str::<Distinct>(source.text())
        .map(|Distinct| ())
        .map_err(|error| refusal(source, "", 0, &error))
}

/// Reads a part of a source's text, which [`check`] has seen, as an object.
///
/// # Errors
/// When it is none, or its members are not those that are expected.
pub(crate) fn object<'s, T: Deserialize<'s>>(
    source: &'s Source,
    part: &'s str,
    what: &str,
) -> Result<T, Refusal> {
    // Its place in the source's text, of which it is a part.
    let start = (part.as_ptr() as usize).saturating_sub(source.text().as_ptr() as usize);
    let blank = part.len() - part.trim_start().len();
    if !part.trim_start().starts_with('{') {
        let message = format!("{what}expected an object");
        return Err(Refusal::at(source.position(start + blank), message));
    }
    // serde would take an array for a struct, too.
    serde_json::from_str(part).map_err(|error| refusal(source, what, start, &error))
}

/// A string, a number as it is written, or a boolean; `None` for everything else.
pub(crate) fn scalar(value: &RawValue) -> Option<String> {
    let text = value.get();
    match text.as_bytes().first()? {
        b'"' => serde_json::from_str(text).ok(),
        b't' | b'f' | b'-' | b'0'..=b'9' => Some(text.to_owned()),
        _ => None,
    }
}

/// The elements of an array; `None` where it is none.
pub(crate) fn array(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

fn refusal(source: &Source, what: &str, start: usize, error: &serde_json::Error) -> Refusal {
    let base = source.position(start);
    let line = u32::try_from(error.line().max(1)).unwrap_or(u32::MAX);
    let column = u32::try_from(error.column().max(1)).unwrap_or(u32::MAX);
    let position = Position {
        line: base.line + line - 1,
        column: if line == 1 {
            base.column + column - 1
        } else {
            column
        },
    };
    let message = error.to_string();
    // serde_json appends its own place.
    let message = message.split(" at line ").next().unwrap_or_default();
    Refusal::at(position, format!("{what}{message}"))
}

/// Any value in which no member stands twice.
struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Distinct, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Distinct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_str<E>(self, _: &str) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Distinct, A::Error> {
        while elements.next_element::<Distinct>()?.is_some() {}
        Ok(Distinct)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Distinct, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if seen.contains(&name) {
                let shown: String = name.chars().take(80).collect();
                return Err(de::Error::custom(format_args!(
                    "duplicate member {shown:?}"
                )));
            }
            seen.insert(name);
            members.next_value::<Distinct>()?;
        }
        Ok(Distinct)
    }
}
