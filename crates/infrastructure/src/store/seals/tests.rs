//! No table is forgotten: each is sealed, or says why not.

use crate::config::DatabaseUrl;
use crate::store::Store;
use crate::store::row::Columns;

use super::books::UNSEALED;
use super::{BOOKS, Subject};

#[tokio::test]
async fn every_table_is_sealed_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::connect(&DatabaseUrl::sqlite_in(folder.path())).await.unwrap();
    let mut reader = store.reader().await.unwrap();
    let rows = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    for row in rows.fetch_all(&mut *reader).await.unwrap() {
        let name = Columns(row).text("name").unwrap();
        let sealed = BOOKS.iter().any(|book| book.table == name);
        let unsealed = UNSEALED.iter().any(|(table, _)| *table == name);
        assert!(sealed ^ unsealed, "{name}: give it a line in store/seals/books.rs, in one list");
    }
}

#[test]
fn a_subject_is_read_back_as_it_was_written() {
    for text in ["TM0000042", "account 10000001", "rates", "catalogue timbre", "account x", ""] {
        assert_eq!(Subject::of(text).to_string(), text);
    }
    assert!(matches!(Subject::of("TM0000042"), Subject::Meter(_)));
    assert!(matches!(Subject::of("account 10000001"), Subject::Account(_)));
    assert!(matches!(Subject::of("tm0000042"), Subject::Name(_)));
}
