//! A meter as the infrastructure sees it: keys, registers, and two ways to ask: a connection that it keeps, or none at all.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use timbre_catalogue::Catalogue;
use timbre_infrastructure::Running;
use timbre_key_store::{KeyRole, KeyStore as _, MemoryKeys, PublicKey};
use timbre_postage::{AccountNumber, MeterSerial, Registers};
use timbre_protocol::{
    Answer, Exchange, Installation, Nonce, Refill, SignIn, Signed as _, UNSIGNED, installation,
    read_answer, refill, sign_in, write,
};

use crate::device::dollars;

pub(super) struct Client {
    pub(super) serial: MeterSerial,
    /// Its customer's, once it is enrolled.
    pub(super) account: AccountNumber,
    pub(super) over_https: bool,
    running: Arc<Running>,
    keys: MemoryKeys,
    connection: reqwest::Client,
    catalogue: Arc<Catalogue>,
    port: u16,
    token: String,
    refills: u64,
    registers: Registers,
    nonces: u128,
}

impl Client {
    pub(super) fn new(
        number: u32,
        running: &Arc<Running>,
        catalogue: Arc<Catalogue>,
    ) -> Result<Client> {
        let nothing = dollars(0);
        Ok(Client {
            serial: MeterSerial::new(number)?,
            account: AccountNumber::new(10_000_001)?,
            over_https: true,
            running: Arc::clone(running),
            keys: MemoryKeys::generate(&KeyRole::DEVICE_SIDE)?,
            connection: connection(running)?,
            catalogue,
            port: running.https_addr.port(),
            token: String::new(),
            refills: 0,
            registers: Registers { ascending: nothing, descending: nothing, pieces: 0 },
            nonces: 0,
        })
    }

    pub(super) fn key(&self, role: KeyRole) -> Result<PublicKey> {
        Ok(self.keys.public_key(role)?)
    }

    /// Signs in and gets the operational block.
    pub(super) async fn install(&mut self) -> Result<()> {
        let request = sign_in::Request {
            serial: self.serial,
            time: Timestamp::now(),
            nonce: self.nonce(),
            software: "figures 1".to_owned(),
            standing: None,
            block_version: None,
            signature: UNSIGNED,
        };
        self.token = self.send::<SignIn>(&request.sign(&self.keys)?).await?.token;
        let request = installation::Request {
            serial: self.serial,
            nonce: self.nonce(),
            time: Timestamp::now(),
            device_key: self.key(KeyRole::Device)?,
            indicium_key: self.key(KeyRole::Indicium)?,
            renews: None,
            signature: UNSIGNED,
        };
        self.send::<Installation>(&request.sign(&self.keys)?).await?;
        Ok(())
    }

    fn nonce(&mut self) -> Nonce {
        self.nonces += 1;
        self.nonces.to_be_bytes()
    }

    async fn send<E: Exchange>(&self, request: &E::Request) -> Result<E::Reply> {
        let answer = match self.over_https {
            true => self.post::<E>(write(request)).await?,
            false => {
                let body = write(request).into_bytes();
                self.running.answer(&E::ENDPOINT, Some(&self.token), body).await
            }
        };
        match read_answer(&answer)? {
            Answer::Reply(reply) => Ok(reply),
            Answer::Refused(refusal) => bail!("{}: {}", E::NAME, refusal.message_en),
        }
    }

    async fn post<E: Exchange>(&self, body: String) -> Result<Vec<u8>> {
        let endpoint = self.catalogue.get(&E::ENDPOINT).context("no such endpoint")?;
        let mut target = endpoint.target().clone();
        target.port = self.port;
        let request = self
            .connection
            .post(target.to_string())
            .header("Content-Type", "application/xml")
            .header("Authorization", format!("Timbre {}", self.token))
            .body(body);
        Ok(request.send().await?.bytes().await?.to_vec())
    }

    /// Prints all there is and asks for more.
    pub(super) async fn work(&mut self) -> Result<()> {
        let Registers { ascending, descending, pieces } = self.registers;
        let control_sum = ascending.checked_add(descending)?;
        self.registers =
            Registers { ascending: control_sum, descending: dollars(0), pieces: pieces + 1 };
        let request = refill::Request {
            serial: self.serial,
            sequence: self.refills + 1,
            amount: dollars(100),
            registers: self.registers,
            control_sum,
            block_version: 1,
            time: Timestamp::now(),
            nonce: self.nonce(),
            signature: UNSIGNED,
        };
        let reply = self.send::<Refill>(&request.sign(&self.keys)?).await?;
        self.refills = reply.sequence;
        self.registers.descending = reply.amount;
        Ok(())
    }
}

/// By the names of the deployment, trusting its own authority alone, as a meter does.
fn connection(running: &Running) -> Result<reqwest::Client> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&running.ca_pem)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut builder = reqwest::Client::builder().no_proxy();
    for service in ["distributor", "comet"] {
        builder = builder.resolve(&format!("{service}.{}", running.domain), running.https_addr);
    }
    Ok(builder.tls_backend_preconfigured(tls).build()?)
}
