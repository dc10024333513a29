//! A whole small internet on loopback, healthy until told otherwise, and a run of the network test in it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use timbre_catalogue::Catalogue;
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys};
use timbre_network_test::{
    Check, CheckId, Code, DnsSample, DnsSamples, Limits, Plan, Report, Roots, SampleKind, Verdict,
    run,
};

use super::authority::{Authority, Validity};
use super::dns_server::{DnsServer, Says};
use super::origin::{Hello, Origin};

pub(super) const COMET: &str = "comet.town.test";
pub(super) const HELP: &str = "help.town.test";
pub(super) const PROBE: &str = "network-test.town.test";
pub(super) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Loopback, and nothing of this machine listens there.
pub(super) const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 77, 7, 7));

pub(super) struct Town {
    pub(super) authority: Authority,
    pub(super) keys: Arc<MemoryKeys>,
    pub(super) dns: DnsServer,
    /// A required service by HTTPS.
    pub(super) comet: Origin,
    /// An optional service in the clear.
    pub(super) help: Origin,
    pub(super) clear: Origin,
    pub(super) secure: Origin,
}

impl Town {
    pub(super) async fn healthy() -> Town {
        let authority = Authority::named("Town Root");
        let keys = Arc::new(MemoryKeys::generate(&[KeyRole::Distributor]).unwrap());
        let tls = authority.server(&[COMET, PROBE], Validity::Now);
        let dns = DnsServer::start().await;
        for name in [COMET, HELP, PROBE] {
            dns.say(name, Says::Addresses(vec![HOME]));
        }
        dns.say("medium.town.test", Says::Text(750));
        dns.say("long.town.test", Says::Text(3_300));
        Town {
            comet: Origin::start(Hello::Tls(tls.clone()), keys.clone()).await,
            help: Origin::start(Hello::Clear, keys.clone()).await,
            clear: Origin::start(Hello::Clear, keys.clone()).await,
            secure: Origin::start(Hello::Tls(tls), keys.clone()).await,
            authority,
            keys,
            dns,
        }
    }

    pub(super) fn catalogue(&self) -> Catalogue {
        let row = |id: &str, group: &str, url: String| {
            format!(
                "[[endpoint]]\nid = \"{id}\"\nsection = \"{id}\"\npurpose.fr = \"essai\"\n\
                 purpose.en = \"trial\"\ngroup = \"{group}\"\ndefault = \"on\"\n\
                 printed.urls = [\"{url}\"]\nuses = [\"{url}\"]\n"
            )
        };
        let place = |scheme: &str, host: &str, origin: &Origin, path: &str| {
            format!("{scheme}://{host}:{}{path}", origin.address.port())
        };
        let text = [
            "id = \"town\"\nversion = 2026112401\neffective_from = \"2026-11-24\"\n\
             title.fr = \"ville\"\ntitle.en = \"town\"\nlet_out = [80, 443, 53]\n"
                .to_owned(),
            row("comet.refill", "required", place("https", COMET, &self.comet, "/comet/v1/refill")),
            row("help.pages", "optional-on", place("http", HELP, &self.help, "/")),
            row(
                "network-test.clear",
                "network-test",
                place("http", PROBE, &self.clear, "/network-test/v1/"),
            ),
            row(
                "network-test.secure",
                "network-test",
                place("https", PROBE, &self.secure, "/network-test/v1/"),
            ),
            row("dns.lookup", "required", "dns://*".to_owned()),
        ];
        Catalogue::read("town.toml", &text.concat()).unwrap()
    }

    pub(super) fn places(&self) -> [(&'static str, &Origin); 4] {
        [(COMET, &self.comet), (HELP, &self.help), (PROBE, &self.clear), (PROBE, &self.secure)]
    }

    pub(super) fn plan(&self) -> Plan {
        let sample = |name: &str| DnsSample { name: name.to_owned(), kind: SampleKind::Txt };
        let mut plan = Plan::new(self.catalogue());
        plan.resolvers = vec![self.dns.address];
        plan.roots = Roots::Pem(self.authority.pem.clone().into_bytes());
        plan.probe.key = Some(self.keys.public_key(KeyRole::Distributor).unwrap());
        plan.probe.nobody = NOBODY;
        plan.probe.dns = Some(DnsSamples {
            medium: sample("medium.town.test."),
            long: sample("long.town.test."),
        });
        plan.probe.wpad = Some("wpad.town.test".to_owned());
        // No service of the Internet lives on loopback: the plan has to say that these do.
        for (host, origin) in self.places() {
            let port = origin.address.port();
            plan.addresses.insert((host.to_owned(), port), origin.address);
        }
        plan.limits = Limits {
            dns: Duration::from_millis(600),
            connect: Duration::from_millis(1_500),
            handshake: Duration::from_millis(1_500),
            answer: Duration::from_millis(2_500),
            nobody: Duration::from_millis(300),
            bandwidth: Duration::from_secs(3),
            ..Limits::default()
        };
        plan
    }

    /// Everything, with names from the resolver.
    pub(super) async fn test(&self) -> Report {
        self.test_as(by_name).await
    }

    /// Everything but the line, with names from the resolver.
    pub(super) async fn test_by_name(&self) -> Report {
        self.test_as(|plan| {
            without_line(plan);
            by_name(plan);
        })
        .await
    }

    /// Everything but the line, which takes its time.
    pub(super) async fn test_light(&self) -> Report {
        self.test_as(without_line).await
    }

    pub(super) async fn test_as(&self, change: impl FnOnce(&mut Plan)) -> Report {
        let mut plan = self.plan();
        change(&mut plan);
        run(&plan, &|_| {}).await
    }
}

/// The resolver says where everything is.
pub(super) fn by_name(plan: &mut Plan) {
    plan.addresses.clear();
}

/// Leaves out what fills the line.
pub(super) fn without_line(plan: &mut Plan) {
    let line = [CheckId::BandwidthDown, CheckId::BandwidthUp, CheckId::BandwidthLatency];
    plan.only = CheckId::ALL.iter().copied().filter(|id| !line.contains(id)).collect();
}

/// Everything that is wrong in a report: check, code, and what it speaks of.
pub(super) fn wrong(report: &Report) -> Vec<(CheckId, Code, &str)> {
    report
        .checks
        .iter()
        .filter(|check| !matches!(check.verdict, Verdict::Pass | Verdict::Skip))
        .map(|check| (check.id, check.code.unwrap(), check.target.as_str()))
        .collect()
}

/// The codes of what is wrong, each once.
pub(super) fn codes(report: &Report) -> BTreeSet<Code> {
    wrong(report).into_iter().map(|(_, code, _)| code).collect()
}

/// The only check of this kind about this place.
pub(super) fn check<'a>(report: &'a Report, id: CheckId, place: &str) -> &'a Check {
    let found: Vec<&Check> = report
        .checks
        .iter()
        .filter(|check| check.id == id && check.target.contains(place))
        .collect();
    assert!(!found.is_empty(), "no {id} about {place}");
    let worst = found.iter().find(|check| check.verdict != Verdict::Pass);
    worst.copied().unwrap_or(found[0])
}
