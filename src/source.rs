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
    origin: Option<Arc<Origin>>,
}

#[derive(Clone, Copy)]
struct Mark {
    offset: usize,
    position: Position,
}

/// Where an embedded text stands in another.
struct Origin {
    source: Source,
    places: Places,
}

/// Turns offsets of an inner text into offsets of the text around it.
enum Places {
    /// The inner text is what a JSON string says.
    Literal {
        literal: Span,
        /// Made when first asked for.
        marks: OnceLock<Vec<(usize, usize)>>,
    },
    /// The inner text stands there as it is, from here on.
    Part(usize),
    /// The inner text was put together piece by piece, in the order of the outer one.
    Pieces(Vec<Piece>),
}

/// A part of an inner text, from `inner` up to the next one's.
#[derive(Clone, Copy)]
struct Piece {
    inner: usize,
    outer: Span,
    /// Byte for byte what stands there; else something that stands for it as a whole.
    is_copy: bool,
}

impl Places {
    fn outer(&self, source: &Source, offset: usize) -> usize {
        match self {
            Places::Literal { literal, marks } => {
                let text = source.slice(*literal);
                let marks = marks.get_or_init(|| literal_marks(text));
                literal.start + raw_offset(text, marks, offset)
            }
            Places::Part(start) => start + offset,
            Places::Pieces(pieces) => {
                let after = pieces.partition_point(|piece| piece.inner <= offset);
                let piece = after.checked_sub(1).and_then(|index| pieces.get(index));
                piece.map_or(0, |piece| match piece.is_copy {
                    true => (piece.outer.start + (offset - piece.inner)).min(piece.outer.end),
                    false => piece.outer.start,
                })
            }
        }
    }
}

/// A text put together from parts of a file (a heredoc without its indentation, a policy without what is not known of it), so that its
/// places are still those in the file.
///
/// ```
/// use ramgate::{Source, Span, Woven};
///
/// let file = Source::new("main.tf", "policy = {\n  Version = \"1\" }");
/// let mut policy = Woven::default();
/// policy.instead("{\"Version\"", Span { start: 13, end: 20 });
/// policy.instead(": ", Span { start: 20, end: 23 });
/// policy.copy("\"1\"", 23);
/// policy.instead("}", Span { start: 27, end: 28 });
/// let policy = policy.into_source(&file);
/// assert_eq!(policy.text(), "{\"Version\": \"1\"}");
/// assert_eq!(policy.position(policy.text().find('1').unwrap()).to_string(), "2:14");
/// ```
#[derive(Default)]
pub struct Woven {
    text: String,
    pieces: Vec<Piece>,
}

impl Woven {
    /// Adds what stands in the file byte for byte, from `outer` on.
    pub fn copy(&mut self, text: &str, outer: usize) {
        let end = outer + text.len();
        self.add(text, Span { start: outer, end }, true);
    }

    /// Adds a text that stands for a part of the file.
    pub fn instead(&mut self, text: &str, outer: Span) {
        self.add(text, outer, false);
    }

    fn add(&mut self, text: &str, outer: Span, is_copy: bool) {
        if text.is_empty() {
            return;
        }
        self.pieces.push(Piece {
            inner: self.text.len(),
            outer,
            is_copy,
        });
        self.text.push_str(text);
    }

    /// How long it is by now, in bytes: where the next part begins.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is nothing in it yet.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text, with its places in the file.
    pub fn into_source(self, file: &Source) -> Source {
        let Woven { text, mut pieces } = self;
        if let Some(last) = pieces.last().copied() {
            let end = last.outer.end;
            pieces.push(Piece {
                inner: text.len(),
                outer: Span { start: end, end },
                is_copy: false,
            });
        }
        Source::inside(file, Places::Pieces(pieces), text)
    }
}

