//! Who can, and what can they: against `decide` on every request of small organisations.
//!
//! `RAMGATE_ORGANISATIONS` sets how many, `RAMGATE_SEED` where they begin.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests: a failure is a panic, and the settings come from the environment"
)]

#[allow(dead_code, reason = "other tests use the rest")]
mod generate;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use generate::Rng;
use ramgate::partial::{PartialOptions, UnknownKeys};
use ramgate::reach::{Access, AccessTo, Reacher, WhoCan, WhoOptions};
use ramgate::{Catalog, Context, ContextValue, Organization, Principal, Request, Source};
use serde_json::{Map, Value, json};

const ORGANISATIONS: u64 = 24;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(otherwise, |text| text.parse().unwrap())
}

// A small organisation ----------------------------------------------------------------------------------------------

const A: &str = "1111222233334444";
const B: &str = "5555666677778888";

const ACTIONS: [&str; 5] = [
    "vpc:Open",
    "vpc:Close",
    "oss:GetObject",
    "kms:Decrypt",
    "sts:AssumeRole",
];
const ACTION_PATTERNS: [&str; 9] = [
    "*",
    "vpc:*",
    "vpc:Open",
    "vpc:Cl*",
    "oss:*",
    "kms:*",
    "sts:AssumeRole",
    "sts:AssumeRole",
    "sts:*",
];

fn resources() -> Vec<String> {
    let of = |text: &str| text.replace('A', A).replace('B', B);
    [
        "acs:vpc:cn-x:A:x/1",
        "acs:vpc:cn-x:A:x/2",
        "acs:vpc:cn-x:B:x/1",
        "acs:oss:*:A:bkt/o",
        "acs:kms:cn-x:A:key/k",
        "acs:ram::A:role/r1",
        "acs:ram::A:role/r2",
        "acs:ram::B:role/r1",
        "*",
    ]
    .map(of)
    .to_vec()
}

const RESOURCE_PATTERNS: [&str; 10] = [
    "*",
    "*",
    "acs:vpc:*:*:x/*",
    "acs:vpc:*:A:x/1",
    "acs:vpc:*:*:x/2",
    "acs:oss:*:*:bkt/*",
    "acs:ram:*:*:role/*",
    "acs:ram::A:role/r1",
    "acs:ram::B:role/r1",
    "acs:*:*:A:*",
];

fn condition(rng: &mut Rng) -> Option<Value> {
    let alice = format!("acs:ram::{A}:user/alice");
    let conditions = [
        json!({ "IpAddress": { "acs:SourceIp": "10.0.0.0/8" } }),
        json!({ "NotIpAddress": { "acs:SourceIp": "10.0.0.0/8" } }),
        json!({ "Bool": { "acs:MFAPresent": "true" } }),
        json!({ "Bool": { "acs:MFAPresent": "false" } }),
        json!({ "StringEquals": { "k:v": "v" } }),
        json!({ "StringNotEquals": { "k:v": "v" } }),
        json!({ "StringNotLike": { "acs:PrincipalARN": "acs:ram:*:*:role/r1" } }),
        json!({ "StringEquals": { "acs:PrincipalARN": alice } }),
        json!({ "IpAddress": { "acs:SourceIp": "10.0.0.0/8" }, "Bool": { "acs:MFAPresent": "true" } }),
    ];
    rng.chance(40)
        .then(|| conditions[rng.below(conditions.len())].clone())
}

fn statement(rng: &mut Rng, denies: u64) -> Value {
    let pattern = rng.pick(&RESOURCE_PATTERNS);
    let pattern = match pattern.strip_prefix("acs:") {
        Some(_) => pattern
            .replace(":A:", &format!(":{A}:"))
            .replace(":B:", &format!(":{B}:")),
        None => pattern.to_owned(),
    };
    let deny = rng.chance(denies);
    let mut statement = json!({
        "Effect": if deny { "Deny" } else { "Allow" },
        "Action": rng.pick(&ACTION_PATTERNS),
        "Resource": pattern,
    });
    if rng.chance(8) {
        let object = statement.as_object_mut().unwrap();
        let action = object.remove("Action").unwrap();
        object.insert("NotAction".into(), action);
    }
    if let Some(condition) = condition(rng) {
        statement["Condition"] = condition;
    }
    statement
}

