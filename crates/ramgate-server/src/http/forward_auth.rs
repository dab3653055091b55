//! `/v1/forward-auth`: a gateway asks whether it may let a request through, and gives the request in headers.

use std::borrow::Cow;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{self, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ramgate::{Decision, Evaluation, Principal, Question};
use ramgate_tower::{Denial, Refusal};
use serde::{Deserialize, Serialize};

use crate::access_keys::AccessKeys;
use crate::decide::{self, Call};
use crate::http::api_calls::{self, ApiCalls, ApiTable, Caller};
use crate::http::{App, PREFIX, REVISION, body};
use crate::metrics::Transport;
use crate::policies::Served;
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
    pub access_keys: Option<PathBuf>,
    #[serde(default)]
    pub show_reason: bool,
    #[serde(default)]
    pub routes: Vec<RouteTable>,
    #[serde(default)]
    pub api: Option<ApiTable>,
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
    /// Everything stands in the message of gRPC.
    Message,
}

/// Where the client's address stands.
#[derive(Clone, Debug)]
enum SourceIp {
    None,
    Header(HeaderName),
    /// That of the connection to the gateway, which the message of gRPC has.
    Connection,
}

/// What is behind the gateway.
#[derive(Debug)]
enum Upstream {
    Application(Vec<Route>),
    /// An interface of Alibaba Cloud.
    Interface(ApiCalls),
}

/// How requests of gateways are understood.
#[derive(Debug)]
pub(crate) struct ForwardAuth {
    dialect: Dialect,
    source_ip: SourceIp,
    principal_header: Option<HeaderName>,
    principal_tokens: Option<PrincipalTokens>,
    pub(super) show_reason: bool,
    upstream: Upstream,
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
            "envoy-grpc" if cfg!(feature = "ext-authz") => Dialect::Message,
            "envoy-grpc" => bail!(
                "dialect: \"envoy-grpc\" is not in this build; build ramgate-cli with the feature ext-authz"
            ),
            other => bail!(
                "dialect: {other:?} is not known; expected nginx, traefik, caddy, envoy-http or envoy-grpc"
            ),
        };
        let named = |name: &str, text: &str| {
            HeaderName::try_from(text)
                .map_err(|_| anyhow!("{name}: {text:?} is no name of a header"))
        };
        let source_ip = match &*table.source_ip {
            "none" => SourceIp::None,
            "connection" => {
                ensure!(
                    dialect == Dialect::Message,
                    "source_ip: only the dialect envoy-grpc tells of the client's connection; name a header"
                );
                SourceIp::Connection
            }
            name => SourceIp::Header(named("source_ip", name)?),
        };
        let principal_header = table.principal_header.as_deref();
        let principal_header = principal_header
            .map(|name| named("principal_header", name))
            .transpose()?;
        let tokens = table.principal_tokens.as_deref().map(PrincipalTokens::read);
        let principal_tokens = tokens.transpose().context("principal_tokens")?;
        ensure!(
            principal_header.is_some() || principal_tokens.is_some() || table.access_keys.is_some(),
            "nothing says who asks; give principal_header or principal_tokens, or access_keys with an api"
        );
        let upstream = upstream(table, dialect)?;
        Ok(ForwardAuth {
            dialect,
            source_ip,
            principal_header,
            principal_tokens,
            show_reason: table.show_reason,
            upstream,
        })
    }
}

fn upstream(table: &ForwardAuthTable, dialect: Dialect) -> Result<Upstream> {
    let Some(api) = &table.api else {
        ensure!(
            table.access_keys.is_none(),
            "access_keys: only calls of an api have one"
        );
        ensure!(
            !table.routes.is_empty(),
            "routes: there are none, so nothing could be allowed"
        );
        let routes =
            table.routes.iter().enumerate().map(|(index, route)| {
                Route::new(route).with_context(|| format!("routes[{index}]"))
            });
        return Ok(Upstream::Application(routes.collect::<Result<_>>()?));
    };
    ensure!(
        table.routes.is_empty(),
        "routes and api: a gateway is in front of one or the other"
    );
    match dialect {
        Dialect::Nginx | Dialect::Message => {}
        Dialect::Envoy => bail!(
            "api: Envoy gives only some headers over HTTP, and one that is not given may name another operation; use envoy-grpc"
        ),
        Dialect::Forwarded => bail!(
            "api: Traefik and Caddy forward bodies that they do not give, and a call may say something else there; use nginx or envoy-grpc"
        ),
    }
    ensure!(
        table.access_keys.is_none() || table.principal_tokens.is_none(),
        "access_keys and principal_tokens: a call has one Authorization"
    );
    let keys = table.access_keys.as_deref().map(AccessKeys::read);
    let keys = keys.transpose().context("access_keys")?;
    let calls = ApiCalls::new(api, dialect == Dialect::Message, keys).context("api")?;
    Ok(Upstream::Interface(calls))
}

