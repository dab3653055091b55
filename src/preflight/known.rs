//! What is known of resources: which there are, in which states, with which tags; read from the answers of operations that list them.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, ListFacts};
use crate::fields::Fields;
use crate::json::{self, Node, Value};
use crate::problem::{LoadError, Path, ProblemKind, quoted};
use crate::source::Source;

/// A resource of which something is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    /// Its type, `PhysicalConnection`.
    pub kind: String,
    /// Its id, `pc-119mfjzm7`.
    pub id: String,
    /// Its region, where it is known.
    pub region: Option<String>,
    /// Its state, where it is known.
    pub state: Option<String>,
    /// Its tags, where they are known.
    pub tags: Option<Vec<(String, String)>>,
    /// Its resource group, where it is known.
    pub resource_group: Option<String>,
    /// What tells in which region it is, where the list does not: `ap-cn-hangzhou-…`.
    pub place: Option<String>,
    /// What else may matter, in words: that it is locked.
    pub remarks: Vec<String>,
    /// Ids of resources that it belongs to.
    pub parents: Vec<String>,
    /// Where it stands, `circuits.json:12:9`.
    pub at: String,
}

/// What is known of resources. Nothing is known of what is not in it, except where a list is complete.
///
/// ```
/// use ramgate::{Catalog, Source, preflight::Resources};
/// let facts = Source::new("vpc.tsv", "service\tvpc\ntype\tCircuit\tacs:vpc:{region}:{account}:physicalconnection/{CircuitId}\n\
///     list\tDescribeCircuits\tCircuit\tCircuits.Circuit\tCircuitId\tStatus\n");
/// let catalog = Catalog::parse(&[facts])?;
/// let answer = r#"{ "TotalCount": 1, "Circuits": { "Circuit": [{ "CircuitId": "pc-1", "Status": "Enabled" }] } }"#;
/// let mut known = Resources::default();
/// known.read(&Source::new("answer.json", answer), Some("cn-shanghai"), &catalog)?;
/// assert_eq!(known.find("Circuit", "pc-1", "cn-shanghai").and_then(|found| found.state.as_deref()), Some("Enabled"));
/// assert!(known.is_complete("Circuit", "cn-shanghai"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// By type, id and region.
    resources: BTreeMap<(String, String, Option<String>), Resource>,
    lists: Vec<List>,
}

/// An answer, or several pages of one.
#[derive(Clone, Debug)]
struct List {
    kind: String,
    region: Option<String>,
    /// How many there are in all, if the answer says so.
    total: Option<u64>,
    /// Those that were seen.
    ids: BTreeSet<String>,
}

impl Resources {
    /// Adds what is known of one resource, in place of what was known of it.
    pub fn add(&mut self, resource: Resource) {
        let key = (
            resource.kind.clone(),
            resource.id.clone(),
            resource.region.clone(),
        );
        self.resources.insert(key, resource);
    }

    /// Adds the answer of an operation that lists resources, as the command line of the cloud prints it, or an array of its pages. Such an
    /// answer does not name its region: without one it counts for whichever region is asked about.
    ///
    /// # Errors
    /// When the text is no JSON or no list that the catalogue knows the shape of, or an item of it has no id.
    pub fn read(
        &mut self,
        source: &Source,
        region: Option<&str>,
        catalog: &Catalog,
    ) -> Result<(), LoadError> {
        let json = json::read(source)?;
        let mut fields = Fields::new(source);
        json::report_duplicates(json.root(), &Path::Root, &mut fields.problems);
        match json.root().value() {
            Value::Array(pages) => {
                for (index, page) in pages.enumerate() {
                    self.page(
                        &mut fields,
                        page,
                        &Path::Root.element(index),
                        region,
                        catalog,
                    );
                }
            }
            _ => self.page(&mut fields, json.root(), &Path::Root, region, catalog),
        }
        if fields.problems.is_empty() {
            Ok(())
        } else {
            Err(LoadError::new(fields.problems))
        }
    }

