//! Envoy's ext_authz over gRPC: the same question as of any gateway, and the request stands in the message.

mod messages;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use ramgate::{DeterminingStatement, Evaluation};
use ramgate_tower::Denial;

use crate::http::forward_auth::{Asked, Found, PRINCIPAL, REASON, Stopped, denied, told_text};
use crate::http::grpc::{self, Code};
use crate::http::{App, REVISION, TOKEN};
use crate::metrics::Transport;
use messages::{
    CheckRequest, CheckResponse, DeniedHttpResponse, HeaderOption, HttpRequest, HttpResponse,
    HttpStatus, OkHttpResponse, Status, Struct, Value,
};

pub(super) const SERVICE: &str = "envoy.service.auth.v3.Authorization";
pub(super) const PATH: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Envoy itself takes a hundred, if it is not told otherwise.
const HEADERS_MAX: usize = 1000;

/// Always an answer, never an error: Envoy may be told to let requests through on errors.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request) -> Response {
    if let Some(refused) = grpc::not_a_call(&request) {
        return refused;
    }
    let asked = match grpc::message(&app.limits, request).await {
        Ok(asked) => asked,
        Err(unread) => {
            app.metrics.refused(unread.kind);
            return grpc::answer(&stop(&app, denied(unread.reason)));
        }
    };
    grpc::answer(&match find(&app, &asked) {
        Ok(found) => decided(&app, &found),
        Err(stopped) => stop(&app, stopped),
    })
}

/// For a gateway that has no token, or for which there is no place.
pub(super) fn refuse(app: &App, kind: &'static str) -> Response {
    app.metrics.refused(kind);
    let reason = "the decision point does not answer this gateway now";
    grpc::answer(&stop(app, denied(reason)))
}

fn find(app: &App, request: &CheckRequest) -> Result<Found, Stopped> {
    let forward = app.forward_auth.as_ref();
    let forward = forward.ok_or_else(|| denied("there are no routes"))?;
    let attributes = request.attributes.as_ref();
    let http = attributes.and_then(|all| all.request.as_ref()?.http.as_ref());
    let http = http.ok_or_else(|| denied("there is no HTTP request in the question"))?;
    let headers = headers(http)?;
    let method = Method::from_bytes(http.method.as_bytes());
    let asked = Asked {
        method: method.map_err(|_| denied("the method is none"))?,
        target: &http.path,
        headers: &headers,
        peer: peer(request),
        body: body(http),
        transport: Transport::ExtAuthz,
        tells_why: true,
    };
    forward.find(app, &asked)
}

/// The address that the connection to Envoy comes from.
fn peer(request: &CheckRequest) -> Option<IpAddr> {
    let peer = request.attributes.as_ref()?.source.as_ref()?;
    let address = peer.address.as_ref()?.socket_address.as_ref()?;
    address.address.parse().ok()
}

/// The body of the request, as bytes: in a text Envoy replaces those that are no UTF-8.
fn body(http: &HttpRequest) -> Result<&[u8], &'static str> {
    if !http.body.is_empty() {
        return Err("the gateway gives the body as a text; set pack_as_bytes");
    }
    match usize::try_from(http.size) {
        Ok(size) if size != http.raw_body.len() => Err("the gateway does not give the whole body"),
        _ => Ok(&http.raw_body),
    }
}

/// Envoy gives headers as a map, or, where it is told to keep them as they came, as a list.
fn headers(http: &HttpRequest) -> Result<HeaderMap, Stopped> {
    let listed = http.header_map.iter().flat_map(|list| &list.headers);
    if http.headers.len() + listed.clone().count() > HEADERS_MAX {
        return Err(denied("the request has too many headers"));
    }
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &[u8]| {
        // The parts of the request line, which are given elsewhere too.
        if name.starts_with(':') {
            return Ok(());
        }
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(denied("a header of the request is none"));
        };
        headers.append(name, value);
        Ok(())
    };
    for (name, value) in &http.headers {
        add(name, value.as_bytes())?;
    }
    for header in listed {
        let value = match (&*header.value, &*header.raw_value) {
            (value, []) => value.as_bytes(),
            ("", raw) => raw,
            _ => return Err(denied("a header of the request has two values")),
        };
        add(&header.key, value)?;
    }
    Ok(headers)
}

fn decided(app: &App, found: &Found) -> CheckResponse {
    if found.is_allowed() {
        return CheckResponse {
            status: status(Code::Ok, "permitted"),
            http_response: Some(HttpResponse::Ok(let_through(found))),
            dynamic_metadata: Some(metadata(found)),
        };
    }
    CheckResponse {
        dynamic_metadata: Some(metadata(found)),
        ..stop(app, denied(found.reason()))
    }
}

