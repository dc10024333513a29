//! What a run is asked to do: which catalogue, which of its endpoints, by which way, against which probe targets and
//! within which limits. Every target that is spoken to is named here or in the catalogue.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use timbre_catalogue::{Catalogue, Group, Target};
use timbre_key_store::PublicKey;
use timbre_proxy::{Credentials, NoProxy, ProxySettings};

use crate::CheckId;

/// A run, before it starts. Make one with [`Plan::new`] and change what differs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The destinations.
    pub catalogue: Catalogue,
    /// The groups of endpoints that are tested.
    pub groups: BTreeSet<Group>,
    /// The checks that are made; all of them when none is named.
    pub only: BTreeSet<CheckId>,
    /// The proxy, when there is one.
    pub proxy: ProxySettings,
    /// Hosts that are reached without it.
    pub no_proxy: NoProxy,
    /// What is shown to the proxy, and to nobody else.
    pub credentials: Credentials,
    /// The DNS servers; those of the system when none is named.
    pub resolvers: Vec<SocketAddr>,
    /// Where a host and port really are, when no DNS knows it: a demonstration on one machine.
    pub addresses: BTreeMap<(String, u16), SocketAddr>,
    /// What the network as a whole is probed with.
    pub probe: Probe,
    /// The authorities whose certificates are genuine.
    pub roots: Roots,
    /// For a host, the only key its certificate may have: SHA-256 of its SubjectPublicKeyInfo.
    pub pins: BTreeMap<String, [u8; 32]>,
    /// How long is waited.
    pub limits: Limits,
    /// The bandwidth that is enough, and the one that is recommended (REQ NET-5), in kbit/s.
    pub bandwidth: (u32, u32),
}

impl Plan {
    /// The usual run against a catalogue: what is required and what is on by default, without a proxy, with the
    /// system’s DNS servers. The probe server is the catalogue’s own, where it has one.
    #[must_use]
    pub fn new(catalogue: Catalogue) -> Plan {
        let probe = Probe::of(&catalogue);
        Plan {
            catalogue,
            groups: BTreeSet::from([Group::Required, Group::OptionalOn, Group::NetworkTest]),
            only: BTreeSet::new(),
            proxy: ProxySettings::None,
            no_proxy: NoProxy::default(),
            credentials: Credentials::none(),
            resolvers: Vec::new(),
            addresses: BTreeMap::new(),
            probe,
            roots: Roots::Public,
            pins: BTreeMap::new(),
            limits: Limits::default(),
            bandwidth: (384, 1000),
        }
    }
}

/// What the network as a whole is probed with.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The base URL of a probe server over HTTP in the clear.
    pub clear: Option<Target>,
    /// The base URL of a probe server over HTTPS.
    pub secure: Option<Target>,
    /// The key that signs the services’ answers to a challenge; without it an answer is judged by its form.
    pub key: Option<PublicKey>,
    /// An address where nothing listens: what answers there stands on the path.
    pub nobody: IpAddr,
    /// Parents under which a random name is sure not to exist.
    pub nonexistent: Vec<String>,
    /// Names whose DNS answers are long; none where the check is left out.
    pub dns: Option<DnsSamples>,
    /// The name that any WPAD server would have, such as `wpad.example.org`; found from the system’s search domains
    /// when none is given.
    pub wpad: Option<String>,
}

impl Probe {
    /// The probe server that a catalogue names, and the usual targets beside it.
    #[must_use]
    pub fn of(catalogue: &Catalogue) -> Probe {
        let row = |id: &str| {
            let id = id.parse().expect("invariant: the id is written as one");
            catalogue.get(&id).map(|endpoint| endpoint.target().clone())
        };
        Probe {
            clear: row("network-test.clear"),
            secure: row("network-test.secure"),
            key: None,
            // TEST-NET-1 (RFC 5737): never assigned to anybody.
            nobody: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            nonexistent: vec!["invalid".to_owned(), "com".to_owned()],
            // Our own deployment may have no DNS at all, and no long names in it.
            dns: catalogue.domain().is_none().then(DnsSamples::public),
            wpad: None,
        }
    }
}

/// Names whose DNS answers have a known kind of length.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DnsSamples {
    /// Between 512 and 1232 bytes.
    pub medium: DnsSample,
    /// Well over 1232 bytes.
    pub long: DnsSample,
}

impl DnsSamples {
    /// Public names: the keys of the root zone (about 1 kB), and a company with much to say in its TXT records.
    #[must_use]
    pub fn public() -> DnsSamples {
        DnsSamples {
            medium: DnsSample { name: ".".to_owned(), kind: SampleKind::Dnskey },
            long: DnsSample { name: "microsoft.com.".to_owned(), kind: SampleKind::Txt },
        }
    }
}

/// One such name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DnsSample {
    /// The name.
    pub name: String,
    /// What is asked about it.
    pub kind: SampleKind,
}

/// The kind of record that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SampleKind {
    /// Free text.
    Txt,
    /// The keys of a zone.
    Dnskey,
}

/// The authorities whose certificates are genuine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Roots {
    /// The public ones, compiled in: what this machine was told to trust besides does not count.
    Public,
    /// These certificates only, in PEM.
    Pem(Vec<u8>),
}

/// How long is waited, and how much is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// For one DNS answer.
    pub dns: Duration,
    /// For one TCP connection.
    pub connect: Duration,
    /// For one TLS handshake.
    pub handshake: Duration,
    /// For one HTTP answer.
    pub answer: Duration,
    /// For a connection to nobody: what answers in its place does so at once.
    pub nobody: Duration,
    /// For each direction of the bandwidth measurement.
    pub bandwidth: Duration,
    /// How long a connection is held idle; zero leaves that check out.
    pub idle: Duration,
    /// How many connections are open at once.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            dns: Duration::from_secs(2),
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            nobody: Duration::from_secs(2),
            bandwidth: Duration::from_secs(8),
            idle: Duration::ZERO,
            connections: 64,
        }
    }
}
