//! What a page about a report says, before it is drawn: HTML and PDF are drawn from the same sheet, so that both say
//! the same.

use std::borrow::Cow;

use super::path::{self, Way};
use super::words::{self, COLUMNS};
use super::{Attachment, Language, Settings};
use crate::{Check, Culprit, Overall, Report, Request, Service, Verdict};

/// A page about a report, in one language.
pub(super) struct Sheet<'a> {
    pub(super) language: Language,
    /// What the page is.
    pub(super) title: String,
    pub(super) overall: Overall,
    pub(super) headline: String,
    /// One sentence under the headline.
    pub(super) lead: String,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) asks: Vec<Ask<'a>>,
    pub(super) way: Way,
    pub(super) rows: Vec<Row<'a>>,
    /// Checks of the network as a whole.
    pub(super) network: Vec<Line<'a>>,
    pub(super) attachments: &'a [Attachment],
    pub(super) id: &'a str,
    pub(super) tool: &'a str,
}

/// One thing to ask of the people who run the network.
pub(super) struct Ask<'a> {
    pub(super) text: Cow<'a, str>,
    /// What is wrong, and who stands in the way.
    pub(super) why: String,
    /// `host:443 (192.0.2.1)`.
    pub(super) hosts: Vec<String>,
    /// The endpoints that wait for it.
    pub(super) endpoints: String,
}

/// One line per heading of the document.
pub(super) struct Row<'a> {
    pub(super) title: Cow<'a, str>,
    pub(super) group: String,
    pub(super) verdict: Verdict,
    /// DNS, TCP, TLS, HTTP; none where nothing was looked at.
    pub(super) cells: [Option<Verdict>; COLUMNS.len()],
    /// What was found wrong, each thing once.
    pub(super) found: Vec<Found<'a>>,
    pub(super) lines: Vec<Line<'a>>,
}

/// Something wrong with a service, and where.
pub(super) struct Found<'a> {
    pub(super) title: Cow<'static, str>,
    targets: Vec<&'a str>,
}

impl<'a> Found<'a> {
    /// Everything wrong among these checks, the worst first.
    fn all(checks: &[&'a Check], language: Language) -> Vec<Found<'a>> {
        let mut problems: Vec<_> =
            checks.iter().filter(|check| check.verdict.is_problem()).collect();
        // A check of many hosts at once is named by them only where no check of one host says the same.
        let is_list = |check: &Check| check.target.contains(", ");
        problems.sort_by_key(|check| (core::cmp::Reverse(check.verdict.weight()), is_list(check)));
        let mut all: Vec<Found<'a>> = Vec::new();
        for (check, code) in problems.iter().filter_map(|check| Some((check, check.code?))) {
            let title = language.owned(code.title());
            match all.iter_mut().find(|found| found.title == title) {
                None => all.push(Found { title, targets: check.target.split(", ").collect() }),
                Some(_) if is_list(check) => {}
                Some(known) if known.targets.contains(&check.target.as_str()) => {}
                Some(known) => known.targets.push(&check.target),
            }
        }
        all
    }

    /// Where, in a few words: the first two targets, and how many more.
    pub(super) fn places(&self) -> String {
        let shown = self.targets.iter().take(2).copied().collect::<Vec<_>>().join(", ");
        match self.targets.len().saturating_sub(2) {
            0 => shown,
            more => format!("{shown}, +{more}"),
        }
    }
}

/// One check.
pub(super) struct Line<'a> {
    pub(super) number: u32,
    pub(super) name: Cow<'static, str>,
    pub(super) target: &'a str,
    /// How it was reached, unless directly.
    pub(super) way: Option<&'a str>,
    pub(super) verdict: Verdict,
    /// What is wrong, its code, and what to do.
    pub(super) wrong: Option<Wrong>,
    pub(super) blame: Option<String>,
    pub(super) evidence: Vec<(&'a str, &'a str)>,
    pub(super) took: String,
}

/// What is wrong with a check.
pub(super) struct Wrong {
    pub(super) title: Cow<'static, str>,
    pub(super) code: &'static str,
    pub(super) remedy: Cow<'static, str>,
    /// The number of the check that failed first.
    pub(super) because: Option<u32>,
}

impl<'a> Sheet<'a> {
    pub(super) fn of(report: &'a Report, settings: &'a Settings) -> Sheet<'a> {
        let language = settings.language;
        let rows: Vec<_> =
            report.services.iter().map(|service| Row::of(report, service, language)).collect();
        let whole = report.checks.iter().filter(|check| check.endpoints.is_empty());
        let mut network: Vec<_> = whole.map(|check| Line::of(check, language)).collect();
        network.sort_by_key(|line| std::cmp::Reverse(line.verdict.weight()));
        Sheet {
            language,
            title: title(report, language),
            overall: report.verdict,
            headline: headline(report.verdict, language).to_owned(),
            lead: lead(report, language),
            facts: facts(report, language),
            asks: report
                .requests
                .iter()
                .map(|request| Ask::of(report, request, language))
                .collect(),
            way: path::way(report, language),
            rows,
            network,
            attachments: &settings.attachments,
            id: &report.id,
            tool: &report.tool,
        }
    }

