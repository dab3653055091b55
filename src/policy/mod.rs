//! Policies made ready to be matched: one `PolicySet` for each stage of the evaluation.

mod filed;
mod keys;
mod long_list;
mod packed;
mod principal;
mod read;
mod set;
mod shared;
mod statement;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::document::{Contents, Document, Effect, ResourceService};
use crate::json::Json;

pub(crate) use read::read_policy;
pub use set::PolicySet;
pub(crate) use set::{Keys, Place};
pub(crate) use shared::Shared;
pub(crate) use statement::{CompiledStatement, Element, is_assume_role};

use keys::Signature;
use packed::Flags;
use statement::Row;

/// A step of the evaluation process, in its order (E4 to E8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    /// Control policies, over the levels of a resource directory.
    Control,
    /// The session policy of a role session.
    Session,
    /// Identity policies at account scope.
    Identity,
    /// Identity policies at the scope of the resource's group.
    ResourceGroup,
    /// The policy on the resource.
    Resource,
    /// The trust policy of the role that is to be assumed.
    Trust,
    /// The policy of the VPC endpoint that the request comes through.
    Endpoint,
}

impl Stage {
    /// Its name in files and answers.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Control => "control",
            Stage::Session => "session",
            Stage::Identity => "identity",
            Stage::ResourceGroup => "resource_group",
            Stage::Resource => "resource",
            Stage::Trust => "trust",
            Stage::Endpoint => "endpoint",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One policy with its name, compiled once and shared by everybody it is attached to.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) name: Arc<str>,
    pub(crate) file: Arc<str>,
    /// X5: a control policy that binds the account itself too.
    pub(crate) scope_all: bool,
    /// The patterns of all statements (`packed.rs`).
    patterns: Arc<[u8]>,
    /// The statements' other parts, in the document's order.
    rows: Box<[Row]>,
    /// The Denies first, which end a search; each effect's in the document's order.
    signed: Box<[Signed]>,
}

/// What tells without a look at a statement that it does not match.
#[derive(Clone, Copy, Debug)]
struct Signed {
    action: Signature,
    resource: Signature,
    /// Where its patterns begin.
    start: u32,
    effect: Effect,
    /// Some resource pattern may read otherwise, so that there are doubts where it does not match.
    has_rare_resources: bool,
}

impl Policy {
    /// Compiles a document. Everything that a request will be compared with is read here, once. Of a document that was read with errors
    /// ([`Document::read`]) only the Denies are kept: what is missing of it might have been a Deny too.
    pub fn new(name: impl Into<Arc<str>>, document: &Document) -> Policy {
        let (json, contents) = document.parts();
        Policy::compile(name.into(), json, contents)
    }

    /// Compiles a policy that stands in a text, perhaps among others.
    pub(crate) fn compile(name: Arc<str>, json: &Json, contents: &Contents) -> Policy {
        let source = json.source();
        let mut positions = source.positions();
        let found = contents.statements(json);
        // About what the patterns take of what is written: a guess that saves copying.
        let written = contents
            .statements(json)
            .map(|statement| statement.written_bytes());
        let mut patterns = Vec::with_capacity(written.sum::<usize>() / 2);
        let mut starts = Vec::with_capacity(found.len());
        let mut rows = Vec::with_capacity(found.len());
        for statement in found {
            if contents.complete || statement.effect() == Effect::Deny {
                let position = positions.at(statement.span().start);
                starts.push(u32::try_from(patterns.len()).unwrap_or(u32::MAX));
                let number = rows.len();
                let kind = contents.kind;
                rows.push(Row::new(&statement, number, kind, position, &mut patterns));
            }
        }
        let file = source.shared_name();
        let mut policy = Policy {
            // One text, where they are the same.
            name: if name == file {
                Arc::clone(&file)
            } else {
                name
            },
            file,
            scope_all: false,
            patterns: patterns.into(),
            rows: rows.into(),
            signed: Box::default(),
        };
        let mut signed: Vec<Signed> = starts
            .iter()
            .filter_map(|start| policy.sign(*start))
            .collect();
        signed.sort_by_key(|signed| signed.effect == Effect::Allow);
        policy.signed = signed.into();
        policy
    }

