//! A handler that decides nothing: it takes the body and answers the same bytes always. What that costs, nobody can go below.
//!
//! `constant PORT PATH ANSWER` answers every request to PATH with the contents of the file ANSWER as JSON; with `json` behind it, it reads
//! the body first with serde_json, as whoever is asked in JSON must in some way; with `grpc`, it answers with a message of gRPC.

use std::env;
use std::hint::black_box;
use std::io;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::serve::ListenerExt;
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, path, answer, rest @ ..] = arguments.as_slice() else {
        return Err(io::Error::other(
            "expected: constant PORT PATH ANSWER [json | grpc]",
        ));
    };
    let answer = Bytes::from(std::fs::read(answer)?);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    let handler = match rest.first().map(String::as_str) {
        None => any(async move |_: Bytes| (kind, answer.clone())),
        Some("json") => any(async move |body: Bytes| {
            let read = serde_json::from_slice::<Value>(&body);
            let read = read.map_err(|_| StatusCode::BAD_REQUEST)?;
            black_box(read);
            Ok::<_, StatusCode>((kind, answer.clone()))
        }),
        Some(_) => any(async move |_: Bytes| message(&answer)),
    };
    let router = Router::new().route(path, handler);
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    // Or else the parts of an answer wait for each other.
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, router).await
}

fn message(answer: &Bytes) -> Response {
    let status = HeaderName::from_static("grpc-status");
    let ok = HeaderMap::from_iter([(status, HeaderValue::from_static("0"))]);
    let body = Full::new(answer.clone()).with_trailers(async move { Some(Ok(ok)) });
    let kind = [(header::CONTENT_TYPE, "application/grpc")];
    (kind, Body::new(body)).into_response()
}
