//! The other end of these tests: real protocol, real TLS, real signatures, and the simplest of books.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};

use flate2::read::GzDecoder;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys};
use timbre_meter::TrustAnchors;
use timbre_postage::{Amount, Currency, Registers, rates};
use timbre_protocol::inspection::{Instruction, SuspensionCause};
use timbre_protocol::installation::{InspectionPolicy, OperationalBlock};
use timbre_protocol::rate_download::SignedTable;
use timbre_protocol::startup_refresh::TableVersion;
use timbre_protocol::token::Token;
use timbre_protocol::transaction_upload::TransactionRecord;
use timbre_protocol::{
    Message, Refusal, Signed, UNSIGNED, inspection, installation, rate_download, read, refill,
    replacement, sign_in, startup_refresh, transaction_upload, withdrawal, write,
};

use crate::server::{Answer, Authority, Received, Server};

pub(crate) const HOSTS: [&str; 4] = [
    "distributor.timbre.localhost",
    "comet.timbre.localhost",
    "uploads.timbre.localhost",
    "downloads.timbre.localhost",
];

/// What the provider knows and how it is to behave.
pub(crate) struct Books {
    pub(crate) keys: MemoryKeys,
    pub(crate) now: Timestamp,
    pub(crate) tables: Vec<SignedTable>,
    pub(crate) tasks: Vec<startup_refresh::Task>,
    pub(crate) next_inspection: Date,
    /// In whole units of the currency.
    pub(crate) high_value_warning: i64,
    /// The directory of services: ids and URLs.
    pub(crate) services: Vec<(&'static str, &'static str)>,
    pub(crate) instruction: Instruction,
    pub(crate) cause: Option<SuspensionCause>,
    /// What the sign-in tells of the block in force.
    pub(crate) block_version: Option<u32>,
    pub(crate) postal_code: &'static str,
    /// Whether the sign-in tells of an order that waits.
    pub(crate) order_waits: Option<bool>,
    pub(crate) refills: BTreeMap<u64, refill::Reply>,
    /// The withdrawal that was booked: the request and its reply.
    pub(crate) withdrawn: Option<(withdrawal::Request, withdrawal::Reply)>,
    /// What the customer had set on the machine that this one replaces.
    pub(crate) replaced_settings: Option<replacement::MachineSettings>,
    /// What the startup refreshes told.
    pub(crate) refreshes: Vec<startup_refresh::Request>,
    pub(crate) records: Vec<TransactionRecord>,
    pub(crate) reasons: Vec<transaction_upload::Reason>,
    /// Paths of the requests that came, in order.
    pub(crate) asked: Vec<String>,
    /// What the next requests to a path are answered with, instead of the truth.
    pub(crate) instead: Vec<(&'static str, Instead)>,
}

/// How a request is mistreated.
#[derive(Clone)]
pub(crate) enum Instead {
    /// Done, and the connection cut before the reply.
    LoseReply,
    /// Refused with this code.
    Refuse(&'static str),
    /// Done, and this is confirmed instead of the truth.
    Acknowledge(u64),
}

#[derive(Clone)]
pub(crate) struct Provider {
    books: Arc<Mutex<Books>>,
}

impl Provider {
    pub(crate) fn new(now: Timestamp) -> Provider {
        let roles = [KeyRole::Distributor, KeyRole::Funds, KeyRole::Rates];
        let books = Books {
            keys: MemoryKeys::generate(&roles).unwrap(),
            now,
            tables: Vec::new(),
            tasks: Vec::new(),
            next_inspection: date(2025, 7, 1),
            high_value_warning: 50,
            services: vec![("comet.refill", "https://comet.timbre.localhost/comet/v1/refill")],
            instruction: Instruction::Continue,
            cause: None,
            block_version: None,
            postal_code: "J8X 3X7",
            order_waits: None,
            refills: BTreeMap::new(),
            withdrawn: None,
            replaced_settings: None,
            refreshes: Vec::new(),
            records: Vec::new(),
            reasons: Vec::new(),
            asked: Vec::new(),
            instead: Vec::new(),
        };
        let provider = Provider { books: Arc::new(Mutex::new(books)) };
        provider.publish("ca-retail-2025-01-13");
        provider
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// Publishes a rate table that ships with the product.
    pub(crate) fn publish(&self, name: &str) {
        let (name, text) = rates::shipped().iter().find(|(id, _)| *id == name).unwrap();
        let mut books = self.books();
        let table = SignedTable::publish(*name, *text, &books.keys).unwrap();
        books.tables.push(table);
    }

    pub(crate) fn anchors(&self) -> TrustAnchors {
        let keys = &self.books().keys;
        TrustAnchors {
            funds: keys.public_key(KeyRole::Funds).unwrap(),
            rates: keys.public_key(KeyRole::Rates).unwrap(),
        }
    }

    pub(crate) fn serve(&self, authority: &Authority) -> Server {
        let provider = self.clone();
        Server::start(authority, &HOSTS, move |request| provider.books().answer(request))
    }

    /// The next request to `path` meets this.
    pub(crate) fn next(&self, path: &'static str, instead: Instead) {
        self.books().instead.push((path, instead));
    }
}

impl Books {
    fn answer(&mut self, request: &Received) -> Option<Answer> {
        let path = request.path().to_owned();
        self.asked.push(path.clone());
        let planned = self.instead.iter().position(|(of, _)| *of == path);
        let instead = planned.map(|at| self.instead.remove(at).1);
        if let Some(Instead::Refuse(code)) = instead {
            return Some((409, self.refusal(code).into_bytes()));
        }
        if path != "/distributor/v1/sign-in" && !self.believes(request) {
            return Some((401, self.refusal("token-expired").into_bytes()));
        }
        let body = plain(request);
        let mut reply = match path.as_str() {
            "/distributor/v1/sign-in" => self.sign_in(&read(&body).unwrap()),
            "/comet/v1/installation" => self.install(&read(&body).unwrap()),
            "/comet/v1/refill" => self.refill(&read(&body).unwrap()),
            "/comet/v1/inspection" => self.inspect(&read(&body).unwrap()),
            "/uploads/v1/transactions" => self.take(read(&body).unwrap()),
            "/comet/v1/withdrawal" => self.withdraw(read(&body).unwrap()),
            "/comet/v1/replacement" => self.replace(&read(&body).unwrap()),
            "/downloads/v1/startup-refresh" => self.refresh(read(&body).unwrap()),
            "/downloads/v1/rates" => self.rates(&read(&body).unwrap()),
            other => panic!("nobody serves {other}"),
        };
        match instead {
            Some(Instead::LoseReply) => return None,
            Some(Instead::Acknowledge(acknowledged)) => {
                reply = write(&transaction_upload::Reply { acknowledged });
            }
            _ => {}
        }
        Some((200, reply.into_bytes()))
    }

