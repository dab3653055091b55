//! When something is unclear: every row of the table of the crate's page, in its order. The inner service is called in none.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, RwLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full};
use ramgate::{Assignment, Catalog, Document, Organization, Policies, Principal, Question, Source};
use ramgate_tower::{AlibabaApi, ApiCall, Asked, EnforcementLayer, Identified, Mapping, Refusal};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt, service_fn};

const ALICE: &str = "acs:ram::1234567890123456:user/alice";

fn principal() -> Principal<'static> {
    Principal::parse(ALICE).unwrap().into_owned()
}

fn question(action: &str) -> Question {
    ramgate::Request::new(principal(), action.to_owned(), "*")
        .unwrap()
        .into()
}

fn policies(statements: &str) -> Assignment {
    let text = format!(r#"{{ "Version": "1", "Statement": [{statements}] }}"#);
    let document = Document::parse(&Source::new("policy.json", text)).unwrap();
    Assignment::Inline(Box::new(Policies::of_identity([document])))
}

const ALLOW: &str = r#"{ "Effect": "Allow", "Action": "*", "Resource": "*" }"#;

/// The status and body that a client gets, and whether the service was called.
async fn ask<M, B>(layer: EnforcementLayer<M>, request: Request<B>) -> (StatusCode, Value, bool)
where
    M: Mapping<B> + Send + Sync + 'static,
    B: Send + 'static,
{
    let called = Arc::new(AtomicBool::new(false));
    let inner = {
        let called = Arc::clone(&called);
        service_fn(move |_: Request<B>| {
            called.store(true, Ordering::Relaxed);
            async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("{}")))) }
        })
    };
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap();
    (status, body, called.load(Ordering::Relaxed))
}

/// It is denied with this status and message.
async fn denied<M: Mapping<()> + Send + Sync + 'static>(
    layer: EnforcementLayer<M>,
    status: StatusCode,
    message: &str,
) {
    let (found, body, called) = ask(layer, Request::new(())).await;
    assert_eq!((found, called), (status, false), "{body}");
    assert_eq!(body["allowed"], false);
    assert_eq!(body["message"], message);
}

#[tokio::test]
async fn the_mapping_refuses_the_request() {
    let refuses = |_: &Parts| -> Result<Question, Refusal> { Err(Refusal::new("two users")) };
    let layer = EnforcementLayer::new(policies(ALLOW), refuses);
    denied(layer, StatusCode::FORBIDDEN, "two users").await;
    let nobody = |_: &Parts| -> Result<Question, Refusal> {
        Err(Refusal::unauthenticated("nobody logged in"))
    };
    let layer = EnforcementLayer::new(policies(ALLOW), nobody);
    denied(layer, StatusCode::UNAUTHORIZED, "nobody logged in").await;
}

/// Asks these questions, whatever the request.
struct Asks(Vec<Question>);

impl<B: Send> Mapping<B> for Asks {
    async fn asked(&self, request: Request<B>) -> Result<(Request<B>, Asked), Refusal> {
        Ok((request, Asked::Questions(self.0.clone())))
    }
}

#[tokio::test]
async fn it_asks_for_nothing() {
    let layer = EnforcementLayer::new(policies(ALLOW), Asks(Vec::new()));
    denied(layer, StatusCode::FORBIDDEN, "nothing was asked for").await;
}

#[tokio::test]
async fn the_caller_is_not_known() {
    let snapshot =
        r#"{ "ramgate": 1, "accounts": { "1234567890123456": { "users": { "bob": {} } } } }"#;
    let sources = [Source::new("snapshot.json", snapshot)];
    let known = Organization::read(&sources, false, &mut |name, _| Err(name.to_owned())).unwrap();
    let known = Assignment::Organization(Arc::new(known));
    let layer = EnforcementLayer::new(known.clone(), Asks(vec![question("vpc:DescribeVpcs")]));
    let (status, body, called) = ask(layer, Request::new(())).await;
    assert_eq!((status, called), (StatusCode::FORBIDDEN, false));
    let message = body["message"].as_str().unwrap();
    assert!(
        message.contains("user/alice") && body.get("decision").is_none(),
        "{body}"
    );
    // Nor is one that calls an interface.
    let (status, body, called) =
        call(known, "RegionId=cn-shanghai&PhysicalConnectionId=pc-1").await;
    assert_eq!((status, called), (StatusCode::FORBIDDEN, false));
    assert_eq!(body["Code"], "NoPermission");
    assert!(
        body["Message"].as_str().unwrap().contains("user/alice"),
        "{body}"
    );
}

