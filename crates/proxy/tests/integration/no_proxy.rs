//! `no_proxy` against the program whose reading of it everybody follows: `curl` says which it would ask.

use std::process::Command;

use timbre_proxy::NoProxy;

use crate::machine::{free_port, tool};

/// Whether curl goes past the proxy: nothing listens there, so it says where it wanted to go.
fn curl_goes_past(list: &str, host: &str) -> bool {
    let proxy = free_port();
    let output = Command::new(tool("/usr/bin/curl", "curl"))
        .args(["-sv", "--max-time", "5", "--proxy", &format!("http://{proxy}"), "--noproxy", list])
        // Past the proxy, every name is this machine, at a port where nothing listens either.
        .args(["--connect-to", "::127.0.0.1:1"])
        .arg(format!("http://{host}/"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let asks_proxy = told.contains(&format!("127.0.0.1:{}", proxy.port()))
        || told.contains(&format!("127.0.0.1 port {}", proxy.port()));
    let past =
        told.contains("127.0.0.1:1.") || told.contains("127.0.0.1:1 ") || told.contains("port 1 ");
    assert!(asks_proxy != past, "{list:?} {host}: {told}");
    past
}

#[test]
fn exceptions_are_read_as_curl_reads_them() {
    let lists = [
        "*",
        "corp.test",
        ".corp.test",
        "corp.test.",
        "a.test, corp.test",
        "a.test corp.test",
        "CORP.TEST",
        "192.0.2.7",
        "192.0.2.0/24",
        "192.0.2.0/25",
        "192.0.2.0/33",
        "test",
        "",
        ",",
        "www.corp.test:80",
    ];
    let hosts = ["corp.test", "www.corp.test", "notcorp.test", "192.0.2.7", "192.0.2.200"];
    let mut past = 0;
    for list in lists {
        for host in hosts {
            let expected = curl_goes_past(list, host);
            past += u32::from(expected);
            assert_eq!(NoProxy::from(list).covers(host), expected, "{list:?} {host}");
        }
    }
    assert!(past > 20, "curl asked the proxy nearly always: {past}");
}
