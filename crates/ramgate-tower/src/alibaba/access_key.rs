//! Whose AccessKey a call is signed with, in the one way that every server reads it.

use http::request::Parts;
use http::{HeaderMap, header};

use crate::alibaba::call::{ApiCall, one_header};
use crate::denial::Refusal;

/// The only algorithm of the header `Authorization` that is read. Clients choose others only where they are told to.
const ALGORITHM: &str = "ACS3-HMAC-SHA256 ";

/// Ways to say who calls without an AccessKey: a server may go by one of these, whatever key is there too.
const OTHER_HEADERS: [&str; 3] = [
    "x-acs-bearer-token",
    "x-acs-signature-type",
    "x-acs-zero-trust-idtoken",
];
const OTHER_PARAMETERS: [&str; 2] = ["BearerToken", "SignatureType"];

impl ApiCall {
    /// The `AccessKeyId` that the call says it is signed by: in the parameter of that name, or as `Credential` of an `ACS3-HMAC-SHA256`
    /// signature in the header `Authorization`. `None` where it says none.
    ///
    /// This is only what the call says. It is worth something where the upstream checks the signature by the same id, and is the only one that
    /// the client can reach.
    ///
    /// # Errors
    /// When it says it twice, in another form, or says in another way besides who calls: with a bearer token, for example.
    pub fn access_key_id<'c>(&'c self, head: &'c Parts) -> Result<Option<&'c str>, Refusal> {
        for name in OTHER_HEADERS {
            if head.headers.contains_key(name) {
                let message =
                    format!("header {name} says who calls in another way than by an AccessKey");
                return Err(Refusal::new(message));
            }
        }
        for name in OTHER_PARAMETERS {
            if self
                .parameters
                .get(name)?
                .is_some_and(|value| !value.is_empty())
            {
                let message =
                    format!("parameter {name} says who calls in another way than by an AccessKey");
                return Err(Refusal::new(message));
            }
        }
        let parameter = self.parameters.get("AccessKeyId")?;
        let found = match (parameter, credential(&head.headers)?) {
            (Some(_), Some(_)) => {
                let message = "parameter AccessKeyId and header Authorization both say who calls";
                return Err(Refusal::new(message));
            }
            (Some(id), None) | (None, Some(id)) => Some(id),
            (None, None) => None,
        };
        if found.is_some_and(|id| !is_plain(id)) {
            return Err(Refusal::new("the AccessKeyId is none"));
        }
        // Goes beside the signature where there is a session.
        let beside = one_header(&head.headers, "x-acs-accesskey-id")?;
        if beside.is_some() && beside != found {
            let message = "header x-acs-accesskey-id names another AccessKeyId than the signature";
            return Err(Refusal::new(message));
        }
        Ok(found)
    }

    /// Whether the call is one of a session, whose token it brings: there may be a session policy then.
    ///
    /// # Errors
    /// When the token stands in a parameter that is not written `SecurityToken`.
    pub fn is_in_session(&self, head: &Parts) -> Result<bool, Refusal> {
        let parameter = self.parameters.get("SecurityToken")?;
        let is_given = parameter.is_some_and(|token| !token.is_empty());
        Ok(is_given || head.headers.contains_key("x-acs-security-token"))
    }
}

/// `Credential` of `ACS3-HMAC-SHA256 Credential=<id>,SignedHeaders=<names>,Signature=<hex>`: each of the three once, and nothing else.
fn credential(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(value) = one_header(headers, header::AUTHORIZATION.as_str())? else {
        return Ok(None);
    };
    let other = || {
        Refusal::new(
            "header Authorization is of another form than ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=…",
        )
    };
    let parts = value.strip_prefix(ALGORITHM).ok_or_else(other)?;
    let mut found = [None; 3];
    for part in parts.split(',') {
        let (name, value) = part.trim().split_once('=').ok_or_else(other)?;
        let names = ["Credential", "SignedHeaders", "Signature"];
        let index = names.iter().position(|known| *known == name);
        let place = index.and_then(|index| found.get_mut(index));
        let place = place.filter(|place| place.is_none()).ok_or_else(other)?;
        *place = Some(value);
    }
    match found {
        [Some(id), Some(_), Some(_)] => Ok(Some(id)),
        _ => Err(other()),
    }
}

