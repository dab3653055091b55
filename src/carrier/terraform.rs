//! Policies in what `terraform show -json` prints: the resources of a plan as they will be, or of a state as they are.

use std::collections::HashSet;

use crate::carrier::gather::Gathered;
use crate::carrier::terraform_table::{TerraformDocument, terraform_documents};
use crate::document::Reading;
use crate::json::{Members, Node, Value};
use crate::problem::{LoadError, Path, Problem, ProblemKind, quoted};

/// A resource of the plan: what it will be, and what of that is not known or must not be shown.
struct Resource<'j> {
    node: Node<'j>,
    values: Members<'j>,
    unknown: Option<Node<'j>>,
    sensitive: Option<Node<'j>>,
}

/// # Errors
/// When the format is of another major version than 1.
pub(super) fn read(root: Node<'_>, found: &mut Gathered) -> Result<(), LoadError> {
    let Some(members) = root.members() else {
        return Ok(());
    };
    version(root, &members)?;
    let mut seen: HashSet<String> = HashSet::new();
    let changes = members.get("resource_changes");
    for node in changes.into_iter().flat_map(Node::one_or_many) {
        let Some(change) = member(node, "change") else {
            continue;
        };
        let Some(address) = address(node) else {
            continue;
        };
        seen.insert(address.clone());
        // What is destroyed will not be.
        let Some(values) = member(change, "after").and_then(Node::members) else {
            continue;
        };
        let resource = Resource {
            node,
            values,
            unknown: member(change, "after_unknown"),
            sensitive: member(change, "after_sensitive"),
        };
        documents(&resource, &address, found);
    }
    let states = [members.get("planned_values"), members.get("values")];
    for state in states.into_iter().flatten() {
        for node in resources(state) {
            let Some(address) = address(node).filter(|address| !seen.contains(address)) else {
                continue;
            };
            let Some(values) = member(node, "values").and_then(Node::members) else {
                continue;
            };
            let resource = Resource {
                node,
                values,
                unknown: None,
                sensitive: member(node, "sensitive_values"),
            };
            documents(&resource, &address, found);
        }
    }
    Ok(())
}

fn version(root: Node<'_>, members: &Members<'_>) -> Result<(), LoadError> {
    let Some(node) = members.get("format_version") else {
        return Ok(());
    };
    let version = node.as_str().unwrap_or_default();
    if version.split('.').next() == Some("1") {
        return Ok(());
    }
    let message = format!(
        "format_version {} of Terraform is not known; this reads 1.x",
        quoted(version)
    );
    let path = Path::Root.member("format_version");
    let kind = ProblemKind::InvalidInput;
    Err(Problem::new(root.source(), node.span(), &path, kind, "", message).into())
}

fn member<'j>(node: Node<'j>, name: &str) -> Option<Node<'j>> {
    node.members()?.get(name)
}

fn text<'j>(node: Node<'j>, name: &str) -> Option<&'j str> {
    member(node, name)?.as_str()
}

/// How Terraform calls a resource; nothing for what it only reads.
fn address(node: Node<'_>) -> Option<String> {
    if text(node, "mode").is_some_and(|mode| mode != "managed") {
        return None;
    }
    let address = text(node, "address").map(str::to_owned);
    address.or_else(|| Some(format!("{}.{}", text(node, "type")?, text(node, "name")?)))
}

/// The resources of every module.
fn resources(state: Node<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let mut waiting: Vec<Node<'_>> = member(state, "root_module").into_iter().collect();
    while let Some(module) = waiting.pop() {
        let list = |name| member(module, name).into_iter().flat_map(Node::one_or_many);
        found.extend(list("resources"));
        let children: Vec<_> = list("child_modules").collect();
        waiting.extend(children.into_iter().rev());
    }
    found
}

fn documents(resource: &Resource<'_>, address: &str, found: &mut Gathered) {
    let kind = text(resource.node, "type").unwrap_or_default();
    for document in terraform_documents(kind) {
        let Some(block) = document.block else {
            attribute(resource, document, address, found);
            continue;
        };
        let blocks = resource.values.get(block);
        for (index, node) in blocks.into_iter().flat_map(Node::one_or_many).enumerate() {
            let Some(values) = node.members() else {
                continue;
            };
            let inner = Resource {
                node,
                values,
                unknown: block_flags(resource.unknown, block, index),
                sensitive: block_flags(resource.sensitive, block, index),
            };
            attribute(
                &inner,
                document,
                &format!("{address}.{block}[{index}]"),
                found,
            );
        }
    }
}

/// What is said of one block of several.
fn block_flags<'j>(flags: Option<Node<'j>>, block: &str, index: usize) -> Option<Node<'j>> {
    let blocks = member(flags?, block).filter(|node| node.is_array())?;
    blocks.one_or_many().nth(index)
}

/// The first attribute that is given; a later one is what it was called before, and says the same.
fn attribute(
    resource: &Resource<'_>,
    document: &TerraformDocument,
    address: &str,
    found: &mut Gathered,
) {
    let reading = Reading::new(document.kind);
    for name in document.attributes {
        let value = resource.values.get(name).filter(|node| !node.is_null());
        let Some(node) = value else { continue };
        let place = format!("{address}.{name}");
        if is_flagged(resource.sensitive, name) {
            found.unread(node, place, "it is marked as sensitive");
        } else {
            found.document(node, reading, place);
        }
        return;
    }
    let mut names = document.attributes.iter();
    if let Some(name) = names.find(|name| is_flagged(resource.unknown, name)) {
        let place = format!("{address}.{name}");
        found.unread(resource.node, place, "it is known only after apply");
    }
}

/// `true` for the whole, or for this attribute.
fn is_flagged(flags: Option<Node<'_>>, name: &str) -> bool {
    let is_true = |node: Node<'_>| matches!(node.value(), Value::Bool(true));
    flags.is_some_and(|flags| is_true(flags) || member(flags, name).is_some_and(is_true))
}
