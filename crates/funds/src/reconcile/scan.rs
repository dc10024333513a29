//! One pass over a meter's records, in order and none kept: what they add up to, and what is wrong with them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use timbre_postage::{Amount, Language, Registers};

use super::Records;
use super::prices::{Judged, PaidPiece, Prices, Rate};
use crate::finding::{Evidence, Finding, plain};
use crate::wording::say;

/// Of one kind, this many are told one by one; of the rest, how many there are.
const TOLD: usize = 20;

/// What a record moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Movement {
    /// A piece was paid for.
    Debit,
    /// The descending register rose.
    Refill,
    /// The descending register was emptied back to the account.
    Withdrawal,
    /// No register moves.
    None,
}

/// A record as it is scanned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its number.
    pub sequence: u64,
    /// The meter's clock.
    pub time: Timestamp,
    /// What it moves.
    pub movement: Movement,
    /// By how much.
    pub amount: Amount,
    /// The registers after it.
    pub registers: Registers,
    /// Whether its chain value follows from the record before it.
    pub follows: bool,
    /// The piece that it paid for, as far as it can be priced.
    pub piece: Option<PaidPiece>,
}

/// The pass.
#[derive(Debug)]
pub struct Scan<'p> {
    prices: &'p Prices,
    records: Records,
    /// The number of the last record taken.
    taken: u64,
    withdrawals: u64,
    refill_count: u64,
    /// Findings, and how many more of each code were not told.
    found: Vec<Finding>,
    priced: BTreeMap<(Judged, i64), Pieces>,
}

/// Pieces that were judged alike.
#[derive(Debug)]
struct Pieces {
    count: u64,
    first: Vec<u64>,
    since: Timestamp,
}

/// What a pass has come to.
#[derive(Debug)]
pub struct Scanned {
    /// The sums.
    pub records: Records,
    /// The number of the last record taken; 0 for none.
    pub last_taken: u64,
    /// How many refills were recorded.
    pub refill_count: u64,
    /// How many withdrawals were recorded.
    pub withdrawals: u64,
    /// What is wrong with single records.
    pub findings: Vec<Finding>,
}

