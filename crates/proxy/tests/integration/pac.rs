//! A script is a stranger's program: what it can ask, and what it cannot do.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use timbre_proxy::{Destination, Pac, PacError, Route, Surroundings};

fn surroundings() -> Surroundings {
    Surroundings {
        resolve: Arc::new(|host| match host {
            "two.test" => vec!["2001:db8::7".parse().unwrap(), IpAddr::from([192, 0, 2, 7])],
            _ => Vec::new(),
        }),
        my_address: IpAddr::from([198, 51, 100, 10]),
        now: "2025-12-30T22:15:30[America/Toronto]".parse().unwrap(),
    }
}

fn ask(script: &str) -> Result<String, PacError> {
    let pac =
        Pac::new("http://wpad.test/proxy.pac", script)?.with_time_limit(Duration::from_millis(500));
    let to = Destination::https("www.corp.test", 443).unwrap();
    let routes = pac.routes(&to, &surroundings())?;
    Ok(routes.iter().map(Route::to_string).collect::<Vec<_>>().join(" "))
}

fn body(statements: &str) -> Result<String, PacError> {
    ask(&format!("function FindProxyForURL(url, host) {{ {statements} }}"))
}

#[test]
fn a_script_sees_the_destination_the_names_and_the_time_it_is_given() {
    for (condition, expected) in [
        ("url == 'https://www.corp.test/' && host == 'www.corp.test'", true),
        ("dnsResolve('two.test') == '192.0.2.7'", true),
        ("dnsResolve('none.test') === null", true),
        ("dnsResolveEx('two.test') == '2001:db8::7;192.0.2.7'", true),
        ("isInNetEx('two.test', '2001:db8::/32')", true),
        ("isInNetEx('192.0.3.7', '192.0.2.0/24')", false),
        (
            "isInNet('192.0.2.7', '192.0.2.0', 'junk') || isInNet('192.0.2.7', 'junk', '0.0.0.0')",
            false,
        ),
        ("weekdayRange('TUE') && timeRange(22) && dateRange(24, 'DEC', 2, 'JAN')", true),
        (
            "new Date().getTime() == Date.now() && new Date().toISOString() == '2025-12-31T03:15:30.000Z'",
            true,
        ),
        ("new Date(2025, 0, 1) instanceof Date && new Date(0).getTime() == 0", true),
        ("alert('seen') === undefined", true),
        (
            "typeof world == 'undefined' && typeof require == 'undefined' && typeof process == 'undefined'",
            true,
        ),
        (
            "typeof std == 'undefined' && typeof os == 'undefined' && typeof WebAssembly == 'undefined'",
            true,
        ),
    ] {
        let answer =
            body(&format!("return ({condition}) ? 'PROXY yes.test:1' : 'DIRECT';")).unwrap();
        assert_eq!(answer == "yes.test:1", expected, "{condition}");
    }
}

#[test]
fn one_question_leaves_nothing_behind_for_the_next() {
    let script = "var n = 0; function FindProxyForURL() { n++; return 'PROXY n' + n + '.test:1'; }";
    let pac = Pac::new("test", script).unwrap();
    let to = Destination::https("a.test", 443).unwrap();
    for _ in 0..3 {
        let routes = pac.routes(&to, &surroundings()).unwrap();
        assert_eq!(routes[0].to_string(), "n1.test:1");
    }
}

#[test]
fn a_script_that_does_not_end_is_ended() {
    for statements in [
        "while (true) {}",
        "for (;;) { try { throw 1 } catch (e) {} }",
        "return /^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!') ? 'DIRECT' : '';",
    ] {
        let started = Instant::now();
        let error = body(statements).expect_err(statements);
        assert!(matches!(error, PacError::TooSlow { .. }), "{statements}: {error:?}");
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{statements}: {:?}",
            started.elapsed()
        );
    }
    assert!(matches!(ask("while (1);"), Err(PacError::TooSlow { .. })));
}

