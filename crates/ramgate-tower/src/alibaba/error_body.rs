//! A denial as Alibaba Cloud's own clients expect it: code `NoPermission` and an `AccessDeniedDetail`.

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value, json};

use crate::denial::{Denial, json_response};

/// The body of an error: `Code`, `Message`, `RequestId`, `HostId`, and `AccessDeniedDetail` where the policies denied.
pub(crate) fn response(denial: &Denial, host: &str, request_id: &str) -> Response<Bytes> {
    let mut body = Map::new();
    let mut say = |name: &str, value: Value| body.insert(name.to_owned(), value);
    say("Code", json!("NoPermission"));
    say("Message", json!(denial.message()));
    say("RequestId", json!(request_id));
    say("HostId", json!(host));
    if let Denial::Denied(explanation) = denial {
        say("AccessDeniedDetail", json!(explanation.access_denied_detail));
    }
    json_response(denial.status(), &Value::Object(body))
}
