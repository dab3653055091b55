//! Calls in the style of Alibaba Cloud's interfaces, through the layer: what reaches the service, and what is answered.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use ramgate::{Assignment, Catalog, Context, Document, Policies, Principal, Source};
use ramgate_tower::{AlibabaApi, ApiCall, EnforcementLayer, Identified, Permit, Refusal};
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};

const POLICY: &str = r#"{ "Version": "1", "Statement": [
    { "Effect": "Allow", "Action": "vpc:CancelPhysicalConnection", "Resource": "acs:vpc:*:*:physicalconnection/*" },
    { "Effect": "Deny", "Action": "*", "Resource": "acs:vpc:*:*:physicalconnection/pc-prod" },
    { "Effect": "Allow", "Action": "vpc:ConfirmPhysicalConnection", "Resource": "*",
      "Condition": { "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } } },
    { "Effect": "Deny", "Action": "vpc:TerminatePhysicalConnection", "Resource": "*",
      "Condition": { "StringEquals": { "acs:ResourceTag/env": "prod" } } },
    { "Effect": "Allow", "Action": "vpc:TerminatePhysicalConnection", "Resource": "*" } ] }"#;

const CANCEL: &str = "Action=CancelPhysicalConnection&Version=2016-04-28&RegionId=cn-shanghai&PhysicalConnectionId=pc-1";

/// What the client got, and what the service behind the layer saw.
struct Answer {
    status: StatusCode,
    body: Value,
    seen: Option<(Parts, Bytes)>,
}

impl Answer {
    fn message(&self) -> &str {
        self.body["Message"].as_str().unwrap()
    }
}

fn identify(head: &Parts, call: &ApiCall) -> Result<Identified, Refusal> {
    let key = call.parameters.get("AccessKeyId")?.unwrap_or("LTAIalice");
    let name = match key {
        "LTAIalice" => "alice",
        _ => return Err(Refusal::unauthenticated("nobody has this AccessKey")),
    };
    let principal =
        Principal::parse(&format!("acs:ram::1234567890123456:user/{name}"))?.into_owned();
    let mut who = Identified::new(principal);
    if let Some(address) = head.headers.get("x-test-address") {
        let address = address.to_str().unwrap().to_owned();
        who = who.with_context(Context::owned(vec![(
            "acs:SourceIp".into(),
            address.into(),
        )])?);
    }
    Ok(who)
}

static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let texts: Vec<Source> = ramgate_catalog::FILES
        .iter()
        .map(|(name, text)| Source::new(*name, *text))
        .collect();
    Arc::new(Catalog::parse(&texts).unwrap())
});

async fn ask(request: Request<Full<Bytes>>) -> Answer {
    let catalog = Arc::clone(&CATALOG);
    let document = Document::parse(&Source::new("policy.json", POLICY)).unwrap();
    let policies = Assignment::Inline(Box::new(Policies::of_identity([document])));
    let mapping = AlibabaApi::new(catalog, "vpc", "2016-04-28", identify)
        .pass_on("DescribeRegions")
        .body_bytes_max(1000);
    let seen = Arc::new(std::sync::Mutex::new(None));
    let calls = Arc::new(AtomicUsize::new(0));
    let inner = {
        let (seen, calls) = (Arc::clone(&seen), Arc::clone(&calls));
        service_fn(move |request: Request<Full<Bytes>>| {
            let (seen, calls) = (Arc::clone(&seen), Arc::clone(&calls));
            async move {
                calls.fetch_add(1, Ordering::Relaxed);
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                *seen.lock().unwrap() = Some((head, body));
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("{}"))))
            }
        })
    };
    let service = EnforcementLayer::new(policies, mapping).layer(inner);
    let response = service.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let seen = seen.lock().unwrap().take();
    assert_eq!(seen.is_some(), status == StatusCode::OK);
    assert_eq!(
        calls.load(Ordering::Relaxed),
        usize::from(status == StatusCode::OK)
    );
    Answer {
        status,
        body: serde_json::from_slice(&body).unwrap(),
        seen,
    }
}

fn get(query: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://vpc.aliyuncs.com/?{query}"))
        .body(Full::default())
        .unwrap()
}

