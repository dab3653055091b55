//! Policies in templates of Resource Orchestration Service; what a function gives there is not known.

use crate::carrier::gather::Gathered;
use crate::document::{PolicyKind, Reading};
use crate::json::{Node, Value};
use crate::problem::Path;
use crate::source::Span;

/// The properties of a type of resource that hold a policy; the first that is given counts.
const DOCUMENTS: [(&str, &[&str], PolicyKind); 3] = [
    (
        "ALIYUN::RAM::ManagedPolicy",
        &["PolicyDocumentUnchecked", "PolicyDocument"],
        PolicyKind::Identity,
    ),
    (
        "ALIYUN::RAM::Role",
        &["AssumeRolePolicyDocument"],
        PolicyKind::Trust,
    ),
    (
        "ALIYUN::ResourceManager::ControlPolicy",
        &["PolicyDocument"],
        PolicyKind::Control,
    ),
];

/// Who has `Policies`, a list of policies made with them.
const HOLDERS: [&str; 3] = [
    "ALIYUN::RAM::Role",
    "ALIYUN::RAM::User",
    "ALIYUN::RAM::Group",
];

pub(super) fn read(root: Node<'_>, found: &mut Gathered) {
    let path = Path::Root.member("Resources");
    let resources = member(root, "Resources").and_then(Node::members);
    for resource in resources.into_iter().flatten() {
        let path = path.member(resource.key);
        let kind = member(resource.node, "Type").and_then(|node| node.as_str());
        let (Some(kind), Some(properties)) = (kind, member(resource.node, "Properties")) else {
            continue;
        };
        let path = path.member("Properties");
        for (_, names, kind) in DOCUMENTS.iter().filter(|(name, ..)| *name == kind) {
            let given = |name: &&&str| member(properties, name).is_some_and(|node| !node.is_null());
            if let Some(name) = names.iter().find(given)
                && let Some(node) = member(properties, name)
            {
                document(node, *kind, path.member(name).to_string(), found);
            }
        }
        if HOLDERS.contains(&kind) {
            policies(properties, &path.member("Policies"), found);
        }
    }
}

fn policies(properties: Node<'_>, path: &Path<'_>, found: &mut Gathered) {
    let Some(list) = member(properties, "Policies") else {
        return;
    };
    if is_function(list) {
        return found.unread(list, path.to_string(), NOT_KNOWN);
    }
    for (index, policy) in list.one_or_many().enumerate() {
        let path = path.element(index);
        if let Some(node) = member(policy, "PolicyDocument") {
            let place = path.member("PolicyDocument").to_string();
            document(node, PolicyKind::Identity, place, found);
        }
    }
}

const NOT_KNOWN: &str = "a function of the template gives it";

fn document(node: Node<'_>, kind: PolicyKind, place: String, found: &mut Gathered) {
    let reading = Reading::new(kind);
    if is_function(node) {
        return found.unread(node, place, NOT_KNOWN);
    }
    let unknown = functions(node);
    if unknown.is_empty() {
        found.document(node, reading, place);
    } else {
        found.partly_known(node, &unknown, reading, place);
    }
}

fn member<'j>(node: Node<'j>, name: &str) -> Option<Node<'j>> {
    node.members()?.get(name)
}

/// `{"Ref": …}` and `{"Fn::…": …}`.
fn is_function(node: Node<'_>) -> bool {
    let Some(mut members) = node.members() else {
        return false;
    };
    let only = members.next().filter(|_| members.next().is_none());
    only.is_some_and(|member| member.key == "Ref" || member.key.starts_with("Fn::"))
}

/// The outermost functions in a value, in the order of the text.
fn functions(node: Node<'_>) -> Vec<Span> {
    let mut found = Vec::new();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        if is_function(node) {
            found.push(node.span());
            continue;
        }
        let inside: Vec<Node<'_>> = match node.value() {
            Value::Array(nodes) => nodes.collect(),
            Value::Object(members) => members.map(|member| member.node).collect(),
            _ => continue,
        };
        waiting.extend(inside.into_iter().rev());
    }
    found
}
