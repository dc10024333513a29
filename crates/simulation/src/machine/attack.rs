//! What a thief who holds a device's key sends: genuine signatures under things that are not so.

use timbre_postage::Registers;
use timbre_protocol::transaction_upload::Reason;
use timbre_protocol::{
    Inspection, Refill, Signed, TransactionUpload, UNSIGNED, inspection, refill,
};

use super::{Machine, Trouble, cad};

/// What is not so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Alteration {
    /// A refill is asked for by a device that claims more funds than it ever got.
    RefillWithMoreFunds,
    /// A refill is asked for by a device that claims to have printed less than it has shown.
    RefillWithLessPrinted,
    /// An inspection shows more funds than the device ever got.
    InspectionWithMoreFunds,
    /// An upload leaves a record out.
    UploadWithAGap,
}

impl Alteration {
    pub(crate) const ALL: [Alteration; 4] = [
        Alteration::RefillWithMoreFunds,
        Alteration::RefillWithLessPrinted,
        Alteration::InspectionWithMoreFunds,
        Alteration::UploadWithAGap,
    ];
}

impl Machine {
    /// Sends what is not so, signed by the device's key. Nothing is done with the answer.
    pub(crate) async fn attack(&self, alteration: Alteration) {
        let outcome = match alteration {
            Alteration::RefillWithMoreFunds | Alteration::RefillWithLessPrinted => {
                self.forge_refill(alteration).await
            }
            Alteration::InspectionWithMoreFunds => self.forge_inspection().await,
            Alteration::UploadWithAGap => self.forge_upload().await,
        };
        self.note(match outcome {
            Ok(()) => format!("{alteration:?}: it went through"),
            Err(trouble) => format!("{alteration:?}: {trouble}"),
        });
    }

    fn sign<M: Signed>(&self, message: M) -> Result<M, Trouble> {
        message.sign(&*self.keys).map_err(|error| Trouble::Fault(error.to_string()))
    }

    async fn forge_refill(&self, alteration: Alteration) -> Result<(), Trouble> {
        let reading = self.reading().ok_or(Trouble::Stopped)?;
        let version = self.device(|device| Ok(device.block().map_or(0, |block| block.version)))?;
        let more = cad(5_000);
        let Registers { ascending, descending, pieces } = reading.registers;
        let add = |a: timbre_postage::Amount| {
            a.checked_add(more).map_err(|error| Trouble::Fault(error.to_string()))
        };
        let (registers, control_sum) = match alteration {
            Alteration::RefillWithLessPrinted => {
                let ascending = ascending.checked_sub(more);
                let ascending = ascending.map_err(|error| Trouble::Fault(error.to_string()))?;
                let descending = add(descending)?;
                (Registers { ascending, descending, pieces }, reading.control_sum)
            }
            _ => {
                let descending = add(descending)?;
                (Registers { ascending, descending, pieces }, add(reading.control_sum)?)
            }
        };
        let request = self.sign(refill::Request {
            serial: self.serial,
            sequence: reading.last_refill + 1,
            amount: cad(20_000),
            registers,
            control_sum,
            block_version: version,
            time: self.clock.get(),
            nonce: self.nonce(),
            signature: UNSIGNED,
        })?;
        self.call::<Refill>(&request).await.map(drop)
    }

    async fn forge_inspection(&self) -> Result<(), Trouble> {
        let reading = self.reading().ok_or(Trouble::Stopped)?;
        let (sequence, chain) = self
            .device(|device| Ok((device.last_inspection_sequence() + 1, device.record_chain())))?;
        let mut registers = reading.registers;
        let more = registers.descending.checked_add(cad(5_000));
        registers.descending = more.map_err(|error| Trouble::Fault(error.to_string()))?;
        let sum = registers.control_sum().map_err(|error| Trouble::Fault(error.to_string()))?;
        let request = self.sign(inspection::Request {
            serial: self.serial,
            sequence,
            registers,
            control_sum: sum,
            last_refill_sequence: reading.last_refill,
            record_sequence: reading.record_sequence,
            record_chain: chain,
            time: self.clock.get(),
            nonce: self.nonce(),
            signature: UNSIGNED,
        })?;
        self.call::<Inspection>(&request).await.map(drop)
    }

    async fn forge_upload(&self) -> Result<(), Trouble> {
        let newest = self.device(|device| Ok(device.record_sequence()))?;
        let records = self.device(|device| device.records_after(newest - 1, 1))?;
        let request = self.upload_request(records, Reason::OnDemand)?;
        self.call::<TransactionUpload>(&request).await.map(drop)
    }
}