    fn believes(&self, request: &Received) -> bool {
        let token = request.header("authorization").and_then(|text| text.strip_prefix("Timbre "));
        let key = self.keys.public_key(KeyRole::Distributor).unwrap();
        token.is_some_and(|token| Token::verify(token, &key, self.now).is_ok())
    }

    fn refusal(&self, code: &str) -> String {
        write(&Refusal {
            code: code.to_owned(),
            message_fr: format!("refusé : {code}"),
            message_en: format!("refused: {code}"),
            server_time: self.now,
            retry_after_seconds: None,
        })
    }

    fn signed<M: Message + Signed>(&self, message: M) -> String {
        write(&message.sign(&self.keys).unwrap())
    }

    fn sign_in(&self, request: &sign_in::Request) -> String {
        let token =
            Token::new(request.serial, self.now, SignedDuration::from_mins(10), request.nonce);
        let entry = |(name, url): &(&str, &str)| sign_in::ServiceEntry {
            name: (*name).to_owned(),
            url: (*url).to_owned(),
        };
        write(&sign_in::Reply {
            token: token.issue(&self.keys).unwrap(),
            token_expires: token.expires,
            server_time: self.now,
            services: self.services.iter().map(entry).collect(),
            contact: request.standing.map(|standing| standing.contact + 1),
            block_version: self.block_version,
            order_waits: self.order_waits,
        })
    }

    fn install(&self, request: &installation::Request) -> String {
        request.verify(&request.device_key).unwrap();
        let money = |units: i64| Amount::from_mills(units * 1000, Currency::Cad);
        let block = OperationalBlock {
            serial: request.serial,
            version: self.block_version.unwrap_or(1),
            account: "10000001".parse().unwrap(),
            indicia_number: "PB00000042".parse().unwrap(),
            postal_code: self.postal_code.parse().unwrap(),
            currency: Currency::Cad,
            minimum_refill: money(1),
            maximum_refill: money(5000),
            maximum_descending: money(10_000),
            maximum_postage: money(100),
            high_value_warning: money(self.high_value_warning),
            inspection: InspectionPolicy { interval_days: 21, warn_days: 0, grace_days: 7 },
            next_inspection: self.next_inspection,
            funds_key: self.keys.public_key(KeyRole::Funds).unwrap(),
            rates_key: self.keys.public_key(KeyRole::Rates).unwrap(),
            indicium_certificate: request.indicium_key.key_id(),
            issued: self.now,
            nonce: request.nonce,
        };
        self.signed(installation::Reply { block, signature: UNSIGNED })
    }

