//! What remains of a decision when only a part of the request is known: conditions, joined by and, or and not.

use std::fmt;
use std::sync::Arc;

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use crate::analysis::Level;
use crate::arn::Arn;
use crate::condition::Condition;
use crate::decision::Walk;
use crate::document::Effect;
use crate::partial::formula::{Atom, Formulas, Id, Node, Test};
use crate::policy::{CompiledStatement, Policies, Stage};
use crate::request::Request;
use crate::resource_pattern::RareResource;
use crate::source::Position;

/// A statement and its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct StatementPlace {
    /// Its stage.
    pub stage: Stage,
    /// Its policy's name.
    pub policy: Arc<str>,
    /// Its number in the policy, from 0.
    pub statement: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<Box<str>>,
    /// The file that it stands in.
    pub file: Arc<str>,
    /// Where it begins there.
    pub position: Position,
}

impl StatementPlace {
    pub(crate) fn of(stage: Stage, statement: &CompiledStatement<'_>) -> StatementPlace {
        StatementPlace {
            stage,
            policy: Arc::clone(&statement.policy().name),
            statement: statement.index(),
            sid: statement.sid().map(Into::into),
            file: Arc::clone(&statement.policy().file),
            position: statement.position(),
        }
    }

    /// `file:line:column`
    pub fn at(&self) -> String {
        format!("{}:{}", self.file, self.position)
    }
}

impl Serialize for StatementPlace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut source = serializer.serialize_struct("StatementPlace", 5)?;
        source.serialize_field("stage", &self.stage)?;
        source.serialize_field("policy", &self.policy)?;
        source.serialize_field("statement", &self.statement)?;
        source.serialize_field("sid", &self.sid)?;
        source.serialize_field("at", &self.at())?;
        source.end()
    }
}

/// A condition that is left open, and where it stands.
///
/// What cannot be told of a value grants nothing: a condition of an Allow must hold for sure, one of a Deny only possibly
/// ([`OpenCondition::effect`] says which).
#[derive(Clone, Debug)]
pub struct OpenCondition {
    condition: Condition,
    level: Level,
    sources: Vec<StatementPlace>,
}

impl OpenCondition {
    /// The operator, with its qualifier.
    pub fn operator(&self) -> String {
        match self.condition.qualifier() {
            Some(qualifier) => {
                format!("{}{}", qualifier.prefix(), self.condition.operator().name())
            }
            None => self.condition.operator().name().to_owned(),
        }
    }

    /// The condition key, as the policy spells it.
    pub fn key(&self) -> &str {
        self.condition.key()
    }

    /// The listed values.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.condition.listed()
    }

    /// The effect of the statements that it stands in.
    pub fn effect(&self) -> Effect {
        match self.level {
            Level::Possible => Effect::Deny,
            _ => Effect::Allow,
        }
    }

    /// The statements that it stands in.
    pub fn sources(&self) -> &[StatementPlace] {
        &self.sources
    }

    fn holds(&self, request: &Request<'_>) -> bool {
        let nothing = Policies::default();
        let applicable = nothing.applicable();
        let walk = request
            .resources()
            .next()
            .map(|resource| Walk::new(request, &applicable, resource));
        walk.is_some_and(|walk| self.level.admits(self.condition.holds(&walk.facts)))
    }
}

impl fmt::Display for OpenCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

/// That one of a statement's patterns matches the resource, where that is not known.
///
/// As with conditions, an Allow must match for sure, a Deny only possibly.
#[derive(Clone, Debug)]
pub struct OpenResource {
    patterns: Arc<[Box<str>]>,
    level: Level,
    sources: Vec<StatementPlace>,
}

impl OpenResource {
    /// The resources that these patterns surely match, which no statement asks for.
    pub(crate) fn matching(patterns: impl IntoIterator<Item = String>) -> OpenResource {
        OpenResource {
            patterns: patterns.into_iter().map(Into::into).collect(),
            level: Level::Sure,
            sources: Vec::new(),
        }
    }

    /// The patterns.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(|pattern| &**pattern)
    }

    /// The effect of the statements that they stand in.
    pub fn effect(&self) -> Effect {
        match self.level {
            Level::Possible => Effect::Deny,
            _ => Effect::Allow,
        }
    }

    /// The statements that they stand in.
    pub fn sources(&self) -> &[StatementPlace] {
        &self.sources
    }

    /// Whether all resources of the request are so.
    fn holds(&self, request: &Request<'_>) -> bool {
        let matched = |resource: &Arn<'_>| {
            let parts = resource.parts();
            let of = |pattern: &str| {
                let pattern = RareResource::literal(pattern);
                pattern.pattern().matches(resource, parts.as_ref(), false)
            };
            self.patterns()
                .any(|pattern| self.level.admits(of(pattern)))
        };
        request.resources().all(matched)
    }
}

impl fmt::Display for OpenResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<&str> = self.patterns().collect();
        write!(f, "resource in {}", patterns.join(", "))
    }
}

impl Serialize for OpenResource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("resource", &self.patterns().collect::<Vec<_>>())?;
        map.serialize_entry("effect", &self.effect())?;
        map.serialize_entry("statements", self.sources())?;
        map.end()
    }
}

/// What remains to be asked: a formula over conditions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Residual {
    /// Nothing: it is so.
    Always,
    /// Nothing: it is not so.
    Never,
    /// That a condition holds.
    Condition(OpenCondition),
    /// That the resource is one of some, where it is not known which it is.
    Resource(OpenResource),
    /// That this does not hold.
    Not(Box<Residual>),
    /// That all of these hold.
    All(Vec<Residual>),
    /// That any of these holds.
    Any(Vec<Residual>),
}

