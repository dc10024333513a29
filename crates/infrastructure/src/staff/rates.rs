//! Rate tables: read, signed and published. A table with a mistake in it is refused before any meter can see it.

use sqlx::AnyConnection;
use timbre_postage::RateTable;
use timbre_protocol::rate_download::SignedTable;

use super::{Staff, StaffError};
use crate::store::rate_tables::{self, PublishedTable};
use crate::store::{StoreError, Work, audit};

impl Staff {
    /// Publishes the text of a rate table, signed by the rates key. The same text again changes nothing.
    ///
    /// # Errors
    /// [`StaffError::RateTable`] with line and field, [`StaffError::TablePublished`], or a fault of the store or keys.
    pub async fn publish_rates(&self, text: &str) -> Result<PublishedTable, StaffError> {
        let table = RateTable::parse(text)?;
        let published = PublishedTable {
            name: table.id().to_owned(),
            currency: table.currency(),
            effective_from: table.effective_from(),
            effective_until: table.effective_until(),
            digest: rate_tables::digest(text),
            published: self.now(),
        };
        let signed = SignedTable::publish(table.id(), text, &*self.keys)?;
        self.store.write(Publish { published, signed, who: self.who.clone() }).await?
    }

    /// Every published table, by currency and first day.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn rates(&self) -> Result<Vec<PublishedTable>, StaffError> {
        Ok(rate_tables::all(&mut *self.store.reader().await?).await?)
    }

    /// The text of a published table.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn rate_text(&self, name: &str) -> Result<Option<String>, StaffError> {
        let signed = rate_tables::signed(&mut *self.store.reader().await?, name).await?;
        Ok(signed.map(|table| table.body.0))
    }
}

struct Publish {
    published: PublishedTable,
    signed: SignedTable,
    who: String,
}

impl Work for Publish {
    type Output = Result<PublishedTable, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let table = &self.published;
        if let Some(before) = rate_tables::find(tx, &table.name).await? {
            let same = before.digest == table.digest;
            return Ok(same
                .then_some(before)
                .ok_or_else(|| StaffError::TablePublished(table.name.clone())));
        }
        rate_tables::insert(tx, table, &self.signed).await?;
        let detail = format!("{}, from {}", table.name, table.effective_from);
        audit::append(tx, "rates", table.published, &self.who, "published", detail).await?;
        Ok(Ok(table.clone()))
    }
}
