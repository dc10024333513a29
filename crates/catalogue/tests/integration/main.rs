//! The shipped catalogues, their lint, their exports and the reader's refusals, as a user of the
//! crate meets them.

mod allow_list;
mod changes;
mod export;
mod lint;
mod phases;
mod reading;
mod reading_json;
mod schema;
mod shipped;
mod source_document;
