//! timbre-catalogue
