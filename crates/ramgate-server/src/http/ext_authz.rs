//! Envoy's ext_authz over gRPC: the same question as of any gateway, and the request stands in the message.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use envoy_types::ext_authz::v3::pb::{
    Address, Authorization, AuthorizationServer, CheckRequest, CheckResponse, HeaderAppendAction,
    HttpStatusCode,
};
use envoy_types::ext_authz::v3::{
    CheckResponseExt, DeniedHttpResponseBuilder, OkHttpResponseBuilder,
};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use tonic::{Request, Response, Status, async_trait};

use crate::http::App;
use crate::http::forward_auth::{Asked, PRINCIPAL, REASON, Stopped, denied, told_text};
use crate::metrics::Transport;

pub(super) const PATH: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Never beside what the client sent under the same name, which is what Envoy does by itself.
const OVERWRITE: Option<HeaderAppendAction> = Some(HeaderAppendAction::OverwriteIfExistsOrAdd);

/// Goes with a request that gets no answer but a denial: its gateway has no token, or there is no place for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct NotNow;

/// The service.
#[derive(Clone, Debug)]
pub(super) struct ExtAuthz(Arc<App>);

pub(super) fn service(app: Arc<App>) -> AuthorizationServer<ExtAuthz> {
    let bytes_max = app.limits.body_bytes_max;
    AuthorizationServer::new(ExtAuthz(app)).max_decoding_message_size(bytes_max)
}

#[async_trait]
impl Authorization for ExtAuthz {
    /// Always an answer, never an error: Envoy may be told to let requests through on errors.
    async fn check(
        &self,
        request: Request<CheckRequest>,
    ) -> Result<Response<CheckResponse>, Status> {
        let may_ask = request.extensions().get::<NotNow>().is_none();
        let decided = if may_ask {
            self.decide(request.get_ref())
        } else {
            Err(denied(
                "the decision point does not answer this gateway now",
            ))
        };
        Ok(Response::new(match decided {
            Ok(principal) => let_through(principal.as_deref()),
            Err(stopped) => self.stop(&stopped),
        }))
    }
}

impl ExtAuthz {
    /// Who is let through.
    fn decide(&self, request: &CheckRequest) -> Result<Option<String>, Stopped> {
        let forward = self.0.forward_auth.as_ref();
        let forward = forward.ok_or_else(|| denied("there are no routes"))?;
        let attributes = request.attributes.as_ref();
        let http = attributes.and_then(|all| all.request.as_ref()?.http.as_ref());
        let http = http.ok_or_else(|| denied("there is no HTTP request in the question"))?;
        let headers = headers(http)?;
        let method = Method::from_bytes(http.method.as_bytes());
        let asked = Asked {
            method: method.map_err(|_| denied("the method is none"))?,
            target: http.path.clone(),
            headers: &headers,
            peer: peer(request),
            body: body(http),
            transport: Transport::ExtAuthz,
        };
        forward
            .decide(&self.0, &asked)
            .map(|(principal, _)| principal.map(|principal| principal.to_string()))
    }

    fn stop(&self, stopped: &Stopped) -> CheckResponse {
        let shows = self
            .0
            .forward_auth
            .as_ref()
            .is_some_and(|forward| forward.show_reason);
        let mut answer = DeniedHttpResponseBuilder::new();
        let status = match stopped {
            Stopped::Unknown(reason) => {
                self.0.metrics.refused("unknown_caller");
                answer.set_http_status(HttpStatusCode::Unauthorized);
                answer.add_header("www-authenticate", "Bearer", OVERWRITE, false);
                answer.set_body(*reason);
                Status::unauthenticated(*reason)
            }
            Stopped::Denied(_) | Stopped::Call(_) => {
                let reason = stopped.reason().filter(|_| shows);
                answer.set_http_status(HttpStatusCode::Forbidden);
                answer.add_header("content-type", "application/json", OVERWRITE, false);
                if let Some(reason) = reason.filter(|reason| HeaderValue::from_str(reason).is_ok())
                {
                    answer.add_header(REASON.as_str(), reason, OVERWRITE, false);
                }
                let forward = self.0.forward_auth.as_ref();
                let error = forward.and_then(|forward| forward.api_error(stopped));
                answer.set_body(match error {
                    Some(error) => String::from_utf8_lossy(error.body()).into_owned(),
                    None => told_text(reason),
                });
                Status::permission_denied("not permitted")
            }
        };
        let mut response = CheckResponse::with_status(status);
        response.set_http_response(answer);
        response
    }
}

fn let_through(principal: Option<&str>) -> CheckResponse {
    let mut answer = OkHttpResponseBuilder::new();
    if let Some(principal) = principal.filter(|name| HeaderValue::from_str(name).is_ok()) {
        answer.add_header(PRINCIPAL.as_str(), principal, OVERWRITE, false);
    } else {
        answer.remove_header(PRINCIPAL.as_str());
    }
    let mut response = CheckResponse::with_status(Status::ok("permitted"));
    response.set_http_response(answer);
    response
}

/// The address that the connection to Envoy comes from.
fn peer(request: &CheckRequest) -> Option<IpAddr> {
    let peer = request.attributes.as_ref()?.source.as_ref()?;
    match peer.address.as_ref()?.address.as_ref()? {
        Address::SocketAddress(socket) => socket.address.parse().ok(),
        _ => None,
    }
}

/// The body of the request, as bytes: in a text Envoy replaces those that are no UTF-8.
fn body(http: &HttpRequest) -> Result<&[u8], &'static str> {
    if !http.body.is_empty() {
        return Err("the gateway gives the body as a text; set pack_as_bytes");
    }
    match usize::try_from(http.size) {
        Ok(size) if size != http.raw_body.len() => Err("the gateway does not give the whole body"),
        // Below zero it is not known.
        _ => Ok(&http.raw_body),
    }
}

/// Envoy gives headers as a map, or, where it is told to keep them as they came, as a list.
fn headers(http: &HttpRequest) -> Result<HeaderMap, Stopped> {
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
    for header in http.header_map.iter().flat_map(|list| &list.headers) {
        let is_raw = header.value.is_empty();
        let value = if is_raw {
            &*header.raw_value
        } else {
            header.value.as_bytes()
        };
        add(&header.key, value)?;
    }
    Ok(headers)
}
