//! Reads a policy from JSON and reports every problem of it, never only the first.

use std::borrow::Cow;

use crate::document::read_conditions::names_oss_or_vod;
use crate::document::{
    ActionElement, Document, Effect, PolicyKind, PrincipalElement, Reading, ResourceService,
    Statement, Text, read_principal,
};
use crate::json::{self, Member, Node, Value, join};
use crate::problem::{Problem, ProblemKind, Severity, quoted};
use crate::source::{Source, Span};
use crate::suggest::closest;
use crate::truth::OpenRule;

/// Reads a policy that stands somewhere in `source`; `whole`: the document is the whole text (its size is known).
pub(crate) fn read_node(
    source: &Source,
    node: &Node<'_>,
    reading: Reading,
    whole: bool,
) -> (Option<Document>, Vec<Problem>) {
    let mut reader = Reader {
        source,
        reading,
        problems: Vec::new(),
        untold: Vec::new(),
        errors: 0,
    };
    json::report_duplicates(source, node, "", &mut reader.problems);
    reader.size(node, whole);
    let document = reader.document(node);
    let complete = reader
        .problems
        .iter()
        .all(|problem| problem.severity != Severity::Error);
    (
        document.map(|document| Document {
            complete,
            ..document
        }),
        reader.problems,
    )
}

pub(super) struct Reader<'r> {
    source: &'r Source,
    reading: Reading,
    problems: Vec<Problem>,
    /// Of the statement that is being read: see [`Statement::untold`].
    pub(super) untold: Vec<OpenRule>,
    /// How many errors so far.
    errors: usize,
}

