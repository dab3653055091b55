//! JSON of other protocols, read strictly: no member twice, at any depth, and an error has its place in the whole text.

use std::borrow::Cow;
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

/// Reads a part of a source's text, which [`check`] has seen, as an object. `what` it is, is told of what is wrong with it.
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
        let message = about(what, "expected an object");
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
    let text = value.get();
    // To find out by an error costs as much as all the rest of reading a question.
    let elements = text.starts_with('[').then(|| serde_json::from_str(text));
    elements?.ok()
}

/// A text, copied only where it is written with escapes.
#[derive(Deserialize)]
struct Text<'s>(#[serde(borrow)] Cow<'s, str>);

/// The members of an object that [`check`] has seen, in the order of their names.
#[derive(Default)]
pub(crate) struct Members<'s>(Vec<(Cow<'s, str>, &'s RawValue)>);

impl<'s> Members<'s> {
    pub(crate) fn get(&self, name: &str) -> Option<&'s RawValue> {
        let found = self.0.binary_search_by(|(other, _)| (**other).cmp(name));
        self.0.get(found.ok()?).map(|(_, value)| *value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'s RawValue)> {
        self.0.iter().map(|(name, value)| (&**name, *value))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut given: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = given.next_entry()? {
                    members.push((name, value));
                }
                members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
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
    Refusal::at(position, about(what, message))
}

fn about(what: &str, message: &str) -> String {
    let colon = if what.is_empty() { "" } else { ": " };
    format!("{what}{colon}{message}")
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
        let mut seen = Names::default();
        while let Some(Text(name)) = members.next_key()? {
            if seen.contains(&name) {
                let shown: String = name.chars().take(80).collect();
                return Err(de::Error::custom(format_args!(
                    "duplicate member {shown:?}"
                )));
            }
            seen.add(name);
            members.next_value::<Distinct>()?;
        }
        Ok(Distinct)
    }
}

/// How many names are compared one by one.
const FEW: usize = 16;

/// The names of an object's members: the first few, of which there are no more mostly, and the rest.
#[derive(Default)]
struct Names<'s> {
    few: Vec<Cow<'s, str>>,
    rest: HashSet<Cow<'s, str>>,
}

impl<'s> Names<'s> {
    fn contains(&self, name: &str) -> bool {
        self.few.iter().any(|other| other == name) || self.rest.contains(name)
    }

    fn add(&mut self, name: Cow<'s, str>) {
        if self.few.len() < FEW {
            self.few.push(name);
        } else {
            self.rest.insert(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object_of(names: impl IntoIterator<Item = String>) -> String {
        let members = names.into_iter().map(|name| format!("{name}: 0"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
    }

    fn problem(text: &str) -> Option<String> {
        let refused = check(&Source::new("request", text)).err();
        refused.map(|refusal| refusal.message().to_owned())
    }

    #[test]
    fn a_member_that_stands_twice_is_found_wherever_it_stands() {
        for count in [1, 2, FEW - 1, FEW, FEW + 1, 3 * FEW] {
            let names = || (0..count).map(|number| format!("\"é{number}\""));
            assert_eq!(problem(&object_of(names())), None, "{count}");
            for twice in 0..count {
                for again in [format!("\"é{twice}\""), format!("\"\\u00e9{twice}\"")] {
                    let text = object_of(names().chain([again]));
                    let found = problem(&text).unwrap_or_default();
                    let expected = format!("duplicate member \"é{twice}\"");
                    assert!(found.ends_with(&expected), "{text}: {found}");
                    let inside = format!("{{\"a\": [1, {text}]}}");
                    assert!(problem(&inside).is_some(), "{inside}");
                }
            }
        }
    }

    #[test]
    fn members_are_found_by_what_their_names_mean() {
        let text = r#"{"b": 2, "\u0061": "x", "c": [1, "y"]}"#;
        let members: Members<'_> = serde_json::from_str(text).unwrap();
        let names: Vec<&str> = members.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let value = |name: &str| members.get(name).map(RawValue::get);
        assert_eq!(value("a"), Some(r#""x""#));
        assert_eq!(value("b"), Some("2"));
        assert_eq!(value("d"), None);
        let elements = |name: &str| members.get(name).and_then(array);
        assert_eq!(elements("c").map(|all| all.len()), Some(2));
        assert!(elements("a").is_none() && elements("b").is_none());
    }
}
