//! ROS templates in YAML: the same template as JSON, with the places of the YAML text; the engine reads that.

use anyhow::{anyhow, bail};
use ramgate::Source;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::weave::Weaver;

/// The member that makes a YAML text a template.
const VERSION: &str = "ROSTemplateFormatVersion";

/// How deep a template may be.
const DEPTH_MAX: usize = 64;

/// A value of the text, in bytes.
struct Node {
    start: usize,
    end: usize,
    kind: Kind,
}

enum Kind {
    Scalar(String, ScalarStyle),
    List(Vec<Node>),
    /// Keys and values.
    Map(Vec<(Node, Node)>),
    /// A tag of the template's own (`!Ref`), or an alias: what stands there is not known.
    Function,
}

/// The text as JSON; `None` where it is no template.
///
/// # Errors
/// When it is one, but no YAML.
pub(super) fn as_json(source: &Source) -> anyhow::Result<Option<Source>> {
    if !source.text().contains(VERSION) {
        return Ok(None);
    }
    let text = source.text();
    let Some(root) = tree(source)? else {
        return Ok(None);
    };
    let is_version = |key: &Node| matches!(&key.kind, Kind::Scalar(name, _) if name == VERSION);
    match &root.kind {
        Kind::Map(members) if members.iter().any(|(key, _)| is_version(key)) => {}
        _ => return Ok(None),
    }
    let mut weaver = Weaver::default();
    write(&root, text, &mut weaver);
    Ok(Some(weaver.woven.into_source(source)))
}

/// What is being put together while events come in.
enum Open {
    List(usize, Vec<Node>, bool),
    Map(usize, Vec<(Node, Node)>, Option<Node>, bool),
}

/// The only document of the text; `None` where there are more.
fn tree(source: &Source) -> anyhow::Result<Option<Node>> {
    let offsets: Vec<usize> = source
        .text()
        .char_indices()
        .map(|(offset, _)| offset)
        .collect();
    let byte = |index: usize| offsets.get(index).copied().unwrap_or(source.text().len());
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(source.text()) {
        let (event, Span { start, end }) = event.map_err(|error| {
            let place = source.position(byte(error.marker().index()));
            anyhow!("{}:{place}: no YAML: {}", source.name(), error.info())
        })?;
        let (start, end) = (byte(start.index()), byte(end.index()));
        if open.len() > DEPTH_MAX {
            let place = source.position(start);
            bail!("{}:{place}: deeper than {DEPTH_MAX} levels", source.name());
        }
        let node = match event {
            Event::Scalar(text, style, _, tag) => {
                let kind = match is_function(tag.as_deref()) {
                    true => Kind::Function,
                    false => Kind::Scalar(text.into_owned(), style),
                };
                Node { start, end, kind }
            }
            Event::Alias(_) => Node {
                start,
                end,
                kind: Kind::Function,
            },
            Event::SequenceStart(_, tag) => {
                open.push(Open::List(start, Vec::new(), is_function(tag.as_deref())));
                continue;
            }
            Event::MappingStart(_, tag) => {
                open.push(Open::Map(
                    start,
                    Vec::new(),
                    None,
                    is_function(tag.as_deref()),
                ));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(closed) => closed.into_node(end),
                None => continue,
            },
            _ => continue,
        };
        match open.last_mut() {
            Some(Open::List(_, nodes, _)) => nodes.push(node),
            Some(Open::Map(_, members, key, _)) => match key.take() {
                None => *key = Some(node),
                Some(key) => members.push((key, node)),
            },
            None if root.is_none() => root = Some(node),
            None => return Ok(None),
        }
    }
    Ok(root)
}

impl Open {
    fn into_node(self, end: usize) -> Node {
        let (start, kind, is_function) = match self {
            Open::List(start, nodes, is_function) => (start, Kind::List(nodes), is_function),
            Open::Map(start, members, _, is_function) => {
                // `<<` brings in members that stand elsewhere.
                let is_merge = |key: &Node| matches!(&key.kind, Kind::Scalar(name, ScalarStyle::Plain) if name == "<<");
                let has_more = members.iter().any(|(key, _)| is_merge(key));
                (start, Kind::Map(members), is_function || has_more)
            }
        };
        let kind = if is_function { Kind::Function } else { kind };
        Node {
            start,
            end: end.max(start),
            kind,
        }
    }
}

