//! Spoiled marks: given in by a customer, each held against its meter's key, the uploaded records, what was seen on mail
//! and what was given back before; then, by the post's rules, booked or set aside with the reason.
//!
//! A mark is given back once, ever: the transfer bears the mark's own name.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_funds::RequestId;
use timbre_funds::spoiled::{
    Known, Presented, Recorded, Rules, SetAside, Settlement, give_back, rules_for, set_aside,
    settle,
};
use timbre_indicium::Mark;
use timbre_postage::{AccountNumber, Amount, Language, MeterSerial, PieceCount};

use super::{Staff, StaffError};
use crate::call::today;
use crate::store::customers::{self, Customer};
use crate::store::meters::{self, Meter};
use crate::store::spoiled::{self, RefundedMark, SpoiledClaim};
use crate::store::{StoreError, Work, audit, cases, losses, marks, records, transfers};

/// A mark that is given in, and where it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpoiledMark {
    /// A file, with the page.
    pub place: String,
    /// The mark.
    pub mark: Mark,
}

/// A mark that is not given back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SetAsideMark {
    /// Where it was read.
    pub place: String,
    /// The meter that it names.
    pub meter: MeterSerial,
    /// The count of pieces.
    pub pieces: PieceCount,
    /// What it says it is worth.
    pub value: Amount,
    /// Why, for a program.
    pub code: &'static str,
    /// Why, in French.
    pub fr: String,
    /// Why, in English.
    pub en: String,
}

/// What comes of marks that are given in together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SpoiledReport {
    /// Whether nothing was booked because nothing was to be.
    pub dry_run: bool,
    /// The claim; none when nothing is given back.
    pub claim: Option<SpoiledClaim>,
    /// The marks that are given back, with their places.
    pub refunded: Vec<(String, RefundedMark)>,
    /// Those that are not.
    pub set_aside: Vec<SetAsideMark>,
    /// The customer's prepaid money after it.
    pub prepaid: Amount,
}

impl Staff {
    /// Takes in spoiled marks of a customer. What is good is given back as prepaid money, less the post's fee; with
    /// `dry_run`, nothing is booked.
    ///
    /// # Errors
    /// [`StaffError::UnknownCustomer`], [`StaffError::NoSpoiledRules`], or a fault of the store.
    pub async fn submit_spoiled(
        &self,
        account: AccountNumber,
        marks: Vec<SpoiledMark>,
        dry_run: bool,
    ) -> Result<SpoiledReport, StaffError> {
        let (who, now) = (self.who.clone(), self.now());
        self.store.write(Submit { account, marks, dry_run, who, now }).await?
    }

    /// The claims of spoiled marks of one customer, or of all, oldest first.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn spoiled_claims(
        &self,
        account: Option<AccountNumber>,
    ) -> Result<Vec<SpoiledClaim>, StaffError> {
        Ok(spoiled::claims(&mut *self.store.reader().await?, account).await?)
    }

    /// One claim, with its marks.
    ///
    /// # Errors
    /// [`StaffError::UnknownClaim`], or a fault of the store.
    pub async fn spoiled_claim(
        &self,
        account: AccountNumber,
        number: u64,
    ) -> Result<(SpoiledClaim, Vec<RefundedMark>), StaffError> {
        let mut connection = self.store.reader().await?;
        let claims = spoiled::claims(&mut connection, Some(account)).await?;
        let claim = claims.into_iter().find(|claim| claim.number == number);
        let claim = claim.ok_or(StaffError::UnknownClaim { account, number })?;
        Ok((claim, spoiled::marks_of(&mut connection, account, number).await?))
    }

    /// Which of these marks were given back as spoiled: on mail, such a mark is a breach.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn refunded_marks(
        &self,
        marks: &BTreeSet<(MeterSerial, PieceCount)>,
    ) -> Result<Vec<RefundedMark>, StaffError> {
        Ok(spoiled::refunded_marks(&mut *self.store.reader().await?, marks).await?)
    }
}

