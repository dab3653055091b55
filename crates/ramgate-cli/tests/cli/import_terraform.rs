//! `ramgate import` and `ramgate diff` of Terraform plans and states.

use serde_json::{Value, json};

use crate::place::{Place, Ran};

const ACCOUNT: &str = "1234567890123456";
const DEV: &str = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-dev1";
const SECRET: &str = "pc-top-secret";

/// A resource of a plan. `address` may begin with the module's instance.
fn change(address: &str, actions: &[&str], before: Value, after: Value, unknown: Value) -> Value {
    // Only a module's instance may stand before the type.
    let at = address.rfind("alicloud_").unwrap();
    let (module, own) = address.split_at(at);
    let module = module.strip_suffix('.');
    let (plain, index) = match own.split_once('[') {
        Some((plain, index)) => (
            plain,
            serde_json::from_str(index.trim_end_matches(']')).unwrap(),
        ),
        None => (own, Value::Null),
    };
    let (of, name) = plain.split_once('.').unwrap();
    let mut change = json!({
        "address": address, "mode": "managed", "type": of, "name": name, "index": index,
        "provider_name": "registry.terraform.io/aliyun/alicloud",
        "change": {"actions": actions, "before": before, "after": after, "after_unknown": unknown,
                   "before_sensitive": {}, "after_sensitive": {}},
    });
    if let Some(module) = module {
        change["module_address"] = module.into();
    }
    change
}

fn policy(effect: &str, action: &str, resource: &str) -> String {
    json!({"Version": "1", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]}).to_string()
}

fn plan(changes: &[Value], configuration: Value) -> Value {
    json!({"format_version": "1.2", "terraform_version": "1.9.8", "resource_changes": changes,
           "configuration": {"root_module": configuration}})
}

fn references(address: &str, attributes: &[(&str, &[&str])]) -> Value {
    let (of, name) = address.split_once('.').unwrap();
    let expressions: serde_json::Map<String, Value> = attributes
        .iter()
        .map(|(name, of)| ((*name).to_owned(), json!({"references": of})))
        .collect();
    json!({"address": address, "mode": "managed", "type": of, "name": name,
           "provider_config_key": "alicloud", "expressions": expressions})
}

/// What the whole account was before the plan.
fn base() -> Value {
    json!({
        "ramgate": 1,
        "accounts": { ACCOUNT: {
            "management": false,
            "folder": "r-Ab12/fd-net",
            "policies": {
                "circuit-operator": {"type": "Custom", "document": {"Version": "1", "Statement": [
                    {"Effect": "Allow", "Action": ["vpc:Describe*", "vpc:CancelPhysicalConnection"], "Resource": "*"}]}},
                "fence": {"type": "Custom", "document": policy("Deny", "vpc:CancelPhysicalConnection", "acs:vpc:*:*:physicalconnection/pc-prod*")},
                "AliyunVPCReadOnlyAccess": {"type": "System", "document": policy("Allow", "vpc:Describe*", "*")},
            },
            "groups": {"network": {"policies": ["circuit-operator"]}},
            "users": {
                "alice": {"id": "200000000000000001", "groups": ["network"], "policies": ["fence"]},
                "bob": {"id": "200000000000000002", "groups": [], "policies": ["AliyunVPCReadOnlyAccess"]},
            },
            "roles": {},
        } },
        "control_policies": {
            "policies": {"FullAliyunAccess": {"type": "System", "document": policy("Allow", "*", "*")}},
            "attachments": {"r-Ab12": ["FullAliyunAccess"], "r-Ab12/fd-net": ["FullAliyunAccess"], ACCOUNT: ["FullAliyunAccess"]},
        },
    })
}

