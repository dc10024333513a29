//! The reference: one row, inserted and committed, through the same library and with the same durability.

use std::path::PathBuf;

use anyhow::Result;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::Worker;

const TABLE: &str =
    "CREATE TABLE rows (worker BIGINT, number BIGINT, body BYTEA, PRIMARY KEY (worker, number))";
const INSERT: &str = "INSERT INTO rows (worker, number, body) VALUES ($1, $2, $3)";

/// Where rows go.
pub(super) enum Engine {
    /// The file.
    Sqlite(PathBuf),
    /// The URL.
    Postgres(String),
}

impl Engine {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Engine::Sqlite(_) => "SQLite",
            Engine::Postgres(_) => "PostgreSQL",
        }
    }

    /// Connections that insert side by side: on SQLite one, since it has one writer.
    pub(super) async fn inserters(&self, count: usize) -> Result<Vec<Inserter>> {
        let mut inserters = Vec::new();
        match self {
            Engine::Sqlite(file) => {
                let options = SqliteConnectOptions::new()
                    .filename(file)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full);
                let mut connection = SqliteConnection::connect_with(&options).await?;
                sqlx::query(TABLE).execute(&mut connection).await?;
                inserters.push(Inserter::new(0, Link::Sqlite(connection)));
            }
            Engine::Postgres(url) => {
                for worker in 0..i64::try_from(count)? {
                    let mut connection = PgConnection::connect(url).await?;
                    if worker == 0 {
                        sqlx::query(TABLE).execute(&mut connection).await?;
                    }
                    inserters.push(Inserter::new(worker, Link::Postgres(connection)));
                }
            }
        }
        Ok(inserters)
    }
}

enum Link {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// One connection, row after row.
pub(super) struct Inserter {
    link: Link,
    worker: i64,
    rows: i64,
}

impl Inserter {
    fn new(worker: i64, link: Link) -> Inserter {
        Inserter { link, worker, rows: 0 }
    }
}

impl Worker for Inserter {
    async fn work(&mut self) -> Result<()> {
        self.rows += 1;
        let body = vec![0x5a_u8; 512];
        match &mut self.link {
            Link::Sqlite(connection) => {
                let insert = sqlx::query(INSERT).bind(self.worker).bind(self.rows).bind(body);
                insert.execute(connection).await?;
            }
            Link::Postgres(connection) => {
                let insert = sqlx::query(INSERT).bind(self.worker).bind(self.rows).bind(body);
                insert.execute(connection).await?;
            }
        }
        Ok(())
    }
}
