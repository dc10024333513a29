//! Installation: the operational block that says whose meter this is and what it may do (REQ FUNDS-4).
//!
//! A block counts when the funds server signed it, it answers the device's own question and it fits
//! this device in every field; otherwise it is refused whole.

use jiff::Timestamp;
use timbre_key_store::KeyRole;
use timbre_protocol::installation::{OperationalBlock, Reply, Request};
use timbre_protocol::{Nonce, Signed, UNSIGNED};

use crate::entry::Entry;
use crate::journal::Journal;
use crate::{Applied, Breach, Psd, PsdError, Refusal, State};

const MAY_INSTALL: &[State] =
    &[State::Initialised, State::Authorised, State::Operational, State::Suspended];

impl<J: Journal> Psd<J> {
    /// Asks for an operational block: the first, or a newer one. The question lives until the device
    /// is closed; a block changes no money, so a lost one is simply asked for again.
    ///
    /// # Errors
    /// [`Refusal::State`]; faults of the key store.
    pub fn installation_request(
        &mut self,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<Request, PsdError> {
        self.require(MAY_INSTALL)?;
        let keys = self.keys()?;
        let request = Request {
            serial: self.serial(),
            nonce,
            time: now,
            device_key: keys.public_key(KeyRole::Device)?,
            indicium_key: keys.public_key(KeyRole::Indicium)?,
            renews: None,
            signature: UNSIGNED,
        };
        let request = request.sign(&*keys)?;
        self.installation_nonce = Some(nonce);
        Ok(request)
    }

    /// Installs an operational block. Installing the installed one again changes nothing.
    ///
    /// # Errors
    /// [`Breach`] when it is not genuine or not for this device; [`Refusal::NoInstallationPending`],
    /// [`Refusal::BlockOutdated`], [`Refusal::State`]; faults of the journal.
    pub fn install(&mut self, reply: &Reply, now: Timestamp) -> Result<Applied, PsdError> {
        const WHAT: &str = "operational block";
        self.require(MAY_INSTALL)?;
        reply.verify(self.funds_key()).map_err(|_| Breach::BadSignature(WHAT))?;
        let block = &reply.block;
        if block.serial != self.serial() {
            let (expected, found) = (self.serial(), block.serial);
            return Err(Breach::WrongSerial { message: WHAT, expected, found }.into());
        }
        if self.state.installation.as_ref() == Some(reply) {
            return Ok(Applied::Before);
        }
        let nonce = self.installation_nonce.ok_or(Refusal::NoInstallationPending)?;
        if block.nonce != nonce {
            return Err(Breach::WrongNonce(WHAT).into());
        }
        if let Some(installed) = self.block()
            && block.version <= installed.version
        {
            let (version, installed) = (block.version, installed.version);
            return Err(Refusal::BlockOutdated { version, installed }.into());
        }
        self.fits(block)?;
        let stamp = self.stamp(now, self.registers());
        let reply = Box::new(reply.clone());
        self.commit(self.chained(Entry::Installed { stamp, reply }))?;
        self.installation_nonce = None;
        self.change_over();
        Ok(Applied::Now)
    }

    /// Signs with the proposed keys, if the block that was installed named them.
    fn change_over(&mut self) {
        let Some(proposed) = self.proposed.take() else { return };
        let device = self.state.keys.as_ref().map(|keys| keys.device);
        if proposed.public_key(KeyRole::Device).ok() == device {
            self.keys = Some(proposed);
        }
    }

    fn fits(&self, block: &OperationalBlock) -> Result<(), Breach> {
        let amounts = [
            block.minimum_refill,
            block.maximum_refill,
            block.maximum_descending,
            block.maximum_postage,
            block.high_value_warning,
        ];
        // The keys of a renewal only while they are at hand: the device is to sign with them from now on.
        let proposed = self.state.proposed.as_ref().filter(|_| self.proposed.is_some());
        let mut indicium =
            self.state.keys.iter().chain(proposed).map(|keys| keys.indicium.key_id());
        if block.currency != self.currency() {
            return Err(Breach::UnfitBlock("its currency is not that of the registers"));
        }
        if amounts.iter().any(|amount| amount.currency() != block.currency) {
            return Err(Breach::UnfitBlock("its amounts are not of its currency"));
        }
        if amounts.iter().any(|amount| amount.mills() <= 0) {
            return Err(Breach::UnfitBlock("a limit is not more than nothing"));
        }
        if block.minimum_refill.mills() > block.maximum_refill.mills() {
            return Err(Breach::UnfitBlock("its least refill is more than its most"));
        }
        if !indicium.any(|id| id == block.indicium_certificate) {
            return Err(Breach::UnfitBlock("its certificate is of another indicium key"));
        }
        Ok(())
    }
}
