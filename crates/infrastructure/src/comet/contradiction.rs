//! Whether what a device shows of itself is borne out by the books: the control sum, the direction of the registers, the
//! history it uploaded. It books nothing and decides nothing: what follows is the exchange's to say.

use sqlx::AnyConnection;
use timbre_funds::AccountId;
use timbre_postage::{Amount, MeterSerial, Registers};
use timbre_protocol::Hash;

use crate::store::meters::Meter;
use crate::store::{StoreError, records, refills, transfers};

/// What a device shows of itself, under its signature.
pub(super) struct Shown {
    pub(super) registers: Registers,
    pub(super) control_sum: Amount,
    pub(super) last_refill: u64,
    pub(super) record_sequence: u64,
    pub(super) record_chain: Hash,
}

/// A code and a sentence.
pub(super) type Contradiction = (&'static str, String);

impl Shown {
    /// What the books do not bear out, if anything.
    pub(super) async fn contradiction(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Option<Contradiction>, StoreError> {
        let Some(expected) = self.expected_control_sum(tx, meter).await? else {
            let detail = format!(
                "the device has applied refill {}, the last booked is {}",
                self.last_refill, meter.last_refill
            );
            return Ok(Some(("refills-differ", detail)));
        };
        let added = self.registers.control_sum().ok();
        if added != Some(expected) || self.control_sum != expected {
            let detail = format!(
                "the control sum is {} and the registers sum to {}, where {expected} was issued",
                self.control_sum,
                added.map_or_else(|| "nothing".to_owned(), |sum| sum.to_string())
            );
            return Ok(Some(("control-sum-mismatch", detail)));
        }
        let shown = &self.registers;
        if went_backwards(&meter.registers, shown) {
            let detail = format!(
                "ascending {} after {}, descending {}, pieces {} after {}",
                shown.ascending,
                meter.registers.ascending,
                shown.descending,
                shown.pieces,
                meter.registers.pieces
            );
            return Ok(Some(("register-went-backwards", detail)));
        }
        self.other_history(tx, meter).await
    }

    /// What the books do not bear out of a device whose records are all in: it must hold the very balance of the ledger,
    /// with no refill on its way.
    pub(super) async fn contradiction_at_the_end(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Option<Contradiction>, StoreError> {
        if self.last_refill != meter.last_refill {
            let detail = format!(
                "the device has applied refill {}, the last booked is {}",
                self.last_refill, meter.last_refill
            );
            return Ok(Some(("refills-differ", detail)));
        }
        if let Some(found) = self.contradiction(tx, meter).await? {
            return Ok(Some(found));
        }
        let (used, left) = balances(tx, meter).await?;
        let shown = &self.registers;
        let agrees = (used, left) == (shown.ascending, shown.descending);
        let detail = || {
            format!(
                "the device shows {} used and {} left, the ledger has {used} and {left}",
                shown.ascending, shown.descending
            )
        };
        Ok((!agrees).then(|| ("balance-differs", detail())))
    }

    /// What the control sum must be, by the last refill that the device has applied: the last one booked, or the one
    /// before it when the reply to the last is still on its way.
    async fn expected_control_sum(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Option<Amount>, StoreError> {
        if self.last_refill == meter.last_refill {
            return Ok(Some(meter.control_sum));
        }
        if self.last_refill.checked_add(1) != Some(meter.last_refill) {
            return Ok(None);
        }
        let pending = refills::find(tx, meter.serial, meter.last_refill, meter.currency).await?;
        Ok(pending.and_then(|refill| meter.control_sum.checked_sub(refill.amount).ok()))
    }

    /// Whether the device tells another history than the records it uploaded.
    async fn other_history(
        &self,
        tx: &mut AnyConnection,
        meter: &Meter,
    ) -> Result<Option<Contradiction>, StoreError> {
        let (sequence, chain) = (self.record_sequence, self.record_chain);
        if sequence < meter.record_sequence {
            let detail = format!(
                "the device shows record {sequence} as its last, and record {} is stored",
                meter.record_sequence
            );
            return Ok(Some(("state-rolled-back", detail)));
        }
        if sequence > meter.record_sequence {
            return Ok(None);
        }
        let stored = chain_of(tx, meter.serial, sequence).await?;
        let detail = || format!("record {sequence} of the device is not the one it uploaded");
        Ok((stored != chain).then(|| ("device-cloned", detail())))
    }
}

/// What a meter has used and what is left of the postage issued to it, by the ledger.
pub(crate) async fn balances(
    connection: &mut AnyConnection,
    meter: &Meter,
) -> Result<(Amount, Amount), StoreError> {
    let Meter { serial, account, currency, .. } = *meter;
    let used = AccountId::Post(serial);
    let used = transfers::balance(&mut *connection, account, used, currency).await?;
    let left = AccountId::Meter(serial);
    let left = transfers::balance(&mut *connection, account, left, currency).await?;
    Ok((used, left))
}

async fn chain_of(
    tx: &mut AnyConnection,
    serial: MeterSerial,
    sequence: u64,
) -> Result<Hash, StoreError> {
    if sequence == 0 {
        return Ok(Hash::default());
    }
    let chains = records::chains(tx, serial, sequence, sequence).await?;
    Ok(chains.first().map_or_else(Hash::default, |(_, chain)| *chain))
}

fn went_backwards(before: &Registers, now: &Registers) -> bool {
    now.ascending.mills() < before.ascending.mills()
        || now.pieces < before.pieces
        || now.descending.is_negative()
}
