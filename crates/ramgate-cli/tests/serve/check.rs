//! `/v1/check` and `/v1/check/batch`, the health endpoints, the metrics.

use serde_json::{Value, json};

use crate::point::{ALICE, ALLOW, Place, request, until};

#[test]
fn an_answer_is_that_of_the_command_line_and_the_revision() {
    let point = Place::with_snapshot(ALLOW).serve(&["--no-clock"]);
    let circuit = json!({
        "principal": ALICE, "action": "ecs:StopInstance", "resource": "acs:ecs:*:1234567890123456:instance/i-1",
        "context": { "acs:SourceIp": "203.0.113.7", "acs:MFAPresent": true, "acs:RequestTag/team": ["net", "ops"] }
    });
    for request in [request(), circuit] {
        let answer = point.check(&request);
        let mut served = answer.json();
        let revision = served.as_object_mut().unwrap().remove("revision").unwrap();
        assert_eq!(answer.header("x-ramgate-revision"), revision.as_str());
        assert!(revision.as_str().unwrap().starts_with("sha256:"));
        point.place.write(
            "case.json",
            json!({ "name": "x", "account": "snapshot.json", "request": request }).to_string(),
        );
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ramgate"));
        command.current_dir(point.place.0.path());
        let told = command
            .args(["check", "--case", "case.json", "--format", "json"])
            .output()
            .unwrap();
        assert_eq!(
            served,
            serde_json::from_slice::<Value>(&told.stdout).unwrap()
        );
    }
}

#[test]
pub(crate) fn who_is_not_known_gets_no_decision() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    for (principal, expected) in [
        (
            json!("acs:ram::1234567890123456:user/mallory"),
            "is not in the snapshot",
        ),
        (
            json!("acs:ram::9999999999999999:user/alice"),
            "account \"9999999999999999\" is not in the snapshot",
        ),
        (Value::Null, ""),
        (json!("alice"), "has no known form"),
        (json!("*"), "holds a wildcard"),
        (
            json!("acs:ram::1234567890123456:user/*"),
            "holds a wildcard",
        ),
        (json!(["acs:ram::1234567890123456:user/alice"]), ""),
    ] {
        let answer = point.check(
            &json!({ "principal": principal, "action": "vpc:DescribeVpcs", "resource": "*" }),
        );
        assert!(
            (400..500).contains(&answer.status),
            "{principal}: {answer:?}"
        );
        assert!(
            answer
                .text
                .contains(serde_json::to_string(expected).unwrap().trim_matches('"')),
            "{answer:?}"
        );
    }
    let nobody = point.check(&json!({ "action": "vpc:DescribeVpcs", "resource": "*" }));
    assert_eq!(nobody.status, 422);
    // A service of which nothing is known is a caller without policies.
    let service = point.check(&json!({ "principal": "Service:ecs.aliyuncs.com", "action": "vpc:DescribeVpcs", "resource": "*" }));
    assert_eq!(service.decision(), "ImplicitDeny");
}

#[test]
pub(crate) fn what_is_no_request_is_told_with_its_place() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for (body, line, column, message) in [
        ("", 1, 1, "no JSON"),
        ("{\n  \"principal\": \"x\",", 2, 20, "no JSON"),
        (
            "{\"action\": \"vpc:X\", \"resource\": \"*\",\n \"action\": \"vpc:Y\"}",
            2,
            2,
            "duplicate member \"action\"",
        ),
        (
            "{\"context\": {\"a:b\": \"1\",\n\"a:b\": \"2\"}, \"action\": \"vpc:X\", \"resource\": \"*\"}",
            2,
            1,
            "duplicate member \"a:b\"",
        ),
        (&deep, 1, 69, "nested deeper than 64 levels"),
        (
            "{\"action\": \"vpc:X\", \"resource\": \"*\", \"context\": {\n \"a:b\": null}}",
            2,
            9,
            "null is no value",
        ),
        (
            "{\"action\": \"vpc:X\", \"resorce\": \"*\"}",
            1,
            21,
            "resorce",
        ),
        ("[]", 1, 1, "an array"),
        ("{} {}", 1, 4, "no JSON"),
        (
            "{\"action\": \"vpc:\\ud800\", \"resource\": \"*\"}",
            1,
            12,
            "surrogate",
        ),
    ] {
        let answer = point.post("/v1/check", body);
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        let told = answer.json();
        let has = |place: &Value| {
            place["line"] == line
                && place["column"] == column
                && place["message"].as_str().unwrap().contains(message)
        };
        assert!(
            told["problems"].as_array().unwrap().iter().any(has),
            "{body:.100}: {answer:?}"
        );
        assert!(told["error"].as_str().unwrap().contains(message));
    }
    let mut latin1 = b"{\n \"caf".to_vec();
    latin1.extend(b"\xe9\": 1}");
    let answer = point.post("/v1/check", latin1);
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!("2:6: byte 0xe9 is no UTF-8"))
    );
    assert_eq!(
        point.metric("ramgate_errors_total{kind=\"bad_request\"}"),
        11.0
    );
}