/// alice loses her fence; a module gives bob more in one resource group; a role, a bucket and a guardrail are new.
fn team_plan() -> Value {
    let bucket = json!({"Version": "1", "Statement": [{"Effect": "Allow", "Principal": ["200000000000000002"],
        "Action": ["oss:GetObject"], "Resource": [format!("acs:oss:*:{ACCOUNT}:reports/*")]}]});
    let changes = [
        change(
            "alicloud_ram_user.alice",
            &["no-op"],
            json!({"name": "alice", "id": "200000000000000001"}),
            json!({"name": "alice", "id": "200000000000000001"}),
            json!({}),
        ),
        change(
            "alicloud_ram_user_policy_attachment.fence",
            &["delete"],
            json!({"id": "user:fence:Custom:alice", "policy_name": "fence", "policy_type": "Custom", "user_name": "alice"}),
            Value::Null,
            json!({}),
        ),
        change(
            "alicloud_resource_manager_resource_group.lab",
            &["create"],
            Value::Null,
            json!({"resource_group_name": "lab"}),
            json!({"id": true}),
        ),
        change(
            "module.grant[\"bob\"].alicloud_ram_policy.this",
            &["create"],
            Value::Null,
            json!({"policy_name": "lab-cancel", "policy_document": policy("Allow", "vpc:CancelPhysicalConnection", "*")}),
            json!({"id": true, "type": true}),
        ),
        change(
            "module.grant[\"bob\"].alicloud_resource_manager_policy_attachment.this",
            &["create"],
            Value::Null,
            json!({"policy_type": "Custom", "principal_type": "IMSUser", "principal_name": "bob@corp.onaliyun.com"}),
            json!({"policy_name": true, "resource_group_id": true}),
        ),
        change(
            "alicloud_ram_role.ops[0]",
            &["create"],
            Value::Null,
            json!({"role_name": "ops"}),
            json!({"assume_role_policy_document": true, "arn": true, "id": true}),
        ),
        change(
            "alicloud_ram_role_policy_attachment.ops",
            &["create"],
            Value::Null,
            json!({"policy_name": "circuit-operator", "policy_type": "Custom"}),
            json!({"role_name": true}),
        ),
        change(
            "alicloud_oss_bucket.reports",
            &["create"],
            Value::Null,
            json!({"bucket": "reports"}),
            json!({"id": true, "policy": true}),
        ),
        change(
            "alicloud_oss_bucket_policy.reports",
            &["create"],
            Value::Null,
            json!({"bucket": "reports", "policy": bucket.to_string()}),
            json!({"id": true}),
        ),
        change(
            "alicloud_resource_manager_control_policy.guard",
            &["create"],
            Value::Null,
            json!({"control_policy_name": "no-termination", "effect_scope": "RAM",
                   "policy_document": policy("Deny", "vpc:TerminatePhysicalConnection", "*")}),
            json!({"id": true}),
        ),
        change(
            "alicloud_resource_manager_control_policy_attachment.guard",
            &["create"],
            Value::Null,
            json!({"target_id": "fd-net"}),
            json!({"policy_id": true, "id": true}),
        ),
        json!({"address": "data.alicloud_ram_policy_document.trust", "mode": "data", "type": "alicloud_ram_policy_document", "name": "trust",
            "change": {"actions": ["read"], "before": null, "after": {"version": "1", "statement": [
                {"effect": "Allow", "action": ["sts:AssumeRole"], "principal": [{"entity": "RAM", "identifiers": [format!("acs:ram::{ACCOUNT}:root")]}]}]},
                "after_unknown": {"document": true, "id": true}}}),
    ];
    let configuration = json!({
        "resources": [
            references("alicloud_ram_role.ops", &[("assume_role_policy_document",
                &["data.alicloud_ram_policy_document.trust.document", "data.alicloud_ram_policy_document.trust"])]),
            references("alicloud_ram_role_policy_attachment.ops", &[("role_name",
                &["alicloud_ram_role.ops[0].id", "alicloud_ram_role.ops[0]", "alicloud_ram_role.ops"])]),
            references("alicloud_oss_bucket.reports", &[]),
            references("alicloud_resource_manager_control_policy_attachment.guard", &[("policy_id",
                &["alicloud_resource_manager_control_policy.guard.id", "alicloud_resource_manager_control_policy.guard"])]),
        ],
        "module_calls": {"grant": {
            "expressions": {"group": {"references": ["alicloud_resource_manager_resource_group.lab.id", "alicloud_resource_manager_resource_group.lab"]}},
            "module": {"resources": [
                references("alicloud_resource_manager_policy_attachment.this", &[
                    ("policy_name", &["alicloud_ram_policy.this.id", "alicloud_ram_policy.this"]),
                    ("resource_group_id", &["var.group"])]),
            ]},
        }},
    });
    plan(&changes, configuration)
}

fn place(plan: &Value) -> Place {
    let place = Place::with([]);
    place.write("plan.json", serde_json::to_string_pretty(plan).unwrap());
    place.write("base.json", base().to_string());
    place
}

fn check(place: &Place, snapshot: &str, who: &str, action: &str, more: &[&str]) -> String {
    let who = format!("acs:ram::{ACCOUNT}:{who}");
    let arguments = [
        "check",
        "--account",
        snapshot,
        "--principal",
        &who,
        "--action",
        action,
    ];
    let ran = place.run(&[&arguments, more].concat());
    assert_ne!(ran.status, 2, "{ran:?}");
    ran.first_line().to_owned()
}

fn import(place: &Place, more: &[&str]) -> Ran {
    place.run(&[&["import", "plan.json", "-o", "s.json"], more].concat())
}

