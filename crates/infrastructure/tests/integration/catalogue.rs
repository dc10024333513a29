//! The catalogue service (REQ NET-8): lists that a firewall can subscribe to, signed, with a history.

use std::collections::BTreeSet;

use reqwest::Response;
use serde_json::Value;
use sha2::{Digest, Sha256};
use timbre_catalogue::{Catalogue, Group, Version, export};
use timbre_infrastructure::{Anchors, Config, serve};
use timbre_key_store::Signature;

use crate::support::{World, client_trusting, on_both};

on_both!(
    what_comes_with_the_program_is_published_from_the_start,
    every_answer_is_signed_and_may_be_kept_for_an_hour,
    a_new_version_tells_what_it_changes_since_each_version_before,
    a_version_has_one_text_and_only_goes_forward,
    a_catalogue_with_a_mistake_is_not_published,
    another_process_finds_the_history,
);

struct Got {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

async fn read(response: Response) -> Got {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Got { status, headers, body: response.text().await.unwrap() }
}

impl World {
    async fn catalogue(&self, path: &str) -> Got {
        let url = self.at("catalogue", &format!("/catalogue/v1/{path}"));
        read(self.client.get(url).send().await.unwrap()).await
    }
}

/// The connect-plus-sendpro-p catalogue with another version, and perhaps another host for its Distributor.
fn edition(version: &str, host: Option<&str>) -> String {
    let shipped = Catalogue::connect_plus_sendpro_p();
    let text = export::json(&shipped);
    let text = text.replacen(
        &format!("\"version\": {}", shipped.version()),
        &format!("\"version\": {version}"),
        1,
    );
    match host {
        Some(host) => text.replace("distservp1.pb.com", host),
        None => text,
    }
}

async fn what_comes_with_the_program_is_published_from_the_start(world: World) {
    let got = world.catalogue("version").await;
    assert_eq!(got.status, 200);
    let answer = got.json();
    assert_eq!(answer["schema"], "timbre-catalogue-version/1");
    let rows = answer["catalogues"].as_array().unwrap();
    let named = |name: &str| rows.iter().find(|row| row["catalogue"] == name).unwrap();
    for (name, catalogue) in Catalogue::shipped() {
        assert_eq!(named(name)["version"], u32::from(catalogue.version()));
        assert_eq!(named(name)["effective_from"], catalogue.effective_from().to_string());
    }
    let got = world.catalogue("endpoints?catalogue=connect-plus-sendpro-p").await;
    assert_eq!(got.header("content-type"), "application/json");
    let read = Catalogue::read_json("answer", &got.body).unwrap();
    assert_eq!(read, Catalogue::connect_plus_sendpro_p());
    // Without a name, our own.
    let own = world.catalogue("endpoints").await;
    assert_eq!(Catalogue::read_json("answer", &own.body).unwrap(), Catalogue::timbre());
}

async fn every_answer_is_signed_and_may_be_kept_for_an_hour(world: World) {
    let anchors = Anchors::of(&world.config).await.unwrap();
    let key = anchors.distributor_key.unwrap();
    let name = "catalogue=connect-plus-sendpro-p";
    let since = Catalogue::connect_plus_sendpro_p().version();
    for path in [
        "version".to_owned(),
        format!("endpoints?{name}"),
        format!("endpoints?{name}&format=csv&scope=required,optional-on"),
        format!("endpoints?{name}&format=hosts&scope=required%2Cnetwork-test"),
        format!("endpoints?{name}&format=addresses&scope=all"),
        format!("changes?{name}&since={since}"),
    ] {
        let got = world.catalogue(&path).await;
        assert_eq!(got.status, 200, "{path}: {}", got.body);
        let signature: Signature = got.header("timbre-signature").parse().unwrap();
        key.verify(got.body.as_bytes(), &signature).unwrap();
        assert!(key.verify(got.body.replacen('1', "2", 1).as_bytes(), &signature).is_err());
        assert_eq!(got.header("timbre-key"), key.key_id().to_string());
        assert_eq!(got.header("cache-control"), "public, max-age=3600");
        let tag = got.header("etag").to_owned();
        assert_eq!(world.catalogue(&path).await.header("etag"), tag, "the same bytes");
        let url = world.at("catalogue", &format!("/catalogue/v1/{path}"));
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let again = world.client.get(&url).header("If-None-Match", known);
            let again = read(again.send().await.unwrap()).await;
            assert_eq!((again.status, again.body.as_str()), (304, ""));
            assert_eq!(again.header("etag"), tag);
            // What the caller has kept can be checked again.
            let signature: Signature = again.header("timbre-signature").parse().unwrap();
            key.verify(got.body.as_bytes(), &signature).unwrap();
        }
        let other = world.client.get(&url).header("If-None-Match", "\"other\"");
        assert_eq!(other.send().await.unwrap().status(), 200);
        let head = world.client.head(&url).send().await.unwrap();
        assert_eq!(head.headers()["content-length"], got.body.len().to_string());
    }
}