impl<'p> Scan<'p> {
    /// Begins, for a meter whose last record is said to be `last_sequence`.
    #[must_use]
    pub fn new(prices: &'p Prices, nothing: Amount, last_sequence: u64) -> Scan<'p> {
        let records = Records {
            count: 0,
            last_sequence,
            chain_broken_at: None,
            debit_count: 0,
            debits: nothing,
            refills: nothing,
            refunds: nothing,
            last_registers: Registers { ascending: nothing, descending: nothing, pieces: 0 },
        };
        Scan {
            prices,
            records,
            taken: 0,
            withdrawals: 0,
            refill_count: 0,
            found: Vec::new(),
            priced: BTreeMap::new(),
        }
    }

    /// Takes the next record.
    pub fn take(&mut self, entry: &Entry) {
        let expected = self.taken + 1;
        if entry.sequence != expected {
            self.gap(expected, entry);
        }
        if !entry.follows {
            self.records.chain_broken_at.get_or_insert(entry.sequence);
        }
        self.moves(entry);
        let records = &mut self.records;
        records.count += 1;
        match entry.movement {
            Movement::Debit => {
                records.debit_count += 1;
                records.debits = more(records.debits, entry.amount);
            }
            Movement::Refill => {
                self.refill_count += 1;
                records.refills = more(records.refills, entry.amount);
            }
            Movement::Withdrawal => {
                self.withdrawals += 1;
                records.refunds = more(records.refunds, entry.amount);
            }
            Movement::None => {}
        }
        records.last_registers = entry.registers;
        self.taken = entry.sequence;
        self.price(entry);
    }

    /// What it all comes to.
    #[must_use]
    pub fn finish(mut self) -> Scanned {
        for ((judged, difference), pieces) in std::mem::take(&mut self.priced) {
            let currency = self.records.debits.currency();
            self.found.push(priced(&judged, Amount::from_mills(difference, currency), &pieces));
        }
        let Scan { records, taken: last_taken, withdrawals, refill_count, found: findings, .. } =
            self;
        Scanned { records, last_taken, refill_count, withdrawals, findings }
    }

    fn gap(&mut self, expected: u64, entry: &Entry) {
        let through = entry.sequence.saturating_sub(1);
        self.tell(|| Finding {
            code: "records-missing",
            about: format!("record {expected}"),
            message_fr: format!("les enregistrements {expected} à {through} manquent"),
            message_en: format!("records {expected} to {through} are missing"),
            evidence: Evidence::differs(expected, entry.sequence).since(entry.time),
        });
    }

    /// The registers move by exactly what the record says.
    fn moves(&mut self, entry: &Entry) {
        let (before, after) = (self.records.last_registers, entry.registers);
        let mills = entry.amount.mills();
        let (ascending, descending, pieces) = match entry.movement {
            Movement::Debit => (mills, mills.saturating_neg(), 1),
            Movement::Refill => (0, mills, 0),
            Movement::Withdrawal => (0, mills.saturating_neg(), 0),
            Movement::None => (0, 0, 0),
        };
        let expected = Registers {
            ascending: moved(before.ascending, ascending),
            descending: moved(before.descending, descending),
            pieces: before.pieces.saturating_add(pieces),
        };
        // Nothing can be said of what follows a record that is not there.
        if after == expected || entry.sequence != self.taken + 1 {
            return;
        }
        let fell =
            after.ascending.mills() < before.ascending.mills() || after.pieces < before.pieces;
        let doubled = entry.movement == Movement::Debit && after.pieces == before.pieces;
        let (code, french, english) = match (fell, doubled) {
            (true, _) => ("register-fell", "un registre a baissé", "a register fell"),
            (_, true) => (
                "record-doubled",
                "le compte de pièces est celui de la pièce précédente",
                "the count of pieces is that of the piece before",
            ),
            _ => (
                "register-jump",
                "les registres ont bougé d’autre chose que du montant",
                "the registers moved by something else than the amount",
            ),
        };
        let sequence = entry.sequence;
        self.tell(|| Finding {
            code,
            about: format!("record {sequence}"),
            message_fr: format!("enregistrement {sequence}\u{a0}: {french}"),
            message_en: format!("record {sequence}: {english}"),
            evidence: Evidence::differs(plain(&expected), plain(&after))
                .at_record(sequence)
                .since(entry.time),
        });
    }

    fn price(&mut self, entry: &Entry) {
        let Some(piece) = &entry.piece else { return };
        let judged = self.prices.judge(piece);
        let difference = match &judged {
            Judged::Right => return,
            Judged::Under(rate) | Judged::Over(rate) => piece.amount.mills() - rate.mills,
            Judged::Unknown(_) => 0,
        };
        // Judged alike: a wrong table or scale makes many pieces wrong by the same amount.
        let known = self.priced.len();
        let pieces = match self.priced.entry((judged, difference)) {
            std::collections::btree_map::Entry::Vacant(_) if known >= TOLD => return,
            entry_of => entry_of.or_insert_with(|| Pieces {
                count: 0,
                first: Vec::new(),
                since: entry.time,
            }),
        };
        pieces.count += 1;
        if pieces.first.len() < TOLD {
            pieces.first.push(entry.sequence);
        }
    }

    fn tell(&mut self, finding: impl FnOnce() -> Finding) {
        if self.found.len() < TOLD {
            self.found.push(finding());
        }
    }
}

fn priced(judged: &Judged, difference: Amount, pieces: &Pieces) -> Finding {
    let count = pieces.count;
    let evidence = Evidence { records: pieces.first.clone(), ..Evidence::default() };
    let evidence = evidence.since(pieces.since).fact("pieces", count);
    let (code, rate) = match judged {
        Judged::Under(rate) => ("underpaid", rate),
        Judged::Over(rate) => ("overpaid", rate),
        Judged::Right | Judged::Unknown(_) => {
            let why = match judged {
                Judged::Unknown(why) => why.as_str(),
                _ => "",
            };
            return Finding {
                code: "price-unknown",
                about: why.to_owned(),
                message_fr: format!(
                    "{count} pièces dont aucune grille publiée ne donne le tarif\u{a0}: {why}"
                ),
                message_en: format!("{count} pieces that no published table prices: {why}"),
                evidence,
            };
        }
    };
    wrongly_paid(code, rate, difference, count, evidence)
}

fn wrongly_paid(
    code: &'static str,
    rate: &Rate,
    difference: Amount,
    count: u64,
    evidence: Evidence,
) -> Finding {
    let currency = difference.currency();
    let expected = Amount::from_mills(rate.mills, currency);
    let paid = more(expected, difference);
    let factor = i64::try_from(count).unwrap_or(i64::MAX);
    let in_all = Amount::from_mills(difference.mills().saturating_mul(factor), currency);
    let told = |language: Language| {
        let money = |amount: Amount| amount.format(language);
        say!(
            language,
            "{} pièces payées {} où {} demande {}\u{a0}; en tout {}",
            "{} pieces paid {} where {} asks {}; in all {}",
            count,
            money(paid),
            rate.table,
            money(expected),
            money(in_all)
        )
    };
    let Evidence { records, since, facts, .. } = evidence;
    let compared = Evidence::differs(expected.decimal(), paid.decimal());
    Finding {
        code,
        about: format!("{} {} for {}", rate.table, paid.decimal(), expected.decimal()),
        message_fr: told(Language::French),
        message_en: told(Language::English),
        evidence: Evidence { records, since, facts, ..compared }
            .fact("table", &rate.table)
            .fact("in all", in_all.decimal()),
    }
}

fn more(a: Amount, b: Amount) -> Amount {
    moved(a, b.mills())
}

/// Held at the end of the range: a sum that does not fit will not equal anything true.
fn moved(a: Amount, mills: i64) -> Amount {
    Amount::from_mills(a.mills().saturating_add(mills), a.currency())
}
