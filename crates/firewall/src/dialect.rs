//! Every dialect, declared once: its name, its title, and the file that writes it.

mod aws_network_firewall;
mod check_point;
mod cisco_asa;
mod cisco_ios_xe;
mod csv;
mod fortigate;
mod iptables;
mod juniper_srx;
mod layout;
mod learned;
mod meraki;
mod nftables;
mod objects;
mod pac;
mod palo_alto;
mod pf;
mod pfsense;
mod sophos;
mod squid;
mod suricata;
mod terraform;
mod windows_defender;
mod zscaler;

use core::fmt;
use core::str::FromStr;

use crate::{Language, Policy, Rules};

/// One line per dialect: `/// doc`, variant, kebab name, title, module with a `write` function.
macro_rules! dialects {
    ($($(#[$doc:meta])* $variant:ident $name:literal $title:literal $module:ident;)*) => {
        /// A firewall's language.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Dialect {
            $($(#[$doc])* $variant,)*
        }

        impl Dialect {
            /// All of them.
            pub const ALL: &[Dialect] = &[$(Dialect::$variant,)*];

            /// Its name on a command line, in kebab case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Dialect::$variant => $name,)*
                }
            }

            /// Its name for persons; the same in both languages.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Dialect::$variant => $title,)*
                }
            }
        }

        /// Puts a policy into a dialect. The comments in the files speak the language given.
        #[must_use]
        pub fn write(dialect: Dialect, policy: &Policy, language: Language) -> Rules {
            let policy = policy.clone().told_in(dialect);
            match dialect {
                $(Dialect::$variant => $module::write(&policy, language),)*
            }
        }
    };
}

dialects! {
    /// nftables on a router, with dnsmasq.
    Nftables "nftables" "nftables + dnsmasq" nftables;
    /// iptables and ipset on a router, with dnsmasq.
    Iptables "iptables" "iptables + ipset + dnsmasq" iptables;
    /// pf of the BSDs.
    Pf "pf" "pf (OpenBSD, FreeBSD)" pf;
    /// Lists for aliases.
    Pfsense "pfsense" "pfSense / OPNsense" pfsense;
    /// An access list with FQDN objects.
    CiscoAsa "cisco-asa" "Cisco ASA" cisco_asa;
    /// An access list with FQDN object groups.
    CiscoIosXe "cisco-ios-xe" "Cisco IOS XE" cisco_ios_xe;
    /// Policies and address objects.
    Fortigate "fortigate" "FortiGate (FortiOS)" fortigate;
    /// Rules, address objects, a URL category, and lists to publish.
    PaloAlto "palo-alto" "Palo Alto Networks (PAN-OS)" palo_alto;
    /// Policies and an address book.
    JuniperSrx "juniper-srx" "Juniper SRX (Junos)" juniper_srx;
    /// Commands for the management server.
    CheckPoint "check-point" "Check Point" check_point;
    /// Requests for the XML API.
    Sophos "sophos" "Sophos Firewall" sophos;
    /// Layer-3 rules for the Dashboard API.
    Meraki "meraki" "Cisco Meraki MX" meraki;
    /// A URL category and destination groups.
    Zscaler "zscaler" "Zscaler Internet Access" zscaler;
    /// The firewall of one computer.
    WindowsDefender "windows-defender" "Windows Defender Firewall" windows_defender;
    /// A rule group of Suricata rules, and a domain list.
    AwsNetworkFirewall "aws-network-firewall" "AWS Network Firewall" aws_network_firewall;
    /// The same for AWS as resources.
    Terraform "terraform" "Terraform (AWS)" terraform;
    /// A proxy.
    Squid "squid" "Squid" squid;
    /// Which way a machine goes.
    Pac "pac" "PAC" pac;
    /// A table, for everything that has no dialect here.
    Csv "csv" "CSV" csv;
}

impl Dialect {
    /// Whether its rules open port 53; a proxy and its script leave DNS to the firewall.
    #[must_use]
    pub const fn opens_dns(self) -> bool {
        !matches!(self, Dialect::Squid | Dialect::Pac)
    }

    /// Whether its rules tell the meter from other machines by address.
    #[must_use]
    pub const fn has_sources(self) -> bool {
        !matches!(self, Dialect::Pac | Dialect::WindowsDefender | Dialect::Zscaler)
    }
}

/// The text is not a dialect.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” is not a dialect: write one of {known}", known = known())]
pub struct DialectError(String);

fn known() -> String {
    Dialect::ALL.iter().map(|dialect| dialect.as_str()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Dialect {
    type Err = DialectError;

    fn from_str(text: &str) -> Result<Dialect, DialectError> {
        let wanted = Dialect::ALL.iter().find(|dialect| dialect.as_str() == text);
        wanted.copied().ok_or_else(|| DialectError(text.to_owned()))
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