/// The request that a gateway asks about, as it came to the gateway.
pub(super) struct Asked<'r> {
    pub(super) method: Method,
    pub(super) target: &'r str,
    pub(super) headers: &'r HeaderMap,
    /// The client's, where the question has it.
    pub(super) peer: Option<IpAddr>,
    /// As far as the question has it; or why it is not known whole.
    pub(super) body: Result<&'r [u8], &'static str>,
    pub(super) transport: Transport,
    /// Whether anybody is told by which statements it is decided: to find them takes much longer than to decide.
    pub(super) tells_why: bool,
}

/// The decision on such a request.
pub(super) struct Found {
    /// Nobody where a call of an interface is passed on without asking.
    pub(super) principal: Option<Principal<'static>>,
    pub(super) said: Said,
    pub(super) served: Arc<Served>,
}

/// What the policies say.
pub(super) enum Said {
    /// They are not asked: a call of an interface that is passed on.
    Nothing,
    /// Where nobody is told more.
    Decision(Decision),
    Evaluation(Evaluation),
}

#[cfg(feature = "ext-authz")]
impl Said {
    pub(super) fn evaluation(&self) -> Option<&Evaluation> {
        match self {
            Said::Evaluation(evaluation) => Some(evaluation),
            Said::Nothing | Said::Decision(_) => None,
        }
    }
}

impl Found {
    pub(super) fn is_allowed(&self) -> bool {
        match &self.said {
            Said::Nothing => true,
            Said::Decision(decision) => decision.is_allow(),
            Said::Evaluation(evaluation) => evaluation.decision.is_allow(),
        }
    }

    /// Why it is what it is.
    pub(super) fn reason(&self) -> String {
        match &self.said {
            Said::Nothing => "passed on without asking".to_owned(),
            Said::Decision(_) => "the policies say so".to_owned(),
            Said::Evaluation(found) => decide::reason(found.decision, &found.determined_by, None),
        }
    }
}

/// Why a request is not let through.
pub(super) enum Stopped {
    /// Nobody says who asks.
    Unknown(&'static str),
    Denied(String),
    /// A call of an interface.
    Call(Denial),
}

pub(super) fn denied(reason: impl Into<String>) -> Stopped {
    Stopped::Denied(reason.into())
}

const NOBODY: Stopped = Stopped::Unknown("nobody says who asks");

impl Stopped {
    /// Why, for whoever may know it.
    pub(super) fn reason(&self) -> Cow<'_, str> {
        match self {
            Stopped::Unknown(reason) => Cow::Borrowed(reason),
            Stopped::Denied(reason) => Cow::Borrowed(reason),
            Stopped::Call(denial) => Cow::Owned(denial.message()),
        }
    }
}

/// 200, 401 or 403, and nothing else.
pub(crate) async fn ask(State(app): State<Arc<App>>, request: Request) -> Response {
    let Some(forward) = &app.forward_auth else {
        return forbidden(None);
    };
    // Gateways that ask here give no body of their client's request.
    let (parts, _) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let asked = forward.original(&parts.method, path, &parts.headers);
    let decided = asked.and_then(|(method, target)| {
        let asked = Asked {
            method,
            target,
            headers: &parts.headers,
            peer: None,
            body: Ok(&[]),
            transport: Transport::ForwardAuth,
            tells_why: forward.show_reason,
        };
        forward.decide(&app, &asked)
    });
    match decided {
        Ok((principal, revision)) => let_through(principal.as_ref(), revision),
        Err(Stopped::Unknown(reason)) => {
            app.metrics.refused("unknown_caller");
            let challenge = HeaderValue::from_static("Bearer");
            let mut response = (StatusCode::UNAUTHORIZED, reason).into_response();
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
            response
        }
        Err(stopped) => forward.forbidden(&stopped),
    }
}

