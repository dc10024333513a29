//! What a peer must not get away with: bombs, ambiguity, and messages that are nearly right. Each is refused, at once,
//! with the place and the reason.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use timbre_protocol::{Limits, ReadError, read, refill, transaction_upload, write};

use crate::messages;
use crate::samples;

fn request() -> String {
    write(&messages::refill_request())
}

/// The error for the request with one text in it replaced.
fn error(from: &str, to: &str) -> ReadError {
    let xml = request();
    assert!(xml.contains(from), "{from} is not in the message");
    refused(xml.replacen(from, to, 1).as_bytes())
}

fn refused(xml: &[u8]) -> ReadError {
    read::<refill::Request>(xml).expect_err("this must be refused")
}

#[test]
fn bombs_are_refused_at_once() {
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><refill-request>&b;</refill-request>";
    let entity = format!(
        "<!DOCTYPE q [<!ENTITY a \"{}\">]><q>{}</q>",
        "a".repeat(50_000),
        "&a;".repeat(50_000)
    );
    let external = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><refill-request/>";
    let deep = "<a>".repeat(300_000);
    let balanced = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let wide = format!("<a>{}</a>", "<b/>".repeat(200_000));
    let mut attributes = "<a".to_owned();
    let mut namespaces = "<a".to_owned();
    for number in 0..50_000 {
        write!(attributes, " a{number}=''").unwrap();
        write!(namespaces, " xmlns:a{number}='u'").unwrap();
    }
    let hidden = format!("<!-->{attributes}--><a b='<!--'/>{attributes}/>");
    let huge = format!("<refill-request a=\"{}\"/>", "x".repeat(1_000_000));
    for (what, xml, reason) in [
        ("a billion laughs", laughs, "a document type declaration is not allowed"),
        ("a quadratic blow-up", &entity, "a document type declaration is not allowed"),
        ("an external entity", external, "a document type declaration is not allowed"),
        ("endless nesting", &deep, "more than 16 levels of elements"),
        ("deep nesting", &balanced, "more than 16 levels of elements"),
        ("endless siblings", &wide, "more than 20000 elements and texts"),
        ("endless attributes", &attributes, "more than 32 attributes in one element"),
        ("endless namespaces", &namespaces, "more than 32 attributes in one element"),
        ("attributes behind a comment", &hidden, "more than 32 attributes in one element"),
        ("a huge attribute", &huge, "the root element is <refill-request> without a namespace"),
    ] {
        let start = Instant::now();
        let message = refused(xml.as_bytes()).to_string();
        assert!(start.elapsed() < Duration::from_secs(2), "{what} took {:?}", start.elapsed());
        assert!(message.contains(reason), "{what}: {message}");
        assert!(message.len() < 300, "{what}: {message}");
    }
}

#[test]
fn a_body_over_the_limit_is_not_even_looked_at() {
    let too_large = vec![0xff; Limits::ORDINARY.bytes + 1];
    assert_eq!(
        refused(&too_large).to_string(),
        "the message has 1048577 bytes, and refill-request may have at most 1048576"
    );
    let upload = vec![b' '; Limits::UPLOAD.bytes];
    let error = read::<transaction_upload::Request>(&upload).unwrap_err();
    assert!(matches!(error, ReadError::NotXml(_)), "an upload may have 4 MiB: {error}");
}

#[test]
fn an_upload_of_two_thousand_records_is_within_the_limits() {
    let mut xml = samples::all()
        .into_iter()
        .find(|sample| sample.exchange == "transaction-upload")
        .unwrap()
        .xml;
    let start = xml.rfind("    <record>").unwrap();
    let end = xml.rfind("  </records>").unwrap();
    let record = xml[start..end].to_owned();
    xml.insert_str(end, &record.repeat(2_000));
    let read: transaction_upload::Request = read(xml.as_bytes()).unwrap();
    assert_eq!(read.records.len(), 2_003);
}

