//! What a reader passes over, so that a newer peer can say more than an older one knows.

use timbre_protocol::{Answer, Refusal, read, read_answer, refill, write, write_answer};

use crate::messages;
use crate::samples;

fn request() -> String {
    write(&messages::refill_request())
}

#[test]
fn unknown_elements_and_attributes_are_passed_over() {
    let xml = request()
        .replace(
            "  <sequence>",
            "<urgency>1</urgency><x:hint xmlns:x=\"urn:x\"><x:y/></x:hint><sequence>",
        )
        .replace("<registers>", "<registers note=\"new\"><spare><pieces>7</pieces></spare>")
        .replace("<pieces>", "<pieces unit=\"1\">");
    assert_eq!(read(xml.as_bytes()), Ok(messages::refill_request()));
}

#[test]
fn elements_may_stand_in_any_order_and_between_comments() {
    let sequence = "  <sequence>1</sequence>\n";
    let xml = request()
        .replace(sequence, "<!-- moved --><?pi?>")
        .replace("</refill-request>", &format!("{sequence}</refill-request>"));
    assert_eq!(read(xml.as_bytes()), Ok(messages::refill_request()));
}

#[test]
fn values_may_be_spelled_as_xml_allows() {
    let xml = request()
        .replace("TM0000042", "TM&#48;<![CDATA[0000]]>42")
        .replace("13:00:04Z", "08:00:04-05:00")
        .replace("<sequence>1<", "<sequence>\n 1 <")
        .replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "\u{feff}");
    assert_eq!(read(xml.as_bytes()), Ok(messages::refill_request()));
}

#[test]
fn an_answer_is_a_reply_or_a_refusal() {
    let golden = |file| {
        let all = samples::all();
        all.into_iter().find(|s| s.exchange == "refill" && s.file == file).unwrap().xml
    };
    let reply = read_answer::<refill::Reply>(golden("reply").as_bytes()).unwrap();
    assert!(matches!(&reply, Answer::Reply(reply) if reply.sequence == 1));
    assert_eq!(write_answer(&reply), golden("reply"));

    let refused = read_answer::<refill::Reply>(golden("refusal").as_bytes()).unwrap();
    let Answer::Refused(refusal) = &refused else { panic!("{refused:?}") };
    assert_eq!(refusal.code, "insufficient-funds");
    assert!(refusal.message(timbre_postage::Language::French).contains("120,00"));
    assert_eq!(write_answer(&refused), golden("refusal"));

    let error = read_answer::<refill::Reply>(golden("request").as_bytes()).unwrap_err();
    assert!(matches!(error, timbre_protocol::ReadError::WrongRoot { .. }), "{error}");
    assert!(read::<Refusal>(golden("reply").as_bytes()).is_err());
}
