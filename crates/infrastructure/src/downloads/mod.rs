//! What meters fetch: what is new, and the rate tables.

pub(crate) mod rates;
pub(crate) mod startup_refresh;
