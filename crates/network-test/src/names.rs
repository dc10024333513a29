//! What the addresses of a name say: false ones, IPv6 that leads nowhere, and those that a firewall written by blocks does
//! not know (REQ NET-7).

use core::net::{IpAddr, Ipv4Addr};

use crate::context::Context;
use crate::recorder::Outcome;
use crate::site::Site;
use crate::tcp::{Attempt, own_address_towards};
use crate::{CheckId, Code, Confidence, Culprit};

/// Judges the addresses of a name by what came of connecting to each.
pub(crate) fn judge_addresses(context: &Context<'_>, site: &Site, attempts: &[Attempt]) {
    ipv6(context, site, attempts);
    block_cover(context, site, attempts);
}

fn ipv6(context: &Context<'_>, site: &Site, attempts: &[Attempt]) {
    let sixes: Vec<&Attempt> =
        attempts.iter().filter(|attempt| attempt.address.is_ipv6()).collect();
    let Some(first) = sixes.first() else { return };
    let about = site.about(site.authority(), "direct");
    let own = own_address_towards(first.address.ip());
    let reached = sixes.iter().any(|attempt| attempt.outcome.is_ok());
    let four_reached =
        attempts.iter().any(|attempt| attempt.address.is_ipv4() && attempt.outcome.is_ok());
    let outcome = match own {
        // Programs on such a machine do not even try.
        None => Outcome::pass().fact("ipv6", "this machine has no way to IPv6"),
        Some(_) if reached => Outcome::pass(),
        Some(_) if !four_reached => Outcome::skip(Code::NotApplicable),
        Some(_) => Outcome::warn(Code::Ipv6WithoutPath).blame(Culprit::Router, Confidence::Likely),
    };
    let outcome = match own {
        Some(own) => outcome.private("own-address", own.to_string()),
        None => outcome,
    };
    context.recorder.note(CheckId::Ipv6, &about, outcome);
}

/// A firewall written by the published blocks, and by the addresses printed beside them, does not know such an address.
fn block_cover(context: &Context<'_>, site: &Site, attempts: &[Attempt]) {
    let catalogue = &context.plan.catalogue;
    let blocks = catalogue.blocks();
    // A probe server of another’s has nothing to do with the document’s blocks.
    if blocks.is_empty() || site.endpoints.is_empty() {
        return;
    }
    let printed: Vec<Ipv4Addr> =
        catalogue.endpoints().iter().flat_map(|endpoint| endpoint.addresses()).collect();
    let covered = |address: Ipv4Addr| {
        printed.contains(&address) || blocks.iter().any(|block| block.contains(address))
    };
    let outside = attempts.iter().filter_map(|attempt| match attempt.address.ip() {
        IpAddr::V4(address) if !covered(address) => Some(address.to_string()),
        _ => None,
    });
    let outside: Vec<String> = outside.collect();
    let outcome = match outside.as_slice() {
        [] => Outcome::pass(),
        outside => Outcome::warn(Code::AddressOutsideBlocks)
            .fact("outside", outside.join(", "))
            .blame(Culprit::Service, Confidence::Likely),
    };
    context.recorder.note(CheckId::BlockCover, &site.about(site.authority(), "direct"), outcome);
}

/// Whether nobody on the Internet has such an address: a filter’s, or the machine’s own. Documentation addresses are not
/// among them: laboratories use them.
pub(crate) fn is_false(address: IpAddr, ours: bool) -> bool {
    match address {
        IpAddr::V4(a) => {
            let private = a.is_private() || (a.octets()[0] == 100 && a.octets()[1] & 0xc0 == 64);
            a.is_unspecified()
                || a.is_broadcast()
                || a.is_multicast()
                || a.is_link_local()
                || (!ours && (a.is_loopback() || private))
        }
        IpAddr::V6(a) => {
            let unique_local = a.segments()[0] & 0xfe00 == 0xfc00;
            a.is_unspecified() || a.is_multicast() || (!ours && (a.is_loopback() || unique_local))
        }
    }
}
