//! What the system says to the process: end, look at the policies.

#[cfg(unix)]
mod system {
    use anyhow::{Context, Result};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// SIGHUP.
    pub(crate) struct Hangup(Signal);

    impl Hangup {
        pub(crate) fn new() -> Result<Hangup> {
            let signal = signal(SignalKind::hangup()).context("SIGHUP cannot be received")?;
            Ok(Hangup(signal))
        }

        pub(crate) async fn recv(&mut self) {
            self.0.recv().await;
        }
    }

    /// SIGTERM and SIGINT.
    pub(crate) struct End(Signal, Signal);

    impl End {
        pub(crate) fn new() -> Result<End> {
            let terminate = signal(SignalKind::terminate());
            let interrupt = signal(SignalKind::interrupt());
            Ok(End(
                terminate.context("SIGTERM cannot be received")?,
                interrupt.context("SIGINT cannot be received")?,
            ))
        }

        pub(crate) async fn recv(&mut self) {
            tokio::select! {
                _ = self.0.recv() => {}
                _ = self.1.recv() => {}
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    use anyhow::Result;

    /// There is no SIGHUP here.
    pub(crate) struct Hangup;

    impl Hangup {
        pub(crate) fn new() -> Result<Hangup> {
            Ok(Hangup)
        }

        pub(crate) async fn recv(&mut self) {
            std::future::pending().await
        }
    }

    /// Ctrl-C.
    pub(crate) struct End;

    impl End {
        pub(crate) fn new() -> Result<End> {
            Ok(End)
        }

        pub(crate) async fn recv(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending().await
            }
        }
    }
}

pub(crate) use system::{End, Hangup};
