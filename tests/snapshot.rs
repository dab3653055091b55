//! Snapshots: whose policies apply, over which levels, and what is wrong in one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use ramgate::{Decision, Explanation, Organization, PolicySet, Principal, Request, Source, Stage};
use serde_json::{Value, json};

const U: &str = "1111222233334444";
const V: &str = "5555666677778888";

fn no_file(name: &str, _: &Source) -> Result<Source, String> {
    Err(format!("cannot open {name}"))
}

fn read(snapshot: &Value) -> Organization {
    let source = Source::new("snapshot.json", snapshot.to_string());
    Organization::read(&[source], false, &mut no_file).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(texts: &[&str]) -> String {
    let sources: Vec<Source> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| Source::new(format!("{n}.json"), *text))
        .collect();
    Organization::read(&sources, false, &mut no_file)
        .unwrap_err()
        .to_string()
}

fn statement(effect: &str, action: &str) -> Value {
    json!({ "Effect": effect, "Action": action, "Resource": "*" })
}

fn document(statements: &[Value]) -> Value {
    json!({ "type": "Custom", "document": { "Version": "1", "Statement": statements } })
}

fn ask(known: &Organization, principal: &str, action: &str, resource: &str) -> Explanation {
    let request = Request::new(Principal::parse(principal).unwrap(), action, resource).unwrap();
    let explanation = known
        .explain(&request, None)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(known.decide(&request, None).unwrap(), explanation.decision);
    assert_eq!(
        known.evaluate(&request, None).unwrap().stage,
        explanation.stage
    );
    explanation
}

fn decides(
    known: &Organization,
    principal: &str,
    action: &str,
    resource: &str,
    expected: (Decision, Stage),
) {
    let answer = ask(known, principal, action, resource);
    assert_eq!(
        (answer.decision, answer.stage),
        expected,
        "{principal} {action} {resource}\n{answer:#?}"
    );
}

fn user(account: &str, name: &str) -> String {
    format!("acs:ram::{account}:user/{name}")
}

fn role(account: &str, name: &str) -> String {
    format!("acs:ram::{account}:assumed-role/{name}/session")
}

/// An organisation of two members and a management account, with a control policy that denies deletes in one folder.
fn organisation() -> Value {
    let admin = json!({ "all": document(&[statement("Allow", "*")]) });
    json!({
        "ramgate": 1,
        "accounts": {
            U: {
                "folder": "r-1/fd-a",
                "policies": admin,
                "users": { "alice": { "id": "20001", "policies": ["all"] } },
                "roles": {
                    "Admin": { "policies": ["all"], "trust": { "Version": "1", "Statement": [
                        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "RAM": [format!("acs:ram::{V}:root")] } } ] } },
                    "linked": { "service_linked": true, "policies": ["all"] }
                }
            },
            V: { "folder": "r-1", "policies": admin, "users": { "bob": { "policies": ["all"] } } },
            "9999": { "folder": "r-1/fd-a", "management": true, "policies": admin, "users": { "carol": { "policies": ["all"] } } },
            "7777": { "policies": admin, "users": { "dan": { "policies": ["all"] } } }
        },
        "control_policies": {
            "policies": {
                "full": document(&[statement("Allow", "*")]),
                "no-delete": document(&[statement("Deny", "ecs:Delete*")]),
            },
            "attachments": {
                "r-1": ["full"], "r-1/fd-a": ["full", "no-delete"], U: ["full"], V: ["full"]
            }
        }
    })
}

const INSTANCE: &str = "acs:ecs:cn-hangzhou:1111222233334444:instance/i-1";

#[test]
fn x1_every_level_from_the_account_to_the_root() {
    let known = read(&organisation());
    let delete = "ecs:DeleteInstance";
    decides(
        &known,
        &user(U, "alice"),
        "ecs:StopInstance",
        INSTANCE,
        (Decision::Allow, Stage::Identity),
    );
    decides(
        &known,
        &user(U, "alice"),
        delete,
        INSTANCE,
        (Decision::ExplicitDeny, Stage::Control),
    );
    // X10: directly under the root, where no folder denies.
    let own = format!("acs:ecs:cn-hangzhou:{V}:instance/i-1");
    decides(
        &known,
        &user(V, "bob"),
        delete,
        &own,
        (Decision::Allow, Stage::Identity),
    );
}

