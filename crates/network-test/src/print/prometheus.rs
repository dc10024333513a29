//! A report for the textfile collector of the Prometheus node exporter. No label holds an address: addresses change, and
//! each change would be a new series.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Check, CheckId, Overall, Report, Verdict};

/// Checks that share their labels, as one.
#[derive(Clone, Copy)]
struct Series {
    worst: Verdict,
    took_ms: u64,
}

pub(super) fn report(report: &Report) -> String {
    let mut text = String::new();
    overall(&mut text, report);
    services(&mut text, report);
    checks(&mut text, report);
    text
}

fn metric(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn overall(text: &mut String, report: &Report) {
    let name = "timbre_network_test_info";
    metric(text, name, "The network test that wrote these figures.");
    let [catalogue, version, tool] =
        [&report.catalogue.id, &report.catalogue.version, &report.tool].map(|label| escaped(label));
    let labels = format!("catalogue=\"{catalogue}\",tool=\"{tool}\",version=\"{version}\"");
    let _ = writeln!(text, "{name}{{{labels}}} 1");

    let name = "timbre_network_test_verdict";
    metric(text, name, "Whether the test came to this verdict.");
    let verdicts =
        [Overall::Ready, Overall::ReadyWithWarnings, Overall::NotReady, Overall::CouldNotTest];
    for verdict in verdicts {
        let value = u8::from(verdict == report.verdict);
        let _ = writeln!(text, "{name}{{verdict=\"{}\"}} {value}", verdict.as_str());
    }

    let name = "timbre_network_test_start_timestamp_seconds";
    metric(text, name, "When the test started.");
    let _ = writeln!(text, "{name} {}", report.started.as_second());

    let name = "timbre_network_test_duration_seconds";
    metric(text, name, "How long the test took.");
    let _ = writeln!(text, "{name} {}", seconds(report.took_ms));
}

fn services(text: &mut String, report: &Report) {
    let mut worst: BTreeMap<&str, Verdict> = BTreeMap::new();
    for service in &report.services {
        let so_far = worst.entry(&service.id).or_insert(service.verdict);
        if service.verdict.weight() > so_far.weight() {
            *so_far = service.verdict;
        }
    }
    let name = "timbre_network_service_usable";
    metric(
        text,
        name,
        "Whether a service can be used: 1 also with warnings, 0 not; absent when it was not tested.",
    );
    for (service, verdict) in worst {
        if let Some(value) = usable(verdict) {
            let _ = writeln!(text, "{name}{{service=\"{}\"}} {value}", escaped(service));
        }
    }
}

fn checks(text: &mut String, report: &Report) {
    let mut series: BTreeMap<(CheckId, String, &str), Series> = BTreeMap::new();
    for check in &report.checks {
        let key = (check.id, target(check), check.way.split(' ').next().unwrap_or_default());
        let one = series.entry(key).or_insert(Series { worst: check.verdict, took_ms: 0 });
        if check.verdict.weight() > one.worst.weight() {
            one.worst = check.verdict;
        }
        one.took_ms = one.took_ms.max(check.took_ms);
    }
    let labels = |(check, target, way): &(CheckId, String, &str)| {
        format!("check=\"{check}\",target=\"{}\",way=\"{}\"", escaped(target), escaped(way))
    };
    let value = |check: &str, help: &str, of: &dyn Fn(&Series) -> Option<String>| {
        let name = format!("timbre_network_check_{check}");
        let mut text = String::new();
        metric(&mut text, &name, help);
        for (key, one) in &series {
            if let Some(value) = of(one) {
                let _ = writeln!(text, "{name}{{{}}} {value}", labels(key));
            }
        }
        text
    };
    *text += &value(
        "success",
        "Whether a check passed: 1 also with a warning, 0 not; absent when it was not made.",
        &|one| usable(one.worst).map(|value| value.to_string()),
    );
    *text += &value("warning", "Whether a check that was made gave a warning.", &|one| {
        usable(one.worst).map(|_| u8::from(one.worst == Verdict::Warn).to_string())
    });
    *text += &value("duration_seconds", "How long a check took.", &|one| {
        usable(one.worst).map(|_| seconds(one.took_ms))
    });
}

fn usable(verdict: Verdict) -> Option<u8> {
    match verdict {
        Verdict::Pass | Verdict::Warn => Some(1),
        Verdict::Fail => Some(0),
        Verdict::Skip | Verdict::Inconclusive => None,
    }
}

/// The target without any address.
fn target(check: &Check) -> String {
    let words = check.target.split(' ').map(|word| {
        let is_address = word.parse::<IpAddr>().is_ok() || word.parse::<SocketAddr>().is_ok();
        let bare = word.trim_matches(['(', ')', ',']);
        if is_address || bare.parse::<IpAddr>().is_ok() { "address" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
