//! `timbre network catalogue changes`: what to open, by when, and what may be closed, between two versions.

use clap::Args;
use timbre_catalogue::Catalogue;
use timbre_catalogue::changes::{self, Change, NOTICE_DAYS};
use timbre_postage::Language;

use super::said;
use crate::cli::OutputArgs;
use crate::network::choice::open;
use crate::outcome::{Failure, Outcome};

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre network catalogue changes connect-plus-sendpro-p-2026-11.json connect-plus-sendpro-p
  timbre network catalogue changes old.toml new.toml --json

Exit status: 0 every addition is announced 30 days ahead, or there is none · 1 one is announced later
             64 wrong usage, or a file does not read")]
pub(super) struct ChangesArgs {
    /// The catalogue before: a shipped name or a file (TOML or JSON)
    old: String,
    /// The catalogue after
    new: String,
}

pub(super) fn execute(args: &ChangesArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let (old, new) = (open(&args.old)?, open(&args.new)?);
    if old.id() != new.id() {
        let (old, new) = (old.id(), new.id());
        output.note(
            &format!("attention\u{a0}: «\u{a0}{old}\u{a0}» et «\u{a0}{new}\u{a0}» sont deux documents différents"),
            &format!("warning: “{old}” and “{new}” are two different documents"),
        );
    } else if old.version() > new.version() {
        let (old, new) = (old.version(), new.version());
        output.note(
            &format!("attention\u{a0}: la version {new} est plus ancienne que {old}"),
            &format!("warning: version {new} is older than {old}"),
        );
    }
    let changes = changes::between(&old, &new);
    if output.json {
        output.answer(&changes::json(&old, &new));
    } else {
        output.answer(&(text(&old, &new, &changes, output.language()) + "\n"));
    }
    let late = changes.iter().any(Change::is_short_notice);
    Ok(if late { Outcome::Verdict(1) } else { Outcome::Done })
}

fn text(old: &Catalogue, new: &Catalogue, changes: &[Change], language: Language) -> String {
    let mut text = format!("{} → {}", old.version(), super::headline(new, language));
    if changes.is_empty() {
        text.push_str(language.pick("\nrien ne change", "\nnothing changes"));
    }
    for change in changes {
        let place = change.endpoint.as_ref().map_or_else(
            || language.pick("blocs d’adresses", "address blocks"),
            timbre_catalogue::EndpointId::as_str,
        );
        text.push_str(&format!("\n{place}\n  {}", said(&change.summary(), language)));
        if change.is_short_notice() {
            let days = change.notice_days;
            text.push_str(&language.pick(
                format!("\n  préavis de {days} jours seulement, au lieu de {NOTICE_DAYS}"),
                format!("\n  only {days} days’ notice instead of {NOTICE_DAYS}"),
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_its_day_and_its_notice() {
        let new = Catalogue::timbre();
        let before = timbre_catalogue::export::json(&new)
            .replace("2026112402", "2026110101")
            .replace("distributor.sign-in", "portal.sign-in")
            .replace("distributor.timbre", "portal.timbre");
        let old = Catalogue::read_json("old.json", &before).unwrap();
        let changes = changes::between(&old, &new);
        let text = text(&old, &new, &changes, Language::English);
        assert_eq!(
            text,
            "2026110101 → timbre, version 2026112402, effective from 2026-11-24\n\
             distributor.sign-in\n  \
             new destination, to be open by 2026-11-24: distributor.timbre.localhost:443\n  \
             only 0 days’ notice instead of 30\n\
             portal.sign-in\n  \
             no longer used after 2026-11-24; close portal.timbre.localhost:443"
        );
    }

    #[test]
    fn two_equal_versions_say_so() {
        let same = Catalogue::timbre();
        let text = text(&same, &same, &[], Language::French);
        assert!(text.ends_with("\nrien ne change"), "{text}");
    }
}
