//! The published JSON Schemas, held against what is written by a validator that knows nothing of us.

use jsonschema::Validator;
use serde_json::Value;
use timbre_catalogue::{Catalogue, changes, export};

const EARLIER: &str = include_str!("../fixtures/connect-plus-sendpro-p-de.earlier.toml");

fn validator(schema: &str) -> Validator {
    let schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema is sound itself");
    jsonschema::validator_for(&schema).expect("a sound schema compiles")
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("what is exported is JSON")
}

#[test]
fn every_shipped_catalogue_fits_the_schema() {
    let validator = validator(export::JSON_SCHEMA);
    for (name, catalogue) in Catalogue::shipped() {
        let catalogue = value(&export::json(&catalogue));
        let errors: Vec<_> = validator.iter_errors(&catalogue).map(|e| e.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
}

/// A schema that accepts everything would prove nothing.
#[test]
fn what_the_reader_refuses_the_schema_refuses_too() {
    let validator = validator(export::JSON_SCHEMA);
    let sound = export::json(&Catalogue::timbre());
    for (from, to) in [
        ("timbre-catalogue/1", "timbre-catalogue/2"),
        ("\"id\": \"timbre\"", "\"id\": \"Timbre\""),
        ("2026112402", "20261124"),
        ("\"en\": \"timbre, our own deployment\"", "\"en\": \" \""),
        ("\"required\"", "\"needed\""),
        ("\"on\"", "\"yes\""),
        ("distributor.sign-in\"", "distributor\""),
        ("\"section\"", "\"chapter\""),
        ("\"https://distributor.timbre", "\"gopher://distributor.timbre"),
    ] {
        let text = sound.replace(from, to);
        assert_ne!(text, sound, "the case changes nothing: {from}");
        assert!(Catalogue::read_json("case.json", &text).is_err(), "{from}");
        assert!(!validator.is_valid(&value(&text)), "{from}");
    }
}

#[test]
fn changes_fit_their_schema() {
    let validator = validator(changes::JSON_SCHEMA);
    let timbre = Catalogue::timbre();
    let earlier = Catalogue::read("earlier.toml", EARLIER).expect("the fixture is sound");
    let later = Catalogue::open_shipped("connect-plus-sendpro-p-de").expect("it is shipped");
    // Two documents that have hardly a row in common: every kind of record.
    for (old, new) in [(&earlier, &later), (&later, &timbre), (&timbre, &later)] {
        let document = value(&changes::json(old, new));
        let errors: Vec<_> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
        assert!(document["changes"].as_array().is_some_and(|changes| !changes.is_empty()));
        let wrong =
            value(&changes::json(old, new).replacen("\"impact\": \"", "\"impact\": \"x", 1));
        assert!(!validator.is_valid(&wrong));
    }
}
