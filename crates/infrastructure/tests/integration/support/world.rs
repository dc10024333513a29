//! One running infrastructure with a customer, and a client that calls it as a meter would: by host name, trusting the
//! deployment's own authority and no other.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use timbre_catalogue::Catalogue;
use timbre_infrastructure::staff::{NewCustomer, NewMeter};
use timbre_infrastructure::{Config, Customer, MeterLimits, Running, Staff, serve};
use timbre_key_store::KeyRole;
use timbre_postage::{Currency, Language};
use timbre_protocol::installation::{InspectionPolicy, OperationalBlock};
use timbre_protocol::{
    Answer, Exchange, Installation, Message, Refill, SignIn, TransactionUpload, read_answer,
    refill, sign_in, write,
};

use super::device::{Device, cad};
use super::postgres::Postgres;

pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) config: Config,
    pub(crate) staff: Staff,
    pub(crate) client: Client,
    pub(crate) customer: Customer,
    /// The URL of its PostgreSQL, where it is on one.
    pub(crate) database: Option<String>,
    /// Held for as long as the infrastructure runs on it.
    pub(crate) _folder: TempDir,
}

/// What came back, in every form a scenario looks at.
#[derive(Debug)]
pub(crate) struct Answered<R> {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) answer: Answer<R>,
}

impl<R: std::fmt::Debug> Answered<R> {
    pub(crate) fn reply(self) -> R {
        match self.answer {
            Answer::Reply(reply) => reply,
            Answer::Refused(refusal) => panic!("refused: {refusal:?}"),
        }
    }

    /// The status and the code of the refusal.
    pub(crate) fn refused(self) -> (u16, String) {
        match self.answer {
            Answer::Refused(refusal) => (self.status, refusal.code),
            Answer::Reply(reply) => panic!("not refused: {reply:?}"),
        }
    }
}

impl World {
    pub(crate) async fn on_sqlite() -> World {
        World::on(None).await
    }

    pub(crate) async fn on_postgres() -> World {
        World::on(Some(Postgres::shared().new_database())).await
    }

    /// On the database of this URL, or on SQLite.
    pub(crate) async fn on(database: Option<String>) -> World {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config::for_directory(folder.path().join("data"));
        if let Some(url) = &database {
            config.database = url.parse().expect("a database");
        }
        let running = serve(config.clone()).await.expect("the infrastructure starts");
        let staff = running.staff("scenario");
        let customer = NewCustomer {
            name: "Imprimerie Tremblay".to_owned(),
            postal_code: "H2X 1Y4".parse().expect("a postal code"),
            language: Language::French,
            currency: Currency::Cad,
            credit_limit: cad("0"),
        };
        let customer = staff.create_customer(customer).await.expect("a customer");
        let client = client_trusting(&running.ca_pem, running.https_addr);
        World { running, config, staff, client, customer, database, _folder: folder }
    }

    pub(crate) async fn deposit(&self, amount: &str) {
        let reference = format!("deposit-{amount}").parse().expect("a reference");
        let deposited = self.staff.deposit(self.customer.account, cad(amount), reference).await;
        deposited.expect("a deposit");
    }

    /// The meter of a device in Alberta, where the tax is five percent.
    pub(crate) fn new_meter(&self, device: &Device) -> NewMeter {
        NewMeter {
            customer: self.customer.account,
            serial: device.serial,
            device_key: device.key(KeyRole::Device),
            indicium_key: None,
            postal_code: "T2P 1J9".parse().expect("a postal code"),
            limits: MeterLimits::usual(Currency::Cad),
            policy: InspectionPolicy { interval_days: 28, warn_days: 7, grace_days: 7 },
        }
    }

    /// Enrols the meter of a device.
    pub(crate) async fn enrol(&self, device: &Device) {
        self.staff.enrol_meter(self.new_meter(device)).await.expect("a meter");
    }