    fn refill(&mut self, request: &refill::Request) -> String {
        // A number that was booked is answered with the booked reply.
        if let Some(booked) = self.refills.get(&request.sequence) {
            return write(booked);
        }
        assert_eq!(request.sequence, self.refills.len() as u64 + 1);
        if request.block_version < self.block_version.unwrap_or(1) {
            return self.refusal("stale-block");
        }
        let nothing = Amount::zero(Currency::Cad);
        let reply = refill::Reply {
            serial: request.serial,
            sequence: request.sequence,
            amount: request.amount,
            control_sum_after: request.control_sum.checked_add(request.amount).unwrap(),
            next_inspection: self.next_inspection,
            prepaid_left: nothing,
            credit_left: nothing,
            tax: nothing,
            nonce: request.nonce,
            signature: UNSIGNED,
        };
        let reply = reply.sign(&self.keys).unwrap();
        self.refills.insert(request.sequence, reply.clone());
        write(&reply)
    }

    fn inspect(&self, request: &inspection::Request) -> String {
        self.signed(inspection::Reply {
            serial: request.serial,
            sequence: request.sequence,
            next_inspection: self.next_inspection,
            nonce: request.nonce,
            instruction: self.instruction,
            cause: self.cause,
            signature: UNSIGNED,
        })
    }

    /// Takes records exactly as the chain demands: nothing left out, nothing added.
    fn take(&mut self, request: transaction_upload::Request) -> String {
        let known = self.records.last().map_or((0, [0; 32]), |last| (last.sequence, last.chain));
        let mut chain = request.chain_before;
        for record in request.records {
            assert_eq!(record.chain_after(&chain), record.chain, "record {}", record.sequence);
            chain = record.chain;
            if record.sequence > known.0 {
                self.records.push(record);
            }
        }
        let sequences: Vec<u64> = self.records.iter().map(|record| record.sequence).collect();
        assert_eq!(sequences, (1..=request.last).collect::<Vec<_>>());
        self.reasons.push(request.reason);
        write(&transaction_upload::Reply { acknowledged: request.last })
    }

    /// Takes back once what the records bear out, and repeats the reply for ever.
    fn withdraw(&mut self, request: withdrawal::Request) -> String {
        if let Some((booked, reply)) = &self.withdrawn {
            assert_eq!(*booked, request, "the same request again");
            return write(reply);
        }
        let last = self.records.last().expect("records come first");
        assert_eq!((last.sequence, last.chain), (request.record_sequence, request.record_chain));
        assert_eq!(last.descending, request.registers.descending);
        let reply = withdrawal::Reply {
            serial: request.serial,
            sequence: request.sequence,
            amount: request.registers.descending,
            control_sum_after: request.registers.ascending,
            nonce: request.nonce,
            signature: UNSIGNED,
        };
        let reply = reply.sign(&self.keys).unwrap();
        self.withdrawn = Some((request, reply.clone()));
        write(&reply)
    }

    fn replace(&self, request: &replacement::Request) -> String {
        let money = |units: i64| Amount::from_mills(units * 1000, Currency::Cad);
        let registers = Registers { ascending: money(42), descending: money(58), pieces: 30 };
        self.signed(replacement::Reply {
            serial: request.serial,
            replaced: "TM0000007".parse().unwrap(),
            replaced_at: self.now,
            registers,
            account: "10000001".parse().unwrap(),
            postal_code: self.postal_code.parse().unwrap(),
            limits: replacement::Limits {
                minimum_refill: money(1),
                maximum_refill: money(5000),
                maximum_descending: money(10_000),
                maximum_postage: money(100),
                high_value_warning: money(50),
            },
            settings: self.replaced_settings.clone(),
            nonce: request.nonce,
            signature: UNSIGNED,
        })
    }

    fn refresh(&mut self, request: startup_refresh::Request) -> String {
        self.refreshes.push(request);
        let version =
            |table: &SignedTable| TableVersion { name: table.name.clone(), digest: table.digest() };
        write(&startup_refresh::Reply {
            server_time: self.now,
            services: Vec::new(),
            rate_tables: self.tables.iter().map(version).collect(),
            tasks: self.tasks.clone(),
        })
    }

    fn rates(&self, request: &rate_download::Request) -> String {
        let table = |name: &String| self.tables.iter().find(|t| t.name == *name).unwrap().clone();
        write(&rate_download::Reply { tables: request.names.iter().map(table).collect() })
    }
}

fn plain(request: &Received) -> Vec<u8> {
    if request.header("content-encoding") != Some("gzip") {
        return request.body.clone();
    }
    let mut body = Vec::new();
    GzDecoder::new(&request.body[..]).read_to_end(&mut body).unwrap();
    body
}
