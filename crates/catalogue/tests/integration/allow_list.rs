//! Which destinations the meter may open, and how a deployment moves to its own domain
//! (REQ NET-10).

use timbre_catalogue::{Catalogue, DomainError, endpoint};

#[test]
fn each_exchange_has_a_row_with_one_https_url() {
    let catalogue = Catalogue::timbre();
    let rows = [
        (endpoint::SIGN_IN, "https://distributor.timbre.localhost/distributor/v1/sign-in"),
        (endpoint::INSTALLATION, "https://comet.timbre.localhost/comet/v1/installation"),
        (endpoint::REFILL, "https://comet.timbre.localhost/comet/v1/refill"),
        (endpoint::INSPECTION, "https://comet.timbre.localhost/comet/v1/inspection"),
        (endpoint::WITHDRAWAL, "https://comet.timbre.localhost/comet/v1/withdrawal"),
        (endpoint::REPLACEMENT, "https://comet.timbre.localhost/comet/v1/replacement"),
        (endpoint::TRANSACTION_UPLOAD, "https://uploads.timbre.localhost/uploads/v1/transactions"),
        (
            endpoint::STARTUP_REFRESH,
            "https://downloads.timbre.localhost/downloads/v1/startup-refresh",
        ),
        (endpoint::RATE_DOWNLOAD, "https://downloads.timbre.localhost/downloads/v1/rates"),
    ];
    let exchanges = catalogue.endpoints().iter().filter(|row| row.exchange.is_some());
    assert_eq!(exchanges.count(), rows.len());
    for (id, url) in rows {
        let row = catalogue.get(&id).unwrap();
        assert_eq!(row.uses.len(), 1);
        assert_eq!(row.target().to_string(), url);
        assert!(row.exchange.is_some(), "{id} carries no exchange");
    }
}

#[test]
fn a_row_without_an_exchange_says_why_and_what_is_lost_without_it() {
    let catalogue = Catalogue::timbre();
    let rows = [
        (endpoint::CATALOGUE_VERSION, "https://catalogue.timbre.localhost/catalogue/v1/version"),
        (
            endpoint::CATALOGUE_ENDPOINTS,
            "https://catalogue.timbre.localhost/catalogue/v1/endpoints",
        ),
        (endpoint::CATALOGUE_CHANGES, "https://catalogue.timbre.localhost/catalogue/v1/changes"),
        (endpoint::NETWORK_TEST_CLEAR, "http://network-test.timbre.localhost/network-test/v1/"),
        (endpoint::NETWORK_TEST_SECURE, "https://network-test.timbre.localhost/network-test/v1/"),
    ];
    let plain = catalogue.endpoints().iter().filter(|row| row.exchange.is_none());
    assert_eq!(plain.count(), rows.len());
    for (id, url) in rows {
        let row = catalogue.get(&id).unwrap();
        assert_eq!(row.uses.len(), 1);
        assert_eq!(row.target().to_string(), url);
        assert!(row.plain.is_some(), "{id} does not say why");
        assert!(row.lost_if_blocked.is_some(), "{id} does not say what is lost");
    }
}

#[test]
fn services_and_their_rows_are_listed_in_order() {
    let catalogue = Catalogue::timbre();
    assert_eq!(
        catalogue.services(),
        ["distributor", "comet", "uploads", "downloads", "catalogue", "network-test"]
    );
    let comet: Vec<_> = catalogue.of_service("comet").map(|row| row.id.as_str()).collect();
    assert_eq!(
        comet,
        [
            "comet.installation",
            "comet.refill",
            "comet.inspection",
            "comet.withdrawal",
            "comet.replacement",
        ]
    );
}

#[test]
fn only_listed_hosts_at_their_ports_are_allowed() {
    let catalogue = Catalogue::timbre();
    assert!(catalogue.allows("comet.timbre.localhost", 443));
    assert!(catalogue.allows("COMET.timbre.LOCALHOST", 443));
    assert!(catalogue.allows("network-test.timbre.localhost", 80));
    for (host, port) in [
        ("comet.timbre.localhost", 80),
        ("catalogue.timbre.localhost", 80),
        ("timbre.localhost", 443),
        ("evil.comet.timbre.localhost", 443),
        ("comet.timbre.localhost.evil.example", 443),
        ("comet.timbre.localhost.", 443),
        ("127.0.0.1", 443),
        ("", 443),
    ] {
        assert!(!catalogue.allows(host, port), "{host}:{port}");
    }
}

#[test]
fn rows_that_are_off_by_default_open_nothing() {
    let catalogue = Catalogue::connect_plus_sendpro_p();
    assert!(catalogue.allows("smt.pb.com", 443));
    assert!(catalogue.allows("192.0.2.53", 53), "the document names no resolver");
    assert!(!catalogue.allows("master1.teamviewer.com", 443));
    assert!(!catalogue.allows("anything.example", 5938));
    assert!(!catalogue.allows("sending.us.pitneybowes.com", 443));
}

#[test]
fn a_deployment_moves_to_its_own_domain_whole() {
    let catalogue = Catalogue::timbre().with_domain("Franking.Example.org").unwrap();
    assert_eq!(catalogue.domain(), Some("franking.example.org"));
    let refill = catalogue.get(&endpoint::REFILL).unwrap();
    assert_eq!(refill.target().to_string(), "https://comet.franking.example.org/comet/v1/refill");
    assert_eq!(refill.printed.urls, ["https://comet.franking.example.org/comet/v1/refill"]);
    assert_eq!(refill.printed.domains, ["comet.franking.example.org"]);
    assert!(catalogue.allows("comet.franking.example.org", 443));
    assert!(!catalogue.allows("comet.timbre.localhost", 443));
    assert!(catalogue.lint().is_empty());
}

#[test]
fn a_domain_that_is_no_dns_name_is_refused() {
    let too_long = ["a"; 124].join(".");
    for domain in
        ["", ".", "a b", "-a.org", "exa_mple.org", "192.0.2.1", "a..b", "é.org", &too_long]
    {
        let refused = Catalogue::timbre().with_domain(domain);
        assert_eq!(refused, Err(DomainError::NotAName(domain.to_owned())));
    }
}

#[test]
fn another_ones_network_does_not_move() {
    let refused = Catalogue::connect_plus_sendpro_p().with_domain("example.org").unwrap_err();
    assert!(matches!(refused, DomainError::Fixed(_)));
    assert!(refused.to_string().contains("Connect+"));
}
