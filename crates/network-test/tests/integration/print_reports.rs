//! Fixed reports of fixed networks, as a run would write them: the same for ever, whatever the catalogue becomes.

use std::collections::BTreeMap;

use timbre_catalogue::{EndpointId, Group, Text};
use timbre_network_test::{
    Blame, CatalogueUsed, Check, CheckId, Code, Confidence, Culprit, Evidence, Overall, Report,
    Request, RequestedHost, SCHEMA, Service, Verdict,
};

/// Endpoint, heading, group, host, ports.
const ROWS: &[(&str, &str, Group, &str, &[u16])] = &[
    ("distributor.sign-in", "Distributeur", Group::Required, "distservp1.pb.com", &[443]),
    (
        "comet.funds",
        "Comet (gestion de fonds et recharges)",
        Group::Required,
        "cometservp1.pb.com",
        &[443],
    ),
    ("uploads.configuration", DOWNLOADS, Group::Required, "pbdlspp1.pb.com", &[443]),
    ("downloads.antivirus", DOWNLOADS, Group::Required, "pbgdspp1.pb.com", &[80]),
    ("downloads.files", DOWNLOADS, Group::Required, "pbgdspp1.pb.com", &[80, 443]),
    (
        "accounting.application",
        "Gérer les comptes (Application Web de comptabilité)",
        Group::Required,
        "mailwebvis.pb.com",
        &[443],
    ),
    ("help.online", "Aide en ligne", Group::Required, "support.pb.com", &[80, 443]),
    (
        "web.address-verification",
        "Vérification de l'adresse (nettoyage des adresses)",
        Group::OptionalOn,
        "adv.pb.com",
        &[443],
    ),
    ("web.tracking", "Suivre un envoi", Group::OptionalOn, "pb.boxoh.com", &[80]),
];
const DOWNLOADS: &str = "Tarifs et mises à jour (Services de téléchargement)";

/// A report in the making: a network where everything works, then what is wrong with it.
pub(crate) struct Network {
    report: Report,
}

impl Network {
    fn new(id: &str) -> Network {
        let mut report = Report {
            schema: SCHEMA.to_owned(),
            id: id.to_owned(),
            tool: "timbre 0.1.0".to_owned(),
            started: "2026-11-24T13:05:09Z".parse().unwrap(),
            took_ms: 3_480,
            catalogue: CatalogueUsed {
                id: "connect-plus-sendpro-p".to_owned(),
                version: "2026112401".to_owned(),
                title: Text::new(
                    "Connect+ / SendPro P — Spécifications techniques de mise en réseau",
                    "Connect+ / SendPro P — Network technical specifications",
                ),
            },
            way: "direct".to_owned(),
            resolvers: vec!["10.20.0.53".to_owned()],
            verdict: Overall::Ready,
            services: Vec::new(),
            checks: Vec::new(),
            requests: Vec::new(),
        };
        whole_network(&mut report.checks);
        for (id, section, group, host, ports) in ROWS {
            let id: EndpointId = id.parse().unwrap();
            service(&mut report.services, &id, section, *group);
            for check in checks_of(host, ports) {
                enter(&mut report.checks, check, &id, *group == Group::Required);
            }
        }
        Network { report }
    }

    /// Changes every check of a kind whose target begins so.
    fn fault(mut self, id: CheckId, target: &str, change: impl Fn(&mut Check)) -> Network {
        let found = self.report.checks.iter_mut().filter(|check| check.id == id);
        let mut found: Vec<_> = found.filter(|check| check.target.starts_with(target)).collect();
        assert!(!found.is_empty(), "{id} of {target} is in the report");
        found.iter_mut().for_each(|check| change(check));
        self
    }

    fn asking(mut self, mut request: Request) -> Network {
        let proves = |check: &&Check| {
            let blamed = check.blame.as_ref().is_some_and(|blame| blame.who == request.who);
            check.code == Some(request.code) && blamed
        };
        request.checks =
            self.report.checks.iter().filter(proves).map(|check| check.number).collect();
        assert!(!request.checks.is_empty(), "nothing is asked for without a proof");
        self.report.requests.push(request);
        self
    }

