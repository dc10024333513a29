//! What Prometheus is told: how many requests came to which end, how long they took, how much was refilled, how often
//! the database failed. Each running infrastructure has its own recorder: nothing here is global to the process.

use std::fmt;
use std::time::Duration;

use metrics::{Gauge, Key, Label, Level, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use timbre_postage::Amount;

const REQUESTS: &str = "timbre_requests_total";
const SECONDS: &str = "timbre_request_duration_seconds";
const IN_PROGRESS: &str = "timbre_requests_in_progress";
const REFILLED: &str = "timbre_refilled_mills_total";
const DATABASE_ERRORS: &str = "timbre_database_errors_total";
const VERIFIED: &str = "timbre_verifications_total";
const VERIFICATION_SECONDS: &str = "timbre_verification_duration_seconds";

/// From a cached reply to a database that is about to be given up.
const BUCKETS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

static METADATA: Metadata<'static> = Metadata::new("timbre_infrastructure", Level::INFO, None);

/// A request in progress.
pub(crate) struct InProgress(Gauge);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &BUCKETS)
            .expect("invariant: the list of buckets is not empty");
        let recorder = builder.build_recorder();
        let describe = |name: &'static str, text: &'static str| (name.into(), text.into());
        for (name, text) in [
            describe(
                REQUESTS,
                "Requests by endpoint and outcome (ok, or the code of the refusal).",
            ),
            describe(REFILLED, "Postage refilled, in mills of the currency."),
            describe(VERIFIED, "Pieces judged for sorting machines, by decision."),
            describe(DATABASE_ERRORS, "Requests that the database could not serve."),
        ] {
            recorder.describe_counter(name, None, text);
        }
        let text: SharedString = "Requests that are being answered.".into();
        recorder.describe_gauge(IN_PROGRESS.into(), None, text);
        let text: SharedString = "Time from the whole request to the reply.".into();
        recorder.describe_histogram(SECONDS.into(), Some(Unit::Seconds), text);
        let text: SharedString = "Time from a piece's line to its verdict.".into();
        recorder.describe_histogram(VERIFICATION_SECONDS.into(), Some(Unit::Seconds), text);
        let handle = recorder.handle();
        Metrics { recorder, handle }
    }

    pub(crate) fn request(&self, endpoint: &str, outcome: &'static str, took: Duration) {
        let endpoint = Label::new("endpoint", endpoint.to_owned());
        self.count(REQUESTS, vec![endpoint.clone(), Label::new("outcome", outcome)], 1);
        let key = Key::from_parts(SECONDS, vec![endpoint]);
        self.recorder.register_histogram(&key, &METADATA).record(took.as_secs_f64());
    }

    /// Counts pieces that a sorting machine asked about together.
    pub(crate) fn verified<'a>(&self, decisions: impl Iterator<Item = &'a str>, took: Duration) {
        let key = Key::from_static_name(VERIFICATION_SECONDS);
        let histogram = self.recorder.register_histogram(&key, &METADATA);
        for decision in decisions {
            self.count(VERIFIED, vec![Label::new("decision", decision.to_owned())], 1);
            histogram.record(took.as_secs_f64());
        }
    }

    /// Counts a request as in progress until the guard is dropped, answered or given up.
    pub(crate) fn in_progress(&self) -> InProgress {
        let gauge = self.recorder.register_gauge(&Key::from_static_name(IN_PROGRESS), &METADATA);
        gauge.increment(1.0);
        InProgress(gauge)
    }

    pub(crate) fn refilled(&self, amount: Amount) {
        let currency = vec![Label::new("currency", amount.currency().code())];
        self.count(REFILLED, currency, amount.mills().unsigned_abs());
    }

    pub(crate) fn database_error(&self) {
        self.count(DATABASE_ERRORS, Vec::new(), 1);
    }

    /// The page that Prometheus reads.
    pub(crate) fn render(&self) -> String {
        self.handle.run_upkeep();
        self.handle.render()
    }

    fn count(&self, name: &'static str, labels: Vec<Label>, by: u64) {
        self.recorder.register_counter(&Key::from_parts(name, labels), &METADATA).increment(by);
    }
}
