//! What a signature covers: every field, whatever the XML looks like, and nothing else.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use roxmltree::{Document, Node};
use timbre_key_store::{KeyRole, KeyStore as _, MemoryKeys};
use timbre_protocol::schema::{Cardinality, Record, Shape};
use timbre_protocol::{Signed as _, read, refill, write};

use crate::keys::ROLES;
use crate::messages;
use crate::round_trip::{runner, value};
use crate::samples::{self, Sample, SignedSample};

#[test]
fn every_signature_of_the_golden_files_verifies_for_ever() {
    for_each_signed(|name, sample, signed| {
        let verified = (signed.verifies)(sample.xml.as_bytes(), &signed.kept.key(signed.role));
        assert_eq!(verified, Ok(true), "{name}");
    });
}

#[test]
fn only_the_key_of_the_right_role_verifies() {
    for_each_signed(|name, sample, signed| {
        for role in ROLES.into_iter().filter(|role| *role != signed.role) {
            let verified = (signed.verifies)(sample.xml.as_bytes(), &signed.kept.key(role));
            assert_eq!(verified, Ok(false), "{name} by {role}");
        }
    });
}

#[test]
fn altering_any_one_field_breaks_the_signature() {
    for_each_signed(|name, sample, signed| {
        let altered = alterations(sample);
        let lines = signed.to_be_signed.lines().count();
        assert!(
            altered.len() >= lines - 2,
            "{name}: each line but the heading and a list's length"
        );
        for (field, xml) in altered {
            let verified = (signed.verifies)(xml.as_bytes(), &signed.kept.key(signed.role));
            assert_eq!(verified, Ok(false), "{name}: {field} altered\n{xml}");
        }
    });
}

#[test]
fn leaving_out_any_optional_element_or_item_breaks_the_signature() {
    let mut removed = 0;
    for_each_signed(|name, sample, signed| {
        for (field, xml) in omissions(sample) {
            let verified = (signed.verifies)(xml.as_bytes(), &signed.kept.key(signed.role));
            assert_eq!(verified, Ok(false), "{name}: {field} left out\n{xml}");
            removed += 1;
        }
    });
    assert!(removed >= 11, "the upload has a piece with eight optional elements and three records");
}

#[test]
fn the_form_of_the_xml_does_not_matter_to_a_signature() {
    for_each_signed(|name, sample, signed| {
        let prefixed = sample
            .xml
            .replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "")
            .replace("</", "</p:")
            .replace('<', "<p:")
            .replace("<p:/p:", "</p:")
            .replace("xmlns=", "xmlns:p=")
            .replace(">\n", ">\n\n\t<!-- white space --><x:new xmlns:x='urn:x'>1</x:new>");
        let prefixed = &prefixed
            [..=prefixed.rfind("</p:").map(|at| at + prefixed[at..].find('>').unwrap()).unwrap()];
        let verified = (signed.verifies)(prefixed.as_bytes(), &signed.kept.key(signed.role));
        assert_eq!(verified, Ok(true), "{name}\n{prefixed}");
    });
}

#[test]
fn what_a_device_signs_verifies_with_its_key_after_the_journey() {
    let keys = MemoryKeys::generate(&[KeyRole::Device]).unwrap();
    let key = keys.public_key(KeyRole::Device).unwrap();
    let request = messages::refill_request().sign(&keys).unwrap();
    let received: refill::Request = read(write(&request).as_bytes()).unwrap();
    assert_eq!(received, request);
    assert_eq!(received.verify(&key), Ok(()));
    assert!(messages::refill_request().verify(&key).is_err(), "unsigned is not signed");
}

#[test]
fn a_signature_survives_characters_that_xml_cannot_carry() {
    let keys = MemoryKeys::generate(&[KeyRole::Device]).unwrap();
    let mut request = messages::sign_in_request();
    request.software = "a\u{0}b\u{ffff}c\r\nd".to_owned();
    let request = request.sign(&keys).unwrap();
    let received: timbre_protocol::sign_in::Request = read(write(&request).as_bytes()).unwrap();
    assert_eq!(received.software, "a\u{fffd}b\u{fffd}c\r\nd");
    assert_eq!(received.verify(&keys.public_key(KeyRole::Device).unwrap()), Ok(()));
}

#[test]
fn a_key_store_without_the_role_says_so() {
    let keys = MemoryKeys::generate(&[KeyRole::Funds]).unwrap();
    let error = messages::refill_request().sign(&keys).unwrap_err();
    assert!(error.to_string().contains("no device key"), "{error}");
}

fn for_each_signed(mut check: impl FnMut(&str, &Sample, &SignedSample)) {
    let mut count = 0;
    for sample in samples::all() {
        if let Some(signed) = &sample.signed {
            check(&format!("{}/{}", sample.exchange, sample.file), &sample, signed);
            count += 1;
        }
    }
    assert_eq!(count, 13);
}