#[test]
fn a_step_that_cannot_be_interrupted_is_left_alone_and_nothing_more_is_asked() {
    // One step of the engine that takes much longer than the limit.
    let script = "function FindProxyForURL() { return new Array(2e7).join(); }";
    let pac = Pac::new("test", script).unwrap().with_time_limit(Duration::from_millis(50));
    let to = Destination::https("a.test", 443).unwrap();
    let started = Instant::now();
    for _ in 0..20 {
        let error = pac.routes(&to, &surroundings()).unwrap_err();
        assert!(matches!(error, PacError::TooSlow { .. }), "{error:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[test]
fn names_that_dns_is_slow_about_do_not_hold_an_answer_up() {
    let slow = Surroundings {
        resolve: Arc::new(|_| {
            std::thread::sleep(Duration::from_secs(3));
            Vec::new()
        }),
        ..surroundings()
    };
    let script = "function FindProxyForURL(url, host) { dnsResolve(host); return 'DIRECT'; }";
    let pac = Pac::new("test", script).unwrap().with_time_limit(Duration::from_millis(100));
    let started = Instant::now();
    let error = pac.routes(&Destination::https("a.test", 443).unwrap(), &slow).unwrap_err();
    assert!(matches!(error, PacError::TooSlow { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn many_questions_may_be_asked_at_once() {
    let pac = Pac::new("test", "function FindProxyForURL() { return 'DIRECT'; }").unwrap();
    let to = Destination::https("a.test", 443).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| pac.routes(&to, &surroundings()).unwrap());
        }
    });
}

#[test]
fn a_script_that_wants_everything_gets_little() {
    for statements in [
        "var a = []; while (true) a.push(new Array(1000).join('x') + a.length);",
        "var s = 'x'; while (true) s += s;",
        "return 'x'.repeat(1 << 29);",
        "function f() { return f() + 1 } return f();",
        "return new Array(1e7).join('x');",
        "var a = []; a[4294967294] = 1; return a.sort().join('');",
    ] {
        let started = Instant::now();
        let error = body(statements).unwrap_err();
        let known = matches!(error, PacError::Wrong { .. } | PacError::TooSlow { .. });
        assert!(known, "{statements}: {error:?}");
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{statements}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_script_cannot_ask_for_names_without_end() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let world = Surroundings {
        resolve: Arc::new(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        }),
        ..surroundings()
    };
    let script = "function FindProxyForURL() { for (var i = 0; i < 1000; i++) dnsResolve('n' + i + '.test'); return 'DIRECT'; }";
    let to = Destination::https("a.test", 443).unwrap();
    Pac::new("test", script).unwrap().routes(&to, &world).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 64);
}

#[test]
fn a_mistake_is_told_with_its_place() {
    for (script, told) in [
        ("function FindProxyForURL(url, host) { return ", "http://wpad.test/proxy.pac is wrong"),
        ("function FindProxyForUrl() { return 'DIRECT' }", "no function FindProxyForURL"),
        ("function FindProxyForURL() { return 7 }", "gave no text: int"),
        ("function FindProxyForURL() { }", "gave no text: undefined"),
        ("function FindProxyForURL() {\n\n return nothing.here; }", "(line 3)"),
        ("function FindProxyForURL() { throw 'no\\r\\nway'; }", "noway"),
        (
            "function FindProxyForURL() { return 'SOCKS s.test:1080' }",
            "names nothing that can be used: “SOCKS s.test:1080”",
        ),
    ] {
        let error = ask(script).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert!(!error.french().is_empty() && error.code().starts_with("pac-"));
    }
    let long = format!("//{}", "x".repeat(1024 * 1024));
    assert!(ask(&long).unwrap_err().to_string().contains("longer than"));
}

#[test]
fn a_script_written_for_old_browsers_runs() {
    let script = "proxy = 'PROXY p.test:1'; if (typeof FindProxyForURL == 'function') with (Math) { x = floor(2.5) }\n\
        function FindProxyForURL(url, host) { re = new RegExp('corp'); return re.exec(host) ? proxy : arguments.callee.name; }";
    assert_eq!(ask(script).unwrap(), "p.test:1");
}

proptest! {
    #[test]
    fn no_text_makes_the_engine_fall(script in "\\PC{0,200}", answer in "\\PC{0,60}") {
        let _ = ask(&script);
        let quoted = answer.replace(['\\', '\'', '\u{2028}', '\u{2029}'], "");
        let _ = body(&format!("return '{quoted}';"));
    }
}
