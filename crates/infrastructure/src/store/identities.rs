//! Who the deployment is: its public keys and its authority, noted by the first process that came. A process with others
//! would sign what no meter believes, so it is not let in.

use sqlx::AnyConnection;

use super::row::Columns;
use super::{StoreError, Work};

/// What this process has, by name.
pub(crate) struct Identify(pub(crate) Vec<(&'static str, Vec<u8>)>);

impl Work for Identify {
    /// The name of the first thing that is not what the deployment has, if there is one.
    type Output = Option<&'static str>;

    async fn run(&self, tx: &mut AnyConnection) -> Result<Self::Output, StoreError> {
        for (name, value) in &self.0 {
            sqlx::query(
                "INSERT INTO identities (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            )
            .bind(*name)
            .bind(value.clone())
            .execute(&mut *tx)
            .await?;
            let row = sqlx::query("SELECT value FROM identities WHERE name = $1")
                .bind(*name)
                .fetch_one(&mut *tx)
                .await?;
            if Columns(row).bytes("value")? != *value {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}
