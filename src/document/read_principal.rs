//! Reads `Principal`, whose form depends on the service (T21, T23, T24).

use std::collections::HashMap;

use crate::document::read::Reader;
use crate::document::{PolicyKind, PrincipalMember, ResourceService};
use crate::json::{Members, Node, Value};
use crate::problem::{Path, ProblemKind, quoted};
use crate::wildcard::has_wildcard;

pub(super) fn read(reader: &mut Reader<'_>, node: Node<'_>, path: &Path<'_>) {
    let kind = reader.kind();
    let (rule, message) = match (kind, node.value()) {
        (
            PolicyKind::Trust | PolicyKind::Resource(ResourceService::Kms | ResourceService::Other),
            Value::Object(list),
        ) => return members(reader, node, list, path),
        // T21: `*` is read (and trusts nobody for sure).
        (PolicyKind::Trust, _) => {
            let mut names = node.one_or_many();
            if !names.is_empty() && names.all(|name| name.as_str() == Some("*")) {
                return;
            }
            let found = node.type_name();
            let message =
                format!("expected an object with RAM, Service or Federated, found {found}");
            ("T21", message)
        }
        (PolicyKind::Resource(ResourceService::Kms), _) => {
            let message = format!("expected {{\"RAM\": [...]}}, found {}", node.type_name());
            ("T24", message)
        }
        (_, Value::Object(_)) => {
            let message = format!(
                "a {kind} lists its principals in an array; an object is not understood here"
            );
            ("T23", message)
        }
        _ => return list(reader, node, path),
    };
    reader.error(
        node.span(),
        path,
        ProblemKind::InvalidPrincipal,
        rule,
        message,
    );
}

/// `{"RAM": …, "Service": …, "Federated": …}`, names of members in any case (G18).
fn members(reader: &mut Reader<'_>, node: Node<'_>, list: Members<'_>, path: &Path<'_>) {
    let trust = reader.kind() == PolicyKind::Trust;
    let rule = if trust { "T21" } else { "T24" };
    if list.is_empty() {
        reader.error(
            node.span(),
            path,
            ProblemKind::EmptyElement,
            "G21",
            "an empty object; expected a principal",
        );
    }
    let mut spelled: HashMap<String, &str> = HashMap::new();
    for member in list {
        let path = path.member(member.key);
        // The same name in the same spelling is a duplicate member already.
        let before = spelled.insert(member.key.to_ascii_lowercase(), member.key);
        if before.is_some_and(|before| before != member.key) {
            let message = format!("{} stands twice, in two spellings", quoted(member.key));
            reader.error(
                member.key_span,
                &path,
                ProblemKind::DuplicateMember,
                "G20",
                message,
            );
        }
        let kind = match PrincipalMember::of_name(member.key) {
            Some(PrincipalMember::Ram) => PrincipalMember::Ram,
            Some(kind) if trust => kind,
            _ => {
                let known = if trust {
                    "RAM, Service and Federated"
                } else {
                    "RAM"
                };
                let message = format!(
                    "unknown kind of principal {}; a {} knows {known}",
                    quoted(member.key),
                    reader.kind()
                );
                reader.error(
                    member.key_span,
                    &path,
                    ProblemKind::InvalidPrincipal,
                    rule,
                    message,
                );
                continue;
            }
        };
        reader.strings(
            member.node,
            &path,
            rule,
            "a principal",
            |reader, name, text, path| {
                if kind != PrincipalMember::Ram || is_ram_name(text, trust) {
                    return;
                }
                let message = format!("{} is no principal of a {}", quoted(text), reader.kind());
                reader.error(
                    name.span(),
                    path,
                    ProblemKind::InvalidPrincipal,
                    rule,
                    message,
                );
                reader.help(Some(
                    "expected acs:ram::<account>:root, :user/<name> or :role/<name>".to_owned(),
                ));
            },
        );
    }
}

/// `acs:ram::U:root`, `:user/x`, `:role/x`, and for a key policy `:*`. Wildcards elsewhere are read in a trust policy, where
/// they trust nobody for sure (T21).
fn is_ram_name(name: &str, trust: bool) -> bool {
    if trust && has_wildcard(name) {
        return true;
    }
    let Some((account, identity)) = name
        .strip_prefix("acs:ram::")
        .and_then(|rest| rest.split_once(':'))
    else {
        return false;
    };
    let named = ["user/", "role/"].iter().any(|kind| {
        identity
            .strip_prefix(kind)
            .is_some_and(|name| !name.is_empty())
    });
    !account.is_empty()
        && !has_wildcard(account)
        && (identity == "root" || (identity == "*" && !trust) || (named && !has_wildcard(identity)))
}

/// Ids, role sessions and `*` (T23). An empty list of a bucket policy means everybody (G21).
fn list(reader: &mut Reader<'_>, node: Node<'_>, path: &Path<'_>) {
    if node.one_or_many().is_empty() && reader.kind() == PolicyKind::Resource(ResourceService::Oss)
    {
        return;
    }
    reader.strings(
        node,
        path,
        "T23",
        "a principal",
        |reader, name, text, path| {
            if is_listed_name(text) {
                return;
            }
            let message = format!("{} is no principal of a {}", quoted(text), reader.kind());
            reader.error(
                name.span(),
                path,
                ProblemKind::InvalidPrincipal,
                "T23",
                message,
            );
            reader.help(Some(
                "expected the id of a user or an account, arn:sts::<account>:assumed-role/<role>/<session>, or \"*\""
                    .to_owned(),
            ));
        },
    );
}

fn is_listed_name(name: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let session = || {
        let (account, role) = name
            .strip_prefix("arn:sts::")?
            .split_once(":assumed-role/")?;
        let (role, session) = role.split_once('/')?;
        Some(!account.is_empty() && !role.is_empty() && !session.is_empty())
    };
    name == "*" || digits(name) || session().unwrap_or(false)
}
