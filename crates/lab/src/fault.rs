//! Everything that can be wrong between a meter and its services, declared once: how to bring it about, and what the network
//! test must say of it. A fault leaves nothing behind.

mod applied;

use timbre_catalogue::Catalogue;
use timbre_network_test::{CheckId, Code};

pub use applied::{Applied, Victims};

/// Something that is wrong on the way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// The resolver does not know a host.
    NameUnknown,
    /// The resolver refuses to speak of a host.
    NameRefused,
    /// A DNS filter gives a host an address of its own.
    NameSinkholed,
    /// Port 53 of the resolver is open for UDP only.
    DnsTcpBlocked,
    /// DNS inspection drops answers over 512 bytes.
    DnsLargeUdpLost,
    /// Every question is answered by the firewall’s resolver, whoever was asked.
    DnsRedirected,
    /// Names that nobody has lead somewhere.
    DnsWildcard,
    /// The resolver says nothing.
    ResolverSilent,
    /// A host has moved out of the blocks that the document publishes.
    AddressOutsideBlocks,
    /// A host has an IPv6 address and there is no IPv6.
    Ipv6WithoutPath,
    /// A required host’s port is dropped.
    HttpsDropped,
    /// … is answered with a reset.
    HttpsRefused,
    /// … is answered with “administratively prohibited”.
    HttpsProhibited,
    /// Port 80 of a host is dropped.
    ClearDropped,
    /// One of a host’s two addresses is dropped.
    OneAddressDropped,
    /// squid opens every TLS connection.
    TlsInspected,
    /// mitmproxy opens every TLS connection.
    TlsInspectedByMitmproxy,
    /// squid cuts TLS connections by host name.
    TlsCutByName,
    /// squid stands in the way of port 80.
    HiddenProxy,
    /// A portal answers in everybody’s place until somebody signs in.
    CaptivePortal,
    /// A content filter refuses files by their ending.
    FileTypeBlocked,
    /// A content filter refuses files by their size.
    FileSizeBlocked,
    /// The proxy that the settings name is not there.
    ProxyUnreachable,
    /// The proxy wants a sign-in and the meter has no account.
    ProxyWantsCredentials,
    /// The proxy does not know the password.
    ProxyCredentialsRefused,
    /// The proxy refuses a host.
    ProxyRefusesHost,
    /// The script that chooses the proxy has a mistake.
    PacUnusable,
    /// Somebody offers a proxy to whoever asks for `wpad`.
    WpadPresent,
    /// The line is slower than the document asks for.
    LineTooSlow,
    /// The line is as slow as the document allows.
    LineBelowRecommended,
    /// Large packets disappear.
    MtuBlackHole,
    /// The firewall forgets a connection that says nothing for five seconds.
    IdleForgotten,
    /// The machine’s clock is ten minutes ahead.
    ClockAhead,
}

/// What the network test must say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expected {
    /// Which check finds it.
    pub check: CheckId,
    /// What it is called.
    pub code: Code,
    /// What else may rightly be said.
    pub also: &'static [Code],
    /// About what.
    pub subject: Subject,
}

/// What a fault is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// The endpoints of one host.
    Host,
    /// The endpoints of one host that is spoken to in the clear.
    ClearHost,
    /// The network as a whole.
    Network,
}

