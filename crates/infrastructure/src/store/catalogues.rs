//! The published versions of the catalogues. A version has one text, for ever; nothing is ever taken away.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use sqlx::AnyConnection;
use timbre_catalogue::{Catalogue, Version, export};

use super::row::{Columns, stored};
use super::seals::{self, Subject};
use super::{StoreError, Work};

/// Who published the versions that came with the program.
const WITH_THE_PROGRAM: &str = "timbre";

/// A version of a catalogue as it was published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PublishedCatalogue {
    /// The name of the catalogue, the same through all its versions.
    pub catalogue: String,
    /// The version.
    pub version: Version,
    /// The first day on which it counts.
    pub effective_from: Date,
    /// How many destinations it has.
    pub endpoints: u64,
    /// Who published it: a member of the staff, or `timbre` for what comes with the program.
    pub who: String,
    /// When.
    pub published: Timestamp,
}

impl PublishedCatalogue {
    pub(crate) fn of(catalogue: &Catalogue, who: &str, published: Timestamp) -> Self {
        PublishedCatalogue {
            catalogue: catalogue.id().to_owned(),
            version: catalogue.version(),
            effective_from: catalogue.effective_from(),
            endpoints: catalogue.endpoints().len() as u64,
            who: who.to_owned(),
            published,
        }
    }
}

/// Adds a version, unless it is there already.
pub(crate) async fn insert(
    tx: &mut AnyConnection,
    published: &PublishedCatalogue,
    catalogue: &Catalogue,
) -> Result<(), StoreError> {
    let row = sqlx::query(
        "INSERT INTO catalogues (catalogue, version, effective_from, endpoints, body, who, published)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
         RETURNING *",
    )
    .bind(published.catalogue.clone())
    .bind(i64::from(u32::from(published.version)))
    .bind(published.effective_from.to_string())
    .bind(stored(published.endpoints)?)
    .bind(export::json(catalogue))
    .bind(published.who.clone())
    .bind(published.published.as_microsecond())
    .fetch_optional(tx)
    .await?;
    let subject = Subject::Name(format!("catalogue {}", published.catalogue));
    row.map_or(Ok(()), |row| seals::note(&seals::CATALOGUES, &subject, &row))
}

/// Every version of every catalogue, the latest of each last.
pub(crate) async fn all(
    connection: &mut AnyConnection,
) -> Result<Vec<PublishedCatalogue>, StoreError> {
    let rows = sqlx::query(
        "SELECT catalogue, version, effective_from, endpoints, who, published FROM catalogues
         ORDER BY catalogue, version",
    )
    .fetch_all(connection)
    .await?;
    let read = |row| {
        let row = Columns(row);
        Ok(PublishedCatalogue {
            catalogue: row.text("catalogue")?,
            version: version(&row)?,
            effective_from: row.parsed("effective_from")?,
            endpoints: row.number("endpoints")?,
            who: row.text("who")?,
            published: row.instant("published")?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// The latest version of the catalogue of this name.
pub(crate) async fn latest(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<Catalogue>, StoreError> {
    at(connection, name, i64::MAX).await
}

/// What held at a version: that one, or the one before it.
pub(crate) async fn at(
    connection: &mut AnyConnection,
    name: &str,
    version: i64,
) -> Result<Option<Catalogue>, StoreError> {
    let row = sqlx::query(
        "SELECT body FROM catalogues WHERE catalogue = $1 AND version <= $2
         ORDER BY version DESC LIMIT 1",
    )
    .bind(name.to_owned())
    .bind(version)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let read = Catalogue::read_json(name, &Columns(row).text("body")?);
    read.map(Some).map_err(|error| StoreError::unreadable("catalogue", error))
}

/// The first version that is kept of the catalogue of this name.
pub(crate) async fn oldest(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<Version>, StoreError> {
    let row =
        sqlx::query("SELECT version FROM catalogues WHERE catalogue = $1 ORDER BY version LIMIT 1")
            .bind(name.to_owned())
            .fetch_optional(connection)
            .await?;
    row.map(|row| version(&Columns(row))).transpose()
}

fn version(row: &Columns) -> Result<Version, StoreError> {
    let number: u32 = row.number("version")?;
    number.try_into().map_err(|error| StoreError::unreadable("version", error))
}

/// Puts what comes with the program beside what was published before: a later program adds its later versions, and the
/// earlier ones stay.
pub(crate) struct AddShipped(pub(crate) Timestamp);

impl Work for AddShipped {
    /// The catalogues whose text under the same version is another than the published one, which stays.
    type Output = Vec<&'static str>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let mut differ = Vec::new();
        for (name, shipped) in Catalogue::shipped() {
            let version = i64::from(u32::from(shipped.version()));
            match at(tx, name, version).await? {
                Some(kept) if kept == shipped => {}
                Some(kept) if kept.version() == shipped.version() => differ.push(name),
                _ => {
                    let of = PublishedCatalogue::of(&shipped, WITH_THE_PROGRAM, self.0);
                    insert(tx, &of, &shipped).await?;
                }
            }
        }
        Ok(differ)
    }
}
