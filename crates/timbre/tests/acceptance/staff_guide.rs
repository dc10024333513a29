//! The commands of the provider's runbook, as they stand there, from the first section to the last.

use crate::guide::{self, Reader};

const RUNBOOK: &str = include_str!("../../../../docs/STAFF.md");

/// Whether the document says that a command is refused.
fn is_refused(command: &str) -> bool {
    RUNBOOK.lines().any(|line| line.starts_with(command) && line.contains("# refused"))
}

#[test]
fn the_commands_of_the_runbook_work_in_their_order() {
    let mut reader = Reader::new();
    let sections = RUNBOOK.lines().filter(|line| line.starts_with("## "));
    let commands: Vec<String> =
        sections.flat_map(|section| guide::commands(RUNBOOK, section)).collect();
    assert!(commands.len() > 40, "{commands:?}");
    for command in commands {
        if let Some(told) = reader.give(&command) {
            let expected = if is_refused(&command) { 3 } else { 0 };
            assert_eq!(told.code(), expected, "{command}\n{}{}", told.stdout, told.stderr);
        }
    }
    let lost = std::fs::read_to_string(reader.folder.path().join("lost.csv")).unwrap();
    assert!(lost.contains("TM0000042,lost,2026-11-20"), "{lost}");
    let claims = std::fs::read_to_string(reader.folder.path().join("claims.csv")).unwrap();
    assert!(claims.contains("canada-post,3,"), "{claims}");
}
