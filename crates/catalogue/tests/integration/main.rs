//! The shipped catalogues, their lint and the reader's refusals, as a user of the crate meets them.

mod allow_list;
mod lint;
mod reading;
mod source_document;
