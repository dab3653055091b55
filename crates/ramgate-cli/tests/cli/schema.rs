//! `ramgate schema`: a valid schema that takes what the reader takes, and refuses what nobody could mean.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::place::Place;

fn schema(arguments: &[&str]) -> Value {
    let ran = Place::with([]).run(&[&["schema"], arguments].concat());
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    ran.json()
}

fn validator(kind: &str) -> Validator {
    let schema = schema(&["--kind", kind, "--service", "ram"]);
    jsonschema::draft7::new(&schema).unwrap()
}

const KINDS: [&str; 11] = [
    "identity", "system", "session", "control", "trust", "oss", "bucket", "log", "kms", "resource",
    "endpoint",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn files(folder: &str) -> Vec<(String, Value)> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (
            path.display().to_string(),
            serde_json::from_str(&text).unwrap(),
        )
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_schema_is_one() {
    for kind in KINDS {
        let schema = schema(&["--kind", kind, "--service", "ram"]);
        assert!(jsonschema::meta::validate(&schema).is_ok(), "{kind}");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    }
    assert_eq!(schema(&["--kind", "bucket"]), schema(&["--kind", "oss"]));
}

#[test]
fn it_offers_what_the_catalogue_lists() {
    let whole = schema(&[]);
    let known = whole["definitions"]["action"]["anyOf"][0]["enum"]
        .as_array()
        .unwrap();
    assert!(known.len() > 10_000, "{}", known.len());
    for name in [
        "*",
        "vpc:*",
        "vpc:CancelPhysicalConnection",
        "oss:GetObject",
    ] {
        assert!(known.contains(&json!(name)), "{name}");
    }
    let some = schema(&["--service", "vpc,RAM"]);
    let known = some["definitions"]["action"]["anyOf"][0]["enum"]
        .as_array()
        .unwrap();
    assert!(known.contains(&json!("ram:CreateUser")) && !known.contains(&json!("oss:GetObject")));
    let keys = &some["definitions"]["keys"]["properties"];
    assert!(keys["acs:SourceIp"]["description"].is_string(), "{keys}");
    let ran = Place::with([]).run(&["schema", "--service", "vcp"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("no service has the code \"vcp\""),
        "{ran:?}"
    );
}

#[test]
fn it_takes_every_sample() {
    let mut count = 0;
    for (folder, kind) in [
        ("identity", "identity"),
        ("session", "session"),
        ("control", "control"),
        ("trust", "trust"),
        ("resource", "bucket"),
    ] {
        let validator = validator(kind);
        for (file, policy) in files(&format!("policies/{folder}")) {
            let errors: Vec<String> = validator
                .iter_errors(&policy)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{file}: {errors:?}");
            count += 1;
        }
    }
    assert!(count >= 15, "{count}");
}

/// Every policy of the case files that the reader takes, the schema takes; what it refuses, the reader refuses.
#[test]
fn it_refuses_nothing_that_the_reader_takes() {
    let identity = validator("identity");
    let mut taken = 0;
    let mut folders = vec![root().join("tests/cases")];
    let mut policies = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let cases: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            for case in cases.as_array().unwrap() {
                let list = case["policies"]["identity"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let is_refused = case["expect"]["error"].is_string();
                policies.extend(
                    list.into_iter()
                        .filter(|one| !is_refused && one["Statement"].is_array()),
                );
            }
        }
    }
    for policy in policies {
        let errors: Vec<String> = identity
            .iter_errors(&policy)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{policy}: {errors:?}");
        taken += 1;
    }
    assert!(taken > 300, "{taken}");
}

fn with(statement: Value) -> Value {
    json!({ "Version": "1", "Statement": [statement] })
}

#[test]
fn it_takes_every_form_and_refuses_what_is_broken() {
    let good = json!({ "Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*" });
    let changed = |name: &str, value: Value| {
        let mut statement = good.clone();
        statement[name] = value;
        with(statement)
    };
    let without = |name: &str| {
        let mut statement = good.clone();
        statement.as_object_mut().unwrap().remove(name);
        with(statement)
    };
    let condition = |operator: &str, key: &str, value: Value| {
        changed("Condition", json!({ operator: { key: value } }))
    };
    let identity = validator("identity");
    for policy in [
        with(good.clone()),
        changed("Action", json!(["*", "new-service:AnyAction", "ecs:?"])),
        changed("Sid", json!("")),
        changed("Condition", json!({})),
        condition("StringEquals", "acs:ResourceTag/team", json!(["a", ""])),
        condition("ForAnyValue:StringLike", "acs:RequestTag/x", json!("a*")),
        condition("Bool", "acs:SecureTransport", json!(["TRUE"])),
        condition("StringLike", "Action", json!("ecs:*")),
    ] {
        assert!(identity.is_valid(&policy), "{policy}");
    }
    let mut both = good.clone();
    both["NotAction"] = json!("ecs:*");
    let mut broken = vec![
        json!([]),
        json!({ "Version": "1" }),
        json!({ "Version": "2012-10-17", "Statement": [good] }),
        json!({ "Version": 1, "Statement": [good] }),
        json!({ "Version": "1", "Statement": [] }),
        json!({ "Version": "1", "Statement": [good], "Id": "x" }),
        with(both),
        without("Effect"),
        without("Action"),
        without("Resource"),
        changed("Effect", json!("allow")),
        changed("Action", json!("DescribeInstances")),
        changed("Action", json!("ecs:")),
        changed("Action", json!([])),
        changed("Resource", json!("")),
        changed("Resource", json!([1])),
        changed("NotResource", json!("*")),
        changed("Principal", json!("*")),
        changed("Conditions", json!({})),
        condition("StringEqualsIfExists", "acs:SourceVpc", json!("x")),
        condition("StringEquals", "SourceVpc", json!("x")),
        condition("StringEquals", "acs:SourceVpc", json!([])),
        condition("Bool", "acs:SecureTransport", json!(true)),
        condition("Bool", "acs:SecureTransport", json!(["true", "false"])),
        changed("Condition", json!({ "StringEquals": {} })),
    ];
    let reading = |kind: &str, policy: &Value| {
        let place = Place::with([("p.json", policy.to_string().as_str())]);
        place
            .run(&[
                "lint",
                "p.json",
                "--kind",
                kind,
                "--select",
                "RG1",
                "--fail-on",
                "suggestion",
            ])
            .status
            == 0
    };
    for policy in &broken {
        assert!(!identity.is_valid(policy), "{policy}");
        assert!(!reading("identity", policy), "the reader takes {policy}");
    }
    let trust = validator("trust");
    let trusting = |principal: Value| {
        with(json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal }))
    };
    for principal in [
        json!({ "RAM": "acs:ram::1234567890123456:root" }),
        json!({ "ram": ["acs:ram::1234567890123456:role/a", "*"] }),
        json!({ "Service": ["ecs.aliyuncs.com"], "Federated": "acs:ram::1:saml-provider/x" }),
        json!("*"),
    ] {
        let policy = trusting(principal);
        assert!(
            trust.is_valid(&policy) && reading("trust", &policy),
            "{policy}"
        );
    }
    broken = vec![
        trusting(json!({})),
        trusting(json!({ "AWS": "*" })),
        trusting(json!({ "RAM": "1234567890123456" })),
        trusting(json!(["1234567890123456"])),
        with(good.clone()),
    ];
    for policy in &broken {
        assert!(
            !trust.is_valid(policy) && !reading("trust", policy),
            "{policy}"
        );
    }
    let lists = [
        json!("*"),
        json!(["1234567890123456"]),
        json!(["arn:sts::1:assumed-role/a/b"]),
    ];
    for (kind, takes_none) in [("oss", true), ("log", false), ("endpoint", false)] {
        let validator = validator(kind);
        for principal in &lists {
            let policy = changed("Principal", principal.clone());
            assert!(
                validator.is_valid(&policy) && reading(kind, &policy),
                "{kind}: {policy}"
            );
        }
        let everybody = changed("Principal", json!([]));
        assert_eq!(
            (validator.is_valid(&everybody), reading(kind, &everybody)),
            (takes_none, takes_none),
            "{kind}"
        );
        for principal in [json!({ "RAM": "*" }), json!("alice"), json!([""])] {
            let policy = changed("Principal", principal);
            assert!(
                !validator.is_valid(&policy) && !reading(kind, &policy),
                "{kind}: {policy}"
            );
        }
    }
    let kms = validator("kms");
    for (principal, is_valid) in [
        (json!({ "RAM": ["acs:ram::1:*"] }), true),
        (json!({ "Service": "x" }), false),
        (json!(["1"]), false),
    ] {
        let policy = changed("Principal", principal);
        assert_eq!(
            (kms.is_valid(&policy), reading("kms", &policy)),
            (is_valid, is_valid),
            "{policy}"
        );
    }
}