/// Tags of YAML itself (`!!str`) only say what there is already.
fn is_function(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| !tag.is_yaml_core_schema())
}

/// Bounded in depth by [`DEPTH_MAX`].
fn write(node: &Node, text: &str, weaver: &mut Weaver) {
    let Node { start, end, kind } = node;
    let (start, end) = (*start, *end);
    match kind {
        Kind::Function => weaver.token("{\"Fn::Unknown\":0}", start, end),
        Kind::Scalar(value, ScalarStyle::Plain) if is_json(value) => {
            weaver.token(value, start, end)
        }
        Kind::Scalar(value, ScalarStyle::Plain) if matches!(value.as_str(), "" | "~") => {
            weaver.token("null", start, end);
        }
        Kind::Scalar(value, style) => string(value, *style, (start, end), text, weaver),
        Kind::List(nodes) => {
            weaver.token("[", start, start + 1);
            for (index, node) in nodes.iter().enumerate() {
                if index > 0 {
                    weaver.between(",", node.start);
                }
                write(node, text, weaver);
            }
            weaver.token("]", end, end);
        }
        Kind::Map(members) => {
            weaver.token("{", start, start + 1);
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    weaver.between(",", key.start);
                }
                match &key.kind {
                    Kind::Scalar(name, style) => {
                        string(name, *style, (key.start, key.end), text, weaver)
                    }
                    _ => weaver.token("\"?\"", key.start, key.end),
                }
                weaver.between(":", key.end);
                write(value, text, weaver);
            }
            weaver.token("}", end, end);
        }
    }
}

/// What is written as in JSON, and means the same there: `null`, booleans and numbers.
fn is_json(plain: &str) -> bool {
    matches!(plain, "null" | "true" | "false")
        || serde_json::from_str::<serde_json::Number>(plain).is_ok()
}

fn string(
    value: &str,
    style: ScalarStyle,
    (start, end): (usize, usize),
    text: &str,
    weaver: &mut Weaver,
) {
    let raw = text.get(start..end).unwrap_or_default();
    let quotes = match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
        _ => 0,
    };
    let inside = raw.get(quotes..raw.len().saturating_sub(quotes));
    weaver.quote(start, start + quotes);
    match (inside, style) {
        (Some(inside), _) if inside == value => weaver.text(value, start + quotes),
        (_, ScalarStyle::Literal) if lines(value, start, text).is_some() => {
            for (line, at) in lines(value, start, text).unwrap_or_default() {
                let plain = line.trim_end_matches('\n');
                weaver.text(plain, at);
                if plain.len() < line.len() {
                    weaver.character('\n', at + plain.len(), at + line.len());
                }
            }
        }
        _ => {
            for c in value.chars() {
                weaver.character(c, start, end);
            }
        }
    }
    weaver.quote(end.saturating_sub(quotes), end);
    weaver.end(end);
}

/// The lines of a literal block, each with its place; `None` where they are not those of the text.
fn lines<'v>(value: &'v str, start: usize, text: &str) -> Option<Vec<(&'v str, usize)>> {
    let header = text.get(start..)?;
    let mut at = match header.starts_with('|') {
        true => start + header.find('\n')? + 1,
        false => start,
    };
    let mut found = Vec::new();
    for line in value.split_inclusive('\n') {
        let rest = text.get(at..)?;
        let written = rest.split_inclusive('\n').next().unwrap_or_default();
        let plain = line.trim_end_matches('\n');
        let begins = written
            .trim_end_matches(['\n', '\r'])
            .len()
            .checked_sub(plain.len())?;
        let blanks = written.get(..begins)?;
        if !blanks.trim().is_empty() || written.get(begins..begins + plain.len()) != Some(plain) {
            return None;
        }
        found.push((line, at + begins));
        at += written.len();
    }
    Some(found)
}
