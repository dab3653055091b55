//! Reads a request through serde, as strictly as [`Question::parse`](crate::Question::parse) reads a text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::principal::Principal;
use crate::request::{Context, ContextValue, Request};

/// The members of contracts, section 2; serde refuses unknown and doubled ones.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    principal: String,
    #[serde(default)]
    principal_id: Option<String>,
    action: String,
    resource: Resources,
    #[serde(default)]
    context: Context<'static>,
    #[serde(default)]
    resource_group: Option<String>,
    #[serde(default)]
    resource_owner: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Resources {
    One(String),
    Many(Vec<String>),
}

impl<'de> Deserialize<'de> for Request<'static> {
    /// The form that serializing gives (contracts, section 2). A place in the text is not known here; a session policy is no part of it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Request<'static>, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let principal = Principal::parse(&written.principal)
            .map_err(Error::custom)?
            .into_owned();
        let mut resources = match written.resource {
            Resources::One(resource) => vec![resource],
            Resources::Many(resources) => resources,
        }
        .into_iter();
        let first = resources
            .next()
            .ok_or_else(|| Error::custom("resource is an empty list"))?;
        let mut request = Request::new(principal, written.action, first).map_err(Error::custom)?;
        for resource in resources {
            request = request.and_resource(resource).map_err(Error::custom)?;
        }
        if let Some(id) = written.principal_id {
            request = request.with_principal_id(id);
        }
        if let Some(group) = written.resource_group {
            request = request.in_resource_group(group);
        }
        if let Some(owner) = written.resource_owner {
            request = request.owned_by(owner).map_err(Error::custom)?;
        }
        Ok(request.with_context(written.context))
    }
}

impl<'de> Deserialize<'de> for Context<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Context<'static>, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Context<'static>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of condition keys")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Context<'static>, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, ContextValue<'static>>()? {
                    entries.push((Cow::Owned(key), value));
                }
                Context::owned(entries).map_err(Error::custom)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

impl<'de> Deserialize<'de> for ContextValue<'static> {
    fn deserialize<D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ContextValue<'static>, D::Error> {
        deserializer.deserialize_any(Values { in_list: false })
    }
}

/// A string, a number, a boolean, or a list of them; `null` is no value.
struct Values {
    in_list: bool,
}

impl<'de> Visitor<'de> for Values {
    type Value = ContextValue<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, a boolean, or a list of them")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(ContextValue::from(value.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(ContextValue::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(ContextValue::from(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(ContextValue::from(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(ContextValue::from(value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        if self.in_list {
            return Err(Error::custom("a list in a list is no value"));
        }
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(Element)? {
            values.push(value);
        }
        Ok(ContextValue::Many(values))
    }
}

/// One value of a list.
struct Element;

impl<'de> serde::de::DeserializeSeed<'de> for Element {
    type Value = Cow<'static, str>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Cow<'static, str>, D::Error> {
        match deserializer.deserialize_any(Values { in_list: true })? {
            ContextValue::One(value) => Ok(value),
            ContextValue::Many(_) => Err(Error::custom("a list in a list is no value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Request<'static>, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = r#"{"principal":"acs:ram::1:user/a","principal_id":"20","action":"vpc:X","resource":["*","acs:vpc:r:2:x"],"resource_group":"rg","resource_owner":"2","context":{"a:b":["x","1"],"a:c":"true","a:n":"-2.5"}}"#;
        let request = read(text).unwrap();
        assert_eq!(serde_json::to_string(&request).unwrap(), text);
        let bare = r#"{"principal":"anonymous","action":"vpc:X","resource":"*","context":{"a:c":true,"a:n":-2.5,"a:l":[1,false]}}"#;
        let again = r#"{"principal":"anonymous","action":"vpc:X","resource":"*","context":{"a:c":"true","a:n":"-2.5","a:l":["1","false"]}}"#;
        assert_eq!(serde_json::to_string(&read(bare).unwrap()).unwrap(), again);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (text, message) in [
            (
                r#"{"action":"a:b","resource":"*"}"#,
                "missing field `principal`",
            ),
            (
                r#"{"principal":"anonymous","action":"a:b","resource":"*","contxt":{}}"#,
                "unknown field",
            ),
            (
                r#"{"principal":"anonymous","action":"a:b","action":"a:c","resource":"*"}"#,
                "duplicate field",
            ),
            (
                r#"{"principal":"anonymous","action":"a:b","resource":[]}"#,
                "empty list",
            ),
            (
                r#"{"principal":"anonymous","action":"a:*","resource":"*"}"#,
                "wildcard",
            ),
            (
                r#"{"principal":"anonymous","action":"a:b","resource":"*","context":{"a:b":null}}"#,
                "null",
            ),
            (
                r#"{"principal":"anonymous","action":"a:b","resource":"*","context":{"a:b":[["x"]]}}"#,
                "list in a list",
            ),
            (
                r#"{"principal":"anonymous","action":"a:b","resource":"*","context":{"a:b":"1","A:B":"2"}}"#,
                "stands twice",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
