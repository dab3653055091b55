//! Pairs of policies over small alphabets, and every request that could tell them apart.
//!
//! Patterns, values and names are few and collide: so that sets nearly cover each other, conditions nearly contradict, and every
//! stage decides sometimes.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    reason = "a tool of the tests: no public interface"
)]

use std::borrow::Cow;
use std::sync::Arc;

use ramgate::{
    Context, ContextValue, Document, Level, Policies, Policy, PolicyKind, PolicySet, Principal,
    Reading, Request, ResourceService, Source,
};
use serde_json::{Value, json};

/// SplitMix64.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn pick<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())].clone()
    }

    pub fn some<T: Clone>(&mut self, among: &[T], max: usize) -> Vec<T> {
        (0..1 + self.below(max)).map(|_| self.pick(among)).collect()
    }
}

/// The statements of every stage, as JSON.
#[derive(Clone, Debug, Default)]
pub struct Staged {
    pub identity: Vec<Value>,
    pub control: Vec<Vec<Value>>,
    pub session: Option<Vec<Value>>,
    pub groups: Vec<(String, Vec<Value>)>,
    pub resource: Option<(ResourceService, Vec<Value>)>,
    pub trust: Option<Vec<Value>>,
    pub endpoint: Option<Vec<Value>>,
}