#[test]
fn a_message_of_another_kind_namespace_or_version_is_named() {
    for (from, to, expected) in [
        (
            "urn:timbre:protocol:1",
            "urn:evil",
            "line 2, column 1: the root element is <refill-request> of namespace urn:evil, and \
             <refill-request> of namespace urn:timbre:protocol:1 is expected",
        ),
        (
            " xmlns=\"urn:timbre:protocol:1\"",
            "",
            "line 2, column 1: the root element is <refill-request> without a namespace, and \
             <refill-request> of namespace urn:timbre:protocol:1 is expected",
        ),
        (
            "protocol:1\" version=\"1\"",
            "protocol:1\" version=\"2\"",
            "line 2, column 1: <refill-request> has version=\"2\", and version=\"1\" is what is read here",
        ),
        (
            "protocol:1\" version=\"1\"",
            "protocol:1\"",
            "line 2, column 1: <refill-request> has no version, and version=\"1\" is what is read here",
        ),
    ] {
        assert_eq!(error(from, to).to_string(), expected);
    }
    let sign_in = write(&messages::sign_in_request());
    assert_eq!(
        refused(sign_in.as_bytes()).to_string(),
        "line 2, column 1: the root element is <sign-in-request> of namespace \
         urn:timbre:protocol:1, and <refill-request> of namespace urn:timbre:protocol:1 is expected"
    );
}

#[test]
fn what_is_said_twice_is_refused_even_if_it_is_the_same() {
    let amount = "<amount currency=\"CAD\">500.00</amount>";
    assert_eq!(
        error(amount, &format!("{amount}<amount currency=\"CAD\">900.00</amount>")).to_string(),
        "line 5, column 41: refill-request/amount stands here a second time"
    );
    for twice in [
        "<serial>TM0000042</serial>",
        "<pieces>0</pieces>",
        "<control-sum currency=\"CAD\">0.00</control-sum>",
        "<nonce>03030303030303030303030303030303</nonce>",
    ] {
        let error = error(twice, &format!("{twice}{twice}"));
        assert!(matches!(error, ReadError::Duplicate { .. }), "{error}");
    }
    let refusal = samples::all().into_iter().find(|s| s.file == "refusal").unwrap();
    let twice = refusal.xml.replace("</message-en>", "</message-en><message-en></message-en>");
    assert!((refusal.rewrite)(twice.as_bytes()).is_err());
}

#[test]
fn what_is_missing_is_named_with_its_place() {
    for (from, to, expected) in [
        ("  <sequence>1</sequence>\n", "", "line 2, column 1: refill-request lacks <sequence>"),
        (
            "    <pieces>0</pieces>\n",
            "",
            "line 6, column 3: refill-request/registers lacks <pieces>",
        ),
        (
            " currency=\"CAD\">500.00",
            ">500.00",
            "line 5, column 3: refill-request/amount lacks the attribute currency",
        ),
        (
            "<sequence>1</sequence>",
            "<x:sequence xmlns:x='urn:x'>1</x:sequence>",
            "line 2, column 1: refill-request lacks <sequence>",
        ),
    ] {
        assert_eq!(error(from, to).to_string(), expected);
    }
}

