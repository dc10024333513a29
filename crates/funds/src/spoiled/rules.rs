//! The rules of each post, one row each, with their source. Amounts are mills.

use timbre_postage::Currency;

/// What a post keeps and gives back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// The name of the post.
    pub post: &'static str,
    /// The currency of its marks.
    pub currency: Currency,
    /// Marks worth this or less together are not given back.
    pub floor: i64,
    /// The fee, from the lowest band to the highest.
    pub bands: &'static [FeeBand],
    /// Up to here the post pays by money order; more is credited to the provider's account at the end of the month.
    pub money_order: i64,
    /// How many days after the date in it a mark is still taken.
    pub within_days: u16,
    /// Where the rules are written.
    pub source: &'static str,
}

/// A part of the fee.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FeeBand {
    /// A fixed fee for a total of less than this.
    Flat {
        /// The first total to which it no longer applies.
        below: i64,
        /// The fee.
        fee: i64,
    },
    /// So many percent of what lies above the end of the band before and up to this; of all the rest, where there is no end.
    Percent {
        /// The last mill of the band.
        up_to: Option<i64>,
        /// The percentage.
        percent: u8,
    },
}

/// How the post pays what it gives back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// By a money order, at once.
    MoneyOrder,
    /// On the account that the meter's provider has with the post, at the end of the month.
    ProviderAccount,
}

impl Way {
    /// The stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Way::MoneyOrder => "money-order",
            Way::ProviderAccount => "provider-account",
        }
    }
}

/// Every post whose rules are known.
pub const RULES: &[Rules] = &[Rules {
    post: "canada-post",
    currency: Currency::Cad,
    floor: 5_000,
    bands: &[
        FeeBand::Flat { below: 20_000, fee: 2_000 },
        FeeBand::Percent { up_to: Some(200_000), percent: 10 },
        FeeBand::Percent { up_to: None, percent: 5 },
    ],
    money_order: 999_990,
    // No term is published. Copies are remembered for 90 days by the date in the mark: an older one could not be held
    // against what was seen on mail.
    within_days: 90,
    source: "Canada Post, “Spoiled meter impressions” (customer support); the fee below 20 $: Pitney Bowes Canada",
}];

impl Rules {
    /// The fee on a total of `mills`, to the cent, half a cent up.
    pub(super) fn fee(&self, mills: i64) -> i64 {
        let (mut start, mut hundredths) = (0, 0_i128);
        for band in self.bands {
            match *band {
                FeeBand::Flat { below, fee } if mills < below => return fee,
                FeeBand::Flat { .. } => {}
                FeeBand::Percent { up_to, percent } => {
                    let end = up_to.map_or(mills, |end| end.min(mills));
                    hundredths += i128::from((end - start).max(0)) * i128::from(percent);
                    start = end.max(start);
                }
            }
        }
        // A cent is 10 mills, and these are hundredths of a mill.
        const PER_CENT: i128 = 1_000;
        let cents = (hundredths + PER_CENT / 2) / PER_CENT;
        i64::try_from(cents * 10).expect("invariant: a fee is less than what it is of")
    }

    /// How the post pays `mills`.
    pub(super) fn way(&self, mills: i64) -> Way {
        if mills <= self.money_order { Way::MoneyOrder } else { Way::ProviderAccount }
    }
}