/// The message once for each of its texts and currencies, with another valid value in that one place.
fn alterations(sample: &Sample) -> Vec<(String, String)> {
    let document = Document::parse(&sample.xml).unwrap();
    let mut altered = Vec::new();
    walk(document.root_element(), &sample.shape, &mut |node, shape| {
        if node.tag_name().name() == "signature" {
            return;
        }
        let text = node.text().unwrap_or_default();
        let name = node.tag_name().name();
        let inside = node.first_child().map(|child| child.range());
        if let Shape::Text(simple_type) = shape {
            let other = another(text, || value(simple_type));
            altered.push((name.to_owned(), replaced(&sample.xml, inside, &other)));
        } else {
            let other = if text == "1.00" { "2.00" } else { "1.00" };
            altered.push((name.to_owned(), replaced(&sample.xml, inside, other)));
            let currency = node.attribute_node("currency").unwrap().range_value();
            let currency = replaced(&sample.xml, Some(currency), "USD");
            altered.push((format!("the currency of {name}"), currency));
        }
    });
    altered
}

/// The message once for each optional element and each item of a list, without it.
fn omissions(sample: &Sample) -> Vec<(String, String)> {
    let document = Document::parse(&sample.xml).unwrap();
    let mut without = Vec::new();
    let mut leave_out = |node: Node<'_, '_>| {
        let xml = replaced(&sample.xml, Some(node.range()), "");
        without.push((node.tag_name().name().to_owned(), xml));
    };
    fn visit<'a>(node: Node<'a, 'a>, record: &Record, leave_out: &mut dyn FnMut(Node<'a, 'a>)) {
        for field in &record.fields {
            let Some(child) =
                node.children().find(|it| it.has_tag_name(("urn:timbre:protocol:1", field.name)))
            else {
                continue;
            };
            match (field.cardinality, &field.shape) {
                (Cardinality::Optional, _) => leave_out(child),
                (Cardinality::List, shape) => {
                    for item in child.children().filter(Node::is_element) {
                        leave_out(item);
                        if let Shape::Record(record) = shape {
                            visit(item, record, leave_out);
                        }
                    }
                }
                (Cardinality::One, Shape::Record(record)) => visit(child, record, leave_out),
                (Cardinality::One, _) => {}
            }
        }
    }
    let Shape::Record(record) = &sample.shape else { panic!("a message is a record") };
    visit(document.root_element(), record, &mut leave_out);
    without
}

/// Calls `visit` for every element below `node` that holds text.
fn walk<'a>(node: Node<'a, 'a>, shape: &Shape, visit: &mut impl FnMut(Node<'a, 'a>, &Shape)) {
    let Shape::Record(record) = shape else { return visit(node, shape) };
    for child in node.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        let field = record.fields.iter().find(|field| field.name == name).unwrap();
        if field.cardinality == Cardinality::List {
            for item in child.children().filter(Node::is_element) {
                walk(item, &field.shape, visit);
            }
        } else {
            walk(child, &field.shape, visit);
        }
    }
}

/// A value of the type that is not `text`.
fn another(text: &str, values: impl Fn() -> BoxedStrategy<String>) -> String {
    let mut runner = runner(1);
    let mut next = || values().new_tree(&mut runner).unwrap().current();
    std::iter::repeat_with(&mut next)
        .find(|other| other != text && !other.contains(['&', '<', '>', '\r']))
        .unwrap()
}

fn replaced(xml: &str, range: Option<std::ops::Range<usize>>, text: &str) -> String {
    let range = range.expect("every element of the samples holds something");
    format!("{}{text}{}", &xml[..range.start], &xml[range.end..])
}

#[test]
fn whatever_happens_to_the_bytes_no_other_value_ever_verifies() {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), edit()), 1..4);
    for_each_signed(|name, sample, signed| {
        let key = signed.kept.key(signed.role);
        let result = runner(256).run(&edits, |edits| {
            let mut bytes = sample.xml.clone().into_bytes();
            for (at, (kind, byte)) in edits {
                let at = at.index(bytes.len());
                match kind {
                    0 => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    2 => bytes.truncate(at.max(1)),
                    _ => drop(bytes.remove(at)),
                }
            }
            // Reading may fail in any way but a panic; what still verifies must be what was signed.
            if (signed.verifies)(&bytes, &key) == Ok(true) {
                let again = (sample.rewrite)(&bytes);
                prop_assert_eq!(again.as_ref(), Ok(&sample.xml));
            }
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{name}: {error}"));
    });
}

/// What to do to a byte, and a byte that matters to XML more often than not.
fn edit() -> impl Strategy<Value = (u8, u8)> {
    (0..20_u8, prop_oneof![any::<u8>(), prop::sample::select(b"<>&\"'/!-?=0 ".to_vec())])
}
