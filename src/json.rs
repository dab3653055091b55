//! JSON read once, strictly, with the place of every value and every duplicate member kept.
//!
//! A text becomes one flat list of entries, a value each, in the order of the text; a [`Node`] is a look at one of them.
//! What the reader does not take goes to `serde_json`, whose grammar is the law: it says what is wrong.

use std::collections::HashSet;

use serde::de::IgnoredAny;

use crate::problem::{Path, Problem, ProblemKind, quoted};
use crate::source::{Source, Span};

/// Arrays and objects may nest this deep; RAM's own documents reach six.
pub(crate) const DEPTH_MAX: usize = 64;

/// A text that is JSON, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    source: Source,
    entries: Vec<Entry>,
    /// The strings that are written with escapes.
    decoded: Vec<String>,
    /// Whether a member name stands twice in an object, whichever.
    has_repeats: bool,
}

/// A value; behind an object or array stand its members (a key and a value each) or elements.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    end: u32,
    kind: Kind,
    /// Of an object or array the first entry behind it. Of a string its number among the decoded ones, from 1; 0 if it has no escapes.
    link: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    True,
    False,
    Number,
    String,
    Array,
    Object,
}

impl Json {
    /// The value that is the whole text.
    pub(crate) fn root(&self) -> Node<'_> {
        self.node(At(0))
    }

    pub(crate) fn node(&self, at: At) -> Node<'_> {
        Node {
            json: self,
            at: at.0,
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    fn string(&self, entry: Entry) -> &str {
        let decoded = (entry.link as usize)
            .checked_sub(1)
            .and_then(|number| self.decoded.get(number));
        match decoded {
            Some(text) => text,
            None => self.source.slice(Span {
                start: entry.start as usize + 1,
                end: (entry.end as usize).saturating_sub(1),
            }),
        }
    }
}

/// Where a node is found again in its [`Json`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(u32);

/// One JSON value with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'j> {
    json: &'j Json,
    at: u32,
}

/// Objects keep order and duplicates, numbers their spelling.
#[derive(Clone, Debug)]
pub(crate) enum Value<'j> {
    Null,
    Bool(bool),
    Number(&'j str),
    String(&'j str),
    Array(Nodes<'j>),
    Object(Members<'j>),
}

/// A member of an object: `"key": value`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'j> {
    pub(crate) key: &'j str,
    pub(crate) key_span: Span,
    pub(crate) node: Node<'j>,
}

/// Values that stand side by side.
#[derive(Clone, Debug)]
pub(crate) struct Nodes<'j> {
    json: &'j Json,
    at: u32,
    end: u32,
}

/// The members of an object.
#[derive(Clone, Debug)]
pub(crate) struct Members<'j>(Nodes<'j>);

impl<'j> Node<'j> {
    fn entry(self) -> Entry {
        let nothing = Entry {
            start: 0,
            end: 0,
            kind: Kind::Null,
            link: 0,
        };
        self.json
            .entries
            .get(self.at as usize)
            .copied()
            .unwrap_or(nothing)
    }

    /// The first entry behind this value.
    fn behind(self) -> u32 {
        match self.entry() {
            Entry {
                kind: Kind::Array | Kind::Object,
                link,
                ..
            } => link,
            _ => self.at + 1,
        }
    }

    pub(crate) fn at(self) -> At {
        At(self.at)
    }

