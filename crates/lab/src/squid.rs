//! squid as a company runs it: asked by name or in the way, looking into TLS or not, with any way of signing in.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::Lab;
use crate::command::run;
use crate::kdc::Kdc;
use crate::plan::{GATEWAY, NAME_SERVER};
use crate::process::Process;

/// Where a proxy is asked by name.
pub const PORT: u16 = 3128;
/// Where HTTP arrives that did not ask for a proxy.
pub(crate) const INTERCEPT_HTTP: u16 = 3129;
/// Where HTTPS arrives that did not ask for a proxy.
pub(crate) const INTERCEPT_HTTPS: u16 = 3130;

const HELPERS: &str = "/usr/lib/squid";

/// Who may use the proxy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignIn {
    /// Anybody.
    Open,
    /// A name and a password, readable on the way.
    Basic,
    /// A name and a proof of the password.
    Digest,
    /// Windows’ own, older scheme.
    Ntlm,
    /// Kerberos.
    Negotiate,
}

/// What the proxy does with TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tls {
    /// Nothing: a tunnel is a tunnel.
    Tunnel,
    /// It opens every connection and forges certificates.
    Bump,
    /// It opens every connection but those to our deployment and to the hosts of the other catalogues.
    Splice,
    /// It cuts connections to our deployment by the name in the first message.
    Terminate,
}

/// What a squid is to do.
#[derive(Clone, Debug)]
pub struct Squid {
    /// Who may use it.
    pub sign_in: SignIn,
    /// What it does with TLS.
    pub tls: Tls,
    /// Whether it stands in the way of connections that did not ask for it.
    pub intercept: bool,
    /// Lines that come before everything is allowed.
    pub rules: String,
}

impl Squid {
    /// A proxy that anybody may ask, and that looks into nothing.
    #[must_use]
    pub fn open() -> Squid {
        Squid { sign_in: SignIn::Open, tls: Tls::Tunnel, intercept: false, rules: String::new() }
    }

    /// The same, for those who sign in.
    #[must_use]
    pub fn with_sign_in(sign_in: SignIn) -> Squid {
        Squid { sign_in, ..Squid::open() }
    }

    /// A proxy in the way.
    #[must_use]
    pub fn intercepting(tls: Tls) -> Squid {
        Squid { tls, intercept: true, ..Squid::open() }
    }

