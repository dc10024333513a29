//! `timbre infrastructure spoiled …`: marks that were printed and not used, given back to the customer by the post's rules.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use timbre_indicium::Mark;
use timbre_indicium::scan::Reading;
use timbre_infrastructure::staff::{SetAsideMark, SpoiledMark, SpoiledReport};
use timbre_infrastructure::{RefundedMark, SpoiledClaim};
use timbre_postage::{AccountNumber, Language};

use super::terms::minute;
use crate::cli::{OutputArgs, csv, table};
use crate::mark::files::{self, FileArgs, Scan};
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Subcommand)]
pub(super) enum SpoiledCommand {
    /// Give back what spoiled marks are worth, less the post's fee; say what is set aside, and why
    Submit(SubmitArgs),
    /// List what was given back, one line for each time that a customer gave marks in
    List(ListArgs),
    /// Show the marks that were given back at one time
    Show(ShowArgs),
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre infrastructure spoiled submit spoiled/ --account 10000001 --dry-run
  timbre infrastructure spoiled submit spoiled/ --account 10000001
  timbre infrastructure spoiled submit --payloads counter.txt --account 10000001 --csv > given-back.csv

Each mark is held against its meter's key and uploaded records, what was seen on mail, and what was given back before: a
mark is given back once, ever. By Canada Post's rules, 5.00 or less together is not given back; the fee is 2.00 below
20.00, else 10 % of the first 200.00 and 5 % of the rest. The exit status is 1 when marks were set aside.")]
#[command(mut_arg("files", |files| files.required(false).required_unless_present("payloads")))]
pub(super) struct SubmitArgs {
    #[command(flatten)]
    scans: FileArgs,
    /// A text file of marks that were read elsewhere: 112 bytes each, in hexadecimal, one a line
    #[arg(long, value_name = "FILE")]
    payloads: Option<PathBuf>,
    /// The postage account of the customer who gives them in
    #[arg(long)]
    account: AccountNumber,
    /// Show what would be done, and book nothing
    #[arg(long)]
    dry_run: bool,
    /// For a spreadsheet (RFC 4180): one line for each mark
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

#[derive(Args)]
pub(super) struct ListArgs {
    /// Those of one customer
    #[arg(long)]
    account: Option<AccountNumber>,
    /// For a spreadsheet (RFC 4180)
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

#[derive(Args)]
pub(super) struct ShowArgs {
    /// The postage account of the customer
    account: AccountNumber,
    /// The number of the claim, as the list shows it
    number: u64,
    /// For a spreadsheet (RFC 4180)
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(super) fn execute(
    file: &Path,
    command: SpoiledCommand,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    match command {
        SpoiledCommand::Submit(args) => submit(file, args, output),
        SpoiledCommand::List(args) => list(file, &args, output),
        SpoiledCommand::Show(args) => show(file, &args, output),
    }
}

/// A scan without a mark of ours.
#[derive(Serialize)]
struct Unread {
    place: String,
    code: &'static str,
    fr: String,
    en: String,
}

#[derive(Serialize)]
struct Submitted {
    #[serde(flatten)]
    report: SpoiledReport,
    unread: Vec<Unread>,
}

fn submit(file: &Path, args: SubmitArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let (mut marks, mut unread) = (Vec::new(), Vec::new());
    args.scans.read(output.language(), |scan| {
        sort(scan, &mut marks, &mut unread);
        true
    })?;
    if let Some(payloads) = &args.payloads {
        marks.extend(read_payloads(payloads)?);
    }
    let report = super::with_staff(file, async |staff| {
        staff.submit_spoiled(args.account, marks, args.dry_run).await
    })?;
    let submitted = Submitted { report, unread };
    if args.csv {
        output.answer(&spreadsheet(&submitted));
    } else {
        output.show(&submitted, || story(&submitted, output.language()));
    }
    let aside = submitted.report.set_aside.len() + submitted.unread.len();
    Ok(if aside == 0 { Outcome::Done } else { Outcome::SomeSetAside })
}

fn sort(scan: Scan, marks: &mut Vec<SpoiledMark>, unread: &mut Vec<Unread>) {
    let Scan { place, result } = scan;
    let told = |reason: files::Unread| Unread {
        place: place.clone(),
        code: reason.code,
        fr: reason.fr,
        en: reason.en,
    };
    match result {
        Err(reason) => unread.push(told(reason)),
        Ok(readings) => {
            for reading in readings {
                match reading {
                    Reading::Mark(mark) => {
                        marks.push(SpoiledMark { place: place.clone(), mark: *mark });
                    }
                    Reading::Published(published) => {
                        unread.push(told(files::Unread::of_another_operator(&published)));
                    }
                }
            }
        }
    }
}

/// A line that is no mark is a mistake in the file, and nothing is done.
fn read_payloads(file: &Path) -> Result<Vec<SpoiledMark>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::fault("unreadable-file", format!("{}: {error}", file.display()))
    })?;
    let lines = text.lines().zip(1_usize..).filter(|(line, _)| !line.trim().is_empty());
    let read = |(line, number): (&str, usize)| {
        let place = format!("{}:{number}", file.display());
        let payload = bytes(line.trim()).ok_or_else(|| {
            Failure::new(
                Kind::Refusal,
                "bad-payload",
                format!("{place}\u{a0}: ce n’est pas une empreinte en hexadécimal"),
                format!("{place}: it is not a mark in hexadecimal"),
            )
        })?;
        let mark = Mark::parse(&payload)
            .map_err(|error| Failure::refusal("bad-payload", format!("{place}: {error}")))?;
        Ok(SpoiledMark { place, mark })
    };
    lines.map(read).collect()
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let text = std::str::from_utf8(pair).ok().filter(|text| text.len() == 2)?;
            u8::from_str_radix(text, 16).ok()
        })
        .collect()
}

