//! Checks a property of a file: by the policies that it holds, or caller by caller over a snapshot.

use std::collections::{BTreeMap, HashSet};

use crate::account::{Assignment, Holder, Holding, Organization};
use crate::analysis::{Checked, Confirmed, Options, Property, Verdict, check};
use crate::policy::Policies;
use crate::principal::Principal;
use crate::property_file::{Asked, Claim, Proof, PropertyFile, StatedProperty};
use crate::request::Request;
use crate::wildcard::matches_folded;

/// So many combinations of a caller and a policy that lets callers in are looked at; more is out of budget.
const QUESTIONS_MAX: usize = 5_000;
/// So many witnesses are looked for before it is seen which of them count.
const WITNESSES_MAX: usize = 10_000;
/// What a search says that stopped at the witnesses it has.
const MORE: &str = "there may be further witnesses";

impl PropertyFile {
    /// Checks one of its properties over all requests.
    ///
    /// Of a snapshot every caller is looked at that the property is about: by its own policies on its account's resources, and with each policy
    /// on a resource and each trust policy; where the property is about everybody, so are those who are not in the snapshot and whom such a
    /// policy lets in. Sessions of a role count as the role.
    pub fn check(&self, property: &StatedProperty, options: &Options<'_>) -> Proof {
        let mut proof = Proof {
            verdict: Verdict::Unknown,
            witnesses: Vec::new(),
            unknown: Vec::new(),
        };
        match &self.assignment {
            Assignment::Inline(policies) => by_policies(policies, property, options, &mut proof),
            Assignment::Organization(known) => {
                // Some witnesses will not count, so none may be left out.
                let options = options.clone().with_witnesses_max(WITNESSES_MAX);
                let mut survey = Survey {
                    known,
                    property,
                    options: &options,
                    ids: HashSet::new(),
                    questions: 0,
                    proof: &mut proof,
                };
                survey.run();
            }
        }
        proof.unknown.sort();
        proof.unknown.dedup();
        proof.witnesses.truncate(options.witnesses_max);
        proof.verdict = match (proof.witnesses.is_empty(), proof.unknown.is_empty()) {
            (false, _) => Verdict::Fails,
            (true, true) => Verdict::Holds,
            (true, false) => Verdict::Unknown,
        };
        proof
    }
}

impl Claim {
    /// Whose requests are looked at.
    fn within(&self) -> &Asked {
        match self {
            Claim::Never(within)
            | Claim::Always(within)
            | Claim::Only { within, .. }
            | Claim::Implies { within, .. } => within,
        }
    }

    /// What is claimed of one caller; `None` of somebody unknown.
    fn of(&self, caller: Option<&str>) -> Property<'_> {
        match self {
            Claim::Never(within) => Property::Never(within.shape.clone()),
            Claim::Always(within) => Property::Always(within.shape.clone()),
            Claim::Only { within, only } => {
                let is_named = |name| only.names(name);
                // Who is not among those that may, may not.
                if only.principals.is_empty() || caller.is_some_and(is_named) {
                    Property::Only {
                        within: within.shape.clone(),
                        only: only.shape.clone(),
                    }
                } else {
                    Property::Never(within.shape.clone())
                }
            }
            Claim::Implies { within, other } => Property::Implies {
                within: within.shape.clone(),
                other,
            },
        }
    }
}

impl Asked {
    /// Whether a caller is one of those meant.
    fn names(&self, caller: &str) -> bool {
        let fits = |pattern: &String| matches_folded(pattern, caller, 0);
        self.principals.is_empty() || self.principals.iter().any(fits)
    }

    /// Whether an action of this service can be of the shape.
    fn may_be_of(&self, service: &str) -> bool {
        let fits = |action: &String| {
            let of = action.split(':').next().unwrap_or_default();
            matches_folded(of, service, service.len())
        };
        self.actions.is_empty() || self.actions.iter().any(fits)
    }
}

