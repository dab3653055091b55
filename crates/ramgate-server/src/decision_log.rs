//! The decision log: a line of JSON for each decision. Writing it never delays a decision: what does not fit into the queue is dropped and counted.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use ramgate::{
    ContextValue, Decision, DeterminingStatement, Effect, OpenRule, Request, Stage, preflight,
};
use serde::Serialize;

use crate::decide::Call;

/// What the log is to do.
#[derive(Clone, Debug)]
pub(crate) struct LogSettings {
    /// `-` is standard output.
    pub(crate) path: std::path::PathBuf,
    /// Condition keys whose values nobody is to read there.
    pub(crate) masked: Vec<String>,
    /// How many lines wait for a slow disk at most.
    pub(crate) queue_max: usize,
}

/// One decision, or why there is none.
pub(crate) struct Entry<'e> {
    pub(crate) about: About<'e>,
    pub(crate) outcome: Result<Outcome<'e>, String>,
    pub(crate) revision: &'e str,
    pub(crate) call: &'e Call,
    pub(crate) took: Duration,
}

/// What was asked.
#[derive(Clone, Copy)]
pub(crate) enum About<'e> {
    Request(&'e Request<'static>),
    /// A call of which no request could be made.
    Call(&'e preflight::Call),
}

pub(crate) struct Outcome<'e> {
    pub(crate) decision: Decision,
    pub(crate) stage: Stage,
    pub(crate) determined_by: &'e [DeterminingStatement],
    pub(crate) doubts: Vec<OpenRule>,
}

#[derive(Serialize)]
struct Line<'e> {
    timestamp: String,
    transport: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    decision: Option<Decision>,
    stage: Option<Stage>,
    determined_by: Vec<Reason<'e>>,
    doubts: Vec<OpenRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'e str>,
    revision: &'e str,
    latency_us: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Cow<'e, Request<'static>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<Operation<'e>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    masked: Vec<String>,
}

/// A call without its parameters, which may hold anything.
#[derive(Serialize)]
struct Operation<'e> {
    principal: String,
    operation: &'e str,
}

/// A statement without the values that it was compared with: they may be masked ones.
#[derive(Serialize)]
struct Reason<'e> {
    stage: Stage,
    policy: &'e str,
    statement: usize,
    effect: Effect,
}

enum Message {
    Line(Vec<u8>),
    /// Says when everything before it is written.
    End(Sender<()>),
}

/// The way into the log.
#[derive(Debug)]
pub(crate) struct DecisionLog {
    queue: SyncSender<Message>,
    masked: Vec<String>,
    dropped: Counter,
}

/// How long the end waits for lines that are still to be written.
const FLUSH_MAX: Duration = Duration::from_secs(1);
/// How often a disk that takes nothing is complained of.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);
/// How much is written at once, while more is waiting.
const WRITE_BYTES_MAX: usize = 1 << 16;

const MASKED: &str = "***";

