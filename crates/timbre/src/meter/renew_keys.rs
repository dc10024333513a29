//! `timbre meter renew-keys`: new keys for the postal security device.

use std::path::Path;

use crate::cli::OutputArgs;
use crate::outcome::{Failure, Outcome};

pub(super) fn execute(dir: &Path, output: &OutputArgs) -> Result<Outcome, Failure> {
    let mut meter = super::open(dir)?;
    let renewed = super::block_on(meter.renew_keys())?.map_err(|error| super::failure(&error))?;
    output.show(&renewed, || {
        let (generation, indicium) = (renewed.generation, renewed.indicium);
        output.language().pick(
            format!("Clés renouvelées ({generation}) : les empreintes sont signées par {indicium}. Les anciennes sont détruites."),
            format!("Keys renewed ({generation}): marks are signed by {indicium}. The old ones are destroyed."),
        )
    });
    Ok(Outcome::Done)
}
