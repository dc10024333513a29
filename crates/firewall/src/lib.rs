//! From a catalogue to the rules that a firewall understands, in each dialect. Pure text: it reads no file and opens no
//! socket.

#![warn(missing_docs)]
