//! Policies inside other files: what is found in them is what is found in the policy alone, at the place in the file where it is written.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    missing_docs,
    reason = "tests"
)]

use std::path::Path;

use ramgate::carrier::{Carrier, CarrierFormat, TERRAFORM_DOCUMENTS};
use ramgate::lint::{lint, lint_carried};
use ramgate::{Catalog, PolicyKind, Reading, Source};
use serde_json::{Value, json};

/// Bad in many places, with escapes, characters of several bytes, and fixes.
const BAD: &str = "{\n  \"Version\": \"1\", \"Id\": \"\u{1F600}\",\n  \"Statement\": [\n    { \"Effect\": \"allow\", \"Action\": \"x\", \"Resource\": \"\" },\n    { \"Sid\": \"é \\\"\\u00e9\\\\ \\ud83d\\ude00\", \"Effect\": \"Allow\", \"Action\": [\"ecs:describeX\", \"ecs:DescribeX\", \"ecs:Describe*\"], \"Resource\": [\"acs\\u003aecs:*\", \"*\"], \"Condition\": { \"Bool\": { \"acs:SecureTransport\": true } } }\n  ]\n}\n";

fn policies() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/identity");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut texts: Vec<String> = entries
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    texts.push(BAD.to_owned());
    texts
}

/// The same identity policy in every carrier, as a string and as a value.
fn carriers(policy: &str) -> Vec<(CarrierFormat, String)> {
    let value: Value = serde_json::from_str(policy).unwrap();
    // Twice in a string: as of a snapshot that stands in another text.
    let change = json!({ "address": "a.b", "mode": "managed", "type": "alicloud_ram_policy",
        "change": { "after": { "name": "é\"", "document": policy } } });
    let state = json!({ "address": "a.b", "type": "alicloud_ram_policy", "values": { "policy_document": policy } });
    let request = json!({ "principal": "acs:ram::1234567890123456:user/a", "action": "ecs:X", "resource": "*" });
    let percent: String = policy
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
            byte => format!("%{byte:02x}"),
        })
        .collect();
    let all = [
        (
            CarrierFormat::TerraformJson,
            json!({ "format_version": "1.2", "resource_changes": [change] }),
        ),
        (
            CarrierFormat::TerraformJson,
            json!({ "format_version": "1.0", "values": { "root_module": { "child_modules": [{ "resources": [state] }] } } }),
        ),
        (
            CarrierFormat::AliyunAnswer,
            json!({ "RequestId": "1", "Policy": { "PolicyType": "Custom" }, "DefaultPolicyVersion": { "PolicyDocument": policy } }),
        ),
        (
            CarrierFormat::AliyunAnswer,
            json!({ "RequestId": "1", "Policy": { "PolicyType": "Custom" }, "DefaultPolicyVersion": { "PolicyDocument": percent } }),
        ),
        (
            CarrierFormat::RosTemplate,
            json!({ "ROSTemplateFormatVersion": "2015-09-01", "Resources": { "P": { "Type": "ALIYUN::RAM::ManagedPolicy", "Properties": { "PolicyDocument": value } } } }),
        ),
        (
            CarrierFormat::Snapshot,
            json!({ "ramgate": 1, "accounts": { "1": { "policies": { "é": { "document": value } } } } }),
        ),
        (
            CarrierFormat::Snapshot,
            json!({ "ramgate": 1, "accounts": { "1": { "policies": { "é": { "document": policy } } } } }),
        ),
        (
            CarrierFormat::Cases,
            json!([{ "policies": { "identity": [value] }, "request": request }]),
        ),
        (
            CarrierFormat::Cases,
            json!({ "policies": { "identity": policy }, "request": request }),
        ),
    ];
    let texts = all.into_iter().flat_map(|(format, value)| {
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        // Other escapes for the same characters.
        let ascii = value
            .to_string()
            .replace('é', "\\u00e9")
            .replace('\u{1F600}', "\\ud83d\\ude00");
        [value.to_string(), pretty, ascii].map(|text| (format, text))
    });
    texts.collect()
}

