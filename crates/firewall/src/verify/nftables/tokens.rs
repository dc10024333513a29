//! The words of an nftables file. Newlines and semicolons both end a statement; variables are put
//! in where they are used.

use std::collections::BTreeMap;

use super::super::Input;
use super::super::words::At;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) quoted: bool,
    pub(super) at: At,
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        !self.quoted && self.text == text
    }
}

/// The end of a statement.
pub(super) const END: &str = "\n";

/// Every word of the files that are not dnsmasq's.
pub(super) fn read(files: &[Input<'_>]) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (file, input) in files.iter().enumerate() {
        if !is_of_dnsmasq(input.text) {
            split(file, input.text, &mut tokens);
            tokens.push(Token { text: END.to_owned(), quoted: false, at: At::default() });
        }
    }
    expand(tokens)
}

fn is_of_dnsmasq(text: &str) -> bool {
    let first = |line: &&str| line.starts_with("nftset=") || line.starts_with("ipset=");
    text.lines().any(|line| first(&line.trim_start()))
}

fn split(file: usize, text: &str, tokens: &mut Vec<Token>) {
    let mut line = 1;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let at = At { file, line };
        let mut push = |text: String, quoted| tokens.push(Token { text, quoted, at });
        match c {
            '\n' => {
                push(END.to_owned(), false);
                line += 1;
            }
            '\\' if chars.peek() == Some(&'\n') => {
                chars.next();
                line += 1;
            }
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            ';' => push(END.to_owned(), false),
            '{' | '}' | ',' | '(' | ')' | '&' | '|' => push(c.to_string(), false),
            '!' | '=' | '<' | '>' => {
                let second = chars.next_if_eq(&'=');
                push(core::iter::once(c).chain(second).collect(), false);
            }
            '"' => {
                let mut quoted = String::new();
                while let Some(c) = chars.next_if(|c| *c != '"' && *c != '\n') {
                    quoted.push(c);
                }
                chars.next_if_eq(&'"');
                push(quoted, true);
            }
            c if c.is_whitespace() => {}
            c => {
                let mut word = c.to_string();
                while let Some(c) = chars.next_if(|c| !ends_word(*c)) {
                    word.push(c);
                }
                push(word, false);
            }
        }
    }
}

fn ends_word(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '{' | '}' | ',' | ';' | '(' | ')' | '!' | '=' | '<' | '>' | '"')
}

/// How many words all variables together may become: a variable of variables must end.
const MOST: usize = 1_000_000;

/// Takes definitions out and puts their values where they are used.
fn expand(tokens: Vec<Token>) -> Vec<Token> {
    let mut defined: BTreeMap<String, Vec<Token>> = BTreeMap::new();
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut begins = true;
    let mut next = 0;
    while let Some(token) = tokens.get(next) {
        let word = token.is("define") || token.is("redefine");
        if begins && word && tokens.get(next + 2).is_some_and(|token| token.is("=")) {
            let (value, after) = definition(&tokens, next + 3);
            let value = value.iter().flat_map(|token| replaced(token, &defined)).take(MOST);
            let value = value.collect();
            defined.insert(tokens[next + 1].text.clone(), value);
            next = after;
            continue;
        }
        begins = token.is(END);
        let room = MOST.saturating_sub(out.len());
        out.extend(replaced(token, &defined).into_iter().take(room));
        next += 1;
    }
    out
}

/// The words of a value, to the end of its line or of its braces.
fn definition(tokens: &[Token], from: usize) -> (&[Token], usize) {
    let mut depth = 0_usize;
    let mut end = from;
    while let Some(token) = tokens.get(end) {
        match token.text.as_str() {
            "{" if !token.quoted => depth += 1,
            "}" if !token.quoted => depth = depth.saturating_sub(1),
            END if depth == 0 => break,
            _ => {}
        }
        end += 1;
    }
    (&tokens[from..end], end)
}

fn replaced(token: &Token, defined: &BTreeMap<String, Vec<Token>>) -> Vec<Token> {
    let name = (!token.quoted).then(|| token.text.strip_prefix('$')).flatten();
    match name.and_then(|name| defined.get(name)) {
        None => vec![token.clone()],
        Some(value) => value.iter().map(|word| Token { at: token.at, ..word.clone() }).collect(),
    }
}