pub fn document(kind: PolicyKind, name: &str, statements: &[Value]) -> Document {
    let text = json!({ "Version": "1", "Statement": statements }).to_string();
    let reading = Reading::new(kind).system();
    Document::parse_as(&Source::new(name, text.clone()), reading)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn set(kind: PolicyKind, name: &str, statements: &[Value]) -> PolicySet {
    if statements.is_empty() {
        return PolicySet::default();
    }
    let policy = Policy::new(name, &document(kind, name, statements));
    [Arc::new(policy)].into_iter().collect()
}

impl Staged {
    pub fn of_identity(statements: Vec<Value>) -> Staged {
        Staged {
            identity: statements,
            ..Staged::default()
        }
    }

    pub fn policies(&self) -> Policies {
        let mut policies = Policies::default().with_identity(set(
            PolicyKind::Identity,
            "identity",
            &self.identity,
        ));
        if !self.control.is_empty() {
            let levels = self.control.iter().enumerate();
            policies = policies.with_control(
                levels
                    .map(|(n, level)| {
                        Level::new(set(PolicyKind::Control, &format!("level{n}"), level))
                    })
                    .collect(),
            );
        }
        if let Some(session) = &self.session {
            policies = policies.with_session(set(PolicyKind::Session, "session", session));
        }
        if !self.groups.is_empty() {
            policies =
                policies.with_resource_groups(self.groups.iter().map(|(name, statements)| {
                    (
                        Arc::from(name.as_str()),
                        set(PolicyKind::Identity, name, statements),
                    )
                }));
        }
        if let Some((service, statements)) = &self.resource {
            policies =
                policies.with_resource(set(PolicyKind::Resource(*service), "resource", statements));
        }
        if let Some(trust) = &self.trust {
            policies = policies.with_trust(set(PolicyKind::Trust, "trust", trust));
        }
        if let Some(endpoint) = &self.endpoint {
            policies = policies.with_endpoint(set(PolicyKind::Endpoint, "endpoint", endpoint));
        }
        policies
    }

    /// Every list of statements.
    pub fn lists(&mut self) -> Vec<&mut Vec<Value>> {
        let mut lists = vec![&mut self.identity];
        lists.extend(self.control.iter_mut());
        lists.extend(&mut self.session);
        lists.extend(self.groups.iter_mut().map(|(_, list)| list));
        lists.extend(self.resource.as_mut().map(|(_, list)| list));
        lists.extend(&mut self.trust);
        lists.extend(&mut self.endpoint);
        lists
    }
}

/// Two sets of policies and the requests that tell them apart, if any do.
pub struct Pair {
    pub old: Staged,
    pub new: Staged,
    pub requests: Vec<Request<'static>>,
}

pub fn pair(seed: u64) -> Pair {
    let mut rng = Rng(seed);
    match rng.below(10) {
        0..3 => patterns(&mut rng),
        3..7 => conditions(&mut rng),
        _ => layers(&mut rng),
    }
}

// Patterns --------------------------------------------------------------------------------------------------------

const CODES: [&str; 6] = ["a", "b", "*", "?", "a*", "A"];
const NAMES: [&str; 16] = [
    "a", "b", "*", "?", "a*", "*a", "?*", "*?", "a?", "?a", "*a*", "ab", "??", "a*a", "b*", "*b?",
];

fn action(rng: &mut Rng) -> String {
    if rng.chance(8) {
        return "*".to_owned();
    }
    format!("{}:{}", rng.pick(&CODES), rng.pick(&NAMES))
}

const RESOURCES: [&str; 22] = [
    "*",
    "acs:*:*:*:*",
    "acs:s:*:*:*",
    "acs:s:*:*:a",
    "acs:s:*:*:b",
    "acs:s:*:*:a*",
    "acs:s:*:*:*a",
    "acs:s:*:*:?",
    "acs:s:r:*:*",
    "acs:s::*:*",
    "acs:s:*::*",
    "acs:S:*:*:a*",
    "acs:?:*:*:*",
    "acs:s*",
    "acs:s:*:*:a:*",
    "acs:s:*:b",
    "ACS:s:*:*:*",
    "a*:s:*:*:a",
    "acs:s:*:*:*:*",
    "acs:s:?:*:a",
    "acs:*a",
    "*:a",
];

fn resource(rng: &mut Rng) -> String {
    rng.pick(&RESOURCES).to_owned()
}

fn list(mut of: Vec<String>) -> Value {
    match of.len() {
        1 => of.remove(0).into(),
        _ => of.into(),
    }
}

fn statement(rng: &mut Rng, deny: u64, condition: Option<Value>) -> Value {
    let effect = if rng.chance(deny) { "Deny" } else { "Allow" };
    let actions: Vec<String> = (0..1 + rng.below(3)).map(|_| action(rng)).collect();
    let resources: Vec<String> = (0..1 + rng.below(2)).map(|_| resource(rng)).collect();
    let element = if rng.chance(20) {
        "NotAction"
    } else {
        "Action"
    };
    let mut statement = json!({ "Effect": effect, "Resource": list(resources) });
    statement[element] = list(actions);
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

fn patterns(rng: &mut Rng) -> Pair {
    let old: Vec<Value> = (0..1 + rng.below(4))
        .map(|_| statement(rng, 30, None))
        .collect();
    let new = match rng.below(5) {
        0 => (0..1 + rng.below(4))
            .map(|_| statement(rng, 30, None))
            .collect(),
        _ => changed(rng, &old, &mut |rng| statement(rng, 30, None)),
    };
    let mut requests = Vec::new();
    let letters = ["a", "b", "z"];
    let mut names: Vec<String> = letters.map(String::from).to_vec();
    for first in letters {
        for second in letters {
            names.push(format!("{first}{second}"));
        }
    }
    names.extend(
        [
            "aba", "aza", "zaz", "abz", "zba", "aaa", "zzz", "zbz", "bza", "a:b",
        ]
        .map(String::from),
    );
    let actions: Vec<String> = ["a", "b", "z", "az"]
        .iter()
        .flat_map(|code| names.iter().map(move |name| format!("{code}:{name}")))
        .collect();
    let resources = [
        "*",
        "acs:s:r:1:a",
        "acs:s:r:1:b",
        "acs:s:::a",
        "acs:s::1:b",
        "acs:s:r::z",
        "acs:s:r:1:ab",
        "acs:s:r:1:za",
        "acs:S:r:1:a",
        "acs:z:r:1:a",
        "acs:s:r:1:a:a",
        "acs:s:r:1:a:b",
        "acs:s:r:1:z:a",
        "acs:sz:r:1:b:a",
        "acs:s:q:1:aa",
        "acs:zz:rr:1:zz",
        "acs:s:rr:1:a:z",
        "acs:s:*:*:a",
        "acs:S:r:1:a:a",
        "acs:z::1:zz",
        "acs:Sz:r:1:zb",
    ];
    for action in &actions {
        for resource in resources {
            requests.push(request(Principal::Unnamed, action, resource, vec![]));
        }
    }
    Pair {
        old: Staged::of_identity(old),
        new: Staged::of_identity(new),
        requests,
    }
}

fn request(
    principal: Principal<'static>,
    action: &str,
    resource: &str,
    context: Vec<(&str, Vec<&str>)>,
) -> Request<'static> {
    let entries = context
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(key, values)| {
            let value = match *values {
                [one] => ContextValue::One(Cow::Owned(one.to_owned())),
                _ => {
                    ContextValue::Many(values.iter().map(|v| Cow::Owned((*v).to_owned())).collect())
                }
            };
            (Cow::Owned(key.to_owned()), value)
        })
        .collect();
    Request::new(principal, action.to_owned(), resource.to_owned())
        .unwrap()
        .with_context(Context::owned(entries).unwrap())
}

