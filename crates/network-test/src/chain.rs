//! One place from the bottom up: name, connection, TLS, answer. The first layer that fails is reported; those above it
//! refer to it and are not tried.

use core::net::IpAddr;

use futures_util::future::join_all;
use timbre_proxy::{ProxyError, Route};
use tokio::net::TcpStream;

use crate::context::{Context, Stream};
use crate::http::Place;
use crate::recorder::{About, Outcome};
use crate::site::Site;
use crate::tcp::Attempt;
use crate::tls::{Identity, Opened, product_named, trouble_of};
use crate::{CheckId, CheckNumber, Code, Confidence, Culprit, Roots};
use crate::{answer, names};

/// What is known of a place after its chain.
#[derive(Clone, Debug)]
pub(crate) struct Walked {
    pub(crate) site: Site,
    pub(crate) place: Place,
    /// The check that failed, if one did.
    pub(crate) failed: Option<CheckNumber>,
    /// Those of its addresses that nobody on the Internet has.
    pub(crate) false_addresses: Vec<IpAddr>,
    /// Its identity and the check that judged it.
    pub(crate) identity: Option<(Identity, CheckNumber)>,
    /// How far its clock is ahead, and whether it is surely its clock.
    pub(crate) clock: Option<(i64, bool)>,
    /// Where its answer sends: another host, and the check that saw it.
    pub(crate) sent_to: Option<(String, CheckNumber)>,
}

/// Walks one place; `proxy_failed` is the check that says why its proxy is of no use.
pub(crate) async fn walk(
    context: &Context<'_>,
    site: Site,
    route: Result<Route, ProxyError>,
    proxy_failed: Option<CheckNumber>,
) -> Walked {
    let base = if is_probe(context, &site) { site.target.path.clone() } else { "/".to_owned() };
    let destination = site.destination();
    let known = route.as_ref().cloned().unwrap_or(Route::Direct);
    let place = Place { destination, route: known, base };
    let mut walked = Walked {
        site,
        place,
        failed: proxy_failed,
        false_addresses: Vec::new(),
        identity: None,
        clock: None,
        sent_to: None,
    };
    if let Err(error) = route {
        let about = walked.site.about(walked.site.authority(), "pac");
        let outcome = Outcome::trouble(Code::PacUnusable).fact("error", error.english());
        walked.failed = Some(context.recorder.note(CheckId::ProxyPac, &about, outcome));
    }
    let stream = match (walked.failed, &walked.place.route) {
        (Some(_), _) => None,
        (None, Route::Direct) => direct(context, &mut walked).await,
        (None, Route::Proxy(_)) => through_proxy(context, &mut walked).await,
    };
    let stream = match stream {
        Some(stream) if walked.site.is_secure() => identity(context, &mut walked, stream).await,
        other => {
            skip_identity(context, &walked);
            other
        }
    };
    drop(stream);
    if walked.site.speaks_http() {
        answer::expect(context, &mut walked).await;
    }
    walked
}

pub(crate) fn is_probe(context: &Context<'_>, site: &Site) -> bool {
    let probe = &context.plan.probe;
    [&probe.clear, &probe.secure].into_iter().flatten().any(|target| *target == site.target)
}

pub(crate) fn about(walked: &Walked) -> About {
    walked.site.about(walked.site.authority(), walked.place.way())
}

