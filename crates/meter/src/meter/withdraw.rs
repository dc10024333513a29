//! Withdrawal: what is left goes back to the customer's account, and the machine is done (REQ FUNDS-1).
//!
//! Everything that was recorded is uploaded first, because the infrastructure takes back only what its books bear out. A
//! request whose reply is lost stays with the device and is sent again unchanged; only a refusal that is about the
//! withdrawal itself ends it.

use serde::Serialize;
use timbre_postage::{Amount, PieceCount};
use timbre_protocol::Withdrawal;
use timbre_protocol::transaction_upload::Reason;

use super::{Meter, nonce};
use crate::error::{MeterError, Refusal};
use crate::trigger::settles_withdrawal;

/// What a withdrawal did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Withdrawn {
    /// What was given back; the provider releases it to the customer's account.
    pub amount: Amount,
    /// The ascending register, for good.
    pub used: Amount,
    /// Pieces franked in the device's life.
    pub pieces: PieceCount,
    /// Whether the record of the withdrawal has reached the provider, who waits for it before releasing the funds.
    pub recorded: bool,
}

impl Meter {
    /// Gives back what is left and ends the service of this meter, for good. A withdrawal that was begun is finished; one
    /// that is done is told again.
    ///
    /// # Errors
    /// Refusals of the infrastructure and the device; a reply that is not genuine; what stands between. Unless the
    /// infrastructure refuses the withdrawal itself, it stays begun: the same again goes on.
    pub async fn withdraw(&mut self) -> Result<Withdrawn, MeterError> {
        if self.psd.withdrawal().is_none() {
            self.give_back().await?;
        }
        if let Err(error) = self.upload(Reason::OnDemand).await {
            tracing::warn!("the record of the withdrawal could not be uploaded yet: {error}");
        }
        let registers = self.registers();
        Ok(Withdrawn {
            amount: self.given_back().unwrap_or_else(|| Amount::zero(self.psd.currency())),
            used: registers.ascending,
            pieces: registers.pieces,
            recorded: self.acknowledged == self.record_sequence(),
        })
    }

    /// What the device gave back, once it is withdrawn.
    pub(super) fn given_back(&self) -> Option<Amount> {
        self.psd.withdrawal().map(|reply| reply.amount)
    }

    async fn give_back(&mut self) -> Result<(), MeterError> {
        if self.psd.pending_withdrawal().is_none() {
            // Whether a pending refill is booked is not known until it is settled.
            self.resume_refill().await?;
            // A machine that cannot reach the infrastructure is not taken out of service.
            self.upload(Reason::OnDemand).await?;
        }
        let request = self.psd.withdrawal_request(self.now(), nonce()?)?;
        self.upload(Reason::OnDemand).await?;
        let reply = match self.call::<Withdrawal>(&request).await {
            Ok(reply) => reply,
            Err(error) => {
                if settles(&error) {
                    self.psd.cancel_withdrawal(request.sequence, self.now())?;
                }
                return Err(error);
            }
        };
        self.psd.apply_withdrawal(&reply, self.now())?;
        Ok(())
    }
}

fn settles(error: &MeterError) -> bool {
    matches!(error, MeterError::Refusal(Refusal::Infrastructure(refusal)) if settles_withdrawal(&refusal.code))
}
