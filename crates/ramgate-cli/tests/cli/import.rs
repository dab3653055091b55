//! `ramgate import` of a folder of `aliyun` outputs, and the script that makes such a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::place::{Place, Ran};

const ACCOUNT: &str = "1234567890123456";
const CIRCUIT: &str = "acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-lab1";

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn attachment(policy: (&str, &str), principal: (&str, &str), scope: &str) -> Value {
    json!({
        "AttachDate": "2026-03-01T08:00:00Z",
        "Description": "what } it { is \"for\"",
        "PolicyName": policy.0,
        "PolicyType": policy.1,
        "PrincipalName": principal.0,
        "PrincipalType": principal.1,
        "ResourceGroupId": scope,
    })
}

/// The account of the fixtures: more attachments than go on a page.
fn cloud(place: &Place) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/aliyun");
    fs::create_dir(place.path("cloud")).unwrap();
    for entry in fs::read_dir(fixtures).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, place.path("cloud").join(path.file_name().unwrap())).unwrap();
    }
    let operator = ("circuit-operator", "Custom");
    let carol = ("carol.lee@corp.onaliyun.com", "IMSUser");
    let mut all: Vec<Value> = (0..100)
        .map(|number| attachment(operator, carol, &format!("rg-{number:03}")))
        .collect();
    for (policy, principal) in [
        (operator, ("network@group.corp.onaliyun.com", "IMSGroup")),
        (
            ("circuit-fence", "Custom"),
            ("alice@corp.onaliyun.com", "IMSUser"),
        ),
        (
            ("AliyunVPCReadOnlyAccess", "System"),
            ("audit@group.corp.onaliyun.com", "IMSGroup"),
        ),
        (
            operator,
            ("ops@role.corp.onaliyunservice.com", "ServiceRole"),
        ),
        (
            ("AliyunServiceRolePolicyForAutoScaling", "System"),
            (
                "AliyunServiceRoleForAutoScaling@role.corp.onaliyunservice.com",
                "ServiceRole",
            ),
        ),
    ] {
        all.push(attachment(policy, principal, ACCOUNT));
    }
    for (number, page) in all.chunks(100).enumerate() {
        let number = number + 1;
        let page = json!({
            "PageNumber": number, "PageSize": 100, "TotalCount": all.len(),
            "PolicyAttachments": { "PolicyAttachment": page },
        });
        let name = format!("cloud/resourcemanager_ListPolicyAttachments_PageNumber={number}.json");
        place.write(&name, page.to_string());
    }
}

fn export(place: &Place, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let output = Command::new("bash")
        .arg(repository().join("tools/export-account.sh"))
        .args(arguments)
        .current_dir(place.path(""))
        .env("ALIYUN", place.path("cloud/aliyun"))
        .env("ANSWERS", place.path("cloud"))
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The whole export of the fixtures' account, made once.
static EXPORT: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::with([]);
    cloud(&place);
    for arguments in [
        ["export", "--", "--profile", "audit"].as_slice(),
        &["--resource-directory", "export"],
    ] {
        let ran = export(&place, arguments, &[]);
        assert_eq!(ran.status, 0, "{ran:?}");
    }
    place
});

