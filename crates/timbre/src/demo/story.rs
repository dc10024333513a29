//! What happens in the demonstration, told as it happens.

use std::path::{Path, PathBuf};

use serde::Serialize;
use timbre_infrastructure::staff::MeterReconciliation;
use timbre_meter::{
    FirstPages, LetterOptions, LetterWeight, Meter, RunOptions, RunSummary, TaskReport, Trigger,
};
use timbre_postage::{Amount, Country, Currency, Language, Service, Weight};

use super::site::{DemoMeter, Site};
use crate::cli::OutputArgs;
use crate::infrastructure::story_of_reconciliation;
use crate::meter::Bar;
use crate::outcome::{Failure, Outcome};
use crate::{infrastructure, meter};

/// What the demonstration did, for a program.
#[derive(Serialize)]
struct Demonstration {
    folder: PathBuf,
    pieces: RunSummary,
    letters: RunSummary,
    reconciliation: MeterReconciliation,
}

/// Tells a step as it happens, unless a program is listening.
struct Teller<'a> {
    output: &'a OutputArgs,
    language: Language,
}

impl Teller<'_> {
    fn step(&self, french: [&str; 2], english: [&str; 2]) {
        let [what, text] = match self.language {
            Language::French => french,
            Language::English => english,
        };
        if !self.output.json {
            anstream::println!("{what:<16}{}", text.replace('\n', "\n                "));
        }
    }
}

/// Runs the demonstration on `site`; the infrastructure is up.
pub(super) async fn tell(site: &Site, output: &OutputArgs) -> Result<Outcome, Failure> {
    let teller = Teller { output, language: output.language() };
    let mut meter = prepare(site, &teller).await?;
    let results = site.new_results();
    let pieces = run_pieces(site, &mut meter, &results, &teller).await?;
    let letters = run_letters(site, &mut meter, &results, &teller).await?;
    perform(&mut meter, Trigger::Sleep, &teller).await?;
    let serial = meter.settings().serial;
    let reconciliation =
        site.staff.reconcile(serial).await.map_err(|error| infrastructure::failure(&error))?;
    let sound = reconciliation.settled && reconciliation.discrepancies.is_empty();
    let table = story_of_reconciliation(&reconciliation, teller.language);
    teller.step(["Rapprochement", &table], ["Reconciliation", &table]);
    let verdict = if sound {
        [
            "Registres = grand livre = relevés, au cent près.",
            "Registers = ledger = uploaded records, to the cent.",
        ]
    } else {
        ["Les trois récits ne concordent pas.", "The three stories do not agree."]
    };
    teller.step(["", verdict[0]], ["", verdict[1]]);
    let folder = results.display().to_string();
    teller.step(["Résultats", &folder], ["Results", &folder]);
    if output.json {
        output.print_json(&Demonstration { folder: results, pieces, letters, reconciliation });
    }
    Ok(if sound { Outcome::Done } else { Outcome::NotGenuine })
}

/// Customer, rates, and a meter that is ready to frank.
async fn prepare(site: &Site, teller: &Teller<'_>) -> Result<Meter, Failure> {
    let language = teller.language;
    let port = site.running.https_addr.port();
    let address = format!("https://*.{}:{port}, TLS, SQLite", site.running.domain);
    teller.step(["Infrastructure", &address], ["Infrastructure", &address]);
    let tables = site.publish_rates().await?;
    let (customer, paid_in) = site.customer(Amount::from_mills(5_000_000, Currency::Cad)).await?;
    let prepaid = customer.prepaid.format(language);
    let paid = paid_in.map(|amount| amount.format(language));
    let (name, account) = (&customer.name, customer.account);
    teller.step(
        [
            "Client",
            &match &paid {
                Some(paid) => {
                    format!("{name}, compte {account} : {paid} versés, {prepaid} prépayés")
                }
                None => format!("{name}, compte {account} : {prepaid} prépayés"),
            },
        ],
        [
            "Customer",
            &match &paid {
                Some(paid) => {
                    format!("{name}, account {account}: {paid} paid in, {prepaid} prepaid")
                }
                None => format!("{name}, account {account}: {prepaid} prepaid"),
            },
        ],
    );
    let rates = [
        format!("{tables} tables signées et publiées"),
        format!("{tables} tables signed and published"),
    ];
    teller.step(["Tarifs", &rates[0]], ["Rates", &rates[1]]);
    let DemoMeter { mut meter, is_new } = site.meter(&customer, language).await?;
    let serial = meter.settings().serial;
    let made = if is_new {
        [format!("{serial}, fabriqué et inscrit"), format!("{serial}, made and enrolled")]
    } else {
        [
            format!("{serial}, retrouvé avec ses registres"),
            format!("{serial}, found again with its registers"),
        ]
    };
    teller.step(["Compteur", &made[0]], ["Meter", &made[1]]);
    if is_new {
        perform(&mut meter, Trigger::Installed, teller).await?;
    }
    perform(&mut meter, Trigger::PowerOn, teller).await?;
    Ok(meter)
}

/// Carries out a trigger's tasks and tells each.
async fn perform(meter: &mut Meter, trigger: Trigger, teller: &Teller<'_>) -> Result<(), Failure> {
    for report in meter.trigger(trigger).await {
        let text = report.describe(teller.language);
        teller.step(["", &text], ["", &text]);
        let TaskReport { result, .. } = report;
        result.map_err(|error| meter::failure(&error))?;
    }
    Ok(())
}

async fn run_pieces(
    site: &Site,
    meter: &mut Meter,
    results: &Path,
    teller: &Teller<'_>,
) -> Result<RunSummary, Failure> {
    let file = site.input("outgoing-mail.csv");
    let options = RunOptions { output: Some(results.join("mail")), ..RunOptions::default() };
    let mut bar = Bar::quiet(&file, teller.language);
    let result = meter.run_csv(&file, &options, &mut bar).await;
    bar.finish();
    let summary = result.map_err(|stopped| meter::failure(&stopped.why))?;
    let story = meter::story_of_run(&summary, teller.language);
    teller.step(["Courrier", &story], ["Mail", &story]);
    Ok(summary)
}

async fn run_letters(
    site: &Site,
    meter: &mut Meter,
    results: &Path,
    teller: &Teller<'_>,
) -> Result<RunSummary, Failure> {
    let file = site.input("letters.pdf");
    let lettermail: Service = "lettermail".parse().expect("invariant: the name of a service");
    let options = RunOptions {
        service: Some(lettermail),
        destination: Some(Country::CANADA),
        output: Some(results.join("letters")),
        ..RunOptions::default()
    };
    let letters = LetterOptions {
        first_pages: FirstPages::Every(2),
        weight: LetterWeight::Sheets {
            sheet: Weight::from_milligrams(4_500),
            envelope: Weight::from_grams(6),
            duplex: true,
        },
        ..LetterOptions::default()
    };
    let mut bar = Bar::quiet(&file, teller.language);
    let result = meter.run_pdf(&file, &letters, &options, &mut bar).await;
    bar.finish();
    let summary = result.map_err(|stopped| meter::failure(&stopped.why))?;
    let story = meter::story_of_run(&summary, teller.language);
    teller.step(["Lettres", &story], ["Letters", &story]);
    Ok(summary)
}