impl Residual {
    pub(crate) fn of(formulas: &Formulas, id: Id) -> Residual {
        // What grants comes before what takes away.
        let list = |parts: &[Id]| {
            let parts = parts.iter().map(|part| Residual::of(formulas, *part));
            let (takes, grants): (Vec<_>, Vec<_>) =
                parts.partition(|part| matches!(part, Residual::Not(_)));
            grants.into_iter().chain(takes).collect()
        };
        match formulas.node(id) {
            Node::Never => Residual::Never,
            Node::Always => Residual::Always,
            Node::Atom(number) => match formulas.atom_of(*number) {
                Some(atom) => of_atom(atom),
                None => Residual::Never,
            },
            Node::Not(part) => Residual::Not(Box::new(Residual::of(formulas, *part))),
            Node::All(parts) => Residual::All(list(parts)),
            Node::Any(parts) => Residual::Any(list(parts)),
        }
    }

    /// Whether it is so of a request of which everything is known: the context given with it is the whole of it.
    ///
    /// Deciding the completed request comes to the same.
    pub fn holds(&self, request: &Request<'_>) -> bool {
        match self {
            Residual::Always => true,
            Residual::Never => false,
            Residual::Condition(condition) => condition.holds(request),
            Residual::Resource(resource) => resource.holds(request),
            Residual::Not(part) => !part.holds(request),
            Residual::All(parts) => parts.iter().all(|part| part.holds(request)),
            Residual::Any(parts) => parts.iter().any(|part| part.holds(request)),
        }
    }

    /// That all of these hold.
    pub(crate) fn all(mut parts: Vec<Residual>) -> Residual {
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, None) => Residual::Always,
            (_, Some(last)) => {
                parts.push(last);
                Residual::All(parts)
            }
        }
    }

    /// That any of these holds.
    pub(crate) fn any(mut parts: Vec<Residual>) -> Residual {
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, None) => Residual::Never,
            (_, Some(last)) => {
                parts.push(last);
                Residual::Any(parts)
            }
        }
    }

    /// The parts that must all hold; one, where it is no list of such.
    pub fn conjuncts(&self) -> &[Residual] {
        match self {
            Residual::Always => &[],
            Residual::All(parts) => parts,
            other => std::slice::from_ref(other),
        }
    }

    /// Every condition in it, in its order.
    pub fn conditions(&self) -> Vec<&OpenCondition> {
        match self {
            Residual::Always | Residual::Never | Residual::Resource(_) => Vec::new(),
            Residual::Condition(condition) => vec![condition],
            Residual::Not(part) => part.conditions(),
            Residual::All(parts) | Residual::Any(parts) => {
                parts.iter().flat_map(Residual::conditions).collect()
            }
        }
    }
}

impl Residual {
    /// Every statement that some part of it is from, in its order.
    pub fn sources(&self) -> Vec<&StatementPlace> {
        let mut all: Vec<&StatementPlace> = match self {
            Residual::Always | Residual::Never => Vec::new(),
            Residual::Condition(condition) => condition.sources().iter().collect(),
            Residual::Resource(resource) => resource.sources().iter().collect(),
            Residual::Not(part) => part.sources(),
            Residual::All(parts) | Residual::Any(parts) => {
                parts.iter().flat_map(Residual::sources).collect()
            }
        };
        let mut seen: Vec<&StatementPlace> = Vec::new();
        all.retain(|source| {
            let is_new = !seen.contains(source);
            if is_new {
                seen.push(source);
            }
            is_new
        });
        all
    }
}

impl fmt::Display for Residual {
    /// `IpAddress acs:SourceIp in 203.0.113.0/24 and not (Bool acs:MFAPresent false)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Residual], word: &str| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                match part {
                    Residual::All(_) | Residual::Any(_) => write!(f, "({part})")?,
                    part => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Residual::Always => f.write_str("always"),
            Residual::Never => f.write_str("never"),
            Residual::Condition(condition) => condition.fmt(f),
            Residual::Resource(resource) => resource.fmt(f),
            Residual::Not(part) => write!(f, "not ({part})"),
            Residual::All(parts) => joined(f, parts, "and"),
            Residual::Any(parts) => joined(f, parts, "or"),
        }
    }
}

impl Serialize for OpenCondition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("operator", &self.operator())?;
        map.serialize_entry("key", self.key())?;
        map.serialize_entry("values", &self.values().collect::<Vec<_>>())?;
        map.serialize_entry("effect", &self.effect())?;
        map.serialize_entry("statements", self.sources())?;
        map.end()
    }
}

impl Serialize for Residual {
    /// `true`, `false`, a condition, `{"not": …}`, `{"all": […]}` or `{"any": […]}`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, parts) = match self {
            Residual::Always => return serializer.serialize_bool(true),
            Residual::Never => return serializer.serialize_bool(false),
            Residual::Condition(condition) => return condition.serialize(serializer),
            Residual::Resource(resource) => return resource.serialize(serializer),
            Residual::Not(part) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("not", part)?;
                return map.end();
            }
            Residual::All(parts) => ("all", parts),
            Residual::Any(parts) => ("any", parts),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(name, parts)?;
        map.end()
    }
}

fn of_atom(atom: &Atom) -> Residual {
    let (level, sources) = (atom.level, atom.sources.clone());
    match &atom.test {
        Test::Condition(condition) => Residual::Condition(OpenCondition {
            condition: condition.clone(),
            level,
            sources,
        }),
        Test::Resource(patterns) => Residual::Resource(OpenResource {
            patterns: Arc::clone(patterns),
            level,
            sources,
        }),
    }
}

/// The parts that must all hold.
pub(crate) fn as_list<S: Serializer>(
    residual: &Residual,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    residual.conjuncts().serialize(serializer)
}
