//! Rate download (REQ DL-2, DL-5): the tables a meter asks for by name, each as it was signed when it was published.

use timbre_key_store::KeyRole;
use timbre_protocol::rate_download::{Reply, Request, SignedTable};
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
    let keys = deployment.keys_for(KeyRole::Rates, request.serial).await?;
    let believed = keys.public_key(KeyRole::Rates)?.key_id();
    let mut connection = deployment.store.reader().await?;
    let mut tables = Vec::with_capacity(request.names.len());
    for name in request.names {
        let table = rate_tables::signed(&mut connection, &name).await?;
        let table = table.ok_or(Books::UnknownTable(name))?;
        // Published under a key that this meter does not believe, or not any more.
        tables.push(match table.key == believed {
            true => table,
            false => SignedTable::publish(table.name, table.body.0, &*keys)?,
        });
    }
    Ok(write(&Reply { tables }))
}
