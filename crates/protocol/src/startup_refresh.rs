//! Startup refresh: the meter tells the download service what it has and learns what is new (REQ DL-1).
//!
//! Who and when: a signed-in meter at every power-on.
//! Source: « Lors de la mise sous tension, le système rafraîchit les données de configuration du service Web (vérifie les
//! services de téléchargements, les mises à jour de logiciels, des tarifs et graphiques […]). »
//! The request is not signed: the token says who asks, and nothing in it moves money.
//! Refused: what [`crate::token::TokenError`] says, and `unknown-meter`.

use jiff::Timestamp;
use timbre_catalogue::{EndpointId, endpoint};
use timbre_postage::MeterSerial;

use crate::Hash;
use crate::content::record;
use crate::exchange::Exchange;
use crate::message::message;
use crate::replacement::MachineSettings;

/// The exchange.
#[derive(Clone, Copy, Debug)]
pub struct StartupRefresh;

impl Exchange for StartupRefresh {
    type Request = Request;
    type Reply = Reply;
    const NAME: &'static str = "startup-refresh";
    const ENDPOINT: EndpointId = endpoint::STARTUP_REFRESH;
}

/// “This is what I have.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// The meter.
    pub serial: MeterSerial,
    /// Name and version of its software.
    pub software: String,
    /// The version of its operational block; 0 before installation.
    pub block_version: u32,
    /// The rate tables it holds.
    pub rate_tables: Vec<TableVersion>,
    /// The meter whose place it took, once it knows it.
    pub replaces: Option<MeterSerial>,
    /// What the customer set on it: kept for a machine that takes its place.
    pub settings: Option<MachineSettings>,
}

message!(Request as "startup-refresh-request" {
    serial, software, block_version, rate_tables, replaces, settings,
});

/// “This is what there is.”
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The server's clock.
    pub server_time: Timestamp,
    /// Every service for this meter, and whether there is something new in it.
    pub services: Vec<ServiceStatus>,
    /// The rate tables the meter should hold; it downloads those it lacks.
    pub rate_tables: Vec<TableVersion>,
    /// What the meter should do next, in order.
    pub tasks: Vec<Task>,
}

message!(Reply as "startup-refresh-reply" { server_time, services, rate_tables, tasks });

/// One service of the directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceStatus {
    /// The id of the endpoint in the catalogue.
    pub name: String,
    /// Whether it has something the meter lacks.
    pub changed: bool,
}

record!(ServiceStatus as "service-status" { name, changed });

/// Exactly which text of a rate table is meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TableVersion {
    /// The table's name, such as `ca-2025-01-13`.
    pub name: String,
    /// SHA-256 of its text.
    pub digest: Hash,
}

record!(TableVersion as "rate-table" { name, digest });

/// Something the provider wants the meter to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Task {
    /// Ask for the operational block again: a newer one was made.
    RenewBlock,
    /// Ask for an inspection.
    Inspect,
    /// Upload the transaction records that are not acknowledged yet.
    UploadTransactions,
    /// Ask for the configuration data of the meter that it replaces.
    FetchConfiguration,
}