    /// Starts it on the firewall. Traffic that is to pass through without asking must be led to it besides.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn start(&self, lab: &Lab) -> Result<Process> {
        let folder = lab.path("squid");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = folder.join("squid.conf");
        fs::write(folder.join("passwords"), PASSWORDS)?;
        fs::write(folder.join("digest-passwords"), format!("{USER}:{PASSWORD}\n"))?;
        let certificates = folder.join("certificates");
        if self.tls != Tls::Tunnel && !certificates.exists() {
            let program = format!("{HELPERS}/security_file_certgen");
            run(Command::new(program).args(["-c", "-s"]).arg(&certificates).args(["-M", "4MB"]))?;
        }
        fs::copy(&lab.company_root().both, folder.join("company.pem"))?;
        fs::copy(lab.roots(), folder.join("origins.pem"))?;
        if self.sign_in == SignIn::Negotiate {
            fs::copy(Kdc::proxy_keytab(lab), folder.join("proxy.keytab"))?;
        }
        fs::write(&file, self.configuration(lab, &folder))?;
        run(Command::new("chown").args(["-R", "proxy:proxy"]).arg(&folder))?;
        let mut command = lab.firewall().command("squid");
        // Each squid of this machine has shared memory under its own name, which is letters and digits only.
        let instance: String =
            lab.firewall().name().chars().filter(char::is_ascii_alphanumeric).collect();
        command.args(["-N", "-n", &instance, "-f"]).arg(&file);
        command.env("KRB5_CONFIG", Kdc::configuration(lab)).env("KRB5RCACHETYPE", "none");
        let mut squid = Process::start("squid", &mut command, &folder.join("said.log"))?;
        squid.wait_for(lab.firewall(), SocketAddr::from((GATEWAY, PORT)))?;
        Ok(squid)
    }

    fn configuration(&self, lab: &Lab, folder: &Path) -> String {
        let at = folder.display();
        let bump = format!(
            "ssl-bump tls-cert={at}/company.pem generate-host-certificates=on dynamic_cert_mem_cache_size=4MB"
        );
        let asked = if self.tls == Tls::Tunnel { "" } else { &bump };
        let mut text = format!("http_port {GATEWAY}:{PORT} {asked}\n");
        if self.intercept {
            let _ = writeln!(text, "http_port {GATEWAY}:{INTERCEPT_HTTP} intercept");
            let _ = writeln!(text, "https_port {GATEWAY}:{INTERCEPT_HTTPS} intercept {bump}");
        }
        let _ = writeln!(
            text,
            "acl SSL_ports port 443\nacl Safe_ports port 80 443\nacl CONNECT method CONNECT\n\
             sslcrtd_program {HELPERS}/security_file_certgen -s {at}/certificates -M 4MB\nsslcrtd_children 2 startup=1\n\
             tls_outgoing_options cafile={at}/origins.pem\n{}{}{}\n\
             http_access deny !Safe_ports\nhttp_access deny CONNECT !SSL_ports\n{}\n{}\nhttp_access deny all\n\
             dns_nameservers {NAME_SERVER}\ncache deny all\npid_filename {at}/squid.pid\n\
             access_log stdio:{at}/access.log\ncache_log {at}/cache.log\ncoredump_dir {at}\nshutdown_lifetime 0 seconds\n\
             netdb_filename none\npinger_enable off\nvisible_hostname proxy.corp.test\n\
             connect_timeout 5 seconds\nforward_timeout 10 seconds",
            self.sign_in.lines(folder),
            self.tls.lines(&lab.hosts().names().map(|(name, _)| name).collect::<Vec<_>>()),
            self.rules,
            if self.sign_in == SignIn::Open { "" } else { "acl signed_in proxy_auth REQUIRED" },
            if self.sign_in == SignIn::Open {
                "http_access allow all"
            } else {
                "http_access allow signed_in"
            },
        );
        text
    }
}

/// Whom the proxies know.
pub const USER: &str = "meter";
/// Her password.
pub const PASSWORD: &str = "Tarif-2025";
/// The same for `basic_ncsa_auth`: `openssl passwd -apr1`.
const PASSWORDS: &str = "meter:$apr1$timbre00$FSwJhe0Ais7kbRwpXYTVx1\n";

impl SignIn {
    /// All of them.
    pub const ALL: [SignIn; 5] =
        [SignIn::Open, SignIn::Basic, SignIn::Digest, SignIn::Ntlm, SignIn::Negotiate];

    fn lines(self, folder: &Path) -> String {
        let at = folder.display();
        let scheme = |name: &str, program: String| {
            format!("auth_param {name} program {program}\nauth_param {name} children 2 startup=1\n")
        };
        match self {
            SignIn::Open => String::new(),
            SignIn::Basic => {
                scheme("basic", format!("{HELPERS}/basic_ncsa_auth {at}/passwords"))
                    + "auth_param basic realm corp\n"
            }
            SignIn::Digest => {
                scheme("digest", format!("{HELPERS}/digest_file_auth {at}/digest-passwords"))
                    + "auth_param digest realm corp\n"
            }
            SignIn::Ntlm => scheme("ntlm", format!("{HELPERS}/ntlm_fake_auth")),
            SignIn::Negotiate => scheme(
                "negotiate",
                format!(
                    "{HELPERS}/negotiate_kerberos_auth -s {} -k {at}/proxy.keytab",
                    crate::kdc::PROXY
                ),
            ),
        }
    }
}

impl Tls {
    fn lines(self, names: &[&str]) -> String {
        let names = names.join(" ");
        match self {
            Tls::Tunnel => String::new(),
            Tls::Bump => {
                "acl first at_step SslBump1\nssl_bump peek first\nssl_bump bump all\n".to_owned()
            }
            Tls::Splice => format!(
                "acl first at_step SslBump1\nacl ours ssl::server_name {names}\nssl_bump peek first\n\
                 ssl_bump splice ours\nssl_bump bump all\n"
            ),
            Tls::Terminate => format!(
                "acl first at_step SslBump1\nacl ours ssl::server_name {names}\nssl_bump peek first\n\
                 ssl_bump terminate ours\nssl_bump splice all\n"
            ),
        }
    }
}