fn story(submitted: &Submitted, language: Language) -> String {
    let Submitted { report, unread } = submitted;
    let money = |amount: timbre_postage::Amount| amount.format(language);
    let mut lines = Vec::new();
    for (place, mark) in &report.refunded {
        lines.push(format!(
            "{place}: {} #{}  {}  {}",
            mark.meter,
            mark.pieces,
            money(mark.value),
            language.pick("remboursée", "given back")
        ));
    }
    for SetAsideMark { place, meter, pieces, value, code, fr, en } in &report.set_aside {
        let why = language.pick(fr, en);
        lines.push(format!("{place}: {meter} #{pieces}  {}  {code}: {why}", money(*value)));
    }
    for Unread { place, code, fr, en } in unread {
        lines.push(format!("{place}: {code}: {}", language.pick(fr, en)));
    }
    let aside = report.set_aside.len() + unread.len();
    lines.push(match &report.claim {
        None => language.pick(
            format!("Rien n’est remboursé; {aside} mises de côté."),
            format!("Nothing is given back; {aside} set aside."),
        ),
        Some(claim) => {
            let back = claim.value.checked_sub(claim.fee).unwrap_or(claim.value);
            let [value, fee, back, prepaid] =
                [claim.value, claim.fee, back, report.prepaid].map(money);
            let [fr, en] = if report.dry_run {
                ["Rien n’est inscrit (--dry-run).".to_owned(), "Nothing is booked (--dry-run).".to_owned()]
            } else {
                [
                    format!("Demande {}. Solde prépayé\u{a0}: {prepaid}.", claim.number),
                    format!("Claim {}. Prepaid balance: {prepaid}.", claim.number),
                ]
            };
            language.pick(
                format!(
                    "{} empreintes\u{a0}: {value} moins {fee} de frais font {back}; {aside} mises de côté. {fr}",
                    claim.marks
                ),
                format!(
                    "{} marks: {value} less a fee of {fee} is {back}; {aside} set aside. {en}",
                    claim.marks
                ),
            )
        }
    });
    lines.join("\n")
}

