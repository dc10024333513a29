//! Connections and transactions. On SQLite all writes go through one queue and share commits; on PostgreSQL each write
//! is its own transaction and is done again when it met another or lost its connection before it was known to be done.
//! That is safe because every piece of work finds what an earlier run of itself has booked.

use std::future::Future;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Connection};
use tokio::sync::mpsc;

use super::fate::{self, Fates};
use super::writer::{self, Job, Steps};
use super::{StoreError, migrations, seals};
use crate::config::{DatabaseUrl, Engine};

/// How long a request waits for a connection before it is told that the database does not answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// A connection that was idle longer than this is asked whether it still lives before it is used.
const TRUSTED_IDLE: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 5;
const POSTGRES_CONNECTIONS: u32 = 16;
const SQLITE_READERS: u32 = 4;

/// What is read and written together. All of it appears or none; it may be run more than once.
pub(crate) trait Work: Send + Sync + 'static {
    /// What it finds or decides.
    type Output: Send + 'static;

    /// Does the work inside a transaction. An error undoes everything.
    fn run<'c>(
        &'c self,
        tx: &'c mut AnyConnection,
    ) -> impl Future<Output = Result<Self::Output, StoreError>> + Send + 'c;
}

/// A connected store, its schema up to date. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
    pool: AnyPool,
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    /// A simulation's; a product has none.
    fates: Option<Fates>,
}

impl Store {
    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    /// When the database cannot be reached or its schema cannot be brought up to date.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        // Installs at most once in a process; a second time changes nothing.
        sqlx::any::install_default_drivers();
        match url.engine {
            Engine::Sqlite => Self::connect_sqlite(url).await,
            Engine::Postgres => Self::connect_postgres(url).await,
        }
    }

    async fn connect_sqlite(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let (writer, pool) = Self::sqlite_pools(url).await?;
        let queue = Some(writer::start(writer));
        Ok(Store { engine: Engine::Sqlite, pool, queue, fates: None })
    }

    async fn sqlite_pools(url: &DatabaseUrl) -> Result<(AnyPool, AnyPool), StoreError> {
        let writer = AnyPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .after_connect(|connection, _| Box::pin(prepare_sqlite(connection)))
            .connect(url.reveal())
            .await?;
        migrate(&writer, Engine::Sqlite).await?;
        let readers = AnyPoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .after_connect(|connection, _| Box::pin(prepare_sqlite(connection)))
            .connect(url.reveal())
            .await?;
        Ok((writer, readers))
    }

    /// An SQLite store for a simulation, which commits the groups itself and decides what becomes of each commit.
    pub(crate) async fn in_groups(
        url: &DatabaseUrl,
        fates: Fates,
    ) -> Result<(Self, Steps), StoreError> {
        sqlx::any::install_default_drivers();
        let (writer, pool) = Self::sqlite_pools(url).await?;
        let (queue, steps) = writer::in_steps(writer, fates.clone());
        let store = Store { engine: Engine::Sqlite, pool, queue: Some(queue), fates: Some(fates) };
        Ok((store, steps))
    }

    /// An SQLite store for a simulation that writes as on PostgreSQL: each work is its own transaction, done again where
    /// the fate of its commit calls for it.
    pub(crate) async fn one_by_one(url: &DatabaseUrl, fates: Fates) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let (_, pool) = Self::sqlite_pools(url).await?;
        Ok(Store { engine: Engine::Sqlite, pool, queue: None, fates: Some(fates) })
    }

    async fn connect_postgres(url: &DatabaseUrl) -> Result<Self, StoreError> {
        // After a restart of the server no connection lives; one that was busy a moment ago has not seen a restart.
        let pool = AnyPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .before_acquire(|connection, since| {
                Box::pin(async move {
                    Ok(since.idle_for < TRUSTED_IDLE || connection.ping().await.is_ok())
                })
            })
            .connect(url.reveal())
            .await?;
        migrate(&pool, Engine::Postgres).await?;
        Ok(Store { engine: Engine::Postgres, pool, queue: None, fates: None })
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        }
    }

    /// Asks the database whether it answers.
    ///
    /// # Errors
    /// When it does not, within three seconds.
    pub async fn check(&self) -> Result<(), StoreError> {
        let mut connection = self.reader().await?;
        sqlx::query("SELECT 1").execute(&mut *connection).await?;
        Ok(())
    }

    /// Closes the connections, after the writes that are under way.
    pub async fn close(self) {
        drop(self.queue);
        self.pool.close().await;
    }

    /// A connection for single reads, each of which sees what was committed before it.
    pub(crate) async fn reader(&self) -> Result<PoolConnection<Any>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// Several reads that must see one and the same state.
    pub(crate) async fn snapshot<W: Work>(&self, work: &W) -> Result<W::Output, StoreError> {
        let mut connection = self.reader().await?;
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut tx = connection.begin_with(begin).await?;
        let found = work.run(&mut tx).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Does the work and makes it durable before it returns.
    pub(crate) async fn write<W: Work>(&self, work: W) -> Result<W::Output, StoreError> {
        match &self.queue {
            Some(queue) => writer::submit(queue, work).await,
            None => self.write_alone(&work).await,
        }
    }

    async fn write_alone<W: Work>(&self, work: &W) -> Result<W::Output, StoreError> {
        let mut attempt = 1;
        loop {
            // Whoever waited in vain for a connection has waited long enough.
            let mut connection = self.reader().await?;
            match once(&mut connection, work, self.fates.as_ref()).await {
                Err(StoreError::Conflict(_) | StoreError::Unavailable(_)) if attempt < ATTEMPTS => {
                    attempt += 1;
                }
                other => return other,
            }
        }
    }
}

async fn once<W: Work>(
    connection: &mut AnyConnection,
    work: &W,
    fates: Option<&Fates>,
) -> Result<W::Output, StoreError> {
    let mut tx = connection.begin().await?;
    let output = seals::sealed(work, &mut tx).await?;
    fate::commit(tx, fates).await?;
    Ok(output)
}

async fn migrate(pool: &AnyPool, engine: Engine) -> Result<(), StoreError> {
    let migrated = migrations::migrator(engine).run(pool).await;
    migrated.map_err(|error| StoreError::Fault(format!("schema: {error}")))
}

/// WAL lets readers go on during a write; FULL makes a commit survive a power cut.
async fn prepare_sqlite(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for pragma in
        ["PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"]
    {
        sqlx::query(pragma).execute(&mut *connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::row::Columns;

    #[tokio::test]
    async fn a_commit_on_sqlite_survives_a_power_cut() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::connect(&DatabaseUrl::sqlite_in(folder.path())).await.unwrap();
        let mut connection = store.reader().await.unwrap();
        let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
        assert_eq!(Columns(mode).text("journal_mode").unwrap(), "wal");
        let level = sqlx::query("PRAGMA synchronous").fetch_one(&mut *connection).await.unwrap();
        assert_eq!(Columns(level).integer("synchronous").unwrap(), 2, "FULL");
    }
}
