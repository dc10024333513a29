//! `timbre meter lockdown …`: the walls around the meter. Every other command of the meter stands behind those of the
//! process by itself; the machine's are put up once, by its administrator.

mod apply;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use timbre_catalogue::Catalogue;
use timbre_meter::Settings;
use timbre_meter::lockdown::{self, Attempt, Held, Kept, Layer, LockdownError, resolver};
use timbre_postage::Language;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Kind, Outcome};

#[derive(Args)]
pub(super) struct LockdownArgs {
    #[command(subcommand)]
    command: LockdownCommand,
}

#[derive(Subcommand)]
enum LockdownCommand {
    /// Show what the machine's layers consist of: the egress policy and the units
    Print(apply::PrintArgs),
    /// Load the egress policy and install the units; needs root
    Apply(apply::ApplyArgs),
    /// Try what must fail, from inside; status 0 every layer holds, 1 one cannot be judged here, 2 one does not hold
    Check(CheckArgs),
    /// Serve names and admit their addresses into the egress policy; the service timbre-resolver does this
    Resolve(ResolveArgs),
}

#[derive(Args)]
struct CheckArgs {
    /// Leave a layer of the process out, to see that the check notices
    #[arg(long, value_name = "LAYER")]
    without: Vec<ProcessLayer>,
}

/// The layers that a process puts up around itself.
#[derive(Clone, Copy, ValueEnum)]
enum ProcessLayer {
    Landlock,
    Seccomp,
}

impl From<ProcessLayer> for Layer {
    fn from(layer: ProcessLayer) -> Layer {
        match layer {
            ProcessLayer::Landlock => Layer::Landlock,
            ProcessLayer::Seccomp => Layer::Seccomp,
        }
    }
}

#[derive(Args)]
struct ResolveArgs {
    /// The socket file at which the meter asks
    #[arg(long, value_name = "FILE", default_value = resolver::SOCKET)]
    socket: PathBuf,
}

/// Carries out one command of the lockdown.
pub(super) fn execute(
    dir: &Path,
    args: LockdownArgs,
    output: &OutputArgs,
) -> Result<Outcome, Failure> {
    match args.command {
        LockdownCommand::Print(print) => apply::print(dir, print, output),
        LockdownCommand::Apply(apply) => apply::apply(dir, apply, output),
        LockdownCommand::Check(check) => check_layers(dir, check, output),
        LockdownCommand::Resolve(resolve) => serve_names(dir, &resolve),
    }
}

/// Puts up the layers of this process. Settings that cannot be read are the command's own to refuse: it will not get
/// far without them.
pub(super) fn enforce(dir: &Path, marks: Option<&Path>) -> Result<(), Failure> {
    let Ok(settings) = settings(dir) else { return Ok(()) };
    lock(&Kept::of(dir, &settings, marks), &[]).map(drop)
}

fn lock(kept: &Kept, without: &[Layer]) -> Result<Vec<Layer>, Failure> {
    lockdown::enforce(kept, without).map_err(|error| failure(&error))
}

fn failure(error: &LockdownError) -> Failure {
    let told = |language| error.message(language);
    Failure::new(Kind::Breach, "lockdown", told(Language::French), told(Language::English))
}

pub(super) fn settings(dir: &Path) -> Result<Settings, Failure> {
    Settings::read(&dir.join("meter.toml")).map_err(|error| Failure::refusal("bad-settings", error))
}

/// The meter's catalogue, in its own domain.
pub(super) fn catalogue(settings: &Settings) -> Result<Catalogue, Failure> {
    Catalogue::timbre()
        .with_domain(&settings.infrastructure.domain)
        .map_err(|error| Failure::refusal("bad-settings", error))
}

/// What leads to the proxy, which the catalogue does not name.
pub(super) fn proxies(settings: &Settings) -> Vec<(String, u16)> {
    settings.infrastructure.proxy.destinations(&|name| std::env::var(name).ok())
}

fn serve_names(dir: &Path, args: &ResolveArgs) -> Result<Outcome, Failure> {
    let settings = settings(dir)?;
    let catalogue = catalogue(&settings)?;
    match resolver::serve(&args.socket, &catalogue, &proxies(&settings)) {
        Err(error) => Err(Failure::fault("resolver", error)),
    }
}

/// What was tried, and what listens.
#[derive(Serialize)]
struct Checked {
    attempts: Vec<Tried>,
    /// Sockets of this machine that another one can reach; the meter provides no service on a network.
    listening: Vec<String>,
    absent: Vec<&'static str>,
}

#[derive(Serialize)]
struct Tried {
    layer: &'static str,
    held: &'static str,
    fr: String,
    en: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<String>,
}

impl From<Attempt> for Tried {
    fn from(attempt: Attempt) -> Tried {
        let (held, instead) = match attempt.held {
            Held::Yes => ("yes", None),
            Held::No(instead) => ("no", Some(instead)),
            Held::Unknown(reason) => ("unknown", Some(reason)),
        };
        let (fr, en) = (attempt.what.fr.into_owned(), attempt.what.en.into_owned());
        Tried { layer: attempt.layer.as_str(), held, fr, en, instead }
    }
}

fn check_layers(dir: &Path, args: CheckArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let settings = settings(dir)?;
    let without: Vec<_> = args.without.into_iter().map(Layer::from).collect();
    let listening = lockdown::listening().map_err(|error| failure(&error))?;
    let absent = lock(&Kept::of(dir, &settings, None), &without)?;
    let checked = Checked {
        attempts: lockdown::attempts().into_iter().map(Tried::from).collect(),
        listening: listening
            .iter()
            .filter(|socket| socket.is_public())
            .map(ToString::to_string)
            .collect(),
        absent: absent.into_iter().map(Layer::as_str).collect(),
    };
    output.show(&checked, || story(&checked, output.language()));
    let any = |held| checked.attempts.iter().any(|tried| tried.held == held);
    Ok(if any("no") || !checked.listening.is_empty() {
        Outcome::Verdict(2)
    } else if any("unknown") {
        Outcome::Verdict(1)
    } else {
        Outcome::Done
    })
}

fn story(checked: &Checked, language: Language) -> String {
    let mut lines = Vec::new();
    for tried in &checked.attempts {
        let word = match tried.held {
            "yes" => language.pick("✓ impossible", "✓ impossible"),
            "no" => language.pick("✗ POSSIBLE  ", "✗ POSSIBLE  "),
            _ => language.pick("? inconnu   ", "? unknown   "),
        };
        let what = language.pick(&tried.fr, &tried.en);
        let instead = tried.instead.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
        lines.push(format!("{word}  {:<9} {what}{instead}", tried.layer));
    }
    for socket in &checked.listening {
        lines.push(language.pick(
            format!("✗ attend des connexions du réseau : {socket}"),
            format!("✗ waits for connections from the network: {socket}"),
        ));
    }
    if checked.listening.is_empty() {
        lines.push(
            language
                .pick(
                    "✓ rien sur cette machine n’attend de connexion du réseau",
                    "✓ nothing on this machine waits for connections from the network",
                )
                .to_owned(),
        );
    }
    for layer in &checked.absent {
        lines.push(language.pick(
            format!("! ce noyau n’a pas tout de {layer}"),
            format!("! this kernel does not have all of {layer}"),
        ));
    }
    lines.join("\n")
}
