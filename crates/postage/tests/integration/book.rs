//! Which tables may stand in one book.

use timbre_postage::rates::shipped;
use timbre_postage::{Country, Payment, RateBook, RateTable};

use crate::support::{SMALL, bent, table};

#[test]
fn every_table_in_the_folder_ships_under_its_own_id() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rates");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let ids: Vec<String> = shipped().iter().map(|(id, _)| format!("{id}.toml")).collect();
    assert_eq!(files, ids);
    for (id, text) in shipped() {
        let table = RateTable::parse(text).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(table.id(), *id);
        assert!(id.ends_with(&table.effective_from().to_string()), "{id}");
        assert!(table.source().len() > 10, "{id} says where its prices come from");
    }
}

#[test]
fn the_shipped_tables_are_retail_for_canada_and_metered_for_the_united_states() {
    for (market, payment, count) in
        [(Country::CANADA, Payment::Retail, 6), (Country::UNITED_STATES, Payment::Metered, 7)]
    {
        let book = RateBook::shipped(market);
        assert_eq!(book.tables().len(), count);
        assert!(book.tables().iter().all(|table| table.payment() == payment));
    }
    assert_eq!(RateBook::shipped("DE".parse().unwrap()).tables().len(), 0);
}

fn error(tables: Vec<RateTable>) -> String {
    RateBook::new(tables).unwrap_err().to_string()
}

#[test]
fn a_book_is_for_one_market() {
    let tables = shipped().iter().map(|(_, text)| table(text)).collect();
    assert_eq!(
        error(tables),
        "table ca-retail-2013-01-14 is for CA, and us-metered-2019-01-27 is for US: one book is for one market"
    );
}

#[test]
fn a_table_stands_once_and_two_of_a_kind_do_not_start_together() {
    assert_eq!(
        error(vec![table(SMALL), table(SMALL)]),
        "table ca-metered-2026-01-12 is there twice"
    );
    let other = bent("ca-metered-2026-01-12", "ca-metered-again");
    assert_eq!(
        error(vec![table(SMALL), table(&other)]),
        "tables ca-metered-2026-01-12 and ca-metered-again both start on 2026-01-12"
    );
    let retail = other.replace("\"metered\"", "\"retail\"");
    assert!(RateBook::new(vec![table(SMALL), table(&retail)]).is_ok());
}

#[test]
fn a_product_code_never_changes_its_meaning() {
    let later =
        SMALL.replace("2026-01-12", "2026-02-01").replace("up_to = \"30g\"", "up_to = \"20g\"");
    assert_eq!(
        error(vec![table(SMALL), table(&later)]),
        "product 101 is “lettermail standard 30 g canada” in one table and “lettermail standard 20 g canada” in table ca-metered-2026-02-01"
    );
}

#[test]
fn a_table_is_found_by_the_id_in_a_quote() {
    let book = RateBook::shipped(Country::CANADA);
    assert!(book.table("ca-retail-2020-01-13").is_some());
    assert!(book.table("ca-retail-1867-07-01").is_none());
}
