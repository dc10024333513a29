//! `timbre network test`: whether the network lets the meter work, and if not, what to ask of the people who run it. It
//! plans a run from the command line, shows it as it goes, and prints its report.

mod attach;
pub(super) mod compare;
mod interrupt;
mod live;
mod paper;
mod run;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use timbre_catalogue::{Scheme, Target};
use timbre_firewall::{Dialect, Net};
use timbre_key_store::PublicKey;
use timbre_network_test::print::Format;
use timbre_network_test::{CheckId, Plan, Roots};
use timbre_proxy::{Credentials, NoProxy, ProxySettings, Secret};

use self::interrupt::Interrupt;
use self::paper::Paper;
use super::choice::Choice;
use crate::cli::{OutputArgs, unreadable};
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    paper: PaperArgs,
    #[command(flatten)]
    way: WayArgs,
    /// Make only these checks, or families of checks (dns, tls …); with commas
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    only: Vec<Checks>,
    /// Leave these checks, or families of checks, out; with commas
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    skip: Vec<Checks>,
    /// Hold a connection idle for so many seconds, to see whether the firewall forgets it
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    idle: u64,
    /// Run again after so many seconds, until Ctrl-C, and tell what changed
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    watch: Option<u64>,
}

const EXAMPLES: &str = "\
Examples:
  timbre network test                                   from a laptop in the meter’s network
  timbre network test --scope all --verbose
  timbre network test --format html --output ticket.html --language fr --with-rules fortigate
  timbre network test --format pdf --output ticket.pdf --redact
  timbre network test --proxy http://proxy.example:3128 --proxy-user meter --proxy-password-file secret
  timbre network test --catalogue timbre --anchors anchors.json --only dns,tls
  timbre network test --format prometheus --output /var/lib/node_exporter/timbre.prom --watch 300

Exit status: 0 ready · 1 ready, with warnings · 2 not ready · 3 could not test
             64 wrong usage · 70 an error of this program
Ctrl-C ends a run early; what was found until then is reported.";

/// What becomes of the report.
#[derive(Args)]
pub(crate) struct PaperArgs {
    /// text, json, jsonl, junit, prometheus, html or pdf
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write the report into this file; a report that is there is replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace internal host names, private addresses and the names of users
    #[arg(long)]
    redact: bool,
    /// Attach the firewall rules that let everything through, in this dialect (HTML and PDF)
    #[arg(long, value_name = "DIALECT")]
    with_rules: Option<Dialect>,
    /// The meter’s address or network in those rules [default: everybody behind the firewall]
    #[arg(long, value_name = "ADDRESS", requires = "with_rules")]
    source: Vec<Net>,
}

/// How destinations are reached, and by what they are recognised.
#[derive(Args)]
struct WayArgs {
    /// A DNS server to ask [default: those of this machine]
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = resolver)]
    resolver: Vec<SocketAddr>,
    /// `none`, `environment`, `http://proxy.example:3128` or `pac:URL-OR-FILE`
    #[arg(long, value_name = "PROXY", default_value = "environment")]
    proxy: ProxySettings,
    /// Hosts that are reached without the proxy, with commas
    #[arg(long, value_name = "HOSTS")]
    no_proxy: Option<String>,
    /// The name that the proxy asks for; DOMAIN\\name for NTLM
    #[arg(long, value_name = "NAME", requires = "proxy_password_file")]
    proxy_user: Option<String>,
    /// The file that holds its password
    #[arg(long, value_name = "FILE", requires = "proxy_user")]
    proxy_password_file: Option<PathBuf>,
    /// Show the proxy the Kerberos ticket of the system’s cache
    #[arg(long)]
    proxy_kerberos: bool,
    /// The only authorities whose certificates are genuine, in PEM [default: the public ones]
    #[arg(long, value_name = "PEM")]
    roots: Option<PathBuf>,
    /// What a timbre deployment gives to its meters: its domain, its root certificate, the key of its answers
    #[arg(long, value_name = "FILE", conflicts_with = "roots")]
    anchors: Option<PathBuf>,
    /// A server for the checks of the network as a whole: http://… or https://…, or one of each
    #[arg(long, value_name = "URL")]
    probe_server: Vec<Target>,
    /// Where a host really is, when no DNS server knows it: HOST:PORT=ADDRESS:PORT
    #[arg(long, value_name = "PLACE")]
    at: Vec<Place>,
}

/// A check, or a family of checks by the start of its names.
#[derive(Clone, Debug)]
struct Checks(Vec<CheckId>);

impl FromStr for Checks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let family = format!("{text}.");
        let named = |id: &CheckId| id.as_str() == text || id.as_str().starts_with(&family);
        let found: Vec<_> = CheckId::ALL.iter().copied().filter(named).collect();
        if found.is_empty() {
            let known: Vec<_> = CheckId::ALL.iter().map(|id| id.as_str()).collect();
            return Err(format!(
                "“{text}” is no check and no family of checks: {}",
                known.join(", ")
            ));
        }
        Ok(Checks(found))
    }
}

