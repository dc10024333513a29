//! Inspection: the device shows its registers and learns when to come again (REQ FUNDS-3).

use jiff::civil::Date;
use serde::Serialize;
use timbre_protocol::Inspection;
use timbre_protocol::inspection::{Instruction, SuspensionCause};

use super::{Meter, nonce};
use crate::error::MeterError;
use crate::trigger::Task;

/// What an inspection said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Inspected {
    /// The day by which the next one is due.
    pub next_inspection: Date,
    /// The provider has the meter frank nothing.
    pub suspended: bool,
    /// Why, in a word, where it says so.
    pub cause: Option<&'static str>,
}

impl Meter {
    /// Has the device inspected.
    ///
    /// # Errors
    /// Refusals of the infrastructure and the device; a reply that is not genuine; what stands between.
    /// An inspection moves no money, so one that is refused or unanswered is asked for anew.
    pub async fn inspect(&mut self) -> Result<Inspected, MeterError> {
        // An order that waits comes with the inspection that is asked for anyway.
        if self.waiting().await?.contains(&Task::Installation) {
            self.install().await?;
        }
        self.be_inspected().await
    }

    pub(super) async fn be_inspected(&mut self) -> Result<Inspected, MeterError> {
        let request = self.psd.inspection_request(self.now(), nonce()?)?;
        let reply = match self.call::<Inspection>(&request).await {
            Ok(reply) => reply,
            Err(error) => {
                // A pending question tells registers as they were: with a refusal it is settled.
                if matches!(error, MeterError::Refusal(_)) {
                    self.psd.cancel_inspection(request.sequence, self.now())?;
                }
                return Err(error);
            }
        };
        self.psd.apply_inspection(&reply, self.now())?;
        let suspended = reply.instruction == Instruction::Suspend;
        let cause = reply.cause.map(SuspensionCause::as_str);
        Ok(Inspected { next_inspection: reply.next_inspection, suspended, cause })
    }
}
