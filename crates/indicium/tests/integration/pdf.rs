//! Marks on the pages of a PDF: where they go, what stays as it was, and what comes out again.

mod extracting;
mod fixture;
mod rendered;
mod stamping;
