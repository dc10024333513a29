//! From scanned pieces to verdicts: what is known of the marks, the rules, the marks spent, and the rules again for those
//! that were spent before.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use timbre_indicium::verify::{
    self, Evidence, Finding, Gravity, MEMORY_DAYS, Progress, ScannedPiece, Sighting, Verdict,
};
use timbre_indicium::{Mark, MarkError};
use timbre_postage::{Amount, Language, MeterSerial, PriceRefusal};

use super::known_meters::{Entry, KnownMeters};
use super::price_list::PriceList;
use super::{Judged, Post, ScannedItem, SortingRules, wire};
use crate::call::today;
use crate::store::marks::{self, BY_HAND, OpenDays, Passage, Seen, Spend, Spent, SpentPiece};
use crate::store::{Store, StoreError, sorters};

type Entries = std::collections::BTreeMap<MeterSerial, Arc<Entry>>;

/// Judges what passes. One for a process: it keeps meters, rates and names in memory.
#[derive(Debug)]
pub struct Verifier {
    store: Store,
    rules: SortingRules,
    meters: KnownMeters,
    prices: Mutex<Arc<PriceList>>,
    /// The dates whose tables are there.
    days: Mutex<BTreeSet<Date>>,
}

/// A piece on its way through this file.
struct Case<'a> {
    item: &'a ScannedItem,
    /// Its marks, each once.
    marks: Vec<Mark>,
    scanned_on: Date,
    price: Result<Option<Amount>, PriceRefusal>,
    sightings: Vec<Option<Sighting>>,
    reused: bool,
    on_its_way: bool,
}

impl Verifier {
    pub(crate) async fn new(
        store: Store,
        rules: SortingRules,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let prices = Mutex::new(PriceList::read(&store).await?);
        let days = marks::days(&mut *store.reader().await?).await?;
        let days = Mutex::new(days.into_iter().collect());
        let meters = KnownMeters::new(store.clone(), now);
        Ok(Verifier { store, rules, meters, prices, days })
    }

    /// Follows what the staff do: called again and again by whoever serves.
    pub(crate) async fn follow(&self, now: Timestamp) -> Result<(), StoreError> {
        if self.meters.follow(now).await? {
            let list = PriceList::read(&self.store).await?;
            *self.prices.lock().unwrap_or_else(PoisonError::into_inner) = list;
        }
        Ok(())
    }

    /// Forgets marks of dates of which none is accepted any more.
    pub(crate) async fn forget(&self, now: Timestamp) -> Result<usize, StoreError> {
        // A day more than the rule, because the day of a scan may be behind ours.
        let kept = i32::from(MEMORY_DAYS) + 2;
        let Ok(first) = today(now).checked_sub(kept.days()) else { return Ok(0) };
        let dropped = self.store.write(marks::DropDaysBefore(first)).await?;
        self.days.lock().unwrap_or_else(PoisonError::into_inner).retain(|day| *day >= first);
        Ok(dropped)
    }

    /// Judges pieces together, and notes those that are accepted: what this returns is durable.
    ///
    /// # Errors
    /// A fault of the store; then the same may be asked again.
    pub async fn verify(
        &self,
        items: &[ScannedItem],
        post: &Post,
        now: Timestamp,
    ) -> Result<Vec<Judged>, StoreError> {
        let prices = self.prices.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut cases: Vec<Case<'_>> =
            items.iter().map(|item| Case::new(item, &prices, today(now))).collect();
        let serials = cases.iter().flat_map(|case| &case.marks).map(|mark| mark.data().serial);
        let mut entries = self.meters.get(&serials.collect(), false).await?;
        let mut verdicts: Vec<Verdict> =
            cases.iter().map(|case| self.judge(case, &entries, post)).collect();
        let doubted = doubted(&cases, &verdicts, &entries);
        if !doubted.is_empty() {
            entries.extend(self.meters.get(&doubted, true).await?);
            for (case, verdict) in cases.iter().zip(&mut verdicts) {
                if case.marks.iter().any(|mark| doubted.contains(&mark.data().serial)) {
                    *verdict = self.judge(case, &entries, post);
                }
            }
        }
        if post.notes {
            self.spend(&mut cases, &mut verdicts, &entries, post, now).await?;
        }
        let judged = cases.iter().zip(verdicts);
        Ok(judged
            .map(|(case, verdict)| Judged { verdict, seen_on_its_way: case.on_its_way })
            .collect())
    }