/// What a gateway gets that is not even asked for, or asks too much.
pub(super) fn withheld(app: &App) -> Response {
    match &app.forward_auth {
        Some(forward) => forward.forbidden(&denied(
            "the decision point does not answer this gateway now",
        )),
        None => forbidden(None),
    }
}

pub(super) const PRINCIPAL: HeaderName = HeaderName::from_static("x-ramgate-principal");
pub(super) const REASON: HeaderName = HeaderName::from_static("x-ramgate-reason");

const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");
const ORIGINAL_URI: HeaderName = HeaderName::from_static("x-original-uri");
const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// For gateways that hand on nothing but headers.
const DENIAL: HeaderName = HeaderName::from_static("x-ramgate-denial");

fn let_through(principal: Option<&Principal<'_>>, revision: HeaderValue) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(REVISION, revision);
    let principal = principal.map(|principal| HeaderValue::from_str(&principal.to_string()));
    if let Some(Ok(principal)) = principal {
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

fn told(reason: Option<&str>) -> Forbidden<'_> {
    let error = "not permitted";
    Forbidden { error, reason }
}

/// What a client may be told of a denial.
fn forbidden(reason: Option<&str>) -> Response {
    let mut response = (StatusCode::FORBIDDEN, body::json(&told(reason))).into_response();
    if let Some(reason) = reason.and_then(|reason| HeaderValue::from_str(reason).ok()) {
        response.headers_mut().insert(REASON, reason);
    }
    response
}

/// The same as a text.
#[cfg(feature = "ext-authz")]
pub(super) fn told_text(reason: Option<&str>) -> String {
    serde_json::to_string(&told(reason)).unwrap_or_default()
}

impl ForwardAuth {
    /// Whether its gateway asks over gRPC, and not here.
    pub(super) fn is_over_grpc(&self) -> bool {
        self.dialect == Dialect::Message
    }

    /// The error of a denial in the words of Alibaba Cloud, where the gateway is in front of an interface of it.
    pub(super) fn api_error(&self, stopped: &Stopped) -> Option<http::Response<Bytes>> {
        let Upstream::Interface(_) = &self.upstream else {
            return None;
        };
        let denial = match stopped {
            Stopped::Call(denial) => denial.clone(),
            Stopped::Denied(reason) => Denial::Refused(Refusal::new(reason)),
            Stopped::Unknown(_) => return None,
        };
        let shown = if self.show_reason {
            denial
        } else {
            denial.withheld()
        };
        Some(shown.api_error())
    }

    fn forbidden(&self, stopped: &Stopped) -> Response {
        if let Some(error) = self.api_error(stopped) {
            let line = HeaderValue::try_from(api_calls::line(error.body()));
            let mut response = error.map(Body::from);
            if let Ok(line) = line {
                response.headers_mut().insert(DENIAL, line);
            }
            return response;
        }
        forbidden(self.show_reason.then_some(&*stopped.reason()))
    }

    /// Who is let through, by which policies; nobody is named where a call is passed on without asking.
    fn decide(
        &self,
        app: &App,
        asked: &Asked<'_>,
    ) -> Result<(Option<Principal<'static>>, HeaderValue), Stopped> {
        let found = self.find(app, asked)?;
        if !found.is_allowed() {
            return Err(denied(found.reason()));
        }
        Ok((found.principal, found.served.header.clone()))
    }

    /// The decision on a request that is one of a route, or a call that is allowed, by somebody who is known.
    pub(super) fn find(&self, app: &App, asked: &Asked<'_>) -> Result<Found, Stopped> {
        let served = app.policies.served();
        let served = served.ok_or_else(|| denied("no policies are loaded yet"))?;
        let principal = self.principal(asked.headers)?;
        let (principal, said) = match &self.upstream {
            Upstream::Interface(calls) => {
                let mut context = self.with_circumstances(ramgate::Context::default(), asked)?;
                decide::add_time(app, &mut context);
                let caller = Caller { principal, context };
                let allowed = calls.decide(app, &served, asked, caller);
                match allowed.map_err(Stopped::Call)? {
                    Some((principal, by)) => (Some(principal), Said::Evaluation(by)),
                    None => (None, Said::Nothing),
                }
            }
            Upstream::Application(routes) => {
                let principal = principal.ok_or(NOBODY)?;
                let said = self.of_route(routes, app, &served, asked, &principal)?;
                (Some(principal), said)
            }
        };
        Ok(Found {
            principal,
            said,
            served,
        })
    }

    fn of_route(
        &self,
        routes: &[Route],
        app: &App,
        served: &Served,
        asked: &Asked<'_>,
        principal: &Principal<'static>,
    ) -> Result<Said, Stopped> {
        let path = PathSegments::of(asked.target).map_err(|error| denied(error.to_string()))?;
        let mut routes = routes.iter();
        let request = routes.find_map(|route| route.request(&asked.method, &path, principal));
        let request = request.ok_or_else(|| denied("no route is for this method and path"))?;
        let request = request.map_err(|error| denied(error.to_string()))?;
        let mut context = self.with_circumstances(request.context().clone(), asked)?;
        decide::add_time(app, &mut context);
        let question = Question::from(request.with_context(context));
        let call = Call::of(asked.transport, asked.headers);
        let said = if asked.tells_why {
            decide::evaluate(app, served, question, &call).map(Said::Evaluation)
        } else {
            let decided = decide::decide(app, served, question, &call);
            decided.map(|(decision, _)| Said::Decision(decision))
        };
        said.map_err(|error| denied(error.to_string()))
    }

    /// The request that the client made to the gateway.
    fn original<'r>(
        &self,
        method: &Method,
        path: &'r str,
        headers: &'r HeaderMap,
    ) -> Result<(Method, &'r str), Stopped> {
        let given = |name: &HeaderName| {
            let value = tokens::single(headers, name);
            let value =
                value.map_err(|()| denied(format!("header {name} stands twice, or is no text")))?;
            value.ok_or_else(|| denied(format!("header {name} is missing")))
        };
        let (method_name, target_name) = match self.dialect {
            Dialect::Message => {
                return Err(denied("this dialect asks over gRPC, not here"));
            }
            Dialect::Envoy => {
                let rest = path.strip_prefix(PREFIX).unwrap_or_default();
                return Ok((method.clone(), rest));
            }
            Dialect::Nginx => (&ORIGINAL_METHOD, &ORIGINAL_URI),
            Dialect::Forwarded => (&FORWARDED_METHOD, &FORWARDED_URI),
        };
        let method = Method::from_bytes(given(method_name)?.as_bytes());
        let method = method.map_err(|_| denied(format!("header {method_name} is no method")))?;
        Ok((method, given(target_name)?))
    }

    /// Who asks, as headers say it: all that is said of it must agree.
    fn principal(&self, headers: &HeaderMap) -> Result<Option<Principal<'static>>, Stopped> {
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
            (named, held) => Ok(named.or(held)),
        }
    }

    /// Adds what only the gateway knows: from where, and how.
    fn with_circumstances(
        &self,
        mut context: ramgate::Context<'static>,
        asked: &Asked<'_>,
    ) -> Result<ramgate::Context<'static>, Stopped> {
        let mut add = |key: &str, value: String| {
            if context.contains(key) {
                return Err(denied(format!("{key} is said twice")));
            }
            context.push(key, value);
            Ok(())
        };
        let address = match &self.source_ip {
            SourceIp::None => None,
            SourceIp::Connection => {
                let unknown = || denied("the client's connection has no address");
                Some(asked.peer.ok_or_else(unknown)?)
            }
            SourceIp::Header(name) => {
                let address = tokens::single(asked.headers, name).ok().flatten();
                let address = address.and_then(|text| text.trim().parse::<IpAddr>().ok());
                let unknown = || denied(format!("header {name} is not one address"));
                Some(address.ok_or_else(unknown)?)
            }
        };
        if let Some(address) = address {
            add("acs:SourceIp", address.to_canonical().to_string())?;
        }
        match tokens::single(asked.headers, &FORWARDED_PROTO) {
            Ok(None) => {}
            Ok(Some("https")) => add("acs:SecureTransport", "true".to_owned())?,
            Ok(Some("http")) => add("acs:SecureTransport", "false".to_owned())?,
            _ => {
                let message = "header x-forwarded-proto is neither http nor https";
                return Err(denied(message));
            }
        }
        Ok(context)
    }
}

/// The table with its files' names relative to the settings file.
pub(crate) fn relative_to(mut table: ForwardAuthTable, directory: &Path) -> ForwardAuthTable {
    let found = |path: Option<PathBuf>| path.map(|path| directory.join(path));
    table.principal_tokens = found(table.principal_tokens);
    table.access_keys = found(table.access_keys);
    table
}
