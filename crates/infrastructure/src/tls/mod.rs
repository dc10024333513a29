//! The private certificate authority and the certificates of the services' host names.
//!
//! A meter trusts this authority and no other, so an interceptor on the way is noticed. The authority's key stays in one
//! file, readable by its owner only; the keys of the host names never touch the disk. A name that is not ours gets no
//! certificate at all.

mod authority;
mod hosts;

pub(crate) use authority::Authority;
pub(crate) use hosts::server_config;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of the authority cannot be read or written.
    #[error("{}: {source}", file.display())]
    File {
        /// The file.
        file: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others than its owner may read the authority's key.
    #[error("{}: the key of the certificate authority is readable by others; chmod 600 it, and consider it known", .0.display())]
    Exposed(std::path::PathBuf),
    /// One of the two files of the authority is there and the other is not.
    #[error("{}: this file of the certificate authority is missing; restore it, or remove its folder to make a new authority (every meter must then be given the new certificate)", .0.display())]
    Half(std::path::PathBuf),
    /// A certificate cannot be made or read.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refuses a key or a setting.
    #[error("TLS: {0}")]
    Library(#[from] rustls::Error),
}