#[test]
fn x2_a_level_without_policies_allows_nothing() {
    let mut snapshot = organisation();
    snapshot["control_policies"]["attachments"]
        .as_object_mut()
        .unwrap()
        .remove(V);
    let own = format!("acs:ecs:cn-hangzhou:{V}:instance/i-1");
    decides(
        &read(&snapshot),
        &user(V, "bob"),
        "ecs:StopInstance",
        &own,
        (Decision::ImplicitDeny, Stage::Control),
    );
}

#[test]
fn x4_who_is_not_bound() {
    let known = read(&organisation());
    let delete = "ecs:DeleteInstance";
    decides(
        &known,
        &format!("acs:ram::{U}:root"),
        delete,
        INSTANCE,
        (Decision::Allow, Stage::Identity),
    );
    decides(
        &known,
        &user("9999", "carol"),
        delete,
        "acs:ecs:cn-hangzhou:9999:instance/i-1",
        (Decision::Allow, Stage::Identity),
    );
    // Outside the organisation.
    decides(
        &known,
        &user("7777", "dan"),
        delete,
        "acs:ecs:cn-hangzhou:7777:instance/i-1",
        (Decision::Allow, Stage::Identity),
    );
    decides(
        &known,
        &role(U, "admin"),
        delete,
        INSTANCE,
        (Decision::ExplicitDeny, Stage::Control),
    );
}

#[test]
fn e21_service_linked_roles_are_not_bound() {
    let known = read(&organisation());
    decides(
        &known,
        &role(U, "linked"),
        "ecs:DeleteInstance",
        INSTANCE,
        (Decision::Allow, Stage::Identity),
    );
}

#[test]
fn x5_policies_of_scope_all_bind_the_account_itself() {
    let mut snapshot = organisation();
    snapshot["control_policies"]["policies"]["no-delete"]["effect_scope"] = json!("All");
    let known = read(&snapshot);
    let root = format!("acs:ram::{U}:root");
    decides(
        &known,
        &root,
        "ecs:DeleteInstance",
        INSTANCE,
        (Decision::ExplicitDeny, Stage::Control),
    );
    decides(
        &known,
        &root,
        "ecs:StopInstance",
        INSTANCE,
        (Decision::Allow, Stage::Identity),
    );
    snapshot["control_policies"]["attachments"]["r-1/fd-a"] = json!(["no-delete"]);
    let known = read(&snapshot);
    decides(
        &known,
        &root,
        "ecs:StopInstance",
        INSTANCE,
        (Decision::ImplicitDeny, Stage::Control),
    );
}

#[test]
fn e4_the_callers_levels_count_too_under_doubt() {
    let mut snapshot = organisation();
    let bucket = format!("acs:oss:*:{V}:reports");
    snapshot["accounts"][V]["resource_policies"] = json!([{ "resource": bucket, "document": { "Version": "1", "Statement": [
        { "Effect": "Allow", "Action": "oss:*", "Resource": "*", "Principal": ["20001"] } ] } }]);
    let object = format!("acs:oss:oss-cn-shanghai:{V}:reports/2026/a.csv");
    decides(
        &read(&snapshot),
        &user(U, "alice"),
        "oss:GetObject",
        &object,
        (Decision::Allow, Stage::Resource),
    );
    snapshot["control_policies"]["policies"]["no-delete"] = document(&[statement("Deny", "oss:*")]);
    let answer = ask(
        &read(&snapshot),
        &user(U, "alice"),
        "oss:GetObject",
        &object,
    );
    assert_eq!(
        (answer.decision, answer.stage),
        (Decision::ExplicitDeny, Stage::Control)
    );
    assert!(
        answer.doubts.iter().any(|doubt| doubt.rule.id() == "E4"),
        "{:?}",
        answer.doubts
    );
}

