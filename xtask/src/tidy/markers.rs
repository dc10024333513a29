//! Leftovers: what somebody meant to come back to. What is not there yet belongs in the issues and
//! in `docs/SPEC-MAP.md`, not in the code.

use super::Violation;
use super::project::Project;
use super::source::has_word;

/// Macros of unfinished code.
const MACROS: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];

/// Words of unfinished text.
const WORDS: [&str; 3] = ["FIXME", "XXX", "TODO"];

/// Files other than Rust in which the words are looked for.
const TEXTS: [&str; 5] = [".toml", ".sql", ".sh", ".md", ".xsd"];

pub(crate) fn check(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut report = |path: &str, line: usize, marker: &str| {
        let what = format!("a leftover {marker}");
        let why = "the code says what is, not what somebody meant to do";
        let todo = "do it, or open an issue and remove the marker";
        violations.push(Violation::new(path, line, what, why, todo));
    };
    for source in project.sources() {
        for line in source.lines() {
            let in_code = MACROS.iter().find(|name| calls(line.code, name));
            let in_words =
                WORDS.iter().find(|word| has_word(line.comment, word) || has_word(line.code, word));
            if let Some(marker) = in_code.or(in_words) {
                report(&source.path, line.number, marker);
            }
        }
    }
    for (path, text) in project.files() {
        if TEXTS.iter().any(|ending| path.ends_with(ending)) {
            for (index, line) in text.lines().enumerate() {
                if let Some(word) = WORDS.iter().find(|word| has_word(line, word)) {
                    report(path, index + 1, word);
                }
            }
        }
    }
    violations
}

/// Whether a line calls a macro, written with its `!`.
fn calls(code: &str, name: &str) -> bool {
    code.match_indices(name)
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_found_in_code_comments_and_texts() {
        let project = Project::planted(&[
            ("a.rs", "todo!();\n// FIXME later\nlet a = dbg!(1);\nlet b = \"TODO\";\n"),
            ("b.sql", "select 1; -- XXX\n"),
            ("c.bin", "TODO"),
        ]);
        let found: Vec<_> = check(&project).into_iter().map(|v| (v.line, v.what)).collect();
        let expected = [(1, "todo!"), (2, "FIXME"), (3, "dbg!"), (1, "XXX")];
        assert_eq!(found, expected.map(|(line, marker)| (line, format!("a leftover {marker}"))));
    }

    #[test]
    fn longer_words_are_not_markers() {
        let project = Project::planted(&[("a.rs", "my_todo!(); // XXXL, TODOS\n")]);
        assert_eq!(check(&project), []);
    }
}