/// A place with a copy of it.
fn exported() -> Place {
    let place = Place::with([]);
    copy(&EXPORT.path("export"), &place.path("export"));
    place
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

fn check(place: &Place, who: &str, action: &str, more: &[&str]) -> String {
    let who = format!("acs:ram::{ACCOUNT}:{who}");
    let arguments = [
        "check",
        "--account",
        "s.json",
        "--principal",
        &who,
        "--action",
        action,
        "--resource",
        CIRCUIT,
    ];
    let ran = place.run(&[&arguments, more].concat());
    assert_ne!(ran.status, 2, "{ran:?}");
    ran.first_line().to_owned()
}

#[test]
fn an_exported_account_is_imported_and_answers() {
    let place = exported();
    let ran = place.run(&["import", "export", "-o", "s.json"]);
    let wanted = "s.json: 1 account, 3 users, 2 groups, 2 roles, 4 policies, 105 attachments, 2 control policies\n";
    assert_eq!((ran.status, ran.stdout.as_str()), (0, wanted), "{ran:?}");
    for (who, action, more, wanted) in [
        (
            "user/alice",
            "vpc:CancelPhysicalConnection",
            &[][..],
            "Allow",
        ),
        (
            "user/alice",
            "vpc:TerminatePhysicalConnection",
            &[],
            "ExplicitDeny",
        ),
        ("user/bob", "vpc:DescribePhysicalConnections", &[], "Allow"),
        (
            "user/bob",
            "vpc:CancelPhysicalConnection",
            &[],
            "ImplicitDeny",
        ),
        (
            "user/carol.lee",
            "vpc:CancelPhysicalConnection",
            &["--resource-group", "rg-042"],
            "Allow",
        ),
        (
            "user/carol.lee",
            "vpc:CancelPhysicalConnection",
            &["--resource-group", "rg-200"],
            "ImplicitDeny",
        ),
        (
            "assumed-role/ops/s",
            "vpc:CancelPhysicalConnection",
            &[],
            "Allow",
        ),
    ] {
        assert_eq!(
            check(&place, who, action, more),
            wanted,
            "{who} {action} {more:?}"
        );
    }
    let first = place.read("s.json");
    assert!(
        first.contains("\"folder\": \"r-Ab12/fd-prod/fd-net\"")
            && first.contains("\"service_linked\": true")
    );
    let again = place.run(&["import", "export", "-o", "-"]);
    assert_eq!(
        (again.status, again.stdout),
        (0, first),
        "the same folder gives the same snapshot"
    );
}

#[test]
fn the_script_asks_for_no_more_than_its_policy_grants() {
    let place = exported();
    let policy = repository().join("policies/identity/account-export.json");
    let asked = EXPORT.read("cloud/.asked");
    for line in asked.lines() {
        let mut words = line.split('_');
        let (product, call) = (words.next().unwrap(), words.next().unwrap());
        if product == "sts" {
            continue; // Everybody may ask who they are.
        }
        let ran = place.run(&[
            "check",
            "--policy",
            policy.to_str().unwrap(),
            "--action",
            &format!("{product}:{call}"),
            "--resource",
            "*",
        ]);
        assert_eq!(ran.first_line(), "Allow", "{line}");
    }
    let ran = place.run(&["lint", policy.to_str().unwrap()]);
    assert_eq!(ran.status, 0, "{ran:?}");
}

#[test]
fn an_export_is_whole_or_not_there() {
    let place = Place::with([]);
    cloud(&place);
    let ran = export(&place, &["export"], &[("DENY", "GetRole")]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(
        ran.stderr.contains("ErrorCode: NoPermission")
            && ran.stderr.contains("nothing was written"),
        "{ran:?}"
    );
    assert_eq!(fs::read_dir(place.path("export")).unwrap().count(), 0);
    let ran = export(&place, &["export"], &[("BUSY", "ListGroups")]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "export/1234567890123456\n"),
        "{ran:?}"
    );
    let ran = export(&place, &["export"], &[]);
    assert!(
        ran.status == 2 && ran.stderr.contains("is there already"),
        "{ran:?}"
    );
}

/// A folder with a mistake, and what is said of it.
#[test]
fn mistakes_are_named_and_nothing_is_written() {
    let unit = format!("export/{ACCOUNT}");
    type Spoil = fn(&Place, &str);
    let cases: [(Spoil, &str); 16] = [
        (
            |place, unit| fs::remove_file(place.path(&format!("{unit}/ListUsers/2.json"))).unwrap(),
            "ListUsers/1.json:2:17: IsTruncated: ListUsers goes on after this page, and the next is not here",
        ),
        (
            |place, unit| {
                fs::remove_file(place.path(&format!("{unit}/ListPolicyAttachments/1.json")))
                    .unwrap()
            },
            "TotalCount: ListPolicyAttachments: 5 of 105 are here: pages are missing",
        ),
        (
            |place, unit| {
                fs::remove_dir_all(place.path(&format!("{unit}/GetPolicy/System"))).unwrap()
            },
            "system policy \"AliyunVPCReadOnlyAccess\" is attached to group \"audit\", and what it says is not known",
        ),
        (
            |place, unit| fs::remove_file(place.path(&format!("{unit}/GetRole/ops.json"))).unwrap(),
            "account 1234567890123456: the trust policy of role \"ops\" is not known",
        ),
        (
            |place, unit| fs::remove_dir_all(place.path(&format!("{unit}/ListRoles"))).unwrap(),
            "ListRoles is missing: which roles there are is not known",
        ),
        (
            |place, unit| {
                fs::remove_dir_all(place.path(&format!("{unit}/ListUsersForGroup/network")))
                    .unwrap()
            },
            "in which groups is user \"alice\", \"bob\", \"carol.lee\" is not known",
        ),
        (
            |place, unit| {
                change(
                    place,
                    &format!("{unit}/GetCallerIdentity.json"),
                    ACCOUNT,
                    "9999999999999999",
                )
            },
            "AccountId: the answers are of account 9999999999999999, and the folder 1234567890123456 says 1234567890123456",
        ),
        (
            |place, unit| {
                change(
                    place,
                    &format!("{unit}/ListRoles/1.json"),
                    "acs:ram::1234567890123456:role/ops",
                    "acs:ram::9999999999999999:role/ops",
                )
            },
            "a role of account 9999999999999999, among the answers of account 1234567890123456",
        ),
        (
            |place, unit| {
                change(
                    place,
                    &format!("{unit}/GetPolicy/Custom/circuit-fence.json"),
                    "\\\"Deny\\\"",
                    "\\\"Denny\\\"",
                )
            },
            "DefaultPolicyVersion.PolicyDocument: custom policy \"circuit-fence\": Statement[0].Effect: unknown effect \"Denny\"",
        ),
        (
            |place, unit| {
                change(
                    place,
                    &format!("{unit}/GetPolicy/Custom/circuit-operator.json"),
                    "\"VersionId\": \"v3\"",
                    "\"VersionId\": \"v2\"",
                )
            },
            "custom policy \"circuit-operator\": version v2 is here, and v3 is the one that counts",
        ),
        (
            |place, unit| {
                change(
                    place,
                    &format!("{unit}/ListUsers/2.json"),
                    "\"carol.lee\"",
                    "\"alice\"",
                )
            },
            "user \"alice\" (its id) is otherwise at export/1234567890123456/ListUsers/1.json:6:",
        ),
        (
            |place, _| {
                fs::remove_dir_all(place.path(
                    "export/resource-directory/ListTargetAttachmentsForControlPolicy/cp-a1b2c3",
                ))
                .unwrap()
            },
            "which control policies are attached to \"r-Ab12\", \"fd-prod\", \"fd-net\" and 1 more is not known",
        ),
        (
            |place, unit| {
                place.write(
                    &format!("{unit}/GetUser/alice.json"),
                    "ERROR: SDK.ServerError\nErrorCode: NoPermission\n",
                )
            },
            "GetUser/alice.json: the call failed with NoPermission",
        ),
        (
            |place, unit| place.write(&format!("{unit}/notes.json"), "{\"to do\": []}"),
            "notes.json:1:1: not understood: no answer of a call that ramgate knows",
        ),
        (
            |place, unit| {
                let file = format!("{unit}/ListPolicyAttachments/2.json");
                change(
                    place,
                    &file,
                    "alice@corp.onaliyun.com",
                    "carol.lee@corp.onaliyun.com",
                );
                change(
                    place,
                    &format!("{unit}/ListPolicies/1.json"),
                    "\"AttachmentCount\": 1,",
                    "\"AttachmentCount\": 2,",
                );
            },
            "custom policy \"circuit-fence\" is attached 2 times by this list, and 1 of them are known",
        ),
        (
            |place, _| {
                let file = "export/resource-directory/ListTargetAttachmentsForControlPolicy/cp-a1b2c3/1.json";
                change(
                    place,
                    file,
                    "\"TargetId\": \"fd-prod\"",
                    "\"TargetId\": \"Root\"",
                );
            },
            "\"Root\" is neither a root, a folder nor an account",
        ),
    ];
    for (spoil, wanted) in cases {
        let place = exported();
        place.write("s.json", "old");
        spoil(&place, &unit);
        let ran = place.run(&["import", "export", "-o", "s.json"]);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (2, ""),
            "{wanted}: {ran:?}"
        );
        assert!(ran.stderr.contains(wanted), "{wanted}\n{}", ran.stderr);
        assert_eq!(place.read("s.json"), "old");
    }
}

