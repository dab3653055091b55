//! `ramgate lint` over files with policies in them: what is found stands where the user sees it, and fixes keep the file what it is.

use serde_json::{Value, json};

use crate::place::Place;

fn with<const N: usize>(files: [(&str, String); N]) -> Place {
    let place = Place::with([]);
    for (name, text) in files {
        place.write(name, text);
    }
    place
}

/// An identity policy with a misspelled action, which is found, and a character of two bytes before it.
fn typo() -> String {
    policy(
        json!({ "Sid": "é", "Effect": "Allow", "Action": ["vpc:CancelPhysicalConection"], "Resource": "*" }),
    )
}

fn policy(statement: Value) -> String {
    serde_json::to_string_pretty(&json!({ "Version": "1", "Statement": [statement] })).unwrap()
}

const CLEAN_TRUST: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs.aliyuncs.com"},"Action":"sts:AssumeRole"}]}"#;

/// Rule, line, column, text of the place, and the document, of every finding in a file.
fn found(place: &Place, file: &str) -> Vec<(String, String, String)> {
    let ran = place.run(&["lint", file, "--format", "json"]);
    assert!(ran.status < 2, "{ran:?}");
    let text = place.read(file);
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let findings = ran.json();
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let findings = findings.as_array().unwrap().iter().map(|finding| {
        let line = number(&finding["line"]);
        let end = if number(&finding["end_line"]) == line {
            number(&finding["end_column"]) - 1
        } else {
            lines[line - 1].len()
        };
        let pointed: String = lines[line - 1][number(&finding["column"]) - 1..end]
            .iter()
            .collect();
        let word = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        (word("rule"), pointed, word("document"))
    });
    findings.collect()
}

fn one(rule: &str, pointed: &str, document: &str) -> Vec<(String, String, String)> {
    vec![(rule.to_owned(), pointed.to_owned(), document.to_owned())]
}

fn change(address: &str, kind: &str, after: Value) -> Value {
    json!({ "address": address, "mode": "managed", "type": kind, "name": "x",
        "change": { "actions": ["create"], "before": null, "after": after, "after_unknown": {}, "after_sensitive": {} } })
}

fn plan(changes: Value, planned: Value) -> String {
    let plan = json!({ "format_version": "1.2", "planned_values": { "root_module": planned }, "resource_changes": changes });
    plan.to_string()
}

#[test]
fn a_terraform_plan_is_one_line_and_the_place_is_inside_its_string() {
    let changes = json!([change(
        "alicloud_ram_policy.net",
        "alicloud_ram_policy",
        json!({ "policy_document": typo() })
    )]);
    let place = with([("plan.json", plan(changes, json!({})))]);
    let pointed = r#"\"vpc:CancelPhysicalConection\""#;
    assert_eq!(
        found(&place, "plan.json"),
        one("RG001", pointed, "alicloud_ram_policy.net.policy_document")
    );
    let ran = place.run(&["lint", "plan.json"]);
    assert!(
        ran.stdout
            .contains("in alicloud_ram_policy.net.policy_document\n"),
        "{ran:?}"
    );
    assert_eq!(
        ran.stderr,
        "note: plan.json: a Terraform plan or state, with 1 policy to look at\n"
    );
}

