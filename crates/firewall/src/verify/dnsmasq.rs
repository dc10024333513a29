//! Which names feed which sets: the lines `nftset=` and `ipset=` of dnsmasq. Of several entries
//! that a name lies under, dnsmasq obeys the longest only.

use std::collections::BTreeMap;

use super::Input;
use super::flow::{Name, is_within};

/// The names that feed each set; a set of nftables is called `family#table#set`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Feeds(BTreeMap<String, Vec<Name>>);

impl Feeds {
    pub(super) fn read(files: &[Input<'_>]) -> Feeds {
        let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in files.iter().flat_map(|file| file.text.lines()) {
            let line = line.split('#').next().map_or(line, |first| {
                // `#` separates the parts of a set, and begins a comment only after a space.
                line.find(" #").map_or(if first.is_empty() { "" } else { line }, |at| &line[..at])
            });
            let Some((option, value)) = line.trim().split_once('=') else { continue };
            if !matches!(option.trim().trim_start_matches("--"), "nftset" | "ipset") {
                continue;
            }
            let mut parts: Vec<&str> = value.trim().split('/').collect();
            let sets: Vec<String> = match parts.pop() {
                Some(sets) => sets.split(',').map(set).collect(),
                None => continue,
            };
            for name in parts.into_iter().filter(|name| !name.is_empty() && *name != "#") {
                let name = name.trim_start_matches("*.").trim_start_matches('.');
                entries.entry(name.to_ascii_lowercase()).or_default().extend(sets.iter().cloned());
            }
        }
        Feeds::of(&entries)
    }

    fn of(entries: &BTreeMap<String, Vec<String>>) -> Feeds {
        let mut feeds: BTreeMap<String, Vec<Name>> = BTreeMap::new();
        for (name, sets) in entries {
            for set in sets {
                let except = entries
                    .iter()
                    .filter(|(other, fed)| {
                        *other != name && is_within(other, name) && !fed.contains(set)
                    })
                    .map(|(other, _)| other.clone());
                let within = Name::Within(name.clone(), except.collect());
                feeds.entry(set.clone()).or_default().push(within);
            }
        }
        Feeds(feeds)
    }

    pub(super) fn of_set(&self, set: &str) -> Option<&Vec<Name>> {
        self.0.get(set)
    }
}

/// A set without the digit that chooses a family: `4#inet#corp#names` is `inet#corp#names`.
fn set(text: &str) -> String {
    let text = text.trim();
    let bare = text.strip_prefix("4#").or_else(|| text.strip_prefix("6#"));
    bare.unwrap_or(text).to_owned()
}
