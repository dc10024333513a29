//! Runs of the simulation that every submission makes, and that it is what it says: the same for the same seed.

#[cfg(feature = "planted")]
mod planted;
mod refusals;
mod seeds;