#[tokio::test]
async fn the_policies_deny_or_do_not_allow() {
    let deny = r#"{ "Effect": "Deny", "Action": "vpc:DeleteVpc", "Resource": "*" }, { "Effect": "Allow", "Action": "vpc:*", "Resource": "*" }"#;
    for (action, message) in [
        (
            "vpc:DeleteVpc",
            "vpc:DeleteVpc on * is denied by statement 0 of policy.json",
        ),
        ("ecs:StopInstance", "no policy allows ecs:StopInstance on *"),
    ] {
        let layer = EnforcementLayer::new(policies(deny), Asks(vec![question(action)]));
        denied(layer, StatusCode::FORBIDDEN, message).await;
    }
    // Of several questions each must be allowed.
    let both = vec![question("vpc:DescribeVpcs"), question("ecs:StopInstance")];
    let layer = EnforcementLayer::new(policies(deny), Asks(both));
    denied(
        layer,
        StatusCode::FORBIDDEN,
        "no policy allows ecs:StopInstance on *",
    )
    .await;
}

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let texts = ramgate_catalog::FILES.iter();
    let texts: Vec<Source> = texts
        .map(|(name, text)| Source::new(*name, *text))
        .collect();
    Arc::new(Catalog::parse(&texts).unwrap())
});

fn identify(_: &Parts, _: &ApiCall) -> Result<Identified, Refusal> {
    Ok(Identified::new(principal()))
}

const CANCEL: &str = "Action=CancelPhysicalConnection&Version=2016-04-28";

async fn call(policies: Assignment, parameters: &str) -> (StatusCode, Value, bool) {
    let mapping = AlibabaApi::new(Arc::clone(&CATALOG), "vpc", "2016-04-28", identify);
    let request = Request::get(format!("/?{CANCEL}&{parameters}"));
    let request = request.body(Full::<Bytes>::default()).unwrap();
    ask(EnforcementLayer::new(policies, mapping), request).await
}

/// What else makes a call unclear has its tests in `alibaba.rs`, row by row.
#[tokio::test]
async fn a_call_could_be_read_in_two_ways_or_hangs_on_what_nobody_said() {
    let known = "RegionId=cn-shanghai&PhysicalConnectionId=pc-1";
    assert_eq!(call(policies(ALLOW), known).await.0, StatusCode::OK);
    let by_tag = r#"{ "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { "StringEquals": { "acs:ResourceTag/env": "prod" } } }"#;
    for (statements, parameters, message) in [
        (
            ALLOW,
            format!("{known}&regionid=cn-beijing"),
            "differ by letter case only",
        ),
        (
            ALLOW,
            format!("{known}&Force=true"),
            "has no parameter \"Force\"",
        ),
        (by_tag, known.to_owned(), "acs:ResourceTag/env"),
    ] {
        let (status, body, called) = call(policies(statements), &parameters).await;
        assert_eq!((status, called), (StatusCode::FORBIDDEN, false));
        assert!(
            body["Message"].as_str().unwrap().contains(message),
            "{body}"
        );
    }
}

/// A body that breaks off after its first piece.
struct Broken(Option<Bytes>);

impl From<Bytes> for Broken {
    fn from(bytes: Bytes) -> Broken {
        Broken(Some(bytes))
    }
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "the client went away");
        Poll::Ready(Some(self.0.take().map(Frame::data).ok_or_else(cut)))
    }
}

#[tokio::test]
async fn the_body_ends_early() {
    let mapping = AlibabaApi::new(Arc::clone(&CATALOG), "vpc", "2016-04-28", identify);
    let form = format!("{CANCEL}&RegionId=cn-shanghai&PhysicalConnectionId=pc-1");
    let request = Request::post("/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Broken::from(Bytes::from(form)))
        .unwrap();
    let layer = EnforcementLayer::new(policies(ALLOW), mapping);
    let (status, body, called) = ask(layer, request).await;
    assert_eq!((status, called), (StatusCode::FORBIDDEN, false));
    assert_eq!(body["Code"], "NoPermission");
    assert_eq!(body["Message"], "the body ends early: the client went away");
}

/// Each call is decided by the policies that there are when it is made, by one version of them.
#[tokio::test]
async fn policies_that_change() {
    let current = Arc::new(RwLock::new(Arc::new(policies(ALLOW))));
    let reads = Arc::clone(&current);
    let asks = Asks(vec![
        question("vpc:DescribeVpcs"),
        question("vpc:DeleteVpc"),
    ]);
    let layer = EnforcementLayer::of_current(move || Arc::clone(&reads.read().unwrap()), asks);
    let inner = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let mut service = layer.layer(inner);
    for (statements, expected) in [
        (ALLOW, StatusCode::OK),
        (
            r#"{ "Effect": "Allow", "Action": "vpc:Describe*", "Resource": "*" }"#,
            StatusCode::FORBIDDEN,
        ),
        (ALLOW, StatusCode::OK),
    ] {
        *current.write().unwrap() = Arc::new(policies(statements));
        let response = service
            .ready()
            .await
            .unwrap()
            .call(Request::new(()))
            .await
            .unwrap();
        assert_eq!(response.status(), expected);
    }
}