/// Name and connection; the stream of the first address that answers.
async fn direct(context: &Context<'_>, walked: &mut Walked) -> Option<Stream> {
    let site = &walked.site;
    let draft = context.recorder.begin(CheckId::DnsLookup, &site.about(&site.host, "direct"));
    let (addresses, by) = match context.addresses(&site.host, site.port()).await {
        Ok(found) => found,
        Err(error) => {
            let who = match error.code {
                Code::NoResolver => (Culprit::ThisMachine, Confidence::Certain),
                Code::ResolverSilent => (Culprit::Firewall, Confidence::Possible),
                Code::NameNotFound | Code::NameWithoutAddress => {
                    (Culprit::Resolver, Confidence::Possible)
                }
                _ => (Culprit::Resolver, Confidence::Likely),
            };
            let outcome = Outcome::trouble(error.code).fact("said", error.said).blame(who.0, who.1);
            let number = context.recorder.end(draft, outcome);
            walked.failed = Some(number);
            let skipped = Outcome::because(number);
            context.recorder.note(CheckId::TcpConnect, &about(walked), skipped);
            return None;
        }
    };
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let outcome = Outcome::pass().fact("addresses", shown.join(", ")).private("resolver", by);
    context.recorder.end(draft, outcome);
    let draft = context.recorder.begin(CheckId::TcpConnect, &about(walked));
    let attempts = join_all(addresses.iter().map(|address| context.connect(*address))).await;
    let outcome = connected(&attempts);
    let failed = outcome.is_trouble();
    let number = context.recorder.end(draft, outcome);
    names::judge_addresses(context, &walked.site, &attempts);
    let ours = context.plan.catalogue.domain().is_some()
        || context.plan.addresses.contains_key(&(walked.site.host.clone(), walked.site.port()));
    walked.false_addresses = addresses
        .iter()
        .map(|address| address.ip())
        .filter(|address| names::is_false(*address, ours))
        .collect();
    if failed {
        walked.failed = Some(number);
    }
    let first = attempts.into_iter().find_map(|attempt| {
        let address = attempt.address;
        attempt.outcome.ok().map(|stream| (address, stream))
    });
    let (address, stream): (_, TcpStream) = first?;
    context.remember(&walked.site.host, walked.site.port(), address);
    Some(Box::new(stream))
}

/// What the connections to all addresses of a name come to. An IPv6 address counts only where nothing else does: a machine
/// without IPv6 reaches none.
fn connected(attempts: &[Attempt]) -> Outcome {
    let counted: Vec<&Attempt> = match attempts.iter().any(|attempt| attempt.address.is_ipv4()) {
        true => attempts.iter().filter(|attempt| attempt.address.is_ipv4()).collect(),
        false => attempts.iter().collect(),
    };
    let failed: Vec<_> =
        counted.iter().filter_map(|attempt| attempt.outcome.as_ref().err()).collect();
    let outcome = match failed.first() {
        None => Outcome::pass(),
        Some(_) if attempts.iter().any(|attempt| attempt.outcome.is_ok()) => {
            Outcome::warn(Code::SomeAddressesBlocked).blame(Culprit::Firewall, Confidence::Likely)
        }
        Some(error) if error.code == Code::CouldNotTest => Outcome::inconclusive(),
        Some(error) => {
            let (who, confidence) = error.blame();
            Outcome::trouble(error.code).blame(who, confidence)
        }
    };
    attempts.iter().fold(outcome, |outcome, attempt| {
        let said = match &attempt.outcome {
            Ok(_) => format!("{} connected in {} ms", attempt.address, attempt.took.as_millis()),
            Err(error) => {
                format!("{} {} after {} ms", attempt.address, error.said, attempt.took.as_millis())
            }
        };
        outcome.fact("address", said)
    })
}

/// The proxy finds the name and connects; whether it lets us go there is its answer to CONNECT.
async fn through_proxy(context: &Context<'_>, walked: &mut Walked) -> Option<Stream> {
    if !walked.site.is_secure() {
        // Carried request by request: the answer tells.
        return None;
    }
    let draft = context.recorder.begin(CheckId::ProxyConnect, &about(walked));
    match context.open(&walked.place.destination, &walked.place.route).await {
        Ok(stream) => {
            context.recorder.end(draft, Outcome::pass());
            Some(stream)
        }
        Err(trouble) => {
            let outcome =
                Outcome::trouble(trouble.code()).fact("said", trouble.to_string()).blame_named(
                    Culprit::Proxy,
                    Some(walked.place.route.to_string()),
                    Confidence::Certain,
                );
            walked.failed = Some(context.recorder.end(draft, outcome));
            None
        }
    }
}

