//! Calls of gRPC with one message each way: whatever comes, what is answered is for the service to say.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Full};
use prost::Message;

use crate::http::body::{self, Broken};
use crate::settings::Limits;

const KIND: &str = "application/grpc";
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// Before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Ok = 0,
    NotFound = 5,
    PermissionDenied = 7,
    Unauthenticated = 16,
}

/// Why a call has no message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unread {
    /// For the metrics.
    pub(super) kind: &'static str,
    pub(super) reason: &'static str,
}

impl Unread {
    const fn bad(reason: &'static str) -> Unread {
        let kind = "bad_request";
        Unread { kind, reason }
    }
}

/// Whether it is a call at all; the answer to what is none.
pub(super) fn not_a_call(request: &Request) -> Option<Response> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_call = matches!(kind.strip_prefix(KIND), Some("" | "+proto"))
        && request.version() == Version::HTTP_2;
    let message = "this is asked over gRPC only";
    (!is_call).then(|| (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response())
}

/// The one message of a call.
pub(super) async fn message<M: Message + Default>(
    limits: &Limits,
    request: Request,
) -> Result<M, Unread> {
    let mut body = request.into_body();
    let bytes = body::whole(limits, &mut body).await;
    let bytes = bytes.map_err(|broken| match broken {
        Broken::TooLarge => Unread {
            kind: "too_large",
            reason: "the message is too large",
        },
        Broken::Late => Unread {
            kind: "timeout",
            reason: "the message did not arrive in time",
        },
        Broken::Cut => Unread::bad("the message ended before it was complete"),
    })?;
    let (prefix, message) = bytes
        .split_first_chunk::<PREFIX_BYTES>()
        .ok_or(Unread::bad("there is no message"))?;
    let [compressed, length @ ..] = *prefix;
    if compressed != 0 {
        return Err(Unread::bad("the message is compressed"));
    }
    if usize::try_from(u32::from_be_bytes(length)) != Ok(message.len()) {
        return Err(Unread::bad("the message is not of the length that it says"));
    }
    M::decode(message).map_err(|_| Unread::bad("the message is none of this call"))
}

/// Ends a call with a message.
pub(super) fn answer(message: &impl Message) -> Response {
    let Some(bytes) = framed(message) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let ended = HeaderMap::from_iter([(STATUS, HeaderValue::from(Code::Ok as u16))]);
    let body = Full::new(Bytes::from(bytes));
    let body = body.with_trailers(async { Some(Ok::<_, Infallible>(ended)) });
    ([(header::CONTENT_TYPE, KIND)], Body::new(body)).into_response()
}

/// What an answer takes, mostly.
const ANSWER_BYTES: usize = 1024;

/// A message behind what stands before it.
fn framed(message: &impl Message) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(ANSWER_BYTES);
    bytes.extend([0; PREFIX_BYTES]);
    message.encode(&mut bytes).ok()?;
    let length = u32::try_from(bytes.len() - PREFIX_BYTES).ok()?;
    let [_, place @ ..] = bytes.first_chunk_mut::<PREFIX_BYTES>()?;
    *place = length.to_be_bytes();
    Some(bytes)
}

/// Ends a call without one.
pub(super) fn failed(code: Code, message: &'static str) -> Response {
    let headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(KIND)),
        (STATUS, HeaderValue::from(code as u16)),
        (MESSAGE, HeaderValue::from_static(message)),
    ]);
    headers.into_response()
}
