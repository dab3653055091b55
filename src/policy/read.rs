//! Reads a policy that stands in another file: as an object, as a string holding JSON, or named and typed.

use std::sync::Arc;

use crate::document::{self, Reading};
use crate::json::{self, Node, Value};
use crate::policy::Policy;
use crate::problem::{Problem, Severity};
use crate::source::Source;

/// Compiles the document at `node` (an object, or a string that holds JSON, as the RAM API returns it). There is a policy only if no problem
/// is an error.
pub(crate) fn read_policy(
    source: &Source,
    node: &Node<'_>,
    path: &str,
    name: &str,
    reading: Reading,
) -> (Option<Arc<Policy>>, Vec<Problem>) {
    let (document, mut problems) = match &node.value {
        Value::String(text) => {
            let embedded = Source::embedded(source, node.span, text.to_string());
            match json::read(&embedded) {
                Ok(node) => document::read_node(&embedded, &node, reading, true),
                Err(problem) => (None, vec![*problem]),
            }
        }
        _ => document::read_node(source, node, reading, false),
    };
    for problem in &mut problems {
        problem.path = if problem.path.is_empty() {
            path.to_owned()
        } else {
            join_paths(path, &problem.path)
        };
    }
    let usable = problems
        .iter()
        .all(|problem| problem.severity != Severity::Error);
    let policy = document
        .filter(|_| usable)
        .map(|document| Arc::new(Policy::new(name, &document)));
    (policy, problems)
}

fn join_paths(outer: &str, inner: &str) -> String {
    if outer.is_empty() {
        inner.to_owned()
    } else {
        format!("{outer}.{inner}")
    }
}
