//! The schema that is checked in is the one the messages make, and all that they write is valid by it, as another
//! program sees it.

use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::strategy::{Strategy as _, ValueTree as _};
use timbre_protocol::schema::xsd;

use crate::golden::compare;
use crate::round_trip::{document, runner};
use crate::samples;

fn schema_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/timbre-protocol-1.xsd")
}

#[test]
fn the_schema_that_is_checked_in_is_the_one_the_messages_make() {
    compare(&schema_file(), &xsd());
}

#[test]
fn every_golden_message_is_valid_by_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let files = samples::all().into_iter().map(|sample| {
        let path = folder.path().join(format!("{}-{}.xml", sample.exchange, sample.file));
        std::fs::write(&path, sample.xml).unwrap();
        path
    });
    let (valid, output) = xmllint(&files.collect::<Vec<_>>());
    assert!(valid, "{output}");
}

#[test]
fn any_message_that_the_description_allows_is_valid_by_the_schema() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for sample in samples::all() {
        let mut runner = runner(1);
        for number in 0..24 {
            let xml = document(&sample.shape).new_tree(&mut runner).unwrap().current();
            let name = format!("{}-{}-{number}.xml", sample.exchange, sample.file);
            files.push(folder.path().join(name));
            std::fs::write(&files[files.len() - 1], xml).unwrap();
        }
    }
    let (valid, output) = xmllint(&files);
    assert!(valid, "{output}");
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let refill = || samples::all().into_iter().find(|s| s.exchange == "refill").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (what, from, to) in [
        ("a missing element", "  <sequence>1</sequence>\n", ""),
        (
            "a second element",
            "<sequence>1</sequence>",
            "<sequence>1</sequence><sequence>2</sequence>",
        ),
        ("a number that is none", "<sequence>1</sequence>", "<sequence>one</sequence>"),
        ("a number spelled otherwise", "<sequence>1</sequence>", "<sequence>01</sequence>"),
        ("an amount spelled otherwise", ">500.00<", ">500.0<"),
        ("a currency that is none", "\"CAD\">500.00", "\"EUR\">500.00"),
        ("a serial that is none", "TM0000042", "TM42"),
        ("another version", "version=\"1\">", "version=\"2\">"),
        ("another namespace", "protocol:1\"", "protocol:2\""),
        ("an instant without offset", "13:00:04Z", "13:00:04"),
    ] {
        let sample = refill();
        let xml = sample.xml.replacen(from, to, if what.starts_with("another") { 2 } else { 1 });
        let xml = xml.replacen("xml version=\"2\"", "xml version=\"1\"", 1);
        assert_ne!(xml, sample.xml, "{what}");
        let path = folder.path().join("message.xml");
        std::fs::write(&path, &xml).unwrap();
        assert!(!xmllint(&[path]).0, "the schema takes {what}");
        assert!((sample.rewrite)(xml.as_bytes()).is_err(), "the reader takes {what}");
    }
}

/// Whether files are valid by the schema, and what the validator said.
fn xmllint(files: &[PathBuf]) -> (bool, String) {
    let output = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema_file())
        .args(files)
        .output()
        .expect(
            "xmllint validates messages: run the project's set-up script, or install libxml2-utils",
        );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}
