//! The top of a chain: who wrote the answer. The service itself proves it by its identity or its signature; a page of a proxy,
//! a filter or a portal is told by its signs.

use std::time::Instant;

use jiff::Timestamp;
use timbre_proxy::Answer;

use crate::chain::{Walked, about, is_probe};
use crate::context::{Context, Trouble};
use crate::http::{Asked, clock_ahead};
use crate::page;
use crate::reach::{self, Proof};
use crate::recorder::{About, Outcome};
use crate::{CheckId, CheckNumber, Code, Confidence, Culprit, Evidence};

/// The answer: the service’s own, or whose.
pub(crate) async fn expect(context: &Context<'_>, walked: &mut Walked) {
    let about = about(walked);
    let is_probe = is_probe(context, &walked.site);
    let captive = (is_probe && !walked.site.is_secure()).then_some(CheckId::Captive);
    if let Some(number) = walked.failed {
        context.recorder.note(CheckId::HttpExpect, &about, Outcome::because(number));
        if let Some(id) = captive {
            context.recorder.note(id, &about, Outcome::because(number));
        }
        return;
    }
    let draft = context.recorder.begin(CheckId::HttpExpect, &about);
    let challenge = reach::challenge();
    let path = match is_probe {
        true => walked.place.path(&format!("reach?challenge={challenge}")),
        false => walked.site.target.path.clone(),
    };
    let asked = (Timestamp::now(), Instant::now());
    let answer = match context.exchange(&walked.place, Asked::get(&path)).await {
        Ok(answer) => answer,
        Err(trouble) => {
            let number = context.recorder.end(draft, unanswered(walked, &trouble));
            walked.failed = Some(number);
            if let Some(id) = captive {
                context.recorder.note(id, &about, Outcome::because(number));
            }
            return;
        }
    };
    walked.clock = clock_ahead(&answer, asked).map(|ahead| (ahead, walked.site.is_secure()));
    let proof = is_probe.then(|| {
        reach::judge(&answer, &walked.site.host, &challenge, context.plan.probe.key.as_ref())
    });
    let sent_to = sent_to(&answer, &walked.site.host);
    if let Some(id) = captive {
        let outcome = portal(&answer, proof, sent_to.clone(), draft.number);
        let is_portal = outcome.is_trouble();
        let number = context.recorder.note(id, &everybodys(&about), outcome);
        if is_portal {
            walked.failed = Some(number);
            context.recorder.end(draft, Outcome::because(number));
            return;
        }
    }
    let outcome = answered(walked, &answer, proof).facts(seen(&answer));
    let failed = outcome.is_trouble();
    let number = context.recorder.end(draft, outcome);
    if failed {
        walked.failed = Some(number);
    } else if !is_probe {
        walked.sent_to = sent_to.map(|host| (host, number));
    }
}

/// What is wrong for everybody on this network is as bad as if something required were meant.
pub(crate) fn everybodys(about: &About) -> About {
    About { required: true, ..about.clone() }
}

/// Whether somebody sends a question elsewhere, or answers what the service never would; `answer_check` judges the rest.
fn portal(
    answer: &Answer,
    proof: Option<Proof>,
    sent_to: Option<String>,
    answer_check: CheckNumber,
) -> Outcome {
    let foreign = proof == Some(Proof::Foreign)
        && page::author(answer.status, &answer.headers, &answer.body).is_none()
        && (answer.status < 500 || answer.status == 511)
        && answer.status != 429;
    match proof {
        _ if foreign => Outcome::trouble(Code::CaptivePortal)
            .blame_named(Culprit::CaptivePortal, sent_to, Confidence::Likely)
            .facts(seen(answer)),
        Some(Proof::Signed | Proof::Echoed) => Outcome::pass(),
        _ => Outcome::because(answer_check),
    }
}

fn unanswered(walked: &Walked, trouble: &Trouble) -> Outcome {
    let outcome = Outcome::trouble(trouble.code()).fact("said", trouble.to_string());
    match (trouble, &walked.place.route) {
        (Trouble::Proxy(_), route) => {
            outcome.blame_named(Culprit::Proxy, Some(route.to_string()), Confidence::Certain)
        }
        _ => outcome.blame(Culprit::WebFilter, Confidence::Possible),
    }
}

fn answered(walked: &Walked, answer: &Answer, proof: Option<Proof>) -> Outcome {
    let secure = walked.site.is_secure();
    // Under a genuine identity, whatever comes is the service’s.
    let author =
        if secure { None } else { page::author(answer.status, &answer.headers, &answer.body) };
    if let Some(sign) = author {
        let (who, confidence) = match walked.place.is_direct() {
            true => (Culprit::WebFilter, Confidence::Likely),
            false => (Culprit::Proxy, Confidence::Likely),
        };
        return Outcome::trouble(Code::HttpErrorPage).fact("sign", sign.by).blame_named(
            who,
            Some(sign.who),
            confidence,
        );
    }
    if !walked.place.is_direct() && !secure && matches!(answer.status, 502..=504) {
        return Outcome::trouble(Code::ProxyCannotReach).blame(Culprit::Proxy, Confidence::Likely);
    }
    match (proof, answer.status) {
        (Some(Proof::Signed), _) => Outcome::pass().fact("proof", "signed challenge"),
        (Some(Proof::Echoed), _) => Outcome::pass().fact("proof", "challenge echoed"),
        (Some(Proof::Forged), _) => Outcome::trouble(Code::HttpNotTheService)
            .fact("proof", "the challenge or its signature is not right")
            .blame(Culprit::Unknown, Confidence::Possible),
        (_, 502..=504) => {
            Outcome::trouble(Code::ServiceFailing).blame(Culprit::Service, Confidence::Likely)
        }
        // It may be asked too often: that is an answer too.
        (Some(Proof::Foreign), 429) => Outcome::inconclusive(),
        (Some(Proof::Foreign), _) => {
            Outcome::trouble(Code::HttpNotTheService).blame(Culprit::Unknown, Confidence::Possible)
        }
        (None, _) => Outcome::pass(),
    }
}

fn seen(answer: &Answer) -> Vec<Evidence> {
    let fact =
        |name: &str, value: String| Evidence { name: name.to_owned(), value, private: false };
    let mut facts =
        vec![fact("status", format!("{} {}", answer.status, answer.reason).trim().to_owned())];
    for name in ["server", "via", "location", "content-type"] {
        facts.extend(answer.header(name).map(|value| fact(name, value.to_owned())));
    }
    facts
}

/// The other host that an answer sends to.
fn sent_to(answer: &Answer, host: &str) -> Option<String> {
    if !matches!(answer.status, 301..=303 | 307 | 308 | 511) {
        return None;
    }
    let (_, rest) = answer.header("location")?.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let other = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let other = other.split(':').next().unwrap_or_default().to_ascii_lowercase();
    (!other.is_empty() && other != host).then_some(other)
}
