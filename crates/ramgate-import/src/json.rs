//! JSON of other tools: several texts in one file, no member twice, and the way back from a value to its line and column.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ramgate::{Position, Source};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::report::{Problem, Report};

/// One JSON text of a file.
pub(crate) struct Text {
    source: Source,
    /// Where it stands in the file, in bytes.
    start: usize,
    end: usize,
}

/// A step from a value into it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

/// Where a value stands; line and column are counted when they are asked for.
#[derive(Clone)]
pub(crate) struct Place {
    text: Arc<Text>,
    way: Vec<Step>,
    /// What people call it, in place of the way.
    label: Option<Arc<str>>,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file(), self.path())
    }
}

impl Place {
    /// The name of the file.
    pub(crate) fn file(&self) -> &str {
        self.text.source.name()
    }

    /// The way to the value, `Policies.Policy[2].PolicyName` for example.
    pub(crate) fn path(&self) -> String {
        if let Some(label) = &self.label {
            return label.to_string();
        }
        let mut path = String::new();
        for step in &self.way {
            match step {
                Step::Element(index) => path.push_str(&format!("[{index}]")),
                Step::Member(name) if path.is_empty() => path.push_str(name),
                Step::Member(name) => path.push_str(&format!(".{name}")),
            }
        }
        path
    }

    /// Line and column of the value.
    pub(crate) fn position(&self) -> Position {
        let text = self.whole();
        let inside = follow(text, &self.way).map_or(0, |value| {
            // Both point into the same text: what was parsed was borrowed from it.
            (value.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
        });
        self.text.source.position(self.text.start + inside)
    }

    /// The value, word for word.
    pub(crate) fn text(&self) -> &str {
        follow(self.whole(), &self.way).map_or("", RawValue::get)
    }

    /// The same place, by the name that people know it by.
    pub(crate) fn called(mut self, label: &str) -> Place {
        self.label = Some(label.into());
        self
    }

    fn whole(&self) -> &str {
        self.text.source.slice(ramgate::Span {
            start: self.text.start,
            end: self.text.end,
        })
    }
}

/// The value that `way` leads to.
fn follow<'t>(text: &'t str, way: &[Step]) -> Option<&'t RawValue> {
    let mut value: &'t RawValue = serde_json::from_str(text).ok()?;
    for step in way {
        value = match step {
            Step::Member(name) => {
                let members: BTreeMap<String, &'t RawValue> =
                    serde_json::from_str(value.get()).ok()?;
                members.get(name).copied()?
            }
            Step::Element(index) => {
                let elements: Vec<&'t RawValue> = serde_json::from_str(value.get()).ok()?;
                elements.get(*index).copied()?
            }
        };
    }
    Some(value)
}

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct At<'v> {
    pub(crate) value: &'v Value,
    pub(crate) place: Place,
}

impl<'v> At<'v> {
    /// A member that is there and not `null`.
    pub(crate) fn get(&self, name: &str) -> Option<At<'v>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(At {
            value,
            place: self.place_of(name),
        })
    }

    /// A member of a member, and so on.
    pub(crate) fn at(&self, way: &[&str]) -> Option<At<'v>> {
        let mut found = self.clone();
        for name in way {
            found = found.get(name)?;
        }
        Some(found)
    }

    /// The text of a member; of a number too, as some ids are written.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        scalar(self.value.get(name)?)
    }

    /// A member that is `true`.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.value.get(name) == Some(&Value::Bool(true))
    }

    /// Where a member stands, or would.
    pub(crate) fn place_of(&self, name: &str) -> Place {
        let mut place = self.place.clone();
        place.way.push(Step::Member(name.to_owned()));
        place
    }

    /// The elements of an array; none for anything else.
    pub(crate) fn elements(&self) -> Vec<At<'v>> {
        let values = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        let of = |(index, value)| {
            let mut place = self.place.clone();
            place.way.push(Step::Element(index));
            At { value, place }
        };
        values.iter().enumerate().map(of).collect()
    }

    /// The elements of a member.
    pub(crate) fn elements_of(&self, name: &str) -> Vec<At<'v>> {
        self.get(name).map(|at| at.elements()).unwrap_or_default()
    }

    /// The members of an object.
    pub(crate) fn members(&self) -> Vec<(&'v str, At<'v>)> {
        let members = self.value.as_object().into_iter().flatten();
        let of = |(name, value): (&'v String, &'v Value)| {
            let place = self.place_of(name);
            (name.as_str(), At { value, place })
        };
        members.map(of).collect()
    }
}

/// A string or a number as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A JSON text that was read.
pub(crate) struct Read {
    value: Value,
    text: Arc<Text>,
}

impl Read {
    pub(crate) fn root(&self) -> At<'_> {
        At {
            value: &self.value,
            place: Place {
                text: Arc::clone(&self.text),
                way: Vec::new(),
                label: None,
            },
        }
    }
}

/// Every JSON text of a file: one, or one after the other. What is no JSON is reported with its place.
pub(crate) fn read(source: &Source, report: &mut Report) -> Vec<Read> {
    let text = source.text().trim_start_matches('\u{feff}');
    let skipped = source.text().len() - text.len();
    let mut found = Vec::new();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Unique>();
    loop {
        let start = stream.byte_offset();
        let value = match stream.next() {
            None => return found,
            Some(Err(error)) => {
                let (line, column) = (error.line(), error.column());
                let message = error.to_string();
                let place = format!(" at line {line} column {column}");
                let message = message.strip_suffix(&place).unwrap_or(&message);
                let problem = Problem::in_file(source.name(), format!("no JSON: {message}"));
                report.error(problem.at(line, column));
                return found;
            }
            Some(Ok(Unique(value))) => value,
        };
        let (start, end) = (skipped + start, skipped + stream.byte_offset());
        let blank = source.slice(ramgate::Span { start, end });
        let start = start + (blank.len() - blank.trim_start().len());
        let text = Arc::new(Text {
            source: source.clone(),
            start,
            end,
        });
        found.push(Read { value, text });
    }
}

/// A value whose objects have no member twice: which of two would count, nobody can say.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Unique, D::Error> {
        deserializer.deserialize_any(Values).map(Unique)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = elements.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Unique(value) = members.next_value()?;
            if map.contains_key(&name) {
                return Err(A::Error::custom(format!("member {name:?} stands twice")));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_into_the_file() {
        let source = Source::new("f", "{\"a\": 1}\n{\"b\": [\n  {\"c\\u0064\": \"x\"}]}\n");
        let mut report = Report::default();
        let read = read(&source, &mut report);
        assert!(report.errors.is_empty() && read.len() == 2);
        let deep = read[1].root().elements_of("b")[0].get("cd").unwrap();
        assert_eq!(
            (deep.place.position().to_string(), deep.place.path()),
            ("3:15".to_owned(), "b[0].cd".to_owned())
        );
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for (text, wanted) in [
            (
                "{\"a\": 1,\n \"a\": 2}",
                "f:2:8: no JSON: member \"a\" stands twice",
            ),
            ("{\"a\": }", "f:1:7: no JSON: expected value"),
            ("ERROR: SDK.ServerError\n", "f:1:1: no JSON: expected value"),
        ] {
            let mut report = Report::default();
            read(&Source::new("f", text), &mut report);
            let told: Vec<String> = report.errors.iter().map(Problem::to_string).collect();
            assert_eq!(told, [wanted], "{text}");
        }
    }
}
