//! The public halves of the deployment's keys, several to a role, with the dates that say what each is used for. A key is
//! added or revoked, never changed into another.

use jiff::Timestamp;
use sqlx::AnyConnection;
use timbre_key_store::{KeyRole, PublicKey};

use super::StoreError;
use super::row::Columns;
use super::seals::{self, Subject};

/// A key of the deployment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KnownKey {
    pub(crate) role: KeyRole,
    /// Which of its role, from 1.
    pub(crate) generation: u32,
    pub(crate) public: PublicKey,
    pub(crate) made: Timestamp,
    pub(crate) signs_from: Timestamp,
    /// From when on it is no longer needed, once another one signs.
    pub(crate) retires: Option<Timestamp>,
    pub(crate) revoked: Option<Timestamp>,
    /// Why it was revoked.
    pub(crate) reason: Option<String>,
}

/// Every key, by role and then by generation.
pub(crate) async fn all(connection: &mut AnyConnection) -> Result<Vec<KnownKey>, StoreError> {
    let rows = sqlx::query("SELECT * FROM role_keys ORDER BY role, generation")
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(|row| read(&Columns(row))).collect()
}

/// Adds a key; one that is there already stays as it is.
pub(crate) async fn add(tx: &mut AnyConnection, key: &KnownKey) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO role_keys (role, generation, public_key, made, signs_from, retires)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (role, generation) DO NOTHING
         RETURNING *",
    )
    .bind(key.role.as_str())
    .bind(i64::from(key.generation))
    .bind(key.public.sec1().to_vec())
    .bind(key.made.as_microsecond())
    .bind(key.signs_from.as_microsecond())
    .bind(key.retires.map(Timestamp::as_microsecond))
    .fetch_optional(tx)
    .await?;
    row.map_or(Ok(()), |row| seals::note(&seals::ROLE_KEYS, &of_keys(), &row))
}

fn of_keys() -> Subject {
    Subject::Name("keys".to_owned())
}

/// Writes back when a key retires or was revoked, and why.
pub(crate) async fn update(tx: &mut AnyConnection, key: &KnownKey) -> Result<(), StoreError> {
    let row = sqlx::query(
        "UPDATE role_keys SET retires = $3, revoked = $4, reason = $5
         WHERE role = $1 AND generation = $2 RETURNING *",
    )
    .bind(key.role.as_str())
    .bind(i64::from(key.generation))
    .bind(key.retires.map(Timestamp::as_microsecond))
    .bind(key.revoked.map(Timestamp::as_microsecond))
    .bind(key.reason.clone())
    .fetch_one(tx)
    .await?;
    seals::note(&seals::ROLE_KEYS, &of_keys(), &row)
}

fn read(row: &Columns) -> Result<KnownKey, StoreError> {
    let role = row.text("role")?;
    let is_it = |known: &KeyRole| known.as_str() == role;
    let role = KeyRole::INFRASTRUCTURE_SIDE.into_iter().find(is_it);
    Ok(KnownKey {
        role: role
            .ok_or_else(|| StoreError::unreadable("role", "no role of the infrastructure"))?,
        generation: row.number("generation")?,
        public: row.key("public_key")?,
        made: row.instant("made")?,
        signs_from: row.instant("signs_from")?,
        retires: row.optional_instant("retires")?,
        revoked: row.optional_instant("revoked")?,
        reason: row.optional_text("reason")?,
    })
}
