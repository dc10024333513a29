//! Lines that are slower than the machine: a token bucket at each end of the firewall.

use anyhow::Result;

use crate::command::run;
use crate::namespace::Namespace;
use crate::plan::{LAN_LINK, WAN_LINK};

/// What a line carries each way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Rate {
    /// In thousands of bits a second, Ethernet headers included.
    pub kbit: u32,
}

impl Rate {
    /// Less than the document asks for.
    pub const TOO_SLOW: Rate = Rate { kbit: 256 };
    /// The least that the document asks for.
    pub const REQUIRED: Rate = Rate { kbit: 384 };
    /// What the document recommends.
    pub const RECOMMENDED: Rate = Rate { kbit: 1000 };
}

/// Limits what the firewall sends to either side.
pub(crate) fn limit(firewall: &Namespace, rate: Rate) -> Result<()> {
    let rate = format!("{}kbit", rate.kbit);
    for link in [LAN_LINK, WAN_LINK] {
        // A bucket of 8 kB is the smallest that gives the nominal rate; a larger one gives more than it.
        let words = ["qdisc", "replace", "dev", link, "root", "tbf", "rate", &rate];
        run(firewall.command("tc").args(words).args(["burst", "8k", "latency", "400ms"]))?;
    }
    Ok(())
}

/// Removes the limits.
pub(crate) fn unlimit(firewall: &Namespace) -> Result<()> {
    for link in [LAN_LINK, WAN_LINK] {
        run(firewall.command("tc").args(["qdisc", "del", "dev", link, "root"]))?;
    }
    Ok(())
}
