//! A process is killed at each of its system calls that change a file, one after the other: the meter during a run, and
//! the infrastructure during a refill and an upload. Whatever was being done is done again, and counts once.
//!
//! Sampled here; `TIMBRE_THOROUGH=1` kills at every single call.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::site::{Serving, Site, tell, timbre};

/// The calls by which a meter or SQLite changes what is on the disk.
const CALLS: [&str; 12] = [
    "openat",
    "write",
    "pwrite64",
    "fdatasync",
    "fsync",
    "rename",
    "link",
    "unlink",
    "mkdir",
    "ftruncate",
    "fallocate",
    "sendto",
];
const ROWS: u32 = 3;

fn is_thorough() -> bool {
    std::env::var_os("TIMBRE_THOROUGH").is_some()
}

/// `command` under strace with these options; strace is the grandchild, so that the child is the command itself.
fn traced(command: &Command, options: &[String]) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-o"]).args(options).arg("--");
    strace.arg(command.get_program()).args(command.get_args()).env_clear();
    strace.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace.env("PATH", "/usr/bin:/bin");
    strace
}

/// `command`, killed when one of its threads enters `call` for the `number`-th time.
fn killed_at(command: &Command, call: &str, number: u32) -> Command {
    let inject = format!("inject={call}:signal=KILL:when={number}");
    let options = ["/dev/null", "-e", &format!("trace={call}"), "-e", &inject];
    traced(command, &options.map(str::to_owned))
}

