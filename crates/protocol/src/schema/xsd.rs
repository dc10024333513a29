//! Writes the XML Schema of the protocol from the description of its messages.
//!
//! The schema says what this software writes. A reader takes more: elements in any order, and elements it does not know.
//! The schema admits the latter at the end of every element, in other namespaces only, because XML Schema 1.0 cannot tell
//! an optional element from an unknown one of the same namespace.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Cardinality, Facet, Field, Record, Shape, SimpleType};
use crate::content::Content as _;
use crate::rate_download::SignedTable;
use crate::{EXCHANGES, NAMESPACE, Refusal, VERSION};

/// Where unknown elements may stand.
const ANY: &str = "<xs:any namespace=\"##other\" processContents=\"lax\" minOccurs=\"0\" \
                   maxOccurs=\"unbounded\"/>";
const ANY_ATTRIBUTE: &str = "<xs:anyAttribute namespace=\"##other\" processContents=\"lax\"/>";

/// The type of an amount and, in it, that of its text.
const MONEY: &str = "money";
const DECIMAL: &str = "decimal";

/// The schema of every message, as it is checked in at `schema/timbre-protocol-1.xsd`.
#[must_use]
pub fn xsd() -> String {
    let mut schema = Schema::default();
    for exchange in &EXCHANGES {
        let (name, endpoint) = (exchange.name, &exchange.endpoint);
        let request = format!("The request of {name}, sent to {endpoint}.");
        schema.message(exchange.request, &request, &(exchange.request_shape)());
        let reply = format!("The reply of {name}.");
        schema.message(exchange.reply, &reply, &(exchange.reply_shape)());
    }
    let refusal = "What any exchange answers when a rule forbids its reply.";
    schema.message(Refusal::ITEM, refusal, &Refusal::shape());
    let table = "A signed rate table, as a meter keeps it.";
    schema.message(SignedTable::ITEM, table, &SignedTable::shape());
    schema.finish()
}

#[derive(Default)]
struct Schema {
    roots: String,
    records: BTreeMap<&'static str, Record>,
    simple_types: BTreeMap<&'static str, SimpleType>,
}

impl Schema {
    fn message(&mut self, element: &str, documentation: &str, shape: &Shape) {
        self.collect(shape);
        let roots = &mut self.roots;
        put(roots, 1, &format!("<xs:element name=\"{element}\">"));
        put(roots, 2, "<xs:annotation>");
        put(roots, 3, &format!("<xs:documentation>{documentation}</xs:documentation>"));
        put(roots, 2, "</xs:annotation>");
        put(roots, 2, "<xs:complexType>");
        put(roots, 3, "<xs:complexContent>");
        put(roots, 4, &format!("<xs:extension base=\"t:{element}\">"));
        let version =
            format!("<xs:attribute name=\"version\" fixed=\"{VERSION}\" use=\"required\"/>");
        put(roots, 5, &version);
        put(roots, 4, "</xs:extension>");
        put(roots, 3, "</xs:complexContent>");
        put(roots, 2, "</xs:complexType>");
        put(roots, 1, "</xs:element>");
    }

    /// Notes every type that `shape` is made of.
    fn collect(&mut self, shape: &Shape) {
        match shape {
            Shape::Money => {}
            Shape::Text(text) => {
                let other = self.simple_types.insert(text.name, *text);
                assert!(other.is_none_or(|o| o == *text), "two types are called {}", text.name);
            }
            Shape::Record(record) => {
                for field in &record.fields {
                    self.collect(&field.shape);
                }
                let other = self.records.insert(record.name, record.clone());
                assert!(
                    other.is_none_or(|o| o == *record),
                    "two records are called {}",
                    record.name
                );
            }
        }
    }

