//! The content of every sample: what a meter and an infrastructure send each other on one morning.

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use timbre_key_store::KeyRole;
use timbre_postage::{Amount, Country, Currency, Registers};
use timbre_protocol::rate_download::SignedTable;
use timbre_protocol::startup_refresh::{ServiceStatus, TableVersion, Task};
use timbre_protocol::token::Token;
use timbre_protocol::transaction_upload::{Reason, RecordKind, TransactionRecord};
use timbre_protocol::{
    Document, Nonce, Refusal, Signed as _, UNSIGNED, inspection, installation, rate_download,
    refill, replacement, sign_in, startup_refresh, transaction_upload, withdrawal,
};

use crate::keys::Kept;

pub(crate) fn sign_in_request() -> sign_in::Request {
    sign_in::Request {
        serial: "TM0000042".parse().unwrap(),
        time: instant("2026-11-24T13:00:00Z"),
        nonce: nonce(1),
        software: "timbre 0.1.0".to_owned(),
        standing: None,
        block_version: None,
        signature: UNSIGNED,
    }
}

pub(crate) fn sign_in_request_standing(kept: &Kept) -> sign_in::Request {
    let standing = sign_in::Standing {
        contact: 17,
        record_sequence: 3,
        record_chain: records()[2].chain,
        funds_key: kept.key(KeyRole::Funds).key_id(),
        rates_key: kept.key(KeyRole::Rates).key_id(),
    };
    sign_in::Request { standing: Some(standing), ..sign_in_request() }
}

pub(crate) fn sign_in_request_with_block() -> sign_in::Request {
    sign_in::Request { block_version: Some(1), ..sign_in_request() }
}

pub(crate) fn sign_in_reply(kept: &Kept) -> sign_in::Reply {
    let service = |name: &str, path: &str| sign_in::ServiceEntry {
        name: name.to_owned(),
        url: format!("https://{path}"),
    };
    sign_in::Reply {
        token: token().text(&kept.signature("token")),
        token_expires: instant("2026-11-24T14:00:01Z"),
        server_time: instant("2026-11-24T13:00:01.25Z"),
        services: vec![
            service("comet.refill", "comet.timbre.localhost/comet/v1/refill"),
            service("uploads.transactions", "uploads.timbre.localhost/uploads/v1/transactions"),
        ],
        contact: None,
        block_version: None,
        order_waits: None,
    }
}

pub(crate) fn sign_in_reply_contact(kept: &Kept) -> sign_in::Reply {
    sign_in::Reply { contact: Some(18), ..sign_in_reply(kept) }
}

pub(crate) fn sign_in_reply_with_news(kept: &Kept) -> sign_in::Reply {
    sign_in::Reply { block_version: Some(2), order_waits: Some(true), ..sign_in_reply(kept) }
}

pub(crate) fn token() -> Token {
    let now = instant("2026-11-24T13:00:01.25Z");
    Token::new("TM0000042".parse().unwrap(), now, SignedDuration::from_hours(1), nonce(9))
}

pub(crate) fn startup_refresh_request() -> startup_refresh::Request {
    startup_refresh::Request {
        serial: "TM0000042".parse().unwrap(),
        software: "timbre 0.1.0".to_owned(),
        block_version: 1,
        rate_tables: vec![table_version("ca-2024-05-06", 0x11)],
        replaces: None,
        settings: None,
    }
}

pub(crate) fn startup_refresh_reply() -> startup_refresh::Reply {
    let service = |name: &str, changed| ServiceStatus { name: name.to_owned(), changed };
    startup_refresh::Reply {
        server_time: instant("2026-11-24T13:00:02Z"),
        services: vec![service("comet.refill", false), service("downloads.rates", true)],
        rate_tables: vec![
            table_version("ca-2024-05-06", 0x11),
            table_version("ca-2025-01-13", 0x22),
        ],
        tasks: vec![Task::RenewBlock, Task::Inspect, Task::UploadTransactions],
    }
}

pub(crate) fn installation_request(kept: &Kept) -> installation::Request {
    installation::Request {
        serial: "TM0000042".parse().unwrap(),
        nonce: nonce(2),
        time: instant("2026-11-24T13:00:03Z"),
        device_key: kept.key(KeyRole::Device),
        indicium_key: kept.key(KeyRole::Indicium),
        renews: None,
        signature: UNSIGNED,
    }
}

/// A device that shows the keys which are to take the place of others.
pub(crate) fn installation_request_renewing(kept: &Kept) -> installation::Request {
    let renews = Some(kept.key(KeyRole::Distributor).key_id());
    installation::Request { renews, ..installation_request(kept) }
}

