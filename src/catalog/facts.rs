//! What is known of a service, an action, a condition key: views into a catalogue.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::catalog::template::ArnTemplate;
use crate::catalog::{Action, Catalog, Key, ResourceType, Service};

/// What an action does to what it is about: the word of the current pages, or of older ones (`Read`, `Write`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the vendor's own words")]
pub enum AccessLevel {
    Create,
    Get,
    List,
    Update,
    Delete,
    Read,
    Write,
}

/// What the values of a condition key are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[allow(missing_docs, reason = "they are the families of operators")]
pub enum KeyType {
    String,
    Numeric,
    Date,
    Boolean,
    IpAddress,
}

/// How finely a service can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Granularity {
    /// By resource, where the action says so.
    Resource,
    /// By action; the resource is `*`.
    Operation,
    /// The service as a whole; the resource is `*`.
    Service,
}

/// How many of a service's actions the catalogue lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Listing {
    /// All, as of the sources' dates: what is not listed is newer, or misspelt.
    Complete,
    /// Many; another may well exist.
    Partial,
    /// None: only that the service exists.
    None,
}

/// What sort of source a fact comes from, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// A current page of the documentation says so.
    Page,
    /// A page of some years ago said so.
    OldPage,
    /// Concluded from the metadata of the API: an operation usually is authorized by the action of its name.
    Metadata,
    /// Policies use it; no page describes it.
    Policies,
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every word, with what it means.
            pub(crate) const WORDS: &'static [(&'static str, $type)] = &[$(($word, $type::$variant)),+];

            /// The word for it.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $word),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

words!(AccessLevel { Create = "create", Get = "get", List = "list", Update = "update", Delete = "delete", Read = "read", Write = "write" });
words!(KeyType { String = "String", Numeric = "Numeric", Date = "Date", Boolean = "Boolean", IpAddress = "IpAddress" });
words!(Granularity { Resource = "resource", Operation = "operation", Service = "service" });
words!(Listing { Complete = "complete", Partial = "partial", None = "none" });
words!(Evidence { Page = "page", OldPage = "old-page", Metadata = "metadata", Policies = "policies" });

impl AccessLevel {
    /// Whether an action of this level only looks. A few of the vendor's `get` actions change something all the same: their note says so.
    pub fn is_read(self) -> bool {
        matches!(
            self,
            AccessLevel::Get | AccessLevel::List | AccessLevel::Read
        )
    }
}

/// Where a fact comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FactSource<'c> {
    /// The page, or what else it is, in words.
    pub url: Cow<'c, str>,
    /// The day, month or year of what the page said.
    pub date: &'c str,
    /// What sort of source.
    pub evidence: Evidence,
}

/// An operation of an API that an action authorizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Operation<'c> {
    /// The product's code, which may differ from the RAM code: `cbn`.
    pub product: &'c str,
    /// The operation's name.
    pub name: &'c str,
    /// The parameter with which the operation is authorized by this action.
    pub parameter: Option<&'c str>,
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.product, self.name)?;
        match self.parameter {
            Some(parameter) => write!(f, " with {parameter}"),
            None => Ok(()),
        }
    }
}

/// An action that an operation needs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NeededAction<'c> {
    /// The action.
    pub action: ActionFacts<'c>,
    /// It is needed when the call has this parameter.
    pub parameter: Option<&'c str>,
}

/// What is known of a service.
#[derive(Clone, Copy, Debug)]
pub struct ServiceFacts<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) service: &'c Service,
}