fn spreadsheet(submitted: &Submitted) -> String {
    let Submitted { report, unread } = submitted;
    let heading = ["place", "meter", "piece", "value", "currency", "fee", "outcome", "reason"];
    let refunded = report.refunded.iter().map(|(place, mark)| {
        let outcome = if report.dry_run { "would-be-refunded" } else { "refunded" };
        [
            place.clone(),
            mark.meter.to_string(),
            mark.pieces.to_string(),
            mark.value.decimal(),
            mark.value.currency().code().to_owned(),
            mark.fee.decimal(),
            outcome.to_owned(),
            String::new(),
        ]
    });
    let aside = report.set_aside.iter().map(|mark| {
        [
            mark.place.clone(),
            mark.meter.to_string(),
            mark.pieces.to_string(),
            mark.value.decimal(),
            mark.value.currency().code().to_owned(),
            String::new(),
            mark.code.to_owned(),
            mark.en.clone(),
        ]
    });
    let unread = unread.iter().map(|scan| {
        let nothing = String::new;
        let Unread { place, code, en, .. } = scan;
        [
            place.clone(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            (*code).to_owned(),
            en.clone(),
        ]
    });
    csv(heading, refunded.chain(aside).chain(unread))
}

fn list(file: &Path, args: &ListArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let claims = super::with_staff(file, async |staff| staff.spoiled_claims(args.account).await)?;
    if args.csv {
        let heading = [
            "account", "claim", "booked", "post", "marks", "value", "fee", "currency", "way", "who",
        ];
        output.answer(&csv(heading, claims.iter().map(spreadsheet_row)));
        return Ok(Outcome::Done);
    }
    output.show(&claims, || claims_table(&claims, output.language()));
    Ok(Outcome::Done)
}

fn spreadsheet_row(claim: &SpoiledClaim) -> [String; 10] {
    [
        claim.customer.to_string(),
        claim.number.to_string(),
        claim.booked.to_string(),
        claim.post.clone(),
        claim.marks.to_string(),
        claim.value.decimal(),
        claim.fee.decimal(),
        claim.value.currency().code().to_owned(),
        claim.way.clone(),
        claim.who.clone(),
    ]
}

fn claims_table(claims: &[SpoiledClaim], language: Language) -> String {
    if claims.is_empty() {
        return language.pick("Rien n’a été remboursé.", "Nothing was given back.").to_owned();
    }
    let heading = match language {
        Language::French => {
            ["Compte", "Demande", "Inscrite", "Empreintes", "Valeur", "Frais", "Par"]
        }
        Language::English => ["Account", "Claim", "Booked", "Marks", "Value", "Fee", "By"],
    };
    let row = |claim: &SpoiledClaim| {
        [
            claim.customer.to_string(),
            claim.number.to_string(),
            minute(claim.booked),
            claim.marks.to_string(),
            claim.value.format(language),
            claim.fee.format(language),
            claim.who.clone(),
        ]
    };
    table(heading, claims.iter().map(row))
}

#[derive(Serialize)]
struct Shown {
    claim: SpoiledClaim,
    marks: Vec<RefundedMark>,
}

fn show(file: &Path, args: &ShowArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let (claim, marks) = super::with_staff(file, async |staff| {
        staff.spoiled_claim(args.account, args.number).await
    })?;
    if args.csv {
        let heading = ["meter", "piece", "dated", "value", "fee", "currency", "transfer"];
        let row = |mark: &RefundedMark| {
            [
                mark.meter.to_string(),
                mark.pieces.to_string(),
                mark.dated.to_string(),
                mark.value.decimal(),
                mark.fee.decimal(),
                mark.value.currency().code().to_owned(),
                mark.transfer.to_string(),
            ]
        };
        output.answer(&csv(heading, marks.iter().map(row)));
        return Ok(Outcome::Done);
    }
    let shown = Shown { claim, marks };
    output.show(&shown, || {
        let language = output.language();
        let heading = match language {
            Language::French => ["Machine", "Pièce", "Date", "Valeur", "Frais"],
            Language::English => ["Meter", "Piece", "Dated", "Value", "Fee"],
        };
        let row = |mark: &RefundedMark| {
            [
                mark.meter.to_string(),
                mark.pieces.to_string(),
                mark.dated.to_string(),
                mark.value.format(language),
                mark.fee.format(language),
            ]
        };
        let claims = claims_table(std::slice::from_ref(&shown.claim), language);
        format!("{claims}\n\n{}", table(heading, shown.marks.iter().map(row)))
    });
    Ok(Outcome::Done)
}
