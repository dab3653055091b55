//! Pre-flight: every outcome and its order, what is not known, and that a suggested policy is exactly what is needed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod small_world;

use std::sync::Arc;

use ramgate::preflight::{
    self, Call, Outcome, Preflight, Resources, SuggestedPolicy, SuggestedStatement,
};
use ramgate::{
    Assignment, Catalog, Context, Decision, Document, Level, Policies, Policy, PolicyKind,
    PolicySet, Principal, Question, Reading, Request, Source, Stage,
};
use serde_json::{Value, json};
use small_world::{Rng, Staged};

const ACCOUNT: &str = "1234567890123456";
const CANCEL: &str = "vpc:CancelPhysicalConnection";
const CIRCUIT: &str = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-1";

fn catalog() -> &'static Catalog {
    static CATALOG: std::sync::OnceLock<Catalog> = std::sync::OnceLock::new();
    CATALOG.get_or_init(|| catalog_with(""))
}

fn catalog_with(own: &str) -> Catalog {
    let mut texts: Vec<Source> = ramgate_catalog::FILES
        .iter()
        .map(|(name, text)| Source::new(*name, *text))
        .collect();
    texts.push(Source::new("own.tsv", own));
    Catalog::parse(&texts).unwrap_or_else(|error| panic!("{error}"))
}

fn alice() -> Principal<'static> {
    Principal::parse("acs:ram::1234567890123456:user/alice").unwrap()
}

fn cancel() -> Call {
    Call::new(alice(), CANCEL)
        .with("RegionId", "cn-shanghai")
        .with("PhysicalConnectionId", "pc-1")
}

fn set(kind: PolicyKind, name: &str, statements: Value) -> PolicySet {
    let text = json!({ "Version": "1", "Statement": statements }).to_string();
    let document = Document::parse_as(&Source::new(name, text), Reading::new(kind)).unwrap();
    [Arc::new(Policy::new(name, &document))]
        .into_iter()
        .collect()
}

fn identity(statements: Value) -> Policies {
    Policies::default().with_identity(set(PolicyKind::Identity, "identity", statements))
}

fn everything() -> Value {
    json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }])
}

fn fly(call: &Call, policies: Policies, known: &Resources) -> Preflight {
    let assignment = Assignment::Inline(Box::new(policies));
    preflight::preflight(call, &assignment, catalog(), known).unwrap()
}

fn allowed(call: &Call) -> Preflight {
    fly(call, identity(everything()), &Resources::default())
}

/// What a list of circuits says: id, state, further members.
fn listed(circuits: &[(&str, &str, Value)], total: usize) -> Resources {
    let items: Vec<Value> = circuits
        .iter()
        .map(|(id, state, more)| {
            let mut item = json!({ "PhysicalConnectionId": id, "Status": state });
            let more = more.as_object().cloned().unwrap_or_default();
            item.as_object_mut().unwrap().extend(more);
            item
        })
        .collect();
    let page = json!({ "TotalCount": total, "PhysicalConnectionSet": { "PhysicalConnectionType": items } });
    let mut known = Resources::default();
    let source = Source::new("circuits.json", page.to_string());
    known.read(&source, None, catalog()).unwrap();
    known
}

#[test]
fn cancelling_is_possible_in_four_states_and_in_no_other() {
    let possible = ["Initial", "Approved", "Allocated", "Confirmed"];
    let states: Vec<&str> = {
        let call = catalog().call(CANCEL).unwrap();
        call.states("PhysicalConnection")
            .map(|state| state.name())
            .collect()
    };
    assert_eq!(states.len(), 12);
    for state in states {
        let answer = allowed(&cancel().in_state(state));
        if possible.contains(&state) {
            assert_eq!(answer.outcome, Outcome::Succeeds, "{state}");
            assert_eq!(answer.http_status, Some(200));
            assert_eq!(answer.state_after.as_deref(), Some("Canceled"));
            assert_eq!((answer.code, answer.message), (None, None));
        } else {
            assert_eq!(answer.outcome, Outcome::NotAllowedInState, "{state}");
            assert_eq!(answer.http_status, Some(400));
            assert_eq!(answer.code.as_deref(), Some("Forbidden.NotAllowedInState"));
            let message = "The request does not allow in this state.";
            assert_eq!(answer.message.as_deref(), Some(message));
            assert_eq!(answer.state_after, None);
        }
        assert_eq!(answer.state_before.as_deref(), Some(state));
        assert_eq!(answer.decision.unwrap().decision, Decision::Allow);
    }
    // Pages spell states differently.
    let spelled = allowed(&cancel().in_state("allocation failed"));
    assert_eq!(spelled.state_before.as_deref(), Some("AllocationFailed"));
    assert_eq!(
        allowed(&cancel().in_state("Painted")).outcome,
        Outcome::Unknown
    );
}

