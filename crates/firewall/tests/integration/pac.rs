//! A PAC file sends every destination directly and nothing else, by the judgement of pactester
//! (REQ NET-9).

use std::path::Path;

use tempfile::tempdir;
use timbre_catalogue::{Host, Scheme};
use timbre_firewall::{Dialect, Mode};

use crate::judges::{catalogues, content, everything, rules, run, save};

/// Where a PAC file sends a URL.
fn way(pac: &Path, url: &str, host: &str) -> String {
    let pac = pac.display().to_string();
    let output = run("pactester", "libpacparser1", &["-p", &pac, "-u", url, "-h", host]);
    content(&output, url);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn every_destination_is_direct_and_everything_else_goes_to_the_proxy() {
    for catalogue in catalogues() {
        let folder = tempdir().unwrap();
        save(&rules(Dialect::Pac, &catalogue, &everything(Mode::Names)), folder.path());
        let pac = folder.path().join("timbre.pac");
        for target in catalogue.endpoints().iter().flat_map(|endpoint| &endpoint.uses) {
            let web = matches!(target.scheme, Scheme::Http | Scheme::Https | Scheme::Ftp);
            let host = match &target.host {
                Host::Name(name) => name.to_uppercase(),
                Host::Under(parent) => format!("a.b.{parent}"),
                Host::Any => continue,
            };
            assert!(web, "{target}");
            let url = format!("{}://{host}{}", target.scheme.as_str(), target.path);
            assert_eq!(way(&pac, &url, &host), "DIRECT", "{url}");
            let other_port = format!("{}://{host}:8443/", target.scheme.as_str());
            assert_eq!(way(&pac, &other_port, &host), "PROXY proxy.example:3128", "{other_port}");
        }
        for other in [
            "example.com",
            "teamviewer.com",
            "evilteamviewer.com",
            "distservp1.pb.com.evil.example",
        ] {
            let url = format!("https://{other}/");
            assert_eq!(way(&pac, &url, other), "PROXY proxy.example:3128", "{other}");
        }
    }
}

#[test]
fn published_blocks_are_direct_by_address() {
    let folder = tempdir().unwrap();
    save(&rules(Dialect::Pac, &catalogues()[0], &everything(Mode::Blocks)), folder.path());
    let pac = folder.path().join("timbre.pac");
    for (address, direct) in [
        ("199.231.32.0", true),
        ("199.231.47.255", true),
        ("199.231.48.0", false),
        ("152.144.192.210", true),
        ("152.144.192.212", false),
    ] {
        let way = way(&pac, &format!("http://{address}/"), address);
        assert_eq!(way == "DIRECT", direct, "{address}: {way}");
    }
}

#[test]
fn the_rollback_is_a_pac_file_too() {
    let folder = tempdir().unwrap();
    save(&rules(Dialect::Pac, &catalogues()[0], &everything(Mode::Both)), folder.path());
    let pac = folder.path().join("timbre-rollback.pac");
    assert_eq!(
        way(&pac, "https://distservp1.pb.com/", "distservp1.pb.com"),
        "PROXY proxy.example:3128"
    );
}
