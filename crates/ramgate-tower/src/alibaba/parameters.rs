//! Reads the parameters of a call so that there is one way only to understand them, or refuses it.
//!
//! Servers differ in what they make of a parameter that is sent twice, in both query and body, in another letter case, or badly encoded. What
//! is decided on must be what the upstream reads; so a call that two servers could read differently is no call that can be decided.

use percent_encoding::percent_decode;

use crate::denial::Refusal;

/// More than any operation has; each is compared with each other by sorting.
const PARAMETERS_MAX: usize = 2_000;

/// The parameters of a call, decoded, each name once whatever its letter case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Sorted by name in lower case.
    entries: Vec<(String, String)>,
}

impl Parameters {
    /// Those of the query and of the body of a form.
    pub(crate) fn read(query: &str, form: &[u8]) -> Result<Parameters, Refusal> {
        let mut entries = Vec::new();
        for (bytes, place) in [(query.as_bytes(), "query"), (form, "body")] {
            for pair in bytes
                .split(|byte| *byte == b'&')
                .filter(|pair| !pair.is_empty())
            {
                if entries.len() == PARAMETERS_MAX {
                    let message = format!("the call has more than {PARAMETERS_MAX} parameters");
                    return Err(Refusal::new(message));
                }
                entries.push(parameter(pair, place)?);
            }
        }
        entries.sort_by_cached_key(|(name, _)| name.to_ascii_lowercase());
        for pair in entries.windows(2) {
            if let [(first, _), (second, _)] = pair
                && first.eq_ignore_ascii_case(second)
            {
                let message = if first == second {
                    format!("parameter {first} is sent twice")
                } else {
                    format!("parameters {first} and {second} differ by letter case only")
                };
                return Err(Refusal::new(message));
            }
        }
        Ok(Parameters { entries })
    }

    /// The value of a parameter that is written exactly so.
    ///
    /// # Errors
    /// When it is there in another letter case: servers differ in whether they read it.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let lower = name.to_ascii_lowercase();
        let found = self
            .entries
            .binary_search_by(|(other, _)| other.to_ascii_lowercase().cmp(&lower));
        match found.ok().and_then(|index| self.entries.get(index)) {
            Some((written, value)) if written == name => Ok(Some(value)),
            Some((written, _)) => Err(Refusal::new(format!(
                "parameter {written} must be written {name}"
            ))),
            None => Ok(None),
        }
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn parameter(pair: &[u8], place: &str) -> Result<(String, String), Refusal> {
    let mut sides = pair.splitn(2, |byte| *byte == b'=');
    let name = sides.next().unwrap_or_default();
    let value = sides.next().unwrap_or_default();
    let name = decode(name, place)?;
    // The names of all interfaces are of these; anything else is read differently somewhere: brackets make lists, spaces are cut off.
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || !name.bytes().all(usual) {
        let message = format!("the {place} has a parameter whose name is not plain: {name:?}");
        return Err(Refusal::new(message));
    }
    Ok((name, decode(value, place)?))
}

/// Undoes percent-encoding. `+` means a space in a form and itself elsewhere: it is kept, and no name or id holds either.
fn decode(encoded: &[u8], place: &str) -> Result<String, Refusal> {
    let refused = |what: &str| Err(Refusal::new(format!("the {place} of the call {what}")));
    if encoded.contains(&b';') {
        // To some servers `;` parts parameters.
        return refused("holds an unencoded ;");
    }
    let mut rest = encoded;
    while let Some(percent) = rest.iter().position(|byte| *byte == b'%') {
        let hex = rest.get(percent + 1..percent + 3);
        if !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) {
            return refused("holds a % that encodes nothing");
        }
        rest = rest.get(percent + 3..).unwrap_or_default();
    }
    match percent_decode(encoded).decode_utf8() {
        Ok(text) if text.contains('\0') => refused("holds a null character"),
        Ok(text) => Ok(text.into_owned()),
        Err(_) => refused("is not UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn refused(query: &str, form: &str) -> String {
        Parameters::read(query, form.as_bytes())
            .unwrap_err()
            .message
    }

    #[test]
    fn each_parameter_is_read_once() {
        let read = Parameters::read("A=1&b=%C3%A9&C", b"D=x%3Dy=z").unwrap();
        let all: Vec<_> = read.iter().collect();
        assert_eq!(all, [("A", "1"), ("b", "é"), ("C", ""), ("D", "x=y=z")]);
        assert_eq!(read.get("A"), Ok(Some("1")));
        assert_eq!(read.get("E"), Ok(None));
        assert_eq!(
            read.get("a").unwrap_err().message,
            "parameter A must be written a"
        );
    }

    #[test]
    fn what_two_servers_could_read_differently_is_refused() {
        assert_eq!(refused("A=1&A=1", ""), "parameter A is sent twice");
        assert_eq!(refused("A=1", "A=2"), "parameter A is sent twice");
        assert_eq!(refused("A=1", "%41=2"), "parameter A is sent twice");
        assert_eq!(
            refused("Action=1&action=2", ""),
            "parameters Action and action differ by letter case only"
        );
        assert_eq!(
            refused("A=%zz", ""),
            "the query of the call holds a % that encodes nothing"
        );
        assert_eq!(
            refused("A=%4", ""),
            "the query of the call holds a % that encodes nothing"
        );
        assert_eq!(refused("", "A=%ff"), "the body of the call is not UTF-8");
        assert_eq!(
            refused("A=1;B=2", ""),
            "the query of the call holds an unencoded ;"
        );
        assert_eq!(
            refused("A=%00", ""),
            "the query of the call holds a null character"
        );
        for name in ["A[]=1", "A%20=1", "+A=1", "=1", "A%5B0%5D=1"] {
            assert!(refused(name, "").contains("not plain"), "{name}");
        }
    }
}