#[test]
fn the_checks_come_in_their_order() {
    let nothing = Resources::default;
    // Nothing is right: the parameter is told.
    let mut call = Call::new(alice(), CANCEL).with("RegionId", "cn-nowhere");
    call.state = Some("Enabled".to_owned());
    let answer = fly(&call, Policies::default(), &nothing());
    assert_eq!(answer.outcome, Outcome::InvalidParameter);
    assert_eq!(answer.code.as_deref(), Some("MissingPhysicalConnectionId"));
    assert!(answer.decision.is_none(), "nothing was asked yet");
    // With it: permission, whatever exists or not.
    let call = call.with("PhysicalConnectionId", "pc-9");
    let there_is_none = listed(&[], 0);
    let answer = fly(&call, Policies::default(), &there_is_none);
    assert_eq!(answer.outcome, Outcome::NoPermission);
    assert_eq!(
        (answer.http_status, answer.code.as_deref()),
        (Some(403), Some("NoPermission"))
    );
    assert_eq!(answer.suggestion, None, "of a region that is misspelt");
    // With permission: the region, then the circuit, then the state.
    let answer = fly(&call, identity(everything()), &there_is_none);
    assert_eq!(answer.outcome, Outcome::NotFound);
    assert_eq!(
        (answer.http_status, answer.code.as_deref()),
        (Some(404), Some("InvalidRegionId.NotFound"))
    );
    let mut call = call.with("RegionId", "cn-shanghai");
    call.state = None;
    let answer = fly(&call, identity(everything()), &there_is_none);
    assert_eq!(answer.outcome, Outcome::NotFound);
    assert_eq!(
        answer.code.as_deref(),
        Some("InvalidPhysicalConnectionId.NotFound")
    );
    let enabled = listed(&[("pc-9", "Enabled", json!({}))], 1);
    let answer = fly(&call, identity(everything()), &enabled);
    assert_eq!(answer.outcome, Outcome::NotAllowedInState);
}

#[test]
fn parameters() {
    let token = |value: &str| allowed(&cancel().with("ClientToken", value).in_state("Initial"));
    assert_eq!(token(&"x".repeat(64)).outcome, Outcome::Succeeds);
    for wrong in [&"x".repeat(65), "é"] {
        let answer = token(wrong);
        assert_eq!(answer.outcome, Outcome::InvalidParameter, "{wrong}");
        assert_eq!((answer.http_status, answer.code), (Some(400), None));
    }
    // An empty value is none; letter case counts.
    let empty = allowed(&cancel().with("PhysicalConnectionId", ""));
    assert_eq!(empty.outcome, Outcome::InvalidParameter);
    let lower = Call::new(alice(), CANCEL)
        .with("regionid", "cn-shanghai")
        .with("PhysicalConnectionId", "pc-1");
    let answer = allowed(&lower);
    assert_eq!(answer.code.as_deref(), Some("MissingRegionId"));
    assert!(
        answer.reasons[0].contains("regionid"),
        "{:?}",
        answer.reasons
    );
    // What the operation does not know does no harm, but is told.
    let stranger = allowed(
        &cancel()
            .with("PhysicalConectionId", "pc-2")
            .in_state("Initial"),
    );
    assert_eq!(stranger.outcome, Outcome::Succeeds);
    assert!(
        stranger
            .notes
            .iter()
            .any(|note| note.contains("did you mean PhysicalConnectionId?"))
    );
    let signed = allowed(
        &cancel()
            .with("Action", "CancelPhysicalConnection")
            .in_state("Initial"),
    );
    assert!(signed.notes.is_empty(), "{:?}", signed.notes);

    let vlan = |value: &str| {
        let call = Call::new(alice(), "vpc:CreateVirtualBorderRouter")
            .with("RegionId", "cn-shanghai")
            .with("PhysicalConnectionId", "pc-1")
            .with("VlanId", value)
            .in_state("Enabled");
        allowed(&call)
    };
    for wrong in ["-1", "3000", "ten", "1.5"] {
        assert_eq!(
            vlan(wrong).code.as_deref(),
            Some("InvalidVlanId.Malformed"),
            "{wrong}"
        );
    }
    // Whether the addresses are required hangs on who owns the circuit.
    let open = vlan("10");
    assert_eq!(open.outcome, Outcome::Unknown);
    assert!(
        open.reasons
            .iter()
            .any(|reason| reason.starts_with("LocalGatewayIp is missing"))
    );
}