    /// A device that is enrolled, signed in and installed.
    pub(crate) async fn installed(&self, serial: u32) -> Device {
        let mut device = Device::new(serial);
        self.enrol(&device).await;
        self.sign_in(&mut device).await;
        self.install(&mut device).await;
        device
    }

    /// Has a device fetch its block and obey it.
    pub(crate) async fn install(&self, device: &mut Device) -> OperationalBlock {
        let reply = self.send::<Installation>(device, &device.installation()).await.reply();
        device.block_version = reply.block.version;
        reply.block
    }

    pub(crate) async fn sign_in(&self, device: &mut Device) -> sign_in::Reply {
        let request = device.sign_in(Timestamp::now());
        let reply = self.send::<SignIn>(device, &request).await.reply();
        device.token = Some(reply.token.clone());
        reply
    }

    /// Refills and applies.
    pub(crate) async fn refill(&self, device: &mut Device, amount: &str) -> refill::Reply {
        let reply = self.send::<Refill>(device, &device.refill(amount)).await.reply();
        device.apply(&reply);
        reply
    }

    pub(crate) async fn upload(&self, device: &Device, first: u64) -> u64 {
        let sent = self.send::<TransactionUpload>(device, &device.upload(first)).await;
        sent.reply().acknowledged
    }

    /// The URL of an exchange of this deployment.
    pub(crate) fn url<E: Exchange>(&self) -> String {
        let catalogue = Catalogue::timbre();
        let mut target = catalogue.get(&E::ENDPOINT).expect("a row").target().clone();
        target.port = self.running.https_addr.port();
        target.to_string()
    }

    /// Sends a message and reads the answer to it.
    pub(crate) async fn send<E: Exchange>(
        &self,
        device: &Device,
        request: &E::Request,
    ) -> Answered<E::Reply> {
        self.post::<E>(device.token.as_deref(), write(request).into_bytes()).await
    }

    /// Sends bytes and reads the answer.
    pub(crate) async fn post<E: Exchange>(
        &self,
        token: Option<&str>,
        body: Vec<u8>,
    ) -> Answered<E::Reply> {
        let mut request = self.client.post(self.url::<E>()).body(body);
        if let Some(token) = token {
            request = request.header("Authorization", format!("Timbre {token}"));
        }
        answered(request.header("Content-Type", "application/xml")).await
    }

    /// The URL of something at a plain service of this deployment, by HTTPS.
    pub(crate) fn at(&self, service: &str, path: &str) -> String {
        format!("https://{service}.timbre.localhost:{}{path}", self.running.https_addr.port())
    }

    pub(crate) async fn admin(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.running.admin_addr);
        let response = self.client.get(url).send().await.expect("the admin port answers");
        (response.status().as_u16(), response.text().await.expect("a page"))
    }
}

pub(crate) async fn answered<R: Message>(request: reqwest::RequestBuilder) -> Answered<R> {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("a whole answer");
    let answer = read_answer(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    Answered { status, text, answer }
}

/// A client that finds every host of the deployment at `address` and trusts the authority of this file alone.
pub(crate) fn client_trusting(ca_pem: &Path, address: SocketAddr) -> Client {
    connect_to(address).tls_backend_preconfigured(trusting(ca_pem)).build().expect("a client")
}

pub(crate) fn connect_to(address: SocketAddr) -> reqwest::ClientBuilder {
    let mut builder = Client::builder().no_proxy();
    for service in [
        "distributor",
        "comet",
        "uploads",
        "downloads",
        "catalogue",
        "network-test",
        "sorting",
        "evil",
    ] {
        builder = builder.resolve(&format!("{service}.timbre.localhost"), address);
    }
    builder
}

/// What trusts the authority of this file alone.
pub(crate) fn trusting(ca_pem: &Path) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_root_certificates(roots(ca_pem))
        .with_no_client_auth()
}

pub(crate) fn roots(ca_pem: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca_pem).expect("a certificate")).expect("a root");
    roots
}