/// A near relative: something left out, added, swapped, split or shuffled.
fn changed(rng: &mut Rng, old: &[Value], another: &mut dyn FnMut(&mut Rng) -> Value) -> Vec<Value> {
    let mut new = old.to_vec();
    for _ in 0..1 + rng.below(2) {
        match rng.below(6) {
            0 if new.len() > 1 => {
                let at = rng.below(new.len());
                new.remove(at);
            }
            1 => new.push(another(rng)),
            2 => {
                let at = rng.below(new.len());
                new[at] = another(rng);
            }
            3 => new = split(rng, &new),
            4 => new.reverse(),
            _ => {
                let at = rng.below(new.len());
                let effect = new[at]["Effect"].clone();
                let fresh = another(rng);
                for element in ["Resource", "Condition"] {
                    if rng.chance(50)
                        && fresh.get(element).is_some()
                        && new[at].get(element).is_some()
                    {
                        new[at][element] = fresh[element].clone();
                    }
                }
                new[at]["Effect"] = effect;
            }
        }
    }
    new
}

/// The same policies with one statement for each listed action and resource.
pub fn split(rng: &mut Rng, statements: &[Value]) -> Vec<Value> {
    let mut parts = Vec::new();
    for statement in statements {
        if !rng.chance(70) {
            parts.push(statement.clone());
            continue;
        }
        let ones = |element: &str| match statement.get(element) {
            Some(Value::Array(list)) if element != "NotAction" => list.clone(),
            Some(one) => vec![one.clone()],
            None => vec![],
        };
        let element = if statement.get("Action").is_some() {
            "Action"
        } else {
            "NotAction"
        };
        let resources = ones("Resource");
        for action in ones(element) {
            for resource in &resources {
                let mut part = statement.clone();
                part[element] = action.clone();
                part["Resource"] = resource.clone();
                parts.push(part);
            }
            if resources.is_empty() {
                let mut part = statement.clone();
                part[element] = action.clone();
                parts.push(part);
            }
        }
    }
    parts
}

// Conditions ------------------------------------------------------------------------------------------------------

struct KeyWorld {
    name: &'static str,
    operators: &'static [&'static str],
    listed: &'static [&'static str],
    asked: &'static [&'static str],
}

const TEXT: [&str; 6] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const TEXTS: [&str; 12] = [
    "a", "b", "A", "ab", "", "a*", "*a", "?", "*", "k", "a?", "?*",
];
const ASKED: [&str; 14] = [
    "", "a", "b", "A", "ab", "aa", "z", "za", "k", "K", "\u{212a}", "zz", "bz", "a*",
];

