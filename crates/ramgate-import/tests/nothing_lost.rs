//! Whatever is broken in a folder of answers, a Deny is never lost in silence: there is no snapshot, or one that still denies.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on must fail"
)]

use std::path::Path;

use ramgate::{Decision, Organization, Principal, Request, Source};
use ramgate_import::{AnswerFile, Options, answers};
use serde_json::{Value, json};

const ACCOUNT: &str = "1234567890123456";

/// A file of the folder: the way to it, and what it holds.
type File = (Vec<String>, Value);

/// The answers of the account that the command line's tests have too.
fn folder() -> Vec<File> {
    let fixtures =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../ramgate-cli/tests/fixtures/aliyun");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(fixtures).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // `ram_GetPolicy_PolicyType=Custom_PolicyName=p.json` is `GetPolicy/Custom/p.json`.
        let Some(name) = name.strip_suffix(".json") else {
            continue;
        };
        let mut words = name.split('_').skip(1);
        let call = words.next().unwrap().to_owned();
        let mut way = vec![call];
        way.extend(words.map(|word| word.split_once('=').unwrap().1.to_owned()));
        let last = way.pop().unwrap();
        way.push(format!("{last}.json"));
        let text = std::fs::read_to_string(&path).unwrap();
        files.push((way, serde_json::from_str(&text).unwrap()));
    }
    let attachment = |policy: (&str, &str), principal: (&str, &str)| json!({"PolicyName": policy.0, "PolicyType": policy.1, "PrincipalName": principal.0, "PrincipalType": principal.1, "ResourceGroupId": ACCOUNT});
    let operator = ("circuit-operator", "Custom");
    let attachments = [
        attachment(operator, ("network@group.corp.onaliyun.com", "IMSGroup")),
        attachment(
            ("circuit-fence", "Custom"),
            ("alice@corp.onaliyun.com", "IMSUser"),
        ),
        attachment(
            operator,
            ("ops@role.corp.onaliyunservice.com", "ServiceRole"),
        ),
    ];
    let list = json!({"PageNumber": 1, "PageSize": 100, "TotalCount": 3, "PolicyAttachments": {"PolicyAttachment": attachments}});
    files.push((vec!["ListPolicyAttachments.json".to_owned()], list));
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

/// What alice may do by the folder: `None` when it gives no snapshot, or one without her.
fn decide(files: &[File]) -> Option<[Decision; 3]> {
    let files: Vec<AnswerFile> = files
        .iter()
        .map(|(way, value)| AnswerFile {
            source: Source::new(way.join("/"), value.to_string()),
            way: way.clone(),
        })
        .collect();
    let (snapshot, report) = answers(&files, &Options::default());
    let Some(snapshot) = snapshot else {
        assert!(!report.errors.is_empty(), "no snapshot and no reason");
        return None;
    };
    let known = Organization::read(&[Source::new("s", snapshot.text)], false, &mut |name, _| {
        Err(name.to_owned())
    });
    let known = known.unwrap();
    let alice = Principal::parse("acs:ram::1234567890123456:user/alice").unwrap();
    let ask = |action: &str, circuit: &str| {
        let resource = format!("acs:vpc:cn-shanghai:{ACCOUNT}:physicalconnection/{circuit}");
        let request = Request::new(alice.clone(), action.to_owned(), resource).unwrap();
        known.decide(&request, None).ok()
    };
    Some([
        ask("vpc:CancelPhysicalConnection", "pc-lab1")?,
        ask("vpc:CancelPhysicalConnection", "pc-prod1")?,
        ask("vpc:TerminatePhysicalConnection", "pc-lab1")?,
    ])
}

/// The ways to every value in a value.
fn ways(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), value)];
    while let Some((way, value)) = waiting.pop() {
        match value {
            Value::Object(members) => {
                waiting.extend(
                    members
                        .iter()
                        .map(|(name, value)| (format!("{way}/{name}"), value)),
                );
            }
            Value::Array(values) => {
                waiting.extend(
                    values
                        .iter()
                        .enumerate()
                        .map(|(index, value)| (format!("{way}/{index}"), value)),
                );
            }
            _ => {}
        }
        if !way.is_empty() {
            found.push(way);
        }
    }
    found
}

/// The value without what a way leads to, or with something else in its place.
fn broken(value: &Value, way: &str, put: Option<&Value>) -> Value {
    let mut value = value.clone();
    if let Some(put) = put {
        *value.pointer_mut(way).unwrap() = put.clone();
        return value;
    }
    let (outer, last) = way.rsplit_once('/').unwrap();
    match value.pointer_mut(outer).unwrap() {
        Value::Object(members) => {
            members.remove(last);
        }
        Value::Array(values) => {
            values.remove(last.parse().unwrap());
        }
        other => panic!("{other} holds nothing"),
    }
    value
}

#[test]
fn a_deny_is_never_lost_in_silence() {
    use Decision::{Allow, ExplicitDeny};
    let files = folder();
    assert_eq!(decide(&files), Some([Allow, ExplicitDeny, ExplicitDeny]));
    let (mut refused, mut kept) = (0, 0);
    let mut look = |files: &[File], what: &str| match decide(files) {
        None => refused += 1,
        Some([_, cancel, terminate]) => {
            assert_eq!((cancel, terminate), (ExplicitDeny, ExplicitDeny), "{what}");
            kept += 1;
        }
    };
    let puts = [
        Value::Null,
        json!("zzz"),
        json!([]),
        json!({}),
        json!(false),
    ];
    for (index, (way_to_file, value)) in files.iter().enumerate() {
        let mut changed = files.clone();
        changed.remove(index);
        look(&changed, &format!("without {way_to_file:?}"));
        for way in ways(value) {
            let puts = puts.iter().map(Some).chain([None]);
            for put in puts {
                let mut changed = files.clone();
                if let Some((_, file)) = changed.get_mut(index) {
                    *file = broken(value, &way, put);
                }
                look(&changed, &format!("{way_to_file:?} with {put:?} at {way}"));
            }
        }
    }
    assert!(
        refused > 300 && kept > 300,
        "{refused} refused, {kept} kept"
    );
}
