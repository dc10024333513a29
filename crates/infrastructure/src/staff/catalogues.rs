//! Catalogues of destinations: read, checked and published, one version after another, for the firewalls that subscribe.

use sqlx::AnyConnection;
use timbre_catalogue::Catalogue;

use super::{Staff, StaffError};
use crate::store::catalogues::{self, PublishedCatalogue};
use crate::store::{StoreError, Work, audit};

impl Staff {
    /// Publishes a version of a catalogue, written in TOML or JSON; `file` names it in errors. The same text again changes
    /// nothing. The versions before it are kept, so that what changed since each of them can be told.
    ///
    /// # Errors
    /// [`StaffError::Catalogue`] with line and field, [`StaffError::CataloguePublished`],
    /// [`StaffError::CatalogueOutdated`], or a fault of the store.
    pub async fn publish_catalogue(
        &self,
        file: &str,
        text: &str,
    ) -> Result<PublishedCatalogue, StaffError> {
        let catalogue = Catalogue::read_either(file, text)?;
        let published = PublishedCatalogue::of(&catalogue, &self.who, self.now());
        self.store.write(Publish { published, catalogue }).await?
    }

    /// Every published version of every catalogue, the latest of each last.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn catalogues(&self) -> Result<Vec<PublishedCatalogue>, StaffError> {
        Ok(catalogues::all(&mut *self.store.reader().await?).await?)
    }
}

struct Publish {
    published: PublishedCatalogue,
    catalogue: Catalogue,
}

impl Work for Publish {
    type Output = Result<PublishedCatalogue, StaffError>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        let PublishedCatalogue { catalogue: name, version, .. } = &self.published;
        if let Some(latest) = catalogues::latest(tx, name).await? {
            if latest == self.catalogue {
                let known = catalogues::all(tx).await?.into_iter();
                let same = |known: &PublishedCatalogue| {
                    known.catalogue == *name && known.version == *version
                };
                return Ok(Ok(known
                    .into_iter()
                    .find(same)
                    .unwrap_or_else(|| self.published.clone())));
            }
            let (catalogue, version) = (name.clone(), *version);
            match latest.version() {
                current if current == version => {
                    return Ok(Err(StaffError::CataloguePublished { catalogue, version }));
                }
                current if current > version => {
                    return Ok(Err(StaffError::CatalogueOutdated { catalogue, version, current }));
                }
                _ => {}
            }
        }
        catalogues::insert(tx, &self.published, &self.catalogue).await?;
        let PublishedCatalogue { who, published, effective_from, .. } = &self.published;
        let detail = format!("{version}, from {effective_from}");
        let subject = format!("catalogue {name}");
        audit::append(tx, &subject, *published, who, "published", detail).await?;
        Ok(Ok(self.published.clone()))
    }
}
