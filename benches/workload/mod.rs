//! The workloads W1 to W6: seeded policies and requests, made of actions and ARNs as Alibaba Cloud writes them.
//!
//! No open rule is touched: regions and accounts are never empty, every ARN has four colons, every context has all six
//! keys. So an engine that knows nothing of ramgate's careful rules must give the same answers.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

use serde_json::{Value, json};

/// Policies, who holds which, and what is asked.
pub struct Workload {
    pub name: String,
    pub policies: Vec<Vec<Statement>>,
    /// The policies of each principal.
    pub principals: Vec<Vec<usize>>,
    pub requests: Vec<Request>,
}

#[derive(Clone)]
pub struct Statement {
    pub deny: bool,
    pub actions: Vec<String>,
    pub resources: Vec<String>,
    pub condition: Option<Condition>,
}

#[derive(Clone)]
pub struct Condition {
    pub operator: &'static str,
    pub key: &'static str,
    pub values: Vec<String>,
}

#[derive(Clone)]
pub struct Request {
    /// The principal's number, and its ARN.
    pub principal: usize,
    pub caller: String,
    pub action: String,
    pub resource: String,
    pub context: [(&'static str, String); 6],
}

impl Workload {
    pub fn statements(&self) -> usize {
        self.policies.iter().map(Vec::len).sum()
    }

    /// Each principal's number by its ARN.
    pub fn callers(&self) -> HashMap<String, usize> {
        (0..self.principals.len()).map(|n| (caller(n), n)).collect()
    }

    /// Every policy as the JSON text of a RAM policy document.
    pub fn texts(&self) -> Vec<String> {
        self.policies
            .iter()
            .map(|policy| document(policy).to_string())
            .collect()
    }

    /// The same account as one snapshot, which `Organization::read` takes.
    pub fn snapshot(&self) -> String {
        let policies = self.policies.iter().enumerate().map(|(n, policy)| {
            let policy = json!({"type": "System", "document": document(policy)});
            (policy_name(n), policy)
        });
        let users = self.principals.iter().enumerate().map(|(n, held)| {
            let held: Vec<String> = held.iter().map(|n| policy_name(*n)).collect();
            (user_name(n), json!({ "policies": held }))
        });
        let account = json!({
            "policies": policies.collect::<serde_json::Map<_, _>>(),
            "users": users.collect::<serde_json::Map<_, _>>(),
        });
        json!({"ramgate": 1, "accounts": { ACCOUNT: account }}).to_string()
    }
}

fn document(statements: &[Statement]) -> Value {
    let statements = statements.iter().map(|statement| {
        let mut object = json!({
            "Effect": if statement.deny { "Deny" } else { "Allow" },
            "Action": statement.actions,
            "Resource": statement.resources,
        });
        if let Some(condition) = &statement.condition {
            object["Condition"] =
                json!({ condition.operator: { condition.key: condition.values } });
        }
        object
    });
    json!({"Version": "1", "Statement": statements.collect::<Vec<_>>()})
}

pub fn policy_name(n: usize) -> String {
    format!("policy-{n:05}")
}

fn user_name(n: usize) -> String {
    format!("user-{n:04}")
}

// The workloads ------------------------------------------------------------------------------------

/// One statement.
pub fn w1() -> Workload {
    let statement = allow(
        "vpc:CancelPhysicalConnection",
        &format!("acs:vpc:cn-*:{ACCOUNT}:physicalconnection/*"),
    );
    Maker::new(1).workload("W1", vec![vec![statement]], 1, 1024)
}

/// The typical principal: 10 policies of 5 statements.
pub fn w2() -> Workload {
    let mut maker = Maker::new(6);
    let shape = Shape {
        actions: (1, 3),
        resources: (1, 2),
        broad: 20,
        denies: 6,
        conditions: 12,
    };
    let mut policies = maker.policies(10, 5, &shape);
    policies[3][2] = allow(
        "vpc:Cancel*",
        &format!("acs:vpc:cn-shanghai:{ACCOUNT}:physicalconnection/*"),
    );
    maker.workload("W2", policies, 1, 1024)
}

/// A principal with much to say: 100 policies of 10 statements.
pub fn w3() -> Workload {
    let mut maker = Maker::new(7);
    let shape = Shape {
        actions: (2, 2),
        resources: (3, 3),
        broad: 15,
        denies: 11,
        conditions: 18,
    };
    let mut policies = maker.policies(100, 10, &shape);
    policies[42][5] = allow(
        "vpc:Cancel*",
        &format!("acs:vpc:cn-sh*:{ACCOUNT}:physicalconnection/pc-*"),
    );
    maker.workload("W3", policies, 1, 1024)
}

/// An account: 10 000 policies of 5 statements, 5 000 principals with 8 to 12 of them.
pub fn w4() -> Workload {
    let mut maker = Maker::new(4);
    let shape = Shape {
        actions: (1, 3),
        resources: (1, 2),
        broad: 20,
        denies: 8,
        conditions: 10,
    };
    let policies = maker.policies(10_000, 5, &shape);
    maker.workload("W4", policies, 5_000, 8_192)
}

/// One principal with one policy of `statements` statements.
pub fn w5(statements: usize) -> Workload {
    let mut maker = Maker::new(5);
    let shape = Shape {
        actions: (1, 1),
        resources: (1, 1),
        broad: 0,
        denies: 10,
        conditions: 10,
    };
    let policies = maker.policies(1, statements, &shape);
    let name = match statements {
        ..1000 => format!("W5-{statements}"),
        _ => format!("W5-{}k", statements / 1000),
    };
    maker.workload(&name, policies, 1, 1024)
}

/// The sizes of texts in `w6`, in bytes.
pub const HOSTILE_SIZES: [usize; 3] = [2048, 4096, 8192];
pub const HOSTILE_KINDS: [char; 7] = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/// One hostile pattern (`g`: 10 000 that share a prefix). For each size a text that misses, one that hits, and one that nearly hits.
pub fn w6(kind: char) -> Workload {
    let words: Vec<String> = (0..20).map(|n| format!("lit{n:02}")).collect();
    let pattern = match kind {
        'a' => "*a*a*a*a*b".to_owned(),
        'b' => "*a".repeat(100) + "b",
        'c' => "*ab".repeat(32) + "*abc",
        'd' => format!("*{}*", words.join("*")),
        'e' => format!("*{}b", "a".repeat(512)),
        'f' => format!("*{}*", "a?".repeat(256)),
        _ => String::new(),
    };
    let texts = |size: usize| -> [String; 3] {
        let filled = |unit: &str| unit.repeat(size / unit.len() + 1)[..size].to_owned();
        let ending = |text: String, end: &str| text[..size - end.len()].to_owned() + end;
        let spread = |parts: &[String]| {
            let gap = "x".repeat(size / parts.len() - parts[0].len());
            parts.iter().map(|part| format!("{part}{gap}")).collect()
        };
        let shared = "a".repeat(size / 2);
        match kind {
            'a' => [
                filled("a"),
                ending(filled("a"), "b"),
                ending("aaa".to_owned() + &filled("c"), "b"),
            ],
            'b' => [
                filled("a"),
                ending(filled("a"), "b"),
                ending("a".repeat(99) + &filled("c"), "b"),
            ],
            'c' => [
                filled("ab"),
                ending(filled("ab"), "abc"),
                ending(filled("ab"), "xbc"),
            ],
            'd' => [filled("lit"), spread(&words), spread(&words[..19])],
            'e' => [
                filled("a"),
                ending(filled("a"), "b"),
                ending(filled(&("a".repeat(511) + "b")), "b"),
            ],
            'f' => [
                filled("ab b"),
                filled("a"),
                filled(&("a".repeat(510) + "bb")),
            ],
            _ => [
                format!("{shared}4999"),
                format!("{shared}04999-{shared}"),
                format!("{shared}x4999-{shared}"),
            ],
        }
    };
    let place = format!("acs:oss:cn-hangzhou:{ACCOUNT}:");
    let resources = match kind {
        'g' => (0..10_000)
            .map(|n| format!("{place}{}{n:05}-*", "a".repeat(1024)))
            .collect(),
        _ => vec![place.clone() + &pattern],
    };
    let statement = Statement {
        resources,
        ..allow("oss:GetObject", "")
    };
    let mut maker = Maker::new(6);
    let requests = HOSTILE_SIZES
        .into_iter()
        .flat_map(texts)
        .map(|text| Request {
            principal: 0,
            caller: caller(0),
            action: "oss:GetObject".to_owned(),
            resource: place.clone() + &text,
            context: maker.context(),
        });
    let requests = requests.collect();
    Workload {
        name: format!("W6{kind}"),
        policies: vec![vec![statement]],
        principals: vec![vec![0]],
        requests,
    }
}

fn allow(action: &str, resource: &str) -> Statement {
    Statement {
        deny: false,
        actions: vec![action.to_owned()],
        resources: vec![resource.to_owned()],
        condition: None,
    }
}

// How statements and requests are made -------------------------------------------------------------

/// The only one: across accounts an identity policy alone opens nothing (E9).
const ACCOUNT: &str = "1234567890123456";
const REGIONS: [&str; 6] = [
    "cn-shanghai",
    "cn-hangzhou",
    "cn-beijing",
    "cn-shenzhen",
    "ap-southeast-1",
    "eu-central-1",
];
const TEAMS: [&str; 5] = ["net-core", "net-edge", "payments", "data-lake", "identity"];
const VPCS: [&str; 3] = [
    "vpc-bp1fdm8zkq0wd1",
    "vpc-bp1o57fvs2j3u9",
    "vpc-uf6c4t1y8e5n2x",
];
const VERBS: [&str; 8] = [
    "Create",
    "Delete",
    "Modify",
    "Describe",
    "Enable",
    "Cancel",
    "List",
    "Terminate",
];

/// The kinds of resources: service, noun of its actions, and how its ids begin. Express Connect comes first.
const KINDS: [(&str, &str, &str); 20] = [
    ("vpc", "PhysicalConnection", "physicalconnection/pc-"),
    ("vpc", "VirtualBorderRouter", "virtualborderrouter/vbr-"),
    ("vpc", "RouterInterface", "routerinterface/ri-"),
    ("vpc", "BgpGroup", "bgpgroup/bgpg-"),
    ("vpc", "Vpc", "vpc/vpc-"),
    ("vpc", "VSwitch", "vswitch/vsw-"),
    ("vpc", "NatGateway", "natgateway/ngw-"),
    ("cen", "CenInstance", "ceninstance/cen-"),
    ("cen", "TransitRouter", "centransitrouter/tr-"),
    ("ecs", "Instance", "instance/i-"),
    ("ecs", "Disk", "disk/d-"),
    ("ecs", "SecurityGroup", "securitygroup/sg-"),
    ("ecs", "Snapshot", "snapshot/s-"),
    ("slb", "LoadBalancer", "loadbalancer/lb-"),
    ("rds", "DBInstance", "dbinstance/rm-"),
    ("kms", "Secret", "secret/"),
    ("log", "LogStore", "project/net-audit/logstore/"),
    ("oss", "Object", "circuit-reports/2026/"),
    ("ram", "Role", "role/"),
    ("cms", "MonitorGroup", "monitorgroup/"),
];

struct Shape {
    /// At least and at most so many patterns in a statement.
    actions: (usize, usize),
    resources: (usize, usize),
    /// Of a hundred statements, so many name a whole kind of resources, a service, or everything.
    broad: usize,
    denies: usize,
    conditions: usize,
}

struct Maker {
    state: u64,
}

impl Maker {
    fn new(seed: u64) -> Maker {
        Maker { state: seed }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }

    /// Express Connect in four of ten.
    fn kind(&mut self) -> (&'static str, &'static str, &'static str) {
        let first = if self.chance(40) { 4 } else { KINDS.len() };
        KINDS[self.below(first)]
    }

    fn id(&mut self, length: usize) -> String {
        let letters: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        (0..length)
            .map(|_| char::from(self.pick(letters)))
            .collect()
    }

    fn policies(&mut self, count: usize, statements: usize, shape: &Shape) -> Vec<Vec<Statement>> {
        (0..count)
            .map(|_| (0..statements).map(|_| self.statement(shape)).collect())
            .collect()
    }

    /// Exact actions on broad resources, or any actions on few: what is broad in both would answer most requests of a workload.
    fn statement(&mut self, shape: &Shape) -> Statement {
        let kind = self.kind();
        let deny = self.chance(shape.denies);
        let broad = self.chance(if deny { shape.broad / 2 } else { shape.broad });
        let actions = self.among(shape.actions);
        let resources = self.among(shape.resources);
        Statement {
            deny,
            actions: (0..actions)
                .map(|_| self.action_pattern(kind, broad))
                .collect(),
            resources: (0..resources)
                .map(|_| self.resource_pattern(kind, broad))
                .collect(),
            condition: self.chance(shape.conditions).then(|| self.condition()),
        }
    }

    fn among(&mut self, (least, most): (usize, usize)) -> usize {
        least + self.below(most - least + 1)
    }

    fn action_pattern(&mut self, (service, noun, _): (&str, &str, &str), exact: bool) -> String {
        let verb = self.pick(&VERBS);
        match self.below(20) {
            _ if exact => format!("{service}:{verb}{noun}"),
            0 => format!("{service}:*"),
            1 => format!("{service}:*{noun}"),
            2 => format!("{service}:{verb}{noun}").to_lowercase(),
            3..9 => format!("{service}:{verb}*"),
            _ => format!("{service}:{verb}{noun}"),
        }
    }

    fn resource_pattern(&mut self, (service, _, id): (&str, &str, &str), broad: bool) -> String {
        let (region, account) = (self.pick(&REGIONS), ACCOUNT);
        let kind = &id[..=id.rfind('/').unwrap()];
        if broad {
            return match self.below(20) {
                0 => "*".to_owned(),
                1 => format!("acs:{service}:*:{account}:*"),
                2..6 => format!("acs:{service}:*:{account}:{kind}*"),
                _ => format!("acs:{service}:{region}:*:{kind}*"),
            };
        }
        let name = self.id(17);
        match self.below(20) {
            0 => format!("acs:{service}:*:{account}:{id}{name}"),
            1 => format!("acs:{service}:{region}:*:{id}{name}"),
            2 => format!(
                "acs:{service}:{region}:{account}:{id}{}??{}",
                &name[..6],
                &name[8..]
            ),
            3..8 => format!("acs:{service}:{region}:{account}:{id}{}*", &name[..8]),
            _ => format!("acs:{service}:{region}:{account}:{id}{name}"),
        }
    }

    fn condition(&mut self) -> Condition {
        let one = |operator, key, value: &str| Condition {
            operator,
            key,
            values: vec![value.to_owned()],
        };
        match self.below(9) {
            0 | 1 => Condition {
                operator: "IpAddress",
                key: "acs:SourceIp",
                values: vec!["203.0.113.0/24".to_owned(), "10.16.0.0/12".to_owned()],
            },
            2 => one("NotIpAddress", "acs:SourceIp", "198.51.100.0/24"),
            3 => one("DateLessThan", "acs:CurrentTime", "2026-07-01T00:00:00Z"),
            4 => one("DateGreaterThan", "acs:CurrentTime", "2026-03-01T08:00:00Z"),
            5 => one("Bool", "acs:MFAPresent", "true"),
            6 => one("StringEquals", "acs:SourceVpc", self.pick(&VPCS)),
            7 => one("StringLike", "acs:ResourceTag/team", "net-*"),
            _ => one("NumericLessThanEquals", "vpc:Bandwidth", "500"),
        }
    }

    fn context(&mut self) -> [(&'static str, String); 6] {
        let net = self.pick(&["203.0.113", "198.51.100", "10.17.4", "192.0.2"]);
        let (month, day) = (1 + self.below(12), 1 + self.below(28));
        [
            ("acs:SourceIp", format!("{net}.{}", 1 + self.below(250))),
            (
                "acs:CurrentTime",
                format!("2026-{month:02}-{day:02}T09:30:{:02}Z", self.below(60)),
            ),
            ("acs:MFAPresent", self.chance(70).to_string()),
            ("acs:SourceVpc", self.pick(&VPCS).to_owned()),
            ("acs:ResourceTag/team", self.pick(&TEAMS).to_owned()),
            ("vpc:Bandwidth", (100 * (1 + self.below(10))).to_string()),
        ]
    }

    fn workload(
        mut self,
        name: &str,
        policies: Vec<Vec<Statement>>,
        principals: usize,
        requests: usize,
    ) -> Workload {
        let principals: Vec<Vec<usize>> = match principals {
            1 => vec![(0..policies.len()).collect()],
            _ => (0..principals)
                .map(|_| self.attached(policies.len()))
                .collect(),
        };
        let requests = (0..requests)
            .map(|_| {
                let principal = self.below(principals.len());
                let policy = &policies[self.pick(&principals[principal])];
                let statement = self.below(policy.len());
                self.request(principal, &policy[statement])
            })
            .collect();
        Workload {
            name: name.to_owned(),
            policies,
            principals,
            requests,
        }
    }

    /// 8 to 12 different policies.
    fn attached(&mut self, policies: usize) -> Vec<usize> {
        let count = 8 + self.below(5);
        let mut held = BTreeSet::new();
        while held.len() < count {
            held.insert(self.below(policies));
        }
        held.into_iter().collect()
    }

    /// 35 % cancel a physical connection, 45 % aim at a statement that the principal holds, 20 % are about anything.
    fn request(&mut self, principal: usize, held: &Statement) -> Request {
        let (action, resource) = match self.below(100) {
            0..35 => {
                let (region, name) = (self.pick(&REGIONS), self.id(17));
                (
                    "vpc:CancelPhysicalConnection".to_owned(),
                    format!("acs:vpc:{region}:{ACCOUNT}:physicalconnection/pc-{name}"),
                )
            }
            35..80 => {
                let action = held.actions[self.below(held.actions.len())].clone();
                let resource = held.resources[self.below(held.resources.len())].clone();
                (self.fill_action(&action), self.fill_resource(&resource))
            }
            _ => {
                let (service, noun, id) = self.kind();
                let (region, name) = (self.pick(&REGIONS), self.id(17));
                (
                    format!("{service}:{}{noun}", self.pick(&VERBS)),
                    format!("acs:{service}:{region}:{ACCOUNT}:{id}{name}"),
                )
            }
        };
        Request {
            principal,
            caller: caller(principal),
            action,
            resource,
            context: self.context(),
        }
    }

    /// An action that the pattern covers, written as the service writes it.
    fn fill_action(&mut self, pattern: &str) -> String {
        let (service, name) = pattern.split_once(':').unwrap();
        let kinds: Vec<_> = KINDS.iter().filter(|kind| kind.0 == service).collect();
        let (noun, verb) = (self.pick(&kinds).1, self.pick(&VERBS));
        let exact = VERBS
            .iter()
            .flat_map(|verb| kinds.iter().map(move |kind| format!("{verb}{}", kind.1)))
            .find(|known| known.eq_ignore_ascii_case(name));
        let name = match name {
            "*" => format!("{verb}{noun}"),
            _ if name.starts_with('*') => name.replacen('*', verb, 1),
            _ if name.ends_with('*') => name.replace('*', noun),
            _ => exact.unwrap_or_else(|| name.to_owned()),
        };
        format!("{service}:{name}")
    }

    /// A resource that the pattern covers.
    fn fill_resource(&mut self, pattern: &str) -> String {
        let (service, _, id) = self.kind();
        let whole = format!("acs:{service}:*:*:{id}*");
        let pattern = if pattern == "*" { &whole } else { pattern };
        let mut filled = String::new();
        for (field, text) in pattern.splitn(5, ':').enumerate() {
            let stars = match field {
                2 if text == "*" => self.pick(&REGIONS).to_owned(),
                2 => "hangzhou".to_owned(),
                3 => ACCOUNT.to_owned(),
                4 if text == "*" => format!("{}{}", KINDS[0].2, self.id(17)),
                _ => self.id(9),
            };
            let text = text.replace('*', &stars).replace('?', "7");
            let colon = if field == 0 { "" } else { ":" };
            write!(filled, "{colon}{text}").unwrap();
        }
        filled
    }
}

fn caller(principal: usize) -> String {
    format!("acs:ram::{ACCOUNT}:user/{}", user_name(principal))
}
