//! The proxies that the settings lead to: whether each is there, whom it wants to know, and whether the network offers one
//! to whoever asks (REQ NET-9). Credentials go to the proxy and to nobody else.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::{join, join_all};
use timbre_proxy::{Account, Destination, ProxyAddress, ProxyError, ProxySettings, Route, tunnel};
use tokio::time::timeout;

use crate::context::{Context, Trouble, proxy_code};
use crate::http::{Asked, Place};
use crate::recorder::{About, Outcome};
use crate::site::Site;
use crate::{CheckId, CheckNumber, Code, Confidence, Culprit};

/// A site and the route to it.
pub(crate) type Routed = (Site, Result<Route, ProxyError>);

/// Checks every proxy that some route leads to; for those that are of no use, the check that says why.
pub(crate) async fn checks(
    context: &Context<'_>,
    routed: &[Routed],
) -> HashMap<ProxyAddress, CheckNumber> {
    script(context, routed);
    let mut proxies: Vec<(&ProxyAddress, &Site)> = Vec::new();
    for (site, route) in routed {
        let Ok(Route::Proxy(proxy)) = route else { continue };
        match proxies.iter_mut().find(|(known, _)| *known == proxy) {
            // What is asked through it says most over TLS.
            Some((_, asked)) if site.is_secure() && !asked.is_secure() => *asked = site,
            Some(_) => {}
            None => proxies.push((proxy, site)),
        }
    }
    let each = proxies.into_iter().map(|(proxy, site)| async move {
        one(context, proxy, site).await.map(|number| (proxy.clone(), number))
    });
    join_all(each).await.into_iter().flatten().collect()
}

/// The script of the settings, when there is one.
fn script(context: &Context<'_>, routed: &[Routed]) {
    let ProxySettings::Pac(source) = &context.plan.proxy else { return };
    let about = About::network(source.to_string(), "pac");
    let outcome = match &context.ways {
        Err(error) => Outcome::trouble(Code::PacUnusable).fact("error", error.english()),
        Ok(_) => {
            let routes = routed.iter().filter_map(|(site, route)| {
                Some(format!("{} {}", site.authority(), route.as_ref().ok()?))
            });
            routes.fold(Outcome::pass(), |outcome, route| outcome.private("route", route))
        }
    };
    context.recorder.note(CheckId::ProxyPac, &about, outcome);
}

/// One proxy, asked for one site; the check that failed, if one did.
async fn one(context: &Context<'_>, proxy: &ProxyAddress, site: &Site) -> Option<CheckNumber> {
    let about = About::network(proxy.to_string(), "direct");
    let found = context.recorder.begin(CheckId::ProxyFound, &about);
    let auth = context.recorder.begin(CheckId::ProxyAuth, &about);
    let connected = match context.connect_to(proxy.host(), proxy.port()).await {
        Ok(stream) => {
            if let Ok(address) = stream.peer_addr() {
                context.remember(proxy.host(), proxy.port(), address);
            }
            Ok(())
        }
        Err(trouble) => Err(trouble),
    };
    if let Err(trouble) = connected {
        let outcome = Outcome::trouble(Code::ProxyUnreachable)
            .private("proxy", proxy.to_string())
            .fact("said", trouble.to_string())
            .blame(Culprit::Proxy, Confidence::Possible);
        let number = context.recorder.end(found, outcome);
        context.recorder.end(auth, Outcome::because(number));
        return Some(number);
    }
    let asked = ask(context, proxy, &site.destination()).await;
    let misbehaves = match &asked {
        Err(error) if proxy_code(error) == Code::ProxyMisbehaves => Some(error.english()),
        Err(ProxyError::Unreachable { reason, .. }) => Some(reason.clone()),
        _ => None,
    };
    if let Some(said) = misbehaves {
        let outcome = Outcome::trouble(Code::ProxyMisbehaves)
            .private("proxy", proxy.to_string())
            .fact("said", said)
            .blame(Culprit::Proxy, Confidence::Likely);
        let number = context.recorder.end(found, outcome);
        context.recorder.end(auth, Outcome::because(number));
        return Some(number);
    }
    context.recorder.end(found, Outcome::pass().private("proxy", proxy.to_string()));
    let outcome = authentication(&asked);
    let failed = outcome.is_trouble();
    let number = context.recorder.end(auth, outcome);
    failed.then_some(number)
}

