//! Reads `Condition`: operators, keys, and values that their operators can compare.

use crate::condition::{Operator, Qualifier};
use crate::document::read::{Reader, is_prefixed};
use crate::json::{Member, Node, Value};
use crate::problem::{Path, ProblemKind, quoted};
use crate::suggest::closest;
use crate::truth::OpenRule;
use crate::wildcard::matches_folded;

impl Reader<'_> {
    /// Operator → key → values (G13), in a statement with this action, which may be a `NotAction`.
    pub(super) fn conditions(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        action: Option<(Node<'_>, bool)>,
    ) {
        let Some(members) = node.members() else {
            return self.wrong_type(node, path, "G13", "an object of operators");
        };
        for member in members {
            let path = path.member(member.key);
            let (_, name) = Qualifier::split(member.key);
            let operator = Operator::from_name(name);
            if operator.is_none() {
                self.unknown_operator(&member, name, &path);
            }
            let Some(keys) = member.node.members() else {
                self.wrong_type(member.node, &path, "G13", "an object of condition keys");
                continue;
            };
            if keys.is_empty() {
                let message = format!("{} has no condition key", member.key);
                if self.tolerable(
                    member.node.span(),
                    &path,
                    ProblemKind::EmptyElement,
                    "G13",
                    message,
                ) {
                    self.untold.push(OpenRule::G13);
                }
            }
            for key in keys {
                let path = path.member(key.key);
                self.condition_key(&key, &path);
                self.condition_values(key.node, &path, operator, action);
            }
        }
    }

    fn unknown_operator(&mut self, member: &Member<'_>, name: &str, path: &Path<'_>) {
        let message = format!("unknown condition operator {}", quoted(member.key));
        let help = if name.ends_with("IfExists") {
            Some("RAM has no ...IfExists operators".to_owned())
        } else if name == "Null" {
            Some(
                "RAM has no Null operator; StringLike with \"*\" asks whether a key is there"
                    .to_owned(),
            )
        } else {
            let names: Vec<&str> = Operator::all().map(Operator::name).collect();
            closest(name, &names).map(|meant| format!("did you mean {meant}?"))
        };
        let rule = if name == "Null" || name.ends_with("IfExists") {
            "O3"
        } else {
            "O2"
        };
        self.error(
            member.key_span,
            path,
            ProblemKind::UnknownOperator,
            rule,
            message,
        );
        self.help(help);
    }

    /// G14, and the two pseudo-keys of K19.
    fn condition_key(&mut self, member: &Member<'_>, path: &Path<'_>) {
        if !is_prefixed(member.key) && !matches!(member.key, "Action" | "Resource") {
            let message = format!(
                "{} is no condition key; a key is acs:<name> or <code>:<name>",
                quoted(member.key)
            );
            self.error(
                member.key_span,
                path,
                ProblemKind::InvalidConditionKey,
                "G14",
                message,
            );
        }
    }

    fn condition_values(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        operator: Option<Operator>,
        action: Option<(Node<'_>, bool)>,
    ) {
        let listed = node.is_array();
        let elements = node.one_or_many();
        if elements.is_empty() {
            self.error(
                node.span(),
                path,
                ProblemKind::EmptyElement,
                "G21",
                "an empty list; expected a value",
            );
        }
        let count = elements.clone().count();
        if count > 1 && operator.is_some_and(Operator::is_boolean) {
            let message = format!("{count} values under Bool, which takes one");
            self.tolerable(
                node.span(),
                path,
                ProblemKind::MultipleBooleans,
                "O11",
                message,
            );
        }
        for (index, element) in elements.enumerate() {
            let path = if listed { path.element(index) } else { *path };
            let Some(value) = self.condition_value(element, &path) else {
                continue;
            };
            if let Some(Err((wanted, rule))) =
                operator.map(|operator| operator.check(value, || names_oss_or_vod(action)))
            {
                let message = format!("{} is not {wanted}", quoted(value));
                self.tolerable(
                    element.span(),
                    &path,
                    ProblemKind::InvalidValue,
                    rule,
                    message,
                );
            }
        }
    }

    /// A string; a bare number or boolean only in lenient reading (G15).
    fn condition_value<'j>(&mut self, node: Node<'j>, path: &Path<'_>) -> Option<&'j str> {
        let bare = match node.value() {
            Value::String(value) => return Some(value),
            Value::Number(_) | Value::Bool(_) => node.written(),
            _ => {
                self.wrong_type(node, path, "G15", "a value, which is a string");
                return None;
            }
        };
        let message = format!(
            "a value is a string; found {} {bare} without quotes",
            node.type_name()
        );
        self.tolerable(node.span(), path, ProblemKind::WrongType, "G15", message);
        Some(bare)
    }
}

/// O13: `*` octets are known from these two services; a pattern that reaches them counts.
fn names_oss_or_vod(action: Option<(Node<'_>, bool)>) -> bool {
    let names = |pattern: &str| {
        let service = pattern.split(':').next().unwrap_or_default();
        ["oss", "vod"]
            .iter()
            .any(|known| matches_folded(service, known, known.len()))
    };
    action.is_some_and(|(patterns, negated)| {
        let mut patterns = patterns.one_or_many().filter_map(Node::as_str);
        negated || patterns.any(names)
    })
}