/// The characters that ids are of, those of sessions (`STS.…`) included.
fn is_plain(id: &str) -> bool {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !id.is_empty() && id.bytes().all(usual)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use bytes::Bytes;
    use http::Request;

    use super::*;

    const SIGNED: &str = "SignedHeaders=host;x-acs-action,Signature=00ff";

    fn key(more: &str, headers: &[(&str, &str)]) -> Result<Option<String>, String> {
        let mut request = Request::post(format!("/?Action=A&Version=1{more}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let call = ApiCall::read(&head, &Bytes::new()).unwrap();
        let found = call.access_key_id(&head);
        found
            .map(|id| id.map(str::to_owned))
            .map_err(|refusal| refusal.message)
    }

    #[test]
    fn the_two_places() {
        let signed = format!("ACS3-HMAC-SHA256 Credential=LTAIalice,{SIGNED}");
        let alice = Ok(Some("LTAIalice".to_owned()));
        assert_eq!(key("", &[]), Ok(None));
        assert_eq!(key("&AccessKeyId=LTAIalice&SignatureType=", &[]), alice);
        assert_eq!(key("", &[("authorization", &signed)]), alice);
        let session = [
            ("authorization", &*signed),
            ("x-acs-accesskey-id", "LTAIalice"),
        ];
        assert_eq!(key("", &session), alice);
        let loose = signed.replace(',', ", ");
        assert_eq!(key("", &[("authorization", &loose)]), alice);
    }

    #[test]
    fn who_calls_is_said_in_one_way_or_the_call_is_refused() {
        let signed = format!("ACS3-HMAC-SHA256 Credential=LTAIalice,{SIGNED}");
        let other = signed.replace("alice", "bob");
        let joined = format!("{signed},{other}");
        for (more, headers) in [
            ("&AccessKeyId=LTAIalice", &[("authorization", &*signed)][..]),
            ("&accesskeyid=LTAIalice", &[]),
            ("&AccessKeyId=", &[]),
            ("&AccessKeyId=LTAI%20alice", &[]),
            ("&AccessKeyId=LTAIalice&BearerToken=x", &[]),
            ("&AccessKeyId=LTAIalice&SignatureType=BEARERTOKEN", &[]),
            ("&AccessKeyId=LTAIalice", &[("x-acs-bearer-token", "x")]),
            (
                "&AccessKeyId=LTAIalice",
                &[("x-acs-zero-trust-idtoken", "x")],
            ),
            (
                "&AccessKeyId=LTAIalice",
                &[("x-acs-accesskey-id", "LTAIbob")],
            ),
            ("", &[("x-acs-accesskey-id", "LTAIalice")]),
            (
                "",
                &[("authorization", &signed), ("authorization", &signed)],
            ),
            ("", &[("authorization", &joined)]),
            (
                "",
                &[("authorization", &format!("{signed},Credential=LTAIbob"))],
            ),
            (
                "",
                &[("authorization", &format!("{signed},credential=LTAIbob"))],
            ),
            (
                "",
                &[("authorization", "ACS3-HMAC-SHA256 Credential=LTAIalice")],
            ),
            ("", &[("authorization", &signed.replace("SHA256", "SM3"))]),
            ("", &[("authorization", &signed.replace("ACS3", "acs3"))]),
            ("", &[("authorization", "Bearer LTAIalice")]),
            ("", &[("authorization", "acs LTAIalice:c2ln")]),
            ("", &[("authorization", "")]),
        ] {
            assert!(key(more, headers).is_err(), "{more} {headers:?}");
        }
    }

    #[test]
    fn calls_of_sessions() {
        for (query, header, expected) in [
            ("", None, false),
            ("&SecurityToken=", None, false),
            ("&SecurityToken=t", None, true),
            ("", Some("t"), true),
        ] {
            let mut request = Request::get(format!("/?Action=A&Version=1{query}"));
            if let Some(token) = header {
                request = request.header("x-acs-security-token", token);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            let call = ApiCall::read(&head, &Bytes::new()).unwrap();
            assert_eq!(call.is_in_session(&head), Ok(expected));
        }
    }
}
