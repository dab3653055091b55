//! Who can do something on any resource that fits a pattern: on which of them comes back as a condition.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::account::Organization;
use crate::arn::{Arn, Colons};
use crate::partial::{OpenResource, PartialAnswer, PartialDecision, Residual, UnknownKeys, Within};
use crate::policy::is_assume_role;
use crate::principal::Principal;
use crate::problem::{RequestError, quoted};
use crate::reach::class::Classes;
use crate::reach::what::{at_and_below, is_below, is_of_service};
use crate::reach::who::{Reacher, WhoCan, WhoOptions};
use crate::request::Request;
use crate::wildcard::{has_wildcard, matches};

/// Resources for which the same policies count.
struct Place<'s> {
    owner: &'s str,
    /// The resource whose policy it is.
    holder: Option<&'s Arn<'static>>,
    within: Within,
    sample: String,
    service: String,
    /// Whether the pattern fits resources of several accounts.
    is_one_of_many: bool,
}

impl Organization {
    /// Who can do something on some resource that fits a pattern, as policies are written: `acs:vpc:*:*:physicalconnection/*`.
    ///
    /// Looked at are the resources of each caller's own account, and those that have policies of their own; callers that only such a policy
    /// names and the snapshot does not have are not. On which resources it is allowed stands among the conditions. Otherwise as
    /// [`Organization::who_can`]; the service must be said.
    ///
    /// ```
    /// # use ramgate::{Context, Organization, Source};
    /// use ramgate::partial::UnknownKeys;
    /// use ramgate::reach::WhoOptions;
    /// # let snapshot = Source::new("s", r#"{ "ramgate": 1, "accounts": { "1234567890123456": {
    /// #   "policies": { "p": { "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "vpc:*",
    /// #     "Resource": "acs:vpc:*:*:vpc/test-1" }] } } },
    /// #   "users": { "alice": { "policies": ["p"] } } } } }"#);
    /// # let known = Organization::read(&[snapshot], false, &mut |name, _| Err(name.to_owned()))?;
    /// let on = "acs:vpc:*:1234567890123456:vpc/*";
    /// let who = known.who_can_on_any("vpc:DeleteVpc", on, Context::default(), None, &UnknownKeys::all(), &WhoOptions::default())?;
    /// let alice = &who.principals[1];
    /// assert_eq!(alice.conditions().unwrap().to_string(), "resource in acs:vpc:*:*:vpc/test-1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the action is none, or one that assumes roles (ask about one role), or the pattern does not say a service.
    pub fn who_can_on_any(
        &self,
        action: &str,
        pattern: &str,
        context: crate::request::Context<'static>,
        group: Option<&str>,
        unknown: &UnknownKeys,
        options: &WhoOptions,
    ) -> Result<WhoCan, RequestError> {
        let fields = Colons::of(pattern).and_then(|colons| colons.split(pattern));
        let Some([_, service, region, account, _]) = fields.filter(|[prefix, service, ..]| {
            *prefix == "acs" && !service.is_empty() && !has_wildcard(service)
        }) else {
            return Err(RequestError::new(format!(
                "pattern {} says no service; expected acs:<service>:<region>:<account>:<resource>",
                quoted(pattern)
            )));
        };
        if is_assume_role(action) {
            let message = format!(
                "{action} hangs on the trust policy of one role; ask about each by its ARN"
            );
            return Err(RequestError::new(message));
        }
        let mut asked =
            Request::new(Principal::Unnamed, action.to_owned(), "*")?.with_context(context);
        if let Some(group) = group {
            asked = asked.in_resource_group(group.to_owned());
        }
        let principals: Vec<Principal<'_>> = self.principals().collect();
        let mut found: BTreeMap<String, Vec<(&Place<'_>, Arc<PartialAnswer>)>> = BTreeMap::new();
        let places = self.places(pattern, service, region, account);
        let mut classes_count = 0;
        for place in &places {
            let on = |own: bool| {
                let mut within = place.within.clone();
                if own {
                    within.accounts.extend([String::new(), "*".to_owned()]);
                }
                Classes::new(unknown, &options.partial).on_any(within)
            };
            let (mut of_own, mut of_others) = (on(true), on(false));
            for principal in &principals {
                let own = principal.account() == Some(place.owner);
                if !own && place.holder.is_none() {
                    continue; // E9: nothing opens it.
                }
                let caller = self.caller(principal)?;
                let request = asked
                    .clone()
                    .by(principal.clone())
                    .on(place.sample.clone())?;
                let classes = if own { &mut of_own } else { &mut of_others };
                let answer = classes.answer(&caller, &request);
                if answer.allowed != Some(false) {
                    let answers = found.entry(principal.to_string()).or_default();
                    answers.push((place, answer));
                }
            }
            classes_count += of_own.count + of_others.count;
        }
        let mut found: BTreeMap<String, Reacher> = found
            .into_iter()
            .map(|(name, answers)| {
                let answer = joined(answers, &places);
                (name.clone(), Reacher::direct(name, answer))
            })
            .collect();
        self.over_roles(&principals, &mut found, options)?;
        Ok(WhoCan {
            action: action.to_owned(),
            resource: vec![pattern.to_owned()],
            principals: found.into_values().collect(),
            asked: principals.len(),
            classes: classes_count,
            notes: vec![
                "the resource is any one that fits; on which of them it is allowed stands among the conditions"
                    .to_owned(),
            ],
        })
    }

    /// The resources that fit, by the policies that count for them.
    fn places(&self, pattern: &str, service: &str, region: &str, account: &str) -> Vec<Place<'_>> {
        let is_meant = |owner: &str| matches!(account, "" | "*") || matches(account, owner);
        let mut holders: Vec<(&str, &Arn<'static>)> = self
            .resources_with_policies()
            .filter(|(owner, arn)| is_meant(owner) && is_of_service(arn, service))
            .collect();
        holders.sort_by_key(|(owner, arn)| (*owner, arn.as_str()));
        let mut owners: Vec<&str> = self.account_ids().filter(|owner| is_meant(owner)).collect();
        owners.sort_unstable();
        let is_one_of_many = account.is_empty() || has_wildcard(account);
        let region = if region.is_empty() || has_wildcard(region) {
            "cn-hangzhou"
        } else {
            region
        };
        let inside = vec![pattern.to_owned()];
        let mut places = Vec::new();
        for owner in owners {
            let own = holders.iter().filter(|(of, _)| *of == owner);
            places.push(Place {
                owner,
                holder: None,
                within: Within {
                    accounts: vec![owner.to_owned()],
                    inside: vec![inside.clone()],
                    outside: own.flat_map(|(_, arn)| at_and_below(arn)).collect(),
                },
                sample: self.unheld(service, region, owner),
                service: service.to_owned(),
                is_one_of_many,
            });
        }
        for (owner, arn) in &holders {
            let nested = holders.iter().map(|(_, other)| *other);
            let nested = nested.filter(|other| is_below(other, arn));
            places.push(Place {
                owner,
                holder: Some(arn),
                within: Within {
                    accounts: vec![(*owner).to_owned()],
                    inside: vec![inside.clone(), at_and_below(arn).into()],
                    outside: nested.flat_map(at_and_below).collect(),
                },
                sample: arn.as_str().to_owned(),
                service: service.to_owned(),
                is_one_of_many,
            });
        }
        places
    }

    /// A resource on which no policy stands.
    fn unheld(&self, service: &str, region: &str, owner: &str) -> String {
        let mut name = "example".to_owned();
        while self
            .resources_with_policies()
            .any(|(_, arn)| arn.relative_id() == Some(&name))
        {
            name.push('x');
        }
        format!("acs:{service}:{region}:{owner}:{name}")
    }
}

/// The resources of the place's account; one of which nobody says the owner is the caller's own (A2).
fn of_account(place: &Place<'_>) -> Vec<String> {
    let of = |account: &str| format!("acs:{}:*:{account}:*", place.service);
    vec![of(place.owner), of("")]
}

/// One answer for all places: under the conditions of one of them.
fn joined(
    answers: Vec<(&Place<'_>, Arc<PartialAnswer>)>,
    places: &[Place<'_>],
) -> Arc<PartialAnswer> {
    let holders: Vec<String> = places
        .iter()
        .filter_map(|place| place.holder)
        .flat_map(at_and_below)
        .collect();
    if let [(place, only)] = answers.as_slice()
        && !place.is_one_of_many
        && holders.is_empty()
    {
        return Arc::clone(only);
    }
    let mut whole: Option<PartialAnswer> = None;
    let mut ways = Vec::new();
    for (place, answer) in answers {
        let of = |patterns: Vec<String>| Residual::Resource(OpenResource::matching(patterns));
        let mut parts = Vec::new();
        match place.holder {
            Some(arn) => parts.push(of(at_and_below(arn).into())),
            None if place.is_one_of_many => parts.push(of(of_account(place))),
            None => {}
        }
        parts.extend(answer.conditions.conjuncts().iter().cloned());
        // Those without a policy need not be told apart where there is none with one.
        if place.holder.is_none() && !holders.is_empty() {
            parts.push(Residual::Not(Box::new(of(holders.clone()))));
        }
        ways.push(Residual::all(parts));
        match &mut whole {
            None => whole = Some(PartialAnswer::clone(&answer)),
            Some(whole) => whole.join(&answer),
        }
    }
    let mut whole = whole.unwrap_or_else(PartialAnswer::denied);
    whole.conditions = Residual::any(ways);
    whole.decision = PartialDecision::Conditional;
    whole.allowed = None;
    Arc::new(whole)
}
