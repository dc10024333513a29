//! What a script's answer says: `PROXY a:3128; PROXY b:3128; DIRECT`.

use crate::route::{ProxyAddress, Route};

/// How many routes are tried at most.
const ROUTES_LIMIT: usize = 16;

/// The routes that can be used, in the answer's order, each once; `None` if it names some and none can.
pub(super) fn routes(answer: &str) -> Option<Vec<Route>> {
    let entries: Vec<&str> =
        answer.split(';').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    if entries.is_empty() {
        return Some(vec![Route::Direct]);
    }
    let mut routes: Vec<Route> = Vec::new();
    for route in entries.into_iter().filter_map(route) {
        if !routes.contains(&route) && routes.len() < ROUTES_LIMIT {
            routes.push(route);
        }
    }
    (!routes.is_empty()).then_some(routes)
}

fn route(entry: &str) -> Option<Route> {
    let mut words = entry.split_ascii_whitespace();
    let kind = words.next()?.to_ascii_uppercase();
    match (kind.as_str(), words.next(), words.next()) {
        ("DIRECT", None, None) => Some(Route::Direct),
        ("PROXY" | "HTTP", Some(place), None) => proxy(place).map(Route::Proxy),
        _ => None,
    }
}

fn proxy(place: &str) -> Option<ProxyAddress> {
    let has_port = place.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    if has_port { place.parse().ok() } else { ProxyAddress::new(place, 80) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: &str) -> Option<String> {
        let routes = routes(answer)?;
        Some(routes.iter().map(Route::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn an_answer_is_a_list_in_its_order() {
        for (answer, expected) in [
            ("DIRECT", "direct"),
            ("", "direct"),
            (" ; ", "direct"),
            ("PROXY a.test:3128; PROXY b.test:3128; DIRECT", "a.test:3128 b.test:3128 direct"),
            ("proxy a.test:3128;direct", "a.test:3128 direct"),
            ("HTTP a.test", "a.test:80"),
            ("PROXY [::1]:3128", "[::1]:3128"),
            ("SOCKS5 s.test:1080; PROXY a.test:1", "a.test:1"),
            ("PROXY a.test:1; PROXY a.test:1", "a.test:1"),
            ("PROXY a.test:port; DIRECT", "direct"),
        ] {
            assert_eq!(read(answer).as_deref(), Some(expected), "{answer}");
        }
    }

    #[test]
    fn an_answer_of_other_kinds_only_is_not_taken_for_direct() {
        for answer in ["SOCKS s.test:1080", "HTTPS s.test:443", "PROXY", "PROXY a b", "nonsense"] {
            assert_eq!(read(answer), None, "{answer}");
        }
    }
}
