//! `ramgate preflight` and `ramgate explain-denial`: what a call would come to, what to ask for, and the cloud's denials beside our own.

use serde_json::{Value, json};

use crate::place::{Place, Ran};

const ALICE: &str = "acs:ram::1234567890123456:user/alice";
const BOB: &str = "acs:ram::1234567890123456:user/bob";
const CIRCUIT: &str = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-1";

/// Alice may do everything with circuits in cn-shanghai but delete them, which a control policy denies; bob may do nothing; roles are as
/// users are.
const SNAPSHOT: &str = r#"{
  "ramgate": 1,
  "accounts": {
    "1234567890123456": {
      "folder": "r-1",
      "policies": {
        "net-ops": { "document": { "Version": "1", "Statement": [
          { "Effect": "Allow", "Action": "vpc:*PhysicalConnection", "Resource": "acs:vpc:cn-shanghai:*:physicalconnection/*" }
        ] } },
        "office": { "document": { "Version": "1", "Statement": [
          { "Effect": "Allow", "Action": "vpc:Cancel*", "Resource": "*", "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } }
        ] } }
      },
      "users": { "alice": { "id": "2000000000000001", "policies": ["net-ops"] }, "bob": { "id": "2000000000000002" }, "carol": { "policies": ["office"] } },
      "roles": { "ops": { "policies": ["net-ops"] } }
    }
  },
  "control_policies": {
    "policies": {
      "FullAliyunAccess": { "type": "System", "document": { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] } },
      "guard": { "document": { "Version": "1", "Statement": [
        { "Effect": "Deny", "Action": "vpc:Delete*", "Resource": "*" }
      ] } }
    },
    "attachments": { "r-1": ["FullAliyunAccess", "guard"], "1234567890123456": ["FullAliyunAccess"] }
  }
}"#;

const CIRCUITS: &str = r#"{ "PageNumber": 1, "PageSize": 10, "TotalCount": 2, "PhysicalConnectionSet": { "PhysicalConnectionType": [
  { "PhysicalConnectionId": "pc-1", "Status": "Confirmed", "BusinessStatus": "FinancialLocked", "ResourceGroupId": "rg-1", "Tags": { "tags": [] } },
  { "PhysicalConnectionId": "pc-2", "Status": "Enabled" } ] } }"#;

fn place() -> Place {
    Place::with([("snapshot.json", SNAPSHOT), ("circuits.json", CIRCUITS)])
}

/// Asks for an operation on a circuit of cn-shanghai.
fn fly(place: &Place, who: &str, operations: &[&str], circuit: &str, more: &[&str]) -> Ran {
    let circuit = format!("PhysicalConnectionId={circuit}");
    let asked = [
        "--account",
        "snapshot.json",
        "--principal",
        who,
        "--param",
        "RegionId=cn-shanghai",
        "--param",
        &circuit,
    ];
    place.run(&[&["preflight"], operations, &asked, more].concat())
}

fn cancel(place: &Place, who: &str, circuit: &str, more: &[&str]) -> Ran {
    fly(place, who, &["vpc:CancelPhysicalConnection"], circuit, more)
}

#[test]
fn the_outcomes_and_their_exit_status() {
    let place = place();
    let known: &[&str] = &["--resources", "circuits.json"];
    for (who, circuit, more, status, first_line) in [
        (ALICE, "pc-1", known, 0, "Succeeds"),
        (BOB, "pc-1", known, 1, "NoPermission (403 NoPermission)"),
        (
            ALICE,
            "pc-2",
            known,
            1,
            "NotAllowedInState (400 Forbidden.NotAllowedInState)",
        ),
        (
            ALICE,
            "pc-3",
            known,
            1,
            "NotFound (404 InvalidPhysicalConnectionId.NotFound)",
        ),
        (
            ALICE,
            "",
            known,
            1,
            "InvalidParameter (400 MissingPhysicalConnectionId)",
        ),
        (ALICE, "pc-1", &[], 2, "Unknown"),
        (ALICE, "pc-1", &["--state", "Confirmed"], 0, "Succeeds"),
        (
            ALICE,
            "pc-3",
            &["--resources", "cn-beijing=circuits.json"],
            2,
            "Unknown",
        ),
    ] {
        let ran = cancel(&place, who, circuit, more);
        assert_eq!(ran.status, status, "{ran:?}");
        let expected = format!("vpc:CancelPhysicalConnection: {first_line}");
        assert_eq!(ran.first_line(), expected, "{ran:?}");
    }
    let ran = cancel(&place, ALICE, "pc-1", known);
    assert!(
        ran.stdout
            .contains("the resource is Confirmed and becomes Canceled"),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains("its BusinessStatus is"),
        "what may matter is told: {ran:?}"
    );
}

