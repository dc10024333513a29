//! What a proxy's refusal means.

use crate::conversation::{Head, plain};
use crate::destination::Destination;
use crate::error::ProxyError;
use crate::route::ProxyAddress;

/// The error that `head`, which is not a success, stands for.
pub(crate) fn verdict(proxy: &ProxyAddress, destination: &Destination, head: &Head) -> ProxyError {
    let proxy = proxy.clone();
    let destination = destination.clone();
    let status = head.status;
    let reason = head.reason.clone();
    // Squid names its error; others say at least who they are.
    let detail = ["x-squid-error", "proxy-status", "x-proxy-error"]
        .iter()
        .find_map(|name| head.all(name).next())
        .map(plain)
        .filter(|text| !text.is_empty());
    match status {
        502..=504 => ProxyError::CannotReach { proxy, destination, status, reason, detail },
        _ => ProxyError::Refused { proxy, destination, status, reason, detail },
    }
}
