//! `timbre infrastructure keys …`: the deployment's signing keys, as the staff see them.

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use jiff::SignedDuration;
use timbre_infrastructure::KeyState;
use timbre_infrastructure::staff::{Rotation, SigningKey};
use timbre_key_store::{KeyId, KeyRole};
use timbre_postage::Language;

use crate::cli::{OutputArgs, table};
use crate::outcome::{Failure, Outcome};

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// List the keys: what each is used for, since when, and how many meters believe it
    List,
    /// Show the keys of one role, with their public halves
    Show(RoleArgs),
    /// Have every key that is here sign, and verify what it signed
    Check,
    /// Make a new key, which takes the place of the one that signs
    Rotate(RotateArgs),
    /// Take nothing any more that a key signed
    Revoke(RevokeArgs),
}

/// What a key of the infrastructure signs.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Role {
    /// Tokens, catalogues, answers of the network test
    Distributor,
    /// Operational blocks, refills, inspections
    Funds,
    /// Rate tables
    Rates,
}

#[derive(Args)]
pub(super) struct RoleArgs {
    /// What the key signs
    role: Role,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre infrastructure keys rotate distributor
  timbre infrastructure keys rotate funds --overlap 60d")]
pub(super) struct RotateArgs {
    /// What the key signs
    role: Role,
    /// How long what the old key signed is still taken: days (30d) or hours (12h)
    #[arg(long, default_value = "30d", value_parser = overlap)]
    overlap: SignedDuration,
    /// For an emergency: let it sign at once, and not in a minute, when every process knows it
    #[arg(long)]
    at_once: bool,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure keys revoke rates 3f1c9a7e5b2d4860 --reason 'the backup of the folder keys was stolen'")]
pub(super) struct RevokeArgs {
    /// What the key signs
    role: Role,
    /// The id of the key, as `keys list` shows it
    key: KeyId,
    /// Why, for the books
    #[arg(long)]
    reason: String,
}

impl From<Role> for KeyRole {
    fn from(role: Role) -> KeyRole {
        match role {
            Role::Distributor => KeyRole::Distributor,
            Role::Funds => KeyRole::Funds,
            Role::Rates => KeyRole::Rates,
        }
    }
}

fn overlap(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "write it in days or hours, like 30d or 12h".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number: u32 = number.parse().map_err(|_| wrong())?;
    match unit {
        "d" => Ok(SignedDuration::from_hours(i64::from(number) * 24)),
        "h" => Ok(SignedDuration::from_hours(i64::from(number))),
        _ => Err(wrong()),
    }
}

pub(super) fn execute(
    file: &Path,
    command: KeysCommand,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let language = output.language();
    let keys = match command {
        KeysCommand::List => super::with_staff(file, async |staff| staff.signing_keys().await)?,
        KeysCommand::Show(RoleArgs { role }) => {
            let role = KeyRole::from(role);
            let mut keys = super::with_staff(file, async |staff| staff.signing_keys().await)?;
            keys.retain(|key| key.role == role);
            output.show(&keys, || keys.iter().map(|key| whole(key, language)).collect::<String>());
            return Ok(Outcome::Done);
        }
        KeysCommand::Check => {
            let keys = super::with_staff(file, async |staff| staff.check_keys().await)?;
            output.show(&keys, || {
                let held = keys.iter().filter(|key| key.held).count();
                language.pick(
                    format!("{held} clés sur {} sont ici et signent.", keys.len()),
                    format!("{held} of {} keys are here and sign.", keys.len()),
                )
            });
            return Ok(Outcome::Done);
        }
        KeysCommand::Rotate(RotateArgs { role, overlap, at_once }) => {
            let rotation = Rotation { overlap, at_once };
            super::with_staff(file, async |staff| staff.rotate_key(role.into(), rotation).await)?
        }
        KeysCommand::Revoke(RevokeArgs { role, key, reason }) => {
            super::with_staff(file, async |staff| {
                staff.revoke_key(role.into(), key, &reason).await
            })?
        }
    };
    output.show(&keys, || list(&keys, language));
    Ok(Outcome::Done)
}

fn list(keys: &[SigningKey], language: Language) -> String {
    let heading = match language {
        Language::French => ["Rôle", "Nº", "Clé", "État", "Signe dès", "Retirée le", "Machines"],
        Language::English => ["Role", "No.", "Key", "State", "Signs from", "Retires", "Meters"],
    };
    let day = |time: jiff::Timestamp| time.strftime("%Y-%m-%d %H:%M").to_string();
    table(
        heading,
        keys.iter().map(|key| {
            [
                key.role.to_string(),
                key.generation.to_string(),
                key.id.to_string(),
                state(key.state, language).to_owned(),
                day(key.signs_from),
                key.revoked.or(key.retires).map_or_else(String::new, day),
                key.believed_by.map_or_else(String::new, |meters| meters.to_string()),
            ]
        }),
    )
}

fn whole(key: &SigningKey, language: Language) -> String {
    let SigningKey { role, generation, id, public_key, .. } = key;
    let state = state(key.state, language);
    let held = match key.held {
        true => language.pick("la clé privée est ici", "its private half is here"),
        false => language.pick("la clé privée n’est pas ici", "its private half is not here"),
    };
    let reason = key.reason.as_ref().map_or_else(String::new, |reason| format!("  {reason}\n"));
    format!("{role} {generation}  {id}  {state}; {held}\n  {public_key}\n{reason}")
}

fn state(state: KeyState, language: Language) -> &'static str {
    let (fr, en) = match state {
        KeyState::Next => ("à venir", "next"),
        KeyState::Active => ("signe", "active"),
        KeyState::Retiring => ("sortante", "retiring"),
        KeyState::Retired => ("retirée", "retired"),
        KeyState::Revoked => ("révoquée", "revoked"),
    };
    language.pick(fr, en)
}
