//! A policy as rules look at it: every text with its place and the way to it.

use crate::catalog::Catalog;
use crate::condition::{Operator, Qualifier};
use crate::document::{Document, Effect, PolicyKind, PrincipalMember, Statement};
use crate::json::{Node, Value};
use crate::problem::Path;
use crate::source::{Source, Span};

/// What is looked at, and what is known.
pub(super) struct View<'d> {
    pub(super) source: &'d Source,
    pub(super) kind: PolicyKind,
    pub(super) catalog: &'d Catalog,
    pub(super) statements: Vec<StatementView<'d>>,
}

/// What stands in a list or an object, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Row(Vec<Span>);

/// A text of the policy.
#[derive(Clone, Debug)]
pub(super) struct Entry<'d> {
    pub(super) text: &'d str,
    /// The quotes included.
    pub(super) span: Span,
    pub(super) path: String,
}

/// One element of a statement that is a text or a list of them.
#[derive(Clone, Debug, Default)]
pub(super) struct List<'d> {
    pub(super) span: Span,
    pub(super) path: String,
    pub(super) entries: Vec<Entry<'d>>,
}

/// One operator and one key.
pub(super) struct ConditionView<'d> {
    pub(super) operator: Operator,
    pub(super) qualifier: Option<Qualifier>,
    pub(super) operator_span: Span,
    pub(super) operator_path: String,
    pub(super) key: Entry<'d>,
    pub(super) values: List<'d>,
}

/// One statement.
pub(super) struct StatementView<'d> {
    pub(super) index: usize,
    pub(super) path: String,
    pub(super) span: Span,
    /// Its opening brace.
    pub(super) opening: Span,
    pub(super) effect: Effect,
    pub(super) sid: Option<Entry<'d>>,
    pub(super) principals: Vec<(PrincipalMember, Entry<'d>)>,
    /// The lists that the principals stand in.
    pub(super) principal_lists: Vec<List<'d>>,
    pub(super) is_not_action: bool,
    pub(super) actions: List<'d>,
    pub(super) resources: List<'d>,
    pub(super) conditions: Vec<ConditionView<'d>>,
    /// The whole element, if it is there.
    pub(super) condition: Option<(Span, String)>,
    /// Its elements, names and values.
    elements: Row,
}

impl<'d> View<'d> {
    pub(super) fn of(document: &'d Document, catalog: &'d Catalog) -> View<'d> {
        View {
            source: document.source(),
            kind: document.kind(),
            catalog,
            statements: document.statements().map(statement).collect(),
        }
    }

    /// What to take out so that a statement is gone; nothing where it stands alone.
    pub(super) fn removal(&self, statement: &StatementView<'_>) -> Option<Span> {
        let row = Row(self.statements.iter().map(|one| one.span).collect());
        row.removal(statement.span, self.source)
    }
}

impl<'d> StatementView<'d> {
    pub(super) fn is_allow(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// Whether nothing limits when it matches.
    pub(super) fn is_unconditional(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether it names every resource.
    pub(super) fn is_on_everything(&self) -> bool {
        self.resources.entries.iter().any(|entry| {
            let is_star = |field: &str| !field.is_empty() && field.bytes().all(|byte| byte == b'*');
            is_star(entry.text)
                || entry.text.strip_prefix("acs:").is_some_and(|rest| {
                    rest.split(':').count() >= 4 && rest.split(':').all(is_star)
                })
        })
    }

    /// Whether one of its conditions asks for this key, whatever its case.
    pub(super) fn asks_for(&self, key: &str) -> bool {
        self.conditions
            .iter()
            .any(|condition| condition.key.text.eq_ignore_ascii_case(key))
    }

    /// What to take out so that the element whose value stands at this place is gone.
    pub(super) fn element_removal(&self, value: Span, source: &Source) -> Option<Span> {
        self.elements.removal(value, source)
    }

    /// The first action pattern that covers an action; never of a `NotAction`.
    pub(super) fn granting(&self, action: &str) -> Option<&Entry<'d>> {
        if self.is_not_action {
            return None;
        }
        let mut patterns = self.actions.entries.iter();
        patterns.find(|entry| covers(entry.text, action))
    }
}

impl Row {
    /// What to take out so that the thing at this place is gone, with its comma.
    fn removal(&self, place: Span, source: &Source) -> Option<Span> {
        let spans = &self.0;
        let is_there = |one: &Span| one.start <= place.start && place.end <= one.end;
        removal(
            spans.iter().position(is_there)?,
            |at| spans.get(at).copied(),
            source,
        )
    }
}

/// What to take out so that one of several things that stand side by side is gone, with its comma; nothing where it stands alone, or something
/// else stands between.
fn removal(index: usize, at: impl Fn(usize) -> Option<Span>, source: &Source) -> Option<Span> {
    let entry = at(index)?;
    let before = index.checked_sub(1).and_then(&at);
    let (between, gone) = match (before, at(index + 1)) {
        (Some(before), _) => ((before.end, entry.start), (before.end, entry.end)),
        (None, Some(next)) => ((entry.end, next.start), (entry.start, next.start)),
        (None, None) => return None,
    };
    let span = |(start, end)| Span { start, end };
    (source.slice(span(between)).trim() == ",").then(|| span(gone))
}

impl List<'_> {
    /// What to take out so that the entry with this number is gone; nothing where it stands alone.
    pub(super) fn removal(&self, index: usize, source: &Source) -> Option<Span> {
        removal(
            index,
            |at| self.entries.get(at).map(|entry| entry.span),
            source,
        )
    }
}

