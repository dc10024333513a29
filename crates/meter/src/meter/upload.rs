//! Transaction upload: what the device did goes to the infrastructure and is kept until it is confirmed
//! (REQ REC-1).

use serde::Serialize;
use timbre_postage::Registers;
use timbre_protocol::transaction_upload::{Reason, Request, TransactionRecord};
use timbre_protocol::{Signed, TransactionUpload, UNSIGNED};

use super::{Meter, acknowledged};
use crate::error::{Breach, Fault, MeterError};

/// So many records go at once: half a megabyte at most, well within what an upload may hold.
const RECORDS_AT_ONCE: usize = 500;

/// What an upload did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Uploaded {
    /// Records that were confirmed by this upload.
    pub records: u64,
    /// The last record that is confirmed.
    pub acknowledged: u64,
}

impl Meter {
    /// Uploads every record that is not confirmed. Each confirmed batch stays confirmed, whatever
    /// becomes of the next.
    ///
    /// # Errors
    /// Refusals of the infrastructure; a confirmation of what was never sent; what stands between.
    pub async fn upload(&mut self, reason: Reason) -> Result<Uploaded, MeterError> {
        // What was printed is told with what was paid.
        self.psd.settle()?;
        let before = self.acknowledged;
        loop {
            let records = self.psd.records_after(self.acknowledged, RECORDS_AT_ONCE)?;
            let Some(last) = records.last() else { break };
            let sent = last.sequence;
            let request = self.upload_request(records, reason)?;
            let reply = self.call::<TransactionUpload>(&request).await?;
            // It may know later ones from an upload whose reply was lost, but none that do not exist,
            // and it keeps what it was just given.
            let possible = self.acknowledged + 1..=self.record_sequence();
            if !possible.contains(&reply.acknowledged) {
                let acknowledged = reply.acknowledged;
                return Err(Breach::Acknowledged { acknowledged, sent }.into());
            }
            acknowledged::save(&self.directory.acknowledged(), reply.acknowledged)?;
            self.acknowledged = reply.acknowledged;
        }
        Ok(Uploaded { records: self.acknowledged - before, acknowledged: self.acknowledged })
    }

    fn upload_request(
        &self,
        records: Vec<TransactionRecord>,
        reason: Reason,
    ) -> Result<Request, MeterError> {
        let folder = self.directory.journal();
        let missing = || Fault::unreadable(&folder, "a transaction record is missing");
        let (first, last) = records.first().zip(records.last()).ok_or_else(missing)?;
        let registers = Registers {
            ascending: last.ascending,
            descending: last.descending,
            pieces: last.pieces,
        };
        let request = Request {
            serial: self.serial(),
            first: first.sequence,
            last: last.sequence,
            chain_before: self.psd.chain_at(first.sequence - 1)?.ok_or_else(missing)?,
            records,
            registers,
            reason,
            time: self.now(),
            signature: UNSIGNED,
        };
        Ok(request.sign(&*self.keys)?)
    }
}
