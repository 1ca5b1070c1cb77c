//! Step `tls`: certificates, listeners' policies, and what is spoken to targets.

use super::{
    Table, Tone,
    build::{Builder, bad_count, cell, or_dash, short, toned, was_asked},
};
use crate::{case::Case, need::Need, words};

/// As `listener-certificate-expiring` counts.
const SOON_DAYS: i64 = 14;

pub(super) fn tables(case: &Case<'_>) -> Vec<Table> {
    let evidence = case.evidence;
    let mut tables = Vec::new();
    if was_asked(&evidence.certificates) {
        tables.push(certificates(case));
    }
    if was_asked(&evidence.listeners) {
        tables.push(listeners(case));
    }
    if was_asked(&evidence.target_groups) {
        tables.push(towards_targets(case));
    }
    tables
}

fn certificates(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "certificates",
        "Listener certificates",
        &[
            "Domain",
            "Valid until",
            "Days left#",
            "Status",
            "Renewal",
            "Key",
            "Listeners",
            "Certificate",
        ],
    );
    for certificate in case.evidence.certificates.seen().into_iter().flatten() {
        let left = certificate
            .not_after
            .map(|end| end.signed_duration_since(case.evidence.observed_at));
        let tone = match left {
            Some(left) if left.num_seconds() <= 0 => Tone::Bad,
            Some(left) if left.num_days() < SOON_DAYS => Tone::Warn,
            Some(_) => Tone::Good,
            None => Tone::Warn,
        };
        let listeners: Vec<&str> = certificate
            .listener_arns
            .iter()
            .map(|arn| short(arn))
            .collect();
        table.row(vec![
            cell(certificate.domain.as_deref().unwrap_or("–")),
            toned(
                match (certificate.not_after, &certificate.gap) {
                    (Some(end), _) => end.format("%Y-%m-%d %H:%M UTC").to_string(),
                    (None, Some(gap)) => format!("not seen: {gap}"),
                    (None, None) => "not seen".to_owned(),
                },
                tone,
            ),
            cell(left.map_or("–".to_owned(), |left| left.num_days().to_string())),
            or_dash(certificate.status.as_deref()),
            or_dash(certificate.renewal_status.as_deref()),
            or_dash(certificate.key_algorithm.as_deref()),
            cell(words::list(&listeners, 3)),
            cell(short(&certificate.arn)),
        ]);
    }
    table.note("Clients see these. The load balancer does not check certificates of targets.");
    table.from(case, &[Need::Certificates]);
    table.worst_first()
}

fn listeners(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "tls-listeners",
        "Listeners and their TLS policies",
        &["Port#", "Protocol", "Policy", "Certificates#", "Mutual TLS"],
    );
    for listener in case.evidence.listeners.seen().into_iter().flatten() {
        table.row(vec![
            cell(listener.port.to_string()),
            cell(&listener.protocol),
            or_dash(listener.ssl_policy.as_deref()),
            cell(listener.certificate_arns.len().to_string()),
            or_dash(listener.mutual_authentication.as_deref()),
        ]);
    }
    table.from(case, &[Need::Listeners]);
    table.in_order()
}

fn towards_targets(case: &Case<'_>) -> Table {
    let mut table = Builder::new(
        "towards-targets",
        "Spoken to targets",
        &[
            "Target group",
            "Protocol",
            "Version",
            "Health check",
            "Failed TLS handshakes#",
            "Refused connections#",
        ],
    );
    for group in case.target_groups() {
        let total = |name: &str| case.total(case.target_group_series(&group.arn, name, "Sum"));
        let counted = |n: Option<u64>| n.map_or_else(|| cell("not seen"), bad_count);
        table.row(vec![
            cell(&group.name),
            or_dash(group.protocol.as_deref()),
            or_dash(group.protocol_version.as_deref()),
            or_dash(group.health_check.protocol.as_deref()),
            counted(total("TargetTLSNegotiationErrorCount")),
            counted(total("TargetConnectionErrorCount")),
        ]);
    }
    table.from(case, &[Need::TargetGroups, Need::Metrics]);
    table.worst_first()
}
