//! `ramgate lint` and `ramgate rule`: what is found, in every format, and what the exit status is.

use serde_json::Value;

use crate::place::Place;

const TYPO: &str = r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["vpc:CancelPhysicalConection", "vpc:CancelPhysicalConnection"],
      "Resource": "acs:vpc:*:*:physicalconnection/*"
    }
  ]
}
"#;

const CLEAN: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*"}]}"#;

/// A suggestion, with a fix.
const TWICE: &str = "{\"Version\":\"1\",\"Statement\":[\n  {\"Effect\":\"Allow\",\n   \"Action\":[\"ecs:describeInstances\",\n     \"ecs:DescribeInstances\" , \"ecs:DescribeDisks\"],\n   \"Resource\":\"*\"}]}\n";

const TRUST: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs.aliyuncs.com"},"Action":"sts:AssumeRole"}]}"#;

#[test]
fn text_shows_the_line_and_the_place() {
    let place = Place::with([("p.json", TYPO)]);
    let ran = place.run(&["lint", "--kind", "identity", "p.json"]);
    let wanted = "\
error[RG001]: \"vpc:CancelPhysicalConection\" is no action of vpc, whose actions are all listed
 --> p.json:6:18
  |
6 |       \"Action\": [\"vpc:CancelPhysicalConection\", \"vpc:CancelPhysicalConnection\"],
  |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-action
  |
  = help: did you mean vpc:CancelPhysicalConnection?

1 error in 1 policy
";
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (1, wanted, "")
    );
}

#[test]
fn a_clean_policy_is_zero_and_an_unreadable_file_two() {
    let place = Place::with([("p.json", CLEAN)]);
    let ran = place.run(&["lint", "p.json"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "nothing found in 1 policy\n")
    );
    assert!(
        ran.stderr.contains(
            "note: read as identity policies, as nothing says otherwise: 1 (--kind tells)\n"
        ),
        "{ran:?}"
    );
    let ran = place.run(&["lint", "p.json", "none.json"]);
    assert_eq!(ran.status, 2, "{ran:?}");
    let ran = place.run(&["lint", "p.json", "--select", "RG999x"]);
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.stderr.contains("no rule has the id or name"), "{ran:?}");
}