fn by_policies(
    policies: &Policies,
    property: &StatedProperty,
    options: &Options<'_>,
    proof: &mut Proof,
) {
    let within = property.claim.within();
    let mut ask = |property: &Property<'_>, options: &Options<'_>| {
        let checked = check(policies, property, options);
        proof.witnesses.extend(checked.witnesses);
        let unknown = checked.unknown.into_iter().filter(|why| *why != MORE);
        proof.unknown.extend(unknown.map(str::to_owned));
    };
    if within.principals.is_empty() {
        return ask(&property.claim.of(None), options);
    }
    for name in &within.principals {
        // The reader has seen that it is one.
        if let Ok(principal) = Principal::parse(name) {
            let options = options.clone().with_principals([principal.into_owned()]);
            ask(&property.claim.of(Some(name)), &options);
        }
    }
}

/// A property over a snapshot.
struct Survey<'s, 'o> {
    known: &'s Organization,
    property: &'s StatedProperty,
    options: &'s Options<'o>,
    /// The numeric ids of the snapshot's users: whoever has one is no stranger.
    ids: HashSet<String>,
    questions: usize,
    proof: &'s mut Proof,
}

impl Survey<'_, '_> {
    fn run(&mut self) {
        let holdings = self.known.holdings();
        let ids = holdings.iter().filter_map(|one| one.principal_id.clone());
        self.ids = ids.collect();
        let within = self.property.claim.within();
        let callers: Vec<&Holding> = holdings
            .iter()
            .filter(|one| matches!(&one.holder, Holder::Principal(name) if within.names(name)))
            .collect();
        if callers.is_empty() {
            let why = "nobody in the snapshot is one of the principals that it is about";
            self.proof.unknown.push(why.to_owned());
            return;
        }
        let lets_in: Vec<&Holding> = holdings.iter().filter(|one| self.may_matter(one)).collect();
        self.of_callers(&callers);
        for caller in &callers {
            for on in &lets_in {
                if self.is_over_budget() {
                    return;
                }
                // What is to be always allowed is so by the caller's own account.
                let is_always = matches!(self.property.claim, Claim::Always(_));
                if !is_always || (caller.account() == on.account() && is_on_resource(on)) {
                    self.ask(caller, &caller.on(on), on.account());
                }
            }
        }
        if within.principals.is_empty() && !matches!(self.property.claim, Claim::Always(_)) {
            for on in &lets_in {
                self.ask_others(on);
            }
        }
    }

    /// Whether a trust policy, or a policy on a resource, can have to do with the actions in question.
    fn may_matter(&self, one: &Holding) -> bool {
        let within = self.property.claim.within();
        match &one.holder {
            Holder::Trust(_) => within.may_be_of("sts"),
            Holder::Resource(arn) => within.may_be_of(arn.split(':').nth(1).unwrap_or_default()),
            _ => false,
        }
    }

    fn is_over_budget(&mut self) -> bool {
        self.questions += 1;
        if self.questions > QUESTIONS_MAX {
            let why = format!("more than {QUESTIONS_MAX} combinations of callers and policies");
            self.proof.unknown.push(why);
        }
        self.questions > QUESTIONS_MAX
    }

    /// Callers by their own policies: those who have the same are asked about once.
    fn of_callers(&mut self, callers: &[&Holding]) {
        let mut groups: BTreeMap<String, &Holding> = BTreeMap::new();
        for caller in callers {
            let meaning = caller.policies.meaning();
            let name = caller.holder.to_string();
            let asks_who = meaning.to_ascii_lowercase().contains("acs:principalarn");
            let kind = match &caller.principal {
                Some(Principal::User { .. }) if !asks_who => "user",
                Some(Principal::Role { .. }) if !asks_who => "role",
                _ => name.as_str(),
            };
            let claimed = match &self.property.claim {
                Claim::Only { only, .. } => only.names(&name),
                _ => true,
            };
            let key = format!("{kind} {} {claimed} {meaning}", caller.account());
            groups.entry(key).or_insert(caller);
        }
        let mut asked: Vec<&Holding> = groups.into_values().collect();
        asked.sort_by(|a, b| a.holder.cmp(&b.holder));
        for caller in asked {
            if self.is_over_budget() {
                return;
            }
            self.ask(caller, &caller.policies, caller.account());
        }
    }

