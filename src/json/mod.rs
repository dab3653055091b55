//! JSON read once, strictly, with the place of every value and every duplicate member kept.
//!
//! A text becomes one flat list of entries, a value each, in the order of the text; a [`Node`] is a look at one of them.
//! What the reader does not take goes to `serde_json`, whose grammar is the law: it says what is wrong.

mod refusal;
mod walk;

use std::collections::HashSet;

use crate::problem::{Path, Problem, ProblemKind, quoted};
use crate::source::{Source, Span};

pub(crate) use walk::read;

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
