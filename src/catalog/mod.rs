//! What is known of Alibaba Cloud's services, actions, resources and condition keys: facts that come in as text, to be looked up.

mod call;
mod facts;
mod read;
mod template;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::problem::LoadError;
use crate::source::Source;
use crate::suggest::closest;
use crate::wildcard::Wildcard;

pub(crate) use call::ListFacts;
pub use call::{
    Constraint, ErrorCause, ErrorFacts, OperationFacts, ParameterFacts, ParameterType, StateFacts,
};
pub use facts::{
    AccessLevel, ActionFacts, Evidence, FactSource, Granularity, KeyFacts, KeyScope, KeyType,
    Listing, NeededAction, Operation, ResourceFacts, ServiceFacts,
};
pub use template::ArnTemplate;

/// Facts on services, actions and condition keys, read from tables of rows (`docs/catalog.md`). What is not in it is unknown, not wrong,
/// except where a service is listed completely: [`Catalog::is_unlisted`].
///
/// Names are looked up without case, as RAM compares actions (W4).
///
/// ```
/// use ramgate::{AccessLevel, Catalog, Source};
///
/// let text = "service\tvpc\tcomplete\n\
///             type\tPhysicalConnection\tacs:vpc:{region}:{account}:physicalconnection/{PhysicalConnectionId}\n\
///             action\tCancelPhysicalConnection\tupdate\t*PhysicalConnection\n";
/// let own = "service\tvpc\naction\tPaintPhysicalConnection\tupdate\n";
/// let catalog = Catalog::parse(&[Source::new("vpc.tsv", text), Source::new("own.tsv", own)])?;
///
/// let action = catalog.action("VPC:cancelphysicalconnection").ok_or("not listed")?;
/// assert_eq!(action.name(), "vpc:CancelPhysicalConnection");
/// assert_eq!(action.access_level(), Some(AccessLevel::Update));
/// assert_eq!(catalog.matching("vpc:*PhysicalConnection").count(), 2);
/// assert!(catalog.is_unlisted("vpc:CancelPhysicalConection"));
/// assert_eq!(catalog.closest_action("vpc:CancelPhysicalConection"), Some("vpc:CancelPhysicalConnection"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    sources: Vec<ReadSource>,
    services: Vec<Service>,
    /// By name without case.
    actions: Vec<Action>,
    /// By lower-cased name, as the two below.
    keys: Vec<Key>,
    /// The places of operations, by their lower-cased names; made when first asked for.
    operations: OnceLock<Vec<OperationPlace>>,
    /// The codes of APIs and the services that authorize them.
    products: Vec<(Box<str>, usize)>,
    no_service: Service,
    /// Operations as calls, by name.
    calls: Vec<call::Call>,
    /// What every operation may answer with.
    errors: Vec<call::KnownError>,
    /// By id.
    regions: Vec<call::Region>,
    lists: Vec<call::ListShape>,
}

#[derive(Clone, Debug)]
struct ReadSource {
    date: Box<str>,
    evidence: Evidence,
    /// `{operation}` in it is the operation's name in lower case.
    url: Box<str>,
}

#[derive(Clone, Debug, Default)]
struct Service {
    code: Box<str>,
    lower: Box<str>,
    name: Option<Box<str>>,
    listing: Option<Listing>,
    granularity: Option<Granularity>,
    products: Vec<Box<str>>,
    /// By lower-cased name.
    types: BTreeMap<Box<str>, ResourceType>,
    /// By lower-cased name of the type.
    states: BTreeMap<Box<str>, Vec<call::State>>,
    sources: Vec<usize>,
}

#[derive(Clone, Debug)]
struct ResourceType {
    name: Box<str>,
    one: ArnTemplate,
    all: ArnTemplate,
}

#[derive(Clone, Debug, Default)]
struct Action {
    /// With the service's code.
    name: Box<str>,
    service: usize,
    level: Option<AccessLevel>,
    /// Empty where there is no resource-level authorization.
    resources: Option<Vec<Resource>>,
    keys: Option<Vec<Box<str>>>,
    needs: Option<Vec<Box<str>>>,
    operations: Option<Vec<ReadOperation>>,
    sources: Vec<usize>,
    is_deprecated: Option<bool>,
    note: Option<Box<str>>,
}

impl Action {
    /// The name without the service's code.
    fn own_name(&self) -> &str {
        self.name.split_once(':').map_or("", |(_, name)| name)
    }
}

#[derive(Clone, Debug)]
struct Resource {
    /// The type's lower-cased name.
    kind: Box<str>,
    is_required: bool,
    is_all: bool,
}

#[derive(Clone, Debug)]
struct ReadOperation {
    product: Arc<str>,
    /// `None`: the action's own.
    name: Option<Box<str>>,
    parameter: Option<Box<str>>,
}

#[derive(Clone, Debug)]
struct OperationPlace {
    lower: Box<str>,
    action: usize,
    operation: usize,
}

