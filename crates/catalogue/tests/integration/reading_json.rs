//! A JSON catalogue that is wrong is refused by file, line and field, like a TOML one.

use timbre_catalogue::Catalogue;

/// A sound file, on which each case plants one error.
const SOUND: &str = r#"{
  "schema": "timbre-catalogue/1",
  "id": "trial",
  "version": 2026112401,
  "effective_from": "2026-12-24",
  "title": { "fr": "Essai", "en": "Trial" },
  "regions": ["CA"],
  "blocks": [
    ["192.0.2.0", "192.0.2.255"]
  ],
  "networks": ["192.0.2.0/24"],
  "endpoints": [
    {
      "id": "comet.refill",
      "section": "Comet",
      "purpose": {
        "fr": "Recharge",
        "en": "Refill"
      },
      "group": "required",
      "default": "on",
      "effective_from": "2026-12-24",
      "retire_after": "2027-12-24",
      "printed": {
        "urls": [],
        "domains": [],
        "addresses": ["192.0.2.001"],
        "ports": []
      },
      "uses": ["https://comet.example.org/a"],
      "reach": [
        { "host": "comet.example.org", "port": 443, "transports": ["tcp"] }
      ],
      "addresses": ["192.0.2.1"]
    }
  ]
}
"#;

#[test]
fn a_sound_file_is_read() {
    let catalogue = Catalogue::read_json("trial.json", SOUND).unwrap();
    assert_eq!(catalogue.version().to_string(), "2026112401");
    assert_eq!(catalogue.effective_from(), jiff::civil::date(2026, 12, 24));
    assert_eq!(catalogue.endpoints()[0].target().path, "/a");
}

#[test]
fn each_error_names_file_line_and_field() {
    let cases = [
        ("{\n  \"schema\"", "{,\n  \"schema\"", "trial.json:1: file: "),
        ("  \"schema\": \"timbre-catalogue/1\",\n", "", "trial.json:1: schema: missing: write"),
        ("catalogue/1", "catalogue/2", "trial.json:2: schema: this program reads timbre-cat"),
        ("\"id\": \"trial\"", "\"id\": \"Trial\"", "trial.json:3: id: “Trial” is not a name"),
        ("2026112401", "20261124", "trial.json:4: version: “20261124” is not a version"),
        ("2026112401", "\"2026112401\"", "trial.json:4: version: invalid type"),
        (
            "from\": \"2026-12-24\",\n  \"t",
            "from\": \"24.12.\",\n  \"t",
            "trial.json:5: effective_",
        ),
        ("\"en\": \"Trial\"", "\"en\": \" \"", "trial.json:6: title.en: must be said in both"),
        ("[\"CA\"]", "[\"Canada\"]", "trial.json:7: regions: “Canada” is not the code"),
        ("192.0.2.255", "192.0.1.255", "trial.json:9: blocks: write the first and the last"),
        ("0.2.0/24", "0.2.0/25", "trial.json:11: networks: does not follow from `blocks`"),
        ("comet.refill", "refill", "trial.json:14: id: “refill” is not an endpoint id"),
        ("\"Comet\"", "\"\"", "trial.json:15: section: must be the heading"),
        ("\"Recharge\"", "\"\"", "trial.json:17: purpose.fr: must be said in both languages"),
        (",\n        \"en\": \"Refill\"", "", "trial.json:18: en: missing field"),
        ("\"required\"", "\"needed\"", "trial.json:20: group: “needed” is not one of required,"),
        ("\"on\"", "\"off\"", "trial.json:21: default: a row of the group required cannot be"),
        ("\"2027-12-24\"", "\"2026-12-23\"", "trial.json:23: retire_after: lies before"),
        ("192.0.2.001", "192.0.2", "trial.json:27: printed.addresses: “192.0.2” is not an IPv4"),
        ("\"ports\": []", "\"port\": []", "trial.json:28: port: unknown field"),
        ("\"https://comet", "\"gopher://comet", "trial.json:30: uses: “gopher://comet"),
        ("[\"https://comet.example.org/a\"]", "[]", "trial.json:30: uses: a row must use at"),
        ("\"port\": 443", "\"port\": 80", "trial.json:31: reach: does not follow from `uses`"),
        ("\"192.0.2.1\"", "\"192.0.2.2\"", "trial.json:34: addresses: does not follow from"),
    ];
    for (sound, wrong, expected) in cases {
        let text = SOUND.replacen(sound, wrong, 1);
        assert_ne!(text, SOUND, "the case changes nothing: {sound}");
        let error = Catalogue::read_json("trial.json", &text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "expected {expected}\n     got {error}");
    }
}

#[test]
fn the_row_is_found_among_many() {
    let start = SOUND.find("    {\n      \"id\"").unwrap();
    let end = SOUND.find("\n  ]\n}").unwrap();
    let row = &SOUND[start..end];
    let text = format!("{},\n{row}{}", &SOUND[..end], &SOUND[end..]);
    let error = Catalogue::read_json("trial.json", &text).unwrap_err().to_string();
    assert_eq!(error, "trial.json:37: id: “comet.refill” is there twice");
}

/// Whoever sends a catalogue cannot make the reader dig for ever.
#[test]
fn a_file_nested_without_end_is_refused() {
    let text = "[".repeat(100_000);
    assert!(Catalogue::read_json("deep.json", &text).is_err());
}
