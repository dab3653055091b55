//! The life of the decision point: listen, load, serve, end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::http::{App, Endpoints};
use crate::listen::{Listener, serve};
use crate::policies::Origin;
use crate::reload;
use crate::settings::Settings;
use crate::signals::End;
use crate::tls;

/// How long threads that still read files are waited for at the end: one may hang in a file system that does not answer.
const THREADS_MAX: Duration = Duration::from_millis(100);

/// Serves decisions until SIGTERM or SIGINT, and finishes the answers in flight. Tells what happens on standard error.
///
/// # Errors
/// When it cannot listen, or the policies cannot be loaded at the start: with everything that is wrong.
pub fn run(settings: Settings, origin: impl Origin) -> Result<()> {
    tell(&settings);
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads to serve with")?;
    let ended = runtime.block_on(live(settings, Arc::new(origin)));
    runtime.shutdown_timeout(THREADS_MAX);
    ended
}

/// Who has set up `tracing` already keeps what is set up.
fn tell(settings: &Settings) {
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .with_max_level(settings.log)
        .try_init();
}

async fn live(settings: Settings, origin: Arc<dyn Origin>) -> Result<()> {
    let mut end = End::new()?;
    let app = Arc::new(App::new(&settings)?);
    let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
    let listener = Listener::bind(&settings.address).await?;
    let (stop, stopped) = watch::channel(false);
    tracing::info!("listening on {}", listener.name(tls.is_some()));
    let serving = serve(
        listener,
        Endpoints::new(Arc::clone(&app)),
        settings.limits.connections_max,
        tls,
        settings.drain,
        stopped,
    );
    let serving = tokio::spawn(serving);
    let result = tokio::select! {
        result = decide_by(&app, origin) => result,
        () = end.recv() => Ok(()),
    };
    if result.is_ok() {
        tracing::info!("ending: not ready any more");
        app.start_ending();
        or_again(&mut end, sleep(settings.shutdown_delay)).await;
    }
    stop.send_replace(true);
    or_again(&mut end, async {
        if let Err(error) = serving.await {
            tracing::error!("serving ended badly: {error}");
        }
    })
    .await;
    if let Some(log) = &app.decision_log {
        log.finish();
    }
    result
}

/// Until something breaks that cannot be gone on after.
async fn decide_by(app: &Arc<App>, origin: Arc<dyn Origin>) -> Result<()> {
    reload::first(app, &origin).await?;
    reload::keep_current(Arc::clone(app), origin).await
}

/// Waits, but not any more when it is told to end a second time.
async fn or_again(end: &mut End, waiting: impl Future<Output = ()>) {
    tokio::select! {
        () = waiting => {}
        () = end.recv() => {}
    }
}