    fn judge(&self, case: &Case<'_>, entries: &Entries, post: &Post) -> Verdict {
        let evidence: Vec<Evidence<'_>> = case
            .marks
            .iter()
            .zip(&case.sightings)
            .map(|(mark, seen)| {
                let entry = entries.get(&mark.data().serial);
                Evidence {
                    meter: entry.and_then(|entry| entry.known.as_ref()),
                    seen_before: seen.as_ref(),
                    refunded_on: entry.and_then(|entry| entry.refunded_on(mark.data().pieces)),
                    progress: entry
                        .map_or_else(Progress::default, |entry| entry.progress(mark.data().pieces)),
                }
            })
            .collect();
        let piece = ScannedPiece {
            marks: &case.marks,
            scanned_on: case.scanned_on,
            price: case.price.as_ref().ok().copied().flatten(),
            posted_in: &post.area,
        };
        let mut notes = Vec::new();
        notes.extend(case.price.as_ref().err().map(no_price));
        notes.extend(case.item.not_marks.iter().map(not_a_mark));
        if case.reused {
            notes.extend(case.marks.first().map(verify::count_reused));
        }
        verify::judge(&piece, &evidence, self.rules.window).with(notes)
    }

    /// Spends the marks of what was accepted, and judges again what was spent before.
    async fn spend(
        &self,
        cases: &mut [Case<'_>],
        verdicts: &mut [Verdict],
        entries: &Entries,
        post: &Post,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let accepted: Vec<usize> =
            (0..cases.len()).filter(|at| verdicts[*at].is_accepted()).collect();
        if accepted.is_empty() {
            return Ok(());
        }
        let pieces: Vec<SpentPiece> =
            accepted.iter().map(|at| cases[*at].spent(entries, post, now)).collect();
        self.open_days(&pieces).await?;
        let transit = i64::try_from(self.rules.transit.as_micros()).unwrap_or(i64::MAX);
        let seen = self.store.write(Spend { pieces, transit }).await?;
        let names = self.names(&seen).await?;
        for (at, seen) in accepted.into_iter().zip(seen) {
            let case = &mut cases[at];
            case.on_its_way = seen.contains(&Seen::OnThisPiece);
            case.reused = seen.contains(&Seen::Otherwise);
            case.sightings = seen.iter().map(|seen| sighting(seen, &names)).collect();
            let good = !case.reused && case.sightings.iter().all(Option::is_none);
            if good {
                for mark in &case.marks {
                    if let Some(entry) = entries.get(&mark.data().serial) {
                        entry.learn(mark);
                    }
                }
            } else {
                verdicts[at] = self.judge(case, entries, post);
            }
        }
        Ok(())
    }

    async fn open_days(&self, pieces: &[SpentPiece]) -> Result<(), StoreError> {
        let missing: BTreeSet<Date> = {
            let days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
            let marks = pieces.iter().flat_map(|piece| &piece.marks).map(|mark| mark.day);
            marks.filter(|day| !days.contains(day)).collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        self.store.write(OpenDays::new(&self.store, missing.iter().copied().collect())).await?;
        self.days.lock().unwrap_or_else(PoisonError::into_inner).extend(missing);
        Ok(())
    }

    /// The machines, where a mark was seen before one.
    async fn names(&self, seen: &[Vec<Seen>]) -> Result<Vec<sorters::Sorter>, StoreError> {
        if !seen.iter().flatten().any(|seen| matches!(seen, Seen::Before(_))) {
            return Ok(Vec::new());
        }
        sorters::all(&mut *self.store.reader().await?).await
    }
}

impl<'a> Case<'a> {
    fn new(item: &'a ScannedItem, prices: &PriceList, today: Date) -> Self {
        let mut marks: Vec<Mark> = Vec::with_capacity(item.marks.len());
        for mark in &item.marks {
            if !marks.contains(mark) {
                marks.push(mark.clone());
            }
        }
        let price = prices.price(&marks, item.measured.as_ref());
        let sightings = vec![None; marks.len()];
        let scanned_on = item.scanned_on.unwrap_or(today);
        Case { item, marks, scanned_on, price, sightings, reused: false, on_its_way: false }
    }

    fn spent(&self, entries: &Entries, post: &Post, at: Timestamp) -> SpentPiece {
        let spent = |mark: &Mark| {
            let data = mark.data();
            let entry = entries.get(&data.serial);
            Spent {
                day: data.date,
                serial: data.serial,
                pieces: data.pieces,
                fingerprint: fingerprint(mark),
                ascending: data.ascending.mills(),
                elsewhere: entry
                    .map_or_else(Vec::new, |entry| entry.elsewhere(data.date, data.pieces)),
            }
        };
        let passage = Passage {
            sorter: post.sorter,
            scan: self.item.scan.clone(),
            item: self.item.item.clone(),
            at,
        };
        SpentPiece { passage, marks: self.marks.iter().map(spent).collect() }
    }
}

/// Signatures of different marks agree in 64 bits about as often as a signature is guessed at the first try.
fn fingerprint(mark: &Mark) -> i64 {
    let bytes = mark.signature().to_bytes();
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    i64::from_be_bytes(first)
}

/// Meters on whose account a piece is not genuine by what may be out of date.
fn doubted(cases: &[Case<'_>], verdicts: &[Verdict], entries: &Entries) -> BTreeSet<MeterSerial> {
    let condemned = cases.iter().zip(verdicts).filter(|(_, verdict)| !verdict.is_genuine());
    let serials = condemned.flat_map(|(case, _)| &case.marks).map(|mark| mark.data().serial);
    serials.filter(|serial| entries.get(serial).is_some_and(|entry| !entry.is_fresh())).collect()
}

fn sighting(seen: &Seen, names: &[sorters::Sorter]) -> Option<Sighting> {
    let Seen::Before(passage) = seen else { return None };
    let sorter = names.iter().find(|sorter| sorter.number == passage.sorter);
    let (place, machine) = match sorter {
        Some(sorter) => (sorter.place.clone(), sorter.name.clone()),
        None if passage.sorter == BY_HAND => {
            (passage.scan.clone(), "timbre mark verify".to_owned())
        }
        None => ("?".to_owned(), passage.sorter.to_string()),
    };
    Some(Sighting { at: passage.at, place, machine })
}

fn not_a_mark(error: &MarkError) -> Finding {
    if wire::is_forged(error) {
        return Finding {
            code: "impossible-mark",
            gravity: Gravity::Breach,
            fr: format!("Un symbole imite une empreinte et ne peut en être une : {error}"),
            en: format!("A symbol looks like a mark and cannot be one: {error}"),
        };
    }
    Finding {
        code: "not-a-mark",
        gravity: Gravity::Note,
        fr: format!("Un symbole du pli n'est pas une empreinte : {error}"),
        en: format!("A symbol on the piece is no mark: {error}"),
    }
}

fn no_price(refusal: &PriceRefusal) -> Finding {
    Finding {
        code: "no-price",
        gravity: Gravity::Note,
        fr: format!("Aucun tarif pour ce pli : {}", refusal.message(Language::French)),
        en: format!("No rate for this piece: {}", refusal.message(Language::English)),
    }
}
