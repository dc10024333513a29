//! The audit log: who did what, when. Lines are only ever added, and each subject's lines are chained, so that an altered
//! or missing one is found by [`broken`].

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_protocol::Hash;

use super::StoreError;
use super::row::{Columns, stored};
use super::seals::{self, Subject};

/// One line of the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuditLine {
    /// What it is about: a meter's serial, `account 10000001`, `catalogue timbre`, or `rates`.
    pub subject: String,
    /// The number of the line among those of its subject, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who: a member of the staff, or the meter itself.
    pub who: String,
    /// What was done, in kebab case.
    pub what: String,
    /// The particulars.
    pub detail: String,
    /// SHA-256 of the previous line's chain and this line.
    #[serde(serialize_with = "super::meters::hexadecimal")]
    pub chain: Hash,
}

impl AuditLine {
    fn chain_after(&self, previous: &Hash) -> Hash {
        let mut hash = Sha256::new().chain_update(previous);
        let numbers = [self.sequence.cast_signed(), self.at.as_microsecond()];
        for number in numbers {
            hash.update(number.to_be_bytes());
        }
        for text in [&self.subject, &self.who, &self.what, &self.detail] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hash.finalize().into()
    }
}

/// Adds a line. Two transactions that add to one subject at once conflict, and one of them is done again.
pub(crate) async fn append(
    tx: &mut AnyConnection,
    subject: &str,
    at: Timestamp,
    who: &str,
    what: &str,
    detail: String,
) -> Result<(), StoreError> {
    let last = sqlx::query(
        "SELECT sequence, chain FROM audit WHERE subject = $1 ORDER BY sequence DESC LIMIT 1",
    )
    .bind(subject.to_owned())
    .fetch_optional(&mut *tx)
    .await?
    .map(Columns);
    let (sequence, previous) = match &last {
        None => (1, Hash::default()),
        Some(last) => (last.number::<u64>("sequence")? + 1, last.hash("chain")?),
    };
    let mut line = AuditLine {
        subject: subject.to_owned(),
        sequence,
        at,
        who: who.to_owned(),
        what: what.to_owned(),
        detail,
        chain: Hash::default(),
    };
    line.chain = line.chain_after(&previous);
    let row = sqlx::query(
        "INSERT INTO audit (subject, sequence, at, who, what, detail, chain)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *",
    )
    .bind(line.subject)
    .bind(stored(line.sequence)?)
    .bind(line.at.as_microsecond())
    .bind(line.who)
    .bind(line.what)
    .bind(line.detail)
    .bind(line.chain.to_vec())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::AUDIT, &Subject::of(subject), &row)
}

/// The lines about one subject, or all of them, oldest first within each subject.
pub(crate) async fn lines(
    connection: &mut AnyConnection,
    subject: Option<&str>,
) -> Result<Vec<AuditLine>, StoreError> {
    let all = "SELECT * FROM audit ORDER BY subject, sequence";
    let one = "SELECT * FROM audit WHERE subject = $1 ORDER BY sequence";
    let query = match subject {
        None => sqlx::query(all),
        Some(subject) => sqlx::query(one).bind(subject.to_owned()),
    };
    let rows = query.fetch_all(connection).await?;
    let read = |row| {
        let row = Columns(row);
        Ok(AuditLine {
            subject: row.text("subject")?,
            sequence: row.number("sequence")?,
            at: row.instant("at")?,
            who: row.text("who")?,
            what: row.text("what")?,
            detail: row.text("detail")?,
            chain: row.hash("chain")?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// The first line whose chain does not follow from the line before it, if there is one.
pub(crate) fn broken(lines: &[AuditLine]) -> Option<&AuditLine> {
    let mut previous: Option<&AuditLine> = None;
    lines.iter().find(|line| {
        let before = previous.filter(|before| before.subject == line.subject);
        let expected = before.map_or(1, |before| before.sequence + 1);
        let chain = before.map_or_else(Hash::default, |before| before.chain);
        previous = Some(line);
        line.sequence != expected || line.chain != line.chain_after(&chain)
    })
}
