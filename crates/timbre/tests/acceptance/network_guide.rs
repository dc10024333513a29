//! The commands of the guides for administrators, in both languages, as they stand there.

use std::path::Path;
use std::process::Command;

use crate::namespace::Namespace;
use crate::site::tell;

const GUIDES: [(&str, &str); 2] = [
    ("docs/NETWORK.md", include_str!("../../../../docs/NETWORK.md")),
    ("docs/RESEAU.md", include_str!("../../../../docs/RESEAU.md")),
];

#[test]
fn every_command_of_the_guides_does_what_it_says() {
    let namespace = Namespace::alone("guides");
    namespace.enter();
    let binaries = Path::new(env!("CARGO_BIN_EXE_timbre")).parent().unwrap();
    for (guide, text) in GUIDES {
        let folder = tempfile::tempdir().unwrap();
        let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
        let commands: Vec<_> = blocks.flat_map(str::lines).collect();
        assert!(commands.len() > 12, "{guide}: {commands:?}");
        for command in commands {
            let mut bash = Command::new("bash");
            bash.env_clear()
                .env("PATH", format!("{}:/usr/bin:/bin", binaries.display()))
                .env("LANG", "en_CA.UTF-8")
                .current_dir(folder.path())
                .args(["-c", command]);
            let told = tell(&mut bash);
            // Here is no network, so no verdict is good; that there is one does not depend on it.
            let tests = command.contains("network test") || command.contains("network compare");
            let verdicts: &[i32] =
                if tests || command.contains("lint") { &[0, 1, 2, 3] } else { &[0] };
            assert!(
                verdicts.contains(&told.code()),
                "{guide}: {command}\n{}{}",
                told.stdout,
                told.stderr
            );
            if let Some(file) = command.split("--output ").nth(1) {
                let file = folder.path().join(file.split(' ').next().unwrap());
                assert!(file.exists(), "{guide}: {command} leaves {}", file.display());
            }
        }
    }
}
