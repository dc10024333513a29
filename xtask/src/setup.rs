//! `cargo xtask setup`: the programs that tests use as judges that are not ours. It installs them
//! on Debian and Ubuntu when it may, and otherwise says what to install; it changes nothing else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A program that some test starts.
struct Tool {
    program: &'static str,
    package: &'static str,
    used_for: &'static str,
}

const TOOLS: &[Tool] = &[
    tool("initdb", "postgresql", "the infrastructure's tests run on a PostgreSQL of their own"),
    tool(
        "xmllint",
        "libxml2-utils",
        "the protocol's golden files and JUnit reports are judged by it",
    ),
    tool(
        "pdftoppm",
        "poppler-utils",
        "stamped letters and reports are drawn by a PDF reader that is not ours",
    ),
    tool("faketime", "faketime", "a meter is run with its clock set back and ahead"),
    tool("dmtxread", "dmtx-utils", "marks are read by a decoder that is not ours"),
    tool("nft", "nftables", "generated rules and the meter's own policy are loaded into a kernel"),
    tool("iptables-restore", "iptables", "generated rules are loaded into a kernel"),
    tool("ipset", "ipset", "generated sets are loaded into a kernel"),
    tool("ip", "iproute2", "machines of the tests are network namespaces"),
    tool("nsenter", "util-linux", "commands are run on the machines of the tests"),
    tool("dnsmasq", "dnsmasq-base", "a firewall's resolver, which fills its sets"),
    tool("unbound", "unbound", "the internet's resolver in the laboratory"),
    tool(
        "security_file_certgen",
        "squid-openssl",
        "a corporate proxy, with and without TLS inspection",
    ),
    tool("pactester", "libpacparser1", "proxy.pac is evaluated by an engine that is not ours"),
    tool("krb5kdc", "krb5-kdc", "a proxy that asks for Kerberos tickets"),
    tool("kadmin.local", "krb5-admin-server", "a proxy that asks for Kerberos tickets"),
    tool("kinit", "krb5-user", "a proxy that asks for Kerberos tickets"),
    tool("curl", "curl", "proxies are tried with a client that is not ours"),
    tool("jq", "jq", "Meraki's script is run for real"),
    tool("shellcheck", "shellcheck", "scripts among the rules are judged by it"),
    tool("systemd-analyze", "systemd", "the units of a locked machine are judged by it"),
    tool("qpdf", "qpdf", "reports in PDF are judged by it"),
    tool("promtool", "prometheus", "reports for Prometheus are judged by it"),
    tool("openssl", "openssl", "a proxy’s sign-in is computed once more"),
    tool(
        "sqlite3",
        "sqlite3",
        "the books are altered, and added up, by a program that is not ours",
    ),
    tool(
        "python3",
        "python3-venv",
        "mitmproxy, aerleon, ciscoconfparse2 and zxing-cpp run in environments of their own",
    ),
    tool("krb5-config", "libkrb5-dev", "the feature kerberos is built against it"),
    tool("clang", "clang", "the feature kerberos reads C headers with it"),
    tool("strace", "strace", "commands are recorded, killed and failed at each system call"),
    tool("softhsm2-util", "softhsm2", "keys are made and used in a token, in software"),
    tool("libclang.so", "libclang-dev", "the feature kerberos reads C headers with it"),
];

const fn tool(program: &'static str, package: &'static str, used_for: &'static str) -> Tool {
    Tool { program, package, used_for }
}

/// Programs of Python's registry, each group in an environment of its own below `target/judges`: its folder, a program by which
/// it is known, what pip installs.
const JUDGES: &[(&str, &str, &[&str])] = &[
    ("venv", "aclgen", &["aerleon==1.18.0", "ciscoconfparse2==0.9.18"]),
    // 12 needs Python 3.12; where that is not there, pip takes 11.
    ("mitm", "mitmdump", &["mitmproxy>=11,<13"]),
    // Reads the same bad scans as we do, for `cargo xtask read-rates`.
    ("scans", "f2py", &["numpy==2.4.6", "pillow==13.0.0", "zxing-cpp==3.1.1"]),
];

