//! A peer made by hand: it answers every connection from a script and tells what it heard.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// What it does on one connection.
pub(crate) type Play = Box<dyn FnOnce(&mut Line) + Send>;

/// A peer on loopback. Its thread ends with its last connection.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) heard: Receiver<String>,
}

/// One connection, as the peer sees it.
pub(crate) struct Line {
    pub(crate) stream: TcpStream,
}

impl Line {
    /// One request's head.
    pub(crate) fn hear(&mut self) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if self.stream.read(&mut byte).unwrap_or(0) == 0 {
                break;
            }
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    }

    pub(crate) fn say(&mut self, text: &str) {
        // Who hangs up early does so on purpose.
        let _ = self.stream.write_all(text.as_bytes());
    }
}

impl Peer {
    /// Each connection gets the next of `plays`.
    pub(crate) fn new(plays: Vec<Play>) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, heard) = channel();
        thread::spawn(move || {
            for play in plays {
                let Ok((stream, _)) = listener.accept() else { return };
                let mut line = Line { stream };
                play(&mut line);
                drop(line);
            }
            drop(sender);
        });
        Peer { address, heard }
    }

    /// Answers one request per text, each on the same connection; then hangs up.
    pub(crate) fn saying(connections: &[&[&str]]) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, heard) = channel();
        let connections: Vec<Vec<String>> =
            connections.iter().map(|c| c.iter().map(|t| (*t).to_owned()).collect()).collect();
        thread::spawn(move || {
            for texts in connections {
                let Ok((stream, _)) = listener.accept() else { return };
                let mut line = Line { stream };
                for text in texts {
                    let _ = sender.send(line.hear());
                    line.say(&text);
                }
            }
        });
        Peer { address, heard }
    }
}
