//! A handler that decides nothing: it takes the body and answers the same bytes always. What that costs, nobody can go below.
//!
//! `constant PORT PATH ANSWER` answers every request to PATH with the contents of the file ANSWER as JSON; with `grpc` behind it, as a
//! message of gRPC.

use std::env;
use std::io;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::serve::ListenerExt;
use http_body_util::{BodyExt, Full};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, path, answer, rest @ ..] = arguments.as_slice() else {
        return Err(io::Error::other(
            "expected: constant PORT PATH ANSWER [grpc]",
        ));
    };
    let answer = Bytes::from(std::fs::read(answer)?);
    let router = if rest.is_empty() {
        let handler = async move |_: Bytes| {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (kind, answer.clone())
        };
        Router::new().route(path, any(handler))
    } else {
        Router::new().route(path, any(async move |_: Bytes| message(&answer)))
    };
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
