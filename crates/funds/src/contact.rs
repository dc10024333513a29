//! The number of a contact, which finds out a device that was copied or put back to an earlier state (REQ FUNDS-6).
//!
//! At every sign-in the infrastructure gives the next number, the device writes it down before it goes on, and presents it
//! at the next sign-in together with its last transaction record. An honest device presents the number it was given last,
//! or, when that reply was lost, the one before. Each answer to a lost reply is a *new* number, so that of two devices which
//! take turns one soon presents a number that was given to the other.
//!
//! Nothing is decided here about what is to be done; and a request that was only late on its way is no evidence.

use jiff::Timestamp;

/// A hash of the chain of transaction records.
type Chain = [u8; 32];

/// The end of a device's history: its last transaction record (0: none yet) and the chain value of it.
pub type History = (u64, Chain);

/// What a device shows, signed, when it makes contact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Presented {
    /// The number that it wrote down last; 0 before the first.
    pub contact: u64,
    /// Where its history ends.
    pub history: History,
    /// Its clock, which tells late requests from new ones.
    pub time: Timestamp,
}

/// What is remembered of a device's contacts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Remembered {
    /// The number that the device presented at its newest contact.
    pub confirmed: u64,
    /// The number that it was given then.
    pub issued: u64,
    /// The newest clock that any of its requests showed.
    pub newest: Timestamp,
    /// The longest history that it ever showed.
    pub history: History,
}

/// What a contact is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contact {
    /// As it should be. What to remember, with the number to give.
    Genuine(Remembered),
    /// The device is ahead of what is remembered: it is the memory that was put back. The device is believed.
    Ahead(Remembered),
    /// An old request that arrives after a newer one: not taken, and no evidence of anything.
    Late,
    /// An earlier state of the device.
    RolledBack,
    /// A second device with the same keys.
    Cloned,
    /// There is no number after the last.
    Exhausted,
}

/// The last number that can be given: stores count in 63 bits.
pub const LAST_CONTACT: u64 = i64::MAX as u64;

/// What a contact is, by what is `remembered` of the earlier ones and the end of the history that was `uploaded`.
#[must_use]
pub fn judge(
    remembered: Option<&Remembered>,
    uploaded: &History,
    presented: &Presented,
) -> Contact {
    let Some(known) = remembered else {
        return match history_of(uploaded, &presented.history) {
            Continues::Yes => given(presented.contact, None, presented),
            Continues::Shorter => Contact::RolledBack,
            Continues::Otherwise => Contact::Cloned,
        };
    };
    if presented.contact < known.issued && presented.time < known.newest {
        return Contact::Late;
    }
    for history in [uploaded, &known.history] {
        match history_of(history, &presented.history) {
            Continues::Yes => {}
            Continues::Shorter => return Contact::RolledBack,
            Continues::Otherwise => return Contact::Cloned,
        }
    }
    match presented.contact {
        // The reply to the last contact was lost, or this one was.
        contact if contact == known.issued || contact == known.confirmed => {
            given(known.issued, Some(known), presented)
        }
        contact if contact > known.issued => match given(contact, Some(known), presented) {
            Contact::Genuine(remembered) => Contact::Ahead(remembered),
            other => other,
        },
        // It was given after the number that was confirmed and is not the newest: another device has the newest.
        contact if contact > known.confirmed => Contact::Cloned,
        _ => Contact::RolledBack,
    }
}

fn given(last: u64, known: Option<&Remembered>, presented: &Presented) -> Contact {
    match last.checked_add(1) {
        Some(issued) if issued <= LAST_CONTACT => Contact::Genuine(Remembered {
            confirmed: presented.contact,
            issued,
            newest: known.map_or(presented.time, |known| known.newest.max(presented.time)),
            history: presented.history,
        }),
        _ => Contact::Exhausted,
    }
}

enum Continues {
    Yes,
    Shorter,
    Otherwise,
}

