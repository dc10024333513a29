//! Every step in every state: done, or refused with the code that the documentation names. The table and the diagram of
//! `docs/PSD.md` are made here, from the device itself and from its own table of transitions.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::{Timestamp, ToSpan};
use timbre_protocol::inspection::Instruction;
use timbre_psd::journal::MemoryDisk;
use timbre_psd::{MemoryJournal, Psd, PsdError, State, TRANSITIONS};

use crate::fixture::*;

type Step = fn(&mut Psd<MemoryJournal>, Timestamp) -> Result<(), PsdError>;

/// What a device can be asked to do, in the words of the command line.
const STEPS: [(&str, Step); 8] = [
    ("install", |psd, now| psd.installation_request(now, nonce(21)).map(drop)),
    ("refill", |psd, now| psd.refill_request(cents(10_00), now, nonce(22)).map(drop)),
    ("inspect", |psd, now| psd.inspection_request(now, nonce(23)).map(drop)),
    ("frank", |psd, now| {
        let mut letter = letter(cents(1_44));
        letter.date = day(now);
        let pre_debit = psd.pre_debit(letter, now)?;
        psd.perform(pre_debit).map(drop)
    }),
    ("print-again", |psd, now| {
        let waiting = psd.unprinted()?.first().map_or(0, |piece| piece.record_sequence);
        psd.reprint(waiting, now).map(drop)
    }),
    ("withdraw", |psd, now| psd.withdrawal_request(now, nonce(24)).map(drop)),
    ("read records", |psd, _| psd.records_after(0, 9).map(drop)),
    ("tamper", |psd, now| psd.tamper(now)),
];

fn day(now: Timestamp) -> jiff::civil::Date {
    jiff::tz::Offset::UTC.to_datetime(now).date()
}

/// A device in this state and the time at which it is.
fn in_state(state: State) -> (Psd<MemoryJournal>, Timestamp) {
    let paid = || {
        let mut psd = operational();
        frank(&mut psd, cents(1_44), at(10)).unwrap();
        psd
    };
    let (psd, now) = match state {
        State::Manufactured => (manufactured(MemoryDisk::default(), 64), at(1)),
        State::Initialised => {
            let mut psd = manufactured(MemoryDisk::default(), 64);
            psd.initialise(at(1)).unwrap();
            (psd, at(2))
        }
        State::Authorised => {
            let mut psd = manufactured(MemoryDisk::default(), 64);
            install(&mut psd);
            (psd, at(4))
        }
        State::Operational => (paid(), at(20)),
        State::InspectionDue => (paid(), at(20) + (22 * 24).hours()),
        State::Locked => (paid(), at(20) + (40 * 24).hours()),
        State::Suspended => {
            let mut psd = paid();
            let request = psd.inspection_request(at(11), nonce(3)).unwrap();
            let stop = inspection_reply(&request, Instruction::Suspend);
            psd.apply_inspection(&stop, at(12)).unwrap();
            (psd, at(20))
        }
        State::Tampered => {
            let mut psd = paid();
            psd.tamper(at(11)).unwrap();
            (psd, at(20))
        }
        State::WithdrawPending => {
            let mut psd = paid();
            psd.withdrawal_request(at(11), nonce(9)).unwrap();
            (psd, at(20))
        }
        State::Withdrawn => {
            let mut psd = paid();
            let request = psd.withdrawal_request(at(11), nonce(9)).unwrap();
            psd.apply_withdrawal(&withdrawal_reply(&request), at(12)).unwrap();
            (psd, at(20))
        }
    };
    assert_eq!(psd.state(day(now)), state);
    (psd, now)
}

/// The states against the steps: what is done, and the code of what is refused.
fn table() -> String {
    let mut text = String::from("| state |");
    STEPS.iter().for_each(|(name, _)| write!(text, " {name} |").unwrap());
    text.push_str("\n|---|");
    STEPS.iter().for_each(|_| text.push_str("---|"));
    for state in State::ALL {
        write!(text, "\n| **{state}** |").unwrap();
        for (_, step) in STEPS {
            let (mut psd, now) = in_state(state);
            let before = psd.registers();
            match step(&mut psd, now) {
                Ok(()) => text.push_str(" yes |"),
                Err(PsdError::Refused(refusal)) => {
                    assert_eq!(psd.registers(), before, "a refusal moves nothing");
                    assert_eq!(psd.state(day(now)), state, "a refusal changes no state");
                    write!(text, " `{}` |", refusal.code()).unwrap();
                }
                Err(other) => panic!("not a refusal: {other}"),
            }
        }
    }
    text
}

/// The transitions as a Mermaid state diagram; what leads from one state to the same is left out.
fn diagram() -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> manufactured");
    let mut arrows: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    let place = |state: State| State::ALL.iter().position(|known| *known == state).unwrap();
    for (from, by, to) in TRANSITIONS.iter().filter(|(from, _, to)| from != to) {
        arrows.entry((place(*from), place(*to))).or_default().push(words(&format!("{by:?}")));
    }
    for ((from, to), events) in arrows {
        let name = |place: usize| State::ALL[place].as_str().replace('-', "_");
        write!(text, "\n    {} --> {} : {}", name(from), name(to), events.join(", ")).unwrap();
    }
    for end in State::ALL {
        if TRANSITIONS.iter().all(|(from, ..)| *from != end) {
            write!(text, "\n    {} --> [*]", end.as_str().replace('-', "_")).unwrap();
        }
    }
    text + "\n```"
}

/// `RequestWithdrawal` as `request withdrawal`.
fn words(name: &str) -> String {
    let spaced = name.chars().flat_map(|letter| {
        let space = letter.is_uppercase().then_some(' ');
        space.into_iter().chain(letter.to_lowercase())
    });
    spaced.collect::<String>().trim().to_owned()
}

/// Compares a part of the document, or writes it when golden files are updated.
fn compare(part: &str, made: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/PSD.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (open, close) = (format!("<!-- {part}: made by the tests -->\n"), "\n<!-- end -->");
    let start = document.find(&open).expect("the part is marked") + open.len();
    let end = start + document[start..].find(close).expect("its end is marked");
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::write(&path, [&document[..start], made, &document[end..]].concat()).unwrap();
        return;
    }
    assert_eq!(&document[start..end], made, "docs/PSD.md: UPDATE_GOLDEN=1 rewrites the {part}");
}

/// One test, because both write one file when golden files are updated.
#[test]
fn the_document_shows_the_transitions_and_what_each_state_lets_one_do() {
    compare("diagram", &diagram());
    compare("table", &table());
}