const KEYS: [KeyWorld; 7] = [
    KeyWorld {
        name: "x:t",
        operators: &TEXT,
        listed: &TEXTS,
        asked: &ASKED,
    },
    KeyWorld {
        name: "x:m",
        operators: &TEXT,
        listed: &["a", "b", "a*", "A"],
        asked: &["a", "b", "A", "az", "z"],
    },
    KeyWorld {
        name: "x:n",
        operators: &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        listed: &["1", "2", "2.5", "-1", "-0.5", "0"],
        asked: &[
            "1", "2", "2.5", "-1", "0", "1.5", "2.25", "3", "-2", "-0.7", "-0.1", "0.5", "x",
        ],
    },
    KeyWorld {
        name: "x:d",
        operators: &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        listed: &[
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:01Z",
            "2026-01-01T08:00:00+08:00",
        ],
        asked: &[
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:01Z",
            "2026-01-01T00:00:00.5Z",
            "2025-12-31T23:00:00Z",
            "2027-01-01T00:00:00Z",
            "x",
        ],
    },
    KeyWorld {
        name: "acs:MFAPresent",
        operators: &["Bool"],
        listed: &["true", "false"],
        asked: &["true", "FALSE", "x"],
    },
    KeyWorld {
        name: "acs:SourceIp",
        operators: &[
            "IpAddress",
            "NotIpAddress",
            "IpAddressIncludeBorder",
            "NotIpAddressIncludeBorder",
        ],
        listed: &[
            "10.0.0.0/24",
            "10.0.0.0/25",
            "10.0.0.128/25",
            "10.0.0.5",
            "0.0.0.0/0",
            "::/0",
            "2001:db8::/32",
            "0.0.0.0/1",
            "128.0.0.0/1",
        ],
        asked: &[
            "10.0.0.5",
            "10.0.0.6",
            "10.0.0.200",
            "10.0.1.1",
            "200.0.0.1",
            "2001:db8::1",
            "::1",
            "::ffff:10.0.0.5",
            "x",
        ],
    },
    KeyWorld {
        name: "acs:PrincipalARN",
        operators: &TEXT,
        listed: &["acs:ram::1:user/a", "acs:ram::*:user/*", "*"],
        asked: &[
            "acs:ram::1:user/a",
            "acs:ram::2:user/a",
            "acs:ram::1:role/a",
        ],
    },
];

fn condition(rng: &mut Rng, keys: &[&KeyWorld]) -> Value {
    let mut conditions = json!({});
    for _ in 0..1 + rng.below(3) {
        let key = rng.pick(keys);
        let operator = rng.pick(key.operators);
        let qualifier = if key.name == "x:m" {
            rng.pick(&["", "ForAllValues:", "ForAnyValue:"])
        } else {
            ""
        };
        let values = match operator {
            "Bool" => vec![rng.pick(key.listed)],
            _ => rng.some(key.listed, 3),
        };
        let name = if rng.chance(8) {
            key.name.to_ascii_uppercase()
        } else {
            key.name.to_owned()
        };
        conditions[format!("{qualifier}{operator}")][name] = json!(values);
    }
    conditions
}

/// One action and one resource nearly always; what differs is the conditions.
fn conditional(rng: &mut Rng, keys: &[&KeyWorld]) -> Value {
    let effect = if rng.chance(30) { "Deny" } else { "Allow" };
    let mut statement =
        json!({ "Effect": effect, "Action": rng.pick(&["a:a", "a:*", "*"]), "Resource": "*" });
    if rng.chance(90) {
        statement["Condition"] = condition(rng, keys);
    }
    statement
}

