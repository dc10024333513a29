//! What the infrastructure knows of a meter, and where a mark was seen before.

use jiff::Timestamp;
use jiff::civil::Date;
use timbre_key_store::PublicKey;
use timbre_postage::{Amount, IndiciaNumber, MeterSerial, PostalCode};

/// What the infrastructure knows of a meter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownMeter {
    /// Its serial number.
    pub serial: MeterSerial,
    /// The number under which it may print.
    pub indicia_number: IndiciaNumber,
    /// Where its mail is posted: every postal code that it ever had in its marks.
    pub postal_codes: Vec<PostalCode>,
    /// Every indicium key it ever had.
    pub keys: Vec<KnownKey>,
    /// When it might not print.
    pub interruptions: Vec<Interruption>,
    /// Every sum of its registers that it ever had: the refills, added up one by one. Empty when that is not known.
    pub control_sums: Vec<Amount>,
}

/// An indicium key and the dates of marks that it may sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownKey {
    /// The key.
    pub key: PublicKey,
    /// The first date of a mark.
    pub valid_from: Date,
    /// The last date of a mark; none while the key is in use.
    pub valid_until: Option<Date>,
}

/// A time in which a meter might not print.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interruption {
    /// Its first day. What a meter printed on the day it was stopped is good; on the day it was stolen it is not.
    pub since: Date,
    /// The day on which the meter was let work again; none while it is out of service.
    pub until: Option<Date>,
    /// Why.
    pub reason: Reason,
}

/// Why a meter might not print.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The provider stopped it, or it is not installed yet.
    Stopped,
    /// It was lost or stolen (SOR/2010-220, s. 13): marks dated from that day are fraud.
    Stolen,
    /// It was withdrawn, or another device took its place.
    Withdrawn,
}

/// An earlier sight of the same mark.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// When.
    pub at: Timestamp,
    /// Where: a plant, a file.
    pub place: String,
    /// By which machine.
    pub machine: String,
}