/// Where a host and port really are.
#[derive(Clone, Debug)]
struct Place {
    host: String,
    port: u16,
    address: SocketAddr,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = text.split_once('=').and_then(|(name, address)| {
            let (host, port) = name.rsplit_once(':')?;
            let (port, address) = (port.parse().ok()?, address.parse().ok()?);
            Some(Place { host: host.to_owned(), port, address })
        });
        place.ok_or_else(|| "write it as timbre.example:443=127.0.0.1:8443".to_owned())
    }
}

fn resolver(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse().or_else(|_| text.parse::<IpAddr>().map(|ip| (ip, 53).into()));
    address.map_err(|_| "write an address, with or without its port".to_owned())
}

/// What a meter of a deployment believes, as far as this test needs it.
#[derive(Deserialize)]
struct Anchors {
    domain: String,
    #[serde(default)]
    distributor_key: Option<PublicKey>,
    root_certificate: String,
}

/// Tests the network once, or again and again.
pub(crate) fn execute(args: TestArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let plan = args.plan()?;
    carry_out(&plan, args.paper, args.watch, output)
}

/// Carries a plan out and prints its report; again every `watch` seconds, if any.
pub(crate) fn carry_out(
    plan: &Plan,
    paper: PaperArgs,
    watch: Option<u64>,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    let format = if output.json { Format::Json } else { paper.format };
    if paper.with_rules.is_some() && !matches!(format, Format::Html | Format::Pdf) {
        return Err(Failure::new(
            Kind::Refusal,
            "bad-argument",
            "--with-rules joint les règles à une page\u{a0}: ajoutez --format html ou pdf",
            "--with-rules attaches the rules to a page: add --format html or pdf",
        ));
    }
    let attachments = match paper.with_rules {
        Some(dialect) => attach::rules(dialect, plan, &paper.source, output.language()),
        None => Vec::new(),
    };
    let paper = Paper::new(format, paper.output, paper.redact, attachments, output)?;
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| Failure::fault(super::IMPOSSIBLE, error))?;
    let report = runtime.block_on(async {
        let mut interrupt =
            Interrupt::listen().map_err(|error| Failure::fault(super::IMPOSSIBLE, error))?;
        if let Some(seconds) = watch {
            let pause = Duration::from_secs(seconds);
            return watch::until_interrupted(plan, &paper, pause, &mut interrupt).await;
        }
        let (report, _) = run::one(plan, &paper, &mut interrupt).await;
        paper.print(&report)?;
        Ok(report)
    })?;
    // Probes that still wait for an answer are not waited for.
    runtime.shutdown_background();
    Ok(Outcome::Verdict(report.verdict.exit_code()))
}

impl TestArgs {
    fn plan(&self) -> Result<Plan, Failure> {
        let anchors = self.way.anchors.as_deref().map(read_anchors).transpose()?;
        let mut choice = self.choice.clone();
        if let Some(anchors) = &anchors {
            choice.domain.get_or_insert_with(|| anchors.domain.clone());
        }
        let mut plan = Plan::new(choice.catalogue()?);
        plan.groups = choice.scope.0;
        plan.only = chosen(&self.only, &self.skip)?;
        plan.limits.idle = Duration::from_secs(self.idle);
        plan.resolvers.clone_from(&self.way.resolver);
        plan.proxy = self.way.proxy.clone();
        plan.no_proxy = self.way.no_proxy.as_deref().map(NoProxy::from).unwrap_or_default();
        plan.credentials = self.way.credentials()?;
        plan.addresses = self.way.places();
        plan.roots = self.way.roots(anchors.as_ref())?;
        plan.probe.key = anchors.and_then(|anchors| anchors.distributor_key);
        for server in &self.way.probe_server {
            match server.scheme {
                Scheme::Http => plan.probe.clear = Some(server.clone()),
                Scheme::Https => plan.probe.secure = Some(server.clone()),
                _ => return Err(wrong_probe_server(server)),
            }
        }
        Ok(plan)
    }
}

fn wrong_probe_server(server: &Target) -> Failure {
    Failure::new(
        Kind::Refusal,
        "bad-argument",
        format!("--probe-server {server}\u{a0}: écrivez http://… ou https://…"),
        format!("--probe-server {server}: write http://… or https://…"),
    )
}

