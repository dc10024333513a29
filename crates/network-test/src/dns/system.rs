//! What this machine is told about names: `/etc/resolv.conf` and `/etc/hosts`. A file that is missing says nothing.

use core::net::{IpAddr, SocketAddr};
use std::collections::HashMap;

#[derive(Default)]
pub(super) struct System {
    pub(super) servers: Vec<SocketAddr>,
    pub(super) search: Vec<String>,
    pub(super) hosts: HashMap<String, Vec<IpAddr>>,
}

impl System {
    pub(super) fn read() -> System {
        let text = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let mut system = read_resolv_conf(&text("/etc/resolv.conf"));
        system.hosts = read_hosts(&text("/etc/hosts"));
        system
    }
}

fn read_resolv_conf(text: &str) -> System {
    let mut system = System::default();
    for line in text.lines() {
        let line = line.split(['#', ';']).next().unwrap_or_default();
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => {
                // A scope (`fe80::1%eth0`) names an interface: such a server is left out.
                let server = words.next().and_then(|word| word.parse::<IpAddr>().ok());
                system.servers.extend(server.map(|address| SocketAddr::new(address, 53)));
            }
            Some("search" | "domain") => system.search = words.map(str::to_owned).collect(),
            _ => {}
        }
    }
    system
}

fn read_hosts(text: &str) -> HashMap<String, Vec<IpAddr>> {
    let mut hosts: HashMap<String, Vec<IpAddr>> = HashMap::new();
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse().ok()) else { continue };
        for name in words {
            hosts.entry(name.to_ascii_lowercase()).or_default().push(address);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_search_domains_are_read_and_comments_are_not() {
        let text = "# by dhcp\nnameserver 192.0.2.53 # first\nnameserver 2001:db8::53\nnameserver fe80::1%eth0\n\
                    search corp.example example\noptions ndots:1\n";
        let system = read_resolv_conf(text);
        let servers: Vec<String> = system.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["192.0.2.53:53", "[2001:db8::53]:53"]);
        assert_eq!(system.search, ["corp.example", "example"]);
    }

    #[test]
    fn a_host_has_every_address_of_its_lines() {
        let hosts = read_hosts(
            "192.0.2.7 Comet.Example comet # pinned\n2001:db8::7 comet.example\nnonsense\n",
        );
        assert_eq!(hosts["comet.example"].len(), 2);
        assert_eq!(hosts["comet"].len(), 1);
    }
}
