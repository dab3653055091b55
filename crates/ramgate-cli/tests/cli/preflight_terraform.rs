//! `ramgate preflight --terraform`: may this caller apply this plan?

use serde_json::{Value, json};

use crate::place::Place;

const CALLER: &str = "acs:ram::1234567890123456:user/ci";

fn change(address: &str, actions: &[&str], before: Value, after: Value, unknown: Value) -> Value {
    let (of, name) = address.split_once('.').unwrap();
    json!({"address": address, "mode": "managed", "type": of, "name": name,
           "change": {"actions": actions, "before": before, "after": after, "after_unknown": unknown}})
}

fn circuit(name: &str) -> String {
    format!("alicloud_express_connect_physical_connection.{name}")
}

fn status(name: &str, id: &str, from: &str, to: &str) -> Value {
    change(
        &circuit(name),
        &["update"],
        json!({"id": id, "status": from}),
        json!({"id": id, "status": to}),
        json!({}),
    )
}

fn place(changes: &[Value]) -> Place {
    let plan = json!({
        "format_version": "1.2", "terraform_version": "1.9.8", "resource_changes": changes,
        "configuration": {
            "provider_config": {"alicloud": {"expressions": {"region": {"constant_value": "cn-hangzhou"}}}},
            "root_module": {"resources": [
                {"address": "alicloud_express_connect_virtual_border_router.new",
                 "expressions": {"physical_connection_id": {"references": [circuit("new")]}, "vlan_id": {"constant_value": 1}}},
            ]},
        },
    });
    let account = json!({"ramgate": 1, "accounts": {"1234567890123456": {
        "policies": {"ci": {"document": {"Version": "1", "Statement": [
            {"Effect": "Allow", "Action": ["vpc:*PhysicalConnection*", "vpc:CreateVpc"], "Resource": "*"},
            {"Effect": "Deny", "Action": "vpc:CancelPhysicalConnection", "Resource": "acs:vpc:*:*:physicalconnection/pc-prod*"}]}}},
        "users": {"ci": {"policies": ["ci"]}}}}});
    let place = Place::with([]);
    place.write("plan.json", serde_json::to_string_pretty(&plan).unwrap());
    place.write("account.json", account.to_string());
    place
}

const PREFLIGHT: [&str; 7] = [
    "preflight",
    "--terraform",
    "plan.json",
    "--account",
    "account.json",
    "--principal",
    CALLER,
];

#[test]
fn each_change_is_put_to_preflight() {
    let place = place(&[
        status("old", "pc-old1", "Confirmed", "Canceled"),
        status("prod", "pc-prod1", "Confirmed", "Canceled"),
        change(
            &circuit("gone"),
            &["delete"],
            json!({"id": "pc-gone1", "status": "Enabled"}),
            Value::Null,
            json!({}),
        ),
        change(
            &circuit("same"),
            &["no-op"],
            json!({"id": "pc-2"}),
            json!({"id": "pc-2"}),
            json!({}),
        ),
        change(
            "alicloud_express_connect_virtual_border_router.new",
            &["create"],
            Value::Null,
            json!({"vlan_id": 1}),
            json!({"physical_connection_id": true, "id": true, "bandwidth": true}),
        ),
        change(
            "alicloud_vpc.lab",
            &["create"],
            Value::Null,
            json!({"cidr_block": "10.0.0.0/8"}),
            json!({"id": true}),
        ),
        change(
            "alicloud_vpc.tagged",
            &["update"],
            json!({"id": "vpc-1", "tags": {}}),
            json!({"id": "vpc-1", "tags": {"a": "b"}}),
            json!({}),
        ),
        change(
            "alicloud_log_store.x",
            &["create"],
            Value::Null,
            json!({"name": "x"}),
            json!({"id": true}),
        ),
    ]);
    let ran = place.run(&[&PREFLIGHT[..], &["--format", "json"]].concat());
    assert_eq!((ran.status, ran.stderr.as_str()), (2, ""), "{ran:?}");
    let told: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
            let name = text("address").rsplit('.').next().unwrap().to_owned();
            format!(
                "{name} {} {} {} {}",
                text("change"),
                text("operation"),
                text("outcome"),
                text("state_after")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "old update vpc:CancelPhysicalConnection Succeeds Canceled",
            "prod update vpc:CancelPhysicalConnection NoPermission -",
            "gone delete vpc:DeletePhysicalConnection NotAllowedInState -",
            "new create vpc:CreateVirtualBorderRouter Unknown -",
            "lab create vpc:CreateVpc Unknown -",
            "tagged update - Unknown -",
            "x create - Unknown -",
        ]
    );
    for reason in [
        "PhysicalConnectionId (physical_connection_id) is known only after apply",
        "the policies say Allow to vpc:CreateVpc on acs:vpc:cn-hangzhou:1234567890123456:vpc/*",
        "which call changes tags is not in the table",
        "which calls a change of alicloud_log_store makes is not in the table",
    ] {
        assert!(ran.stdout.contains(reason), "{reason}: {ran:?}");
    }
    let ran = place.run(&PREFLIGHT);
    assert!(
        ran.stdout
            .ends_with("7 calls: 1 NoPermission, 1 NotAllowedInState, 1 Succeeds, 4 Unknown\n"),
        "{ran:?}"
    );
}

#[test]
fn the_exit_status_is_that_of_the_worst_call() {
    for (changes, wanted) in [
        (vec![], 0),
        (vec![status("old", "pc-old1", "Confirmed", "Canceled")], 0),
        (
            vec![
                status("old", "pc-old1", "Confirmed", "Canceled"),
                status("prod", "pc-prod1", "Confirmed", "Canceled"),
            ],
            1,
        ),
        (vec![status("old", "pc-old1", "Confirmed", "Frozen")], 2),
    ] {
        let ran = place(&changes).run(&PREFLIGHT);
        assert_eq!(ran.status, wanted, "{ran:?}");
    }
    let place = place(&[]);
    place.write("plan.json", "{}");
    let ran = place.run(&PREFLIGHT);
    assert!(
        ran.status == 2 && ran.stderr.contains("plan.json: no Terraform plan"),
        "{ran:?}"
    );
}
