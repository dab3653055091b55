//! Who can, over an organisation of 50 accounts, 10 000 callers and 5 000 policies: what it costs beside asking about each caller.
//!
//! `cargo bench --bench organisation` makes the organisation from a seed, loads it, and asks; `-- --write FILE` writes the snapshot instead.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "benchmarks"
)]

use std::collections::BTreeSet;
use std::hint::black_box;

use ramgate::partial::{PartialOptions, UnknownKeys};
use ramgate::reach::WhoOptions;
use ramgate::{Context, Organization, Principal, Request, Source};
use serde_json::{Map, Value, json};

const ACCOUNTS: usize = 50;
const USERS: usize = 150;
const ROLES: usize = 49;
const GROUPS: usize = 12;
const POLICIES: usize = 100;

/// SplitMix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }
}

fn account_id(number: usize) -> String {
    format!("{}", 1_000_000_000_000_000 + number as u64)
}

/// Services with a type of resource and nouns of their actions.
const SERVICES: [(&str, &str, &[&str]); 8] = [
    (
        "vpc",
        "physicalconnection",
        &["PhysicalConnection", "VirtualBorderRouter", "Vpc"],
    ),
    (
        "ecs",
        "instance",
        &["Instance", "Disk", "Image", "SecurityGroup"],
    ),
    ("oss", "bucket", &["Object", "Bucket", "ObjectTagging"]),
    ("rds", "dbinstance", &["DBInstance", "Backup", "Account"]),
    ("slb", "loadbalancer", &["LoadBalancer", "Listener"]),
    ("log", "project", &["Project", "LogStore", "Logs"]),
    ("kms", "key", &["Key", "Secret", "Alias"]),
    ("ram", "user", &["User", "Role", "Policy", "AccessKey"]),
];
const VERBS: [&str; 8] = [
    "Describe", "Create", "Delete", "Modify", "Cancel", "Get", "List", "Update",
];

fn action(rng: &mut Rng, (service, _, nouns): (&str, &str, &[&str])) -> String {
    match rng.below(10) {
        0 => format!("{service}:*"),
        1..4 => format!("{service}:{}*", rng.pick(&VERBS)),
        _ => format!("{service}:{}{}", rng.pick(&VERBS), rng.pick(nouns)),
    }
}

fn statement(rng: &mut Rng, account: &str) -> Value {
    let of = rng.pick(&SERVICES);
    let (service, kind, _) = of;
    let count = 1 + rng.below(4);
    let actions: Vec<String> = (0..count).map(|_| action(rng, of)).collect();
    let resource = match rng.below(4) {
        0 => "*".to_owned(),
        1 => format!("acs:{service}:*:{account}:{kind}/*"),
        2 => format!("acs:{service}:cn-shanghai:{account}:{kind}/*"),
        _ => format!("acs:{service}:*:{account}:{kind}/team-{}-*", rng.below(40)),
    };
    let mut statement = json!({
        "Effect": if rng.chance(8) { "Deny" } else { "Allow" },
        "Action": actions,
        "Resource": resource,
    });
    if rng.chance(20) {
        statement["Condition"] = match rng.below(4) {
            0 => json!({ "IpAddress": { "acs:SourceIp": format!("10.{}.0.0/16", rng.below(20)) } }),
            1 => json!({ "Bool": { "acs:MFAPresent": "true" } }),
            2 => {
                json!({ "StringEquals": { "acs:ResourceTag/team": format!("team-{}", rng.below(10)) } })
            }
            _ => json!({ "DateLessThan": { "acs:CurrentTime": "2030-01-01T00:00:00Z" } }),
        };
    }
    statement
}

fn some(rng: &mut Rng, least: usize, most: usize, of: usize, name: &str) -> Vec<String> {
    let count = least + rng.below(most - least + 1);
    let names: BTreeSet<usize> = (0..count).map(|_| rng.below(of)).collect();
    names
        .into_iter()
        .map(|number| format!("{name}{number}"))
        .collect()
}

fn trust(rng: &mut Rng, account: usize) -> Value {
    let principal = match rng.below(10) {
        0..5 => {
            json!({ "Service": rng.pick(&["ecs.aliyuncs.com", "fc.aliyuncs.com", "ess.aliyuncs.com"]) })
        }
        5..8 => json!({ "RAM": format!("acs:ram::{}:root", account_id(account)) }),
        8 => {
            json!({ "RAM": format!("acs:ram::{}:user/u{}", account_id(account), rng.below(USERS)) })
        }
        _ => json!({ "RAM": format!("acs:ram::{}:root", account_id(rng.below(ACCOUNTS))) }),
    };
    json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }] })
}

