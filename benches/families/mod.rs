//! Pairs of policy sets for questions about all requests: seeded, made of actions of the catalogue and ARNs as people write them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// splitmix64: the same numbers everywhere.
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end.max(1) as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}

/// How the old policies are made from the new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Cut into finer statements that allow exactly the same together, and shuffled.
    Split,
    /// The same without one of the Allow pieces.
    Hole,
    /// Cut; and of the new ones one Deny was left out.
    DenyHole,
    /// Nothing in common.
    Independent,
}

pub const FAMILIES: [Family; 4] = [
    Family::Split,
    Family::Hole,
    Family::DenyHole,
    Family::Independent,
];

impl Family {
    pub fn name(self) -> &'static str {
        match self {
            Family::Split => "split",
            Family::Hole => "hole",
            Family::DenyHole => "denyhole",
            Family::Independent => "indep",
        }
    }
}

/// Statements of old and new policies.
pub struct Pair {
    pub old: Vec<Value>,
    pub new: Vec<Value>,
}

/// Of a family, so many statements on the new side.
pub fn pair(family: Family, statements: usize, seed: u64) -> Pair {
    let mut rng = Rng(seed.wrapping_mul(0x5851_f42d_4c95_7f2d) ^ statements as u64);
    let mut maker = Maker::new();
    let mut new = maker.statements(&mut rng, statements);
    let old = match family {
        Family::Independent => maker.statements(&mut rng, statements),
        _ => {
            let mut old = split(&mut rng, &new);
            rng.shuffle(&mut old);
            old
        }
    };
    let mut pair = Pair {
        old,
        new: Vec::new(),
    };
    let of_effect = |list: &[Value], effect: &str| -> Vec<usize> {
        let is = |at: &usize| list[*at]["Effect"] == effect;
        (0..list.len()).filter(is).collect()
    };
    match family {
        Family::Hole => {
            let allows = of_effect(&pair.old, "Allow");
            pair.old.remove(*rng.pick(&allows));
        }
        Family::DenyHole => {
            let denies = of_effect(&new, "Deny");
            if !denies.is_empty() {
                new.remove(*rng.pick(&denies));
            }
        }
        Family::Split | Family::Independent => {}
    }
    pair.new = new;
    pair
}

struct Maker {
    /// Service and its actions.
    services: Vec<(String, Vec<String>)>,
}

const NAMES: [&str; 12] = [
    "prod", "dev", "test", "web", "data", "logs", "backup", "ci", "team-a", "team-b", "shared",
    "public",
];

impl Maker {
    fn new() -> Maker {
        let mut services: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (_, text) in ramgate_catalog::FILES {
            let mut service = "";
            for line in text.lines() {
                let mut columns = line.split('\t');
                match (columns.next(), columns.next()) {
                    (Some("service"), Some(code)) => service = code,
                    (Some("action"), Some(name)) => services
                        .entry(service.to_owned())
                        .or_default()
                        .push(name.to_owned()),
                    _ => {}
                }
            }
        }
        services.retain(|_, actions| actions.len() > 4);
        Maker {
            services: services.into_iter().collect(),
        }
    }

    fn statements(&mut self, rng: &mut Rng, count: usize) -> Vec<Value> {
        (0..count)
            .map(|number| self.statement(rng, number == 0))
            .collect()
    }

    /// 15 % Deny, 30 % with conditions, one to five patterns a list; one in fifty is about every resource, as real ones are.
    fn statement(&mut self, rng: &mut Rng, denies: bool) -> Value {
        let (service, actions) = &self.services[rng.below(self.services.len())];
        let mut listed: Vec<String> = (0..1 + rng.below(5))
            .map(|_| action(rng, service, actions))
            .collect();
        listed.sort();
        listed.dedup();
        let mut resources: Vec<String> = (0..1 + rng.below(5))
            .map(|_| resource(rng, service))
            .collect();
        if rng.chance(10) {
            resources = vec!["*".to_owned()];
        }
        resources.sort();
        resources.dedup();
        let effect = if denies || rng.chance(15) {
            "Deny"
        } else {
            "Allow"
        };
        let mut statement = json!({ "Effect": effect, "Action": listed, "Resource": resources });
        if rng.chance(30) {
            statement["Condition"] = conditions(rng);
        }
        statement
    }
}

fn action(rng: &mut Rng, service: &str, actions: &[String]) -> String {
    let name = rng.pick(actions);
    let capitals: Vec<usize> = name
        .char_indices()
        .filter(|(at, c)| *at > 0 && c.is_ascii_uppercase())
        .map(|(at, _)| at)
        .collect();
    match rng.below(10) {
        0 => format!("{service}:*"),
        1..4 if !capitals.is_empty() => format!("{service}:{}*", &name[..*rng.pick(&capitals)]),
        4 if !capitals.is_empty() => format!("{service}:*{}", &name[*rng.pick(&capitals)..]),
        _ => format!("{service}:{name}"),
    }
}

