//! Writes the account that is asked about: 10,000 policies, 5,000 users, and what they ask.
//!
//! `workload FOLDER` writes `snapshot.json`, `other.json` (with one more user) and `requests.jsonl` there.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    reason = "a tool that cannot go on must fail"
)]

use std::fs;
use std::path::Path;

use serde_json::json;

#[path = "../../../../benches/workload/mod.rs"]
mod workload;

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let folder = Path::new(&folder);
    let workload = workload::w4();
    let snapshot = workload.snapshot();
    let other = snapshot.replacen("\"users\":{", "\"users\":{\"one-more\":{},", 1);
    assert_ne!(snapshot, other);
    fs::write(folder.join("snapshot.json"), snapshot).unwrap();
    fs::write(folder.join("other.json"), other).unwrap();
    let requests = workload.requests.iter().map(|request| {
        let context = request
            .context
            .iter()
            .map(|(key, value)| ((*key).to_owned(), json!(value)));
        let request = json!({
            "principal": request.caller,
            "action": request.action,
            "resource": request.resource,
            "context": context.collect::<serde_json::Map<_, _>>(),
        });
        format!("{request}\n")
    });
    fs::write(folder.join("requests.jsonl"), requests.collect::<String>()).unwrap();
}