    fn sign(&self, start: u32) -> Option<Signed> {
        let statement = CompiledStatement::at(self, start)?;
        let (action, resource) = keys::signatures(&statement);
        Some(Signed {
            action,
            resource,
            start,
            effect: statement.effect(),
            has_rare_resources: statement.flags().has(Flags::RARE_RESOURCES),
        })
    }

    /// In the order of the document, for explanations.
    pub(crate) fn statements(&self) -> impl Iterator<Item = CompiledStatement<'_>> {
        self.in_order(|_| true)
    }

    /// Those of them that may match a request with these signatures, or of which a doubt remains that they do not.
    fn about(
        &self,
        action: Signature,
        resource: Signature,
    ) -> impl Iterator<Item = CompiledStatement<'_>> {
        self.in_order(move |signed| {
            signed.action & action != 0
                && (signed.resource & resource != 0 || signed.has_rare_resources)
        })
    }

    /// The wanted ones in the order of the document: each effect's are, and are merged.
    fn in_order(
        &self,
        is_wanted: impl Fn(&Signed) -> bool + Copy,
    ) -> impl Iterator<Item = CompiledStatement<'_>> {
        let (denies, allows) = self.by_effect();
        let mut denies = denies
            .iter()
            .filter(move |signed| is_wanted(signed))
            .peekable();
        let mut allows = allows
            .iter()
            .filter(move |signed| is_wanted(signed))
            .peekable();
        let signed = std::iter::from_fn(move || match (denies.peek(), allows.peek()) {
            (Some(deny), Some(allow)) if deny.start > allow.start => allows.next(),
            (Some(_), _) => denies.next(),
            (None, _) => allows.next(),
        });
        signed.filter_map(|signed| CompiledStatement::at(self, signed.start))
    }

    /// The Allows of which the action or the resource may match one with these signatures, in the order of the document.
    fn allows_near(
        &self,
        action: Signature,
        resource: Signature,
    ) -> impl Iterator<Item = CompiledStatement<'_>> {
        let (_, allows) = self.by_effect();
        let is_near =
            move |signed: &&Signed| signed.action & action != 0 || signed.resource & resource != 0;
        let near = allows.iter().filter(is_near);
        near.filter_map(|signed| CompiledStatement::at(self, signed.start))
    }

    /// The Denies and the Allows, each in the order of the document.
    fn by_effect(&self) -> (&[Signed], &[Signed]) {
        let is_deny = |signed: &Signed| signed.effect == Effect::Deny;
        self.signed.split_at(self.signed.partition_point(is_deny))
    }

    fn signed_statements(&self) -> impl Iterator<Item = (CompiledStatement<'_>, &Signed)> {
        let signed = self.signed.iter();
        signed.filter_map(|signed| Some((CompiledStatement::at(self, signed.start)?, signed)))
    }

    /// The same without its Allows.
    pub(crate) fn denies_only(&self) -> Policy {
        let denies = self
            .signed
            .iter()
            .filter(|signed| signed.effect == Effect::Deny);
        Policy {
            signed: denies.copied().collect(),
            ..self.clone()
        }
    }

    pub(crate) fn with_scope_all(mut self, all: bool) -> Policy {
        self.scope_all = all;
        self
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that it was read from.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How many statements it has, and where each begins.
    pub fn statement_places(&self) -> impl ExactSizeIterator<Item = (usize, crate::Position)> {
        self.rows
            .iter()
            .map(|row| (row.index as usize, row.position))
    }
}

/// One level of a resource directory: a folder or an account, with the control policies attached to it (X1).
#[derive(Clone, Debug, Default)]
pub struct Level {
    pub(crate) policies: PolicySet,
}

impl Level {
    /// A level with these policies.
    pub fn new(policies: PolicySet) -> Level {
        Level { policies }
    }
}

/// Identity policies at resource-group scope (T18).
#[derive(Clone, Debug, Default)]
pub(crate) enum GroupPolicies {
    #[default]
    None,
    /// Those attached at the scope of the request's group, whichever that is.
    OfRequest(Box<PolicySet>),
    /// Those of each group, by its id, and all of them together.
    Named {
        groups: Box<[(Arc<str>, PolicySet)]>,
        pooled: Box<PolicySet>,
    },
}

