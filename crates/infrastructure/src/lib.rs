//! timbre-infrastructure
