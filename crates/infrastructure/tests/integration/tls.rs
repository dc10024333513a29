//! Names and certificates (REQ NET-6, NET-7): who is spoken to is checked by both sides.

use std::os::unix::fs::PermissionsExt;

use rcgen::{CertificateParams, KeyPair};
use timbre_infrastructure::{Config, serve};
use timbre_protocol::{Refill, SignIn, write};

use crate::support::{Device, World, answered, client_trusting};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_ours_gets_no_handshake() {
    let world = World::on_sqlite().await;
    let url = format!("https://evil.timbre.localhost:{}/", world.running.https_addr.port());
    let error = world.client.get(&url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    let by_address = format!("https://{}/", world.running.https_addr);
    assert!(world.client.get(&by_address).send().await.unwrap_err().is_connect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_trusts_another_authority_does_not_connect() {
    let world = World::on_sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let other = folder.path().join("other.pem");
    std::fs::write(&other, params.self_signed(&key).unwrap().pem()).unwrap();
    let client = client_trusting(&other, world.running.https_addr);
    let error = client.get(world.url::<SignIn>()).send().await.unwrap_err();
    assert!(format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_another_host_is_misdirected() {
    let world = World::on_sqlite().await;
    let device = Device::new(42);
    let body = write(&device.refill("10"));
    for (host, says) in
        [("uploads.timbre.localhost", "uploads.timbre.localhost"), ("example.org", "example.org")]
    {
        let request = world.client.post(world.url::<Refill>()).header("Host", host);
        let request = request.header("Content-Type", "application/xml").body(body.clone());
        let sent = answered::<timbre_protocol::refill::Reply>(request).await;
        assert!(sent.text.contains(says), "{}", sent.text);
        assert_eq!(sent.refused(), (421, "misdirected".to_owned()));
    }
    // The right host in name and handshake, the path of another.
    let url = world.url::<Refill>().replace("/comet/v1/refill", "/uploads/v1/transactions");
    let request = world.client.post(url).header("Content-Type", "application/xml").body(body);
    let sent = answered::<timbre_protocol::refill::Reply>(request).await;
    assert!(sent.text.contains("it goes to uploads.timbre.localhost"), "{}", sent.text);
    assert_eq!(sent.refused(), (421, "misdirected".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_and_the_keys_outlive_the_process() {
    let world = World::on_sqlite().await;
    let (config, ca_pem) = (world.config.clone(), world.running.ca_pem.clone());
    let root = std::fs::read(&ca_pem).unwrap();
    let mut device = world.installed(42).await;
    world.running.shutdown().await;
    let running = serve(config).await.unwrap();
    assert_eq!(std::fs::read(&running.ca_pem).unwrap(), root);
    let client = client_trusting(&ca_pem, running.https_addr);
    let world = World { client, running, ..world };
    // The token of the process before is still good: the Distributor's key is the same.
    world.deposit("100").await;
    world.refill(&mut device, "50").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exposed_or_halved_authority_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::for_directory(folder.path());
    serve(config.clone()).await.unwrap().shutdown().await;
    let key = folder.path().join("ca/ca.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let error = serve(config.clone()).await.unwrap_err().to_string();
    assert!(error.contains("ca.key: ") && error.contains("chmod 600"), "{error}");
    std::fs::remove_file(&key).unwrap();
    let error = serve(config).await.unwrap_err().to_string();
    assert!(error.contains("is missing; restore it"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_offers_some_services_only_has_no_certificate_for_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::for_directory(folder.path());
    config.only = vec!["distributor".to_owned()];
    let running = serve(config).await.unwrap();
    let client = client_trusting(&running.ca_pem, running.https_addr);
    let port = running.https_addr.port();
    let comet = format!("https://comet.timbre.localhost:{port}/comet/v1/refill");
    assert!(client.post(&comet).send().await.unwrap_err().is_connect());
    let distributor = format!("https://distributor.timbre.localhost:{port}/distributor/v1/sign-in");
    assert_eq!(client.get(&distributor).send().await.unwrap().status(), 405);
    running.shutdown().await;
}
