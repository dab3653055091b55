//! The searches of AuthZEN 1.0, each beside what evaluations say of every candidate.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};

use crate::authzen::{EVALUATION, ask, with};
use crate::point::{ACCOUNT, ALICE, Place, Point};

const PC_1: &str = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-1";

/// Users with and without a permission, a denial, conditions, a group; a role; a bucket with a policy; a second account.
fn place() -> Place {
    let allow = |actions: &[&str], resources: &[&str]| json!({ "Effect": "Allow", "Action": actions, "Resource": resources });
    let mut office = allow(&["vpc:*"], &["*"]);
    office["Condition"]["IpAddress"]["acs:SourceIp"] = json!("203.0.113.0/24");
    let deny = json!({ "Effect": "Deny", "Action": "vpc:Delete*", "Resource": "*" });
    let policy = |statements: &[&Value]| json!({ "type": "Custom", "document": { "Version": "1", "Statement": statements } });
    let place = Place::new();
    let cancel = allow(
        &[
            "vpc:CancelPhysicalConnection",
            "vpc:DescribeVirtualBorderRoutersForPhysicalConnection",
            "vpc:NotListedAnywhere",
        ],
        &[
            PC_1,
            "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-2",
            "acs:vpc:*:1234567890123456:vpc/*",
        ],
    );
    let bucket = format!("acs:oss:*:{ACCOUNT}:reports");
    let shared = json!({ "Effect": "Allow", "Action": "oss:GetBucketInfo", "Resource": &bucket, "Principal": ["234567890123456701", "2345678901234567"] });
    let snapshot = json!({ "ramgate": 1, "accounts": {
        ACCOUNT: {
            "policies": { "office": policy(&[&office]), "circuits": policy(&[&cancel]), "deny": policy(&[&deny]) },
            "groups": { "network": { "policies": ["circuits"] } },
            "users": {
                "alice": { "groups": ["network"] },
                "bob": { "policies": ["office", "deny"] },
                "carol": {},
                "dave": { "groups": ["network"], "policies": ["office"] },
            },
            "roles": { "ops": { "policies": ["circuits"], "trust": { "Version": "1", "Statement": [
                { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "RAM": ["acs:ram::1234567890123456:root"] } }] } } },
            "resource_policies": [ { "resource": &bucket, "document": { "Version": "1", "Statement": [shared] } } ]
        },
        "2345678901234567": { "policies": { "oss": policy(&[&allow(&["oss:*"], &["*"])]) }, "users": { "frank": { "policies": ["oss"] } } }
    } });
    place.write("snapshot.json", snapshot.to_string());
    place
}

fn point() -> Point {
    place().serve(&[])
}

fn search(point: &Point, what: &str, body: &Value) -> Value {
    let answer = ask(point, &format!("/access/v1/search/{what}"), body);
    assert_eq!(answer.status, 200, "{body}: {answer:?}");
    assert!(answer.text.starts_with("{\"page\"") == body.get("page").is_some());
    answer.json()
}

fn found(answer: &Value, member: &str) -> BTreeSet<String> {
    let results = answer["results"].as_array().unwrap();
    let texts: BTreeSet<String> = results
        .iter()
        .map(|result| result[member].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts.len(), results.len(), "twice: {answer}");
    texts
}

fn permits(point: &Point, question: &Value) -> bool {
    let answer = ask(point, EVALUATION, question);
    assert_eq!(answer.status, 200);
    answer.json()["decision"].as_bool().unwrap()
}

fn question(subject: &str, action: &str, resource: &str) -> Value {
    json!({
        "subject": { "type": "user", "id": subject },
        "action": { "name": action },
        "resource": { "type": "vpc", "id": resource },
        "context": { "acs:SourceIp": "203.0.113.7" }
    })
}

