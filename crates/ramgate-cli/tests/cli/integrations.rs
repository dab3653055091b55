//! The GitHub Action and the hooks of pre-commit: files that parse, flags that exist, and a script that does what the action says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use saphyr::{LoadableYamlNode, Yaml};

use crate::place::Place;

fn text(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(name)).unwrap()
}

/// Every `--flag` that a command's help knows.
fn flags(command: &str) -> BTreeSet<String> {
    let help = Place::with([]).run(&[command, "--help"]).stdout;
    let words = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words
        .filter(|word| word.starts_with("--"))
        .map(str::to_owned)
        .collect()
}

/// The flags that a text gives to a command of ramgate, by command.
fn used(text: &str, name: &str) -> Vec<(String, String)> {
    let mut used = Vec::new();
    for line in text
        .lines()
        .filter(|line| line.trim_start().starts_with(name))
    {
        let mut words = line
            .trim_start()
            .strip_prefix(name)
            .unwrap()
            .split_whitespace();
        let command = words.next().unwrap();
        for word in words.take_while(|word| !matches!(*word, "|" | ">" | "||")) {
            let flag = word.split('=').next().unwrap();
            if flag.starts_with("--") {
                used.push((command.to_owned(), flag.to_owned()));
            }
        }
    }
    used
}

fn all_exist(used: &[(String, String)]) {
    for (command, flag) in used {
        assert!(flags(command).contains(flag), "{command} has no {flag}");
    }
}

#[test]
fn the_hooks_of_pre_commit_call_what_is_there() {
    let hooks = Yaml::load_from_str(&text(".pre-commit-hooks.yaml")).unwrap();
    let hooks = hooks[0].as_sequence().unwrap();
    assert_eq!(hooks.len(), 4);
    for hook in hooks {
        for member in ["id", "name", "description", "entry"] {
            assert!(
                hook[member].as_str().is_some_and(|text| !text.is_empty()),
                "{hook:?}"
            );
        }
        // Anything else would build it, or load it from somewhere.
        assert_eq!(hook["language"].as_str(), Some("system"));
        let entry = hook["entry"].as_str().unwrap();
        let command = entry.split(' ').nth(1).unwrap();
        assert_eq!(
            Place::with([]).run(&[command, "--help"]).status,
            0,
            "{entry}"
        );
        all_exist(&used(entry, "ramgate "));
    }
}

fn lint_step() -> String {
    let action = Yaml::load_from_str(&text("action.yml")).unwrap();
    let action = &action[0];
    assert_eq!(action["runs"]["using"].as_str(), Some("composite"));
    let steps = action["runs"]["steps"].as_sequence().unwrap();
    let step = steps
        .iter()
        .find(|step| step.as_mapping_get("id").and_then(Yaml::as_str) == Some("lint"));
    let step = step.unwrap();
    // Nothing that a user gives is put into a script.
    for step in steps {
        if let Some(run) = step.as_mapping_get("run").and_then(Yaml::as_str) {
            assert!(!run.contains("${{"), "{run}");
        }
    }
    for (name, value) in step["env"].as_mapping().unwrap() {
        let input = value
            .as_str()
            .unwrap()
            .trim_start_matches("${{ inputs.")
            .trim_end_matches(" }}");
        let input = &action["inputs"][input];
        assert!(input.as_mapping_get("default").is_some(), "{name:?}");
    }
    step["run"].as_str().unwrap().to_owned()
}

#[test]
fn the_action_calls_what_is_there() {
    let used = used(&lint_step(), "\"$ramgate\" ");
    assert_eq!(used.len(), 4, "{used:?}");
    all_exist(&used);
}

/// As the runner of GitHub runs it: the step's own script, with what the step puts into its environment.
#[cfg(target_os = "linux")]
#[test]
fn the_actions_script_fails_the_job_and_leaves_a_report() {
    let bad = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc:CancelPhysicalConection","Resource":"*"}]}"#;
    let place = Place::with([
        ("a b/p.json", bad),
        ("c/p.json", bad),
        ("strict.toml", "[lint]\nignore = [\"RG001\"]\n"),
    ]);
    let run = |paths: &str, fail_on: &str, config: &str| {
        place.write("outputs", "");
        let output = Command::new("bash")
            .args([
                "--noprofile",
                "--norc",
                "-e",
                "-o",
                "pipefail",
                "-c",
                &lint_step(),
            ])
            .current_dir(place.path(""))
            .env("RAMGATE", env!("CARGO_BIN_EXE_ramgate"))
            .env("RUNNER_TEMP", place.path(""))
            .env("GITHUB_OUTPUT", place.path("outputs"))
            .env("PATHS", paths)
            .env("FAIL_ON", fail_on)
            .env("CONFIG", config)
            .env("SARIF", "out.sarif")
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (status, annotations) = run("a b\n\nc/*.json\n", "warning", "");
    assert_eq!(status, 1);
    assert_eq!(annotations.lines().count(), 2, "{annotations}");
    assert!(
        annotations.starts_with("::error file=a b/p.json,line=1"),
        "{annotations}"
    );
    assert_eq!(place.read("outputs"), "sarif=out.sarif\n");
    let log: serde_json::Value = serde_json::from_str(&place.read("out.sarif")).unwrap();
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), 2);
    assert_eq!(run("c", "never", "").0, 0);
    assert_eq!(run("c", "warning", "strict.toml"), (0, String::new()));
    assert_eq!(run("gone", "never", "").0, 2);
    assert_eq!(run("c; echo hi", "never", "").0, 2);
}
