//! What all checks say together: what one host cannot prove and two can, a verdict per heading and for the whole.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use timbre_catalogue::Scheme;

use crate::chain::Walked;
use crate::recorder::{About, Outcome, Recorder};
use crate::tls::{Identity, product_named, trouble_of};
use crate::{
    Blame, Check, CheckId, CheckNumber, Code, Confidence, Culprit, Evidence, Layer, Overall, Plan,
    Report, Service, Verdict, requests, site,
};

/// A name for a report: when, and a few letters of chance.
pub(crate) fn new_id(started: Timestamp) -> String {
    let mut bytes = [0; 4];
    // Without randomness the time alone must do.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    let chance = u32::from_be_bytes(bytes);
    format!("{}-{chance:08x}", started.strftime("%Y%m%dT%H%M%SZ"))
}

/// Draws the conclusions into a report that holds only its checks.
pub(crate) fn report(mut report: Report, plan: &Plan, walked: &[Walked]) -> Report {
    let mut checks = Checks { next: last_number(&report.checks) + 1, all: report.checks, plan };
    sinkholes(&mut checks, walked);
    portal(&mut checks, plan, walked);
    forged(&mut checks, walked);
    report.checks = checks.all;
    report.services = services(plan, &report.checks);
    report.requests = requests::merged(&report.checks);
    report.verdict = overall(&report.checks);
    report
}

fn last_number(checks: &[Check]) -> CheckNumber {
    checks.iter().map(|check| check.number).max().unwrap_or_default()
}

struct Checks<'a> {
    all: Vec<Check>,
    next: CheckNumber,
    plan: &'a Plan,
}

impl Checks<'_> {
    /// Adds a check that was drawn from others.
    fn add(&mut self, id: CheckId, about: &About, outcome: Outcome) -> CheckNumber {
        // The same rules write it down as every other; it is told with the report.
        let silent = |_| {};
        let recorder = Recorder::new(self.plan, &silent);
        recorder.note(id, about, outcome);
        let number = self.next;
        self.next += 1;
        self.all.extend(recorder.into_checks().into_iter().map(|check| Check { number, ..check }));
        number
    }

    fn get(&self, number: CheckNumber) -> Option<&Check> {
        self.all.iter().find(|check| check.number == number)
    }

    /// Makes the failures at a place follow from another check.
    fn explain(&mut self, place: &str, by: CheckNumber) {
        for check in &mut self.all {
            let bad = matches!(check.verdict, Verdict::Fail | Verdict::Warn);
            if bad && check.target == place && check.number != by {
                follow(check, by);
            }
        }
    }
}

fn follow(check: &mut Check, by: CheckNumber) {
    check.verdict = Verdict::Skip;
    check.evidence.extend(check.code.map(|code| fact("seen", code.as_str())));
    check.code = Some(Code::NotTestedLowerLayer);
    check.because = Some(by);
    check.blame = None;
}

fn fact(name: &str, value: impl Into<String>) -> Evidence {
    Evidence { name: name.to_owned(), value: value.into(), private: false }
}

/// An address that nobody on the Internet has is false, unless the service answered there all the same.
fn sinkholes(checks: &mut Checks<'_>, walked: &[Walked]) {
    for walked in walked.iter().filter(|walked| walked.place.is_direct()) {
        if !checks.all.iter().any(|check| is_lookup_of(check, walked)) {
            continue;
        }
        let shown: Vec<String> = walked.false_addresses.iter().map(ToString::to_string).collect();
        let about = walked.site.about(&walked.site.host, "direct");
        if shown.is_empty() || walked.failed.is_none() {
            let outcome = Outcome::pass().fact("unusual", shown.join(", "));
            checks.add(CheckId::DnsSinkhole, &about, outcome);
            continue;
        }
        let outcome = Outcome::trouble(Code::NameSinkholed)
            .fact("addresses", shown.join(", "))
            .blame(Culprit::DnsFilter, Confidence::Likely);
        let number = checks.add(CheckId::DnsSinkhole, &about, outcome);
        checks.explain(&walked.site.authority(), number);
    }
}

