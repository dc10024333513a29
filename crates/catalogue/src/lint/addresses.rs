//! Contradictions about IP addresses: a firewall that knows only addresses would break.

use core::net::Ipv4Addr;
use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Rule, Severity, list};
use crate::{AddressBlock, Catalogue, Text};

pub(super) static OUTSIDE_BLOCKS: Rule = Rule {
    code: "address-outside-blocks",
    severity: Severity::Error,
    title: Text::fixed("Adresse hors des blocs publiés", "Address outside the published blocks"),
    advice: Text::fixed(
        "Autorisez l’hôte par son nom ; si le pare-feu ne connaît que des adresses, ajoutez \
            celles-ci aux blocs.",
        "Allow the host by name; if the firewall knows only addresses, add these to the blocks.",
    ),
    check: outside_blocks,
};

fn outside_blocks(catalogue: &Catalogue, found: &mut Found) {
    let blocks = catalogue.blocks();
    if blocks.is_empty() {
        return;
    }
    let covered = |address: Ipv4Addr| blocks.iter().any(|block| block.contains(address));
    for endpoint in catalogue.endpoints() {
        let outside: Vec<_> = endpoint.addresses().filter(|address| !covered(*address)).collect();
        if !outside.is_empty() {
            let addresses = list(outside);
            found.in_row(
                endpoint,
                Text::new(
                    format!(
                        "aucun bloc publié ne couvre {addresses} : un pare-feu fait des blocs \
                    seuls coupe cette destination"
                    ),
                    format!(
                        "no published block covers {addresses}: a firewall made of the blocks \
                    alone cuts this destination off"
                    ),
                ),
            );
        }
    }
}

pub(super) static NETWORK_ADDRESS: Rule = Rule {
    code: "network-address",
    severity: Severity::Warning,
    title: Text::fixed("Adresse de réseau donnée pour un hôte", "Network address given for a host"),
    advice: Text::fixed(
        "Ne l’entrez pas comme adresse d’un hôte : c’est la limite d’un bloc ; autorisez le nom \
            ou le bloc entier.",
        "Do not enter it as the address of a host: it is the edge of a block; allow the name, or \
            the whole block.",
    ),
    check: network_address,
};

fn network_address(catalogue: &Catalogue, found: &mut Found) {
    let edge = |address: &Ipv4Addr| {
        // Only a block that is one network, and not one host, has an address of its own.
        let network = |block: &&AddressBlock| {
            let networks = block.networks();
            networks.len() == 1 && networks.iter().all(|network| network.prefix < 31)
        };
        let at_edge = |block: &AddressBlock| [block.first, block.last].contains(address);
        catalogue.blocks().iter().filter(network).any(at_edge)
    };
    for endpoint in catalogue.endpoints() {
        for address in endpoint.addresses().filter(edge) {
            found.in_row(
                endpoint,
                Text::new(
                    format!(
                        "{address} est l’adresse même d’un réseau publié\u{a0}: aucun hôte ne la porte"
                    ),
                    format!(
                        "{address} is the address of a published network itself: no host has it"
                    ),
                ),
            );
        }
    }
}

pub(super) static LEADING_ZEROS: Rule = Rule {
    code: "address-leading-zeros",
    severity: Severity::Notice,
    title: Text::fixed(
        "Adresse écrite avec des zéros superflus",
        "Address written with leading zeros",
    ),
    advice: Text::fixed(
        "Écrivez l’adresse sans ces zéros : certains systèmes la refusent, d’autres la lisent en \
            octal.",
        "Write the address without those zeros: some systems refuse it, others read it as octal.",
    ),
    check: leading_zeros,
};

fn leading_zeros(catalogue: &Catalogue, found: &mut Found) {
    let odd = |printed: &str, meant: Ipv4Addr| {
        (printed != meant.to_string()).then(|| {
            Text::new(
                format!("«\u{a0}{printed}\u{a0}» se lit {meant}"),
                format!("“{printed}” reads as {meant}"),
            )
        })
    };
    for block in catalogue.blocks() {
        let ends = [(&block.printed.0, block.first), (&block.printed.1, block.last)];
        for message in ends.into_iter().filter_map(|(printed, meant)| odd(printed, meant)) {
            found.in_document(message);
        }
    }
    for endpoint in catalogue.endpoints() {
        let pairs = endpoint.printed.addresses.iter().zip(endpoint.addresses());
        for message in pairs.filter_map(|(printed, meant)| odd(printed, meant)) {
            found.in_row(endpoint, message);
        }
    }
}

pub(super) static NO_ADDRESS: Rule = Rule {
    code: "no-address",
    severity: Severity::Warning,
    title: Text::fixed("Destination sans adresse", "Destination without an address"),
    advice: Text::fixed(
        "Autorisez-la par son nom : le document n’offre rien à un pare-feu qui ne connaît que \
            des adresses.",
        "Allow it by name: the document offers nothing to a firewall that knows only addresses.",
    ),
    check: no_address,
};

/// Only where the document promises addresses at all, and only for hosts that have a name.
fn no_address(catalogue: &Catalogue, found: &mut Found) {
    if catalogue.blocks().is_empty() {
        return;
    }
    for endpoint in catalogue.endpoints() {
        if let (Some(name), []) = (endpoint.target().host.name(), &endpoint.printed.addresses[..]) {
            found.in_row(
                endpoint,
                Text::new(
                    format!("aucune adresse n’est donnée pour {name}"),
                    format!("no address is given for {name}"),
                ),
            );
        }
    }
}

pub(super) static ADDRESSES_DIFFER: Rule = Rule {
    code: "addresses-differ",
    severity: Severity::Warning,
    title: Text::fixed(
        "Un même hôte, des adresses différentes",
        "The same host, different addresses",
    ),
    advice: Text::fixed(
        "Autorisez l’hôte par son nom, ou à toutes ces adresses : le DNS ne choisit pas selon le \
            service.",
        "Allow the host by name, or at all of these addresses: DNS does not choose by service.",
    ),
    check: addresses_differ,
};

/// Each row is compared with the first that leads to the same host.
fn addresses_differ(catalogue: &Catalogue, found: &mut Found) {
    let mut first_rows = BTreeMap::new();
    for endpoint in catalogue.endpoints() {
        let Some(name) = endpoint.target().host.name() else { continue };
        let here: BTreeSet<_> = endpoint.addresses().collect();
        if here.is_empty() {
            continue;
        }
        let (first, there) = first_rows.entry(name).or_insert_with(|| (endpoint, here.clone()));
        if here != *there {
            let (first, there, here) = (&first.id, list(there.iter()), list(&here));
            found.in_row(
                endpoint,
                Text::new(
                    format!("{name} est à {here} ici, mais à {there} pour {first}"),
                    format!("{name} is at {here} here, but at {there} for {first}"),
                ),
            );
        }
    }
}
