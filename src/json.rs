//! JSON read once, strictly, with the place of every value and every duplicate member kept.
//!
//! `serde_json` checks the whole text first (its grammar is the law, and it does so without recursion); the walk
//! over a text that is known to be JSON then only has to find where values begin and end.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::problem::{Problem, ProblemKind, quoted};
use crate::source::{Source, Span};

/// Arrays and objects may nest this deep; RAM's own documents reach six.
pub(crate) const DEPTH_MAX: usize = 64;

/// One JSON value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node<'a> {
    pub(crate) span: Span,
    pub(crate) value: Value<'a>,
}

/// Objects keep order and duplicates, numbers their spelling.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<Member<'a>>),
}

/// A member of an object: `"key": value`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) key_span: Span,
    pub(crate) node: Node<'a>,
}

impl<'a> Node<'a> {
    /// What a message calls the type of this value.
    pub(crate) fn type_name(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn members(&self) -> Option<&[Member<'a>]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements of an array, or the value itself as a list of one (G16).
    pub(crate) fn one_or_many(&self) -> &[Node<'a>] {
        match &self.value {
            Value::Array(nodes) => nodes,
            _ => std::slice::from_ref(self),
        }
    }

    /// Whether both say the same: places, and the order of members, do not count.
    pub(crate) fn same_content(&self, other: &Node<'_>) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_content(b))
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|member| {
                        b.iter().any(|other| {
                            member.key == other.key && member.node.same_content(&other.node)
                        })
                    })
            }
            _ => false,
        }
    }
}

/// Reads a whole text as one JSON value.
pub(crate) fn read(source: &Source) -> Result<Node<'_>, Box<Problem>> {
    let text = source.text();
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        return Err(Box::new(syntax_problem(source, &error)));
    }
    let mut walk = Walk {
        source,
        text,
        at: 0,
    };
    walk.value(0)
}

/// Appends a problem for every member name that stands twice in one object, at any depth (G20).
pub(crate) fn report_duplicates(
    source: &Source,
    node: &Node<'_>,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    look_for_duplicates(source, node, &Path::Root(path), problems);
}

/// The way to a node, written out only when a problem asks for it.
enum Path<'p> {
    Root(&'p str),
    Element(&'p Path<'p>, usize),
    Member(&'p Path<'p>, &'p str),
}

impl Path<'_> {
    fn written(&self) -> String {
        match self {
            Path::Root(path) => (*path).to_owned(),
            Path::Element(outer, index) => format!("{}[{index}]", outer.written()),
            Path::Member(outer, key) => join(&outer.written(), key),
        }
    }
}

fn look_for_duplicates(
    source: &Source,
    node: &Node<'_>,
    path: &Path<'_>,
    problems: &mut Vec<Problem>,
) {
    match &node.value {
        Value::Array(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                look_for_duplicates(source, node, &Path::Element(path, index), problems);
            }
        }
        Value::Object(members) => {
            for member in repeated(members) {
                let message = format!(
                    "duplicate member {}; only one of the two can be meant",
                    quoted(&member.key)
                );
                let path = Path::Member(path, &member.key).written();
                let kind = ProblemKind::DuplicateMember;
                problems.push(Problem::new(
                    source,
                    member.key_span,
                    path,
                    kind,
                    "G20",
                    message,
                ));
            }
            for member in members {
                look_for_duplicates(
                    source,
                    &member.node,
                    &Path::Member(path, &member.key),
                    problems,
                );
            }
        }
        _ => {}
    }
}

/// The members whose names stood before.
fn repeated<'n, 'a>(members: &'n [Member<'a>]) -> Vec<&'n Member<'a>> {
    /// As many members as most objects have compare faster one by one.
    const FEW: usize = 8;
    if members.len() <= FEW {
        let stood = |(index, member): &(usize, &Member<'_>)| {
            members
                .iter()
                .take(*index)
                .any(|before| before.key == member.key)
        };
        return members
            .iter()
            .enumerate()
            .filter(stood)
            .map(|(_, member)| member)
            .collect();
    }
    let mut seen = std::collections::HashSet::new();
    members
        .iter()
        .filter(|member| !seen.insert(member.key.as_ref()))
        .collect()
}

