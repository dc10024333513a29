//! `audit verify`: every row against its seal, every chain, every sum, from one state of the database.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sqlx::{AnyConnection, AssertSqlSafe};
use timbre_funds::AccountId;
use timbre_key_store::{KeyRole, KeyStore as _, PublicKey};

use super::damage::{Damage, DamageKind};
use super::head::{Head, Point};
use super::{Progress, Watcher, subject, tables};
use crate::staff::{Staff, StaffError};
use crate::store::row::Columns;
use crate::store::seals::{BOOKS, Subject};
use crate::store::{StoreError, Work, customers, transfers};

/// Damages that are told one by one; of more, only how many there are.
const TOLD: usize = 1_000;
/// Subjects between two reports of how far it is.
const STRIDE: u64 = 64;

/// What a verification has found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verification {
    /// Whether everything is as it was written.
    pub intact: bool,
    /// Meters, customers and other subjects that have seals.
    pub subjects: u64,
    /// Seals that were checked.
    pub seals: u64,
    /// Rows that were checked, by table.
    pub rows: BTreeMap<String, u64>,
    /// What is not as it was written; of very many, the first.
    pub damages: Vec<Damage>,
    /// Damages that are not among them.
    pub more_damages: u64,
}

impl Staff {
    /// Checks every row against its seal, every chain and every sum, from one state of the database; held against an
    /// earlier head, also that the books continue it.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn verify_books(
        &self,
        against: Option<Head>,
        watcher: Option<Watcher>,
    ) -> Result<Verification, StaffError> {
        let funds_key = self.keys.public_key(KeyRole::Funds)?;
        let sqlite = self.store.engine() == "sqlite";
        let verify = Verify { funds_key, against, watcher, sqlite };
        Ok(self.store.snapshot(&verify).await?)
    }
}

struct Verify {
    funds_key: PublicKey,
    against: Option<Head>,
    watcher: Option<Watcher>,
    sqlite: bool,
}

impl Work for Verify {
    type Output = Verification;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Verification, StoreError> {
        let mut found = Found::default();
        if self.sqlite {
            file_is_whole(tx, &mut found).await?;
        }
        let keys = self.funds_keys(tx).await;
        let keys = keys.or_else(|error| {
            found.error("", "role_keys", "", error).map(|()| vec![self.funds_key])
        })?;
        let of = tables::count(tx, "seals").await?;
        let heads = self.against.as_ref().map(Head::points).unwrap_or_default();
        let mut seen = BTreeSet::new();
        let mut subject = String::new();
        while let Some(next) = next_subject(tx, &subject).await? {
            subject = next;
            seen.insert(subject.clone());
            let point = heads.get(subject.as_str());
            let until = point.map(|point| point.seals);
            let fold = subject::check(tx, &subject, &keys, until, &mut found).await?;
            if let Some(point) = point.filter(|point| fold != Some(point.fold)) {
                differs(point, &subject, fold.is_some(), &mut found);
            }
            found.subjects += 1;
            if found.subjects.is_multiple_of(STRIDE) {
                self.tell(found.seals, of);
            }
        }
        for (gone, point) in heads.iter().filter(|(known, _)| !seen.contains(**known)) {
            differs(point, gone, false, &mut found);
        }
        strays(tx, &seen, &mut found).await?;
        sums(tx, &mut found).await?;
        self.tell(of, of);
        Ok(found.verification())
    }
}

impl Verify {
    fn tell(&self, done: u64, of: u64) {
        if let Some(watcher) = &self.watcher {
            watcher(Progress { done, of });
        }
    }

    /// Every key that ever signed for the funds server, the present one first.
    async fn funds_keys(&self, tx: &mut AnyConnection) -> Result<Vec<PublicKey>, StoreError> {
        let rows = sqlx::query("SELECT public_key FROM role_keys WHERE role = $1")
            .bind(KeyRole::Funds.as_str())
            .fetch_all(tx)
            .await?;
        let mut keys = vec![self.funds_key];
        for row in rows {
            keys.push(Columns(row).key("public_key")?);
        }
        Ok(keys)
    }
}

fn differs(point: &Point, subject: &str, altered: bool, found: &mut Found) {
    let detail = match altered {
        true => format!("its first {} seals are not those of the head", point.seals),
        false => format!("the head has {} seals, and there are fewer", point.seals),
    };
    found.add(DamageKind::HeadDiffers, subject, "seals", "", &detail);
}

