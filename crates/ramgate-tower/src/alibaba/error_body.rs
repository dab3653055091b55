//! A denial as Alibaba Cloud's own clients expect it: code `NoPermission` and an `AccessDeniedDetail`.

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::denial::{Denial, json_response};

/// What tells something of the policies. Everything else of the detail the caller knows: it is what it asked for, and who it is.
const OF_POLICIES: [&str; 2] = ["NoPermissionType", "PolicyType"];

impl Denial {
    /// The error of Alibaba Cloud's own interfaces, in JSON: `Code` (`NoPermission`), `Message`, `RequestId`, and `AccessDeniedDetail` where the
    /// policies denied. Where the reason is withheld, the detail is without the members that tell of policies.
    ///
    /// ```
    /// use ramgate_tower::{Denial, Refusal};
    ///
    /// let response = Denial::Refused(Refusal::new("parameter RegionId is sent twice")).api_error();
    /// assert_eq!(response.status(), 403);
    /// let body = std::str::from_utf8(response.body()).unwrap();
    /// assert!(body.contains(r#""Code":"NoPermission","Message":"parameter RegionId is sent twice""#));
    /// ```
    pub fn api_error(&self) -> Response<Bytes> {
        let mut body = json!({
            "Code": "NoPermission",
            "Message": self.message(),
            "RequestId": Uuid::new_v4().to_string().to_uppercase(),
        });
        if let (Some(detail), Some(body)) = (detail(self), body.as_object_mut()) {
            body.insert("AccessDeniedDetail".to_owned(), detail);
        }
        json_response(self.status(), &body)
    }
}

fn detail(denial: &Denial) -> Option<Value> {
    match denial {
        Denial::Denied(explanation) => Some(json!(explanation.access_denied_detail)),
        Denial::Withheld(denial) => {
            let mut detail = detail(denial)?;
            let members = detail.as_object_mut()?;
            members.retain(|name, _| !OF_POLICIES.contains(&name.as_str()));
            Some(detail)
        }
        Denial::Refused(_) | Denial::Unanswered(_) => None,
    }
}
