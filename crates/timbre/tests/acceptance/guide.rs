//! The commands of a document, as they stand there: only the port differs, so that two tests may run at once.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::site::{Told, tell};

/// The command lines of a section, without their comments.
pub(crate) fn commands(document: &str, section: &str) -> Vec<String> {
    let start = document.find(section).expect("the document has the section");
    let section = &document[start..];
    let section = &section[..section[3..].find("\n## ").map_or(section.len(), |end| end + 3)];
    let blocks = section.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines =
        blocks.flat_map(str::lines).map(|line| line.split("  #").next().unwrap_or_default());
    lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// Somebody who gives the commands one after the other, in a folder of their own.
pub(crate) struct Reader {
    pub(crate) folder: TempDir,
    port: String,
    variables: BTreeMap<String, String>,
    background: Vec<Background>,
}

/// A background process; ended with the test.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Reader {
    pub(crate) fn new() -> Reader {
        let folder = tempfile::tempdir().unwrap();
        let binaries = Path::new(env!("CARGO_BIN_EXE_timbre")).parent().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let variables = BTreeMap::from([
            ("PATH".to_owned(), format!("{}:/usr/bin:/bin", binaries.display())),
            ("LANG".to_owned(), "en_CA.UTF-8".to_owned()),
            ("HOME".to_owned(), folder.path().display().to_string()),
        ]);
        let port = listener.local_addr().unwrap().port().to_string();
        Reader { folder, port, variables, background: Vec::new() }
    }

    /// Gives a command; `None` for one that ends nothing: a variable, or what goes on in the background.
    pub(crate) fn give(&mut self, command: &str) -> Option<Told> {
        let port = &self.port;
        let command = command.replace(":8443", &format!(":{port}"));
        let mut bash = Command::new("bash");
        bash.env_clear().envs(&self.variables).current_dir(self.folder.path());
        if let Some((name, value)) =
            command.strip_prefix("export ").and_then(|rest| rest.split_once('='))
        {
            self.variables.insert(name.to_owned(), value.to_owned());
            return None;
        }
        if let Some(command) = command.strip_suffix('&') {
            let command =
                format!("exec {command} --listen 127.0.0.1:{port} --admin-listen 127.0.0.1:0");
            let child = bash.args(["-c", &command]).stdout(Stdio::null()).spawn().unwrap();
            self.background.push(Background(child));
            wait_for(port);
            return None;
        }
        Some(tell(bash.args(["-c", &command])))
    }
}

fn wait_for(port: &str) {
    let limit = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(Instant::now() < limit, "the infrastructure does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
}
