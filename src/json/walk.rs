//! Takes a text apart in one pass.

use crate::json::refusal::{Refused, refusal};
use crate::json::{At, Entry, Json, Kind, has_repeats};
use crate::problem::Problem;
use crate::source::{Source, Span};

/// Arrays and objects may nest this deep; RAM's own documents reach six.
pub(crate) const DEPTH_MAX: usize = 64;

/// Reads a whole text as one JSON value.
pub(crate) fn read(source: &Source) -> Result<Json, Box<Problem>> {
    let text = source.text();
    let mut walk = Walk {
        text,
        at: 0,
        // About as many as a policy has: a guess that saves copying.
        entries: Vec::with_capacity(text.len() / 12),
        decoded: Vec::new(),
        suspects: Vec::new(),
        refused: Refused::Grammar,
    };
    if walk.whole().is_none() {
        return Err(Box::new(refusal(source, walk.at, walk.refused)));
    }
    let mut json = Json {
        source: source.clone(),
        entries: walk.entries,
        decoded: walk.decoded,
        has_repeats: false,
    };
    let mut suspects = walk
        .suspects
        .iter()
        .filter_map(|at| json.node(*at).members());
    json.has_repeats = suspects.any(has_repeats);
    Ok(json)
}

/// The walk over a text that takes it apart. It takes nothing that is no JSON: a step that cannot be taken gives `None`.
struct Walk<'s> {
    text: &'s str,
    at: usize,
    entries: Vec<Entry>,
    decoded: Vec<String>,
    /// The objects in which a name may stand twice.
    suspects: Vec<At>,
    /// Why it stopped, if it does.
    refused: Refused,
}

/// Offsets fit: longer texts are not walked over.
fn small(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Places are kept in four bytes, also those of compiled patterns, which take up to two and a half times the text.
const BYTES_MAX: usize = 1 << 30;

impl Walk<'_> {
    fn whole(&mut self) -> Option<()> {
        if self.text.len() > BYTES_MAX {
            self.refused = Refused::Length;
            return None;
        }
        self.value(0)?;
        self.skip_blanks();
        self.peek().is_none().then_some(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Whether this byte stands here; if so, steps over it.
    fn takes(&mut self, byte: u8) -> bool {
        let stands = self.peek() == Some(byte);
        self.at += usize::from(stands);
        stands
    }

    /// The same over blanks.
    fn takes_token(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        self.takes(byte)
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        self.skip_blanks();
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' | b'[' if depth >= DEPTH_MAX => {
                self.refused = Refused::Nesting;
                None
            }
            b'{' => self.object(depth + 1),
            b'[' => self.array(depth + 1),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Kind::True),
            b'f' => self.word("false", Kind::False),
            b'n' => self.word("null", Kind::Null),
            _ => None,
        }
    }

    /// An entry for what stands between `start` and here.
    fn push(&mut self, kind: Kind, start: usize, link: usize) {
        self.entries.push(Entry {
            start: small(start),
            end: small(self.at),
            kind,
            link: small(link),
        });
    }

    /// An entry for what begins with the bracket here. Its number.
    fn open(&mut self, kind: Kind) -> usize {
        self.push(kind, self.at, 0);
        self.at += 1;
        self.entries.len() - 1
    }

    /// Ends it behind this bracket.
    fn close(&mut self, opened: usize, bracket: u8) -> Option<()> {
        if !self.takes(bracket) {
            return None;
        }
        let (end, behind) = (small(self.at), small(self.entries.len()));
        let entry = self.entries.get_mut(opened)?;
        (entry.end, entry.link) = (end, behind);
        Some(())
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        let opened = self.open(Kind::Object);
        self.skip_blanks();
        if self.peek()? != b'}' {
            let (mut seen, mut suspect) = (0, false);
            loop {
                self.skip_blanks();
                if self.peek()? != b'"' {
                    return None;
                }
                let name = self.string()?;
                suspect |= seen & name != 0;
                seen |= name;
                if !self.takes_token(b':') {
                    return None;
                }
                self.value(depth)?;
                if !self.takes_token(b',') {
                    break;
                }
            }
            if suspect {
                self.suspects.push(At(small(opened)));
            }
        }
        self.close(opened, b'}')
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        let opened = self.open(Kind::Array);
        self.skip_blanks();
        if self.peek()? != b']' {
            self.value(depth)?;
            while self.takes_token(b',') {
                self.value(depth)?;
            }
        }
        self.close(opened, b']')
    }

    /// Gives a signature of one bit that equal strings share; one with escapes shares all.
    fn string(&mut self) -> Option<u64> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        let mut escaped = false;
        loop {
            end += plain_length(bytes.get(end..)?);
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    end += 2;
                }
                _ => return None,
            }
        }
        self.at = end + 1;
        if escaped {
            return self.escaped_string(start);
        }
        self.push(Kind::String, start, 0);
        let first = bytes.get(start + 1).copied().unwrap_or_default();
        Some(1 << ((self.at - start + usize::from(first)) % 64))
    }

    #[cold]
    fn escaped_string(&mut self, start: usize) -> Option<u64> {
        let end = self.at;
        let Ok(text) = serde_json::from_str(self.text.get(start..end)?) else {
            self.refused = Refused::Escapes(Span { start, end });
            return None;
        };
        self.decoded.push(text);
        self.push(Kind::String, start, self.decoded.len());
        Some(u64::MAX)
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _signed = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        self.push(Kind::Number, start, 0);
        Some(())
    }

    /// At least one.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &str, kind: Kind) -> Option<()> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..)?;
        if !rest.starts_with(word.as_bytes()) {
            return None;
        }
        self.at += word.len();
        self.push(kind, start, 0);
        Some(())
    }
}

