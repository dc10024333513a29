//! One subject’s seals against its rows: each row is what was sealed last, none is missing, none was added. What the seals
//! do not cover one by one (a meter’s records) hangs on what they do cover.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_key_store::PublicKey;
use timbre_protocol::{Hash, Signed, inspection, refill};

use super::damage::{Damage, DamageKind};
use super::verify::Found;
use crate::store::row::{Columns, stored};
use crate::store::seals::{self, BOOKS, Book, Subject};
use crate::store::{StoreError, audit, inspections, meters, records, refills};

/// Seals and records fetched at once.
const PAGE: u32 = 1_000;

/// A row as it was sealed last, and how often it was.
type Sealed = HashMap<(&'static str, String), (Hash, u32)>;

/// Checks a subject; gives the fold of its seals at `until` as well, where there are so many.
pub(super) async fn check(
    tx: &mut AnyConnection,
    subject: &str,
    funds_keys: &[PublicKey],
    until: Option<u64>,
    found: &mut Found,
) -> Result<Option<Hash>, StoreError> {
    let mut sealed = Sealed::new();
    let at_head = read_seals(tx, subject, until, &mut sealed, found).await?;
    let of = Subject::of(subject);
    for book in BOOKS {
        match seals::rows(tx, book, &of).await {
            Ok(rows) => {
                for row in rows {
                    check_row(book, subject, &row, &mut sealed, found);
                }
            }
            Err(error) => found.error(subject, book.table, "", error)?,
        }
    }
    let mut missing: Vec<_> = sealed.into_keys().collect();
    missing.sort_unstable();
    for (table, row) in missing {
        found.add(DamageKind::RowMissing, subject, table, &row, "it was sealed, and is not there");
    }
    let lines = audit::lines(tx, Some(subject)).await;
    match lines.as_ref().map(|lines| audit::broken(lines)) {
        Ok(None) => {}
        Ok(Some(line)) => {
            let row = format!("{subject}/{}", line.sequence);
            found.add(DamageKind::AuditChainBroken, subject, "audit", &row, &line.what);
        }
        Err(error) => found.error(subject, "audit", "", error.clone())?,
    }
    if let Subject::Meter(serial) = of {
        match meters::find(tx, serial).await {
            Ok(Some(meter)) => {
                let checked = check_meter(tx, &meter, funds_keys, found).await;
                checked.or_else(|error| found.error(subject, "records", "", error))?;
            }
            Ok(None) => {}
            Err(error) => found.error(subject, "meters", "", error)?,
        }
    }
    Ok(at_head)
}

async fn read_seals(
    tx: &mut AnyConnection,
    subject: &str,
    until: Option<u64>,
    sealed: &mut Sealed,
    found: &mut Found,
) -> Result<Option<Hash>, StoreError> {
    let (mut last, mut fold, mut at_head) = (0_u64, Hash::default(), None);
    loop {
        let rows = sqlx::query(
            "SELECT sequence, entries, digest FROM seals WHERE subject = $1 AND sequence > $2
             ORDER BY sequence LIMIT $3",
        )
        .bind(subject.to_owned())
        .bind(stored(last)?)
        .bind(i64::from(PAGE))
        .fetch_all(&mut *tx)
        .await?;
        if rows.is_empty() {
            return Ok(at_head);
        }
        for row in rows.into_iter().map(Columns) {
            let sequence = row.number::<u64>("sequence")?;
            let name = format!("{subject}/{sequence}");
            if sequence != last + 1 {
                let detail = format!("seal {} should stand here", last + 1);
                found.add(DamageKind::SealMissing, subject, "seals", &name, &detail);
            }
            last = sequence;
            found.sealed();
            let (Ok(entries), Ok(digest)) = (row.text("entries"), row.hash("digest")) else {
                found.add(DamageKind::SealAltered, subject, "seals", &name, "it cannot be read");
                continue;
            };
            if seals::seal_digest(subject, &entries) != digest {
                found.add(DamageKind::SealAltered, subject, "seals", &name, "its digest differs");
            }
            take(&entries, subject, &name, sealed, found);
            fold = folded(&fold, sequence, &digest);
            if until == Some(sequence) {
                at_head = Some(fold);
            }
        }
    }
}

/// What a seal adds to the fold of those before it.
pub(super) fn folded(before: &Hash, sequence: u64, digest: &Hash) -> Hash {
    let hash = Sha256::new().chain_update(before).chain_update(sequence.to_be_bytes());
    hash.chain_update(digest).finalize().into()
}

fn take(entries: &str, subject: &str, name: &str, sealed: &mut Sealed, found: &mut Found) {
    for line in seals::lines(entries) {
        let Some((book, row, digest)) = line else {
            found.add(DamageKind::SealAltered, subject, "seals", name, "a line cannot be read");
            continue;
        };
        let known = sealed.entry((book.table, row.to_owned())).or_insert((digest, 0));
        *known = (digest, known.1 + 1);
    }
}

fn check_row(
    book: &'static Book,
    subject: &str,
    row: &sqlx::any::AnyRow,
    sealed: &mut Sealed,
    found: &mut Found,
) {
    found.row(book.table);
    let name = match seals::name(book, row) {
        Ok(name) => name,
        Err(error) => {
            found.add(DamageKind::RowUnreadable, subject, book.table, "", &error.to_string());
            return;
        }
    };
    let sealed = sealed.remove(&(book.table, name.clone()));
    let digest = seals::digest(book, row);
    match (sealed, digest) {
        (_, Err(error)) => {
            found.add(DamageKind::RowUnreadable, subject, book.table, &name, &error.to_string());
        }
        (None, Ok(_)) => {
            found.add(DamageKind::RowAdded, subject, book.table, &name, "there is no seal of it");
        }
        (Some((was, _)), Ok(is)) if was != is => {
            let detail = "it is not what was sealed when it was written last";
            found.add(DamageKind::RowAltered, subject, book.table, &name, detail);
        }
        (Some((_, times)), Ok(_)) if times > 1 && !book.changes => {
            let detail = format!("it is written once, and was sealed {times} times");
            found.add(DamageKind::RowRewritten, subject, book.table, &name, &detail);
        }
        _ => {}
    }
}

/// The records hang on the meter’s row, the refills and inspections on their signed replies.
async fn check_meter(
    tx: &mut AnyConnection,
    meter: &meters::Meter,
    funds_keys: &[PublicKey],
    found: &mut Found,
) -> Result<(), StoreError> {
    let (serial, currency) = (meter.serial, meter.currency);
    let subject = serial.to_string();
    let broken = |found: &mut Found, sequence: u64, detail: &str| {
        let row = format!("{}/{sequence}", serial.number());
        found.add(DamageKind::RecordChainBroken, &subject, "records", &row, detail);
    };
    let (mut last, mut chain) = (0_u64, Hash::default());
    loop {
        let page = records::page(tx, serial, currency, last, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for record in page {
            if record.sequence != last + 1 {
                broken(found, record.sequence, &format!("record {} should stand here", last + 1));
            } else if record.chain_after(&chain) != record.chain {
                broken(found, record.sequence, "its chain value does not follow from its content");
            }
            (last, chain) = (record.sequence, record.chain);
            found.row("records");
        }
    }
    if last != meter.record_sequence || (last > 0 && chain != meter.record_chain) {
        let detail = format!("the meter’s row ends at record {}", meter.record_sequence);
        broken(found, last, &detail);
    }
    let signed = |verified: &dyn Fn(&PublicKey) -> bool| funds_keys.iter().any(verified);
    for refill in refills::of(tx, serial, currency).await? {
        let row = format!("{}/{}", serial.number(), refill.sequence);
        let same =
            timbre_protocol::read::<refill::Reply>(refill.reply.as_bytes()).is_ok_and(|reply| {
                (reply.serial, reply.sequence, reply.amount, reply.tax)
                    == (serial, refill.sequence, refill.amount, refill.tax)
                    && signed(&|key| reply.verify(key).is_ok())
            });
        if !same {
            found.add(DamageKind::ReplyDiffers, &subject, "refills", &row, "its stored reply");
        }
    }
    for seen in inspections::of(tx, serial, currency).await? {
        let row = format!("{}/{}/{}", serial.number(), seen.sequence, seen.attempt);
        let same =
            timbre_protocol::read::<inspection::Reply>(seen.reply.as_bytes()).is_ok_and(|reply| {
                (reply.serial, reply.sequence) == (serial, seen.sequence)
                    && signed(&|key| reply.verify(key).is_ok())
            });
        if !same {
            found.add(DamageKind::ReplyDiffers, &subject, "inspections", &row, "its stored reply");
        }
    }
    Ok(())
}

impl Found {
    pub(super) fn add(
        &mut self,
        kind: DamageKind,
        subject: &str,
        table: &str,
        row: &str,
        detail: &str,
    ) {
        self.push(Damage {
            kind,
            subject: subject.to_owned(),
            table: table.to_owned(),
            row: row.to_owned(),
            detail: detail.to_owned(),
        });
    }

    /// What cannot be read is damage; a database that has gone away is not.
    pub(super) fn error(
        &mut self,
        subject: &str,
        table: &str,
        row: &str,
        error: StoreError,
    ) -> Result<(), StoreError> {
        match error {
            StoreError::Fault(reason) => {
                self.add(DamageKind::RowUnreadable, subject, table, row, &reason);
                Ok(())
            }
            other => Err(other),
        }
    }
}