fn is_lookup_of(check: &Check, walked: &Walked) -> bool {
    check.id == CheckId::DnsLookup
        && check.verdict == Verdict::Pass
        && check.target == walked.site.host
        && check.endpoints == walked.site.endpoints
}

/// Without a probe server: several places that send to the same stranger are all behind one portal.
fn portal(checks: &mut Checks<'_>, plan: &Plan, walked: &[Walked]) {
    if plan.probe.clear.is_some() {
        return;
    }
    let clear: Vec<&Walked> =
        walked.iter().filter(|walked| walked.site.target.scheme == Scheme::Http).collect();
    if clear.is_empty() {
        return;
    }
    let mut senders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for walked in &clear {
        if let Some((to, _)) = &walked.sent_to {
            senders.entry(to).or_default().insert(family(&walked.site.host));
        }
    }
    let known = |host: &str| walked.iter().any(|walked| family(&walked.site.host) == family(host));
    let portal = senders
        .into_iter()
        .find(|(to, from)| {
            let literal = to.parse::<core::net::IpAddr>().is_ok();
            !known(to) && (from.len() > 1 || literal)
        })
        .map(|(to, _)| to.to_owned());
    let about = About::network("http", clear[0].place.way());
    let Some(portal) = portal else {
        let answered = clear.iter().any(|walked| walked.failed.is_none());
        let failed = clear.iter().find_map(|walked| walked.failed);
        let outcome = match failed {
            Some(number) if !answered => Outcome::because(number),
            _ => Outcome::pass(),
        };
        checks.add(CheckId::Captive, &about, outcome);
        return;
    };
    let outcome = Outcome::trouble(Code::CaptivePortal).blame_named(
        Culprit::CaptivePortal,
        Some(portal.clone()),
        Confidence::Likely,
    );
    let number = checks.add(CheckId::Captive, &about, outcome);
    for walked in clear {
        if let Some((to, at)) = &walked.sent_to
            && *to == portal
            && let Some(check) = checks.all.iter_mut().find(|check| check.number == *at)
        {
            follow(check, number);
        }
    }
}

/// The last two labels of a name: enough to tell strangers apart.
fn family(host: &str) -> &str {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at + 1);
    dots.nth(1).map_or(host, |at| &host[at..])
}

/// A place, what it showed, and the check that judged it.
type Seen<'a> = (&'a Walked, &'a Identity, CheckNumber);