impl GroupPolicies {
    pub(crate) fn named(groups: Vec<(Arc<str>, PolicySet)>) -> GroupPolicies {
        if groups.is_empty() {
            return GroupPolicies::None;
        }
        let pooled: PolicySet = groups
            .iter()
            .flat_map(|(_, set)| set.iter().cloned())
            .collect();
        GroupPolicies::Named {
            groups: groups.into(),
            pooled: Box::new(pooled),
        }
    }
}

/// Everything that applies to one principal and one resource, by stage. Immutable, cheap to clone, free to share between threads.
///
/// ```
/// use ramgate::{Decision, Document, Policies, Principal, Request, Source};
///
/// let source = Source::new("net-ops.json", r#"{
///   "Version": "1",
///   "Statement": [{
///     "Effect": "Allow",
///     "Action": "vpc:CancelPhysicalConnection",
///     "Resource": "acs:vpc:cn-shanghai:*:physicalconnection/*"
///   }]
/// }"#);
/// let policies = Policies::of_identity([Document::parse(&source)?]);
/// let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?;
/// let request = Request::new(
///     alice,
///     "vpc:CancelPhysicalConnection",
///     "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-119mfjzm7",
/// )?;
/// assert_eq!(policies.decide(&request), Decision::Allow);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Policies {
    pub(crate) control: Option<Vec<Level>>,
    /// E4: the levels of the caller's account, where it is another than the resource's.
    pub(crate) caller_control: Option<Vec<Level>>,
    pub(crate) session: Option<Box<PolicySet>>,
    pub(crate) identity: PolicySet,
    pub(crate) groups: GroupPolicies,
    pub(crate) resource: Option<Box<PolicySet>>,
    pub(crate) trust: Option<Box<PolicySet>>,
    pub(crate) endpoint: Option<Box<PolicySet>>,
    /// X4, E21: the management account and service-linked roles.
    pub(crate) unbound_by_control: bool,
    pub(crate) settings: Settings,
}

/// What applies to one caller and one resource, borrowed from wherever it is kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Applicable<'p> {
    /// The control policies of the resource's account, from the root down.
    pub(crate) control: &'p [Level],
    pub(crate) caller_control: &'p [Level],
    pub(crate) session: Option<&'p PolicySet>,
    pub(crate) identity: Option<&'p PolicySet>,
    pub(crate) groups: Option<&'p GroupPolicies>,
    pub(crate) resource: Option<&'p PolicySet>,
    pub(crate) trust: Option<&'p PolicySet>,
    pub(crate) endpoint: Option<&'p PolicySet>,
    pub(crate) unbound_by_control: bool,
    pub(crate) settings: Settings,
    /// The caller's numeric id, where a snapshot knows it (T23).
    pub(crate) principal_id: Option<&'p str>,
    /// Whether nothing is known of the account that owns the resource.
    pub(crate) unknown_owner: bool,
}

/// Two choices among the open rules that a user may make otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// O20 in an Allow: a negated operator whose key is absent holds (as in AWS), instead of not granting.
    pub absent_negated_grants: bool,
    /// E7: a group-scope Deny takes an account-scope Allow away.
    pub group_deny_wins: bool,
}

impl Policies {
    /// Identity policies at account scope and nothing else; each policy is named after its file.
    pub fn of_identity(documents: impl IntoIterator<Item = Document>) -> Policies {
        let policies = documents.into_iter().map(|document| {
            let name = document.source().shared_name();
            Arc::new(Policy::new(name, &document))
        });
        Policies::default().with_identity(policies.collect())
    }

    /// Identity policies at account scope: a user's own and its groups', or a role's (T17).
    pub fn with_identity(self, identity: PolicySet) -> Policies {
        Policies { identity, ..self }
    }

    /// The control policies that the resource's account is under, from the root down to the account (E4, X1).
    pub fn with_control(self, levels: Vec<Level>) -> Policies {
        Policies {
            control: Some(levels),
            ..self
        }
    }

    /// The control policies of the caller's account, where the resource belongs to another (E4).
    pub fn with_caller_control(self, levels: Vec<Level>) -> Policies {
        Policies {
            caller_control: Some(levels),
            ..self
        }
    }

    /// Control policies do not bind the caller: the management account, a service-linked role (X4, E21).
    pub fn unbound_by_control(self) -> Policies {
        Policies {
            unbound_by_control: true,
            ..self
        }
    }

