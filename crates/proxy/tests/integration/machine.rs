//! Real programs as this crate's tests run them: on loopback, in a folder that goes away, ended by their
//! own handle.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program that ends with its test.
pub(crate) struct Running {
    child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of a program, or how to get it.
pub(crate) fn tool(path: &'static str, package: &str) -> &'static Path {
    let path = Path::new(path);
    assert!(path.exists(), "{} is missing: apt-get install {package}", path.display());
    path
}

/// Starts `command` and waits until it accepts connections at `address`.
pub(crate) fn start(command: &mut Command, address: SocketAddr, log: &Path) -> Running {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running { child: command.spawn().unwrap() };
    let deadline = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(address).is_err() {
        let ended = running.child.try_wait().unwrap();
        let log = || std::fs::read_to_string(log).unwrap_or_default();
        assert!(ended.is_none(), "{command:?} ended: {ended:?}\n{}", log());
        assert!(Instant::now() < deadline, "{command:?} does not listen\n{}", log());
        std::thread::sleep(Duration::from_millis(10));
    }
    running
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Runs a future on a runtime of its own, for at most half a minute.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(30), future).await.expect("it takes too long")
    })
}
