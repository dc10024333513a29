//! Refill: funds are asked for, and the signed reply raises the descending register (REQ FUNDS-2).
//!
//! A request whose reply is lost stays with the device and is sent again unchanged; only a refusal that
//! is about the refill itself settles it.

use jiff::civil::Date;
use serde::Serialize;
use timbre_postage::Amount;
use timbre_protocol::{Refill, refill};

use super::{Meter, nonce};
use crate::error::{MeterError, Refusal};
use crate::trigger::settles_refill;

/// The refusal of a refill that was asked for under an operational block which is no longer in force.
const STALE_BLOCK: &str = "stale-block";
/// The refusal of a refill that was asked for before the infrastructure was shown what has been franked since.
const OLD_REGISTERS: &str = "register-went-backwards";

/// What a refill did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RefillReceipt {
    /// The number of the refill in the device's life.
    pub sequence: u64,
    /// What was added.
    pub amount: Amount,
    /// The tax on it, charged to the account.
    pub tax: Amount,
    /// The funds now (descending register).
    pub available: Amount,
    /// Prepaid funds left on the account.
    pub prepaid_left: Amount,
    /// What is left of the credit line.
    pub credit_left: Amount,
    /// A refill is an inspection as well: the day by which the next one is due.
    pub next_inspection: Date,
}

impl Meter {
    /// Adds `amount` to the funds. A refill whose reply was lost is finished first; if it was for the
    /// same amount, that is this refill.
    ///
    /// # Errors
    /// Refusals of the infrastructure and the device; a reply that is not genuine; what stands between.
    pub async fn refill(&mut self, amount: Amount) -> Result<RefillReceipt, MeterError> {
        self.heed_provider().await?;
        if self.psd.pending_refill().is_some_and(|pending| pending.amount != amount) {
            self.resume_refill().await?;
        }
        let request = self.psd.refill_request(amount, self.now(), nonce()?)?;
        self.send_refill(request).await
    }

    /// Finishes a refill whose reply was lost; `None` if there is none, or if it was refused and so never
    /// happened.
    ///
    /// # Errors
    /// As [`Meter::refill`].
    pub async fn resume_refill(&mut self) -> Result<Option<RefillReceipt>, MeterError> {
        let Some(pending) = self.psd.pending_refill().cloned() else { return Ok(None) };
        self.heed_provider().await?;
        match self.send_refill(pending).await {
            Ok(receipt) => Ok(Some(receipt)),
            Err(error) if self.psd.pending_refill().is_some() => Err(error),
            Err(refused) => {
                tracing::info!("a pending refill was refused and is forgotten: {refused}");
                Ok(None)
            }
        }
    }

    /// Sends a request. One that was made under an operational block of before is made anew under the one in force, and one
    /// that shows registers of before with those of now.
    async fn send_refill(
        &mut self,
        mut request: refill::Request,
    ) -> Result<RefillReceipt, MeterError> {
        let mut asked_before = false;
        let reply = loop {
            match self.call::<Refill>(&request).await {
                Ok(reply) => break reply,
                Err(error) => {
                    if settles(&error) {
                        self.psd.cancel_refill(request.sequence, self.now())?;
                    }
                    match error.code().as_str() {
                        _ if asked_before => return Err(error),
                        STALE_BLOCK => {
                            self.install().await?;
                        }
                        OLD_REGISTERS => {}
                        _ => return Err(error),
                    }
                }
            }
            asked_before = true;
            request = self.psd.refill_request(request.amount, self.now(), nonce()?)?;
        };
        self.psd.apply_refill(&reply, self.now())?;
        Ok(RefillReceipt {
            sequence: reply.sequence,
            amount: reply.amount,
            tax: reply.tax,
            available: self.registers().descending,
            prepaid_left: reply.prepaid_left,
            credit_left: reply.credit_left,
            next_inspection: reply.next_inspection,
        })
    }
}

fn settles(error: &MeterError) -> bool {
    matches!(error, MeterError::Refusal(Refusal::Infrastructure(refusal)) if settles_refill(&refusal.code))
}