fn document(rng: &mut Rng, denies: u64) -> Value {
    let count = 1 + rng.below(3);
    let mut statements: Vec<Value> = (0..count).map(|_| statement(rng, denies)).collect();
    if rng.chance(30) {
        let mut assume = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "acs:ram:*:*:role/*" });
        if let Some(condition) = condition(rng) {
            assume["Condition"] = condition;
        }
        statements.push(assume);
    }
    json!({ "document": { "Version": "1", "Statement": statements } })
}

fn some(rng: &mut Rng, names: &[&str], most: usize) -> Vec<String> {
    let count = rng.below(most + 1);
    let names = (0..count).map(|_| rng.pick(names).to_owned());
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

fn trust(rng: &mut Rng) -> Value {
    let count = 1 + rng.below(2);
    let statements = (0..count).map(|_| {
        let names = [
            format!("acs:ram::{A}:root"),
            format!("acs:ram::{B}:root"),
            format!("acs:ram::{A}:user/alice"),
            format!("acs:ram::{A}:role/r2"),
            format!("acs:ram::{B}:role/r1"),
            format!("acs:ram::{A}:role/R1"),
            "acs:ram::9999888877776666:root".to_owned(),
        ];
        let name = &names[if rng.chance(40) {
            rng.below(2)
        } else {
            rng.below(names.len())
        }];
        let principal = if rng.chance(12) {
            json!({ "Service": "ecs.aliyuncs.com" })
        } else {
            json!({ "RAM": [name] })
        };
        let mut statement = json!({
            "Effect": if rng.chance(10) { "Deny" } else { "Allow" },
            "Principal": principal,
            "Action": "sts:AssumeRole",
        });
        if let Some(condition) = condition(rng) {
            statement["Condition"] = condition;
        }
        statement
    });
    let statements: Vec<Value> = statements.collect();
    json!({ "Version": "1", "Statement": statements })
}

fn on_resource(rng: &mut Rng, key: bool) -> Value {
    let count = 1 + rng.below(3);
    let statements = (0..count).map(|_| {
        let names: Vec<String> = if key {
            vec![
                format!("acs:ram::{A}:user/alice"),
                format!("acs:ram::{B}:user/alice"),
                format!("acs:ram::{B}:role/r1"),
                format!("acs:ram::{A}:*"),
                "acs:ram::9999888877776666:user/zoe".to_owned(),
            ]
        } else {
            vec![
                "*".to_owned(),
                "2001".to_owned(),
                "2002".to_owned(),
                B.to_owned(),
                "9999888877776666".to_owned(),
                format!("arn:sts::{A}:assumed-role/r1/*"),
                format!("arn:sts::{B}:assumed-role/r1/s1"),
            ]
        };
        let name = &names[rng.below(names.len())];
        let principal = if key {
            json!({ "RAM": [name] })
        } else {
            json!([name])
        };
        let mut statement = json!({
            "Effect": if rng.chance(25) { "Deny" } else { "Allow" },
            "Principal": principal,
            "Action": if key { "kms:*" } else { "oss:*" },
            "Resource": if key { json!("*") } else { json!(format!("acs:oss:*:{A}:bkt/*")) },
        });
        if let Some(condition) = condition(rng) {
            statement["Condition"] = condition;
        }
        statement
    });
    let statements: Vec<Value> = statements.collect();
    json!({ "Version": "1", "Statement": statements })
}

fn account(rng: &mut Rng, id: &str) -> Value {
    let names = ["p0", "p1", "p2", "p3", "p4"];
    let policies: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), document(rng, 20)))
        .collect();
    let mut users = Map::new();
    for (name, number) in [("alice", "2001"), ("bob", "2002"), ("carol", "2003")] {
        let mut user = json!({ "policies": some(rng, &names, 2) });
        if rng.chance(70) && id == A {
            user["id"] = number.into();
        }
        if rng.chance(40) {
            user["groups"] = json!(["g"]);
        }
        if rng.chance(30) {
            user["resource_groups"] =
                json!({ "rg-1": some(rng, &names, 2), "rg-2": some(rng, &names, 1) });
        }
        users.insert(name.into(), user);
    }
    let mut roles = Map::new();
    for name in ["r1", "r2", "r3"] {
        let mut role = json!({ "policies": some(rng, &names, 2) });
        if rng.chance(85) {
            role["trust"] = trust(rng);
        }
        if rng.chance(10) {
            role["service_linked"] = true.into();
        }
        roles.insert(name.into(), role);
    }
    let mut account = json!({
        "folder": "r/f",
        "policies": policies,
        "groups": { "g": { "policies": some(rng, &names, 2) } },
        "users": users,
        "roles": roles,
    });
    if id == A && rng.chance(70) {
        account["resource_policies"] = json!([
            { "resource": format!("acs:oss:*:{A}:bkt"), "document": on_resource(rng, false) },
            { "resource": format!("acs:kms:cn-x:{A}:key/k"), "document": on_resource(rng, true) },
        ]);
    }
    if rng.chance(10) {
        account["management"] = true.into();
    }
    account
}