fn conditions(rng: &mut Rng) -> Pair {
    let count = 1 + rng.below(2);
    let keys: Vec<&KeyWorld> = (0..count).map(|_| &KEYS[rng.below(KEYS.len())]).collect();
    let mut another = |rng: &mut Rng| conditional(rng, &keys);
    let old: Vec<Value> = (0..1 + rng.below(4)).map(|_| another(rng)).collect();
    let new = match rng.below(3) {
        0 => (0..1 + rng.below(4)).map(|_| another(rng)).collect(),
        _ => changed(rng, &old, &mut another),
    };
    let mut contexts: Vec<Vec<(&str, Vec<&str>)>> = vec![vec![]];
    let mut named: Vec<&str> = vec![];
    for key in &keys {
        if named.contains(&key.name) {
            continue;
        }
        named.push(key.name);
        let mut cells: Vec<Vec<&str>> = vec![vec![]];
        cells.extend(key.asked.iter().map(|value| vec![*value]));
        if key.name == "x:m"
            && [&old, &new]
                .iter()
                .any(|list| list.iter().any(|one| one.to_string().contains("For")))
        {
            for (at, first) in key.asked.iter().enumerate() {
                cells.extend(key.asked[at..].iter().map(|second| vec![*first, *second]));
            }
            cells.extend([
                vec!["a", "b", "A"],
                vec!["a", "az", "z"],
                vec!["b", "z", "A"],
            ]);
        }
        contexts = contexts
            .iter()
            .flat_map(|context| {
                cells.iter().map(move |cell| {
                    let mut longer = context.clone();
                    longer.push((key.name, cell.clone()));
                    longer
                })
            })
            .collect();
    }
    let mut requests = Vec::new();
    for action in ["a:a", "a:z", "z:z"] {
        for context in &contexts {
            requests.push(request(
                Principal::Unnamed,
                action,
                "acs:s:r:1:a",
                context.clone(),
            ));
        }
    }
    Pair {
        old: Staged::of_identity(old),
        new: Staged::of_identity(new),
        requests,
    }
}

// Layers ----------------------------------------------------------------------------------------------------------

const OWN: &str = "1111";
const OTHER: &str = "2222";

fn simple(rng: &mut Rng, deny: u64, service: &str) -> Value {
    let effect = if rng.chance(deny) { "Deny" } else { "Allow" };
    let action = rng.pick(&[
        "*".to_owned(),
        format!("{service}:*"),
        format!("{service}:Get"),
        "sts:AssumeRole".to_owned(),
        "sts:*".to_owned(),
    ]);
    let resource = rng.pick(&[
        "*".to_owned(),
        format!("acs:{service}:*:*:*"),
        format!("acs:{service}:*:{OWN}:a"),
        "acs:ram:*:*:role/ops".to_owned(),
    ]);
    let mut statement = json!({ "Effect": effect, "Action": action, "Resource": resource });
    if rng.chance(25) {
        let operator = rng.pick(&["Bool", "StringEquals", "StringNotEquals"]);
        statement["Condition"] = match operator {
            "Bool" => json!({ "Bool": { "acs:MFAPresent": rng.pick(&["true", "false"]) } }),
            _ => {
                let key = rng.pick(&["acs:SourceVpc", "x:t"]);
                json!({ operator: { key: rng.pick(&["a", ""]) } })
            }
        };
    }
    statement
}

