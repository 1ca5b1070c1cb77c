//! Masked, no incident tells a secret in any byte, and it is still the same incident.

use std::{collections::BTreeMap, net::IpAddr};

use diagnosis::{
    Evidence, Step,
    api::{Investigation, Masking, Note, ShareMode, SharedInvestigation, Status, StepView},
    bundle::{Bundle, RecordedObservation, VERSION},
    diagnose,
    evidence::Part,
    masking::Masker,
    observed::Observed,
    tables::tables,
};
use serde_json::{Value, json};

use crate::scenario::Scenario;

const ACCOUNT: &str = "410987650123";
const AGENT: &str = "BuyerApp/7.3 (ada.lovelace@example.com; build 99)";
/// In the note: as no AWS call tells it.
const VISITOR: &str = "198.18.7.77";

fn token(n: usize) -> String {
    format!("tok-{n:04}-9f8e7d6c5b4a")
}

/// Secrets where clients and applications put them, in every row and line.
fn seeded(evidence: &Evidence) -> Evidence {
    let account = evidence.load_balancer.account.clone();
    let text = serde_json::to_string(evidence).unwrap();
    let text = if account.is_empty() {
        text
    } else {
        text.replace(&account, ACCOUNT)
    };
    let mut evidence: Evidence = serde_json::from_str(&text).unwrap();
    if let Observed::Seen { value: log, .. } = &mut evidence.access_log {
        for (n, row) in log
            .rows
            .iter_mut()
            .enumerate()
            .filter(|(_, row)| row.count == 1)
        {
            let query = format!("?token={}&page=2", token(n));
            row.url += &query;
            if let Some(raw) = &mut row.raw {
                *raw = raw.replacen(" HTTP/1.1\"", &format!("{query} HTTP/1.1\""), 1);
                *raw = raw.replacen(&row.user_agent, AGENT, 1);
            }
            AGENT.clone_into(&mut row.user_agent);
        }
    }
    if let Observed::Seen { value: log, .. } = &mut evidence.app_log {
        for (n, line) in log.lines.iter_mut().enumerate() {
            line.message += &format!(
                " for {VISITOR} ({AGENT}) at /cart?token={}&page=2",
                token(n)
            );
        }
    }
    evidence
}

/// What nobody outside is to see of it.
fn secrets(evidence: &Evidence) -> Vec<String> {
    let mut secrets = vec![
        ACCOUNT.to_owned(),
        AGENT.to_owned(),
        VISITOR.to_owned(),
        "ada.lovelace".into(),
        "tok-".into(),
    ];
    if let Some(log) = evidence.access_log.seen() {
        let own: Vec<&str> = log
            .rows
            .iter()
            .flat_map(|row| [row.node.as_deref(), row.target.as_deref()])
            .flatten()
            .map(|address| address.rsplit_once(':').map_or(address, |(host, _)| host))
            .collect();
        let clients = log.rows.iter().map(|row| row.client.as_str());
        secrets.extend(
            clients
                .filter(|client| client.parse::<IpAddr>().is_ok() && !own.contains(client))
                .map(str::to_owned),
        );
    }
    secrets.sort();
    secrets.dedup();
    secrets
}

/// Where one stands: an address that is part of a longer one is not it.
fn told(text: &str, secret: &str) -> bool {
    text.match_indices(secret).any(|(at, _)| {
        let inside = |c: char| c.is_ascii_digit() || c == '.';
        let is_address = secret.parse::<IpAddr>().is_ok();
        let before = text[..at].chars().next_back();
        let after = text[at + secret.len()..].chars().next();
        !is_address || !(before.is_some_and(inside) || after.is_some_and(|c| c.is_ascii_digit()))
    })
}

fn notes(evidence: &Evidence) -> Vec<Note> {
    let text = format!(
        "{VISITOR} of {ACCOUNT} complains: https://shop.example.com/cart?token={}",
        token(1)
    );
    vec![Note {
        id: "1".into(),
        step: None,
        text,
        author: Some("Zoë".into()),
        at: evidence.observed_at,
    }]
}

pub(crate) fn shared(evidence: &Evidence) -> SharedInvestigation {
    let investigation = Investigation {
        id: "1".into(),
        title: format!("502s for {VISITOR}"),
        status: Status::Open,
        practice: false,
        owner: None,
        created_at: evidence.observed_at,
        updated_at: evidence.observed_at,
        version: 1,
        last_event_id: 1,
        diagnosis: diagnose(evidence),
        steps: Step::ALL
            .into_iter()
            .map(|step| StepView {
                step,
                running: false,
                tables: tables(evidence, step),
            })
            .collect(),
        runs: Vec::new(),
        notes: notes(evidence),
        answers: evidence.answers.clone(),
    };
    let now = evidence.observed_at;
    SharedInvestigation::of(&investigation, ShareMode::Frozen, now, now)
}

fn masker(evidence: &Evidence) -> Masker {
    let people = json!({"title": format!("502s for {VISITOR}"), "text": notes(evidence)[0].text});
    Masker::new([&serde_json::to_value(evidence).unwrap(), &people])
}