#[test]
fn subjects() {
    let point = point();
    let mut all = BTreeSet::new();
    for (kind, names) in [
        (
            "user",
            &["user/alice", "user/bob", "user/carol", "user/dave"][..],
        ),
        ("role", &["role/ops"]),
        ("account", &["root"]),
    ] {
        for resource in [
            PC_1,
            "acs:vpc:cn-shanghai:1234567890123456:vpc/v",
            "acs:oss:*:1234567890123456:reports",
        ] {
            for action in [
                "vpc:CancelPhysicalConnection",
                "vpc:DeleteVpc",
                "oss:GetBucketInfo",
            ] {
                for context in [json!({}), json!({ "acs:SourceIp": "203.0.113.7" })] {
                    let asked = with(question("", action, resource), "/context", context);
                    let asked = with(asked, "/subject", json!({ "type": kind }));
                    let listed = found(&search(&point, "subject", &asked), "id");
                    let own = names
                        .iter()
                        .map(|name| format!("acs:ram::{ACCOUNT}:{name}"));
                    let others = ["user/frank", "root"]
                        .map(|name| format!("acs:ram::2345678901234567:{name}"));
                    let of_kind = |name: &String| {
                        name.contains(&format!(":{kind}/"))
                            || (kind == "account" && name.ends_with(":root"))
                    };
                    let expected = own.chain(others).filter(of_kind).filter(|name| {
                        permits(
                            &point,
                            &with(
                                asked.clone(),
                                "/subject",
                                json!({ "type": kind, "id": name }),
                            ),
                        )
                    });
                    let expected: BTreeSet<String> = expected.collect();
                    assert_eq!(listed, expected, "{asked}");
                    all.extend(listed);
                }
            }
        }
    }
    // Among them: somebody of a group, somebody with a condition that holds, somebody of another account.
    for one in [
        "1234567890123456:user/alice",
        "1234567890123456:user/bob",
        "2345678901234567:user/frank",
        "1234567890123456:role/ops",
    ] {
        assert!(all.contains(&format!("acs:ram::{one}")), "{one}: {all:?}");
    }
    assert!(!all.contains("acs:ram::1234567890123456:user/carol"));
    // Of one account alone, where it is told.
    let asked = with(
        question(
            "",
            "oss:GetBucketInfo",
            "acs:oss:*:1234567890123456:reports",
        ),
        "/subject",
        json!({ "type": "user", "properties": { "account": ACCOUNT } }),
    );
    assert_eq!(
        found(&search(&point, "subject", &asked), "id"),
        BTreeSet::new()
    );
}

#[test]
fn resources() {
    let point = point();
    let named = [
        PC_1,
        "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-2",
        "acs:oss:*:1234567890123456:reports",
        "acs:ram::1234567890123456:role/ops",
    ];
    let mut all = BTreeSet::new();
    for (kind, of_kind) in [
        ("vpc", &named[..2]),
        ("vpc:physicalconnection", &named[..2]),
        ("vpc:vpc", &[]),
        ("oss", &named[2..3]),
        ("ram:role", &named[3..]),
        ("nothing", &[]),
    ] {
        for subject in [
            ALICE,
            "acs:ram::1234567890123456:user/bob",
            "acs:ram::2345678901234567:user/frank",
            "acs:ram::1234567890123456:root",
        ] {
            for action in [
                "vpc:CancelPhysicalConnection",
                "oss:GetBucketInfo",
                "ram:GetRole",
            ] {
                let asked = with(
                    question(subject, action, ""),
                    "/resource",
                    json!({ "type": kind, "id": "ignored" }),
                );
                let answer = search(&point, "resource", &asked);
                assert!(
                    answer["context"]["candidates"]
                        .as_str()
                        .unwrap()
                        .contains("there may be others")
                );
                let listed = found(&answer, "id");
                let expected = of_kind
                    .iter()
                    .filter(|id| permits(&point, &with(asked.clone(), "/resource/id", json!(id))));
                let expected: BTreeSet<String> = expected.map(ToString::to_string).collect();
                assert_eq!(listed, expected, "{asked}");
                all.extend(listed);
            }
        }
    }
    assert_eq!(all, named.iter().map(ToString::to_string).collect());
}

#[test]
fn actions() {
    let point = point();
    let candidates = [
        "vpc:CancelPhysicalConnection",
        "vpc:DescribeVirtualBorderRoutersForPhysicalConnection",
        "vpc:ModifyPhysicalConnectionAttribute",
        "vpc:NotListedAnywhere",
        "vpc:DeletePhysicalConnection",
        "oss:GetObject",
    ];
    let bob = "acs:ram::1234567890123456:user/bob";
    for subject in [
        ALICE,
        bob,
        "acs:ram::1234567890123456:user/carol",
        "acs:ram::9:user/x",
    ] {
        let mut asked = question(subject, "", PC_1);
        asked.as_object_mut().unwrap().remove("action");
        let answer = search(&point, "action", &asked);
        let listed = found(&answer, "name");
        let asked_of = |name: &str| with(asked.clone(), "/action", json!({ "name": name }));
        for name in &listed {
            assert!(permits(&point, &asked_of(name)), "{subject} {name}");
            assert!(name.starts_with("vpc:"), "{name}");
        }
        for name in candidates {
            let is_here = name.starts_with("vpc:");
            assert_eq!(
                listed.contains(name),
                is_here && permits(&point, &asked_of(name)),
                "{subject} {name}"
            );
        }
        match subject {
            ALICE => assert_eq!(
                listed,
                candidates[..2]
                    .iter()
                    .chain(&candidates[3..4])
                    .map(ToString::to_string)
                    .collect()
            ),
            _ if subject == bob => {
                assert!(listed.len() > 10 && !listed.contains("vpc:DeletePhysicalConnection"))
            }
            _ => assert!(listed.is_empty()),
        }
        let is_unknown = answer["context"]["error"]["status"] == 404;
        assert_eq!(is_unknown, subject.starts_with("acs:ram::9:"), "{answer}");
    }
    // Without a particular resource, and on what is no resource.
    let mut asked = question(bob, "", "*");
    asked.as_object_mut().unwrap().remove("action");
    let listed = found(&search(&point, "action", &asked), "name");
    assert!(
        !listed.is_empty()
            && listed.iter().all(|name| permits(
                &point,
                &with(asked.clone(), "/action", json!({ "name": name }))
            ))
    );
    let asked = with(asked, "/resource/id", json!("vpc-1"));
    assert!(found(&search(&point, "action", &asked), "name").is_empty());
}

