//! What Prometheus is told. No label is of who asks, what or on what: their numbers have no bound.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use ramgate::{Decision, Stage};

use crate::policies::Served;

/// By which endpoint a decision was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Transport {
    Check,
    Batch,
    Authzen,
    ForwardAuth,
    #[cfg(feature = "ext-authz")]
    ExtAuthz,
}

impl Transport {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Transport::Check => "check",
            Transport::Batch => "batch",
            Transport::Authzen => "authzen",
            Transport::ForwardAuth => "forward_auth",
            #[cfg(feature = "ext-authz")]
            Transport::ExtAuthz => "ext_authz",
        }
    }
}

/// How a try to load other policies went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ReloadResult {
    Loaded,
    Failed,
}

/// A label's value: one of a few words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Word(&'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.0, encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    decision: Word,
    stage: Word,
    transport: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: Word,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RevisionLabel {
    revision: String,
}

/// Everything that is counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    decisions: Family<DecisionLabels, Counter>,
    durations: Histogram,
    in_flight: Gauge,
    errors: Family<KindLabel, Counter>,
    revision: Family<RevisionLabel, Gauge>,
    loaded_at: Gauge<f64, AtomicU64>,
    policies: Gauge,
    reloads: Family<ResultLabel, Counter>,
    /// Lines of the decision log that found no place in the queue.
    pub(crate) log_dropped: Counter,
    /// Lines of the decision log that could not be written.
    pub(crate) log_lost: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("ramgate"),
            decisions: Family::default(),
            // From a microsecond to about a tenth of a second.
            durations: Histogram::new(exponential_buckets(1e-6, 2.0, 18)),
            in_flight: Gauge::default(),
            errors: Family::default(),
            revision: Family::default(),
            loaded_at: Gauge::default(),
            policies: Gauge::default(),
            reloads: Family::default(),
            log_dropped: Counter::default(),
            log_lost: Counter::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let Metrics { registry, .. } = self;
        registry.register("decisions", "Decisions made", self.decisions.clone());
        registry.register_with_unit(
            "decision_duration",
            "Time to find a decision, without reading the request",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "requests_in_flight",
            "Requests that are being answered",
            self.in_flight.clone(),
        );
        registry.register(
            "errors",
            "Requests that got no decision",
            self.errors.clone(),
        );
        registry.register(
            "policies_info",
            "The revision of the policies that are served",
            self.revision.clone(),
        );
        registry.register_with_unit(
            "policies_loaded_timestamp",
            "When the policies that are served were loaded",
            Unit::Seconds,
            self.loaded_at.clone(),
        );
        registry.register(
            "policies",
            "Policies that are served",
            self.policies.clone(),
        );
        registry.register(
            "policies_reloads",
            "Changes of the policies, by how loading them went",
            self.reloads.clone(),
        );
        registry.register(
            "decision_log_dropped",
            "Lines of the decision log that found no place in its queue",
            self.log_dropped.clone(),
        );
        registry.register(
            "decision_log_lost",
            "Lines of the decision log that could not be written",
            self.log_lost.clone(),
        );
    }

    /// In the text format that Prometheus reads.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // A string takes everything.
        let _ = encode(&mut text, &self.registry);
        text
    }

    pub(crate) fn decided(
        &self,
        decision: Decision,
        stage: Stage,
        transport: Transport,
        took: Duration,
    ) {
        let labels = DecisionLabels {
            decision: Word(decision.name()),
            stage: Word(stage.name()),
            transport: Word(transport.name()),
        };
        self.decisions.get_or_create(&labels).inc();
        self.durations.observe(took.as_secs_f64());
    }

    pub(crate) fn refused(&self, kind: &'static str) {
        let labels = KindLabel { kind: Word(kind) };
        self.errors.get_or_create(&labels).inc();
    }

    /// Counts a request for as long as the guard lives.
    pub(crate) fn in_flight(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    pub(crate) fn policies_loaded(&self, served: &Served) {
        self.revision.clear();
        let revision = served.revision.clone();
        let labels = RevisionLabel { revision };
        self.revision.get_or_create(&labels).set(1);
        let at = served.loaded_at.as_duration().as_secs_f64();
        self.loaded_at.set(at);
        self.policies
            .set(i64::try_from(served.policies).unwrap_or(i64::MAX));
    }

    pub(crate) fn reloaded(&self, result: ReloadResult) {
        let word = match result {
            ReloadResult::Loaded => "loaded",
            ReloadResult::Failed => "failed",
        };
        let labels = ResultLabel { result: Word(word) };
        self.reloads.get_or_create(&labels).inc();
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
