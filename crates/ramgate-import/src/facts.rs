//! What is known of accounts, fact by fact, each with the place that says so; two places that disagree are an error.

use std::collections::BTreeMap;
use std::fmt;

use crate::document::Document;
use crate::json::Place;
use crate::report::{Problem, Report};

/// Whose policy it is: names of the two are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PolicyType {
    Custom,
    System,
}

impl PolicyType {
    pub(crate) fn of(word: &str) -> Option<PolicyType> {
        match word {
            "Custom" => Some(PolicyType::Custom),
            "System" => Some(PolicyType::System),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            PolicyType::Custom => "Custom",
            PolicyType::System => "System",
        }
    }
}

/// A policy of an account by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PolicyId {
    pub(crate) name: String,
    pub(crate) of: PolicyType,
}

impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = match self.of {
            PolicyType::Custom => "custom",
            PolicyType::System => "system",
        };
        write!(f, "{of} policy {:?}", self.name)
    }
}

/// What policies are attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HolderKind {
    Group,
    Role,
    User,
}

impl HolderKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            HolderKind::Group => "group",
            HolderKind::Role => "role",
            HolderKind::User => "user",
        }
    }
}

/// A user, a group or a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holder {
    pub(crate) kind: HolderKind,
    pub(crate) name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind.name(), self.name)
    }
}

/// A policy attached to somebody, at the account or at a resource group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Attachment {
    pub(crate) holder: Holder,
    pub(crate) policy: PolicyId,
    pub(crate) resource_group: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: Option<String>,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) trust: Option<Document>,
    pub(crate) service_linked: bool,
}

/// What is known of one account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) management: Option<bool>,
    /// The way from the root of the resource directory to its folder.
    pub(crate) folder: Option<String>,
    pub(crate) policies: BTreeMap<PolicyId, Document>,
    /// Policies that there are and whose document is not known, and why. Nobody may have one.
    pub(crate) unread: BTreeMap<PolicyId, Problem>,
    pub(crate) groups: BTreeMap<String, Place>,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) roles: BTreeMap<String, Role>,
    /// User and group.
    pub(crate) members: BTreeMap<(String, String), Place>,
    pub(crate) attachments: BTreeMap<Attachment, Place>,
    /// By the ARN of the resource.
    pub(crate) resource_policies: BTreeMap<String, Document>,
}

#[derive(Clone, Debug)]
pub(crate) struct ControlPolicy {
    pub(crate) name: String,
    pub(crate) of: PolicyType,
    pub(crate) scope_all: bool,
    pub(crate) document: Document,
}

/// What is known of a resource directory's control policies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Control {
    /// By id.
    pub(crate) policies: BTreeMap<String, ControlPolicy>,
    /// Target (the root, a folder's whole way, an account) and the policy's id.
    pub(crate) attachments: BTreeMap<(String, String), Place>,
    /// Nodes of which it is known what is attached to them, if only nothing.
    pub(crate) nodes: BTreeMap<String, ()>,
}

/// What is known of accounts and their resource directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) accounts: BTreeMap<String, Account>,
    /// Where control policies are known, or known to bind nobody: `None` says neither.
    pub(crate) control: Option<Control>,
}

impl Facts {
    pub(crate) fn account(&mut self, id: &str) -> &mut Account {
        self.accounts.entry(id.to_owned()).or_default()
    }
}

impl Account {
    pub(crate) fn add_policy(&mut self, id: PolicyId, document: Document, report: &mut Report) {
        match self.policies.get(&id) {
            Some(known) if !known.says_the_same(&document) => {
                report.error(differs(&document.place, &id.to_string(), &known.place));
            }
            Some(_) => {}
            None => {
                self.policies.insert(id, document);
            }
        }
    }

    pub(crate) fn add_user(&mut self, name: &str, user: User, report: &mut Report) {
        match self.users.get_mut(name) {
            None => {
                self.users.insert(name.to_owned(), user);
            }
            Some(known) => match (&known.id, &user.id) {
                (Some(a), Some(b)) if a != b => {
                    let what = format!("user {name:?} (its id)");
                    report.error(differs(&user.place, &what, &known.place));
                }
                (None, Some(_)) => known.id = user.id,
                _ => {}
            },
        }
    }

    pub(crate) fn add_role(&mut self, name: &str, role: Role, report: &mut Report) {
        let Some(known) = self.roles.get_mut(name) else {
            self.roles.insert(name.to_owned(), role);
            return;
        };
        known.service_linked |= role.service_linked;
        match (&known.trust, role.trust) {
            (Some(a), Some(b)) if !a.says_the_same(&b) => {
                let what = format!("the trust policy of role {name:?}");
                report.error(differs(&b.place, &what, &a.place));
            }
            (None, Some(trust)) => known.trust = Some(trust),
            _ => {}
        }
    }

    pub(crate) fn add_resource_policy(
        &mut self,
        resource: String,
        document: Document,
        report: &mut Report,
    ) {
        match self.resource_policies.get(&resource) {
            Some(known) if !known.says_the_same(&document) => {
                let what = format!("the policy of {resource}");
                report.error(differs(&document.place, &what, &known.place));
            }
            Some(_) => {}
            None => {
                self.resource_policies.insert(resource, document);
            }
        }
    }
}

impl Control {
    pub(crate) fn add_policy(&mut self, id: &str, policy: ControlPolicy, report: &mut Report) {
        match self.policies.get(id) {
            Some(known)
                if known.name != policy.name
                    || known.of != policy.of
                    || known.scope_all != policy.scope_all
                    || !known.document.says_the_same(&policy.document) =>
            {
                let what = format!("control policy {:?}", policy.name);
                let place = &policy.document.place;
                report.error(differs(place, &what, &known.document.place));
            }
            Some(_) => {}
            None => {
                self.policies.insert(id.to_owned(), policy);
            }
        }
    }
}

/// Two places that say different things of one.
pub(crate) fn differs(place: &Place, what: &str, other: &Place) -> Problem {
    let (file, position) = (other.file(), other.position());
    Problem::of(place, format!("{what} is otherwise at {file}:{position}")).help(
        "of two answers that disagree one is older, or of another account: ask again for both",
    )
}
