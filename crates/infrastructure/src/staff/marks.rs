//! Marks on mail: whether one was seen before, and what its meter recorded when it paid for it.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_postage::{MeterSerial, PieceCount};
use timbre_protocol::transaction_upload::TransactionRecord;

use super::{Staff, StaffError};
use crate::store::{StoreError, Work, marks, records};

/// A mark that was seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Sighting {
    /// When it was first seen, if that was before now: then this one is a copy, or the same piece once more.
    pub seen_before: Option<Timestamp>,
}

impl Staff {
    /// Notes that a mark was seen: the one of this meter with this count of pieces.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn record_scan(
        &self,
        serial: MeterSerial,
        pieces: PieceCount,
    ) -> Result<Sighting, StaffError> {
        let see = See { serial, pieces, now: self.now() };
        Ok(Sighting { seen_before: self.store.write(see).await? })
    }

    /// The record by which the meter paid for its piece of this count, if it is uploaded already.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn record_of_piece(
        &self,
        serial: MeterSerial,
        pieces: PieceCount,
    ) -> Result<Option<TransactionRecord>, StaffError> {
        let meter = self.meter(serial).await?;
        let mut connection = self.store.reader().await?;
        Ok(records::of_piece(&mut connection, serial, pieces, meter.currency).await?)
    }
}

struct See {
    serial: MeterSerial,
    pieces: PieceCount,
    now: Timestamp,
}

impl Work for See {
    type Output = Option<Timestamp>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Option<Timestamp>, StoreError> {
        marks::see(tx, self.serial, self.pieces, self.now).await
    }
}
