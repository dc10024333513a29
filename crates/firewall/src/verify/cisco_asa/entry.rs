//! One entry of an access list: `permit tcp SOURCE [PORTS] DESTINATION [PORTS] [log …]`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::flow::Condition;
use super::super::program::Action;
use super::super::words;
use super::objects::{Objects, ports, protocol};
use crate::Net;

pub(super) fn read(words: &[&str], objects: &Objects) -> (Condition, Action) {
    let (action, words) = match words {
        ["permit", rest @ ..] => (Action::Allow, rest),
        ["deny", rest @ ..] => (Action::Block, rest),
        _ => return (Condition::Unclear, Action::Unclear),
    };
    if words.contains(&"inactive") {
        return (Condition::Never, action);
    }
    let mut entry = Entry { words, objects, all: Vec::new() };
    if entry.read().is_none() {
        entry.all.push(Condition::Unclear);
    }
    (Condition::All(entry.all), action)
}

struct Entry<'a> {
    words: &'a [&'a str],
    objects: &'a Objects,
    all: Vec<Condition>,
}

impl Entry<'_> {
    /// `None` when something was not understood; what was understood stays.
    fn read(&mut self) -> Option<()> {
        self.protocol()?;
        self.end(false)?;
        self.ports(false)?;
        self.end(true)?;
        self.ports(true)?;
        match self.words {
            [] | ["log", ..] => Some(()),
            _ => None,
        }
    }

    fn protocol(&mut self) -> Option<()> {
        let (condition, length) = match self.words {
            ["object" | "object-group", name, ..] => (self.objects.service_condition(name, 0), 2),
            [name, ..] => (protocol(name), 1),
            [] => return None,
        };
        self.all.push(condition);
        self.words = &self.words[length..];
        Some(())
    }

    fn end(&mut self, to: bool) -> Option<()> {
        let nets = |nets: Vec<Net>| if to { Condition::To(nets) } else { Condition::From(nets) };
        let all4 = Net::containing(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)?;
        let all6 = Net::containing(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0)?;
        let (condition, length) = match self.words {
            ["any", ..] => (Condition::Always, 1),
            ["any4", ..] => (nets(vec![all4]), 1),
            ["any6", ..] => (nets(vec![all6]), 1),
            ["host", address, ..] => (nets(words::nets(&self.objects.address(address))?), 2),
            ["object" | "object-group", name, ..] => (self.objects.end_condition(name, to, 0), 2),
            [net, ..] if net.contains('/') => (nets(words::nets(net)?), 1),
            [address, mask, ..] => {
                let net = format!("{}/{mask}", self.objects.address(address));
                (nets(words::nets(&net)?), 2)
            }
            _ => return None,
        };
        self.all.push(condition);
        self.words = &self.words[length..];
        Some(())
    }

    fn ports(&mut self, to: bool) -> Option<()> {
        let (condition, length) = match self.words {
            ["object-group", name, ..] if self.objects.has_service(name) => {
                // A group of ports says destination; before the destination it means the source.
                let condition = self.objects.service_condition(name, 0);
                (if to { condition } else { Condition::Unclear }, 2)
            }
            ["eq" | "gt" | "lt" | "neq" | "range", ..] => {
                let (ports, length) = ports(self.words)?;
                (if to { Condition::ToPort(ports) } else { Condition::FromPort(ports) }, length)
            }
            _ => return Some(()),
        };
        self.all.push(condition);
        self.words = &self.words[length..];
        Some(())
    }
}