pub(crate) fn installation_reply(kept: &Kept) -> installation::Reply {
    let block = installation::OperationalBlock {
        serial: "TM0000042".parse().unwrap(),
        version: 1,
        account: "10000001".parse().unwrap(),
        indicia_number: "PB00000042".parse().unwrap(),
        postal_code: "K1A 0B1".parse().unwrap(),
        currency: Currency::Cad,
        minimum_refill: cad(1_000),
        maximum_refill: cad(5_000_000),
        maximum_descending: cad(10_000_000),
        maximum_postage: cad(999_990),
        high_value_warning: cad(100_000),
        inspection: installation::InspectionPolicy {
            interval_days: 21,
            warn_days: 0,
            grace_days: 7,
        },
        next_inspection: date(2026, 12, 15),
        funds_key: kept.key(KeyRole::Funds),
        rates_key: kept.key(KeyRole::Rates),
        indicium_certificate: kept.key(KeyRole::Indicium).key_id(),
        issued: instant("2026-11-24T13:00:03.75Z"),
        nonce: nonce(2),
    };
    installation::Reply { block, signature: UNSIGNED }
}

pub(crate) fn refill_request() -> refill::Request {
    refill::Request {
        serial: "TM0000042".parse().unwrap(),
        sequence: 1,
        amount: cad(500_000),
        registers: registers(0, 0, 0),
        control_sum: cad(0),
        block_version: 1,
        time: instant("2026-11-24T13:00:04Z"),
        nonce: nonce(3),
        signature: UNSIGNED,
    }
}

pub(crate) fn refill_reply() -> refill::Reply {
    refill::Reply {
        serial: "TM0000042".parse().unwrap(),
        sequence: 1,
        amount: cad(500_000),
        control_sum_after: cad(500_000),
        next_inspection: date(2026, 12, 15),
        prepaid_left: cad(435_000),
        credit_left: cad(1_000_000),
        tax: cad(65_000),
        nonce: nonce(3),
        signature: UNSIGNED,
    }
}

pub(crate) fn rate_download_request() -> rate_download::Request {
    rate_download::Request {
        serial: "TM0000042".parse().unwrap(),
        names: vec!["ca-2025-01-13".to_owned(), "us-2025-07-13".to_owned()],
    }
}

pub(crate) fn rate_download_reply(kept: &Kept) -> rate_download::Reply {
    rate_download::Reply { tables: vec![table(kept).with_signature(kept.signature("table"))] }
}

pub(crate) fn table(kept: &Kept) -> SignedTable {
    SignedTable {
        name: "ca-2025-01-13".to_owned(),
        body: Document("# Lettermail < 30 g & more\r\nid = \"ca-2025-01-13\"\n".to_owned()),
        key: kept.key(KeyRole::Rates).key_id(),
        signature: UNSIGNED,
    }
}

pub(crate) fn inspection_request() -> inspection::Request {
    inspection::Request {
        serial: "TM0000042".parse().unwrap(),
        sequence: 2,
        registers: registers(1_240, 498_760, 1),
        control_sum: cad(500_000),
        last_refill_sequence: 1,
        record_sequence: 3,
        record_chain: records()[2].chain,
        time: instant("2026-11-24T13:00:08Z"),
        nonce: nonce(4),
        signature: UNSIGNED,
    }
}

pub(crate) fn inspection_reply() -> inspection::Reply {
    inspection::Reply {
        serial: "TM0000042".parse().unwrap(),
        sequence: 2,
        next_inspection: date(2026, 12, 15),
        nonce: nonce(4),
        instruction: inspection::Instruction::Continue,
        cause: None,
        signature: UNSIGNED,
    }
}

pub(crate) fn order_to_stop() -> inspection::Reply {
    inspection::Reply {
        instruction: inspection::Instruction::Suspend,
        cause: Some(inspection::SuspensionCause::Stolen),
        ..inspection_reply()
    }
}

pub(crate) fn withdrawal_request() -> withdrawal::Request {
    withdrawal::Request {
        serial: "TM0000042".parse().unwrap(),
        sequence: 1,
        registers: registers(1_240, 498_760, 1),
        control_sum: cad(500_000),
        last_refill_sequence: 1,
        record_sequence: 3,
        record_chain: records()[2].chain,
        time: instant("2026-11-24T13:00:10Z"),
        nonce: nonce(5),
        signature: UNSIGNED,
    }
}

pub(crate) fn withdrawal_reply() -> withdrawal::Reply {
    withdrawal::Reply {
        serial: "TM0000042".parse().unwrap(),
        sequence: 1,
        amount: cad(498_760),
        control_sum_after: cad(1_240),
        nonce: nonce(5),
        signature: UNSIGNED,
    }
}

pub(crate) fn replacement_request() -> replacement::Request {
    replacement::Request {
        serial: "TM0000043".parse().unwrap(),
        time: instant("2026-11-24T13:00:11Z"),
        nonce: nonce(6),
        signature: UNSIGNED,
    }
}

pub(crate) fn replacement_reply() -> replacement::Reply {
    replacement::Reply {
        serial: "TM0000043".parse().unwrap(),
        replaced: "TM0000042".parse().unwrap(),
        replaced_at: instant("2026-11-24T12:00:00Z"),
        registers: registers(1_240, 0, 1),
        account: "10000001".parse().unwrap(),
        postal_code: "K1A 0B1".parse().unwrap(),
        limits: replacement::Limits {
            minimum_refill: cad(1_000),
            maximum_refill: cad(5_000_000),
            maximum_descending: cad(10_000_000),
            maximum_postage: cad(999_990),
            high_value_warning: cad(100_000),
        },
        settings: Some(replacement::MachineSettings {
            automatic_refill: true,
            refill_threshold: cad(20_000),
            refill_amount: cad(100_000),
            language: "fr".to_owned(),
        }),
        nonce: nonce(6),
        signature: UNSIGNED,
    }
}

