//! Where a new machine's private keys are to live, as options of the commands that make one.

use std::path::PathBuf;

use clap::Args;
use timbre_key_store::{Custody, Token};

use crate::outcome::Failure;

#[derive(Args)]
#[command(next_help_heading = "Keys in a hardware module")]
pub(crate) struct CustodyArgs {
    /// The module's PKCS#11 library; without it, the keys are in a sealed file
    #[arg(long, value_name = "LIBRARY", requires_all = ["pkcs11_token", "pkcs11_pin_file"])]
    pkcs11: Option<PathBuf>,
    /// The label or serial number of the token in which the keys are made
    #[arg(long, value_name = "NAME", requires = "pkcs11")]
    pkcs11_token: Option<String>,
    /// The file of the token's PIN, which its owner alone may read
    #[arg(long, value_name = "FILE", requires = "pkcs11")]
    pkcs11_pin_file: Option<PathBuf>,
    /// A folder in which the library writes by itself, as a token in software does
    #[arg(long, value_name = "DIR", requires = "pkcs11")]
    pkcs11_writes: Vec<PathBuf>,
}

impl CustodyArgs {
    /// What was asked for, with absolute paths: it is written into a configuration that lies elsewhere.
    pub(crate) fn custody(self) -> Result<Custody, Failure> {
        let absolute = |path: PathBuf| {
            std::path::absolute(&path)
                .map_err(|error| Failure::fault("path", format!("{}: {error}", path.display())))
        };
        match (self.pkcs11, self.pkcs11_token, self.pkcs11_pin_file) {
            (Some(module), Some(name), Some(pin_file)) => Ok(Custody::Token {
                token: Token { module: absolute(module)?, name, pin_file: absolute(pin_file)? },
                writes: self.pkcs11_writes.into_iter().map(absolute).collect::<Result<_, _>>()?,
            }),
            _ => Ok(Custody::Sealed),
        }
    }
}
