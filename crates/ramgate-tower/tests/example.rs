//! `examples/axum.rs` as it is, between clients and the VPC API: Alibaba Cloud's own client, and hostile ones.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::net::TcpListener;
use std::thread;

#[path = "../../../examples/axum.rs"]
#[allow(dead_code, reason = "its main is not called")]
mod axum_example;
#[path = "../../../tools/end-to-end/harness.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod harness;

use harness::{Api, raw, request, serves_the_clouds_own_client, stands_against_hostile_clients};

#[test]
fn axum_in_front_of_the_api() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let calls = std::env::temp_dir().join(format!("ramgate-calls-{}.jsonl", std::process::id()));
    let Some(api) = Api::start(calls.clone()) else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let host = format!("127.0.0.1:{port}");
    let service = axum_example::service(
        &root.join("policies/snapshot.json"),
        &root.join("examples/access-keys"),
        &format!("127.0.0.1:{}", api.port),
        &host,
    )
    .unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum_example::serve(listener, service).await.unwrap();
        });
    });
    serves_the_clouds_own_client(port, &api);
    stands_against_hostile_clients(port, &api, &host);
    // A form counts as the query does, and goes on as it came.
    let (_, form) = harness::ALLOWED.split_once('?').unwrap();
    let before = api.calls().len();
    raw(port, &request("POST", "/", &host, harness::FORM, form));
    assert_eq!(api.calls()[before].text("body"), form);
    let beijing = form.replace("cn-shanghai", "cn-beijing");
    let answer = raw(port, &request("POST", "/", &host, harness::FORM, &beijing));
    assert!(
        answer.starts_with("HTTP/1.1 403") && answer.contains("NoPermission"),
        "{answer}"
    );
    assert_eq!(api.calls().len(), before + 1);
    std::fs::remove_file(calls).unwrap();
}