fn resource(rng: &mut Rng, service: &str) -> String {
    let account = ["*", "*", "1234567890123456"][rng.below(3)];
    let region = ["*", "*", "cn-hangzhou", "cn-beijing"][rng.below(4)];
    let name = format!("{}-{}", rng.pick(&NAMES), rng.below(40));
    if service == "oss" {
        match rng.below(3) {
            0 => format!("acs:oss:*:{account}:{name}"),
            1 => format!("acs:oss:*:{account}:{name}/*"),
            _ => format!("acs:oss:*:{account}:{name}/{}/*", rng.pick(&NAMES)),
        }
    } else {
        let kind = ["instance", "disk", "group", "*"][rng.below(4)];
        match rng.below(4) {
            0 => format!("acs:{service}:{region}:{account}:*"),
            1 => format!("acs:{service}:{region}:{account}:{kind}/*"),
            2 => format!("acs:{service}:{region}:{account}:{kind}/{name}*"),
            _ => format!("acs:{service}:{region}:{account}:{kind}/{name}"),
        }
    }
}

/// Operator, key, values to choose from.
const CONDITIONS: [(&str, &str, &[&str]); 12] = [
    (
        "IpAddress",
        "acs:SourceIp",
        &["10.0.0.0/8", "192.168.0.0/16", "203.0.113.0/24"],
    ),
    (
        "NotIpAddress",
        "acs:SourceIp",
        &["10.1.0.0/16", "198.51.100.0/24"],
    ),
    ("Bool", "acs:SecureTransport", &["true"]),
    ("Bool", "acs:MFAPresent", &["true"]),
    ("StringEquals", "acs:ResourceTag/team", &["a", "b", "c"]),
    (
        "StringEquals",
        "ecs:InstanceType",
        &["ecs.g7.large", "ecs.g7.xlarge"],
    ),
    (
        "StringLike",
        "acs:ResourceTag/env",
        &["prod*", "dev*", "test-?"],
    ),
    ("StringNotLike", "acs:ResourceTag/env", &["*-old"]),
    ("StringLike", "oss:Prefix", &["home/*", "data/*"]),
    ("NumericLessThan", "oss:MaxKeys", &["10", "100", "1000"]),
    (
        "DateLessThan",
        "acs:CurrentTime",
        &["2027-01-01T00:00:00Z", "2028-01-01T00:00:00+08:00"],
    ),
    (
        "DateGreaterThan",
        "acs:CurrentTime",
        &["2026-01-01T00:00:00Z"],
    ),
];

fn conditions(rng: &mut Rng) -> Value {
    let mut all = Map::new();
    for _ in 0..1 + rng.below(2) {
        let (operator, key, values) = *rng.pick(&CONDITIONS);
        let many = operator.starts_with("String") || operator.ends_with("IpAddress");
        let count = if many { 1 + rng.below(values.len()) } else { 1 };
        let start = rng.below(values.len());
        let mut chosen: Vec<&str> = (0..count)
            .map(|n| values[(start + n) % values.len()])
            .collect();
        chosen.sort_unstable();
        let keys = all.entry(operator).or_insert_with(|| json!({}));
        keys[key] = json!(chosen);
    }
    Value::Object(all)
}

/// Finer statements that match exactly the same requests together. About one in ten is cut, in one or two ways.
pub fn split(rng: &mut Rng, statements: &[Value]) -> Vec<Value> {
    let mut parts = Vec::new();
    for statement in statements {
        if rng.chance(90) {
            parts.push(statement.clone());
            continue;
        }
        let way = rng.below(4);
        let (first, second) = cut(rng, statement, way);
        for part in std::iter::once(first).chain(second) {
            if rng.chance(30) {
                let way = rng.below(4);
                let (first, second) = cut(rng, &part, way);
                parts.push(first);
                parts.extend(second);
            } else {
                parts.push(part);
            }
        }
    }
    parts
}

/// In two: by a list of actions or resources, by one pattern's next character, or by a condition; whole where that way does not apply.
pub fn cut(rng: &mut Rng, statement: &Value, way: usize) -> (Value, Option<Value>) {
    let element = if statement.get("Action").is_some() {
        "Action"
    } else {
        "NotAction"
    };
    match way {
        0 if element == "Action" => by_list(rng, statement, "Action"),
        1 => by_list(rng, statement, "Resource"),
        2 => by_pattern(statement, "Resource"),
        _ => by_condition(statement),
    }
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    }
}