#[test]
fn the_same_is_found_as_in_the_policy_alone() {
    let catalog = Catalog::default();
    let mut compared = 0;
    for policy in policies() {
        for (format, text) in carriers(&policy) {
            let file = Source::new("f.json", text.as_str());
            let carrier = Carrier::read(&file).unwrap().unwrap();
            assert_eq!(
                (carrier.format, carrier.documents.len()),
                (format, 1),
                "{text}"
            );
            let document = &carrier.documents[0];
            let alone = Source::new("p.json", document.source.text());
            let wanted = lint(&alone, document.reading, &catalog);
            let found = lint_carried(document, &catalog);
            assert_eq!(found.len(), wanted.len());
            for (found, wanted) in found.iter().zip(&wanted) {
                assert_eq!(
                    (found.rule.id, &found.path, &found.sid),
                    (wanted.rule.id, &wanted.path, &wanted.sid)
                );
                let span = wanted.span(&alone);
                let outer = document.source.offset_in_file(span.start)
                    ..document.source.offset_in_file(span.end);
                assert_eq!(file.position(outer.start), found.start);
                assert_eq!(file.position(outer.end), found.end);
                let inner = alone.slice(span);
                assert_eq!(decoded(&text[outer], inner), inner, "{text}");
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

/// What a part of a file says, read with as many layers of escapes as it takes to be the inner text.
fn decoded(outer: &str, inner: &str) -> String {
    let mut text = outer.to_owned();
    for _ in 0..3 {
        if text == inner {
            break;
        }
        let unescaped = serde_json::from_str::<String>(&format!("\"{text}\""));
        text = unescaped.unwrap_or_else(|_| percent_decoded(&text));
        if text.contains('%') && text != inner {
            text = percent_decoded(&text);
        }
    }
    text
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(&behind[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A fix made in the file is the fix made in the policy, and changes nothing else of the file.
#[test]
fn fixes_in_the_file_are_fixes_in_the_policy() {
    let catalog = Catalog::default();
    let mut made = 0;
    for (_, text) in carriers(BAD) {
        let file = Source::new("f.json", text.as_str());
        let carrier = Carrier::read(&file).unwrap().unwrap();
        let document = &carrier.documents[0];
        let alone = Source::new("p.json", document.source.text());
        let wanted = lint(&alone, document.reading, &catalog);
        for (finding, wanted) in lint_carried(document, &catalog).iter().zip(&wanted) {
            let Some(fix) = &finding.fix else { continue };
            let mut outer = text.clone();
            outer.replace_range(fix.span.start..fix.span.end, &fix.text);
            let after = Carrier::read(&Source::new("f.json", outer))
                .unwrap()
                .unwrap();
            let fix = wanted.fix.as_ref().unwrap();
            let mut inner = alone.text().to_owned();
            inner.replace_range(fix.span.start..fix.span.end, &fix.text);
            assert_eq!(after.documents[0].source.text(), inner);
            made += 1;
        }
    }
    assert!(made > 20, "{made}");
}

/// Whatever is cut out of a file: no panic, and every place is one of the file.
#[test]
fn broken_files_do_no_harm() {
    let catalog = Catalog::default();
    let mut read = 0;
    for (_, text) in carriers(BAD).into_iter().step_by(3) {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for (index, start) in ends.iter().enumerate().step_by(3) {
            let end = ends
                .get(index + 1 + index % 7)
                .copied()
                .unwrap_or(text.len());
            for piece in ["", "\"", "{", "\\", "null", "%7B"] {
                let mutant = format!("{}{piece}{}", &text[..*start], &text[end..]);
                let file = Source::new("f.json", mutant);
                let Ok(Some(carrier)) = Carrier::read(&file) else {
                    continue;
                };
                let last = file.position(file.text().len());
                for document in &carrier.documents {
                    for finding in lint_carried(document, &catalog) {
                        assert!(
                            finding.start <= finding.end && finding.end <= last,
                            "{}",
                            file.text()
                        );
                    }
                    read += 1;
                }
            }
        }
    }
    assert!(read > 1000, "{read}");
}

#[test]
fn the_table_of_terraform_says_each_thing_once() {
    let mut names: Vec<_> = TERRAFORM_DOCUMENTS
        .iter()
        .map(|one| (one.resource, one.attributes[0]))
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(
        names
            .iter()
            .all(|(resource, _)| resource.starts_with("alicloud_"))
    );
}

#[test]
fn what_is_no_carrier_is_none() {
    let policy = json!({ "Version": "1", "Statement": [], "RequestId": "x", "format_version": "1.0", "values": {} });
    for text in [
        policy.to_string(),
        "[]".to_owned(),
        "{}".to_owned(),
        "3".to_owned(),
        r#"{ "name": "package", "version": "1" }"#.to_owned(),
        r#"{ "Policy": "x" }"#.to_owned(),
        r#"{ "format_version": "1.0" }"#.to_owned(),
        r#"[{ "request": {}, "account": "x" }, 1]"#.to_owned(),
        "{".to_owned(),
    ] {
        assert!(
            Carrier::read(&Source::new("f.json", text.as_str()))
                .unwrap()
                .is_none(),
            "{text}"
        );
    }
    let of_resource = r#"{ "ramgate": 1, "accounts": { "1": { "resource_policies": [{ "resource": "acs:kms:*:1:key/x", "document": {} }] } } }"#;
    let carrier = Carrier::read(&Source::new("f.json", of_resource))
        .unwrap()
        .unwrap();
    assert_eq!(
        carrier.documents[0].reading.kind(),
        PolicyKind::Resource(ramgate::ResourceService::Kms)
    );
    assert_eq!(Reading::new(PolicyKind::Trust).kind(), PolicyKind::Trust);
}
