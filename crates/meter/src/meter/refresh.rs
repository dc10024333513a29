//! Startup refresh, and the download of the rates that changed (REQ DL-1, DL-2).

use serde::Serialize;
use timbre_protocol::{RateDownload, StartupRefresh, rate_download, startup_refresh};

use super::{Meter, trusted_for_rates};
use crate::error::MeterError;
use crate::rates::{self, Rates};
use crate::trigger::Task;
use crate::{SOFTWARE, UploadReason};

/// So many tables are asked for at once: a reply stays well within what a message may hold.
const TABLES_AT_ONCE: usize = 8;

/// What a startup refresh brought.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Refreshed {
    /// Rate tables that were downloaded.
    pub rates: Vec<String>,
    /// What the provider wants done next.
    #[serde(skip)]
    pub tasks: Vec<Task>,
}

impl Meter {
    /// Tells the download service what the meter has, and fetches the rate tables that it lacks.
    ///
    /// # Errors
    /// Refusals of the infrastructure; a table that is not genuine (then none is kept); what stands between.
    pub async fn refresh(&mut self) -> Result<Refreshed, MeterError> {
        let request = startup_refresh::Request {
            serial: self.serial(),
            software: SOFTWARE.to_owned(),
            block_version: self.block_version(),
            rate_tables: self.rates.held.clone(),
            replaces: self.configuration.as_ref().map(|known| known.replaced),
            settings: Some(self.machine_settings()),
        };
        let reply = self.call::<StartupRefresh>(&request).await?;
        let rates = self.download_rates(&reply.rate_tables).await?;
        let tasks = reply.tasks.iter().map(|task| match task {
            startup_refresh::Task::RenewBlock => Task::Installation,
            startup_refresh::Task::Inspect => Task::Inspection,
            startup_refresh::Task::UploadTransactions => {
                Task::TransactionUpload(UploadReason::OnDemand)
            }
            startup_refresh::Task::FetchConfiguration => Task::Configuration,
        });
        Ok(Refreshed { rates, tasks: tasks.collect() })
    }

    async fn download_rates(
        &mut self,
        wanted: &[startup_refresh::TableVersion],
    ) -> Result<Vec<String>, MeterError> {
        // Nothing announced is more likely a mistake than a provider without prices: keep what is there.
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let lacking = self.rates.lacking(wanted);
        let mut tables = Vec::new();
        for names in lacking.chunks(TABLES_AT_ONCE) {
            let names = names.to_vec();
            let request = rate_download::Request { serial: self.serial(), names };
            tables.extend(self.call::<RateDownload>(&request).await?.tables);
        }
        if !tables.is_empty() || self.rates.held.len() != wanted.len() {
            let (folder, trusted) = (self.directory.rates(), trusted_for_rates(&self.psd));
            rates::keep(&folder, tables, wanted, &trusted.present)?;
            self.rates = Rates::load(&folder, &trusted, self.psd.currency())?;
        }
        Ok(lacking)
    }
}