#[test]
fn what_is_not_known_is_unknown() {
    // The state.
    let answer = allowed(&cancel());
    assert_eq!(answer.outcome, Outcome::Unknown);
    assert_eq!((answer.http_status, answer.code.as_deref()), (None, None));
    assert!(
        answer
            .message
            .unwrap()
            .contains("the state of PhysicalConnection pc-1 is not known")
    );
    // A circuit that is not on the pages that are there.
    let some = listed(&[("pc-2", "Initial", json!({}))], 2);
    let answer = fly(&cancel(), identity(everything()), &some);
    assert_eq!(answer.outcome, Outcome::Unknown);
    assert!(
        answer.reasons[0].contains("the list has 1 of 2"),
        "{:?}",
        answer.reasons
    );
    let page = |id: &str| json!({ "TotalCount": 2, "PhysicalConnectionSet": { "PhysicalConnectionType": [{ "PhysicalConnectionId": id, "Status": "Initial" }] } });
    let mut both = Resources::default();
    let pages = json!([page("pc-2"), page("pc-3")]).to_string();
    both.read(&Source::new("pages.json", pages), None, catalog())
        .unwrap();
    assert_eq!(
        fly(&cancel(), identity(everything()), &both).outcome,
        Outcome::NotFound
    );
    // A list of another region says nothing of this one.
    let mut elsewhere = Resources::default();
    let one = json!({ "TotalCount": 1, "PhysicalConnectionSet": { "PhysicalConnectionType": [{ "PhysicalConnectionId": "pc-1", "Status": "Initial" }] } });
    elsewhere
        .read(
            &Source::new("b.json", one.to_string()),
            Some("cn-beijing"),
            catalog(),
        )
        .unwrap();
    assert_eq!(
        fly(&cancel(), identity(everything()), &elsewhere).outcome,
        Outcome::Unknown
    );
    let placed = listed(
        &[(
            "pc-1",
            "Initial",
            json!({ "AccessPointId": "ap-cn-beijing-ft-A" }),
        )],
        1,
    );
    let answer = fly(&cancel(), identity(everything()), &placed);
    assert_eq!(answer.outcome, Outcome::Unknown);
    assert!(
        answer.reasons[0].contains("seems to be in cn-beijing"),
        "{:?}",
        answer.reasons
    );
    // An operation of which only the action is known, one that is none, a resource that is not known.
    for name in ["vpc:DescribeVpcs", "vpc:Paint", "oss:GetObject"] {
        assert_eq!(
            allowed(&Call::new(alice(), name)).outcome,
            Outcome::Unknown,
            "{name}"
        );
    }
    let interface = Call::new(alice(), "DeleteRouterInterface")
        .with("RegionId", "cn-shanghai")
        .with("RouterInterfaceId", "ri-1")
        .in_state("Idle");
    let answer = allowed(&interface);
    assert_eq!(answer.outcome, Outcome::Unknown);
    assert!(
        answer.reasons[1].contains("on which resource vpc:DeleteRouterInterface is authorized")
    );
}

#[test]
fn a_denial_is_sure_only_where_it_does_not_hang_on_what_nobody_said() {
    let known = |tags: Value| listed(&[("pc-1", "Initial", json!({ "Tags": tags }))], 1);
    let on = |effect: &str, operator: &str, key: &str, value: &str| {
        let mut statements = vec![
            json!({ "Effect": effect, "Action": CANCEL, "Resource": "*", "Condition": { operator: { key: value } } }),
        ];
        if effect == "Deny" {
            statements.push(everything()[0].clone());
        }
        identity(json!(statements))
    };
    let state = cancel().in_state("Initial");
    let nothing = Resources::default();
    let tag = "acs:ResourceTag/env";
    for (effect, operator) in [
        ("Allow", "StringEquals"),
        ("Deny", "StringEquals"),
        ("Deny", "StringNotEquals"),
    ] {
        let answer = fly(&state, on(effect, operator, tag, "dev"), &nothing);
        assert_eq!(answer.outcome, Outcome::Unknown, "{effect} {operator}");
        assert!(answer.reasons[1].contains(tag), "{:?}", answer.reasons);
        assert!(answer.decision.is_some());
    }
    let dev = json!({ "tags": [{ "Key": "env", "Value": "dev" }] });
    let prod = json!({ "tags": [{ "Key": "env", "Value": "prod" }] });
    for (effect, operator, of_dev, of_prod) in [
        (
            "Allow",
            "StringEquals",
            Outcome::Succeeds,
            Outcome::NoPermission,
        ),
        (
            "Deny",
            "StringEquals",
            Outcome::NoPermission,
            Outcome::Succeeds,
        ),
        (
            "Deny",
            "StringNotEquals",
            Outcome::Succeeds,
            Outcome::NoPermission,
        ),
    ] {
        let policies = || on(effect, operator, tag, "dev");
        assert_eq!(
            fly(&cancel(), policies(), &known(dev.clone())).outcome,
            of_dev
        );
        assert_eq!(
            fly(&cancel(), policies(), &known(prod.clone())).outcome,
            of_prod
        );
    }
    // Tags that cannot be read are not known.
    let odd = known(json!({ "tags": [{ "Key": 1 }] }));
    assert_eq!(
        fly(&cancel(), on("Allow", "StringEquals", tag, "dev"), &odd).outcome,
        Outcome::Unknown
    );
    // Said to be absent, they are.
    let mut untagged = state.clone();
    untagged.absent.push(tag.to_owned());
    let answer = fly(&untagged, on("Deny", "StringEquals", tag, "dev"), &nothing);
    assert_eq!(answer.outcome, Outcome::Succeeds);
    // Where the call comes from.
    let by_address = on("Allow", "IpAddress", "acs:SourceIp", "203.0.113.0/24");
    assert_eq!(
        fly(&state, by_address.clone(), &nothing).outcome,
        Outcome::Unknown
    );
    let there = state
        .clone()
        .with_context(Context::new([("acs:SourceIp", "203.0.113.9")]).unwrap());
    assert_eq!(
        fly(&there, by_address.clone(), &nothing).outcome,
        Outcome::Succeeds
    );
    let elsewhere = state
        .clone()
        .with_context(Context::new([("acs:SourceIp", "192.0.2.9")]).unwrap());
    assert_eq!(
        fly(&elsewhere, by_address, &nothing).outcome,
        Outcome::NoPermission
    );
    // A denial that does not hang on it stays one.
    let both = identity(json!([
        { "Effect": "Deny", "Action": CANCEL, "Resource": "*" },
        { "Effect": "Deny", "Action": CANCEL, "Resource": "*", "Condition": { "StringEquals": { tag: "dev" } } }
    ]));
    assert_eq!(fly(&state, both, &nothing).outcome, Outcome::NoPermission);
    // The resource group (T19).
    let of_group = Policies::default().with_resource_groups([(
        Arc::from("rg-1"),
        set(PolicyKind::Identity, "of-group", everything()),
    )]);
    assert_eq!(
        fly(&state, of_group.clone(), &nothing).outcome,
        Outcome::Unknown
    );
    let in_group = |group: &str| {
        listed(
            &[("pc-1", "Initial", json!({ "ResourceGroupId": group }))],
            1,
        )
    };
    assert_eq!(
        fly(&cancel(), of_group.clone(), &in_group("rg-1")).outcome,
        Outcome::Succeeds
    );
    assert_eq!(
        fly(&cancel(), of_group, &in_group("rg-2")).outcome,
        Outcome::NoPermission
    );
}