    /// What is known of a resource in a region.
    pub fn find(&self, kind: &str, id: &str, region: &str) -> Option<&Resource> {
        let key = |region: Option<&str>| {
            let region = region.map(str::to_owned);
            (kind.to_owned(), id.to_owned(), region)
        };
        let here = self.resources.get(&key(Some(region)));
        here.or_else(|| self.resources.get(&key(None)))
    }

    /// The same in another region: where somebody may have meant it to be.
    pub(crate) fn elsewhere(&self, kind: &str, id: &str) -> Option<&Resource> {
        let from = (kind.to_owned(), id.to_owned(), None);
        let (_, found) = self.resources.range(from..).next()?;
        (found.kind == kind && found.id == id).then_some(found)
    }

    /// Whether all resources of a type in a region are known.
    pub fn is_complete(&self, kind: &str, region: &str) -> bool {
        let mut lists = self.lists_of(kind, region);
        lists.any(|list| {
            let seen = u64::try_from(list.ids.len()).unwrap_or(u64::MAX);
            list.total.is_some_and(|total| total <= seen)
        })
    }

    /// How many were seen of how many, where a list is not complete.
    pub(crate) fn seen(&self, kind: &str, region: &str) -> Option<(usize, Option<u64>)> {
        let list = self.lists_of(kind, region).next()?;
        Some((list.ids.len(), list.total))
    }

    /// The resources of a type that belong to another.
    pub(crate) fn attached<'k>(
        &'k self,
        kind: &'k str,
        to: &'k str,
    ) -> impl Iterator<Item = &'k Resource> {
        self.resources.values().filter(move |known| {
            known.kind.eq_ignore_ascii_case(kind) && known.parents.iter().any(|id| id == to)
        })
    }

    /// Changes the state of a resource; `None`: it is not known any more.
    pub(crate) fn set_state(&mut self, kind: &str, id: &str, region: &str, state: Option<String>) {
        match self.find(kind, id, region).cloned() {
            Some(known) => self.add(Resource { state, ..known }),
            None => self.add(Resource {
                kind: kind.to_owned(),
                id: id.to_owned(),
                region: Some(region.to_owned()),
                state,
                ..Resource::default()
            }),
        }
    }

    /// Forgets a resource that is no more.
    pub(crate) fn remove(&mut self, kind: &str, id: &str, region: &str) {
        for region in [Some(region.to_owned()), None] {
            self.resources
                .remove(&(kind.to_owned(), id.to_owned(), region));
        }
        // It is known that this one is not there, whatever is known of others.
        self.add(Resource {
            kind: kind.to_owned(),
            id: id.to_owned(),
            region: Some(region.to_owned()),
            state: Some(GONE.to_owned()),
            ..Resource::default()
        });
    }

    fn lists_of<'k>(&'k self, kind: &'k str, region: &'k str) -> impl Iterator<Item = &'k List> {
        self.lists.iter().filter(move |list| {
            list.kind.eq_ignore_ascii_case(kind)
                && list.region.as_deref().is_none_or(|known| known == region)
        })
    }

    fn page(
        &mut self,
        fields: &mut Fields<'_>,
        page: Node<'_>,
        path: &Path<'_>,
        region: Option<&str>,
        catalog: &Catalog,
    ) {
        let found = catalog
            .lists()
            .find_map(|list| Some((list, descend(page, list.path())?)));
        let Some((list, items)) = found else {
            let known: Vec<String> = catalog.lists().map(|list| list.path().join(".")).collect();
            let message = format!(
                "no list of resources whose shape is known; known are {}",
                known.join(", ")
            );
            return fields.problem(page.opening(), path, ProblemKind::InvalidInput, message);
        };
        let total = page
            .members()
            .and_then(|members| members.get("TotalCount"))
            .and_then(|node| node.written().trim_matches('"').parse().ok());
        let mut ids = Vec::new();
        for (index, item) in items.one_or_many().enumerate() {
            let path = Path::Element(path, index);
            if let Some(resource) = read_item(fields, item, &path, list, region) {
                ids.push(resource.id.clone());
                self.add(resource);
            }
        }
        self.add_list(list.kind(), region, total, ids);
    }

    /// Pages of one list are one.
    fn add_list(&mut self, kind: &str, region: Option<&str>, total: Option<u64>, ids: Vec<String>) {
        let same = |list: &List| list.kind == kind && list.region.as_deref() == region;
        let list = match self.lists.iter().position(same) {
            Some(place) => self.lists.get_mut(place),
            None => {
                self.lists.push(List {
                    kind: kind.to_owned(),
                    region: region.map(str::to_owned),
                    total,
                    ids: BTreeSet::new(),
                });
                self.lists.last_mut()
            }
        };
        if let Some(list) = list {
            // Pages that do not agree on how many there are were not of one time: the larger number is the careful one.
            list.total = match (list.total, total) {
                (Some(known), Some(said)) => Some(known.max(said)),
                _ => None,
            };
            list.ids.extend(ids);
        }
    }
}