struct Submit {
    account: AccountNumber,
    marks: Vec<SpoiledMark>,
    dry_run: bool,
    who: String,
    now: Timestamp,
}

/// A mark that may be given back.
struct Good<'a> {
    place: &'a str,
    presented: Presented,
}

impl Work for Submit {
    type Output = Result<SpoiledReport, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let Some(mut customer) = customers::lock(tx, self.account).await? else {
            return Ok(Err(StaffError::UnknownCustomer(self.account)));
        };
        let Some(rules) = rules_for(customer.currency) else {
            return Ok(Err(StaffError::NoSpoiledRules(customer.currency)));
        };
        // In the order of their numbers, so that two claims with the same meters do not wait for each other for ever.
        let serials: BTreeSet<_> =
            self.marks.iter().map(|given| given.mark.data().serial).collect();
        let mut known = BTreeMap::new();
        for serial in serials {
            known.extend(meters::lock(tx, serial).await?.map(|meter| (serial, meter)));
        }
        let mut report = SpoiledReport {
            dry_run: self.dry_run,
            claim: None,
            refunded: Vec::new(),
            set_aside: Vec::new(),
            prepaid: customer.prepaid,
        };
        let good = self.sort_out(tx, rules, &known, &mut report).await?;
        let values: Vec<Amount> = good.iter().map(|good| good.presented.value).collect();
        match settle(rules, &values) {
            Ok(settled) => {
                self.give_back(tx, &mut customer, rules, &good, &settled, &mut report).await?;
            }
            Err(_) => {
                let little =
                    SetAside::TooLittle { floor: Amount::from_mills(rules.floor, rules.currency) };
                report
                    .set_aside
                    .extend(good.iter().map(|good| told(good.place, &good.presented, little)));
            }
        }
        if !self.dry_run {
            self.take_down(tx, &known, &report).await?;
        }
        Ok(Ok(report))
    }
}