#[test]
fn a_policy_on_a_resource_covers_what_is_below_it_and_nothing_beside_it() {
    let mut snapshot = organisation();
    snapshot["accounts"][V]["resource_policies"] = json!([{ "resource": format!("acs:oss:*:{V}:reports"), "document": {
        "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "oss:*", "Resource": "*", "Principal": ["*"] }] } }]);
    let known = read(&snapshot);
    for (relative, decision) in [
        ("reports", Decision::Allow),
        ("reports/a", Decision::Allow),
        ("reports-2", Decision::ImplicitDeny),
        ("other/reports", Decision::ImplicitDeny),
    ] {
        let resource = format!("acs:oss:*:{V}:{relative}");
        assert_eq!(
            ask(&known, &user(U, "alice"), "oss:GetObject", &resource).decision,
            decision,
            "{relative}"
        );
    }
}

#[test]
fn g18_a_role_is_found_in_any_case_and_trusted_by_its_own_policy() {
    let known = read(&organisation());
    let arn = format!("acs:ram::{U}:role/admin");
    decides(
        &known,
        &user(V, "bob"),
        "sts:AssumeRole",
        &arn,
        (Decision::Allow, Stage::Trust),
    );
    decides(
        &known,
        &user(U, "alice"),
        "sts:AssumeRole",
        &arn,
        (Decision::ImplicitDeny, Stage::Trust),
    );
    let answer = ask(
        &known,
        &user(V, "bob"),
        "sts:AssumeRole",
        &format!("acs:ram::{U}:role/nobody"),
    );
    assert_eq!(answer.decision, Decision::ImplicitDeny);
    assert!(
        answer.notes.iter().any(|note| note.contains("E10")),
        "{:?}",
        answer.notes
    );
}

#[test]
fn t17_t18_groups_and_resource_groups() {
    let snapshot = json!({ "ramgate": 1, "accounts": { U: {
        "policies": { "stop": document(&[statement("Allow", "ecs:StopInstance")]), "start": document(&[statement("Allow", "ecs:StartInstance")]) },
        "groups": { "ops": { "policies": ["stop"], "resource_groups": { "rg-1": ["start"] } } },
        "users": { "alice": { "groups": ["ops"] } }
    } } });
    let known = read(&snapshot);
    decides(
        &known,
        &user(U, "alice"),
        "ecs:StopInstance",
        INSTANCE,
        (Decision::Allow, Stage::Identity),
    );
    let start = |group: Option<&str>| {
        let alice = user(U, "alice");
        let request = Request::new(
            Principal::parse(&alice).unwrap(),
            "ecs:StartInstance",
            INSTANCE,
        )
        .unwrap();
        let request = match group {
            Some(group) => request.in_resource_group(group),
            None => request,
        };
        known.evaluate(&request, None).unwrap()
    };
    assert_eq!(start(Some("rg-1")).stage, Stage::ResourceGroup);
    assert_eq!(start(Some("rg-2")).decision, Decision::ImplicitDeny);
    let unsaid = start(None);
    assert_eq!(unsaid.decision, Decision::ImplicitDeny);
    assert_eq!(
        unsaid
            .doubts
            .iter()
            .map(|rule| rule.id())
            .collect::<Vec<_>>(),
        ["T19"]
    );
}

#[test]
fn a_session_policy_comes_with_the_question() {
    let known = read(&organisation());
    let source = Source::new(
        "s",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":"*"}]}"#,
    );
    let document =
        ramgate::Document::parse_as(&source, ramgate::Reading::new(ramgate::PolicyKind::Session))
            .unwrap();
    let session: PolicySet = [std::sync::Arc::new(ramgate::Policy::new(
        "session", &document,
    ))]
    .into_iter()
    .collect();
    let admin = role(U, "admin");
    let request = Request::new(
        Principal::parse(&admin).unwrap(),
        "ecs:StopInstance",
        INSTANCE,
    )
    .unwrap();
    assert_eq!(
        known.decide(&request, Some(&session)).unwrap(),
        Decision::ImplicitDeny
    );
    assert_eq!(known.decide(&request, None).unwrap(), Decision::Allow);
}

#[test]
fn nobody_unknown_gets_an_answer() {
    let known = read(&organisation());
    for principal in [
        user(U, "mallory"),
        role(U, "mallory"),
        user("4444", "alice"),
    ] {
        let request = Request::new(
            Principal::parse(&principal).unwrap(),
            "ecs:StopInstance",
            INSTANCE,
        )
        .unwrap();
        let error = known.decide(&request, None).unwrap_err().to_string();
        assert!(error.contains("not in the snapshot"), "{error}");
    }
}

#[test]
fn documents_may_be_strings_and_their_problems_point_into_them() {
    let text = "{ \"ramgate\": 1, \"accounts\": { \"1\": { \"policies\": { \"p\": { \"type\": \"Custom\",\n  \"document\": \"{\\\"Version\\\":\\\"1\\\",\\\"Statement\\\":[{\\\"Effect\\\":\\\"allow\\\",\\\"Action\\\":\\\"*\\\",\\\"Resource\\\":\\\"*\\\"}]}\" } } } } }";
    let message = refused(&[text]);
    let column = text.lines().nth(1).unwrap().find("\\\"allow").unwrap() + 1;
    assert!(
        message.starts_with(&format!("0.json:2:{column}: ")),
        "{message}"
    );
    assert!(
        message.contains("accounts.1.policies.p.document.Statement[0].Effect"),
        "{message}"
    );
}

#[test]
fn every_fault_is_named_with_its_place() {
    let text = r#"{ "ramgate": 1, "accounts": { "1": {
  "folder": "r", "polices": {},
  "policies": { "p": { "type": "custom", "document": { "Version": "1", "Statement": [] } }, "q": { "file": "q.json" }, "r": {} },
  "groups": { "g": { "policies": ["none"] } },
  "users": { "alice": { "groups": ["nobody"], "policies": [7] } },
  "resource_policies": [ { "resource": "bucket", "document": {} } ]
} }, "control_policies": { "attachments": { "r": ["absent"] } } }"#;
    let message = refused(&[text]);
    for expected in [
        "0.json:2:18: accounts.1.polices: unknown member \"polices\"",
        "did you mean policies?",
        "unknown type \"custom\"",
        "0.json:3:85: accounts.1.policies.p.document.Statement: no statement",
        "accounts.1.policies.q.file: cannot open q.json",
        "0.json:3:125: accounts.1.policies.r: document (or file, not both) is missing",
        "0.json:4:35: accounts.1.groups.g.policies[0]: policy \"none\" is attached here and not defined",
        "group \"nobody\" is not defined",
        "accounts.1.users.alice.policies[0]: expected a string, found a number",
        "0.json:6:40: accounts.1.resource_policies[0].resource: resource \"bucket\" has too few fields",
        "policy \"absent\" is attached here and not defined",
    ] {
        assert!(
            message.contains(expected),
            "{expected}\nis not in\n{message}"
        );
    }
}

#[test]
fn files_merge_and_contradictions_are_errors() {
    let policy = |action: &str| {
        format!(
            r#"{{ "ramgate": 1, "accounts": {{ "1": {{ "policies": {{ "p": {{ "document": {{ "Version": "1", "Statement": [{{ "Effect": "Allow", "Action": "{action}", "Resource": "*" }}] }} }} }} }} }} }}"#
        )
    };
    let users =
        r#"{ "ramgate": 1, "accounts": { "1": { "users": { "alice": { "policies": ["p"] } } } } }"#;
    let sources = [
        Source::new("a", policy("vpc:*")),
        Source::new("b", users),
        Source::new("c", policy("vpc:*")),
    ];
    let known =
        Organization::read(&sources, false, &mut no_file).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        ask(&known, "acs:ram::1:user/alice", "vpc:DescribeVpcs", "*").decision,
        Decision::Allow
    );
    let message = refused(&[&policy("vpc:*"), users, &policy("ecs:*")]);
    assert!(
        message.contains("\"p\" is defined otherwise at 0.json:1:"),
        "{message}"
    );
}