pub(crate) fn transaction_upload_request() -> transaction_upload::Request {
    transaction_upload::Request {
        serial: "TM0000042".parse().unwrap(),
        first: 1,
        last: 3,
        chain_before: [0; 32],
        records: records(),
        registers: registers(1_240, 498_760, 1),
        reason: Reason::Sleep,
        time: instant("2026-11-24T13:00:09Z"),
        signature: UNSIGNED,
    }
}

/// An installation, a refill and a piece of mail, chained.
pub(crate) fn records() -> Vec<TransactionRecord> {
    let event = |sequence, kind, amount, descending| TransactionRecord {
        sequence,
        time: instant("2026-11-24T13:00:05.000000001Z"),
        kind,
        amount: cad(amount),
        ascending: cad(0),
        descending: cad(descending),
        pieces: 0,
        product: None,
        weight_mg: None,
        destination: None,
        service: None,
        account: None,
        reference: None,
        mark_date: None,
        table: None,
        chain: [0; 32],
    };
    let piece = TransactionRecord {
        ascending: cad(1_240),
        pieces: 1,
        product: Some(101),
        weight_mg: Some(28_350),
        destination: Some(Country::CANADA),
        service: Some("lettermail".to_owned()),
        account: Some("Ventes / Sales".to_owned()),
        reference: Some("=cmd() & <“quoted”>\\\n".to_owned()),
        mark_date: Some(date(2026, 11, 24)),
        table: Some("ca-2025-01-13".to_owned()),
        ..event(3, RecordKind::Debit, 1_240, 498_760)
    };
    let mut records = vec![
        event(1, RecordKind::Installation, 0, 0),
        event(2, RecordKind::Refill, 500_000, 500_000),
        piece,
    ];
    let mut chain = [0; 32];
    for record in &mut records {
        chain = record.chain_after(&chain);
        record.chain = chain;
    }
    records
}

pub(crate) fn registers(ascending: i64, descending: i64, pieces: u64) -> Registers {
    Registers { ascending: cad(ascending), descending: cad(descending), pieces }
}

pub(crate) fn table_version(name: &str, byte: u8) -> TableVersion {
    TableVersion { name: name.to_owned(), digest: [byte; 32] }
}

pub(crate) fn cad(mills: i64) -> Amount {
    Amount::from_mills(mills, Currency::Cad)
}

pub(crate) fn nonce(byte: u8) -> Nonce {
    [byte; 16]
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What an exchange says when it refuses with `code`.
pub(crate) fn refusal(code: &str) -> Refusal {
    let (message_fr, message_en, retry_after_seconds) = match code {
        "clock-off" => (
            "L’horloge de la machine retarde de 2 h 10. Réglez-la, puis recommencez.",
            "The meter's clock is 2 h 10 slow. Set it, then try again.",
            None,
        ),
        "insufficient-funds" => (
            "Le compte 10000001 permet encore 120,00 $ et la recharge demande 500,00 $.",
            "Account 10000001 still allows $120.00, and the refill asks for $500.00.",
            None,
        ),
        "token-expired" => (
            "Le jeton d’accès est échu depuis 13:00:01 UTC. La machine s’authentifie de nouveau.",
            "The access token expired at 13:00:01 UTC. The meter signs in again.",
            Some(0),
        ),
        "key-changed" => (
            "Une autre clé est inscrite pour la machine TM0000042. Communiquez avec le fournisseur.",
            "Another key is on record for meter TM0000042. Call the provider.",
            None,
        ),
        "unknown-table" => (
            "La table de tarifs us-2031-01-01 n’existe pas.",
            "There is no rate table us-2031-01-01.",
            None,
        ),
        "sequence-mismatch" => (
            "Le relevé 9 ne suit pas le dernier, qui est le relevé 1.",
            "Inspection 9 does not follow the last one, which is inspection 1.",
            None,
        ),
        "records-missing" => (
            "Les relevés 1 à 3 manquent. Téléversez-les d’abord.",
            "Records 1 to 3 are missing. Upload them first.",
            Some(1),
        ),
        "withdrawal-contradicted" => (
            "Les registres de la machine et les livres ne concordent pas. Rien n’est repris ; le fournisseur est avisé.",
            "The meter's registers and the books disagree. Nothing is taken back; the provider is told.",
            None,
        ),
        "nothing-replaced" => {
            ("La machine TM0000043 n’en remplace aucune.", "Meter TM0000043 replaces none.", None)
        }
        other => panic!("no refusal is known for {other}"),
    };
    Refusal {
        code: code.to_owned(),
        message_fr: message_fr.to_owned(),
        message_en: message_en.to_owned(),
        server_time: instant("2026-11-24T13:00:02.5Z"),
        retry_after_seconds,
    }
}
