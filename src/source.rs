//! A named text, and the way from byte offsets in it to lines and columns as a person counts them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use memchr::{memchr, memchr_iter, memrchr};
use serde::Serialize;

/// A part of a text, in bytes: from `start` up to, not including, `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the type's first line says it all")]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

/// A place in a text: line and column count from 1, columns in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[allow(missing_docs, reason = "the type's first line says it all")]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A text and the name it goes by in messages, cheap to clone.
///
/// ```
/// let source = ramgate::Source::new("net-ops.json", "{\n  \"Version\": \"1\"\n}");
/// assert_eq!(source.position(4).to_string(), "2:3");
/// ```
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    text: String,
    /// The line that the text begins with: of a line of JSON Lines, its number.
    first_line: u32,
    /// The place of every `STRIDE`-th byte or so, made when first asked for.
    marks: OnceLock<Vec<Mark>>,
    origin: Option<Origin>,
}

#[derive(Clone, Copy)]
struct Mark {
    offset: usize,
    position: Position,
}

/// Where an embedded text stands: a string literal of another source.
struct Origin {
    source: Source,
    literal: Span,
    /// Made when first asked for.
    marks: OnceLock<Vec<(usize, usize)>>,
}

/// A position costs at most a scan of this many bytes, also in a file that is one long line.
const STRIDE: usize = 512;

impl Source {
    /// A text with the name that messages call it by, a path as a rule.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<String>) -> Source {
        Source(Arc::new(Inner {
            name: name.into(),
            text: text.into(),
            first_line: 1,
            marks: OnceLock::new(),
            origin: None,
        }))
    }

    /// One line of a file of lines.
    pub(crate) fn line(&self, number: u32, text: &str) -> Source {
        Source(Arc::new(Inner {
            name: self.shared_name(),
            text: text.to_owned(),
            first_line: number,
            marks: OnceLock::new(),
            origin: None,
        }))
    }

    /// A document that stands in `origin` as a string literal (`"document": "{\"Version\": …}"`).
    /// Positions in it are given where the user sees them: in the outer file.
    pub(crate) fn embedded(origin: &Source, literal: Span, text: String) -> Source {
        let origin_of = Origin {
            source: origin.clone(),
            literal,
            marks: OnceLock::new(),
        };
        Source(Arc::new(Inner {
            name: Arc::clone(&origin.0.name),
            text,
            first_line: 1,
            marks: OnceLock::new(),
            origin: Some(origin_of),
        }))
    }

    /// The name given to [`Source::new`].
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.0.name)
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The text of a span, empty where the span is none of this text.
    pub fn slice(&self, span: Span) -> &str {
        self.0.text.get(span.start..span.end).unwrap_or_default()
    }

    /// Line and column of a byte offset; past the end counts as the end.
    pub fn position(&self, offset: usize) -> Position {
        match &self.0.origin {
            Some(origin) => {
                let literal = origin.source.slice(origin.literal);
                let marks = origin.marks.get_or_init(|| literal_marks(literal));
                let raw = raw_offset(literal, marks, offset);
                origin.source.position(origin.literal.start + raw)
            }
            None => self.own_position(offset),
        }
    }

    fn own_position(&self, offset: usize) -> Position {
        let text = &self.0.text;
        let end = boundary(text, offset);
        let start = Mark {
            offset: 0,
            position: Position {
                line: self.0.first_line,
                column: 1,
            },
        };
        if end <= STRIDE {
            return start.moved(text, end).position;
        }
        let marks = self.0.marks.get_or_init(|| marks(text, start));
        let after = marks.partition_point(|mark| mark.offset <= end);
        let mark = after.checked_sub(1).and_then(|index| marks.get(index));
        mark.copied().unwrap_or(start).moved(text, end).position
    }

    /// Positions of offsets that are asked for in their order.
    pub(crate) fn positions(&self) -> Positions<'_> {
        let outer = self.0.origin.as_ref().map(|origin| Outer {
            origin,
            positions: Box::new(origin.source.positions()),
            place: LITERAL_START,
        });
        Positions {
            source: self,
            last: None,
            outer,
        }
    }
}

/// Counts on from the last position that was asked for.
pub(crate) struct Positions<'s> {
    source: &'s Source,
    last: Option<Mark>,
    outer: Option<Outer<'s>>,
}

/// The same for the text around an embedded one.
struct Outer<'s> {
    origin: &'s Origin,
    positions: Box<Positions<'s>>,
    /// A decoded and a raw offset.
    place: (usize, usize),
}

impl Positions<'_> {
    pub(crate) fn at(&mut self, offset: usize) -> Position {
        if let Some(outer) = &mut self.outer {
            let literal = outer.origin.source.slice(outer.origin.literal);
            if offset < outer.place.0 {
                outer.place = LITERAL_START;
            }
            outer.place = moved_in_literal(literal, outer.place, offset);
            let start = outer.origin.literal.start;
            return outer.positions.at(start + outer.place.1);
        }
        let position = match self.last {
            Some(last) if last.offset <= offset => last.moved(self.source.text(), offset).position,
            _ => self.source.position(offset),
        };
        self.last = Some(Mark { offset, position });
        position
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({:?}, {} bytes)", self.name(), self.0.text.len())
    }
}

