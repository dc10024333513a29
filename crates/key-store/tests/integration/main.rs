//! Key stores as their users see them: signing by role, and sealed files that refuse whatever they
//! should.

mod sealed_file;
mod signing;
