//! Whether the marks on a piece pay for it: they add up, and what was paid back does not count.

use timbre_postage::{Amount, Language};

use super::{Finding, Gravity, Known};
use crate::MarkKind;

/// Notes what is short, and returns how much: zero when nothing is.
pub(super) fn check(
    marks: &[Known<'_>],
    price: Option<Amount>,
    findings: &mut Vec<Finding>,
) -> Option<Amount> {
    // The currency in which the piece is paid, where nobody said which it should be.
    let franked = marks.iter().find(|(mark, _)| mark.data().kind == MarkKind::Postage);
    let first = franked.or_else(|| marks.first()).map(|(mark, _)| mark.data().amount)?;
    let currency = price.unwrap_or(first).currency();
    let (mut paid, mut refunded) = (Amount::zero(currency), Amount::zero(currency));
    for (mark, known) in marks {
        let amount = mark.data().amount;
        let sum = if let Some(day) = known.refunded_on {
            findings.push(Finding {
                code: "postage-refunded",
                gravity: Gravity::Deficiency,
                fr: format!("Le port de cette empreinte a été remboursé le {day}."),
                en: format!("The postage of this mark was paid back on {day}."),
            });
            &mut refunded
        } else {
            &mut paid
        };
        // Another currency pays nothing here.
        *sum = sum.checked_add(amount).unwrap_or(*sum);
    }
    if franked.is_none() {
        findings.push(Finding {
            code: "no-postage-mark",
            gravity: Gravity::Deficiency,
            fr: "Une nouvelle date ou une correction ne vaut qu'à côté d'une empreinte de port."
                .to_owned(),
            en: "A redate or a correction is worth nothing without a mark of postage beside it."
                .to_owned(),
        });
    }
    let owed = price.unwrap_or_else(|| refunded.checked_add(paid).unwrap_or(paid));
    let missing = owed.checked_sub(paid).unwrap_or(owed);
    let due = if missing.is_negative() { Amount::zero(currency) } else { missing };
    if price.is_some() && !due.is_zero() {
        findings.push(short(paid, owed));
    }
    Some(due)
}

fn short(paid: Amount, owed: Amount) -> Finding {
    let written = |language| [paid, owed].map(|amount| amount.format(language));
    let ([paid_fr, owed_fr], [paid_en, owed_en]) =
        (written(Language::French), written(Language::English));
    Finding {
        code: "postage-short",
        gravity: Gravity::Deficiency,
        fr: format!("Affranchissement insuffisant : {paid_fr} payés, {owed_fr} dus."),
        en: format!("Postage short: {paid_en} paid, {owed_en} due."),
    }
}