/// The same bad trust policy is no trust policy anywhere else: only the place tells.
#[test]
fn the_kind_of_a_policy_follows_from_where_it_stands() {
    let cases = [
        ("alicloud_ram_role", "assume_role_policy_document", true),
        ("alicloud_ram_role", "document", true),
        (
            "alicloud_resource_manager_role",
            "assume_role_policy_document",
            true,
        ),
        ("alicloud_ram_policy", "document", false),
        ("alicloud_resource_manager_policy", "policy_document", false),
        (
            "alicloud_resource_manager_control_policy",
            "policy_document",
            false,
        ),
    ];
    for (kind, attribute, is_trust) in cases {
        let changes = json!([change("x.y", kind, json!({ attribute: CLEAN_TRUST }))]);
        let place = with([("plan.json", plan(changes, json!({})))]);
        let found = found(&place, "plan.json");
        assert_eq!(found.is_empty(), is_trust, "{kind}.{attribute}: {found:?}");
        // --kind is for policies that stand alone.
        let ran = place.run(&["lint", "plan.json", "--kind", "trust"]);
        assert_eq!(ran.status == 0, is_trust, "{kind}.{attribute}: {ran:?}");
    }
    let bucket = policy(
        json!({ "Effect": "Allow", "Principal": ["1234567890123456"], "Action": "oss:GetObject", "Resource": "acs:oss:*:*:b/*" }),
    );
    for kind in ["alicloud_oss_bucket", "alicloud_oss_bucket_policy"] {
        let changes = json!([change("x.y", kind, json!({ "policy": bucket }))]);
        let place = with([("plan.json", plan(changes, json!({})))]);
        assert_eq!(found(&place, "plan.json"), [], "{kind}");
    }
}

#[test]
fn a_plan_tells_each_document_once_and_what_it_does_not_know() {
    let resource = |address: &str| {
        json!({ "address": address, "mode": "managed", "type": "alicloud_ram_policy", "name": "x",
            "values": { "policy_document": typo(), "document": typo() } })
    };
    let mut unknown = change("a.unknown", "alicloud_ram_policy", json!({}));
    unknown["change"]["after_unknown"] = json!({ "policy_document": true });
    let mut secret = change(
        "a.secret",
        "alicloud_ram_policy",
        json!({ "policy_document": typo() }),
    );
    secret["change"]["after_sensitive"] = json!({ "policy_document": true });
    let mut gone = change("a.gone", "alicloud_ram_policy", Value::Null);
    gone["change"]["before"] = json!({ "policy_document": typo() });
    let changes = json!([
        change(
            "module.m.a.b",
            "alicloud_ram_policy",
            json!({ "policy_document": typo(), "document": typo() })
        ),
        unknown,
        secret,
        gone,
    ]);
    let planned = json!({ "resources": [], "child_modules": [{ "resources": [resource("module.m.a.b"), resource("module.m.a.c")] }] });
    let place = with([("plan.json", plan(changes, planned))]);
    let mut documents: Vec<String> = found(&place, "plan.json")
        .into_iter()
        .map(|one| one.2)
        .collect();
    documents.sort();
    assert_eq!(
        documents,
        [
            "module.m.a.b.policy_document",
            "module.m.a.c.policy_document"
        ]
    );
    let ran = place.run(&["lint", "plan.json"]);
    for note in [
        "a.unknown.policy_document was not looked at: it is known only after apply\n",
        "a.secret.policy_document was not looked at: it is marked as sensitive\n",
    ] {
        assert!(ran.stderr.contains(note), "{ran:?}");
    }
    let ran = place.run_on(
        r#"{ "format_version": "2.0", "planned_values": {} }"#,
        &["lint", "-"],
    );
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .contains("1:21: format_version: format_version \"2.0\" of Terraform is not known"),
        "{ran:?}"
    );
}