    /// A caller by these policies, which are those that count for resources of this account.
    fn ask(&mut self, caller: &Holding, policies: &Policies, owner: &str) {
        let Some(principal) = &caller.principal else {
            return;
        };
        let options = self
            .options
            .clone()
            .with_principals([principal.clone()])
            .with_principal_id(caller.principal_id.clone());
        let property = self.property.claim.of(Some(&caller.holder.to_string()));
        let checked = check(policies, &property, &options);
        self.keep(checked, &|witness| is_of(witness, owner));
    }

    /// Those who are not in the snapshot: services, providers, other accounts, anybody.
    fn ask_others(&mut self, on: &Holding) {
        let property = self.property.claim.of(None);
        let (known, owner) = (self.known, on.account());
        let ids = self.ids.clone();
        let is_known = |id: Option<&str>| id.is_some_and(|id| ids.contains(id));
        let is_meant = |witness: &Request<'static>| {
            let principal = witness.principal();
            is_of(witness, owner)
                && known.caller(principal).is_err()
                && !is_known(witness.principal_id())
                && !is_known(principal.account())
        };
        let policies = on.for_others();
        self.keep(check(&policies, &property, self.options), &is_meant);
        // The kinds of callers that a policy tells apart may be represented by some of the snapshot: these surely are not.
        let account = self.unknown_account();
        let account = || account.clone().into();
        let strangers = [
            Principal::User {
                account: account(),
                name: "somebody".into(),
            },
            Principal::Role {
                account: account(),
                name: "somebody".into(),
            },
            Principal::Account { account: account() },
        ];
        let options = self.options.clone().with_principals(strangers);
        self.keep(check(&policies, &property, &options), &is_meant);
    }

    fn unknown_account(&self) -> String {
        let mut account = "9000000000000001".to_owned();
        let is_known = |id: &str| {
            let root = Principal::Account { account: id.into() };
            self.known.caller(&root).is_ok()
        };
        while is_known(&account) {
            account.push('0');
        }
        account
    }

    /// Takes the witnesses in that everything that is known confirms.
    fn keep(&mut self, checked: Checked, is_meant: &dyn Fn(&Request<'static>) -> bool) {
        let unknown = checked.unknown.into_iter().filter(|why| *why != MORE);
        self.proof.unknown.extend(unknown.map(str::to_owned));
        let known: HashSet<String> = self.proof.witnesses.iter().map(cause).collect();
        for mut one in checked
            .witnesses
            .into_iter()
            .filter(|one| is_meant(&one.witness))
        {
            match self.known.evaluate(&one.witness, None) {
                Ok(evaluation) if evaluation.decision.is_allow() != one.new.is_allow() => {
                    let why = format!(
                        "what {} may do hangs on a policy that was not looked at together with the others",
                        one.witness.principal()
                    );
                    self.proof.unknown.push(why);
                    continue;
                }
                Ok(evaluation) => {
                    one.new = evaluation.decision;
                    one.because = evaluation.determined_by;
                    one.doubts = evaluation.doubts;
                }
                // Somebody who is not in the snapshot: the policy that lets them in has said it all.
                Err(_) => {}
            }
            if !known.contains(&cause(&one)) {
                self.proof.witnesses.push(one);
            }
        }
    }
}

/// Whether the resources of a request are this account's: for those of others other policies count.
fn is_of(request: &Request<'_>, account: &str) -> bool {
    let own = request.principal().account();
    request
        .resources()
        .all(|resource| request.owner_of(resource).or(own) == Some(account))
}

fn is_on_resource(holding: &Holding) -> bool {
    matches!(holding.holder, Holder::Resource(_))
}

/// What makes two witnesses one finding: the caller and the statements.
fn cause(of: &Confirmed) -> String {
    let places: Vec<&str> = of.because.iter().map(|by| by.at.as_str()).collect();
    format!("{} {}", of.witness.principal(), places.join(" "))
}