#[test]
fn a_plan_over_a_snapshot_is_the_account_after_apply() {
    let place = place(&team_plan());
    let ran = import(&place, &["--base", "base.json"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (
            0,
            "s.json: 1 account, 2 users, 1 group, 1 role, 4 policies, 4 attachments, 1 policy on a resource, 2 control policies\n"
        ),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("module.grant[\"bob\"].alicloud_resource_manager_policy_attachment.this: policy_name is known only after apply; taken from module.grant[\"bob\"].alicloud_ram_policy.this, to which it refers: \"lab-cancel\""), "{ran:?}");
    assert!(
        ran.stderr
            .contains("put together from data.alicloud_ram_policy_document.trust"),
        "{ran:?}"
    );
    let prod = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-prod1";
    let lab = "alicloud_resource_manager_resource_group.lab";
    let object = "acs:oss:oss-cn-hangzhou:1234567890123456:reports/may.csv";
    let cancel = "vpc:CancelPhysicalConnection";
    for (who, action, more, before, after) in [
        (
            "user/alice",
            cancel,
            &["--resource", prod][..],
            "ExplicitDeny",
            "Allow",
        ),
        (
            "user/alice",
            "vpc:TerminatePhysicalConnection",
            &["--resource", DEV],
            "ImplicitDeny",
            "ExplicitDeny",
        ),
        (
            "user/bob",
            cancel,
            &["--resource", DEV, "--resource-group", lab],
            "ImplicitDeny",
            "Allow",
        ),
        (
            "user/bob",
            cancel,
            &["--resource", DEV, "--resource-group", "rg-other"],
            "ImplicitDeny",
            "ImplicitDeny",
        ),
        (
            "user/bob",
            "oss:GetObject",
            &["--resource", object, "--principal-id", "200000000000000002"],
            "ImplicitDeny",
            "Allow",
        ),
    ] {
        assert_eq!(
            check(&place, "base.json", who, action, more),
            before,
            "{who} {action}"
        );
        assert_eq!(
            check(&place, "s.json", who, action, more),
            after,
            "{who} {action}"
        );
    }
    assert_eq!(
        check(
            &place,
            "s.json",
            "assumed-role/ops/s",
            cancel,
            &["--resource", DEV]
        ),
        "Allow"
    );
    let before = import(&place, &["--base", "base.json", "--state", "before"]);
    assert_eq!(before.status, 0, "{before:?}");
    assert_eq!(
        place
            .run(&["diff", "base.json", "s.json"])
            .first_line()
            .split(':')
            .next(),
        Some("equivalent")
    );
}

#[test]
fn diff_takes_a_plan_over_a_snapshot_or_alone() {
    let place = place(&team_plan());
    let ran = place.run(&["diff", "base.json", "plan.json"]);
    assert_eq!(
        (ran.status, ran.first_line()),
        (
            0,
            "incomparable: plan.json (after) allows what plan.json (before) does not, and the other way round"
        ),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains("acs:ram::1234567890123456:user/alice")
            && ran.stdout.contains("vpc:CancelPhysicalConnection"),
        "{ran:?}"
    );
    let ran = place.run(&["diff", "--fail-on", "broader", "base.json", "plan.json"]);
    assert_eq!(ran.status, 1);
    let alone = plan(
        &[
            change(
                "alicloud_ram_user.alice",
                &["no-op"],
                json!({"name": "alice"}),
                json!({"name": "alice"}),
                json!({}),
            ),
            change(
                "alicloud_ram_policy.p",
                &["update"],
                json!({"policy_name": "p", "policy_document": policy("Allow", "vpc:*", "*")}),
                json!({"policy_name": "p", "policy_document": policy("Allow", "vpc:Describe*", "*")}),
                json!({}),
            ),
            change(
                "alicloud_ram_user_policy_attachment.p",
                &["no-op"],
                json!({"policy_name": "p", "policy_type": "Custom", "user_name": "alice"}),
                json!({"policy_name": "p", "policy_type": "Custom", "user_name": "alice"}),
                json!({}),
            ),
        ],
        json!({}),
    );
    place.write("alone.json", alone.to_string());
    let ran = place.run(&["diff", "alone.json", "--account-id", ACCOUNT]);
    assert_eq!(
        (ran.status, ran.first_line()),
        (
            0,
            "narrower: alone.json (before) allows what alone.json (after) does not"
        ),
        "{ran:?}"
    );
    assert!(
        ran.stderr
            .contains("warning: only what this plan manages is in the snapshot"),
        "{ran:?}"
    );
    let ran = place.run(&["diff", "alone.json", "base.json"]);
    assert!(
        ran.status == 2 && ran.stderr.contains("ramgate diff SNAPSHOT PLAN"),
        "{ran:?}"
    );
    let ran = place.run(&["diff", "base.json"]);
    assert!(
        ran.status == 2 && ran.stderr.contains("compared with what?"),
        "{ran:?}"
    );
}

/// A plan with a mistake, the arguments, and what is said of it.
#[test]
fn what_a_plan_does_not_tell_is_never_guessed() {
    let user = || {
        change(
            "alicloud_ram_user.alice",
            &["create"],
            Value::Null,
            json!({"name": "alice"}),
            json!({"id": true}),
        )
    };
    let attached = |after: Value, unknown: Value| {
        change(
            "alicloud_ram_user_policy_attachment.p",
            &["create"],
            Value::Null,
            after,
            unknown,
        )
    };
    let has_p = || {
        attached(
            json!({"policy_name": "p", "policy_type": "Custom", "user_name": "alice"}),
            json!({}),
        )
    };
    let hidden = || {
        let mut hidden = change(
            "alicloud_ram_policy.p",
            &["create"],
            Value::Null,
            json!({"policy_name": "p", "policy_document": policy("Allow", "vpc:*", SECRET)}),
            json!({}),
        );
        hidden["change"]["after_sensitive"] = json!({"policy_document": true});
        hidden
    };
    let with = |member: &str, value: Value| {
        let mut plan = plan(&[user()], json!({}));
        plan[member] = value;
        plan
    };
    let given = ["--account-id", ACCOUNT];
    let over = ["--base", "base.json"];
    let two = json!({"resources": [references("alicloud_ram_user.alice", &[]),
        {"address": "alicloud_ram_user.bob", "mode": "managed", "type": "alicloud_ram_user", "name": "bob", "provider_config_key": "alicloud.other"}]});
    let template = json!({"resources": [references("alicloud_ram_user_policy_attachment.p",
        &[("policy_name", &["alicloud_ram_policy.p.id", "alicloud_ram_policy.p", "var.suffix"])])]});
    let stale = change(
        "alicloud_ram_policy.fence",
        &["no-op"],
        Value::Null,
        json!({"policy_name": "fence", "policy_document": policy("Deny", "vpc:*", "*")}),
        json!({}),
    );
    let mut stale = stale;
    stale["change"]["before"] = stale["change"]["after"].clone();
    let cases: Vec<(Value, &[&str], &str)> = vec![
        (
            plan(&[user()], json!({})),
            &[],
            "the plan does not say of which account it is",
        ),
        (
            plan(&[user(), has_p()], json!({})),
            &given,
            "alicloud_ram_user_policy_attachment.p: custom policy \"p\" is attached to user \"alice\", and what it says is not known",
        ),
        (
            plan(
                &[
                    user(),
                    has_p(),
                    change(
                        "alicloud_ram_policy.p",
                        &["create"],
                        Value::Null,
                        json!({"policy_name": "p"}),
                        json!({"policy_document": true}),
                    ),
                ],
                json!({}),
            ),
            &given,
            "alicloud_ram_policy.p: policy_document is known only after apply",
        ),
        (
            plan(&[user(), has_p(), hidden()], json!({})),
            &given,
            "alicloud_ram_policy.p: policy_document is sensitive",
        ),
        (
            plan(
                &[
                    user(),
                    hidden(),
                    attached(
                        json!({"policy_type": "Custom", "user_name": "alice"}),
                        json!({"policy_name": true}),
                    ),
                ],
                template,
            ),
            &given,
            "alicloud_ram_user_policy_attachment.p: policy_name is known only after apply",
        ),
        (
            plan(
                &[
                    user(),
                    change(
                        "alicloud_ram_group_membership.m",
                        &["create"],
                        Value::Null,
                        json!({"group_name": "g"}),
                        json!({"user_names": true}),
                    ),
                ],
                json!({}),
            ),
            &given,
            "alicloud_ram_group_membership.m: user_names are known only after apply",
        ),
        (
            plan(
                &[change(
                    "alicloud_ram_role.r",
                    &["no-op"],
                    json!({"role_name": "r", "arn": "acs:ram::9999999999999999:role/r"}),
                    json!({"role_name": "r", "arn": "acs:ram::9999999999999999:role/r"}),
                    json!({}),
                )],
                json!({}),
            ),
            &given,
            "the plan is of account 9999999999999999, and --account-id says 1234567890123456",
        ),
        (
            plan(&[user()], two),
            &given,
            "resources of RAM by the providers alicloud, alicloud.other, which may be of different accounts",
        ),
        (
            with("errored", json!(true)),
            &given,
            "planning failed half-way",
        ),
        (
            with("format_version", json!("2.0")),
            &given,
            "format_version: format version \"2.0\" of terraform show -json; this reads 1.x",
        ),
        (
            with(
                "deferred_changes",
                json!([{"reason": "x", "resource_change": {"address": "alicloud_ram_policy.q"}}]),
            ),
            &given,
            "alicloud_ram_policy.q: put off to a later plan",
        ),
        (
            plan(
                &[change(
                    "alicloud_resource_manager_policy_version.v",
                    &["create"],
                    Value::Null,
                    json!({"policy_name": "p"}),
                    json!({}),
                )],
                json!({}),
            ),
            &given,
            "alicloud_resource_manager_policy_version.v: what alicloud_resource_manager_policy_version allows or denies cannot be put into a snapshot",
        ),
        (
            plan(
                &[change(
                    "alicloud_resource_manager_control_policy.c",
                    &["create"],
                    Value::Null,
                    json!({"control_policy_name": "c", "policy_document": policy("Deny", "*", "*")}),
                    json!({}),
                )],
                json!({}),
            ),
            &given,
            "the plan has control policies",
        ),
        (
            plan(&[stale], json!({})),
            &over,
            "custom policy \"fence\" is otherwise in the base: it is older than the plan, or of another account",
        ),
        (
            plan(
                &[change(
                    "alicloud_ram_policy.p",
                    &["create"],
                    Value::Null,
                    json!({"policy_name": "p", "policy_document": policy("Alow", "vpc:*", "*")}),
                    json!({}),
                )],
                json!({}),
            ),
            &over,
            "custom policy \"p\": Statement[0].Effect: unknown effect \"Alow\"",
        ),
    ];
    for (plan, more, wanted) in cases {
        let place = place(&plan);
        place.write("s.json", "old");
        let ran = import(&place, more);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (2, ""),
            "{wanted}: {ran:?}"
        );
        assert!(ran.stderr.contains(wanted), "{wanted}\n{}", ran.stderr);
        assert!(!ran.stderr.contains(SECRET), "{ran:?}");
        assert_eq!(place.read("s.json"), "old");
    }
}

