//! `endpoints`: a catalogue in the form that the caller can use. The lists that a firewall reads line by line leave out what
//! is no longer used; JSON and CSV say the days themselves.

use std::collections::BTreeSet;

use axum::response::Response;
use timbre_catalogue::Group;
use timbre_catalogue::export::Format;

use super::{name, published, signed, unknown};
use crate::call::today;
use crate::deployment::Deployment;
use crate::http::Asked;
use crate::refusal::{Plain, Refused};
use crate::store::catalogues;

pub(crate) async fn answer(deployment: &Deployment, asked: Asked) -> Result<Response, Refused> {
    asked.must_read()?;
    let mut query = asked.query()?;
    let name = name(&mut query);
    let format = match query.remove("format") {
        None => Format::Json,
        Some(text) => text.parse().map_err(|_| Plain::BadParameter {
            name: "format",
            wanted: Format::ALL.map(Format::as_str).join(", "),
        })?,
    };
    let scope = scope(query.remove("scope").as_deref())?;
    let latest = catalogues::latest(&mut *deployment.store.reader().await?, &name).await?;
    let mut catalogue = published(deployment, latest.ok_or_else(|| unknown(name))?)?;
    if let Some(groups) = scope {
        catalogue = catalogue.only(&groups);
    }
    if matches!(format, Format::Hosts | Format::Addresses) {
        catalogue = catalogue.without_retired(today(asked.now));
    }
    signed(deployment, &asked, format.media_type(), format.write(&catalogue))
}

/// The groups of `required,optional-on`; none for all of them.
fn scope(text: Option<&str>) -> Result<Option<BTreeSet<Group>>, Plain> {
    match text {
        None | Some("all") => Ok(None),
        Some(names) => {
            let groups = names.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>();
            groups.map(Some).map_err(|_| Plain::BadParameter {
                name: "scope",
                wanted: format!("all, {}", Group::ALL.map(Group::as_str).join(", ")),
            })
        }
    }
}
