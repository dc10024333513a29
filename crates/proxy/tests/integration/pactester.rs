//! The functions of proxy scripts against `pactester`, which runs them in another engine with the
//! functions of a browser.

use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;

use jiff::ZonedDateTime;
use tempfile::TempDir;
use timbre_proxy::{Destination, Pac, Route, Surroundings};

use crate::machine::tool;

fn surroundings() -> Surroundings {
    Surroundings {
        resolve: Arc::new(|host| match host {
            "localhost" => vec![IpAddr::from([127, 0, 0, 1])],
            _ => Vec::new(),
        }),
        my_address: IpAddr::from([198, 51, 100, 10]),
        now: ZonedDateTime::now(),
    }
}

fn ours(script: &str, destination: &Destination) -> String {
    let pac = Pac::new("test", script).unwrap();
    let routes = pac.routes(destination, &surroundings()).unwrap();
    routes.iter().map(Route::to_string).collect::<Vec<_>>().join(" ")
}

fn theirs(script: &str, destination: &Destination) -> String {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("proxy.pac");
    std::fs::write(&file, script).unwrap();
    let output = Command::new(tool("/usr/bin/pactester", "libpacparser1"))
        .arg("-p")
        .arg(&file)
        .args(["-c", "198.51.100.10", "-u", &destination.url(), "-h", destination.host()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Compares what both say of many expressions at once.
fn agree(expressions: &[String]) {
    let told: String = expressions.chunks(180).map(agree_on).collect();
    assert!(told.contains('t') && told.contains('f'), "nothing was told apart: {told}");
}

/// As many as fit a host's name.
fn agree_on(expressions: &[String]) -> String {
    let list = expressions.join(",\n");
    let script = format!(
        "function FindProxyForURL(url, host) {{\n var all = [{list}];\n var word = '';\n \
         for (var i = 0; i < all.length; i++) word += (all[i] === true ? 't' : all[i] === false ? 'f' : 'o');\n \
         return 'PROXY 192.0.2.1:1; PROXY ' + cut(word) + ':2';\n}}\n\
         function cut(word) {{ return word.replace(/(.{{60}})/g, '$1.').replace(/[.]$/, ''); }}"
    );
    let to = Destination::https("www.corp.test", 443).unwrap();
    let (ours, theirs) = (ours(&script, &to), theirs(&script, &to));
    let word = |text: &str, from: &str| -> String {
        let text = text.split(from).nth(1).unwrap_or_else(|| panic!("{text}"));
        text.chars().filter(|c| matches!(c, 't' | 'f' | 'o')).take(expressions.len()).collect()
    };
    let (ours, theirs) = (word(&ours, "192.0.2.1:1 "), word(&theirs, "PROXY 192.0.2.1:1; PROXY "));
    assert_eq!(ours.len(), expressions.len());
    let differing: Vec<String> = expressions
        .iter()
        .zip(ours.chars().zip(theirs.chars()))
        .filter(|(_, (a, b))| a != b)
        .map(|(expression, (a, b))| format!("{expression}: {a}, pactester {b}"))
        .collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    ours
}

#[test]
fn names_are_compared_alike() {
    let hosts = [
        "www",
        "www.corp.test",
        "corp.test",
        "notcorp.test",
        "",
        "www.corp",
        "WWW.corp.test",
        "a.b.c.d",
    ];
    let domains = [".corp.test", "corp.test", "", "test", "www.corp.test.example"];
    let mut all = Vec::new();
    for host in hosts {
        all.push(format!("isPlainHostName('{host}')"));
        for domain in domains {
            all.push(format!("dnsDomainIs('{host}', '{domain}')"));
            all.push(format!("localHostOrDomainIs('{host}', '{domain}')"));
            all.push(format!("localHostOrDomainIs('{host}', 'www.corp.test')"));
        }
        for levels in 0..4 {
            all.push(format!("dnsDomainLevels('{host}') == {levels}"));
        }
    }
    agree(&all);
}

#[test]
fn patterns_match_alike() {
    let texts =
        ["http://www.corp.test/a/b.html", "www.corp.test", "wwwxcorp.test", "a+b", "", "a.b", "ab"];
    let patterns = [
        "*",
        "",
        "*corp*",
        "*.corp.test",
        "www?corp.test",
        "http://*/b.html",
        "(www|ftp).*",
        "a.b",
        "a?b",
        "*/a/*",
        "[aw]*",
        "a*b*",
    ];
    let all: Vec<String> = texts
        .iter()
        .flat_map(|text| patterns.iter().map(move |p| format!("shExpMatch('{text}', '{p}')")))
        .collect();
    agree(&all);
}

#[test]
fn addresses_are_compared_alike() {
    let hosts = [
        "192.0.2.7",
        "192.0.3.7",
        "10.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "999.0.2.7",
        "localhost",
        "no.invalid",
    ];
    let nets = ["192.0.2.0", "10.0.0.0", "0.0.0.0", "127.0.0.0", "192.0.2.7"];
    let masks = ["255.255.255.0", "255.0.0.0", "0.0.0.0", "255.255.255.255", "255.255.255.128"];
    let mut all = vec![
        "isResolvable('localhost')".to_owned(),
        "isResolvable('no.invalid')".to_owned(),
        "isResolvable('192.0.2.7')".to_owned(),
        "dnsResolve('192.0.2.7') == '192.0.2.7'".to_owned(),
        "dnsResolve('localhost') == '127.0.0.1'".to_owned(),
        "myIpAddress() == '198.51.100.10'".to_owned(),
        "isInNet(myIpAddress(), '198.51.100.0', '255.255.255.0')".to_owned(),
    ];
    for host in hosts {
        for net in nets {
            all.extend(masks.iter().map(|mask| format!("isInNet('{host}', '{net}', '{mask}')")));
        }
    }
    agree(&all);
}

#[test]
fn the_calendar_is_read_alike() {
    let now = ZonedDateTime::now();
    let days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    let months =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let mut all = Vec::new();
    for a in days {
        all.push(format!("weekdayRange('{a}')"));
        all.push(format!("weekdayRange('{a}', 'GMT')"));
        // pactester does not know ranges over the end of the week; browsers do.
        let later = days.iter().skip_while(|d| **d != a);
        all.extend(later.map(|b| format!("weekdayRange('{a}', '{b}')")));
    }
    for hour in 0..24 {
        all.push(format!("timeRange({hour})"));
        all.push(format!("timeRange({hour}, 'GMT')"));
        all.push(format!("timeRange({hour}, 0, 23, 59)"));
        all.push(format!("timeRange(0, 0, 0, {hour}, 0, 0)"));
        all.extend((hour..24).map(|to| format!("timeRange({hour}, {to})")));
    }
    for month in months {
        all.push(format!("dateRange('{month}')"));
        all.push(format!("dateRange('{month}', 'GMT')"));
    }
    for day in 1..=31 {
        all.push(format!("dateRange({day})"));
        all.push(format!("dateRange(1, {day})"));
    }
    let year = i32::from(now.year());
    for other in year - 2..=year + 2 {
        all.push(format!("dateRange({other})"));
        all.push(format!("dateRange({year}, {other})"));
        all.push(format!("dateRange(1, 'JAN', {other}, 28, 'DEC', {})", other + 1));
    }
    // Times that end within the minute would say when the test ran, not whether we agree.
    agree(&all);
}

#[test]
fn whole_scripts_answer_alike() {
    let script = r#"
        var proxies = "PROXY a.corp.test:3128; PROXY b.corp.test:3128; DIRECT";
        function FindProxyForURL(url, host) {
            undeclared = host.toLowerCase();
            if (isPlainHostName(undeclared) || dnsDomainIs(undeclared, ".corp.test")) return "DIRECT";
            if (isInNet(undeclared, "192.0.2.0", "255.255.255.0")) return "PROXY 192.0.2.254:8080";
            if (url.substring(0, 5) == "http:") return "PROXY plain.corp.test:80";
            return proxies;
        }"#;
    let mut answers = Vec::new();
    for to in [
        Destination::https("intranet", 443),
        Destination::https("www.corp.test", 443),
        Destination::https("192.0.2.7", 443),
        Destination::http("plain.example", 8080),
        Destination::https("comet.example", 443),
    ] {
        let to = to.unwrap();
        let theirs =
            theirs(script, &to).replace("PROXY ", "").replace(';', "").replace("DIRECT", "direct");
        assert_eq!(ours(script, &to), theirs, "{to}");
        answers.push(theirs);
    }
    answers.dedup();
    assert_eq!(answers.len(), 4);
}