/// The checks to make; none named means all.
fn chosen(only: &[Checks], skip: &[Checks]) -> Result<BTreeSet<CheckId>, Failure> {
    let named = |lists: &[Checks]| lists.iter().flat_map(|list| list.0.clone()).collect();
    let (mut chosen, skipped): (BTreeSet<CheckId>, BTreeSet<CheckId>) = (named(only), named(skip));
    if skipped.is_empty() {
        return Ok(chosen);
    }
    if chosen.is_empty() {
        chosen.extend(CheckId::ALL);
    }
    chosen.retain(|id| !skipped.contains(id));
    if chosen.is_empty() {
        return Err(Failure::new(
            Kind::Refusal,
            "bad-argument",
            "--skip ne laisse aucune vérification à faire",
            "--skip leaves no check to make",
        ));
    }
    Ok(chosen)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

/// The password of the proxy: one line of a file that nobody but its owner can read.
fn password(file: &Path) -> Result<Secret, Failure> {
    let text = read(file)?;
    let mode = std::fs::metadata(file).map_or(0, |found| found.permissions().mode() & 0o777);
    let secret = Secret::new(text.trim_end_matches(['\r', '\n']).to_owned());
    let file = file.display();
    if mode & 0o077 != 0 {
        return Err(Failure::new(
            Kind::Refusal,
            "password-exposed",
            format!(
                "{file}\u{a0}: d’autres peuvent lire ce mot de passe (mode {mode:04o})\u{a0}: chmod 600"
            ),
            format!("{file}: others can read this password (mode {mode:04o}): chmod 600 it"),
        ));
    }
    if secret.has_control() {
        return Err(Failure::new(
            Kind::Refusal,
            "bad-password",
            format!("{file}\u{a0}: il faut le mot de passe sur une seule ligne"),
            format!("{file}: it must hold the password on one line"),
        ));
    }
    Ok(secret)
}

fn read_anchors(path: &Path) -> Result<Anchors, Failure> {
    serde_json::from_str(&read(path)?)
        .map_err(|error| Failure::refusal("bad-anchors", format!("{}: {error}", path.display())))
}

impl WayArgs {
    fn credentials(&self) -> Result<Credentials, Failure> {
        let credentials = match (&self.proxy_user, &self.proxy_password_file) {
            (Some(user), Some(file)) => Credentials::password(user, password(file)?),
            _ => Credentials::none(),
        };
        Ok(credentials.with_kerberos(self.proxy_kerberos))
    }

    fn places(&self) -> BTreeMap<(String, u16), SocketAddr> {
        let places = self.at.iter();
        places.map(|place| ((place.host.clone(), place.port), place.address)).collect()
    }

    fn roots(&self, anchors: Option<&Anchors>) -> Result<Roots, Failure> {
        let pem = match (&self.roots, anchors) {
            (Some(file), _) => read(file)?,
            (None, Some(anchors)) => anchors.root_certificate.clone(),
            (None, None) => return Ok(Roots::Public),
        };
        if pem.contains("-----BEGIN CERTIFICATE-----") {
            return Ok(Roots::Pem(pem.into_bytes()));
        }
        let file = self.roots.as_deref().unwrap_or_else(|| Path::new("--anchors")).display();
        Err(Failure::new(
            Kind::Refusal,
            "no-certificate",
            format!(
                "{file}\u{a0}: aucun certificat en PEM\u{a0}; donnez le certificat de l’autorité"
            ),
            format!("{file}: no certificate in PEM; give the authority’s certificate"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_of_checks_is_named_by_the_start_of_its_names() {
        let checks = |text: &str| text.parse::<Checks>().map(|checks| checks.0);
        assert_eq!(checks("dns.tcp"), Ok(vec![CheckId::DnsTcp]));
        assert!(checks("tls").unwrap().contains(&CheckId::TlsForged));
        assert!(checks("tl").unwrap_err().contains("tls.pin"), "says what would be right");
    }

    #[test]
    fn what_is_skipped_is_taken_from_all_or_from_what_is_named() {
        let list = |text: &str| vec![text.parse::<Checks>().unwrap()];
        assert!(chosen(&[], &[]).unwrap().is_empty(), "no choice is all of them");
        let without = chosen(&[], &list("bw")).unwrap();
        assert_eq!(without.len(), CheckId::ALL.len() - 3);
        assert!(chosen(&list("dns.tcp"), &list("dns")).is_err());
    }

    #[test]
    fn a_resolver_has_port_53_unless_it_says_otherwise() {
        assert_eq!(resolver("192.0.2.1").unwrap().to_string(), "192.0.2.1:53");
        assert_eq!(resolver("127.0.0.1:5353").unwrap().port(), 5353);
        assert_eq!(resolver("2001:db8::1").unwrap().to_string(), "[2001:db8::1]:53");
        assert!(resolver("dns.example").is_err());
    }

    #[test]
    fn a_place_is_a_host_with_its_port_and_where_it_is() {
        let place: Place = "comet.timbre.example:443=127.0.0.1:8443".parse().unwrap();
        assert_eq!((place.host.as_str(), place.port), ("comet.timbre.example", 443));
        assert!("comet=127.0.0.1:8443".parse::<Place>().is_err());
    }
}
