//! `/v1/forward-auth`: a gateway asks whether it may let a request through, and gives the request in headers.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ramgate::{Principal, Question};
use serde::{Deserialize, Serialize};

use crate::decide::{self, Call};
use crate::http::{App, PREFIX, REVISION, body};
use crate::metrics::Transport;
use crate::route::{PathSegments, Route, RouteTable};
use crate::tokens::{self, PrincipalTokens};

/// The table `forward_auth` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/serve.md has them all")]
pub struct ForwardAuthTable {
    pub dialect: String,
    pub source_ip: String,
    #[serde(default)]
    pub principal_header: Option<String>,
    #[serde(default)]
    pub principal_tokens: Option<PathBuf>,
    #[serde(default)]
    pub show_reason: bool,
    pub routes: Vec<RouteTable>,
}

/// In which headers a gateway gives the request that it asks about. One is chosen, and what others would have is not looked at: a client can
/// send any header, and only those that the gateway sets itself can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// `X-Original-Method` and `X-Original-URI`, which the gateway's configuration sets.
    Nginx,
    /// `X-Forwarded-Method` and `X-Forwarded-Uri`.
    Forwarded,
    /// The method is the request's own, and the path what follows ours.
    Envoy,
}

/// How requests of gateways are understood.
#[derive(Clone, Debug)]
pub(crate) struct ForwardAuth {
    dialect: Dialect,
    source_ip: Option<HeaderName>,
    principal_header: Option<HeaderName>,
    principal_tokens: Option<PrincipalTokens>,
    show_reason: bool,
    routes: Vec<Route>,
}

impl ForwardAuth {
    /// Checks the table; names of files are relative to the working directory.
    ///
    /// # Errors
    /// When something in it is unclear, or a file cannot be read.
    pub(crate) fn new(table: &ForwardAuthTable) -> Result<ForwardAuth> {
        let dialect = match &*table.dialect {
            "nginx" => Dialect::Nginx,
            "traefik" | "caddy" => Dialect::Forwarded,
            "envoy-http" => Dialect::Envoy,
            other => bail!(
                "dialect: {other:?} is not known; expected nginx, traefik, caddy or envoy-http"
            ),
        };
        let named = |name: &str, text: &str| {
            HeaderName::try_from(text)
                .map_err(|_| anyhow!("{name}: {text:?} is no name of a header"))
        };
        let source_ip = match &*table.source_ip {
            "none" => None,
            name => Some(named("source_ip", name)?),
        };
        let principal_header = table.principal_header.as_deref();
        let principal_header = principal_header
            .map(|name| named("principal_header", name))
            .transpose()?;
        let tokens = table.principal_tokens.as_deref().map(PrincipalTokens::read);
        let principal_tokens = tokens.transpose().context("principal_tokens")?;
        ensure!(
            principal_header.is_some() || principal_tokens.is_some(),
            "nothing says who asks; give principal_header or principal_tokens"
        );
        ensure!(
            !table.routes.is_empty(),
            "routes: there are none, so nothing could be allowed"
        );
        let routes =
            table.routes.iter().enumerate().map(|(index, route)| {
                Route::new(route).with_context(|| format!("routes[{index}]"))
            });
        Ok(ForwardAuth {
            dialect,
            source_ip,
            principal_header,
            principal_tokens,
            show_reason: table.show_reason,
            routes: routes.collect::<Result<_>>()?,
        })
    }
}

