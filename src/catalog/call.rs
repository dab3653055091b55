//! What is known of an operation as a call: its parameters, the states in which it is possible, its errors; and of the lists that tell states.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::catalog::facts::{ActionFacts, FactSource, NeededAction};
use crate::catalog::{Catalog, Service};

/// What a parameter's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[allow(missing_docs, reason = "they are the types of the API's metadata")]
pub enum ParameterType {
    String,
    Integer,
    Boolean,
    List,
}

impl ParameterType {
    pub(super) const WORDS: &'static [(&'static str, ParameterType)] = &[
        ("String", ParameterType::String),
        ("Integer", ParameterType::Integer),
        ("Boolean", ParameterType::Boolean),
        ("List", ParameterType::List),
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            ParameterType::String => "String",
            ParameterType::Integer => "Integer",
            ParameterType::Boolean => "Boolean",
            ParameterType::List => "List",
        }
    }
}

/// What the value of a parameter must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Constraint {
    /// Only ASCII characters.
    Ascii,
    /// At least so many characters.
    Min(usize),
    /// At most so many characters.
    Max(usize),
    /// A number not less than this.
    From(i64),
    /// A number not more than this.
    To(i64),
    /// One of these.
    In(Vec<Box<str>>),
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Constraint::Ascii => f.write_str("ASCII"),
            Constraint::Min(min) => write!(f, "at least {min} characters"),
            Constraint::Max(max) => write!(f, "at most {max} characters"),
            Constraint::From(least) => write!(f, "at least {least}"),
            Constraint::To(most) => write!(f, "at most {most}"),
            Constraint::In(words) => write!(f, "one of {}", words.join(", ")),
        }
    }
}

/// When an operation answers with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCause {
    /// RAM denies.
    Permission,
    /// A required parameter is not there.
    Missing,
    /// A parameter's value is not as it must be; of this parameter, if it is said.
    Invalid(Option<Box<str>>),
    /// There is no such region.
    Region,
    /// There is no such resource of this type.
    NotFound(Box<str>),
    /// The resource is in a state in which the operation is not possible.
    State,
    /// Resources of this type still belong to it.
    Attached(Box<str>),
    /// Something else that the documentation demands and that only the cloud knows.
    Assumed,
    /// Anything else.
    Other,
}

impl fmt::Display for ErrorCause {
    /// As a row of the catalogue has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorCause::Permission => f.write_str("permission"),
            ErrorCause::Missing => f.write_str("missing"),
            ErrorCause::Invalid(None) => f.write_str("invalid"),
            ErrorCause::Invalid(Some(parameter)) => write!(f, "invalid:{parameter}"),
            ErrorCause::Region => f.write_str("region"),
            ErrorCause::NotFound(kind) => write!(f, "not-found:{kind}"),
            ErrorCause::State => f.write_str("state"),
            ErrorCause::Attached(kind) => write!(f, "attached:{kind}"),
            ErrorCause::Assumed => f.write_str("assumed"),
            ErrorCause::Other => f.write_str("other"),
        }
    }
}

/// What becomes of the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum After {
    State(Box<str>),
    Unchanged,
    Gone,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) product: Arc<str>,
    pub(super) name: Box<str>,
    pub(super) service: usize,
    pub(super) is_complete: Option<bool>,
    /// The type whose state counts, lower-cased.
    pub(super) on: Option<Box<str>>,
    /// Each with whether the sources agree on it; empty: any.
    pub(super) from: Option<Vec<(Box<str>, bool)>>,
    /// The type of what the call makes, lower-cased.
    pub(super) makes: Option<Box<str>>,
    pub(super) to: Option<After>,
    /// Where it goes elsewhere from certain states.
    pub(super) otherwise: Vec<(Box<str>, Box<str>)>,
    pub(super) via: Option<Box<str>>,
    pub(super) sources: Vec<usize>,
    pub(super) note: Option<Box<str>>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) errors: Vec<KnownError>,
}

#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: Box<str>,
    pub(super) kind: Option<ParameterType>,
    pub(super) is_required: Option<bool>,
    pub(super) is: Option<Role>,
    pub(super) constraints: Vec<Constraint>,
    pub(super) note: Option<Box<str>>,
}

/// What a parameter names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Region,
    /// A resource of this type, lower-cased.
    Resource(Box<str>),
}

