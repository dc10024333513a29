//! Balances derived from transfers: the trial balance of a ledger, or of a part of it.

use std::collections::BTreeMap;

use timbre_postage::{Amount, Currency};

use crate::{AccountId, LedgerError, Transfer};

/// The balance of every account that a set of transfers touches, in one currency each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrialBalance {
    balances: BTreeMap<(AccountId, Currency), Amount>,
}

impl TrialBalance {
    /// The balances after `transfers`.
    ///
    /// # Errors
    /// [`LedgerError::BalanceOverflow`] past 9.2 × 10¹⁸ mills.
    pub fn of<'a>(
        transfers: impl IntoIterator<Item = &'a Transfer>,
    ) -> Result<TrialBalance, LedgerError> {
        let mut trial = TrialBalance::default();
        for transfer in transfers {
            trial.book(transfer)?;
        }
        Ok(trial)
    }

    /// Adds a transfer: all of its postings, or on an error none.
    ///
    /// # Errors
    /// [`LedgerError::BalanceOverflow`] past 9.2 × 10¹⁸ mills.
    pub fn book(&mut self, transfer: &Transfer) -> Result<(), LedgerError> {
        let after = |posting: &crate::Posting| {
            let balance = self.balance(posting.account, transfer.currency());
            let sum = balance.checked_add(posting.amount);
            sum.map_err(|_| LedgerError::BalanceOverflow(posting.account))
                .map(|sum| ((posting.account, transfer.currency()), sum))
        };
        let changed: Vec<_> = transfer.postings().iter().map(after).collect::<Result<_, _>>()?;
        self.balances.extend(changed);
        Ok(())
    }

    /// The balance of an account.
    #[must_use]
    pub fn balance(&self, account: AccountId, currency: Currency) -> Amount {
        let balance = self.balances.get(&(account, currency)).copied();
        balance.unwrap_or_else(|| Amount::zero(currency))
    }

    /// Every account that was ever touched, with its balance.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, Amount)> {
        self.balances.iter().map(|((account, _), balance)| (*account, *balance))
    }

    /// The sum of all balances in `currency`, in mills: zero, or money was made or lost.
    #[must_use]
    pub fn total(&self, currency: Currency) -> i128 {
        let of_currency = self.balances.iter().filter(|((_, of), _)| *of == currency);
        of_currency.map(|(_, balance)| i128::from(balance.mills())).sum()
    }
}
