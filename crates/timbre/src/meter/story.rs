//! What a run, done or only priced, has to say at its end.

use std::path::Path;

use timbre_meter::{Estimate, Rejection, RunSummary, Subtotal};
use timbre_postage::Language;

/// The prices of a file, by class and by account.
pub(super) fn story_of_estimate(file: &Path, estimate: &Estimate, language: Language) -> String {
    let amount = estimate.amount.format(language);
    let (pieces, name) = (estimate.pieces, file.display());
    let mut lines = vec![language.pick(
        format!("{name} : {pieces} pièces, {amount}"),
        format!("{name}: {pieces} pieces, {amount}"),
    )];
    lines.extend(subtotals(&estimate.by_class, language));
    lines.extend(subtotals(&estimate.by_account, language));
    let available = estimate.available.format(language);
    lines.push(match estimate.missing.map(|missing| missing.format(language)) {
        Some(missing) => language.pick(
            format!("Fonds : {available} disponibles, il manque {missing}."),
            format!("Funds: {available} available, {missing} short."),
        ),
        None => language.pick(
            format!("Fonds : {available} disponibles, cela suffit."),
            format!("Funds: {available} available, enough."),
        ),
    });
    let name = name.to_string();
    lines.extend(estimate.rejected.iter().map(|rejection| line_of(&name, rejection, language)));
    lines.join("\n")
}

/// What a run did and where its results are.
pub(crate) fn story_of_run(run: &RunSummary, language: Language) -> String {
    let amount = run.amount.format(language);
    let (franked, aside) = (run.franked, run.rejected.len());
    let mut lines = Vec::new();
    if run.resumed {
        lines.push(
            language
                .pick(
                    "Reprise d'une course interrompue.",
                    "Went on with a run that had been interrupted.",
                )
                .to_owned(),
        );
    }
    lines.push(language.pick(
        format!("{franked} pièces affranchies, {amount}; {aside} mises de côté."),
        format!("{franked} pieces franked, {amount}; {aside} set aside."),
    ));
    if run.printed_again > 0 {
        let again = run.printed_again;
        lines.push(language.pick(
            format!("{again} déjà payées et non imprimées : imprimées maintenant."),
            format!("{again} already paid and not printed: printed now."),
        ));
    }
    lines.extend(subtotals(&run.by_class, language));
    lines.extend(subtotals(&run.by_account, language));
    let files = [&run.pdf, &run.marks, &Some(run.franked_csv.clone()), &run.rejected_csv];
    lines.extend(files.into_iter().flatten().map(|file| file.display().to_string()));
    lines.join("\n")
}

/// A row that was set aside, as compilers and editors name a place: file, line, column, reason.
pub(super) fn line_of(file: &str, rejection: &Rejection, language: Language) -> String {
    let column = rejection.column.as_ref().map_or_else(String::new, |column| format!(": {column}"));
    format!("{file}:{}{column}: {}", rejection.line, rejection.reason.text(language))
}

fn subtotals(rows: &[Subtotal], language: Language) -> impl Iterator<Item = String> {
    let nobody = language.pick("(sans compte)", "(no account)");
    rows.iter().map(move |row| {
        let name = if row.name.is_empty() { nobody } else { &row.name };
        format!("  {name:<36}{:>7}{:>16}", row.pieces, row.amount.format(language))
    })
}
