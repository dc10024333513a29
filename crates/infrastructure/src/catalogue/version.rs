//! `version`: what is current. Small, and never refused: a firewall asks it every hour and fetches the rest only when it
//! has changed.

use axum::response::Response;
use jiff::civil::Date;
use serde::Serialize;
use timbre_catalogue::Version;

use super::signed;
use crate::deployment::Deployment;
use crate::http::Asked;
use crate::refusal::Refused;
use crate::store::catalogues;

#[derive(Serialize)]
struct Answer {
    schema: &'static str,
    catalogues: Vec<Current>,
}

#[derive(Serialize)]
struct Current {
    catalogue: String,
    version: Version,
    effective_from: Date,
    /// Every version that `changes` can start from, the oldest first.
    versions: Vec<Version>,
}

pub(crate) async fn answer(deployment: &Deployment, asked: Asked) -> Result<Response, Refused> {
    asked.must_read()?;
    let all = catalogues::all(&mut *deployment.store.reader().await?).await?;
    let mut current: Vec<Current> = Vec::new();
    for row in all {
        let (version, effective_from) = (row.version, row.effective_from);
        match current.last_mut().filter(|last| last.catalogue == row.catalogue) {
            Some(last) => {
                last.versions.push(version);
                (last.version, last.effective_from) = (version, effective_from);
            }
            None => current.push(Current {
                catalogue: row.catalogue,
                version,
                effective_from,
                versions: vec![version],
            }),
        }
    }
    let answer = Answer { schema: "timbre-catalogue-version/1", catalogues: current };
    let mut text =
        serde_json::to_string_pretty(&answer).expect("invariant: plain data always serialises");
    text.push('\n');
    signed(deployment, &asked, "application/json", text)
}
