//! `timbre network catalogue list`: the names that `--catalogue` knows without a file.

use serde::Serialize;
use timbre_catalogue::{Catalogue, Text, Version};

use super::said;
use crate::cli::{OutputArgs, table};

pub(super) fn execute(output: &OutputArgs) {
    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        version: Version,
        endpoints: usize,
        title: Text,
    }
    let rows = Catalogue::shipped().map(|(name, catalogue)| Row {
        name,
        version: catalogue.version(),
        endpoints: catalogue.endpoints().len(),
        title: catalogue.title().clone(),
    });
    let language = output.language();
    output.show(&rows, || {
        let heading = language.pick(
            ["nom", "version", "destinations", "document"],
            ["name", "version", "destinations", "document"],
        );
        let rows = rows.iter().map(|row| {
            [
                row.name.to_owned(),
                row.version.to_string(),
                row.endpoints.to_string(),
                said(&row.title, language).to_owned(),
            ]
        });
        table(heading, rows)
    });
}
