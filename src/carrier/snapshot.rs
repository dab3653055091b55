//! Policies in a snapshot: of accounts, roles, resources and the organization.

use crate::arn::Arn;
use crate::carrier::gather::Gathered;
use crate::document::{PolicyKind, Reading, ResourceService};
use crate::json::{Member, Node};
use crate::problem::Path;

pub(super) fn read(root: Node<'_>, found: &mut Gathered) {
    let path = Path::Root.member("accounts");
    for account in entries(root, "accounts") {
        let path = path.member(account.key);
        let inside = path.member("policies");
        for policy in entries(account.node, "policies") {
            holder(
                policy.node,
                PolicyKind::Identity,
                &inside.member(policy.key),
                found,
            );
        }
        let inside = path.member("roles");
        for role in entries(account.node, "roles") {
            let path = inside.member(role.key);
            if let Some(trust) = member(role.node, "trust") {
                let path = path.member("trust");
                match member(trust, "Statement").or_else(|| member(trust, "Version")) {
                    None if trust.members().is_some() => {
                        holder(trust, PolicyKind::Trust, &path, found);
                    }
                    _ => found.document(trust, Reading::new(PolicyKind::Trust), path.to_string()),
                }
            }
        }
        let inside = path.member("resource_policies");
        let list = member(account.node, "resource_policies");
        for (index, policy) in list.into_iter().flat_map(Node::one_or_many).enumerate() {
            let resource = member(policy, "resource").and_then(|node| node.as_str());
            let arn = resource.and_then(|text| Arn::parse(text.to_owned()).ok());
            let service = arn.as_ref().and_then(Arn::service).unwrap_or_default();
            let kind = PolicyKind::Resource(ResourceService::of(service));
            holder(policy, kind, &inside.element(index), found);
        }
    }
    let control = member(root, "control_policies");
    let path = Path::Root.member("control_policies");
    let path = path.member("policies");
    for policy in control
        .into_iter()
        .flat_map(|node| entries(node, "policies"))
    {
        holder(
            policy.node,
            PolicyKind::Control,
            &path.member(policy.key),
            found,
        );
    }
}

fn member<'j>(node: Node<'j>, name: &str) -> Option<Node<'j>> {
    node.members()?.get(name)
}

fn entries<'j>(node: Node<'j>, name: &str) -> impl Iterator<Item = Member<'j>> {
    let members = member(node, name).and_then(Node::members);
    members.into_iter().flatten()
}

/// `{"type": …, "document": …}` or `{"type": …, "file": …}`.
fn holder(node: Node<'_>, kind: PolicyKind, path: &Path<'_>, found: &mut Gathered) {
    let reading = Reading::new(kind);
    let reading = match member(node, "type").and_then(|node| node.as_str()) {
        Some("System") => reading.system(),
        _ => reading,
    };
    if let Some(document) = member(node, "document") {
        found.document(document, reading, path.member("document").to_string());
    } else if let Some(file) = member(node, "file") {
        let reason = "it stands in a file of its own";
        found.unread(file, path.member("file").to_string(), reason);
    }
}
