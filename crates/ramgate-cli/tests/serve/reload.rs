//! Policies that change while it serves.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::point::{ACCOUNT, ALLOW, DENY, Over, Place, Point, agent, request, snapshot, until};

/// Looking at the files now and then is for what the system does not tell; here it would hide that it does.
const TOLD: [&str; 2] = ["--check-every", "1h"];

#[test]
fn a_change_is_served_at_once() {
    let point = Place::with_snapshot(ALLOW).serve(&TOLD);
    let before = point.check(&request()).json()["revision"].clone();
    assert_eq!(point.decision(), "Allow");
    point.place.replace("snapshot.json", snapshot(DENY));
    until("the deny", || point.decision() == "ExplicitDeny");
    let after = point.check(&request()).json()["revision"].clone();
    assert_ne!(before, after);
    // Written in place, as editors do.
    point.place.write("snapshot.json", snapshot(ALLOW));
    until("the allow", || point.decision() == "Allow");
    assert_eq!(point.check(&request()).json()["revision"], before);
    assert_eq!(
        point.metric("ramgate_policies_reloads_total{result=\"loaded\"}"),
        2.0
    );
    let revisions = point.get("/metrics").text;
    assert_eq!(revisions.matches("ramgate_policies_info{").count(), 1);
}

#[test]
pub(crate) fn a_broken_change_keeps_the_last_good_policies() {
    let point = Place::with_snapshot(ALLOW).serve(&["--check-every", "20ms"]);
    let revision = point.check(&request()).json()["revision"].clone();
    let failed = |text: &'static str| {
        until(text, || {
            let ready = point.get("/readyz");
            assert_eq!(ready.status, 200);
            ready.json()["failed_reload"]["error"]
                .as_str()
                .unwrap_or_default()
                .contains(text)
        });
        assert_eq!(point.decision(), "Allow");
        assert_eq!(point.check(&request()).json()["revision"], revision);
    };
    let broken = DENY.replace("\"Deny\"", "\"Dny\"");
    point.place.replace("snapshot.json", snapshot(&broken));
    failed("snapshot.json:4:106: ");
    point.place.replace("snapshot.json", &snapshot(DENY)[..100]);
    failed("no JSON");
    point.place.replace("snapshot.json", b"{ \"\xff\": 1 }");
    failed("byte 0xff is no UTF-8");
    fs::remove_file(point.place.path("snapshot.json")).unwrap();
    failed("snapshot.json: cannot be read");
    // A fault is told and counted once, however often it is looked at.
    thread::sleep(Duration::from_millis(100));
    assert_eq!(
        point.metric("ramgate_policies_reloads_total{result=\"failed\"}"),
        4.0
    );
    assert_eq!(point.said().matches("those before them stay").count(), 4);
    // What was served all the time is put back.
    point.place.replace("snapshot.json", snapshot(ALLOW));
    until("no failure", || {
        point.get("/readyz").json()["failed_reload"].is_null()
    });
    point.place.replace("snapshot.json", snapshot(DENY));
    until("the deny", || point.decision() == "ExplicitDeny");
}

#[test]
fn files_that_a_snapshot_names_belong_to_it() {
    let place = Place::new();
    let named = snapshot(ALLOW).replacen("\"document\"", "\"file\": \"p.json\", \"x\"", 1);
    let start = named.find(", \"x\"").unwrap();
    let end = start + named[start..].find("] }").unwrap() + 3;
    place.write(
        "snapshot.json",
        format!("{}{}", &named[..start], &named[end..]),
    );
    let policy = |statement: &str| format!(r#"{{ "Version": "1", "Statement": [{statement}] }}"#);
    place.write("p.json", policy(ALLOW));
    let point = place.serve(&["--check-every", "20ms"]);
    assert_eq!(point.decision(), "Allow");
    fs::remove_file(point.place.path("p.json")).unwrap();
    until("the failure", || {
        point.get("/readyz").json()["failed_reload"].is_object()
    });
    assert_eq!(point.decision(), "Allow");
    point.place.replace("p.json", policy(DENY));
    until("the deny", || point.decision() == "ExplicitDeny");
}

#[test]
fn the_directory_of_a_file_that_a_snapshot_names_is_watched_too() {
    let place = Place::new();
    let policy = |statement: &str| format!(r#"{{ "Version": "1", "Statement": [{statement}] }}"#);
    let snapshot = format!(
        r#"{{ "ramgate": 1, "accounts": {{ "{ACCOUNT}": {{
            "policies": {{ "p": {{ "type": "Custom", "file": "../policies/p.json" }} }}, "users": {{ "alice": {{ "policies": ["p"] }} }} }} }} }}"#
    );
    place.write("account/snapshot.json", snapshot);
    place.write("policies/p.json", policy(ALLOW));
    let arguments = [
        &[
            "--account",
            "account/snapshot.json",
            "--listen",
            "127.0.0.1:0",
        ],
        &TOLD[..],
    ];
    let command = place.command(&arguments.concat());
    let point = Point::start(place, command);
    point.until_said("policies loaded");
    assert_eq!(point.decision(), "Allow");
    point.place.replace("policies/p.json", policy(DENY));
    until("the deny", || point.decision() == "ExplicitDeny");
}

