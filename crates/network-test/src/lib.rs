//! Whether a network lets the meter work, and if not, which layer stands in the way (REQ NET-6, NET-9): probes that
//! end in one report. A probe never carries a credential of the meter.

#![warn(missing_docs)]
