//! timbre-psd