#[test]
fn a_directory_is_watched_with_what_comes_and_goes() {
    let place = Place::new();
    place.write("accounts/a.json", snapshot(ALLOW));
    let command = place.command(&[
        "--account",
        "accounts",
        "--listen",
        "127.0.0.1:0",
        "--check-every",
        "1h",
    ]);
    let point = Point::start(place, command);
    point.until_said("policies loaded");
    assert_eq!(point.decision(), "Allow");
    let other = snapshot(ALLOW).replace(ACCOUNT, "2222222222222222");
    let mut theirs = request();
    theirs["principal"] = "acs:ram::2222222222222222:user/alice".into();
    assert_eq!(point.check(&theirs).status, 422);
    point.place.write("accounts/deeper/other.json", other);
    until("the account", || point.check(&theirs).status == 200);
    assert_eq!(point.check(&theirs).decision(), "Allow");
    fs::remove_file(point.place.path("accounts/deeper/other.json")).unwrap();
    until("no account", || point.check(&theirs).status == 422);
    assert_eq!(point.decision(), "Allow");
}

/// As Kubernetes mounts a ConfigMap: the file is a link into `..data`, which is a link that is swapped.
#[cfg(unix)]
#[test]
fn links_that_are_swapped() {
    use std::os::unix::fs::symlink;

    let place = Place::new();
    place.write("..2026_1/snapshot.json", snapshot(ALLOW));
    place.write("..2026_2/snapshot.json", snapshot(DENY));
    symlink("..2026_1", place.path("..data")).unwrap();
    symlink("..data/snapshot.json", place.path("snapshot.json")).unwrap();
    let point = place.serve(&TOLD);
    assert_eq!(point.decision(), "Allow");
    symlink("..2026_2", point.place.path("..data_tmp")).unwrap();
    fs::rename(point.place.path("..data_tmp"), point.place.path("..data")).unwrap();
    until("the deny", || point.decision() == "ExplicitDeny");
}

#[cfg(unix)]
#[test]
fn a_hangup_and_the_clock_look_at_what_nobody_tells_of() {
    use std::os::unix::fs::symlink;

    // The file changes where no one watches.
    let elsewhere = Place::with_snapshot(ALLOW);
    for (arguments, hangs_up) in [(TOLD, true), (["--check-every", "20ms"], false)] {
        elsewhere.replace("snapshot.json", snapshot(ALLOW));
        let place = Place::new();
        symlink(elsewhere.path("snapshot.json"), place.path("snapshot.json")).unwrap();
        let point = place.serve(&arguments);
        assert_eq!(point.decision(), "Allow");
        // The look at the start is over by then.
        thread::sleep(Duration::from_millis(200));
        elsewhere.replace("snapshot.json", snapshot(DENY));
        if hangs_up {
            thread::sleep(Duration::from_millis(100));
            assert_eq!(point.decision(), "Allow");
            point.signal("HUP");
        }
        until("the deny", || point.decision() == "ExplicitDeny");
    }
}

/// Under load, every answer is by one of two revisions, whole, and broken changes in between are none.
#[test]
fn no_request_fails_while_policies_change() {
    let point = Place::with_snapshot(ALLOW).serve(&TOLD);
    let revision = |decision: &str| {
        until(decision, || point.decision() == decision);
        let answer = point.check(&request()).json();
        answer["revision"].as_str().unwrap().to_owned()
    };
    let allow = revision("Allow");
    point.place.replace("snapshot.json", snapshot(DENY));
    let deny = revision("ExplicitDeny");
    let is_over = AtomicBool::new(false);
    let asked = thread::scope(|scope| {
        // However it ends, the clients must.
        let over = Over(&is_over);
        let ask = || {
            let agent = agent();
            let mut asked = 0;
            while !is_over.load(Ordering::Relaxed) {
                let url = point.url("/v1/check");
                let mut response = agent.post(&url).send(request().to_string()).unwrap();
                assert_eq!(response.status(), 200);
                let named = response.headers()["x-ramgate-revision"].clone();
                let text = response.body_mut().read_to_string().unwrap();
                let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
                let expected = match answer["decision"].as_str() {
                    Some("Allow") => &allow,
                    Some("ExplicitDeny") => &deny,
                    _ => panic!("{text}"),
                };
                assert_eq!(answer["revision"].as_str(), Some(&**expected), "{text}");
                assert_eq!(named.to_str().ok(), Some(&**expected), "{text}");
                asked += 1;
            }
            asked
        };
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        let broken = snapshot(&DENY.replace("\"Deny\"", "\"Dny\""));
        let cut = snapshot(ALLOW)[..100].to_owned();
        let fails = || point.get("/readyz").json()["failed_reload"].is_object();
        let change = |text: &str, decision: Option<&str>| {
            point.place.replace("snapshot.json", text);
            match decision {
                None => until("the failure", fails),
                Some(decision) => until(decision, || point.decision() == decision && !fails()),
            }
        };
        for round in 0..3 {
            // Ten changes.
            if round < 2 {
                change(&broken, None);
            }
            change(&snapshot(ALLOW), Some("Allow"));
            if round < 2 {
                change(&cut, None);
            }
            change(&snapshot(DENY), Some("ExplicitDeny"));
        }
        drop(over);
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum::<usize>()
    });
    assert!(asked > 0);
    let loaded = "ramgate_policies_reloads_total{result=\"loaded\"}";
    let failed = "ramgate_policies_reloads_total{result=\"failed\"}";
    assert_eq!((point.metric(loaded), point.metric(failed)), (7.0, 4.0));
}
