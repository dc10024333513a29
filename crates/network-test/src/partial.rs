//! The report of a run that was ended early: the checks that were made, and what follows from them.

use jiff::Timestamp;

use crate::{CatalogueUsed, Check, Overall, Plan, Report, SCHEMA, conclude};

/// A report of the checks that a run told of ([`crate::Event::Done`]) before it was dropped. It is [`Overall::NotReady`]
/// when one of them already says so; otherwise too little is known, and it says that.
#[must_use]
pub fn partial(plan: &Plan, started: Timestamp, took_ms: u64, checks: Vec<Check>) -> Report {
    let mut report = Report {
        schema: SCHEMA.to_owned(),
        id: conclude::new_id(started),
        tool: concat!("timbre-network-test ", env!("CARGO_PKG_VERSION")).to_owned(),
        started,
        took_ms,
        catalogue: CatalogueUsed {
            id: plan.catalogue.id().to_owned(),
            version: plan.catalogue.version().to_string(),
            title: plan.catalogue.title().clone(),
        },
        way: plan.proxy.to_string(),
        resolvers: plan.resolvers.iter().map(ToString::to_string).collect(),
        verdict: Overall::CouldNotTest,
        services: Vec::new(),
        checks,
        requests: Vec::new(),
    };
    report = conclude::report(report, plan, &[]);
    if report.verdict != Overall::NotReady {
        report.verdict = Overall::CouldNotTest;
    }
    report
}