fn by_list(rng: &mut Rng, statement: &Value, element: &str) -> (Value, Option<Value>) {
    let mut all = list(&statement[element]);
    if all.len() < 2 {
        return by_pattern(statement, element);
    }
    rng.shuffle(&mut all);
    let right = all.split_off(1 + rng.below(all.len() - 1));
    let with = |list: Vec<Value>| {
        let mut part = statement.clone();
        part[element] = list.into();
        part
    };
    (with(all), Some(with(right)))
}

/// `p*` is `p` and `p?*`.
fn by_pattern(statement: &Value, element: &str) -> (Value, Option<Value>) {
    let all = list(&statement[element]);
    let at = all.iter().position(|one| {
        one.as_str()
            .is_some_and(|text| text.len() > 1 && text.ends_with('*') && !text.ends_with(":*"))
    });
    let Some(at) = at else {
        return (statement.clone(), None);
    };
    let start = all[at].as_str().unwrap().trim_end_matches('*').to_owned();
    let (mut exact, mut longer) = (statement.clone(), statement.clone());
    let mut narrower = all.clone();
    narrower[at] = json!(format!("{start}?*"));
    longer[element] = narrower.into();
    exact[element] = json!([start]);
    (exact, Some(longer))
}

/// A list of values in two, a block of addresses in its halves, a time at an earlier one.
fn by_condition(statement: &Value) -> (Value, Option<Value>) {
    let whole = (statement.clone(), None);
    let Some(Value::Object(operators)) = statement.get("Condition") else {
        return whole;
    };
    for (operator, keys) in operators {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values = list(values);
            let with = |operator: &str, values: Value| {
                let mut part = statement.clone();
                part["Condition"][operator][key.as_str()] = values;
                part
            };
            match (operator.as_str(), &*values) {
                ("StringEquals" | "StringLike" | "IpAddress", [first, rest @ ..])
                    if !rest.is_empty() =>
                {
                    return (
                        with(operator, json!([first])),
                        Some(with(operator, rest.into())),
                    );
                }
                ("IpAddress", [block]) => {
                    let halves = block.as_str().and_then(halves);
                    if let Some([low, high]) = halves {
                        return (
                            with(operator, json!([low])),
                            Some(with(operator, json!([high]))),
                        );
                    }
                }
                ("NumericLessThan", [_]) if operators.get("NumericGreaterThanEquals").is_none() => {
                    return (
                        with(operator, json!(["5"])),
                        Some(with("NumericGreaterThanEquals", json!(["5"]))),
                    );
                }
                ("DateLessThan", [_]) if operators.get("DateGreaterThanEquals").is_none() => {
                    let middle = "2026-06-01T00:00:00Z";
                    return (
                        with(operator, json!([middle])),
                        Some(with("DateGreaterThanEquals", json!([middle]))),
                    );
                }
                _ => {}
            }
        }
    }
    whole
}

fn halves(block: &str) -> Option<[String; 2]> {
    let (address, length) = block.split_once('/')?;
    let bits = u32::from(address.parse::<std::net::Ipv4Addr>().ok()?);
    let length: u32 = length.parse().ok().filter(|length| *length < 32)?;
    let bits = bits & (u64::MAX << (32 - length)) as u32;
    let half = |bits: u32| format!("{}/{}", std::net::Ipv4Addr::from(bits), length + 1);
    Some([half(bits), half(bits | 1 << (31 - length))])
}

// Small and dense -------------------------------------------------------------------------------------------------

const ACTIONS: [&str; 12] = [
    "*",
    "a:*",
    "a:b*",
    "a:*b",
    "a:?",
    "a:bc",
    "a:B?",
    "*:b*",
    "oss:List*",
    "oss:*",
    "a:*b*c",
    "sts:AssumeRole",
];
const RESOURCES: [&str; 14] = [
    "*",
    "acs:*:*:*:*",
    "acs:a:*:*:*",
    "acs:a:*:1:x*",
    "acs:a:*:*:x",
    "acs:a:*:*:*x",
    "acs:a:*:*:x?*",
    "acs:a:cn-*:*:*",
    "acs:*:*:*:x*y",
    "acs:a:::x",
    "acs:a:*:*:*:x",
    "acs:a*",
    "acs:a:*:*:?",
    "acs:?:*:*:x/*",
];
const DENSE: [(&str, &str, &[&str]); 16] = [
    ("StringEquals", "x:t", &["a", "ab", ""]),
    ("StringNotEquals", "x:t", &["a", "ab", ""]),
    ("StringLike", "x:t", &["a*", "*b", "?", "*", "a?*"]),
    ("StringNotLike", "x:t", &["a*", "*b", "?", "a?*"]),
    ("StringEqualsIgnoreCase", "x:t", &["A", "aB"]),
    ("NumericLessThan", "x:n", &["1", "2.5", "-1"]),
    ("NumericGreaterThanEquals", "x:n", &["1", "2.5", "-1"]),
    ("NumericNotEquals", "x:n", &["1", "2"]),
    (
        "DateLessThan",
        "acs:CurrentTime",
        &["2026-01-01T00:00:00Z", "2026-01-01T08:00:01+08:00"],
    ),
    (
        "DateGreaterThanEquals",
        "acs:CurrentTime",
        &["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"],
    ),
    ("Bool", "acs:MFAPresent", &["true", "false"]),
    (
        "IpAddress",
        "acs:SourceIp",
        &[
            "10.0.0.0/24",
            "10.0.0.0/25",
            "10.0.0.128/25",
            "2001:db8::/32",
        ],
    ),
    (
        "NotIpAddress",
        "acs:SourceIp",
        &["10.0.0.0/24", "10.0.0.0/25", "0.0.0.0/0"],
    ),
    ("StringEquals", "oss:Prefix", &["", "a"]),
    ("StringNotEquals", "oss:Prefix", &["", "a"]),
    ("StringLike", "acs:SourceVpc", &["vpc-*", "?*"]),
];

