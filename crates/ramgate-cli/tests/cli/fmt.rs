//! `ramgate fmt`: in place, atomically, only what changes, only policies.

use std::fs;

use crate::place::{ALLOW_VPC, Place};

const FORMATTED: &str = r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "vpc:*",
      "Resource": "*"
    }
  ]
}
"#;

#[test]
fn formats_in_place_and_only_what_changes() {
    let place = Place::with([("p.json", ALLOW_VPC), ("done.json", FORMATTED)]);
    let before = fs::metadata(place.path("done.json"))
        .unwrap()
        .modified()
        .unwrap();
    let ran = place.run(&["fmt", "p.json", "done.json"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, "", "note: p.json: formatted\n")
    );
    assert_eq!(place.read("p.json"), FORMATTED);
    assert_eq!(
        fs::metadata(place.path("done.json"))
            .unwrap()
            .modified()
            .unwrap(),
        before
    );
    let ran = place.run(&["fmt", "p.json", "done.json"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, "", "")
    );
    assert_eq!(
        fs::read_dir(place.path("")).unwrap().count(),
        2,
        "nothing is left beside it"
    );
}

#[test]
fn check_shows_a_diff_and_changes_nothing() {
    let place = Place::with([("p.json", ALLOW_VPC), ("done.json", FORMATTED)]);
    let ran = place.run(&["fmt", "--check", "p.json", "done.json"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (1, ""));
    assert!(
        ran.stdout.starts_with(&format!(
            "--- p.json\n+++ p.json (formatted)\n@@ -1 +1,10 @@\n-{ALLOW_VPC}\n"
        )),
        "{ran:?}"
    );
    assert!(
        ran.stdout.contains("\n+      \"Effect\": \"Allow\",\n"),
        "{ran:?}"
    );
    assert_eq!(place.read("p.json"), ALLOW_VPC);
    let ran = place.run(&["fmt", "--check", "done.json"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
}

#[test]
fn standard_input_goes_to_standard_output() {
    let place = Place::with([]);
    let ran = place.run_on(ALLOW_VPC, &["fmt", "-"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, FORMATTED, "")
    );
    let ran = place.run_on(FORMATTED, &["fmt", "-"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, FORMATTED));
    assert_eq!(place.run_on(FORMATTED, &["fmt", "--check", "-"]).status, 0);
    assert_eq!(place.run_on(ALLOW_VPC, &["fmt", "--check", "-"]).status, 1);
    assert_eq!(place.run_on("[]", &["fmt", "-"]).status, 2);
}

#[test]
fn other_files_of_a_directory_are_passed_over_and_broken_ones_told() {
    let place = Place::with([
        ("d/p.json", ALLOW_VPC),
        ("d/snapshot.json", r#"{"ramgate":1}"#),
        ("d/cases.json", "[]"),
        ("d/sub/broken.json", "{\"Version\":"),
        ("d/sub/z.json", ALLOW_VPC),
    ]);
    let ran = place.run(&["fmt", "d"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(
        ran.stderr
            .contains("note: d/snapshot.json: no policy, passed over\n"),
        "{ran:?}"
    );
    assert!(
        ran.stderr
            .contains("note: d/cases.json: no policy, passed over\n"),
        "{ran:?}"
    );
    assert!(
        ran.stderr.contains("error: d/sub/broken.json:1:"),
        "{ran:?}"
    );
    assert_eq!(
        (place.read("d/p.json"), place.read("d/sub/z.json")),
        (FORMATTED.to_owned(), FORMATTED.to_owned())
    );
}

#[test]
fn a_named_file_must_be_a_policy() {
    let place = Place::with([("snapshot.json", r#"{"ramgate":1}"#), ("p.json", ALLOW_VPC)]);
    let ran = place.run(&["fmt", "snapshot.json", "none.json", "p.json"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("error: snapshot.json:1:1: no policy"),
        "{ran:?}"
    );
    assert_eq!(place.read("snapshot.json"), r#"{"ramgate":1}"#);
    assert_eq!(place.read("p.json"), FORMATTED);
    let place = Place::with([("d/snapshot.json", r#"{"ramgate":1}"#)]);
    assert_eq!(place.run(&["fmt", "d"]).status, 2, "nothing to format");
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let place = Place::with([("real.json", ALLOW_VPC)]);
    fs::set_permissions(place.path("real.json"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.json", place.path("link.json")).unwrap();
    assert_eq!(place.run(&["fmt", "link.json"]).status, 0);
    assert!(
        fs::symlink_metadata(place.path("link.json"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(place.read("real.json"), FORMATTED);
    let mode = fs::metadata(place.path("real.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_written_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::with([("p.json", ALLOW_VPC)]);
    fs::set_permissions(place.path("p.json"), fs::Permissions::from_mode(0o444)).unwrap();
    let ran = place.run(&["fmt", "p.json"]);
    assert_eq!(ran.status, 2);
    assert_eq!(
        ran.stderr,
        "error: p.json: cannot be written: it is read-only\n"
    );
    assert_eq!(place.read("p.json"), ALLOW_VPC);
}
