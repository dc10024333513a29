//! Comet, the funds server: installation, refill, inspection, withdrawal, replacement. It decides by the rules of `timbre_funds` and signs what
//! a device obeys; no message of its own making is taken for a fact before a device signed it.

pub(crate) mod contradiction;
pub(crate) mod inspection;
pub(crate) mod installation;
pub(crate) mod refill;
pub(crate) mod replacement;
pub(crate) mod suspicion;
pub(crate) mod withdrawal;
