//! `changes`: what a version asks of whoever made rules from an earlier one, as one comparison of the two.

use axum::response::Response;
use timbre_catalogue::{Version, changes};

use super::{name, published, signed, unknown};
use crate::deployment::Deployment;
use crate::http::Asked;
use crate::refusal::{Plain, Refused};
use crate::store::catalogues;

pub(crate) async fn answer(deployment: &Deployment, asked: Asked) -> Result<Response, Refused> {
    asked.must_read()?;
    let mut query = asked.query()?;
    let name = name(&mut query);
    let since: Option<Version> = query.remove("since").and_then(|text| text.parse().ok());
    let since = since
        .map(u32::from)
        .ok_or_else(|| Plain::BadParameter { name: "since", wanted: "YYYYMMDDNN".to_owned() })?;
    let mut connection = deployment.store.reader().await?;
    let latest = catalogues::latest(&mut connection, &name).await?;
    let latest = latest.ok_or_else(|| unknown(name.clone()))?;
    let Some(before) = catalogues::at(&mut connection, &name, since.into()).await? else {
        let oldest = catalogues::oldest(&mut connection, &name).await?;
        let oldest = oldest.unwrap_or_else(|| latest.version()).into();
        return Err(Plain::UnknownVersion { asked: since, oldest }.into());
    };
    drop(connection);
    let (before, latest) = (published(deployment, before)?, published(deployment, latest)?);
    signed(deployment, &asked, "application/json", changes::json(&before, &latest))
}