#[test]
fn a_bad_value_is_named_with_its_place_and_what_is_expected() {
    for (from, to, expected) in [
        (
            ">500.00<",
            ">5e2<",
            "refill-request/amount is “5e2”, and that is not accepted: “5e2” is not an amount: write it like 12.34",
        ),
        (
            ">500.00<",
            ">500.0<",
            "refill-request/amount is “500.0”, and that is not accepted: write it as 500.00",
        ),
        (
            ">500.00<",
            ">-0.00<",
            "refill-request/amount is “-0.00”, and that is not accepted: write it as 0.00",
        ),
        (
            ">500.00<",
            ">99999999999999999999.00<",
            "refill-request/amount is “99999999999999999999.00”, and that is not accepted: the amount is too large",
        ),
        (
            "\"CAD\">500",
            "\"cad\">500",
            "refill-request/amount is “cad”, and that is not accepted: “cad” is not a currency known here: CAD or USD",
        ),
        (
            ">1</sequence>",
            ">-1</sequence>",
            "refill-request/sequence is “-1”, and that is not accepted: write a whole number from 0 to 18446744073709551615",
        ),
        (
            ">1</sequence>",
            ">+1</sequence>",
            "refill-request/sequence is “+1”, and that is not accepted: write a whole number from 0 to 18446744073709551615",
        ),
        (
            ">1</block-version>",
            ">4294967296</block-version>",
            "refill-request/block-version is “4294967296”, and that is not accepted: write a whole number from 0 to 4294967295",
        ),
        (
            "TM0000042",
            "TM42",
            "refill-request/serial is “TM42”, and that is not accepted: a meter serial is TM and seven digits, like TM0000042",
        ),
        (
            "2026-11-24T13:00:04Z",
            "24/11/2026",
            "refill-request/time is “24/11/2026”, and that is not accepted: an instant is written with its offset, like 2026-11-24T15:04:05Z",
        ),
        (
            "03030303030303030303030303030303",
            "0303",
            "refill-request/nonce is “0303”, and that is not accepted: a nonce is 32 lower-case hexadecimal digits",
        ),
    ] {
        let message = error(from, to).to_string();
        let (place, rest) = message.split_once(": ").unwrap();
        assert_eq!(rest, expected);
        assert!(place.starts_with("line ") && place.contains(", column 3"), "{place}");
    }
}

#[test]
fn a_key_that_is_no_point_of_the_curve_is_refused() {
    let sample = samples::all().into_iter().find(|s| s.exchange == "installation").unwrap();
    let start = sample.xml.find("<device-key>").unwrap() + "<device-key>".len();
    let mut xml = sample.xml.clone();
    xml.replace_range(start..start + 10, "BAAAAAAAAA");
    let message = (sample.rewrite)(xml.as_bytes()).unwrap_err().to_string();
    assert!(message.contains("installation-request/device-key"), "{message}");
    assert!(message.contains("a point of the curve P-256"), "{message}");
    assert!(message.contains("…"), "a long value is cut: {message}");
}

#[test]
fn a_value_that_two_readers_could_read_differently_is_refused() {
    for split in ["50<!-- -->0.00", "50<?pi?>0.00", "<b>500.00</b>", "500.00<b/>"] {
        let error = error(">500.00<", &format!(">{split}<"));
        assert!(matches!(error, ReadError::Structure { .. }), "{split}: {error}");
        assert!(error.to_string().contains("refill-request/amount must hold only text"), "{error}");
    }
    let stray = error("<registers>", "<registers>0.00");
    assert!(
        stray.to_string().contains("refill-request/registers must hold only elements"),
        "{stray}"
    );
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for (what, xml) in [
        ("nothing", String::new()),
        ("no XML", "{\"serial\": \"TM0000042\"}".to_owned()),
        ("a missing end tag", request().replace("</refill-request>", "")),
        ("crossed tags", request().replace("</pieces>\n  </registers>", "</registers></pieces>")),
        ("a second root", format!("{}<refill-request/>", request())),
        ("text after the end", format!("{} and more", request())),
        (
            "an attribute twice",
            request().replace("currency=\"CAD\"", "currency=\"CAD\" currency=\"CAD\""),
        ),
        ("an unbound prefix", request().replace("<registers>", "<registers><x:y/>")),
        ("a raw control character", request().replace("TM0000042", "TM\u{1}000042")),
        ("an unknown entity", request().replace("TM0000042", "TM&nbsp;0000042")),
        ("an unfinished tag", "<refill-request".to_owned()),
        ("an unfinished comment", "<!-- <refill-request/>".to_owned()),
    ] {
        let error = refused(xml.as_bytes());
        assert!(matches!(error, ReadError::NotXml(_)), "{what}: {error}");
    }
}

#[test]
fn what_is_not_utf_8_is_refused_with_its_place() {
    let mut bytes = request().into_bytes();
    bytes[10] = 0xff;
    assert_eq!(
        refused(&bytes).to_string(),
        "byte 10 of the message is not UTF-8, the only encoding that is read"
    );
    let utf_16: Vec<u8> = request().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(refused(&utf_16), ReadError::NotUtf8 { offset: 1 });
}
