//! Every message of every exchange, as each end reads it from the other. What is read is written and read again: the two
//! must be the same, or the two ends could disagree about it.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use timbre_protocol::{Answer, EXCHANGES, Exchange, read, read_answer, write, write_answer};

/// One exchange, both ways; `false` when `xml` is neither its request nor its answer.
fn both_ways<E: Exchange>(xml: &[u8]) -> bool
where
    E::Request: PartialEq + std::fmt::Debug,
    E::Reply: PartialEq + std::fmt::Debug,
{
    let mut known = false;
    if let Ok(request) = read::<E::Request>(xml) {
        known = true;
        let again = read::<E::Request>(write(&request).as_bytes());
        assert_eq!(again.as_ref(), Ok(&request), "a request that was read is not written as it was");
    }
    if let Ok(answer) = read_answer::<E::Reply>(xml) {
        known |= matches!(answer, Answer::Reply(_));
        let again = read_answer::<E::Reply>(write_answer(&answer).as_bytes());
        assert_eq!(again.as_ref(), Ok(&answer), "an answer that was read is not written as it was");
    }
    known
}

macro_rules! exchanges {
    ($($exchange:ident),+ $(,)?) => {
        const ALL: &[fn(&[u8]) -> bool] = &[$(both_ways::<timbre_protocol::$exchange>),+];
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

const _: () = assert!(ALL.len() == EXCHANGES.len(), "an exchange is missing from this target");

fuzz_target!(|xml: &[u8]| -> Corpus {
    for exchange in ALL {
        exchange(xml);
    }
    Corpus::Keep
});
