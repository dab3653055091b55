//! Calls of an interface of Alibaba Cloud that a gateway asks about: understood as the layer for services understands them, denied in their words.

use std::fmt;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use axum::body::Bytes;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Request, header};
use ramgate::{Catalog, Context, Evaluation, Principal, Source};
use ramgate_tower::{AlibabaApi, ApiCall, Asked, Denial, Identified, Refusal};
use serde::Deserialize;
use serde_json::Value;

use crate::access_keys::AccessKeys;
use crate::decide;
use crate::http::App;
use crate::http::forward_auth::Asked as Original;
use crate::policies::Served;
use crate::tokens;

/// The table `forward_auth.api` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/serve.md has them all")]
pub struct ApiTable {
    pub product: String,
    pub version: String,
    pub body: String,
    #[serde(default)]
    pub pass_on: Vec<String>,
}

type Identify = Box<dyn Fn(&Parts, &ApiCall) -> Result<Identified, Refusal> + Send + Sync>;

/// Understands the calls of one interface.
pub(super) struct ApiCalls {
    interface: AlibabaApi<Identify>,
    /// Whether the upstream gets the body, which is given then; else it gets none.
    has_body: bool,
}

/// What is known of the caller beside the call. Goes with the request's head.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Whom the gateway names, if it names anybody.
    pub(super) principal: Option<Principal<'static>>,
    pub(super) context: Context<'static>,
}

/// Says that only the beginning of a body is given.
const PARTIAL_BODY: HeaderName = HeaderName::from_static("x-envoy-auth-partial-body");

impl ApiCalls {
    /// Checks the table; `gives_bodies` says whether the gateway gives the body of a request, or can keep it from the interface.
    ///
    /// # Errors
    /// When something in it is unclear, or nothing could be allowed by it.
    pub(super) fn new(
        table: &ApiTable,
        gives_bodies: bool,
        keys: Option<AccessKeys>,
    ) -> Result<ApiCalls> {
        let has_body = match &*table.body {
            "dropped" if !gives_bodies => false,
            "given" if gives_bodies => true,
            "dropped" => bail!(
                "body: Envoy forwards bodies; have it give them (with_request_body), and say \"given\""
            ),
            "given" => bail!(
                "body: NGINX gives none; have it drop them (proxy_pass_request_body off), and say \"dropped\""
            ),
            other => bail!("body: {other:?} is not known; expected dropped or given"),
        };
        let catalog = catalog()?;
        let ApiTable {
            product, version, ..
        } = table;
        let is_known = catalog.calls().any(|call| {
            let name = format!("{product}:{}", call.name());
            catalog.call(&name).is_some()
        });
        ensure!(
            is_known,
            "product: no call of {product:?} is known, so nothing could be allowed"
        );
        ensure!(!version.is_empty(), "version: is empty");
        let identify: Identify = Box::new(move |head, call| identified(keys.as_ref(), head, call));
        let catalog = Arc::new(catalog);
        let mut interface = AlibabaApi::new(catalog, product, version, identify);
        for operation in &table.pass_on {
            let is_name = operation.bytes().all(|byte| byte.is_ascii_alphanumeric());
            ensure!(
                is_name && !operation.is_empty(),
                "pass_on: {operation:?} is no operation"
            );
            interface = interface.pass_on(operation);
        }
        Ok(ApiCalls {
            interface,
            has_body,
        })
    }

    /// Whose call it is and by what it is allowed; `None` for one that is passed on without asking.
    pub(super) fn decide(
        &self,
        app: &App,
        served: &Served,
        original: &Original<'_>,
        caller: Caller,
    ) -> Result<Option<(Principal<'static>, Evaluation)>, Denial> {
        let understood = self.understand(original, caller);
        let understood = understood.map_err(|refusal| {
            app.metrics.refused("unclear_call");
            Denial::Refused(refusal)
        })?;
        match understood {
            Asked::Call(call, catalog) => {
                let way = decide::Call::of(original.transport, original.headers);
                let by = decide::authorize(app, served, &call, &catalog, &way)?;
                let by =
                    by.ok_or_else(|| Denial::Refused(Refusal::new("nothing was asked for")))?;
                Ok(Some((call.principal, by)))
            }
            Asked::Nothing => Ok(None),
            _ => Err(Denial::Refused(Refusal::new("nothing was asked for"))),
        }
    }

    fn understand(&self, original: &Original<'_>, caller: Caller) -> Result<Asked, Refusal> {
        let body = self.body(original)?;
        let mut head = head(original)?;
        head.extensions.insert(caller);
        self.interface.understand(&head, &body)
    }