#[test]
fn x1_an_account_with_control_policies_needs_a_place() {
    let message = refused(&[
        r#"{ "ramgate": 1, "accounts": { "1": {} }, "control_policies": { "attachments": { "1": [] } } }"#,
    ]);
    assert!(
        message.contains("account 1 has control policies and no folder"),
        "{message}"
    );
    assert!(refused(&[r#"{ "accounts": {} }"#]).contains("\"ramgate\": 1 is missing"));
    assert!(refused(&[r#"{ "ramgate": 2 }"#]).contains("unknown version of the snapshot format"));
}

fn with_policy_on(account: &str, resource: &str, statements: &Value) -> Value {
    let mut snapshot = organisation();
    snapshot["accounts"][account]["resource_policies"] =
        json!([{ "resource": resource, "document": { "Version": "1", "Statement": statements } }]);
    snapshot
}

/// G18: a policy on a resource is not lost over the case of the service's code.
#[test]
fn g18_a_resource_policy_is_found_in_any_case_of_the_service() {
    let deny =
        json!([{ "Effect": "Deny", "Action": "*", "Resource": "*", "Principal": ["20001"] }]);
    let known = read(&with_policy_on(U, &format!("acs:oss:*:{U}:bkt"), &deny));
    let resource = format!("acs:OSS:*:{U}:bkt/x");
    assert_eq!(
        ask(&known, &user(U, "alice"), "oss:GetObject", &resource).decision,
        Decision::ExplicitDeny
    );
}

/// T23: the id that the snapshot knows counts, whatever the request says.
#[test]
fn t23_a_request_does_not_choose_its_id() {
    let allow =
        json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": ["999"] }]);
    let known = read(&with_policy_on(V, &format!("acs:oss:*:{V}:bkt"), &allow));
    let alice = user(U, "alice");
    let resource = format!("acs:oss:*:{V}:bkt/x");
    let request = Request::new(Principal::parse(&alice).unwrap(), "oss:GetObject", resource)
        .unwrap()
        .with_principal_id("999");
    assert_eq!(
        known.decide(&request, None).unwrap(),
        Decision::ImplicitDeny
    );
}

#[test]
fn a_policy_on_nothing_is_an_error() {
    let allow = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": ["*"] }]);
    for resource in [
        "*".to_owned(),
        format!("acs:oss:*:{V}:bkt"),
        format!("acs:oss:*:{U}:bkt/*"),
        format!("acs:oss:*:{U}:bkt/"),
    ] {
        let message = refused(&[&with_policy_on(U, &resource, &allow).to_string()]);
        assert!(
            message.contains("resource_policies[0].resource"),
            "{message}"
        );
    }
}

/// Namesakes in several regions are different resources; without a region every Deny may be meant and no Allow surely is.
#[test]
fn resource_policies_of_one_region_do_not_reach_another() {
    let on = |region: &str, effect: &str| {
        json!({ "resource": format!("acs:log:{region}:{U}:project/p"), "document": { "Version": "1", "Statement": [
            { "Effect": effect, "Action": "log:*", "Resource": "*", "Principal": ["*"] } ] } })
    };
    let mut snapshot = organisation();
    snapshot["accounts"][U]["users"]["nobody"] = json!({ "id": "20009" });
    snapshot["accounts"][U]["resource_policies"] = json!([on("cn-a", "Allow"), on("cn-b", "Deny")]);
    let known = read(&snapshot);
    for (region, decision) in [
        ("cn-a", Decision::Allow),
        ("cn-b", Decision::ExplicitDeny),
        ("cn-c", Decision::ImplicitDeny),
        ("*", Decision::ExplicitDeny),
    ] {
        let resource = format!("acs:log:{region}:{U}:project/p/logstore/l");
        let answer = ask(&known, &user(U, "nobody"), "log:GetLogStoreLogs", &resource);
        assert_eq!(answer.decision, decision, "{region}");
    }
    snapshot["accounts"][U]["resource_policies"] = json!([on("cn-a", "Allow"), on("*", "Deny")]);
    let known = read(&snapshot);
    let resource = format!("acs:log:cn-a:{U}:project/p");
    assert_eq!(
        ask(&known, &user(U, "nobody"), "log:GetLogStoreLogs", &resource).decision,
        Decision::ExplicitDeny
    );
}

#[test]
fn files_that_contradict_each_other_are_errors() {
    let management = |value: bool| {
        format!(r#"{{ "ramgate": 1, "accounts": {{ "1": {{ "management": {value} }} }} }}"#)
    };
    let message = refused(&[&management(false), &management(true)]);
    assert!(message.contains("1.json:1:"), "{message}");
}

/// X4: everybody of the management account is unbound; an account that nobody knows has no answer, its root neither.
#[test]
fn x4_the_management_account_and_an_unknown_one() {
    let known = read(&organisation());
    let answer = ask(
        &known,
        &user("9999", "carol"),
        "ecs:DeleteInstance",
        INSTANCE,
    );
    assert!(
        answer
            .stages
            .iter()
            .all(|said| said.stage != Stage::Control),
        "{:?}",
        answer.stages
    );
    let request = Request::new(
        Principal::parse("acs:ram::4444:root").unwrap(),
        "ecs:StopInstance",
        "*",
    )
    .unwrap();
    assert!(known.decide(&request, None).is_err());
}

/// T19: one group is said for a call on several resources.
#[test]
fn t19_one_group_for_several_resources_cannot_be_told() {
    let snapshot = json!({ "ramgate": 1, "accounts": { U: {
        "policies": { "all": document(&[statement("Allow", "*")]) },
        "users": { "alice": { "resource_groups": { "rg-1": ["all"] } } }
    } } });
    let known = read(&snapshot);
    let alice = user(U, "alice");
    let disk = format!("acs:ecs:cn-hangzhou:{U}:disk/d-1");
    let request = Request::new(
        Principal::parse(&alice).unwrap(),
        "ecs:AttachDisk",
        INSTANCE,
    )
    .unwrap();
    let request = request.in_resource_group("rg-1");
    assert_eq!(known.decide(&request, None).unwrap(), Decision::Allow);
    assert_eq!(
        known
            .decide(&request.and_resource(disk).unwrap(), None)
            .unwrap(),
        Decision::ImplicitDeny
    );
}

/// T23: policies that were read as the wrong kind let nobody in.
#[test]
fn t23_a_policy_without_principals_on_a_resource_names_nobody() {
    let source = Source::new(
        "p",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    );
    let document = ramgate::Document::parse(&source).unwrap();
    let set = || -> PolicySet {
        [std::sync::Arc::new(ramgate::Policy::new("p", &document))]
            .into_iter()
            .collect()
    };
    let request = Request::new(Principal::Anonymous, "oss:GetObject", "acs:oss:*:1:b/x").unwrap();
    let policies = ramgate::Policies::default().with_resource(set());
    assert_eq!(policies.decide(&request), Decision::ImplicitDeny);
}

/// G5, G11: of a document with errors only the Denies are kept.
#[test]
fn g5_a_broken_document_grants_nothing() {
    let text = r#"{"Version":"1","Statement":[
        {"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","Action":"vpc:*","NotResource":"*"}]}"#;
    let (document, _) = ramgate::Document::read(
        &Source::new("p", text),
        ramgate::Reading::new(ramgate::PolicyKind::Identity),
    );
    let policies = ramgate::Policies::of_identity(document);
    let request = Request::new(
        Principal::parse("acs:ram::1:user/a").unwrap(),
        "vpc:DescribeVpcs",
        "*",
    )
    .unwrap();
    assert_eq!(policies.decide(&request), Decision::ImplicitDeny);
}

/// E2: a handle answers for the caller that was looked up, and for nobody else.
#[test]
fn a_caller_is_not_somebody_else() {
    let known = read(&organisation());
    let (alice, root) = (user(U, "alice"), format!("acs:ram::{U}:root"));
    let alice = Principal::parse(&alice).unwrap();
    let caller = known.caller(&alice).unwrap();
    let own = Request::new(alice.clone(), "ecs:StopInstance", INSTANCE).unwrap();
    assert_eq!(caller.decide(&own, None), Decision::Allow);
    let other = Request::new(
        Principal::parse(&root).unwrap(),
        "ecs:DeleteInstance",
        INSTANCE,
    )
    .unwrap();
    assert_eq!(caller.decide(&other, None), Decision::ImplicitDeny);
}
