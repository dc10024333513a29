//! Law 4: money is integers. No floating point in the crates that reckon, not even in their tests.

use super::Violation;
use super::project::Project;
use super::source::has_word;

const CRATES: [&str; 4] = ["crates/postage/", "crates/funds/", "crates/psd/", "crates/protocol/"];

pub(crate) fn check(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in CRATES.iter().flat_map(|folder| project.sources_under(folder)) {
        for line in source.lines() {
            if let Some(token) = floating_point(line.code) {
                let what = format!("floating point: {token}");
                let why = "a cent must never be rounded by accident";
                let todo = "use integers: mills, milligrams, tenths of a millimetre";
                violations.push(Violation::new(&source.path, line.number, what, why, todo));
            }
        }
    }
    violations
}

/// The first floating point type or literal of a line of code.
fn floating_point(code: &str) -> Option<String> {
    let types = ["f16", "f32", "f64", "f128"].into_iter().find(|name| has_word(code, name));
    types.map(str::to_owned).or_else(|| literal(code))
}

/// The first literal with a point, an exponent or a floating point suffix. `0..5`, `pair.0.1` and
/// `0xe5` are none.
fn literal(code: &str) -> Option<String> {
    let bytes = code.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let mut at = 0;
    while at < bytes.len() {
        let starts = digit(at) && (at == 0 || !(word(at - 1) || bytes[at - 1] == b'.'));
        if !starts {
            at += 1;
            continue;
        }
        let start = at;
        while word(at) || (bytes.get(at) == Some(&b'.') && digit(at + 1)) {
            at += 1;
        }
        let token = &code[start..at];
        let hexadecimal = ["0x", "0b", "0o"].iter().any(|prefix| token.starts_with(prefix));
        let exponent = |(before, after): (&str, &str)| {
            let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
            digits(before) && digits(after)
        };
        let suffix = ["f32", "f64"].iter().any(|suffix| token.ends_with(suffix));
        let power = token.split_once(['e', 'E']).is_some_and(exponent);
        if !hexadecimal && (token.contains('.') || suffix || power) {
            return Some(token.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floating_point_is_found_in_code_and_tests_alike() {
        let text = "//! f64 in a comment is fine.\nfn a(x: f64) {}\n\
                    #[cfg(test)]\nmod t { const B: u8 = 2.5 as u8; }\n";
        let project = Project::planted(&[
            ("crates/funds/src/lib.rs", text),
            ("crates/indicium/src/lib.rs", text),
        ]);
        let found: Vec<_> = check(&project).into_iter().map(|v| (v.line, v.what)).collect();
        let expected = [(2, "floating point: f64"), (4, "floating point: 2.5")];
        assert_eq!(found, expected.map(|(line, what)| (line, what.to_owned())));
    }

    #[test]
    fn literals_are_told_from_what_looks_like_them() {
        for float in ["1.0", "2e5", "1_000.5f32", "3f64", "0.1"] {
            assert_eq!(literal(&format!("x + {float};")).as_deref(), Some(float));
        }
        for other in
            ["0..5", "a[0]..=9", "pair.0.1", "0xe5", "0x1f32", "1u32", "x2.len()", "7.max(1)"]
        {
            assert_eq!(literal(other), None, "{other}");
        }
    }
}
