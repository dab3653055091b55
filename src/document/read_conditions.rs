//! Reads `Condition`: operators, keys, and values that their operators can compare.

use crate::condition::{Operator, Qualifier};
use crate::document::read::{Reader, text};
use crate::document::{ActionElement, ConditionElement, Text};
use crate::json::{Member, Node, Value, join};
use crate::problem::{ProblemKind, quoted};
use crate::suggest::closest;
use crate::truth::OpenRule;
use crate::wildcard::Wildcard;

impl Reader<'_> {
    /// Operator → key → values (G13).
    pub(super) fn conditions(
        &mut self,
        node: &Node<'_>,
        path: &str,
        octets: bool,
    ) -> Vec<ConditionElement> {
        let Some(members) = node.members() else {
            self.wrong_type(node, path, "G13", "an object of operators");
            return Vec::new();
        };
        let mut conditions = Vec::new();
        for member in members {
            let path = join(path, &member.key);
            let (qualifier, name) = Qualifier::split(&member.key);
            let operator = Operator::from_name(name);
            if operator.is_none() {
                self.unknown_operator(member, name, &path);
            }
            let Some(keys) = member.node.members() else {
                self.wrong_type(&member.node, &path, "G13", "an object of condition keys");
                continue;
            };
            if keys.is_empty() {
                let message = format!("{} has no condition key", member.key);
                if self.tolerable(
                    member.node.span,
                    &path,
                    ProblemKind::EmptyElement,
                    "G13",
                    message,
                ) {
                    self.untold.push(OpenRule::G13);
                }
            }
            for key in keys {
                let path = join(&path, &key.key);
                self.condition_key(key, &path);
                let values = self.condition_values(&key.node, &path, operator, octets);
                if let Some(operator) = operator {
                    let operator_span = member.key_span;
                    let key = Text {
                        text: key.key.to_string(),
                        span: key.key_span,
                    };
                    conditions.push(ConditionElement {
                        operator,
                        qualifier,
                        operator_span,
                        key,
                        values,
                    });
                }
            }
        }
        conditions
    }

    fn unknown_operator(&mut self, member: &Member<'_>, name: &str, path: &str) {
        let message = format!("unknown condition operator {}", quoted(&member.key));
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
    fn condition_key(&mut self, member: &Member<'_>, path: &str) {
        let formed = member
            .key
            .split_once(':')
            .is_some_and(|(code, name)| !code.is_empty() && !name.is_empty());
        if !formed && !matches!(&*member.key, "Action" | "Resource") {
            let message = format!(
                "{} is no condition key; a key is acs:<name> or <code>:<name>",
                quoted(&member.key)
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
        node: &Node<'_>,
        path: &str,
        operator: Option<Operator>,
        octets: bool,
    ) -> Vec<Text> {
        let listed = matches!(node.value, Value::Array(_));
        let elements = node.one_or_many();
        if listed && elements.is_empty() {
            self.error(
                node.span,
                path,
                ProblemKind::EmptyElement,
                "G21",
                "an empty list; expected a value",
            );
        }
        if elements.len() > 1 && operator.is_some_and(Operator::is_boolean) {
            let message = format!("{} values under Bool, which takes one", elements.len());
            self.tolerable(
                node.span,
                path,
                ProblemKind::MultipleBooleans,
                "O11",
                message,
            );
        }
        let mut values = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let path = if listed {
                format!("{path}[{index}]")
            } else {
                path.to_owned()
            };
            let Some(value) = self.condition_value(element, &path) else {
                continue;
            };
            if let Some(Err((wanted, rule))) =
                operator.map(|operator| operator.check(&value.text, octets))
            {
                let message = format!("{} is not {wanted}", quoted(&value.text));
                self.tolerable(value.span, &path, ProblemKind::InvalidValue, rule, message);
            }
            values.push(value);
        }
        values
    }

    /// A string; a bare number or boolean only in lenient reading (G15).
    fn condition_value(&mut self, node: &Node<'_>, path: &str) -> Option<Text> {
        let bare = match &node.value {
            Value::String(value) => return Some(text(node, value)),
            Value::Number(number) => (*number).to_owned(),
            Value::Bool(value) => value.to_string(),
            _ => {
                self.wrong_type(node, path, "G15", "a value, which is a string");
                return None;
            }
        };
        let message = format!(
            "a value is a string; found {} {bare} without quotes",
            node.type_name()
        );
        self.tolerable(node.span, path, ProblemKind::WrongType, "G15", message);
        Some(text(node, &bare))
    }
}

/// O13: `*` octets are known from these two services; a pattern that reaches them counts.
pub(super) fn names_oss_or_vod(action: &ActionElement) -> bool {
    action.negated
        || action.patterns.iter().any(|pattern| {
            let service = pattern.text.split(':').next().unwrap_or_default();
            ["oss", "vod"]
                .iter()
                .any(|known| Wildcard::new(service).matches_folded(known, known.len()))
        })
}
