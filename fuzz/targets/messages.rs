//! Every message of every exchange, as each end reads it from the other. What is read is written and read again: the two
//! must be the same, or the two ends could disagree about it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use timbre_protocol::{EXCHANGES, Exchange, read, read_answer, write, write_answer};

/// One exchange, both ways.
fn both_ways<E: Exchange>(xml: &[u8])
where
    E::Request: PartialEq + std::fmt::Debug,
    E::Reply: PartialEq + std::fmt::Debug,
{
    if let Ok(request) = read::<E::Request>(xml) {
        let again = read::<E::Request>(write(&request).as_bytes());
        assert_eq!(again.as_ref(), Ok(&request), "a request that was read is not written as it was");
    }
    if let Ok(answer) = read_answer::<E::Reply>(xml) {
        let again = read_answer::<E::Reply>(write_answer(&answer).as_bytes());
        assert_eq!(again.as_ref(), Ok(&answer), "an answer that was read is not written as it was");
    }
}

macro_rules! exchanges {
    ($($exchange:ident),+ $(,)?) => {
        const ALL: &[fn(&[u8])] = &[$(both_ways::<timbre_protocol::$exchange>),+];
    };
}

exchanges!(
    SignIn,
    StartupRefresh,
    Installation,
    Replacement,
    Refill,
    RateDownload,
    Inspection,
    TransactionUpload,
    Withdrawal,
);

fuzz_target!(
    init: assert_eq!(ALL.len(), EXCHANGES.len(), "an exchange is missing from this target"),
    |xml: &[u8]| {
        for exchange in ALL {
            exchange(xml);
        }
    }
);
