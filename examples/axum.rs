//! An axum service in front of the VPC API that lets a call through only if the policies allow it.
//!
//! ```sh
//! cargo run -p ramgate-tower --example axum -- policies/snapshot.json examples/access-keys \
//!     127.0.0.1:8083 127.0.0.1:9090 vpc.example.com
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::{Timestamp, Unit};
use ramgate::{Assignment, Catalog, Context, Organization, Principal, Source};
use ramgate_tower::{AlibabaApi, ApiCall, EnforcementLayer, Identified, Refusal};
use tokio::net::TcpListener;

/// How long a call may take to arrive and to be answered.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [snapshot, keys, address, api, host] = arguments.as_slice() else {
        return Err("expected a snapshot, a file of AccessKeyIds, where to listen, where the API is, and its own name".into());
    };
    let service = service(Path::new(snapshot), Path::new(keys), api, host)?;
    serve(TcpListener::bind(address.as_str()).await?, service).await
}

/// Where it listens decides who can call, and the API must be reached through here only.
pub(crate) async fn serve(listener: TcpListener, service: Router) -> Result<(), Box<dyn Error>> {
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

/// Forwards what is allowed to the API, whose own name is `host`: there may be others behind the same address.
pub(crate) fn service(
    snapshot: &Path,
    keys: &Path,
    api: &str,
    host: &str,
) -> Result<Router, Box<dyn Error>> {
    let keys = access_keys(&std::fs::read_to_string(keys)?)?;
    let host = HeaderValue::from_str(host)?;
    let own = host.clone();
    let identify = move |head: &Parts, call: &ApiCall| identified(&keys, &own, head, call);
    let mapping = AlibabaApi::new(Arc::new(catalog()?), "vpc", "2016-04-28", identify);
    let layer = EnforcementLayer::new(policies(snapshot)?, mapping);

    let api: Authority = api.parse()?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let forward = move |mut request: Request<Body>| async move {
        without_what_proxies_say(request.headers_mut());
        request.headers_mut().insert(header::HOST, host);
        *request.uri_mut() = target(request.uri(), api);
        match client.request(request).await {
            Ok(response) => response.map(Body::new),
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    };
    // Outermost: the layer reads bodies whole, however slowly they come.
    let service = Router::new().route("/", any(forward)).layer(layer);
    Ok(service.layer(from_fn(in_time)))
}

async fn in_time(request: Request<Body>, next: Next) -> Response {
    let answered = tokio::time::timeout(PATIENCE, next.run(request)).await;
    answered.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

/// What only proxies say, and whoever reads it would believe of a client.
fn without_what_proxies_say(headers: &mut HeaderMap) {
    let of_proxies = [
        "connection",
        "x-forwarded-",
        "x-original-",
        "x-real-ip",
        "x-ramgate-",
    ];
    let names: Vec<HeaderName> = headers.keys().cloned().collect();
    for name in names {
        if of_proxies
            .iter()
            .any(|begin| name.as_str().starts_with(begin))
        {
            headers.remove(name);
        }
    }
}

/// The caller is whose AccessKey signs the call: the API checks the signature by the same id, and clients reach it through here only.
fn identified(
    keys: &HashMap<String, Principal<'static>>,
    host: &HeaderValue,
    head: &Parts,
    call: &ApiCall,
) -> Result<Identified, Refusal> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let authority = head.uri.authority().map(|authority| authority.as_str());
    if hosts.next() != Some(host)
        || hosts.next().is_some()
        || authority.is_some_and(|own| own != host)
    {
        return Err(Refusal::new("the call is for another host"));
    }
    if call.is_in_session(head)? {
        return Err(Refusal::new(
            "the call is one of a session, whose policy is not known",
        ));
    }
    let id = call.access_key_id(head)?;
    let owner = id.and_then(|id| keys.get(id));
    let owner = owner.ok_or_else(|| Refusal::new("nobody is known who has this AccessKeyId"))?;
    let client = head.extensions.get::<ConnectInfo<SocketAddr>>();
    let ConnectInfo(client) =
        client.ok_or_else(|| Refusal::new("the connection has no address"))?;
    let now = Timestamp::now()
        .round(Unit::Second)
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let mut context = Context::default();
    context.push("acs:SourceIp", client.ip().to_canonical().to_string());
    context.push("acs:SecureTransport", "false");
    context.push("acs:CurrentTime", now.to_string());
    Ok(Identified::new(owner.clone()).with_context(context))
}

fn target(uri: &Uri, api: Authority) -> Uri {
    let mut parts = axum::http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(api);
    parts.path_and_query = uri
        .path_and_query()
        .cloned()
        .or(Some(PathAndQuery::from_static("/")));
    Uri::from_parts(parts).unwrap_or_default()
}

fn catalog() -> Result<Catalog, ramgate::LoadError> {
    let texts = ramgate_catalog::FILES.iter();
    let texts: Vec<Source> = texts
        .map(|(name, text)| Source::new(*name, *text))
        .collect();
    Catalog::parse(&texts)
}

fn policies(snapshot: &Path) -> Result<Assignment, Box<dyn Error>> {
    let directory = snapshot.parent().unwrap_or(Path::new("")).to_owned();
    let source = Source::new(
        snapshot.display().to_string(),
        std::fs::read_to_string(snapshot)?,
    );
    let mut open = |name: &str, _: &Source| {
        let path = directory.join(name);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Source::new(path.display().to_string(), text))
    };
    let organization = Organization::read(&[source], false, &mut open)?;
    Ok(Assignment::Organization(Arc::new(organization)))
}

fn access_keys(text: &str) -> Result<HashMap<String, Principal<'static>>, Box<dyn Error>> {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let keys = lines.map(|line| {
        let (id, principal) = line
            .split_once(' ')
            .ok_or("expected an AccessKeyId and a principal")?;
        Ok((
            id.to_owned(),
            Principal::parse(principal.trim())?.into_owned(),
        ))
    });
    keys.collect()
}