#[test]
fn answers_of_aliyun() {
    let version = json!({ "VersionId": "v1", "IsDefaultVersion": true, "PolicyDocument": typo() });
    let answers = [
        (
            json!({ "Policy": { "PolicyType": "Custom" }, "DefaultPolicyVersion": version }),
            "DefaultPolicyVersion.PolicyDocument",
        ),
        (
            json!({ "PolicyVersion": version }),
            "PolicyVersion.PolicyDocument",
        ),
        (
            json!({ "PolicyVersions": { "PolicyVersion": [version] } }),
            "PolicyVersions.PolicyVersion[0].PolicyDocument",
        ),
        (
            json!({ "ControlPolicy": { "PolicyDocument": typo() } }),
            "ControlPolicy.PolicyDocument",
        ),
        (
            json!({ "ControlPolicies": { "ControlPolicy": [{ "PolicyDocument": typo() }] } }),
            "ControlPolicies.ControlPolicy[0].PolicyDocument",
        ),
    ];
    for (mut answer, document) in answers {
        answer["RequestId"] = json!("7B8A4E7D");
        let place = with([("a.json", serde_json::to_string_pretty(&answer).unwrap())]);
        let pointed = r#"\"vpc:CancelPhysicalConection\""#;
        assert_eq!(found(&place, "a.json"), one("RG001", pointed, document));
    }
    let role = json!({ "RequestId": "1", "Role": { "RoleName": "r", "AssumeRolePolicyDocument": CLEAN_TRUST } });
    let place = with([
        ("a.json", role.to_string()),
        ("b.json", r#"{"RequestId":"1","Users":{}}"#.to_owned()),
    ]);
    assert_eq!(found(&place, "a.json"), []);
    let ran = place.run(&["lint", "b.json"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "nothing found in 0 policies\n")
    );
}

/// Some answers hold the document percent-encoded; the place is then that of the encoded text.
#[test]
fn a_percent_encoded_document() {
    let encoded: String = typo()
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let answer = json!({ "RequestId": "1", "PolicyVersion": { "PolicyDocument": encoded } });
    let place = with([("a.json", answer.to_string())]);
    let pointed = "%22vpc%3ACancelPhysicalConection%22";
    assert_eq!(
        found(&place, "a.json"),
        one("RG001", pointed, "PolicyVersion.PolicyDocument")
    );
}

#[test]
fn a_ros_template_holds_policies_as_values_and_functions_are_not_known() {
    let template = r#"{
  "ROSTemplateFormatVersion": "2015-09-01",
  "Parameters": { "Bucket": { "Type": "String" } },
  "Resources": {
    "Ops": { "Type": "ALIYUN::RAM::Role", "Properties": {
      "RoleName": "ops",
      "AssumeRolePolicyDocument": { "Version": "1", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": ["ecs.aliyuncs.com"] } } ] },
      "Policies": [{ "PolicyName": "p", "PolicyDocument": { "Version": "1", "Statement": [
        { "Effect": "Allow", "Action": ["vpc:CancelPhysicalConection", { "Ref": "A" }], "Resource": [{ "Fn::Sub": "acs:oss:*:*:${Bucket}/*" }, { "Ref": "A" }] },
        { "Effect": { "Ref": "E" }, "Action": "*", "Resource": "*" } ] } }]
    } },
    "Given": { "Type": "ALIYUN::RAM::ManagedPolicy", "Properties": { "PolicyDocument": { "Ref": "P" } } },
    "Guard": { "Type": "ALIYUN::ResourceManager::ControlPolicy", "Properties": { "PolicyDocument": { "Version": "1", "Statement": [
        { "Effect": "Deny", "Action": "ecs:DeleteInstance", "Resource": "*", "Principal": "*" } ] } } }
  }
}"#;
    let place = with([("t.json", template.to_owned())]);
    let ran = place.run(&["lint", "t.json"]);
    let role = "Resources.Ops.Properties.Policies[0].PolicyDocument".to_owned();
    let guard = "Resources.Guard.Properties.PolicyDocument".to_owned();
    assert_eq!(
        found(&place, "t.json"),
        [
            (
                "RG001".to_owned(),
                "\"vpc:CancelPhysicalConection\"".to_owned(),
                role
            ),
            ("RG104".to_owned(), "\"Principal\"".to_owned(), guard),
        ],
        "{ran:?}"
    );
    let notes = [
        "t.json:10:72: Resources.Ops.Properties.Policies[0].PolicyDocument is not known in all its parts: only what holds whatever they are is found\n",
        "Resources.Given.Properties.PolicyDocument was not looked at: a function of the template gives it\n",
    ];
    for note in notes {
        assert!(ran.stderr.contains(note), "{ran:?}");
    }
}

#[test]
fn snapshots_and_cases() {
    let bad: Value = serde_json::from_str(&typo()).unwrap();
    let trust: Value = serde_json::from_str(CLEAN_TRUST).unwrap();
    let bucket = json!({ "Version": "1", "Statement": [{ "Effect": "Allow", "Principal": ["alice"], "Action": "oss:GetObject", "Resource": "acs:oss:*:*:b/*" }] });
    let snapshot = json!({ "ramgate": 1, "accounts": { "1234567890123456": {
        "policies": { "as value": { "document": bad }, "as-text": { "type": "Custom", "document": typo() }, "elsewhere": { "file": "p.json" } },
        "roles": { "r": { "trust": trust } },
        "resource_policies": [{ "resource": "acs:oss:*:1234567890123456:b", "document": bucket }] } },
        "control_policies": { "policies": { "guard": { "document": trust } } } });
    let place = with([("s.json", serde_json::to_string_pretty(&snapshot).unwrap())]);
    let account = "accounts.1234567890123456";
    let documents: Vec<(String, String)> = found(&place, "s.json")
        .into_iter()
        .map(|one| (one.0, one.2))
        .collect();
    let wanted = [
        (
            "RG001",
            format!("{account}.policies[\"as value\"].document"),
        ),
        ("RG001", format!("{account}.policies.as-text.document")),
        ("RG117", format!("{account}.resource_policies[0].document")),
        (
            "RG104",
            "control_policies.policies.guard.document".to_owned(),
        ),
        (
            "RG110",
            "control_policies.policies.guard.document".to_owned(),
        ),
    ];
    for (rule, document) in wanted {
        assert!(
            documents.contains(&(rule.to_owned(), document.clone())),
            "{rule} {document} in {documents:?}"
        );
    }
    let ran = place.run(&["lint", "s.json"]);
    assert!(
        ran.stderr
            .contains("elsewhere.file was not looked at: it stands in a file of its own\n"),
        "{ran:?}"
    );

    let case = |expect: Value| {
        json!({ "name": "c", "policies": { "identity": [bad], "trust": trust, "control": [[], [bad]] },
        "request": { "principal": "acs:ram::1234567890123456:user/alice", "action": "vpc:X", "resource": "*" }, "expect": expect })
    };
    let cases = json!([case(json!("Allow")), case(json!({ "error": "no" }))]);
    let lines = format!("{}\n\n{}\n", case(json!("Allow")), case(json!("Allow")));
    let place = with([("c.json", cases.to_string()), ("c.jsonl", lines)]);
    let documents: Vec<String> = found(&place, "c.json")
        .into_iter()
        .map(|one| one.2)
        .collect();
    assert_eq!(
        documents,
        ["[0].policies.control[1][0]", "[0].policies.identity[0]"]
    );
    let ran = place.run(&["lint", "c.jsonl", "--format", "json"]);
    let lines: Vec<u64> = ran
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [1, 1, 3, 3], "{ran:?}");
}

