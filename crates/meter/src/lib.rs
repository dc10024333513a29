//! timbre-meter
