//! Marks on mail: whether a piece is in order, and what its meter recorded when it paid for it. Also the machines of the
//! postal operator that may ask the first.

use aws_lc_rs::rand;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use timbre_postage::{MeterSerial, PieceCount};
use timbre_protocol::transaction_upload::TransactionRecord;

use super::{Staff, StaffError};
use crate::http::hex;
use crate::sorting::{Judged, Post, ScannedItem, Sorter, SortingRules, Verifier};
use crate::store::marks::{self, BY_HAND};
use crate::store::{StoreError, Work, audit, records, sorters};

const TOKEN_LENGTH: usize = 32;

/// A machine that was added, and the token by which it is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AddedSorter {
    /// The machine.
    pub sorter: Sorter,
    /// Shown now and never again.
    pub token: String,
}

/// The machine that is to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewSorter {
    /// Its name, which no other has.
    pub name: String,
    /// Where it stands.
    pub place: String,
    /// The beginnings of the postal codes of what is posted there; none says nothing.
    pub area: Vec<String>,
}

impl Staff {
    /// Judges pieces by hand; those that are accepted are noted, unless they are only looked at.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn verify(
        &self,
        items: &[ScannedItem],
        rules: SortingRules,
        look_only: bool,
    ) -> Result<Vec<Judged>, StaffError> {
        let verifier = self.verifier(rules).await?;
        let post = Post { sorter: BY_HAND, area: Vec::new(), notes: !look_only };
        Ok(verifier.verify(items, &post, self.now()).await?)
    }

    /// What judges many pieces, with what it needs in memory. It does not follow what the staff change in the meantime.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn verifier(&self, rules: SortingRules) -> Result<Verifier, StaffError> {
        Ok(Verifier::new(self.store.clone(), rules, self.now()).await?)
    }

    /// Forgets the marks of dates of which none is accepted any more; says how many dates that were.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn forget_old_marks(&self) -> Result<usize, StaffError> {
        let verifier = self.verifier(SortingRules::default()).await?;
        Ok(verifier.forget(self.now()).await?)
    }

    /// When a mark was accepted on mail, if it was: the one of this date, meter and count of pieces.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn accepted_on_mail(
        &self,
        dated: Date,
        serial: MeterSerial,
        pieces: PieceCount,
    ) -> Result<Option<Timestamp>, StaffError> {
        let mut connection = self.store.reader().await?;
        let seen = marks::first_sight(&mut connection, dated, serial, pieces).await?;
        Ok(seen.map(|passage| passage.at))
    }

    /// The record by which the meter paid for its piece of this count, if it is uploaded already.
    ///
    /// # Errors
    /// [`StaffError::UnknownMeter`], or a fault of the store.
    pub async fn record_of_piece(
        &self,
        serial: MeterSerial,
        pieces: PieceCount,
    ) -> Result<Option<TransactionRecord>, StaffError> {
        let meter = self.meter(serial).await?;
        let mut connection = self.store.reader().await?;
        Ok(records::of_piece(&mut connection, serial, pieces, meter.currency).await?)
    }

    /// Lets a machine ask for verification.
    ///
    /// # Errors
    /// [`StaffError::Invalid`] for a name, a place or an area that cannot be, [`StaffError::SorterExists`], or a fault of
    /// the store.
    pub async fn add_sorter(&self, new: NewSorter) -> Result<AddedSorter, StaffError> {
        let NewSorter { name, place, area } = new;
        for text in [&name, &place] {
            if text.trim().is_empty()
                || text.chars().count() > 80
                || text.contains(char::is_control)
            {
                return Err(StaffError::Invalid("a name and a place have 1 to 80 characters"));
            }
        }
        let start = |text: &String| {
            (1..=7).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ')
        };
        if !area.iter().all(start) {
            return Err(StaffError::Invalid(
                "an area is the beginning of a postal code, like K1A or J8",
            ));
        }
        let mut bytes = [0; TOKEN_LENGTH];
        rand::fill(&mut bytes).map_err(|_| StaffError::Invalid("no randomness for a token"))?;
        let token = hex(&bytes);
        let area = area.iter().map(|start| start.to_ascii_uppercase()).collect();
        let added = self.now();
        let sorter = Sorter { number: 0, name, place, area, added, revoked: None };
        let add = AddSorter { sorter, token: hash(&token), who: self.who.clone() };
        let sorter = self.store.write(add).await??;
        Ok(AddedSorter { sorter, token })
    }

    /// The machines that were ever added, by number.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn sorters(&self) -> Result<Vec<Sorter>, StaffError> {
        Ok(sorters::all(&mut *self.store.reader().await?).await?)
    }

    /// Lets a machine ask no more. Once more changes nothing.
    ///
    /// # Errors
    /// [`StaffError::UnknownSorter`], or a fault of the store.
    pub async fn revoke_sorter(&self, name: &str) -> Result<Sorter, StaffError> {
        let (name, who, now) = (name.to_owned(), self.who.clone(), self.now());
        self.store.write(RevokeSorter { name, who, now }).await?
    }
}

/// What is kept of a token. It is random, so a plain hash cannot be turned back.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

struct AddSorter {
    sorter: Sorter,
    token: [u8; 32],
    who: String,
}

impl Work for AddSorter {
    type Output = Result<Sorter, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(sorter) = sorters::insert(tx, &self.sorter, self.token).await? else {
            return Ok(Err(StaffError::SorterExists(self.sorter.name.clone())));
        };
        let subject = format!("sorter {}", sorter.name);
        audit::append(tx, &subject, sorter.added, &self.who, "added", sorter.place.clone()).await?;
        Ok(Ok(sorter))
    }
}

struct RevokeSorter {
    name: String,
    who: String,
    now: Timestamp,
}

impl Work for RevokeSorter {
    type Output = Result<Sorter, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(sorter) = sorters::revoke(tx, &self.name, self.now).await? else {
            return Ok(Err(StaffError::UnknownSorter(self.name.clone())));
        };
        if sorter.revoked == Some(self.now) {
            let subject = format!("sorter {}", sorter.name);
            audit::append(tx, &subject, self.now, &self.who, "revoked", String::new()).await?;
        }
        Ok(Ok(sorter))
    }
}