/// The path of a member: `Statement[0].Condition.StringEquals["acs:SourceVpc"]`.
pub(crate) fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty()
        && key.len() <= 64
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match (path.is_empty(), plain) {
        (true, true) => key.to_owned(),
        (false, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[{}]", quoted(key)),
    }
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
        "",
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

/// A walk over text that is JSON for sure, so every step has one possible meaning.
struct Walk<'a> {
    source: &'a Source,
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, skipped: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&skipped) {
            self.at += 1;
        }
    }

    /// Over white space and the punctuation that the grammar check has seen to be in its place.
    fn next_token(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':'));
    }

    fn since(&self, start: usize) -> Span {
        Span {
            start,
            end: self.at,
        }
    }

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, Box<Problem>> {
        self.next_token();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{' | b'[') if depth >= DEPTH_MAX => {
                let span = Span {
                    start,
                    end: start + 1,
                };
                let message = format!("nested deeper than {DEPTH_MAX} levels");
                return Err(Box::new(Problem::new(
                    self.source,
                    span,
                    "",
                    ProblemKind::NestingTooDeep,
                    "G1",
                    message,
                )));
            }
            Some(b'{') => Value::Object(self.object(depth)?),
            Some(b'[') => Value::Array(self.array(depth)?),
            Some(b'"') => Value::String(self.string()?.0),
            _ => self.scalar(),
        };
        Ok(Node {
            span: self.since(start),
            value,
        })
    }

    fn object(&mut self, depth: usize) -> Result<Vec<Member<'a>>, Box<Problem>> {
        let mut members = Vec::new();
        self.at += 1;
        loop {
            self.next_token();
            if self.peek() != Some(b'"') {
                self.at += 1;
                return Ok(members);
            }
            let (key, key_span) = self.string()?;
            members.push(Member {
                key,
                key_span,
                node: self.value(depth + 1)?,
            });
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Node<'a>>, Box<Problem>> {
        let mut nodes = Vec::new();
        self.at += 1;
        loop {
            self.next_token();
            if matches!(self.peek(), Some(b']') | None) {
                self.at += 1;
                return Ok(nodes);
            }
            nodes.push(self.value(depth + 1)?);
        }
    }

    fn string(&mut self) -> Result<(Cow<'a, str>, Span), Box<Problem>> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            self.skip(|byte| byte != b'"' && byte != b'\\');
            match self.peek() {
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                _ => break,
            }
        }
        self.at += 1;
        let span = self.since(start);
        let inside = Span {
            start: start + 1,
            end: self.at - 1,
        };
        if !escaped {
            return Ok((Cow::Borrowed(self.slice(inside)), span));
        }
        // The grammar check lets a lone surrogate pass; its own position would be relative to the literal.
        serde_json::from_str(self.slice(span))
            .map(|text| (Cow::Owned(text), span))
            .map_err(|_| {
                let message = "this string holds half of a surrogate pair, which is no character";
                Box::new(Problem::new(
                    self.source,
                    span,
                    "",
                    ProblemKind::JsonSyntax,
                    "G1",
                    message,
                ))
            })
    }

    fn scalar(&mut self) -> Value<'a> {
        let start = self.at;
        self.skip(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        match self.slice(self.since(start)) {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            number => Value::Number(number),
        }
    }
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "tests")]
mod tests {
    use super::*;

    fn plain(node: &Node<'_>) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => serde_json::from_str(text).unwrap(),
            Value::String(text) => text.as_ref().into(),
            Value::Array(nodes) => nodes.iter().map(plain).collect(),
            Value::Object(members) => serde_json::Value::Object(
                members
                    .iter()
                    .map(|member| (member.key.to_string(), plain(&member.node)))
                    .collect(),
            ),
        }
    }

    /// Mutates a seed text many ways: whatever serde_json takes must read as the same value, and nothing else.
    #[test]
    fn reads_what_serde_json_reads() {
        let seed = "{ \"a\\u00e9\\\"\\\\\": [1, -2.5e+3, true,false ,null, \"x\\ud83d\\ude00\", {}, [], [[\"\"]] ],\r\n\t\"b\": {\"c\" :\"é\"} }";
        let pieces = [
            "", "\"", "\\", "{", "}", "[", "]", ",", ":", "1", " ", "\n", "é", "\u{a0}", "null",
            "\\u12",
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
                            assert_eq!(plain(&read(&source).unwrap()), value, "{text}");
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
        let node = read(&source).unwrap();
        let members = node.members().unwrap();
        assert_eq!(source.slice(members[1].key_span), "\"a\"");
        assert_eq!(source.slice(members[1].node.span), "[2]");
        let mut problems = Vec::new();
        report_duplicates(&source, &node, "", &mut problems);
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
