//! A fault that is in force: how each is brought about, with the real program that causes it on a customer’s site. When it
//! is dropped the laboratory is healthy again.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::Fault;
use crate::origin::Page;
use crate::plan::{
    GATEWAY, INTERNET, LAN_LINK, METER, METER_LINK, NAME_SERVER, NOBODY, PROXY_NAME, WAN_LINK,
};
use crate::process::Process;
use crate::shaping::Rate;
use crate::squid::{self, PASSWORD, SignIn, Squid, Tls, USER};
use crate::{Change, Lab, mitmproxy};

/// Where the portal answers.
const PORTAL: u16 = 8088;
const V6_METER: &str = "2001:db8:1::10/64";
const V6_GATEWAY: &str = "2001:db8:1::1/64";

/// Whom a fault is about, when it is not about the whole network.
#[derive(Clone, Debug)]
pub struct Victims {
    /// A required host that is spoken to over HTTPS.
    pub secure: String,
    /// A host that is spoken to over HTTP.
    pub clear: String,
}

/// A laboratory in which something is wrong.
pub struct Applied<'a> {
    lab: &'a mut Lab,
    processes: Vec<Process>,
    undo: Vec<Undo>,
    words: Vec<String>,
    before: Vec<String>,
}

enum Undo {
    Rules,
    Names,
    Forwarding,
    V6,
    Rate,
    Mtu,
    Tracking,
}

impl Deref for Applied<'_> {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        self.lab
    }
}

impl Applied<'_> {
    /// `timbre network test` on the meter, told what the fault is about: the proxy of the settings, a longer wait.
    pub fn network_test(&self) -> Command {
        let mut command = match self.before.split_first() {
            None => self.lab.timbre(),
            Some((program, args)) => self.lab.timbre_through(program, args),
        };
        command.args(["network", "test"]).args(&self.words);
        command
    }
}

impl Fault {
    /// Brings the fault about.
    ///
    /// # Errors
    /// If a part that causes it does not come up.
    pub fn apply<'a>(
        self,
        lab: &'a mut Lab,
        victims: &Victims,
        judges: &Path,
    ) -> Result<Applied<'a>> {
        let mut applied = Applied {
            lab,
            processes: Vec::new(),
            undo: Vec::new(),
            words: Vec::new(),
            before: Vec::new(),
        };
        applied
            .bring_about(self, victims, judges)
            .with_context(|| format!("the fault {}", self.name()))?;
        Ok(applied)
    }
}

