//! Reads a policy from JSON and reports every problem of it, never only the first.

use memchr::memchr;

use crate::document::{
    Contents, Effect, Parts, PolicyKind, Reading, ResourceService, read_principal,
};
use crate::json::{self, Member, Node, Value};
use crate::problem::{Path, Problem, ProblemKind, Severity, quoted};
use crate::source::{Source, Span};
use crate::suggest::closest;
use crate::truth::OpenRule;

/// Reads a policy that stands somewhere in a text; `whole`: the document is the whole text (its size is known).
pub(crate) fn read_node(
    node: Node<'_>,
    reading: Reading,
    whole: bool,
) -> (Option<Contents>, Vec<Problem>) {
    let mut reader = Reader {
        source: node.source(),
        reading,
        problems: Vec::new(),
        untold: Vec::new(),
        errors: 0,
    };
    json::report_duplicates(node, &Path::Root, &mut reader.problems);
    reader.errors = reader.problems.len();
    reader.size(node, whole);
    let statements = reader.document(node);
    let contents = statements.map(|statements| Contents {
        kind: reading.kind,
        complete: reader.errors == 0,
        statements,
    });
    (contents, reader.problems)
}

/// What is wrong with conditions that stand somewhere else than in a policy.
pub(crate) fn problems_of_conditions(node: Node<'_>, path: &Path<'_>) -> Vec<Problem> {
    let mut reader = Reader {
        source: node.source(),
        reading: Reading::new(PolicyKind::Identity),
        problems: Vec::new(),
        untold: Vec::new(),
        errors: 0,
    };
    reader.conditions(node, path, None);
    reader.problems
}

pub(super) struct Reader<'r> {
    source: &'r Source,
    reading: Reading,
    problems: Vec<Problem>,
    /// Of the statement that is being read: see [`Parts::untold`].
    pub(super) untold: Vec<OpenRule>,
    /// How many errors so far.
    errors: usize,
}

/// The elements of a statement that were found, each once.
#[derive(Default)]
struct Found<'j> {
    sid: Option<Node<'j>>,
    effect: Option<Node<'j>>,
    principal: Option<Node<'j>>,
    action: Option<Node<'j>>,
    not_action: Option<Member<'j>>,
    resource: Option<Node<'j>>,
    condition: Option<Node<'j>>,
}