#[test]
fn calls_follow_each_other() {
    let mut known = listed(
        &[("pc-1", "Allocated", json!({ "ResourceGroupId": "rg-1" }))],
        1,
    );
    let mut step = |name: &str| {
        let call = Call::new(alice(), name)
            .with("RegionId", "cn-shanghai")
            .with("PhysicalConnectionId", "pc-1");
        let answer = fly(&call, identity(everything()), &known);
        known.apply(&answer);
        (answer.outcome, answer.state_before, answer.state_after)
    };
    let state = |state: &str| Some(state.to_owned());
    let confirmed = (Outcome::Succeeds, state("Allocated"), state("Confirmed"));
    assert_eq!(step("vpc:ConfirmPhysicalConnection"), confirmed);
    assert_eq!(
        step("vpc:ConfirmPhysicalConnection").0,
        Outcome::NotAllowedInState
    );
    // What the sources do not agree on is not sure, and leaves the state unknown.
    assert_eq!(
        step(CANCEL),
        (Outcome::Succeeds, state("Confirmed"), state("Canceled"))
    );
    assert_eq!(
        step("vpc:DeletePhysicalConnection"),
        (Outcome::Succeeds, state("Canceled"), None)
    );
    assert_eq!(step(CANCEL).0, Outcome::NotFound);

    let mut known = listed(&[("pc-1", "Allocated", json!({}))], 1);
    let delete = Call::new(alice(), "vpc:DeletePhysicalConnection")
        .with("RegionId", "cn-shanghai")
        .with("PhysicalConnectionId", "pc-1");
    let answer = fly(&delete, identity(everything()), &known);
    assert_eq!(
        answer.outcome,
        Outcome::Unknown,
        "a page of 2026 says yes, others no"
    );
    known.apply(&answer);
    assert_eq!(
        fly(&cancel(), identity(everything()), &known).outcome,
        Outcome::Unknown
    );
}

#[test]
fn what_belongs_to_a_circuit_must_be_gone_before_it_is_taken_out_of_service() {
    let call = Call::new(alice(), "vpc:TerminatePhysicalConnection")
        .with("RegionId", "cn-shanghai")
        .with("PhysicalConnectionId", "pc-1");
    let mut known = listed(&[("pc-1", "Enabled", json!({}))], 1);
    let fly_with = |call: &Call, known: &Resources| fly(call, identity(everything()), known);
    assert_eq!(fly_with(&call, &known).outcome, Outcome::Unknown);
    let mut assumed = call.clone();
    assumed.assumed.push("Forbidden.VbrAttached".to_owned());
    let answer = fly_with(&assumed, &known);
    assert_eq!(answer.outcome, Outcome::Succeeds);
    assert_eq!(answer.passes_through.as_deref(), Some("Terminating"));
    assert_eq!(answer.state_after.as_deref(), Some("Terminated"));
    let routers = |circuit: &str| {
        json!({ "TotalCount": 1, "VirtualBorderRouterSet": { "VirtualBorderRouterType": [{ "VbrId": "vbr-1", "Status": "active", "PhysicalConnectionId": "pc-7",
            "AssociatedPhysicalConnections": { "AssociatedPhysicalConnection": [{ "PhysicalConnectionId": circuit }] } }] } })
    };
    let mut other = known.clone();
    other
        .read(
            &Source::new("r.json", routers("pc-8").to_string()),
            None,
            catalog(),
        )
        .unwrap();
    assert_eq!(fly_with(&call, &other).outcome, Outcome::Succeeds);
    known
        .read(
            &Source::new("r.json", routers("pc-1").to_string()),
            None,
            catalog(),
        )
        .unwrap();
    let answer = fly_with(&call, &known);
    assert_eq!(answer.outcome, Outcome::NotAllowedInState);
    assert_eq!(answer.code.as_deref(), Some("Forbidden.VbrAttached"));
}

