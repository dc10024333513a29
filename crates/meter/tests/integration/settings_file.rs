//! `meter.toml`: what is read, and how each mistake is told.

use std::path::Path;

use timbre_meter::Settings;
use timbre_postage::Language;

const GOOD: &str = r#"
serial = "TM0000042"
language = "fr"
time_zone = "America/Toronto"

[infrastructure]
connect = "127.0.0.1:8443"
domain = "timbre.example.org"
ca = "ca.pem"

[refill]
automatic = true
threshold = "20.00"
amount = 100

[print]
dpi = 600
output = "marks"
"#;

fn parse(text: &str) -> Result<Settings, String> {
    Settings::parse(text, Path::new("meter.toml")).map_err(|error| error.to_string())
}

#[test]
fn a_whole_file_is_read() {
    let settings = parse(GOOD).unwrap();
    assert_eq!(settings.serial.to_string(), "TM0000042");
    assert_eq!(settings.language, Language::French);
    assert_eq!(settings.infrastructure.connect.unwrap().to_string(), "127.0.0.1:8443");
    assert_eq!(settings.refill.amount.to_string(), "100.00 CAD");
    assert!(settings.refill.automatic);
    assert_eq!(settings.print.dpi, 600);
}

#[test]
fn what_is_written_is_read_back() {
    let settings = parse(GOOD).unwrap();
    let written = settings.to_toml();
    assert_eq!(parse(&written).unwrap().to_toml(), written);
    let fresh = Settings::new("TM0000007".parse().unwrap(), "C:\\odd \"name\".pem");
    let again = parse(&fresh.to_toml()).unwrap();
    assert_eq!(again.infrastructure.ca, fresh.infrastructure.ca);
    assert_eq!(again.infrastructure.connect, None);
}

#[test]
fn every_mistake_names_the_file_the_line_and_the_field() {
    let table = [
        (
            "TM0000042",
            "42",
            "meter.toml:2: serial: “42” is not a meter serial: TM and seven digits",
        ),
        ("\"fr\"", "\"de\"", "meter.toml:3: language: unknown variant `de`"),
        ("America/Toronto", "Moon/Base", "meter.toml:4: time_zone: “Moon/Base” is not a time zone"),
        (
            "127.0.0.1:8443",
            "127.0.0.1",
            "meter.toml:7: infrastructure.connect: “127.0.0.1” is not an address and a port",
        ),
        (
            "timbre.example.org",
            "-no-",
            "meter.toml:8: infrastructure.domain: “-no-” is not a domain",
        ),
        ("ca = \"ca.pem\"", "ca = 7", "meter.toml:9: infrastructure.ca: invalid type"),
        (
            "automatic = true",
            "automatic = \"yes\"",
            "meter.toml:12: refill.automatic: invalid type",
        ),
        ("\"20.00\"", "\"a lot\"", "meter.toml:13: refill.threshold: “a lot” is not an amount"),
        ("\"20.00\"", "20.5", "meter.toml:13: refill.threshold: write an amount in quotes"),
        ("= 100", "= 0", "meter.toml:14: refill.amount: “0” is not more than zero"),
        ("600", "72", "meter.toml:17: print.dpi: 72 dots per inch cannot be printed: 300 or 600"),
        ("output = ", "folder = ", "meter.toml:18: print.folder: unknown field `folder`"),
    ];
    for (right, wrong, told) in table {
        let text = GOOD.replace(right, wrong);
        assert_ne!(text, GOOD);
        let error = parse(&text).unwrap_err();
        assert!(error.starts_with(told), "{error}");
    }
}

const PROXY: &str = r#"
[proxy]
use = "http://proxy.example:3128"
no_proxy = "intranet.example, 192.0.2.0/24"
user = 'CORP\meter'
password_file = "proxy-password"
forbid_basic = true
"#;