/// A context that an evaluation denies for its form finds nothing, and says why.
#[test]
pub(crate) fn what_is_no_question_finds_nothing() {
    let point = point();
    for context in [
        json!({ "acs:SourceIp": null }),
        json!({ "acs:SourceIp": {} }),
        json!({ "acs:SourceIp": "1.2.3.4", "ACS:sourceip": "1.2.3.4" }),
    ] {
        let asked = with(
            question("", "vpc:CancelPhysicalConnection", PC_1),
            "/context",
            context,
        );
        let answer = search(&point, "subject", &asked);
        assert_eq!(answer["results"], json!([]));
        assert_eq!(answer["context"]["error"]["status"], 400, "{answer}");
    }
    for (what, path) in [
        ("subject", "/action"),
        ("subject", "/resource/id"),
        ("resource", "/subject/id"),
        ("action", "/resource/type"),
    ] {
        let (parent, name) = path.rsplit_once('/').unwrap();
        let mut asked = question(ALICE, "vpc:CancelPhysicalConnection", PC_1);
        asked
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
        let answer = ask(&point, &format!("/access/v1/search/{what}"), &asked);
        assert_eq!(
            (answer.status, answer.text.contains("missing")),
            (400, true),
            "{answer:?}"
        );
    }
}

#[test]
pub(crate) fn pages() {
    let place = Place::new();
    let users: Value = (0..25)
        .map(|number| (format!("u{number:02}"), json!({ "policies": ["p"] })))
        .collect();
    let mut users: Value = users;
    // One in three is denied.
    for number in (0..25).step_by(3) {
        users[format!("u{number:02}")] = json!({});
    }
    let policy = |action: &str| json!({ "type": "Custom", "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] } });
    let snapshot = |action: &str| {
        json!({ "ramgate": 1, "accounts": { ACCOUNT: { "policies": { "p": policy(action) }, "users": users } } }).to_string()
    };
    place.write("snapshot.json", snapshot("vpc:*"));
    let point = place.serve(&["--max-batch", "10", "--check-every", "20ms"]);
    let asked = with(
        question("", "vpc:DescribeVpcs", "*"),
        "/subject",
        json!({ "type": "user" }),
    );
    let page = |page: Value| with(asked.clone(), "/page", page);
    // Sixteen are more than are told at once, and a list that is cut off would look whole.
    let all = ask(&point, "/access/v1/search/subject", &asked);
    assert_eq!(
        (all.status, all.text.contains("more than 10 results")),
        (400, true),
        "{all:?}"
    );
    let mut names = Vec::new();
    let mut sizes = Vec::new();
    let mut next = page(json!({ "limit": 5 }));
    loop {
        let answer = search(&point, "subject", &next);
        let count = answer["page"]["count"].as_u64().unwrap();
        sizes.push(count);
        names.extend(found(&answer, "id"));
        let token = answer["page"]["next_token"].as_str().unwrap();
        if token.is_empty() {
            break;
        }
        next = page(json!({ "limit": 5, "token": token }));
    }
    assert_eq!(sizes, [5, 5, 5, 1]);
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!((names.len(), distinct.len()), (16, 16));
    // A larger page is cut to what is allowed; one of nothing says only that there is more.
    let large = search(&point, "subject", &page(json!({ "limit": 1000 })));
    assert_eq!(large["page"]["count"], 10);
    let none = search(&point, "subject", &page(json!({ "limit": 0 })));
    assert_eq!(
        (
            none["page"]["count"].clone(),
            none["page"]["next_token"] == ""
        ),
        (json!(0), false)
    );
    // A token is of one question, and of one revision of the policies.
    let token = &large["page"]["next_token"];
    let with_token = page(json!({ "token": token }));
    assert_eq!(search(&point, "subject", &with_token)["page"]["count"], 6);
    for (path, value) in [
        ("/action/name", json!("vpc:DescribeVSwitches")),
        ("/subject/type", json!("role")),
        ("/context", json!({})),
        ("/resource/id", json!("acs:vpc:*:1234567890123456:vpc/v")),
        ("/page/token", json!("a.00000000000000000000000000000000")),
        (
            "/page/token",
            json!(token.as_str().unwrap().replacen(|_| true, "0", 1)),
        ),
        ("/page/token", json!("")),
        ("/page/token", json!(7)),
    ] {
        let answer = ask(
            &point,
            "/access/v1/search/subject",
            &with(with_token.clone(), path, value),
        );
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
    }
    let other = ask(
        &point,
        "/access/v1/search/resource",
        &with(with_token.clone(), "/subject/id", json!(ALICE)),
    );
    assert_eq!(other.status, 400);
    let revision = point.get("/readyz").json()["policies"]["revision"].clone();
    point
        .place
        .replace("snapshot.json", snapshot("vpc:Describe*"));
    crate::point::until("the change", || {
        point.get("/readyz").json()["policies"]["revision"] != revision
    });
    let late = ask(&point, "/access/v1/search/subject", &with_token);
    assert_eq!(
        (
            late.status,
            late.text.contains("the policies have changed since")
        ),
        (400, true),
        "{late:?}"
    );
}

#[test]
fn only_who_has_a_token_searches() {
    let place = place();
    place.write("tokens", "0123456789abcdef\n");
    let point = place.serve(&["--token-file", "tokens"]);
    let asked = question(ALICE, "vpc:CancelPhysicalConnection", PC_1).to_string();
    for what in ["subject", "resource", "action"] {
        let path = format!("/access/v1/search/{what}");
        let kind = ("content-type", "application/json");
        let token = ("authorization", "Bearer 0123456789abcdef");
        assert_eq!(point.post_with(&path, &[kind], &asked).status, 401);
        assert_eq!(point.post_with(&path, &[kind, token], &asked).status, 200);
    }
}

/// Searches leave places to evaluations.
#[test]
pub(crate) fn too_many_searches() {
    let point = place().serve(&["--max-concurrent", "4"]);
    let asked = question(ALICE, "vpc:CancelPhysicalConnection", PC_1);
    let mut waiting = point.connect();
    let head = "POST /access/v1/search/subject HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    waiting.write_all(head.as_bytes()).unwrap();
    crate::point::until("the first search", || {
        point.metric("ramgate_requests_in_flight") >= 1.0
    });
    let second = ask(&point, "/access/v1/search/subject", &asked);
    assert_eq!(
        (second.status, second.text.as_str()),
        (503, "too many searches at the same time")
    );
    assert!(permits(&point, &asked));
    drop(waiting);
    crate::point::until("a place", || {
        ask(&point, "/access/v1/search/subject", &asked).status == 200
    });
}

/// Time that is over is an error, or a page with a token for the rest: never a list that looks whole.
#[test]
pub(crate) fn a_search_that_takes_too_long() {
    let place = place();
    let users: Value = (0..20_000)
        .map(|number| (format!("u{number}"), json!({})))
        .collect::<serde_json::Map<_, _>>()
        .into();
    place.write(
        "snapshot.json",
        json!({ "ramgate": 1, "accounts": { ACCOUNT: { "users": users } } }).to_string(),
    );
    let point = place.serve(&["--request-timeout", "1ms"]);
    let asked = with(
        question("", "vpc:DescribeVpcs", "*"),
        "/subject",
        json!({ "type": "user" }),
    );
    // A body has that long to arrive, too, and on a busy machine that may be over before the first candidate.
    let ask_until = |asked: &Value, status: u16| {
        let mut answer = None;
        crate::point::until("the answer", || {
            let found = ask(&point, "/access/v1/search/subject", asked);
            answer = Some(found).filter(|found| found.status == status);
            answer.is_some()
        });
        answer.unwrap()
    };
    let late = ask_until(&asked, 503);
    assert!(late.text.contains("ask for it in pages"), "{late:?}");
    let page = ask_until(&with(asked, "/page", json!({ "limit": 10 })), 200).json();
    assert_eq!(page["results"], json!([]));
    assert_ne!(page["page"]["next_token"], "");
}