#[derive(Clone, Debug)]
pub(super) struct KnownError {
    /// Which of the texts says so.
    pub(super) text: usize,
    pub(super) cause: ErrorCause,
    pub(super) code: Option<Box<str>>,
    pub(super) status: Option<u16>,
    pub(super) message: Option<Box<str>>,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) name: Box<str>,
    pub(super) note: Option<Box<str>>,
}

#[derive(Clone, Debug)]
pub(super) struct Region {
    pub(super) id: Box<str>,
    pub(super) sources: Vec<usize>,
}

/// The answer of an operation that lists resources.
#[derive(Clone, Debug)]
pub(super) struct ListShape {
    pub(super) service: usize,
    pub(super) kind: Box<str>,
    pub(super) path: Box<[Box<str>]>,
    pub(super) id: Box<str>,
    pub(super) state: Box<str>,
    /// Members that name a resource which the listed one belongs to, each a path.
    pub(super) parents: Box<[Box<[Box<str>]>]>,
}

/// What is known of an operation as a call. Everything that is `None` is unknown.
///
/// ```
/// use ramgate::{Catalog, Source};
/// let text = "service\tvpc\ntype\tCircuit\tacs:vpc:{region}:{account}:physicalconnection/{CircuitId}\n\
///             state\tCircuit\tInitial\nstate\tCircuit\tCanceled\n\
///             operation\tCancelCircuit\tcomplete\tCircuit\tInitial\t\tCanceled\n\
///             parameter\tCancelCircuit\tCircuitId\tString\trequired\tCircuit\n\
///             error\tCancelCircuit\tstate\tForbidden.NotAllowedInState\t400\tThe request does not allow in this state.\n";
/// let catalog = Catalog::parse(&[Source::new("vpc.tsv", text)])?;
/// let cancel = catalog.call("vpc:CancelCircuit").ok_or("not listed")?;
/// assert_eq!(cancel.allowed_in().map(Iterator::collect), Some(vec!["Initial"]));
/// assert_eq!(cancel.state_after(), Some("Canceled"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OperationFacts<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) call: &'c Call,
}

impl<'c> OperationFacts<'c> {
    /// The product's code, `vpc`.
    pub fn product(self) -> &'c str {
        &self.call.product
    }

    /// The operation's name, `CancelPhysicalConnection`.
    pub fn name(self) -> &'c str {
        &self.call.name
    }

    /// The actions that it needs, without those that go along with them ([`crate::ActionFacts::needs`]).
    pub fn actions(self) -> Vec<NeededAction<'c>> {
        self.catalog
            .operation(&format!("{}:{}", self.product(), self.name()))
    }

    /// Whether all of its parameters are listed.
    pub fn has_all_parameters(self) -> Option<bool> {
        self.call.is_complete
    }

    /// Its parameters, in the order of the documentation.
    pub fn parameters(self) -> impl Iterator<Item = ParameterFacts<'c>> {
        let service = self.service();
        let parameters = self.call.parameters.iter();
        parameters.map(move |parameter| ParameterFacts { service, parameter })
    }

    /// A parameter by its exact name; `Tag.1.Key` is one of the list `Tag`.
    pub fn parameter(self, name: &str) -> Option<ParameterFacts<'c>> {
        let list = name.split_once('.').map(|(list, _)| list);
        self.parameters().find(|known| {
            let is_list = known.parameter_type() == Some(ParameterType::List);
            known.name() == name || (is_list && list == Some(known.name()))
        })
    }

    /// The type of resource whose state counts.
    pub fn on(self) -> Option<&'c str> {
        self.type_name(self.call.on.as_deref()?)
    }

    /// The states in which it is possible; none listed: in any.
    pub fn allowed_in(self) -> Option<impl Iterator<Item = &'c str>> {
        let from = self.call.from.as_ref()?;
        let sure = from.iter().filter(|(_, is_sure)| *is_sure);
        Some(sure.map(|(state, _)| &**state))
    }

    /// The states on which its sources do not agree.
    pub fn perhaps_allowed_in(self) -> impl Iterator<Item = &'c str> {
        let from = self.call.from.iter().flatten();
        let unsure = from.filter(|(_, is_sure)| !*is_sure);
        unsure.map(|(state, _)| &**state)
    }

    /// The type of what it makes.
    pub fn makes(self) -> Option<&'c str> {
        self.type_name(self.call.makes.as_deref()?)
    }

    /// The state in which it leaves the resource, or what it makes.
    pub fn state_after(self) -> Option<&'c str> {
        match self.call.to.as_ref()? {
            After::State(state) => Some(state),
            After::Unchanged | After::Gone => None,
        }
    }

    /// Where it leads from certain states, where that is elsewhere: from and to.
    pub fn exceptions(self) -> impl Iterator<Item = (&'c str, &'c str)> {
        let pairs = self.call.otherwise.iter();
        pairs.map(|(from, to)| (&**from, &**to))
    }

    /// Whether the resource exists no more afterwards.
    pub fn deletes(self) -> bool {
        self.call.to == Some(After::Gone)
    }

    /// Whether the resource stays in its state.
    pub fn leaves_state(self) -> bool {
        self.call.to == Some(After::Unchanged)
    }

    /// The state that it passes through on the way: the call returns before its work is done.
    pub fn passes_through(self) -> Option<&'c str> {
        self.call.via.as_deref()
    }

    /// The errors that it answers with, and those that all operations have.
    pub fn errors(self) -> impl Iterator<Item = ErrorFacts<'c>> {
        let own = self.call.errors.iter();
        own.chain(&self.catalog.errors)
            .map(|error| ErrorFacts { error })
    }

    /// The error for this cause, its own first.
    pub fn error(self, cause: &ErrorCause) -> Option<ErrorFacts<'c>> {
        let general = |cause: &ErrorCause| match cause {
            ErrorCause::Invalid(Some(_)) => Some(ErrorCause::Invalid(None)),
            _ => None,
        };
        self.errors()
            .find(|error| error.cause() == cause)
            .or_else(|| {
                let general = general(cause)?;
                self.errors().find(|error| *error.cause() == general)
            })
    }

    /// What does not fit elsewhere.
    pub fn note(self) -> Option<&'c str> {
        self.call.note.as_deref()
    }

    /// Where these facts come from.
    pub fn sources(self) -> impl Iterator<Item = FactSource<'c>> {
        self.catalog.sources(&self.call.sources, Some(self.name()))
    }

    /// The states of a type of resource of its service, in order.
    pub fn states(self, kind: &str) -> impl Iterator<Item = StateFacts<'c>> + use<'c> {
        let lower = kind.to_ascii_lowercase();
        let states = self.service().states.get(&*lower).into_iter().flatten();
        states.map(|state| StateFacts { state })
    }

    fn service(self) -> &'c Service {
        let known = self.catalog.services.get(self.call.service);
        known.unwrap_or(&self.catalog.no_service)
    }

    fn type_name(self, lower: &str) -> Option<&'c str> {
        let kind = self.service().types.get(lower)?;
        Some(&kind.name)
    }
}