#[test]
fn what_is_no_json_is_a_finding() {
    let place = Place::with([("p.json", "{\n  \"Version\": \"1\",\n}")]);
    let ran = place.run(&["lint", "p.json"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.starts_with("error[RG101]: "), "{ran:?}");
}

#[test]
fn json_is_one_array() {
    let place = Place::with([("p.json", TYPO)]);
    let ran = place.run(&["lint", "p.json", "--format", "json"]);
    let found = ran.json();
    assert_eq!((ran.status, found.as_array().unwrap().len()), (1, 1));
    let finding = &found[0];
    assert_eq!(finding["rule"], "RG001");
    assert_eq!(finding["file"], "p.json");
    assert_eq!(
        [
            &finding["line"],
            &finding["column"],
            &finding["end_line"],
            &finding["end_column"]
        ],
        [6, 18, 6, 47]
    );
    assert_eq!(finding["path"], "Statement[0].Action[0]");
    assert_eq!(finding["fix"], Value::Null);
    let clean = Place::with([("p.json", CLEAN)]);
    assert_eq!(
        clean.run(&["lint", "p.json", "--format", "json"]).stdout,
        "[]\n"
    );
}

#[test]
fn fail_on_says_from_where_on_findings_count() {
    let place = Place::with([("p.json", TYPO), ("twice.json", TWICE)]);
    let status =
        |file: &str, fail_on: &str| place.run(&["lint", file, "--fail-on", fail_on]).status;
    assert_eq!(status("p.json", "error"), 1);
    assert_eq!(status("p.json", "never"), 0);
    assert_eq!(status("twice.json", "warning"), 0);
    assert_eq!(status("twice.json", "suggestion"), 1);
    assert_eq!(place.run(&["lint", "twice.json"]).status, 0);
}

#[test]
fn rules_are_selected_and_ignored_by_id_name_and_beginning() {
    let place = Place::with([("p.json", TYPO)]);
    let status = |arguments: &[&str]| place.run(&[&["lint", "p.json"], arguments].concat()).status;
    assert_eq!(status(&["--select", "RG001"]), 1);
    assert_eq!(status(&["--select", "rg0"]), 1);
    assert_eq!(status(&["--select", "RG4,RG5"]), 0);
    assert_eq!(status(&["--ignore", "unknown-action"]), 0);
    assert_eq!(status(&["--ignore", "RG4"]), 1);
}

#[test]
fn the_kind_is_told_by_flag_settings_or_directory() {
    let place = Place::with([("trust/p.json", TRUST), ("p.json", TRUST)]);
    let ran = place.run(&["lint", "trust"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(
        ran.stderr,
        "note: read as their directories are called: 1 trust\n"
    );
    assert_eq!(place.run(&["lint", "p.json"]).status, 1);
    let ran = place.run(&["lint", "p.json", "--kind", "trust"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    place.write(
        "ramgate.toml",
        "[[lint.kind]]\nfiles = [\"p.json\"]\nkind = \"trust\"\n",
    );
    let ran = place.run(&["lint", "p.json"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
}

#[test]
fn settings_allow_what_was_looked_at() {
    let place = Place::with([("a/p.json", TYPO), ("b/p.json", TYPO)]);
    place.write(
        "ramgate.toml",
        "[[lint.allow]]\nfiles = [\"a/*.json\"]\nrules = [\"RG001\"]\nreason = \"new\"\n",
    );
    assert_eq!(place.run(&["lint", "a"]).status, 0);
    assert_eq!(place.run(&["lint", "b"]).status, 1);
    place.write("ramgate.toml", "[lint]\nignore = [\"unknown-action\"]\n");
    assert_eq!(place.run(&["lint", "b"]).status, 0);
    for wrong in [
        "[lint]\nignroe = []\n",
        "[lint]\nignore = [\"RG999\"]\n",
        "[[lint.allow]]\nfiles = [\"a\"]\nrules = [\"RG001\"]\n",
        "lint",
    ] {
        place.write("ramgate.toml", wrong);
        let ran = place.run(&["lint", "b"]);
        assert_eq!(ran.status, 2, "{wrong}: {ran:?}");
    }
}

#[test]
fn other_files_of_a_directory_are_passed_over() {
    let place = Place::with([
        ("d/p.json", CLEAN),
        ("d/cases.json", "[]"),
        ("d/snapshot.json", r#"{"ramgate":1}"#),
    ]);
    let ran = place.run(&["lint", "d"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "nothing found in 1 policy\n")
    );
    assert!(
        ran.stderr
            .contains("note: d/cases.json: no policy, passed over\n"),
        "{ran:?}"
    );
    assert!(
        ran.stderr
            .contains("note: d/snapshot.json: a snapshot, with no policy to look at\n"),
        "{ran:?}"
    );
    assert_eq!(place.run(&["lint", "d/cases.json"]).status, 1);
}

#[test]
fn sarif_has_rules_places_fingerprints_and_fixes() {
    let place = Place::with([("a b/p.json", TYPO), ("twice.json", TWICE)]);
    let ran = place.run(&["lint", "a b", "twice.json", "--format", "sarif"]);
    let log = ran.json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["help"]["text"].is_string()));
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3, "{results:?}");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let print = result["partialFingerprints"]["primaryLocationLineHash"]
            .as_str()
            .unwrap();
        assert!(print.ends_with(":1"), "{print}");
    }
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b/p.json");
    assert_eq!(place["region"]["startColumn"], 18);
    assert!(results[1]["fixes"].is_array(), "{results:?}");
}

#[test]
fn github_gitlab_and_junit() {
    let place = Place::with([("p.json", TYPO)]);
    let ran = place.run(&["lint", "p.json", "--format", "github"]);
    assert_eq!(
        ran.stdout,
        "::error file=p.json,line=6,endLine=6,col=18,endColumn=47,title=RG001 unknown-action::\"vpc:CancelPhysicalConection\" is no action of vpc, whose actions are all listed%0Adid you mean vpc:CancelPhysicalConnection?\n"
    );
    let issues = place.run(&["lint", "p.json", "--format", "gitlab"]).json();
    assert_eq!(issues[0]["location"]["lines"]["begin"], 6);
    assert_eq!(issues[0]["severity"], "blocker");
    let junit = place.run(&["lint", "p.json", "--format", "junit"]).stdout;
    assert!(junit.contains("failures=\"1\""), "{junit}");
}

#[test]
fn fix_keeps_the_layout_and_is_done_once() {
    let place = Place::with([("p.json", TWICE)]);
    let ran = place.run(&["lint", "p.json", "--fix", "--kind", "identity"]);
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (0, "note: p.json: mended\n")
    );
    let mended = TWICE.replace(
        "describeInstances\",\n     \"ecs:DescribeInstances\"",
        "DescribeInstances\"",
    );
    assert_eq!(place.read("p.json"), mended);
    let ran = place.run(&["lint", "p.json", "--fix", "--kind", "identity"]);
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("nothing found in 1 policy\n", "")
    );
    let ran = place.run_on(TWICE, &["lint", "-", "--fix"]);
    assert_eq!(ran.status, 2);
}

#[test]
fn a_baseline_excuses_what_was_there() {
    let place = Place::with([("p.json", TYPO)]);
    let report = place.run(&["lint", "p.json", "--format", "json", "--fail-on", "never"]);
    assert_eq!(report.status, 0);
    place.write("baseline.json", report.stdout);
    let arguments = ["lint", "p.json", "--baseline", "baseline.json"];
    assert_eq!(place.run(&arguments).status, 0);
    // Lines may move; another of the same kind is new.
    place.write("p.json", format!("\n\n{TYPO}"));
    assert_eq!(place.run(&arguments).status, 0);
    place.write(
        "p.json",
        TYPO.replace("[\"vpc", "[\"vpc:NoSuchAction\", \"vpc"),
    );
    let ran = place.run(&arguments);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains("vpc:NoSuchAction") && ran.stdout.ends_with("1 error in 1 policy\n"),
        "{ran:?}"
    );
    assert_eq!(
        place
            .run(&["lint", "p.json", "--baseline", "p.json"])
            .status,
        2
    );
}

#[test]
fn a_hostile_file_moves_no_cursor() {
    let hostile = "{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"ecs:\u{202e}x\",\"Resource\":\"acs\\u001b[2J\"}]}";
    let place = Place::with([("p.json", hostile)]);
    for format in ["text", "github"] {
        let ran = place.run(&["lint", "p.json", "--format", format]);
        assert!(!ran.stdout.contains(['\u{1b}', '\u{202e}']), "{ran:?}");
    }
}

#[test]
fn rule_explains_and_lists() {
    let place = Place::with([]);
    let ran = place.run(&["rule", "unknown-action"]);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stdout.starts_with("RG001 unknown-action (error)\n"),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains("^^^^ here") && ran.stdout.contains("good:\n{"),
        "{ran:?}"
    );
    assert_eq!(place.run(&["rule", "RG001"]).stdout, ran.stdout);
    assert!(
        place
            .run(&["rule", "MISSING_VERSION"])
            .stdout
            .contains("RG106")
    );
    assert!(place.run(&["rule"]).stdout.lines().count() > 50);
    assert_eq!(
        place.run(&["rule", "--format", "json"]).json()[0]["rule"],
        "RG001"
    );
    let ran = place.run(&["rule", "nothing"]);
    assert_eq!(ran.status, 2);
}

#[test]
fn the_repositorys_own_samples_are_clean() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ramgate"))
        .args(["lint", "policies"])
        .current_dir(root.canonicalize().unwrap())
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
