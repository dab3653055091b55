//! What is found in a file while it is gone through.

use crate::carrier::{Carried, Carrier, CarrierFormat, UNKNOWN, Unread};
use crate::document::Reading;
use crate::json::{Node, Value};
use crate::source::{Source, Span, Woven};

/// The policies of a file, and those that cannot be looked at.
#[derive(Default)]
pub(super) struct Gathered {
    documents: Vec<Carried>,
    unread: Vec<Unread>,
}

impl Gathered {
    pub(super) fn into_carrier(self, format: CarrierFormat) -> Carrier {
        Carrier {
            format,
            documents: self.documents,
            unread: self.unread,
        }
    }

    pub(super) fn append(&mut self, other: Gathered) {
        self.documents.extend(other.documents);
        self.unread.extend(other.unread);
    }

    /// A document as a value, or as a string that holds it. Nothing stands at `null`, nor in an empty string.
    pub(super) fn document(&mut self, node: Node<'_>, reading: Reading, place: String) {
        let (source, reading) = match node.value() {
            Value::Null => return,
            Value::String(text) if text.trim().is_empty() => return,
            Value::String(text) => (of_string(node, text), reading),
            _ => (Source::part(node.source(), node.span()), reading.inside()),
        };
        self.documents.push(Carried {
            source,
            reading,
            place,
            unknown: Vec::new(),
            opened_at: None,
        });
    }

    /// A document as a value, parts of which the file does not tell: `unknown` are their places, in the order of the text.
    pub(super) fn partly_known(
        &mut self,
        node: Node<'_>,
        unknown: &[Span],
        reading: Reading,
        place: String,
    ) {
        let mut woven = Woven::default();
        let mut places = Vec::new();
        let Span { mut start, end } = node.span();
        for span in unknown {
            let before = Span {
                start,
                end: span.start,
            };
            woven.copy(node.source().slice(before), start);
            let begins = woven.len();
            woven.instead(&format!("\"{UNKNOWN}\""), *span);
            places.push(Span {
                start: begins,
                end: woven.len(),
            });
            start = span.end;
        }
        woven.copy(node.source().slice(Span { start, end }), start);
        self.documents.push(Carried {
            source: woven.into_source(node.source()),
            reading: reading.inside(),
            place,
            unknown: places,
            opened_at: None,
        });
    }

    pub(super) fn unread(&mut self, node: Node<'_>, place: String, reason: impl Into<String>) {
        self.unread.push(Unread {
            place,
            at: node.source().position(node.span().start),
            reason: reason.into(),
        });
    }
}

/// Some answers hold the document percent-encoded. It is decoded once, where it cannot be JSON as it stands.
fn of_string(node: Node<'_>, text: &str) -> Source {
    let source = Source::embedded(node.source(), node.span(), text.to_owned());
    let begins = text.trim_start().get(..3);
    if !begins.is_some_and(|begin| begin.eq_ignore_ascii_case("%7b")) {
        return source;
    }
    percent_decoded(&source).unwrap_or(source)
}

fn percent_decoded(source: &Source) -> Option<Source> {
    let text = source.text();
    let mut woven = Woven::default();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find('%').unwrap_or(rest.len());
        woven.copy(rest.get(..plain)?, at);
        at += plain;
        if plain < rest.len() {
            let (character, end) = encoded_character(text, at)?;
            let mut buffer = [0; 4];
            woven.instead(character.encode_utf8(&mut buffer), Span { start: at, end });
            at = end;
        }
    }
    Some(woven.into_source(source))
}

/// The character that `%e4%bd%a0` stands for, and where that ends.
fn encoded_character(text: &str, start: usize) -> Option<(char, usize)> {
    let mut bytes = Vec::with_capacity(4);
    for count in 1..=4 {
        let at = start + 3 * (count - 1);
        let digits = text.get(at..at + 3)?.strip_prefix('%')?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        if let Ok(decoded) = std::str::from_utf8(&bytes) {
            return Some((decoded.chars().next()?, start + 3 * count));
        }
    }
    None
}
