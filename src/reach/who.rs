//! Who can do something: every caller that is allowed, under which conditions, through which statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::account::{Caller, Organization, everything};
use crate::partial::{PartialAnswer, PartialDecision, PartialOptions, Residual, UnknownKeys};
use crate::policy::PolicySet;
use crate::principal::Principal;
use crate::problem::RequestError;
use crate::reach::assume::{Assumption, Path};
use crate::reach::class::Classes;
use crate::reach::outsiders::{Outsider, outsiders};
use crate::request::Request;
use crate::wildcard::has_wildcard;

/// What is looked at besides the callers' own requests.
///
/// ```
/// use ramgate::reach::WhoOptions;
/// let options = WhoOptions::default().without_roles();
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
pub struct WhoOptions {
    pub(crate) partial: PartialOptions,
    pub(crate) roles: bool,
}

impl Default for WhoOptions {
    /// Roles that callers can assume are looked at.
    fn default() -> WhoOptions {
        WhoOptions {
            partial: PartialOptions::default(),
            roles: true,
        }
    }
}

impl WhoOptions {
    /// Which roles callers can assume is not looked at.
    pub fn without_roles(self) -> WhoOptions {
        WhoOptions {
            roles: false,
            ..self
        }
    }

    /// What each answer may cost (all together twenty times as much), and what is taken for granted of contexts.
    pub fn with_partial(self, partial: PartialOptions) -> WhoOptions {
        WhoOptions { partial, ..self }
    }
}

/// Somebody who can do it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reacher {
    /// Who: a caller; `acs:ram::<account>:*` is any user or role of an account, `*` anybody with an account, a number an account or user id,
    /// where those are not in the snapshot.
    pub principal: String,
    /// The answer to the request by this caller itself; `None` where only a role that it can assume is allowed.
    pub direct: Option<Arc<PartialAnswer>>,
    /// The ways over roles, one for each role that is allowed.
    pub paths: Vec<Path>,
    /// What was not looked at, or stands for more.
    pub notes: Vec<String>,
}

impl Reacher {
    /// `Allow` where the caller itself is allowed whatever the circumstances are, else `Conditional`.
    pub fn decision(&self) -> PartialDecision {
        match &self.direct {
            Some(answer) if self.notes.is_empty() => answer.decision,
            _ => PartialDecision::Conditional,
        }
    }

    /// The conditions under which the caller itself is allowed; none where it is not.
    pub fn conditions(&self) -> Option<&Residual> {
        self.direct.as_ref().map(|answer| &answer.conditions)
    }
}

impl Serialize for Reacher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("principal", &self.principal)?;
        map.serialize_entry("decision", &self.decision())?;
        map.serialize_entry("direct", &self.direct.is_some())?;
        let conditions = self.conditions().map_or(&[][..], Residual::conjuncts);
        map.serialize_entry("conditions", conditions)?;
        let determined_by = self.direct.as_ref().map(|answer| &answer.determined_by[..]);
        map.serialize_entry("determined_by", determined_by.unwrap_or_default())?;
        let via: Vec<&str> = self.paths.iter().map(Path::role).collect();
        map.serialize_entry("via", &via)?;
        map.serialize_entry("paths", &self.paths)?;
        if let Some(answer) = &self.direct {
            map.serialize_entry("simplified", &answer.simplified)?;
            map.serialize_entry("doubts", &answer.doubts)?;
        }
        if !self.notes.is_empty() {
            map.serialize_entry("notes", &self.notes)?;
        }
        map.end()
    }
}