#[test]
fn json_has_the_shape_of_the_contract() {
    let place = place();
    let json = ["--format", "json", "--state", "Confirmed"];
    let works = cancel(&place, ALICE, "pc-1", &json).json();
    assert_eq!(works["operation"], "vpc:CancelPhysicalConnection");
    assert_eq!(works["outcome"], "Succeeds");
    assert_eq!(works["http_status"], 200);
    assert_eq!(
        (&works["code"], &works["message"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(works["state_after"], "Canceled");
    assert_eq!(works["decision"]["decision"], "Allow");
    assert_eq!(works["decision"]["request"]["resource"], CIRCUIT);
    assert_eq!(works["suggestion"], json!(null));

    let ran = cancel(&place, BOB, "pc-1", &json);
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
    let denied = ran.json();
    assert_eq!(denied["outcome"], "NoPermission");
    assert_eq!(
        (&denied["http_status"], &denied["code"]),
        (&json!(403), &json!("NoPermission"))
    );
    assert_eq!(denied["state_after"], json!(null));
    let suggestion = &denied["suggestion"];
    assert_eq!(
        suggestion,
        &json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": CIRCUIT }] })
    );
    // It passes the linter, and with it the call is allowed.
    place.write("ask.json", suggestion.to_string());
    let lint = place.run(&["lint", "ask.json"]);
    assert_eq!(lint.status, 0, "{lint:?}");
    let ran = place.run(&[
        "preflight",
        "vpc:CancelPhysicalConnection",
        "--policy",
        "ask.json",
        "--principal",
        BOB,
        "--param",
        "RegionId=cn-shanghai",
        "--param",
        "PhysicalConnectionId=pc-1",
        "--state",
        "Confirmed",
    ]);
    assert_eq!(ran.status, 0, "{ran:?}");
}

#[test]
fn a_deny_in_the_way_is_named_with_its_place() {
    let place = place();
    let delete = ["vpc:DeletePhysicalConnection"];
    let ran = fly(&place, BOB, &delete, "pc-1", &["--state", "Canceled"]);
    assert_eq!(ran.status, 1);
    let line = SNAPSHOT
        .lines()
        .position(|line| line.contains(r#""Effect": "Deny""#))
        .unwrap();
    let at = format!(
        "in the way: statement 0 of guard (control) denies vpc:DeletePhysicalConnection on {CIRCUIT}"
    );
    assert!(ran.stdout.contains(&at), "{ran:?}");
    assert!(
        ran.stdout
            .contains(&format!("(at snapshot.json:{}:9)", line + 1)),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("besides that, this policy is needed:"));
    let json = fly(
        &place,
        BOB,
        &delete,
        "pc-1",
        &["--state", "Canceled", "--format", "json"],
    )
    .json();
    assert_eq!(json["suggestion"], json!(null));
    assert_eq!(json["obstacles"][0]["stage"], "control");
    assert_eq!(json["obstacles"][0]["policy"], "guard");
}

#[test]
fn the_conditions_of_a_near_miss_are_turned_to_this_call() {
    let place = place();
    let carol = "acs:ram::1234567890123456:user/carol";
    let ran = cancel(&place, carol, "pc-1", &["--state", "Confirmed"]);
    assert_eq!(
        (ran.status, ran.first_line()),
        (2, "vpc:CancelPhysicalConnection: Unknown")
    );
    assert!(
        ran.stdout
            .contains("it hangs on acs:SourceIp, which nobody said"),
        "{ran:?}"
    );
    let there = ["--state", "Confirmed", "--format", "json", "--context"];
    let from = |address: &str| {
        let given = format!("acs:SourceIp={address}");
        cancel(&place, carol, "pc-1", &[&there[..], &[&given]].concat())
    };
    assert_eq!(from("203.0.113.5").status, 0);
    let denied = from("198.51.100.5").json();
    assert_eq!(
        denied["suggestion"]["Statement"][0]["Condition"],
        json!({ "IpAddress": { "acs:SourceIp": "198.51.100.5" } })
    );
}

#[test]
fn several_operations_follow_each_other() {
    let place = place();
    let both = [
        "vpc:ConfirmPhysicalConnection",
        "vpc:CancelPhysicalConnection",
    ];
    let policy =
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc:*","Resource":"*"}]}"#;
    place.write("p.json", policy);
    let asked = [
        "--policy",
        "p.json",
        "--principal",
        ALICE,
        "--param",
        "RegionId=cn-shanghai",
        "--param",
        "PhysicalConnectionId=pc-1",
        "--param",
        "Colour=blue",
        "--state",
        "Allocated",
        "--format",
        "json",
    ];
    let outcomes = |operations: &[&str]| {
        let ran = place.run(&[&["preflight"], operations, &asked].concat());
        let lines: Vec<Value> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let outcomes: Vec<_> = lines
            .iter()
            .map(|line| line["outcome"].as_str().unwrap().to_owned())
            .collect();
        (ran.status, outcomes, ran.stderr)
    };
    let (status, found, errors) = outcomes(&both);
    assert_eq!(
        (status, found),
        (0, vec!["Succeeds".to_owned(), "Succeeds".to_owned()])
    );
    assert!(
        errors.contains("none of the operations has a parameter Colour"),
        "{errors}"
    );
    let turned = [
        "vpc:CancelPhysicalConnection",
        "vpc:ConfirmPhysicalConnection",
    ];
    let (status, found, _) = outcomes(&turned);
    assert_eq!(
        (status, found),
        (
            1,
            vec!["Succeeds".to_owned(), "NotAllowedInState".to_owned()]
        )
    );
}

#[test]
fn a_plan_goes_on_after_a_bad_line() {
    let place = place();
    place.write(
        "plan.jsonl",
        r#"{"operation":"vpc:CancelPhysicalConnection","params":{"PhysicalConnectionId":"pc-1"}}

{"operation":"vpc:CancelPhysicalConnection","parms":{}}
{"operation":"vpc:CancelPhysicalConnection","params":{"PhysicalConnectionId":"pc-1"},"principal":"acs:ram::1234567890123456:user/nobody"}
{"operation":"vpc:CancelPhysicalConnection","params":{"PhysicalConnectionId":"pc-1"}}
"#,
    );
    let arguments = [
        "preflight",
        "--plan",
        "plan.jsonl",
        "--account",
        "snapshot.json",
        "--principal",
        ALICE,
        "--param",
        "RegionId=cn-shanghai",
        "--resources",
        "circuits.json",
    ];
    let ran = place.run(&[&arguments[..], &["--format", "json"]].concat());
    assert_eq!(ran.status, 2, "{ran:?}");
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["outcome"], "Succeeds");
    assert_eq!(lines[1]["line"], 3);
    let error = lines[1]["error"].as_str().unwrap();
    assert!(
        error.starts_with("plan.jsonl:3:") && error.contains("did you mean params?"),
        "{error}"
    );
    assert_eq!(lines[2]["line"], 4);
    assert!(
        lines[2]["error"]
            .as_str()
            .unwrap()
            .contains("is not in the snapshot")
    );
    assert_eq!(
        lines[3]["outcome"], "NotAllowedInState",
        "the first line cancelled it"
    );
    let text = place.run(&arguments);
    assert_eq!(text.status, 2);
    assert!(text.stdout.contains("\nerror: plan.jsonl:3:"), "{text:?}");
}

#[test]
fn what_cannot_be_asked() {
    let place = place();
    let state = cancel(&place, ALICE, "pc-1", &["--state", "Confirmd"]);
    assert_eq!((state.status, state.stdout.as_str()), (2, ""));
    assert!(
        state
            .stderr
            .contains("Confirmd is no state of a PhysicalConnection"),
        "{state:?}"
    );
    let nobody = place.run(&[
        "preflight",
        "vpc:CancelPhysicalConnection",
        "--policy",
        "snapshot.json",
    ]);
    assert_eq!(nobody.status, 2);
    let unnamed = place.run(&[
        "preflight",
        "vpc:CancelPhysicalConnection",
        "--account",
        "snapshot.json",
    ]);
    assert_eq!(unnamed.status, 2);
    assert!(
        unnamed.stderr.contains("nobody says whose call it is"),
        "{unnamed:?}"
    );
    let both = cancel(
        &place,
        ALICE,
        "pc-1",
        &[
            "--context",
            "acs:SourceIp=1.2.3.4",
            "--absent",
            "acs:sourceip",
        ],
    );
    assert_eq!(both.status, 2);
    let list = cancel(&place, ALICE, "pc-1", &["--resources", "snapshot.json"]);
    assert_eq!(list.status, 2);
    assert!(
        list.stderr.contains("snapshot.json:1:1") && list.stderr.contains("no list of resources"),
        "{list:?}"
    );
    let unlisted = place.run(&[
        "preflight",
        "vpc:CancelPhysicalConection",
        "--account",
        "snapshot.json",
        "--principal",
        ALICE,
    ]);
    assert_eq!(unlisted.status, 2);
    assert!(
        unlisted
            .stdout
            .contains("did you mean vpc:CancelPhysicalConnection?"),
        "{unlisted:?}"
    );
}

#[test]
fn operations_of_ones_own() {
    let place = place();
    place.write(
        "own.tsv",
        "service\tvpc\naction\tPaintPhysicalConnection\tupdate\t*PhysicalConnection\tnone\tnone\t=\n\
         operation\tPaintPhysicalConnection\tcomplete\tPhysicalConnection\tEnabled\t\t=\n\
         parameter\tPaintPhysicalConnection\tRegionId\tString\trequired\tregion\n\
         parameter\tPaintPhysicalConnection\tPhysicalConnectionId\tString\trequired\tPhysicalConnection\n\
         error\tPaintPhysicalConnection\tstate\tWetPaint\t409\tThe paint is wet.\n",
    );
    let paint = ["vpc:PaintPhysicalConnection"];
    let more = ["--catalog", "own.tsv", "--format", "json", "--state"];
    let of = |state: &str| {
        fly(
            &place,
            ALICE,
            &paint,
            "pc-1",
            &[&more[..], &[state]].concat(),
        )
        .json()
    };
    assert_eq!(of("Enabled")["state_after"], "Enabled");
    let wet = of("Confirmed");
    assert_eq!(
        (&wet["http_status"], &wet["code"]),
        (&json!(409), &json!("WetPaint"))
    );
    let unknown = fly(&place, ALICE, &paint, "pc-1", &["--state", "Enabled"]);
    assert_eq!(unknown.status, 2, "without the file nothing is known of it");
    let shown = place.run(&[
        "catalog",
        "vpc:PaintPhysicalConnection",
        "--catalog",
        "own.tsv",
    ]);
    assert!(
        shown
            .stdout
            .contains("    possible while the PhysicalConnection is Enabled\n"),
        "{shown:?}"
    );
}

#[test]
fn the_catalogue_shows_what_is_known_of_a_call() {
    let place = Place::with([]);
    let ran = place.run(&["catalog", "vpc:CancelPhysicalConnection"]);
    for line in [
        "  call vpc:CancelPhysicalConnection",
        "    parameter RegionId: String, required, a region",
        "    parameter PhysicalConnectionId: String, required, a PhysicalConnection",
        "    parameter ClientToken: String, optional, ASCII, at most 64 characters, unique among requests",
        "    possible while the PhysicalConnection is Initial, Approved, Allocated, Confirmed",
        "    leads to Canceled",
        "    error 400 Forbidden.NotAllowedInState (state): The request does not allow in this state.",
        "    error 404 InvalidRegionId.NotFound (region): The RegionId provided does not exist in our records.",
    ] {
        assert!(
            ran.stdout.lines().any(|found| found == line),
            "{line}\n{}",
            ran.stdout
        );
    }
    let json = place
        .run(&[
            "catalog",
            "vpc:CancelPhysicalConnection",
            "--format",
            "json",
        ])
        .json();
    let call = &json["calls"][0];
    assert_eq!(
        call["allowed_in"],
        json!(["Initial", "Approved", "Allocated", "Confirmed"])
    );
    assert_eq!(call["state_after"], "Canceled");
    assert_eq!(
        call["parameters"][2]["constraints"],
        json!(["ASCII", "at most 64 characters"])
    );
    let other = place.run(&["catalog", "vpc:DescribeVpcs"]);
    assert!(
        other
            .stdout
            .contains("parameters, states and errors of the call: unknown")
    );
}

// Denials -----------------------------------------------------------------------------------------

/// What clients print for a denial of bob, in the shapes that they have.
fn printed() -> Vec<(&'static str, String)> {
    let detail = json!({
        "AuthAction": "vpc:CancelPhysicalConnection",
        "AuthPrincipalType": "SubUser",
        "AuthPrincipalOwnerId": "1234567890123456",
        "AuthPrincipalDisplayName": "2000000000000002",
        "NoPermissionType": "ImplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
        "EncodedDiagnosticMessage": "AQIBIAAAAA"
    });
    let message = format!(
        "You are not authorized to do this action. Resource: {CIRCUIT} Action: vpc:CancelPhysicalConnection"
    );
    let body = json!({ "RequestId": "R", "HostId": "vpc.aliyuncs.com", "Code": "NoPermission", "Message": message, "Recommend": "https://…", "AccessDeniedDetail": detail });
    let xml: String = detail
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| format!("  <{name}>{}</{name}>\n", value.as_str().unwrap()))
        .collect();
    let xml = format!(
        "<?xml version='1.0'?>\n<Error>\n <Code>NoPermission</Code>\n <Message>{message}</Message>\n <AccessDeniedDetail>\n{xml} </AccessDeniedDetail>\n</Error>\n"
    );
    vec![
        ("body", body.to_string()),
        ("body, spread out", serde_json::to_string_pretty(&body).unwrap()),
        ("command line", format!("ERROR: SDK.ServerError\nErrorCode: NoPermission\nRecommend: \nRequestId: R\nMessage: {message}\nRespHeaders: map[Content-Type:[application/json]]\nAccessDeniedDetail: {detail}\n")),
        ("SDK", format!("Traceback {{most recent}}:\nError: NoPermission code: 403, {message} request id: R\nData: {}\n", json!({ "statusCode": 403, "Code": "NoPermission", "AccessDeniedDetail": detail }))),
        ("SDK with a body", format!("{message} {}", json!({ "statusCode": 403, "body": body }))),
        ("detail alone", format!("{message} {detail}")),
        ("detail as a string", json!({ "Code": "NoPermission", "Message": message, "AccessDeniedDetail": detail.to_string() }).to_string()),
        ("XML", xml),
    ]
}

#[test]
fn denials_in_every_shape_that_clients_print() {
    let place = place();
    for (shape, text) in printed() {
        let ran = place.run_on(
            &text,
            &[
                "explain-denial",
                "-",
                "--account",
                "snapshot.json",
                "--format",
                "json",
            ],
        );
        assert_eq!(ran.status, 0, "{shape}: {ran:?}");
        let replay = ran.json();
        assert_eq!(replay["agrees"], true, "{shape}");
        assert_eq!(replay["decision"]["decision"], "ImplicitDeny");
        assert_eq!(replay["decision"]["request"]["principal"], BOB, "{shape}");
        assert_eq!(replay["decision"]["resource"], CIRCUIT, "{shape}");
        assert_eq!(
            replay["suggestion"]["Statement"][0]["Action"],
            "vpc:CancelPhysicalConnection"
        );
    }
}

fn decoded(
    name: &str,
    explicit: bool,
    policy_type: &str,
    conditions: Value,
    matched: Value,
) -> String {
    json!({
        "RequestId": "R",
        "DecodedDiagnosticMessage": {
            "AuthAction": "vpc:CancelPhysicalConnection",
            "AuthResource": CIRCUIT,
            "AuthPrincipal": { "AuthPrincipalType": "SubUser", "AuthPrincipalOwnerId": "1234567890123456", "AuthPrincipalDisplayName": name },
            "AuthConditions": conditions,
            "ExplicitDeny": explicit,
            "NoPermissionPolicyType": policy_type,
            "MatchedPolicies": matched
        }
    })
    .to_string()
}

#[test]
fn a_decoded_message_is_replayed_with_its_context_and_kept_as_a_case() {
    let place = place();
    let conditions =
        json!([{ "ConditionKey": "acs:SourceIp", "ConditionValues": ["198.51.100.9"] }]);
    let identity = "AccountLevelIdentityBasedPolicy";
    place.write(
        "decoded.json",
        decoded("carol", false, identity, conditions, json!([])),
    );
    place.write("cases/other.json", "{}");
    let explain = [
        "explain-denial",
        "decoded.json",
        "--account",
        "snapshot.json",
        "--save-case",
        "cases/denied.json",
    ];
    let ran = place.run(&explain);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(ran.first_line(), "ImplicitDeny, here as in the cloud");
    assert!(
        ran.stdout.contains(
            "fails: condition: IpAddress acs:SourceIp: 198.51.100.9 is in none of 203.0.113.0/24"
        ),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains(r#""acs:SourceIp": "198.51.100.9""#),
        "the patch asks for this address: {ran:?}"
    );
    let case: Value = serde_json::from_str(&place.read("cases/denied.json")).unwrap();
    assert_eq!(case["account"], "../snapshot.json");
    assert_eq!(
        case["expect"],
        json!({ "decision": "ImplicitDeny", "stage": "identity" })
    );
    let test = place.run(&["test", "cases/denied.json"]);
    assert_eq!(
        (test.status, test.first_line()),
        (0, "1 passed, 0 failed"),
        "{test:?}"
    );
    // A file that is there stays as it is.
    let before = place.read("cases/denied.json");
    let again = place.run(&explain);
    assert_eq!(again.status, 2);
    assert!(
        again
            .stderr
            .contains("cases/denied.json: cannot be written: there is such a file"),
        "{again:?}"
    );
    assert_eq!(place.read("cases/denied.json"), before);
    let nowhere = place.run(&[
        "explain-denial",
        "decoded.json",
        "--account",
        "snapshot.json",
        "--save-case",
        "none/denied.json",
    ]);
    assert_eq!(nowhere.status, 2);
}

#[test]
fn where_the_answers_differ_it_is_said_plainly() {
    let place = place();
    let explain = |name: &str, text: String| {
        place.write(name, text);
        place.run(&["explain-denial", name, "--account", "snapshot.json"])
    };
    // Here alice may.
    let identity = "AccountLevelIdentityBasedPolicy";
    let ran = explain(
        "a.json",
        decoded("2000000000000001", false, identity, json!([]), json!([])),
    );
    assert_eq!(
        (ran.status, ran.first_line()),
        (1, "ImplicitDeny in the cloud, Allow here")
    );
    assert!(
        ran.stdout
            .contains("perhaps because: the snapshot may not be of the time of the denial"),
        "{ran:?}"
    );
    // A policy that the snapshot does not have.
    let matched =
        json!([{ "PolicyIdentifier": "no-net", "PolicyType": "Custom", "Effect": "Deny" }]);
    let ran = explain(
        "b.json",
        decoded("2000000000000002", true, identity, json!([]), matched),
    );
    assert_eq!(
        (ran.status, ran.first_line()),
        (1, "ExplicitDeny in the cloud, ImplicitDeny here")
    );
    // Another stage.
    let ran = explain(
        "c.json",
        decoded(
            "2000000000000002",
            false,
            "ControlPolicy",
            json!([]),
            json!([]),
        ),
    );
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains(
            "differs in the stage: the cloud says control (ControlPolicy); here: identity"
        ),
        "{ran:?}"
    );
    // D5: which scope is named where both lack an Allow is not documented.
    let ran = explain(
        "d.json",
        decoded(
            "2000000000000002",
            false,
            "ResourceGroupLevelIdentityBasedPolicy",
            json!([]),
            json!([]),
        ),
    );
    assert_eq!(ran.status, 0, "{ran:?}");
    // Without the context: which key the answer hangs on.
    let detail = json!({ "AccessDeniedDetail": { "AuthAction": "vpc:CancelPhysicalConnection", "AuthPrincipalType": "SubUser", "AuthPrincipalOwnerId": "1234567890123456",
        "AuthPrincipalDisplayName": "carol", "NoPermissionType": "ExplicitDeny", "PolicyType": "AccountLevelIdentityBasedPolicy", "AuthResource": CIRCUIT } });
    let ran = explain("e.json", detail.to_string());
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout
            .contains("perhaps because: acs:SourceIp is not in the message"),
        "{ran:?}"
    );
}

#[test]
fn a_denial_that_names_its_statement() {
    let place = place();
    let text = decoded(
        "2000000000000001",
        true,
        "ControlPolicy",
        json!([]),
        json!([{ "PolicyIdentifier": "guard", "Effect": "Deny" }]),
    );
    place.write("d.json", text.replace("vpc:Cancel", "vpc:Delete"));
    let ran = place.run(&["explain-denial", "d.json", "--account", "snapshot.json"]);
    assert_eq!(
        (ran.status, ran.first_line()),
        (0, "ExplicitDeny, here as in the cloud"),
        "{ran:?}"
    );
    assert!(
        ran.stdout
            .contains("in the way: statement 0 of guard (control) denies"),
        "{ran:?}"
    );
}

#[test]
fn denials_that_cannot_be_replayed() {
    let place = place();
    let explain = |text: &str, more: &[&str]| {
        place.run_on(
            text,
            &[&["explain-denial", "-", "--account", "snapshot.json"], more].concat(),
        )
    };
    for (text, message) in [
        ("", "no denial in it"),
        ("{ }", "no denial in it"),
        ("nonsense { \"a\": 1 } { { {", "no denial in it"),
        (
            r#"{"EncodedDiagnosticMessage":"AQ"}"#,
            "DecodeDiagnosticMessage",
        ),
        (
            r#"{"AccessDeniedDetail":{"AuthAction":"vpc:X"}}"#,
            "who called cannot be told",
        ),
        (
            r#"{"AccessDeniedDetail":{"AuthAction":"vpc:X","AuthPrincipalType":"SubUser","AuthPrincipalOwnerId":"1234567890123456","AuthPrincipalDisplayName":"99"}}"#,
            "has the id 99",
        ),
        (
            r#"{"AccessDeniedDetail":{"AuthAction":"vpc:X","AuthPrincipalType":"SubUser","AuthPrincipalOwnerId":"1234567890123456","AuthPrincipalDisplayName":"bob"}}"#,
            "--resource says it",
        ),
    ] {
        let ran = explain(text, &[]);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (2, ""),
            "{text}\n{ran:?}"
        );
        assert!(ran.stderr.contains(message), "{text}\n{ran:?}");
    }
    let session = r#"{"AccessDeniedDetail":{"AuthAction":"vpc:EnableVpc","AuthPrincipalType":"AssumedRoleUser","AuthPrincipalOwnerId":"1234567890123456","AuthPrincipalDisplayName":"ops:deploy"}}"#;
    let ran = explain(session, &["--resource", CIRCUIT]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stdout
            .contains("acs:ram::1234567890123456:assumed-role/ops/deploy asked for"),
        "{ran:?}"
    );
}
