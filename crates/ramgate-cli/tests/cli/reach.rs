//! `ramgate who-can` and `ramgate what-can`: conditions, ways over roles, patterns, errors; and that `check` agrees.

use serde_json::json;

use crate::place::Place;

const ALICE: &str = "acs:ram::1234567890123456:user/alice";
const CIRCUIT: &str = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-1";

fn document(statements: serde_json::Value) -> serde_json::Value {
    json!({ "document": { "Version": "1", "Statement": statements } })
}

/// Alice from the office, bob over a role over a role, carol not at all, and a guardrail.
fn place() -> Place {
    let office = json!({ "IpAddress": { "acs:SourceIp": "203.0.113.0/24" }, "Bool": { "acs:MFAPresent": "true" } });
    let trust = |who: &str| {
        json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Principal": { "RAM": [who] }, "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "sts:ExternalId": "x-1" } } }] })
    };
    let snapshot = json!({ "ramgate": 1,
      "accounts": { "1234567890123456": {
        "folder": "r-1",
        "policies": {
          "office": document(json!([{ "Effect": "Allow", "Action": "vpc:*", "Resource": "acs:vpc:*:*:physicalconnection/*", "Condition": office }])),
          "ops": document(json!([{ "Effect": "Allow", "Action": ["vpc:CancelPhysicalConnection", "vpc:Paint*"], "Resource": "*" }])),
          "assume": document(json!([{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" }])),
        },
        "users": { "alice": { "policies": ["office"] }, "bob": { "policies": ["assume"] }, "carol": {} },
        "roles": {
          "jump": { "trust": trust("acs:ram::1234567890123456:user/bob"), "policies": ["assume"] },
          "ops": { "trust": trust("acs:ram::1234567890123456:role/jump"), "policies": ["ops"] },
        },
      } },
      "control_policies": {
        "policies": {
          "full": document(json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }])),
          "guard": document(json!([{ "Effect": "Deny", "Action": "vpc:Delete*", "Resource": "*" }])),
        },
        "attachments": { "r-1": ["full", "guard"], "1234567890123456": ["full"] },
      },
    });
    Place::with([("s.json", &*serde_json::to_string_pretty(&snapshot).unwrap())])
}

#[test]
fn everybody_who_can_is_listed_with_conditions_and_ways() {
    let ran = place().run(&[
        "who-can",
        "vpc:CancelPhysicalConnection",
        CIRCUIT,
        "--account",
        "s.json",
    ]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let lines: Vec<&str> = ran
        .stdout
        .lines()
        .map(|line| line.split(", at s.json").next().unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            "acs:ram::1234567890123456:role/jump",
            "  by assuming acs:ram::1234567890123456:role/ops, where StringEquals sts:ExternalId x-1",
            "acs:ram::1234567890123456:role/ops",
            "  by statement 0 of ops (identity)",
            "acs:ram::1234567890123456:root",
            "  by being the account itself",
            "acs:ram::1234567890123456:user/alice",
            "  only where Bool acs:MFAPresent true",
            "    of statement 0 of office (identity)",
            "  and IpAddress acs:SourceIp in 203.0.113.0/24",
            "    of statement 0 of office (identity)",
            "  by statement 0 of office (identity)",
            "acs:ram::1234567890123456:user/bob",
            "  by assuming acs:ram::1234567890123456:role/jump, where StringEquals sts:ExternalId x-1",
            "  and then acs:ram::1234567890123456:role/ops, where StringEquals sts:ExternalId x-1",
            "5 of 6 can vpc:CancelPhysicalConnection on acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-1",
        ]
    );
}