#[derive(Clone, Debug, Default)]
struct Key {
    name: Box<str>,
    lower: Box<str>,
    key_type: Option<KeyType>,
    sources: Vec<usize>,
    note: Option<Box<str>>,
}

impl Catalog {
    /// Reads texts of rows. Each is laid over those before it: a cell that it fills replaces what was known, one that it leaves empty does not.
    ///
    /// # Errors
    /// With every row that cannot be understood, every name that stands twice in one text, and every name that is used and not defined.
    pub fn parse(texts: &[Source]) -> Result<Catalog, LoadError> {
        read::read(texts)
    }

    /// An action by its full name.
    pub fn action(&self, name: &str) -> Option<ActionFacts<'_>> {
        let index = self
            .actions
            .binary_search_by(|action| compare_folded(&action.name, name));
        self.action_at(index.ok()?)
    }

    /// Every action, by name.
    pub fn actions(&self) -> impl Iterator<Item = ActionFacts<'_>> {
        self.actions.iter().map(|action| ActionFacts {
            catalog: self,
            action,
        })
    }

    /// The actions that a pattern of a policy covers, by name: the whole action is compared (W4).
    pub fn matching<'c>(
        &'c self,
        pattern: &str,
    ) -> impl Iterator<Item = ActionFacts<'c>> + use<'c> {
        let pattern = Wildcard::new(pattern);
        self.actions()
            .filter(move |facts| pattern.matches_folded(facts.name(), facts.name().len()))
    }

    /// A service by its RAM code.
    pub fn service(&self, code: &str) -> Option<ServiceFacts<'_>> {
        let lower = code.to_ascii_lowercase();
        let index = self
            .services
            .binary_search_by(|service| (*service.lower).cmp(&*lower));
        self.services.get(index.ok()?).map(|service| ServiceFacts {
            catalog: self,
            service,
        })
    }

    /// Every service that is known to exist, by code.
    pub fn services(&self) -> impl Iterator<Item = ServiceFacts<'_>> {
        self.services.iter().map(|service| ServiceFacts {
            catalog: self,
            service,
        })
    }

    /// The services that authorize the API of a product: `cen` for `cbn`.
    pub fn services_of_product<'c>(
        &'c self,
        code: &str,
    ) -> impl Iterator<Item = ServiceFacts<'c>> + use<'c> {
        let lower = code.to_ascii_lowercase();
        equal_range(&self.products, |(product, _)| (**product).cmp(&*lower))
            .iter()
            .filter_map(|(_, index)| {
                Some(ServiceFacts {
                    catalog: self,
                    service: self.services.get(*index)?,
                })
            })
    }

    /// The actions that an operation of an API needs, `oss:HeadObject` for example, written with the product's code or the RAM code. None
    /// where that is unknown.
    pub fn operation(&self, name: &str) -> Vec<NeededAction<'_>> {
        let lower = name.to_ascii_lowercase();
        let found = self.operations_named(&lower);
        if !found.is_empty() {
            return found;
        }
        let Some((code, operation)) = lower.split_once(':') else {
            return Vec::new();
        };
        let products = self
            .service(code)
            .into_iter()
            .flat_map(ServiceFacts::products);
        products
            .map(|product| {
                self.operations_named(&format!("{}:{operation}", product.to_ascii_lowercase()))
            })
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// A condition key. Of a family (`acs:ResourceTag/`) any member will do: `acs:ResourceTag/team`.
    pub fn key(&self, name: &str) -> Option<KeyFacts<'_>> {
        let lower = name.to_ascii_lowercase();
        let family = lower
            .find('/')
            .and_then(|slash| lower.get(..=slash))
            .filter(|family| *family != lower);
        [Some(&*lower), family]
            .into_iter()
            .flatten()
            .find_map(|name| {
                let index = self
                    .keys
                    .binary_search_by(|key| (*key.lower).cmp(name))
                    .ok()?;
                self.key_at(index)
            })
    }

    /// Every condition key, by name.
    pub fn keys(&self) -> impl Iterator<Item = KeyFacts<'_>> {
        self.keys.iter().map(|key| KeyFacts { catalog: self, key })
    }

    /// Whether the action is none of a service whose actions are all listed: it is newer than the catalogue, or misspelt. Of every other
    /// action that is not listed nothing can be said.
    pub fn is_unlisted(&self, action: &str) -> bool {
        let code = action.split_once(':').map_or("", |(code, _)| code);
        self.service(code)
            .is_some_and(|service| service.listing() == Listing::Complete)
            && self.action(action).is_none()
    }

    /// The action that was probably meant by one that is not listed.
    pub fn closest_action(&self, written: &str) -> Option<&str> {
        let (code, name) = written.split_once(':')?;
        let service = match self.service(code) {
            Some(service) => service,
            None => self.service(self.closest_service(code)?)?,
        };
        let names: Vec<_> = service
            .actions()
            .map(|facts| facts.action.own_name())
            .collect();
        let meant = names
            .iter()
            .find(|known| known.eq_ignore_ascii_case(name))
            .copied()
            .or_else(|| closest(name, &names))?;
        self.action(&format!("{}:{meant}", service.code()))
            .map(ActionFacts::name)
    }

    /// The service that was probably meant by a code that is none: a product's code, or a misspelt one.
    pub fn closest_service(&self, written: &str) -> Option<&str> {
        let of_product = self.services_of_product(written).map(ServiceFacts::code);
        of_product.into_iter().next().or_else(|| {
            let codes: Vec<_> = self.services().map(ServiceFacts::code).collect();
            closest(written, &codes)
        })
    }

    fn action_at(&self, index: usize) -> Option<ActionFacts<'_>> {
        self.actions.get(index).map(|action| ActionFacts {
            catalog: self,
            action,
        })
    }

    fn key_at(&self, index: usize) -> Option<KeyFacts<'_>> {
        self.keys
            .get(index)
            .map(|key| KeyFacts { catalog: self, key })
    }

    fn actions_of<'c>(
        &'c self,
        service: &Service,
    ) -> impl Iterator<Item = ActionFacts<'c>> + use<'c> {
        with_code(&self.actions, &service.code, |action| &action.name).map(|action| ActionFacts {
            catalog: self,
            action,
        })
    }

    fn keys_with_code<'c>(&'c self, code: &str) -> impl Iterator<Item = KeyFacts<'c>> + use<'c> {
        with_code(&self.keys, code, |key| &key.lower).map(|key| KeyFacts { catalog: self, key })
    }

    /// Every action has a service; were there none, it would be one of which nothing is known.
    fn service_of(&self, action: &Action) -> &Service {
        self.services
            .get(action.service)
            .unwrap_or(&self.no_service)
    }

    fn operations_named(&self, lower: &str) -> Vec<NeededAction<'_>> {
        let places = self.operations.get_or_init(|| self.operation_places());
        equal_range(places, |place| (*place.lower).cmp(lower))
            .iter()
            .filter_map(|place| {
                let action = self.action_at(place.action)?;
                let operation = action.operations().nth(place.operation)?;
                Some(NeededAction {
                    action,
                    parameter: operation.parameter,
                })
            })
            .collect()
    }

    fn operation_places(&self) -> Vec<OperationPlace> {
        let mut places = Vec::new();
        for (action, facts) in self.actions().enumerate() {
            for (operation, found) in facts.operations().enumerate() {
                let name = format!("{}:{}", found.product, found.name);
                places.push(OperationPlace {
                    lower: name.to_ascii_lowercase().into(),
                    action,
                    operation,
                });
            }
        }
        // Stable: the actions of one operation stay in the order of their names.
        places.sort_by(|a, b| a.lower.cmp(&b.lower));
        places
    }

    fn sources<'c>(
        &'c self,
        indexes: &'c [usize],
        operation: Option<&str>,
    ) -> impl Iterator<Item = FactSource<'c>> + use<'c> {
        let operation = operation.map(str::to_ascii_lowercase);
        indexes.iter().filter_map(move |index| {
            let source = self.sources.get(*index)?;
            let url = match &operation {
                Some(name) if source.url.contains(OPERATION) => {
                    Cow::Owned(source.url.replace(OPERATION, name))
                }
                _ => Cow::Borrowed(&*source.url),
            };
            Some(FactSource {
                url,
                date: &source.date,
                evidence: source.evidence,
            })
        })
    }
}

/// Stands in the URL of a source for the operation that a row is about.
const OPERATION: &str = "{operation}";

/// The order of names, in which the case of ASCII letters does not count.
fn compare_folded(a: &str, b: &str) -> Ordering {
    let a = a.bytes().map(|byte| byte.to_ascii_lowercase());
    let b = b.bytes().map(|byte| byte.to_ascii_lowercase());
    a.cmp(b)
}

/// The part of a sorted list that compares equal.
fn equal_range<T>(list: &[T], compare: impl Fn(&T) -> Ordering) -> &[T] {
    let start = list.partition_point(|item| compare(item).is_lt());
    let end = list.partition_point(|item| compare(item).is_le());
    list.get(start..end).unwrap_or_default()
}

/// The part of a list, sorted by name without case, whose names begin with `<code>:`.
fn with_code<'l, T>(
    list: &'l [T],
    code: &str,
    name: impl Fn(&T) -> &str,
) -> std::slice::Iter<'l, T> {
    let prefix = format!("{code}:");
    equal_range(list, |item| {
        let name = name(item);
        // A shorter name than the prefix compares as a whole, which cannot be equal to it.
        compare_folded(name.get(..prefix.len()).unwrap_or(name), &prefix)
    })
    .iter()
}
