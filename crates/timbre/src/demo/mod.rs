//! `timbre demo`: the whole path of a piece of mail in one process and one folder. Real parts: TLS on loopback, a database
//! on disk, a postal security device that flushes each debit, files in and marks out.

mod site;
mod story;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

use crate::cli::OutputArgs;
use crate::infrastructure::{runtime, stop_signal};
use crate::outcome::{Failure, Outcome};

use site::Site;

#[derive(Args, Clone)]
#[command(after_help = "\
Examples:
  timbre demo
  timbre demo --dir /tmp/office --keep-running

Run again on the same folder, the same machines go on with their registers.")]
pub(crate) struct DemoArgs {
    /// The folder of both machines and of their results
    #[arg(long, value_name = "DIR", default_value = "timbre-demo")]
    dir: PathBuf,
    /// Leave the infrastructure up until Ctrl-C
    #[arg(long, visible_alias = "serve")]
    keep_running: bool,
    /// The port of the infrastructure's services [default: 8443 if they are left up, else a free one]
    #[arg(long)]
    port: Option<u16>,
}

/// Runs the demonstration.
pub(crate) fn execute(args: DemoArgs, output: &OutputArgs) -> Result<Outcome, Failure> {
    let port = args.port.unwrap_or(if args.keep_running { 8443 } else { 0 });
    runtime()?.block_on(async {
        let stop = stop_signal()?;
        let site = Site::open(&args.dir, SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let result = Box::pin(story::tell(&site, output)).await;
        if result.is_ok() && args.keep_running {
            site.tell_addresses(output);
            stop.await;
        }
        site.close().await;
        result
    })
}
