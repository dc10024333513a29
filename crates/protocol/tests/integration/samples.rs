//! One message of every kind, as a meter and an infrastructure would send them on the same morning.

use timbre_key_store::{KeyRole, PublicKey};
use timbre_protocol::schema::Shape;
use timbre_protocol::{Message, ReadError, Signed, read, transaction_upload, write};

use crate::keys::{KEPT, KEPT_LIFE, Kept, ToBeSigned};
use crate::messages;

/// One golden message, and what can be done with any text in its place.
pub(crate) struct Sample {
    pub(crate) exchange: &'static str,
    pub(crate) file: &'static str,
    pub(crate) xml: String,
    pub(crate) shape: Shape,
    /// Reads a text as this message and writes it again.
    pub(crate) rewrite: fn(&[u8]) -> Result<String, ReadError>,
    pub(crate) signed: Option<SignedSample>,
}

pub(crate) struct SignedSample {
    pub(crate) role: KeyRole,
    /// The keys and signatures of its golden file.
    pub(crate) kept: &'static Kept,
    pub(crate) to_be_signed: String,
    /// Reads a text as this message and says whether the key signed it.
    pub(crate) verifies: fn(&[u8], &PublicKey) -> Result<bool, ReadError>,
}

/// Every message of the protocol.
pub(crate) fn all() -> Vec<Sample> {
    let mut samples = first();
    samples.extend(life());
    samples
}

/// Those of withdrawal and replacement.
fn life() -> Vec<Sample> {
    let kept = &*KEPT_LIFE;
    let of = |mut sample: Sample| {
        sample.signed = sample.signed.map(|signed| SignedSample { kept, ..signed });
        sample
    };
    vec![
        of(signed(
            "withdrawal",
            "request",
            with(kept, "withdrawal-request", messages::withdrawal_request()),
        )),
        of(signed(
            "withdrawal",
            "reply",
            with(kept, "withdrawal-reply", messages::withdrawal_reply()),
        )),
        refusal("withdrawal", "withdrawal-contradicted"),
        of(signed(
            "replacement",
            "request",
            with(kept, "replacement-request", messages::replacement_request()),
        )),
        of(signed(
            "replacement",
            "reply",
            with(kept, "replacement-reply", messages::replacement_reply()),
        )),
        refusal("replacement", "nothing-replaced"),
    ]
}

/// What the kept signatures of these are made over.
pub(crate) fn to_be_signed_life(_: &Kept) -> ToBeSigned {
    vec![
        entry(&messages::withdrawal_request()),
        entry(&messages::withdrawal_reply()),
        entry(&messages::replacement_request()),
        entry(&messages::replacement_reply()),
    ]
}

fn first() -> Vec<Sample> {
    let kept = &*KEPT;
    vec![
        signed("sign-in", "request", with(kept, "sign-in-request", messages::sign_in_request())),
        plain("sign-in", "reply", messages::sign_in_reply(kept)),
        plain("sign-in", "request-standing", messages::sign_in_request_standing(kept)),
        plain("sign-in", "reply-contact", messages::sign_in_reply_contact(kept)),
        // What was added later, in a message whose signature is only a place: the keys of the kept ones are gone.
        plain("sign-in", "request-with-block", messages::sign_in_request_with_block()),
        plain("sign-in", "reply-with-news", messages::sign_in_reply_with_news(kept)),
        refusal("sign-in", "clock-off"),
        plain("startup-refresh", "request", messages::startup_refresh_request()),
        plain("startup-refresh", "reply", messages::startup_refresh_reply()),
        refusal("startup-refresh", "token-expired"),
        signed(
            "installation",
            "request",
            with(kept, "installation-request", messages::installation_request(kept)),
        ),
        signed(
            "installation",
            "reply",
            with(kept, "installation-reply", messages::installation_reply(kept)),
        ),
        plain("installation", "request-renewing", messages::installation_request_renewing(kept)),
        refusal("installation", "key-changed"),
        signed("refill", "request", with(kept, "refill-request", messages::refill_request())),
        signed("refill", "reply", with(kept, "refill-reply", messages::refill_reply())),
        refusal("refill", "insufficient-funds"),
        plain("rate-download", "request", messages::rate_download_request()),
        plain("rate-download", "reply", messages::rate_download_reply(kept)),
        signed("rate-download", "table", with(kept, "table", messages::table(kept))),
        refusal("rate-download", "unknown-table"),
        signed(
            "inspection",
            "request",
            with(kept, "inspection-request", messages::inspection_request()),
        ),
        signed("inspection", "reply", with(kept, "inspection-reply", messages::inspection_reply())),
        plain("inspection", "order-to-stop", messages::order_to_stop()),
        refusal("inspection", "sequence-mismatch"),
        signed(
            "transaction-upload",
            "request",
            with(kept, "transaction-upload-request", messages::transaction_upload_request()),
        ),
        plain("transaction-upload", "reply", transaction_upload::Reply { acknowledged: 3 }),
        refusal("transaction-upload", "records-missing"),
    ]
}

/// What the kept signatures are made over.
pub(crate) fn to_be_signed(kept: &Kept) -> ToBeSigned {
    vec![
        entry(&messages::sign_in_request()),
        entry(&messages::installation_request(kept)),
        entry(&messages::installation_reply(kept)),
        entry(&messages::refill_request()),
        entry(&messages::refill_reply()),
        entry(&messages::table(kept)),
        entry(&messages::inspection_request()),
        entry(&messages::inspection_reply()),
        entry(&messages::transaction_upload_request()),
        ("token", KeyRole::Distributor, messages::token().to_be_signed()),
    ]
}

fn entry<M: Message + Signed>(message: &M) -> (&'static str, KeyRole, Vec<u8>) {
    (M::ELEMENT, M::ROLE, message.to_be_signed())
}

fn with<M: Message + Signed>(kept: &Kept, name: &str, message: M) -> M {
    message.with_signature(kept.signature(name))
}

fn plain<M: Message>(exchange: &'static str, file: &'static str, message: M) -> Sample {
    Sample {
        exchange,
        file,
        xml: write(&message),
        shape: M::shape(),
        rewrite: |xml| read::<M>(xml).map(|message| write(&message)),
        signed: None,
    }
}

fn signed<M: Message + Signed>(exchange: &'static str, file: &'static str, message: M) -> Sample {
    let signed = SignedSample {
        role: M::ROLE,
        kept: &KEPT,
        to_be_signed: String::from_utf8(message.to_be_signed()).unwrap(),
        verifies: |xml, key| read::<M>(xml).map(|message| message.verify(key).is_ok()),
    };
    Sample { signed: Some(signed), ..plain(exchange, file, message) }
}

fn refusal(exchange: &'static str, code: &str) -> Sample {
    plain(exchange, "refusal", messages::refusal(code))
}