#[test]
fn programs_get_the_shape_that_is_promised() {
    let place = place();
    let arguments = [
        "who-can",
        "vpc:CancelPhysicalConnection",
        CIRCUIT,
        "--account",
        "s.json",
        "--format",
        "json",
    ];
    let answer = place.run(&arguments).json();
    assert_eq!(
        (&answer["action"], &answer["resource"]),
        (&"vpc:CancelPhysicalConnection".into(), &CIRCUIT.into())
    );
    let principals = answer["principals"].as_array().unwrap();
    let names: Vec<&str> = principals
        .iter()
        .map(|one| one["principal"].as_str().unwrap())
        .collect();
    assert!(names.is_sorted());
    let of = |name: &str| {
        principals
            .iter()
            .find(|one| one["principal"].as_str().unwrap().ends_with(name))
            .unwrap()
    };
    let alice = of("user/alice");
    assert_eq!(alice["decision"], "Conditional");
    assert_eq!(alice["conditions"][0]["key"], "acs:MFAPresent");
    assert_eq!(alice["determined_by"][0]["policy"], "office");
    assert_eq!(alice["via"], json!([]));
    assert_eq!(
        (&of("role/ops")["decision"], &of("role/ops")["conditions"]),
        (&"Allow".into(), &json!([]))
    );
    let bob = of("user/bob");
    assert_eq!(
        (&bob["decision"], &bob["direct"]),
        (&"Conditional".into(), &false.into())
    );
    assert_eq!(bob["via"], json!(["acs:ram::1234567890123456:role/ops"]));
    let steps = bob["paths"][0]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[1]["role"], "acs:ram::1234567890123456:role/ops");
    assert_eq!(steps[1]["conditions"][0]["key"], "sts:ExternalId");
}