fn organisation(seed: u64) -> (Value, Organization) {
    let mut rng = Rng(seed);
    let full = json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let mut snapshot = json!({
        "ramgate": 1,
        "accounts": { A: account(&mut rng, A), B: account(&mut rng, B) },
    });
    if rng.chance(60) {
        let mut guard = document(&mut rng, 80);
        if rng.chance(30) {
            guard["effect_scope"] = "All".into();
        }
        let mut attached = |all: u64| {
            let names = if rng.chance(all) {
                vec!["full"]
            } else {
                vec![]
            };
            let guard = rng.chance(40).then_some("guard");
            names.into_iter().chain(guard).collect::<Vec<_>>()
        };
        snapshot["control_policies"] = json!({
            "policies": { "full": { "document": full }, "guard": guard },
            "attachments": { "r": attached(98), "r/f": attached(95), A: attached(95), B: attached(95) },
        });
    }
    let source = Source::new("snapshot.json", snapshot.to_string());
    let known = Organization::read(&[source], false, &mut |name, _| Err(name.to_owned()));
    let known = known.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{snapshot:#}"));
    (snapshot, known)
}

/// Every context that the conditions tell apart, lists of several values included.
fn contexts() -> Vec<Context<'static>> {
    let values = |lists: &[&[&'static str]]| -> Vec<Vec<&'static str>> {
        lists.iter().map(|list| list.to_vec()).collect()
    };
    let addresses = values(&[&[], &["10.1.1.1"], &["8.8.8.8"], &["10.1.1.1", "8.8.8.8"]]);
    let mfa = values(&[&[], &["true"], &["false"], &["true", "false"]]);
    let others = values(&[&[], &["v"], &["w"]]);
    let mut contexts = Vec::new();
    for address in &addresses {
        for mfa in &mfa {
            for other in &others {
                let entries = [
                    ("acs:SourceIp", address),
                    ("acs:MFAPresent", mfa),
                    ("k:v", other),
                ];
                let given = entries.into_iter().filter(|(_, values)| !values.is_empty());
                let given = given.map(|(key, values)| {
                    let values = values.iter().map(|value| Cow::Borrowed(*value)).collect();
                    (Cow::Borrowed(key), ContextValue::Many(values))
                });
                contexts.push(Context::owned(given.collect()).unwrap());
            }
        }
    }
    contexts
}

fn principals() -> Vec<Principal<'static>> {
    let mut principals = Vec::new();
    for account in [A, B] {
        for name in [
            "user/alice",
            "user/bob",
            "user/carol",
            "role/r1",
            "role/r2",
            "role/r3",
            "root",
        ] {
            let text = format!("acs:ram::{account}:{name}");
            principals.push(Principal::parse(&text).unwrap().into_owned());
        }
    }
    principals
}

fn asked(action: &str, resource: &str, group: bool) -> Request<'static> {
    let request = Request::new(Principal::Unnamed, action.to_owned(), resource.to_owned()).unwrap();
    if group {
        request.in_resource_group("rg-1")
    } else {
        request
    }
}

fn reacher<'w>(who: &'w WhoCan, name: &str) -> Option<&'w Reacher> {
    who.principals.iter().find(|one| one.principal == name)
}

