//! What a reconciliation can find: named, with the figures, in both languages.

use std::fmt;

use timbre_postage::{Amount, Language, PieceCount, Registers};

use crate::wording::say;

/// Something that does not add up and that nothing explains: a case for the provider (REQ FUNDS-6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Discrepancy {
    /// A record does not follow from the one before it: the records were altered, or are not the meter's.
    RecordChainBroken {
        /// The first record that does not follow.
        sequence: u64,
    },
    /// Records between the first and the last are not there.
    RecordsMissing {
        /// The number of the last record, which is how many there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// The last record’s ascending register is not the sum of all debits recorded.
    RecordedUseDiffers {
        /// The sum of the debits.
        debits: Amount,
        /// The register.
        ascending: Amount,
    },
    /// The last record’s descending register is not refills less refunds less debits.
    RecordedBalanceDiffers {
        /// Refills less refunds less debits, all as recorded.
        expected: Amount,
        /// The register.
        descending: Amount,
    },
    /// The last record’s piece count is not the number of debits recorded.
    RecordedPiecesDiffer {
        /// The number of debits.
        debits: u64,
        /// The count.
        pieces: PieceCount,
    },
    /// The ledger says another use of postage than the records.
    LedgerUseDiffers {
        /// What the ledger says.
        ledger: Amount,
        /// The sum of the debits recorded.
        records: Amount,
    },
    /// The meter has recorded more refills than were ever booked: postage out of nothing.
    RefillsNotBooked {
        /// All refills booked.
        booked: Amount,
        /// All refills recorded.
        recorded: Amount,
    },
    /// Refills that the meter has applied are not among its records.
    RefillsNotRecorded {
        /// The refills booked that the meter has reported as applied.
        applied: Amount,
        /// All refills recorded.
        recorded: Amount,
    },
    /// The meter has recorded a withdrawal of which nothing is booked.
    RefundsNotBooked {
        /// All refunds booked.
        booked: Amount,
        /// All refunds recorded.
        recorded: Amount,
    },
    /// The registers do not sum to the refills booked, less refunds.
    ControlSumDiffers {
        /// What the ledger says.
        expected: Amount,
        /// What the registers sum to, or the control sum the meter states.
        given: Amount,
    },
    /// The registers are not those of the record at which they were read.
    RegistersDiffer {
        /// The registers the meter reported.
        reported: Registers,
        /// The registers in its record.
        recorded: Registers,
    },
    /// The ascending register or the piece count went backwards between a record and a report.
    RegistersWentBackwards {
        /// The earlier registers.
        earlier: Registers,
        /// The later registers.
        later: Registers,
    },
}

