//! Policies in case files: of every stage, and the session policy of the request.

use crate::arn::Arn;
use crate::carrier::gather::Gathered;
use crate::document::{PolicyKind, Reading, ResourceService};
use crate::json::{self, Node};
use crate::problem::Path;
use crate::source::{Source, Span};

/// A case, or a list of nothing but cases.
pub(super) fn are_cases(root: Node<'_>) -> bool {
    let mut nodes = root.one_or_many();
    !nodes.is_empty() && nodes.all(is_case)
}

fn is_case(node: Node<'_>) -> bool {
    let Some(members) = node.members() else {
        return false;
    };
    let has = |name| members.get(name).is_some();
    has("request") && (has("policies") || has("account"))
}

pub(super) fn read(root: Node<'_>, found: &mut Gathered) {
    let listed = root.is_array();
    for (index, node) in root.one_or_many().enumerate() {
        match listed {
            true => case(node, &Path::Root.element(index), found),
            false => case(node, &Path::Root, found),
        }
    }
}

/// JSON Lines: nothing unless every line is a case.
pub(super) fn lines(source: &Source) -> Option<Gathered> {
    let mut found = Gathered::default();
    let mut start = 0;
    let mut is_empty = true;
    for line in source.text().split_inclusive('\n') {
        let end = start + line.len();
        if !line.trim().is_empty() {
            let line = Source::part(source, Span { start, end });
            let json = json::read(&line).ok()?;
            if !is_case(json.root()) {
                return None;
            }
            let mut of_line = Gathered::default();
            case(json.root(), &Path::Root, &mut of_line);
            found.append(of_line);
            is_empty = false;
        }
        start = end;
    }
    (!is_empty).then_some(found)
}

fn member<'j>(node: Node<'j>, name: &str) -> Option<Node<'j>> {
    node.members()?.get(name)
}

fn case(node: Node<'_>, path: &Path<'_>, found: &mut Gathered) {
    // A case may be about policies that are wrong.
    if let Some(expected) = member(node, "expect").filter(|node| member(*node, "error").is_some()) {
        let reason = "the case expects that something of it is refused";
        return found.unread(expected, path.to_string(), reason);
    }
    let request = member(node, "request");
    if let Some(policies) = member(node, "policies") {
        stages(policies, service(request), &path.member("policies"), found);
    }
    if let Some(session) = request.and_then(|request| member(request, "session_policy")) {
        let path = path.member("request");
        list(
            session,
            PolicyKind::Session,
            &path.member("session_policy"),
            found,
        );
    }
}

fn stages(policies: Node<'_>, service: ResourceService, path: &Path<'_>, found: &mut Gathered) {
    let flat = [
        ("identity", PolicyKind::Identity),
        ("session", PolicyKind::Session),
        ("resource", PolicyKind::Resource(service)),
        ("trust", PolicyKind::Trust),
        ("endpoint", PolicyKind::Endpoint),
    ];
    for (name, kind) in flat {
        if let Some(node) = member(policies, name) {
            list(node, kind, &path.member(name), found);
        }
    }
    if let Some(node) = member(policies, "resource_group") {
        let path = path.member("resource_group");
        match node.members() {
            Some(groups) if groups.get("Statement").is_none() => {
                for group in groups {
                    list(
                        group.node,
                        PolicyKind::Identity,
                        &path.member(group.key),
                        found,
                    );
                }
            }
            _ => list(node, PolicyKind::Identity, &path, found),
        }
    }
    if let Some(node) = member(policies, "control") {
        let path = path.member("control");
        for (index, level) in node.one_or_many().enumerate() {
            list(level, PolicyKind::Control, &path.element(index), found);
        }
    }
}

/// A document or a list of them, each as it is or `{"name": …, "type": …, "document": …}`.
fn list(node: Node<'_>, kind: PolicyKind, path: &Path<'_>, found: &mut Gathered) {
    let listed = node.is_array();
    for (index, node) in node.one_or_many().enumerate() {
        let element = path.element(index);
        let path = if listed { &element } else { path };
        let reading = Reading::new(kind);
        let Some(document) = member(node, "document") else {
            found.document(node, reading, path.to_string());
            continue;
        };
        let reading = match member(node, "type").and_then(|node| node.as_str()) {
            Some("System") => reading.system(),
            _ => reading,
        };
        found.document(document, reading, path.member("document").to_string());
    }
}

/// The service whose resource policies the request meets.
fn service(request: Option<Node<'_>>) -> ResourceService {
    let text = |name: &str| {
        let node = member(request?, name)?;
        node.one_or_many().find_map(|node| node.as_str())
    };
    let arn = text("resource").and_then(|text| Arn::parse(text.to_owned()).ok());
    let of_resource = arn.as_ref().and_then(Arn::service);
    let of_action = text("action").and_then(|action| action.split(':').next());
    ResourceService::of(of_resource.or(of_action).unwrap_or_default())
}