/// The evidence as collectors hand it over.
fn parts(evidence: &Evidence) -> Vec<Part> {
    let evidence = evidence.clone();
    let mut parts = vec![
        Part::LoadBalancer(Box::new(evidence.load_balancer)),
        Part::Attributes(evidence.attributes),
        Part::Listeners(evidence.listeners),
        Part::TargetGroups(evidence.target_groups),
        Part::Instances(evidence.instances),
        Part::Certificates(evidence.certificates),
        Part::LambdaFunctions(evidence.lambda_functions),
        Part::Subnets(evidence.subnets),
        Part::RouteTables(evidence.route_tables),
        Part::SecurityGroups(evidence.security_groups),
        Part::NetworkAcls(evidence.network_acls),
        Part::NetworkInterfaces(evidence.network_interfaces),
        Part::PrefixLists(evidence.prefix_lists),
        Part::Metrics(evidence.metrics),
        Part::TargetMetrics(evidence.target_metrics),
        Part::AccessLog(Box::new(evidence.access_log)),
        Part::AppLog(evidence.app_log),
        Part::CloudTrail(evidence.cloudtrail),
        Part::AutoScaling(evidence.auto_scaling),
        Part::Ecs(evidence.ecs),
    ];
    for (target_group, value) in evidence.target_group_attributes {
        parts.push(Part::TargetGroupAttributes {
            target_group,
            value,
        });
    }
    for (target_group, value) in evidence.target_health {
        parts.push(Part::TargetHealth {
            target_group,
            value,
        });
    }
    for (step, observations) in evidence.steps {
        parts.push(Part::StepEnded { step, observations });
    }
    parts
}

fn bundle(evidence: &Evidence) -> Bundle {
    let recorded = evidence
        .observations
        .iter()
        .map(|observation| RecordedObservation {
            observation: observation.clone(),
            asked: json!({"LoadBalancerArn": evidence.load_balancer.arn}),
            answered: json!({"owner": ACCOUNT, "who": format!("arn:aws:iam::{ACCOUNT}:user/ada")}),
        });
    let observations = recorded.collect();
    Bundle {
        bundle_version: VERSION,
        title: format!("502s for {VISITOR}"),
        load_balancer: evidence.load_balancer.clone(),
        window: evidence.window,
        recorded_at: evidence.observed_at,
        answers: evidence.answers.clone(),
        observations,
        parts: parts(evidence),
    }
}

#[test]
fn no_secret_is_in_any_byte_of_a_masked_document() {
    let mut wrong = Vec::new();
    for scenario in Scenario::all() {
        let evidence = seeded(&scenario.evidence);
        let masker = masker(&evidence);
        let masked = masker.masked(&shared(&evidence)).unwrap();
        let bytes = serde_json::to_string(&masked).unwrap();
        for secret in secrets(&evidence) {
            if told(&bytes, &secret) {
                let at = bytes.find(&secret).unwrap();
                let near = bytes.floor_char_boundary(at.saturating_sub(80));
                wrong.push(format!("{}: {secret}: {}", scenario.name, &bytes[near..at]));
            }
        }
        let again = masker.masked(&masked).unwrap();
        assert_eq!(again, masked, "{}", scenario.name);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The seeds do stand in what is not masked: else the test above would show nothing.
#[test]
fn without_masking_the_secrets_are_there() {
    let told_by = Scenario::all()
        .into_iter()
        .fold(BTreeMap::new(), |mut told_by, scenario| {
            let evidence = seeded(&scenario.evidence);
            let bytes = serde_json::to_string(&shared(&evidence)).unwrap();
            for seed in [ACCOUNT, AGENT, VISITOR, "tok-"] {
                *told_by.entry(seed).or_insert(0) += usize::from(told(&bytes, seed));
            }
            told_by
        });
    assert!(told_by.values().all(|count| *count > 10), "{told_by:?}");
}

#[test]
fn a_masked_document_says_the_same() {
    for scenario in Scenario::all() {
        let evidence = seeded(&scenario.evidence);
        let whole = shared(&evidence);
        let masker = masker(&evidence);
        let masked = masker.masked(&whole).unwrap();
        assert_eq!(masked.verdict, whole.verdict);
        assert_eq!(masked.ledger, whole.ledger);
        assert_eq!(masked.masking, Masking::None, "who masks says so");
        for (masked, whole) in masked.findings.iter().zip(&whole.findings) {
            assert_eq!(
                (&masked.rule, masked.strength, masked.explains),
                (&whole.rule, whole.strength, whole.explains)
            );
            for (masked, whole) in masked.rows.iter().zip(&whole.rows) {
                for (mark, before) in masked.deciding.iter().zip(&whole.deciding) {
                    let field = masked.line.get(mark.from as usize..mark.to as usize);
                    let before = whole
                        .line
                        .get(before.from as usize..before.to as usize)
                        .unwrap();
                    assert_eq!(
                        field,
                        Some(masker.text(before).as_str()),
                        "{}",
                        scenario.name
                    );
                }
            }
        }
    }
}

#[test]
fn a_masked_bundle_replays() {
    for scenario in Scenario::all() {
        let evidence = seeded(&scenario.evidence);
        let bundle = bundle(&evidence);
        let json = serde_json::to_value(&bundle).unwrap();
        let masked: Bundle = Masker::new([&json]).masked(&bundle).unwrap();
        let bytes = serde_json::to_string(&masked).unwrap();
        for secret in secrets(&evidence) {
            assert!(!told(&bytes, &secret), "{}: {secret}", scenario.name);
        }
        let before = diagnose(&bundle.evidence());
        let after = diagnose(&masked.evidence());
        assert_eq!(after.verdict, before.verdict, "{}", scenario.name);
        assert_eq!(after.ledger, before.ledger, "{}", scenario.name);
        let told = |diagnosis: &diagnosis::Diagnosis| -> Vec<Value> {
            let findings = diagnosis.findings.iter();
            findings
                .map(|finding| {
                    json!([
                        finding.rule,
                        finding.strength,
                        finding.explains,
                        finding.cites
                    ])
                })
                .collect()
        };
        assert_eq!(told(&after), told(&before), "{}", scenario.name);
    }
}
