//! Lets a batch take its time, but not all of it.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tokio::task::yield_now;

use crate::http::Refusal;

/// How many requests of a batch are decided before others get a turn.
const TURN: usize = 16;

/// The course of a batch.
pub(crate) struct Pace {
    started: Instant,
    most: Duration,
    steps: usize,
}

impl Pace {
    pub(crate) fn new(most: Duration) -> Pace {
        Pace {
            started: Instant::now(),
            most,
            steps: 0,
        }
    }

    /// Before each request of the batch.
    ///
    /// # Errors
    /// When the time is over.
    pub(crate) async fn step(&mut self) -> Result<(), Refusal> {
        if self.is_over().await {
            let message = format!("the batch took longer than {:?}", self.most);
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Err(Refusal::new(status, "timeout", message));
        }
        Ok(())
    }

    /// Before each step of anything: whether the time is over.
    pub(crate) async fn is_over(&mut self) -> bool {
        self.steps += 1;
        if self.steps.is_multiple_of(TURN) {
            yield_now().await;
        }
        self.started.elapsed() > self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_batch_ends_when_its_time_is_over() {
        let mut pace = Pace::new(Duration::from_secs(60));
        for _ in 0..100 {
            assert!(pace.step().await.is_ok());
        }
        pace.most = Duration::ZERO;
        let refusal = pace.step().await.unwrap_err();
        assert_eq!(refusal.message(), "the batch took longer than 0ns");
    }
}