#[test]
pub(crate) fn a_batch_goes_on_past_what_is_wrong() {
    let point = Place::with_snapshot(ALLOW).serve(&["--max-batch", "5"]);
    let body = format!(
        "[{0},\n {{\"principal\": 1}},\n  {{ \"principal\": \"acs:ram::1:user/x\", \"action\": \"vpc:X\", \"resource\": \"*\" }},\n  {{ \"action\": \"a:b\",\n \"resource\": 7 }}, {0}]",
        request()
    );
    let answer = point.post("/v1/check/batch", &body);
    assert_eq!(answer.status, 200);
    let answers = answer.json();
    assert_eq!(answers.as_array().unwrap().len(), 5);
    assert_eq!(answers[0]["decision"], "Allow");
    assert_eq!(answers[4]["decision"], "Allow");
    assert_eq!(answers[1]["index"], 1);
    assert_eq!(answers[1]["problems"][0]["line"], 2);
    assert_eq!(answers[2]["error"], "account \"1\" is not in the snapshot");
    let place = &answers[3]["problems"][0];
    assert_eq!(
        (&place["line"], &place["column"]),
        (&json!(5), &json!(14)),
        "{place}"
    );
    for answer in answers.as_array().unwrap() {
        assert_eq!(answer["revision"], answers[0]["revision"]);
        assert_ne!(
            answer.get("error").is_some(),
            answer.get("decision").is_some()
        );
    }
    assert_eq!(point.post("/v1/check/batch", "[]").json(), json!([]));
    for (body, status) in [("{}", 400), ("[{}", 400), ("", 400), ("[1,1,1,1,1,1]", 413)] {
        assert_eq!(point.post("/v1/check/batch", body).status, status, "{body}");
    }
}

#[test]
pub(crate) fn a_brief_answer_is_the_same_decision() {
    let place = Place::with_snapshot(
        &[
            ALLOW,
            r#"{ "Effect": "Deny", "Action": "vpc:DeleteVpc", "Resource": "*" }"#,
        ]
        .join(","),
    );
    let log = place.path("decisions");
    let point = place.serve(&[]);
    let logging = Place::with_snapshot(ALLOW).serve(&["--decision-log", log.to_str().unwrap()]);
    let asked = ["vpc:DescribeVpcs", "vpc:DeleteVpc", "ecs:StopInstance"];
    let asked =
        asked.map(|action| json!({ "principal": ALICE, "action": action, "resource": "*" }));
    let mut all = Vec::new();
    for request in &asked {
        let full = point.check(request).json();
        let brief = point
            .post("/v1/check?brief=true", request.to_string())
            .json();
        let members = ["decision", "allowed", "stage", "revision"];
        let expected: serde_json::Map<_, _> = members
            .map(|name| (name.to_owned(), full[name].clone()))
            .into_iter()
            .collect();
        assert_eq!(brief, Value::Object(expected));
        all.push(brief);
    }
    let decisions: Vec<_> = all
        .iter()
        .map(|one| one["decision"].as_str().unwrap())
        .collect();
    assert_eq!(decisions, ["Allow", "ExplicitDeny", "ImplicitDeny"]);
    let batch = point.post("/v1/check/batch?brief=true", json!(asked).to_string());
    assert_eq!(batch.json(), Value::Array(all));
    let sample =
        "ramgate_decisions_total{decision=\"ExplicitDeny\",stage=\"identity\",transport=\"check\"}";
    assert_eq!(point.metric(sample), 2.0);
    // The log has the statements all the same.
    assert_eq!(
        logging
            .post("/v1/check?brief=true", request().to_string())
            .decision(),
        "Allow"
    );
    until("a line", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains("\"statement\":0"))
    });
    // Who is not known gets none, and a query that is not understood is no other one.
    let stranger = json!({ "principal": "acs:ram::1234567890123456:user/x", "action": "vpc:X", "resource": "*" });
    assert_eq!(
        point
            .post("/v1/check?brief=true", stranger.to_string())
            .status,
        422
    );
    for query in ["brief", "brief=1", "brief=true&x=1", "Brief=true"] {
        for path in ["/v1/check", "/v1/check/batch"] {
            assert_eq!(
                point
                    .post(&format!("{path}?{query}"), request().to_string())
                    .status,
                400,
                "{query}"
            );
        }
    }
}