    /// The finished report: the verdicts of services and of the whole follow from the checks.
    fn finish(mut self) -> Report {
        let weight = |verdict| match verdict {
            Verdict::Fail => 4,
            Verdict::Warn => 3,
            Verdict::Inconclusive => 2,
            Verdict::Pass => 1,
            _ => 0,
        };
        for service in &mut self.report.services {
            let checks = self.report.checks.iter();
            let checks: Vec<_> = checks
                .filter(|check| check.endpoints.iter().any(|id| service.endpoints.contains(id)))
                .collect();
            service.checks = checks.iter().map(|check| check.number).collect();
            service.verdict = checks.iter().map(|c| c.verdict).max_by_key(|v| weight(*v)).unwrap();
        }
        let worst = self.report.checks.iter().map(|c| weight(c.verdict)).max();
        self.report.verdict = match worst {
            Some(4) => Overall::NotReady,
            Some(2 | 3) => Overall::ReadyWithWarnings,
            _ => Overall::Ready,
        };
        self.report
    }
}

fn fact(name: &str, value: &str) -> Evidence {
    Evidence { name: name.to_owned(), value: value.to_owned(), private: false }
}

fn private(name: &str, value: &str) -> Evidence {
    Evidence { private: true, ..fact(name, value) }
}

fn check(id: CheckId, target: &str, evidence: Vec<Evidence>) -> Check {
    Check {
        number: 0,
        id,
        endpoints: Vec::new(),
        required: true,
        target: target.to_owned(),
        way: "direct".to_owned(),
        verdict: Verdict::Pass,
        code: None,
        because: None,
        evidence,
        blame: None,
        at_ms: 0,
        took_ms: 24,
    }
}

fn whole_network(checks: &mut Vec<Check>) {
    let resolver = |id, facts: Vec<Evidence>| check(id, "10.20.0.53", facts);
    let whole = [
        resolver(CheckId::DnsUdp, vec![fact("answers", "512, 1232 bytes")]),
        resolver(CheckId::DnsTcp, vec![fact("answer", "3312 bytes")]),
        resolver(CheckId::DnsTruncation, vec![fact("retry", "TCP")]),
        resolver(CheckId::DnsHijack, Vec::new()),
        resolver(CheckId::DnsWildcard, vec![fact("answer", "NXDOMAIN")]),
        check(CheckId::Captive, "http://network-test.example.com/", vec![fact("status", "200")]),
        check(
            CheckId::BandwidthDown,
            "network-test.example.com:443",
            vec![fact("kbit-per-second", "18400")],
        ),
        check(
            CheckId::BandwidthUp,
            "network-test.example.com:443",
            vec![fact("kbit-per-second", "9100")],
        ),
        check(CheckId::PathMtu, "network-test.example.com:443", vec![fact("mss", "1448")]),
        check(CheckId::Clock, "network-test.example.com:443", vec![fact("offset-ms", "120")]),
    ];
    for (number, check) in (1..).zip(whole) {
        checks.push(Check { number, took_ms: 180, ..check });
    }
}

fn service(services: &mut Vec<Service>, id: &EndpointId, section: &str, group: Group) {
    match services.iter_mut().find(|service| service.section == section) {
        Some(service) => service.endpoints.push(id.clone()),
        None => services.push(Service {
            id: id.service().to_owned(),
            section: section.to_owned(),
            group,
            endpoints: vec![id.clone()],
            verdict: Verdict::Pass,
            checks: Vec::new(),
        }),
    }
}

fn checks_of(host: &str, ports: &[u16]) -> Vec<Check> {
    let mut checks = vec![check(
        CheckId::DnsLookup,
        host,
        vec![fact("addresses", "199.231.44.10, 199.231.44.11")],
    )];
    for port in ports {
        let target = format!("{host}:{port}");
        checks.push(check(CheckId::TcpConnect, &target, vec![fact("address", "199.231.44.10")]));
        if *port == 443 {
            checks.push(check(
                CheckId::TlsIdentity,
                &target,
                vec![
                    fact("version", "TLSv1.3"),
                    fact("issuer", "CN=DigiCert TLS RSA SHA256 2020 CA1, O=DigiCert Inc, C=US"),
                ],
            ));
        }
        checks.push(check(CheckId::HttpExpect, &target, vec![fact("status", "200")]));
    }
    checks
}