fn let_through(found: &Found) -> OkHttpResponse {
    let mut headers = Vec::new();
    // What nobody but us says.
    let mut headers_to_remove = vec![REASON.to_string(), TOKEN.to_string()];
    let revision = found.served.header.to_str().unwrap_or_default();
    let principal = found.principal.as_ref().map(ToString::to_string);
    let principal = principal.as_deref().unwrap_or_default();
    for (name, value) in [(PRINCIPAL, principal), (REVISION, revision)] {
        if value.is_empty() || HeaderValue::from_str(value).is_err() {
            headers_to_remove.push(name.to_string());
        } else {
            headers.push(HeaderOption::alone(name.as_str(), value));
        }
    }
    OkHttpResponse {
        headers,
        headers_to_remove,
    }
}

/// For the gateway's own log, whatever its client is told.
fn metadata(found: &Found) -> Struct {
    let revision = Some(&*found.served.revision);
    told(found.said.evaluation(), found.reason(), revision)
}

fn told(evaluation: Option<&Evaluation>, reason: String, revision: Option<&str>) -> Struct {
    let decision = evaluation.map(|found| Value::word(found.decision.name()));
    let stage = evaluation.map(|found| Value::word(found.stage.name()));
    let determined_by = evaluation.map(|found| {
        let statements = found.determined_by.iter().map(statement);
        Value::list(statements.collect())
    });
    Struct::of([
        ("decision", decision),
        ("determined_by", determined_by),
        ("reason", Some(Value::text(reason))),
        (
            "revision",
            revision.map(|text| Value::text(text.to_owned())),
        ),
        ("stage", stage),
    ])
}

fn statement(statement: &DeterminingStatement) -> Value {
    let DeterminingStatement {
        stage,
        policy,
        statement,
        ..
    } = statement;
    let number = f64::from(u32::try_from(*statement).unwrap_or(u32::MAX));
    Struct::of([
        ("policy", Some(Value::text(policy.to_string()))),
        ("stage", Some(Value::word(stage.name()))),
        ("statement", Some(Value::number(number))),
    ])
    .value()
}

fn status(code: Code, message: &str) -> Option<Status> {
    let message = message.to_owned();
    let code = code as i32;
    Some(Status { code, message })
}

/// What stops a request before anything is decided on it, or after.
fn stop(app: &App, stopped: Stopped) -> CheckResponse {
    let forward = app.forward_auth.as_ref();
    let shows = forward.is_some_and(|forward| forward.show_reason);
    let evaluation = match &stopped {
        Stopped::Call(Denial::Denied(explanation)) => {
            Some(Evaluation::from((**explanation).clone()))
        }
        _ => None,
    };
    let served = app.policies.served();
    let revision = served.as_ref().map(|served| &*served.revision);
    let metadata = told(evaluation.as_ref(), stopped.reason().into_owned(), revision);
    let (status, http) = match stopped {
        Stopped::Unknown(reason) => {
            app.metrics.refused("unknown_caller");
            let headers = vec![HeaderOption::alone("www-authenticate", "Bearer")];
            (
                status(Code::Unauthenticated, reason),
                answer(StatusCode::UNAUTHORIZED, headers, reason.to_owned()),
            )
        }
        Stopped::Denied(_) | Stopped::Call(_) => {
            let mut headers = vec![HeaderOption::alone("content-type", "application/json")];
            let error = forward.and_then(|forward| forward.api_error(&stopped));
            let body = if let Some(error) = error {
                String::from_utf8_lossy(error.body()).into_owned()
            } else {
                let reason = stopped.reason();
                let shown = shows.then_some(&*reason);
                if let Some(reason) = shown.filter(|reason| HeaderValue::from_str(reason).is_ok()) {
                    headers.push(HeaderOption::alone(REASON.as_str(), reason));
                }
                told_text(shown)
            };
            (
                status(Code::PermissionDenied, "not permitted"),
                answer(StatusCode::FORBIDDEN, headers, body),
            )
        }
    };
    CheckResponse {
        status,
        http_response: Some(HttpResponse::Denied(http)),
        dynamic_metadata: Some(metadata),
    }
}

fn answer(status: StatusCode, headers: Vec<HeaderOption>, body: String) -> DeniedHttpResponse {
    DeniedHttpResponse {
        status: Some(HttpStatus {
            code: status.as_u16().into(),
        }),
        headers,
        body,
    }
}
