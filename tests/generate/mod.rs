//! Random cases (contracts, section 3) whose elements collide: few accounts, names, actions and values, so that
//! patterns nearly fit, values lie at borders, and every stage and every open rule decides sometimes.
//!
//! Every document and request is valid: what is refused is tested elsewhere.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "a tool of the tests: no public interface, and every index is checked beside it"
)]

use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// The case of this seed.
pub fn case(seed: u64) -> Value {
    let mut rng = Rng(seed);
    let focus = rng.weighted(&[
        (60, Focus::Whole),
        (25, Focus::Condition),
        (15, Focus::Principal),
    ]);
    let request = Asked::random(&mut rng, focus);
    Author {
        rng,
        request,
        focus,
        names: 0,
    }
    .case()
}

/// The same case twice: as it is, and with so many statements more in one of its stages. None of those matches, for
/// their condition surely does not hold: so they change no answer, however much they look like the others.
pub fn crowded_case(seed: u64, count: usize) -> (Value, Value) {
    let mut rng = Rng(seed);
    let request = Asked::random(&mut rng, Focus::Whole);
    let mut author = Author {
        rng,
        request,
        focus: Focus::Whole,
        names: 0,
    };
    let case = author.case();
    let crowded = author.crowd(case.clone(), count);
    (case, crowded)
}

// Chance ------------------------------------------------------------------------------------------

/// SplitMix64: small, and good enough to choose among tests.
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

    pub fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }

    /// One of those whose weights are given.
    fn weighted<T: Copy>(&mut self, among: &[(usize, T)]) -> T {
        let mut left = self.below(among.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in among {
            if left < *weight {
                return *one;
            }
            left -= weight;
        }
        among[0].1
    }
}

// The small world ---------------------------------------------------------------------------------

const OWN: &str = "1111222233334444";
const OTHER: &str = "5555666677778888";

/// Services with their actions and relative ids.
const SERVICES: [(&str, &[&str], &[&str]); 8] = [
    (
        "vpc",
        &["CancelPhysicalConnection", "DescribeVpcs"],
        &["physicalconnection/pc-1", "vpc/a:b", "vpc/*"],
    ),
    (
        "oss",
        &["GetObject", "ListObjects", "PutObject", "ListBuckets"],
        &[
            "bkt", "bkt/a", "bkt/a/b", "bkt/a:b", "bkt/ß", "bkt/a*b", "bkt/${u}", "bkt/\\a",
        ],
    ),
    ("kms", &["Decrypt", "Encrypt"], &["key/k-1", "secret/s"]),
    (
        "log",
        &["GetLogs", "PostLogs"],
        &["project/p", "project/p/logstore/l"],
    ),
    (
        "ots",
        &["GetRow", "PutRow"],
        &["instance/abc", "instance/abc/table/*"],
    ),
    (
        "ecs",
        &["StopInstance", "DescribeInstances"],
        &["instance/i-001", "instance/i-0012", "instance/*"],
    ),
    ("vod", &["GetVideo"], &["video/1"]),
    (
        "sts",
        &["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithOIDC"],
        &["role/ops", "role/netadmin"],
    ),
];

/// What a key holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Date,
    Boolean,
    Address,
    Arn,
}

const KEYS: [(usize, (&str, Kind)); 20] = [
    (9, ("acs:SourceIp", Kind::Address)),
    (3, ("acs:VpcSourceIp", Kind::Address)),
    (3, ("x:Peer", Kind::Address)),
    (6, ("acs:CurrentTime", Kind::Date)),
    (3, ("x:Until", Kind::Date)),
    (5, ("acs:MFAPresent", Kind::Boolean)),
    (3, ("acs:SecureTransport", Kind::Boolean)),
    (2, ("x:Flag", Kind::Boolean)),
    (6, ("acs:TLSVersion", Kind::Number)),
    (3, ("kms:RecoveryWindowInDays", Kind::Number)),
    (5, ("acs:ResourceTag/team", Kind::Text)),
    (3, ("acs:RequestTag/Team/a:b", Kind::Text)),
    (2, ("ecs:tag/team", Kind::Text)),
    (4, ("acs:SourceVpc", Kind::Text)),
    (4, ("oss:Prefix", Kind::Text)),
    (2, ("oss:Delimiter", Kind::Text)),
    (3, ("acs:UserAgent", Kind::Text)),
    (2, ("sts:ExternalId", Kind::Text)),
    (3, ("acs:PrincipalARN", Kind::Arn)),
    (2, ("acs:PrincipalArn", Kind::Arn)),
];