fn with_principal(rng: &mut Rng, mut statement: Value, kind: PolicyKind) -> Value {
    statement["Principal"] = match kind {
        PolicyKind::Trust => {
            statement.as_object_mut().unwrap().remove("Resource");
            statement["Action"] = "sts:AssumeRole".into();
            match rng.below(4) {
                0 => json!({ "RAM": [format!("acs:ram::{OWN}:root")] }),
                1 => {
                    json!({ "RAM": [format!("acs:ram::{OWN}:user/alice"), format!("acs:ram::{OTHER}:role/ops")] })
                }
                2 => json!({ "Service": ["ecs.aliyuncs.com"] }),
                _ => json!({ "RAM": [format!("acs:ram::{OTHER}:root")] }),
            }
        }
        PolicyKind::Resource(ResourceService::Kms) => match rng.below(3) {
            0 => json!({ "RAM": [format!("acs:ram::{OWN}:*")] }),
            1 => json!({ "RAM": [format!("acs:ram::{OTHER}:user/alice")] }),
            _ => {
                json!({ "RAM": [format!("acs:ram::{OWN}:user/alice"), format!("acs:ram::{OTHER}:root")] })
            }
        },
        _ => match rng.below(4) {
            0 => json!(["*"]),
            1 => json!([OWN]),
            2 => json!(["7001"]),
            _ => json!([OTHER, format!("arn:sts::{OWN}:assumed-role/ops/*")]),
        },
    };
    statement
}

fn layers(rng: &mut Rng) -> Pair {
    let (service, kind) = rng.pick(&[
        ("oss", ResourceService::Oss),
        ("kms", ResourceService::Kms),
        ("ots", ResourceService::Other),
    ]);
    let mut old = Staged::of_identity(
        (0..rng.below(3))
            .map(|_| simple(rng, 20, service))
            .collect(),
    );
    if rng.chance(40) {
        old.control = (0..1 + rng.below(2))
            .map(|_| {
                let mut level: Vec<Value> = (0..rng.below(2))
                    .map(|_| simple(rng, 80, service))
                    .collect();
                if rng.chance(80) {
                    level.push(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }));
                }
                level
            })
            .collect();
    }
    if rng.chance(30) {
        old.session = Some(
            (0..1 + rng.below(2))
                .map(|_| simple(rng, 30, service))
                .collect(),
        );
    }
    if rng.chance(35) {
        old.groups = vec![(
            "rg-1".to_owned(),
            (0..1 + rng.below(2))
                .map(|_| simple(rng, 40, service))
                .collect(),
        )];
    }
    let resource = rng.chance(45);
    if resource {
        let kind = PolicyKind::Resource(kind);
        old.resource = Some((
            kind_of(kind),
            (0..1 + rng.below(2))
                .map(|_| {
                    let one = simple(rng, 35, service);
                    with_principal(rng, one, kind)
                })
                .collect(),
        ));
    }
    if rng.chance(25) {
        old.trust = Some(
            (0..1 + rng.below(2))
                .map(|_| {
                    let one = simple(rng, 25, service);
                    with_principal(rng, one, PolicyKind::Trust)
                })
                .collect(),
        );
    }
    if rng.chance(20) {
        old.endpoint = Some(
            (0..1 + rng.below(2))
                .map(|_| {
                    let one = simple(rng, 30, service);
                    with_principal(rng, one, PolicyKind::Endpoint)
                })
                .collect(),
        );
    }
    let mut new = old.clone();
    let mut lists: Vec<&mut Vec<Value>> = new.lists();
    for _ in 0..1 + rng.below(2) {
        let count = lists.len();
        let list = &mut lists[rng.below(count)];
        if list.is_empty() {
            continue;
        }
        let principal = list[0].get("Principal").cloned();
        let at = rng.below(list.len());
        match rng.below(3) {
            0 if list.len() > 1 => {
                list.remove(at);
            }
            1 => {
                let flipped = if list[at]["Effect"] == "Allow" {
                    "Deny"
                } else {
                    "Allow"
                };
                list[at]["Effect"] = flipped.into();
            }
            _ => {
                let mut fresh = simple(rng, 30, service);
                if let Some(principal) = principal {
                    fresh["Principal"] = principal;
                    if list[0].get("Resource").is_none() {
                        fresh.as_object_mut().unwrap().remove("Resource");
                        fresh["Action"] = "sts:AssumeRole".into();
                    }
                }
                list.push(fresh);
            }
        }
    }
    drop(lists);
    let requests = layered_requests(&old, service);
    Pair { old, new, requests }
}

