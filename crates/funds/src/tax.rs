//! Tax on a refill: charged on the account when the meter is filled, never inside its registers.
//!
//! A meter fill-up is taxable in Canada, by the province where the meter's mail is posted: the first
//! letter of its postal code. Each tax is computed on the whole refill and rounded to the nearest
//! cent, half a cent up. Rates are thousandths of a percent, by the day on which they start; the
//! provider confirms them, as the law does not wait for a release.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};
use timbre_postage::{Amount, Currency, Language, PostalCode};

/// A tax, by who levies it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tax {
    /// Goods and services tax.
    Gst,
    /// Harmonized sales tax.
    Hst,
    /// Québec sales tax.
    Qst,
}

impl Tax {
    /// The abbreviation in `language`: GST is TPS in French.
    #[must_use]
    pub fn name(self, language: Language) -> &'static str {
        match self {
            Self::Gst => language.pick("TPS", "GST"),
            Self::Hst => language.pick("TVH", "HST"),
            Self::Qst => language.pick("TVQ", "QST"),
        }
    }
}

/// A province or territory with its own tax regime; those with the federal tax alone are one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Regime {
    FederalOnly,
    NewBrunswick,
    NewfoundlandAndLabrador,
    NovaScotia,
    Ontario,
    PrinceEdwardIsland,
    Quebec,
}

/// One rate: thousandths of a percent from a day on.
struct Rate {
    regime: Regime,
    tax: Tax,
    from: Date,
    millipercent: u32,
}

const fn rate(regime: Regime, tax: Tax, from: Date, millipercent: u32) -> Rate {
    Rate { regime, tax, from, millipercent }
}

/// Where nothing says when a rate started, it has held for as long as this product looks back.
const ALWAYS: Date = date(2013, 1, 1);

/// Of the rows of one regime and tax, the last to have started holds.
const RATES: &[Rate] = &[
    rate(Regime::FederalOnly, Tax::Gst, ALWAYS, 5_000),
    rate(Regime::NewBrunswick, Tax::Hst, ALWAYS, 15_000),
    rate(Regime::NewfoundlandAndLabrador, Tax::Hst, ALWAYS, 15_000),
    rate(Regime::NovaScotia, Tax::Hst, ALWAYS, 15_000),
    rate(Regime::NovaScotia, Tax::Hst, date(2025, 4, 1), 14_000),
    rate(Regime::Ontario, Tax::Hst, ALWAYS, 13_000),
    rate(Regime::PrinceEdwardIsland, Tax::Hst, ALWAYS, 15_000),
    rate(Regime::Quebec, Tax::Gst, ALWAYS, 5_000),
    rate(Regime::Quebec, Tax::Qst, ALWAYS, 9_975),
];

/// One tax on one refill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaxLine {
    /// Which tax.
    pub tax: Tax,
    /// Its rate in thousandths of a percent: 5 % is 5000.
    pub millipercent: u32,
    /// What it comes to, in whole cents; zero on a very small refill.
    pub amount: Amount,
}

/// The tax on one refill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TaxCharge {
    /// Each tax.
    pub lines: Vec<TaxLine>,
    /// Their sum.
    pub total: Amount,
}

/// The tax on a refill of `amount` for a meter whose mail is posted at `postal_code`, on `day`.
/// Only refills in Canadian dollars are taxed.
///
/// # Panics
/// On an amount of more than 10¹⁵ mills: limits are checked before tax is.
#[must_use]
pub fn on_refill(amount: Amount, postal_code: &PostalCode, day: Date) -> TaxCharge {
    let currency = amount.currency();
    let taxes: &[Tax] = match currency {
        Currency::Cad => &[Tax::Gst, Tax::Hst, Tax::Qst],
        Currency::Usd => &[],
    };
    let regime = regime_of(postal_code);
    let lines: Vec<TaxLine> = taxes
        .iter()
        .filter_map(|tax| {
            let millipercent = in_force(regime, *tax, day)?;
            Some(TaxLine { tax: *tax, millipercent, amount: of(amount, millipercent) })
        })
        .collect();
    let total = lines.iter().map(|line| line.amount.mills()).sum();
    TaxCharge { lines, total: Amount::from_mills(total, currency) }
}

fn in_force(regime: Regime, tax: Tax, day: Date) -> Option<u32> {
    let of_regime = RATES.iter().filter(|rate| rate.regime == regime && rate.tax == tax);
    let started = of_regime.filter(|rate| rate.from <= day.max(ALWAYS));
    started.max_by_key(|rate| rate.from).map(|rate| rate.millipercent)
}