impl<'c> ServiceFacts<'c> {
    /// The RAM code, `vpc`: the first part of its actions.
    pub fn code(self) -> &'c str {
        &self.service.code
    }

    /// The product's name.
    pub fn name(self) -> Option<&'c str> {
        self.service.name.as_deref()
    }

    /// How many of its actions are listed.
    pub fn listing(self) -> Listing {
        self.service.listing.unwrap_or(Listing::None)
    }

    /// How finely it can be granted.
    pub fn granularity(self) -> Option<Granularity> {
        self.service.granularity
    }

    /// The codes of the APIs that it authorizes, the main one first.
    pub fn products(self) -> impl Iterator<Item = &'c str> {
        self.service.products.iter().map(|code| &**code)
    }

    /// Its actions, by name.
    pub fn actions(self) -> impl Iterator<Item = ActionFacts<'c>> {
        self.catalog.actions_of(self.service)
    }

    /// Its types of resources with their ARNs, by name. Some are another service's.
    pub fn resource_types(self) -> impl Iterator<Item = (&'c str, &'c ArnTemplate)> {
        let types = self.service.types.values();
        types.map(|kind| (&*kind.name, &kind.one))
    }

    /// The condition keys that begin with its code, by name.
    pub fn keys(self) -> impl Iterator<Item = KeyFacts<'c>> {
        self.catalog.keys_with_code(&self.service.code)
    }

    /// Where the facts on the service as a whole come from; its actions have their own.
    pub fn sources(self) -> impl Iterator<Item = FactSource<'c>> {
        self.catalog.sources(&self.service.sources, None)
    }
}

/// What is known of an action. Everything that is `None` is unknown, not absent.
#[derive(Clone, Copy, Debug)]
pub struct ActionFacts<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) action: &'c Action,
}

impl<'c> ActionFacts<'c> {
    /// `vpc:CancelPhysicalConnection`
    pub fn name(self) -> &'c str {
        &self.action.name
    }

    /// The catalogue that knows it.
    pub(crate) fn catalog(self) -> &'c Catalog {
        self.catalog
    }

    /// The service that it belongs to.
    pub fn service(self) -> ServiceFacts<'c> {
        ServiceFacts {
            catalog: self.catalog,
            service: self.catalog.service_of(self.action),
        }
    }

    /// What it does to the resource.
    pub fn access_level(self) -> Option<AccessLevel> {
        self.action.level
    }

    /// Whether it can be granted for particular resources. Where it cannot, only `"Resource": "*"` matches (E20, G23).
    pub fn has_resource_level(self) -> Option<bool> {
        match (&self.action.resources, self.service().granularity()) {
            (Some(resources), _) => Some(!resources.is_empty()),
            (None, Some(Granularity::Operation | Granularity::Service)) => Some(false),
            (None, _) => None,
        }
    }

    /// The resources that a call is authorized on, where they are known.
    pub fn resources(self) -> impl Iterator<Item = ResourceFacts<'c>> {
        let service = self.catalog.service_of(self.action);
        let resources = self.action.resources.iter().flatten();
        resources.filter_map(move |resource| {
            Some(ResourceFacts {
                kind: service.types.get(&*resource.kind)?,
                is_required: resource.is_required,
                is_all: resource.is_all,
            })
        })
    }

    /// Whether a resource pattern of a policy can match what the action is authorized on, as far as its sources say
    /// ([`ActionFacts::evidence`]: tables of some years ago name other resources now and then); yes where that is unknown.
    pub fn may_be_on(self, pattern: &str) -> bool {
        if pattern == "*" {
            return true;
        }
        match self.has_resource_level() {
            Some(false) => false,
            None => true,
            Some(true) => self
                .resources()
                .any(|resource| resource.template().may_fit(pattern)),
        }
    }

    /// The condition keys that its page names beside those of every action; `None` where no page was seen that tells.
    pub fn own_keys(self) -> Option<impl Iterator<Item = KeyFacts<'c>>> {
        let names = self.action.keys.as_ref()?;
        Some(names.iter().filter_map(|name| self.catalog.key(name)))
    }

    /// Every condition key that may be used with it: its own, its service's, and those of all services, each once.
    pub fn keys(self) -> impl Iterator<Item = (KeyScope, KeyFacts<'c>)> {
        let own: Vec<_> = self.own_keys().into_iter().flatten().collect();
        let names: Vec<_> = own.iter().map(|key| key.name()).collect();
        let code = &self.catalog.service_of(self.action).code;
        let others = self
            .catalog
            .keys_with_code(code)
            .map(|key| (KeyScope::Service, key))
            .chain(
                self.catalog
                    .keys_with_code("acs")
                    .map(|key| (KeyScope::Common, key)),
            )
            .filter(move |(_, key)| !names.contains(&key.name()));
        own.into_iter()
            .map(|key| (KeyScope::Action, key))
            .chain(others)
    }

    /// The further actions that its operation needs; `None` where that is unknown.
    pub fn needs(self) -> Option<impl Iterator<Item = &'c str>> {
        let needs = self.action.needs.as_ref()?;
        Some(needs.iter().map(|action| &**action))
    }

    /// The API operations that it authorizes, where they are known.
    pub fn operations(self) -> impl Iterator<Item = Operation<'c>> {
        let operations = self.action.operations.iter().flatten();
        operations.map(move |operation| Operation {
            product: &operation.product,
            name: operation
                .name
                .as_deref()
                .unwrap_or_else(|| self.action.own_name()),
            parameter: operation.parameter.as_deref(),
        })
    }

    /// Whether the operation is one that its product asks not to use any more.
    pub fn is_deprecated(self) -> bool {
        self.action.is_deprecated.unwrap_or_default()
    }

    /// What does not fit elsewhere.
    pub fn note(self) -> Option<&'c str> {
        self.action.note.as_deref()
    }

    /// Where these facts come from.
    pub fn sources(self) -> impl Iterator<Item = FactSource<'c>> {
        let name = self.operations().next();
        let name = name.map_or_else(|| self.action.own_name(), |operation| operation.name);
        self.catalog.sources(&self.action.sources, Some(name))
    }

    /// The best of its sources.
    pub fn evidence(self) -> Option<Evidence> {
        self.sources().map(|source| source.evidence).min()
    }
}