#[test]
fn a_proxy_is_read_written_and_read_back() {
    let text = format!("{GOOD}{PROXY}");
    let proxy = parse(&text).unwrap().infrastructure.proxy;
    assert_eq!(proxy.way.to_string(), "http://proxy.example:3128");
    assert!(proxy.no_proxy.covers("www.intranet.example") && proxy.no_proxy.covers("192.0.2.9"));
    assert_eq!(proxy.user.as_deref(), Some("CORP\\meter"));
    assert_eq!(proxy.password_file.as_deref(), Some(Path::new("proxy-password")));
    assert!(proxy.forbid_basic && !proxy.kerberos);
    let written = parse(&text).unwrap().to_toml();
    assert_eq!(parse(&written).unwrap().infrastructure.proxy, proxy);
    // Without the section there is none.
    let none = parse(GOOD).unwrap().infrastructure.proxy;
    assert_eq!(none, timbre_meter::Proxy::default());
    assert_eq!(parse(&parse(GOOD).unwrap().to_toml()).unwrap().infrastructure.proxy, none);
    for way in ["none", "environment", "pac:http://wpad.example/proxy.pac", "pac:proxy.pac"] {
        let text = text.replace("http://proxy.example:3128", way);
        assert_eq!(parse(&text).unwrap().infrastructure.proxy.way.to_string(), way);
    }
}

#[test]
fn every_mistake_about_the_proxy_names_its_place_and_no_password() {
    let user = "user = 'CORP\\meter'";
    let file = "password_file = \"proxy-password\"";
    let table = [
        (
            "http://proxy.example:3128",
            "proxy.example",
            "meter.toml:21: proxy.use: “proxy.example” is not a proxy",
        ),
        (
            "proxy.example:3128",
            "a:hunter2@b:1",
            "meter.toml:21: proxy.use: “http://…@b:1” is not a proxy",
        ),
        (
            "http://proxy.example:3128",
            "pac:https://a/b",
            "meter.toml:21: proxy.use: the meter trusts only",
        ),
        (user, "", "meter.toml:24: proxy.password_file: whose password is it?"),
        (file, "", "meter.toml:23: proxy.user: name the file of its password"),
        (
            file,
            "password = \"hunter2\"",
            "meter.toml:24: proxy.password: a password is not written here",
        ),
        (user, "user = \"a\\nb\"", "meter.toml:23: proxy.user: is not a name"),
        (
            "forbid_basic = true",
            "forbid_basic = 1",
            "meter.toml:25: proxy.forbid_basic: invalid type",
        ),
        ("forbid_basic", "forbid", "meter.toml:25: proxy.forbid: unknown field `forbid`"),
    ];
    let good = format!("{GOOD}{PROXY}");
    for (right, wrong, told) in table {
        let text = good.replace(right, wrong);
        assert_ne!(text, good);
        let error = parse(&text).unwrap_err();
        assert!(error.starts_with(told), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_missing_field_is_named() {
    let error = parse(&GOOD.replace("serial = \"TM0000042\"", "")).unwrap_err();
    assert!(error.contains("missing field `serial`"), "{error}");
    let error = parse(&GOOD.replace("ca = \"ca.pem\"", "")).unwrap_err();
    assert!(error.contains("missing field `ca`"), "{error}");
}

#[test]
fn what_is_not_toml_says_where() {
    let error = parse("serial = TM0000042\n").unwrap_err();
    assert!(error.starts_with("meter.toml:1"), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Settings::read(Path::new("/nowhere/meter.toml")).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/meter.toml: cannot be read"), "{error}");
}

/// What the walls around the meter must let through besides the catalogue.
#[test]
fn the_proxies_of_a_script_are_named_and_the_machine_s_resolver_is_kept() {
    let script = "\n[proxy]\nuse = \"pac:http://wpad.example:8000/proxy.pac\"\nproxies = [\"a.example:3128\", \"b.example:8080\"]\n";
    let resolver = "domain = \"timbre.example.org\"\nresolver = \"/run/timbre/resolver.sock\"";
    let text = format!("{GOOD}{script}").replace("domain = \"timbre.example.org\"", resolver);
    let settings = parse(&text).unwrap();
    let again = parse(&settings.to_toml()).unwrap().infrastructure;
    assert_eq!(again.resolver.as_deref(), Some(Path::new("/run/timbre/resolver.sock")));
    let destinations = again.proxy.destinations(&|_| None);
    let expected = [("wpad.example", 8000), ("a.example", 3128), ("b.example", 8080)];
    assert_eq!(destinations, expected.map(|(host, port)| (host.to_owned(), port)));

    let text = format!("{GOOD}{script}").replace("pac:http://wpad.example:8000/proxy.pac", "none");
    let error = parse(&text).unwrap_err();
    assert!(error.starts_with("meter.toml:22: proxy.proxies: only a script"), "{error}");
}
