//! A funds server with real keys, and devices at each stage of their lives.

use std::sync::{Arc, OnceLock};

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys};
use timbre_postage::{AccountNumber, Amount, Currency, IndiciaNumber, MeterSerial, Weight};
use timbre_protocol::inspection::Instruction;
use timbre_protocol::inspection_profile::InspectionProfile;
use timbre_protocol::installation::{InspectionPolicy, OperationalBlock};
use timbre_protocol::{Nonce, Signed, UNSIGNED, inspection, installation, refill, withdrawal};
use timbre_psd::journal::{Disk, MemoryDisk, Segments};
use timbre_psd::{
    Birth, JobId, Journal, MarkKind, Memo, MemoFields, MemoryJournal, Performed, Postage, Psd,
    PsdError, Refusal, TrustAnchors,
};

pub(crate) const TODAY: Date = date(2026, 3, 2);

/// `seconds` after 14:00 UTC of [`TODAY`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    let noon: Timestamp = "2026-03-02T14:00:00Z".parse().unwrap();
    noon + seconds.seconds()
}

pub(crate) fn cents(cents: i64) -> Amount {
    Amount::from_cents(cents, Currency::Cad).unwrap()
}

pub(crate) fn serial() -> MeterSerial {
    MeterSerial::new(42).unwrap()
}

pub(crate) fn nonce(byte: u8) -> Nonce {
    [byte; 16]
}

/// The keys of the one device of these tests.
pub(crate) fn device_keys() -> Arc<dyn KeyStore> {
    static KEYS: OnceLock<Arc<MemoryKeys>> = OnceLock::new();
    let roles = [KeyRole::Device, KeyRole::Indicium];
    KEYS.get_or_init(|| Arc::new(MemoryKeys::generate(&roles).unwrap())).clone()
}

pub(crate) fn server_keys() -> &'static MemoryKeys {
    static KEYS: OnceLock<MemoryKeys> = OnceLock::new();
    KEYS.get_or_init(|| MemoryKeys::generate(&[KeyRole::Funds, KeyRole::Rates]).unwrap())
}

pub(crate) fn birth() -> Birth {
    let key = |role| server_keys().public_key(role).unwrap();
    Birth {
        serial: serial(),
        currency: Currency::Cad,
        anchors: TrustAnchors { funds: key(KeyRole::Funds), rates: key(KeyRole::Rates) },
    }
}

/// What the server answers to a request for an operational block.
pub(crate) fn block_for(request: &installation::Request) -> OperationalBlock {
    let key = |role| server_keys().public_key(role).unwrap();
    OperationalBlock {
        serial: request.serial,
        version: 1,
        account: AccountNumber::new(10_000_001).unwrap(),
        indicia_number: IndiciaNumber::new(42).unwrap(),
        postal_code: "K1A 0B1".parse().unwrap(),
        currency: Currency::Cad,
        minimum_refill: cents(10_00),
        maximum_refill: cents(5000_00),
        maximum_descending: cents(9000_00),
        maximum_postage: cents(999_99),
        high_value_warning: cents(100_00),
        inspection: policy(),
        next_inspection: TODAY + 21.days(),
        funds_key: key(KeyRole::Funds),
        rates_key: key(KeyRole::Rates),
        indicium_certificate: request.indicium_key.key_id(),
        issued: request.time,
        nonce: request.nonce,
    }
}

pub(crate) fn policy() -> InspectionPolicy {
    InspectionProfile::named("canada-connect-plus").unwrap().policy()
}

pub(crate) fn signed<M: Signed>(message: M) -> M {
    message.sign(server_keys()).unwrap()
}

pub(crate) fn installation_reply(block: OperationalBlock) -> installation::Reply {
    signed(installation::Reply { block, signature: UNSIGNED })
}

/// What the server answers to a refill, unsigned so that a test may alter it first.
pub(crate) fn bare_refill_reply(request: &refill::Request) -> refill::Reply {
    refill::Reply {
        serial: request.serial,
        sequence: request.sequence,
        amount: request.amount,
        control_sum_after: request.control_sum.checked_add(request.amount).unwrap(),
        next_inspection: TODAY + 21.days(),
        prepaid_left: cents(1000_00),
        credit_left: cents(0),
        tax: cents(65_00),
        nonce: request.nonce,
        signature: UNSIGNED,
    }
}