/// What is put into a string is escaped as the string wants it, and nothing else of the file changes.
#[test]
fn fixes_are_made_inside_strings() {
    let twice = policy(
        json!({ "Effect": "Allow", "Action": ["ecs:describeInstances", "ecs:DescribeInstances"], "Resource": "*" }),
    );
    let mended =
        policy(json!({ "Effect": "Allow", "Action": ["ecs:DescribeInstances"], "Resource": "*" }));
    let text = |document: &str| {
        let after = json!({ "name": "\u{1F600} \"x\"", "policy_document": document, "z": "\u{7}" });
        plan(
            json!([change("a.b", "alicloud_ram_policy", after)]),
            json!({}),
        )
    };
    let place = with([("plan.json", text(&twice))]);
    let ran = place.run(&["lint", "plan.json", "--fix"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "nothing found in 1 policy\n"),
        "{ran:?}"
    );
    assert!(ran.stderr.ends_with("note: plan.json: mended\n"), "{ran:?}");
    let after: Value = serde_json::from_str(&place.read("plan.json")).unwrap();
    let document = after["resource_changes"][0]["change"]["after"]["policy_document"]
        .as_str()
        .unwrap();
    let same = |a: &str, b: &str| {
        serde_json::from_str::<Value>(a).unwrap() == serde_json::from_str::<Value>(b).unwrap()
    };
    assert!(same(document, &mended), "{document}");
    let mut wanted: Value = serde_json::from_str(&text(&mended)).unwrap();
    wanted["resource_changes"][0]["change"]["after"]["policy_document"] = json!(document);
    assert_eq!(after, wanted);
}