/// Texts of requests, some of which cannot be read as what the key holds.
fn asked_values(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text => &TEXTS,
        Kind::Number => &[
            "1.2",
            "1.20",
            "01.2",
            "1.3",
            "-0",
            "0",
            "+0.0",
            "10",
            "9",
            "-1",
            "-1.5",
            "-10",
            "9007199254740993",
            "1e3",
            "abc",
            "",
            " 1",
            "1.",
            ".5",
            "１",
            "0.1",
            "0.09",
        ],
        Kind::Date => &[
            "2026-01-31T09:00:00+08:00",
            "2026-01-31T01:00:00Z",
            "2026-01-31T01:00:00.000Z",
            "2026-01-31T01:00:00.5Z",
            "2026-01-31T01:00:00.4999Z",
            "2026-01-31T00:59:59Z",
            "2026-01-30T23:30:00-01:30",
            "2024-02-29T23:59:59Z",
            "2023-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
            "2026-01-31",
            "2026-01-31T01:00:00",
            "2026-01-31T01:00:60Z",
            "2026-01-31T01:00:00z",
            "1769821200",
            "",
        ],
        Kind::Boolean => &[
            "true", "false", "True", "FALSE", "true", "false", "yes", "1", "",
        ],
        Kind::Address => &[
            "10.0.0.0",
            "10.0.0.1",
            "10.0.0.7",
            "10.0.0.255",
            "10.0.1.0",
            "192.168.1.1",
            "0.0.0.0",
            "255.255.255.255",
            "::ffff:10.0.0.7",
            "::ffff:10.0.0.0",
            "2001:db8::",
            "2001:db8::1",
            "2001:DB8:0:ffff:ffff:ffff:ffff:ffff",
            "::1",
            "10.0.0.07",
            "10.0.0.7/32",
            "10.0.0",
            "here",
            "",
        ],
        Kind::Arn => &[
            "acs:ram::1111222233334444:user/alice",
            "acs:ram::1111222233334444:role/ops",
            "x",
        ],
    }
}

const TEXTS: [&str; 37] = [
    "${a}", "a${b}c", "A${b}", "a\\*", "\\?", "\\a", "a?", "a", "A", "b", "ab", "a/b", "a*", "*",
    "?", "", "dev", "Dev", "prod", "vpc-1", "straße", "STRASSE", "STRAßE", "é", "É", "ſ", "s", "S",
    "\u{212a}", "k", "σ", "ς", "Σ", "İ", "i", "ı", "ǅ",
];

/// Texts that a policy may list under an operator of this family.
fn listed_values(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text => &TEXTS,
        Kind::Number => &[
            "1.2",
            "1.20",
            "1.3",
            "-0",
            "0",
            "10",
            "9",
            "-1.50",
            "-10",
            "9007199254740992",
            "+1.2",
            "0.1",
        ],
        Kind::Date => &[
            "2026-01-31T09:00:00+08:00",
            "2026-01-31T01:00:00Z",
            "2026-01-31T01:00:00.50Z",
            "2026-01-31T00:59:59.999Z",
            "2024-02-29T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
        ],
        Kind::Boolean => &["true", "false", "True", "FALSE"],
        Kind::Address => &[
            "10.0.0.0/24",
            "10.0.0.7/24",
            "10.0.0.7",
            "10.0.0.0/31",
            "10.0.0.0/30",
            "10.0.0.7/32",
            "0.0.0.0/0",
            "192.168.0.0/16",
            "2001:db8::/32",
            "2001:db8::/126",
            "2001:db8::1",
            "2001:db8::/48",
            "::/0",
            "10.0.0.6",
            "10.0.0.4/30",
        ],
        Kind::Arn => &[
            "acs:ram::1111222233334444:user/alice",
            "acs:ram::1111222233334444:role/ops",
            "acs:ram:*:*:role/ops",
            "acs:ram::*:user/*",
            "acs:ram::1111222233334444:role/OPS",
        ],
    }
}

/// O13: addresses with `*` octets, for OSS and VOD.
const OCTETS: [&str; 5] = ["10.*.*.7", "10.0.0.*", "*.*.*.*", "192.*.1.1", "10.0.*.255"];

fn operators(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Text | Kind::Arn => &[
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ],
        Kind::Number => &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        Kind::Date => &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        Kind::Boolean => &["Bool"],
        Kind::Address => &[
            "IpAddress",
            "NotIpAddress",
            "IpAddressIncludeBorder",
            "NotIpAddressIncludeBorder",
        ],
    }
}

fn list_or_one(rng: &mut Rng, mut list: Vec<Value>) -> Value {
    match list.pop() {
        Some(one) if list.is_empty() && rng.chance(60) => one,
        Some(last) => list.into_iter().chain([last]).collect(),
        None => Value::Array(list),
    }
}

fn in_another_case(rng: &mut Rng, text: &str) -> String {
    match rng.below(3) {
        0 => text.to_ascii_lowercase(),
        1 => text.to_ascii_uppercase(),
        _ => text
            .chars()
            .map(|c| if rng.chance(30) { other_case(c) } else { c })
            .collect(),
    }
}

fn other_case(c: char) -> char {
    if c.is_ascii_lowercase() {
        c.to_ascii_uppercase()
    } else {
        c.to_ascii_lowercase()
    }
}

/// The text with a stretch of it replaced by `*`, or a character by `?`.
fn with_wildcard(rng: &mut Rng, text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let from = rng.below(chars.len() + 1);
    let (length, with) = match rng.below(100) {
        0..2 => (rng.below(4), "\\*"),
        2..4 => (1, "\\?"),
        4..8 => (rng.below(4), "${a:b}"),
        8..26 => (1, "?"),
        26..44 => (chars.len(), "*"),
        44..62 => (0, "*"),
        62..80 => (rng.below(4), "*"),
        _ => (rng.below(chars.len() + 1), "*"),
    };
    let to = (from + length).min(chars.len());
    let (head, tail) = (&chars[..from], &chars[to..]);
    head.iter().collect::<String>() + with + &tail.iter().collect::<String>()
}

// The request -------------------------------------------------------------------------------------