fn skip_identity(context: &Context<'_>, walked: &Walked) {
    if let Some(number) = walked.failed
        && walked.site.is_secure()
    {
        context.recorder.note(CheckId::TlsIdentity, &about(walked), Outcome::because(number));
    }
}

async fn identity(context: &Context<'_>, walked: &mut Walked, stream: Stream) -> Option<Stream> {
    let about = about(walked);
    let draft = context.recorder.begin(CheckId::TlsIdentity, &about);
    if !context.authorities.can_judge() {
        let outcome = Outcome::inconclusive().fact("roots", "none can be read");
        walked.failed = Some(context.recorder.end(draft, outcome));
        return None;
    }
    let limit = context.plan.limits.handshake;
    let opened = match context.authorities.handshake(stream, &walked.site.host, limit).await {
        Ok(opened) => opened,
        Err(error) => {
            let outcome = Outcome::trouble(error.code).fact("said", error.said);
            let outcome = match error.code {
                Code::CouldNotTest => Outcome::inconclusive(),
                Code::TlsRefused => outcome.blame(Culprit::Unknown, Confidence::Possible),
                Code::TlsNotTls => outcome.blame(Culprit::WebFilter, Confidence::Likely),
                _ => outcome.blame(Culprit::WebFilter, Confidence::Possible),
            };
            walked.failed = Some(context.recorder.end(draft, outcome));
            return None;
        }
    };
    let Opened { stream, identity, version, is_oldest, suite } = opened;
    let outcome = judged(context, &walked.site, &identity)
        .facts(identity.facts())
        .fact("version", &version)
        .fact("suite", suite);
    let failed = outcome.is_trouble();
    let number = context.recorder.end(draft, outcome);
    walked.identity = Some((identity, number));
    if failed {
        walked.failed = Some(number);
        return None;
    }
    // Only of our own service is it known that it speaks the newest version.
    let own = is_probe(context, &walked.site) || context.plan.catalogue.domain().is_some();
    let outcome = if is_oldest && own {
        Outcome::warn(Code::TlsVersionLowered).blame(Culprit::TlsInspector, Confidence::Possible)
    } else {
        Outcome::pass()
    };
    context.recorder.note(CheckId::TlsVersion, &about, outcome.fact("version", version));
    Some(stream)
}

fn judged(context: &Context<'_>, site: &Site, identity: &Identity) -> Outcome {
    let product = product_named(&identity.issuer).map(str::to_owned);
    let pin_broken = context.plan.pins.get(&site.host).is_some_and(|pin| *pin != identity.key);
    let code = match trouble_of(identity) {
        Some(code) => code,
        None if pin_broken => Code::TlsUnknownIssuer,
        None => return Outcome::pass(),
    };
    let made_here =
        identity.key_is_its_authority() || (identity.machine_trusts && !identity.is_public);
    let outcome = match code {
        Code::TlsUnknownIssuer if made_here || product.is_some() => {
            let confidence = if made_here { Confidence::Certain } else { Confidence::Likely };
            let name = product.unwrap_or_else(|| identity.issuer.clone());
            Outcome::trouble(Code::TlsInspected).blame_named(
                Culprit::TlsInspector,
                Some(name),
                confidence,
            )
        }
        Code::TlsUnknownIssuer => Outcome::trouble(code).blame_named(
            Culprit::TlsInspector,
            Some(identity.issuer.clone()),
            Confidence::Possible,
        ),
        Code::TlsExpired | Code::TlsNotYetValid => {
            Outcome::trouble(code).blame(Culprit::ThisMachine, Confidence::Possible)
        }
        code => Outcome::trouble(code).blame(Culprit::WebFilter, Confidence::Possible),
    };
    let outcome = if pin_broken { outcome.fact("pin", "does not match") } else { outcome };
    match (&context.plan.roots, identity.is_public) {
        (Roots::Pem(_), true) => outcome.fact("roots", "a public authority, not the plan’s"),
        _ => outcome,
    }
}
