//! The function behind a target group, with what is known of it.

use chrono::{DateTime, Utc};

use crate::{
    case::{Case, shifted},
    evidence::{LambdaFunction, access_log::FaultRow, metrics::Series, target_groups::TargetType},
    fix,
};

/// One target group of type Lambda. It holds one function at most. [V] Lambda target groups
#[derive(Clone, Debug)]
pub(crate) struct Function<'a> {
    /// `None` for rows that were merged without it.
    pub(crate) target_group_arn: Option<&'a str>,
    /// As registered, so possibly with a version or alias. `None` where target health was not seen.
    pub(crate) arn: Option<&'a str>,
    /// `None` where Lambda was not asked or refused.
    pub(crate) configuration: Option<&'a LambdaFunction>,
    target_group_name: Option<&'a str>,
}

impl<'a> Function<'a> {
    pub(crate) fn behind(case: &Case<'a>, target_group_arn: Option<&'a str>) -> Self {
        let arn = target_group_arn.and_then(|group| registered(case, group));
        let configuration = arn.and_then(|arn| {
            let known = case.evidence.lambda_functions.seen()?;
            let mut same = known.iter().filter(|one| one.arn == arn);
            let first = same.clone().next();
            same.find(|one| one.target_group_arn.as_deref() == target_group_arn)
                .or(first)
        });
        Self {
            target_group_arn,
            arn,
            configuration,
            target_group_name: target_group_arn
                .and_then(|group| case.target_group(group))
                .map(|group| group.name.as_str()),
        }
    }

    /// Those of every group that requests can reach.
    pub(in crate::rules) fn all(case: &Case<'a>) -> Vec<Self> {
        case.target_groups()
            .iter()
            .filter(|group| group.target_type == TargetType::Lambda)
            .filter(|group| case.in_use(group) != Some(false))
            .map(|group| Self::behind(case, Some(&group.arn)))
            .collect()
    }

    /// `function orders-api`, or what is known instead.
    pub(crate) fn name(&self) -> String {
        match (self.arn, self.target_group_name) {
            (Some(arn), _) => format!("function {}", short(arn)),
            (None, Some(group)) => format!("the function of target group {group}"),
            (None, None) => "a Lambda function".to_owned(),
        }
    }

    pub(in crate::rules) fn short(&self) -> Option<&'a str> {
        self.arn.map(short)
    }

    /// For a command; without version or alias, which commands that change take apart from it.
    pub(in crate::rules) fn word(&self) -> String {
        self.arn
            .map_or_else(|| "YOUR-FUNCTION".to_owned(), |arn| fix::quote(short(arn)))
    }

    /// Its page in the console, on the tab `monitoring` or `configuration`.
    pub(in crate::rules) fn console(&self, case: &Case<'_>, tab: &str) -> String {
        let load_balancer = &case.evidence.load_balancer;
        let region = &load_balancer.region;
        match self.arn {
            Some(arn) => fix::console(
                region,
                &format!(
                    "lambda/home?region={region}#/functions/{}?tab={tab}",
                    fix::encode(short(arn))
                ),
            ),
            None => fix::load_balancer_console(load_balancer),
        }
    }

    pub(in crate::rules) fn resources(&self) -> Vec<String> {
        [self.arn, self.target_group_arn]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect()
    }

    /// A series of `AWS/Lambda`, if it was asked for.
    pub(in crate::rules) fn series(
        &self,
        case: &Case<'a>,
        name: &str,
        stat: &str,
    ) -> Option<&'a Series> {
        case.target_metrics()?.find(self.arn?, name, stat)
    }

    /// A counter's sum over the window. Asked for and silent is 0; not asked for is `None`.
    pub(in crate::rules) fn total(&self, case: &Case<'a>, name: &str) -> Option<u64> {
        case.total(self.series(case, name, "Sum"))
    }

    /// The largest value that a series reached in the window.
    pub(crate) fn most(&self, case: &Case<'a>, name: &str) -> Option<u64> {
        let window = case.evidence.window;
        self.series(case, name, "Maximum")?
            .between(crate::case::minute_of(window.from), window.to)
            .map(|point| crate::case::whole(point.value))
            .max()
    }

    /// Its timeout, milliseconds.
    pub(crate) fn timeout(&self) -> Option<u64> {
        let seconds = self.configuration?.timeout?;
        Some(u64::from(seconds).saturating_mul(1_000))
    }

    /// The load balancer's own count of failed invocations of the group.
    pub(in crate::rules) fn failures(&self, case: &Case<'a>, metric: &str) -> Option<&'a Series> {
        case.target_group_series(self.target_group_arn?, metric, "Sum")
    }
}

/// The function's name of its ARN.
fn short(arn: &str) -> &str {
    arn.split(':')
        .nth(6)
        .filter(|name| !name.is_empty())
        .unwrap_or(arn)
}

fn registered<'a>(case: &Case<'a>, target_group: &str) -> Option<&'a str> {
    let health = case.evidence.target_health.get(target_group)?.seen()?;
    health.first().map(|target| target.id.as_str())
}

/// When the row's invocation began, at the latest that is known.
pub(super) fn began(row: &FaultRow, or_before_ms: u64) -> DateTime<Utc> {
    row.request_creation_time.unwrap_or_else(|| {
        let before = i64::try_from(or_before_ms).unwrap_or(i64::MAX);
        let before = chrono::TimeDelta::try_milliseconds(before).unwrap_or_default();
        shifted(row.time, -before)
    })
}