/// What is known of a parameter.
#[derive(Clone, Copy, Debug)]
pub struct ParameterFacts<'c> {
    service: &'c Service,
    parameter: &'c Parameter,
}

impl<'c> ParameterFacts<'c> {
    /// Its name; letter case counts.
    pub fn name(self) -> &'c str {
        &self.parameter.name
    }

    /// What its value is.
    pub fn parameter_type(self) -> Option<ParameterType> {
        self.parameter.kind
    }

    /// Whether a call must have it.
    pub fn is_required(self) -> Option<bool> {
        self.parameter.is_required
    }

    /// Whether it names the region.
    pub fn is_region(self) -> bool {
        self.parameter.is == Some(Role::Region)
    }

    /// The type of the resource that it names.
    pub fn names(self) -> Option<&'c str> {
        match self.parameter.is.as_ref()? {
            Role::Region => None,
            Role::Resource(lower) => self.service.types.get(lower).map(|kind| &*kind.name),
        }
    }

    /// What its value must be like.
    pub fn constraints(self) -> &'c [Constraint] {
        &self.parameter.constraints
    }

    /// What does not fit elsewhere.
    pub fn note(self) -> Option<&'c str> {
        self.parameter.note.as_deref()
    }
}

/// What is known of an error.
#[derive(Clone, Copy, Debug)]
pub struct ErrorFacts<'c> {
    error: &'c KnownError,
}

impl<'c> ErrorFacts<'c> {
    /// When it is answered.
    pub fn cause(self) -> &'c ErrorCause {
        &self.error.cause
    }

    /// Its code, `Forbidden.NotAllowedInState`; `{parameter}` stands for the name of the parameter.
    pub fn code(self) -> Option<&'c str> {
        self.error.code.as_deref()
    }

    /// The HTTP status.
    pub fn status(self) -> Option<u16> {
        self.error.status
    }

    /// The service's own words; `{parameter}`, `{resource}` and `{action}` stand for what they say.
    pub fn message(self) -> Option<&'c str> {
        self.error.message.as_deref()
    }
}

