//! The certification scenario of AuthZEN 1.0: its subjects, resources and actions in RAM's terms, and each kind of request that it has.

use serde_json::{Value, json};

use crate::point::{ACCOUNT, ALLOW, Place, Point};

/// Alice reads and writes records, but none that are archived, and deletes softly; whoever is an administrator writes what is archived.
fn point() -> Point {
    let place = Place::new();
    let record = format!("acs:demo:*:{ACCOUNT}:record/*");
    let statement = |effect: &str, actions: &[&str], equal: &[(&str, &str)]| {
        let mut statement = json!({ "Effect": effect, "Action": actions, "Resource": record });
        for (key, value) in equal {
            statement["Condition"]["StringEquals"][key] = json!(value);
        }
        statement
    };
    let policy = |statements: &[Value]| json!({ "type": "Custom", "document": { "Version": "1", "Statement": statements } });
    let archived = ("demo:status", "archived");
    let snapshot = json!({ "ramgate": 1, "accounts": { ACCOUNT: {
        "policies": {
            "clerk": policy(&[
                statement("Allow", &["demo:Read", "demo:Write"], &[]),
                statement("Allow", &["demo:Delete"], &[("demo:soft", "true")]),
                statement("Deny", &["demo:Write"], &[archived]),
                statement("Allow", &["demo:Print"], &[("acs:SourceIp", "192.168.1.1")]),
            ]),
            "archivist": policy(&[
                statement("Allow", &["demo:Read"], &[]),
                statement("Allow", &["demo:Write"], &[archived, ("demo:role", "admin")]),
            ]),
        },
        "users": { "alice": { "policies": ["clerk"] }, "bob": { "policies": ["archivist"] }, "carol": {} }
    } } });
    place.write("snapshot.json", snapshot.to_string());
    place.write("serve.toml", SETTINGS);
    let arguments = [
        "--config",
        "serve.toml",
        "--public-url",
        "https://pdp.example.com",
    ];
    place.serve(&arguments)
}

const SETTINGS: &str = r#"
[authzen.subjects.user]
arn = "acs:ram::1234567890123456:user/{id}"
properties = { role = "demo:role" }
known = { bob = { role = "admin" } }

[authzen.resources.record]
arn = "acs:demo:*:1234567890123456:record/{id}"
properties = { status = "demo:status" }
known = { record-1 = { status = "active" }, record-2 = { status = "archived" } }

[authzen.actions]
read = { action = "demo:Read" }
write = { action = "demo:Write" }
delete = { action = "demo:Delete", properties = { soft = "demo:soft" } }

[authzen.context]
ip = "acs:SourceIp"
"#;

#[test]
pub(crate) fn every_request_of_the_scenario() {
    let point = point();
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/certification.json")).unwrap();
    assert_eq!(cases.len(), 75);
    for case in &cases {
        let what = format!("{} – {}", case["level"], case["name"]);
        let path = case["path"].as_str().unwrap();
        let text = case["text"].as_str().map(str::to_owned);
        let text = text.unwrap_or_else(|| case["body"].to_string());
        let kind = case["content_type"].as_str().unwrap_or("application/json");
        let headers = [("content-type", kind), ("x-request-id", "r-1")];
        // Twice: an answer is the same however often it is asked for.
        for _ in 0..2 {
            let answer = point.post_with(path, &headers, &text);
            assert_eq!(answer.header("x-request-id"), Some("r-1"), "{what}");
            let status = case["status"].as_u64().unwrap_or(200);
            assert_eq!(u64::from(answer.status), status, "{what}: {answer:?}");
            if status != 200 {
                assert!(!answer.text.is_empty(), "{what}");
                continue;
            }
            assert_eq!(answer.header("content-type"), Some("application/json"));
            expect(&point, case, &answer.json(), &what);
        }
    }
    let without = point.post_with(
        "/access/v1/evaluation",
        &[("content-type", "application/json")],
        cases[0]["body"].to_string(),
    );
    assert_eq!(
        (without.status, without.header("x-request-id")),
        (200, None)
    );
}

fn expect(point: &Point, case: &Value, answer: &Value, what: &str) {
    assert!(answer["context"].is_object() || case.get("decisions").is_some());
    if let Some(decision) = case.get("decision") {
        assert_eq!(&answer["decision"], decision, "{what}: {answer}");
    }
    if let Some(decisions) = case.get("decisions") {
        let items = answer["evaluations"].as_array().unwrap();
        let found: Value = items.iter().map(|item| item["decision"].clone()).collect();
        assert_eq!(&found, decisions, "{what}: {answer}");
        assert!(answer.get("decision").is_none());
    }
    let Some(results) = case.get("results") else {
        return;
    };
    assert_eq!(&answer["results"], results, "{what}: {answer}");
    let has_page = case["body"].get("page").is_some();
    assert_eq!(answer.get("page").is_some(), has_page, "{what}");
    let mut last = answer.clone();
    for page in case["follow"].as_array().unwrap_or(&Vec::new()) {
        let mut body = case["body"].clone();
        body["page"] = json!({ "token": last["page"]["next_token"] });
        let json = [("content-type", "application/json")];
        let path = case["path"].as_str().unwrap();
        last = point.post_with(path, &json, body.to_string()).json();
        assert_eq!(&last["results"], page, "{what}: {last}");
    }
    if has_page {
        assert_eq!(last["page"]["next_token"], "", "{what}");
    }
}

