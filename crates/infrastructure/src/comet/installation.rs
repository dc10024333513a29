//! Installation (REQ FUNDS-4): the device shows its keys and gets the operational block by which it works. Asking again
//! with the same keys gives the block in force.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_funds::MeterState;
use timbre_key_store::{KeyId, KeyRole, KeyStore, PublicKey};
use timbre_protocol::installation::{OperationalBlock, Reply, Request};
use timbre_protocol::{Signed, UNSIGNED, write};

use crate::call::{self, Call, today};
use crate::deployment::Deployment;
use crate::refusal::{Identity, Refused};
use crate::store::blocks::{self, Issue};
use crate::store::meters::{self, Meter};
use crate::store::{StoreError, Work, audit, device_keys};

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    call.signed_in(deployment, request.serial)?;
    call::signer(deployment, request.serial, &request).await?;
    let install = Install { request: request.clone(), now: call.now };
    let meter = deployment.store.write(install).await??;
    // The block names the newest keys and is signed by the one that the device believes: so it comes to believe another.
    deployment.keys.refresh(&deployment.store, call.now).await?;
    let block = block(&meter, &request, &*deployment.keys, call.now)?;
    let keys = deployment.keys_for(KeyRole::Funds, request.serial).await?;
    let reply = Reply { block, signature: UNSIGNED }.sign(&*keys)?;
    Ok(write(&reply))
}

fn block(
    meter: &Meter,
    request: &Request,
    keys: &dyn KeyStore,
    now: Timestamp,
) -> Result<OperationalBlock, Refused> {
    let limits = &meter.limits;
    Ok(OperationalBlock {
        serial: meter.serial,
        version: meter.block_version,
        account: meter.account,
        indicia_number: meter.indicia_number,
        postal_code: meter.postal_code.clone(),
        currency: meter.currency,
        minimum_refill: limits.minimum_refill,
        maximum_refill: limits.maximum_refill,
        maximum_descending: limits.maximum_descending,
        maximum_postage: limits.maximum_postage,
        high_value_warning: limits.high_value_warning,
        inspection: meter.policy,
        next_inspection: meter
            .next_inspection
            .unwrap_or_else(|| meter.inspection_due_after(today(now))),
        funds_key: keys.public_key(KeyRole::Funds)?,
        rates_key: keys.public_key(KeyRole::Rates)?,
        indicium_certificate: request.indicium_key.key_id(),
        issued: now,
        nonce: request.nonce,
    })
}

struct Install {
    request: Request,
    now: Timestamp,
}

impl Work for Install {
    type Output = Result<Meter, Refused>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let serial = self.request.serial;
        let Some(mut meter) = meters::lock(tx, serial).await? else {
            return Ok(Err(Identity::UnknownMeter(serial).into()));
        };
        let subject = serial.to_string();
        if let Some(renewed) = self.request.renews {
            return self.renew(tx, meter, renewed).await;
        }
        let other = |key: &PublicKey| *key != self.request.indicium_key;
        if self.request.device_key != meter.device_key
            || meter.indicium_key.as_ref().is_some_and(other)
        {
            let shown = format!(
                "device key {}, indicium key {}",
                self.request.device_key.key_id(),
                self.request.indicium_key.key_id()
            );
            audit::append(tx, &subject, self.now, &subject, "key-changed", shown).await?;
            return Ok(Err(Identity::KeyChanged.into()));
        }
        if meter.state == MeterState::Enrolled || meter.indicium_key.is_none() {
            meter.indicium_key = Some(self.request.indicium_key);
            if meter.state == MeterState::Enrolled {
                meter.state = MeterState::Installed;
            }
            meter.next_inspection = Some(meter.inspection_due_after(today(self.now)));
            meters::update(tx, &meter).await?;
            let key = format!("indicium key {}", self.request.indicium_key.key_id());
            audit::append(tx, &subject, self.now, &subject, "installed", key).await?;
        }
        Ok(Ok(meter))
    }
}

impl Install {
    /// The keys of the request are to take the place of the device's: the block that names them is a new version. They do
    /// when the device first signs with them; until then the old ones are believed.
    async fn renew(
        &self,
        tx: &mut AnyConnection,
        mut meter: Meter,
        renewed: KeyId,
    ) -> Result<Result<Meter, Refused>, StoreError> {
        let in_service = matches!(meter.state, MeterState::Installed | MeterState::Suspended);
        if renewed != meter.device_key.key_id() || !in_service || meter.indicium_key.is_none() {
            return Ok(Err(Identity::KeyChanged.into()));
        }
        let keys = (self.request.device_key, self.request.indicium_key);
        let digest = Sha256::digest(self.request.to_be_signed()).into();
        if device_keys::propose(tx, &meter, keys, &digest, self.now).await? {
            let (subject, device) = (meter.serial.to_string(), keys.0.key_id());
            let detail = format!("device key {device}, indicium key {}", keys.1.key_id());
            audit::append(tx, &subject, self.now, &subject, "keys-proposed", detail).await?;
        }
        // A device takes a block only once, and may have one of the last version with the old keys.
        let issue = Issue { who: "keys", reason: "the device renews its keys", now: self.now };
        blocks::issue(tx, &mut meter, &issue).await?;
        Ok(Ok(meter))
    }
}