/// Whether an action pattern covers an action (W4).
pub(super) fn covers(pattern: &str, action: &str) -> bool {
    crate::wildcard::matches_folded(pattern, action, action.len())
}

/// The service that an action pattern names, where it names one alone.
pub(super) fn service_of(pattern: &str) -> Option<&str> {
    let (code, _) = pattern.split_once(':')?;
    (!crate::wildcard::has_wildcard(code)).then_some(code)
}

fn statement(statement: Statement<'_>) -> StatementView<'_> {
    let (root, index) = (Path::Root, statement.index());
    let list = root.member("Statement");
    let path = list.element(index);
    let action = statement.action();
    let action_path = path.member(if action.is_negated() {
        "NotAction"
    } else {
        "Action"
    });
    let resources = statement
        .resource_node()
        .map(|node| texts(node, &path.member("Resource")));
    let condition_path = path.member("Condition");
    let principal_lists = principals(&statement, &path);
    let condition = statement
        .condition_node()
        .map(|node| (node.span(), condition_path.to_string()));
    StatementView {
        index,
        path: path.to_string(),
        span: statement.span(),
        opening: Span {
            start: statement.span().start,
            end: statement.span().start + 1,
        },
        effect: statement.effect(),
        sid: statement
            .sid_node()
            .and_then(|node| text(node, &path.member("Sid"))),
        principals: principal_lists
            .iter()
            .flat_map(|(member, list)| list.entries.iter().map(|entry| (*member, entry.clone())))
            .collect(),
        principal_lists: principal_lists.into_iter().map(|(_, list)| list).collect(),
        is_not_action: action.is_negated(),
        actions: texts(action.node(), &action_path),
        resources: resources.unwrap_or_default(),
        conditions: statement
            .condition_node()
            .map(|node| conditions(node, &condition_path))
            .unwrap_or_default(),
        condition,
        elements: elements(statement.node()),
    }
}

fn elements(node: Node<'_>) -> Row {
    let members = node.members().into_iter().flatten();
    let spans = members.map(|member| Span {
        start: member.key_span.start,
        end: member.node.span().end,
    });
    Row(spans.collect())
}

fn principals<'d>(statement: &Statement<'d>, path: &Path<'_>) -> Vec<(PrincipalMember, List<'d>)> {
    let Some(node) = statement.principal().map(|principal| principal.node()) else {
        return Vec::new();
    };
    let path = path.member("Principal");
    match node.value() {
        Value::Object(members) => members
            .filter_map(|member| {
                let kind = PrincipalMember::of_name(member.key)?;
                Some((kind, texts(member.node, &path.member(member.key))))
            })
            .collect(),
        _ => vec![(PrincipalMember::List, texts(node, &path))],
    }
}

fn conditions<'d>(node: Node<'d>, path: &Path<'_>) -> Vec<ConditionView<'d>> {
    let mut found = Vec::new();
    for member in node.members().into_iter().flatten() {
        let (qualifier, name) = Qualifier::split(member.key);
        let Some(operator) = Operator::from_name(name) else {
            continue;
        };
        let path = path.member(member.key);
        for key in member.node.members().into_iter().flatten() {
            let key_path = path.member(key.key);
            found.push(ConditionView {
                operator,
                qualifier,
                operator_span: member.key_span,
                operator_path: path.to_string(),
                key: Entry {
                    text: key.key,
                    span: key.key_span,
                    path: key_path.to_string(),
                },
                values: texts(key.node, &key_path),
            });
        }
    }
    found
}

fn text<'d>(node: Node<'d>, path: &Path<'_>) -> Option<Entry<'d>> {
    Some(Entry {
        text: node.as_str()?,
        span: node.span(),
        path: path.to_string(),
    })
}

/// A text or a list of texts (G16).
fn texts<'d>(node: Node<'d>, path: &Path<'_>) -> List<'d> {
    let listed = node.is_array();
    let entries = node.one_or_many().enumerate().filter_map(|(index, node)| {
        if listed {
            text(node, &path.element(index))
        } else {
            text(node, path)
        }
    });
    List {
        span: node.span(),
        path: path.to_string(),
        entries: entries.collect(),
    }
}
