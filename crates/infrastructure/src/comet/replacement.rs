//! Replacement (REQ FUNDS-5): a device that stands in for another gets the configuration data of the other. It moves no
//! money, so it may be asked for again.

use timbre_key_store::KeyRole;
use timbre_protocol::replacement::{Limits, Reply, Request};
use timbre_protocol::{Signed, UNSIGNED, write};

use crate::call::{self, Call};
use crate::deployment::Deployment;
use crate::refusal::{Books, Refused};
use crate::store::meters::Meter;
use crate::store::{machine_settings, replacements};

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    call.signed_in(deployment, request.serial)?;
    let meter = call::signer(deployment, request.serial, &request).await?;
    let mut connection = deployment.store.reader().await?;
    let replaced = replacements::by(&mut connection, meter.serial, meter.currency).await?;
    let replaced = replaced.ok_or(Books::NothingReplaced(meter.serial))?;
    let settings = machine_settings::find(&mut connection, replaced.meter).await?;
    let Meter { serial, account, postal_code, limits, .. } = meter;
    let reply = Reply {
        serial,
        replaced: replaced.meter,
        replaced_at: replaced.replaced,
        registers: replaced.registers,
        account,
        postal_code,
        limits: Limits {
            minimum_refill: limits.minimum_refill,
            maximum_refill: limits.maximum_refill,
            maximum_descending: limits.maximum_descending,
            maximum_postage: limits.maximum_postage,
            high_value_warning: limits.high_value_warning,
        },
        settings,
        nonce: request.nonce,
        signature: UNSIGNED,
    };
    drop(connection);
    let keys = deployment.keys_for(KeyRole::Funds, serial).await?;
    Ok(write(&reply.sign(&*keys)?))
}