/// Who can do something (contracts, section 6).
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct WhoCan {
    /// What is to be done.
    pub action: String,
    /// On what, as it was asked.
    #[serde(serialize_with = "one_or_list")]
    pub resource: Vec<String>,
    /// Everybody who can, sorted by name.
    pub principals: Vec<Reacher>,
    /// How many callers were asked about, the snapshot's and those that policies name.
    pub asked: usize,
    /// How many of them could not be told apart from one before.
    #[serde(skip)]
    pub classes: usize,
    /// What the answer is about, where that may surprise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

fn one_or_list<S: Serializer>(list: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match list {
        [one] => serializer.serialize_str(one),
        list => list.serialize(serializer),
    }
}

impl Organization {
    /// Who can do what a request asks for: every user, role and account of the snapshot, and whom the policies on the resource name besides.
    ///
    /// The request's own principal does not count. What its context gives is known; of the rest nothing is, as `unknown` says, and comes back as
    /// conditions. A role stands for its sessions, without a session policy.
    ///
    /// ```
    /// # use ramgate::{Organization, Principal, Request, Source};
    /// use ramgate::partial::UnknownKeys;
    /// use ramgate::reach::WhoOptions;
    /// # let snapshot = Source::new("s", r#"{ "ramgate": 1, "accounts": { "1234567890123456": {
    /// #   "policies": { "p": { "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "vpc:*", "Resource": "*",
    /// #     "Condition": { "Bool": { "acs:MFAPresent": "true" } } }] } } },
    /// #   "users": { "alice": { "policies": ["p"] }, "bob": {} } } } }"#);
    /// # let known = Organization::read(&[snapshot], false, &mut |name, _| Err(name.to_owned()))?;
    /// let asked = Request::new(Principal::Unnamed, "vpc:DeleteVpc", "acs:vpc:cn-shanghai:1234567890123456:vpc/v")?;
    /// let who = known.who_can(&asked, &UnknownKeys::all(), &WhoOptions::default())?;
    /// let told = who.principals.iter().map(|one| (one.principal.as_str(), one.conditions().unwrap().to_string()));
    /// assert_eq!(told.collect::<Vec<_>>(), [
    ///     ("acs:ram::1234567890123456:root", "always".to_owned()),
    ///     ("acs:ram::1234567890123456:user/alice", "Bool acs:MFAPresent true".to_owned()),
    /// ]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When a caller of the snapshot cannot be looked up, which does not happen.
    pub fn who_can(
        &self,
        asked: &Request<'static>,
        unknown: &UnknownKeys,
        options: &WhoOptions,
    ) -> Result<WhoCan, RequestError> {
        let principals: Vec<Principal<'_>> = self.principals().collect();
        let mut classes = Classes::new(unknown, &options.partial);
        let mut found: BTreeMap<String, Reacher> = BTreeMap::new();
        for principal in &principals {
            let caller = self.caller(principal)?;
            let request = asked.clone().by(principal.clone());
            let answer = classes.answer(&caller, &request);
            if answer.allowed != Some(false) {
                let name = principal.to_string();
                found.insert(name.clone(), Reacher::direct(name, answer));
            }
        }
        let named = outsiders(self, self.sets_on(asked));
        for (name, outsiders) in &named {
            let reacher = self.outsider(name, outsiders, asked, unknown, options);
            found.extend(reacher.map(|reacher| (name.clone(), reacher)));
        }
        self.over_roles(&principals, &mut found, options)?;
        Ok(WhoCan {
            action: asked.action().to_owned(),
            resource: asked
                .resources()
                .map(|resource| resource.as_str().to_owned())
                .collect(),
            principals: found.into_values().collect(),
            asked: principals.len() + named.len(),
            classes: classes.count,
            notes: notes(asked),
        })
    }

    /// Adds the ways over roles to those who were found, and those who have no other.
    pub(crate) fn over_roles(
        &self,
        principals: &[Principal<'_>],
        found: &mut BTreeMap<String, Reacher>,
        options: &WhoOptions,
    ) -> Result<(), RequestError> {
        if !options.roles {
            return Ok(());
        }
        let roles = principals
            .iter()
            .filter(|one| matches!(one, Principal::Role { .. }));
        let names = roles.map(ToString::to_string);
        let allowed: Vec<String> = names.filter(|name| found.contains_key(name)).collect();
        for (name, paths) in Assumption::new(self, principals, options).ways_to(&allowed)? {
            let reacher = found.entry(name.clone());
            let reacher = reacher.or_insert_with(|| Reacher::indirect(name));
            reacher.paths = paths;
        }
        Ok(())
    }

    /// The policies on the resources of a request, and the trust policies of roles that it is about.
    fn sets_on<'o>(&'o self, asked: &Request<'_>) -> impl Iterator<Item = &'o PolicySet> {
        let of = |resource| self.policies_on(asked, resource);
        let sets: Vec<&'o PolicySet> = asked.resources().flat_map(of).collect();
        sets.into_iter()
    }

    /// Somebody whom a policy lets in. What their own policies say is not known: it is asked with all that they could say.
    fn outsider(
        &self,
        name: &str,
        outsiders: &[Outsider],
        asked: &Request<'static>,
        unknown: &UnknownKeys,
        options: &WhoOptions,
    ) -> Option<Reacher> {
        let (nothing, everything) = (PolicySet::default(), everything());
        for outsider in outsiders {
            let mut request = asked.clone().by(outsider.stands_for.clone());
            if let Some(id) = &outsider.id {
                request = request.with_principal_id(id.clone());
            }
            let ask = |caller: Caller<'_>| {
                caller.decide_partially(&request, None, unknown, &options.partial)
            };
            if !outsider.has_policies {
                let caller = self.caller(&outsider.stands_for).ok()?;
                let answer = ask(caller);
                if answer.allowed != Some(false) {
                    return Some(Reacher::direct(name.to_owned(), Arc::new(answer)));
                }
                continue;
            }
            let at_most = ask(self.stranger(&outsider.stands_for, &everything));
            if at_most.allowed == Some(false) {
                continue;
            }
            let by_itself = ask(self.stranger(&outsider.stands_for, &nothing));
            let note = if by_itself.allowed == Some(false) {
                "not in the snapshot: allowed only where the caller's own policies, which are not known, allow it too"
            } else {
                "not in the snapshot: allowed unless the caller's own policies, which are not known, deny it"
            };
            let mut reacher = Reacher::direct(name.to_owned(), Arc::new(at_most));
            reacher.notes.push(note.to_owned());
            return Some(reacher);
        }
        None
    }
}

impl Reacher {
    pub(crate) fn direct(principal: String, answer: Arc<PartialAnswer>) -> Reacher {
        Reacher {
            principal,
            direct: Some(answer),
            paths: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn indirect(principal: String) -> Reacher {
        Reacher {
            principal,
            direct: None,
            paths: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// What is answered, where somebody may expect another answer.
fn notes(asked: &Request<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    for resource in asked.resources() {
        if resource.is_any() {
            notes.push(
                "the resource * is a request without a particular resource: only policies for all resources allow it (W9)"
                    .to_owned(),
            );
        } else if resource.relative_id().is_some_and(has_wildcard) {
            notes.push(format!(
                "{} is asked for as it is written, its wildcards as letters, as calls for all of a kind are (W10); who can on any one that fits is another question",
                resource.as_str()
            ));
        }
    }
    notes
}