#[test]
fn what_is_known_of_the_context_is_no_condition_and_check_agrees() {
    let place = place();
    let ask = |more: &[&str]| {
        let asked = [
            "who-can",
            "vpc:CancelPhysicalConnection",
            CIRCUIT,
            "--account",
            "s.json",
            "--no-roles",
            "--format",
            "json",
        ];
        let answer = place.run(&[&asked[..], more].concat()).json();
        let principals = answer["principals"].as_array().unwrap().clone();
        principals.into_iter().find(|one| one["principal"] == ALICE)
    };
    let check = |context: &[&str]| {
        let asked = [
            "check",
            "--account",
            "s.json",
            "--principal",
            ALICE,
            "--action",
            "vpc:CancelPhysicalConnection",
            "--resource",
            CIRCUIT,
        ];
        place.run(&[&asked[..], context].concat()).first_line() == "Allow"
    };
    let office = ["--context", "acs:SourceIp=203.0.113.7"];
    let with_mfa = [&office[..], &["--context", "acs:MFAPresent=true"]].concat();
    let outside = ["--context", "acs:SourceIp=198.51.100.9"];
    assert_eq!(ask(&with_mfa).unwrap()["decision"], "Allow");
    assert!(check(&with_mfa));
    assert_eq!(
        ask(&office).unwrap()["conditions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(!check(&office));
    assert!(ask(&outside).is_none() && !check(&outside));
    assert!(ask(&["--absent", "acs:MFAPresent"]).is_none());
}

#[test]
fn a_pattern_is_asked_for_as_it_is_or_for_any_that_fits() {
    let place = place();
    let one = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/*";
    let asked = [
        "who-can",
        "vpc:CancelPhysicalConnection",
        one,
        "--account",
        "s.json",
    ];
    let literally = place.run(&asked);
    assert!(
        literally.stdout.contains("its wildcards as letters"),
        "{literally:?}"
    );
    let asked = [
        "who-can",
        "vpc:CancelPhysicalConnection",
        "acs:vpc:*:*:*",
        "--account",
        "s.json",
        "--no-roles",
        "--any",
        "--format",
        "json",
    ];
    let answer = place.run(&asked).json();
    let alice = answer["principals"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["principal"] == ALICE)
        .unwrap()
        .clone();
    let resource = alice["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|one| one["resource"].as_array());
    assert_eq!(
        resource.unwrap()[0],
        "acs:vpc:*:1234567890123456:*",
        "{alice:#}"
    );
    for bad in [
        &["vpc:A", "acs:*:*:*:*"][..],
        &["sts:AssumeRole", "acs:ram:*:*:role/*"],
        &["vpc:A", "x"],
    ] {
        let ran = place.run(&[&["who-can"], bad, &["--any", "--account", "s.json"]].concat());
        assert_eq!((ran.status, ran.stderr.is_empty()), (2, false), "{ran:?}");
    }
}

#[test]
fn nobody_is_a_no_and_what_cannot_be_asked_is_an_error() {
    let place = place();
    for (arguments, status) in [
        (
            &[
                "who-can",
                "ecs:StopInstance",
                "acs:ecs:cn-x:9999999999999999:instance/i",
                "--account",
                "s.json",
            ][..],
            1,
        ),
        (&["who-can", "ecs", "*", "--account", "s.json"], 2),
        (
            &["who-can", "ecs:StopInstance", "*", "--account", "none.json"],
            2,
        ),
        (&["who-can", "ecs:StopInstance", "--account", "s.json"], 2),
        (
            &[
                "what-can",
                "acs:ram::1234567890123456:user/nobody",
                "--account",
                "s.json",
            ],
            2,
        ),
        (&["what-can", "nobody", "--account", "s.json"], 2),
        (
            &[
                "what-can",
                ALICE,
                "--account",
                "s.json",
                "--service",
                "vpcs",
            ],
            2,
        ),
        (
            &[
                "what-can",
                "acs:ram::1234567890123456:user/carol",
                "--account",
                "s.json",
                "--service",
                "vpc",
            ],
            1,
        ),
    ] {
        let ran = place.run(arguments);
        assert_eq!(ran.status, status, "{arguments:?} {ran:?}");
        assert_eq!(status == 2, !ran.stderr.is_empty(), "{ran:?}");
    }
    let guess = place.run(&[
        "what-can",
        ALICE,
        "--account",
        "s.json",
        "--service",
        "vpcs",
    ]);
    assert!(guess.stderr.contains("did you mean vpc?"), "{guess:?}");
}

#[test]
fn what_somebody_can_do_is_told_by_action_and_resource() {
    let place = place();
    let ran = place.run(&[
        "what-can",
        "acs:ram::1234567890123456:role/ops",
        "--account",
        "s.json",
        "--service",
        "vpc",
    ]);
    assert_eq!(ran.status, 0);
    assert!(ran.stdout.starts_with("on "), "{ran:?}");
    assert!(
        ran.stdout
            .contains("vpc:Paint*, of which the catalogue has none"),
        "{ran:?}"
    );
    let asked = [
        "what-can",
        ALICE,
        "--account",
        "s.json",
        "--service",
        "vpc",
        "--format",
        "json",
    ];
    let answer = place.run(&asked).json();
    assert_eq!(answer["principal"], ALICE);
    let access = answer["access"].as_array().unwrap();
    let with = |action: &str| {
        let lists = |one: &&serde_json::Value| {
            one["actions"]
                .as_array()
                .unwrap()
                .iter()
                .any(|name| name == action)
        };
        access.iter().find(lists)
    };
    let cancel = with("vpc:CancelPhysicalConnection").unwrap();
    assert_eq!(cancel["decision"], "Conditional");
    assert_eq!(cancel["on"], "resources of account 1234567890123456");
    let conditions = cancel["conditions"].as_array().unwrap();
    let resource = conditions
        .iter()
        .find_map(|one| one.get("resource"))
        .unwrap();
    assert_eq!(resource, &json!(["acs:vpc:*:*:physicalconnection/*"]));
    // The guardrail.
    assert!(with("vpc:DeleteVpc").is_none(), "{answer:#}");
    let bob = [
        "what-can",
        "acs:ram::1234567890123456:user/bob",
        "--account",
        "s.json",
        "--service",
        "sts",
        "--format",
        "json",
    ];
    let bob = place.run(&bob).json();
    let roles: Vec<_> = bob["access"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["on"].as_str().unwrap())
        .collect();
    assert!(
        roles.contains(&"acs:ram::1234567890123456:role/jump"),
        "{roles:?}"
    );
    assert!(
        !roles.contains(&"acs:ram::1234567890123456:role/ops"),
        "{roles:?}"
    );
}
