//! The commands of the README, as they stand there.

use std::path::Path;

use crate::guide::{self, Reader};

const README: &str = include_str!("../../../../README.md");

#[test]
fn the_commands_of_the_readme_work_in_their_order() {
    let mut reader = Reader::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::os::unix::fs::symlink(root.join("examples"), reader.folder.path().join("examples"))
        .unwrap();
    let commands = guide::commands(README, "## The two machines apart");
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        if let Some(told) = reader.give(&command) {
            // The example mail has bad rows, which are set aside: 1.
            assert!(matches!(told.code(), 0 | 1), "{command}\n{}{}", told.stdout, told.stderr);
        }
    }
    let stamped = std::fs::read_dir(reader.folder.path().join("letters")).unwrap().count();
    assert!(stamped > 0, "the letters are where the README says");
}