impl Applied<'_> {
    fn bring_about(&mut self, fault: Fault, victims: &Victims, judges: &Path) -> Result<()> {
        let host = || victims.secure.clone();
        match fault {
            Fault::NameUnknown => self.names(Change::Unknown(host())),
            Fault::NameRefused => self.names(Change::Refused(host())),
            Fault::NameSinkholed => self.forwarding(&format!("address=/{}/0.0.0.0", host())),
            Fault::DnsTcpBlocked => self.rules("input", "tcp dport 53 drop"),
            Fault::DnsLargeUdpLost => self.rules("output", "udp sport 53 udp length gt 520 drop"),
            Fault::DnsRedirected => {
                self.redirect("udp dport 53 redirect to :53\ntcp dport 53 redirect to :53")
            }
            Fault::DnsWildcard => self.names(Change::Wild(INTERNET)),
            Fault::ResolverSilent => {
                self.rules("input", "meta l4proto { tcp, udp } th dport 53 drop")
            }
            Fault::AddressOutsideBlocks => self.move_outside(&victims.secure),
            Fault::Ipv6WithoutPath => self.v6_into_nowhere(host()),
            Fault::HttpsDropped => self.stop_port(&victims.secure, 443, "drop"),
            Fault::HttpsRefused => self.stop_port(&victims.secure, 443, "reject with tcp reset"),
            Fault::HttpsProhibited => {
                self.stop_port(&victims.secure, 443, "reject with icmp type admin-prohibited")
            }
            Fault::ClearDropped => self.stop_port(&victims.clear, 80, "drop"),
            Fault::OneAddressDropped => self.names(Change::Also(host(), NOBODY)),
            Fault::TlsInspected => self.intercept(&Squid::intercepting(Tls::Bump)),
            Fault::TlsCutByName => self.intercept(&Squid::intercepting(Tls::Terminate)),
            Fault::HiddenProxy => self.intercept(&Squid::intercepting(Tls::Splice)),
            Fault::FileTypeBlocked => {
                let rules = "acl bad urlpath_regex -i \\.(exe|rpm|deb|cvd)$\nhttp_access deny bad";
                self.filter(rules)
            }
            Fault::FileSizeBlocked => self.filter("reply_body_max_size 40 KB all"),
            Fault::TlsInspectedByMitmproxy => {
                self.processes.push(mitmproxy::start(self.lab, judges)?);
                let port = mitmproxy::PORT;
                self.redirect(&format!("tcp dport {{ 80, 443 }} redirect to :{port}"))
            }
            Fault::CaptivePortal => self.portal(),
            Fault::LineTooSlow => self.rate(Rate::TOO_SLOW),
            Fault::LineBelowRecommended => self.rate(Rate::REQUIRED),
            Fault::MtuBlackHole => self.black_hole(),
            Fault::IdleForgotten => self.forget_idle(),
            Fault::ClockAhead => {
                self.before = ["faketime", "-f", "+10m"].map(str::to_owned).to_vec();
                Ok(())
            }
            Fault::WpadPresent => self.forwarding(&format!("address=/wpad.corp.test/{GATEWAY}")),
            Fault::ProxyUnreachable
            | Fault::ProxyWantsCredentials
            | Fault::ProxyCredentialsRefused
            | Fault::ProxyRefusesHost
            | Fault::PacUnusable => self.only_by_proxy(fault, victims),
        }
    }

    fn names(&mut self, change: Change) -> Result<()> {
        self.undo.push(Undo::Names);
        self.lab.answer_names(&[change])
    }

    fn forwarding(&mut self, lines: &str) -> Result<()> {
        self.undo.push(Undo::Forwarding);
        self.lab.forward_names(lines)
    }

    fn rules(&mut self, hook: &str, rules: &str) -> Result<()> {
        self.undo.push(Undo::Rules);
        // Before every other rule of this hook; what is dropped here is dropped for good.
        let chain = format!("chain {hook} {{\ntype filter hook {hook} priority -10;\n{rules}\n}}");
        self.lab.rules().load_fault(&chain)
    }

    /// Leads connections of the meter to the firewall itself.
    fn redirect(&mut self, rules: &str) -> Result<()> {
        self.undo.push(Undo::Rules);
        let mut chain =
            "chain prerouting {\ntype nat hook prerouting priority dstnat;\n".to_owned();
        for rule in rules.lines() {
            let _ = writeln!(chain, "ip saddr {METER} ip daddr != {GATEWAY} {rule}");
        }
        self.lab.rules().load_fault(&format!("{chain}}}"))
    }

    fn stop_port(&mut self, host: &str, port: u16, verdict: &str) -> Result<()> {
        let address = self.address(host)?;
        self.rules("forward", &format!("ip daddr {address} tcp dport {port} {verdict}"))
    }

    fn address(&self, host: &str) -> Result<Ipv4Addr> {
        self.lab
            .hosts()
            .get(host)
            .with_context(|| format!("{host} is in no catalogue of this laboratory"))
    }

    /// The host gets an address that works and is in no published block: another way to the same origin.
    fn move_outside(&mut self, host: &str) -> Result<()> {
        let (own, outside) = (self.address(host)?, NOBODY);
        self.undo.push(Undo::Rules);
        self.lab.rules().load_fault(&format!(
            "chain prerouting {{\ntype nat hook prerouting priority dstnat;\nip daddr {outside} dnat ip to {own}\n}}"
        ))?;
        self.names(Change::Moved(host.to_owned(), outside))
    }

    /// The meter has an address and a gateway, which takes its packets and passes none on.
    fn v6_into_nowhere(&mut self, host: String) -> Result<()> {
        self.undo.push(Undo::V6);
        let (meter, firewall) = (self.lab.meter(), self.lab.firewall());
        meter.ip(["addr", "add", V6_METER, "dev", METER_LINK, "nodad"])?;
        firewall.ip(["addr", "add", V6_GATEWAY, "dev", LAN_LINK, "nodad"])?;
        let gateway = V6_GATEWAY.split('/').next().unwrap_or_default();
        meter.ip(["-6", "route", "add", "default", "via", gateway, "dev", METER_LINK])?;
        self.names(Change::AlsoV6(host, Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 1)))
    }

    fn intercept(&mut self, squid: &Squid) -> Result<()> {
        self.processes.push(squid.start(self.lab)?);
        let (http, https) = (squid::INTERCEPT_HTTP, squid::INTERCEPT_HTTPS);
        self.redirect(&format!(
            "tcp dport 80 redirect to :{http}\ntcp dport 443 redirect to :{https}"
        ))
    }

    /// A content filter that sees HTTP only.
    fn filter(&mut self, rules: &str) -> Result<()> {
        let squid = Squid { rules: rules.to_owned(), ..Squid::intercepting(Tls::Splice) };
        self.processes.push(squid.start(self.lab)?);
        self.redirect(&format!("tcp dport 80 redirect to :{}", squid::INTERCEPT_HTTP))
    }

    fn portal(&mut self) -> Result<()> {
        let page = Page::Redirect("http://portal.corp.test/sign-in".to_owned());
        self.processes.push(self.lab.start_page("portal", page, PORTAL)?);
        self.redirect(&format!("tcp dport 80 redirect to :{PORTAL}"))?;
        // Until somebody signs in, everything else is refused.
        self.rules("forward", &format!("ip saddr {METER} meta l4proto tcp reject with tcp reset"))
    }

    fn rate(&mut self, rate: Rate) -> Result<()> {
        self.undo.push(Undo::Rate);
        self.lab.limit(rate)
    }

    fn black_hole(&mut self) -> Result<()> {
        self.undo.push(Undo::Mtu);
        self.lab.firewall().ip(["link", "set", WAN_LINK, "mtu", "1400"])?;
        self.rules("output", "icmp type destination-unreachable drop")
    }

    fn forget_idle(&mut self) -> Result<()> {
        self.undo.push(Undo::Tracking);
        self.words = ["--idle", "8"].map(str::to_owned).to_vec();
        // The rule comes first: it is what makes the kernel follow connections here at all.
        self.rules("forward", "ct state invalid drop")?;
        self.lab.firewall().set("net.netfilter.nf_conntrack_tcp_loose", "0")?;
        self.lab.firewall().set("net.netfilter.nf_conntrack_tcp_timeout_established", "5")
    }

    /// A company where nothing gets out but through the proxy.
    fn only_by_proxy(&mut self, fault: Fault, victims: &Victims) -> Result<()> {
        let squid = match fault {
            Fault::ProxyUnreachable => None,
            Fault::ProxyWantsCredentials | Fault::ProxyCredentialsRefused => {
                Some(Squid::with_sign_in(SignIn::Basic))
            }
            Fault::ProxyRefusesHost => {
                let rules =
                    format!("acl unwanted dstdomain {}\nhttp_access deny unwanted", victims.secure);
                Some(Squid { rules, ..Squid::open() })
            }
            _ => Some(Squid::open()),
        };
        if let Some(squid) = squid {
            self.processes.push(squid.start(self.lab)?);
        }
        let proxy = format!("http://{PROXY_NAME}:{}", squid::PORT);
        self.words = match fault {
            Fault::PacUnusable => {
                let page = Page::Text(
                    "function FindProxyForURL(url, host) { return nothing.at.all; }".to_owned(),
                );
                self.processes.push(self.lab.start_page("pac", page, PORTAL)?);
                vec!["--proxy".to_owned(), format!("pac:http://{PROXY_NAME}:{PORTAL}/proxy.pac")]
            }
            Fault::ProxyCredentialsRefused => {
                let file = self.lab.path("wrong-password");
                let mut open = OpenOptions::new();
                // A password that others can read is refused.
                let mut open =
                    open.write(true).create(true).truncate(true).mode(0o600).open(&file)?;
                open.write_all(format!("not-{PASSWORD}\n").as_bytes())?;
                let file = file.to_str().context("the path is not UTF-8")?.to_owned();
                vec![
                    "--proxy".to_owned(),
                    proxy,
                    "--proxy-user".to_owned(),
                    USER.to_owned(),
                    "--proxy-password-file".to_owned(),
                    file,
                ]
            }
            _ => vec!["--proxy".to_owned(), proxy],
        };
        let rule =
            format!("ip saddr {METER} ip daddr != {NAME_SERVER} tcp dport {{ 80, 443 }} drop");
        self.rules("forward", &rule)
    }

    fn heal(&mut self) -> Result<()> {
        self.processes.clear();
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Rules => self.lab.rules().remove_fault()?,
                Undo::Names => self.lab.answer_names(&[])?,
                Undo::Forwarding => self.lab.forward_names("")?,
                Undo::V6 => {
                    self.lab.meter().ip(["addr", "del", V6_METER, "dev", METER_LINK])?;
                    self.lab.firewall().ip(["addr", "del", V6_GATEWAY, "dev", LAN_LINK])?;
                }
                Undo::Rate => self.lab.unlimit()?,
                Undo::Mtu => self.lab.firewall().ip(["link", "set", WAN_LINK, "mtu", "1500"])?,
                Undo::Tracking => {
                    let firewall = self.lab.firewall();
                    firewall.set("net.netfilter.nf_conntrack_tcp_loose", "1")?;
                    firewall.set("net.netfilter.nf_conntrack_tcp_timeout_established", "432000")?;
                }
            }
        }
        Ok(())
    }
}

impl Drop for Applied<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.heal() {
            eprintln!("laboratory: a fault was not undone: {error:#}");
        }
    }
}
