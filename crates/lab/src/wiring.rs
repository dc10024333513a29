//! The cables: links, addresses and routes between the three machines, and whom each asks for names.

use anyhow::Result;

use crate::namespace::Namespace;
use crate::plan::{
    FORBIDDEN, GATEWAY, HostMap, INTERNET, INTERNET_LINK, LAN_LINK, METER, METER_LINK, NAME_SERVER,
    OUTSIDE, WAN_LINK,
};

/// Links, addresses and routes.
pub(crate) fn connect(
    meter: &Namespace,
    firewall: &Namespace,
    internet: &Namespace,
    hosts: &HostMap,
) -> Result<()> {
    let veth = |near: &Namespace, link: &str, far: &Namespace, peer: &str| {
        near.ip(["link", "add", link, "type", "veth", "peer", "name", peer, "netns", far.name()])
    };
    veth(meter, METER_LINK, firewall, LAN_LINK)?;
    veth(firewall, WAN_LINK, internet, INTERNET_LINK)?;
    meter.ip(["addr", "add", &format!("{METER}/24"), "dev", METER_LINK])?;
    firewall.ip(["addr", "add", &format!("{GATEWAY}/24"), "dev", LAN_LINK])?;
    firewall.ip(["addr", "add", &format!("{OUTSIDE}/24"), "dev", WAN_LINK])?;
    internet.ip(["addr", "add", &format!("{INTERNET}/24"), "dev", INTERNET_LINK])?;
    let others = hosts.own().iter().copied().chain(hosts.foreign());
    for address in others.chain([NAME_SERVER, FORBIDDEN]) {
        internet.ip(["addr", "add", &format!("{address}/32"), "dev", INTERNET_LINK])?;
    }
    for (namespace, link) in
        [(meter, METER_LINK), (firewall, LAN_LINK), (firewall, WAN_LINK), (internet, INTERNET_LINK)]
    {
        namespace.ip(["link", "set", link, "up"])?;
    }
    meter.ip(["route", "add", "default", "via", &GATEWAY.to_string()])?;
    firewall.ip(["route", "add", "default", "via", &INTERNET.to_string()])?;
    internet.ip(["route", "add", "default", "via", &OUTSIDE.to_string()])?;
    firewall.set("net.ipv4.ip_forward", "1")?;
    // A kernel says “prohibited” once a second to each address, so that the second of two connections would seem dropped.
    firewall.set("net.ipv4.icmp_ratelimit", "0")?;
    // Figures are comparable only by the same rule, whatever this machine prefers; this one is allowed in every namespace.
    for end in [meter, internet] {
        end.set("net.ipv4.tcp_congestion_control", "reno")?;
    }
    meter.set_resolver(&GATEWAY.to_string())?;
    firewall.set_resolver(&NAME_SERVER.to_string())?;
    internet.set_resolver(&NAME_SERVER.to_string())
}
