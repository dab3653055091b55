//! Policies in what the `aliyun` command line prints: answers of RAM, Resource Manager and KMS.

use crate::carrier::gather::Gathered;
use crate::document::{PolicyKind, Reading, ResourceService};
use crate::json::{Members, Node};
use crate::problem::Path;

/// Where a document stands in an answer: a member, the list inside it if it is one, and the document's own member.
struct Place {
    outer: &'static str,
    list: Option<&'static str>,
    document: &'static str,
    kind: PolicyKind,
}

const fn place(
    outer: &'static str,
    list: Option<&'static str>,
    document: &'static str,
    kind: PolicyKind,
) -> Place {
    Place {
        outer,
        list,
        document,
        kind,
    }
}

const PLACES: [Place; 9] = [
    place("Policy", None, "PolicyDocument", PolicyKind::Identity),
    place(
        "DefaultPolicyVersion",
        None,
        "PolicyDocument",
        PolicyKind::Identity,
    ),
    place(
        "PolicyVersion",
        None,
        "PolicyDocument",
        PolicyKind::Identity,
    ),
    place(
        "PolicyVersions",
        Some("PolicyVersion"),
        "PolicyDocument",
        PolicyKind::Identity,
    ),
    place(
        "Policies",
        Some("Policy"),
        "PolicyDocument",
        PolicyKind::Identity,
    ),
    place("ControlPolicy", None, "PolicyDocument", PolicyKind::Control),
    place(
        "ControlPolicies",
        Some("ControlPolicy"),
        "PolicyDocument",
        PolicyKind::Control,
    ),
    place("Role", None, "AssumeRolePolicyDocument", PolicyKind::Trust),
    place(
        "Roles",
        Some("Role"),
        "AssumeRolePolicyDocument",
        PolicyKind::Trust,
    ),
];

/// Whether an answer without its `RequestId` is one: a member is there, and has its form.
pub(super) fn is_answer(members: &Members<'_>) -> bool {
    PLACES.iter().any(|place| {
        let outer = members.get(place.outer).and_then(Node::members);
        outer.is_some_and(|outer| match place.list {
            Some(list) => outer.get(list).is_some_and(Node::is_array),
            None => outer.get(place.document).is_some(),
        })
    })
}

pub(super) fn read(root: Node<'_>, found: &mut Gathered) {
    let Some(members) = root.members() else {
        return;
    };
    // KMS has the document itself where RAM has an object about it.
    if let Some(node) = members.get("Policy").filter(|node| node.as_str().is_some()) {
        let kind = PolicyKind::Resource(ResourceService::Kms);
        found.document(node, Reading::new(kind), "Policy".to_owned());
    }
    for place in &PLACES {
        let Some(outer) = members
            .get(place.outer)
            .filter(|node| node.members().is_some())
        else {
            continue;
        };
        let path = Path::Root.member(place.outer);
        match place.list {
            None if is_told_twice(&members, place) => {}
            None => one(&members, outer, place, &path, found),
            Some(list) => {
                let path = path.member(list);
                let nodes = outer.members().and_then(|outer| outer.get(list));
                for (index, node) in nodes.into_iter().flat_map(Node::one_or_many).enumerate() {
                    one(&members, node, place, &path.element(index), found);
                }
            }
        }
    }
}

fn one(root: &Members<'_>, node: Node<'_>, place: &Place, path: &Path<'_>, found: &mut Gathered) {
    let Some(members) = node.members() else {
        return;
    };
    let Some(document) = members.get(place.document) else {
        return;
    };
    let reading = Reading::new(place.kind);
    // Only of a policy that is said to be the customer's own is it known that RAM's size limit holds.
    let about = root.get("Policy").and_then(Node::members);
    let reading = match type_of(&members).or_else(|| about.as_ref().and_then(type_of)) {
        Some("Custom") => reading,
        _ => reading.system(),
    };
    found.document(document, reading, path.member(place.document).to_string());
}

fn type_of<'j>(members: &Members<'j>) -> Option<&'j str> {
    members.get("PolicyType")?.as_str()
}

/// Whether `Policy` holds the same document as `DefaultPolicyVersion`.
fn is_told_twice(members: &Members<'_>, place: &Place) -> bool {
    let document = |name: &str| {
        members
            .get(name)?
            .members()?
            .get("PolicyDocument")?
            .as_str()
    };
    place.outer == "Policy"
        && document("Policy").is_some()
        && document("Policy") == document("DefaultPolicyVersion")
}