impl fmt::Debug for Woven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Woven({} bytes)", self.text.len())
    }
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
        let marks = OnceLock::new();
        Source::inside(origin, Places::Literal { literal, marks }, text)
    }

    fn inside(origin: &Source, places: Places, text: String) -> Source {
        let source = origin.clone();
        Source(Arc::new(Inner {
            name: Arc::clone(&origin.0.name),
            text,
            first_line: 1,
            marks: OnceLock::new(),
            origin: Some(Arc::new(Origin { source, places })),
        }))
    }

    /// A document that stands in `origin` as it is.
    pub(crate) fn part(origin: &Source, span: Span) -> Source {
        let text = origin.slice(span).to_owned();
        Source::inside(origin, Places::Part(span.start), text)
    }

    /// Another text in the same places: it must be as long, and have the same parts.
    pub(crate) fn retold(&self, text: String) -> Source {
        Source(Arc::new(Inner {
            name: self.shared_name(),
            text,
            first_line: self.0.first_line,
            marks: OnceLock::new(),
            origin: self.0.origin.clone(),
        }))
    }

    /// The offset in the file that this text stands in, however deep; of a file of its own, the same.
    pub fn offset_in_file(&self, offset: usize) -> usize {
        let mut at = (self, offset);
        while let Some(origin) = &at.0.0.origin {
            at = (&origin.source, origin.places.outer(&origin.source, at.1));
        }
        at.1
    }

    /// How a text that is put into this one is written in the file that it stands in: with the escapes of every string around it. `None`
    /// where this text was put together of parts, so that none of it can be changed on its own.
    pub fn written_in_file(&self, text: &str) -> Option<String> {
        let mut written = text.to_owned();
        let mut source = self;
        while let Some(origin) = &source.0.origin {
            match &origin.places {
                Places::Literal { .. } => {
                    let quoted = serde_json::to_string(&written).ok()?;
                    written = quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned();
                }
                Places::Part(_) => {}
                Places::Pieces(_) => return None,
            }
            source = &origin.source;
        }
        Some(written)
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
                let outer = origin.places.outer(&origin.source, offset);
                origin.source.position(outer)
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
            let Places::Literal { literal, .. } = &outer.origin.places else {
                let place = outer.origin.places.outer(&outer.origin.source, offset);
                return outer.positions.at(place);
            };
            let text = outer.origin.source.slice(*literal);
            if offset < outer.place.0 {
                outer.place = LITERAL_START;
            }
            outer.place = moved_in_literal(text, outer.place, offset);
            return outer.positions.at(literal.start + outer.place.1);
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

    #[test]
    fn a_woven_text_points_where_its_parts_stand() {
        let file = Source::new("o", "a\n  b\n  c${x}d\n");
        let mut woven = Woven::default();
        woven.copy("b\n", 4);
        woven.copy("c", 8);
        woven.instead("unknown", Span { start: 9, end: 13 });
        woven.copy("d", 13);
        let inner = woven.into_source(&file);
        assert_eq!(inner.text(), "b\ncunknownd");
        let places: Vec<String> = (0..=inner.text().len())
            .map(|offset| inner.position(offset).to_string())
            .collect();
        assert_eq!(places[..3], ["2:3", "2:4", "3:3"]);
        assert!(places[3..10].iter().all(|place| place == "3:4"));
        assert_eq!(places[10..], ["3:8", "3:9"]);
        let mut positions = inner.positions();
        for (offset, place) in places.iter().enumerate() {
            assert_eq!(positions.at(offset).to_string(), *place);
            assert_eq!(
                file.position(inner.offset_in_file(offset)).to_string(),
                *place
            );
        }
        assert_eq!(inner.written_in_file("x"), None);
    }

    #[test]
    fn what_is_put_into_a_string_is_escaped_as_often_as_it_is_embedded() {
        let outer = r#"{"a": "{\"b\": \"{}\"}"}"#;
        let file = Source::new("o", outer);
        let literal = Span {
            start: 6,
            end: outer.len() - 1,
        };
        let middle: String = serde_json::from_str(file.slice(literal)).unwrap();
        let middle = Source::embedded(&file, literal, middle);
        let start = middle.text().find("\"{}\"").unwrap();
        let inner = Source::part(
            &middle,
            Span {
                start,
                end: start + 4,
            },
        );
        assert_eq!(inner.written_in_file("\"x").unwrap(), r#"\"x"#);
        let twice = Source::embedded(
            &middle,
            Span {
                start,
                end: start + 4,
            },
            "{}".to_owned(),
        );
        assert_eq!(twice.written_in_file("\"x").unwrap(), r#"\\\"x"#);
        assert_eq!(twice.offset_in_file(0), outer.find("{}").unwrap());
    }
}