impl Mark {
    /// The place of a later offset.
    fn moved(self, text: &str, offset: usize) -> Mark {
        let between = text.get(self.offset..offset).unwrap_or_default();
        let count = |chars: &str| u32::try_from(chars.chars().count()).unwrap_or(u32::MAX);
        let Position { line, column } = self.position;
        let last_line = memrchr(b'\n', between.as_bytes()).and_then(|end| between.get(end + 1..));
        let position = match last_line {
            Some(last_line) => {
                let lines = memchr_iter(b'\n', between.as_bytes()).count();
                Position {
                    line: line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)),
                    column: count(last_line).saturating_add(1),
                }
            }
            None => Position {
                line,
                column: column.saturating_add(count(between)),
            },
        };
        Mark { offset, position }
    }
}

/// The first place between two characters that is not before `offset`, or the end.
fn boundary(text: &str, offset: usize) -> usize {
    (offset..text.len())
        .find(|offset| text.is_char_boundary(*offset))
        .unwrap_or(text.len())
}

fn marks(text: &str, start: Mark) -> Vec<Mark> {
    let strides = (STRIDE..text.len()).step_by(STRIDE);
    let places = strides.scan(start, |mark, offset| {
        *mark = mark.moved(text, boundary(text, offset));
        Some(*mark)
    });
    places.collect()
}

/// The decoded and the raw offset that a literal's text begins at, behind the quote.
const LITERAL_START: (usize, usize) = (0, 1);

/// Where every `STRIDE`-th byte or so of a decoded JSON string stands in its literal: pairs of decoded and raw offsets.
fn literal_marks(literal: &str) -> Vec<(usize, usize)> {
    let mut marks = vec![LITERAL_START];
    while let Some(last) = marks.last().filter(|(_, raw)| *raw + 1 < literal.len()) {
        marks.push(moved_in_literal(literal, *last, last.0 + STRIDE));
    }
    marks
}

/// Where byte `offset` of a decoded JSON string stands in its literal, quotes included.
fn raw_offset(literal: &str, marks: &[(usize, usize)], offset: usize) -> usize {
    let after = marks.partition_point(|(decoded, _)| *decoded <= offset);
    let mark = after.checked_sub(1).and_then(|index| marks.get(index));
    moved_in_literal(literal, mark.copied().unwrap_or(LITERAL_START), offset).1
}

/// The place of a later byte of the decoded string, at most the closing quote.
fn moved_in_literal(literal: &str, mut place: (usize, usize), offset: usize) -> (usize, usize) {
    let end = literal.len().saturating_sub(1);
    while place.0 < offset && place.1 < end {
        let (decoded, raw) = place;
        let rest = literal.as_bytes().get(raw..end).unwrap_or_default();
        let plain = memchr(b'\\', rest).unwrap_or(rest.len());
        place = match plain.min(offset - decoded) {
            0 => after_escape(literal, place),
            plain => (decoded + plain, raw + plain),
        };
    }
    (place.0, place.1.min(end))
}

/// The decoded and the raw offset behind the escape that begins here. A surrogate pair is two escapes for one character of four
/// bytes: it counts when it is complete.
fn after_escape(literal: &str, (decoded, raw): (usize, usize)) -> (usize, usize) {
    if literal.as_bytes().get(raw + 1) != Some(&b'u') {
        return (decoded + 1, raw + 2);
    }
    let length = match hex4(literal, raw + 2) {
        0xD800..0xDC00 => 0,
        0xDC00..0xE000 => 4,
        unit => char::from_u32(unit).map_or(0, char::len_utf8),
    };
    (decoded + length, raw + 6)
}

fn hex4(literal: &str, at: usize) -> u32 {
    literal
        .get(at..at + 4)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = Source::new("a", "äö\nü\"x");
        assert_eq!(source.position(4), Position { line: 1, column: 3 });
        assert_eq!(source.position(5), Position { line: 2, column: 1 });
        assert_eq!(source.position(8), Position { line: 2, column: 3 });
        assert_eq!(source.position(1000), Position { line: 2, column: 4 });
    }

    #[test]
    fn one_long_line_is_counted_across_marks() {
        let source = Source::new("a", "é".repeat(10_000));
        assert_eq!(
            source.position(2 * 9_000),
            Position {
                line: 1,
                column: 9_001
            }
        );
    }

    #[test]
    fn an_embedded_text_points_into_its_literal() {
        let outer = "{\"document\": \"{\\\"A\\\": \\\"\\u00e9\\ud83d\\ude00x\\\"}\"}";
        let start = outer.find("\"{").unwrap();
        let literal = Span {
            start,
            end: outer.len() - 1,
        };
        let decoded: String = serde_json::from_str(&outer[literal.start..literal.end]).unwrap();
        let inner = Source::embedded(&Source::new("o", outer), literal, decoded.clone());
        let x = inner.position(decoded.find('x').unwrap());
        assert_eq!(
            x.column as usize,
            outer.chars().position(|c| c == 'x').unwrap() + 1
        );
        let mut positions = inner.positions();
        for (offset, _) in decoded.char_indices() {
            assert_eq!(positions.at(offset), inner.position(offset), "{offset}");
        }
        assert_eq!(positions.at(0), inner.position(0));
        let a = inner.position(decoded.find('A').unwrap());
        assert_eq!(a.column as usize, outer.find('A').unwrap() + 1);
    }
}
