//! A catalogue file that is wrong is refused by file, line and field.

use timbre_catalogue::Catalogue;

/// A sound file, on which each case plants one error.
const SOUND: &str = r#"id = "trial"
version = 2026112401
effective_from = "2026-12-24"
title.fr = "Essai"
title.en = "Trial"
blocks = [["192.0.2.0", "192.0.2.255"]]

[[endpoint]]
id = "comet.refill"
section = "Comet"
purpose.fr = "Recharge"
purpose.en = "Refill"
group = "required"
default = "on"
printed.addresses = ["192.0.2.1"]
uses = ["https://comet.example.org/some/Path?with=query"]
"#;

#[test]
fn a_sound_file_keeps_its_path() {
    let catalogue = Catalogue::read("trial.toml", SOUND).unwrap();
    assert_eq!(catalogue.endpoints()[0].target().path, "/some/Path?with=query");
}

#[test]
fn each_error_names_file_line_and_field() {
    let cases = [
        ("title.en = \"Trial\"\n", "", "trial.toml:4: en: missing field"),
        ("id = \"comet.refill\"", "id = \"refill\"", "trial.toml:9: id: “refill” is not an"),
        ("id = \"comet.refill\"", "id = 7", "trial.toml:9: id: invalid type"),
        ("section = \"Comet\"", "section = \" \"", "trial.toml:10: section: must be the heading"),
        (
            "purpose.en = \"Refill\"",
            "purpose.en = \"\"",
            "trial.toml:12: purpose.en: must be said in",
        ),
        ("purpose.en = \"Refill\"\n", "", "trial.toml:11: en: missing field"),
        ("\"required\"", "\"needed\"", "trial.toml:13: group: “needed” is not one of required,"),
        ("\"on\"", "\"yes\"", "trial.toml:14: default: “yes” is not on or off"),
        ("\"on\"", "\"off\"", "trial.toml:14: default: a row of the group required cannot be off"),
        ("default = \"on\"\n", "", "trial.toml:8: default: missing field"),
        ("\"192.0.2.1\"", "\"192.0.2\"", "trial.toml:15: printed.addresses: “192.0.2” is not"),
        ("printed.addresses", "printed.adresses", "trial.toml:15: adresses: unknown field"),
        ("uses = [\"https", "uses = [\"gopher", "trial.toml:16: uses: “gopher://"),
        (
            "[\"https://comet.example.org/some/Path?with=query\"]",
            "[]",
            "trial.toml:16: uses: a row",
        ),
        ("\"192.0.2.255\"", "\"192.0.1.255\"", "trial.toml:6: blocks: write the first and"),
        ("[[endpoint]]", "[[endpoint]", "trial.toml:8: file: "),
        ("blocks =", "domain = \"a b\"\nblocks =", "trial.toml:6: domain: “a b” is not a DNS name"),
        (
            "blocks =",
            "domain = \"example.net\"\nblocks =",
            "trial.toml:17: uses: “https://comet.example.org/some/Path?with=query” does not lie",
        ),
    ];
    for (sound, wrong, expected) in cases {
        let text = SOUND.replacen(sound, wrong, 1);
        assert_ne!(text, SOUND, "the case changes nothing: {sound}");
        let error = Catalogue::read("trial.toml", &text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "expected {expected}\n     got {error}");
    }
}

#[test]
fn a_name_may_be_given_once() {
    let row = &SOUND[SOUND.find("[[endpoint]]").unwrap()..];
    let error = Catalogue::read("trial.toml", &format!("{SOUND}\n{row}")).unwrap_err();
    assert_eq!(error.to_string(), "trial.toml:19: id: “comet.refill” is there twice");
}

#[test]
fn a_row_of_our_own_names_one_exchange_once() {
    let row = &SOUND[SOUND.find("[[endpoint]]").unwrap()..];
    let row = row.replace("id = ", "exchange = \"refill\"\nid = ");
    let again = row.replace("comet.refill", "comet.again");
    let head = &SOUND[..SOUND.find("[[endpoint]]").unwrap()];
    let error = Catalogue::read("trial.toml", &format!("{head}{row}\n{again}")).unwrap_err();
    assert_eq!(error.to_string(), "trial.toml:20: exchange: “refill” is there twice");
}
