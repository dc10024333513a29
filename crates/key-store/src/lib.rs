//! timbre-key-store