fn account(rng: &mut Rng, number: usize) -> Value {
    let id = account_id(number);
    let mut policies = Map::new();
    for policy in 0..POLICIES - 2 {
        let count = 3 + rng.below(4);
        let statements: Vec<Value> = (0..count).map(|_| statement(rng, &id)).collect();
        let document = json!({ "Version": "1", "Statement": statements });
        policies.insert(
            format!("p{policy}"),
            json!({ "type": "Custom", "document": document }),
        );
    }
    let everything = json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let assume = json!({ "Version": "1", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": format!("acs:ram::{id}:role/*") }] });
    policies.insert(
        "admin".into(),
        json!({ "type": "System", "document": everything }),
    );
    policies.insert(
        "assume".into(),
        json!({ "type": "Custom", "document": assume }),
    );
    let groups: Map<String, Value> = (0..GROUPS)
        .map(|group| {
            let mut held = some(rng, 1, 4, POLICIES - 2, "p");
            if group == 0 {
                held.push("assume".into());
            }
            (format!("g{group}"), json!({ "policies": held }))
        })
        .collect();
    let mut users = Map::new();
    for user in 0..USERS {
        // Most hold what their groups do.
        let own = if rng.chance(30) {
            some(rng, 1, 3, POLICIES - 2, "p")
        } else {
            Vec::new()
        };
        let mut value = json!({ "groups": some(rng, 1, 2, GROUPS, "g"), "policies": own });
        if rng.chance(5) {
            value["resource_groups"] = json!({ "rg-1": some(rng, 1, 2, POLICIES - 2, "p") });
        }
        users.insert(format!("u{user}"), value);
    }
    let mut roles = Map::new();
    for role in 0..ROLES {
        let policies = if role == 0 {
            vec!["admin".to_owned()]
        } else {
            some(rng, 1, 4, POLICIES - 2, "p")
        };
        roles.insert(
            format!("r{role}"),
            json!({ "trust": trust(rng, number), "policies": policies }),
        );
    }
    json!({
        "folder": format!("r-corp/fd-{}", number % 6),
        "policies": policies,
        "groups": groups,
        "users": users,
        "roles": roles,
    })
}

/// The snapshot's text.
fn organisation() -> String {
    let mut rng = Rng(20_261_124);
    let accounts: Map<String, Value> = (0..ACCOUNTS)
        .map(|number| (account_id(number), account(&mut rng, number)))
        .collect();
    let everything = json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let guard = json!({ "Version": "1", "Statement": [
        { "Effect": "Deny", "Action": "vpc:Terminate*", "Resource": "*" },
        { "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { "StringEquals": { "acs:SourceVpc": "vpc-quarantine" } } }] });
    let mut attachments = Map::new();
    attachments.insert("r-corp".into(), json!(["full", "guard"]));
    for folder in 0..6 {
        attachments.insert(format!("r-corp/fd-{folder}"), json!(["full"]));
    }
    attachments.extend((0..ACCOUNTS).map(|number| (account_id(number), json!(["full"]))));
    json!({
        "ramgate": 1,
        "accounts": accounts,
        "control_policies": {
            "policies": { "full": { "type": "System", "document": everything }, "guard": { "document": guard } },
            "attachments": attachments,
        },
    })
    .to_string()
}

/// The processor's time, in milliseconds: other programs take none of it.
#[cfg(unix)]
fn now() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

#[cfg(not(unix))]
fn now() -> f64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START
        .get_or_init(std::time::Instant::now)
        .elapsed()
        .as_secs_f64()
        * 1e3
}

/// The least of a few runs, and what the last gave.
fn timed<T>(runs: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut best = f64::INFINITY;
    let mut last = None;
    for _ in 0..runs {
        let start = now();
        let found = black_box(work());
        best = best.min(now() - start);
        last = Some(found);
    }
    (best, last.unwrap())
}

fn read(source: &Source) -> Organization {
    let read = Organization::read(std::slice::from_ref(source), false, &mut |name, _| {
        Err(name.to_owned())
    });
    read.unwrap_or_else(|error| panic!("{error}"))
}

fn callers() -> Vec<Principal<'static>> {
    let of = |account: usize| {
        let id = account_id(account);
        let users = (0..USERS).map(|user| format!("user/u{user}"));
        let roles = (0..ROLES).map(|role| format!("role/r{role}"));
        let names = users.chain(roles).chain(["root".to_owned()]);
        let arns = names
            .map(|name| format!("acs:ram::{id}:{name}"))
            .collect::<Vec<_>>();
        arns.into_iter()
            .map(|arn| Principal::parse(&arn).unwrap().into_owned())
            .collect::<Vec<_>>()
    };
    (0..ACCOUNTS).flat_map(of).collect()
}

fn questions() -> Vec<Request<'static>> {
    let own = account_id(7);
    [
        (
            "vpc:CancelPhysicalConnection",
            format!("acs:vpc:cn-shanghai:{own}:physicalconnection/team-3-pc-1"),
        ),
        (
            "ecs:DeleteInstance",
            format!("acs:ecs:cn-shanghai:{own}:instance/team-3-i-1"),
        ),
        ("ram:CreateUser", "*".to_owned()),
        ("sts:AssumeRole", format!("acs:ram::{own}:role/r0")),
    ]
    .into_iter()
    .map(|(action, resource)| Request::new(Principal::Unnamed, action, resource).unwrap())
    .collect()
}

fn main() {
    let text = organisation();
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|one| one == "--write") {
        std::fs::write(&arguments[at + 1], &text).unwrap();
        return;
    }
    let callers = callers();
    println!(
        "{ACCOUNTS} accounts, {} callers, {} policies, {:.1} MB of JSON; milliseconds of the processor, the least of some runs",
        callers.len(),
        ACCOUNTS * POLICIES,
        text.len() as f64 / 1e6
    );
    let source = Source::new("organisation.json", text);
    let (parsing, _) = timed(3, || serde_json::from_str::<Value>(source.text()).unwrap());
    let (loading, known) = timed(3, || read(&source));
    println!(
        "load {loading:.0} ({:.1} times parsing the JSON by serde_json, {parsing:.0})\n",
        loading / parsing
    );
    let unknown = UnknownKeys::all();
    let partial = PartialOptions::default();
    let with_roles = WhoOptions::default();
    let without_roles = WhoOptions::default().without_roles();
    println!(
        "question | who can | with roles | callers found, over roles too | told apart | each caller in part | each caller as `check` answers | each caller decided, and no more"
    );
    for asked in questions() {
        let (who_time, who) = timed(5, || {
            known.who_can(&asked, &unknown, &without_roles).unwrap()
        });
        let (roles_time, with) = timed(3, || known.who_can(&asked, &unknown, &with_roles).unwrap());
        let (each_time, each) = timed(2, || {
            let each = callers.iter().filter(|principal| {
                let request = asked.clone().by((*principal).clone());
                let caller = known.caller(principal).unwrap();
                caller
                    .decide_partially(&request, None, &unknown, &partial)
                    .allowed
                    != Some(false)
            });
            each.count()
        });
        let (once_time, _) = timed(5, || {
            let each = callers.iter().filter(|principal| {
                let request = asked
                    .clone()
                    .by((*principal).clone())
                    .with_context(Context::default());
                known.decide(&request, None).unwrap().is_allow()
            });
            each.count()
        });
        let (check_time, _) = timed(2, || {
            let each = callers.iter().filter(|principal| {
                let request = asked
                    .clone()
                    .by((*principal).clone())
                    .with_context(Context::default());
                known.explain(&request, None).unwrap().allowed
            });
            each.count()
        });
        let of_snapshot = who
            .principals
            .iter()
            .filter(|one| one.notes.is_empty() && one.principal.starts_with("acs:"));
        assert_eq!(of_snapshot.count(), each, "{asked:?}");
        println!(
            "{} | {who_time:.1} | {roles_time:.1} | {}, {} | {} | {each_time:.0} ({:.0} times) | {check_time:.0} ({:.0} times) | {once_time:.1} ({:.1} times)",
            asked.action(),
            who.principals.len(),
            with.principals.len(),
            who.classes,
            each_time / who_time,
            check_time / who_time,
            once_time / who_time,
        );
    }
}
