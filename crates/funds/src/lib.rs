//! timbre-funds
