//! `timbre infrastructure init` and `serve`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use timbre_infrastructure::{Anchors, DatabaseUrl};
use timbre_key_store::Custody;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Args)]
#[command(after_help = "\
Example:
  timbre infrastructure init --config office/infrastructure.toml
  timbre infrastructure init --pkcs11 /usr/lib/softhsm/libsofthsm2.so --pkcs11-token timbre --pkcs11-pin-file pin")]
pub(super) struct InitArgs {
    /// The folder of the certificate authority, the keys and the database, from the configuration file's own folder
    #[arg(long, value_name = "DIR", default_value = "infrastructure")]
    data_dir: PathBuf,
    #[command(flatten)]
    keys: crate::custody::CustodyArgs,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  timbre infrastructure serve --config office/infrastructure.toml
  timbre infrastructure serve --database postgres://timbre@/timbre?host=/run/postgresql
  timbre infrastructure serve --only comet,distributor --listen 0.0.0.0:443
  timbre infrastructure serve --listen 0.0.0.0:443 --listen-clear 0.0.0.0:80")]
pub(super) struct ServeArgs {
    /// The database, whatever the configuration says: sqlite:FILE or postgres://…
    #[arg(long, value_name = "URL")]
    database: Option<DatabaseUrl>,
    /// Offer only these services
    #[arg(long, value_delimiter = ',', value_name = "SERVICES")]
    only: Vec<String>,
    /// Where meters connect; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where the network test answers in the clear, and nothing else does; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen_clear: Option<SocketAddr>,
    /// Where sorting machines ask for verification; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen_sorting: Option<SocketAddr>,
    /// Where /health and /metrics are; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    admin_listen: Option<SocketAddr>,
}

/// Where a serving infrastructure can be reached.
#[derive(Serialize)]
struct Serving {
    listen: SocketAddr,
    listen_clear: Option<SocketAddr>,
    listen_sorting: Option<SocketAddr>,
    admin: SocketAddr,
    root_certificate: PathBuf,
    domain: String,
}

pub(super) fn init(file: &Path, args: InitArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let keys = section_of_keys(&args.keys.custody()?);
    let text = format!(
        "# How this infrastructure runs. Everything but data_dir has a default, shown here.
data_dir = {:?}
# domain = \"timbre.localhost\"
# listen = \"127.0.0.1:8443\"
# listen_clear = \"127.0.0.1:80\"                                # without it, none; the network test alone answers there
# listen_sorting = \"127.0.0.1:8444\"                             # without it, none; see docs/SORTING.md
# admin_listen = \"127.0.0.1:9443\"
# database = \"postgres://timbre@/timbre?host=/run/postgresql\"    # without it, SQLite in data_dir
# only = [\"distributor\", \"comet\"]                               # without it, every service
# [policy]
# reconcile_every_minutes = 60          # 0: never by itself (in all processes but one)
# upload_days = 7                       # a record that is known to be made is uploaded within
# refill_days = 3                       # a refill that was booked is confirmed within
# suspend = {{ upload-late = false }}     # by kind; `timbre infrastructure cases kinds` lists them with their defaults
{keys}",
        args.data_dir.display().to_string()
    );
    let fault = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::new(
            Kind::Refusal,
            "configuration-exists",
            format!("{} existe déjà; il n'a pas été modifié.", file.display()),
            format!("{} is there already; it was not changed.", file.display()),
        ),
        _ => Failure::fault("configuration", format!("{}: {error}", file.display())),
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(fault)?;
    }
    let mut new = std::fs::File::create_new(file).map_err(fault)?;
    new.write_all(text.as_bytes()).map_err(fault)?;
    output.note(
        &format!("Configuration écrite dans {}.", file.display()),
        &format!("Configuration written to {}.", file.display()),
    );
    Ok(Outcome::Done)
}

fn section_of_keys(keys: &Custody) -> String {
    match keys {
        Custody::Sealed => "
# [keys]                                                          # without it, in sealed files of data_dir
# use = \"pkcs11\"
# module = \"/usr/lib/softhsm/libsofthsm2.so\"
# token = \"timbre\"
# pin_file = \"pin\"
"
        .to_owned(),
        Custody::Token { token, .. } => format!(
            "\n[keys]\nuse = \"pkcs11\"\nmodule = {:?}\ntoken = {:?}\npin_file = {:?}\n",
            token.module.display().to_string(),
            token.name,
            token.pin_file.display().to_string()
        ),
    }
}

pub(super) fn anchors(file: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    let config = super::load(file)?;
    let anchors = runtime()?.block_on(Anchors::of(&config));
    let anchors = anchors.map_err(|error| Failure::fault("anchors", error))?;
    // For a file or a pipe, so it is JSON whether or not it was asked for.
    output.print_json(&anchors);
    Ok(Outcome::Done)
}

pub(super) fn serve(file: &Path, args: ServeArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let mut config = super::load(file)?;
    config.database = args.database.unwrap_or(config.database);
    config.listen = args.listen.unwrap_or(config.listen);
    config.listen_clear = args.listen_clear.or(config.listen_clear);
    config.listen_sorting = args.listen_sorting.or(config.listen_sorting);
    config.admin_listen = args.admin_listen.unwrap_or(config.admin_listen);
    if !args.only.is_empty() {
        config.only = args.only;
    }
    runtime()?.block_on(async {
        // The signals are caught before anyone is told the addresses, so that whoever waits for these may stop it at once.
        let stop = stop_signal()?;
        let running = timbre_infrastructure::serve(config)
            .await
            .map_err(|error| Failure::fault("serve", error))?;
        let serving = Serving {
            listen: running.https_addr,
            listen_clear: running.clear_addr,
            listen_sorting: running.sorting_addr,
            admin: running.admin_addr,
            root_certificate: running.ca_pem.clone(),
            domain: running.domain.clone(),
        };
        output.show(&serving, || {
            let language = output.language();
            let in_clear = serving.listen_clear.map_or_else(String::new, |address| {
                let title =
                    language.pick("Essai du réseau, en clair :", "Network test, in the clear:");
                format!("{title} http://network-test.{}:{}\n", serving.domain, address.port())
            });
            let sorting = serving.listen_sorting.map_or_else(String::new, |address| {
                let title = language.pick("Trieuses\u{a0}:", "Sorting machines:");
                format!("{title} https://sorting.{}:{}/verify\n", serving.domain, address.port())
            });
            format!(
                "{} https://*.{}:{}\n{in_clear}{sorting}{} http://{}/health  http://{}/metrics\n{} {}",
                language.pick("Services :", "Services:"),
                serving.domain,
                serving.listen.port(),
                language.pick("Surveillance :", "Monitoring:"),
                serving.admin,
                serving.admin,
                language.pick("Certificat racine :", "Root certificate:"),
                serving.root_certificate.display(),
            )
        });
        stop.await;
        output.note(
            "Arrêt : les demandes en cours s'achèvent.",
            "Stopping: requests in progress are finished.",
        );
        running.shutdown().await;
        Ok(Outcome::Done)
    })
}

/// The runtime of what serves or asks a database.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::fault("runtime", error))
}

/// Ends at the first SIGTERM or Ctrl-C after this call.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let fault = |error| Failure::fault("signals", error);
    let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
