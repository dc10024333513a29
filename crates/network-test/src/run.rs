//! The order of a run. Everything light goes side by side; what fills the line comes after, alone, so that a full line is
//! never mistaken for a slow one.

use futures_util::future::{join, join_all, join4};
use jiff::Timestamp;
use timbre_catalogue::Scheme;
use timbre_proxy::{ProxyError, Route};

use crate::chain::{Walked, walk};
use crate::context::Context;
use crate::recorder::{About, Outcome, Recorder, millis};
use crate::site::{Site, Sites, sites};
use crate::{
    CatalogueUsed, CheckId, Code, Event, Plan, Report, SCHEMA, bandwidth, clear, conclude, dns,
    media, path, proxies,
};

/// Runs every check of the plan side by side and tells of each as it goes. The report comes back and is told as well.
pub async fn run(plan: &Plan, on_event: &(dyn Fn(Event) + Sync)) -> Report {
    let recorder = Recorder::new(plan, on_event);
    let started = Timestamp::now();
    let Sites { known, nameless } = sites(plan);
    recorder.tell(Event::Started { checks: estimate(&known, plan) });
    let context = Context::prepare(plan, &recorder).await;
    for (target, id) in nameless {
        let about = About {
            endpoints: vec![id],
            required: false,
            ..About::network(target.to_string(), "direct")
        };
        recorder.note(CheckId::TcpConnect, &about, Outcome::skip(Code::NotConfigured));
    }
    catalogue_lint(plan, &recorder);
    // A short name that the catalogue has anyway: nobody learns what is not on the wire already.
    let name = known.first().map_or_else(|| "localhost".to_owned(), |site| site.host.clone());
    let (walked, (), (), ()) = Box::pin(join4(
        places(&context, &known),
        dns::checks::network(&context.dns, plan, &recorder, &name),
        clear::dead_address(&context),
        proxies::wpad(&context),
    ))
    .await;
    no_probe(&context, &walked);
    path::clock(&context, &walked);
    Box::pin(heavy(&context, &walked)).await;
    let resolvers = context.dns.servers.iter().map(ToString::to_string).collect();
    drop(context);
    let took_ms = millis(recorder.started.elapsed());
    let report = conclude::report(
        Report {
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
            resolvers,
            verdict: crate::Overall::CouldNotTest,
            services: Vec::new(),
            checks: recorder.into_checks(),
            requests: Vec::new(),
        },
        plan,
        &walked,
    );
    on_event(Event::Finished { report: Box::new(report.clone()) });
    report
}

/// Every place, by its route; the proxies first, because what they refuse explains the rest.
async fn places(context: &Context<'_>, known: &[Site]) -> Vec<Walked> {
    let routes = join_all(known.iter().map(|site| {
        let destination = site.destination();
        async move { context.route(&destination).await }
    }));
    let routed: Vec<_> = known.iter().cloned().zip(routes.await).collect();
    let failed = proxies::checks(context, &routed).await;
    join_all(routed.into_iter().map(|(site, route)| {
        let of_proxy = match &route {
            Ok(Route::Proxy(proxy)) => failed.get(proxy).copied(),
            _ => None,
        };
        Box::pin(one(context, site, route, of_proxy))
    }))
    .await
}

/// One place, and what a probe server there makes possible.
async fn one(
    context: &Context<'_>,
    site: Site,
    route: Result<Route, ProxyError>,
    proxy_failed: Option<crate::CheckNumber>,
) -> Walked {
    let probe = &context.plan.probe;
    let is_clear = probe.clear.as_ref() == Some(&site.target);
    let is_secure = probe.secure.as_ref() == Some(&site.target);
    let walked = walk(context, site, route, proxy_failed).await;
    if is_clear {
        Box::pin(clear::checks(context, &walked)).await;
    }
    if (is_clear || is_secure) && walked.failed.is_none() {
        // Bodies go where the meter’s go: over TLS, or in the clear where there is nothing else.
        let with_bodies = is_secure || probe.secure.is_none();
        let bodies = async {
            if with_bodies {
                path::checks(context, &walked).await;
            }
        };
        Box::pin(join(media::checks(context, &walked, with_bodies), bodies)).await;
    } else if is_clear || is_secure {
        skipped(context, &walked, is_secure);
    }
    walked
}

fn skipped(context: &Context<'_>, walked: &Walked, is_secure: bool) {
    let Some(number) = walked.failed else { return };
    let about = walked.site.about(walked.site.authority(), walked.place.way());
    let bodies = [
        CheckId::HttpChunked,
        CheckId::HttpRange,
        CheckId::HttpUpload,
        CheckId::PathMtu,
        CheckId::PathIdle,
    ];
    let bodies = bodies.into_iter().filter(|_| is_secure || context.plan.probe.secure.is_none());
    for id in core::iter::once(CheckId::HttpMedia).chain(bodies) {
        context.recorder.note(id, &about, Outcome::because(number));
    }
}

/// What cannot be looked at without a probe server is said to be left out.
fn no_probe(context: &Context<'_>, walked: &[Walked]) {
    let probe = &context.plan.probe;
    let mut missing = Vec::new();
    if probe.clear.is_none() {
        missing.extend([CheckId::HttpTamper, CheckId::HttpRequestLine, CheckId::HttpHostMismatch]);
        if !walked.iter().any(|walked| walked.site.target.scheme == Scheme::Http) {
            missing.push(CheckId::Captive);
        }
    }
    if probe.clear.is_none() && probe.secure.is_none() {
        missing.extend([
            CheckId::HttpChunked,
            CheckId::HttpMedia,
            CheckId::HttpRange,
            CheckId::HttpUpload,
            CheckId::PathMtu,
            CheckId::PathIdle,
        ]);
    }
    for id in missing {
        let about = About::network("probe server", "direct");
        context.recorder.note(id, &about, Outcome::skip(Code::NotConfigured));
    }
}

/// What fills the line, one after the other.
async fn heavy(context: &Context<'_>, walked: &[Walked]) {
    let probe = &context.plan.probe;
    let at = |target: &Option<timbre_catalogue::Target>| {
        walked.iter().find(|walked| target.as_ref() == Some(&walked.site.target))
    };
    let (clear, secure) = (at(&probe.clear), at(&probe.secure));
    if context.recorder.wants(CheckId::HttpMedia) {
        for walked in [secure, clear].into_iter().flatten() {
            media::large_file(context, walked).await;
        }
    }
    let usable = |walked: &&Walked| walked.failed.is_none();
    let chosen = secure.filter(usable).or_else(|| clear.filter(usable)).or(secure).or(clear);
    bandwidth::checks(context, chosen).await;
}

/// The document’s own contradictions are no fault of the network: they are counted, not held against it.
fn catalogue_lint(plan: &Plan, recorder: &Recorder<'_>) {
    let findings = plan.catalogue.lint().len();
    let about = About::network(plan.catalogue.id(), "direct");
    let outcome = Outcome::pass().fact("findings", findings.to_string());
    recorder.note(CheckId::CatalogueLint, &about, outcome);
}

/// About how many checks there will be, for a progress bar.
fn estimate(known: &[Site], plan: &Plan) -> usize {
    let of_sites: usize = known.iter().map(|site| if site.is_secure() { 5 } else { 3 }).sum();
    let probes = [&plan.probe.clear, &plan.probe.secure].into_iter().flatten().count();
    of_sites + probes * 12 + 14
}
