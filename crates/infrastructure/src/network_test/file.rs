//! `file/<bytes>.<ending>`: the bytes that both ends can compute, under the endings that content filters look for. It sends
//! no real software, document or signature file.

use sha2::{Digest, Sha256};

/// The most bytes of a file, and of what the sink takes.
pub const LARGEST: u64 = 5 * 1024 * 1024;

/// The endings of the files that are served.
pub const ENDINGS: [&str; 7] = ["bin", "cvd", "rpm", "deb", "xml", "pdf", "exe"];

/// The bytes of one block.
const BLOCK: u64 = 32;

/// Fills `into` with the bytes of the file `name` from the byte `from` on.
///
/// Block `i`, from 0, is the SHA-256 of the file's name, a line feed and `i` in decimal; the blocks follow one another, and
/// the file is the first `<bytes>` bytes of them. The name is the last part of the path: of `file/102400.cvd` it is
/// `102400.cvd`, and its first block is SHA-256(`"102400.cvd\n0"`).
pub fn fill(name: &str, from: u64, into: &mut [u8]) {
    let heading = Sha256::new().chain_update(name).chain_update(b"\n");
    let mut block = from / BLOCK;
    // Below 32, so it fits.
    let mut skipped = (from % BLOCK) as usize;
    let mut rest = into;
    while !rest.is_empty() {
        let bytes = heading.clone().chain_update(block.to_string()).finalize();
        let bytes = &bytes[skipped..];
        let taken = bytes.len().min(rest.len());
        let (now, later) = rest.split_at_mut(taken);
        now.copy_from_slice(&bytes[..taken]);
        (rest, skipped, block) = (later, 0, block + 1);
    }
}