impl Submit {
    /// The marks that may be given back; the others are set aside.
    async fn sort_out(
        &self,
        tx: &mut AnyConnection,
        rules: &Rules,
        meters: &BTreeMap<MeterSerial, Meter>,
        report: &mut SpoiledReport,
    ) -> Result<Vec<Good<'_>>, StoreError> {
        let mut good: Vec<Good<'_>> = Vec::new();
        let mut met = BTreeSet::new();
        for SpoiledMark { place, mark } in &self.marks {
            let data = mark.data();
            let presented = Presented {
                customer: self.account,
                meter: data.serial,
                pieces: data.pieces,
                value: data.amount,
                dated: data.date,
            };
            let known = match meters.get(&data.serial) {
                Some(meter) => what_is_known(tx, meter, mark).await?,
                None => NOTHING,
            };
            let reason = set_aside(rules, &presented, &known, today(self.now));
            // Only a mark that would be given back takes the place of its copy.
            let reason = reason
                .or_else(|| (!met.insert((data.serial, data.pieces))).then_some(SetAside::Twice));
            match reason {
                None => good.push(Good { place, presented }),
                Some(reason) => report.set_aside.push(told(place, &presented, reason)),
            }
        }
        Ok(good)
    }

    async fn give_back(
        &self,
        tx: &mut AnyConnection,
        customer: &mut Customer,
        rules: &Rules,
        good: &[Good<'_>],
        settled: &Settlement,
        report: &mut SpoiledReport,
    ) -> Result<(), StoreError> {
        let claims = spoiled::claims(tx, Some(self.account)).await?;
        let claim = SpoiledClaim {
            customer: self.account,
            number: claims.last().map_or(1, |last| last.number + 1),
            post: rules.post.to_owned(),
            marks: good.len() as u64,
            value: settled.value,
            fee: settled.fee,
            way: settled.way.as_str().to_owned(),
            booked: self.now,
            who: self.who.clone(),
        };
        if !self.dry_run {
            spoiled::insert_claim(tx, &claim).await?;
        }
        for (Good { place, presented }, share) in good.iter().zip(&settled.shares) {
            let mark = RefundedMark {
                meter: presented.meter,
                pieces: presented.pieces,
                customer: self.account,
                claim: claim.number,
                transfer: RequestId::spoiled(presented.meter, presented.pieces),
                dated: presented.dated,
                value: presented.value,
                fee: *share,
                booked: self.now,
            };
            let transfer = give_back(presented, *share, self.now)
                .map_err(|error| StoreError::Fault(error.to_string()))?;
            if !self.dry_run {
                transfers::book(tx, customer, &transfer, today(self.now)).await?;
                spoiled::insert_mark(tx, &mark).await?;
            }
            report.refunded.push(((*place).to_owned(), mark));
        }
        report.prepaid = customer.prepaid;
        report.claim = Some(claim);
        Ok(())
    }

    /// What was done stands in the customer's audit log; what may be more than a mistake opens a case.
    async fn take_down(
        &self,
        tx: &mut AnyConnection,
        meters: &BTreeMap<MeterSerial, Meter>,
        report: &SpoiledReport,
    ) -> Result<(), StoreError> {
        let aside = report.set_aside.len();
        let detail = match &report.claim {
            None => format!("nothing given back, {aside} set aside"),
            Some(claim) => format!(
                "claim {}: {} marks of {} given back less {}, {aside} set aside",
                claim.number, claim.marks, claim.value, claim.fee
            ),
        };
        let subject = format!("account {}", self.account);
        audit::append(tx, &subject, self.now, &self.who, "spoiled-marks", detail.clone()).await?;
        // Whoever keeps the meter in memory for the sorting centre follows its log.
        let touched: BTreeSet<_> = report.refunded.iter().map(|(_, mark)| mark.meter).collect();
        for meter in touched {
            let (subject, detail) = (meter.to_string(), detail.clone());
            audit::append(tx, &subject, self.now, &self.who, "spoiled-marks", detail).await?;
        }
        for mark in &report.set_aside {
            if SetAside::is_suspicious(mark.code) && meters.contains_key(&mark.meter) {
                let detail = format!(
                    "piece {} of {}, read in {} and given in by account {}: {}",
                    mark.pieces, mark.value, mark.place, self.account, mark.en
                );
                cases::open(tx, mark.meter, self.now, "spoiled-mark-suspicious", &detail).await?;
            }
        }
        Ok(())
    }
}

/// Of a meter that nobody enrolled.
const NOTHING: Known =
    Known { owner: None, genuine: false, record: None, seen: None, refunded: None, missing: false };

async fn what_is_known(
    tx: &mut AnyConnection,
    meter: &Meter,
    mark: &Mark,
) -> Result<Known, StoreError> {
    let data = mark.data();
    let record = records::of_piece(tx, meter.serial, data.pieces, meter.currency).await?;
    let refunded =
        spoiled::refunded_marks(tx, &BTreeSet::from([(meter.serial, data.pieces)])).await?;
    let losses = losses::of(tx, Some(meter.serial)).await?;
    let seen = marks::first_sight(tx, data.date, meter.serial, data.pieces).await?;
    Ok(Known {
        owner: Some(meter.account),
        genuine: meter.indicium_key.is_some_and(|key| mark.verify(&key).is_ok()),
        record: record.map(|record| Recorded { amount: record.amount, dated: record.mark_date }),
        seen: seen.map(|passage| passage.at),
        refunded: refunded.first().map(|mark| mark.booked),
        missing: losses.iter().any(|loss| loss.covers(data.date)),
    })
}

fn told(place: &str, presented: &Presented, reason: SetAside) -> SetAsideMark {
    SetAsideMark {
        place: place.to_owned(),
        meter: presented.meter,
        pieces: presented.pieces,
        value: presented.value,
        code: reason.code(),
        fr: reason.message(Language::French),
        en: reason.message(Language::English),
    }
}