    pub(crate) fn json(self) -> &'j Json {
        self.json
    }

    pub(crate) fn source(self) -> &'j Source {
        &self.json.source
    }

    pub(crate) fn span(self) -> Span {
        let Entry { start, end, .. } = self.entry();
        Span {
            start: start as usize,
            end: end as usize,
        }
    }

    /// The first character: the brace that a missing member would stand behind.
    pub(crate) fn opening(self) -> Span {
        let start = self.span().start;
        Span {
            start,
            end: start + 1,
        }
    }

    /// As it is written.
    pub(crate) fn written(self) -> &'j str {
        self.json.source.slice(self.span())
    }

    pub(crate) fn value(self) -> Value<'j> {
        let entry = self.entry();
        match entry.kind {
            Kind::Null => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Number => Value::Number(self.written()),
            Kind::String => Value::String(self.json.string(entry)),
            Kind::Array => Value::Array(self.inside(entry)),
            Kind::Object => Value::Object(Members(self.inside(entry))),
        }
    }

    fn inside(self, entry: Entry) -> Nodes<'j> {
        Nodes {
            json: self.json,
            at: self.at + 1,
            end: entry.link,
        }
    }

    /// What a message calls the type of this value.
    pub(crate) fn type_name(self) -> &'static str {
        match self.entry().kind {
            Kind::Null => "null",
            Kind::True | Kind::False => "a boolean",
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }

    pub(crate) fn is_null(self) -> bool {
        self.entry().kind == Kind::Null
    }

    pub(crate) fn is_array(self) -> bool {
        self.entry().kind == Kind::Array
    }

    pub(crate) fn as_str(self) -> Option<&'j str> {
        let entry = self.entry();
        (entry.kind == Kind::String).then(|| self.json.string(entry))
    }

    pub(crate) fn members(self) -> Option<Members<'j>> {
        let entry = self.entry();
        (entry.kind == Kind::Object).then(|| Members(self.inside(entry)))
    }

    /// The elements of an array, or the value itself as a list of one (G16).
    pub(crate) fn one_or_many(self) -> Nodes<'j> {
        let entry = self.entry();
        match entry.kind {
            Kind::Array => self.inside(entry),
            _ => Nodes {
                json: self.json,
                at: self.at,
                end: self.at + 1,
            },
        }
    }

    /// Whether both say the same: places, and the order of members, do not count.
    pub(crate) fn same_content(self, other: Node<'_>) -> bool {
        match (self.value(), other.value()) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) | (Value::String(a), Value::String(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => {
                a.clone().count() == b.clone().count() && a.zip(b).all(|(a, b)| a.same_content(b))
            }
            (Value::Object(mut a), Value::Object(b)) => {
                a.clone().count() == b.clone().count()
                    && a.all(|member| {
                        b.clone().any(|other| {
                            member.key == other.key && member.node.same_content(other.node)
                        })
                    })
            }
            _ => false,
        }
    }
}

impl<'j> Nodes<'j> {
    /// What stands inside a value that is no list.
    pub(crate) fn none(node: Node<'j>) -> Nodes<'j> {
        Nodes {
            json: node.json,
            at: 0,
            end: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.end
    }
}

impl<'j> Iterator for Nodes<'j> {
    type Item = Node<'j>;

    fn next(&mut self) -> Option<Node<'j>> {
        let node = Node {
            json: self.json,
            at: self.at,
        };
        if self.is_empty() {
            return None;
        }
        self.at = node.behind();
        Some(node)
    }
}

impl<'j> Members<'j> {
    pub(crate) fn none(node: Node<'j>) -> Members<'j> {
        Members(Nodes::none(node))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first member of this name.
    pub(crate) fn get(&self, name: &str) -> Option<Node<'j>> {
        let mut members = self.clone();
        members
            .find(|member| member.key == name)
            .map(|member| member.node)
    }
}

impl<'j> Iterator for Members<'j> {
    type Item = Member<'j>;

