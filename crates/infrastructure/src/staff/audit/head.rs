//! The signed head: how many seals each subject has, and a fold of them. Kept where the books are not, it finds what the
//! books alone cannot show: that they were put back to an earlier state, or written anew with seals and all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_key_store::{KeyRole, KeyStore as _, PublicKey, Signature};
use timbre_protocol::Hash;

use super::subject::folded;
use crate::staff::{Staff, StaffError};
use crate::store::row::{Columns, stored};
use crate::store::seals::{hex, unhex};
use crate::store::{StoreError, Work};

const TITLE: &str = "timbre audit head 1";
/// Seals fetched at once.
const PAGE: i64 = 5_000;

/// Where a subject’s seals stood.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Point {
    /// How many there were.
    pub(super) seals: u64,
    /// The fold of them.
    pub(super) fold: Hash,
}

/// A head, signed by the funds key. Its text is what an auditor keeps:
///
/// ```text
/// timbre audit head 1
/// taken 2026-11-24T12:00:00Z
/// 5 <fold> TM0000042
/// root <SHA-256 of every line above>
/// key <public key> signature <base64>
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    text: String,
    /// When it was taken.
    pub taken: Timestamp,
    /// SHA-256 of the lines: short enough to be read out or printed.
    pub root: String,
    points: BTreeMap<String, Point>,
}

/// Why a text is not a head of these books.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeadError {
    /// It is not the text of a head.
    #[error("line {line} is not that of an audit head")]
    Malformed {
        /// The line.
        line: usize,
    },
    /// Its root is not that of its lines.
    #[error("the root is not that of the lines above it: the head was altered")]
    Altered,
    /// None of the keys of these books signed it.
    #[error("it was not signed by a funds key of this deployment")]
    Forged,
}

impl Head {
    /// The text, to the byte.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many subjects it covers.
    #[must_use]
    pub fn subjects(&self) -> usize {
        self.points.len()
    }

    pub(super) fn points(&self) -> BTreeMap<&str, Point> {
        self.points.iter().map(|(subject, point)| (subject.as_str(), *point)).collect()
    }

    /// Reads a head that one of `keys` signed.
    ///
    /// # Errors
    /// [`HeadError`].
    pub fn read(text: &str, keys: &[PublicKey]) -> Result<Head, HeadError> {
        let lines: Vec<&str> = text.lines().collect();
        let malformed = |line: usize| HeadError::Malformed { line: line + 1 };
        let [title, taken, points @ .., root, signed] = &lines[..] else {
            return Err(malformed(lines.len()));
        };
        if *title != TITLE {
            return Err(malformed(0));
        }
        let taken = taken.strip_prefix("taken ").and_then(|text| text.parse().ok());
        let taken: Timestamp = taken.ok_or_else(|| malformed(1))?;
        let mut read = BTreeMap::new();
        for (index, line) in points.iter().enumerate() {
            let (subject, point) = point(line).ok_or_else(|| malformed(index + 2))?;
            read.insert(subject.to_owned(), point);
        }
        let body: String = lines[..lines.len() - 2].iter().flat_map(|line| [*line, "\n"]).collect();
        let computed = hex(&Sha256::digest(&body).into());
        if root.strip_prefix("root ") != Some(&computed) {
            return Err(HeadError::Altered);
        }
        let signature = signed.rsplit_once(" signature ").and_then(|(_, text)| text.parse().ok());
        let signature: Signature = signature.ok_or_else(|| malformed(lines.len() - 1))?;
        let message = to_be_signed(&computed);
        if !keys.iter().any(|key| key.verify(message.as_bytes(), &signature).is_ok()) {
            return Err(HeadError::Forged);
        }
        Ok(Head { text: text.to_owned(), taken, root: computed, points: read })
    }
}

fn point(line: &str) -> Option<(&str, Point)> {
    let mut parts = line.splitn(3, ' ');
    let seals = parts.next()?.parse().ok()?;
    let fold = unhex(parts.next()?)?;
    Some((parts.next()?, Point { seals, fold }))
}

/// What is signed: nothing else of ours is signed with this title.
fn to_be_signed(root: &str) -> String {
    format!("{TITLE}\nroot={root}\n")
}

impl Staff {
    /// The head of the books as they are now.
    ///
    /// # Errors
    /// A fault of the store or the keys.
    pub async fn audit_head(&self) -> Result<Head, StaffError> {
        let points = self.store.snapshot(&Fold).await?;
        let taken = self.now();
        let mut text = format!("{TITLE}\ntaken {taken}\n");
        for (subject, Point { seals, fold }) in &points {
            let _ = writeln!(text, "{seals} {} {subject}", hex(fold));
        }
        let root = hex(&Sha256::digest(&text).into());
        let key = self.keys.public_key(KeyRole::Funds)?;
        let key: String = key.sec1().iter().map(|byte| format!("{byte:02x}")).collect();
        let signature = self.keys.sign(KeyRole::Funds, to_be_signed(&root).as_bytes())?;
        let _ = writeln!(text, "root {root}\nkey {key} signature {signature}");
        Ok(Head { text, taken, root, points })
    }

    /// Reads a head that was taken of these books.
    ///
    /// # Errors
    /// [`StaffError::Head`], or a fault of the store or the keys.
    pub async fn read_head(&self, text: &str) -> Result<Head, StaffError> {
        let mut keys = vec![self.keys.public_key(KeyRole::Funds)?];
        let rows = sqlx::query("SELECT public_key FROM role_keys WHERE role = $1")
            .bind(KeyRole::Funds.as_str())
            .fetch_all(&mut *self.store.reader().await?)
            .await
            .map_err(StoreError::from)?;
        for row in rows {
            keys.push(Columns(row).key("public_key")?);
        }
        Ok(Head::read(text, &keys)?)
    }
}

/// The fold of every subject’s seals.
struct Fold;

impl Work for Fold {
    type Output = BTreeMap<String, Point>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let mut points: BTreeMap<String, Point> = BTreeMap::new();
        let (mut subject, mut last) = (String::new(), 0);
        loop {
            let rows = sqlx::query(
                "SELECT subject, sequence, digest FROM seals WHERE (subject, sequence) > ($1, $2)
                 ORDER BY subject, sequence LIMIT $3",
            )
            .bind(subject.clone())
            .bind(stored(last)?)
            .bind(PAGE)
            .fetch_all(&mut *tx)
            .await?;
            if rows.is_empty() {
                return Ok(points);
            }
            for row in rows.into_iter().map(Columns) {
                (subject, last) = (row.text("subject")?, row.number("sequence")?);
                let none = Point { seals: 0, fold: Hash::default() };
                let point = points.entry(subject.clone()).or_insert(none);
                point.fold = folded(&point.fold, last, &row.hash("digest")?);
                point.seals = last;
            }
        }
    }
}
