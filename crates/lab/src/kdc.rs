//! A Kerberos realm: its key distribution centre on the firewall, a principal for the meter and one for the proxy.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::Lab;
use crate::command::{run, run_with};
use crate::plan::GATEWAY;
use crate::process::Process;
use crate::squid::{PASSWORD, USER};

/// The realm.
const REALM: &str = "LAB.TEST";
/// The proxy’s principal without its realm. The meter must ask for it by this name, or its ticket does not fit.
pub(crate) const PROXY: &str = "HTTP/proxy.corp.test";

/// A running realm.
#[derive(Debug)]
pub struct Kdc {
    _process: Process,
}

impl Kdc {
    /// Makes the realm and starts it.
    ///
    /// # Errors
    /// If the database cannot be made or the centre does not come up.
    pub fn start(lab: &Lab) -> Result<Kdc> {
        let folder = Kdc::folder(lab);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let at = folder.display();
        let client = format!(
            "[libdefaults]\n default_realm = {REALM}\n dns_canonicalize_hostname = false\n rdns = false\n dns_lookup_kdc = false\n \
             dns_lookup_realm = false\n udp_preference_limit = 1\n\
             [realms]\n {REALM} = {{\n  kdc = {GATEWAY}\n }}\n[domain_realm]\n .corp.test = {REALM}\n corp.test = {REALM}\n"
        );
        fs::write(Kdc::configuration(lab), client)?;
        let server = format!(
            "[kdcdefaults]\n kdc_listen = {GATEWAY}:88\n kdc_tcp_listen = {GATEWAY}:88\n[realms]\n {REALM} = {{\n  database_name = {at}/principal\n  \
             key_stash_file = {at}/stash\n  acl_file = {at}/acl\n }}\n"
        );
        fs::write(folder.join("kdc.conf"), server)?;
        let tool = |program: &str| {
            let mut command = Command::new(program);
            command
                .env("KRB5_CONFIG", Kdc::configuration(lab))
                .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"));
            command
        };
        // Weak random numbers are enough for a realm that lives for a minute.
        run(tool("kdb5_util").args(["create", "-s", "-r", REALM, "-P", "laboratory"]))?;
        let keytab = Kdc::proxy_keytab(lab);
        let orders = format!(
            "addprinc -pw {PASSWORD} {USER}\naddprinc -randkey {PROXY}\nktadd -k {} {PROXY}\n",
            keytab.display()
        );
        run_with(tool("kadmin.local").args(["-r", REALM]), &orders)?;
        let mut command = lab.firewall().command("krb5kdc");
        command
            .arg("-n")
            .env("KRB5_CONFIG", Kdc::configuration(lab))
            .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"));
        let mut process = Process::start("krb5kdc", &mut command, &folder.join("said.log"))?;
        process.wait_for(lab.firewall(), (GATEWAY, 88).into())?;
        Ok(Kdc { _process: process })
    }

    /// Gets the meter a ticket, kept in the file that is returned: `KRB5CCNAME` must name it.
    ///
    /// # Errors
    /// If the centre gives none.
    pub fn ticket(lab: &Lab) -> Result<PathBuf> {
        let tickets = Kdc::folder(lab).join("tickets");
        let mut command = lab.meter().command("kinit");
        command.arg("-c").arg(&tickets).arg(USER).env("KRB5_CONFIG", Kdc::configuration(lab));
        run_with(&mut command, &format!("{PASSWORD}\n"))?;
        Ok(tickets)
    }

    /// The client’s configuration: `KRB5_CONFIG` must name it.
    pub fn configuration(lab: &Lab) -> PathBuf {
        Kdc::folder(lab).join("krb5.conf")
    }

    pub(crate) fn proxy_keytab(lab: &Lab) -> PathBuf {
        Kdc::folder(lab).join("proxy.keytab")
    }

    fn folder(lab: &Lab) -> PathBuf {
        lab.path("kdc")
    }
}
