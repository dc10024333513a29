//! `Proxy-Authenticate`: which schemes are offered, and with what. One field may hold several challenges,
//! and several fields one each; a value may be quoted and hold commas.

use crate::Scheme;
use crate::conversation::Head;

/// One scheme as it is offered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Challenge {
    pub(crate) name: String,
    pub(crate) token: Option<String>,
    pub(crate) params: Vec<(String, String)>,
}

impl Challenge {
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        Scheme::named(&self.name)
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }
}

/// Every challenge of an answer, in its order.
pub(crate) fn challenges(head: &Head) -> Vec<Challenge> {
    head.all("proxy-authenticate").flat_map(parse).collect()
}

fn parse(value: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    for part in split(value) {
        let (word, rest) = match part.find([' ', '\t']) {
            Some(space) if is_token(&part[..space]) => (&part[..space], part[space..].trim()),
            _ => ("", part),
        };
        let starts = word.is_empty() && is_token(part);
        if !word.is_empty() && !rest.starts_with('=') {
            found.push(Challenge { name: word.to_owned(), token: None, params: Vec::new() });
        } else if starts {
            found.push(Challenge { name: part.to_owned(), token: None, params: Vec::new() });
            continue;
        }
        let body = if rest.starts_with('=') { part } else { rest };
        let Some(last) = found.last_mut() else { continue };
        match param(body) {
            Some(pair) => last.params.push(pair),
            None if !body.is_empty() => last.token = Some(body.to_owned()),
            None => {}
        }
    }
    found
}

/// The parts between commas that stand outside quotes.
fn split(value: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&value[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&value[start..]);
    parts.into_iter().map(str::trim).filter(|p| !p.is_empty()).collect()
}

/// `name=value` or `name="value"`; base64 with its `=` at the end is none.
fn param(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if !is_token(name) || value.is_empty() || value.bytes().all(|b| b == b'=') {
        return None;
    }
    let Some(inner) = value.strip_prefix('"') else {
        return Some((name.to_owned(), value.to_owned()));
    };
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    Some((name.to_owned(), plain))
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(value: &str) -> Vec<String> {
        parse(value).into_iter().map(|c| c.name).collect()
    }

    #[test]
    fn one_field_may_hold_several_challenges() {
        let value = r#"Negotiate, NTLM, Digest realm="a, \"b\"", nonce="x==", qop="auth,auth-int", algorithm=SHA-256, Basic realm="c""#;
        let found = parse(value);
        assert_eq!(names(value), ["Negotiate", "NTLM", "Digest", "Basic"]);
        assert_eq!(found[2].param("REALM"), Some("a, \"b\""));
        assert_eq!(found[2].param("qop"), Some("auth,auth-int"));
        assert_eq!(found[2].param("algorithm"), Some("SHA-256"));
        assert_eq!(found[3].param("realm"), Some("c"));
    }

    #[test]
    fn a_token_is_base64_with_its_end() {
        for token in ["TlRMTVNTUAACAAA=", "TlRMTVNTUAACAAA==", "TlRMTVNTUAACAAAA", "a+/b"] {
            let found = parse(&format!("NTLM {token}"));
            assert_eq!(found[0].token.as_deref(), Some(token));
        }
    }

    #[test]
    fn nonsense_is_no_challenge_and_no_panic() {
        for value in
            ["", ",,", "=", "\"", "Digest realm=\"é", "é ü=ö", "Digest =", "a b c=d, =\"\\"]
        {
            let _ = parse(value);
        }
        assert!(names(",,").is_empty());
    }
}