    /// What the upstream gets for a body.
    fn body(&self, original: &Original<'_>) -> Result<Bytes, Refusal> {
        let headers = original.headers;
        let told = told_length(headers)?;
        let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
        if !self.has_body {
            let is_there = told.unwrap_or(0) > 0 || is_chunked || original.body != Ok(&[]);
            return if is_there {
                Err(Refusal::new(
                    "the call has a body, and no body is passed on to the interface",
                ))
            } else {
                Ok(Bytes::new())
            };
        }
        let body = original.body.map_err(Refusal::new)?;
        let partial = tokens::single(headers, &PARTIAL_BODY);
        let is_whole = match partial {
            Ok(Some("false")) => true,
            // Envoy says nothing where there is no body; then nothing may say that there is one.
            Ok(None) => body.is_empty(),
            _ => false,
        };
        let fits = told.is_none_or(|told| told == body.len()) && !(is_chunked && body.is_empty());
        if is_whole && fits {
            Ok(Bytes::copy_from_slice(body))
        } else {
            Err(Refusal::new(
                "the gateway does not give the whole body of the call",
            ))
        }
    }
}

impl fmt::Debug for ApiCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiCalls")
            .field("interface", &self.interface)
            .field("has_body", &self.has_body)
            .finish()
    }
}

/// The facts that are built in.
fn catalog() -> Result<Catalog> {
    let texts = ramgate_catalog::FILES
        .iter()
        .map(|(name, text)| Source::new(format!("<built-in>/{name}"), *text));
    Catalog::parse(&texts.collect::<Vec<_>>()).context("the built-in facts on calls")
}

/// Who calls: the AccessKey's owner where keys are known, and nobody else may be named then.
fn identified(
    keys: Option<&AccessKeys>,
    head: &Parts,
    call: &ApiCall,
) -> Result<Identified, Refusal> {
    let nobody = || Refusal::new("nobody says who calls");
    let caller = head.extensions.get::<Caller>().ok_or_else(nobody)?;
    let principal = match keys {
        None => caller.principal.as_ref().ok_or_else(nobody)?,
        Some(keys) => {
            if call.is_in_session(head)? {
                let message = "the call is one of a session, whose policy is not known";
                return Err(Refusal::new(message));
            }
            let id = call
                .access_key_id(head)?
                .ok_or_else(|| Refusal::new("the call has no AccessKeyId"))?;
            let unknown = || Refusal::new("nobody is known who has this AccessKeyId");
            let owner = keys.principal(id).ok_or_else(unknown)?;
            if caller
                .principal
                .as_ref()
                .is_some_and(|named| named != owner)
            {
                let message = "the AccessKeyId is not that of the principal in the header";
                return Err(Refusal::new(message));
            }
            owner
        }
    };
    Ok(Identified::new(principal.clone()).with_context(caller.context.clone()))
}

/// The head of the client's request, if everybody reads its target in the same way.
fn head(original: &Original<'_>) -> Result<Parts, Refusal> {
    let target = original.target;
    let unclear = || Refusal::new("the target of the request can be read in two ways");
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    if !target.starts_with('/') || target.starts_with("//") || !target.bytes().all(is_plain) {
        return Err(unclear());
    }
    let request = Request::builder()
        .method(original.method.clone())
        .uri(target)
        .body(());
    let (mut head, ()) = request.map_err(|_| unclear())?.into_parts();
    head.headers = original.headers.clone();
    Ok(head)
}

fn told_length(headers: &HeaderMap) -> Result<Option<usize>, Refusal> {
    let unclear = || Refusal::new("header content-length is not one number");
    let told = tokens::single(headers, &header::CONTENT_LENGTH).map_err(|()| unclear())?;
    let told = told.map(|text| text.parse().map_err(|_| unclear()));
    told.transpose()
}

/// So that it fits where gateways keep the head of an answer, together with the rest of that: 4 KiB in NGINX.
const LINE_BYTES_MAX: usize = 2048;
const MESSAGE_CHARS_MAX: usize = 100;

/// The error of a denied call for a header: the same in one line of visible ASCII, shortened where it is long.
pub(super) fn line(error: &Bytes) -> String {
    let full = ascii(&String::from_utf8_lossy(error));
    if full.len() <= LINE_BYTES_MAX {
        return full;
    }
    let mut value: Value = serde_json::from_slice(error).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        let message = members
            .get("Message")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let short: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
        members.insert("Message".to_owned(), format!("{short}…").into());
    }
    let short = ascii(&value.to_string());
    if short.len() <= LINE_BYTES_MAX {
        return short;
    }
    if let Some(members) = value.as_object_mut() {
        members.remove("AccessDeniedDetail");
    }
    // A character takes 12 bytes at most, so this fits.
    ascii(&value.to_string())
}

/// JSON holds what is no ASCII in strings only, where it can be escaped.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\x7f' {
            text.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use super::*;

    #[test]
    fn an_error_fits_into_a_header() {
        for message in [
            "short",
            "é\x7f\u{1f600}",
            &"é".repeat(5000),
            &"\u{1f600}".repeat(300),
        ] {
            let error = Denial::Refused(Refusal::new(message)).api_error();
            let line = line(error.body());
            assert!(line.len() <= LINE_BYTES_MAX, "{}", line.len());
            assert!(
                line.bytes()
                    .all(|byte| byte == b' ' || byte.is_ascii_graphic())
            );
            let read: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(read["Code"], "NoPermission");
            let told = read["Message"].as_str().unwrap();
            let begin = told.strip_suffix('…').unwrap_or(told);
            assert!(message.starts_with(begin) && !begin.is_empty(), "{told}");
        }
    }
}
