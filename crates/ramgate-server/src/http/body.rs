//! Reads a request's body whole, within bounds of size and time, and writes JSON.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use ramgate::Source;
use serde::Serialize;
use tokio::time::timeout;

use crate::http::Refusal;
use crate::settings::Limits;

/// For how long the rest of a body that is too large is read and thrown away: a client that is still writing would not see its answer.
const DISCARD_MAX: Duration = Duration::from_secs(1);

/// The text of a body.
///
/// # Errors
/// When it is too large, does not arrive in time or not whole, or is no UTF-8.
pub(crate) async fn read(
    limits: &Limits,
    headers: &HeaderMap,
    mut body: Body,
) -> Result<Source, Refusal> {
    let encoded = headers.get(header::CONTENT_ENCODING);
    if encoded.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let message = "the body is compressed; send it as it is";
        return Err(bad(message).closing());
    }
    match whole(limits, &mut body).await {
        Ok(bytes) => text(bytes),
        Err(Broken::TooLarge) => {
            let message = format!("the body is larger than {} bytes", limits.body_bytes_max);
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message).closing())
        }
        Err(Broken::Cut) => Err(bad("the body ended before it was complete").closing()),
        Err(Broken::Late) => {
            let message = format!("the body did not arrive within {:?}", limits.request);
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "timeout", message).closing())
        }
    }
}

/// The bytes of a body. The rest of one that is too large is thrown away.
pub(super) async fn whole(limits: &Limits, body: &mut Body) -> Result<Vec<u8>, Broken> {
    let collected = in_time(limits.request, collect(limits.body_bytes_max, body)).await;
    let collected = collected.unwrap_or(Err(Broken::Late));
    if let Err(Broken::TooLarge) = collected {
        let _ = timeout(DISCARD_MAX, discard(body)).await;
    }
    collected
}

/// What `work` comes to, if it does so in time. Nearly always a body has come with its head and is there when it is asked for the second
/// time: the clock is set only for one that is not.
async fn in_time<T>(most: Duration, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut is_second = false;
    let first_two = poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if is_second => Poll::Ready(None),
        Poll::Pending => {
            is_second = true;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    });
    if let Some(done) = first_two.await {
        return Some(done);
    }
    timeout(most, work).await.ok()
}

fn bad(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "bad_request", message)
}

/// Why there is no whole body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Broken {
    TooLarge,
    Cut,
    Late,
}

/// Takes no more memory than `most` and the last frame.
async fn collect(most: usize, body: &mut Body) -> Result<Vec<u8>, Broken> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Broken::Cut)?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > most {
                return Err(Broken::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

async fn discard(body: &mut Body) {
    while let Some(Ok(_)) = body.frame().await {}
}

fn text(bytes: Vec<u8>) -> Result<Source, Refusal> {
    String::from_utf8(bytes)
        .map(|text| Source::new("request", text))
        .map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let byte = bytes.get(valid).copied().unwrap_or_default();
            let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
            let position = Source::new("request", before).position(valid);
            Refusal::at(position, format!("byte 0x{byte:02x} is no UTF-8"))
        })
}

/// What an answer takes, mostly: a denial tells what came near.
const ANSWER_BYTES: usize = 4096;

/// A response's body.
pub(crate) fn json(value: &impl Serialize) -> Response {
    let mut bytes = Vec::with_capacity(ANSWER_BYTES);
    match serde_json::to_writer(&mut bytes, value) {
        Ok(()) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        // No value of ours is one that JSON cannot hold; if one were, no answer is the safe one.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
