//! Three log lines of a finding, with the fields marked that decide.

use crate::{
    access_log::columns::Column,
    document::{ComputedValue, DecidingField, RawRow},
    evidence::{
        Evidence, LoadBalancerType,
        access_log::{FaultRow, Shape},
    },
    words,
};

use Column::{
    Client, ElbStatusCode, ErrorReason, MatchedRulePriority, ReceivedBytes, Request,
    RequestProcessingTime, ResponseProcessingTime, Target, TargetGroupArn, TargetProcessingTime,
    TargetStatusCode, Time, Type,
};

/// How the connection went: what every row is first read by.
const HOW_IT_WENT: &[Column] = &[
    Target,
    RequestProcessingTime,
    TargetProcessingTime,
    ResponseProcessingTime,
    ElbStatusCode,
    TargetStatusCode,
];
const WHO_ANSWERED: &[Column] = &[
    Target,
    TargetProcessingTime,
    ElbStatusCode,
    TargetStatusCode,
];
const LAMBDA: &[Column] = &[
    TargetProcessingTime,
    ElbStatusCode,
    TargetStatusCode,
    TargetGroupArn,
    ErrorReason,
];

/// What decides besides, or instead; rules that are not here go by how the connection went.
fn deciding(rule: &str) -> (&'static [Column], &'static [Column]) {
    match rule {
        "target-returned-502" => (WHO_ANSWERED, &[]),
        "malformed-response" => (HOW_IT_WENT, &[Request]),
        "response-headers-too-large" => (HOW_IT_WENT, &[Client, Request]),
        "upload-answered-early" => (HOW_IT_WENT, &[ReceivedBytes, Request]),
        "protocol-version-mismatch" => (
            &[Type, ElbStatusCode],
            &[TargetGroupArn, MatchedRulePriority],
        ),
        "target-protocol-mismatch" | "target-tls-handshake-failed" => {
            (HOW_IT_WENT, &[TargetGroupArn])
        }
        "target-in-disabled-zone"
        | "target-instance-not-running"
        | "container-crashed"
        | "deploy-stops-targets-before-draining"
        | "deregistration-delay-too-short"
        | "health-check-slower-than-shutdown"
        | "worker-restarted"
        | "target-cpu-saturated"
        | "target-connections-exhausted"
        | "traffic-spike"
        | "surge-queue-overflow" => (HOW_IT_WENT, &[Time]),
        "all-targets-unhealthy" | "targets-failing-health-checks" => {
            (HOW_IT_WENT, &[Time, TargetGroupArn])
        }
        lambda if lambda.starts_with("lambda-") => (LAMBDA, &[]),
        _ => (HOW_IT_WENT, &[]),
    }
}

/// Rules to which the gap since the target's last answer says something.
const BY_GAP: &[&str] = &[
    "keep-alive-shorter-than-idle-timeout",
    "target-closed-connection",
];

/// The first, the middle and the last of the rows at these places whose line was kept.
pub(crate) fn of(evidence: &Evidence, rule: &str, places: &[usize]) -> Vec<RawRow> {
    let rows = evidence
        .access_log
        .seen()
        .map_or(&[][..], |log| log.rows.as_slice());
    let kept: Vec<(&FaultRow, &str)> = places
        .iter()
        .filter_map(|place| rows.get(*place))
        .filter_map(|row| Some((row, row.raw.as_deref()?)))
        .collect();
    let mut chosen = vec![0, kept.len() / 2, kept.len().saturating_sub(1)];
    chosen.dedup();
    chosen
        .into_iter()
        .filter_map(|place| kept.get(place))
        .map(|(row, line)| raw_row(evidence.load_balancer.kind, rule, row, line))
        .collect()
}

fn raw_row(format: LoadBalancerType, rule: &str, row: &FaultRow, line: &str) -> RawRow {
    let (first, more) = deciding(rule);
    let reason = row.error_reason.is_some().then_some(ErrorReason);
    let mut columns: Vec<Column> = Vec::new();
    for column in first.iter().chain(more).copied().chain(reason) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let mut deciding: Vec<DecidingField> = columns
        .into_iter()
        .filter_map(|column| {
            let range = column.range(format, line)?;
            Some(DecidingField {
                name: column.name(format).to_owned(),
                from: u32::try_from(range.start).ok()?,
                to: u32::try_from(range.end).ok()?,
                tells: tells(column, row),
            })
        })
        .collect();
    deciding.sort_by_key(|field| field.from);
    let gap = row.idle_ms.filter(|_| BY_GAP.contains(&rule));
    RawRow {
        line: line.to_owned(),
        deciding,
        computed: gap.into_iter().map(idle).collect(),
    }
}

