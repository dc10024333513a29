//! The network-test service (REQ NET-9): the far end of the checks, which says what arrived of what was sent and sends what
//! can be told byte by byte.
//!
//! Under `/network-test/v1/`, by HTTPS and by plain HTTP:
//!
//! - `GET reach?challenge=<hex>`: signs the challenge, so that nobody on the way can pass for the service;
//! - any method, `echo`: the request as it arrived, header by header, and what was agreed in the TLS handshake;
//! - `GET file/<bytes>.<ending>`: the bytes that [`fill`] computes, whole or a range of them;
//! - `POST sink`: takes bytes and says how many, which and in what time.
//!
//! Every answer is made for one caller and may be kept by none on the way. Nobody is asked who they are, nothing of what is
//! sent is kept, and one address gets no more than its share.

mod file;

pub use file::{ENDINGS, LARGEST, fill};
