//! Metrics, asked for in as few GetMetricData batches as CloudWatch's limits allow.

use std::collections::HashMap;

use aws_sdk_cloudwatch::types;
use chrono::{DateTime, TimeDelta, Utc};
use diagnosis::{
    Observed, Step,
    evidence::metrics::{Point, Series},
};
use serde_json::{Value, json};

use super::{
    Aws, AwsError, Recorder,
    ask::Ask,
    fault::Fault,
    pages::{Reading, pages},
    read_only,
    text::{aws_time, stamp, time},
};

/// CloudWatch's own limits of one GetMetricData call.
const QUERIES: usize = 500;
const POINTS: i64 = 100_800;
const PAGES: u32 = 20;

/// Series of one stretch of time.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    /// Seconds.
    pub(crate) period: u32,
    pub(crate) metrics: Vec<WantedMetric>,
}

#[derive(Clone, Debug)]
pub(crate) struct WantedMetric {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) stat: &'static str,
    /// As in [`Series::resource`].
    pub(crate) resource: String,
    pub(crate) zone: Option<String>,
    pub(crate) dimensions: Vec<(&'static str, String)>,
}

impl Wanted {
    /// Split so that each part fits into one call.
    fn batches(&self) -> Vec<Self> {
        let span = (self.to - self.from).num_seconds();
        let points = (span / i64::from(self.period.max(1)) + 1).max(1);
        let fit = usize::try_from(POINTS / points)
            .unwrap_or(1)
            .clamp(1, QUERIES);
        self.metrics
            .chunks(fit)
            .map(|metrics| Self {
                metrics: metrics.to_vec(),
                ..self.clone()
            })
            .collect()
    }

    fn asked(&self) -> Value {
        let queries: Vec<Value> = self.metrics.iter().enumerate().map(query_json).collect();
        json!({
            "StartTime": stamp(self.from),
            "EndTime": stamp(self.to),
            "ScanBy": "TimestampAscending",
            "MetricDataQueries": queries
                .into_iter()
                .map(|mut query| {
                    query["MetricStat"]["Period"] = self.period.into();
                    query
                })
                .collect::<Vec<_>>(),
        })
    }
}

impl Aws {
    /// One observed part for each call that the limits make necessary.
    pub(crate) async fn metric_series(
        &self,
        recorder: &Recorder,
        step: Step,
        wanted: &Wanted,
    ) -> Vec<Observed<Vec<Series>>> {
        let batches = wanted.batches();
        futures_util::future::join_all(batches.iter().map(|batch| {
            let ask = Ask::new(read_only::GET_METRIC_DATA, batch.asked());
            self.observe(recorder, step, ask, self.metric_batch(batch))
        }))
        .await
    }

    /// The same outside a run, all batches together.
    pub(super) async fn metric_data(&self, wanted: &Wanted) -> Result<Vec<Series>, Fault> {
        let batches = wanted.batches();
        let read =
            futures_util::future::join_all(batches.iter().map(|batch| self.metric_batch(batch)))
                .await;
        let mut series = Vec::new();
        for batch in read {
            series.extend(batch?.value);
        }
        Ok(series)
    }

    /// The same for one stretch of few series, with the command that repeats the call; what could not be
    /// read in full is an error.
    pub(crate) async fn series_now(
        &self,
        wanted: &Wanted,
    ) -> (String, Result<Vec<Series>, AwsError>) {
        let call = read_only::GET_METRIC_DATA;
        let cli = Ask::new(call, wanted.asked()).cli(self.region());
        let read = async {
            let mut series = Vec::new();
            for batch in wanted.batches() {
                let read = self.metric_batch(&batch).await?;
                if let Some(left_out) = read.incomplete {
                    return Err(Fault::Service(format!("incomplete, {left_out}")));
                }
                series.extend(read.value);
            }
            Ok(series)
        };
        // An SDK call's future is large: on the heap, it does not add to the stack of who waits.
        let read = Box::pin(read).await;
        (
            cli,
            read.map_err(|fault| AwsError::from_fault(fault, call.action())),
        )
    }

    async fn metric_batch(&self, wanted: &Wanted) -> Result<Reading<Vec<Series>>, Fault> {
        let queries: Vec<types::MetricDataQuery> = wanted
            .metrics
            .iter()
            .enumerate()
            .map(|(n, one)| query(n, one, wanted.period))
            .collect();
        let read = pages(PAGES, |token| {
            let request = self
                .inner
                .cloudwatch
                .get_metric_data()
                .start_time(aws_time(wanted.from))
                .end_time(aws_time(wanted.to))
                .scan_by(types::ScanBy::TimestampAscending)
                .set_metric_data_queries(Some(queries.clone()))
                .set_next_token(token);
            async move {
                let answer = request.send().await?;
                let next = answer.next_token().map(str::to_owned);
                Ok((answer.metric_data_results.unwrap_or_default(), next))
            }
        })
        .await?;
        let unread = read
            .items
            .iter()
            .filter(|result| {
                matches!(
                    result.status_code(),
                    Some(types::StatusCode::Forbidden | types::StatusCode::InternalError)
                )
            })
            .count();
        let mut reading = read.reading(
            |results| series(&results, wanted),
            |series: &Vec<Series>| {
                let silent = series.iter().filter(|one| one.points.is_empty()).count();
                format!("{}, {silent} without points", count_series(series.len()))
            },
        );
        if unread > 0 {
            reading.cut_short(format!(
                "CloudWatch could not give {}",
                count_series(unread)
            ));
        }
        Ok(reading)
    }
}

