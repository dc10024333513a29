//! The layers that belong to the machine: the egress policy, loaded into nftables, and the units, written where systemd
//! finds them.

use core::net::{IpAddr, SocketAddr};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};
use serde::Serialize;
use timbre_catalogue::Group;
use timbre_firewall::egress::{EgressSettings, Owner, egress};
use timbre_firewall::{Mode, Policy, Selection};
use timbre_meter::Settings;
use timbre_meter::lockdown::unit::{Unit, units};

use super::{catalogue, proxies, settings};
use crate::cli::OutputArgs;
use crate::outcome::{Failure, Kind, Outcome};

/// Where the machine says which resolvers it asks.
const RESOLV_CONF: &str = "/etc/resolv.conf";

#[derive(Args)]
pub(super) struct PrintArgs {
    /// Only this layer
    #[arg(long)]
    layer: Option<MachineLayer>,
    #[command(flatten)]
    machine: MachineArgs,
}

#[derive(Args)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    machine: MachineArgs,
    /// The folder for the units
    #[arg(long, value_name = "DIR", default_value = "/etc/systemd/system")]
    units: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MachineLayer {
    Nftables,
    Systemd,
}

#[derive(Args)]
struct MachineArgs {
    /// The user as whom the meter runs
    #[arg(long, default_value = "timbre")]
    user: String,
    /// A resolver that the machine asks; once for each [default: those of /etc/resolv.conf]
    #[arg(long, value_name = "ADDRESS")]
    resolver: Vec<IpAddr>,
    /// The machine has a fixed address: no DHCP
    #[arg(long)]
    no_dhcp: bool,
}

/// Both layers, as text.
#[derive(Serialize)]
struct Walls {
    #[serde(skip_serializing_if = "Option::is_none")]
    nftables: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    units: Vec<File>,
}

#[derive(Serialize)]
struct File {
    name: &'static str,
    text: String,
}

pub(super) fn print(dir: &Path, args: PrintArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let wanted = |layer| args.layer.is_none_or(|only| only == layer);
    let settings = settings(dir)?;
    let mut walls = Walls { nftables: None, units: Vec::new() };
    if wanted(MachineLayer::Nftables) {
        walls.nftables = Some(policy(&settings, &args.machine)?);
    }
    if wanted(MachineLayer::Systemd) {
        let units = machine_units(dir, &args.machine)?;
        walls.units = units.map(|Unit { name, text }| File { name, text }).into();
    }
    output.show(&walls, || {
        let units = walls.units.iter().map(|unit| format!("# {}\n{}", unit.name, unit.text));
        walls.nftables.iter().cloned().chain(units).collect::<Vec<_>>().join("\n")
    });
    Ok(Outcome::Done)
}

pub(super) fn apply(dir: &Path, args: ApplyArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let settings = settings(dir)?;
    let policy = policy(&settings, &args.machine)?;
    let units = machine_units(dir, &args.machine)?;
    load(&policy)?;
    let not_written = |path: &Path, error: std::io::Error| {
        Failure::fault("not-written", format!("{}: {error}", path.display()))
    };
    std::fs::create_dir_all(&args.units).map_err(|error| not_written(&args.units, error))?;
    for unit in units {
        let path = args.units.join(unit.name);
        std::fs::write(&path, unit.text).map_err(|error| not_written(&path, error))?;
        output
            .note(&format!("écrit : {}", path.display()), &format!("written: {}", path.display()));
    }
    output.note(
        "politique de sortie chargée ; ensuite : systemctl daemon-reload && systemctl enable --now timbre-resolver, et resolver = \"/run/timbre/resolver.sock\" dans meter.toml",
        "egress policy loaded; next: systemctl daemon-reload && systemctl enable --now timbre-resolver, and resolver = \"/run/timbre/resolver.sock\" in meter.toml",
    );
    Ok(Outcome::Done)
}

fn policy(settings: &Settings, machine: &MachineArgs) -> Result<String, Failure> {
    let selection = Selection {
        groups: BTreeSet::from([Group::Required, Group::OptionalOn, Group::NetworkTest]),
        sources: Vec::new(),
        mode: Mode::Names,
        bypass: false,
        resolvers: resolvers(machine),
    };
    let policy = Policy::of(&catalogue(settings)?, &selection);
    // Those that have a name are the resolver's to admit.
    let by_address = proxies(settings)
        .into_iter()
        .filter_map(|(host, port)| Some(SocketAddr::new(host.parse().ok()?, port)));
    let proxies = settings.infrastructure.connect.into_iter().chain(by_address).collect();
    let owner = Owner::User(user_number(&machine.user)?);
    let dhcp = !machine.no_dhcp;
    let settings = EgressSettings { owner, proxies, log_group: None, dhcp, close_input: true };
    Ok(egress(&policy, &settings))
}

fn resolvers(machine: &MachineArgs) -> Vec<IpAddr> {
    if !machine.resolver.is_empty() {
        return machine.resolver.clone();
    }
    let text = std::fs::read_to_string(RESOLV_CONF).unwrap_or_default();
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    named.filter_map(|address| address.trim().parse().ok()).collect()
}

/// By number, since nft would otherwise ask the machine's list of users each time that it loads the policy.
fn user_number(user: &str) -> Result<u32, Failure> {
    let output = Command::new("id").args(["-u", "--", user]).output();
    let number = output.ok().filter(|output| output.status.success());
    let number =
        number.and_then(|output| String::from_utf8(output.stdout).ok()?.trim().parse().ok());
    number.ok_or_else(|| {
        Failure::new(
            Kind::Refusal,
            "no-such-user",
            format!("cette machine n’a pas d’utilisateur « {user} » : créez-le, ou nommez-en un autre par --user"),
            format!("this machine has no user “{user}”: make it, or name another with --user"),
        )
    })
}

fn machine_units(dir: &Path, machine: &MachineArgs) -> Result<[Unit; 2], Failure> {
    let fault = |error: std::io::Error| Failure::fault("lockdown", error);
    let binary = std::env::current_exe().map_err(fault)?;
    let dir = std::path::absolute(dir).map_err(fault)?;
    Ok(units(&binary, &machine.user, &dir))
}

fn load(policy: &str) -> Result<(), Failure> {
    let failed = |reason: String| {
        Failure::new(
            Kind::Fault,
            "policy-not-loaded",
            format!(
                "la politique de sortie n’a pas été chargée ({reason}) : il faut root et nftables"
            ),
            format!("the egress policy was not loaded ({reason}): it needs root and nftables"),
        )
    };
    let mut nft = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut stdin = nft.stdin.take().expect("invariant: stdin is piped");
    let written = stdin.write_all(policy.as_bytes());
    drop(stdin);
    let output = nft.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(failed(reason.lines().next().unwrap_or_default().to_owned()));
    }
    written.map_err(|error| failed(error.to_string()))
}