async fn a_new_version_tells_what_it_changes_since_each_version_before(world: World) {
    let name = "connect-plus-sendpro-p";
    let first = Catalogue::connect_plus_sendpro_p().version();
    let second: Version = "2999010101".parse().unwrap();
    let third: Version = "2999010200".parse().unwrap();
    let moved = edition("2999010101", Some("distservp2.pb.com"));
    let published = world.staff.publish_catalogue("moved.json", &moved).await.unwrap();
    assert_eq!((published.version, published.who.as_str()), (second, "scenario"));
    let moved_on = edition("2999010200", Some("distservp3.pb.com"));
    world.staff.publish_catalogue("moved-on.json", &moved_on).await.unwrap();
    let changes = async |since: u32| {
        let path = format!("changes?catalogue={name}&since={since}");
        world.catalogue(&path).await.json()
    };
    let distributor = |answer: &Value| {
        let changes = answer["changes"].as_array().unwrap().clone();
        let change = changes.into_iter().find(|change| change["impact"] == "added-host");
        let change = change.unwrap_or_else(|| panic!("{answer}"));
        (change["add"]["hosts"][0].clone(), change["remove"]["hosts"][0].clone())
    };
    let answer = changes(first.into()).await;
    assert_eq!(answer["schema"], "timbre-catalogue-changes/1");
    assert_eq!(
        (&answer["from"], &answer["to"]),
        (&u32::from(first).into(), &u32::from(third).into())
    );
    let from_to = ("distservp3.pb.com:443".into(), "distservp1.pb.com:443".into());
    assert_eq!(distributor(&answer), from_to);
    let from_to = ("distservp3.pb.com:443".into(), "distservp2.pb.com:443".into());
    assert_eq!(distributor(&changes(second.into()).await), from_to);
    // A version between two that are kept means the one that held then.
    assert_eq!(distributor(&changes(u32::from(second) + 5).await), from_to);
    assert_eq!(changes(third.into()).await["changes"].as_array().unwrap().len(), 0);
    assert_eq!(changes(2_999_123_100).await["changes"].as_array().unwrap().len(), 0);
    let got = world.catalogue(&format!("changes?catalogue={name}&since=1999010100")).await;
    assert_eq!((got.status, got.json()["code"].as_str().unwrap()), (404, "unknown-version"));
    assert!(got.body.contains(&first.to_string()), "{}", got.body);
    let got = world.catalogue(&format!("endpoints?catalogue={name}&format=hosts")).await;
    assert!(got.body.lines().any(|line| line == "distservp3.pb.com"), "{}", got.body);
    let version = world.catalogue("version").await.json();
    let rows = version["catalogues"].as_array().unwrap();
    let row = rows.iter().find(|row| row["catalogue"] == name).unwrap();
    assert_eq!(row["version"], u32::from(third));
    let versions = [first, second, third].map(u32::from);
    assert_eq!(row["versions"], serde_json::json!(versions));
    let log = world.staff.audit_log(Some("catalogue connect-plus-sendpro-p")).await.unwrap();
    let told: Vec<_> = log.iter().map(|line| (line.who.as_str(), line.what.as_str())).collect();
    assert_eq!(told, [("scenario", "published"), ("scenario", "published")]);
}

async fn a_version_has_one_text_and_only_goes_forward(world: World) {
    let text = edition("2999010101", None);
    let first = world.staff.publish_catalogue("c.json", &text).await.unwrap();
    let again = world.staff.publish_catalogue("c.json", &text).await.unwrap();
    assert_eq!(first, again);
    let other = edition("2999010101", Some("x.pb.com"));
    let error = world.staff.publish_catalogue("c.json", &other).await.unwrap_err();
    assert_eq!(error.code(), "catalogue-published");
    let older = edition("2998123199", None);
    let error = world.staff.publish_catalogue("c.json", &older).await.unwrap_err();
    assert_eq!(error.code(), "catalogue-outdated");
    assert!(error.to_string().contains("older than 2999010101"), "{error}");
    let kept = world.staff.catalogues().await.unwrap();
    assert_eq!(kept.len(), Catalogue::shipped().len() + 1);
}

