//! `timbre network catalogue verify`: whether a catalogue that was fetched is the deployment's own, byte for byte.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use timbre_key_store::{PublicKey, Signature};

use crate::cli::{OutputArgs, unreadable};
use crate::outcome::{Failure, Kind, Outcome};

/// The field of the answer that carries the signature.
const FIELD: &str = "timbre-signature";

#[derive(Args)]
#[command(after_help = "\
Exit status: 0 genuine · 2 not genuine · 64 wrong usage, or a file that does not read

Example:
  curl --cacert ca.pem -D headers.txt -o hosts.txt 'https://catalogue.timbre.example/catalogue/v1/endpoints?format=hosts'
  timbre network catalogue verify hosts.txt --headers headers.txt --anchors anchors.json")]
pub(super) struct VerifyArgs {
    /// What was fetched, unchanged
    file: PathBuf,
    /// The header of the answer, as `curl -D` writes it
    #[arg(long, value_name = "FILE", required_unless_present = "signature")]
    headers: Option<PathBuf>,
    /// The signature itself
    #[arg(long, value_name = "BASE64", conflicts_with = "headers")]
    signature: Option<String>,
    /// What the deployment gives to its meters, with the Distributor’s key
    #[arg(long, value_name = "FILE")]
    anchors: PathBuf,
}

#[derive(Deserialize)]
struct Anchors {
    distributor_key: PublicKey,
}

pub(super) fn execute(args: &VerifyArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let bytes = read(&args.file)?;
    let signature = signature(args)?;
    let anchors: Anchors = serde_json::from_slice(&read(&args.anchors)?).map_err(|error| {
        Failure::refusal("bad-anchors", format!("{}: {error}", args.anchors.display()))
    })?;
    let genuine = anchors.distributor_key.verify(&bytes, &signature).is_ok();
    let file = args.file.display();
    output.show(&serde_json::json!({ "genuine": genuine }), || {
        let language = output.language();
        if genuine {
            language.pick(
                format!("{file}\u{a0}: signé par le Distributeur de ce déploiement"),
                format!("{file}: signed by the Distributor of this deployment"),
            )
        } else {
            language.pick(
                format!(
                    "{file}\u{a0}: PAS de ce déploiement, ou modifié depuis\u{a0}: ne l’utilisez pas, et cherchez qui est sur le chemin (timbre network test)"
                ),
                format!(
                    "{file}: NOT of this deployment, or changed since: do not use it, and look for who is on the way (timbre network test)"
                ),
            )
        }
    });
    Ok(if genuine { Outcome::Done } else { Outcome::Verdict(2) })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

fn signature(args: &VerifyArgs) -> Result<Signature, Failure> {
    let text = match (&args.signature, &args.headers) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => {
            let head = String::from_utf8_lossy(&read(file)?).into_owned();
            // After a redirection there are several heads: the last is the answer's.
            let mut fields = head.lines().filter_map(|line| line.split_once(':'));
            let found = fields.rfind(|(name, _)| name.trim().eq_ignore_ascii_case(FIELD));
            found.map(|(_, value)| value.trim().to_owned()).ok_or_else(|| {
                let file = file.display();
                Failure::new(
                    Kind::Refusal,
                    "no-signature",
                    format!("{file}\u{a0}: pas de champ Timbre-Signature dans cet en-tête"),
                    format!("{file}: no field Timbre-Signature in this header"),
                )
            })?
        }
        (None, None) => String::new(),
    };
    text.parse().map_err(|error| Failure::refusal("bad-signature", error))
}