impl Reader<'_> {
    pub(super) fn kind(&self) -> PolicyKind {
        self.reading.kind
    }

    pub(super) fn error(
        &mut self,
        span: Span,
        path: &Path<'_>,
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
        path: &Path<'_>,
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
        node: Node<'_>,
        path: &Path<'_>,
        rule: &'static str,
        wanted: &str,
    ) {
        let message = format!("expected {wanted}, found {}", node.type_name());
        self.error(node.span(), path, ProblemKind::WrongType, rule, message);
    }

    fn missing(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        rule: &'static str,
        message: impl Into<String>,
    ) {
        let kind = ProblemKind::MissingElement;
        self.error(node.opening(), path, kind, rule, message);
    }

    /// L1, L9, L10, L13 to L15. Of a document inside another file only its content counts: the layout is not RAM's.
    fn size(&mut self, node: Node<'_>, whole: bool) {
        let Some(SizeLimit { limit, unit, rule }) = size_limit(self.reading) else {
            return;
        };
        let written = if whole {
            self.source.text()
        } else {
            node.written()
        };
        if written.len() <= limit {
            return;
        }
        let text = if whole {
            written.to_owned()
        } else {
            without_blanks(written)
        };
        let found = if unit == "bytes" {
            text.len()
        } else {
            text.chars().count()
        };
        if found <= limit {
            return;
        }
        let kind = self.reading.kind;
        let message = format!("{found} {unit}; RAM stores at most {limit} of a custom {kind}");
        self.tolerable(
            node.opening(),
            &Path::Root,
            ProblemKind::TooLong,
            rule,
            message,
        );
        if kind == PolicyKind::Identity {
            self.help(Some(
                "a system policy has no such limit; read it as one".to_owned(),
            ));
        }
    }

    fn document(&mut self, node: Node<'_>) -> Option<Vec<Parts>> {
        let root = Path::Root;
        let Some(members) = node.members() else {
            self.wrong_type(node, &root, "G1", "an object with Version and Statement");
            return None;
        };
        for member in members.clone() {
            if !matches!(member.key, "Version" | "Statement") {
                let message = format!(
                    "unknown element {}; a policy has Version and Statement",
                    quoted(member.key)
                );
                let known = ["Version", "Statement"];
                self.unknown_element(&member, &root.member(member.key), "G2", message, &known);
            }
        }
        match members.get("Version") {
            None => self.missing(
                node,
                &root,
                "G3",
                "Version is missing; RAM knows \"Version\": \"1\"",
            ),
            Some(version) if version.as_str() == Some("1") => {}
            Some(version) => {
                let message = format!("unknown version {}; RAM knows \"1\"", version.written());
                self.error(
                    version.span(),
                    &root.member("Version"),
                    ProblemKind::InvalidVersion,
                    "G3",
                    message,
                );
            }
        }
        match members.get("Statement") {
            None => {
                self.missing(node, &root, "G4", "Statement is missing");
                Some(Vec::new())
            }
            Some(node) => Some(self.statements(node, &root.member("Statement"))),
        }
    }

    fn statements(&mut self, node: Node<'_>, path: &Path<'_>) -> Vec<Parts> {
        match node.value() {
            Value::Array(nodes) if nodes.is_empty() => {
                let message = "no statement; a policy has at least one";
                self.error(node.span(), path, ProblemKind::EmptyElement, "G4", message);
            }
            Value::Array(_) => {}
            Value::Object(_) => {
                let message = "expected an array of statements, found an object";
                let kind = ProblemKind::WrongType;
                if !self.tolerable(node.span(), path, kind, "G4", message) {
                    return Vec::new();
                }
            }
            _ => {
                self.wrong_type(node, path, "G4", "an array of statements");
                return Vec::new();
            }
        }
        let nodes = node.one_or_many();
        let mut statements = Vec::with_capacity(nodes.clone().count());
        for (index, node) in nodes.enumerate() {
            statements.extend(self.statement(index, node, &path.element(index)));
        }
        statements
    }

    fn statement(&mut self, index: usize, node: Node<'_>, path: &Path<'_>) -> Option<Parts> {
        let Some(members) = node.members() else {
            self.wrong_type(node, path, "G4", "a statement, which is an object");
            return None;
        };
        let errors_before = self.errors;
        self.untold = Vec::new();
        let mut found = Found::default();
        for member in members {
            self.element(&member, &path.member(member.key), &mut found);
        }
        self.sid(&found, path);
        let effect = self.effect(node, &found, path);
        self.principal(node, &found, path);
        let action = self.action(node, &found, path);
        self.resource(node, &found, path);
        if let Some(node) = found.condition {
            self.conditions(node, &path.member("Condition"), action);
        }
        if self.errors > errors_before {
            return None;
        }
        let (action, negated) = action?;
        Some(Parts {
            index,
            node: node.at(),
            effect: effect?,
            sid: found.sid.map(Node::at),
            principal: found.principal.map(Node::at),
            action: action.at(),
            negated,
            resource: found.resource.map(Node::at),
            condition: found.condition.map(Node::at),
            untold: std::mem::take(&mut self.untold),
        })
    }

    /// Keeps an element that a statement of this kind has (G5, G11, G12, G19).
    fn element<'j>(&mut self, member: &Member<'j>, path: &Path<'_>, found: &mut Found<'j>) {
        let trust = self.kind() == PolicyKind::Trust;
        let span = member.key_span;
        let unsupported = ProblemKind::UnsupportedElement;
        let place = match member.key {
            "Effect" => &mut found.effect,
            "Action" => &mut found.action,
            "Resource" if !trust => &mut found.resource,
            "Condition" => &mut found.condition,
            "Principal" if self.has_principal() => &mut found.principal,
            "Sid" => &mut found.sid,
            "NotAction" => {
                found.not_action.get_or_insert(*member);
                let message = "what NotAction means in a trust policy is not documented";
                if trust && self.tolerable(span, path, unsupported, "G5", message) {
                    self.untold.push(OpenRule::G5);
                }
                return;
            }
            "NotResource" => {
                let message = "RAM has no NotResource (any more)";
                if self.tolerable(span, path, unsupported, "G11", message) {
                    self.untold.push(OpenRule::G11);
                }
                return;
            }
            "NotPrincipal" => {
                let message = "RAM has no NotPrincipal";
                return self.error(span, path, unsupported, "G12", message);
            }
            "Principal" => {
                let message = format!(
                    "an {} has no Principal: it applies to whom it is attached to",
                    self.kind()
                );
                let message = message
                    .replace("an session", "a session")
                    .replace("an control", "a control");
                return self.error(span, path, unsupported, "G12", message);
            }
            "Resource" => {
                let message = "a trust policy has no Resource: it is about its own role";
                return self.error(span, path, unsupported, "G5", message);
            }
            key => {
                let known = [
                    "Sid",
                    "Effect",
                    "Principal",
                    "Action",
                    "NotAction",
                    "Resource",
                    "Condition",
                ];
                let message = format!("unknown element {}", quoted(key));
                return self.unknown_element(member, path, "G19", message, &known);
            }
        };
        place.get_or_insert(member.node);
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
        path: &Path<'_>,
        rule: &'static str,
        message: String,
        known: &[&'static str],
    ) {
        let meant = closest(member.key, known);
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
    fn sid(&mut self, found: &Found<'_>, path: &Path<'_>) {
        if let Some(node) = found.sid.filter(|node| node.as_str().is_none()) {
            self.wrong_type(node, &path.member("Sid"), "G19", "a string");
        }
    }

    fn effect(
        &mut self,
        statement: Node<'_>,
        found: &Found<'_>,
        path: &Path<'_>,
    ) -> Option<Effect> {
        let Some(node) = found.effect else {
            self.missing(statement, path, "G5", "Effect is missing");
            return None;
        };
        let path = path.member("Effect");
        match node.as_str() {
            Some("Allow") => return Some(Effect::Allow),
            Some("Deny") => return Some(Effect::Deny),
            Some(other) => {
                let message = format!(
                    "unknown effect {}; RAM knows \"Allow\" and \"Deny\"",
                    quoted(other)
                );
                let kind = ProblemKind::InvalidEffect;
                self.error(node.span(), &path, kind, "G6", message);
            }
            None => self.wrong_type(node, &path, "G6", "\"Allow\" or \"Deny\""),
        }
        None
    }

    fn principal(&mut self, statement: Node<'_>, found: &Found<'_>, path: &Path<'_>) {
        match found.principal {
            Some(node) => read_principal::read(self, node, &path.member("Principal")),
            None if self.has_principal() => {
                let message = format!(
                    "Principal is missing; a {} says whom it is about",
                    self.kind()
                );
                let message = message.replace("a endpoint", "an endpoint");
                self.missing(statement, path, "G5", message);
            }
            None => {}
        }
    }

    /// The one that there is, and whether it is `NotAction`.
    fn action<'j>(
        &mut self,
        statement: Node<'_>,
        found: &Found<'j>,
        path: &Path<'_>,
    ) -> Option<(Node<'j>, bool)> {
        let (node, negated) = match (found.action, found.not_action) {
            (Some(_), Some(not_action)) => {
                let message = "both Action and NotAction; a statement has exactly one of them";
                let kind = ProblemKind::ConflictingElements;
                let path = path.member("NotAction");
                self.error(not_action.key_span, &path, kind, "G7", message);
                return None;
            }
            (Some(action), None) => (action, false),
            (None, Some(not_action)) => (not_action.node, true),
            (None, None) => {
                self.missing(statement, path, "G7", "Action (or NotAction) is missing");
                return None;
            }
        };
        let path = path.member(if negated { "NotAction" } else { "Action" });
        self.strings(
            node,
            &path,
            "G8",
            "an action",
            |reader, pattern, text, path| {
                if text == "*" || is_prefixed(text) {
                    return;
                }
                let message = format!(
                    "{} is no action; an action is \"*\" or <code>:<name>",
                    quoted(text)
                );
                let kind = ProblemKind::InvalidAction;
                reader.error(pattern.span(), path, kind, "G8", message);
            },
        );
        Some((node, negated))
    }

    fn resource(&mut self, statement: Node<'_>, found: &Found<'_>, path: &Path<'_>) {
        match found.resource {
            Some(node) => {
                let path = path.member("Resource");
                self.strings(node, &path, "G10", "a resource", |_, _, _, _| {});
            }
            None if self.kind() != PolicyKind::Trust && !self.untold.contains(&OpenRule::G11) => {
                self.missing(statement, path, "G5", "Resource is missing");
            }
            None => {}
        }
    }

    /// One string or an array of them (G16), none empty (G21); `check` sees each, with its path.
    pub(super) fn strings(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        rule: &'static str,
        what: &str,
        check: impl Fn(&mut Self, Node<'_>, &str, &Path<'_>),
    ) {
        let listed = node.is_array();
        let elements = node.one_or_many();
        if elements.is_empty() {
            let message = format!("an empty list; expected {what}");
            let kind = ProblemKind::EmptyElement;
            self.error(node.span(), path, kind, "G21", message);
        }
        for (index, element) in elements.enumerate() {
            let path = if listed { path.element(index) } else { *path };
            match element.as_str() {
                Some("") => {
                    let message = format!("an empty string; expected {what}");
                    let kind = ProblemKind::EmptyElement;
                    self.error(element.span(), &path, kind, "G21", message);
                }
                Some(text) => check(self, element, text, &path),
                None if listed => {
                    self.wrong_type(element, &path, "G16", &format!("{what}, which is a string"));
                }
                None => {
                    self.wrong_type(element, &path, rule, &format!("{what} or an array of them"));
                }
            }
        }
    }
}