fn idle(gap: u64) -> ComputedValue {
    ComputedValue {
        name: "idle_before".to_owned(),
        value: words::seconds(gap),
        tells:
            "since the target's last answer, on any connection, until this request was sent to it"
                .to_owned(),
    }
}

/// What the field says in this row.
fn tells(column: Column, row: &FaultRow) -> String {
    let words = match column {
        Type => "the protocol between client and load balancer",
        Time => "to be held against what happened to the target",
        Client => "who asked",
        Target if row.target.is_none() => "no target was chosen, or none is noted",
        Target => "where the request was to go",
        RequestProcessingTime if row.request_processing_time.is_none() => {
            "-1: the request could not be handed to a target"
        }
        RequestProcessingTime => "the request was handed to the target",
        TargetProcessingTime => return target_time(row),
        ResponseProcessingTime if row.response_processing_time.is_none() => {
            "-1: no answer of the target was passed on"
        }
        ResponseProcessingTime => "an answer was passed on",
        ElbStatusCode => "what the client got",
        TargetStatusCode => match row.target_status_code {
            None => "the target sent no status: the load balancer made this code itself",
            Some(_) => "the target answered this itself",
        },
        ReceivedBytes => "how much the client had sent",
        Request => "what was asked for",
        TargetGroupArn => "the target group that the request was routed to",
        MatchedRulePriority => "the listener rule that routed it",
        ErrorReason if row.error_reason.is_none() => "no reason is noted",
        ErrorReason => "the load balancer's own reason",
    };
    words.to_owned()
}

fn target_time(row: &FaultRow) -> String {
    let took = row
        .target_processing_time
        .map(|seconds| words::seconds(crate::case::whole(seconds * 1000.0)));
    match (took, row.shape()) {
        (None, Shape::NotConnected) => "-1: no connection to the target came about".to_owned(),
        (None, _) => "-1: the target did not answer".to_owned(),
        (Some(took), Shape::NotAnswered) => {
            format!(
                "the connection ended {took} after the target had the request, before an answer"
            )
        }
        (Some(took), _) => format!("the target took {took}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::*;

    const LINE: &str = "https 2026-11-20T10:02:07.000000Z app/shop/50dc 203.0.113.9:40001 10.0.1.1:8080 0.001 0.000 -1 502 - 322 277 \"GET https://shop/<b> HTTP/1.1\" \"x\" - - arn:aws:x";

    fn evidence(lines: &[Option<&str>]) -> Evidence {
        let mut evidence = healthy();
        let rows = lines
            .iter()
            .map(|line| FaultRow {
                raw: line.map(str::to_owned),
                idle_ms: Some(5_010),
                ..hung_up("10:02:07", 1, 0.0)
            })
            .collect();
        set_rows(&mut evidence, rows);
        evidence
    }

    #[test]
    fn the_deciding_fields_are_marked() {
        let evidence = evidence(&[Some(LINE)]);
        let rows = of(&evidence, "keep-alive-shorter-than-idle-timeout", &[0]);
        let [row] = rows.as_slice() else {
            panic!("{rows:?}");
        };
        let marked: Vec<(&str, &str)> = row
            .deciding
            .iter()
            .map(|field| {
                let range = field.from as usize..field.to as usize;
                (field.name.as_str(), &row.line[range])
            })
            .collect();
        assert_eq!(
            marked,
            [
                ("target:port", "10.0.1.1:8080"),
                ("request_processing_time", "0.001"),
                ("target_processing_time", "0.000"),
                ("response_processing_time", "-1"),
                ("elb_status_code", "502"),
                ("target_status_code", "-"),
            ]
        );
        assert_eq!(row.computed[0].value, "5.01 s");
        assert!(of(&evidence, "lambda-timeout", &[0])[0].computed.is_empty());
    }

    #[test]
    fn three_lines_at_most_and_none_that_was_not_kept() {
        let evidence = evidence(&[None, Some("1"), Some("2"), None, Some("3"), Some("4"), None]);
        let lines = |places: &[usize]| -> Vec<String> {
            of(&evidence, "x", places)
                .into_iter()
                .map(|row| row.line)
                .collect()
        };
        assert_eq!(lines(&[0, 1, 2, 3, 4, 5, 6]), ["1", "3", "4"]);
        assert_eq!(lines(&[1, 2]), ["1", "2"]);
        assert_eq!(lines(&[2]), ["2"]);
        assert!(lines(&[0, 3, 99]).is_empty());
    }
}