fn dense_statement(rng: &mut Rng) -> Value {
    let some = |rng: &mut Rng, from: &[&str]| -> Vec<String> {
        let mut list: Vec<String> = (0..1 + rng.below(3))
            .map(|_| (*rng.pick(from)).to_owned())
            .collect();
        list.sort();
        list.dedup();
        list
    };
    let element = if rng.chance(12) {
        "NotAction"
    } else {
        "Action"
    };
    let effect = if rng.chance(30) { "Deny" } else { "Allow" };
    let mut statement = json!({ "Effect": effect, "Resource": some(rng, &RESOURCES) });
    statement[element] = json!(some(rng, &ACTIONS));
    if rng.chance(50) {
        for _ in 0..1 + rng.below(2) {
            let (operator, key, values) = *rng.pick(&DENSE);
            let mut values = some(rng, values);
            if operator == "Bool" {
                values.truncate(1);
            }
            statement["Condition"][operator][key] = json!(values);
        }
    }
    statement
}

/// A few statements whose patterns overlap much, and a variation of them.
pub fn dense(seed: u64) -> Pair {
    let mut rng = Rng(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let new: Vec<Value> = (0..1 + rng.below(4))
        .map(|_| dense_statement(&mut rng))
        .collect();
    let mut old = new.clone();
    for _ in 0..rng.below(3) {
        let at = rng.below(old.len());
        match rng.below(4) {
            0 if old.len() > 1 => _ = old.remove(at),
            1 => old.push(dense_statement(&mut rng)),
            2 => old[at] = dense_statement(&mut rng),
            _ => old[at]["Resource"] = json!([RESOURCES[rng.below(RESOURCES.len())]]),
        }
    }
    if rng.chance(50) {
        old = split_all(&mut rng, &old);
    }
    rng.shuffle(&mut old);
    Pair { old, new }
}

/// Every statement in two, where a way applies.
pub fn split_all(rng: &mut Rng, statements: &[Value]) -> Vec<Value> {
    let mut parts = Vec::new();
    for statement in statements {
        let way = rng.below(4);
        let (first, second) = cut(rng, statement, way);
        parts.push(first);
        parts.extend(second);
    }
    parts
}

// Changes of real policies ----------------------------------------------------------------------------------------

pub const CHANGES: [&str; 4] = ["same", "widen", "narrow", "split"];

/// A change of a policy's statements.
pub fn changed(rng: &mut Rng, statements: &[Value], change: &str) -> Vec<Value> {
    let mut new = statements.to_vec();
    let at = rng.below(new.len());
    let element = if rng.chance(50) { "Resource" } else { "Action" };
    let entries = new[at].get(element).map(list).unwrap_or_default();
    match change {
        "same" => rng.shuffle(&mut new),
        "split" => {
            new = split_all(rng, &new);
            rng.shuffle(&mut new);
        }
        "widen" if !entries.is_empty() => {
            let mut entries = entries;
            let entry = rng.below(entries.len());
            let text = entries[entry]
                .as_str()
                .unwrap_or("*")
                .trim_end_matches('*')
                .to_owned();
            let kept: String = text
                .chars()
                .take(text.chars().count().saturating_sub(2))
                .collect();
            let wide = if kept.matches(':').count() < if element == "Action" { 1 } else { 4 } {
                "*".to_owned()
            } else {
                kept + "*"
            };
            entries[entry] = wide.into();
            new[at][element] = entries.into();
        }
        "narrow" if entries.len() > 1 && rng.chance(60) => {
            let mut entries = entries;
            entries.remove(rng.below(entries.len()));
            new[at][element] = entries.into();
        }
        "narrow" if new[at].get("Condition").is_none() => {
            new[at]["Condition"] = json!({ "StringLike": { "acs:ResourceTag/team": ["a*"] } })
        }
        _ if new.len() > 1 => _ = new.remove(at),
        _ => {}
    }
    new
}