    /// The checks of the network as a whole that were made.
    pub(super) fn tested(&self) -> impl Iterator<Item = &Line<'a>> {
        self.network.iter().filter(|line| line.verdict != Verdict::Skip)
    }

    /// Those that were not, by name.
    pub(super) fn untested(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for line in self.network.iter().filter(|line| line.verdict == Verdict::Skip) {
            if !names.contains(&line.name.as_ref()) {
                names.push(&line.name);
            }
        }
        names.join(", ")
    }

    /// One of two texts.
    pub(super) fn pick(&self, french: &'static str, english: &'static str) -> &'static str {
        self.language.pick(french, english)
    }
}

pub(super) fn title(report: &Report, language: Language) -> String {
    let document = language.of(&report.catalogue.title);
    language.pick(format!("Test du réseau\u{a0}: {document}"), format!("Network test: {document}"))
}

pub(super) fn headline(overall: Overall, language: Language) -> &'static str {
    let (french, english) = match overall {
        Overall::Ready => ("Prêt", "Ready"),
        Overall::ReadyWithWarnings => ("Prêt, avec des avertissements", "Ready, with warnings"),
        Overall::NotReady => ("Pas prêt", "Not ready"),
        Overall::CouldNotTest => {
            ("Le réseau n’a pas pu être vérifié", "The network could not be tested")
        }
    };
    language.pick(french, english)
}

/// What the verdict means, in one sentence.
pub(super) fn lead(report: &Report, language: Language) -> String {
    let total = report.services.len();
    let failing = |verdict| report.services.iter().filter(|s| s.verdict == verdict).count();
    let fails = failing(Verdict::Fail);
    let warned = failing(Verdict::Warn) + failing(Verdict::Inconclusive);
    match report.verdict {
        Overall::Ready => language
            .pick(
                "La machine peut faire tout son travail sur ce réseau.",
                "The machine can do all of its work on this network.",
            )
            .to_owned(),
        Overall::ReadyWithWarnings => language.pick(
            format!("Tout ce qui est requis fonctionne; {}.", remarks(warned, language)),
            format!("Everything required works; {}.", remarks(warned, language)),
        ),
        Overall::NotReady if fails == 0 => language
            .pick(
                "Le réseau lui-même ne remplit pas une exigence.",
                "The network itself does not meet a requirement.",
            )
            .to_owned(),
        Overall::NotReady => {
            let untested = untested_services(report, language);
            language.pick(
                format!("Services qui ne fonctionnent pas sur ce réseau\u{a0}: {fails} sur {total}{untested}."),
                format!("{fails} of {total} services cannot work on this network{untested}."),
            )
        }
        Overall::CouldNotTest => language
            .pick(
                "Trop peu de vérifications ont pu être faites pour conclure.",
                "Too few checks could be made to tell.",
            )
            .to_owned(),
    }
}

fn untested_services(report: &Report, language: Language) -> String {
    let skipped = report.services.iter().filter(|service| service.verdict == Verdict::Skip).count();
    match skipped {
        0 => String::new(),
        _ => language.pick(
            format!("; non vérifiés\u{a0}: {skipped}"),
            format!("; {skipped} were not tested"),
        ),
    }
}

fn remarks(services: usize, language: Language) -> String {
    if services == 0 {
        let network = "the network itself calls for a remark";
        return language.pick("le réseau lui-même appelle une remarque", network).to_owned();
    }
    let services = words::count(services, "service", "services", language);
    language.pick(format!("à surveiller\u{a0}: {services}"), format!("{services} to look at"))
}

fn facts(report: &Report, language: Language) -> Vec<(&'static str, String)> {
    let pick = |french, english| language.pick(french, english);
    let version = format!("{} · {}", report.catalogue.id, report.catalogue.version);
    let mut facts = vec![
        (pick("Rapport", "Report"), report.id.clone()),
        (pick("Fait le", "Made on"), words::moment(report.started, language)),
        (pick("Catalogue", "Catalogue"), version),
        (pick("Voie", "Way out"), words::way_out(report, language)),
    ];
    if !report.resolvers.is_empty() {
        facts.push((pick("Serveurs DNS", "DNS servers"), report.resolvers.join(", ")));
    }
    facts.push((pick("Vérifications", "Checks"), counted(report, language)));
    facts
}