/// The state of what was deleted by an earlier call.
pub(crate) const GONE: &str = "(deleted)";

/// The member at the end of a path of members.
fn descend<'j>(node: Node<'j>, path: &[Box<str>]) -> Option<Node<'j>> {
    let mut at = node;
    for step in path {
        at = at.members()?.get(step)?;
    }
    Some(at)
}

fn read_item(
    fields: &mut Fields<'_>,
    item: Node<'_>,
    path: &Path<'_>,
    list: ListFacts<'_>,
    region: Option<&str>,
) -> Option<Resource> {
    let Some(members) = item.members() else {
        fields.wrong_type(item, path, "an object");
        return None;
    };
    let text = |name: &str| -> Option<String> {
        let text = members.get(name)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    let Some(id) = text(list.id()) else {
        fields.missing(item, path, "the id");
        return None;
    };
    let mut remarks = Vec::new();
    if let Some(status) = text("BusinessStatus").filter(|status| status != "Normal") {
        remarks.push(format!(
            "its BusinessStatus is {}; what that keeps from working is not documented",
            quoted(&status)
        ));
    }
    let mut parents = Vec::new();
    for steps in list.parents() {
        texts_at(item, steps, &mut parents);
    }
    let position = fields.source.position(item.span().start);
    Some(Resource {
        kind: list.kind().to_owned(),
        id,
        region: region.map(str::to_owned),
        state: text(list.state()),
        tags: members.get("Tags").and_then(tags),
        place: text("AccessPointId"),
        resource_group: text("ResourceGroupId"),
        remarks,
        parents,
        at: format!("{}:{position}", fields.source.name()),
    })
}

/// Every text at the end of a path, through arrays too.
fn texts_at(node: Node<'_>, path: &[Box<str>], found: &mut Vec<String>) {
    let mut nodes = vec![node];
    for step in path {
        let mut next = Vec::new();
        for node in nodes {
            for node in node.one_or_many() {
                next.extend(node.members().and_then(|members| members.get(step)));
            }
        }
        nodes = next;
    }
    let texts = nodes.iter().filter_map(|node| node.as_str());
    found.extend(texts.filter(|text| !text.is_empty()).map(str::to_owned));
}

/// `{"tags": [{"Key": …, "Value": …}]}`, `{"Tag": [{"TagKey": …, "TagValue": …}]}`, or the array alone; not known if it is anything else.
fn tags(node: Node<'_>) -> Option<Vec<(String, String)>> {
    let list = match node.members() {
        Some(mut members) => match members.next() {
            None => return Some(Vec::new()),
            Some(member) => member.node,
        },
        None => node,
    };
    let Value::Array(list) = list.value() else {
        return None;
    };
    let one = |node: Node<'_>| {
        let members = node.members()?;
        let of = |names: [&str; 2]| {
            let mut found = names.iter().filter_map(|name| members.get(name));
            found.next()?.as_str().map(str::to_owned)
        };
        Some((of(["Key", "TagKey"])?, of(["Value", "TagValue"])?))
    };
    list.map(one).collect()
}
