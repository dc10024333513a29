//! timbre-protocol
