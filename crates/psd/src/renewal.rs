//! New keys take the place of the device's. They are proposed, signed by the key that they follow; the block that
//! names the new indicium key is the one slot with which the device changes over. Before that slot it signs with the old keys,
//! after it with the new, and there is nothing in between.

use std::sync::Arc;

use jiff::Timestamp;
use timbre_key_store::{KeyRole, KeyStore, PublicKey};
use timbre_protocol::installation::Request;
use timbre_protocol::{Nonce, Signed, UNSIGNED};

use crate::device_state::DeviceKeys;
use crate::entry::Entry;
use crate::journal::Journal;
use crate::{Psd, PsdError, State};

const MAY_RENEW: &[State] = &[State::Authorised, State::Operational, State::Suspended];

impl<J: Journal> Psd<J> {
    /// Proposes the keys of `new`, which is durable, in the place of the device's. The reply is a block: [`Psd::install`].
    /// The same keys may be proposed again, when the reply was lost.
    ///
    /// # Errors
    /// [`crate::Refusal::State`]; faults of the key stores and the journal.
    pub fn renewal_request(
        &mut self,
        new: Arc<dyn KeyStore>,
        now: Timestamp,
        nonce: Nonce,
    ) -> Result<Request, PsdError> {
        self.require(MAY_RENEW)?;
        let keys = self.keys()?;
        let device = new.public_key(KeyRole::Device)?;
        let indicium = new.public_key(KeyRole::Indicium)?;
        if self.state.proposed != Some(DeviceKeys { device, indicium }) {
            let time = now.max(self.state.last_time);
            self.commit(Entry::KeysProposed { time, device, indicium })?;
        }
        let request = Request {
            serial: self.serial(),
            nonce,
            time: now,
            device_key: device,
            indicium_key: indicium,
            renews: Some(keys.public_key(KeyRole::Device)?.key_id()),
            signature: UNSIGNED,
        };
        let request = request.sign(&*keys)?;
        self.installation_nonce = Some(nonce);
        self.proposed = Some(new);
        Ok(request)
    }

    /// The public halves of the device's keys, device and indicium; none before it made them.
    pub fn public_keys(&self) -> Option<(PublicKey, PublicKey)> {
        self.state.keys.as_ref().map(|keys| (keys.device, keys.indicium))
    }
}
