//! The actions cut into slices, service by service: in each, only the few parts of a formula count that can speak of its actions.
//!
//! Nearly every pattern of actions is of one service by the text before its colon. Outside that service it is false, and most statements
//! with it. What this rests on is in every certificate, and checked there: which patterns are taken to be of which service.

use std::rc::Rc;

use foldhash::HashMap;

use crate::analysis::glob::{Glob, Token};
use crate::analysis::skeleton::{Node, NodeId, Skeleton};

/// Some of the actions: those of a service, all or by whether they list ([`LISTING`]); or those of no service that is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    pub(crate) service: Option<u32>,
    pub(crate) lists: Option<bool>,
}

/// Actions of OSS that fill in keys (O21).
pub(crate) const LISTING: &str = "oss:list*";

/// In which slices a part is not the same constant.
#[derive(Clone, Debug)]
enum Reach {
    Everywhere,
    /// Outside of these services it is false.
    FalseBut(Rc<[u32]>),
    /// Outside of these services it is true.
    TrueBut(Rc<[u32]>),
}

impl Reach {
    /// What the part is in a service, where that is a constant.
    fn constant(&self, service: Option<u32>) -> Option<bool> {
        let (of, value) = match self {
            Reach::Everywhere => return None,
            Reach::FalseBut(of) => (of, false),
            Reach::TrueBut(of) => (of, true),
        };
        let is_of = service.is_some_and(|service| of.binary_search(&service).is_ok());
        (!is_of).then_some(value)
    }
}

/// Of which services the patterns in a part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    /// There is none that is of a service.
    None,
    One(u32),
    Many,
}

/// The parts of a wide part: those that count everywhere, and the others by service.
#[derive(Debug, Default)]
struct Filed {
    everywhere: Vec<NodeId>,
    of_service: HashMap<u32, Vec<NodeId>>,
}

/// From so many parts on they are filed by service.
const WIDE: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Slices {
    services: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
    /// For each set, the service it is of.
    of_atom: Vec<Option<u32>>,
    reach: Vec<Reach>,
    span: Vec<Span>,
    filed: HashMap<NodeId, Filed>,
    /// The slice that is looked at, and what parts are in it.
    service: Option<u32>,
    restricted: HashMap<NodeId, NodeId>,
}

/// The service of every action that fits, if it is one: the text before the colon.
pub(crate) fn service_of(glob: &Glob) -> Option<String> {
    let mut service = String::new();
    for token in &glob.tokens {
        match token {
            Token::Char(':') if !service.is_empty() => return Some(service),
            Token::Char(c) if !matches!(c, ':' | '*' | '?') => service.push(c.to_ascii_lowercase()),
            _ => return None,
        }
    }
    None
}

impl Slices {
    pub(crate) fn services(&self) -> &[Box<str>] {
        &self.services
    }

    pub(crate) fn service(&self, number: u32) -> &str {
        self.services
            .get(number as usize)
            .map_or("", |service| &**service)
    }

    /// The number of a service.
    pub(crate) fn named(&mut self, service: &str) -> u32 {
        if let Some(known) = self.numbers.get(service) {
            return *known;
        }
        let number = u32::try_from(self.services.len()).unwrap_or(u32::MAX);
        self.services.push(service.into());
        self.numbers.insert(service.into(), number);
        number
    }

    /// The service of a set, told of all sets in order.
    pub(crate) fn add_atom(&mut self, of: Option<&Glob>) {
        let service = of.and_then(service_of);
        let service = service.map(|service| self.named(&service));
        self.of_atom.push(service);
    }

    pub(crate) fn of_atom(&self, atom: u32) -> Option<u32> {
        self.of_atom.get(atom as usize).copied().flatten()
    }

    /// Looks at the parts that were added since.
    pub(crate) fn look(&mut self, skeleton: &Skeleton) {
        let new = skeleton.nodes().get(self.reach.len()..).unwrap_or_default();
        for node in new {
            let (reach, span) = self.seen(node);
            let all = matches!(node, Node::All(_));
            if let (Node::All(parts) | Node::Any(parts), Span::Many) = (node, span)
                && parts.len() >= WIDE
            {
                let filed = self.file(parts, all);
                self.filed.insert(NodeId::new(self.reach.len()), filed);
            }
            self.reach.push(reach);
            self.span.push(span);
        }
    }