impl DecisionLog {
    /// Opens it and starts to write. `dropped` counts lines that never got into the queue, `lost` those that could not be written.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn open(settings: &LogSettings, dropped: Counter, lost: Counter) -> Result<Self> {
        let file = open(&settings.path).with_context(|| {
            format!(
                "decision_log: {}: cannot be written",
                settings.path.display()
            )
        })?;
        let (queue, waiting) = sync_channel(settings.queue_max);
        thread::Builder::new()
            .name("decision-log".to_owned())
            .spawn(move || write(file, &waiting, &lost))
            .context("decision_log: no thread to write it")?;
        Ok(DecisionLog {
            queue,
            masked: settings.masked.clone(),
            dropped,
        })
    }

    pub(crate) fn write(&self, entry: &Entry<'_>) {
        let Ok(mut line) = serde_json::to_vec(&self.line(entry)) else {
            self.dropped.inc();
            return;
        };
        line.push(b'\n');
        if self.queue.try_send(Message::Line(line)).is_err() {
            self.dropped.inc();
        }
    }

    fn line<'e>(&self, entry: &'e Entry<'e>) -> Line<'e> {
        let outcome = entry.outcome.as_ref().ok();
        let reasons = outcome
            .map(|outcome| outcome.determined_by)
            .unwrap_or_default();
        let (request, masked, call) = match entry.about {
            About::Request(request) => {
                let (request, masked) = self.mask(request);
                (Some(request), masked, None)
            }
            About::Call(call) => {
                let principal = call.principal.to_string();
                let operation = &*call.operation;
                (
                    None,
                    Vec::new(),
                    Some(Operation {
                        principal,
                        operation,
                    }),
                )
            }
        };
        Line {
            timestamp: Timestamp::now().to_string(),
            transport: entry.call.transport.name(),
            request_id: entry.call.request_id.as_deref(),
            trace_id: entry.call.trace_id.as_deref(),
            index: entry.call.index,
            decision: outcome.map(|outcome| outcome.decision),
            stage: outcome.map(|outcome| outcome.stage),
            determined_by: reasons.iter().map(Reason::of).collect(),
            doubts: outcome
                .map(|outcome| outcome.doubts.clone())
                .unwrap_or_default(),
            error: entry.outcome.as_ref().err().map(String::as_str),
            revision: entry.revision,
            latency_us: entry.took.as_micros(),
            request,
            call,
            masked,
        }
    }

    /// The request without the values of masked keys, and which those are.
    fn mask<'e>(&self, request: &'e Request<'static>) -> (Cow<'e, Request<'static>>, Vec<String>) {
        let is_masked = |key: &str| {
            self.masked
                .iter()
                .any(|masked| masked.eq_ignore_ascii_case(key))
        };
        let keys = request.context().iter().map(|(key, _)| key);
        let masked: Vec<String> = keys
            .filter(|key| is_masked(key))
            .map(str::to_owned)
            .collect();
        if masked.is_empty() {
            return (Cow::Borrowed(request), masked);
        }
        let entries = request.context().iter().map(|(key, value)| {
            let value = if is_masked(key) {
                ContextValue::One(Cow::Borrowed(MASKED))
            } else {
                value.clone()
            };
            (Cow::Owned(key.to_owned()), value)
        });
        // The keys are those of a context; if they were none, no context is the safe one to show.
        let context = ramgate::Context::owned(entries.collect()).unwrap_or_default();
        (Cow::Owned(request.clone().with_context(context)), masked)
    }

    /// Waits until everything is written that was decided before, but not for long.
    pub(crate) fn finish(&self) {
        let (done, written) = channel();
        let started = Instant::now();
        let mut message = Message::End(done);
        while let Err(TrySendError::Full(back)) = self.queue.try_send(message) {
            if started.elapsed() > FLUSH_MAX {
                return;
            }
            message = back;
            thread::sleep(Duration::from_millis(5));
        }
        let _ = written.recv_timeout(FLUSH_MAX);
    }
}

impl<'e> Reason<'e> {
    fn of(statement: &'e DeterminingStatement) -> Reason<'e> {
        Reason {
            stage: statement.stage,
            policy: &statement.policy,
            statement: statement.statement,
            effect: statement.effect,
        }
    }
}

#[cfg(unix)]
fn standard_output() -> io::Result<File> {
    use std::os::fd::AsFd;
    // Not through Rust's own buffer, which belongs to whoever holds its lock.
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn standard_output() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}

fn open(path: &Path) -> io::Result<File> {
    if path == Path::new("-") {
        return standard_output();
    }
    OpenOptions::new().create(true).append(true).open(path)
}

fn write(mut file: File, waiting: &Receiver<Message>, lost: &Counter) {
    let mut complained: Option<Instant> = None;
    let mut is_broken = false;
    while let Ok(first) = waiting.recv() {
        let mut bytes = Vec::new();
        // A line that was cut off must not become one with the next.
        if is_broken {
            bytes.push(b'\n');
        }
        let mut lines = 0;
        let mut next = Some(first);
        let mut ends = Vec::new();
        while let Some(message) = next {
            match message {
                Message::Line(line) => {
                    bytes.extend_from_slice(&line);
                    lines += 1;
                }
                Message::End(done) => ends.push(done),
            }
            let has_room = bytes.len() < WRITE_BYTES_MAX && ends.is_empty();
            next = has_room.then(|| waiting.try_recv().ok()).flatten();
        }
        if lines > 0 {
            let written = file.write_all(&bytes);
            is_broken = written.is_err();
            if let Err(error) = written {
                lost.inc_by(lines);
                if complained.is_none_or(|at| at.elapsed() > COMPLAIN_EVERY) {
                    complained = Some(Instant::now());
                    tracing::error!("the decision log cannot be written, decisions go on: {error}");
                }
            }
        }
        for done in ends {
            let _ = done.send(());
        }
    }
}
