//! Takes connections and serves HTTP on them, until it is told to end; then answers in flight are finished first.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::http::{Request, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::http::Endpoints;
use crate::settings::Address;

/// How long a connection may be silent between requests, and how long a request's head may take to arrive.
const HEAD_MAX: Duration = Duration::from_secs(60);
/// A request's head: the first line and all headers.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 100;
/// Requests at the same time on one connection of HTTP/2.
#[cfg(feature = "ext-authz")]
const STREAMS_MAX: u32 = 256;
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// An open socket.
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener, PathBuf),
}

impl Listener {
    /// Opens it.
    ///
    /// # Errors
    /// When the address is in use, or not ours to use.
    pub(crate) async fn bind(address: &Address) -> Result<Listener> {
        match address {
            Address::Tcp(address) => {
                let listener = TcpListener::bind(address)
                    .await
                    .with_context(|| format!("{address}: cannot listen there"))?;
                Ok(Listener::Tcp(listener))
            }
            Address::Unix(path) => Listener::bind_unix(path),
        }
    }

    #[cfg(unix)]
    fn bind_unix(path: &Path) -> Result<Listener> {
        use std::os::unix::fs::FileTypeExt;
        use std::os::unix::net::UnixStream;

        let name = path.display();
        if let Ok(metadata) = std::fs::symlink_metadata(path) {
            if !metadata.file_type().is_socket() {
                bail!("{name}: something else than a socket is there");
            }
            if UnixStream::connect(path).is_ok() {
                bail!("{name}: somebody listens there already");
            }
            // Left behind by one that could not clean up.
            std::fs::remove_file(path).with_context(|| format!("{name}: cannot be replaced"))?;
        }
        let listener = tokio::net::UnixListener::bind(path)
            .with_context(|| format!("{name}: cannot listen there"))?;
        Ok(Listener::Unix(listener, path.to_owned()))
    }

    #[cfg(not(unix))]
    fn bind_unix(path: &Path) -> Result<Listener> {
        bail!("{}: there are no Unix sockets here", path.display());
    }

    /// Where it listens, as a client writes it.
    pub(crate) fn name(&self, has_tls: bool) -> String {
        let s = if has_tls { "s" } else { "" };
        match self {
            Listener::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("http{s}://{address}"),
                Err(error) => format!("an unknown address: {error}"),
            },
            #[cfg(unix)]
            Listener::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Accepted::Tcp(stream))
            }
            #[cfg(unix)]
            Listener::Unix(listener, _) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

#[cfg(unix)]
impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Unix(_, path) = self {
            // If it cannot be removed, the next one that listens here does it.
            let _ = std::fs::remove_file(path);
        }
    }
}

enum Accepted {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

/// At the end, connections that wait in the system's queue are taken, and those that are kept are asked on, until nobody new has come for
/// `QUIET`; but not for longer than `LAST_CALL_MAX`.
const QUIET: Duration = Duration::from_millis(50);
const LAST_CALL_MAX: Duration = Duration::from_secs(1);
/// What was sent by then is read by then.
const SETTLE: Duration = Duration::from_millis(10);

/// Serves until `ended` turns true, then lets what is in flight finish, for at most `drain`.
pub(crate) async fn serve(
    listener: Listener,
    endpoints: Endpoints,
    connections_max: usize,
    tls: Option<TlsAcceptor>,
    drain: Duration,
    mut ended: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(connections_max));
    let start = |(accepted, place)| {
        let (endpoints, watcher) = (endpoints.clone(), graceful.watcher());
        match accepted {
            Accepted::Tcp(stream) => match tls.clone() {
                None => spawn(stream, endpoints, watcher, place),
                Some(tls) => shake_hands(tls, stream, endpoints, watcher, place),
            },
            #[cfg(unix)]
            Accepted::Unix(stream) => spawn(stream, endpoints, watcher, place),
        }
    };
    let is_over = ended.wait_for(|ended| *ended);
    tokio::pin!(is_over);
    loop {
        tokio::select! {
            _ = &mut is_over => break,
            next = next(&listener, &places) => next.map_or((), start),
        }
    }
    endpoints.start_last_call();
    let last_call = sleep(LAST_CALL_MAX);
    tokio::pin!(last_call);
    loop {
        tokio::select! {
            biased;
            () = &mut last_call => break,
            next = next(&listener, &places) => next.map_or((), start),
            () = sleep(QUIET) => break,
        }
    }
    drop(listener);
    sleep(SETTLE).await;
    if timeout(drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("answers in flight were cut off, as they took longer than {drain:?}");
    }
}

