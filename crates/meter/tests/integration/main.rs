//! The meter as its operator, its network and a power cut meet it.
//!
//! The other end is [`provider`], which speaks the real protocol over real TLS with real signatures and
//! keeps only as many books as these tests need. The real infrastructure is met in the tests of `timbre`.
#![expect(clippy::unwrap_used, reason = "what a test relies on must hold, or the test fails")]

mod kept;
mod letters;
mod life;
mod link;
mod machine;
mod plans;
mod provider;
mod proxy;
mod runs;
mod server;
mod settings_file;
mod squid;
mod stage;
mod terms;
