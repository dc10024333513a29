//! `timbre meter network-test`: the built-in test of network and proxy, from the machine itself (REQ NET-9). The same
//! checks as `timbre network test`, with this meter's own domain, roots, resolver and proxy, and behind its own walls.

use core::net::SocketAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Args;
use timbre_catalogue::{Catalogue, Group, Scheme};
use timbre_meter::{Settings, egress};
use timbre_network_test::{Plan, Roots};

use super::lockdown::{catalogue, proxies, settings};
use crate::cli::OutputArgs;
use crate::network::test::{PaperArgs, carry_out};
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Exit status: 0 ready · 1 ready, with warnings · 2 not ready · 3 could not test

Examples:
  timbre meter network-test
  timbre meter network-test --format pdf --output ticket.pdf --redact")]
pub(super) struct NetworkTestArgs {
    #[command(flatten)]
    paper: PaperArgs,
}

impl NetworkTestArgs {
    /// Where the report goes, if not to the screen.
    pub(super) fn output(&self) -> Option<&Path> {
        self.paper.output.as_deref()
    }
}

pub(super) fn execute(
    dir: &Path,
    args: NetworkTestArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let plan = plan(dir, settings(dir)?)?;
    carry_out(&plan, args.paper, None, output)
}

/// The test as this meter would meet the network.
fn plan(dir: &Path, settings: Settings) -> Result<Plan, Failure> {
    let catalogue = catalogue(&settings)?;
    let proxies = proxies(&settings);
    let network = settings.infrastructure;
    let targets = catalogue.endpoints().iter().flat_map(|row| &row.uses);
    let hosts: BTreeSet<_> = targets.filter_map(|target| target.host.name()).collect();
    egress::admit(&network, hosts.into_iter().chain(proxies.iter().map(|(host, _)| host.as_str())));
    let ca = dir.join(&network.ca);
    let roots = std::fs::read(&ca)
        .map_err(|error| Failure::refusal("bad-settings", format!("{}: {error}", ca.display())))?;
    let proxy = network.proxy.resolved(|file| dir.join(file));
    // At a single address only TLS can tell the services apart: what is asked in the clear is not there.
    let catalogue = match network.connect {
        Some(_) => catalogue.retaining(|row| row.target().scheme == Scheme::Https),
        None => catalogue,
    };
    let mut plan = Plan::new(catalogue);
    plan.groups = [Group::Required, Group::OptionalOn, Group::NetworkTest].into();
    plan.addresses = places(&plan.catalogue, network.connect);
    plan.roots = Roots::Pem(roots);
    plan.credentials =
        proxy.credentials().map_err(|reason| Failure::refusal("bad-settings", reason))?;
    plan.no_proxy = proxy.no_proxy;
    plan.proxy = proxy.way;
    Ok(plan)
}

/// Every host of the catalogue at the one address that the settings name, if they name one.
fn places(
    catalogue: &Catalogue,
    connect: Option<SocketAddr>,
) -> BTreeMap<(String, u16), SocketAddr> {
    let Some(address) = connect else { return BTreeMap::new() };
    let targets = catalogue.endpoints().iter().flat_map(|row| &row.uses);
    let named = targets.filter_map(|target| target.host.name().zip(Some(target.port)));
    named.map(|(host, port)| ((host.to_owned(), port), address)).collect()
}
