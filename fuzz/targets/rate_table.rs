//! A rate table, and the price of one piece by it.
#![no_main]

use jiff::civil::Date;
use libfuzzer_sys::fuzz_target;
use timbre_postage::RateTable;

fuzz_target!(|text: &str| {
    let Ok(table) = RateTable::parse(text) else { return };
    assert!(table.effective_until().is_none_or(|until| until >= table.effective_from()));
    assert!(table.effective_from() > Date::MIN);
    for row in table.rows() {
        assert!(!row.amount.is_negative());
        assert_eq!(row.amount.currency(), table.currency());
    }
});
