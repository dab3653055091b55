//! Takes an HTTP request apart into the call that it makes: operation, version, parameters.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};

use crate::alibaba::parameters::Parameters;
use crate::denial::Refusal;

/// A call in the RPC style of Alibaba Cloud's interfaces, as the upstream will read it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiCall {
    /// `CancelPhysicalConnection`.
    pub operation: String,
    /// `2016-04-28`.
    pub version: String,
    /// All parameters, those of signing included.
    pub parameters: Parameters,
}

impl ApiCall {
    pub(crate) fn read(head: &Parts, body: &Bytes) -> Result<ApiCall, Refusal> {
        if head.method != Method::GET && head.method != Method::POST {
            return Err(Refusal::new(format!(
                "method {} is none of this style of call; expected GET or POST",
                head.method
            )));
        }
        if !matches!(head.uri.path(), "/" | "") {
            let message = "the path names a call of another style than RPC, which cannot be mapped";
            return Err(Refusal::new(message));
        }
        look_alikes(&head.headers)?;
        hop_by_hop(&head.headers)?;
        let form = form(head, body)?;
        let parameters = Parameters::read(head.uri.query().unwrap_or_default(), form)?;
        let operation = said_once(&head.headers, "x-acs-action", &parameters, "Action")?;
        let version = said_once(&head.headers, "x-acs-version", &parameters, "Version")?;
        let region = one_header(&head.headers, "x-acs-region-id")?;
        if region.is_some() && region != parameters.get("RegionId")? {
            let message = "header x-acs-region-id names another region than parameter RegionId";
            return Err(Refusal::new(message));
        }
        Ok(ApiCall {
            operation,
            version,
            parameters,
        })
    }
}

/// Refuses headers with an underscore that some servers take for those that say what a call is: behind CGI and WSGI both have one name.
fn look_alikes(headers: &HeaderMap) -> Result<(), Refusal> {
    for name in headers.keys().map(HeaderName::as_str) {
        if !name.contains('_') {
            continue;
        }
        let usual = name.replace('_', "-");
        let counts = ["x-acs-", "content-", "authorization", "transfer-encoding"];
        if counts.iter().any(|begin| usual.starts_with(begin)) {
            let message = format!("header {name} could be taken for {usual}");
            return Err(Refusal::new(message));
        }
    }
    Ok(())
}

/// Refuses a `Connection` that names headers: a proxy behind takes them out, and the upstream never sees what was decided on.
fn hop_by_hop(headers: &HeaderMap) -> Result<(), Refusal> {
    let all = headers.get_all(header::CONNECTION).iter();
    let mut names = all.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let usual = |name: &[u8]| {
        let name = name.trim_ascii();
        name.is_empty()
            || name.eq_ignore_ascii_case(b"close")
            || name.eq_ignore_ascii_case(b"keep-alive")
    };
    let Some(name) = names.find(|name| !usual(name)) else {
        return Ok(());
    };
    let name = String::from_utf8_lossy(name.trim_ascii());
    Err(Refusal::new(format!(
        "header connection takes {name} out of the call on its way"
    )))
}

/// The body, which must be a form if there is one: what else a server would make of it is not known.
fn form<'b>(head: &Parts, body: &'b Bytes) -> Result<&'b [u8], Refusal> {
    let has = |name| head.headers.contains_key(name);
    if has(header::CONTENT_LENGTH) && has(header::TRANSFER_ENCODING) {
        let message = "the length of the body is said in two ways";
        return Err(Refusal::new(message));
    }
    if body.is_empty() {
        return Ok(&[]);
    }
    if head.method == Method::GET {
        let message = "a GET with a body; whether the upstream reads it is not known";
        return Err(Refusal::new(message));
    }
    if head.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Refusal::new("the body is encoded; expected it plain"));
    }
    let content_type = one_header(&head.headers, header::CONTENT_TYPE.as_str())?;
    match content_type {
        Some(value) if is_form(value) => Ok(body),
        Some(other) => Err(Refusal::new(format!(
            "a body of type {other:?}; expected application/x-www-form-urlencoded"
        ))),
        None => Err(Refusal::new("a body without Content-Type")),
    }
}

/// A form in UTF-8: in another set of characters the same bytes are other values.
fn is_form(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is = |part: &str, text: &str| part.eq_ignore_ascii_case(text);
    let is_utf8 = |part: &str| is(part, "charset=utf-8") || is(part, "charset=\"utf-8\"");
    parts
        .next()
        .is_some_and(|part| is(part, "application/x-www-form-urlencoded"))
        && parts.all(|part| part.is_empty() || is_utf8(part))
}

/// A thing that may be said by a header or by a parameter, but not by both.
fn said_once(
    headers: &HeaderMap,
    header: &str,
    parameters: &Parameters,
    parameter: &str,
) -> Result<String, Refusal> {
    match (one_header(headers, header)?, parameters.get(parameter)?) {
        (Some(said), None) | (None, Some(said)) if !said.is_empty() => Ok(said.to_owned()),
        (Some(_), Some(_)) => Err(Refusal::new(format!(
            "header {header} and parameter {parameter} are both there"
        ))),
        _ => Err(Refusal::new(format!(
            "neither parameter {parameter} nor header {header} says what the call is"
        ))),
    }
}

pub(super) fn one_header<'h>(
    headers: &'h HeaderMap,
    name: &str,
) -> Result<Option<&'h str>, Refusal> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(Refusal::new(format!("header {name} is not plain text"))),
        },
        (Some(_), Some(_)) => Err(Refusal::new(format!("header {name} is sent twice"))),
    }
}