/// How many bytes stand before the first quote, backslash or control character: eight at a time.
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut length = 0;
    let mut rest = bytes;
    while let Some((eight, behind)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*eight);
        // The lowest high bit that is set marks a byte below the bound; those above it may be wrong.
        let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = (quote | backslash | below(word, 0x20)) & HIGH;
        if found != 0 {
            return length + (found.trailing_zeros() / 8) as usize;
        }
        length += 8;
        rest = behind;
    }
    let plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
    length + rest.iter().take_while(plain).count()
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "tests")]
mod tests {
    use super::*;
    use crate::json::{Node, Value, report_duplicates};
    use crate::problem::{Path, ProblemKind};

    fn plain(node: Node<'_>) -> serde_json::Value {
        match node.value() {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => value.into(),
            Value::Number(text) => serde_json::from_str(text).unwrap(),
            Value::String(text) => text.into(),
            Value::Array(nodes) => nodes.map(plain).collect(),
            Value::Object(members) => serde_json::Value::Object(
                members
                    .map(|member| (member.key.to_owned(), plain(member.node)))
                    .collect(),
            ),
        }
    }

    /// Mutates a seed text many ways: whatever serde_json takes must read as the same value, and nothing else.
    #[test]
    fn reads_what_serde_json_reads() {
        let seeds = [
            "{ \"a\\u00e9\\\"\\\\\": [1, -2.5e+3, true,false ,null, \"x\\ud83d\\ude00\", {}, [], [[\"\"]] ],\r\n\t\"b\": {\"c\" :\"é\"} }",
            "[\"\\u00e9\\/\\b\\f\\n\\r\\t long enough for two words\", -0, 0.50, 10E-7, 1e+00]",
            " [0, {\"a\": \"\\\\\", \"a\": [true, false, null]}] ",
        ];
        let pieces = [
            "",
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "1",
            " ",
            "\n",
            "é",
            "\u{a0}",
            "null",
            "\\u12",
            "-",
            "0",
            ".",
            "e",
            "\u{1f}",
            "tru",
            "\\x",
            "12345678\u{1}",
        ];
        let mut accepted = 0;
        let mutants = seeds.into_iter().flat_map(|seed| {
            let places = (0..=seed.len()).filter(|at| seed.is_char_boundary(*at));
            places.flat_map(move |at| {
                let ends =
                    (at..seed.len().min(at + 5) + 1).filter(|end| seed.is_char_boundary(*end));
                ends.map(move |end| (&seed[..at], &seed[end..]))
            })
        });
        for (before, after) in mutants {
            for piece in pieces {
                let text = format!("{before}{piece}{after}");
                let source = Source::new("mutant", text.clone());
                match serde_json::from_str::<serde_json::Value>(&text) {
                    Ok(value) => {
                        accepted += 1;
                        assert_eq!(plain(read(&source).unwrap().root()), value, "{text}");
                    }
                    Err(_) => assert!(read(&source).is_err(), "{text}"),
                }
            }
        }
        assert!(accepted > 500, "{accepted}");
    }

    #[test]
    fn keeps_places_and_duplicates() {
        let source = Source::new("a", "{\"a\": 1, \"a\": [2]}");
        let json = read(&source).unwrap();
        let member = json.root().members().unwrap().nth(1).unwrap();
        assert_eq!(source.slice(member.key_span), "\"a\"");
        assert_eq!(member.node.written(), "[2]");
        let mut problems = Vec::new();
        report_duplicates(json.root(), &Path::Root, &mut problems);
        assert_eq!(problems[0].start.column, 10);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| Source::new("n", "[".repeat(depth) + &"]".repeat(depth));
        assert!(read(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(
            read(&nested(DEPTH_MAX + 1)).unwrap_err().kind,
            ProblemKind::NestingTooDeep
        );
        assert!(read(&nested(200_000)).is_err());
    }

    #[test]
    fn syntax_errors_have_their_place_in_characters() {
        let problem = read(&Source::new("p.json", "{\n  \"é\": \"ö\",\n}")).unwrap_err();
        assert_eq!((problem.start.line, problem.start.column), (3, 1));
        assert!(problem.help.unwrap().contains("last element"));
        let problem = read(&Source::new("p.json", "{ \"é\" 1}")).unwrap_err();
        assert_eq!((problem.start.line, problem.start.column), (1, 7));
        let problem = read(&Source::new("p.json", "{ \"a\": 1")).unwrap_err();
        assert_eq!((problem.start.line, problem.start.column), (1, 9));
    }
}
