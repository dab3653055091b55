//! The README tells the truth: its commands are run, and print what it shows.

use std::path::Path;
use std::process::Command;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Every command of a console block that calls ramgate, with the lines shown below it.
fn commands(readme: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let (command, shown) = block.split_once('\n').unwrap();
        let mut command = command.to_owned();
        let mut shown = shown;
        while let Some(start) = command.strip_suffix('\\') {
            let (next, rest) = shown.split_once('\n').unwrap();
            command = format!("{start} {next}");
            shown = rest;
        }
        let words: Vec<String> = command
            .split_whitespace()
            .map(|word| word.trim_matches('\'').to_owned())
            .collect();
        let arguments = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["$", "ramgate", ..] => words[2..].to_vec(),
            ["$", "cargo", "run", "--release", "--", ..] => words[5..].to_vec(),
            _ => continue,
        };
        found.push((arguments, shown.to_owned()));
    }
    found
}

#[test]
fn the_readmes_commands_print_what_it_shows() {
    commands_print_what_is_shown("README.md", 4);
}

#[test]
fn so_do_those_of_the_page_on_preflight() {
    commands_print_what_is_shown("docs/preflight.md", 8);
}

fn commands_print_what_is_shown(page: &str, least: usize) {
    let readme = std::fs::read_to_string(root().join(page)).unwrap();
    let commands = commands(&readme);
    assert!(commands.len() >= least, "{commands:?}");
    for (arguments, shown) in commands {
        let output = Command::new(env!("CARGO_BIN_EXE_ramgate"))
            .args(&arguments)
            .current_dir(root())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        // The clock's reading is of the day.
        let stderr: String = stderr
            .lines()
            .filter(|line| !line.starts_with("note: acs:CurrentTime"))
            .map(|line| format!("{line}\n"))
            .collect();
        let printed = String::from_utf8(output.stdout).unwrap() + &stderr;
        assert_eq!(printed, shown, "{arguments:?}");
    }
}

#[test]
fn ci_runs_the_readmes_test_command() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let second = readme
        .split("```console\n$ ")
        .nth(2)
        .unwrap()
        .split('\n')
        .next()
        .unwrap();
    let script = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert_eq!(script.trim_end().lines().last().unwrap(), second);
}