#[test]
fn states_are_read_in_both_forms() {
    let attachment = json!({"policy_name": "p", "policy_type": "Custom", "user_name": "alice"});
    let resource = |of: &str, values: Value| json!({"address": format!("{of}.x"), "mode": "managed", "type": of, "name": "x", "values": values});
    let shown = json!({"format_version": "1.0", "terraform_version": "1.9.8", "values": {"root_module": {
        "resources": [resource("alicloud_ram_user", json!({"name": "alice"}))],
        "child_modules": [{"address": "module.a", "resources": [
            resource("alicloud_ram_policy", json!({"policy_name": "p", "policy_document": policy("Allow", "vpc:*", "*")})),
            resource("alicloud_ram_user_policy_attachment", attachment.clone())]}]}}});
    let instance = |of: &str, attributes: Value| json!({"mode": "managed", "type": of, "name": "x", "instances": [{"attributes": attributes}]});
    let file = json!({"version": 4, "terraform_version": "1.9.8", "resources": [
        instance("alicloud_ram_user", json!({"name": "alice"})),
        instance("alicloud_ram_policy", json!({"name": "p", "document": "", "statement": [{"effect": "Allow", "action": ["vpc:*"], "resource": ["*"]}]})),
        instance("alicloud_ram_user_policy_attachment", attachment)]});
    for state in [shown, file] {
        let place = Place::with([]);
        let ran = place.run_on(
            state.to_string(),
            &["import", "-", "-o", "s.json", "--account-id", ACCOUNT],
        );
        assert_eq!(ran.status, 0, "{ran:?}");
        assert_eq!(
            check(
                &place,
                "s.json",
                "user/alice",
                "vpc:CancelPhysicalConnection",
                &["--resource", DEV]
            ),
            "Allow"
        );
    }
}

#[test]
fn a_snapshot_that_cannot_be_written_leaves_the_old_one() {
    let place = place(&team_plan());
    let ran = place.run(&[
        "import",
        "plan.json",
        "--base",
        "base.json",
        "-o",
        "none/s.json",
    ]);
    assert!(
        ran.status == 2 && ran.stderr.contains("none/s.json: cannot be written"),
        "{ran:?}"
    );
    let ran = place.run(&[
        "import",
        "plan.json",
        "--base",
        "base.json",
        "-o",
        "-",
        "--format",
        "json",
    ]);
    assert!(ran.status == 2 && ran.stdout.is_empty(), "{ran:?}");
}