fn kind_of(kind: PolicyKind) -> ResourceService {
    match kind {
        PolicyKind::Resource(service) => service,
        _ => ResourceService::Other,
    }
}

fn layered_requests(old: &Staged, service: &str) -> Vec<Request<'static>> {
    let names = old.resource.is_some() || old.trust.is_some() || old.endpoint.is_some();
    let across = old.resource.is_some() || old.trust.is_some();
    let mut callers: Vec<(Principal<'static>, Option<&str>)> = vec![];
    let parse = |text: String| Principal::parse(&text).unwrap().into_owned();
    if names {
        for account in [OWN, OTHER, "3333"] {
            callers.push((parse(format!("acs:ram::{account}:user/alice")), None));
            callers.push((parse(format!("acs:ram::{account}:user/bob")), Some("7001")));
            callers.push((parse(format!("acs:ram::{account}:user/bob")), Some("7002")));
            callers.push((parse(format!("acs:ram::{account}:role/ops")), None));
            callers.push((
                parse(format!("acs:ram::{account}:assumed-role/ops/s")),
                None,
            ));
            callers.push((parse(format!("acs:ram::{account}:assumed-role/x/s")), None));
            callers.push((parse(format!("acs:ram::{account}:root")), None));
        }
        callers.push((parse("Service:ecs.aliyuncs.com".to_owned()), None));
        callers.push((parse("Service:z.aliyuncs.com".to_owned()), None));
        callers.push((parse("anonymous".to_owned()), None));
    } else {
        callers.push((Principal::Unnamed, None));
        if old.session.is_some() {
            callers.push((parse(format!("acs:ram::{OWN}:assumed-role/ops/s")), None));
        }
    }
    let groups: &[Option<&str>] = if old.groups.is_empty() {
        &[None]
    } else {
        &[None, Some("rg-1"), Some("rg-2")]
    };
    let contexts: [Vec<(&str, Vec<&str>)>; 4] = [
        vec![],
        vec![("acs:MFAPresent", vec!["true"])],
        vec![("acs:SourceVpc", vec!["a"]), ("x:t", vec!["a"])],
        vec![
            ("acs:SourceVpc", vec!["z"]),
            ("x:t", vec![""]),
            ("acs:MFAPresent", vec!["false"]),
        ],
    ];
    let mut requests = vec![];
    for (principal, id) in &callers {
        let own = principal.account().map(str::to_owned);
        for owner in [OWN, OTHER, "3333"] {
            if own.as_deref().is_some_and(|own| own != owner && !across) {
                continue;
            }
            for (action, resource) in [
                (
                    format!("{service}:Get"),
                    format!("acs:{service}:r:{owner}:a"),
                ),
                (
                    format!("{service}:Put"),
                    format!("acs:{service}:r:{owner}:z"),
                ),
                (format!("{service}:Get"), "*".to_owned()),
                (
                    "sts:AssumeRole".to_owned(),
                    format!("acs:ram::{owner}:role/ops"),
                ),
                (
                    "sts:AssumeRoleWithSAML".to_owned(),
                    format!("acs:ram::{owner}:role/ops"),
                ),
                ("z:z".to_owned(), format!("acs:{service}::{owner}:a")),
                ("sts:GetCallerIdentity".to_owned(), "*".to_owned()),
            ] {
                for group in groups {
                    for context in &contexts {
                        let mut one =
                            request(principal.clone(), &action, &resource, context.clone());
                        if let Some(id) = id {
                            one = one.with_principal_id((*id).to_owned());
                        }
                        if let Some(group) = group {
                            one = one.in_resource_group((*group).to_owned());
                        }
                        if resource == "*" && own.as_deref() != Some(owner) {
                            one = one.owned_by(owner.to_owned()).unwrap();
                        }
                        requests.push(one);
                    }
                }
            }
        }
    }
    requests
}