/// A request and what the policies' author knows of it.
struct Asked {
    principal: Option<String>,
    principal_id: Option<&'static str>,
    action: String,
    resources: Vec<String>,
    /// The services of the resources, or that of the action where there is no resource.
    services: Vec<String>,
    context: Vec<(String, Kind, Vec<String>)>,
    members: Map<String, Value>,
}

impl Asked {
    fn random(rng: &mut Rng, focus: Focus) -> Asked {
        // Where conditions are to decide, the policies of the caller must count.
        let own = focus == Focus::Condition && rng.chance(85);
        let sts = if own { 0 } else { 22 };
        let weights = [
            (16, 0),
            (22, 1),
            (14, 2),
            (8, 3),
            (8, 4),
            (8, 5),
            (4, 6),
            (sts, 7),
        ];
        let (service, actions, ids) = SERVICES[rng.weighted(&weights)];
        let name = rng.pick(actions);
        let mut action = format!("{service}:{name}");
        if service == "sts" && rng.chance(4) {
            action = "sts:GetCallerIdentity".to_string();
        }
        if rng.chance(8) {
            action = in_another_case(rng, &action);
        }
        let owner = if own || rng.chance(76) { OWN } else { OTHER };
        let count = rng.weighted(&[(84, 1), (12, 2), (4, 3)]);
        let mut resources: Vec<String> = vec![];
        for _ in 0..count {
            // The second of several resources may be another service's.
            let (service, ids) = match rng.chance(6) {
                true => SERVICES.map(|(service, _, ids)| (service, ids))[rng.below(7)],
                false => (service, ids),
            };
            resources.push(resource(rng, service, ids, owner));
        }
        let mut members = Map::new();
        let named: Vec<&str> = resources
            .iter()
            .filter_map(|r| r.split(':').nth(3))
            .collect();
        if named
            .iter()
            .all(|account| [owner, "", "*"].contains(account))
            && rng.chance(35)
        {
            members.insert("resource_owner".into(), owner.into());
        }
        if let Some(group) = rng.weighted(&[(60, Some("rg-1")), (10, Some("rg-3")), (30, None)]) {
            members.insert("resource_group".into(), group.into());
        }
        let principal = match own {
            true => rng.pick(&[Some("user/alice"), Some("role/ops"), None]),
            false => None,
        };
        let principal = match principal {
            Some(id) => Some(format!("acs:ram::{OWN}:{id}")),
            None if own => None,
            None => random_principal(rng, &action),
        };
        let user = principal.as_deref().is_some_and(|p| p.contains(":user/"));
        let principal_id = match principal.as_deref() {
            Some(alice) if alice.ends_with("alice") && rng.chance(60) => Some("2001"),
            Some(_) if user && rng.chance(60) => Some("2002"),
            Some(_) if rng.chance(4) => Some(OWN),
            _ => None,
        };
        let services = resources
            .iter()
            .map(|r| {
                r.split(':')
                    .nth(1)
                    .or(action.split(':').next())
                    .unwrap_or("")
            })
            .map(str::to_ascii_lowercase)
            .collect();
        let keys = if own { 1 + rng.below(4) } else { rng.below(5) };
        let context = context(rng, keys);
        Asked {
            principal,
            principal_id,
            action,
            resources,
            services,
            context,
            members,
        }
    }

    fn is_role(&self) -> bool {
        let principal = self.principal.as_deref().unwrap_or("");
        principal.contains("role/") && principal.starts_with("acs:")
    }

    fn assumes_role(&self) -> bool {
        self.action
            .to_ascii_lowercase()
            .starts_with("sts:assumerole")
    }

    fn json(&self, rng: &mut Rng) -> Value {
        let mut members = self.members.clone();
        members.insert("action".into(), self.action.as_str().into());
        let resources = self.resources.iter().map(|r| r.as_str().into()).collect();
        members.insert("resource".into(), list_or_one(rng, resources));
        if let Some(principal) = &self.principal {
            members.insert("principal".into(), principal.as_str().into());
        }
        if let Some(id) = self.principal_id {
            members.insert("principal_id".into(), id.into());
        }
        let context: Map<String, Value> = self
            .context
            .iter()
            .map(|(key, kind, values)| (key.clone(), context_value(rng, *kind, values)))
            .collect();
        if !context.is_empty() || rng.chance(50) {
            members.insert("context".into(), context.into());
        }
        members.into()
    }
}

fn resource(rng: &mut Rng, service: &str, ids: &[&str], owner: &str) -> String {
    if rng.chance(8) {
        return "*".to_string();
    }
    let id = rng.pick(ids);
    let service = if service == "sts" { "ram" } else { service };
    let service = if rng.chance(6) {
        in_another_case(rng, service)
    } else {
        service.to_string()
    };
    let region = rng.weighted(&[(60, "cn-hangzhou"), (20, ""), (20, "*")]);
    let account = rng.weighted(&[(78, owner), (9, ""), (9, "*"), (4, OTHER)]);
    format!("acs:{service}:{region}:{account}:{id}")
}

