//! Every fault is named for what it is, and a healthy network gives no false alarm.

use std::path::{Path, PathBuf};

use timbre_lab::fault::{Expected, Subject};
use timbre_lab::{Fault, Lab};
use timbre_network_test::{CheckId, Overall, Report};

use crate::in_lanes;
use crate::network::{Machine, codes, complaints, listed, report, told, with_probe};

/// Laboratories at once.
const LANES: usize = 3;

#[test]
fn a_healthy_network_gives_no_false_alarm_and_every_fault_is_named_at_our_own_deployment() {
    every_fault(Machine::Timbre);
}

#[test]
fn a_healthy_network_gives_no_false_alarm_and_every_fault_is_named_at_the_source_document() {
    every_fault(Machine::ConnectPlus);
}

fn every_fault(machine: Machine) {
    let catalogue = machine.catalogue();
    let all = Fault::ALL.iter().filter(|fault| fault.concerns(&catalogue)).copied().map(Some);
    // Without a fault at the start and at the end: nothing is wrong, and nothing stays wrong.
    let runs: Vec<_> = [None; LANES].into_iter().chain(all).chain([None; LANES]).collect();
    let wrong = in_lanes(&runs, LANES, |lab, run| match run {
        None => healthy(lab, machine),
        Some(fault) => named(lab, machine, *fault),
    });
    assert!(wrong.is_empty(), "{machine:?}:\n{wrong}");
}

/// What is wrong with the test's answer in a network where nothing is wrong.
fn healthy(lab: &Lab, machine: Machine) -> String {
    let mut command = lab.timbre();
    command.args(["network", "test"]);
    with_probe(machine, &mut command);
    let report = report(told(lab, machine, &mut command));
    println!("{machine:?} healthy: {:?} in {} ms", report.verdict, report.took_ms);
    if report.verdict == Overall::Ready && complaints(&report).is_empty() {
        return String::new();
    }
    format!("healthy, and {:?}:\n{}", report.verdict, listed(&complaints(&report)))
}

/// What is wrong with the test's answer in a network with this fault.
fn named(lab: &mut Lab, machine: Machine, fault: Fault) -> String {
    let applied = match fault.apply(lab, &machine.victims(), &judges()) {
        Ok(applied) => applied,
        Err(error) => return format!("{} is not brought about: {error:#}\n", fault.name()),
    };
    let mut command = applied.network_test();
    // What takes seconds and cannot find this fault is left to the run in the healthy network.
    let left_out: &[&str] = match fault.expected().check {
        CheckId::BandwidthDown | CheckId::BandwidthUp => &["http.hirl"],
        CheckId::HttpTamper => &["bw"],
        _ => &["bw", "http.hirl"],
    };
    command.arg("--skip").arg(left_out.join(","));
    with_probe(machine, &mut command);
    let report = report(told(&applied, machine, &mut command));
    println!("{machine:?} {}: {:?} in {} ms", fault.name(), report.verdict, report.took_ms);
    let mut wrong = String::new();
    let expected = fault.expected();
    if !is_named(&report, machine, expected) {
        wrong +=
            &format!("{} is not named {} by {}\n", fault.name(), expected.code, expected.check);
    }
    let surplus: Vec<_> = codes(&report)
        .into_iter()
        .filter(|code| *code != expected.code && !expected.also.contains(code))
        .map(|code| code.to_string())
        .collect();
    if !surplus.is_empty() {
        wrong += &format!("{} gives a false alarm of {}\n", fault.name(), surplus.join(", "));
    }
    if wrong.is_empty() {
        return wrong;
    }
    wrong + &listed(&complaints(&report))
}

/// Whether the check says it, of the endpoints that the fault is about.
fn is_named(report: &Report, machine: Machine, expected: Expected) -> bool {
    let victims = machine.victims();
    let host = match expected.subject {
        Subject::Host => Some(victims.secure),
        Subject::ClearHost => Some(victims.clear),
        Subject::Network => None,
    };
    let catalogue = machine.catalogue();
    let endpoints = host.map(|host| {
        let at = |endpoint: &&timbre_catalogue::Endpoint| {
            endpoint.uses.iter().any(|target| target.host.matches(&host))
        };
        catalogue
            .endpoints()
            .iter()
            .filter(at)
            .map(|endpoint| endpoint.id.clone())
            .collect::<Vec<_>>()
    });
    report.checks.iter().any(|check| {
        let about = endpoints.as_ref().is_none_or(|ids| {
            !check.endpoints.is_empty() && check.endpoints.iter().all(|id| ids.contains(id))
        });
        check.id == expected.check && check.code == Some(expected.code) && about
    })
}

/// The folder of programs that are judges only.
fn judges() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/judges")
}
