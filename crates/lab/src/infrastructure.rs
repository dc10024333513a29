//! The real infrastructure in the laboratory's internet: one process behind an address for each of its hosts, as a load
//! balancer would have it. Its staff work on its database, outside of any namespace.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::said;
use crate::lab::bare;
use crate::namespace::Namespace;
use crate::nftables::Nftables;
use crate::plan::{DOMAIN, HostMap, INTERNET};
use crate::process::Process;

/// A serving infrastructure.
#[derive(Debug)]
pub struct Infrastructure {
    process: Process,
    config: PathBuf,
    anchors: PathBuf,
}

impl Infrastructure {
    pub(crate) fn start(
        timbre: &Path,
        internet: &Namespace,
        folder: &Path,
        hosts: &HostMap,
    ) -> Result<Infrastructure> {
        let config = folder.join("infrastructure.toml");
        let text = format!(
            "data_dir = \"infrastructure\"\ndomain = \"{DOMAIN}\"\nlisten = \"{INTERNET}:443\"\n\
             listen_clear = \"{INTERNET}:80\"\nadmin_listen = \"127.0.0.1:9443\"\n"
        );
        fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
        let addresses: Vec<_> = hosts.own().iter().map(ToString::to_string).collect();
        let balancer = format!(
            "table ip balancer {{\nchain prerouting {{\ntype nat hook prerouting priority dstnat;\n\
             ip daddr {{ {} }} tcp dport {{ 80, 443 }} dnat to {INTERNET}\n}}\n}}\n",
            addresses.join(", ")
        );
        Nftables(internet).load(&balancer)?;
        let mut command = bare(internet.command(timbre));
        command.args(["infrastructure", "serve", "--config"]).arg(&config);
        let mut process =
            Process::start("infrastructure", &mut command, &folder.join("infrastructure.log"))?;
        process.wait_for(internet, SocketAddr::from((INTERNET, 443)))?;
        let infrastructure =
            Infrastructure { process, config, anchors: folder.join("anchors.json") };
        let anchors = said(infrastructure.staff(timbre).arg("anchors"))?;
        fs::write(&infrastructure.anchors, &anchors)?;
        let anchors: serde_json::Value = serde_json::from_str(&anchors)?;
        let root =
            anchors["root_certificate"].as_str().context("the anchors hold no root certificate")?;
        fs::write(infrastructure.root(), root)?;
        Ok(infrastructure)
    }

    pub(crate) fn keep(&mut self) {
        self.process.keep();
    }

    pub(crate) fn staff(&self, timbre: &Path) -> Command {
        let mut command = bare(Command::new(timbre));
        command.arg("infrastructure").arg("--config").arg(&self.config);
        command
    }

    /// What a meter must believe: the output of `timbre infrastructure anchors`.
    pub fn anchors(&self) -> &Path {
        &self.anchors
    }

    /// The root certificate of its hosts.
    pub fn root(&self) -> PathBuf {
        self.anchors.with_file_name("timbre-root.pem")
    }
}