impl Fault {
    /// Every fault, from the lowest layer to the highest.
    pub const ALL: &'static [Fault] = &[
        Fault::NameUnknown,
        Fault::NameRefused,
        Fault::NameSinkholed,
        Fault::DnsTcpBlocked,
        Fault::DnsLargeUdpLost,
        Fault::DnsRedirected,
        Fault::DnsWildcard,
        Fault::ResolverSilent,
        Fault::AddressOutsideBlocks,
        Fault::Ipv6WithoutPath,
        Fault::HttpsDropped,
        Fault::HttpsRefused,
        Fault::HttpsProhibited,
        Fault::ClearDropped,
        Fault::OneAddressDropped,
        Fault::TlsInspected,
        Fault::TlsInspectedByMitmproxy,
        Fault::TlsCutByName,
        Fault::HiddenProxy,
        Fault::CaptivePortal,
        Fault::FileTypeBlocked,
        Fault::FileSizeBlocked,
        Fault::ProxyUnreachable,
        Fault::ProxyWantsCredentials,
        Fault::ProxyCredentialsRefused,
        Fault::ProxyRefusesHost,
        Fault::PacUnusable,
        Fault::WpadPresent,
        Fault::LineTooSlow,
        Fault::LineBelowRecommended,
        Fault::MtuBlackHole,
        Fault::IdleForgotten,
        Fault::ClockAhead,
    ];

    /// Its name on the command line, `name-unknown`.
    #[must_use]
    pub fn name(self) -> String {
        let mut name = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }

    /// Whether a machine with this catalogue can suffer from it.
    #[must_use]
    pub fn concerns(self, catalogue: &Catalogue) -> bool {
        match self {
            Fault::AddressOutsideBlocks => !catalogue.blocks().is_empty(),
            // Our own deployment has no names with much to say.
            Fault::DnsLargeUdpLost => catalogue.domain().is_none(),
            _ => true,
        }
    }

    /// What the network test must say of it.
    #[must_use]
    pub fn expected(self) -> Expected {
        use CheckId as Check;
        use Subject::{ClearHost, Host, Network};
        const NOTHING_ELSE: &[Code] = &[];
        let (check, code, subject, also): (_, _, _, &[Code]) = match self {
            Fault::NameUnknown => (Check::DnsLookup, Code::NameNotFound, Host, NOTHING_ELSE),
            Fault::NameRefused => (Check::DnsLookup, Code::ResolverRefused, Host, NOTHING_ELSE),
            Fault::NameSinkholed => (Check::DnsSinkhole, Code::NameSinkholed, Host, NOTHING_ELSE),
            Fault::DnsTcpBlocked => {
                (Check::DnsTcp, Code::DnsTcpBlocked, Network, &[Code::DnsLongAnswerLost])
            }
            Fault::DnsLargeUdpLost => {
                (Check::DnsUdp, Code::DnsLargeUdpBlocked, Network, NOTHING_ELSE)
            }
            Fault::DnsRedirected => (Check::DnsHijack, Code::DnsRedirected, Network, NOTHING_ELSE),
            Fault::DnsWildcard => (Check::DnsWildcard, Code::DnsWildcard, Network, NOTHING_ELSE),
            Fault::ResolverSilent => (
                Check::DnsUdp,
                Code::ResolverSilent,
                Network,
                &[Code::DnsTcpBlocked, Code::CouldNotTest],
            ),
            Fault::AddressOutsideBlocks => {
                (Check::BlockCover, Code::AddressOutsideBlocks, Host, NOTHING_ELSE)
            }
            Fault::Ipv6WithoutPath => (Check::Ipv6, Code::Ipv6WithoutPath, Host, NOTHING_ELSE),
            Fault::HttpsDropped => (Check::TcpConnect, Code::ConnectionDropped, Host, NOTHING_ELSE),
            Fault::HttpsRefused => (Check::TcpConnect, Code::ConnectionRefused, Host, NOTHING_ELSE),
            Fault::HttpsProhibited => {
                (Check::TcpConnect, Code::ConnectionProhibited, Host, NOTHING_ELSE)
            }
            Fault::ClearDropped => {
                (Check::TcpConnect, Code::ConnectionDropped, ClearHost, NOTHING_ELSE)
            }
            Fault::OneAddressDropped => {
                (Check::TcpConnect, Code::SomeAddressesBlocked, Host, &[Code::AddressOutsideBlocks])
            }
            Fault::TlsInspected | Fault::TlsInspectedByMitmproxy => {
                (Check::TlsForged, Code::TlsInspected, Network, INSPECTED)
            }
            Fault::TlsCutByName => (Check::TlsIdentity, Code::TlsResetAfterHello, Host, HIDDEN),
            Fault::HiddenProxy => (Check::HttpTamper, Code::HiddenProxy, Network, HIDDEN),
            Fault::CaptivePortal => (
                Check::Captive,
                Code::CaptivePortal,
                Network,
                &[
                    Code::TransparentProxy,
                    Code::HttpNotTheService,
                    Code::ConnectionRefused,
                    Code::HeadersAltered,
                ],
            ),
            Fault::FileTypeBlocked => (Check::HttpMedia, Code::FileTypeBlocked, Network, HIDDEN),
            Fault::FileSizeBlocked => (Check::HttpMedia, Code::FileSizeBlocked, Network, HIDDEN),
            Fault::ProxyUnreachable => {
                (Check::ProxyFound, Code::ProxyUnreachable, Network, NOTHING_ELSE)
            }
            Fault::ProxyWantsCredentials => {
                (Check::ProxyAuth, Code::ProxyWantsCredentials, Network, NOTHING_ELSE)
            }
            Fault::ProxyCredentialsRefused => {
                (Check::ProxyAuth, Code::ProxyCredentialsRefused, Network, NOTHING_ELSE)
            }
            Fault::ProxyRefusesHost => {
                (Check::ProxyConnect, Code::ProxyRefusedTarget, Host, &[Code::HttpErrorPage])
            }
            Fault::PacUnusable => (Check::ProxyPac, Code::PacUnusable, Network, NOTHING_ELSE),
            Fault::WpadPresent => (Check::ProxyWpad, Code::WpadPresent, Network, NOTHING_ELSE),
            Fault::LineTooSlow => {
                (Check::BandwidthDown, Code::BandwidthBelowMinimum, Network, TOO_SLOW)
            }
            Fault::LineBelowRecommended => {
                (Check::BandwidthDown, Code::BandwidthBelowRecommended, Network, SLOW)
            }
            Fault::MtuBlackHole => (
                Check::PathMtu,
                Code::MtuBlackHole,
                Network,
                &[Code::UploadBlocked, Code::ChunkedRefused],
            ),
            Fault::IdleForgotten => {
                (Check::PathIdle, Code::IdleConnectionDropped, Network, NOTHING_ELSE)
            }
            Fault::ClockAhead => (Check::Clock, Code::ClockWrong, Network, NOTHING_ELSE),
        };
        Expected { check, code, also, subject }
    }
}

/// What a proxy in the way gives away besides.
const HIDDEN: &[Code] = &[
    Code::HiddenProxy,
    Code::TransparentProxy,
    Code::HeadersAltered,
    Code::RequestLineTouched,
    Code::HostHeaderRouted,
];
/// What an interceptor gives away besides.
const INSPECTED: &[Code] = &[
    Code::HiddenProxy,
    Code::TransparentProxy,
    Code::HeadersAltered,
    Code::RequestLineTouched,
    Code::HostHeaderRouted,
    Code::TlsVersionLowered,
];
/// What a line is like besides that cannot carry a measurement in time.
const TOO_SLOW: &[Code] = &[Code::LatencyUnderLoad, Code::CouldNotTest];
/// What a slow line is like besides.
const SLOW: &[Code] = &[Code::LatencyUnderLoad];