    fn reach(&self, id: NodeId) -> &Reach {
        self.reach.get(id.index()).unwrap_or(&Reach::Everywhere)
    }

    fn span(&self, id: NodeId) -> Span {
        self.span.get(id.index()).copied().unwrap_or(Span::Many)
    }

    fn seen(&self, node: &Node) -> (Reach, Span) {
        match node {
            Node::True | Node::False => (Reach::Everywhere, Span::None),
            Node::Atom(atom, holds) => match self.of_atom(*atom) {
                None => (Reach::Everywhere, Span::None),
                Some(service) if *holds => (Reach::FalseBut([service].into()), Span::One(service)),
                Some(service) => (Reach::TrueBut([service].into()), Span::One(service)),
            },
            Node::Named(_, _, part) => (self.reach(*part).clone(), self.span(*part)),
            Node::All(parts) => (self.joined(parts, true), self.spanned(parts)),
            Node::Any(parts) => (self.joined(parts, false), self.spanned(parts)),
        }
    }

    fn spanned(&self, parts: &[NodeId]) -> Span {
        let spans = parts.iter().map(|part| self.span(*part));
        spans.fold(Span::None, |all, one| match (all, one) {
            (Span::None, other) | (other, Span::None) => other,
            (Span::One(a), Span::One(b)) if a == b => all,
            _ => Span::Many,
        })
    }

    /// All of some parts are false wherever one is, and true where each is; any of them the other way round.
    fn joined(&self, parts: &[NodeId], all: bool) -> Reach {
        let decisive = |part: &NodeId| match (self.reach(*part), all) {
            (Reach::FalseBut(of), true) | (Reach::TrueBut(of), false) => Some(Rc::clone(of)),
            _ => None,
        };
        let least = parts.iter().filter_map(decisive).min_by_key(|of| of.len());
        if let Some(of) = least {
            return if all {
                Reach::FalseBut(of)
            } else {
                Reach::TrueBut(of)
            };
        }
        let mut together: Vec<u32> = Vec::new();
        for part in parts {
            match self.reach(*part) {
                Reach::Everywhere => return Reach::Everywhere,
                Reach::FalseBut(of) | Reach::TrueBut(of) => together.extend(of.iter()),
            }
        }
        together.sort_unstable();
        together.dedup();
        if all {
            Reach::TrueBut(together.into())
        } else {
            Reach::FalseBut(together.into())
        }
    }

    fn file(&self, parts: &[NodeId], all: bool) -> Filed {
        let mut filed = Filed::default();
        for part in parts {
            match (self.reach(*part), all) {
                (Reach::TrueBut(of), true) | (Reach::FalseBut(of), false) => {
                    for service in &**of {
                        filed.of_service.entry(*service).or_default().push(*part);
                    }
                }
                _ => filed.everywhere.push(*part),
            }
        }
        filed
    }

    /// From now on parts are told as they are in this slice.
    pub(crate) fn enter(&mut self, slice: Slice) {
        if self.service != slice.service {
            self.service = slice.service;
            self.restricted.clear();
        }
    }

    /// A part as it is in the slice. A formula is a handful of levels deep, whatever the policies.
    pub(crate) fn restrict(&mut self, skeleton: &mut Skeleton, id: NodeId) -> NodeId {
        match self.span(id) {
            Span::None => return id,
            Span::One(service) if self.service == Some(service) => return id,
            _ => {}
        }
        if let Some(value) = self.reach(id).constant(self.service) {
            return skeleton.constant(value);
        }
        if let Some(known) = self.restricted.get(&id) {
            return *known;
        }
        let restricted = match skeleton.get(id).clone() {
            Node::True | Node::False | Node::Atom(..) => id,
            Node::Named(name, holds, part) => {
                let part = self.restrict(skeleton, part);
                skeleton.renamed(name, holds, part)
            }
            Node::All(parts) => self.restrict_all(skeleton, id, &parts, true),
            Node::Any(parts) => self.restrict_all(skeleton, id, &parts, false),
        };
        self.restricted.insert(id, restricted);
        restricted
    }