fn change(place: &Place, file: &str, from: &str, to: &str) {
    let text = place.read(file);
    assert!(text.contains(from), "{file} has no {from}");
    place.write(file, text.replace(from, to));
}

#[test]
fn answers_by_hand_are_understood_by_name_or_content() {
    let document = r#"{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"vpc:*\",\"Resource\":\"*\"}]}"#;
    let policy = r#"{"PolicyName":"p","PolicyType":"Custom","AttachDate":"2026-03-01T08:00:00Z"}"#;
    let got = format!(
        r#"{{"Policy":{{"PolicyName":"p","PolicyType":"Custom","DefaultVersion":"v1"}},"DefaultPolicyVersion":{{"VersionId":"v1","PolicyDocument":"{document}"}}}}"#
    );
    let listed = format!(r#"{{"Policies":{{"Policy":[{policy}]}}}}"#);
    let place = Place::with([
        (
            "by/users.json",
            r#"{"Users":{"User":[{"UserName":"alice","UserId":"20","CreateDate":"2026-03-01T08:00:00Z"}]}}"#,
        ),
        (
            "by/aliyun-ram-ListGroups.json",
            r#"{"Groups":{"Group":[]}}"#,
        ),
        ("by/list-roles.json", r#"{"Roles":{"Role":[]}}"#),
        (
            "by/ListGroupsForUser-alice.json",
            r#"{"Groups":{"Group":[]}}"#,
        ),
        ("by/ListPoliciesForUser/alice.json", &listed),
        ("by/policies/p.json", &got),
        (
            "by/rd.json",
            r#"{"ResourceDirectory":{"MasterAccountId":"1234567890123456","RootFolderId":"r-a","ControlPolicyStatus":"Enabled"}}"#,
        ),
    ]);
    let import = ["import", "by", "-o", "s.json", "--account-id", ACCOUNT];
    let ran = place.run(&import);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(
        ran.stderr
            .contains("what is attached at resource groups is not known"),
        "{ran:?}"
    );
    let ran = place.run(
        &[
            &import[..],
            &["--without", "resource-groups", "--format", "json"],
        ]
        .concat(),
    );
    assert_eq!(
        (ran.status, &ran.json()["counts"]["users"]),
        (0, &json!(1)),
        "{ran:?}"
    );
    assert_eq!(
        check(&place, "user/alice", "vpc:CancelPhysicalConnection", &[]),
        "Allow"
    );
    place.write("by/more.json", r#"{"Groups":{"Group":[]}}"#);
    let ran = place.run(&[&import[..], &["--without", "resource-groups"]].concat());
    assert!(
        ran.status == 2 && ran.stderr.contains("more.json:1:1: not understood"),
        "{ran:?}"
    );
    let ran = place.run(
        &[
            &import[..],
            &["--without", "resource-groups", "--allow-unknown"],
        ]
        .concat(),
    );
    assert!(
        ran.status == 0
            && ran
                .stderr
                .contains("warning: by/more.json:1:1: not understood"),
        "{ran:?}"
    );
}

#[test]
fn several_accounts_and_several_answers_in_a_file() {
    let place = exported();
    let unit = format!("export/{ACCOUNT}");
    let pages = ["1", "2"].map(|page| place.read(&format!("{unit}/ListUsers/{page}.json")));
    fs::remove_dir_all(place.path(&format!("{unit}/ListUsers"))).unwrap();
    place.write(&format!("{unit}/ListUsers.ndjson"), pages.concat());
    let other = "2345678901234567";
    let empty =
        |outer: &str, inner: &str| json!({outer: {inner: []}, "IsTruncated": false}).to_string();
    for (file, answer) in [
        ("ListUsers.json", empty("Users", "User")),
        ("ListGroups.json", empty("Groups", "Group")),
        ("ListRoles.json", empty("Roles", "Role")),
        (
            "ListPolicyAttachments.json",
            json!({"TotalCount": 0, "PolicyAttachments": {"PolicyAttachment": []}}).to_string(),
        ),
    ] {
        place.write(&format!("export/{other}/{file}"), answer);
    }
    let ran = place.run(&["import", "export", "-o", "s.json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let snapshot: Value = serde_json::from_str(&place.read("s.json")).unwrap();
    assert_eq!(snapshot["accounts"][other]["folder"], "r-Ab12/fd-ana");
    assert_eq!(
        snapshot["accounts"][ACCOUNT]["users"]
            .as_object()
            .unwrap()
            .len(),
        3
    );
    // The old snapshot may lie in the folder, under its own name only.
    let ran = place.run(&["import", "export", "-o", "export/s.json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let ran = place.run(&["import", "export", "-o", "export/s.json"]);
    assert!(
        ran.status == 0
            && ran
                .stderr
                .contains("export/s.json: the snapshot that is to be replaced, passed over"),
        "{ran:?}"
    );
}