fn random_principal(rng: &mut Rng, action: &str) -> Option<String> {
    let action = action.to_ascii_lowercase();
    let (service, federated) = match action.strip_prefix("sts:assumerole") {
        Some("") => (20, 3),
        Some(_) => (3, 60),
        None => (4, 3),
    };
    let account = if rng.chance(82) { OWN } else { OTHER };
    let user = rng.pick(&["alice", "alice", "bob"]);
    let role = rng.weighted(&[(70, "ops"), (15, "Ops"), (15, "netadmin")]);
    let session = rng.pick(&["s1", "s2"]);
    let ecs = rng.weighted(&[(6, ""), (2, "1111222233334444@"), (2, "5555666677778888@")]);
    let provider = rng.pick(&["saml-provider/p", "oidc-provider/p"]);
    Some(
        match rng.weighted(&[
            (42, 0),
            (11, 1),
            (20, 2),
            (8, 3),
            (service, 4),
            (federated, 5),
            (4, 6),
            (5, 7),
        ]) {
            0 => format!("acs:ram::{account}:user/{user}"),
            1 => format!("acs:ram::{account}:role/{role}"),
            2 => format!("acs:ram::{account}:assumed-role/{role}/{session}"),
            3 => format!("acs:ram::{account}:root"),
            4 => format!("Service:{ecs}ecs.aliyuncs.com"),
            5 => format!("Federated:acs:ram::{account}:{provider}"),
            6 => "anonymous".to_string(),
            _ => return None,
        },
    )
}

/// Up to four keys, in any spelling, no two of them the same.
fn context(rng: &mut Rng, keys: usize) -> Vec<(String, Kind, Vec<String>)> {
    let mut context: Vec<(String, Kind, Vec<String>)> = vec![];
    for _ in 0..keys {
        let (key, kind) = rng.weighted(&KEYS);
        let key = respelled(rng, key, 10);
        if context
            .iter()
            .any(|(other, ..)| other.eq_ignore_ascii_case(&key))
        {
            continue;
        }
        let count = rng.weighted(&[(80, 1), (12, 2), (4, 3), (4, 0)]);
        let pool = asked_values(if rng.chance(95) { kind } else { Kind::Text });
        let values = (0..count).map(|_| rng.pick(pool).to_string()).collect();
        context.push((key, kind, values));
    }
    context
}

/// A condition key as somebody else might spell it; the tag behind the `/` counts exactly.
fn respelled(rng: &mut Rng, key: &str, percent: u64) -> String {
    if !rng.chance(percent) {
        return key.to_string();
    }
    match key.split_once('/') {
        Some((name, tag)) if rng.chance(70) => in_another_case(rng, name) + "/" + tag,
        _ => in_another_case(rng, key),
    }
}

fn context_value(rng: &mut Rng, kind: Kind, values: &[String]) -> Value {
    if values.len() == 1 && rng.chance(90) {
        let bare = [Kind::Number, Kind::Boolean].contains(&kind) && rng.chance(30);
        let bare = bare
            .then(|| serde_json::from_str(&values[0]).ok())
            .flatten();
        let bare: Option<Value> = bare.filter(|v: &Value| v.is_number() || v.is_boolean());
        return bare.unwrap_or_else(|| values[0].as_str().into());
    }
    values
        .iter()
        .map(|value| Value::from(value.as_str()))
        .collect()
}

// The policies ------------------------------------------------------------------------------------

/// What a document is for, and so what its statements hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Plain,
    Session,
    Trust,
    /// A list of ids (T23).
    Listed,
    /// A list of ids where an empty one means everybody (G21).
    Bucket,
    /// `{"RAM": […]}` (T24).
    Key,
}

/// What a case is about. Where everything varies at once, single conditions and principals seldom decide.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Focus {
    Whole,
    Condition,
    Principal,
}

/// Writes policies for a request: most of them concern it, or nearly.
struct Author {
    rng: Rng,
    request: Asked,
    focus: Focus,
    names: usize,
}

impl Author {
    fn case(&mut self) -> Value {
        let mut policies = Map::new();
        let whole = self.focus == Focus::Whole;
        if self.rng.chance(if self.focus == Focus::Principal {
            50
        } else {
            86
        }) {
            policies.insert("identity".into(), self.documents(Place::Plain));
        }
        if whole && self.rng.chance(28) {
            policies.insert("resource_group".into(), self.groups());
        }
        if whole && self.rng.chance(30) {
            policies.insert("control".into(), self.levels());
        }
        let mut session = None;
        if whole && self.rng.chance(if self.request.is_role() { 34 } else { 4 }) {
            session = Some(self.gate(Place::Session));
        }
        let unnamed = self.request.principal.is_none();
        let chance = match self.focus {
            Focus::Condition => 0,
            _ if self.request.assumes_role() => 4,
            Focus::Principal => 100,
            Focus::Whole => 62,
        };
        let place = self.place_of_resource_policy();
        if let Some(place) = place.filter(|_| !unnamed && self.rng.chance(chance)) {
            let policy = if self.rng.chance(70) {
                self.document(place)
            } else {
                self.documents(place)
            };
            policies.insert("resource".into(), policy);
        }
        let chance = if self.request.assumes_role() { 92 } else { 3 };
        if !unnamed && self.rng.chance(chance) {
            policies.insert("trust".into(), self.document(Place::Trust));
        }
        if !unnamed && self.rng.chance(if whole { 16 } else { 3 }) {
            policies.insert("endpoint".into(), self.gate(Place::Listed));
        }
        for absent in [
            "identity",
            "resource_group",
            "control",
            "session",
            "resource",
            "trust",
            "endpoint",
        ] {
            if self.rng.chance(3) {
                policies.entry(absent).or_insert(Value::Null);
            }
        }
        let mut request = self.request.json(&mut self.rng);
        if let Some(session) = session {
            if self.rng.chance(60) {
                policies.insert("session".into(), session);
            } else {
                // A request holds the document itself.
                request["session_policy"] = session.get("document").unwrap_or(&session).clone();
            }
        }
        json!({ "name": "random", "policies": policies, "request": request, "expect": "Allow" })
    }

