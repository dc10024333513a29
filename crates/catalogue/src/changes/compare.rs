//! The comparison itself: row by row, then what is left to open and to close once all rows and
//! blocks are counted.

use core::net::Ipv4Addr;
use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Change, Disposition, Impact, Places, State};
use crate::read::Reach;
use crate::{AddressBlock, Catalogue, Endpoint, Setting};

/// A catalogue and all that its rows lead to.
struct Whole<'a> {
    catalogue: &'a Catalogue,
    /// By the rows that are on.
    open: Places,
    /// By any row.
    needed: Places,
}

impl<'a> Whole<'a> {
    fn of(catalogue: &'a Catalogue) -> Whole<'a> {
        let (mut open, mut needed) = (Places::default(), Places::default());
        for row in catalogue.endpoints() {
            needed.extend(places(row));
            if row.default == Setting::On {
                open.extend(places(row));
            }
        }
        Whole { catalogue, open, needed }
    }

    /// Those of these places that a firewall made from this catalogue does not let through.
    fn not_open(&self, places: Places) -> Places {
        self.outside_blocks(without(&places, &self.open))
    }

    /// Those of these places that no row of this catalogue leads to.
    fn not_needed(&self, places: Places) -> Places {
        self.outside_blocks(without(&places, &self.needed))
    }

    fn outside_blocks(&self, mut places: Places) -> Places {
        let loose = |text: &String| {
            text.parse().is_ok_and(|address: Ipv4Addr| !covered(self.catalogue, address))
        };
        places.addresses.retain(loose);
        places
    }
}

/// Everything that `new` changes: first the blocks, then its rows in their order, then those that
/// are gone.
#[must_use]
pub fn between(old: &Catalogue, new: &Catalogue) -> Vec<Change> {
    let (old, new) = (&Whole::of(old), &Whole::of(new));
    let mut changes: Vec<_> = changed_blocks(old, new).into_iter().collect();
    for row in new.catalogue.endpoints() {
        match old.catalogue.get(&row.id) {
            None => changes.push(added(old, new, row)),
            Some(before) if before != row => changes.push(changed(old, new, before, row)),
            Some(_) => {}
        }
    }
    let rows = old.catalogue.endpoints().iter();
    let gone = rows.filter(|row| new.catalogue.get(&row.id).is_none());
    changes.extend(gone.map(|row| removed(new, row)));
    for (index, change) in changes.iter_mut().enumerate() {
        change.id = format!("{}-{:04}", new.catalogue.version(), index + 1);
    }
    changes
}

fn added(old: &Whole<'_>, new: &Whole<'_>, row: &Endpoint) -> Change {
    let add = old.not_open(places(row));
    let impact = match row.default {
        Setting::On => impact_of_additions(&add).unwrap_or(Impact::Other),
        // Nothing leaves by it until somebody asks for it.
        Setting::Off => Impact::Other,
    };
    Change {
        endpoint: Some(row.id.clone()),
        impact,
        add,
        current: Some(State::of(row)),
        ..bare(new.catalogue, Disposition::Add, row.effective_from)
    }
}

fn removed(new: &Whole<'_>, row: &Endpoint) -> Change {
    let remove = new.not_needed(places(row));
    Change {
        endpoint: Some(row.id.clone()),
        impact: if remove.is_empty() {
            Impact::RemovedDuplicate
        } else {
            Impact::RemovedHostOrAddress
        },
        remove,
        previous: Some(State::of(row)),
        ..bare(new.catalogue, Disposition::Remove, row.retire_after)
    }
}

fn changed(old: &Whole<'_>, new: &Whole<'_>, before: &Endpoint, now: &Endpoint) -> Change {
    let turned = (before.default != now.default).then_some(now.default);
    // What was off was open nowhere, or only for those who asked for it.
    let known = if turned == Some(Setting::On) { Places::default() } else { places(before) };
    let add = old.not_open(without(&places(now), &known));
    let remove = new.not_needed(without(&places(before), &places(now)));
    let additions = impact_of_additions(&add).filter(|_| now.default == Setting::On);
    let retiring = now.retire_after.filter(|_| before.retire_after != now.retire_after);
    let impact = match (turned, additions) {
        (Some(Setting::On), _) => Impact::TurnedOn,
        (_, Some(impact)) => impact,
        (_, None) if retiring.is_some() => Impact::Retiring,
        (_, None) if !remove.is_empty() => Impact::RemovedHostOrAddress,
        (Some(Setting::Off), None) => Impact::TurnedOff,
        (None, None) => Impact::Other,
    };
    let own_day = match impact {
        Impact::Retiring => retiring,
        // A day that was already there says nothing about what is new today.
        _ => now.effective_from.filter(|_| before.effective_from != now.effective_from),
    };
    Change {
        endpoint: Some(now.id.clone()),
        impact,
        add,
        remove,
        previous: Some(State::of(before)),
        current: Some(State::of(now)),
        ..bare(new.catalogue, Disposition::Change, own_day)
    }
}

fn changed_blocks(old: &Whole<'_>, new: &Whole<'_>) -> Option<Change> {
    let networks = |catalogue: &Catalogue| Places {
        addresses: sorted(
            catalogue.blocks().iter().flat_map(AddressBlock::networks).map(|n| n.to_string()),
        ),
        ..Places::default()
    };
    let (before, now) = (networks(old.catalogue), networks(new.catalogue));
    let mut add = without(&now, &before);
    let remove = without(&before, &now);
    // When a block goes, the addresses that only it had opened must be opened by themselves.
    let bare_now =
        |address: &Ipv4Addr| covered(old.catalogue, *address) && !covered(new.catalogue, *address);
    let addresses = new.catalogue.endpoints().iter().flat_map(Endpoint::addresses);
    add.addresses.extend(sorted(addresses.filter(bare_now).map(|address| address.to_string())));
    let impact = impact_of_additions(&add)
        .or_else(|| (!remove.is_empty()).then_some(Impact::RemovedHostOrAddress))?;
    Some(Change { impact, add, remove, ..bare(new.catalogue, Disposition::Change, None) })
}

/// A record without its subject; `own_day` is the row's own day, if it names one.
fn bare(new: &Catalogue, disposition: Disposition, own_day: Option<Date>) -> Change {
    let effective = own_day.unwrap_or_else(|| new.effective_from());
    let notice = effective.duration_since(new.version().published());
    Change {
        id: String::new(),
        endpoint: None,
        disposition,
        impact: Impact::Other,
        effective,
        notice_days: i32::try_from(notice.as_hours() / 24).unwrap_or(i32::MAX),
        add: Places::default(),
        remove: Places::default(),
        previous: None,
        current: None,
    }
}

fn impact_of_additions(add: &Places) -> Option<Impact> {
    match (add.hosts.is_empty(), add.addresses.is_empty(), add.urls.is_empty()) {
        (false, true, _) => Some(Impact::AddedHost),
        (true, false, _) => Some(Impact::AddedAddress),
        (false, false, _) => Some(Impact::AddedHostAndAddress),
        (true, true, false) => Some(Impact::ChangedUrl),
        (true, true, true) => None,
    }
}

fn covered(catalogue: &Catalogue, address: Ipv4Addr) -> bool {
    catalogue.blocks().iter().any(|block| block.contains(address))
}

fn places(row: &Endpoint) -> Places {
    let reach = Reach::of(row).into_iter();
    Places {
        hosts: sorted(reach.map(|reach| format!("{}:{}", reach.host, reach.port))),
        addresses: sorted(row.addresses().map(|address| address.to_string())),
        urls: sorted(row.uses.iter().map(ToString::to_string)),
    }
}

fn sorted(items: impl Iterator<Item = String>) -> Vec<String> {
    items.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What is in one and not in the other.
fn without(places: &Places, others: &Places) -> Places {
    let only = |these: &[String], those: &[String]| {
        these.iter().filter(|item| !those.contains(item)).cloned().collect()
    };
    Places {
        hosts: only(&places.hosts, &others.hosts),
        addresses: only(&places.addresses, &others.addresses),
        urls: only(&places.urls, &others.urls),
    }
}
