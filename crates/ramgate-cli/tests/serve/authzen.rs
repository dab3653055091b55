//! AuthZEN 1.0, as its certification scenario asks for it.

use serde_json::{Value, json};

use crate::point::{ACCOUNT, ALICE, ALLOW, Answer, Place, Point};

pub(crate) const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";

/// Allows reading anywhere, and writing from one address.
const STATEMENTS: &str = r#"{ "Effect": "Allow", "Action": "vpc:Describe*", "Resource": "*" },
    { "Effect": "Allow", "Action": "vpc:Delete*", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } },
    { "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { "StringEquals": { "acs:ResourceTag/state": "archived" } } }"#;

fn point() -> Point {
    Place::with_snapshot(STATEMENTS).serve(&[])
}

pub(crate) fn ask(point: &Point, path: &str, body: &Value) -> Answer {
    let json = [("content-type", "application/json")];
    point.post_with(path, &json, body.to_string())
}

fn question(action: &str) -> Value {
    json!({
        "subject": { "type": "user", "id": ALICE },
        "action": { "name": action },
        "resource": { "type": "vpc", "id": "acs:vpc:*:1234567890123456:vpc/vpc-1" }
    })
}

pub(crate) fn with(mut question: Value, path: &str, value: Value) -> Value {
    let (parent, name) = path.rsplit_once('/').unwrap();
    question.pointer_mut(parent).unwrap()[name] = value;
    question
}

#[test]
fn an_evaluation_is_a_decision_and_why() {
    let point = point();
    let allowed = ask(&point, EVALUATION, &question("vpc:DescribeVpcs"));
    assert_eq!(allowed.status, 200);
    let told = allowed.json();
    assert_eq!(
        (&told["decision"], &told["context"]["ram_decision"]),
        (&json!(true), &json!("Allow"))
    );
    assert_eq!(told["context"]["determined_by"][0]["policy"], "net-ops");
    assert_eq!(
        allowed.header("x-ramgate-revision"),
        told["context"]["revision"].as_str()
    );
    let denied = ask(&point, EVALUATION, &question("vpc:DeleteVpc")).json();
    assert_eq!(denied["decision"], false);
    let reason = denied["context"]["reason_admin"]["403"].as_str().unwrap();
    assert!(
        reason.contains("statement 1 of policy net-ops would, but IpAddress acs:SourceIp"),
        "{reason}"
    );
    let from = with(
        question("vpc:DeleteVpc"),
        "/context",
        json!({ "acs:SourceIp": "203.0.113.7", "time": {}, "note": null }),
    );
    assert_eq!(ask(&point, EVALUATION, &from).json()["decision"], true);
    // The same again: decisions repeat.
    assert_eq!(ask(&point, EVALUATION, &from).json()["decision"], true);
    let sample =
        "ramgate_decisions_total{decision=\"Allow\",stage=\"identity\",transport=\"authzen\"}";
    assert_eq!(point.metric(sample), 3.0);
}

#[test]
pub(crate) fn subjects_by_name_and_by_arn() {
    let point = point();
    let subject = |subject: Value| {
        let asked = with(question("vpc:DescribeVpcs"), "/subject", subject);
        let answer = ask(&point, EVALUATION, &asked);
        assert_eq!(answer.status, 200, "{answer:?}");
        let told = answer.json();
        (
            told["decision"].as_bool().unwrap(),
            told["context"]["error"]["status"].clone(),
        )
    };
    let none = Value::Null;
    assert_eq!(
        subject(json!({ "type": "user", "id": "alice", "properties": { "account": ACCOUNT } })),
        (true, none.clone())
    );
    assert_eq!(
        subject(
            json!({ "type": "user", "id": ALICE, "properties": { "account": ACCOUNT, "more": [1] } })
        ),
        (true, none.clone())
    );
    assert_eq!(
        subject(json!({ "type": "employee", "id": ALICE })),
        (true, none.clone())
    );
    assert_eq!(
        subject(json!({ "type": "user", "id": "bob", "properties": { "account": ACCOUNT } })),
        (false, none)
    );
    for (unknown, status) in [
        (
            json!({ "type": "user", "id": "mallory", "properties": { "account": ACCOUNT } }),
            404,
        ),
        (
            json!({ "type": "user", "id": "alice", "properties": { "account": "9" } }),
            404,
        ),
        (json!({ "type": "user", "id": "alice" }), 400),
        (json!({ "type": "user", "id": "" }), 400),
        (
            json!({ "type": "user", "id": "*", "properties": { "account": ACCOUNT } }),
            400,
        ),
        (
            json!({ "type": "user", "id": "a/b", "properties": { "account": ACCOUNT } }),
            400,
        ),
        (json!({ "type": "role", "id": ALICE }), 400),
        (
            json!({ "type": "user", "id": ALICE, "properties": { "account": "9" } }),
            400,
        ),
        (
            json!({ "type": "user", "id": "alice", "properties": { "account": 9 } }),
            400,
        ),
        (
            json!({ "type": "team", "id": "alice", "properties": { "account": ACCOUNT } }),
            400,
        ),
        (
            json!({ "type": "account", "id": "1", "properties": { "account": ACCOUNT } }),
            400,
        ),
    ] {
        assert_eq!(
            subject(unknown.clone()),
            (false, json!(status)),
            "{unknown}"
        );
    }
}

#[test]
pub(crate) fn properties_that_are_condition_keys_count() {
    let point = point();
    let archived = with(
        question("vpc:DescribeVpcs"),
        "/resource/properties",
        json!({ "acs:ResourceTag/state": "archived", "colour": "blue" }),
    );
    assert_eq!(
        ask(&point, EVALUATION, &archived).json()["context"]["ram_decision"],
        "ExplicitDeny"
    );
    let many = with(
        question("vpc:DescribeVpcs"),
        "/resource/properties",
        json!({ "acs:ResourceTag/state": ["active"] }),
    );
    assert_eq!(ask(&point, EVALUATION, &many).json()["decision"], true);
    for context in [
        json!({ "acs:ResourceTag/state": "active" }),
        json!({ "ACS:ResourceTag/state": "active" }),
    ] {
        let twice = ask(
            &point,
            EVALUATION,
            &with(archived.clone(), "/context", context),
        )
        .json();
        assert_eq!(
            (&twice["decision"], &twice["context"]["error"]["status"]),
            (&json!(false), &json!(400))
        );
    }
    for value in [json!(null), json!({}), json!([null]), json!([["a"]])] {
        let asked = with(
            question("vpc:DescribeVpcs"),
            "/context",
            json!({ "acs:SourceIp": value }),
        );
        assert_eq!(
            ask(&point, EVALUATION, &asked).json()["decision"],
            false,
            "{value}"
        );
    }
}

#[test]
pub(crate) fn what_the_protocol_does_not_have_is_refused_with_400() {
    let point = point();
    let good = question("vpc:DescribeVpcs");
    let mut bodies: Vec<(String, &str)> = [
        "/subject",
        "/action",
        "/resource",
        "/subject/type",
        "/subject/id",
        "/action/name",
        "/resource/type",
        "/resource/id",
    ]
    .into_iter()
    .flat_map(|path| {
        let (parent, name) = path.rsplit_once('/').unwrap();
        let mut without = good.clone();
        without
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
        [
            (without.to_string(), "missing"),
            (with(good.clone(), path, json!(7)).to_string(), "expected"),
        ]
    })
    .collect();
    bodies.extend([
        (
            with(good.clone(), "/context", json!("x")).to_string(),
            "context: expected an object",
        ),
        (
            with(good.clone(), "/subject/properties", json!([])).to_string(),
            "subject.properties: expected an object",
        ),
        (
            with(good.clone(), "/subject", json!(["user", ALICE])).to_string(),
            "subject: expected an object",
        ),
        (String::new(), "EOF"),
        ("[]".to_owned(), "expected an object"),
        ("{".to_owned(), "1:1"),
        (format!("{good} x"), "trailing"),
        (
            good.to_string()
                .replacen('{', "{\"x\":{\"y\":1,\"y\":2},", 1),
            "duplicate member \"y\"",
        ),
        (
            good.to_string()
                .replacen('{', "{\"action\":{\"name\":\"vpc:DeleteVpc\"},", 1),
            "duplicate member \"action\"",
        ),
        (
            good.to_string().replacen('{', "{\"x\":\"\\ud800\",", 1),
            "hex escape",
        ),
        (
            format!("{{\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)),
            "recursion limit",
        ),
    ]);
    for (body, expected) in &bodies {
        let answer = point.post_with(
            EVALUATION,
            &[("content-type", "application/json"), ("x-request-id", "r1")],
            body,
        );
        assert_eq!(answer.status, 400, "{body:.200}: {answer:?}");
        assert!(answer.text.contains(expected), "{body:.200}: {answer:?}");
        assert!(
            answer
                .header("content-type")
                .unwrap()
                .starts_with("text/plain")
        );
        assert_eq!(answer.header("x-request-id"), Some("r1"));
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        assert_eq!(
            point
                .post_with(EVALUATION, &[("content-type", kind)], good.to_string())
                .status,
            400
        );
    }
    let kind = [("content-type", "Application/JSON; charset=utf-8")];
    assert_eq!(
        point.post_with(EVALUATION, &kind, good.to_string()).status,
        200
    );
    assert_eq!(point.get(EVALUATION).status, 405);
}

#[test]
fn evaluations_with_what_they_have_in_common() {
    let point = point();
    let common = with(
        question("vpc:DescribeVpcs"),
        "/context",
        json!({ "acs:SourceIp": "203.0.113.7" }),
    );
    let all = |items: Value| {
        let answer = ask(
            &point,
            EVALUATIONS,
            &with(common.clone(), "/evaluations", items),
        );
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    };
    let decisions = |answer: &Value| -> Vec<bool> {
        let items = answer["evaluations"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["decision"].as_bool().unwrap())
            .collect()
    };
    let answer = all(json!([
        {},
        { "action": { "name": "vpc:DeleteVpc" } },
        { "action": { "name": "vpc:DeleteVpc" }, "context": {} },
        { "subject": { "type": "user", "id": "bob", "properties": { "account": ACCOUNT } } },
        { "subject": { "type": "user" } },
        7,
        { "action": { "name": "vpc:DeleteVpc" }, "context": null },
    ]));
    assert_eq!(
        decisions(&answer),
        [true, true, false, false, false, false, true]
    );
    assert_eq!(answer["evaluations"][4]["context"]["error"]["status"], 400);
    assert!(
        answer["evaluations"][5]["context"]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("evaluations[5]: expected an object")
    );
    assert!(answer.get("decision").is_none());
    for none in [json!([]), Value::Null] {
        assert_eq!(all(none)["decision"], true);
    }
    assert_eq!(ask(&point, EVALUATIONS, &common).json()["decision"], true);
    assert_eq!(
        ask(
            &point,
            EVALUATIONS,
            &with(common.clone(), "/evaluations", json!({}))
        )
        .status,
        400
    );
    // Nothing in common, something missing.
    let bare = json!({ "evaluations": [question("vpc:DescribeVpcs"), { "action": { "name": "vpc:DescribeVpcs" } }] });
    assert_eq!(
        decisions(&ask(&point, EVALUATIONS, &bare).json()),
        [true, false]
    );
}

#[test]
fn evaluations_stop_where_they_are_told_to() {
    let point = point();
    let read = json!({ "action": { "name": "vpc:DescribeVpcs" } });
    let write = json!({ "action": { "name": "vpc:DeleteVpc" } });
    let bad = json!({ "action": {} });
    let run = |semantic: &str, items: &[&Value]| {
        let mut body = with(question("vpc:DescribeVpcs"), "/evaluations", json!(items));
        body["options"] = json!({ "evaluations_semantic": semantic, "more": 1 });
        let answer = ask(&point, EVALUATIONS, &body);
        let items = answer.json()["evaluations"].clone();
        items
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["decision"].as_bool().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        run("execute_all", &[&write, &read, &write]),
        [false, true, false]
    );
    assert_eq!(
        run("deny_on_first_deny", &[&read, &write, &read]),
        [true, false]
    );
    assert_eq!(
        run("deny_on_first_deny", &[&read, &bad, &read]),
        [true, false]
    );
    assert_eq!(
        run("permit_on_first_permit", &[&write, &read, &read]),
        [false, true]
    );
    assert_eq!(
        run("permit_on_first_permit", &[&write, &write]),
        [false, false]
    );
    for options in [
        json!({ "evaluations_semantic": "any" }),
        json!({ "evaluations_semantic": 1 }),
        json!([]),
    ] {
        let mut body = with(question("vpc:DescribeVpcs"), "/evaluations", json!([{}]));
        body["options"] = options;
        assert_eq!(ask(&point, EVALUATIONS, &body).status, 400);
    }
}

#[test]
pub(crate) fn too_many_evaluations() {
    let point = Place::with_snapshot(ALLOW).serve(&["--max-batch", "2"]);
    let body = with(
        question("vpc:DescribeVpcs"),
        "/evaluations",
        json!([{}, {}, {}]),
    );
    assert_eq!(ask(&point, EVALUATIONS, &body).status, 400);
}

#[test]
fn metadata_is_of_the_configured_address() {
    let path = "/.well-known/authzen-configuration";
    assert_eq!(point().get(path).status, 404);
    let point =
        Place::with_snapshot(ALLOW).serve(&["--public-url", "https://pdp.example.com/ram/"]);
    let head = format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    let answer = point.raw(head.as_bytes());
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(body).unwrap(),
        json!({
            "policy_decision_point": "https://pdp.example.com/ram",
            "access_evaluation_endpoint": "https://pdp.example.com/ram/access/v1/evaluation",
            "access_evaluations_endpoint": "https://pdp.example.com/ram/access/v1/evaluations",
            "search_subject_endpoint": "https://pdp.example.com/ram/access/v1/search/subject",
            "search_resource_endpoint": "https://pdp.example.com/ram/access/v1/search/resource",
            "search_action_endpoint": "https://pdp.example.com/ram/access/v1/search/action"
        })
    );
    // As it is asked for where the address has a path: between host and path.
    let below = point.get(&format!("{path}/ram"));
    assert_eq!((below.status, below.text.as_str()), (200, body));
    for other in ["/other", "/ram/", "/"] {
        assert_eq!(point.get(&format!("{path}{other}")).status, 404, "{other}");
    }
    for bad in [
        "http://pdp.example.com",
        "https://",
        "https://x?y",
        "https://x#y",
        "https://u@x",
        "pdp",
    ] {
        let (status, said) =
            point
                .place
                .refused(&["--account", "snapshot.json", "--public-url", bad]);
        assert_eq!(
            (status, said.contains("public_url: ")),
            (2, true),
            "{bad}: {said}"
        );
    }
}