    /// Adds statements that surely do not match to one document.
    fn crowd(&mut self, mut case: Value, count: usize) -> Value {
        let place = self.place_of_resource_policy().unwrap_or(Place::Listed);
        let mut documents: Vec<(Place, &mut Value)> = vec![];
        let members = case["policies"].as_object_mut().into_iter().flatten();
        for (name, value) in members {
            let place = match name.as_str() {
                "resource" => place,
                "trust" => Place::Trust,
                "endpoint" => Place::Listed,
                _ => Place::Plain,
            };
            documents.extend(documents_of(value).into_iter().map(|d| (place, d)));
        }
        if documents.is_empty() {
            return case;
        }
        let chosen = self.rng.below(documents.len());
        let (place, document) = documents.swap_remove(chosen);
        let text = document.as_str().or(document["document"].as_str());
        let mut own: Value = match text {
            Some(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            None => document.get("document").unwrap_or(document).clone(),
        };
        let near = self.rng.pick(&[15, 50, 90]);
        if let Some(statements) = own["Statement"].as_array_mut() {
            for number in 0..count {
                let statement = self.bystander(place, number, near);
                let at = self.rng.below(statements.len() + 1);
                statements.insert(at, statement);
            }
        }
        // Too long for a custom policy.
        *document = json!({ "type": "System", "document": own });
        case
    }

    /// A statement whose condition surely does not hold.
    fn bystander(&mut self, place: Place, number: usize, near: u64) -> Value {
        let mut statement = self.statement(place);
        if place != Place::Trust && !self.rng.chance(near) {
            let (service, names, _) = SERVICES[self.rng.below(SERVICES.len())];
            let name = self.rng.pick(names);
            if statement.get("Action").is_some() {
                statement["Action"] = format!("{service}:{name}{number}").into();
            }
            let service = if service == "sts" { "ram" } else { service };
            let region = self.rng.pick(&["*", "cn-hangzhou", ""]);
            statement["Resource"] = format!("acs:{service}:{region}:{OWN}:thing/{number}").into();
        }
        statement["Condition"] = json!({ "StringEquals": { "x:Never": "x" } });
        statement
    }

    /// The form of principals that the services of all resources know, if there is one.
    fn place_of_resource_policy(&mut self) -> Option<Place> {
        let services = &self.request.services;
        let has = |name: &str| services.iter().any(|service| service == name);
        let (lists, keys) = (has("oss") || has("log"), has("kms"));
        let all_oss = services.iter().all(|service| service == "oss");
        match (lists, keys) {
            (true, true) => None,
            (true, false) if all_oss => Some(Place::Bucket),
            (true, false) => Some(Place::Listed),
            (false, true) => Some(Place::Key),
            (false, false) => Some(if self.rng.chance(75) {
                Place::Listed
            } else {
                Place::Key
            }),
        }
    }

    fn documents(&mut self, place: Place) -> Value {
        let count = self.rng.weighted(&[(4, 0), (60, 1), (30, 2), (6, 3)]);
        (0..count).map(|_| self.document(place)).collect()
    }

    fn groups(&mut self) -> Value {
        if self.rng.chance(60) {
            return self.documents(Place::Plain);
        }
        json!({ "rg-1": self.documents(Place::Plain), "rg-2": self.documents(Place::Plain) })
    }

    /// Control policies; most levels let everything pass.
    fn levels(&mut self) -> Value {
        let count = self.rng.weighted(&[(8, 0), (46, 1), (30, 2), (16, 3)]);
        (0..count)
            .map(|_| match self.rng.below(100) {
                0..3 => json!([]),
                3..50 => json!([self.gate(Place::Plain)]),
                50..84 => json!([full_access(None), self.document(Place::Plain)]),
                _ => self.documents(Place::Plain),
            })
            .collect()
    }

    /// A document that lets everything pass, or any.
    fn gate(&mut self, place: Place) -> Value {
        if self.rng.chance(45) {
            return full_access((place == Place::Listed).then_some("*"));
        }
        self.document(place)
    }

    /// As an object, with a name, or as text.
    fn document(&mut self, place: Place) -> Value {
        let count = match self.focus {
            Focus::Condition => self.rng.weighted(&[(80, 1), (20, 2)]),
            _ => self.rng.weighted(&[(44, 1), (36, 2), (20, 3)]),
        };
        let mut statements: Vec<Value> = (0..count).map(|_| self.statement(place)).collect();
        let limit = if place == Place::Session { 2048 } else { 4096 };
        while json!(statements).to_string().chars().count() + 40 > limit {
            statements.pop();
        }
        let document = json!({ "Version": "1", "Statement": statements });
        self.names += 1;
        let name = format!("p{}", self.names);
        match self.rng.below(100) {
            0..6 => document.to_string().into(),
            6..12 => json!({ "name": name, "document": document }),
            12..15 => json!({ "name": name, "type": "Custom", "document": document.to_string() }),
            15..17 => json!({ "type": "System", "document": document }),
            _ => document,
        }
    }

    fn statement(&mut self, place: Place) -> Value {
        let mut statement = Map::new();
        let denies = self.rng.chance(if place == Place::Trust { 15 } else { 30 });
        statement.insert(
            "Effect".into(),
            if denies { "Deny" } else { "Allow" }.into(),
        );
        // A Deny concerns the request more seldom: else nothing would be allowed.
        let concerns = if denies { 62 } else { 84 };
        let trust = place == Place::Trust;
        let member = if !trust && self.rng.chance(10) {
            "NotAction"
        } else {
            "Action"
        };
        let everything = self.focus != Focus::Whole && self.rng.chance(80);
        let member = if everything { "Action" } else { member };
        let actions = match everything {
            true => "*".into(),
            false => {
                self.some(|author| author.action(if member == "Action" { concerns } else { 20 }))
            }
        };
        statement.insert(member.into(), actions);
        if !trust {
            let resources = match everything {
                true => "*".into(),
                false => self.some(|author| author.resource(concerns)),
            };
            statement.insert("Resource".into(), resources);
        }
        match place {
            Place::Plain | Place::Session => None,
            Place::Trust => statement.insert("Principal".into(), self.trusted()),
            Place::Listed | Place::Bucket => {
                statement.insert("Principal".into(), self.listed(place))
            }
            Place::Key => statement.insert("Principal".into(), self.key_principals()),
        };
        let octets = member == "NotAction"
            || texts(&statement["Action"]).iter().any(|pattern| {
                let service = pattern.split(':').next().unwrap_or("");
                ["oss", "vod", "*"].contains(&service.to_ascii_lowercase().as_str())
            });
        let conditional = match self.focus {
            Focus::Condition => 95,
            Focus::Principal => 20,
            Focus::Whole if denies => 62,
            Focus::Whole => 42,
        };
        if self.rng.chance(conditional) {
            statement.insert("Condition".into(), self.conditions(octets));
        }
        if self.rng.chance(5) {
            statement.insert("Sid".into(), self.rng.pick(&["", "one"]).into());
        }
        statement.into()
    }

    /// One to three of a kind, one of them as a list or alone (G16).
    fn some(&mut self, mut one: impl FnMut(&mut Author) -> String) -> Value {
        let count = self.rng.weighted(&[(70, 1), (22, 2), (8, 3)]);
        let list = (0..count).map(|_| one(self).into()).collect();
        list_or_one(&mut self.rng, list)
    }

    fn action(&mut self, concerns: u64) -> String {
        let rng = &mut self.rng;
        let action = if rng.chance(concerns) {
            self.request.action.clone()
        } else {
            let (service, names, _) = SERVICES[rng.below(SERVICES.len())];
            let name = rng.pick(names);
            format!("{service}:{name}")
        };
        let service = action.split(':').next().unwrap_or("*").to_string();
        let pattern = match rng.below(100) {
            0..30 => action.clone(),
            30..50 => format!("{service}:*"),
            50..64 => return "*".to_string(),
            64..74 => in_another_case(rng, &action),
            74..78 => rng
                .pick(&[
                    "*:*",
                    "*:Get*",
                    "sts:AssumeRole",
                    "**:?*",
                    "*s*:*",
                    "sts:assumerole*",
                ])
                .to_string(),
            _ => with_wildcard(rng, &action),
        };
        let formed = pattern
            .split_once(':')
            .is_some_and(|(code, name)| !code.is_empty() && !name.is_empty());
        if formed || pattern == "*" {
            pattern
        } else {
            action
        }
    }

    fn resource(&mut self, concerns: u64) -> String {
        let rng = &mut self.rng;
        let asked = self.request.resources[rng.below(self.request.resources.len())].clone();
        let kind = rng.below(100);
        if kind < 42 {
            return "*".to_string();
        }
        if asked == "*" || kind < 47 {
            let odd = [
                "acs:*:*:*:*",
                "acs:*",
                "acs*",
                "**",
                "*:*",
                "ACS:*:*:*:*",
                "*:*:*:*:*",
                "acs:oss:*:*:*",
                "acs:*:*",
                "?",
                "acs::::",
                "acs:*:*:*:**",
                "*:*:*",
                "acs:*:*:*",
                "arn:*:*:*:*",
                "?cs:*:*:*:*",
                "a*",
            ];
            return rng.pick(&odd).to_string();
        }
        if kind < 58 {
            let pattern = with_wildcard(rng, &asked);
            return if pattern.is_empty() { asked } else { pattern };
        }
        let mut fields: Vec<String> = asked.splitn(5, ':').map(str::to_string).collect();
        if !rng.chance(concerns) {
            let (service, _, ids) = SERVICES[rng.below(SERVICES.len())];
            fields[1] = service.to_string();
            fields[4] = rng.pick(ids).to_string();
        }
        for (field, odds) in [4, 14, 50, 50, 50].into_iter().enumerate() {
            if rng.chance(odds) {
                fields[field] = match rng.below(10) {
                    0..5 => "*".to_string(),
                    5..8 => with_wildcard(rng, &fields[field]),
                    _ => match field {
                        0 => rng.pick(&["ACS", "Acs", "arn", "", "acs "]).to_string(),
                        1 => in_another_case(rng, &fields[field]),
                        2 => rng.pick(&["", "cn-hangzhou", "CN-hangzhou"]).to_string(),
                        3 => rng.pick(&["", OWN, OTHER]).to_string(),
                        _ => in_another_case(rng, &fields[field]),
                    },
                };
            }
        }
        if rng.chance(3) {
            fields.truncate(4);
        }
        fields.join(":")
    }

    // Principals ----------------------------------------------------------------------------------

    /// T23: ids, role sessions, `*`.
    fn listed(&mut self, place: Place) -> Value {
        if place == Place::Bucket && self.rng.chance(4) {
            return json!([]);
        }
        self.some(|author| {
            let rng = &mut author.rng;
            let account = author
                .request
                .principal
                .as_deref()
                .unwrap_or("")
                .split(':')
                .nth(3);
            let account = account
                .filter(|account| !account.is_empty() && rng.chance(85))
                .unwrap_or(OWN)
                .to_string();
            let own_role = author
                .request
                .principal
                .as_deref()
                .unwrap_or("")
                .rsplit_once("role/");
            let own_role = own_role.map(|(_, name)| name.split('/').next().unwrap_or("ops"));
            match rng.below(100) {
                0..34 => "*".to_string(),
                34..50 => rng.pick(&["2001", "2001", "2002"]).to_string(),
                50..68 => account,
                68..74 => rng.pick(&[OWN, OTHER]).to_string(),
                _ => {
                    let role = own_role
                        .filter(|_| rng.chance(80))
                        .unwrap_or("ops")
                        .to_string();
                    let role = if rng.chance(12) {
                        in_another_case(rng, &role)
                    } else {
                        role
                    };
                    let role = if rng.chance(6) {
                        with_wildcard(rng, &role)
                    } else {
                        role
                    };
                    let session = rng.weighted(&[(40, "*"), (40, "s1"), (15, "s2"), (5, "s?")]);
                    format!("arn:sts::{account}:assumed-role/{role}/{session}")
                }
            }
        })
    }

    /// T24: `{"RAM": …}`.
    fn key_principals(&mut self) -> Value {
        let names = self.some(|author| author.ram_name(true));
        let member = self.rng.weighted(&[(90, "RAM"), (6, "ram"), (4, "Ram")]);
        json!({ member: names })
    }

    fn ram_name(&mut self, key: bool) -> String {
        let rng = &mut self.rng;
        let own = self
            .request
            .principal
            .as_deref()
            .unwrap_or("")
            .split(':')
            .collect::<Vec<_>>();
        let account = match own.get(3) {
            Some(account) if rng.chance(85) && account.parse::<u64>().is_ok() => {
                account.to_string()
            }
            _ => rng.pick(&[OWN, OTHER]).to_string(),
        };
        let id = own.get(4).map(|id| id.replace("assumed-role", "role"));
        let id = id.map(|id| id.split('/').take(2).collect::<Vec<_>>().join("/"));
        let id = id.filter(|id| id.starts_with("user/") || id.starts_with("role/"));
        match rng.below(100) {
            0..32 => format!("acs:ram::{account}:root"),
            32..46 if key => format!("acs:ram::{account}:*"),
            46..52 if !key => {
                let whole = format!("acs:ram::{account}:{}", id.as_deref().unwrap_or("root"));
                match with_wildcard(rng, &whole) {
                    name if name.contains(['*', '?']) => name,
                    _ => whole,
                }
            }
            52..54 => format!(
                "acs:ram::{account}:{}",
                rng.pick(&["user/${u}", "role/${u}"])
            ),
            54..60 => format!(
                "acs:ram::{account}:{}",
                rng.pick(&["user/alice", "user/bob", "role/ops", "role/netadmin"])
            ),
            60..68 => match &id {
                Some(id) => format!(
                    "acs:ram::{account}:{}",
                    in_another_case_after_slash(rng, id)
                ),
                None => format!("acs:ram::{account}:root"),
            },
            _ => format!("acs:ram::{account}:{}", id.as_deref().unwrap_or("root")),
        }
    }

    /// T21.
    fn trusted(&mut self) -> Value {
        if self.rng.chance(4) {
            return if self.rng.chance(50) {
                json!("*")
            } else {
                json!(["*"])
            };
        }
        let mut members = Map::new();
        let principal = self.request.principal.clone().unwrap_or_default();
        let service = principal.strip_prefix("Service:");
        let provider = principal.strip_prefix("Federated:");
        let (ram, services, federated) = match (service, provider) {
            (Some(_), _) => (20, 90, 10),
            (_, Some(_)) => (20, 10, 90),
            _ => (95, 10, 10),
        };
        if self.rng.chance(ram) {
            let names = self.some(|author| author.ram_name(false));
            members.insert(self.rng.weighted(&[(92, "RAM"), (8, "ram")]).into(), names);
        }
        if self.rng.chance(services) {
            let names = self.some(|author| {
                let rng = &mut author.rng;
                let names = [
                    "ecs.aliyuncs.com",
                    "ecs.aliyuncs.com",
                    "1111222233334444@ecs.aliyuncs.com",
                    "5555666677778888@ecs.aliyuncs.com",
                    "*@ecs.aliyuncs.com",
                    "*.aliyuncs.com",
                    "fc.aliyuncs.com",
                    "${s}.aliyuncs.com",
                ];
                rng.pick(&names).to_string()
            });
            members.insert(
                self.rng.weighted(&[(92, "Service"), (8, "SERVICE")]).into(),
                names,
            );
        }
        if self.rng.chance(federated) || members.is_empty() {
            let names = self.some(|author| {
                let rng = &mut author.rng;
                let own = provider
                    .filter(|_| rng.chance(75))
                    .unwrap_or("acs:ram::1111222233334444:saml-provider/p");
                if rng.chance(12) {
                    with_wildcard(rng, own)
                } else {
                    own.to_string()
                }
            });
            members.insert(
                self.rng
                    .weighted(&[(92, "Federated"), (8, "federated")])
                    .into(),
                names,
            );
        }
        members.into()
    }

    // Conditions ----------------------------------------------------------------------------------

    fn conditions(&mut self, octets: bool) -> Value {
        let mut operators = Map::new();
        let count = self.rng.weighted(&[(6, 0), (70, 1), (20, 2), (4, 3)]);
        for _ in 0..count {
            let (operator, key, values) = self.condition(octets);
            let keys = operators.entry(operator).or_insert_with(|| json!({}));
            keys[key] = values;
        }
        operators.into()
    }

    fn condition(&mut self, octets: bool) -> (String, String, Value) {
        let known = &self.request.context;
        let rng = &mut self.rng;
        let (key, kind, asked) = match rng.below(100) {
            0..4 => (
                "Action".to_string(),
                Kind::Text,
                vec![self.request.action.clone()],
            ),
            4..8 => (
                "Resource".to_string(),
                Kind::Text,
                self.request.resources.clone(),
            ),
            8..76 if !known.is_empty() => known[rng.below(known.len())].clone(),
            _ => {
                let (key, kind) = rng.weighted(&KEYS);
                (key.to_string(), kind, vec![])
            }
        };
        let key = if key.contains(':') {
            respelled(rng, &key, 8)
        } else {
            key
        };
        let asked = match (kind, &self.request.principal) {
            (Kind::Arn, Some(principal)) if rng.chance(60) => vec![principal.clone()],
            _ => asked,
        };
        let any = [
            Kind::Text,
            Kind::Number,
            Kind::Date,
            Kind::Boolean,
            Kind::Address,
        ];
        let family = if rng.chance(90) { kind } else { rng.pick(&any) };
        let operator = rng.pick(operators(family));
        let count = if family == Kind::Boolean {
            1
        } else {
            rng.weighted(&[(64, 1), (26, 2), (10, 3)])
        };
        let listed: Vec<Value> = (0..count)
            .map(|_| listed_value(rng, family, operator, &asked, octets))
            // O13: an IPv4-mapped block is refused.
            .map(|value| match family {
                Kind::Address if value.starts_with("::ffff:") => "10.0.0.0/8".to_owned(),
                _ => value,
            })
            .map(Value::from)
            .collect();
        let qualifier = rng.weighted(&[(88, ""), (6, "ForAllValues:"), (6, "ForAnyValue:")]);
        (
            format!("{qualifier}{operator}"),
            key,
            list_or_one(rng, listed),
        )
    }
}

/// A value to list: the request's own or nearly, or any of the family.
fn listed_value(
    rng: &mut Rng,
    family: Kind,
    operator: &str,
    asked: &[String],
    octets: bool,
) -> String {
    if octets && family == Kind::Address && rng.chance(15) {
        return rng.pick(&OCTETS).to_string();
    }
    let any = rng.pick(listed_values(family)).to_string();
    if asked.is_empty() || rng.chance(50) {
        return any;
    }
    let own = &asked[rng.below(asked.len())];
    match family {
        Kind::Text | Kind::Arn => match operator {
            _ if operator.ends_with("IgnoreCase") && rng.chance(80) => {
                in_another_case_of_any_letter(rng, own)
            }
            _ if rng.chance(15) => in_another_case(rng, own),
            "StringLike" | "StringNotLike" if rng.chance(60) => with_wildcard(rng, own),
            _ => own.clone(),
        },
        // A block around the request's own address, of which it may be the first or the last.
        Kind::Address => match own.parse::<IpAddr>() {
            Ok(IpAddr::V4(own)) => {
                format!("{own}/{}", rng.pick(&[0, 8, 16, 24, 25, 29, 30, 31, 32]))
            }
            Ok(IpAddr::V6(own)) => {
                format!("{own}/{}", rng.pick(&[0, 16, 32, 64, 120, 126, 127, 128]))
            }
            Err(_) => any,
        },
        _ if listed_values(family).contains(&own.as_str()) => own.clone(),
        _ => any,
    }
}

fn in_another_case_of_any_letter(rng: &mut Rng, text: &str) -> String {
    let mut other = String::new();
    for c in text.chars() {
        match rng.below(3) {
            0 => other.extend(c.to_uppercase()),
            1 => other.extend(c.to_lowercase()),
            _ => other.push(c),
        }
    }
    other
}

/// The documents of a stage, however they are given.
fn documents_of(value: &mut Value) -> Vec<&mut Value> {
    let document = ["Statement", "document"];
    match value {
        Value::Array(list) => list.iter_mut().flat_map(documents_of).collect(),
        Value::Object(members) if document.iter().any(|name| members.contains_key(*name)) => {
            vec![value]
        }
        Value::Object(groups) => groups.values_mut().flat_map(documents_of).collect(),
        Value::String(_) => vec![value],
        _ => vec![],
    }
}

fn in_another_case_after_slash(rng: &mut Rng, id: &str) -> String {
    let (kind, name) = id.split_once('/').unwrap_or((id, ""));
    let name = in_another_case(rng, name);
    format!("{kind}/{name}")
}

fn full_access(principal: Option<&str>) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    if let Some(principal) = principal {
        statement["Principal"] = principal.into();
    }
    json!({ "Version": "1", "Statement": [statement] })
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}
