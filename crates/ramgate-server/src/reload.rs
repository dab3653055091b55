//! Loads policies anew when their files change: aside, then swapped in whole; what is broken changes nothing and is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::http::App;
use crate::metrics::ReloadResult;
use crate::policies::{Failed, Loaded, Origin, Watched};
use crate::signals::Hangup;

/// How long a change is left to become complete before it is looked at.
const SETTLE: Duration = Duration::from_millis(50);
/// How long nothing is looked at after a look that found nothing and took long, at most.
const REST_MAX: Duration = Duration::from_secs(5);

/// Loads policies in place of none.
///
/// # Errors
/// With everything that is wrong.
pub(crate) async fn first(app: &App, origin: &Arc<dyn Origin>) -> anyhow::Result<()> {
    let origin = Arc::clone(origin);
    let loaded = spawn_blocking(move || origin.load()).await??;
    swap(app, loaded);
    Ok(())
}

fn swap(app: &App, loaded: Loaded) {
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let served = app.policies.serve(loaded);
    app.metrics.policies_loaded(&served);
    tracing::info!(revision = %served.revision, policies = served.policies, "policies loaded");
}

/// Goes on for as long as the decision point does. Three things make it look at the files: the system says that something changed, some
/// time has passed (Kubernetes swaps a link, and network file systems say nothing), SIGHUP.
///
/// # Errors
/// When nothing could ever tell it of a change.
pub(crate) async fn keep_current(app: Arc<App>, origin: Arc<dyn Origin>) -> anyhow::Result<()> {
    let (tell, mut changed) = mpsc::channel(1);
    let _watcher = match watch(&*origin, tell) {
        Ok(watcher) => Some(watcher),
        Err(error) if app.check_every.is_some() => {
            tracing::warn!("changes are seen only by looking at the files now and then: {error:#}");
            None
        }
        Err(error) => return Err(error),
    };
    let mut hangup = Hangup::new()?;
    // A day stands for never; a tick looks at the files and changes nothing where they have not changed.
    let every = app.check_every.unwrap_or(Duration::from_secs(86_400));
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once: what changed before anybody watched is seen now.
    loop {
        tokio::select! {
            Some(()) = changed.recv() => {
                sleep(SETTLE).await;
                while changed.try_recv().is_ok() {}
            }
            _ = tick.tick() => {}
            _ = hangup.recv() => tracing::info!("SIGHUP: looking at the policies"),
        }
        let started = Instant::now();
        if !check(&app, &origin).await {
            // Something else beside the policies may be written all the time (a log): to look takes a tenth of the time at most.
            sleep((started.elapsed() * 9).min(REST_MAX)).await;
        }
    }
}

fn watch(origin: &dyn Origin, tell: mpsc::Sender<()>) -> anyhow::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading a file is an event too, and it is we who read.
        let only_read = |event: &notify::Event| {
            let written = AccessKind::Close(AccessMode::Write);
            matches!(event.kind, EventKind::Access(kind) if kind != written)
        };
        if !event.as_ref().is_ok_and(only_read) {
            // One that is told already need not be told again.
            let _ = tell.try_send(());
        }
    })?;
    for Watched { directory, is_deep } in origin.directories() {
        let mode = if is_deep {
            RecursiveMode::Recursive
        } else {
            RecursiveMode::NonRecursive
        };
        watcher
            .watch(&directory, mode)
            .with_context(|| format!("{}: cannot be watched", directory.display()))?;
    }
    Ok(watcher)
}

/// What looking at the files gave.
enum Found {
    Unchanged,
    /// As broken as at the last look.
    StillBroken,
    Changed(Box<Loaded>),
    Broken(Failed),
}

fn look(origin: &dyn Origin, current: Option<&str>, broken: Option<&str>) -> Found {
    let failed = |revision, error: anyhow::Error| {
        Found::Broken(Failed {
            at: Timestamp::now(),
            revision,
            error: format!("{error:#}"),
        })
    };
    match origin.revision() {
        Err(error) => failed(None, error),
        Ok(revision) if Some(&*revision) == current => Found::Unchanged,
        Ok(revision) if Some(&*revision) == broken => Found::StillBroken,
        Ok(revision) => match origin.load() {
            Ok(loaded) => Found::Changed(Box::new(loaded)),
            Err(error) => failed(Some(revision), error),
        },
    }
}

/// Whether something was found that is new.
async fn check(app: &App, origin: &Arc<dyn Origin>) -> bool {
    let current = app.policies.served().map(|served| served.revision.clone());
    let broken = app.policies.failed().and_then(|failed| failed.revision);
    let origin = Arc::clone(origin);
    let looked = spawn_blocking(move || look(&*origin, current.as_deref(), broken.as_deref()));
    match looked.await {
        Ok(Found::StillBroken) => return false,
        Ok(Found::Unchanged) => {
            if app.policies.failed().is_none() {
                return false;
            }
            app.policies.set_failed(None);
            tracing::info!("the files hold the policies that are served");
        }
        Ok(Found::Changed(loaded)) => {
            swap(app, *loaded);
            app.metrics.reloaded(ReloadResult::Loaded);
        }
        Ok(Found::Broken(failed)) => keep(app, failed),
        Err(error) => keep(
            app,
            Failed {
                at: Timestamp::now(),
                revision: None,
                error: error.to_string(),
            },
        ),
    }
    true
}

/// Keeps the last good policies. The same fault is told once, not at every look.
fn keep(app: &App, failed: Failed) {
    let before = app.policies.failed();
    if before.is_some_and(|before| before.error == failed.error) {
        return;
    }
    app.metrics.reloaded(ReloadResult::Failed);
    let error = &failed.error;
    tracing::error!("the new policies cannot be loaded; those before them stay:\n{error}");
    app.policies.set_failed(Some(failed));
}
