//! The commands of the README, as they stand there: only the port differs, so that two tests may run at once.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::site::tell;

const README: &str = include_str!("../../../../README.md");

/// The command lines of the section that runs the two machines apart, without their comments.
fn commands() -> Vec<String> {
    let start = README.find("## The two machines apart").expect("the README has the section");
    let section = &README[start..];
    let section = &section[..section[3..].find("\n## ").map_or(section.len(), |end| end + 3)];
    let blocks = section.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines =
        blocks.flat_map(str::lines).map(|line| line.split("  #").next().unwrap_or_default());
    lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// A background process of the README; ended with the test.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_commands_of_the_readme_work_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::os::unix::fs::symlink(root.join("examples"), folder.path().join("examples")).unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_timbre")).parent().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut variables = BTreeMap::from([
        ("PATH".to_owned(), format!("{}:/usr/bin:/bin", binaries.display())),
        ("LANG".to_owned(), "en_CA.UTF-8".to_owned()),
        ("HOME".to_owned(), folder.path().display().to_string()),
    ]);
    let mut background = Vec::new();
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let command = command.replace(":8443", &format!(":{port}"));
        let mut bash = Command::new("bash");
        bash.env_clear().envs(&variables).current_dir(folder.path());
        if let Some((name, value)) =
            command.strip_prefix("export ").and_then(|rest| rest.split_once('='))
        {
            variables.insert(name.to_owned(), value.to_owned());
        } else if let Some(command) = command.strip_suffix('&') {
            let command =
                format!("exec {command} --listen 127.0.0.1:{port} --admin-listen 127.0.0.1:0");
            let child = bash.args(["-c", &command]).stdout(Stdio::null()).spawn().unwrap();
            background.push(Background(child));
            wait_for(&port);
        } else {
            let told = tell(bash.args(["-c", &command]));
            // The example mail has bad rows, which are set aside: 1.
            assert!(matches!(told.code(), 0 | 1), "{command}\n{}{}", told.stdout, told.stderr);
        }
    }
    let stamped = std::fs::read_dir(folder.path().join("letters")).unwrap().count();
    assert!(stamped > 0, "the letters are where the README says");
}

fn wait_for(port: &str) {
    let limit = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(Instant::now() < limit, "the infrastructure does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
}
