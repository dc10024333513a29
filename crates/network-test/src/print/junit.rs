//! A report as JUnit XML: a suite for each service of the document and one for the network itself, a case for each
//! check. A warning is a case that passed, with its warning in its output.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use crate::{Check, Report, Verdict};

pub(super) fn report(report: &Report) -> Result<Vec<u8>, String> {
    let mut out = quick_junit::Report::new(format!("network test {}", report.catalogue.id));
    out.set_time(Duration::from_millis(report.took_ms));
    for service in &report.services {
        let checks = service.checks.iter().filter_map(|number| report.check(*number));
        add_suite(&mut out, report, &service.id, checks);
    }
    let whole = report.checks.iter().filter(|check| check.endpoints.is_empty());
    add_suite(&mut out, report, "network", whole);
    let mut bytes = Vec::new();
    out.serialize(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn add_suite<'a>(
    out: &mut quick_junit::Report,
    report: &Report,
    name: &str,
    checks: impl Iterator<Item = &'a Check>,
) {
    let cases: Vec<_> = checks.map(|check| case(name, check)).collect();
    if cases.is_empty() {
        return;
    }
    let mut suite = TestSuite::new(name);
    suite.add_property(Property::new("report", report.id.as_str()));
    suite.add_property(Property::new("started", report.started.to_string()));
    suite.add_property(Property::new("catalogue-version", report.catalogue.version.as_str()));
    suite.add_property(Property::new("way", report.way.as_str()));
    suite.add_test_cases(cases);
    out.add_test_suite(suite);
}

fn case(suite: &str, check: &Check) -> TestCase {
    let mut status = match check.verdict {
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
        Verdict::Skip => TestCaseStatus::skipped(),
    };
    if let Some(code) = check.code.filter(|_| check.verdict != Verdict::Warn) {
        status.set_type(code.as_str());
        status.set_message(code.title().en.as_ref());
        if check.verdict.is_problem() {
            status.set_description(told(check));
        }
    }
    let mut case = TestCase::new(format!("{}@{}", check.id, check.target), status);
    case.set_classname(suite);
    case.set_time(Duration::from_millis(check.took_ms));
    if check.verdict == Verdict::Warn {
        case.set_system_out(told(check));
    }
    case
}

/// What a person needs who finds the failure in a log.
fn told(check: &Check) -> String {
    let mut lines = Vec::new();
    if let Some(code) = check.code {
        lines.push(format!("{}: {}", check.verdict.title().en, code.title().en));
        lines.push(format!("to do: {}", code.remedy().en));
    }
    lines.push(format!("way: {}", check.way));
    if let Some(blame) = &check.blame {
        lines.push(format!("in the way: {}", super::words::blame(blame, super::Language::English)));
    }
    lines.extend(check.evidence.iter().map(|fact| format!("{}: {}", fact.name, fact.value)));
    lines.join("\n")
}