#[test]
fn sarif_points_into_the_file_too() {
    let changes = json!([change(
        "a.b",
        "alicloud_ram_policy",
        json!({ "policy_document": typo() })
    )]);
    let text = plan(changes, json!({}));
    let column = text
        .chars()
        .collect::<String>()
        .find("\\\"vpc:Cancel")
        .unwrap();
    let column = text.get(..column).unwrap().chars().count() + 1;
    let place = with([("plan.json", text)]);
    let log = place
        .run(&["lint", "plan.json", "--format", "sarif"])
        .json();
    let result = &log["runs"][0]["results"][0];
    assert_eq!(
        result["locations"][0]["physicalLocation"]["region"]["startColumn"],
        column
    );
    let name = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
    assert_eq!(name, "a.b.policy_document: Statement[0].Action[0]");
}

const TERRAFORM: &str = r#"
resource "alicloud_ram_policy" "net" {
  name            = "é"
  policy_document = jsonencode({
    Version     = "1" # the only one
    "Statement" = [
      {
        Effect   = "Allow"
        Action   = ["vpc:Describe*", "vpc:CancelPhysicalConection", var.more]
        Resource = ["acs:oss:*:*:${var.bucket}/*", "acs:vpc:*:*:physicalconnection/*"]
      },
      {
        Effect   = var.effect
        Action   = "*"
        Resource = "*"
      },
      { Effect = "allow", Action = "ecs:\u0044escribeInstances", Resource = "*" },
    ]
  })
}

resource "alicloud_ram_role" "ops" {
  assume_role_policy_document = <<-EOF
    {
      "Version": "1",
      "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Principal": { "RAM": ["acs:ram::${var.account}:root"] } },
        { "Effect": "Allow", "Action": ${jsonencode(var.actions)}, "Principal": { "RAM": ["acs:ram::x:usr/$${a}é"] } }
      ]
    }
  EOF
}

resource "alicloud_oss_bucket_policy" "b" {
  policy = "{\"Version\": \"1\", \"Statement\": [{\"Effect\":\"alow\", \"Principal\": [\"*\"], \"Action\":\"oss:GetObject\", \"Resource\": \"acs:oss:*:*:b/*\"}]}"
}

resource "alicloud_ram_policy" "given" {
  policy_document = data.alicloud_ram_policy_document.x.document
}

resource "alicloud_ram_policy" "chosen" {
  policy_document = <<EOF
{ "Version": "1", "Statement": [%{ if var.all }{ "Effect": "allow" }%{ endif }] }
EOF
}

data "alicloud_ram_policy_document" "x" {}
"#;

