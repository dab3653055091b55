//! Prints a policy in its canonical order and layout, with nothing added and nothing lost.

use crate::json::{self, Member, Node, Value};
use crate::problem::{LoadError, Path, Problem, ProblemKind};
use crate::source::Source;

/// The policy with its elements in canonical order, two blanks a level, one element a line. Values, the order of lists, doubled and unknown
/// members stay as they are, so the text means what it meant. Formatting twice changes nothing more.
///
/// ```
/// let source = ramgate::Source::new("p.json", r#"{"Statement":[{"Resource":"*","Effect":"Allow","Action":"vpc:*"}],"Version":"1"}"#);
/// let text = ramgate::format(&source)?;
/// assert!(text.starts_with("{\n  \"Version\": \"1\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n"));
/// # Ok::<(), ramgate::LoadError>(())
/// ```
///
/// # Errors
/// When the text is no JSON object with a `Statement`: this formats policies, not any JSON.
pub fn format(source: &Source) -> Result<String, LoadError> {
    let json = json::read(source)?;
    let node = json.root();
    if !has_statement(node) {
        let message = "no policy: it has no Statement";
        return Err(Problem::new(
            source,
            node.span(),
            &Path::Root,
            ProblemKind::MissingElement,
            "G2",
            message,
        )
        .into());
    }
    let mut out = String::with_capacity(source.text().len() * 2);
    print(node, 0, Level::Policy, &mut out);
    out.push('\n');
    Ok(out)
}

/// Whether a text is a JSON object with a `Statement`, good or bad: what [`format()`] takes.
///
/// ```
/// use ramgate::{Source, is_policy};
/// assert!(is_policy(&Source::new("p.json", r#"{ "Statement": [] }"#))?);
/// assert!(!is_policy(&Source::new("p.json", "{}"))?);
/// # Ok::<(), ramgate::LoadError>(())
/// ```
///
/// # Errors
/// When the text is no JSON.
pub fn is_policy(source: &Source) -> Result<bool, LoadError> {
    Ok(has_statement(json::read(source)?.root()))
}

fn has_statement(node: Node<'_>) -> bool {
    let members = node.members();
    members.is_some_and(|members| members.get("Statement").is_some())
}

/// What an object is, which tells the order of its members.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Policy,
    Statement,
    Other,
}

impl Level {
    fn order(self) -> &'static [&'static str] {
        match self {
            Level::Policy => &["Version", "Statement"],
            Level::Statement => &[
                "Sid",
                "Effect",
                "Principal",
                "NotPrincipal",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Condition",
            ],
            Level::Other => &[],
        }
    }

    fn of_member(self, key: &str) -> Level {
        if self == Level::Policy && key == "Statement" {
            Level::Statement
        } else {
            Level::Other
        }
    }
}

/// Recursion is bounded: the reader refuses nesting beyond its limit.
fn print(node: Node<'_>, indent: usize, level: Level, out: &mut String) {
    match node.value() {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if value { "true" } else { "false" }),
        Value::Number(text) => out.push_str(text),
        Value::String(text) => out.push_str(&literal(text)),
        Value::Array(nodes) => {
            list(nodes, indent, ['[', ']'], out, |node, indent, out| {
                print(node, indent, level, out);
            });
        }
        Value::Object(members) => {
            let mut members: Vec<Member<'_>> = members.collect();
            let order = level.order();
            // The sort is stable: members that are not in the order keep theirs, behind the others.
            members.sort_by_key(|member| {
                order
                    .iter()
                    .position(|name| *name == member.key)
                    .unwrap_or(order.len())
            });
            list(members, indent, ['{', '}'], out, |member, indent, out| {
                out.push_str(&literal(member.key));
                out.push_str(": ");
                print(member.node, indent, level.of_member(member.key), out);
            });
        }
    }
}

fn list<T>(
    items: impl IntoIterator<Item = T>,
    indent: usize,
    [open, close]: [char; 2],
    out: &mut String,
    print: impl Fn(T, usize, &mut String),
) {
    out.push(open);
    let mut is_empty = true;
    for (index, item) in items.into_iter().enumerate() {
        is_empty = false;
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(indent + 1));
        print(item, indent + 1, out);
    }
    if !is_empty {
        out.push('\n');
        out.push_str(&"  ".repeat(indent));
    }
    out.push(close);
}

fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
