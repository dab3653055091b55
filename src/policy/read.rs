//! Reads a policy that stands in another file: as an object, as a string holding JSON, or named and typed.

use std::sync::Arc;

use crate::document::{self, Contents, Reading};
use crate::json::{self, Json, Node, Value};
use crate::policy::Policy;
use crate::problem::{Path, Problem, Severity};
use crate::source::Source;

/// Compiles the document at `node` (an object, or a string that holds JSON, as the RAM API returns it). There is a policy only if no problem
/// is an error.
pub(crate) fn read_policy(
    node: Node<'_>,
    path: &Path<'_>,
    name: &str,
    reading: Reading,
) -> (Option<Arc<Policy>>, Vec<Problem>) {
    let (policy, mut problems) = match node.value() {
        Value::String(text) => {
            let embedded = Source::embedded(node.source(), node.span(), text.to_owned());
            match json::read(&embedded) {
                Ok(json) => compiled(&json, name, document::read_node(json.root(), reading, true)),
                Err(problem) => (None, vec![*problem]),
            }
        }
        _ => compiled(node.json(), name, document::read_node(node, reading, false)),
    };
    for problem in &mut problems {
        problem.path = match (path, problem.path.as_str()) {
            (_, "") => path.to_string(),
            (Path::Root, inner) => inner.to_owned(),
            (_, inner) => format!("{path}.{inner}"),
        };
    }
    (policy, problems)
}

fn compiled(
    json: &Json,
    name: &str,
    (contents, problems): (Option<Contents>, Vec<Problem>),
) -> (Option<Arc<Policy>>, Vec<Problem>) {
    let is_error = |problem: &Problem| problem.severity == Severity::Error;
    let usable = contents.filter(|_| !problems.iter().any(is_error));
    let policy = usable.map(|contents| Arc::new(Policy::compile(name.into(), json, &contents)));
    (policy, problems)
}