/// Whether `shown` may follow from `known`.
fn history_of(known: &History, shown: &History) -> Continues {
    match shown.0.cmp(&known.0) {
        std::cmp::Ordering::Less => Continues::Shorter,
        std::cmp::Ordering::Equal if shown.1 != known.1 => Continues::Otherwise,
        _ => Continues::Yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: History = (0, [0; 32]);

    /// The infrastructure's side.
    #[derive(Default, Clone)]
    struct Memory(Option<Remembered>);

    impl Memory {
        fn contact(&mut self, presented: &Presented) -> Contact {
            let judged = judge(self.0.as_ref(), &NOTHING, presented);
            if let Contact::Genuine(remembered) | Contact::Ahead(remembered) = judged {
                self.0 = Some(remembered);
            }
            judged
        }

        fn issued(&self) -> u64 {
            self.0.unwrap().issued
        }
    }

    /// The device's side.
    #[derive(Clone, Default)]
    struct Device {
        contact: u64,
        records: u64,
    }

    impl Device {
        fn shows(&self, second: i64) -> Presented {
            let history = (self.records, [u8::try_from(self.records).unwrap(); 32]);
            let time = Timestamp::from_second(second).unwrap();
            Presented { contact: self.contact, history, time }
        }

        fn signs_in(&mut self, memory: &mut Memory, second: i64) -> Contact {
            let judged = memory.contact(&self.shows(second));
            if let Contact::Genuine(remembered) | Contact::Ahead(remembered) = judged {
                self.contact = remembered.issued;
            }
            judged
        }
    }

    fn genuine(judged: Contact) -> bool {
        matches!(judged, Contact::Genuine(_))
    }

    #[test]
    fn a_device_that_goes_on_is_never_suspected() {
        let (mut memory, mut device) = (Memory::default(), Device::default());
        for second in 0..100 {
            device.records += u64::from(second % 3 == 0);
            assert!(genuine(device.signs_in(&mut memory, second)));
        }
        assert_eq!(device.contact, 100);
    }

    #[test]
    fn lost_replies_in_a_row_are_no_alarm() {
        let (mut memory, mut device) = (Memory::default(), Device::default());
        device.signs_in(&mut memory, 0);
        for second in 1..5 {
            assert!(genuine(memory.contact(&device.shows(second))));
        }
        assert!(genuine(device.signs_in(&mut memory, 5)));
        assert!(genuine(device.signs_in(&mut memory, 6)));
    }

    #[test]
    fn a_request_that_was_late_on_its_way_is_no_alarm_and_changes_nothing() {
        let (mut memory, mut device) = (Memory::default(), Device::default());
        device.signs_in(&mut memory, 0);
        let late = device.shows(1);
        device.signs_in(&mut memory, 2);
        device.signs_in(&mut memory, 3);
        let before = memory.issued();
        assert_eq!(memory.contact(&late), Contact::Late);
        assert_eq!(memory.issued(), before);
        assert!(genuine(device.signs_in(&mut memory, 4)));
    }

    #[test]
    fn an_earlier_state_is_found_out_at_its_first_contact() {
        let (mut memory, mut device) = (Memory::default(), Device::default());
        device.signs_in(&mut memory, 0);
        let mut backup = device.clone();
        device.signs_in(&mut memory, 1);
        device.signs_in(&mut memory, 2);
        assert_eq!(backup.signs_in(&mut memory, 3), Contact::RolledBack);
        assert!(genuine(device.signs_in(&mut memory, 4)), "the genuine one goes on");
    }

    #[test]
    fn an_earlier_state_that_looks_like_a_lost_reply_is_told_by_its_records() {
        let (mut memory, mut device) = (Memory::default(), Device::default());
        device.signs_in(&mut memory, 0);
        let mut backup = device.clone();
        device.records = 3;
        device.signs_in(&mut memory, 1);
        assert_eq!(backup.signs_in(&mut memory, 2), Contact::RolledBack);
    }

    #[test]
    fn of_two_that_take_turns_one_is_found_out_at_the_third_contact() {
        let (mut memory, mut device) = (Memory::default(), Device::default());
        device.signs_in(&mut memory, 0);
        let mut copy = device.clone();
        assert!(genuine(device.signs_in(&mut memory, 1)));
        assert!(genuine(copy.signs_in(&mut memory, 2)), "it looks like a lost reply");
        assert_eq!(device.signs_in(&mut memory, 3), Contact::Cloned);
    }

    #[test]
    fn two_histories_of_one_length_are_two_devices() {
        let (mut memory, mut device) = (Memory::default(), Device::default());
        device.records = 2;
        device.signs_in(&mut memory, 0);
        let mut shown = device.shows(1);
        shown.history.1 = [9; 32];
        assert_eq!(memory.contact(&shown), Contact::Cloned);
    }

    #[test]
    fn a_memory_that_was_put_back_believes_the_device_and_says_so() {
        let (mut memory, mut device) = (Memory::default(), Device::default());
        device.signs_in(&mut memory, 0);
        let backup = memory.clone();
        for second in 1..9 {
            device.signs_in(&mut memory, second);
        }
        memory = backup;
        assert!(matches!(device.signs_in(&mut memory, 9), Contact::Ahead(_)));
        assert!(genuine(device.signs_in(&mut memory, 10)));
    }

    #[test]
    fn what_was_uploaded_counts_where_nothing_else_is_remembered() {
        let shown = Device { contact: 4, records: 2 }.shows(0);
        assert_eq!(judge(None, &(3, [3; 32]), &shown), Contact::RolledBack);
        assert_eq!(judge(None, &(2, [9; 32]), &shown), Contact::Cloned);
        assert!(genuine(judge(None, &(2, [2; 32]), &shown)));
    }

    #[test]
    fn numbers_never_wrap() {
        let last = Device { contact: LAST_CONTACT, records: 0 }.shows(0);
        assert_eq!(judge(None, &NOTHING, &last), Contact::Exhausted);
        let beyond = Device { contact: u64::MAX, records: 0 }.shows(0);
        assert_eq!(judge(None, &NOTHING, &beyond), Contact::Exhausted);
    }
}