/// `millipercent` of `amount`, to the nearest cent, half a cent up.
fn of(amount: Amount, millipercent: u32) -> Amount {
    assert!((0..=1_000_000_000_000_000).contains(&amount.mills()), "a refill within its limits");
    // A cent is 10 mills and 100 % is 100 000 thousandths of a percent.
    const PER_CENT: i128 = 10 * 100_000;
    let product = i128::from(amount.mills()) * i128::from(millipercent);
    let cents = (product + PER_CENT / 2) / PER_CENT;
    let cents = i64::try_from(cents).expect("invariant: tax is less than the amount");
    Amount::from_cents(cents, amount.currency()).expect("invariant: tax is less than the amount")
}

fn regime_of(postal_code: &PostalCode) -> Regime {
    match postal_code.as_str().as_bytes()[0] {
        b'A' => Regime::NewfoundlandAndLabrador,
        b'B' => Regime::NovaScotia,
        b'C' => Regime::PrinceEdwardIsland,
        b'E' => Regime::NewBrunswick,
        b'G' | b'H' | b'J' => Regime::Quebec,
        b'K' | b'L' | b'M' | b'N' | b'P' => Regime::Ontario,
        // Manitoba, Saskatchewan, Alberta, British Columbia and the territories.
        _ => Regime::FederalOnly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charged(amount: &str, postal_code: &str, day: Date) -> Vec<(Tax, String)> {
        let amount = Amount::parse(amount, Currency::Cad).unwrap();
        let charge = on_refill(amount, &postal_code.parse().unwrap(), day);
        let total: i64 = charge.lines.iter().map(|line| line.amount.mills()).sum();
        assert_eq!(charge.total.mills(), total);
        charge.lines.iter().map(|line| (line.tax, line.amount.decimal())).collect()
    }

    #[test]
    fn the_province_of_the_meter_decides_the_tax() {
        let day = date(2026, 8, 23);
        for (postal_code, expected) in [
            ("A1A 1A1", vec![(Tax::Hst, "15.00")]),
            ("B3H 1A1", vec![(Tax::Hst, "14.00")]),
            ("C1A 1A1", vec![(Tax::Hst, "15.00")]),
            ("E1A 1A1", vec![(Tax::Hst, "15.00")]),
            ("G1A 1A1", vec![(Tax::Gst, "5.00"), (Tax::Qst, "9.98")]),
            ("H2X 1A1", vec![(Tax::Gst, "5.00"), (Tax::Qst, "9.98")]),
            ("J4K 1A1", vec![(Tax::Gst, "5.00"), (Tax::Qst, "9.98")]),
            ("K1A 0B1", vec![(Tax::Hst, "13.00")]),
            ("L1A 1A1", vec![(Tax::Hst, "13.00")]),
            ("M5V 1A1", vec![(Tax::Hst, "13.00")]),
            ("N1A 1A1", vec![(Tax::Hst, "13.00")]),
            ("P1A 1A1", vec![(Tax::Hst, "13.00")]),
            ("R3C 1A1", vec![(Tax::Gst, "5.00")]),
            ("S4P 1A1", vec![(Tax::Gst, "5.00")]),
            ("T2P 1A1", vec![(Tax::Gst, "5.00")]),
            ("V6B 1A1", vec![(Tax::Gst, "5.00")]),
            ("X0A 0H0", vec![(Tax::Gst, "5.00")]),
            ("X1A 1A1", vec![(Tax::Gst, "5.00")]),
            ("Y1A 1A1", vec![(Tax::Gst, "5.00")]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(tax, amount)| (tax, amount.to_owned())).collect();
            assert_eq!(charged("100", postal_code, day), expected, "{postal_code}");
        }
    }

    #[test]
    fn a_rate_holds_from_its_first_day() {
        let on = |day| charged("1000", "B3H 1A1", day)[0].1.clone();
        assert_eq!(on(date(2025, 3, 31)), "150.00");
        assert_eq!(on(date(2025, 4, 1)), "140.00");
        assert_eq!(on(date(1999, 1, 1)), "150.00");
    }

    #[test]
    fn half_a_cent_is_rounded_up_and_less_is_rounded_down() {
        let day = date(2026, 1, 1);
        for (amount, gst) in
            [("0.09", "0.00"), ("0.10", "0.01"), ("100.10", "5.01"), ("100.09", "5.00")]
        {
            assert_eq!(charged(amount, "T2P 1A1", day)[0].1, gst, "{amount}");
        }
        assert_eq!(
            charged("200.40", "H2X 1A1", day),
            [(Tax::Gst, "10.02".to_owned()), (Tax::Qst, "19.99".to_owned())]
        );
    }

    #[test]
    fn a_refill_in_another_currency_is_not_taxed_here() {
        let amount = Amount::from_mills(100_000, Currency::Usd);
        let charge = on_refill(amount, &"K1A 0B1".parse().unwrap(), date(2026, 1, 1));
        assert!(charge.lines.is_empty() && charge.total.is_zero());
    }
}
