//! `timbre mark verify --at …`: asks the verification service, as a sorting machine does.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use reqwest::{Client, Response, StatusCode, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use timbre_infrastructure::sorting::ScannedItem;
use timbre_infrastructure::sorting::wire::{AnswerLine, Question};

use crate::outcome::{Failure, Kind};

/// Where to ask, and as whom.
#[derive(Args)]
pub(super) struct AtArgs {
    /// Ask the verification service at this URL, such as `https://sorting.example.org:8444`
    #[arg(long, value_name = "URL", requires_all = ["ca", "token_file"], conflicts_with_all = ["config", "look_only"])]
    at: Option<Url>,
    /// The root certificate of the service
    #[arg(long, value_name = "FILE", requires = "at")]
    ca: Option<PathBuf>,
    /// The file that holds the token of this machine
    #[arg(long, value_name = "FILE", requires = "at")]
    token_file: Option<PathBuf>,
    /// Connect to this address, whatever the name of the URL leads to
    #[arg(long, value_name = "ADDRESS:PORT", requires = "at")]
    connect: Option<SocketAddr>,
}

/// A service that is to be asked.
pub(super) struct Service {
    url: Url,
    token: String,
    client: Client,
}

impl AtArgs {
    /// The service, if one is to be asked.
    pub(super) fn service(&self) -> Result<Option<Service>, Failure> {
        let (Some(url), Some(ca), Some(token)) = (&self.at, &self.ca, &self.token_file) else {
            return Ok(None);
        };
        let token = std::fs::read_to_string(token).map_err(|error| in_file(token, &error))?;
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_file(ca).map_err(|error| in_file(ca, &error))?;
        roots.add(root).map_err(|error| in_file(ca, &error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::fault("tls", error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut builder = Client::builder().no_proxy().tls_backend_preconfigured(tls);
        let mut url = url.clone();
        if let (Some(address), Some(host)) = (self.connect, url.host_str().map(str::to_owned)) {
            builder = builder.resolve(&host, address);
            // The port of an address that stands in for a name is the URL's.
            let _ = url.set_port(Some(address.port()));
        }
        url.set_path("/verify");
        let client = builder.build().map_err(|error| Failure::fault("http", error))?;
        Ok(Some(Service { url, token: token.trim().to_owned(), client }))
    }
}

impl Service {
    /// Streams the items and returns the answers, one for each, in their order.
    pub(super) fn ask(&self, items: &[ScannedItem]) -> Result<Vec<AnswerLine>, Failure> {
        let mut lines = String::new();
        for item in items {
            let line = serde_json::to_string(&Question::of(item));
            lines += &line.expect("invariant: plain data always serialises");
            lines.push('\n');
        }
        let text = crate::infrastructure::runtime()?.block_on(async {
            let request = self.client.post(self.url.clone()).bearer_auth(&self.token).body(lines);
            let response = request.send().await.map_err(|error| self.unreached(&error))?;
            if response.status() != StatusCode::OK {
                return Err(refused(response).await);
            }
            response.text().await.map_err(|error| self.unreached(&error))
        })?;
        let answers: Vec<AnswerLine> = text
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::fault("answer", format!("{}: {error}", self.url)))?;
        if let Some(error) = answers.iter().find_map(|answer| answer.error.clone()) {
            return Err(Failure::new(Kind::Fault, &error.code, error.fr, error.en));
        }
        if answers.len() != items.len() {
            let (got, asked) = (answers.len(), items.len());
            let text = format!("{}: {got} answers to {asked} pieces", self.url);
            return Err(Failure::fault("answer", text));
        }
        Ok(answers)
    }

    fn unreached(&self, error: &reqwest::Error) -> Failure {
        let mut text = format!("{}: {error}", self.url);
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        Failure::fault("sorting-service", text)
    }
}

/// What the service said instead of serving.
async fn refused(response: Response) -> Failure {
    let status = response.status();
    let kind = if status.is_server_error() { Kind::Fault } else { Kind::Refusal };
    let text = response.text().await.unwrap_or_default();
    let said: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let field = |name: &str| said[name].as_str().map(str::to_owned);
    let code = field("code").unwrap_or_else(|| "sorting-service".to_owned());
    let plain = || format!("{status}: {text}");
    let [fr, en] = ["message_fr", "message_en"].map(|name| field(name).unwrap_or_else(plain));
    Failure::new(kind, &code, fr, en)
}

fn in_file(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::fault("unreadable-file", format!("{}: {error}", file.display()))
}
