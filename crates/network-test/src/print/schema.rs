//! The published schema of a report (JSON Schema, 2020-12). Its closed lists are the program’s own, so that the schema
//! cannot know fewer codes than a report may hold.

use serde_json::{Map, Value, json};
use timbre_catalogue::Group;

use crate::{CheckId, Code, Confidence, Culprit, Layer, Overall, SCHEMA, Verdict};

/// The schema as a document.
#[must_use]
pub fn schema() -> String {
    super::json::pretty(&json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "network-test-report.v1.json",
        "title": "Report of timbre network test",
        "description": "Within version 1, fields and codes may be added; none is renamed, removed or given another meaning.",
        "type": "object",
        "required": [
            "schema", "id", "tool", "started", "took_ms", "catalogue", "way", "resolvers", "verdict",
            "services", "checks", "requests"
        ],
        "properties": {
            "schema": { "const": SCHEMA },
            "id": said("A name of its own, to speak about it."),
            "tool": said("The program and its version."),
            "started": {
                "description": "When it started, by the clock of the machine.",
                "type": "string", "format": "date-time"
            },
            "took_ms": counted("How long it took, in milliseconds."),
            "catalogue": catalogue(),
            "way": said("How destinations are reached: `direct`, `proxy host:port`, `pac URL`."),
            "resolvers": list("The DNS servers that were asked.", json!({ "type": "string" })),
            "verdict": one_of("What it all comes to.", overall()),
            "services": list("One for each heading of the document, in its order.", service()),
            "checks": list("Every check, by number.", check()),
            "requests": list("What to ask of the people who run the network, the most pressing first.", request())
        },
        "$defs": { "text": text(), "code": codes() }
    }))
}

fn said(description: &str) -> Value {
    json!({ "description": description, "type": "string" })
}

fn counted(description: &str) -> Value {
    json!({ "description": description, "type": "integer", "minimum": 0 })
}

fn list(description: &str, items: Value) -> Value {
    let mut list = Map::new();
    list.insert("description".to_owned(), description.into());
    list.insert("type".to_owned(), "array".into());
    list.insert("items".to_owned(), items);
    list.into()
}

fn one_of(description: &str, names: Vec<&'static str>) -> Value {
    json!({ "description": description, "type": "string", "enum": names })
}

fn object(description: &str, required: &[&str], properties: Value) -> Value {
    json!({ "description": description, "type": "object", "required": required, "properties": properties })
}

fn text() -> Value {
    object(
        "The same thing in both languages.",
        &["fr", "en"],
        json!({ "fr": { "type": "string" }, "en": { "type": "string" } }),
    )
}

/// Each code with its title, so that the schema alone explains a report.
fn codes() -> Value {
    let one = |code: &Code| json!({ "const": code.as_str(), "title": code.title().en });
    json!({ "description": "What can be wrong.", "oneOf": Code::ALL.iter().map(one).collect::<Vec<_>>() })
}

fn overall() -> Vec<&'static str> {
    [Overall::Ready, Overall::ReadyWithWarnings, Overall::NotReady, Overall::CouldNotTest]
        .map(Overall::as_str)
        .to_vec()
}

fn verdicts(description: &str) -> Value {
    one_of(description, Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect())
}

fn culprits(description: &str) -> Value {
    one_of(description, Culprit::ALL.iter().map(|who| who.as_str()).collect())
}

fn endpoints(description: &str) -> Value {
    list(description, json!({ "type": "string", "pattern": "^[a-z0-9-]+\\.[a-z0-9-]+$" }))
}

fn numbers(description: &str) -> Value {
    list(description, json!({ "type": "integer", "minimum": 1 }))
}

fn catalogue() -> Value {
    object(
        "Against which catalogue.",
        &["id", "version", "title"],
        json!({
            "id": said("Its name."),
            "version": said("Its version, YYYYMMDDNN."),
            "title": { "$ref": "#/$defs/text" }
        }),
    )
}

fn service() -> Value {
    let groups = Group::ALL.map(Group::as_str).to_vec();
    object(
        "What of one heading of the document works.",
        &["id", "section", "group", "endpoints", "verdict", "checks"],
        json!({
            "id": said("The first part of its endpoints’ ids."),
            "section": said("The heading, word for word."),
            "group": one_of("How much the meter depends on it.", groups),
            "endpoints": endpoints("Its endpoints that were tested."),
            "verdict": verdicts("The worst of its checks."),
            "checks": numbers("The checks that speak for it.")
        }),
    )
}

fn check() -> Value {
    object(
        "One check and what it came to.",
        &["number", "id", "endpoints", "required", "target", "way", "verdict", "at_ms", "took_ms"],
        json!({
            "number": { "description": "Its number, from 1.", "type": "integer", "minimum": 1 },
            "id": one_of("What it looks at.", CheckId::ALL.iter().map(|id| id.as_str()).collect()),
            "endpoints": endpoints("For which endpoints it speaks; none when it is about the network as a whole."),
            "required": { "description": "Whether the meter cannot work without it.", "type": "boolean" },
            "target": said("What was spoken to."),
            "way": said("How it was reached."),
            "verdict": verdicts("What it came to."),
            "code": { "$ref": "#/$defs/code" },
            "because": { "description": "The check that failed before this one.", "type": "integer", "minimum": 1 },
            "evidence": list("What was seen.", evidence()),
            "blame": blame(),
            "at_ms": counted("When it began, in milliseconds from the start."),
            "took_ms": counted("How long it took, in milliseconds.")
        }),
    )
}

fn evidence() -> Value {
    object(
        "One fact.",
        &["name", "value"],
        json!({
            "name": said("What it is."),
            "value": said("The fact, in the words of the protocol."),
            "private": {
                "description": "It names an inside of the customer’s network.", "type": "boolean"
            }
        }),
    )
}

fn blame() -> Value {
    let confidences = Confidence::ALL.iter().map(|one| one.as_str()).collect();
    object(
        "Who stands in the way.",
        &["layer", "who", "confidence"],
        json!({
            "layer": one_of("Where it stands.", Layer::ALL.iter().map(|layer| layer.as_str()).collect()),
            "who": culprits("What it is."),
            "name": said("Its own name, when it gave itself away."),
            "confidence": one_of("How sure that is.", confidences)
        }),
    )
}

fn request() -> Value {
    let port = json!({ "type": "integer", "minimum": 1, "maximum": 65_535 });
    let host = object(
        "A host.",
        &["host", "ports", "addresses"],
        json!({
            "host": said("Its name."),
            "ports": list("The ports concerned.", port),
            "addresses": list("Its addresses at the time.", json!({ "type": "string" }))
        }),
    );
    object(
        "One thing to ask.",
        &["code", "required", "who", "text", "endpoints", "checks"],
        json!({
            "code": { "$ref": "#/$defs/code" },
            "required": { "description": "Whether the meter cannot work without it.", "type": "boolean" },
            "who": culprits("Who stands in the way."),
            "name": said("Its own name, when it gave itself away."),
            "text": { "$ref": "#/$defs/text" },
            "hosts": list("The hosts concerned; none when the whole network is.", host),
            "endpoints": endpoints("The endpoints that wait for it."),
            "checks": numbers("The checks that prove it.")
        }),
    )
}
