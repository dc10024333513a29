//! Key stores as their users see them: signing by role, and sealed files that refuse whatever they
//! should.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod sealed_file;
mod signing;
#[cfg(feature = "pkcs11")]
mod softhsm;
#[cfg(feature = "pkcs11")]
mod token;
