//! Tells the code of a Rust file from its comments and strings: raw strings, nested comments,
//! characters and lifetimes, and nothing more. It never fails; on broken code it only blanks more.

/// The code and the comments of a text, each blank where the other is.
pub(super) fn split(text: &[u8]) -> (String, String) {
    let mut lexer = Lexer { text, at: 0, code: Vec::new(), comments: Vec::new() };
    while lexer.at < text.len() {
        lexer.step();
    }
    let code = lexer.code.iter().map(|b| if b.is_ascii() { char::from(*b) } else { ' ' }).collect();
    (code, String::from_utf8_lossy(&lexer.comments).into_owned())
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    code: Vec<u8>,
    comments: Vec<u8>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        if rest.starts_with(b"//") {
            let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            self.comment(end);
        } else if rest.starts_with(b"/*") {
            self.comment(block_comment(rest));
        } else if let Some(end) = raw_string(rest).filter(|_| !self.after_word()) {
            self.string(end);
        } else if rest[0] == b'"' {
            self.string(quoted(rest));
        } else if let Some(end) = character(rest) {
            self.string(end);
        } else {
            self.code.push(rest[0]);
            self.comments.push(if rest[0] == b'\n' { b'\n' } else { b' ' });
            self.at += 1;
        }
    }

    /// Whether the byte before belongs to a word, so that an `r` here starts no raw string.
    fn after_word(&self) -> bool {
        let before = self.at.checked_sub(1).map(|before| self.text[before]);
        before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
    }

    fn comment(&mut self, length: usize) {
        for byte in &self.text[self.at..self.at + length] {
            self.code.push(if *byte == b'\n' { b'\n' } else { b' ' });
            self.comments.push(*byte);
        }
        self.at += length;
    }

    fn string(&mut self, length: usize) {
        for (index, byte) in self.text[self.at..self.at + length].iter().enumerate() {
            let edge = index == 0 || index + 1 == length;
            let kept = if *byte == b'\n' { b'\n' } else { b' ' };
            self.code.push(if edge { b'"' } else { kept });
            self.comments.push(kept);
        }
        self.at += length;
    }
}

/// The length of a block comment, comments within it included.
fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a raw string (`r"…"`, `br#"…"#`, `cr"…"`), if one starts here.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let prefix = [&b"br"[..], b"cr", b"r"].into_iter().find(|prefix| rest.starts_with(prefix))?;
    let hashes = rest[prefix.len()..].iter().take_while(|b| **b == b'#').count();
    let open = prefix.len() + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = &rest[open + 1..];
    let end = body.windows(close.len()).position(|window| window == close);
    Some(end.map_or(rest.len(), |end| open + 1 + end + close.len()))
}

/// The length of a string in quotes that starts here.
fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a character literal, if one starts here; a lifetime is none.
fn character(rest: &[u8]) -> Option<usize> {
    if rest[0] != b'\'' {
        return None;
    }
    if rest.get(1) == Some(&b'\\') {
        let end = rest.iter().skip(3).position(|b| *b == b'\'')?;
        return Some(end + 4);
    }
    let width = match rest.get(1)? {
        0x00..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        split(text.as_bytes()).0
    }

    #[test]
    fn strings_and_comments_are_not_code() {
        let text = r####"a("f64"); // f64
b(r#"f64 " f64"#); /* f64 /* f64 */ f64 */ c('"', '\'', 'é'); d::<'static>();"####;
        let code = code(text);
        assert!(!code.contains("f64"), "{code}");
        assert!(code.contains("c(") && code.contains("d::<'static>();"), "{code}");
        assert_eq!(code.matches('\n').count(), 1);
    }
}