/// The next connection, once there is a place for it: those that wait, wait in the system's queue.
async fn next(
    listener: &Listener,
    places: &Arc<Semaphore>,
) -> Option<(Accepted, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok(accepted) => Some((accepted, place)),
        Err(error) => {
            tracing::warn!("a connection could not be taken: {error}");
            // Out of file descriptors, most likely: to try again at once would only burn time.
            sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// A connection counts from its beginning, also one that never gets further than this.
fn shake_hands(
    tls: TlsAcceptor,
    stream: TcpStream,
    endpoints: Endpoints,
    watcher: Watcher,
    place: OwnedSemaphorePermit,
) {
    tokio::spawn(async move {
        match timeout(HANDSHAKE_MAX, tls.accept(stream)).await {
            Ok(Ok(stream)) => spawn(stream, endpoints, watcher, place),
            Ok(Err(error)) => tracing::debug!("a TLS handshake failed: {error}"),
            Err(_) => tracing::debug!("a TLS handshake took longer than {HANDSHAKE_MAX:?}"),
        }
    });
}

fn spawn<S>(stream: S, endpoints: Endpoints, watcher: Watcher, place: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::new());
    let connection = connection(TokioIo::new(stream), endpoints, Arc::clone(&activity));
    let connection = watcher.watch(connection);
    tokio::spawn(async move {
        let ended = tokio::select! {
            biased;
            ended = connection => ended.map_err(|error| error.to_string()),
            () = activity.silent() => Err("no request came".to_owned()),
        };
        // How a client ends its connection is its own affair.
        if let Err(error) = ended {
            tracing::debug!("a connection ended: {error}");
        }
        drop(place);
    });
}

/// What happens on a connection. One clock for all of its requests: hyper would set one for each head.
struct Activity {
    began: Instant,
    /// In milliseconds since then, when the last answer was made.
    answered: AtomicU64,
    /// How many requests are being answered.
    answering: AtomicUsize,
    /// HTTP/2 looks after its connections itself.
    is_http2: AtomicBool,
}

impl Activity {
    fn new() -> Activity {
        Activity {
            began: Instant::now(),
            answered: AtomicU64::new(0),
            answering: AtomicUsize::new(0),
            is_http2: AtomicBool::new(false),
        }
    }

    /// A request is being answered for as long as this lives.
    fn answering(self: &Arc<Activity>, version: Version) -> Answering {
        if version == Version::HTTP_2 {
            self.is_http2.store(true, Ordering::Relaxed);
        }
        self.answering.fetch_add(1, Ordering::Relaxed);
        Answering(Arc::clone(self))
    }

    /// Ends when no request's head has come in time, after the beginning or the last answer.
    async fn silent(&self) {
        let mut rest = HEAD_MAX;
        while !rest.is_zero() {
            sleep(rest).await;
            if self.is_http2.load(Ordering::Relaxed) {
                std::future::pending().await
            }
            let answered = Duration::from_millis(self.answered.load(Ordering::Relaxed));
            rest = match self.answering.load(Ordering::Relaxed) {
                0 => (answered + HEAD_MAX).saturating_sub(self.began.elapsed()),
                _ => HEAD_MAX,
            };
        }
    }
}

struct Answering(Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.answered.store(now, Ordering::Relaxed);
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The endpoints, which take no head that is too large: hyper only bounds what it holds of it at a time.
fn service(
    endpoints: Endpoints,
    activity: Arc<Activity>,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response,
    Error = Infallible,
    Future: Send,
> + Clone {
    service_fn(move |request| {
        let answering = activity.answering(request.version());
        let endpoints = endpoints.clone();
        async move {
            let _answering = answering;
            if head_bytes(&request) > HEAD_BYTES_MAX {
                let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                return Ok((status, [(header::CONNECTION, "close")]).into_response());
            }
            let response = endpoints.answer(request).await;
            // Requests that wait on other connections are answered first, then all answers go out together: waking a client that sleeps
            // takes the system longer than a decision, and so it is woken once for all of them.
            yield_now().await;
            Ok(response)
        }
    })
}

fn head_bytes(request: &Request<Incoming>) -> usize {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
    let target = request.uri().path_and_query();
    headers.sum::<usize>() + target.map_or(0, |target| target.as_str().len())
}

#[cfg(not(feature = "ext-authz"))]
fn connection<I>(
    io: I,
    endpoints: Endpoints,
    activity: Arc<Activity>,
) -> impl GracefulConnection<Error: std::fmt::Display> + Send
where
    I: Read + Write + Unpin + Send + 'static,
{
    hyper::server::conn::http1::Builder::new()
        .writev(false)
        .header_read_timeout(None)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(io, service(endpoints, activity))
}

/// With HTTP/2, which gRPC is spoken over.
#[cfg(feature = "ext-authz")]
fn connection<I>(
    io: I,
    endpoints: Endpoints,
    activity: Arc<Activity>,
) -> impl GracefulConnection<Error: std::fmt::Display> + Send
where
    I: Read + Write + Unpin + Send + 'static,
{
    use hyper_util::rt::{TokioExecutor, TokioTimer};
    use hyper_util::server::conn::auto;

    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // An answer is short: to copy it behind its head costs less than to have the system gather both.
        .writev(false)
        .header_read_timeout(None)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        // A connection whose other end has gone is noticed.
        .keep_alive_interval(HEAD_MAX)
        .keep_alive_timeout(HANDSHAKE_MAX);
    builder
        .serve_connection(io, service(endpoints, activity))
        .into_owned()
}
