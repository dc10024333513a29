//! Negotiate against a real key distribution centre and a real Squid, all on loopback. The system's
//! library reads its settings from the environment of the process, so each trial is a process of its own.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use timbre_proxy::{Credentials, ProxyAddress, Scheme, Secret};
use tokio::net::TcpListener;

use crate::machine::{Running, free_port, start, tool, wait};
use crate::squid::{Squid, through_to};

const HOST: &str = "proxy.corp.test";
const AT: &str = "TIMBRE_TEST_PROXY";
const ECHO: &str = "TIMBRE_TEST_ECHO";

/// A realm of one test: its centre, a user with a ticket, and the proxy's key.
struct Realm {
    folder: TempDir,
    _centre: Running,
}

impl Realm {
    fn new() -> Realm {
        let folder = TempDir::new().unwrap();
        let at = folder.path();
        let address = centre_port();
        fs::write(at.join("krb5.conf"), settings(address)).unwrap();
        let dir = at.display();
        let kdc = format!(
            "[kdcdefaults]\nkdc_listen = {address}\nkdc_tcp_listen = {address}\n[realms]\nLAB.TEST = {{\n\
             database_name = {dir}/principal\nkey_stash_file = {dir}/stash\nacl_file = {dir}/acl\n\
             max_life = 1h\n}}\n"
        );
        fs::write(at.join("kdc.conf"), kdc).unwrap();
        let run = |path: &'static str, package: &str, arguments: &[&str]| {
            let mut command = Command::new(tool(path, package));
            in_realm(&mut command, at);
            let output = command.args(arguments).output().unwrap();
            assert!(output.status.success(), "{path} {arguments:?}: {output:?}");
        };
        run("/usr/sbin/kdb5_util", "krb5-kdc", &["create", "-s", "-r", "LAB.TEST", "-P", "master"]);
        let keytab = at.join("proxy.keytab");
        for query in [
            "addprinc -pw secret meter".to_owned(),
            format!("addprinc -randkey HTTP/{HOST}"),
            format!("ktadd -k {} HTTP/{HOST}", keytab.display()),
        ] {
            run("/usr/sbin/kadmin.local", "krb5-admin-server", &["-r", "LAB.TEST", "-q", &query]);
        }
        let mut command = Command::new(tool("/usr/sbin/krb5kdc", "krb5-kdc"));
        in_realm(&mut command, at);
        command.args(["-n", "-r", "LAB.TEST"]);
        let centre = start(&mut command, address, &at.join("kdc.log"));
        // Squid reads the key as a user without rights.
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&keytab, fs::Permissions::from_mode(0o644)).unwrap();
        Realm { folder, _centre: centre }
    }

    fn at(&self) -> &Path {
        self.folder.path()
    }

    fn sign_in(&self) {
        let mut command = Command::new(tool("/usr/bin/kinit", "krb5-user"));
        in_realm(&mut command, self.at());
        let mut child = command.arg("meter").stdin(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"secret\n").unwrap();
        assert!(child.wait().unwrap().success());
    }

    fn authentication(&self) -> String {
        format!(
            "auth_param negotiate program /usr/lib/squid/negotiate_kerberos_auth -s HTTP/{HOST}@LAB.TEST -k {}\n",
            self.at().join("proxy.keytab").display()
        )
    }

    /// Runs the trial `name` in a process of its own, with this realm as the system's.
    fn trial(&self, name: &str, squid: &Squid, echo: SocketAddr) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        in_realm(&mut command, self.at());
        command.args(["--exact", name, "--ignored", "--nocapture"]);
        command.env(AT, squid.address.to_string()).env(ECHO, echo.to_string());
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && told.contains("1 passed"), "{told}\n{output:?}");
    }
}

/// A port free for both transports.
fn centre_port() -> SocketAddr {
    loop {
        let address = free_port();
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}

fn settings(centre: SocketAddr) -> String {
    format!(
        "[libdefaults]\ndefault_realm = LAB.TEST\ndns_lookup_kdc = false\ndns_lookup_realm = false\n\
         dns_canonicalize_hostname = false\nrdns = false\nudp_preference_limit = 1\n\
         [realms]\nLAB.TEST = {{\nkdc = {centre}\n}}\n[domain_realm]\n.corp.test = LAB.TEST\n"
    )
}

fn in_realm(command: &mut Command, at: &Path) {
    let cache: PathBuf = at.join("cache");
    command
        .env("KRB5_CONFIG", at.join("krb5.conf"))
        .env("KRB5_KDC_PROFILE", at.join("kdc.conf"))
        .env("KRB5CCNAME", format!("FILE:{}", cache.display()));
}

#[test]
fn a_ticket_of_the_system_opens_a_proxy_that_asks_for_kerberos() {
    let realm = Realm::new();
    realm.sign_in();
    let echo = free_port();
    let squid = Squid::new(&realm.authentication(), &[echo.port()]);
    realm.trial("kerberos::inside_with_a_ticket", &squid, echo);
}

#[test]
fn without_a_ticket_what_the_system_says_is_told() {
    let realm = Realm::new();
    let echo = free_port();
    let squid = Squid::new(&realm.authentication(), &[echo.port()]);
    realm.trial("kerberos::inside_without_a_ticket", &squid, echo);
}

fn given(name: &str) -> SocketAddr {
    std::env::var(name).unwrap().parse().unwrap()
}

fn proxy() -> ProxyAddress {
    ProxyAddress::new(HOST, given(AT).port()).unwrap()
}

#[test]
#[ignore = "a part of another test, in a process of its own"]
fn inside_with_a_ticket() {
    wait(async {
        let echo = TcpListener::bind(given(ECHO)).await.unwrap();
        let ticket = Credentials::none().with_kerberos(true);
        let account =
            through_to(&proxy(), given(AT), &ticket, &echo, given(ECHO).port()).await.unwrap();
        assert_eq!(account.used, Some(Scheme::Negotiate));
        // A ticket is used only where the settings say so.
        let user = Credentials::password("meter", Secret::new("secret".to_owned()));
        let refused = through_to(&proxy(), given(AT), &user, &echo, given(ECHO).port()).await;
        assert_eq!(refused.unwrap_err().code(), "proxy-no-scheme");
    });
}

#[test]
#[ignore = "a part of another test, in a process of its own"]
fn inside_without_a_ticket() {
    wait(async {
        let echo = TcpListener::bind(given(ECHO)).await.unwrap();
        let ticket = Credentials::none().with_kerberos(true);
        let error =
            through_to(&proxy(), given(AT), &ticket, &echo, given(ECHO).port()).await.unwrap_err();
        assert_eq!(error.code(), "proxy-no-scheme");
        assert!(error.to_string().contains("Negotiate: "), "{error}");
    });
}