    fn next(&mut self) -> Option<Member<'j>> {
        let key = self.0.next()?;
        let node = self.0.next()?;
        Some(Member {
            key: key.json.string(key.entry()),
            key_span: key.span(),
            node,
        })
    }
}

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

/// Appends a problem for every member name that stands twice in one object, at any depth (G20).
pub(crate) fn report_duplicates(node: Node<'_>, path: &Path<'_>, problems: &mut Vec<Problem>) {
    if !node.json.has_repeats {
        return;
    }
    match node.value() {
        Value::Array(nodes) => {
            for (index, node) in nodes.enumerate() {
                report_duplicates(node, &path.element(index), problems);
            }
        }
        Value::Object(members) => {
            let mut seen = HashSet::new();
            for member in members.clone().filter(|member| !seen.insert(member.key)) {
                let message = format!(
                    "duplicate member {}; only one of the two can be meant",
                    quoted(member.key)
                );
                problems.push(Problem::new(
                    node.source(),
                    member.key_span,
                    &path.member(member.key),
                    ProblemKind::DuplicateMember,
                    "G20",
                    message,
                ));
            }
            for member in members {
                report_duplicates(member.node, &path.member(member.key), problems);
            }
        }
        _ => {}
    }
}

/// Whether a name stands twice.
fn has_repeats(mut members: Members<'_>) -> bool {
    let mut seen = HashSet::new();
    members.any(|member| !seen.insert(member.key))
}

/// Why the walk stopped.
enum Refused {
    Grammar,
    Nesting,
    /// A string that holds half of a surrogate pair, if it is a string at all.
    Escapes(Span),
    Length,
}

fn refusal(source: &Source, at: usize, refused: Refused) -> Problem {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(source.text()) {
        return syntax_problem(source, &error);
    }
    let here = Span {
        start: at,
        end: at + 1,
    };
    let (span, kind, message) = match refused {
        Refused::Grammar => (here, ProblemKind::JsonSyntax, "no JSON".to_owned()),
        Refused::Nesting => {
            let message = format!("nested deeper than {DEPTH_MAX} levels");
            (here, ProblemKind::NestingTooDeep, message)
        }
        // serde_json's grammar check lets it pass.
        Refused::Escapes(span) => {
            let message = "this string holds half of a surrogate pair, which is no character";
            (span, ProblemKind::JsonSyntax, message.to_owned())
        }
        Refused::Length => (here, ProblemKind::TooLong, "longer than 4 GiB".to_owned()),
    };
    Problem::new(source, span, &Path::Root, kind, "G1", message)
}

fn syntax_problem(source: &Source, error: &serde_json::Error) -> Problem {
    let text = source.text();
    let offset = if error.is_eof() {
        text.len()
    } else {
        offset_of(text, error.line(), error.column())
    };
    let span = Span {
        start: offset,
        end: offset
            + text
                .get(offset..)
                .and_then(|t| t.chars().next())
                .map_or(0, char::len_utf8),
    };
    let message = error.to_string();
    // serde_json appends its own place, which counts bytes; ours stands in front.
    let message = message.split(" at line ").next().unwrap_or_default();
    let problem = Problem::new(
        source,
        span,
        &Path::Root,
        ProblemKind::JsonSyntax,
        "G1",
        format!("no JSON: {message}"),
    );
    match help(text, offset) {
        Some(help) => problem.with_help(help),
        None => problem,
    }
}

/// serde_json's column is the number of bytes read of the line: the offending byte is the last one read.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let mut offset = (line_start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The mistakes that people and editors make in policy files, told in words.
fn help(text: &str, offset: usize) -> Option<&'static str> {
    let rest = text.get(offset..)?;
    let before = text.get(..offset)?.trim_end();
    match rest.chars().next() {
        _ if text.trim().is_empty() => Some("the text is empty"),
        Some('\u{feff}') => {
            Some("the text begins with a byte order mark; save it as UTF-8 without one")
        }
        Some('/' | '#') => Some("JSON has no comments"),
        Some('}' | ']') if before.ends_with(',') => {
            Some("JSON allows no comma after the last element")
        }
        Some('\'') => Some("JSON strings stand in double quotes"),
        Some('“' | '”') => Some("these are typographic quotes; JSON wants \""),
        Some('，' | '：') => Some("this is a full-width character; JSON wants its ASCII form"),
        Some('\u{a0}' | '\u{3000}' | '\u{2028}' | '\u{2029}') => Some(
            "this blank is not one that JSON knows (a no-break or full-width space, often from a web page)",
        ),
        Some('$' | '%' | '<') => {
            Some("this looks like a placeholder of a template; fill it in first")
        }
        None => Some("the text ends too early: a bracket, brace or quote is not closed"),
        _ => None,
    }
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

impl Walk<'_> {
    fn whole(&mut self) -> Option<()> {
        if u32::try_from(self.text.len()).is_err() {
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
        let seed = "{ \"a\\u00e9\\\"\\\\\": [1, -2.5e+3, true,false ,null, \"x\\ud83d\\ude00\", {}, [], [[\"\"]] ],\r\n\t\"b\": {\"c\" :\"é\"} }";
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
        for at in (0..=seed.len()).filter(|at| seed.is_char_boundary(*at)) {
            for end in (at..seed.len().min(at + 3) + 1).filter(|end| seed.is_char_boundary(*end)) {
                for piece in pieces {
                    let text = format!("{}{piece}{}", &seed[..at], &seed[end..]);
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