#[test]
fn a_configuration_of_terraform() {
    let place = with([("main.tf", TERRAFORM.to_owned())]);
    let net = "alicloud_ram_policy.net.policy_document";
    let ops = "alicloud_ram_role.ops.assume_role_policy_document";
    let wanted = [
        ("RG001", "\"vpc:CancelPhysicalConection\"", net),
        ("RG115", "\"allow\"", net),
        ("RG104", "\"Resource\"", ops),
        ("RG117", "\"acs:ram::x:usr/$${a}é\"", ops),
        (
            "RG115",
            "\\\"alow\\\"",
            "alicloud_oss_bucket_policy.b.policy",
        ),
    ];
    let errors: Vec<_> = found(&place, "main.tf")
        .into_iter()
        .filter(|one| one.0.as_str() < "RG2")
        .collect();
    let wanted = wanted
        .map(|(rule, text, document)| (rule.to_owned(), text.to_owned(), document.to_owned()));
    assert_eq!(errors, wanted);
    let ran = place.run(&["lint", "main.tf", "--fix"]);
    for note in [
        "main.tf: a Terraform configuration, with 3 policies to look at\n",
        "alicloud_ram_policy.given.policy_document was not looked at: an expression gives it;",
        "alicloud_ram_policy.chosen.policy_document was not looked at: a directive of the template decides",
        "main.tf:9:69: alicloud_ram_policy.net.policy_document is not known in all its parts",
        "note: main.tf: --fix does not change such a file\n",
    ] {
        assert!(ran.stderr.contains(note), "{note}: {ran:?}");
    }
    assert_eq!(place.read("main.tf"), TERRAFORM);
    place.write("broken.tf", "resource {\n  a = \n}");
    let ran = place.run(&["lint", "broken.tf"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.starts_with("error: broken.tf:"), "{ran:?}");
}

/// A local value is followed inside the file, once for each kind of policy that it is used as.
#[test]
fn local_values_of_terraform() {
    let place = Place::with([(
        "main.tf",
        r#"
locals {
  policy = <<EOF
{ "Version": "1", "Statement": [{ "Effect": "allow", "Action": "vpc:*", "Resource": ${jsonencode([for x in var.y : "acs:vpc:*:*:${x}"])} }] }
EOF
  elsewhere = file("policy.json")
}

resource "alicloud_ram_policy" "a" {
  count           = var.create ? 1 : 0
  policy_document = local.policy
}

resource "alicloud_ram_policy" "b" {
  policy_document = (local.policy)
}

resource "alicloud_ram_policy" "c" {
  policy_document = local.elsewhere
}

resource "alicloud_ram_policy" "d" {
  policy_document = local.other_file
}

resource "alicloud_ram_policy" "e" {
  policy_document = local.policy[0]
}
"#,
    )]);
    let policy = "alicloud_ram_policy.a.policy_document";
    assert_eq!(found(&place, "main.tf"), one("RG115", "\"allow\"", policy));
    let ran = place.run(&["lint", "main.tf"]);
    for name in ["c", "d", "e"] {
        let note = format!("alicloud_ram_policy.{name}.policy_document was not looked at");
        assert!(ran.stderr.contains(&note), "{ran:?}");
    }
}

/// Whatever a variable may be, nothing is found that hangs on it.
#[test]
fn what_terraform_works_out_is_not_held_against_it() {
    let place = Place::with([]);
    let cases = [
        r#"Effect = "Allow", Action = var.a, Resource = var.r"#,
        r#"Effect = "Allow", Action = ["${var.a}"], Resource = "${var.r}""#,
        r#"Effect = "Allow", Action = "vpc:${var.a}", Resource = ["acs:vpc:*:${var.r}"]"#,
        r#"Effect = "Allow", Action = "vpc:DescribeVpcs", Resource = "*", Condition = var.c"#,
        r#"Effect = "Allow", Action = "vpc:DescribeVpcs", Resource = "*", Condition = { IpAddress = { "acs:SourceIp" = var.ips } }"#,
        r#"Effect = "Allow", Action = "vpc:DescribeVpcs", Resource = "*", Condition = { (var.operator) = { (var.key) = "x" } }"#,
        r#"Effect = "Deny", NotAction = concat(["vpc:DescribeVpcs"], var.a), Resource = "*""#,
        r#"Effect = var.e ? "Allow" : "Deny", Action = "*", Resource = "*""#,
    ];
    for statement in cases {
        let text = format!(
            "resource \"alicloud_ram_policy\" \"p\" {{\n  policy_document = jsonencode({{\n    Version = \"1\"\n    Statement = [{{ {statement} }}]\n  }})\n}}\n"
        );
        place.write("main.tf", &text);
        assert_eq!(found(&place, "main.tf"), [], "{statement}");
    }
    place.write(
        "main.tf",
        "resource \"alicloud_ram_policy\" \"p\" {\n  policy_document = jsonencode({ Version = \"1\", Statement = var.s })\n}\n",
    );
    assert_eq!(found(&place, "main.tf"), []);
}

const YAML: &str = r#"# a template
ROSTemplateFormatVersion: '2015-09-01'
Resources:
  Ops:
    Type: ALIYUN::RAM::Role
    Properties:
      AssumeRolePolicyDocument: &trust
        Version: '1'
        Statement:
          - Effect: Allow
            Action: sts:AssumeRole
            Principal: { Service: [ecs.aliyuncs.com] }
      Policies:
        - PolicyName: é
          PolicyDocument:
            Version: "1"
            Statement:
              - Effect: Allow
                Action:
                  - vpc:CancelPhysicalConection
                  - !Ref A
                  - 'vpc:Nowhere'
                Resource: !Sub 'acs:oss:*:*:${Bucket}/*'
              - Effect: allow
                Action: "vpc:\u0044escribeVpcs"
                Resource: ['*']
  Same:
    Type: ALIYUN::RAM::Role
    Properties:
      AssumeRolePolicyDocument: *trust
  Text:
    Type: ALIYUN::RAM::ManagedPolicy
    Properties:
      PolicyDocument: |
        {
          "Version": "1",
          "Statement": [{ "Effect": "allow", "Action": "vpc:Nowhere", "Resource": "*" }]
        }
"#;

#[test]
fn a_ros_template_in_yaml() {
    let place = with([
        ("t.yaml", YAML.to_owned()),
        ("other.yml", "a: [1, 2]\n".to_owned()),
    ]);
    let policy = "Resources.Ops.Properties.Policies[0].PolicyDocument";
    let wanted = [
        ("RG001", "vpc:CancelPhysicalConection", policy),
        ("RG001", "'vpc:Nowhere'", policy),
        ("RG115", "allow", policy),
        (
            "RG115",
            "\"allow\"",
            "Resources.Text.Properties.PolicyDocument",
        ),
    ];
    let errors: Vec<_> = found(&place, "t.yaml")
        .into_iter()
        .filter(|one| one.0.as_str() < "RG2")
        .collect();
    let wanted = wanted
        .map(|(rule, text, document)| (rule.to_owned(), text.to_owned(), document.to_owned()));
    assert_eq!(errors, wanted);
    let ran = place.run(&["lint", "t.yaml"]);
    let note = "t.yaml:30:33: Resources.Same.Properties.AssumeRolePolicyDocument was not looked at: a function";
    assert!(ran.stderr.contains(note), "{ran:?}");
    // In a directory another YAML file is none of ours; named, it is read as what it is not.
    place.write("d/other.yaml", "a: [1, 2]\n");
    place.write("d/t.yml", YAML);
    let ran = place.run(&["lint", "d", "--format", "json"]);
    assert!(
        ran.json()
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["file"] == "d/t.yml"),
        "{ran:?}"
    );
    assert_eq!(place.run(&["lint", "other.yml"]).status, 1);
    assert_eq!(place.run(&["lint", "other.yml", "--skip-others"]).status, 0);
    place.write(
        "broken.yaml",
        "ROSTemplateFormatVersion: '2015-09-01'\nResources: [\n",
    );
    let ran = place.run(&["lint", "broken.yaml"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.starts_with("error: broken.yaml:"), "{ran:?}");
    let deep = format!(
        "ROSTemplateFormatVersion: '2015-09-01'\nx: {}{}\n",
        "[".repeat(200),
        "]".repeat(200)
    );
    place.write("deep.yaml", deep);
    let ran = place.run(&["lint", "deep.yaml"]);
    assert!(
        ran.status == 2 && ran.stderr.contains("deeper than 64 levels"),
        "{ran:?}"
    );
}

/// A place in a line of megabytes is shown with what stands around it, not with all of it.
#[test]
fn a_very_long_line_is_cut() {
    let mut after = json!({ "policy_document": typo() });
    after["a"] = json!("x".repeat(10_000));
    after["z"] = json!("secret".repeat(2_000));
    let changes = json!([change("a.b", "alicloud_ram_policy", after)]);
    let place = with([("plan.json", plan(changes, json!({})))]);
    let ran = place.run(&["lint", "plan.json"]);
    let column = place.run(&["lint", "plan.json", "--format", "json"]).json()[0]["column"].clone();
    assert!(
        ran.stdout.contains(&format!("--> plan.json:1:{column}\n")),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains("^^^^ unknown-action") && ran.stdout.len() < 1500,
        "{ran:?}"
    );
}