#[test]
fn discovery() {
    let answer = point().get("/.well-known/authzen-configuration");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let told = answer.json();
    let base = "https://pdp.example.com";
    assert_eq!(told["policy_decision_point"], base);
    for (name, path) in [
        ("access_evaluation_endpoint", "evaluation"),
        ("access_evaluations_endpoint", "evaluations"),
        ("search_subject_endpoint", "search/subject"),
        ("search_resource_endpoint", "search/resource"),
        ("search_action_endpoint", "search/action"),
    ] {
        assert_eq!(told[name], format!("{base}/access/v1/{path}"));
    }
}

/// What the settings say must be clear: each of these differs from the scenario's by one thing.
#[test]
pub(crate) fn settings_that_are_not_clear() {
    for (from, to, said) in [
        ("subjects.user]", "subject.user]", "unknown key `subject`"),
        (
            "user/{id}",
            "user/x",
            "authzen: subjects.user: arn: there is no {id} in it",
        ),
        ("user/{id}", "user/{id}{id}", "{id} stands in it once"),
        ("user/{id}", "user/{id}{name}", "and no other name"),
        (
            "1234567890123456:user/{id}",
            "{id}:root",
            "{id} stands before the fourth colon",
        ),
        (
            "acs:ram::1234567890123456:user/{id}",
            "acs:ram::1234567890123456:role/{id}",
            "is no user",
        ),
        (
            "acs:ram::1234567890123456:user/{id}",
            "acs:ram::*:user/{id}",
            "authzen: subjects.user: arn",
        ),
        (
            "acs:demo:*:1234567890123456:",
            "acs:demo:*:*:",
            "authzen: resources.record: arn: acs:demo:*:*:record/x is a pattern",
        ),
        (
            "acs:demo:*:1234567890123456:",
            "acs:demo:*::",
            "is a pattern",
        ),
        ("record/{id}\"", "record/{id}*\"", "is a pattern"),
        (
            "\"demo:status\"",
            "\"status\"",
            "properties: status: \"status\" is no condition key",
        ),
        (
            "{ status = \"demo:status\" }",
            "{ \"x:status\" = \"demo:status\", status = \"demo:x\" }",
            "\"x:status\": means something else already",
        ),
        (
            "{ status = \"demo:status\" }",
            "{ status = \"demo:status\", state = \"Demo:Status\" }",
            "stands twice",
        ),
        (
            "{ role = \"demo:role\" }",
            "{ role = \"demo:role\", account = \"demo:account\" }",
            "\"account\": means something else already",
        ),
        (
            "bob = { role",
            "\"b/b\" = { role",
            "known: \"b/b\" is no id",
        ),
        (
            "bob = { role = \"admin\" }",
            "bob = { rank = \"admin\" }",
            "known.bob: rank is none of the properties",
        ),
        (
            "bob = { role = \"admin\" }",
            "bob = { role = [\"admin\"] }",
            "known.bob.role: expected a string",
        ),
        ("\"demo:Read\"", "\"Read\"", "authzen: actions.read: action"),
        ("\"demo:Read\"", "\"demo:*\"", "demo:* is a pattern"),
        (
            "read = ",
            "\"demo:Read\" = ",
            "looks like an action of RAM itself",
        ),
        (
            "ip = \"acs:SourceIp\"",
            "ip = \"SourceIp\"",
            "authzen: context: ip: \"SourceIp\" is no condition key",
        ),
        (
            "soft = \"demo:soft\"",
            "soft = \"soft\"",
            "is no condition key",
        ),
    ] {
        let place = Place::with_snapshot(ALLOW);
        let settings = SETTINGS.replace(from, to);
        assert_ne!(settings, SETTINGS, "{from}");
        place.write("serve.toml", settings);
        let (status, found) =
            place.refused(&["--account", "snapshot.json", "--config", "serve.toml"]);
        assert_eq!((status, found.contains(said)), (2, true), "{to}: {found}");
    }
}

/// An id is one word, and stays in its place whatever it holds.
#[test]
pub(crate) fn ids_that_would_not_stay_in_their_place() {
    let point = point();
    let json_kind = [("content-type", "application/json")];
    let ask = |subject: &str, resource: &str| {
        let asked = json!({
            "subject": { "type": "user", "id": subject },
            "action": { "name": "read" },
            "resource": { "type": "record", "id": resource }
        });
        let answer = point.post_with("/access/v1/evaluation", &json_kind, asked.to_string());
        assert_eq!(answer.status, 200);
        let told = answer.json();
        (
            told["decision"] == true,
            told["context"]["error"]["status"].clone(),
        )
    };
    assert_eq!(ask("alice", "record-9"), (true, Value::Null));
    for id in [
        "",
        "*",
        "a/b",
        "a:b",
        "../x",
        "r?",
        "{id}",
        "a\u{7f}",
        "acs:demo:*:1234567890123456:record/record-1",
    ] {
        assert_eq!(ask("alice", id), (false, json!(400)), "{id}");
        assert_eq!(ask(id, "record-1"), (false, json!(400)), "{id}");
    }
    assert_eq!(ask(crate::point::ALICE, "record-1"), (false, json!(400)));
    assert_eq!(ask("nobody", "record-1"), (false, json!(404)));
}