fn form(query: &str, body: &str) -> Request<Full<Bytes>> {
    Request::post(format!("http://vpc.aliyuncs.com/?{query}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(body.to_owned())))
        .unwrap()
}

#[tokio::test]
async fn an_allowed_call_reaches_the_service_untouched() {
    let answer = ask(get(CANCEL)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let (head, _) = answer.seen.unwrap();
    assert_eq!(head.uri.query(), Some(CANCEL));
    let permit = head.extensions.get::<Permit>().unwrap();
    assert_eq!(permit.evaluations.len(), 1);
    assert_eq!(permit.evaluations[0].determined_by[0].statement, 0);

    let mut in_utf8 = form("", CANCEL);
    let charset = "application/x-www-form-urlencoded; charset=UTF-8";
    in_utf8
        .headers_mut()
        .insert("content-type", charset.parse().unwrap());
    let region = "cn-shanghai".parse().unwrap();
    in_utf8.headers_mut().insert("x-acs-region-id", region);
    assert_eq!(ask(in_utf8).await.status, StatusCode::OK);

    let answer = ask(form("", CANCEL)).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.seen.unwrap().1, CANCEL);
}

#[tokio::test]
async fn an_operation_may_be_named_in_headers() {
    let request = Request::post("/?RegionId=cn-shanghai&PhysicalConnectionId=pc-1")
        .header("x-acs-action", "CancelPhysicalConnection")
        .header("x-acs-version", "2016-04-28");
    let answer = ask(request.body(Full::default()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_denied_call_gets_the_error_of_the_cloud() {
    let answer = ask(get(&CANCEL.replace("pc-1", "pc-prod"))).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.body["Code"], "NoPermission");
    assert_eq!(
        answer.message(),
        "vpc:CancelPhysicalConnection on acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-prod is denied by statement 1 of policy.json"
    );
    let detail = &answer.body["AccessDeniedDetail"];
    assert_eq!(detail["NoPermissionType"], "ExplicitDeny");
    assert_eq!(detail["AuthAction"], "vpc:CancelPhysicalConnection");
    assert_eq!(detail["AuthPrincipalDisplayName"], "alice");
    assert_eq!(answer.body["RequestId"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn what_is_signed_may_come_along() {
    let signed = "&Format=JSON&AccessKeyId=LTAIalice&SignatureMethod=HMAC-SHA1&Timestamp=2026-11-24T00%3A00%3A00Z\
        &SignatureVersion=1.0&SignatureNonce=1&Signature=abc%3D&SecurityToken=t";
    assert_eq!(
        ask(get(&format!("{CANCEL}{signed}"))).await.status,
        StatusCode::OK
    );
    let stranger = ask(get(&format!("{CANCEL}&AccessKeyId=LTAImallory"))).await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_call_that_could_be_read_in_two_ways_is_denied() {
    for (request, message) in [
        (
            get(&format!("{CANCEL}&PhysicalConnectionId=pc-prod")),
            "parameter PhysicalConnectionId is sent twice",
        ),
        (
            form(CANCEL, "PhysicalConnectionId=pc-prod"),
            "parameter PhysicalConnectionId is sent twice",
        ),
        (
            get(&format!("{CANCEL}&%50hysicalConnectionId=pc-prod")),
            "parameter PhysicalConnectionId is sent twice",
        ),
        (
            get(&format!("{CANCEL}&physicalconnectionid=pc-prod")),
            "parameters PhysicalConnectionId and physicalconnectionid differ by letter case only",
        ),
        (
            get(&CANCEL.replace("PhysicalConnectionId", "physicalConnectionId")),
            "CancelPhysicalConnection has no parameter \"physicalConnectionId\"; did you mean PhysicalConnectionId?",
        ),
        (
            get(&format!("{CANCEL}&InstanceId=pc-prod")),
            "CancelPhysicalConnection has no parameter \"InstanceId\"",
        ),
        (
            get(&format!("{CANCEL}&PhysicalConnectionId.1=pc-prod")),
            "CancelPhysicalConnection has no parameter \"PhysicalConnectionId.1\"; did you mean PhysicalConnectionId?",
        ),
        (
            get(&format!("{CANCEL}&OwnerId=2345678901234567")),
            "CancelPhysicalConnection has no parameter \"OwnerId\"",
        ),
        (
            get(&CANCEL.replace("pc-1", "pc-1%2Fpc-prod")),
            "vpc:CancelPhysicalConnection is authorized on acs:vpc:{region}:{account}:physicalconnection/{PhysicalConnectionId}; \
             the value of PhysicalConnectionId has characters that no id has",
        ),
        (
            get(&CANCEL.replace("pc-1", "pc-1%20")),
            "vpc:CancelPhysicalConnection is authorized on acs:vpc:{region}:{account}:physicalconnection/{PhysicalConnectionId}; \
             the value of PhysicalConnectionId has characters that no id has",
        ),
        (
            get(&CANCEL.replace("pc-1", "pc-*")),
            "the value of PhysicalConnectionId has a wildcard in it",
        ),
        (
            get(&CANCEL.replace("Action=Cancel", "Action=cancel")),
            "operation \"cancelPhysicalConnection\" must be written CancelPhysicalConnection",
        ),
        (
            get(&CANCEL.replace("2016-04-28", "2014-05-26")),
            "version \"2014-05-26\" of the interface; expected 2016-04-28",
        ),
        (
            get("Version=2016-04-28"),
            "neither parameter Action nor header x-acs-action says what the call is",
        ),
        (
            get("Action=FormatDisk&Version=2016-04-28"),
            "no facts on the operation \"vpc:FormatDisk\"",
        ),
    ] {
        let answer = ask(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{message}");
        assert_eq!(answer.message(), message);
    }
}

#[tokio::test]
async fn what_the_head_says_twice_or_oddly_is_denied() {
    let with = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::from(body.to_owned()));
        request.body(body).unwrap()
    };
    let query = format!("/?{CANCEL}");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (request, message) in [
        (
            with("DELETE", &query, &[], ""),
            "method DELETE is none of this style of call; expected GET or POST",
        ),
        (
            with("GET", &format!("/api{query}"), &[], ""),
            "the path names a call of another style than RPC, which cannot be mapped",
        ),
        (
            with("GET", &query, &[form], "A=1"),
            "a GET with a body; whether the upstream reads it is not known",
        ),
        (
            with("POST", &query, &[], "A=1"),
            "a body without Content-Type",
        ),
        (
            with(
                "POST",
                &query,
                &[("content-type", "application/json")],
                "{}",
            ),
            "a body of type \"application/json\"; expected application/x-www-form-urlencoded",
        ),
        (
            with(
                "POST",
                &query,
                &[(
                    "content-type",
                    "application/x-www-form-urlencoded; charset=gbk",
                )],
                "A=1",
            ),
            "a body of type \"application/x-www-form-urlencoded; charset=gbk\"; expected application/x-www-form-urlencoded",
        ),
        (
            with(
                "POST",
                &query,
                &[(
                    "content-type",
                    "application/x-www-form-urlencoded;charset=utf-8,text/plain",
                )],
                "A=1",
            ),
            "a body of type \"application/x-www-form-urlencoded;charset=utf-8,text/plain\"; expected application/x-www-form-urlencoded",
        ),
        (
            with("POST", &query, &[("x-acs-region-id", "cn-beijing")], ""),
            "header x-acs-region-id names another region than parameter RegionId",
        ),
        (
            with("POST", &query, &[form, form], "A=1"),
            "header content-type is sent twice",
        ),
        (
            with("POST", &query, &[form, ("content-encoding", "gzip")], "A=1"),
            "the body is encoded; expected it plain",
        ),
        (
            with(
                "POST",
                &query,
                &[("x-acs-action", "DescribePhysicalConnections")],
                "",
            ),
            "header x-acs-action and parameter Action are both there",
        ),
        (
            with(
                "POST",
                "/?RegionId=cn-shanghai",
                &[("x-acs-action", "A"), ("x-acs-action", "B")],
                "",
            ),
            "header x-acs-action is sent twice",
        ),
        (
            with(
                "POST",
                &query,
                &[("content-length", "0"), ("transfer-encoding", "chunked")],
                "",
            ),
            "the length of the body is said in two ways",
        ),
        (
            with(
                "POST",
                &query,
                &[("connection", "close, x-acs-version")],
                "",
            ),
            "header connection takes x-acs-version out of the call on its way",
        ),
        (
            with("POST", &query, &[("x_acs-action", "DeleteVpc")], ""),
            "header x_acs-action could be taken for x-acs-action",
        ),
        (
            with("POST", &query, &[form], &"A".repeat(1001)),
            "the body is longer than 1000 bytes",
        ),
    ] {
        let answer = ask(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{message}");
        assert_eq!(answer.message(), message);
    }
}

#[tokio::test]
async fn circumstances_that_nobody_said_deny() {
    let confirm = CANCEL.replace("Cancel", "Confirm");
    assert_eq!(ask(get(&confirm)).await.status, StatusCode::FORBIDDEN);
    let mut inside = get(&confirm);
    let address = "203.0.113.7".parse().unwrap();
    inside.headers_mut().insert("x-test-address", address);
    assert_eq!(ask(inside).await.status, StatusCode::OK);

    // The circuit may be tagged as one of production, which would deny.
    let terminate = ask(get(&CANCEL.replace("Cancel", "Terminate"))).await;
    assert_eq!(terminate.status, StatusCode::FORBIDDEN);
    assert!(
        terminate.message().contains("acs:ResourceTag/env"),
        "{}",
        terminate.message()
    );
}

#[tokio::test]
async fn an_operation_that_is_to_be_passed_on_is_not_asked_about() {
    let answer = ask(get("Action=DescribeRegions&Version=2016-04-28&Anything=1")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let (head, _) = answer.seen.unwrap();
    let permit = head.extensions.get::<Permit>().unwrap();
    assert!(permit.evaluations.is_empty());
}

#[tokio::test]
async fn a_client_need_not_learn_why() {
    let document = Document::parse(&Source::new("policy.json", POLICY)).unwrap();
    let policies = Assignment::Inline(Box::new(Policies::of_identity([document])));
    let mapping = |_: &Parts| -> Result<ramgate::Question, Refusal> {
        let alice = Principal::parse("acs:ram::1234567890123456:user/alice")?.into_owned();
        Ok(ramgate::Request::new(alice, "vpc:DeleteVpc", "*")?.into())
    };
    let inner = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let layer = EnforcementLayer::new(policies, mapping);
    for (layer, told) in [(layer.clone(), true), (layer.withhold_reasons(), false)] {
        let response = layer.layer(inner).oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body.get("decision").is_some(), told);
        assert_eq!(
            body["message"] == "the call is not permitted",
            !told,
            "{body}"
        );
    }
}
