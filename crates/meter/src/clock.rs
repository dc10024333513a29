//! Where the meter reads the time. The system's clock is one source; a test or a simulation has its own.

use std::sync::Arc;

use jiff::Timestamp;

/// Answers with the time now.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The clock of the system.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}
