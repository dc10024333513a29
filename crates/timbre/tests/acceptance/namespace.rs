//! Network namespaces for tests that must not touch the network of whoever runs them. They need root and iproute2.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace, gone when dropped.
pub(crate) struct Namespace(String);

impl Namespace {
    /// One with its own loopback and nothing else: whatever is sent elsewhere ends here.
    pub(crate) fn alone(test: &str) -> Namespace {
        let namespace = Namespace(format!("timbre-{test}-{}", std::process::id()));
        ip(&["netns", "add", &namespace.0]);
        ip(&["-n", &namespace.0, "link", "set", "lo", "up"]);
        namespace
    }

    /// One with a route that leads to nobody.
    pub(crate) fn with_route(test: &str) -> Namespace {
        let namespace = Namespace::alone(test);
        let name = namespace.0.as_str();
        ip(&["-n", name, "link", "add", "out0", "type", "veth", "peer", "name", "nobody0"]);
        ip(&["-n", name, "link", "set", "out0", "up"]);
        ip(&["-n", name, "link", "set", "nobody0", "up"]);
        ip(&["-n", name, "addr", "add", "198.51.100.10/24", "dev", "out0"]);
        ip(&["-n", name, "route", "add", "default", "via", "198.51.100.1"]);
        namespace
    }

    /// Moves this thread inside, with every socket it opens and every program it starts from now on.
    pub(crate) fn enter(&self) {
        let link = File::open(Path::new("/run/netns").join(&self.0)).unwrap();
        move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
    }

    /// What `/etc/hosts` says to a [`Namespace::command`].
    pub(crate) fn hosts(&self, text: &str) {
        let folder = self.etc();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("hosts"), text).unwrap();
    }

    fn etc(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.0)
    }

    /// The same command, inside.
    pub(crate) fn command(&self, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.0]).arg(command.get_program()).args(command.get_args());
        inside
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
        let _ = std::fs::remove_dir_all(self.etc());
    }
}

fn ip(args: &[&str]) {
    let done = Command::new("ip").args(args).status().is_ok_and(|status| status.success());
    assert!(
        done,
        "ip {args:?}: this test makes a network namespace: run it as root, with iproute2"
    );
}
