//! The customer's proxy: a real Squid on loopback, which asks who we are if it is told to.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "correct horse";

/// A proxy that ends with its test.
pub(crate) struct Squid {
    folder: TempDir,
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Squid {
    /// It lets the meter go to `open`, after asking for its name by `scheme` if there is one.
    pub(crate) fn new(scheme: Option<&str>, open: &[SocketAddr]) -> Squid {
        let path = Path::new("/usr/sbin/squid");
        assert!(path.exists(), "squid is missing: apt-get install squid-openssl");
        let folder = TempDir::new().unwrap();
        let at = folder.path();
        // Squid gives up the superuser's rights: its folder must be everybody's.
        fs::set_permissions(at, fs::Permissions::from_mode(0o777)).unwrap();
        fs::write(at.join("users"), format!("meter:{PASSWORD}\n")).unwrap();
        fs::write(at.join("basic"), "meter:$apr1$timbrete$lKkdapDPw/T4xeNZnGqET.\n").unwrap();
        let dir = at.display();
        let (program, known) = match scheme {
            Some("basic") => {
                ("auth_param basic program /usr/lib/squid/basic_ncsa_auth DIR/basic", true)
            }
            Some(_) => (
                "auth_param digest program /usr/lib/squid/digest_file_auth DIR/users\nauth_param digest realm test",
                true,
            ),
            None => ("", false),
        };
        let known = if known {
            "acl known proxy_auth REQUIRED\nhttp_access allow known"
        } else {
            "http_access allow all"
        };
        let ports: Vec<String> = open.iter().map(|a| a.port().to_string()).collect();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = format!(
            "http_port {address}\n{}\nacl open port {} 9\nhttp_access deny !open\n{known}\n\
             http_access deny all\ncache deny all\npid_filename {dir}/pid\naccess_log stdio:{dir}/access\n\
             cache_log {dir}/log\nshutdown_lifetime 1 second\nnetdb_filename none\npinger_enable off\n\
             coredump_dir {dir}\nvisible_hostname squid.test\n",
            program.replace("DIR", &dir.to_string()),
            ports.join(" "),
        );
        fs::write(at.join("conf"), text).unwrap();
        let mut child = Command::new(path)
            .args(["-N", "-n", &format!("meter{}", address.port()), "-f"])
            .arg(at.join("conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(address).is_err() {
            let told = || fs::read_to_string(at.join("log")).unwrap_or_default();
            assert!(child.try_wait().unwrap().is_none(), "squid ended: {}", told());
            assert!(Instant::now() < deadline, "squid does not listen: {}", told());
            std::thread::sleep(Duration::from_millis(10));
        }
        Squid { folder, child, address }
    }

    /// Waits until it has noted what is looked for: a tunnel is noted when it has ended.
    pub(crate) fn notes(&self, looked_for: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let log = fs::read_to_string(self.folder.path().join("access")).unwrap_or_default();
            if looked_for(&log) {
                return;
            }
            assert!(Instant::now() < deadline, "squid did not note it: {log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Squid {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
