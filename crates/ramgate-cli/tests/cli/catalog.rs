//! `ramgate catalog`: what is known is shown, what is not is no answer.

use serde_json::json;

use crate::place::Place;

const CANCEL: &str = "vpc:CancelPhysicalConnection";

#[test]
fn an_action_with_all_that_is_known() {
    let place = Place::with([]);
    let ran = place.run(&["catalog", "VPC:cancelphysicalconnection"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.first_line(), CANCEL);
    for line in [
        "  access level: update",
        "  resource: acs:vpc:{region}:{account}:physicalconnection/{PhysicalConnectionId} (PhysicalConnection, required)",
        "  condition keys of its own: none",
        "  further actions needed: none",
        "  authorizes: vpc:CancelPhysicalConnection",
        "  source: https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpc-2016-04-28-cancelphysicalconnection (2026, page)",
    ] {
        assert!(
            ran.stdout.lines().any(|found| found == line),
            "{line}\n{}",
            ran.stdout
        );
    }
    for part in ["acs:SourceIp (IpAddress)", "vpc:tag/<name> (String)"] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
}

#[test]
fn an_action_for_programs() {
    let place = Place::with([]);
    let ran = place.run(&["catalog", CANCEL, "--format", "json"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let action = ran.json();
    assert_eq!(action["action"], CANCEL);
    assert_eq!(action["access_level"], "update");
    assert_eq!(action["resource_level"], true);
    assert_eq!(
        action["resources"],
        json!([{
            "type": "PhysicalConnection",
            "arn": "acs:vpc:{region}:{account}:physicalconnection/{PhysicalConnectionId}",
            "required": true,
        }])
    );
    assert_eq!(action["own_condition_keys"], json!([]));
    assert_eq!(action["associated_actions"], json!([]));
    assert_eq!(
        action["operations"],
        json!([{ "product": "vpc", "name": "CancelPhysicalConnection", "parameter": null }])
    );
    assert_eq!(action["sources"][0]["date"], "2026");
    let keys = action["condition_keys"].as_array().unwrap();
    let source_ip = keys
        .iter()
        .find(|key| key["key"] == "acs:SourceIp")
        .unwrap();
    assert_eq!(
        (&source_ip["type"], &source_ip["scope"]),
        (&json!("IpAddress"), &json!("common"))
    );

    let unknown = place
        .run(&["catalog", "ecs:RunInstances", "--format", "json"])
        .json();
    assert_eq!(
        unknown["associated_actions"],
        json!(null),
        "unknown is not none"
    );
}

#[test]
fn actions_that_fit_a_pattern() {
    let place = Place::with([]);
    let ran = place.run(&["catalog", "vpc:cancel*"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (
            0,
            "vpc:CancelCommonBandwidthPackageIpBandwidth  update\n\
             vpc:CancelPhysicalConnection                 update  PhysicalConnection\n",
            ""
        )
    );
    let actions = place
        .run(&["catalog", "vpc:cancel*", "--format", "json"])
        .json();
    assert_eq!(actions["actions"][1]["action"], CANCEL);
    let ran = place.run(&["catalog", "vpc:Nothing*"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (2, "", "error: vpc:Nothing* fits no action that is known\n")
    );
}

#[test]
fn services() {
    let place = Place::with([]);
    let ran = place.run(&["catalog"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.lines().any(|line| line.starts_with("vpc ")
        && line.ends_with("Virtual Private Cloud and Express Connect")));
    assert!(ran.stdout.lines().last().unwrap().contains(" services, "));
    let services = place.run(&["catalog", "--format", "json"]).json();
    assert!(services["services"].as_array().unwrap().len() > 100);

    let ran = place.run(&["catalog", "vpc"]);
    assert_eq!(ran.status, 0);
    assert_eq!(
        ran.first_line(),
        "vpc: Virtual Private Cloud and Express Connect"
    );
    assert!(ran.stdout.contains("\nvpc:CancelPhysicalConnection "));
    let service = place.run(&["catalog", "vpc", "--format", "json"]).json();
    assert_eq!(
        (&service["service"], &service["listing"]),
        (&json!("vpc"), &json!("complete"))
    );
    assert_eq!(
        service["action_count"],
        service["actions"].as_array().unwrap().len()
    );
}

#[test]
fn what_is_unknown_is_no_answer() {
    let place = Place::with([]);
    for (name, error, help) in [
        (
            "vpc:CancelPhysicalConection",
            "vpc:CancelPhysicalConection is none of the ",
            "did you mean vpc:CancelPhysicalConnection?",
        ),
        (
            "oss:PutObjekt",
            "nothing is known of oss:PutObjekt",
            "did you mean oss:PutObject?",
        ),
        (
            "cbn:CreateCen",
            "no service with the RAM code cbn",
            "did you mean cen:CreateCen?",
        ),
        (
            "cbn:NeverHeardOf",
            "no service with the RAM code cbn",
            "did you mean cen?",
        ),
        (
            "cbn",
            "the RAM code that its calls are authorized by is cen",
            "",
        ),
        (
            "vpcc",
            "no service with the RAM code vpcc",
            "did you mean vpc?",
        ),
        (
            "ModifyPhysicalConnectionAttribute",
            "no service with the RAM code",
            "vpc:ModifyPhysicalConnectionAttribute",
        ),
        (
            "nothing",
            "no service with the RAM code nothing is listed\n",
            "",
        ),
    ] {
        for format in ["text", "json"] {
            let ran = place.run(&["catalog", name, "--format", format]);
            assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{name}");
            assert!(ran.stderr.starts_with("error: "), "{ran:?}");
            assert!(ran.stderr.contains(error), "{ran:?}");
            assert!(ran.stderr.contains(help), "{ran:?}");
        }
    }
}

#[test]
fn facts_of_ones_own() {
    let own = "service\tvpc\naction\tPaintPhysicalConnection\tupdate\t*PhysicalConnection\n\
        service\tmine\tcomplete\t\t\tOur own\naction\tDo\n";
    let place = Place::with([
        ("own.tsv", own),
        ("more.tsv", "service\tmine\naction\tDo\tget\n"),
        ("bad.tsv", "service\tvpc\naction\tX\tupdat\n"),
    ]);
    let ran = place.run(&[
        "catalog",
        "--catalog",
        "own.tsv",
        "vpc:PaintPhysicalConnection",
    ]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stdout
            .contains("physicalconnection/{PhysicalConnectionId} (PhysicalConnection, required)")
    );
    let both = [
        "catalog",
        "--catalog",
        "own.tsv",
        "--catalog",
        "more.tsv",
        "mine",
    ];
    let ran = place.run(&both);
    assert_eq!(ran.first_line(), "mine: Our own");
    assert_eq!(ran.stdout.lines().last(), Some("mine:Do  get"));
    let ran = place.run(&["catalog", "--catalog", "bad.tsv"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert_eq!(
        ran.stderr,
        "error: bad.tsv:2:10: level: \"updat\" is none of create, get, list, update, delete, read, write\n  help: did you mean update?\n"
    );
    let ran = place.run(&["catalog", "--catalog", "none.tsv"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.starts_with("error: none.tsv: cannot be read"),
        "{ran:?}"
    );
}
