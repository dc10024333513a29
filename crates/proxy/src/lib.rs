//! The way out through a corporate proxy (REQ NET-9): which proxy serves a destination, and how it is asked.
//! It opens no socket of its own: streams are given to it.

#![warn(missing_docs)]