fn count_series(n: usize) -> String {
    format!("{n} series")
}

fn query(n: usize, wanted: &WantedMetric, period: u32) -> types::MetricDataQuery {
    let dimensions = wanted
        .dimensions
        .iter()
        .map(|(name, value)| types::Dimension::builder().name(*name).value(value).build())
        .collect();
    let metric = types::Metric::builder()
        .namespace(wanted.namespace)
        .metric_name(wanted.name)
        .set_dimensions(Some(dimensions))
        .build();
    types::MetricDataQuery::builder()
        .id(format!("q{n}"))
        .return_data(true)
        .metric_stat(
            types::MetricStat::builder()
                .metric(metric)
                .period(i32::try_from(period).unwrap_or(60))
                .stat(wanted.stat)
                .build(),
        )
        .build()
}

fn query_json((n, wanted): (usize, &WantedMetric)) -> Value {
    json!({
        "Id": format!("q{n}"),
        "MetricStat": {
            "Metric": {
                "Namespace": wanted.namespace,
                "MetricName": wanted.name,
                "Dimensions": wanted
                    .dimensions
                    .iter()
                    .map(|(name, value)| json!({"Name": name, "Value": value}))
                    .collect::<Vec<_>>(),
            },
            "Stat": wanted.stat,
        },
    })
}

/// One series for each that was wanted, in that order, with or without points.
fn series(results: &[types::MetricDataResult], wanted: &Wanted) -> Vec<Series> {
    let mut points: HashMap<&str, Vec<Point>> = HashMap::new();
    for result in results {
        let found = points.entry(result.id().unwrap_or_default()).or_default();
        found.extend(
            result
                .timestamps()
                .iter()
                .zip(result.values())
                .filter_map(|(at, value)| {
                    Some(Point {
                        at: time(at)?,
                        value: *value,
                    })
                }),
        );
    }
    wanted
        .metrics
        .iter()
        .enumerate()
        .map(|(n, one)| {
            let mut points = points.remove(format!("q{n}").as_str()).unwrap_or_default();
            points.sort_by_key(|point| point.at);
            Series {
                namespace: one.namespace.to_owned(),
                name: one.name.to_owned(),
                stat: one.stat.to_owned(),
                resource: one.resource.clone(),
                zone: one.zone.clone(),
                period: reported_period(one.namespace, wanted.period, &points),
                points,
            }
        })
        .collect()
}

/// EC2 reports every five minutes unless detailed monitoring is on, also when asked by the minute:
/// the points then stand five minutes apart, and each is about five.
fn reported_period(namespace: &str, asked: u32, points: &[Point]) -> u32 {
    const BASIC: u32 = 300;
    if namespace != "AWS/EC2" || asked >= BASIC {
        return asked;
    }
    let closest = points.windows(2).map(|pair| pair[1].at - pair[0].at).min();
    if closest.is_none_or(|gap| gap >= TimeDelta::seconds(i64::from(BASIC))) {
        BASIC
    } else {
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(hours: i64, metrics: usize) -> Wanted {
        let from = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        Wanted {
            from,
            to: from + TimeDelta::hours(hours),
            period: 60,
            metrics: vec![
                WantedMetric {
                    namespace: "AWS/EC2",
                    name: "CPUUtilization",
                    stat: "Maximum",
                    resource: "i-1".to_owned(),
                    zone: None,
                    dimensions: vec![("InstanceId", "i-1".to_owned())],
                };
                metrics
            ],
        }
    }

    #[test]
    fn batches_stay_within_both_limits() {
        let sizes = |wanted: &Wanted| -> Vec<usize> {
            wanted
                .batches()
                .iter()
                .map(|batch| batch.metrics.len())
                .collect()
        };
        assert_eq!(sizes(&wanted(1, 1_200)), [500, 500, 200]);
        assert_eq!(sizes(&wanted(27, 100)), [62, 38]);
        assert!(sizes(&wanted(1, 0)).is_empty());
    }

    #[test]
    fn five_minute_points_say_that_they_are() {
        let at = |minutes: i64| Point {
            at: DateTime::from_timestamp(1_700_000_000 + 60 * minutes, 0).unwrap(),
            value: 1.0,
        };
        assert_eq!(reported_period("AWS/EC2", 60, &[at(0), at(5), at(10)]), 300);
        assert_eq!(reported_period("AWS/EC2", 60, &[at(0), at(1), at(6)]), 60);
        assert_eq!(reported_period("AWS/EC2", 60, &[]), 300);
        assert_eq!(
            reported_period("AWS/ApplicationELB", 60, &[at(0), at(5)]),
            60
        );
    }
}