impl Discrepancy {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::RecordChainBroken { .. } => "record-chain-broken",
            Self::RecordsMissing { .. } => "records-missing",
            Self::RecordedUseDiffers { .. } => "recorded-use-differs",
            Self::RecordedBalanceDiffers { .. } => "recorded-balance-differs",
            Self::RecordedPiecesDiffer { .. } => "recorded-pieces-differ",
            Self::LedgerUseDiffers { .. } => "ledger-use-differs",
            Self::RefillsNotBooked { .. } => "refills-not-booked",
            Self::RefillsNotRecorded { .. } => "refills-not-recorded",
            Self::RefundsNotBooked { .. } => "refunds-not-booked",
            Self::ControlSumDiffers { .. } => "control-sum-differs",
            Self::RegistersDiffer { .. } => "registers-differ",
            Self::RegistersWentBackwards { .. } => "registers-went-backwards",
        }
    }

    /// What the provider's staff read.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        self.about_the_records(language)
            .or_else(|| self.about_the_registers(language))
            .unwrap_or_else(|| self.code().to_owned())
    }

    fn about_the_records(&self, language: Language) -> Option<String> {
        let money = |amount: &Amount| amount.format(language);
        Some(match self {
            Self::RecordChainBroken { sequence } => say!(
                language,
                "l’enregistrement {} ne découle pas de celui qui le précède",
                "record {} does not follow from the one before it",
                sequence
            ),
            Self::RecordsMissing { expected, found } => say!(
                language,
                "il y a {1} enregistrements, alors que le dernier porte le numéro {0}",
                "there are {1} records, and the last is number {0}",
                expected,
                found
            ),
            Self::RecordedUseDiffers { debits, ascending } => say!(
                language,
                "les débits enregistrés font {}, et le totalisateur du dernier enregistrement est de {}",
                "the debits recorded come to {}, and the last record’s ascending register is {}",
                money(debits),
                money(ascending)
            ),
            Self::RecordedBalanceDiffers { expected, descending } => say!(
                language,
                "les recharges moins les débits enregistrés font {}, et le soustracteur du dernier enregistrement est de {}",
                "the refills less the debits recorded come to {}, and the last record’s descending register is {}",
                money(expected),
                money(descending)
            ),
            Self::RecordedPiecesDiffer { debits, pieces } => say!(
                language,
                "{} débits sont enregistrés, et le compteur de pièces du dernier enregistrement est de {}",
                "{} debits are recorded, and the last record’s piece count is {}",
                debits,
                pieces
            ),
            Self::LedgerUseDiffers { ledger, records } => say!(
                language,
                "le grand livre compte {} d’affranchissement utilisé, et les enregistrements {}",
                "the ledger has {} of postage used, and the records {}",
                money(ledger),
                money(records)
            ),
            Self::RefillsNotBooked { booked, recorded } => say!(
                language,
                "les recharges enregistrées par la machine font {1}, alors que {0} seulement ont été comptabilisés",
                "the refills that the meter recorded come to {1}, and only {0} was booked",
                money(booked),
                money(recorded)
            ),
            Self::RefillsNotRecorded { applied, recorded } => say!(
                language,
                "la machine a reçu {} de recharges, et en a enregistré {}",
                "the meter has applied {} of refills, and recorded {}",
                money(applied),
                money(recorded)
            ),
            Self::RefundsNotBooked { booked, recorded } => say!(
                language,
                "les retraits enregistrés par la machine font {1}, alors que {0} seulement ont été comptabilisés",
                "the withdrawals that the meter recorded come to {1}, and only {0} was booked",
                money(booked),
                money(recorded)
            ),
            _ => return None,
        })
    }

    fn about_the_registers(&self, language: Language) -> Option<String> {
        let money = |amount: &Amount| amount.format(language);
        Some(match self {
            Self::ControlSumDiffers { expected, given } => say!(
                language,
                "le total de contrôle est de {1}, alors que le grand livre donne {0}",
                "the control sum is {1}, and the ledger says {0}",
                money(expected),
                money(given)
            ),
            Self::RegistersDiffer { reported, recorded } => say!(
                language,
                "la machine déclare {}, et son enregistrement dit {}",
                "the meter reports {}, and its record says {}",
                registers(reported, language),
                registers(recorded, language)
            ),
            Self::RegistersWentBackwards { earlier, later } => say!(
                language,
                "un registre a reculé, de {} à {}",
                "a register went backwards, from {} to {}",
                registers(earlier, language),
                registers(later, language)
            ),
            _ => return None,
        })
    }
}

fn registers(registers: &Registers, language: Language) -> String {
    let money = |amount: Amount| amount.format(language);
    say!(
        language,
        "(totalisateur {}, soustracteur {}, {} pièces)",
        "(ascending {}, descending {}, {} pieces)",
        money(registers.ascending),
        money(registers.descending),
        registers.pieces
    )
}

impl fmt::Display for Discrepancy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}

/// Why the story is not complete yet, though nothing contradicts it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pending {
    /// The meter has not reported its registers yet.
    NoAudit,
    /// The meter has made records that it has not uploaded.
    RecordsOutstanding {
        /// The last record uploaded; 0 for none.
        after: u64,
        /// The record at which the registers were read.
        through: u64,
    },
    /// Refills are booked of which no record has come in: the reply was lost or the upload is to come.
    RefillsInFlight {
        /// What they come to.
        amount: Amount,
    },
    /// A refund is booked of which no record has come in.
    RefundInFlight {
        /// What it comes to.
        amount: Amount,
    },
}

impl Pending {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAudit => "no-audit",
            Self::RecordsOutstanding { .. } => "records-outstanding",
            Self::RefillsInFlight { .. } => "refills-in-flight",
            Self::RefundInFlight { .. } => "refund-in-flight",
        }
    }

    /// What the provider's staff read.
    #[must_use]
    pub fn message(&self, language: Language) -> String {
        match self {
            Self::NoAudit => say!(
                language,
                "la machine n’a pas encore déclaré ses registres",
                "the meter has not reported its registers yet"
            ),
            Self::RecordsOutstanding { after, through } => say!(
                language,
                "les enregistrements {} à {} ne sont pas encore téléversés",
                "records {} to {} are not uploaded yet",
                after + 1,
                through
            ),
            Self::RefillsInFlight { amount } => say!(
                language,
                "{} de recharges sont comptabilisés sans que la machine les ait encore enregistrés",
                "{} of refills is booked and not yet in the meter’s records",
                amount.format(language)
            ),
            Self::RefundInFlight { amount } => say!(
                language,
                "{} sont repris à la machine, dont aucun enregistrement ne parle : il est à venir, ou l’appareil ne peut plus être lu",
                "{} is taken back from the meter and not in its records: they are to come, or the device can be read no more",
                amount.format(language)
            ),
        }
    }
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message(Language::English))
    }
}
