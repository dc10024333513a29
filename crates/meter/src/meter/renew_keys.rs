//! Renewal of the device's keys: made here, proposed under the old ones, in use with the block that names them; the old ones
//! are destroyed once the infrastructure has believed the new.

use std::sync::Arc;

use serde::Serialize;
use timbre_key_store::{KeyId, KeyRole};
use timbre_protocol::Installation;

use super::{Meter, nonce, trusted_for_rates};
use crate::error::{MeterError, Refusal};
use crate::keys::{self, Keys};
use crate::rates::Rates;

/// The keys that the device has now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct KeysRenewed {
    /// Which in the device's life, from 1.
    pub generation: u32,
    /// The key that signs what it asks.
    pub device: KeyId,
    /// The key that signs its marks.
    pub indicium: KeyId,
}

impl Meter {
    /// Has new keys take the place of the device's. Interrupted anywhere, the device works on, with the old keys or the
    /// new; the same again finishes.
    ///
    /// # Errors
    /// [`Refusal::Unprinted`]; refusals of the infrastructure and the device; what stands between.
    pub async fn renew_keys(&mut self) -> Result<KeysRenewed, MeterError> {
        let count = self.psd.unprinted_count();
        if count > 0 {
            return Err(Refusal::Unprinted { count }.into());
        }
        self.heed_provider().await?;
        let place = Keys::of(&self.directory, &self.settings);
        let generation = keys::generation(&self.directory)? + 1;
        let new = place.make(&self.directory, generation)?;
        let request = self.psd.renewal_request(Arc::clone(&new), self.now(), nonce()?)?;
        let reply = self.call::<Installation>(&request).await?;
        self.psd.install(&reply, self.now())?;
        keys::note_generation(&self.directory, generation)?;
        self.indicium_key = new.public_key(KeyRole::Indicium)?;
        self.keys = new;
        self.session = None;
        let trusted = trusted_for_rates(&self.psd);
        self.rates = Rates::load(&self.directory.rates(), &trusted, self.psd.currency())?;
        // Once it is believed under the new key, the old one is not needed any more.
        self.sign_in().await?;
        Ok(KeysRenewed {
            generation,
            device: self.keys.public_key(KeyRole::Device)?.key_id(),
            indicium: self.indicium_key.key_id(),
        })
    }

    /// Destroys the keys of before, now that the infrastructure believes those in use.
    pub(super) fn forget_former_keys(&self) -> Result<(), MeterError> {
        let generation = keys::generation(&self.directory)?;
        if generation > 1 {
            let place = Keys::of(&self.directory, &self.settings);
            place.destroy(&self.directory, generation - 1)?;
        }
        Ok(())
    }
}