/// How often the busiest thread of `command` makes each call; the command is carried out.
fn count(
    command: &Command,
    log: &Path,
    carry_out: impl FnOnce(&mut Command),
) -> BTreeMap<&'static str, u32> {
    let trace = format!("trace={}", CALLS.join(","));
    let options = [log.to_str().unwrap(), "-e", &trace, "-e", "signal=none"];
    carry_out(&mut traced(command, &options.map(str::to_owned)));
    let mut by_thread: BTreeMap<(String, &'static str), u32> = BTreeMap::new();
    for line in std::fs::read_to_string(log).unwrap().lines() {
        let mut words = line.split_whitespace();
        let (thread, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if let Some(call) = CALLS.iter().find(|call| rest.starts_with(&format!("{call}("))) {
            *by_thread.entry((thread.to_owned(), call)).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((_, call), times) in by_thread {
        let most: &mut u32 = most.entry(call).or_default();
        *most = times.max(*most);
    }
    most
}

/// The blows to strike: all, or so many of each call, spread over it and with its first and last.
fn blows(calls: &BTreeMap<&'static str, u32>, each: u32) -> Vec<(&'static str, u32)> {
    let mut blows = Vec::new();
    for (call, times) in calls {
        let step = if is_thorough() { 1 } else { times.div_ceil(each).max(1) };
        blows.extend((1..=*times).step_by(step as usize).map(|number| (*call, number)));
        if blows.last() != Some(&(*call, *times)) {
            blows.push((*call, *times));
        }
    }
    blows
}

#[test]
fn a_meter_killed_at_any_of_its_calls_franks_every_piece_once() {
    let site = Site::ready("900");
    let mut files = 0;
    let mut file = || {
        files += 1;
        let mut text = String::from("weight,destination,service,account,reference\n");
        (1..=ROWS)
            .for_each(|row| text.push_str(&format!("20g,CA,lettermail,Sales,F{files}R{row}\n")));
        let csv = site.path(&format!("letters-{files}.csv"));
        std::fs::write(&csv, text).unwrap();
        csv
    };
    let run = |csv: &PathBuf| {
        let mut command = site.meter_command(["run"]);
        command.arg(csv).arg("--output").arg(csv.with_extension("out"));
        command
    };
    let counted = count(&run(&file()), &site.path("strace.log"), |traced| {
        tell(traced).expect_code(0);
    });
    let (mut runs, mut killed) = (1, 0);
    for (call, number) in blows(&counted, 4) {
        let csv = file();
        let struck = tell(&mut killed_at(&run(&csv), call, number));
        killed += u32::from(struck.status.code().is_none());
        let again = tell(&mut run(&csv));
        // Killed when all was done, it had nothing left but to say so: then its folder is taken.
        let is_done = again.code() == 3 && again.stderr.contains("holds another run");
        assert!(again.code() == 0 || is_done, "after {call} {number}: {}", again.stderr);
        runs += 1;
        let marks = csv.with_extension("out").join("marks");
        let marks = std::fs::read_dir(marks).unwrap().count() as u32;
        assert_eq!(marks, ROWS, "after {call} {number}");
    }
    eprintln!("{killed} of {runs} runs were killed: {counted:?}");
    assert!(killed > 20, "{killed} of {runs}");
    let status = site.meter(["status", "--json"]).expect_code(0).json();
    assert_eq!(status["unprinted"], 0);
    site.expect_reconciled();
    let meters = site.staff(["meter", "list", "--json"]).expect_code(0).json();
    assert_eq!(meters[0]["registers"]["pieces"], runs * ROWS, "nothing was paid for twice");
}

/// Starts an infrastructure and waits until it says where it listens, or ends.
fn start(mut command: Command) -> Child {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Kept open by no one, its end is no error to a server.
    lines.map_while(Result::ok).find(|line| line == "}");
    child
}

fn stop(child: &mut Child) {
    let pid = rustix::process::Pid::from_child(child);
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    child.wait().unwrap();
}

#[test]
fn an_infrastructure_killed_at_any_of_its_calls_books_every_refill_and_record_once() {
    let mut site = Site::ready("100");
    let config = site.path("infrastructure.toml");
    let first = site.serving.take().unwrap();
    let address = first.address.clone();
    first.stop();
    let mut serve = timbre();
    serve.args(["infrastructure", "serve", "--json", "--admin-listen", "127.0.0.1:0"]);
    serve.args(["--listen", &address, "--config"]).arg(&config);
    let day = |site: &Site| {
        let codes = [
            site.meter(["refill", "20"]).code(),
            site.meter(["frank", "--weight", "20g"]).code(),
            site.meter(["sleep"]).code(),
        ];
        assert!(codes.iter().all(|code| [0, 4].contains(code)), "{codes:?}");
    };
    let counted = count(&serve, &site.path("strace.log"), |traced| {
        let mut traced = std::mem::replace(traced, Command::new("true"));
        traced.stdout(Stdio::piped());
        let mut child = start(traced);
        day(&site);
        stop(&mut child);
    });
    let written: BTreeMap<_, _> = counted
        .into_iter()
        .filter(|(call, _)| ["pwrite64", "fsync", "fdatasync"].contains(call))
        .collect();
    let (mut struck, mut killed) = (0, 0);
    for (call, number) in blows(&written, 6) {
        let mut child = start(killed_at(&serve, call, number));
        day(&site);
        struck += 1;
        match child.try_wait().unwrap() {
            Some(_) => killed += 1,
            None => stop(&mut child),
        }
        // The next is whole: what is pending is finished, and every book agrees.
        let serving = Serving::start(&config, &address);
        site.meter(["refill", "20"]).expect_code(0);
        site.meter(["print-again"]).expect_code(0);
        site.expect_reconciled();
        serving.stop();
    }
    eprintln!("{killed} of {struck} were killed: {written:?}");
    assert!(killed > 3, "{killed} of {struck}");
    let funds = site.meter(["funds", "--json"]).expect_code(0).json();
    let refilled = funds["control_sum"]["mills"].as_i64().unwrap();
    // The first 100, one in the day that was counted, and in each other day one or, if that one was not begun or was
    // finished by the next, two.
    let twenties = (refilled - 100_000) / 20_000 - 1;
    assert!(
        (struck..=2 * struck).contains(&i32::try_from(twenties).unwrap()),
        "{twenties} of {struck}"
    );
}
