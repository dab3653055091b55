//! A denial as Alibaba Cloud's own clients expect it: code `NoPermission` and an `AccessDeniedDetail`.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::denial::{Denial, json_response};

/// The body of an error: `Code`, `Message`, `RequestId`, and `AccessDeniedDetail` where the policies denied.
pub(super) fn response(denial: &Denial) -> Response<Bytes> {
    let mut body = json!({
        "Code": "NoPermission",
        "Message": denial.message(),
        "RequestId": Uuid::new_v4().to_string().to_uppercase(),
    });
    if let (Denial::Denied(explanation), Some(body)) = (denial, body.as_object_mut()) {
        let detail: Value = json!(explanation.access_denied_detail);
        body.insert("AccessDeniedDetail".to_owned(), detail);
    }
    json_response(denial.status(), &body)
}