/// Whether there is a context in which it is allowed.
fn is_possible(
    known: &Organization,
    request: &Request<'static>,
    contexts: &[Context<'static>],
) -> bool {
    contexts.iter().any(|context| {
        let request = request.clone().with_context(context.clone());
        known.decide(&request, None).unwrap().is_allow()
    })
}

#[test]
fn who_can_agrees_with_every_request() {
    let first = setting("RAMGATE_SEED", 20_261_124);
    let contexts = contexts();
    let principals = principals();
    let (mut listed, mut conditional, mut shared) = (0, 0, 0);
    for seed in first..first + setting("RAMGATE_ORGANISATIONS", ORGANISATIONS) {
        let (snapshot, known) = organisation(seed);
        for action in ACTIONS {
            for resource in resources() {
                for group in [false, true] {
                    let question = asked(action, &resource, group);
                    let who = known
                        .who_can(
                            &question,
                            &UnknownKeys::all(),
                            &WhoOptions::default().without_roles(),
                        )
                        .unwrap();
                    shared += usize::from(who.classes < principals.len());
                    for principal in &principals {
                        let name = principal.to_string();
                        let found = reacher(&who, &name);
                        listed += u64::from(found.is_some());
                        let mut allowed = false;
                        for context in &contexts {
                            let request = question
                                .clone()
                                .by(principal.clone())
                                .with_context(context.clone());
                            let decided = known.decide(&request, None).unwrap().is_allow();
                            allowed |= decided;
                            let claimed =
                                found.is_some_and(|one| one.conditions().unwrap().holds(&request));
                            assert_eq!(
                                claimed,
                                decided,
                                "seed {seed}: {request:?}\n{}\n{snapshot:#}",
                                serde_json::to_string_pretty(&found).unwrap()
                            );
                        }
                        assert_eq!(
                            allowed,
                            found.is_some(),
                            "seed {seed}: {name} {question:?}\n{snapshot:#}"
                        );
                        conditional +=
                            u64::from(found.is_some_and(|one| one.decision().is_allow().is_none()));
                    }
                    let names: Vec<_> = who.principals.iter().map(|one| &one.principal).collect();
                    assert!(names.is_sorted());
                }
            }
        }
    }
    eprintln!(
        "{listed} listed, {conditional} of them under conditions, {shared} questions with fewer classes than callers"
    );
    assert!(listed > 1000 && conditional > 200 && shared > 500);
}

/// Which roles a caller can get into, one after the other, by trying every request.
fn reachable(
    known: &Organization,
    contexts: &[Context<'static>],
) -> BTreeMap<String, BTreeSet<String>> {
    let principals = principals();
    let mut direct: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for principal in &principals {
        for role in principals
            .iter()
            .filter(|one| matches!(one, Principal::Role { .. }))
        {
            let request = asked("sts:AssumeRole", &role.to_string(), false).by(principal.clone());
            if principal != role && is_possible(known, &request, contexts) {
                direct
                    .entry(principal.to_string())
                    .or_default()
                    .insert(role.to_string());
            }
        }
    }
    let mut all = direct.clone();
    for _ in 0..principals.len() {
        for (from, roles) in all.clone() {
            let further = roles.iter().filter_map(|role| direct.get(role)).flatten();
            let further: BTreeSet<String> =
                further.filter(|role| **role != from).cloned().collect();
            all.get_mut(&from).unwrap().extend(further);
        }
    }
    all
}

#[test]
fn ways_over_roles_are_all_that_there_are() {
    let first = setting("RAMGATE_SEED", 20_261_124);
    let contexts = contexts();
    let (mut ways, mut longer) = (0, 0);
    for seed in first..first + setting("RAMGATE_ORGANISATIONS", ORGANISATIONS) {
        let (snapshot, known) = organisation(seed);
        let reachable = reachable(&known, &contexts);
        for (action, resource) in [("vpc:Open", 0), ("vpc:Close", 2), ("oss:GetObject", 3)] {
            let question = asked(action, &resources()[resource], false);
            let who = known
                .who_can(&question, &UnknownKeys::all(), &WhoOptions::default())
                .unwrap();
            let allowed: BTreeSet<String> = principals()
                .iter()
                .filter(|one| matches!(one, Principal::Role { .. }))
                .filter(|role| {
                    is_possible(&known, &question.clone().by((*role).clone()), &contexts)
                })
                .map(ToString::to_string)
                .collect();
            for principal in principals() {
                let name = principal.to_string();
                let over = reachable.get(&name).into_iter().flatten();
                let expected: BTreeSet<&str> = over
                    .filter(|role| allowed.contains(*role))
                    .map(String::as_str)
                    .collect();
                let found = reacher(&who, &name);
                let paths = found.map(|one| one.paths.as_slice()).unwrap_or_default();
                let told: BTreeSet<&str> = paths.iter().map(|path| path.role()).collect();
                assert_eq!(
                    told, expected,
                    "seed {seed}: {name} {question:?}\n{snapshot:#}"
                );
                assert_eq!(told.len(), paths.len());
                ways += paths.len();
                for path in paths {
                    longer += usize::from(path.steps.len() > 1);
                    // Each step is one that its caller can take.
                    let mut at = principal.clone();
                    for step in &path.steps {
                        let request = asked("sts:AssumeRole", &step.role, false).by(at.clone());
                        for context in &contexts {
                            let request = request.clone().with_context(context.clone());
                            let decided = known.decide(&request, None).unwrap().is_allow();
                            assert_eq!(step.answer.conditions.holds(&request), decided);
                        }
                        at = Principal::parse(&step.role).unwrap().into_owned();
                    }
                }
            }
        }
    }
    eprintln!("{ways} ways, {longer} of them over more than one role");
    assert!(ways > 20 && longer > 0);
}

#[test]
fn whom_a_policy_names_is_asked_about_too() {
    let first = setting("RAMGATE_SEED", 20_261_124);
    let contexts = contexts();
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in first..first + setting("RAMGATE_ORGANISATIONS", ORGANISATIONS) * 4 {
        let (snapshot, known) = organisation(seed);
        for (action, resource) in [
            ("oss:GetObject", 3),
            ("sts:AssumeRole", 5),
            ("kms:Decrypt", 4),
        ] {
            let question = asked(action, &resources()[resource], false);
            let who = known
                .who_can(&question, &UnknownKeys::all(), &WhoOptions::default())
                .unwrap();
            for name in [
                "anonymous".to_owned(),
                "Service:ecs.aliyuncs.com".to_owned(),
                format!("acs:ram::{B}:assumed-role/r1/s1"),
            ] {
                let principal = Principal::parse(&name).unwrap().into_owned();
                let possible = is_possible(&known, &question.clone().by(principal), &contexts);
                let found = reacher(&who, &name);
                // A session is listed beside its role where it is named itself, a service where not everybody is let in.
                let is_anybody = reacher(&who, "anonymous").is_some();
                if !name.contains("assumed-role") || found.is_some() {
                    assert_eq!(
                        found.is_some() || is_anybody,
                        possible,
                        "seed {seed}: {name} {question:?}\n{snapshot:#}"
                    );
                }
                *seen.entry(action).or_default() += u64::from(found.is_some());
            }
            for one in &who.principals {
                let is_number = one.principal.bytes().all(|byte| byte.is_ascii_digit());
                let is_unknown =
                    is_number || one.principal.contains("9999888877776666") || one.principal == "*";
                assert_eq!(!one.notes.is_empty(), is_unknown, "{one:?}");
                if is_unknown {
                    assert!(one.decision().is_allow().is_none());
                    *seen.entry("unknown").or_default() += 1;
                }
            }
        }
    }
    eprintln!("{seen:?}");
    assert!(
        seen["oss:GetObject"] > 10 && seen["sts:AssumeRole"] > 10 && seen["unknown"] > 20,
        "{seen:?}"
    );
}

#[test]
fn who_can_on_any_agrees_with_every_resource() {
    let first = setting("RAMGATE_SEED", 20_261_124);
    let contexts = contexts();
    let (mut listed, mut not_all) = (0, 0);
    for seed in first..first + setting("RAMGATE_ORGANISATIONS", ORGANISATIONS) {
        let (snapshot, known) = organisation(seed);
        for (action, pattern) in [
            ("vpc:Open", "acs:vpc:*:*:x/*".to_owned()),
            ("vpc:Close", format!("acs:vpc:cn-x:{A}:*")),
            ("oss:GetObject", "acs:oss:*:*:*".to_owned()),
            ("kms:Decrypt", format!("acs:kms:*:{A}:key/*")),
        ] {
            let service = action.split(':').next().unwrap();
            let fits = |resource: &String| {
                ramgate::Wildcard::new(pattern.as_str()).matches(resource)
                    && resource.starts_with(&format!("acs:{service}:"))
            };
            for group in [None, Some("rg-1")] {
                let who = known
                    .who_can_on_any(
                        action,
                        &pattern,
                        Context::default(),
                        group,
                        &UnknownKeys::all(),
                        &WhoOptions::default().without_roles(),
                    )
                    .unwrap();
                for principal in principals() {
                    let found = reacher(&who, &principal.to_string());
                    listed += u64::from(found.is_some());
                    let mut all = true;
                    for resource in resources().iter().filter(|resource| fits(resource)) {
                        let question =
                            asked(action, resource, group.is_some()).by(principal.clone());
                        for context in &contexts {
                            let request = question.clone().with_context(context.clone());
                            let decided = known.decide(&request, None).unwrap().is_allow();
                            all &= decided;
                            let claimed =
                                found.is_some_and(|one| one.conditions().unwrap().holds(&request));
                            assert_eq!(
                                claimed,
                                decided,
                                "seed {seed}: {pattern} {request:?}\n{}\n{snapshot:#}",
                                serde_json::to_string_pretty(&found).unwrap()
                            );
                        }
                    }
                    not_all += u64::from(found.is_some() && !all);
                }
            }
        }
    }
    eprintln!("{listed} listed, {not_all} of them not for all resources and contexts");
    assert!(listed > 200 && not_all > 50);
}

/// The actions of the small organisations, and one more.
fn catalog() -> Catalog {
    let of = |(service, actions): (&str, &[&str])| {
        let rows = actions
            .iter()
            .map(|action| format!("action\t{action}\tupdate\n"));
        let text = format!("service\t{service}\n{}", rows.collect::<String>());
        Source::new(format!("{service}.tsv"), text)
    };
    let services: [(&str, &[&str]); 4] = [
        ("vpc", &["Open", "Close"]),
        ("oss", &["GetObject"]),
        ("kms", &["Decrypt"]),
        ("sts", &["AssumeRole", "GetCallerIdentity"]),
    ];
    Catalog::parse(&services.map(of)).unwrap()
}

/// The holder of a policy that the resource is on or below, for actions of its service.
fn holder(action: &str, resource: &str, has_policies: bool) -> Option<String> {
    let holders = [
        format!("acs:oss:*:{A}:bkt"),
        format!("acs:kms:cn-x:{A}:key/k"),
    ];
    let service = action.split(':').next().unwrap();
    holders
        .into_iter()
        .filter(|holder| has_policies && holder.split(':').nth(1) == Some(service))
        .find(|holder| resource == holder || resource.starts_with(&format!("{holder}/")))
}

fn is_about(
    to: &AccessTo,
    principal: &Principal<'_>,
    action: &str,
    resource: &str,
    group: Option<&str>,
    has_policies: bool,
) -> bool {
    let own = principal.account().unwrap();
    let owner = resource.split(':').nth(3).unwrap_or(own);
    let held = holder(action, resource, has_policies);
    match to {
        AccessTo::Everything(account) => account == own && owner == own && held.is_none(),
        AccessTo::NoResource => resource == "*",
        AccessTo::Account(account, of) => {
            account == own
                && owner == own
                && resource != "*"
                && held.is_none()
                && of.as_deref() == group
        }
        AccessTo::Resource(holder, of) => held.as_deref() == Some(holder) && of.as_deref() == group,
        AccessTo::Role(role) => action == "sts:AssumeRole" && resource == role,
        _ => false,
    }
}

#[test]
fn what_can_agrees_with_every_request() {
    let first = setting("RAMGATE_SEED", 20_261_124);
    let (contexts, catalog) = (contexts(), catalog());
    let (mut told, mut grouped) = (0, 0);
    for seed in first..first + setting("RAMGATE_ORGANISATIONS", ORGANISATIONS) / 2 {
        let (snapshot, known) = organisation(seed);
        for principal in principals() {
            let what = known
                .what_can(
                    &principal,
                    &catalog,
                    None,
                    &UnknownKeys::all(),
                    &PartialOptions::default(),
                )
                .unwrap();
            let name = principal.to_string();
            let (account, short) = (
                principal.account().unwrap(),
                name.rsplit('/').next().unwrap(),
            );
            let has_policies = snapshot["accounts"][A].get("resource_policies").is_some();
            let is_grouped = snapshot["accounts"][account]["users"][short]
                .get("resource_groups")
                .is_some();
            for action in ACTIONS {
                for resource in resources() {
                    for group in [None, Some("rg-1")] {
                        let about = |one: &&Access, group| {
                            one.actions.iter().any(|listed| listed == action)
                                && is_about(
                                    &one.to,
                                    &principal,
                                    action,
                                    &resource,
                                    group,
                                    has_policies,
                                )
                        };
                        let found = |group| {
                            what.access
                                .iter()
                                .filter(|one| about(one, group))
                                .collect::<Vec<_>>()
                        };
                        let here = found(group);
                        // Where policies at groups say nothing of the action, resources of a group are told among the others.
                        let is_apart = group.is_none() || (is_grouped && !here.is_empty());
                        let here = if is_apart { here } else { found(None) };
                        let question =
                            asked(action, &resource, group.is_some()).by(principal.clone());
                        for context in &contexts {
                            let request = question.clone().with_context(context.clone());
                            let decided = known.decide(&request, None).unwrap().is_allow();
                            let claimed =
                                here.iter().any(|one| one.answer.conditions.holds(&request));
                            let fits = if is_apart || !is_grouped {
                                claimed == decided
                            } else {
                                claimed || !decided
                            };
                            assert!(
                                fits,
                                "seed {seed}: {decided} of {request:?}\n{}\n{snapshot:#}",
                                serde_json::to_string_pretty(&what).unwrap()
                            );
                        }
                        told += here.len();
                        grouped += usize::from(group.is_some() && is_grouped && is_apart);
                    }
                }
            }
        }
    }
    eprintln!("{told} told, {grouped} of them of a resource group");
    assert!(told > 1000 && grouped > 50);
}

#[test]
fn what_policies_name_and_the_catalogue_does_not_have_is_told() {
    let document = |action: Value| json!({ "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] } });
    let snapshot = json!({ "ramgate": 1, "accounts": { A: {
        "policies": { "p": document(json!(["vpc:Open", "vpc:Paint", "new:*", "vpc:Cl*"])) },
        "users": { "alice": { "policies": ["p"] }, "bob": {} },
    } } });
    let source = Source::new("s.json", snapshot.to_string());
    let known = Organization::read(&[source], false, &mut |name, _| Err(name.to_owned())).unwrap();
    let ask = |name: &str, service: Option<&str>| {
        let principal = Principal::parse(name).unwrap().into_owned();
        let options = PartialOptions::default();
        known
            .what_can(
                &principal,
                &catalog(),
                service,
                &UnknownKeys::all(),
                &options,
            )
            .unwrap()
    };
    let alice = format!("acs:ram::{A}:user/alice");
    let what = ask(&alice, None);
    let all = what
        .access
        .iter()
        .find(|one| !one.unlisted.is_empty())
        .unwrap();
    assert_eq!(all.actions, ["vpc:Close", "vpc:Open"]);
    assert_eq!(all.unlisted, ["new:*", "vpc:Paint"]);
    assert_eq!(all.to, AccessTo::Everything(A.to_owned()));
    let of_vpc = ask(&alice, Some("VPC"));
    assert_eq!(of_vpc.access.len(), 1);
    assert_eq!(of_vpc.access[0].unlisted, ["vpc:Paint"]);
    let bob = ask(&format!("acs:ram::{A}:user/bob"), None);
    assert_eq!(bob.access.len(), 1, "{bob:?}"); // E23: who one is may be asked by everybody.
    assert_eq!(bob.access[0].actions, ["sts:GetCallerIdentity"]);
}
