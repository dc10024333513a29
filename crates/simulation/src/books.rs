//! What the infrastructure's store says, read through the staff's desk: the other thing that the reference model looks at.

use timbre_funds::AccountId;
use timbre_infrastructure::{Staff, StaffError};
use timbre_postage::{AccountNumber, MeterSerial};

/// A customer's side, in mills.
#[derive(Clone, Debug)]
pub(crate) struct CustomerBooks {
    /// Prepaid money, by the customer's row.
    pub(crate) prepaid: i64,
    /// Credit in use, by the customer's row.
    pub(crate) credit_used: i64,
    /// The accounts of the ledger.
    pub(crate) ledger_prepaid: i64,
    pub(crate) ledger_credit: i64,
    pub(crate) deposits: i64,
    pub(crate) tax: i64,
    pub(crate) refunds: i64,
    pub(crate) on_meters: i64,
    pub(crate) on_post: i64,
    /// What all accounts sum to.
    pub(crate) sum: i64,
    pub(crate) meters: Vec<MeterBooks>,
}

/// A refill that is booked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Booked {
    pub(crate) sequence: u64,
    pub(crate) amount: i64,
    pub(crate) tax: i64,
}

/// A meter's side.
#[derive(Clone, Debug)]
pub(crate) struct MeterBooks {
    pub(crate) serial: MeterSerial,
    pub(crate) state: &'static str,
    pub(crate) state_reason: String,
    pub(crate) last_refill: u64,
    pub(crate) control_sum: i64,
    pub(crate) record_sequence: u64,
    pub(crate) record_chain: [u8; 32],
    /// The ascending register that it last showed.
    pub(crate) ascending: i64,
    pub(crate) refills: Vec<Booked>,
    pub(crate) on_meter: i64,
    pub(crate) on_post: i64,
    /// The open cases, by code.
    pub(crate) cases: Vec<String>,
}

impl MeterBooks {
    /// What was ever issued to the meter.
    pub(crate) fn issued(&self) -> i64 {
        self.refills.iter().map(|refill| refill.amount).sum()
    }

    /// What was taken back from it.
    pub(crate) fn returned(&self) -> i64 {
        if self.state == "withdrawn" { self.issued() - self.control_sum } else { 0 }
    }
}

/// Reads what concerns one customer.
pub(crate) async fn read(
    staff: &Staff,
    account: AccountNumber,
    serials: &[MeterSerial],
) -> Result<CustomerBooks, StaffError> {
    let customer = staff.customer(account).await?;
    let accounts = staff.accounts(account).await?;
    let of = |which: fn(&AccountId) -> bool| -> i64 {
        accounts.iter().filter(|line| which(&line.account)).map(|line| line.balance.mills()).sum()
    };
    let at = |id: AccountId| -> i64 {
        let line = accounts.iter().find(|line| line.account == id);
        line.map_or(0, |line| line.balance.mills())
    };
    let mut meters = Vec::new();
    for serial in serials {
        let Some(meter) = staff.known_meter(*serial).await? else { continue };
        let refills = staff.refills(*serial).await?;
        let booked = |refill: &timbre_infrastructure::BookedRefill| Booked {
            sequence: refill.sequence,
            amount: refill.amount.mills(),
            tax: refill.tax.mills(),
        };
        let cases = staff.cases(Some(*serial)).await?;
        let open = cases.into_iter().filter(|case| case.closed.is_none());
        meters.push(MeterBooks {
            serial: *serial,
            state: meter.state.as_str(),
            state_reason: meter.state_reason.unwrap_or_default(),
            last_refill: meter.last_refill,
            control_sum: meter.control_sum.mills(),
            record_sequence: meter.record_sequence,
            record_chain: meter.record_chain,
            ascending: meter.registers.ascending.mills(),
            refills: refills.iter().map(booked).collect(),
            on_meter: at(AccountId::Meter(*serial)),
            on_post: at(AccountId::Post(*serial)),
            cases: open.map(|case| case.code).collect(),
        });
    }
    Ok(CustomerBooks {
        prepaid: customer.prepaid.mills(),
        credit_used: customer.credit_used.mills(),
        ledger_prepaid: at(AccountId::Prepaid(account)),
        ledger_credit: at(AccountId::Credit(account)),
        deposits: -at(AccountId::Deposits(account)),
        tax: of(|id| matches!(id, AccountId::Tax(..))),
        refunds: at(AccountId::Refunds(account)),
        on_meters: of(|id| matches!(id, AccountId::Meter(_))),
        on_post: of(|id| matches!(id, AccountId::Post(_))),
        sum: accounts.iter().map(|line| line.balance.mills()).sum(),
        meters,
    })
}