    /// The session policy of a role session (E5).
    pub fn with_session(self, session: PolicySet) -> Policies {
        Policies {
            session: Some(Box::new(session)),
            ..self
        }
    }

    /// Identity policies attached at the scope of the group that the request's resource is in (T18).
    pub fn with_resource_group(self, policies: PolicySet) -> Policies {
        Policies {
            groups: GroupPolicies::OfRequest(Box::new(policies)),
            ..self
        }
    }

    /// Identity policies attached at resource groups, by the groups' ids (T18).
    pub fn with_resource_groups(
        self,
        groups: impl IntoIterator<Item = (Arc<str>, PolicySet)>,
    ) -> Policies {
        Policies {
            groups: GroupPolicies::named(groups.into_iter().collect()),
            ..self
        }
    }

    /// The policy on the resource: bucket, project, key or instance policy (E6).
    pub fn with_resource(self, resource: PolicySet) -> Policies {
        Policies {
            resource: Some(Box::new(resource)),
            ..self
        }
    }

    /// The trust policy of the role that is to be assumed (E10, E11).
    pub fn with_trust(self, trust: PolicySet) -> Policies {
        Policies {
            trust: Some(Box::new(trust)),
            ..self
        }
    }

    /// The policy of the endpoint that the request comes through (E15).
    pub fn with_endpoint(self, endpoint: PolicySet) -> Policies {
        Policies {
            endpoint: Some(Box::new(endpoint)),
            ..self
        }
    }

    /// Other choices for open rules than the careful ones.
    pub fn with_settings(self, settings: Settings) -> Policies {
        Policies { settings, ..self }
    }

    pub(crate) fn applicable(&self) -> Applicable<'_> {
        Applicable {
            control: self.control.as_deref().unwrap_or_default(),
            caller_control: self.caller_control.as_deref().unwrap_or_default(),
            session: self.session.as_deref(),
            identity: Some(&self.identity),
            groups: Some(&self.groups),
            resource: self.resource.as_deref(),
            trust: self.trust.as_deref(),
            endpoint: self.endpoint.as_deref(),
            unbound_by_control: self.unbound_by_control,
            settings: self.settings,
            principal_id: None,
            unknown_owner: false,
        }
    }

    /// Every policy, with its stage.
    pub fn iter(&self) -> impl Iterator<Item = (Stage, &Arc<Policy>)> {
        let control = self
            .control
            .iter()
            .chain(&self.caller_control)
            .flatten()
            .map(|level| &level.policies);
        let groups: Option<&PolicySet> = match &self.groups {
            GroupPolicies::None => None,
            GroupPolicies::OfRequest(set) | GroupPolicies::Named { pooled: set, .. } => Some(set),
        };
        control
            .map(|set| (Stage::Control, set))
            .chain(
                self.session
                    .as_deref()
                    .into_iter()
                    .map(|set| (Stage::Session, set)),
            )
            .chain(std::iter::once((Stage::Identity, &self.identity)))
            .chain(groups.into_iter().map(|set| (Stage::ResourceGroup, set)))
            .chain(
                self.resource
                    .as_deref()
                    .into_iter()
                    .map(|set| (Stage::Resource, set)),
            )
            .chain(
                self.trust
                    .as_deref()
                    .into_iter()
                    .map(|set| (Stage::Trust, set)),
            )
            .chain(
                self.endpoint
                    .as_deref()
                    .into_iter()
                    .map(|set| (Stage::Endpoint, set)),
            )
            .flat_map(|(stage, set)| set.iter().map(move |policy| (stage, policy)))
    }
}

/// How a service combines its resource policies with identity policies (E8 to E17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combination {
    Oss,
    Kms,
    Log,
    Tablestore,
    Default,
}

impl Combination {
    pub(crate) fn of_service(code: &str) -> Combination {
        match ResourceService::of(code) {
            ResourceService::Oss => Combination::Oss,
            ResourceService::Kms => Combination::Kms,
            ResourceService::Log => Combination::Log,
            ResourceService::Other if code.eq_ignore_ascii_case("ots") => Combination::Tablestore,
            ResourceService::Other => Combination::Default,
        }
    }
}