#[test]
fn lists_that_are_none() {
    for (text, message) in [
        ("{", "1:2"),
        ("{}", "no list of resources whose shape is known"),
        (
            r#"{"PhysicalConnectionSet":{"PhysicalConnectionType":[{"Status":"Enabled"}]}}"#,
            "the id is missing",
        ),
        (
            r#"{"PhysicalConnectionSet":{"PhysicalConnectionType":[1]}}"#,
            "expected an object",
        ),
        (
            r#"{"TotalCount":1,"TotalCount":2,"PhysicalConnectionSet":{"PhysicalConnectionType":[]}}"#,
            "TotalCount",
        ),
    ] {
        let mut known = Resources::default();
        let error = known
            .read(&Source::new("l.json", text), None, catalog())
            .unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("l.json:1:") && error.contains(message),
            "{text}\n{error}"
        );
    }
    // Without TotalCount nobody knows whether it is all.
    let mut known = Resources::default();
    let text = r#"{"PhysicalConnectionSet":{"PhysicalConnectionType":[]}}"#;
    known
        .read(&Source::new("l.json", text), None, catalog())
        .unwrap();
    assert!(!known.is_complete("PhysicalConnection", "cn-shanghai"));
}

#[test]
fn calls_in_files() {
    let like = Call::new(alice(), "").with("RegionId", "cn-shanghai");
    let read = |text: &str| Call::parse(&Source::new("plan.jsonl", text), &like);
    let call = read(r#"{"operation":"vpc:X","params":{"VlanId":10,"EnableIpv6":true},"context":{"acs:SourceIp":"1.2.3.4"},"state":"Enabled","assume":["A"],"absent":["k:x"],"principal":"acs:ram::1:user/bob"}"#).unwrap();
    assert_eq!(call.parameter("VlanId"), Some("10"));
    assert_eq!(call.parameter("EnableIpv6"), Some("true"));
    assert_eq!(call.parameter("RegionId"), Some("cn-shanghai"));
    assert_eq!(call.principal.to_string(), "acs:ram::1:user/bob");
    assert_eq!((call.assumed.len(), call.absent.len()), (1, 1));
    for (text, message) in [
        ("{", "plan.jsonl:1:2"),
        ("{}", "operation is missing"),
        (r#"{"operation":"a:b","parms":{}}"#, "did you mean params?"),
        (
            r#"{"operation":"a:b","params":{"x":null}}"#,
            "null is no value",
        ),
        (r#"{"operation":"a:b","params":{"x":"1","x":"2"}}"#, "x"),
        (r#"{"operation":"a:b","state":1}"#, "expected a string"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(message), "{text}\n{error}");
    }
}

// What to ask for ---------------------------------------------------------------------------------

#[test]
fn the_policy_to_ask_for_names_the_action_and_the_resource_and_passes_the_linter() {
    let answer = fly(
        &cancel().in_state("Initial"),
        Policies::default(),
        &Resources::default(),
    );
    let policy = answer.suggestion.unwrap();
    assert_eq!(
        serde_json::to_value(&policy).unwrap(),
        json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Action": CANCEL, "Resource": CIRCUIT }] })
    );
    let circuit = |call: Call| {
        call.with("RegionId", "cn-shanghai")
            .with("PhysicalConnectionId", "pc-1")
    };
    for operation in catalog().calls() {
        let mut call = circuit(Call::new(alice(), format!("vpc:{}", operation.name())));
        for parameter in operation
            .parameters()
            .filter(|known| known.is_required() == Some(true))
        {
            if call.parameter(parameter.name()).is_none() {
                let value = match parameter.name() {
                    "LineOperator" => "CT",
                    "VlanId" => "1",
                    "Role" => "InitiatingSide",
                    "RouterType" => "VBR",
                    _ => "x-1",
                };
                call = call.with(parameter.name(), value);
            }
        }
        let answer = fly(&call, Policies::default(), &Resources::default());
        let Some(policy) = answer.suggestion else {
            // Whose resource is not known, nobody can ask for.
            let unknown = [
                "CreateRouterInterface",
                "DeleteRouterInterface",
                "DescribeVirtualBorderRouters",
            ];
            assert!(unknown.contains(&operation.name()), "{}", operation.name());
            continue;
        };
        let source = Source::new("suggested.json", policy.to_text());
        let reading = Reading::new(PolicyKind::Identity);
        let found = ramgate::lint::lint(&source, reading, catalog());
        let bad: Vec<_> = found
            .iter()
            .filter(|finding| finding.rule.severity != ramgate::lint::Severity::Suggestion)
            .map(|finding| (finding.rule.id, finding.message.clone()))
            .collect();
        assert!(bad.is_empty(), "{}: {bad:?}", operation.name());
        assert_eq!(ramgate::format(&source).unwrap(), source.text());
    }
}

#[test]
fn actions_that_go_along_are_asked_for_too() {
    let own = "service\tvpc\n\
        type\tRole\tacs:ram:*:{account}:role/{RoleName}\n\
        action\tHandOver\tupdate\t*PhysicalConnection\tnone\tram:PassRole\t=\n\
        operation\tHandOver\tcomplete\tPhysicalConnection\tany\t\t=\n\
        parameter\tHandOver\tRegionId\tString\trequired\tregion\n\
        parameter\tHandOver\tPhysicalConnectionId\tString\trequired\tPhysicalConnection\n\
        parameter\tHandOver\tRoleName\tString\trequired\n\
        service\tram\n\
        type\tPassedRole\tacs:ram:*:{account}:role/{RoleName}\n\
        action\tPassRole\twrite\t*PassedRole\tnone\tnone\n";
    let catalog = catalog_with(own);
    let call = Call::new(alice(), "vpc:HandOver")
        .with("RegionId", "cn-shanghai")
        .with("PhysicalConnectionId", "pc-1")
        .with("RoleName", "ops")
        .in_state("Enabled");
    let fly = |policies: Policies| {
        let assignment = Assignment::Inline(Box::new(policies));
        preflight::preflight(&call, &assignment, &catalog, &Resources::default()).unwrap()
    };
    let answer = fly(Policies::default());
    let wanted: Vec<_> = answer.suggestion.unwrap().statements;
    let names: Vec<_> = wanted
        .iter()
        .map(|statement| {
            (
                statement.actions[0].as_str(),
                statement.resources[0].as_str(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("vpc:HandOver", CIRCUIT),
            ("ram:PassRole", "acs:ram:*:1234567890123456:role/ops")
        ]
    );
    // Only what is lacking.
    let answer = fly(identity(
        json!([{ "Effect": "Allow", "Action": "vpc:*", "Resource": "*" }]),
    ));
    assert_eq!(answer.suggestion.unwrap().statements.len(), 1);
    let answer = fly(identity(everything()));
    assert_eq!(
        (answer.outcome, answer.state_after.as_deref()),
        (Outcome::Succeeds, Some("Enabled"))
    );
}

#[test]
fn what_stands_in_the_way_is_said_where_no_policy_of_the_callers_helps() {
    let call = cancel().in_state("Initial");
    let nothing = Resources::default();
    let deny = json!([{ "Effect": "Deny", "Action": "vpc:Cancel*", "Resource": "*" }, { "Effect": "Allow", "Action": "*", "Resource": "*" }]);
    // A Deny of the caller's own.
    let answer = fly(&call, identity(deny.clone()), &nothing);
    assert_eq!((&answer.suggestion, &answer.needed_besides), (&None, &None));
    let [obstacle] = &answer.obstacles[..] else {
        panic!("{:?}", answer.obstacles)
    };
    assert_eq!((obstacle.stage, obstacle.kind), (Stage::Identity, "Deny"));
    assert_eq!(obstacle.at.as_deref(), Some("identity:1:15"));
    // A Deny of a control policy, while the caller lacks an Allow as well.
    let level = |statements: Value| Level::new(set(PolicyKind::Control, "guard", statements));
    let answer = fly(
        &call,
        Policies::default().with_control(vec![level(everything()), level(deny)]),
        &nothing,
    );
    assert_eq!(answer.suggestion, None);
    assert_eq!(
        (answer.obstacles[0].stage, answer.obstacles[0].kind),
        (Stage::Control, "Deny")
    );
    assert_eq!(
        answer.needed_besides.unwrap().statements[0].actions,
        [CANCEL]
    );
    // No level of the control policies, no session policy allows.
    let only_oss = json!([{ "Effect": "Allow", "Action": "oss:*", "Resource": "*" }]);
    let answer = fly(
        &call,
        identity(everything()).with_control(vec![level(only_oss.clone())]),
        &nothing,
    );
    assert_eq!(
        (answer.obstacles[0].stage, answer.obstacles[0].kind),
        (Stage::Control, "NoAllow")
    );
    let mut session = call.clone();
    session.principal = Principal::parse("acs:ram::1234567890123456:assumed-role/ops/s").unwrap();
    session.session = Some(set(PolicyKind::Session, "session", only_oss));
    let answer = fly(&session, identity(everything()), &nothing);
    assert_eq!(
        (answer.obstacles[0].stage, answer.obstacles[0].kind),
        (Stage::Session, "NoAllow")
    );
    assert_eq!((answer.suggestion, answer.needed_besides), (None, None));
    // A resource of another account: identity policies alone do not open it (E9).
    let mut other = call.clone();
    other.resource_owner = Some("5555666677778888".to_owned());
    let answer = fly(&other, identity(everything()), &nothing);
    assert_eq!(answer.outcome, Outcome::NoPermission);
    assert_eq!(
        (answer.obstacles[0].stage, answer.suggestion),
        (Stage::Resource, None)
    );
    // An id that a policy cannot name alone (W8).
    let answer = fly(
        &call.clone().with("PhysicalConnectionId", "pc-1****"),
        Policies::default(),
        &nothing,
    );
    assert_eq!(
        (answer.outcome, answer.suggestion),
        (Outcome::NoPermission, None)
    );
    assert!(
        answer.notes[0].contains("no policy can name"),
        "{:?}",
        answer.notes
    );
}

/// Requests of the world: every pair of an action and a circuit, from two addresses.
fn asks(address: &str, action: &str, circuit: &str, tag: &str) -> Question {
    let arn = format!("acs:vpc:cn-shanghai:{ACCOUNT}:physicalconnection/{circuit}");
    let request = Request::new(alice(), action.to_owned(), arn).unwrap();
    let mut context = Context::default();
    context.push("acs:SourceIp", address.to_owned());
    context.push("acs:SecureTransport", "true");
    context.push("acs:ResourceTag/env", tag.to_owned());
    Question::from(request.with_context(context))
}

fn with(policies: &Policies, identity: &[Value], more: &SuggestedPolicy) -> Policies {
    let mut statements = identity.to_vec();
    let document = serde_json::to_value(more).unwrap();
    statements.extend(document["Statement"].as_array().unwrap().iter().cloned());
    if statements.is_empty() {
        return policies.clone();
    }
    policies
        .clone()
        .with_identity(set(PolicyKind::Identity, "identity", json!(statements)))
}

fn decides(policies: &Policies, question: &Question) -> Decision {
    policies.decide(&question.request)
}

/// In random worlds: the suggested policy makes the call allowed; without any one of its actions or resources the call is not; without any
/// one of its conditions it allows what it does not allow now; and it allows nothing but this call.
#[test]
fn a_suggested_policy_is_what_is_needed_and_no_more() {
    let mut rng = Rng(20261124);
    let (mut suggested, mut conditioned, mut obstructed) = (0, 0, 0);
    let own = "service\tvpc\naction\tCancelPhysicalConnection\tupdate\t*PhysicalConnection\tnone\tvpc:ConfirmBoth vpc:EnableBoth\n\
               action\tConfirmBoth\tget\t*PhysicalConnection\tnone\tnone\naction\tEnableBoth\tget\t*PhysicalConnection\tnone\tnone\n";
    let catalog = catalog_with(own);
    let actions = [CANCEL, "vpc:ConfirmBoth", "vpc:EnableBoth"];
    for _ in 0..4000 {
        let (identity_statements, policies) = world(&mut rng);
        let (circuit, address, tag) = ("pc-1", "203.0.113.9", rng.pick(&["dev", "prod"]));
        let known = listed(
            &[(
                circuit,
                "Initial",
                json!({ "Tags": { "tags": [{ "Key": "env", "Value": tag }] } }),
            )],
            1,
        );
        let context =
            Context::new([("acs:SourceIp", address), ("acs:SecureTransport", "true")]).unwrap();
        let call = cancel().with_context(context);
        let assignment = Assignment::Inline(Box::new(policies.clone()));
        let answer = preflight::preflight(&call, &assignment, &catalog, &known).unwrap();
        let all = |policies: &Policies| {
            let mut actions = actions.iter();
            actions.all(|action| {
                decides(policies, &asks(address, action, circuit, tag)) == Decision::Allow
            })
        };
        match answer.outcome {
            Outcome::Succeeds => assert!(all(&policies)),
            Outcome::NoPermission => assert!(!all(&policies)),
            outcome => panic!("{outcome:?} {:?}", answer.reasons),
        }
        let Some(suggestion) = answer.suggestion else {
            if answer.outcome == Outcome::NoPermission {
                obstructed += 1;
                assert!(!answer.obstacles.is_empty(), "{identity_statements:?}");
            }
            continue;
        };
        suggested += 1;
        let with = |more: &SuggestedPolicy| with(&policies, &identity_statements, more);
        assert!(
            all(&with(&suggestion)),
            "{suggestion:?}\n{identity_statements:?}"
        );
        for less in without_one_part(&suggestion) {
            assert!(
                !all(&with(&less)),
                "{suggestion:?}\n{less:?}\n{identity_statements:?}"
            );
        }
        // Alone it allows the call and nothing else.
        let alone = with_alone(&suggestion);
        for action in [
            "vpc:CancelPhysicalConnection",
            "vpc:ConfirmBoth",
            "vpc:EnableBoth",
            "vpc:Other",
        ] {
            for other in ["pc-1", "pc-2", "pc-11"] {
                let asked = asks(address, action, other, tag);
                let is_asked = other == circuit && actions.contains(&action);
                assert!(
                    is_asked || decides(&alone, &asked) != Decision::Allow,
                    "{suggestion:?}"
                );
            }
        }
        for wider in without_one_condition(&suggestion) {
            conditioned += 1;
            let wider = with_alone(&wider);
            let differs = |address: &str, tag: &str| {
                let mut actions = actions.iter();
                actions.any(|action| {
                    let asked = asks(address, action, circuit, tag);
                    decides(&wider, &asked) != decides(&alone, &asked)
                })
            };
            let differs = ["203.0.113.9", "192.0.2.1", "198.51.100.1"]
                .iter()
                .any(|address| ["dev", "prod"].iter().any(|tag| differs(address, tag)));
            assert!(differs, "{suggestion:?}");
        }
    }
    assert!(
        suggested > 500 && conditioned > 100 && obstructed > 500,
        "{suggested} {conditioned} {obstructed}"
    );
}

fn with_alone(suggestion: &SuggestedPolicy) -> Policies {
    with(&Policies::default(), &[], suggestion)
}

/// Policies that allow some of it, nearly, or deny it.
fn world(rng: &mut Rng) -> (Vec<Value>, Policies) {
    let mut statement = |effects: &[&str]| {
        let mut statement = json!({
            "Effect": rng.pick(effects),
            "Action": rng.pick(&["vpc:*", CANCEL, "vpc:ConfirmBoth", "vpc:*Both", "oss:*"]),
            "Resource": rng.pick(&["*", CIRCUIT, "acs:vpc:cn-beijing:*:*", "acs:vpc:*:*:physicalconnection/*"]),
        });
        if rng.chance(40) {
            let condition = rng.pick(&[
                json!({ "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } }),
                json!({ "IpAddress": { "acs:SourceIp": "192.0.2.0/24" } }),
                json!({ "StringEquals": { "acs:ResourceTag/env": "dev" } }),
                json!({ "StringEquals": { "acs:ResourceTag/env": "dev" }, "IpAddress": { "acs:SourceIp": ["192.0.2.1", "203.0.113.9"] } }),
            ]);
            statement["Condition"] = condition;
        }
        statement
    };
    let allows: &[&str] = &["Allow"];
    let mixed: &[&str] = &["Allow", "Allow", "Allow", "Allow", "Allow", "Deny"];
    let mut identity = vec![statement(mixed), statement(allows), statement(allows)];
    let control = [statement(mixed), statement(allows)];
    identity.truncate(rng.below(4));
    let mut staged = Staged::of_identity(identity.clone());
    if rng.chance(40) {
        let mut level = everything().as_array().unwrap().clone();
        level.push(control[0].clone());
        staged.control.push(level);
    } else if rng.chance(10) {
        staged.control.push(control.to_vec());
    }
    (identity, staged.policies())
}

fn parts(
    suggestion: &SuggestedPolicy,
    change: impl Fn(&mut SuggestedStatement, usize) -> bool,
) -> Vec<SuggestedPolicy> {
    let mut found = Vec::new();
    for place in 0..suggestion.statements.len() {
        for part in 0.. {
            let mut changed = suggestion.clone();
            if !change(&mut changed.statements[place], part) {
                break;
            }
            changed.statements.retain(|statement| {
                !statement.actions.is_empty() && !statement.resources.is_empty()
            });
            found.push(changed);
        }
    }
    found
}

fn without_one_part(suggestion: &SuggestedPolicy) -> Vec<SuggestedPolicy> {
    let mut found = parts(suggestion, |statement, part| {
        let is_there = part < statement.actions.len();
        if is_there {
            statement.actions.remove(part);
        }
        is_there
    });
    found.extend(parts(suggestion, |statement, part| {
        let is_there = part < statement.resources.len();
        if is_there {
            statement.resources.remove(part);
        }
        is_there
    }));
    found
}

fn without_one_condition(suggestion: &SuggestedPolicy) -> Vec<SuggestedPolicy> {
    parts(suggestion, |statement, part| {
        let pairs: Vec<(String, String)> = {
            let operators = statement.conditions.iter();
            operators
                .flat_map(|(operator, keys)| {
                    keys.keys().map(move |key| (operator.clone(), key.clone()))
                })
                .collect()
        };
        let Some((operator, key)) = pairs.get(part) else {
            return false;
        };
        let keys = statement.conditions.get_mut(operator).unwrap();
        keys.remove(key);
        if keys.is_empty() {
            statement.conditions.remove(operator);
        }
        true
    })
}
