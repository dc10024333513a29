//! A Rust file, split into what the compiler reads and what only people read, so that a word in a
//! string or a comment is never taken for code, and the code of tests is known as such. Not a
//! parser: macros and conditional compilation other than `cfg(test)` are plain code to it.

use std::ops::Range;

use super::lexer::split;

/// A lexed file. Both parts have the lines of the file; what is not theirs is blank.
pub(crate) struct Source {
    /// From the root of the project.
    pub(crate) path: String,
    /// Without comments and without the contents of strings; ASCII only.
    code: String,
    /// Only the comments.
    comments: String,
    /// Where the code of `#[cfg(test)]` items is.
    tests: Vec<Range<usize>>,
}

/// One line of a file.
pub(crate) struct Line<'a> {
    /// From 1.
    pub(crate) number: usize,
    /// Its code.
    pub(crate) code: &'a str,
    /// Its comment.
    pub(crate) comment: &'a str,
    /// Whether it is compiled for tests only.
    pub(crate) in_test: bool,
}

impl Source {
    pub(crate) fn read(path: &str, text: &str) -> Source {
        let (code, comments) = split(text.as_bytes());
        let tests = test_items(&code);
        let mut source = Source { path: path.to_owned(), code, comments, tests };
        if is_test_path(path) || source.code.contains("#![cfg(test)]") {
            source.mark_as_test();
        }
        source
    }

    /// Says that the whole file is compiled for tests only.
    pub(crate) fn mark_as_test(&mut self) {
        self.tests.push(0..self.code.len() + 1);
    }

    /// Where the modules lie that are declared here for tests only: their paths without `.rs`.
    pub(crate) fn test_modules(&self) -> Vec<String> {
        let stem = self.path.trim_end_matches(".rs");
        let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
        let folder = if ["lib", "main", "mod"].contains(&name) { folder } else { stem };
        let declared = self.tests.iter().filter_map(|item| {
            let item = self.code.get(item.clone())?.strip_suffix(';')?;
            let (_, module) = item.rsplit_once("mod ")?;
            Some(format!("{folder}/{}", module.trim()))
        });
        declared.collect()
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut offset = 0;
        let pairs = self.code.split('\n').zip(self.comments.split('\n')).enumerate();
        pairs.map(move |(index, (code, comment))| {
            let in_test = self.tests.iter().any(|test| test.contains(&offset));
            offset += code.len() + 1;
            Line { number: index + 1, code, comment, in_test }
        })
    }

    /// The lines that are compiled into the product.
    pub(crate) fn product_lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines().filter(|line| !line.in_test)
    }

    /// Every path that the product's `use` declarations name, groups taken apart, with its line.
    pub(crate) fn imports(&self) -> Vec<(usize, String)> {
        let mut imports = Vec::new();
        for at in words(&self.code, "use") {
            let in_test = self.tests.iter().any(|test| test.contains(&at));
            let tree = self.code[at + 3..].split(';').next().unwrap_or_default();
            if !in_test && tree.starts_with(char::is_whitespace) {
                take_apart(tree, at + 3, "", &mut imports);
            }
        }
        let line = |at: usize| 1 + self.code[..at].matches('\n').count();
        imports.into_iter().map(|(at, path)| (line(at), path)).collect()
    }
}

/// Whether a file is compiled for tests only, by where it lies.
fn is_test_path(path: &str) -> bool {
    let folders = ["/tests/", "/benches/", "/examples/", "/fuzz/"];
    folders.iter().any(|folder| path.contains(folder)) || path.ends_with("/tests.rs")
}

/// Where a word stands in a text, not as a part of a longer one.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        !text[..*at].ends_with(part) && !text[at + word.len()..].starts_with(part)
    })
}

/// Whether a word stands in a text.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    words(text, word).next().is_some()
}