async fn ask(
    context: &Context<'_>,
    proxy: &ProxyAddress,
    destination: &Destination,
) -> Result<Account, ProxyError> {
    if !destination.is_secure() {
        // A proxy that only carries requests is asked by the first of them.
        let place = Place {
            destination: destination.clone(),
            route: Route::Proxy(proxy.clone()),
            base: "/".to_owned(),
        };
        return match context.exchange(&place, Asked::get("/")).await {
            Ok(answer) => Ok(answer.account),
            Err(Trouble::Proxy(error)) => Err(error),
            Err(trouble) => {
                Err(ProxyError::Closed { proxy: proxy.clone(), reason: trouble.to_string() })
            }
        };
    }
    let opened = tunnel(|| context.dial(proxy), proxy, destination, &context.credentials);
    match timeout(context.tunnel_limit(), opened).await {
        Ok(tunnel) => tunnel.map(|tunnel| tunnel.account().clone()),
        Err(_) => {
            Err(ProxyError::Closed { proxy: proxy.clone(), reason: "no answer in time".to_owned() })
        }
    }
}

/// What was asked of us. That the destination is refused is no matter of who we are.
fn authentication(asked: &Result<Account, ProxyError>) -> Outcome {
    match asked {
        Ok(account) => {
            let used = account.used.map_or("none", |scheme| scheme.as_str());
            Outcome::pass()
                .fact("schemes-offered", account.offered.join(", "))
                .fact("scheme-used", used)
        }
        Err(error) => {
            let offered = match error {
                ProxyError::CredentialsMissing { offered, .. }
                | ProxyError::NoScheme { offered, .. } => offered.join(", "),
                ProxyError::CredentialsRefused { scheme, .. } => scheme.to_string(),
                _ => return Outcome::pass().fact("said", error.english()),
            };
            Outcome::trouble(proxy_code(error))
                .fact("schemes-offered", offered)
                .blame(Culprit::Proxy, Confidence::Certain)
        }
    }
}

/// Whether the name that every browser looks for its proxy under exists here.
pub(crate) async fn wpad(context: &Context<'_>) {
    if !context.recorder.wants(CheckId::ProxyWpad) {
        return;
    }
    let names: Vec<String> = match &context.plan.probe.wpad {
        Some(name) => vec![name.clone()],
        None => context.dns.search.iter().map(|domain| format!("wpad.{domain}")).collect(),
    };
    if names.is_empty() {
        let about = About::network("wpad", "direct");
        context.recorder.note(CheckId::ProxyWpad, &about, Outcome::skip(Code::NotConfigured));
    }
    join_all(names.iter().map(|name| one_wpad(context, name))).await;
}

async fn one_wpad(context: &Context<'_>, name: &str) {
    let about = About::network(name, "direct");
    let draft = context.recorder.begin(CheckId::ProxyWpad, &about);
    let fetched = async {
        let destination = Destination::http(name, 80).ok()?;
        let place = Place { destination, route: Route::Direct, base: "/".to_owned() };
        let limit = Duration::from_secs(3);
        let answer = timeout(limit, context.exchange(&place, Asked::get("/wpad.dat"))).await;
        Some(answer.ok()?.ok()?.body)
    };
    let (found, script) = join(context.dns.lookup(name), fetched).await;
    let outcome = match found {
        Err(_) => Outcome::pass(),
        Ok(found) => {
            let addresses: Vec<String> = found.addresses.iter().map(ToString::to_string).collect();
            let is_script = script
                .is_some_and(|body| String::from_utf8_lossy(&body).contains("FindProxyForURL"));
            Outcome::warn(Code::WpadPresent)
                .private("addresses", addresses.join(", "))
                .fact("script-served", is_script.to_string())
                .blame(Culprit::Resolver, Confidence::Possible)
        }
    };
    context.recorder.end(draft, outcome);
}
