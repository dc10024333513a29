//! The number of a refill, counted on both sides, so that a lost reply costs nothing.
//!
//! The meter asks for refill *last applied + 1*; the funds server knows the last it booked. If the reply
//! to refill 17 was lost, the meter asks for 17 again and gets the same reply again: booked once.

/// What an incoming number is, against the last one that was booked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sequence {
    /// The next one: decide it.
    New,
    /// The last one again: its reply was lost, and is given again unchanged.
    Replay,
    /// Older than the last: the meter has applied a later one already, so this is an old message or an old
    /// state of the device.
    TooOld,
    /// Beyond the next: the meter has applied what was never booked.
    Ahead,
}

/// Classifies the number `incoming` when `last` was booked last (0: none yet).
#[must_use]
pub fn classify(last: u64, incoming: u64) -> Sequence {
    match incoming.checked_sub(last) {
        Some(0) if last > 0 => Sequence::Replay,
        Some(1) => Sequence::New,
        Some(distance) if distance > 1 => Sequence::Ahead,
        _ => Sequence::TooOld,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_next_number_is_new_and_only_the_last_is_a_replay() {
        for (last, incoming, expected) in [
            (0, 0, Sequence::TooOld),
            (0, 1, Sequence::New),
            (0, 2, Sequence::Ahead),
            (1, 1, Sequence::Replay),
            (1, 2, Sequence::New),
            (17, 16, Sequence::TooOld),
            (17, 17, Sequence::Replay),
            (17, 18, Sequence::New),
            (17, 19, Sequence::Ahead),
            (u64::MAX, u64::MAX, Sequence::Replay),
            (u64::MAX, 0, Sequence::TooOld),
            (0, u64::MAX, Sequence::Ahead),
        ] {
            assert_eq!(classify(last, incoming), expected, "{last} {incoming}");
        }
    }
}