/// `std::{fs, net::{A, B}}` → `std::fs`, `std::net::A`, `std::net::B`, each with its place.
fn take_apart(tree: &str, at: usize, prefix: &str, out: &mut Vec<(usize, String)>) {
    let Some(open) = tree.find('{') else {
        let start = at + tree.len() - tree.trim_start().len();
        let path = tree.trim().split(" as ").next().unwrap_or_default();
        if !path.is_empty() {
            out.push((start, format!("{prefix}{path}").trim_start_matches("::").to_owned()));
        }
        return;
    };
    let prefix = format!("{prefix}{}", tree[..open].trim());
    let (mut depth, mut start) = (0, open + 1);
    for (index, byte) in tree.bytes().enumerate().skip(open + 1) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b',' | b'}' if depth == 0 => {
                take_apart(&tree[start..index], at + start, &prefix, out);
                start = index + 1;
            }
            _ => {}
        }
    }
}

/// The items under `#[cfg(test)]` or `#[cfg(all(test, …))]`: from the attribute to the end of the
/// item.
fn test_items(code: &str) -> Vec<Range<usize>> {
    let mut items: Vec<Range<usize>> = Vec::new();
    for marker in ["#[cfg(test)]", "#[cfg(all(test,"] {
        for (start, _) in code.match_indices(marker) {
            items.push(start..end_of_item(code, start));
        }
    }
    items
}

/// Where the item ends whose attribute starts here: at its `;`, or at the `}` of its body.
fn end_of_item(code: &str, start: usize) -> usize {
    let (mut braces, mut others) = (0, 0);
    for (index, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => others += 1,
            b')' | b']' => others -= 1,
            b'{' => braces += 1,
            b'}' => {
                braces -= 1;
                if braces == 0 && others == 0 {
                    return index + 1;
                }
            }
            b';' if braces == 0 && others == 0 => return index + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_kept_apart() {
        let source = Source::read("a.rs", "let r = \"// no\"; // yes\n/* and\nthis */ code();");
        let comments: Vec<_> = source.lines().map(|line| line.comment.trim().to_owned()).collect();
        assert_eq!(comments, ["// yes", "/* and", "this */"]);
    }

    #[test]
    fn what_is_compiled_for_tests_only_is_known() {
        let text = "use a;\n#[cfg(test)]\n#[expect(x, reason = \"y\")]\nmod tests {\n    fn f() {}\n\
                    }\n\
                    fn g() {}\n#[cfg(test)]\nuse b;\nfn h() {}";
        let source = Source::read("crates/a/src/lib.rs", text);
        let product: Vec<_> = source.product_lines().map(|line| line.code.trim()).collect();
        assert_eq!(product, ["use a;", "fn g() {}", "fn h() {}"]);
        let source = Source::read("crates/a/tests/integration/main.rs", text);
        assert_eq!(source.product_lines().count(), 0);
    }

    #[test]
    fn modules_declared_for_tests_only_are_known_by_path() {
        let text = "mod a;\n#[cfg(test)]\npub(crate) mod planted;\n#[cfg(test)]\nmod tests {}\n";
        let modules = |path| Source::read(path, text).test_modules();
        assert_eq!(modules("crates/x/src/lib.rs"), ["crates/x/src/planted"]);
        assert_eq!(modules("crates/x/src/noun.rs"), ["crates/x/src/noun/planted"]);
    }

    #[test]
    fn imports_are_taken_apart() {
        let text = "use std::{\n    fs as files,\n    net::{TcpStream, UdpSocket},\n};\n\
                    pub(crate) use ::tokio;\n";
        let imports = Source::read("a.rs", text).imports();
        let expected =
            [(2, "std::fs"), (3, "std::net::TcpStream"), (3, "std::net::UdpSocket"), (5, "tokio")];
        assert_eq!(imports, expected.map(|(line, path)| (line, path.to_owned())));
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(has_word("let x: f64;", "f64"));
        assert!(!has_word("let my_f64x;", "f64"));
        assert!(has_word("std::thread::spawn", "std::thread"));
        assert!(!has_word("std::threads", "std::thread"));
    }
}
