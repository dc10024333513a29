//! REQ NET-6: whoever opens TLS is noticed, and named.

use rcgen::KeyPair;
use timbre_network_test::{CheckId, Code, Confidence, Culprit, Overall, Verdict};

use super::authority::{Authority, Validity, oldest, pin};
use super::origin::Hello;
use super::town::{COMET, PROBE, Town, check, codes, without_line};

fn only(code: Code) -> Vec<Code> {
    vec![code]
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_told_apart() {
    let stranger = Authority::named("Somebody Else");
    for (validity, hosts, ours, code) in [
        (Validity::Past, [COMET], true, Code::TlsExpired),
        (Validity::Future, [COMET], true, Code::TlsNotYetValid),
        (Validity::Now, ["other.town.test"], true, Code::TlsWrongName),
        (Validity::Now, [COMET], false, Code::TlsUnknownIssuer),
    ] {
        let town = Town::healthy().await;
        let by = if ours { &town.authority } else { &stranger };
        let tls = by.server(&hosts, validity);
        town.comet.behaves(|manner| manner.hello = Hello::Tls(tls));
        let report = town.test_light().await;
        assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(code));
        assert_eq!(check(&report, CheckId::TlsIdentity, COMET).verdict, Verdict::Fail);
    }
}

#[tokio::test]
async fn each_way_of_ending_a_handshake_is_told_apart() {
    for (hello, code) in [
        (Hello::HangUp, Code::TlsResetAfterHello),
        (Hello::Silence, Code::TlsSilentAfterHello),
        (Hello::Text("HTTP/1.1 403 Forbidden\r\n\r\n"), Code::TlsNotTls),
        // An alert: handshake_failure.
        (Hello::Text("\x15\x03\x03\x00\x02\x02\x28"), Code::TlsRefused),
    ] {
        let town = Town::healthy().await;
        town.comet.behaves(|manner| manner.hello = hello);
        let report = town.test_light().await;
        assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(code));
    }
}

/// As squid and mitmproxy do it: one key for every host.
#[tokio::test]
async fn an_interceptor_is_proved_by_the_key_it_reuses() {
    let town = Town::healthy().await;
    let corp = Authority::named("Example Corp TLS Inspection CA");
    let key = KeyPair::generate().unwrap();
    for (origin, host) in [(&town.comet, COMET), (&town.secure, PROBE)] {
        let tls = corp.forged(host, &key);
        origin.behaves(|manner| manner.hello = Hello::Tls(tls));
    }
    let report = town.test_light().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::TlsInspected));
    let forged = check(&report, CheckId::TlsForged, COMET);
    assert_eq!(forged.verdict, Verdict::Fail);
    assert!(forged.fact("proof").unwrap().starts_with("the same key as"), "{forged:?}");
    let blame = forged.blame.clone().unwrap();
    assert_eq!((blame.who, blame.confidence), (Culprit::TlsInspector, Confidence::Certain));
    assert!(blame.name.unwrap().contains("Example Corp"));
    assert_eq!(report.verdict, Overall::NotReady);
    // Nothing is asked over a forged connection.
    assert!(town.comet.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_interceptor_is_proved_by_giving_out_its_own_key_even_at_one_host() {
    let town = Town::healthy().await;
    let corp = Authority::named("Any Name");
    let tls = corp.forged(COMET, corp.own_key());
    town.comet.behaves(|manner| manner.hello = Hello::Tls(tls));
    let report = town.test_light().await;
    let identity = check(&report, CheckId::TlsIdentity, COMET);
    assert_eq!(identity.code, Some(Code::TlsInspected));
    assert_eq!(identity.blame.as_ref().unwrap().confidence, Confidence::Certain);
}

/// The name serves the blame alone.
#[tokio::test]
async fn a_product_that_names_itself_is_named() {
    let town = Town::healthy().await;
    let tls = Authority::named("Fortinet_CA_SSL").server(&[COMET], Validity::Now);
    town.comet.behaves(|manner| manner.hello = Hello::Tls(tls));
    let report = town.test_light().await;
    let blame = check(&report, CheckId::TlsIdentity, COMET).blame.clone().unwrap();
    assert_eq!(blame.name.as_deref(), Some("Fortinet FortiGate"));
    assert_eq!(blame.confidence, Confidence::Likely);
    // A genuine authority of that name is believed all the same: no list decides.
    let genuine = Authority::named("Fortinet_CA_SSL");
    let tls = genuine.server(&[COMET], Validity::Now);
    town.comet.behaves(|manner| manner.hello = Hello::Tls(tls));
    let report = town
        .test_as(|plan| {
            without_line(plan);
            plan.roots = timbre_network_test::Roots::Pem(
                [town.authority.pem.as_str(), &genuine.pem].concat().into_bytes(),
            );
        })
        .await;
    assert_eq!(codes(&report).len(), 0, "{:?}", codes(&report));
}

#[tokio::test]
async fn a_key_that_is_not_the_pinned_one_is_refused_whoever_signed_it() {
    let town = Town::healthy().await;
    let other = pin(&KeyPair::generate().unwrap());
    let report = town
        .test_as(|plan| {
            without_line(plan);
            plan.pins.insert(COMET.to_owned(), other);
        })
        .await;
    let identity = check(&report, CheckId::TlsIdentity, COMET);
    assert_eq!(identity.verdict, Verdict::Fail);
    assert_eq!(identity.fact("pin"), Some("does not match"));
}

#[tokio::test]
async fn an_older_version_than_the_service_speaks_was_lowered_on_the_way() {
    let town = Town::healthy().await;
    let tls = oldest(&town.authority, &[PROBE]);
    town.secure.behaves(|manner| manner.hello = Hello::Tls(tls));
    let report = town.test_light().await;
    assert_eq!(codes(&report).into_iter().collect::<Vec<_>>(), only(Code::TlsVersionLowered));
    assert_eq!(check(&report, CheckId::TlsVersion, PROBE).fact("version"), Some("TLSv1_2"));
}

#[tokio::test]
async fn roots_that_hold_nothing_cannot_judge() {
    let town = Town::healthy().await;
    let report = town
        .test_as(|plan| {
            without_line(plan);
            plan.roots = timbre_network_test::Roots::Pem(b"nothing".to_vec());
        })
        .await;
    let identity = check(&report, CheckId::TlsIdentity, COMET);
    assert_eq!(
        (identity.verdict, identity.code),
        (Verdict::Inconclusive, Some(Code::CouldNotTest))
    );
}
