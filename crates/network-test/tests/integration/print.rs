//! Every form of a report is held against a fixed text, and against a reader that is not ours (REQ NET-9).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use timbre_network_test::print::{
    Attachment, Comparison, Format, Language, Settings, print, print_comparison, read, redact,
    schema,
};
use timbre_network_test::{Report, Verdict};

use crate::print_reports::{all, dns_tcp_blocked, healthy, proxy_refuses, tls_inspection};

const LANGUAGES: [(&str, Language); 2] = [("fr", Language::French), ("en", Language::English)];

fn in_language(language: Language) -> Settings {
    Settings { language, ..Settings::default() }
}

fn text(report: &Report, format: Format, settings: &Settings) -> String {
    String::from_utf8(print(report, format, settings).unwrap()).unwrap()
}

/// Holds a text against its golden file; `UPDATE_GOLDEN=1` writes it.
fn golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/print").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        known == text,
        "{name} differs; UPDATE_GOLDEN=1 writes it anew, git diff shows how\n{text}"
    );
}

/// Gives a text to a program that judges it.
fn judged(program: &str, args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask setup` installs it"));
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn accepted(program: &str, args: &[&str], input: &[u8]) -> String {
    let output = judged(program, args, input);
    // Poppler mistakes the boolean that PDF/UA demands here for another type.
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.replace("Syntax Error: Suspects object is wrong type (boolean)", "");
    assert!(output.status.success() && said.trim().is_empty(), "{program}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_form_for_persons_is_as_it_was_in_both_languages() {
    for (name, report) in all() {
        for (tag, language) in LANGUAGES {
            let settings = in_language(language);
            golden(&format!("{name}.{tag}.txt"), &text(&report, Format::Text, &settings));
            golden(&format!("{name}.{tag}.html"), &text(&report, Format::Html, &settings));
        }
    }
    let verbose = Settings { is_verbose: true, ..in_language(Language::English) };
    golden("tls-inspection.verbose.en.txt", &text(&tls_inspection(), Format::Text, &verbose));
}

#[test]
fn every_form_for_programs_is_as_it_was() {
    for (name, report) in all() {
        for (format, extension) in [
            (Format::Json, "json"),
            (Format::Jsonl, "jsonl"),
            (Format::Junit, "junit.xml"),
            (Format::Prometheus, "prom"),
        ] {
            golden(&format!("{name}.{extension}"), &text(&report, format, &Settings::default()));
        }
    }
}

#[test]
fn french_has_its_no_break_spaces_in_every_form() {
    for (name, report) in all() {
        let settings = in_language(Language::French);
        let html = text(&report, Format::Html, &settings);
        let (_, page) = html.split_once("</style>").unwrap();
        for told in [text(&report, Format::Text, &settings), page.to_owned()] {
            for mark in [" :", " »", "« ", " ?", " ;"] {
                assert!(!told.contains(mark), "{name}: an ordinary space at “{mark}”: {told}");
            }
        }
    }
}

/// A verdict is a sign and a word; colour only repeats it.
#[test]
fn the_text_says_the_same_without_its_colours() {
    for (_, report) in all() {
        let plain = in_language(Language::English);
        let coloured = Settings { is_coloured: true, ..plain.clone() };
        let coloured = text(&report, Format::Text, &coloured);
        assert!(coloured.contains('\u{1b}'));
        let mut stripped = String::new();
        let mut parts = coloured.split('\u{1b}');
        stripped.push_str(parts.next().unwrap());
        parts.for_each(|part| stripped.push_str(part.split_once('m').unwrap().1));
        assert_eq!(stripped, text(&report, Format::Text, &plain));
    }
}

#[test]
fn each_failing_service_is_named_and_each_passing_one_too() {
    let told = text(&tls_inspection(), Format::Text, &in_language(Language::English));
    let line = |start: &str| told.lines().find(|line| line.contains(start)).unwrap().to_owned();
    assert!(line("Comet").starts_with("✗ failure"), "{told}");
    assert!(line("Online help").starts_with("✓ pass"), "{told}");
    assert!(line("Address verification").starts_with("! warning"), "{told}");
    assert!(told.contains("✗ NOT READY"), "{told}");
    assert!(told.contains("What to ask your network team"), "{told}");
}

#[test]
fn a_report_is_read_back_as_it_was_written() {
    for (name, report) in all() {
        let json = text(&report, Format::Json, &Settings::default());
        assert_eq!(read(name, &json).unwrap(), report, "{name}");
    }
}

#[test]
fn what_is_not_a_report_is_refused_with_the_file_and_the_reason() {
    let other =
        read("old.json", "{\"schema\": \"timbre-network-test/9\"}").unwrap_err().to_string();
    assert!(other.contains("old.json") && other.contains("timbre-network-test/9"), "{other}");
    let broken = read("old.json", "{\n  \"schema\": \"timbre-network-test/1\"\n}").unwrap_err();
    assert!(broken.to_string().contains("line 3"), "{broken}");
    assert!(read("old.json", "PDF").unwrap_err().to_string().contains("line 1"));
}

fn published_schema() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("docs/schemas/network-test-report.v1.json")
}

#[test]
fn the_published_schema_is_the_program_s() {
    let file = published_schema();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, schema()).unwrap();
    }
    let published = fs::read_to_string(&file).unwrap_or_default();
    assert!(published == schema(), "UPDATE_GOLDEN=1 writes {} anew", file.display());
}

#[test]
fn every_report_fits_the_schema_and_a_changed_one_does_not() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is sound itself");
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, report) in all() {
        let value = serde_json::to_value(&report).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
    let sound = text(&tls_inspection(), Format::Json, &Settings::default());
    for (from, to) in [
        ("\"not-ready\"", "\"nearly\""),
        ("\"tls-inspected\"", "\"tls-looked-at\""),
        ("\"tls.pin\"", "\"tls.pins\""),
        ("timbre-network-test/1", "timbre-network-test/2"),
        ("\"at_ms\"", "\"at\""),
        ("\"certain\"", "\"sure\""),
    ] {
        let changed = sound.replace(from, to);
        assert_ne!(changed, sound, "{from} is in the report");
        assert!(!validator.is_valid(&serde_json::from_str(&changed).unwrap()), "{from} → {to}");
    }
}

/// Every field that a report holds is in the schema: nothing is published without a word about it.
#[test]
fn no_field_is_missing_from_the_schema() {
    fn walk(
        value: &serde_json::Value,
        schema: &serde_json::Value,
        root: &serde_json::Value,
        at: &str,
    ) {
        let schema = match schema["$ref"].as_str() {
            Some(reference) => root.pointer(reference.trim_start_matches('#')).unwrap(),
            None => schema,
        };
        match value {
            serde_json::Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                let known = schema["properties"].get(name);
                walk(
                    value,
                    known.unwrap_or_else(|| panic!("{at}.{name}")),
                    root,
                    &format!("{at}.{name}"),
                );
            }),
            serde_json::Value::Array(items) => {
                items.iter().for_each(|item| walk(item, &schema["items"], root, at));
            }
            _ => {}
        }
    }
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    for (name, report) in all() {
        walk(&serde_json::to_value(&report).unwrap(), &schema, &schema, name);
    }
}

#[test]
fn junit_is_xml_and_counts_what_failed() {
    for (name, report) in all() {
        let xml = text(&report, Format::Junit, &Settings::default());
        accepted("xmllint", &["--noout", "-"], xml.as_bytes());
        let count = |path: &str| -> usize {
            let said = accepted("xmllint", &["--xpath", path, "-"], xml.as_bytes());
            said.trim().parse().unwrap()
        };
        let of = |verdict| -> usize {
            let whole = report.checks.iter().filter(|check| check.endpoints.is_empty());
            let services = report.services.iter().flat_map(|service| &service.checks);
            let each = services.map(|number| report.check(*number).unwrap()).chain(whole);
            each.filter(|check| check.verdict == verdict).count()
        };
        assert_eq!(count("count(//failure)"), of(Verdict::Fail), "{name}");
        assert_eq!(count("count(//skipped)"), of(Verdict::Skip), "{name}");
        assert_eq!(count("count(/testsuites/testsuite)"), report.services.len() + 1, "{name}");
    }
}

#[test]
fn prometheus_itself_accepts_the_figures_and_no_label_holds_an_address() {
    for (name, report) in all() {
        let figures = text(&report, Format::Prometheus, &Settings::default());
        accepted("promtool", &["check", "metrics"], figures.as_bytes());
        assert!(!figures.contains("10.20."), "{name}: {figures}");
        assert!(!figures.contains("199.231."), "{name}: {figures}");
    }
    let figures = text(&tls_inspection(), Format::Prometheus, &Settings::default());
    for line in [
        "timbre_network_test_verdict{verdict=\"not-ready\"} 1",
        "timbre_network_service_usable{service=\"comet\"} 0",
        "timbre_network_check_success{check=\"tls.pin\",target=\"cometservp1.pb.com:443\",way=\"direct\"} 0",
        "timbre_network_check_warning{check=\"tls.pin\",target=\"adv.pb.com:443\",way=\"direct\"} 1",
    ] {
        assert!(figures.lines().any(|one| one == line), "{line}\n{figures}");
    }
}

#[test]
fn html_is_well_formed_loads_nothing_and_runs_nothing() {
    let settings = Settings {
        attachments: vec![Attachment {
            name: "rules <1>.nft".to_owned(),
            text: "ip daddr 199.231.32.0/20 tcp dport { 80, 443 } accept # \"& <ok>\"".to_owned(),
        }],
        ..in_language(Language::French)
    };
    for (name, report) in all() {
        let html = text(&report, Format::Html, &settings);
        // HTML5 elements are unknown to libxml2 (code 801); everything else it says counts.
        let output = judged("xmllint", &["--html", "--noout", "-"], html.as_bytes());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let known = |line: &str| line.contains("Tag ") && line.ends_with(" invalid");
        let errors: Vec<_> =
            said.lines().filter(|line| line.starts_with("-:") && !known(line)).collect();
        assert_eq!(errors, Vec::<&str>::new(), "{name}");
        for foreign in ["<script", "http-equiv", "<link", "src=", "@import", "url(", "<iframe"] {
            assert!(!html.contains(foreign), "{name} holds {foreign}");
        }
        assert!(html.contains("<html lang=\"fr-CA\">"));
    }
    let html = text(&tls_inspection(), Format::Html, &settings);
    assert!(!html.contains("<IT>") && html.contains("&#60;IT&#62;"), "what was seen is escaped");
    assert!(!html.contains("<ok>"), "the rules too");
}

#[test]
fn every_colour_on_its_ground_has_the_contrast_of_wcag_aa() {
    let style = text(&healthy(), Format::Html, &Settings::default());
    let blocks: Vec<_> = style.split(":root").skip(1).take(2).collect();
    for block in blocks {
        let colour = |name: &str| {
            let value = block.split(&format!("--{name}: #")).nth(1).unwrap();
            [0, 2, 4].map(|at| u8::from_str_radix(&value[at..at + 2], 16).unwrap())
        };
        for (ink, ground) in [
            ("ink", "paper"),
            ("ink", "sheet"),
            ("soft", "paper"),
            ("soft", "sheet"),
            ("link", "paper"),
            ("link", "sheet"),
            ("pass", "pass-bg"),
            ("warn", "warn-bg"),
            ("fail", "fail-bg"),
            ("none", "none-bg"),
            ("ink", "none-bg"),
            ("ink", "pass-bg"),
            ("ink", "warn-bg"),
            ("ink", "fail-bg"),
            ("fail", "paper"),
            ("warn", "paper"),
        ] {
            let ratio = contrast(colour(ink), colour(ground));
            assert!(ratio >= 4.5, "{ink} on {ground}: {ratio:.2}");
        }
    }
}

/// The contrast of two colours as WCAG 2.1 defines it.
fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let light = |colour: [u8; 3]| {
        let [red, green, blue] = colour.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (light(one), light(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn the_pdf_is_sound_tagged_short_and_says_what_the_text_says() {
    let folder = tempfile::tempdir().unwrap();
    for (name, report) in all() {
        for (tag, language) in LANGUAGES {
            let settings = in_language(language);
            let pdf = print(&report, Format::Pdf, &settings).unwrap();
            assert_eq!(
                pdf,
                print(&report, Format::Pdf, &settings).unwrap(),
                "the same to the byte"
            );
            let file = folder.path().join(format!("{name}.{tag}.pdf"));
            fs::write(&file, &pdf).unwrap();
            let file = file.to_str().unwrap();
            accepted("qpdf", &["--check", file], b"");
            let info = accepted("pdfinfo", &[file], b"");
            let field = |name: &str| {
                let line = info.lines().find(|line| line.starts_with(name)).unwrap();
                line.split_once(':').unwrap().1.trim().to_owned()
            };
            assert_eq!(field("Tagged"), "yes");
            assert_eq!(field("Page size"), "612 x 792 pts (letter)");
            assert!(field("Pages").parse::<u8>().unwrap() <= 3, "{name}: {} pages", field("Pages"));
            golden(
                &format!("{name}.{tag}.pdf.txt"),
                &accepted("pdftotext", &["-layout", file, "-"], b""),
            );
            let structure = accepted("pdfinfo", &["-struct", file], b"");
            for part in ["H1", "H2", "Table", "TH", "TD", "Figure"] {
                assert!(structure.contains(part), "{name}: no {part} in\n{structure}");
            }
        }
    }
}

#[test]
fn rules_are_attached_to_the_ticket_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "set policy-options\n    prefix 199.231.32.0/20;\n";
    let attachments = vec![Attachment { name: "allow.conf".to_owned(), text: rules.to_owned() }];
    let settings = Settings { attachments, ..in_language(Language::English) };
    let file = folder.path().join("ticket.pdf");
    fs::write(&file, print(&tls_inspection(), Format::Pdf, &settings).unwrap()).unwrap();
    let told = accepted("pdftotext", &["-layout", file.to_str().unwrap(), "-"], b"");
    assert!(told.contains("allow.conf"), "{told}");
    assert!(told.contains("    prefix 199.231.32.0/20;"), "indented as it was: {told}");
}

#[test]
fn a_redacted_report_tells_nothing_of_the_inside_and_everything_of_the_outside() {
    let redacted = redact(&proxy_refuses());
    let json = text(&redacted, Format::Json, &Settings::default());
    for secret in ["corp.example", "CORP.EXAMPLE", "10.20.0", "meter-0001"] {
        assert!(!json.contains(secret), "{secret}: {json}");
    }
    for kept in
        ["cometservp1.pb.com", "199.231.44.10", "proxy-credentials-refused", "Negotiate, Basic"]
    {
        assert!(json.contains(kept), "{kept} is not the customer’s secret");
    }
    let answer = redacted
        .checks
        .iter()
        .find_map(|check| check.fact("answer").filter(|a| a.starts_with("407")));
    let answer = answer.unwrap();
    let proxy = redacted.way.strip_prefix("proxy ").unwrap().trim_end_matches(":3128");
    assert!(answer.contains(proxy), "the same host has the same stand-in: {answer}, {proxy}");
    assert_eq!(redact(&redacted), redacted, "nothing is left to redact");
    golden(
        "proxy-refuses.redacted.en.txt",
        &text(&redacted, Format::Text, &in_language(Language::English)),
    );
}

/// The name of a customer’s own authority is the customer’s name.
#[test]
fn a_private_name_is_hidden_wherever_it_is_repeated() {
    let redacted = redact(&tls_inspection());
    let json = text(&redacted, Format::Json, &Settings::default());
    assert!(!json.contains("Example Corp"), "{json}");
    let told = text(&redacted, Format::Text, &in_language(Language::English));
    assert!(told.contains("a TLS inspection (private-1)"), "{told}");
}

#[test]
fn a_report_without_secrets_is_not_changed_by_redaction_but_for_the_resolver() {
    let mut report = healthy();
    report.resolvers = vec!["9.9.9.9".to_owned()];
    report
        .checks
        .iter_mut()
        .filter(|c| c.target == "10.20.0.53")
        .for_each(|c| c.target = "9.9.9.9".to_owned());
    assert_eq!(redact(&report), report);
}

#[test]
fn before_and_after_says_what_was_repaired_and_what_broke() {
    let comparison = Comparison::between(&tls_inspection(), &dns_tcp_blocked()).unwrap();
    for (tag, language) in LANGUAGES {
        for (format, extension) in [(Format::Text, "txt"), (Format::Html, "html")] {
            let told = print_comparison(&comparison, format, &in_language(language)).unwrap();
            golden(
                &format!("before-and-after.{tag}.{extension}"),
                &String::from_utf8(told).unwrap(),
            );
        }
    }
    let json = print_comparison(&comparison, Format::Json, &Settings::default()).unwrap();
    golden("before-and-after.json", &String::from_utf8(json).unwrap());
}

#[test]
fn two_equal_reports_have_nothing_to_tell_and_two_of_other_catalogues_cannot_be_compared() {
    assert!(Comparison::between(&healthy(), &healthy()).unwrap().is_empty());
    let mut other = healthy();
    other.catalogue.id = "timbre".to_owned();
    let refused = Comparison::between(&healthy(), &other).unwrap_err().to_string();
    assert!(refused.contains("connect-plus-sendpro-p") && refused.contains("timbre"), "{refused}");
}

#[test]
fn another_proxy_is_another_way_to_the_same_checks() {
    let mut moved = proxy_refuses();
    moved.way = "proxy other.corp.example:8080".to_owned();
    moved.checks.iter_mut().for_each(|check| {
        check.way = check.way.replace("proxy.corp.example:3128", "other.corp.example:8080")
    });
    assert!(Comparison::between(&proxy_refuses(), &moved).unwrap().is_empty());
}
