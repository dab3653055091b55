//! Which statements an answer hangs on when not every circumstance of a request is known.

use std::sync::Arc;

use crate::decision::walk::{Part, Walk};
use crate::document::Effect;
use crate::policy::{Element, Stage};
use crate::request::Request;
use crate::truth::Truth;

/// A statement that matches or not by a circumstance that nobody said.
#[derive(Clone, Debug)]
pub(crate) struct Hanging {
    pub(crate) stage: Stage,
    pub(crate) policy: Arc<str>,
    pub(crate) statement: usize,
    pub(crate) effect: Effect,
    /// The key that it asks for.
    pub(crate) key: String,
    pub(crate) at: String,
    /// Whether it counts as matching with the key absent.
    pub(crate) counts: bool,
}

/// The statements of every stage that takes part, all of whose elements match or may match but for conditions on keys that are not known.
pub(crate) fn hanging(
    request: &Request<'_>,
    parts: &[Part<'_>],
    is_unsaid: &dyn Fn(&str) -> bool,
) -> Vec<Hanging> {
    let mut found = Vec::new();
    for (policies, resource) in parts {
        let walk = Walk::new(request, policies, resource);
        for (key, unit) in walk.keys().filter_map(|key| Some((key, walk.unit(key)?))) {
            for statement in unit.set.about(&walk.facts) {
                let unsaid = |element: &Element| match element {
                    Element::Condition(number) => statement
                        .conditions()
                        .get(*number)
                        .is_some_and(|condition| is_unsaid(condition.key())),
                    _ => false,
                };
                let Some(Element::Condition(number)) =
                    statement.elements().find(|element| unsaid(element))
                else {
                    continue;
                };
                let fits = |element| {
                    let matched = statement.element_matches(element, &walk.facts, unit.settings);
                    matched.truth != Truth::No
                };
                if !statement
                    .elements()
                    .filter(|element| !unsaid(element))
                    .all(fits)
                {
                    continue;
                }
                let condition = statement.conditions().get(number);
                let truth = unit.applies(&statement, &walk.facts).truth;
                found.push(Hanging {
                    stage: key.stage(),
                    policy: Arc::clone(&statement.policy().name),
                    statement: statement.index(),
                    effect: statement.effect(),
                    key: condition.map_or(String::new(), |condition| condition.key().to_owned()),
                    at: format!("{}:{}", statement.policy().file, statement.position()),
                    counts: match statement.effect() {
                        Effect::Deny => truth != Truth::No,
                        Effect::Allow => truth == Truth::Yes,
                    },
                });
            }
        }
    }
    found
}