async fn a_catalogue_with_a_mistake_is_not_published(world: World) {
    let text = edition("2999010101", Some("not a name"));
    let error = world.staff.publish_catalogue("office/c.json", &text).await.unwrap_err();
    assert_eq!(error.code(), "catalogue");
    assert!(error.to_string().contains("office/c.json:"), "{error}");
    let error = world.staff.publish_catalogue("c.toml", "id = \"x\"\n").await.unwrap_err();
    assert!(error.to_string().starts_with("catalogue: c.toml:"), "{error}");
    assert_eq!(world.staff.catalogues().await.unwrap().len(), Catalogue::shipped().len());
}

async fn another_process_finds_the_history(world: World) {
    let text = edition("2999010101", Some("distservp2.pb.com"));
    world.staff.publish_catalogue("c.json", &text).await.unwrap();
    let (config, ca_pem) = (world.config.clone(), world.running.ca_pem.clone());
    world.running.shutdown().await;
    let running = serve(config).await.unwrap();
    let client = client_trusting(&ca_pem, running.https_addr);
    let staff = running.staff("scenario");
    let world = World { client, running, staff, ..world };
    let since = Catalogue::connect_plus_sendpro_p().version();
    let path = format!("changes?catalogue=connect-plus-sendpro-p&since={since}");
    let answer = world.catalogue(&path).await;
    assert!(answer.body.contains("distservp2.pb.com:443"), "{}", answer.body);
    // What comes with the program is older now and does not take over.
    let kept = world.staff.catalogues().await.unwrap();
    assert_eq!(kept.len(), Catalogue::shipped().len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_own_catalogue_names_the_hosts_of_the_deployment() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::for_directory(folder.path());
    config.domain = "metering.example.org".to_owned();
    let running = serve(config).await.unwrap();
    let host = "catalogue.metering.example.org";
    let client = reqwest::Client::builder()
        .no_proxy()
        .resolve(host, running.https_addr)
        .tls_backend_preconfigured(crate::support::trusting(&running.ca_pem))
        .build()
        .unwrap();
    let url = format!("https://{host}:{}", running.https_addr.port());
    let url = format!("{url}/catalogue/v1/endpoints?format=hosts");
    let list = client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(list.lines().any(|line| line == "comet.metering.example.org"), "{list}");
    assert!(!list.contains("localhost"), "{list}");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_chooses_the_groups() {
    let world = World::on_sqlite().await;
    let name = "catalogue=connect-plus-sendpro-p";
    for groups in [vec![Group::Required], vec![Group::OptionalOn, Group::NetworkTest]] {
        let scope: Vec<_> = groups.iter().map(|group| group.as_str()).collect();
        let path = format!("endpoints?{name}&scope={}", scope.join(","));
        let got = world.catalogue(&path).await;
        let read = Catalogue::read_json("answer", &got.body).unwrap();
        let groups: BTreeSet<_> = groups.into_iter().collect();
        assert_eq!(read, Catalogue::connect_plus_sendpro_p().only(&groups));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_with_what_can() {
    let world = World::on_sqlite().await;
    for (path, status, code, says) in [
        ("endpoints?catalogue=nobody%27s", 404, "unknown-catalogue", "nobody's"),
        ("endpoints?format=xlsx", 400, "bad-parameter", "json, csv, hosts, addresses"),
        ("endpoints?scope=everything", 400, "bad-parameter", "all, required, optional-on"),
        ("changes", 400, "bad-parameter", "YYYYMMDDNN"),
        ("changes?since=2026023101", 400, "bad-parameter", "YYYYMMDDNN"),
        ("changes?catalogue=x&since=2026010101", 404, "unknown-catalogue", "x"),
        ("endpoints/", 404, "not-found", "/catalogue/v1/endpoints/"),
        ("", 404, "not-found", "/catalogue/v1/"),
    ] {
        let got = world.catalogue(path).await;
        let answer = got.json();
        assert_eq!((got.status, &answer["code"]), (status, &code.into()), "{path}");
        for language in ["message_fr", "message_en"] {
            assert!(answer[language].as_str().unwrap().contains(says), "{path}: {answer}");
        }
    }
    let url = world.at("catalogue", "/catalogue/v1/version");
    let response = world.client.post(url).body("x").send().await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET, HEAD");
    let (_, metrics) = world.admin("/metrics").await;
    let line = "{endpoint=\"catalogue.endpoints\",outcome=\"unknown-catalogue\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signature_is_over_the_bytes_of_the_body() {
    // A second implementation of the promise: SHA-256 in the tag, and nothing of the headers in the signature.
    let world = World::on_sqlite().await;
    let got = world.catalogue("endpoints?format=csv").await;
    let digest: String =
        Sha256::digest(&got.body)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(got.header("etag"), format!("\"{digest}\""));
    assert!(got.body.starts_with("id,service,"), "{}", got.body);
}
