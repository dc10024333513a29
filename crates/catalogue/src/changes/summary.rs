//! A change in one sentence, for a person.

use super::{Change, Disposition, Impact, Places};
use crate::Text;

impl Change {
    /// What to do about it, in one sentence.
    #[must_use]
    pub fn summary(&self) -> Text {
        let (add, remove) = (list(&self.add), list(&self.remove));
        let day = self.effective;
        match (self.disposition, self.impact) {
            (Disposition::Add, Impact::Other) if add.is_empty() => Text::new(
                "destination nouvelle, à un endroit déjà ouvert",
                "new destination, at a place that is open already",
            ),
            (Disposition::Add, Impact::Other) => Text::new(
                format!("destination nouvelle, désactivée par défaut\u{a0}: {add}"),
                format!("new destination, off by default: {add}"),
            ),
            (Disposition::Add, _) => Text::new(
                format!("destination nouvelle, à ouvrir avant le {day}\u{a0}: {add}"),
                format!("new destination, to be open by {day}: {add}"),
            ),
            (_, Impact::RemovedDuplicate) => Text::new(
                "n’est plus utilisée\u{a0}; rien à fermer\u{a0}: d’autres destinations sont au même endroit",
                "no longer used; close nothing: other destinations are at the same place",
            ),
            (Disposition::Remove, _) => Text::new(
                format!("n’est plus utilisée après le {day}\u{a0}; à fermer\u{a0}: {remove}"),
                format!("no longer used after {day}; close {remove}"),
            ),
            (Disposition::Change, Impact::TurnedOn) if add.is_empty() => Text::new(
                format!("activée par défaut dès le {day}, à un endroit déjà ouvert"),
                format!("on by default from {day}, at a place that is open already"),
            ),
            (Disposition::Change, Impact::TurnedOn) => Text::new(
                format!("activée par défaut, à ouvrir avant le {day}\u{a0}: {add}"),
                format!("on by default, to be open by {day}: {add}"),
            ),
            (Disposition::Change, Impact::TurnedOff) => Text::new(
                format!("désactivée par défaut dès le {day}"),
                format!("off by default from {day}"),
            ),
            (Disposition::Change, Impact::Retiring) => Text::new(
                format!("sera retirée\u{a0}: dernier jour le {day}"),
                format!("will be retired: its last day is {day}"),
            ),
            (Disposition::Change, Impact::RemovedHostOrAddress) => Text::new(
                format!("à fermer après le {day}\u{a0}: {remove}"),
                format!("to be closed after {day}: {remove}"),
            ),
            (Disposition::Change, Impact::Other) => Text::new(
                "rien à faire au pare-feu\u{a0}: seuls les mots, le groupe ou les dates changent",
                "nothing for a firewall: only words, group or dates change",
            ),
            (Disposition::Change, _) if self.remove.is_empty() => Text::new(
                format!("à ouvrir avant le {day}\u{a0}: {add}"),
                format!("to be open by {day}: {add}"),
            ),
            (Disposition::Change, _) => Text::new(
                format!(
                    "à ouvrir avant le {day}\u{a0}: {add}\u{a0}; à fermer ensuite\u{a0}: {remove}"
                ),
                format!("to be open by {day}: {add}; close afterwards: {remove}"),
            ),
        }
    }
}

/// Hosts and addresses, or the URLs when nothing else tells them apart.
fn list(places: &Places) -> String {
    let mut names: Vec<&str> = Vec::new();
    names.extend(places.hosts.iter().chain(&places.addresses).map(String::as_str));
    if names.is_empty() {
        names.extend(places.urls.iter().map(String::as_str));
    }
    names.join(", ")
}
