//! Rate download (REQ DL-2, DL-5): the tables a meter asks for by name, each as it was signed when it was published.

use timbre_protocol::rate_download::{Reply, Request};
use timbre_protocol::write;

use crate::call::{self, Call};
use crate::deployment::Deployment;
use crate::refusal::{Books, Refused, Transport};
use crate::store::rate_tables;

/// No market has as many tables in force and to come.
const AT_ONCE: usize = 64;

pub(crate) async fn handle(deployment: &Deployment, call: &Call) -> Result<String, Refused> {
    let request: Request = call.read()?;
    call.signed_in(deployment, request.serial)?;
    call::known(deployment, request.serial).await?;
    if request.names.len() > AT_ONCE {
        let reason = format!("more than {AT_ONCE} tables are asked for at once");
        return Err(Transport::Malformed(reason).into());
    }
    let mut connection = deployment.store.reader().await?;
    let mut tables = Vec::with_capacity(request.names.len());
    for name in request.names {
        let table = rate_tables::signed(&mut connection, &name).await?;
        tables.push(table.ok_or(Books::UnknownTable(name))?);
    }
    Ok(write(&Reply { tables }))
}