/// A resource that a call is authorized on.
#[derive(Clone, Copy, Debug)]
pub struct ResourceFacts<'c> {
    kind: &'c ResourceType,
    is_required: bool,
    is_all: bool,
}

impl<'c> ResourceFacts<'c> {
    /// `PhysicalConnection`
    pub fn type_name(self) -> &'c str {
        &self.kind.name
    }

    /// Whether the page says that every call is authorized on one.
    pub fn is_required(self) -> bool {
        self.is_required
    }

    /// Its ARN; that of calls which create or list ends in a star.
    pub fn template(self) -> &'c ArnTemplate {
        if self.is_all {
            &self.kind.all
        } else {
            &self.kind.one
        }
    }
}

/// Why a condition key may be used with an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyScope {
    /// The action's page names it.
    Action,
    /// It is a key of the action's service; whether it is there for this action is not told.
    Service,
    /// It is a key of RAM itself; some services do not provide all of them.
    Common,
}

/// What is known of a condition key.
#[derive(Clone, Copy, Debug)]
pub struct KeyFacts<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) key: &'c Key,
}

impl<'c> KeyFacts<'c> {
    /// `acs:SourceIp`; a family of keys ends in a slash: `acs:ResourceTag/`.
    pub fn name(self) -> &'c str {
        &self.key.name
    }

    /// What its values are, where that is known.
    pub fn key_type(self) -> Option<KeyType> {
        self.key.key_type
    }

    /// Whether a name follows the slash: that of a tag.
    pub fn is_family(self) -> bool {
        self.key.name.ends_with('/')
    }

    /// What does not fit elsewhere.
    pub fn note(self) -> Option<&'c str> {
        self.key.note.as_deref()
    }

    /// Where these facts come from.
    pub fn sources(self) -> impl Iterator<Item = FactSource<'c>> {
        self.catalog.sources(&self.key.sources, None)
    }

    /// The best of its sources.
    pub fn evidence(self) -> Option<Evidence> {
        self.sources().map(|source| source.evidence).min()
    }
}