impl Reader<'_> {
    pub(super) fn kind(&self) -> PolicyKind {
        self.reading.kind
    }

    pub(super) fn error(
        &mut self,
        span: Span,
        path: &str,
        kind: ProblemKind,
        rule: &'static str,
        message: impl Into<String>,
    ) {
        self.errors += 1;
        self.problems
            .push(Problem::new(self.source, span, path, kind, rule, message));
    }

    /// What to do about the problem that was reported last.
    pub(super) fn help(&mut self, help: Option<String>) {
        if let Some(problem) = self.problems.last_mut() {
            problem.help = help;
        }
    }

    /// A problem that lenient reading lets pass. Says whether it did.
    pub(super) fn tolerable(
        &mut self,
        span: Span,
        path: &str,
        kind: ProblemKind,
        rule: &'static str,
        message: impl Into<String>,
    ) -> bool {
        if !self.reading.lenient {
            self.error(span, path, kind, rule, message);
            return false;
        }
        let problem = Problem::new(self.source, span, path, kind, rule, message);
        self.problems.push(Problem {
            severity: Severity::Warning,
            ..problem
        });
        true
    }

    pub(super) fn wrong_type(
        &mut self,
        node: &Node<'_>,
        path: &str,
        rule: &'static str,
        wanted: &str,
    ) {
        let message = format!("expected {wanted}, found {}", node.type_name());
        self.error(node.span, path, ProblemKind::WrongType, rule, message);
    }

    fn missing(
        &mut self,
        node: &Node<'_>,
        path: &str,
        rule: &'static str,
        message: impl Into<String>,
    ) {
        let opening = Span {
            start: node.span.start,
            end: node.span.start + 1,
        };
        self.error(opening, path, ProblemKind::MissingElement, rule, message);
    }

    /// L1, L9, L10, L13 to L15. Of a document inside another file only its content counts: the layout is not RAM's.
    fn size(&mut self, node: &Node<'_>, whole: bool) {
        let text = if whole {
            Cow::Borrowed(self.source.text())
        } else {
            without_blanks(self.source.slice(node.span))
        };
        let (found, limit, unit, rule) = match self.reading.kind {
            _ if self.reading.system => return,
            PolicyKind::Identity => (text.chars().count(), 6144, "characters", "L1"),
            PolicyKind::Session => (text.chars().count(), 2048, "characters", "L9"),
            PolicyKind::Control => (text.chars().count(), 4096, "characters", "L10"),
            PolicyKind::Resource(ResourceService::Oss) => (text.len(), 16_384, "bytes", "L13"),
            PolicyKind::Resource(ResourceService::Log) => (text.len(), 16_384, "bytes", "L14"),
            PolicyKind::Resource(ResourceService::Kms) => (text.len(), 32_768, "bytes", "L15"),
            // L12: the limit of a trust policy is not published; of the others none is known.
            PolicyKind::Trust
            | PolicyKind::Endpoint
            | PolicyKind::Resource(ResourceService::Other) => return,
        };
        if found <= limit {
            return;
        }
        let kind = self.reading.kind;
        let message = format!("{found} {unit}; RAM stores at most {limit} of a custom {kind}");
        let opening = Span {
            start: node.span.start,
            end: node.span.start + 1,
        };
        self.tolerable(opening, "", ProblemKind::TooLong, rule, message);
        if kind == PolicyKind::Identity {
            self.help(Some(
                "a system policy has no such limit; read it as one".to_owned(),
            ));
        }
    }

    fn document(&mut self, node: &Node<'_>) -> Option<Document> {
        let Some(members) = node.members() else {
            self.wrong_type(node, "", "G1", "an object with Version and Statement");
            return None;
        };
        for member in members
            .iter()
            .filter(|member| !matches!(&*member.key, "Version" | "Statement"))
        {
            let message = format!(
                "unknown element {}; a policy has Version and Statement",
                quoted(&member.key)
            );
            self.unknown_element(
                member,
                &join("", &member.key),
                "G2",
                message,
                &["Version", "Statement"],
            );
        }
        match get(members, "Version") {
            None => self.missing(
                node,
                "",
                "G3",
                "Version is missing; RAM knows \"Version\": \"1\"",
            ),
            Some(version) if version.as_str() == Some("1") => {}
            Some(version) => {
                let message = format!(
                    "unknown version {}; RAM knows \"1\"",
                    self.source.slice(version.span)
                );
                self.error(
                    version.span,
                    "Version",
                    ProblemKind::InvalidVersion,
                    "G3",
                    message,
                );
            }
        }
        let statements = match get(members, "Statement") {
            None => {
                self.missing(node, "", "G4", "Statement is missing");
                Vec::new()
            }
            Some(node) => self.statements(node),
        };
        Some(Document {
            source: self.source.clone(),
            kind: self.reading.kind,
            statements,
            complete: false,
        })
    }

    fn statements(&mut self, node: &Node<'_>) -> Vec<Statement> {
        let nodes = match &node.value {
            Value::Array(nodes) => nodes.as_slice(),
            Value::Object(_) => {
                let message = "expected an array of statements, found an object";
                if !self.tolerable(
                    node.span,
                    "Statement",
                    ProblemKind::WrongType,
                    "G4",
                    message,
                ) {
                    return Vec::new();
                }
                std::slice::from_ref(node)
            }
            _ => {
                self.wrong_type(node, "Statement", "G4", "an array of statements");
                return Vec::new();
            }
        };
        if nodes.is_empty() {
            let message = "no statement; a policy has at least one";
            self.error(
                node.span,
                "Statement",
                ProblemKind::EmptyElement,
                "G4",
                message,
            );
        }
        nodes
            .iter()
            .enumerate()
            .filter_map(|(index, node)| self.statement(index, node))
            .collect()
    }

    fn statement(&mut self, index: usize, node: &Node<'_>) -> Option<Statement> {
        let path = format!("Statement[{index}]");
        let Some(members) = node.members() else {
            self.wrong_type(node, &path, "G4", "a statement, which is an object");
            return None;
        };
        let errors_before = self.errors;
        self.untold = Vec::new();
        self.check_members(members, &path);
        let sid = self.sid(members, &path);
        let effect = self.effect(node, members, &path);
        let principal = self.principal(node, members, &path);
        let action = self.action(node, members, &path);
        let resource = self.resource(node, members, &path);
        let octets = action.as_ref().is_some_and(names_oss_or_vod);
        let conditions = get(members, "Condition")
            .map(|node| self.conditions(node, &join(&path, "Condition"), octets));
        if self.errors > errors_before {
            return None;
        }
        Some(Statement {
            index,
            span: node.span,
            sid,
            effect: effect?,
            principal,
            action: action?,
            resource,
            conditions: conditions.unwrap_or_default(),
            untold: std::mem::take(&mut self.untold),
        })
    }

    /// Which elements a statement of this kind has (G5, G11, G12, G19).
    fn check_members(&mut self, members: &[Member<'_>], path: &str) {
        const KNOWN: [&str; 7] = [
            "Sid",
            "Effect",
            "Principal",
            "Action",
            "NotAction",
            "Resource",
            "Condition",
        ];
        let trust = self.kind() == PolicyKind::Trust;
        for member in members {
            let path = join(path, &member.key);
            match &*member.key {
                "NotResource" => {
                    let message = "RAM has no NotResource (any more)";
                    if self.tolerable(
                        member.key_span,
                        &path,
                        ProblemKind::UnsupportedElement,
                        "G11",
                        message,
                    ) {
                        self.untold.push(OpenRule::G11);
                    }
                }
                "NotPrincipal" => {
                    let message = "RAM has no NotPrincipal";
                    self.error(
                        member.key_span,
                        &path,
                        ProblemKind::UnsupportedElement,
                        "G12",
                        message,
                    );
                }
                "Principal" if !self.has_principal() => {
                    let message = format!(
                        "an {} has no Principal: it applies to whom it is attached to",
                        self.kind()
                    );
                    let message = message
                        .replace("an session", "a session")
                        .replace("an control", "a control");
                    self.error(
                        member.key_span,
                        &path,
                        ProblemKind::UnsupportedElement,
                        "G12",
                        message,
                    );
                }
                "Resource" if trust => {
                    let message = "a trust policy has no Resource: it is about its own role";
                    self.error(
                        member.key_span,
                        &path,
                        ProblemKind::UnsupportedElement,
                        "G5",
                        message,
                    );
                }
                "NotAction" if trust => {
                    let message = "what NotAction means in a trust policy is not documented";
                    if self.tolerable(
                        member.key_span,
                        &path,
                        ProblemKind::UnsupportedElement,
                        "G5",
                        message,
                    ) {
                        self.untold.push(OpenRule::G5);
                    }
                }
                key if KNOWN.contains(&key) => {}
                key => {
                    let message = format!("unknown element {}", quoted(key));
                    self.unknown_element(member, &path, "G19", message, &KNOWN);
                }
            }
        }
    }

    fn has_principal(&self) -> bool {
        matches!(
            self.kind(),
            PolicyKind::Trust | PolicyKind::Resource(_) | PolicyKind::Endpoint
        )
    }

    fn unknown_element(
        &mut self,
        member: &Member<'_>,
        path: &str,
        rule: &'static str,
        message: String,
        known: &[&'static str],
    ) {
        let meant = closest(&member.key, known);
        self.error(
            member.key_span,
            path,
            ProblemKind::UnknownElement,
            rule,
            message,
        );
        self.help(meant.map(|name| format!("did you mean {name}?")));
    }

    /// Optional, a string, without meaning (G19).
    fn sid(&mut self, members: &[Member<'_>], path: &str) -> Option<Text> {
        let node = get(members, "Sid")?;
        match node.as_str() {
            Some(sid) => Some(text(node, sid)),
            None => {
                self.wrong_type(node, &join(path, "Sid"), "G19", "a string");
                None
            }
        }
    }

    fn effect(
        &mut self,
        statement: &Node<'_>,
        members: &[Member<'_>],
        path: &str,
    ) -> Option<Effect> {
        let Some(node) = get(members, "Effect") else {
            self.missing(statement, path, "G5", "Effect is missing");
            return None;
        };
        let path = join(path, "Effect");
        match node.as_str() {
            Some("Allow") => Some(Effect::Allow),
            Some("Deny") => Some(Effect::Deny),
            Some(other) => {
                let message = format!(
                    "unknown effect {}; RAM knows \"Allow\" and \"Deny\"",
                    quoted(other)
                );
                self.error(node.span, &path, ProblemKind::InvalidEffect, "G6", message);
                None
            }
            None => {
                self.wrong_type(node, &path, "G6", "\"Allow\" or \"Deny\"");
                None
            }
        }
    }

    fn principal(
        &mut self,
        statement: &Node<'_>,
        members: &[Member<'_>],
        path: &str,
    ) -> Option<PrincipalElement> {
        if !self.has_principal() {
            return None;
        }
        match get(members, "Principal") {
            Some(node) => read_principal::read(self, node, &join(path, "Principal")),
            None => {
                let message = format!(
                    "Principal is missing; a {} says whom it is about",
                    self.kind()
                );
                self.missing(
                    statement,
                    path,
                    "G5",
                    message.replace("a endpoint", "an endpoint"),
                );
                None
            }
        }
    }

    fn action(
        &mut self,
        statement: &Node<'_>,
        members: &[Member<'_>],
        path: &str,
    ) -> Option<ActionElement> {
        let (node, negated) = match (get(members, "Action"), member(members, "NotAction")) {
            (Some(_), Some(not_action)) => {
                let message = "both Action and NotAction; a statement has exactly one of them";
                let path = join(path, "NotAction");
                self.error(
                    not_action.key_span,
                    &path,
                    ProblemKind::ConflictingElements,
                    "G7",
                    message,
                );
                return None;
            }
            (Some(action), None) => (action, false),
            (None, Some(not_action)) => (&not_action.node, true),
            (None, None) => {
                self.missing(statement, path, "G7", "Action (or NotAction) is missing");
                return None;
            }
        };
        let path = join(path, if negated { "NotAction" } else { "Action" });
        let patterns = self.strings(node, &path, "G8", "an action");
        for (pattern, path) in &patterns {
            let named = pattern
                .text
                .split_once(':')
                .is_some_and(|(code, name)| !code.is_empty() && !name.is_empty());
            if pattern.text != "*" && !named {
                let message = format!(
                    "{} is no action; an action is \"*\" or <code>:<name>",
                    quoted(&pattern.text)
                );
                self.error(
                    pattern.span,
                    path,
                    ProblemKind::InvalidAction,
                    "G8",
                    message,
                );
            }
        }
        let patterns = patterns.into_iter().map(|(text, _)| text).collect();
        Some(ActionElement {
            negated,
            span: node.span,
            patterns,
        })
    }

    fn resource(&mut self, statement: &Node<'_>, members: &[Member<'_>], path: &str) -> Vec<Text> {
        match get(members, "Resource") {
            Some(node) if self.kind() != PolicyKind::Trust => {
                let patterns = self.strings(node, &join(path, "Resource"), "G10", "a resource");
                patterns.into_iter().map(|(text, _)| text).collect()
            }
            None if self.kind() != PolicyKind::Trust && !self.untold.contains(&OpenRule::G11) => {
                self.missing(statement, path, "G5", "Resource is missing");
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// One string or an array of them (G16), none empty (G21), with the path of each.
    pub(super) fn strings(
        &mut self,
        node: &Node<'_>,
        path: &str,
        rule: &'static str,
        what: &str,
    ) -> Vec<(Text, String)> {
        let mut texts = Vec::new();
        let listed = matches!(node.value, Value::Array(_));
        if listed && node.one_or_many().is_empty() {
            let message = format!("an empty list; expected {what}");
            self.error(node.span, path, ProblemKind::EmptyElement, "G21", message);
        }
        for (index, element) in node.one_or_many().iter().enumerate() {
            let path = if listed {
                format!("{path}[{index}]")
            } else {
                path.to_owned()
            };
            match element.as_str() {
                Some("") => {
                    let message = format!("an empty string; expected {what}");
                    self.error(
                        element.span,
                        &path,
                        ProblemKind::EmptyElement,
                        "G21",
                        message,
                    );
                }
                Some(value) => texts.push((text(element, value), path)),
                None if listed => {
                    self.wrong_type(element, &path, "G16", &format!("{what}, which is a string"))
                }
                None => {
                    self.wrong_type(element, &path, rule, &format!("{what} or an array of them"))
                }
            }
        }
        texts
    }
}

pub(super) fn text(node: &Node<'_>, value: &str) -> Text {
    Text {
        text: value.to_owned(),
        span: node.span,
    }
}

fn member<'n, 'a>(members: &'n [Member<'a>], name: &str) -> Option<&'n Member<'a>> {
    members.iter().find(|member| member.key == name)
}

fn get<'n, 'a>(members: &'n [Member<'a>], name: &str) -> Option<&'n Node<'a>> {
    member(members, name).map(|member| &member.node)
}

/// A JSON text without the white space between its tokens.
fn without_blanks(text: &str) -> Cow<'_, str> {
    let mut in_string = false;
    let mut escaped = false;
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_string = c == '"';
        }
        kept.push(c);
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_go_and_strings_stay() {
        assert_eq!(
            without_blanks("{ \"a b\\\" c\" :\n [ 1 ] }"),
            "{\"a b\\\" c\":[1]}"
        );
    }
}