pub(crate) fn refill_reply(request: &refill::Request) -> refill::Reply {
    signed(bare_refill_reply(request))
}

pub(crate) fn inspection_reply(
    request: &inspection::Request,
    instruction: Instruction,
) -> inspection::Reply {
    signed(inspection::Reply {
        serial: request.serial,
        sequence: request.sequence,
        next_inspection: TODAY + 21.days(),
        nonce: request.nonce,
        instruction,
        cause: None,
        signature: UNSIGNED,
    })
}

/// What the server answers to a withdrawal, unsigned so that a test may alter it first.
pub(crate) fn bare_withdrawal_reply(request: &withdrawal::Request) -> withdrawal::Reply {
    withdrawal::Reply {
        serial: request.serial,
        sequence: request.sequence,
        amount: request.registers.descending,
        control_sum_after: request.registers.ascending,
        nonce: request.nonce,
        signature: UNSIGNED,
    }
}

pub(crate) fn withdrawal_reply(request: &withdrawal::Request) -> withdrawal::Reply {
    signed(bare_withdrawal_reply(request))
}

/// A device that was just made, on segments of `slots` slots.
pub(crate) fn manufactured<D: Disk>(disk: D, slots: u64) -> Psd<Segments<D>> {
    let journal = Segments::on_new(disk, slots).unwrap();
    Psd::manufacture(birth(), journal, device_keys(), at(0)).unwrap()
}

pub(crate) fn install(psd: &mut Psd<impl Journal>) {
    psd.initialise(at(1)).unwrap();
    let request = psd.installation_request(at(2), nonce(1)).unwrap();
    psd.install(&installation_reply(block_for(&request)), at(3)).unwrap();
}

pub(crate) fn refill(psd: &mut Psd<impl Journal>, amount: Amount) {
    let request = psd.refill_request(amount, at(4), nonce(2)).unwrap();
    psd.apply_refill(&refill_reply(&request), at(5)).unwrap();
}

/// A device in service, in memory, with $100.00.
pub(crate) fn operational() -> Psd<MemoryJournal> {
    operational_on(MemoryDisk::default(), 4096)
}

/// A device in service with $100.00, on segments of `slots` slots.
pub(crate) fn operational_on<D: Disk>(disk: D, slots: u64) -> Psd<Segments<D>> {
    let mut psd = manufactured(disk, slots);
    install(&mut psd);
    refill(&mut psd, cents(100_00));
    psd
}

/// Closes a device and opens it again.
pub(crate) fn reopened<J: Journal>(psd: Psd<J>) -> Psd<J> {
    Psd::open(psd.into_journal(), device_keys()).unwrap()
}

/// A lettermail piece to Canada.
pub(crate) fn letter(amount: Amount) -> Postage {
    Postage {
        kind: MarkKind::Postage,
        amount,
        date: TODAY,
        product: 101,
        confirmed: false,
        memo: memo(JobId(*b"job-0001"), 1),
    }
}

pub(crate) fn memo(job: JobId, row: u32) -> Memo {
    Memo::new(MemoFields {
        job: Some((job, row)),
        destination: Some("CA".parse().unwrap()),
        weight: Some(Weight::from_grams(28)),
        service: "lettermail".to_owned(),
        account: "Ventes".to_owned(),
        reference: "facture 2026-113".to_owned(),
        table: "ca-lettermail-2025-01-13".to_owned(),
    })
    .unwrap()
}

/// Franks one letter: pre-debit and perform.
pub(crate) fn frank(
    psd: &mut Psd<impl Journal>,
    amount: Amount,
    now: Timestamp,
) -> Result<Performed, PsdError> {
    let pre_debit = psd.pre_debit(letter(amount), now)?;
    psd.perform(pre_debit)
}

/// The code of whatever refused.
pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, PsdError>) -> &'static str {
    match result.expect_err("a refusal is expected") {
        PsdError::Refused(refusal) => refusal.code(),
        PsdError::Breach(breach) => breach.code(),
        PsdError::Fault(fault) => panic!("a fault: {fault}"),
    }
}

pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, PsdError>) -> Refusal {
    match result.expect_err("a refusal is expected") {
        PsdError::Refused(refusal) => refusal,
        other => panic!("not a refusal: {other}"),
    }
}