/// `41 checks in 1.8 s: 38 pass, 2 warnings, 1 failure`.
pub(super) fn counted(report: &Report, language: Language) -> String {
    let all = report.checks.len();
    let checks = words::count(
        all,
        language.pick("vérification", "check"),
        language.pick("vérifications", "checks"),
        language,
    );
    let took = words::seconds(report.took_ms, language);
    let counts = report.counts();
    let parts: Vec<_> = [
        (Verdict::Fail, ("échec", "échecs"), ("failure", "failures")),
        (Verdict::Warn, ("avertissement", "avertissements"), ("warning", "warnings")),
        (
            Verdict::Inconclusive,
            ("indéterminée", "indéterminées"),
            ("inconclusive", "inconclusive"),
        ),
        (Verdict::Skip, ("non faite", "non faites"), ("not tested", "not tested")),
        (Verdict::Pass, ("réussie", "réussies"), ("pass", "pass")),
    ]
    .into_iter()
    .filter_map(|(verdict, french, english)| {
        let (one, many) = language.pick(french, english);
        counts.get(&verdict).map(|number| words::count(*number, one, many, language))
    })
    .collect();
    let parts = parts.join(", ");
    language
        .pick(format!("{checks} en {took}\u{a0}: {parts}"), format!("{checks} in {took}: {parts}"))
}

impl<'a> Ask<'a> {
    pub(super) fn of(report: &Report, request: &'a Request, language: Language) -> Ask<'a> {
        let title = language.owned(request.code.title());
        let colon = language.pick("\u{a0}:", ":");
        let in_the_way = language.pick("fait obstacle", "in the way");
        let who = accused(report, request, language);
        let by = who.map(|who| format!(" — {in_the_way}{colon} {who}")).unwrap_or_default();
        let hosts = request.hosts.iter().map(|host| {
            let ports: Vec<_> = host.ports.iter().map(u16::to_string).collect();
            let ports =
                if ports.is_empty() { String::new() } else { ":".to_owned() + &ports.join(",") };
            let addresses = host.addresses.join(", ");
            let addresses =
                if addresses.is_empty() { String::new() } else { format!(" ({addresses})") };
            format!("{}{ports}{addresses}", host.host)
        });
        let endpoints: Vec<_> = request.endpoints.iter().map(|id| id.as_str()).collect();
        let optional = language.pick("Facultatif\u{a0}: ", "Optional: ");
        let optional = if request.required { "" } else { optional };
        Ask {
            text: text(request, language),
            why: format!("{optional}{title}{by}"),
            hosts: hosts.collect(),
            endpoints: endpoints.join(", "),
        }
    }
}

/// Who stands in the way, as surely as the surest of the checks says.
fn accused(report: &Report, request: &Request, language: Language) -> Option<String> {
    if request.who == Culprit::Unknown {
        return None;
    }
    let checks = request.checks.iter().filter_map(|number| report.check(*number));
    let blames = checks.filter_map(|check| check.blame.as_ref());
    let surest = blames.filter(|blame| blame.who == request.who).max_by_key(|b| b.confidence);
    let unproved = || {
        let name = request.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("{}{name}", language.owned(request.who.title()))
    };
    Some(surest.map_or_else(unproved, |blame| words::blame(blame, language)))
}

/// What is asked. When the hosts follow in a list of their own, they need not be in the sentence too.
fn text(request: &Request, language: Language) -> Cow<'_, str> {
    let text = language.of(&request.text);
    let remedy = language.owned(request.code.remedy());
    let is_repeated = !request.hosts.is_empty() && text.starts_with(remedy.as_ref());
    if is_repeated { remedy } else { Cow::Borrowed(text) }
}

impl<'a> Row<'a> {
    pub(super) fn of(report: &'a Report, service: &'a Service, language: Language) -> Row<'a> {
        let checks: Vec<_> =
            service.checks.iter().filter_map(|number| report.check(*number)).collect();
        let mut cells = [None; COLUMNS.len()];
        for check in &checks {
            let cell: &mut Option<Verdict> = &mut cells[check.id.column()];
            let heavier = cell.is_none_or(|verdict| check.verdict.weight() > verdict.weight());
            if heavier {
                *cell = Some(check.verdict);
            }
        }
        let found = Found::all(&checks, language);
        let mut lines: Vec<_> = checks.into_iter().map(|check| Line::of(check, language)).collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.verdict.weight()));
        Row {
            title: words::section(&service.section, language),
            group: group(report, service, language),
            verdict: service.verdict,
            cells,
            found,
            lines,
        }
    }
}

/// How much the meter depends on it; and its id, where the heading alone does not tell it from another.
fn group(report: &Report, service: &Service, language: Language) -> String {
    let group = words::group(service.group, language);
    let alike = report.services.iter().filter(|other| other.section == service.section).count();
    if alike > 1 { format!("{group} · {}", service.id) } else { group.to_owned() }
}

impl<'a> Line<'a> {
    pub(super) fn of(check: &'a Check, language: Language) -> Line<'a> {
        let wrong = check.code.map(|code| Wrong {
            title: language.owned(code.title()),
            code: code.as_str(),
            remedy: language.owned(code.remedy()),
            because: check.because,
        });
        Line {
            number: check.number,
            name: language.owned(check.id.title()),
            target: &check.target,
            way: Some(check.way.as_str()).filter(|way| *way != "direct"),
            verdict: check.verdict,
            wrong,
            blame: check.blame.as_ref().map(|blame| words::blame(blame, language)),
            evidence: check.evidence.iter().map(|e| (e.name.as_str(), e.value.as_str())).collect(),
            took: words::seconds(check.took_ms, language),
        }
    }
}
