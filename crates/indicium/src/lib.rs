//! timbre-indicium
