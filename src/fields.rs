//! Takes the members of our own file formats (requests, snapshots, cases) apart, strictly and with places.

use crate::json::{Members, Node, Nodes, Value};
use crate::problem::{Path, Problem, ProblemKind, quoted};
use crate::source::{Source, Span};
use crate::suggest::closest;

/// Collects what is wrong in one text while it is read.
pub(crate) struct Fields<'s> {
    pub(crate) source: &'s Source,
    pub(crate) problems: Vec<Problem>,
}

impl<'s> Fields<'s> {
    pub(crate) fn new(source: &'s Source) -> Fields<'s> {
        Fields {
            source,
            problems: Vec::new(),
        }
    }

    pub(crate) fn problem(
        &mut self,
        span: Span,
        path: &Path<'_>,
        kind: ProblemKind,
        message: impl Into<String>,
    ) {
        self.problems
            .push(Problem::new(self.source, span, path, kind, "", message));
    }

    pub(crate) fn wrong_type(&mut self, node: Node<'_>, path: &Path<'_>, wanted: &str) {
        let message = format!("expected {wanted}, found {}", node.type_name());
        self.problem(node.span(), path, ProblemKind::WrongType, message);
    }

    pub(crate) fn missing(&mut self, node: Node<'_>, path: &Path<'_>, name: &str) {
        self.problem(
            node.opening(),
            path,
            ProblemKind::MissingElement,
            format!("{name} is missing"),
        );
    }

    /// Turns another layer's error into a problem with a place.
    pub(crate) fn checked<T, E: ToString>(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        result: Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|error| {
                self.problem(
                    node.span(),
                    path,
                    ProblemKind::InvalidInput,
                    error.to_string(),
                )
            })
            .ok()
    }

    /// The members of an object, whatever their names.
    pub(crate) fn map<'j>(&mut self, node: Node<'j>, path: &Path<'_>) -> Members<'j> {
        node.members().unwrap_or_else(|| {
            self.wrong_type(node, path, "an object");
            Members::none(node)
        })
    }

    /// The members of an object that may have these names only.
    pub(crate) fn object<'j>(
        &mut self,
        node: Node<'j>,
        path: &Path<'_>,
        known: &[&'static str],
    ) -> Object<'j> {
        let members = self.map(node, path);
        for member in members
            .clone()
            .filter(|member| !known.contains(&member.key))
        {
            let message = format!(
                "unknown member {}; known here: {}",
                quoted(member.key),
                known.join(", ")
            );
            let mut problem = Problem::new(
                self.source,
                member.key_span,
                &path.member(member.key),
                ProblemKind::UnknownElement,
                "",
                message,
            );
            problem.help = closest(member.key, known).map(|name| format!("did you mean {name}?"));
            self.problems.push(problem);
        }
        Object { members }
    }

    /// A string that says something.
    pub(crate) fn text<'j>(&mut self, node: Node<'j>, path: &Path<'_>) -> Option<&'j str> {
        match node.as_str() {
            Some("") => {
                self.problem(
                    node.span(),
                    path,
                    ProblemKind::EmptyElement,
                    "an empty string says nothing here",
                );
                None
            }
            Some(text) => Some(text),
            None => {
                self.wrong_type(node, path, "a string");
                None
            }
        }
    }

    pub(crate) fn boolean(&mut self, node: Node<'_>, path: &Path<'_>) -> bool {
        match node.value() {
            Value::Bool(value) => value,
            _ => {
                self.wrong_type(node, path, "true or false");
                false
            }
        }
    }

    /// The elements of an array; for nothing else.
    pub(crate) fn array<'j>(&mut self, node: Node<'j>, path: &Path<'_>) -> Nodes<'j> {
        match node.value() {
            Value::Array(nodes) => nodes,
            _ => {
                self.wrong_type(node, path, "an array");
                Nodes::none(node)
            }
        }
    }

    /// An array of strings, each with its number and its node.
    pub(crate) fn texts<'j>(
        &mut self,
        node: Node<'j>,
        path: &Path<'_>,
    ) -> Vec<(&'j str, usize, Node<'j>)> {
        let mut texts = Vec::new();
        for (index, element) in self.array(node, path).enumerate() {
            if let Some(text) = self.text(element, &path.element(index)) {
                texts.push((text, index, element));
            }
        }
        texts
    }
}

/// An object whose member names were checked.
#[derive(Clone)]
pub(crate) struct Object<'j> {
    members: Members<'j>,
}

impl<'j> Object<'j> {
    pub(crate) fn get(&self, name: &str) -> Option<Node<'j>> {
        self.members.get(name)
    }

    /// The first member of each of these names, found in one go.
    pub(crate) fn each<const N: usize>(&self, names: &[&str; N]) -> [Option<Node<'j>>; N] {
        let mut found = [None; N];
        for member in self.members.clone() {
            let mut places = names.iter().zip(&mut found);
            if let Some((_, place)) = places.find(|(name, _)| **name == member.key) {
                place.get_or_insert(member.node);
            }
        }
        found
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A member that is there and not `null`.
    pub(crate) fn given(&self, name: &str) -> Option<Node<'j>> {
        self.get(name).filter(|node| !node.is_null())
    }
}
