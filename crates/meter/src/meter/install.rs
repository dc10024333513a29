//! Installation: the device asks for its operational block (REQ FUNDS-4).

use serde::Serialize;
use timbre_key_store::PublicKey;
use timbre_postage::{AccountNumber, IndiciaNumber, PostalCode};
use timbre_protocol::Installation;

use super::{Meter, nonce, trusted_for_rates};
use crate::error::MeterError;
use crate::rates::Rates;
use crate::trigger::Task;

/// What an operational block says to people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Installed {
    /// The block's version.
    pub version: u32,
    /// The customer's postage account.
    pub account: AccountNumber,
    /// The number in every mark.
    pub indicia_number: IndiciaNumber,
    /// Where this meter's mail is posted.
    pub postal_code: PostalCode,
}

impl Meter {
    /// Does what the provider has waiting for the device before a request that the device signs: fetches a newer
    /// operational block, so that the request is made under it, and takes an order to stop or to go on.
    pub(super) async fn heed_provider(&mut self) -> Result<(), MeterError> {
        for task in self.waiting().await? {
            if task == Task::Installation {
                self.install().await?;
            } else {
                self.be_inspected().await?;
            }
        }
        Ok(())
    }

    /// Requests the operational block and installs it: the first, or a newer one.
    ///
    /// # Errors
    /// Refusals of the infrastructure and the device; a block that is not genuine; what stands between.
    pub async fn install(&mut self) -> Result<Installed, MeterError> {
        let request = self.psd.installation_request(self.now(), nonce()?)?;
        let reply = self.call::<Installation>(&request).await?;
        let believed = self.believed();
        self.psd.install(&reply, self.now())?;
        if self.believed() != believed {
            // The infrastructure signs by what a sign-in says that the device believes.
            self.session = None;
            let trusted = trusted_for_rates(&self.psd);
            self.rates = Rates::load(&self.directory.rates(), &trusted, self.psd.currency())?;
        }
        let block = reply.block;
        Ok(Installed {
            version: block.version,
            account: block.account,
            indicia_number: block.indicia_number,
            postal_code: block.postal_code,
        })
    }

    /// Whose signatures the device takes, for funds and for rates.
    fn believed(&self) -> [PublicKey; 2] {
        [*self.psd.funds_key(), *self.psd.rates_key()]
    }
}
