//! Whatever the description of a message allows is read, and written again as it was. The documents are made from the
//! description alone, so that it, the reader and the writer are held to each other.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;
use timbre_key_store::{KeyRole, PublicKey};
use timbre_protocol::schema::{Cardinality, Facet, Field, Record, Shape, SimpleType};

use crate::keys::{KEPT, ROLES};
use crate::samples;

#[test]
fn any_message_that_the_description_allows_is_read_and_written_as_it_was() {
    for sample in samples::all() {
        let mut runner = runner(64);
        let result = runner.run(&document(&sample.shape), |xml| {
            let again = (sample.rewrite)(xml.as_bytes())
                .map_err(|error| TestCaseError::fail(format!("{error}\n{xml}")))?;
            prop_assert_eq!(again, xml);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}/{}: {error}", sample.exchange, sample.file));
    }
}

/// The same cases in every run: a failure here must not depend on luck.
pub(crate) fn runner(cases: u32) -> proptest::test_runner::TestRunner {
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let algorithm = RngAlgorithm::ChaCha;
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(algorithm))
}

/// Documents of one message, spelled as the writer spells them.
pub(crate) fn document(shape: &Shape) -> BoxedStrategy<String> {
    let Shape::Record(record) = shape else { panic!("a message is a record") };
    let name = record.name;
    let opening = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <{name} xmlns=\"urn:timbre:protocol:1\" version=\"1\">\n"
    );
    fields(record, 1).prop_map(move |inside| format!("{opening}{inside}</{name}>\n")).boxed()
}

fn fields(record: &Record, depth: usize) -> BoxedStrategy<String> {
    let each: Vec<_> = record.fields.iter().map(|it| field(it, depth)).collect();
    each.prop_map(|fields| fields.concat()).boxed()
}

fn field(field: &Field, depth: usize) -> BoxedStrategy<String> {
    let (name, indent) = (field.name, "  ".repeat(depth));
    match field.cardinality {
        Cardinality::One => element(name, &field.shape, depth),
        Cardinality::Optional => {
            prop_oneof![Just(String::new()), element(name, &field.shape, depth),].boxed()
        }
        Cardinality::List => {
            let item = element(field.item, &field.shape, depth + 1);
            prop::collection::vec(item, 0..4)
                .prop_map(move |items| {
                    format!("{indent}<{name}>\n{}{indent}</{name}>\n", items.concat())
                })
                .boxed()
        }
    }
}

fn element(name: &'static str, shape: &Shape, depth: usize) -> BoxedStrategy<String> {
    let indent = "  ".repeat(depth);
    match shape {
        Shape::Text(simple_type) => value(simple_type)
            .prop_map(move |text| format!("{indent}<{name}>{}</{name}>\n", escaped(&text)))
            .boxed(),
        Shape::Money => (amount(), prop_oneof![Just("CAD"), Just("USD")])
            .prop_map(move |(amount, currency)| {
                format!("{indent}<{name} currency=\"{currency}\">{amount}</{name}>\n")
            })
            .boxed(),
        Shape::Record(record) => fields(record, depth + 1)
            .prop_map(move |inside| format!("{indent}<{name}>\n{inside}{indent}</{name}>\n"))
            .boxed(),
    }
}

/// Texts of one type, each in the spelling that the writer would choose.
pub(crate) fn value(simple_type: &SimpleType) -> BoxedStrategy<String> {
    let words: Vec<&'static str> = simple_type
        .facets
        .iter()
        .filter_map(|facet| if let Facet::Word(word) = facet { Some(*word) } else { None })
        .collect();
    if !words.is_empty() {
        return prop::sample::select(words).prop_map(str::to_owned).boxed();
    }
    match simple_type.name {
        "flag" => any::<bool>().prop_map(|it| it.to_string()).boxed(),
        "count16" => any::<u16>().prop_map(|it| it.to_string()).boxed(),
        "count32" => any::<u32>().prop_map(|it| it.to_string()).boxed(),
        "count64" => any::<u64>().prop_map(|it| it.to_string()).boxed(),
        "meter-serial" => (1..10_000_000_u32).prop_map(|it| format!("TM{it:07}")).boxed(),
        "account-number" => (1..100_000_000_u32).prop_map(|it| format!("{it:08}")).boxed(),
        "indicia-number" => (1..100_000_000_u32).prop_map(|it| format!("PB{it:08}")).boxed(),
        "postal-code" => "[A-Z][0-9][A-Z] [0-9][A-Z][0-9]".boxed(),
        "country" => "[A-Z]{2}".boxed(),
        "date" => (1..10_000_i16, 1..=12_i8, 1..=28_i8)
            .prop_map(|(year, month, day)| jiff::civil::date(year, month, day).to_string())
            .boxed(),
        "instant" => (-62_135_596_800..253_402_207_200_i64, 0..1_000_000_000_i32)
            .prop_map(|(second, nanosecond)| {
                jiff::Timestamp::new(second, nanosecond).unwrap().to_string()
            })
            .boxed(),
        "nonce" => "[0-9a-f]{32}".boxed(),
        "sha-256" => "[0-9a-f]{64}".boxed(),
        "key-id" => "[0-9a-f]{16}".boxed(),
        "public-key" => prop::sample::select(ROLES.to_vec()).prop_map(public_key).boxed(),
        "signature" => {
            prop::collection::vec(any::<u8>(), 64).prop_map(|bytes| signature(&bytes)).boxed()
        }
        "text" | "document" => {
            prop::collection::vec(any::<char>().prop_filter("not XML", is_xml), 0..40)
                .prop_map(|characters| characters.into_iter().collect())
                .boxed()
        }
        other => panic!("no values are known for the type {other}"),
    }
}

fn amount() -> impl Strategy<Value = String> {
    let mills = prop_oneof![-1_000_000..1_000_000_i64, any::<i64>().prop_map(|it| it / 2)];
    mills.prop_map(|mills| {
        timbre_postage::Amount::from_mills(mills, timbre_postage::Currency::Cad).decimal()
    })
}

fn public_key(role: KeyRole) -> String {
    let key: PublicKey = KEPT.key(role);
    key.to_string()
}

fn signature(bytes: &[u8]) -> String {
    timbre_key_store::Signature::from_bytes(bytes.try_into().unwrap()).to_string()
}

fn is_xml(character: &char) -> bool {
    let control = *character < ' ' && !"\t\n\r".contains(*character);
    !control && !matches!(character, '\u{fffe}' | '\u{ffff}')
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\r', "&#13;")
}