/// One check speaks for every endpoint of its target.
fn enter(checks: &mut Vec<Check>, check: Check, endpoint: &EndpointId, required: bool) {
    let same = |one: &&mut Check| one.id == check.id && one.target == check.target;
    if let Some(known) = checks.iter_mut().find(same) {
        known.endpoints.push(endpoint.clone());
        return;
    }
    let number = u32::try_from(checks.len()).unwrap() + 1;
    let at_ms = u64::from(number) * 7;
    checks.push(Check { number, endpoints: vec![endpoint.clone()], required, at_ms, ..check });
}

fn wrong(check: &mut Check, verdict: Verdict, code: Code, who: Culprit, confidence: Confidence) {
    check.verdict = verdict;
    check.code = Some(code);
    check.blame = Some(Blame { layer: code.layer(), who, name: None, confidence });
}

fn request(code: Code, who: Culprit, fr: &str, en: &str) -> Request {
    Request {
        code,
        required: true,
        who,
        name: None,
        text: Text::new(fr.to_owned(), en.to_owned()),
        hosts: Vec::new(),
        endpoints: Vec::new(),
        checks: Vec::new(),
    }
}

fn host(host: &str, ports: &[u16]) -> RequestedHost {
    let addresses = vec!["199.231.44.10".to_owned(), "199.231.44.11".to_owned()];
    RequestedHost { host: host.to_owned(), ports: ports.to_vec(), addresses }
}

fn endpoints(names: &[&str]) -> Vec<EndpointId> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// Everything works.
pub(crate) fn healthy() -> Report {
    Network::new("nt-2026-11-24-7f3a9c").finish()
}

/// A TLS inspection remakes the certificates of all hosts but one; a web filter cuts an optional one.
pub(crate) fn tls_inspection() -> Report {
    let inspector = "Example Corp TLS Inspection CA";
    let mut network = Network::new("nt-2026-11-24-b81e02");
    for name in ["distservp1.pb.com", "cometservp1.pb.com", "pbdlspp1.pb.com", "mailwebvis.pb.com"]
    {
        network = network
            .fault(CheckId::TlsIdentity, name, |check| {
                wrong(check, Verdict::Fail, Code::TlsInspected, Culprit::TlsInspector, Confidence::Certain);
                check.blame.as_mut().unwrap().name = Some(inspector.to_owned());
                check.evidence = vec![
                    fact("version", "TLSv1.2"),
                    private("issuer", "CN=Example Corp TLS Inspection CA, O=Example Corp & Sons <IT>"),
                    fact("public-roots", "unknown issuer"),
                    fact("machine-roots", "trusted"),
                    fact("leaf-key", "sha256 73bbf37fae09e1b1c7d2f4c55f3a99c4a0b7e1c0d5e6f7a8b9c0d1e2f3a4b5c6, the same at 4 hosts"),
                ];
            })
            .fault(CheckId::HttpExpect, name, |check| {
                check.verdict = Verdict::Skip;
                check.code = Some(Code::NotTestedLowerLayer);
                check.because = Some(13);
                check.evidence = Vec::new();
            });
    }
    let inspected = Request {
        name: Some(inspector.to_owned()),
        hosts: ["distservp1.pb.com", "cometservp1.pb.com", "pbdlspp1.pb.com", "mailwebvis.pb.com"]
            .map(|name| host(name, &[443]))
            .to_vec(),
        endpoints: endpoints(&[
            "distributor.sign-in",
            "comet.funds",
            "uploads.configuration",
            "accounting.application",
        ]),
        ..request(
            Code::TlsInspected,
            Culprit::TlsInspector,
            "Exemptez ces hôtes de l’inspection TLS\u{a0}: la machine n’accepte que le certificat du service lui-même.",
            "Exempt these hosts from TLS inspection: the machine accepts only the service’s own certificate.",
        )
    };
    network
        .fault(CheckId::TlsIdentity, "adv.pb.com", |check| {
            wrong(
                check,
                Verdict::Warn,
                Code::TlsResetAfterHello,
                Culprit::WebFilter,
                Confidence::Likely,
            );
            check.required = false;
            check.evidence = vec![fact("error", "end of file after ClientHello")];
        })
        .asking(inspected)
        .asking(Request {
            required: false,
            hosts: vec![host("adv.pb.com", &[443])],
            endpoints: endpoints(&["web.address-verification"]),
            ..request(
                Code::TlsResetAfterHello,
                Culprit::WebFilter,
                "Autorisez cet hôte dans le filtre web\u{a0}: il est coupé dès que son nom est vu.",
                "Allow this host in the web filter: it is cut as soon as its name is seen.",
            )
        })
        .finish()
}