/// A state of a type of resource.
#[derive(Clone, Copy, Debug)]
pub struct StateFacts<'c> {
    state: &'c State,
}

impl<'c> StateFacts<'c> {
    /// `Confirmed`
    pub fn name(self) -> &'c str {
        &self.state.name
    }

    /// What it means.
    pub fn note(self) -> Option<&'c str> {
        self.state.note.as_deref()
    }

    /// Whether a text means this state: letter case and spaces do not count, as the vendor's pages do not agree on them.
    pub fn is_meant_by(self, text: &str) -> bool {
        let letters = |text: &str| -> String {
            let kept = text.chars().filter(|c| !matches!(c, ' ' | '_' | '-'));
            kept.map(|c| c.to_ascii_lowercase()).collect()
        };
        letters(self.name()) == letters(text)
    }
}

/// The shape of an answer that lists resources.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListFacts<'c> {
    catalog: &'c Catalog,
    list: &'c ListShape,
}

impl<'c> ListFacts<'c> {
    pub(crate) fn kind(self) -> &'c str {
        let kind = self.of_service().and_then(|s| s.types.get(&self.list.kind));
        kind.map_or(&*self.list.kind, |kind| &kind.name)
    }

    pub(crate) fn path(self) -> &'c [Box<str>] {
        &self.list.path
    }

    pub(crate) fn id(self) -> &'c str {
        &self.list.id
    }

    pub(crate) fn state(self) -> &'c str {
        &self.list.state
    }

    pub(crate) fn parents(self) -> &'c [Box<[Box<str>]>] {
        &self.list.parents
    }

    fn of_service(self) -> Option<&'c Service> {
        self.catalog.services.get(self.list.service)
    }
}

impl<'c> ActionFacts<'c> {
    /// Its operations as calls, where they are known as such.
    pub fn calls(self) -> impl Iterator<Item = OperationFacts<'c>> {
        let catalog = self.catalog();
        self.operations().filter_map(move |operation| {
            let mut calls = catalog.calls();
            calls.find(|call| {
                call.product().eq_ignore_ascii_case(operation.product)
                    && call.name().eq_ignore_ascii_case(operation.name)
            })
        })
    }
}

impl Catalog {
    /// An operation as a call, by its name with the product's code or the RAM code, or alone where one service has it.
    pub fn call(&self, name: &str) -> Option<OperationFacts<'_>> {
        let lower = name.to_ascii_lowercase();
        let Some((code, operation)) = lower.split_once(':') else {
            let named = |call: &&Call| call.name.eq_ignore_ascii_case(&lower);
            let mut found = self.calls.iter().filter(named);
            let only = found.next().filter(|_| found.next().is_none());
            return only.map(|call| OperationFacts {
                catalog: self,
                call,
            });
        };
        let of_service = self.service(code).map(|service| &service.service.code);
        let call = self.calls.iter().find(|call| {
            let is_code = call.product.eq_ignore_ascii_case(code)
                || of_service.is_some_and(|of| self.code_of(call) == &**of);
            is_code && call.name.eq_ignore_ascii_case(operation)
        })?;
        Some(OperationFacts {
            catalog: self,
            call,
        })
    }

    /// Every operation that is known as a call.
    pub fn calls(&self) -> impl Iterator<Item = OperationFacts<'_>> {
        self.calls.iter().map(|call| OperationFacts {
            catalog: self,
            call,
        })
    }

    /// Whether there is a region of this id, as far as regions are listed; unknown where none are.
    pub fn has_region(&self, id: &str) -> Option<bool> {
        let known = self.regions.iter().any(|region| &*region.id == id);
        (!self.regions.is_empty()).then_some(known)
    }

    /// Every region that is listed, by id.
    pub fn regions(&self) -> impl Iterator<Item = &str> {
        self.regions.iter().map(|region| &*region.id)
    }

    /// The newest date of what is known of regions.
    pub fn regions_date(&self) -> Option<&str> {
        let sources = self.regions.iter().flat_map(|region| &region.sources);
        let dates = sources.filter_map(|index| self.sources.get(*index));
        dates.map(|source| &*source.date).max()
    }

    /// The shapes of answers that list resources.
    pub(crate) fn lists(&self) -> impl Iterator<Item = ListFacts<'_>> {
        self.lists.iter().map(|list| ListFacts {
            catalog: self,
            list,
        })
    }

    fn code_of(&self, call: &Call) -> &str {
        let service = self.services.get(call.service);
        service.map_or("", |service| &service.code)
    }
}
