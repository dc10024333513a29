//! A destination is announced, used and retired, each on its day.

use jiff::civil::date;
use timbre_catalogue::{Catalogue, Phase};

const TEXT: &str = r#"
id = "trial"
version = 2026112401
effective_from = "2026-11-24"
title.fr = "Essai"
title.en = "Trial"

[[endpoint]]
id = "comet.refill"
section = "Comet"
purpose.fr = "Recharge"
purpose.en = "Refill"
group = "required"
default = "on"
effective_from = "2026-12-24"
retire_after = "2027-01-31"
uses = ["https://comet.example.org/"]
"#;

#[test]
fn a_row_is_used_from_its_first_day_to_its_last() {
    let catalogue = Catalogue::read("trial.toml", TEXT).unwrap();
    let row = &catalogue.endpoints()[0];
    for (day, phase) in [
        (date(2026, 12, 23), Phase::Announced),
        (date(2026, 12, 24), Phase::InUse),
        (date(2027, 1, 31), Phase::InUse),
        (date(2027, 2, 1), Phase::Retired),
    ] {
        assert_eq!(row.phase(day), phase, "{day}");
        let kept = catalogue.clone().without_retired(day).endpoints().len();
        assert_eq!(kept, usize::from(phase != Phase::Retired), "{day}");
    }
}

#[test]
fn a_row_without_days_is_always_used() {
    for row in Catalogue::connect_plus_sendpro_p().endpoints() {
        assert_eq!(row.phase(date(1970, 1, 1)), Phase::InUse);
        assert_eq!(row.phase(date(9999, 1, 1)), Phase::InUse);
    }
}