    fn restrict_all(
        &mut self,
        skeleton: &mut Skeleton,
        id: NodeId,
        parts: &[NodeId],
        all: bool,
    ) -> NodeId {
        let mut wanted: Vec<NodeId> = match self.filed.get(&id) {
            None => parts.to_vec(),
            Some(filed) => {
                let own = self
                    .service
                    .and_then(|service| filed.of_service.get(&service));
                let own = own.map(Vec::as_slice).unwrap_or_default();
                filed.everywhere.iter().chain(own).copied().collect()
            }
        };
        for part in &mut wanted {
            *part = self.restrict(skeleton, *part);
        }
        skeleton.join(wanted, all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::glob::Case;

    const PATTERNS: [&str; 9] = [
        "ecs:a", "ECS:*", "oss:*", "*:a", "e?s:*", "oss:a", "ecs:b", "vod:*", "e*",
    ];

    /// Which parts hold on an action; set 9 is of another dimension, and holds or not whatever the action.
    fn holds(skeleton: &Skeleton, action: &str, other: bool) -> Vec<bool> {
        let mut holds: Vec<bool> = Vec::new();
        for node in skeleton.nodes() {
            let is = |id: &NodeId| holds[id.index()];
            holds.push(match node {
                Node::True => true,
                Node::False => false,
                Node::Atom(atom, is_in) => {
                    let fits = PATTERNS.get(*atom as usize).map_or(other, |pattern| {
                        Glob::wildcard(pattern, Case::Ascii).matches(action)
                    });
                    fits == *is_in
                }
                Node::Named(_, _, part) => is(part),
                Node::All(parts) => parts.iter().all(is),
                Node::Any(parts) => parts.iter().any(is),
            });
        }
        holds
    }

    #[test]
    fn a_pattern_is_of_the_service_before_its_colon() {
        let of = |pattern: &str| service_of(&Glob::wildcard(pattern, Case::Ascii));
        assert_eq!(of("ECS:Describe*").as_deref(), Some("ecs"));
        for pattern in ["*", "ecs*", "ec?:a", "*:a", ":a", "ecs"] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
    }

    /// Whatever the formula, it holds in a slice where it held as a whole.
    #[test]
    fn parts_in_a_slice_say_what_they_said() {
        let mut seed = 5u64;
        let mut random = move |end: usize| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % end
        };
        let mut constants = 0;
        for _ in 0..400 {
            let (mut skeleton, mut slices) = (Skeleton::default(), Slices::default());
            let mut parts = Vec::new();
            for (number, pattern) in (0..).zip(PATTERNS) {
                slices.add_atom(Some(&Glob::wildcard(pattern, Case::Ascii)));
                parts.push(skeleton.atom(number));
            }
            slices.add_atom(None);
            parts.push(skeleton.atom(9));
            for number in 0..30 {
                let count = [2, 3, 12][random(3)];
                let some: Vec<NodeId> = (0..count).map(|_| parts[random(parts.len())]).collect();
                let joined = skeleton.join(some, random(2) == 0);
                let opposite = skeleton.not(joined);
                parts.extend([joined, opposite, skeleton.named(number, joined)]);
            }
            slices.look(&skeleton);
            let services: Vec<Box<str>> = slices.services().to_vec();
            for action in [
                "ecs:a", "ecs:b", "ecs:c", "oss:a", "vod:a", "eks:a", "x:a", "x:b",
            ] {
                let service = services
                    .iter()
                    .position(|one| action.starts_with(&format!("{one}:")));
                slices.enter(Slice {
                    service: service.map(|number| number as u32),
                    lists: None,
                });
                let mut here = Vec::new();
                for part in &parts {
                    here.push(slices.restrict(&mut skeleton, *part));
                }
                for other in [false, true] {
                    let holds = holds(&skeleton, action, other);
                    for (part, here) in parts.iter().zip(&here) {
                        assert_eq!(holds[part.index()], holds[here.index()], "{action}");
                        constants += usize::from(*skeleton.get(*here) == Node::False);
                    }
                }
            }
        }
        assert!(constants > 1_000, "{constants}");
    }
}
