//! The schema, as an ordered list of changes that are applied once and never edited afterwards.
//!
//! The text is the same for both databases but for one word: a column of bytes is written `BYTES` and becomes `BLOB` or
//! `BYTEA`.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use crate::config::Engine;

const MIGRATIONS: [(i64, &str, &str); 7] = [
    (1, "ledger", include_str!("migrations/0001_ledger.sql")),
    (2, "catalogues", include_str!("migrations/0002_catalogues.sql")),
    (3, "life", include_str!("migrations/0003_life.sql")),
    (4, "terms", include_str!("migrations/0004_terms.sql")),
    (5, "audit", include_str!("migrations/0005_audit.sql")),
    (6, "sorting", include_str!("migrations/0006_sorting.sql")),
    (7, "keys", include_str!("migrations/0007_keys.sql")),
];

pub(super) fn migrator(engine: Engine) -> Migrator {
    let bytes = match engine {
        Engine::Sqlite => "BLOB",
        Engine::Postgres => "BYTEA",
    };
    let migration = |(version, name, text): (i64, &'static str, &str)| {
        let sql = AssertSqlSafe(text.replace("BYTES", bytes)).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(MIGRATIONS.into_iter().map(migration).collect())
}