/// Why a request is not let through.
enum Stopped {
    /// Nobody says who asks.
    Unknown(&'static str),
    Denied(String),
}

fn denied(reason: impl Into<String>) -> Stopped {
    Stopped::Denied(reason.into())
}

/// 200, 401 or 403, and nothing else.
pub(crate) async fn ask(State(app): State<Arc<App>>, request: Request) -> Response {
    let Some(forward) = &app.forward_auth else {
        return forbidden(None);
    };
    let (parts, _) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    match forward.decide(&app, &parts.method, path, &parts.headers) {
        Ok((principal, revision)) => let_through(&principal, revision),
        Err(Stopped::Unknown(reason)) => {
            app.metrics.refused("unknown_caller");
            let challenge = HeaderValue::from_static("Bearer");
            let mut response = (StatusCode::UNAUTHORIZED, reason).into_response();
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
            response
        }
        Err(Stopped::Denied(reason)) => forbidden(forward.show_reason.then_some(&*reason)),
    }
}

const PRINCIPAL: HeaderName = HeaderName::from_static("x-ramgate-principal");
const REASON: HeaderName = HeaderName::from_static("x-ramgate-reason");

fn let_through(principal: &Principal<'_>, revision: HeaderValue) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(REVISION, revision);
    if let Ok(principal) = HeaderValue::from_str(&principal.to_string()) {
        headers.insert(PRINCIPAL, principal);
    }
    response
}

#[derive(Serialize)]
struct Forbidden<'a> {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

/// What a client may be told of a denial.
pub(crate) fn forbidden(reason: Option<&str>) -> Response {
    let error = "not permitted";
    let mut response = (
        StatusCode::FORBIDDEN,
        body::json(&Forbidden { error, reason }),
    )
        .into_response();
    if let Some(reason) = reason.and_then(|reason| HeaderValue::from_str(reason).ok()) {
        response.headers_mut().insert(REASON, reason);
    }
    response
}

impl ForwardAuth {
    /// Who is let through, by which policies.
    fn decide(
        &self,
        app: &App,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<(Principal<'static>, HeaderValue), Stopped> {
        let served = app
            .policies
            .served()
            .ok_or_else(|| denied("no policies are loaded yet"))?;
        let (method, target) = self.original(method, path, headers)?;
        let principal = self.principal(headers)?;
        let path = PathSegments::of(&target).map_err(|error| denied(error.to_string()))?;
        let mut routes = self.routes.iter();
        let request = routes.find_map(|route| route.request(&method, &path, &principal));
        let request = request.ok_or_else(|| denied("no route is for this method and path"))?;
        let request = request.map_err(|error| denied(error.to_string()))?;
        let request = self.with_circumstances(request, headers)?;
        let call = Call::of(Transport::ForwardAuth, headers);
        let found = decide::evaluate(app, &served, Question::from(request), &call);
        let found = found.map_err(|error| denied(error.to_string()))?;
        if !found.decision.is_allow() {
            return Err(denied(decide::reason(
                found.decision,
                &found.determined_by,
                None,
            )));
        }
        Ok((principal, served.header.clone()))
    }

    /// The request that the client made to the gateway.
    fn original(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<(Method, String), Stopped> {
        let given = |name: &'static str| {
            let value = tokens::single(headers, &HeaderName::from_static(name));
            let value =
                value.map_err(|()| denied(format!("header {name} stands twice, or is no text")))?;
            value.ok_or_else(|| denied(format!("header {name} is missing")))
        };
        let (method_name, target_name) = match self.dialect {
            Dialect::Envoy => {
                let rest = path.strip_prefix(PREFIX).unwrap_or_default();
                return Ok((method.clone(), rest.to_owned()));
            }
            Dialect::Nginx => ("x-original-method", "x-original-uri"),
            Dialect::Forwarded => ("x-forwarded-method", "x-forwarded-uri"),
        };
        let method = Method::from_bytes(given(method_name)?.as_bytes());
        let method = method.map_err(|_| denied(format!("header {method_name} is no method")))?;
        Ok((method, given(target_name)?.to_owned()))
    }

    /// Who asks: all that is said of it must agree.
    fn principal(&self, headers: &HeaderMap) -> Result<Principal<'static>, Stopped> {
        let named = self
            .principal_header
            .as_ref()
            .map(|name| tokens::single(headers, name));
        let named = named
            .transpose()
            .map_err(|()| denied("several headers say who asks"))?
            .flatten();
        let named = named.map(|text| Principal::parse(text).map(Principal::into_owned));
        let named = named
            .transpose()
            .map_err(|error| denied(error.to_string()))?;
        let held = match &self.principal_tokens {
            None => None,
            Some(known) => match tokens::bearer(headers) {
                Err(()) => {
                    return Err(denied(
                        "Authorization stands twice, or holds no bearer token",
                    ));
                }
                Ok(None) => None,
                Ok(Some(token)) => {
                    let unknown = Stopped::Unknown("the bearer token is not known");
                    Some(known.principal(token).ok_or(unknown)?.clone())
                }
            },
        };
        match (named, held) {
            (Some(named), Some(held)) if named != held => Err(denied(
                "the token is not that of the principal in the header",
            )),
            (Some(principal), _) | (None, Some(principal)) => Ok(principal),
            (None, None) => Err(Stopped::Unknown("nobody says who asks")),
        }
    }

    /// Adds what only the gateway knows: from where, and how.
    fn with_circumstances(
        &self,
        request: ramgate::Request<'static>,
        headers: &HeaderMap,
    ) -> Result<ramgate::Request<'static>, Stopped> {
        let mut context = request.context().clone();
        let mut add = |key: &str, value: String| {
            if context.contains(key) {
                return Err(denied(format!("{key} is said twice")));
            }
            context.push(key, value);
            Ok(())
        };
        if let Some(name) = &self.source_ip {
            let address = tokens::single(headers, name).ok().flatten();
            let address = address.and_then(|text| text.trim().parse::<IpAddr>().ok());
            let address =
                address.ok_or_else(|| denied(format!("header {name} is not one address")))?;
            add("acs:SourceIp", address.to_canonical().to_string())?;
        }
        let scheme = HeaderName::from_static("x-forwarded-proto");
        match tokens::single(headers, &scheme) {
            Ok(None) => {}
            Ok(Some("https")) => add("acs:SecureTransport", "true".to_owned())?,
            Ok(Some("http")) => add("acs:SecureTransport", "false".to_owned())?,
            _ => return Err(denied("header x-forwarded-proto is neither http nor https")),
        }
        Ok(request.with_context(context))
    }
}

/// The table with its files' names relative to the settings file.
pub(crate) fn relative_to(mut table: ForwardAuthTable, directory: &Path) -> ForwardAuthTable {
    table.principal_tokens = table.principal_tokens.map(|path| directory.join(path));
    table
}
