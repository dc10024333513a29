//! Marks that were given back as spoiled, and the claims that they came with. Rows are only ever inserted: a mark is given
//! back once, and whoever sees it on mail later finds it here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::RequestId;
use timbre_postage::{AccountNumber, Amount, Currency, MeterSerial, PieceCount};

use super::StoreError;
use super::row::{Columns, stored};
use super::seals::{self, Subject};

/// Marks that a customer gave in at once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SpoiledClaim {
    /// The customer.
    pub customer: AccountNumber,
    /// The number of the claim among the customer's, from 1.
    pub number: u64,
    /// Whose rules it was settled by.
    pub post: String,
    /// How many marks were given back.
    pub marks: u64,
    /// What they are worth.
    pub value: Amount,
    /// What the post keeps of it.
    pub fee: Amount,
    /// How the post pays the provider: `money-order` or `provider-account`.
    pub way: String,
    /// When it was booked.
    pub booked: Timestamp,
    /// By whom.
    pub who: String,
}

/// A mark that was given back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RefundedMark {
    /// The meter that printed it.
    pub meter: MeterSerial,
    /// The meter's count of pieces.
    pub pieces: PieceCount,
    /// Whom it was given back to.
    pub customer: AccountNumber,
    /// The claim it came with.
    pub claim: u64,
    /// The transfer that booked it.
    pub transfer: RequestId,
    /// The date of posting that it bears.
    pub dated: Date,
    /// What it is worth.
    pub value: Amount,
    /// Its share of the fee.
    pub fee: Amount,
    /// When it was given back.
    pub booked: Timestamp,
}

/// Adds a claim; the customer's row must be locked.
pub(crate) async fn insert_claim(
    tx: &mut AnyConnection,
    claim: &SpoiledClaim,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO spoiled_claims (customer, number, post, currency, marks, amount, fee, way, booked, who)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *",
    )
    .bind(i64::from(claim.customer.number()))
    .bind(stored(claim.number)?)
    .bind(claim.post.clone())
    .bind(claim.value.currency().code())
    .bind(stored(claim.marks)?)
    .bind(claim.value.mills())
    .bind(claim.fee.mills())
    .bind(claim.way.clone())
    .bind(claim.booked.as_microsecond())
    .bind(claim.who.clone())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::SPOILED_CLAIMS, &Subject::Account(claim.customer), &row)
}

/// Adds a mark, which was never given back before; the customer's row must be locked.
pub(crate) async fn insert_mark(
    tx: &mut AnyConnection,
    mark: &RefundedMark,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO refunded_marks (meter, pieces, customer, claim, dated, currency, amount, fee, booked)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *",
    )
    .bind(i64::from(mark.meter.number()))
    .bind(stored(mark.pieces)?)
    .bind(i64::from(mark.customer.number()))
    .bind(stored(mark.claim)?)
    .bind(mark.dated.to_string())
    .bind(mark.value.currency().code())
    .bind(mark.value.mills())
    .bind(mark.fee.mills())
    .bind(mark.booked.as_microsecond())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::REFUNDED_MARKS, &Subject::Account(mark.customer), &row)
}

/// The claims of one customer, or of all, oldest first.
pub(crate) async fn claims(
    connection: &mut AnyConnection,
    customer: Option<AccountNumber>,
) -> Result<Vec<SpoiledClaim>, StoreError> {
    let query = match customer {
        None => sqlx::query("SELECT * FROM spoiled_claims ORDER BY booked, customer, number"),
        Some(customer) => {
            sqlx::query("SELECT * FROM spoiled_claims WHERE customer = $1 ORDER BY number")
                .bind(i64::from(customer.number()))
        }
    };
    let rows = query.fetch_all(connection).await?;
    let read = |row| {
        let row = Columns(row);
        let currency: Currency = row.parsed("currency")?;
        Ok(SpoiledClaim {
            customer: row.account("customer")?,
            number: row.number("number")?,
            post: row.text("post")?,
            marks: row.number("marks")?,
            value: row.amount("amount", currency)?,
            fee: row.amount("fee", currency)?,
            way: row.text("way")?,
            booked: row.instant("booked")?,
            who: row.text("who")?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// The marks of a claim.
pub(crate) async fn marks_of(
    connection: &mut AnyConnection,
    customer: AccountNumber,
    claim: u64,
) -> Result<Vec<RefundedMark>, StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM refunded_marks WHERE customer = $1 AND claim = $2 ORDER BY meter, pieces",
    )
    .bind(i64::from(customer.number()))
    .bind(stored(claim)?)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| read_mark(&Columns(row))).collect()
}

/// Which of these marks were given back.
pub(crate) async fn refunded_marks(
    connection: &mut AnyConnection,
    marks: &BTreeSet<(MeterSerial, PieceCount)>,
) -> Result<Vec<RefundedMark>, StoreError> {
    let mut found = Vec::new();
    for (meter, pieces) in marks {
        let row = sqlx::query("SELECT * FROM refunded_marks WHERE meter = $1 AND pieces = $2")
            .bind(i64::from(meter.number()))
            .bind(stored(*pieces)?)
            .fetch_optional(&mut *connection)
            .await?;
        found.extend(row.map(|row| read_mark(&Columns(row))).transpose()?);
    }
    Ok(found)
}

fn read_mark(row: &Columns) -> Result<RefundedMark, StoreError> {
    let currency: Currency = row.parsed("currency")?;
    let (meter, pieces) = (row.serial("meter")?, row.number("pieces")?);
    Ok(RefundedMark {
        meter,
        pieces,
        customer: row.account("customer")?,
        claim: row.number("claim")?,
        transfer: RequestId::spoiled(meter, pieces),
        dated: row.parsed("dated")?,
        value: row.amount("amount", currency)?,
        fee: row.amount("fee", currency)?,
        booked: row.instant("booked")?,
    })
}