/// TCP 53 is closed, and one address of a host is dropped; both by the firewall.
pub(crate) fn dns_tcp_blocked() -> Report {
    Network::new("nt-2026-11-24-0d44e1")
        .fault(CheckId::DnsTcp, "", |check| {
            wrong(check, Verdict::Fail, Code::DnsTcpBlocked, Culprit::Firewall, Confidence::Likely);
            check.evidence = vec![fact("udp", "answer in 9 ms"), fact("tcp", "no answer in 5 s")];
            check.took_ms = 5_003;
        })
        .fault(CheckId::DnsTruncation, "", |check| {
            check.verdict = Verdict::Skip;
            check.code = Some(Code::NotTestedLowerLayer);
            check.because = Some(2);
        })
        .fault(CheckId::TcpConnect, "pbgdspp1.pb.com:80", |check| {
            wrong(
                check,
                Verdict::Warn,
                Code::SomeAddressesBlocked,
                Culprit::Firewall,
                Confidence::Likely,
            );
            check.evidence =
                vec![fact("reached", "199.231.44.10"), fact("dropped", "199.231.44.11")];
        })
        .asking(request(
            Code::DnsTcpBlocked,
            Culprit::Firewall,
            "Ouvrez le port 53 TCP, et pas seulement UDP, de la machine vers 10.20.0.53.",
            "Open port 53 TCP, not only UDP, from the machine to 10.20.0.53.",
        ))
        .finish()
}

/// A proxy on the inside refuses the machine’s name and password; its names are nobody else’s business.
pub(crate) fn proxy_refuses() -> Report {
    let way = "proxy proxy.corp.example:3128";
    let mut network = Network::new("nt-2026-11-24-55aa10");
    network.report.way = way.to_owned();
    let mut checks = BTreeMap::new();
    for check in &mut network.report.checks {
        if check.endpoints.is_empty() {
            continue;
        }
        check.way = way.to_owned();
        if check.id == CheckId::TcpConnect {
            check.id = CheckId::ProxyAuth;
            wrong(
                check,
                Verdict::Fail,
                Code::ProxyCredentialsRefused,
                Culprit::Proxy,
                Confidence::Certain,
            );
            check.evidence = vec![
                private("proxy", "proxy.corp.example:3128"),
                private("addresses", "10.20.0.80, 10.20.0.81"),
                private("user", "meter-0001@CORP.EXAMPLE"),
                fact("offered", "Negotiate, Basic"),
                fact(
                    "answer",
                    "407 from proxy.corp.example (10.20.0.80) for meter-0001@CORP.EXAMPLE",
                ),
            ];
            checks.insert(check.target.clone(), check.number);
        }
    }
    for check in &mut network.report.checks {
        if let Some(because) = checks.get(&check.target).filter(|_| check.id != CheckId::ProxyAuth)
        {
            check.verdict = Verdict::Skip;
            check.code = Some(Code::NotTestedLowerLayer);
            check.because = Some(*because);
            check.evidence.clear();
        }
    }
    let mut refused = request(
        Code::ProxyCredentialsRefused,
        Culprit::Proxy,
        "Corrigez le compte de la machine auprès de proxy.corp.example, ou exemptez-la de l’authentification.",
        "Correct the machine’s account at proxy.corp.example, or exempt it from authentication.",
    );
    refused.name = Some("proxy.corp.example".to_owned());
    network.asking(refused).finish()
}

/// Every fixed report by its name.
pub(crate) fn all() -> [(&'static str, Report); 4] {
    [
        ("healthy", healthy()),
        ("tls-inspection", tls_inspection()),
        ("dns-tcp-blocked", dns_tcp_blocked()),
        ("proxy-refuses", proxy_refuses()),
    ]
}
