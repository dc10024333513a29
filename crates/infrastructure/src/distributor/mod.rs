//! The Distributor: who a meter is, said once, for every other service.

pub(crate) mod sign_in;
