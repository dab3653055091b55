//! Takes the members of our own file formats (requests, snapshots, cases) apart, strictly and with places.

use crate::json::{Member, Node, Value, join};
use crate::problem::{Problem, ProblemKind, quoted};
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
        path: &str,
        kind: ProblemKind,
        message: impl Into<String>,
    ) {
        self.problems
            .push(Problem::new(self.source, span, path, kind, "", message));
    }

    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, path: &str, wanted: &str) {
        let message = format!("expected {wanted}, found {}", node.type_name());
        self.problem(node.span, path, ProblemKind::WrongType, message);
    }

    pub(crate) fn missing(&mut self, node: &Node<'_>, path: &str, name: &str) {
        let opening = Span {
            start: node.span.start,
            end: node.span.start + 1,
        };
        self.problem(
            opening,
            path,
            ProblemKind::MissingElement,
            format!("{name} is missing"),
        );
    }

    /// Turns another layer's error into a problem with a place.
    pub(crate) fn checked<T, E: ToString>(
        &mut self,
        node: &Node<'_>,
        path: &str,
        result: Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|error| {
                self.problem(
                    node.span,
                    path,
                    ProblemKind::InvalidInput,
                    error.to_string(),
                )
            })
            .ok()
    }

    /// The members of an object, whatever their names.
    pub(crate) fn map<'n, 'a>(&mut self, node: &'n Node<'a>, path: &str) -> &'n [Member<'a>] {
        node.members().unwrap_or_else(|| {
            self.wrong_type(node, path, "an object");
            &[]
        })
    }

    /// The members of an object that may have these names only.
    pub(crate) fn object<'n, 'a>(
        &mut self,
        node: &'n Node<'a>,
        path: &str,
        known: &[&'static str],
    ) -> Object<'n, 'a> {
        let members = self.map(node, path);
        for member in members
            .iter()
            .filter(|member| !known.contains(&member.key.as_ref()))
        {
            let message = format!(
                "unknown member {}; known here: {}",
                quoted(&member.key),
                known.join(", ")
            );
            let mut problem = Problem::new(
                self.source,
                member.key_span,
                join(path, &member.key),
                ProblemKind::UnknownElement,
                "",
                message,
            );
            problem.help = closest(&member.key, known).map(|name| format!("did you mean {name}?"));
            self.problems.push(problem);
        }
        Object { members }
    }

    /// A string that says something.
    pub(crate) fn text(&mut self, node: &Node<'_>, path: &str) -> Option<String> {
        match node.as_str() {
            Some("") => {
                self.problem(
                    node.span,
                    path,
                    ProblemKind::EmptyElement,
                    "an empty string says nothing here",
                );
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong_type(node, path, "a string");
                None
            }
        }
    }

    pub(crate) fn boolean(&mut self, node: &Node<'_>, path: &str) -> bool {
        match node.value {
            Value::Bool(value) => value,
            _ => {
                self.wrong_type(node, path, "true or false");
                false
            }
        }
    }

    /// The elements of an array; for nothing else.
    pub(crate) fn array<'n, 'a>(&mut self, node: &'n Node<'a>, path: &str) -> &'n [Node<'a>] {
        match &node.value {
            Value::Array(nodes) => nodes,
            _ => {
                self.wrong_type(node, path, "an array");
                &[]
            }
        }
    }

    /// An array of strings, each with its node and path.
    pub(crate) fn texts<'n, 'a>(
        &mut self,
        node: &'n Node<'a>,
        path: &str,
    ) -> Vec<(String, &'n Node<'a>, String)> {
        let mut texts = Vec::new();
        for (index, element) in self.array(node, path).iter().enumerate() {
            let path = format!("{path}[{index}]");
            if let Some(text) = self.text(element, &path) {
                texts.push((text, element, path));
            }
        }
        texts
    }
}

/// An object whose member names were checked.
pub(crate) struct Object<'n, 'a> {
    members: &'n [Member<'a>],
}

impl<'n, 'a> Object<'n, 'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node<'a>> {
        self.members
            .iter()
            .find(|member| member.key == name)
            .map(|member| &member.node)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A member that is there and not `null`.
    pub(crate) fn given(&self, name: &str) -> Option<&'n Node<'a>> {
        self.get(name).filter(|node| node.value != Value::Null)
    }
}