    fn finish(self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let prefixes =
            format!("xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:t=\"{NAMESPACE}\"");
        let qualified = format!("targetNamespace=\"{NAMESPACE}\" elementFormDefault=\"qualified\"");
        put(
            &mut out,
            0,
            "<!-- Written by timbre-protocol from the messages themselves; a test keeps it so. -->",
        );
        put(&mut out, 0, &format!("<xs:schema {prefixes} {qualified} version=\"{VERSION}\">"));
        out.push_str(&self.roots);
        for record in self.records.values() {
            put_record(&mut out, record);
        }
        put_money(&mut out);
        for simple_type in self.simple_types.values() {
            put_simple_type(&mut out, simple_type);
        }
        put(&mut out, 0, "</xs:schema>");
        out
    }
}

fn put(out: &mut String, depth: usize, line: &str) {
    writeln!(out, "{:width$}{line}", "", width = 2 * depth).expect("a string takes every line");
}

fn put_record(out: &mut String, record: &Record) {
    put(out, 1, &format!("<xs:complexType name=\"{}\">", record.name));
    put(out, 2, "<xs:sequence>");
    for field in &record.fields {
        put_field(out, field);
    }
    put(out, 3, ANY);
    put(out, 2, "</xs:sequence>");
    put(out, 2, ANY_ATTRIBUTE);
    put(out, 1, "</xs:complexType>");
}

fn put_field(out: &mut String, field: &Field) {
    let name = field.name;
    let type_name = match &field.shape {
        Shape::Text(simple_type) => simple_type.name,
        Shape::Money => MONEY,
        Shape::Record(record) => record.name,
    };
    match field.cardinality {
        Cardinality::One => {
            put(out, 3, &format!("<xs:element name=\"{name}\" type=\"t:{type_name}\"/>"));
        }
        Cardinality::Optional => {
            let element = format!("<xs:element name=\"{name}\" type=\"t:{type_name}\"");
            put(out, 3, &format!("{element} minOccurs=\"0\"/>"));
        }
        Cardinality::List => {
            let item = format!("<xs:element name=\"{}\" type=\"t:{type_name}\"", field.item);
            put(out, 3, &format!("<xs:element name=\"{name}\">"));
            put(out, 4, "<xs:complexType>");
            put(out, 5, "<xs:sequence>");
            put(out, 6, &format!("{item} minOccurs=\"0\" maxOccurs=\"unbounded\"/>"));
            put(out, 6, ANY);
            put(out, 5, "</xs:sequence>");
            put(out, 5, ANY_ATTRIBUTE);
            put(out, 4, "</xs:complexType>");
            put(out, 3, "</xs:element>");
        }
    }
}

fn put_money(out: &mut String) {
    put(out, 1, &format!("<xs:complexType name=\"{MONEY}\">"));
    put(out, 2, "<xs:simpleContent>");
    put(out, 3, &format!("<xs:extension base=\"t:{DECIMAL}\">"));
    put(out, 4, "<xs:attribute name=\"currency\" type=\"t:currency\" use=\"required\"/>");
    put(out, 4, ANY_ATTRIBUTE);
    put(out, 3, "</xs:extension>");
    put(out, 2, "</xs:simpleContent>");
    put(out, 1, "</xs:complexType>");
    let facets = &[Facet::Pattern("-?(0|[1-9][0-9]*)\\.[0-9]{2}[1-9]?")];
    put_simple_type(out, &SimpleType { name: DECIMAL, base: "xs:decimal", facets });
}

fn put_simple_type(out: &mut String, simple_type: &SimpleType) {
    put(out, 1, &format!("<xs:simpleType name=\"{}\">", simple_type.name));
    let restriction = format!("<xs:restriction base=\"{}\"", simple_type.base);
    if simple_type.facets.is_empty() {
        put(out, 2, &format!("{restriction}/>"));
    } else {
        put(out, 2, &format!("{restriction}>"));
        for facet in simple_type.facets {
            let (name, value) = match facet {
                Facet::Pattern(pattern) => ("pattern", (*pattern).to_owned()),
                Facet::Length(length) => ("length", length.to_string()),
                Facet::MaxLength(length) => ("maxLength", length.to_string()),
                Facet::Word(word) => ("enumeration", (*word).to_owned()),
            };
            put(out, 3, &format!("<xs:{name} value=\"{value}\"/>"));
        }
        put(out, 2, "</xs:restriction>");
    }
    put(out, 1, "</xs:simpleType>");
}