/// Installs what is missing: of the system, and of Python's registry below `root`.
///
/// # Errors
/// If something is missing and cannot be installed from here; the message says by what command a
/// person can.
pub(crate) fn run(root: &Path) -> Result<()> {
    of_the_system()?;
    for (folder, program, packages) in JUDGES {
        let folder = root.join("target/judges").join(folder);
        let program = folder.join("bin").join(program);
        if !program.is_file() {
            println!("missing: {}", program.display());
            let pip = folder.join("bin/pip");
            done(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            done(
                Command::new(&pip)
                    .args(["install", "--quiet", "--disable-pip-version-check"])
                    .args(*packages),
            )?;
        }
    }
    Ok(())
}

fn done(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Debian’s packages.
fn of_the_system() -> Result<()> {
    let missing: Vec<_> = TOOLS.iter().filter(|tool| find(tool.program).is_none()).collect();
    if missing.is_empty() {
        println!("every program that the tests need is there");
        return Ok(());
    }
    for tool in &missing {
        println!("missing: {} (package {}): {}", tool.program, tool.package, tool.used_for);
    }
    let mut packages: Vec<_> = missing.iter().map(|tool| tool.package).collect();
    packages.dedup();
    let install = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
    let Some(privilege) = privilege().filter(|_| find("apt-get").is_some()) else {
        bail!("install these packages, on Debian or Ubuntu by: sudo {install}");
    };
    let _guard = StayQuiet::begin(privilege)?;
    for words in ["apt-get update --quiet", &install] {
        let line: Vec<_> = words.split(' ').collect();
        let mut command = privileged(privilege, &line);
        command.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        done(&mut command)?;
    }
    match missing.iter().find(|tool| find(tool.program).is_none()) {
        Some(tool) => bail!("{} is still missing after installing {}", tool.program, tool.package),
        None => Ok(()),
    }
}

/// Where Debian asks whether a package may start its services.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// While it lives, packages that are installed start no service: the tests start what they need themselves, and a
/// person's machine gets no proxy and no resolver that it did not have.
struct StayQuiet(Option<&'static [&'static str]>);

impl StayQuiet {
    fn begin(privilege: &'static [&'static str]) -> Result<StayQuiet> {
        if Path::new(POLICY).exists() {
            return Ok(StayQuiet(None));
        }
        let script = format!("printf '#!/bin/sh\nexit 101\n' > {POLICY} && chmod 755 {POLICY}");
        let status = privileged(privilege, &["sh", "-c", &script]).status();
        if !status.with_context(|| format!("cannot write {POLICY}"))?.success() {
            bail!("cannot write {POLICY}");
        }
        Ok(StayQuiet(Some(privilege)))
    }
}

impl Drop for StayQuiet {
    fn drop(&mut self) {
        if let Some(privilege) = self.0
            && !privileged(privilege, &["rm", POLICY]).status().is_ok_and(|status| status.success())
        {
            eprintln!(
                "{POLICY} could not be removed: remove it, or no package will start its service"
            );
        }
    }
}

fn privileged(privilege: &[&'static str], words: &[&str]) -> Command {
    let words: Vec<_> = privilege.iter().chain(words).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// What to write before a command that only root may run; nothing for root, `sudo` where it asks
/// for no password.
fn privilege() -> Option<&'static [&'static str]> {
    let succeeds = |program: &str, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if succeeds("sh", &["-c", "test \"$(id -u)\" = 0"]) {
        Some(&[])
    } else if succeeds("sudo", &["--non-interactive", "true"]) {
        Some(&["sudo", "--non-interactive"])
    } else {
        None
    }
}

/// Where a program is: in `PATH`, among an administrator's, or where Debian keeps those of PostgreSQL, squid and LLVM.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/sbin", "/usr/lib/squid"].map(PathBuf::from));
    let below = |folder: &str, inside: &str| {
        let entries = Path::new(folder).read_dir().into_iter().flatten().flatten();
        entries.map(|entry| entry.path().join(inside)).collect::<Vec<_>>()
    };
    folders.extend(below("/usr/lib/postgresql", "bin"));
    folders.extend(below("/usr/lib", "lib"));
    folders.into_iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_in_the_path() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-anywhere"), None);
    }
}