/// What proves that a certificate was made on the way, by the check that judged it.
fn proofs(seen: &[Seen<'_>]) -> BTreeMap<CheckNumber, Vec<String>> {
    let mut proofs: BTreeMap<CheckNumber, Vec<String>> = BTreeMap::new();
    for (walked, identity, at) in seen {
        if trouble_of(identity) != Some(Code::TlsUnknownIssuer) {
            continue;
        }
        let mut found = Vec::new();
        if identity.key_is_its_authority() {
            found.push("the server’s key is its authority’s key".to_owned());
        }
        let others = seen.iter().filter(|(other, ..)| other.site.host != walked.site.host);
        for (other, theirs, _) in others {
            if theirs.key == identity.key && theirs.certificate != identity.certificate {
                found.push(format!("the same key as {} in another certificate", other.site.host));
            } else if theirs.issuer == identity.issuer && trouble_of(theirs).is_some() {
                found.push(format!("the same unknown issuer as {}", other.site.host));
            }
        }
        if identity.machine_trusts && !identity.is_public {
            found.push("only this machine was told to trust the issuer".to_owned());
        }
        if !found.is_empty() {
            found.truncate(3);
            proofs.insert(*at, found);
        }
    }
    proofs
}

/// Proofs that certificates are made on the way, which need more than one host: one key for several certificates, one
/// unknown issuer for several hosts.
fn forged(checks: &mut Checks<'_>, walked: &[Walked]) {
    let seen: Vec<Seen<'_>> = walked
        .iter()
        .filter_map(|walked| walked.identity.as_ref().map(|(identity, at)| (walked, identity, *at)))
        .collect();
    let Some((first, ..)) = seen.first() else { return };
    let way = first.place.way();
    let proofs = proofs(&seen);
    let named = |check: &Check| check.code == Some(Code::TlsInspected);
    let about = |targets: Vec<String>| About::network(targets.join(", "), way.clone());
    let proven = |number: CheckNumber, checks: &Checks<'_>| {
        proofs.contains_key(&number) || checks.get(number).is_some_and(named)
    };
    let concerned: Vec<_> = seen.iter().filter(|(.., at)| proven(*at, checks)).collect();
    if concerned.is_empty() {
        let hosts = seen.len().to_string();
        let outcome = Outcome::pass().fact("certificates", hosts);
        checks.add(CheckId::TlsForged, &about(vec!["https".to_owned()]), outcome);
        return;
    }
    let mut about = about(concerned.iter().map(|(walked, ..)| walked.site.authority()).collect());
    about.required = concerned.iter().any(|(walked, ..)| walked.site.required);
    about.endpoints =
        concerned.iter().flat_map(|(walked, ..)| walked.site.endpoints.clone()).collect();
    let issuer = concerned[0].1.issuer.clone();
    let product = product_named(&issuer).map_or_else(|| issuer.clone(), str::to_owned);
    let keys = proofs.values().flatten().any(|proof| proof.contains("key"));
    let confidence = if keys { Confidence::Certain } else { Confidence::Likely };
    let outcome = Outcome::trouble(Code::TlsInspected).fact("issuer", issuer).blame_named(
        Culprit::TlsInspector,
        Some(product.clone()),
        confidence,
    );
    let outcome = proofs
        .values()
        .flatten()
        .take(8)
        .fold(outcome, |outcome, proof| outcome.fact("proof", proof.clone()));
    checks.add(CheckId::TlsForged, &about, outcome);
    for check in &mut checks.all {
        if let Some(found) = proofs.get(&check.number) {
            check.code = Some(Code::TlsInspected);
            check.evidence.extend(found.iter().map(|proof| fact("proof", proof.clone())));
            check.blame = Some(Blame {
                layer: Layer::Tls,
                who: Culprit::TlsInspector,
                name: Some(product.clone()),
                confidence,
            });
        }
    }
}

/// How bad a verdict is beside others.
fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Skip => 0,
        Verdict::Pass => 1,
        Verdict::Inconclusive => 2,
        Verdict::Warn => 3,
        Verdict::Fail => 4,
    }
}

fn services(plan: &Plan, checks: &[Check]) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    for endpoint in site::endpoints(plan) {
        let same = |service: &&mut Service| {
            service.section == endpoint.section
                && service.group == endpoint.group
                && service.id == endpoint.service()
        };
        match services.iter_mut().find(same) {
            Some(service) => service.endpoints.push(endpoint.id.clone()),
            None => services.push(Service {
                id: endpoint.service().to_owned(),
                section: endpoint.section.clone(),
                group: endpoint.group,
                endpoints: vec![endpoint.id.clone()],
                verdict: Verdict::Skip,
                checks: Vec::new(),
            }),
        }
    }
    for service in &mut services {
        let concerns =
            |check: &&Check| check.endpoints.iter().any(|id| service.endpoints.contains(id));
        let mine: Vec<&Check> = checks.iter().filter(concerns).collect();
        let worst = mine.iter().map(|check| check.verdict).max_by_key(|verdict| weight(*verdict));
        service.verdict = worst.unwrap_or(Verdict::Skip);
        service.checks = mine.iter().map(|check| check.number).collect();
        service.checks.sort_unstable();
    }
    services
}

fn overall(checks: &[Check]) -> Overall {
    let any = |verdict: Verdict| checks.iter().any(|check| check.verdict == verdict);
    let doubt = checks.iter().any(|check| check.verdict == Verdict::Inconclusive && check.required);
    let asked = |check: &&Check| check.id != CheckId::CatalogueLint;
    let proven = checks.iter().filter(asked).any(|check| check.verdict == Verdict::Pass);
    if any(Verdict::Fail) {
        Overall::NotReady
    } else if !proven {
        Overall::CouldNotTest
    } else if any(Verdict::Warn) || doubt {
        Overall::ReadyWithWarnings
    } else {
        Overall::Ready
    }
}