#[test]
pub(crate) fn a_batch_that_takes_too_long() {
    let point = Place::with_snapshot(ALLOW).serve(&[
        "--max-batch",
        "1000000",
        "--max-body",
        "100000000",
        "--request-timeout",
        "1s",
    ]);
    // Many times what can be decided within the time.
    let requests = vec![request().to_string(); 500_000];
    let answer = point.post("/v1/check/batch", format!("[{}]", requests.join(",")));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"], "the batch took longer than 1s");
    assert_eq!(point.decision(), "Allow");
}

#[test]
fn the_clock_fills_in_what_the_request_leaves_out() {
    let past = r#"{ "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { "DateGreaterThan": { "acs:CurrentTime": "2020-01-01T00:00:00Z" } } }"#;
    let point = Place::with_snapshot(past).serve(&[]);
    assert_eq!(point.decision(), "ExplicitDeny");
    let mut then = request();
    then["context"] = json!({ "acs:CurrentTime": "2019-01-01T00:00:00Z" });
    assert_eq!(point.check(&then).decision(), "Allow");
}

#[test]
fn health_and_metrics() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    assert_eq!(point.get("/healthz").json(), json!({ "status": "ok" }));
    let ready = point.get("/readyz");
    assert_eq!(ready.status, 200);
    let revision = point.check(&request()).json()["revision"].clone();
    assert_eq!(ready.json()["policies"]["revision"], revision);
    assert_eq!(ready.json()["policies"]["count"], 1);
    assert_eq!(ready.json()["failed_reload"], Value::Null);
    point.post("/v1/check/batch", format!("[{}]", request()));
    let metrics = point.get("/metrics");
    assert!(
        metrics
            .header("content-type")
            .unwrap()
            .starts_with("application/openmetrics-text")
    );
    for line in [
        "ramgate_decisions_total{decision=\"Allow\",stage=\"identity\",transport=\"check\"} 1",
        "ramgate_decisions_total{decision=\"Allow\",stage=\"identity\",transport=\"batch\"} 1",
        "ramgate_decision_duration_seconds_count 2",
        "ramgate_requests_in_flight 0",
        "ramgate_policies 1",
        &format!("ramgate_policies_info{{revision={revision}}} 1"),
        "# EOF",
    ] {
        assert!(
            metrics.text.lines().any(|found| found == line),
            "{line}\n{}",
            metrics.text
        );
    }
}

#[test]
pub(crate) fn paths_methods_and_request_ids() {
    let point = Place::with_snapshot(ALLOW).serve(&[]);
    assert_eq!(point.get("/v1/check").status, 405);
    assert_eq!(point.get("/v1/nothing").status, 404);
    assert_eq!(
        point.post("/", "").json(),
        json!({ "error": "no such endpoint" })
    );
    let id = [
        ("x-request-id", "7f3a"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    for body in [request().to_string(), String::new()] {
        let answer = point.post_with("/v1/check", &id, body);
        assert_eq!(answer.header("x-request-id"), Some("7f3a"));
    }
    let zipped = point.post_with(
        "/v1/check",
        &[("content-encoding", "gzip")],
        request().to_string(),
    );
    assert_eq!(zipped.status, 400);
}
