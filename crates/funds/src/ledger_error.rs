//! What cannot be in a ledger.

use timbre_postage::{Amount, Currency};

use crate::{AccountId, RequestId};

/// What cannot be in a ledger. These are mistakes of a program or damage to a store, not of a customer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LedgerError {
    /// The postings do not sum to zero.
    #[error("the postings of {id} sum to {sum}, not to zero")]
    Unbalanced {
        /// The transfer.
        id: RequestId,
        /// What the postings sum to, in mills.
        sum: i128,
    },
    /// Fewer than two postings: nothing moves from anywhere to anywhere.
    #[error("{0} has fewer than two postings")]
    TooFewPostings(RequestId),
    /// Two currencies in one transfer.
    #[error("{id} mixes {first} and {second}")]
    MixedCurrencies {
        /// The transfer.
        id: RequestId,
        /// One currency.
        first: Currency,
        /// The other.
        second: Currency,
    },
    /// A posting of nothing.
    #[error("{id} posts nothing to {account}")]
    EmptyPosting {
        /// The transfer.
        id: RequestId,
        /// The account.
        account: AccountId,
    },
    /// Less than nothing is moved: that would be a movement the other way.
    #[error("{id} moves {amount}, and only more than nothing moves")]
    NothingMoves {
        /// The transfer.
        id: RequestId,
        /// The amount.
        amount: Amount,
    },
    /// An account stands twice in one transfer.
    #[error("{id} posts twice to {account}")]
    RepeatedAccount {
        /// The transfer.
        id: RequestId,
        /// The account.
        account: AccountId,
    },
    /// An account of another customer or meter than the transfer's: no money crosses between them.
    #[error("{id} posts to {account}, which is not its customer’s or its meter’s")]
    ForeignAccount {
        /// The transfer.
        id: RequestId,
        /// The account.
        account: AccountId,
    },
    /// A reversal names what it reverses, and nothing else does.
    #[error("{0} must name the transfer it reverses if it is a reversal, and only then")]
    ReversalReference(RequestId),
    /// A reversal is not reversed: what it undid is asked for again.
    #[error("{0} is a reversal and cannot be reversed: book the transfer anew")]
    ReversalOfReversal(RequestId),
    /// The text names no kind of transfer.
    #[error("“{0}” is not a kind of transfer")]
    UnknownKind(String),
    /// A balance went past what 64 bits of mills hold.
    #[error("the balance of {0} does not fit")]
    BalanceOverflow(AccountId),
}