/// How long a policy may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SizeLimit {
    pub(crate) limit: usize,
    /// `characters` or `bytes`.
    pub(crate) unit: &'static str,
    pub(crate) rule: &'static str,
}

/// `None` where none is known, or there is none.
pub(crate) fn size_limit(reading: Reading) -> Option<SizeLimit> {
    let (limit, unit, rule) = match reading.kind {
        _ if reading.system => return None,
        PolicyKind::Identity => (6144, "characters", "L1"),
        PolicyKind::Session => (2048, "characters", "L9"),
        PolicyKind::Control => (4096, "characters", "L10"),
        PolicyKind::Resource(ResourceService::Oss) => (16_384, "bytes", "L13"),
        PolicyKind::Resource(ResourceService::Log) => (16_384, "bytes", "L14"),
        PolicyKind::Resource(ResourceService::Kms) => (32_768, "bytes", "L15"),
        // L12: the limit of a trust policy is not published; of the others none is known.
        PolicyKind::Trust | PolicyKind::Endpoint | PolicyKind::Resource(ResourceService::Other) => {
            return None;
        }
    };
    Some(SizeLimit { limit, unit, rule })
}

/// Whether a text is `<code>:<name>`, neither of them empty.
pub(crate) fn is_prefixed(text: &str) -> bool {
    memchr(b':', text.as_bytes()).is_some_and(|colon| colon > 0 && colon + 1 < text.len())
}

/// A JSON text without the white space between its tokens.
pub(crate) fn without_blanks(text: &str) -> String {
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
    kept
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