async fn next_subject(tx: &mut AnyConnection, after: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT MIN(subject) AS subject FROM seals WHERE subject > $1")
        .bind(after.to_owned())
        .fetch_one(tx)
        .await?;
    Columns(row).optional_text("subject")
}

/// What SQLite says of its own file: pages, indexes, constraints.
async fn file_is_whole(tx: &mut AnyConnection, found: &mut Found) -> Result<(), StoreError> {
    match sqlx::query("PRAGMA integrity_check(20)").fetch_all(tx).await {
        Ok(rows) => {
            for row in rows {
                let said = Columns(row).text("integrity_check")?;
                if said != "ok" {
                    found.add(DamageKind::DatabaseDamaged, "", "", "", &said);
                }
            }
            Ok(())
        }
        Err(error) => match StoreError::from(error) {
            StoreError::Fault(said) => {
                found.add(DamageKind::DatabaseDamaged, "", "", "", &said);
                Ok(())
            }
            other => Err(other),
        },
    }
}

/// Rows that no subject led to.
async fn strays(
    tx: &mut AnyConnection,
    seen: &BTreeSet<String>,
    found: &mut Found,
) -> Result<(), StoreError> {
    for book in BOOKS {
        let checked = found.rows.get(book.table).copied().unwrap_or_default();
        let there = tables::count(tx, book.table).await?;
        if there <= checked {
            continue;
        }
        match tables::strays(tx, book, seen).await {
            Ok(names) if !names.is_empty() => {
                for name in names {
                    let detail = "nobody it could belong to has a seal";
                    found.add(DamageKind::RowAdded, "", book.table, &name, detail);
                }
            }
            Ok(_) => {
                let detail = format!("there are {there} rows, and {checked} belong to somebody");
                found.add(DamageKind::RowAdded, "", book.table, "", &detail);
            }
            Err(error) => found.error("", book.table, "", error)?,
        }
    }
    let checked = found.rows.get("records").copied().unwrap_or_default();
    let there = tables::count(tx, "records").await?;
    if there > checked {
        let detail =
            format!("there are {there} records, and {checked} are of a meter that can be read");
        found.add(DamageKind::RowAdded, "", "records", "", &detail);
    }
    Ok(())
}

/// Every transfer sums to zero; every customer’s balances are what is booked.
async fn sums(tx: &mut AnyConnection, found: &mut Found) -> Result<(), StoreError> {
    for (row, detail) in tables::unbalanced(tx).await? {
        found.add(DamageKind::TransferUnbalanced, "", "transfers", &row, &detail);
    }
    let customers = match customers::all(tx).await {
        Ok(customers) => customers,
        Err(error) => return found.error("", "customers", "", error),
    };
    for customer in customers {
        let (account, currency) = (customer.account, customer.currency);
        let prepaid =
            transfers::balance(tx, account, AccountId::Prepaid(account), currency).await?;
        let credit = transfers::balance(tx, account, AccountId::Credit(account), currency).await?;
        let owed = credit.mills().checked_neg();
        if prepaid != customer.prepaid || owed != Some(customer.credit_used.mills()) {
            let detail = format!(
                "prepaid {} and credit used {}, where {} and {} are booked",
                customer.prepaid.decimal(),
                customer.credit_used.decimal(),
                prepaid.decimal(),
                credit.decimal(),
            );
            let subject = Subject::Account(account).to_string();
            let row = account.number().to_string();
            found.add(DamageKind::BalanceDiffers, &subject, "customers", &row, &detail);
        }
    }
    Ok(())
}

/// What has been found so far.
#[derive(Default)]
pub(super) struct Found {
    subjects: u64,
    seals: u64,
    rows: BTreeMap<&'static str, u64>,
    damages: Vec<Damage>,
    more: u64,
}

impl Found {
    pub(super) fn sealed(&mut self) {
        self.seals += 1;
    }

    pub(super) fn row(&mut self, table: &'static str) {
        *self.rows.entry(table).or_default() += 1;
    }

    pub(super) fn push(&mut self, damage: Damage) {
        if self.damages.len() < TOLD {
            self.damages.push(damage);
        } else {
            self.more += 1;
        }
    }

    fn verification(self) -> Verification {
        Verification {
            intact: self.damages.is_empty(),
            subjects: self.subjects,
            seals: self.seals,
            rows: self.rows.into_iter().map(|(table, rows)| (table.to_owned(), rows)).collect(),
            damages: self.damages,
            more_damages: self.more,
        }
    }
}

/// Text for a statement that names a table of ours, which no caller chooses.
pub(super) fn statement(sql: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql)
}
