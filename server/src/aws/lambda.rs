//! Functions that stand behind a target group.

use diagnosis::{Observed, Step, evidence::LambdaFunction};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Aws, Recorder, ask::Ask, fault::Fault, pages::Reading, read_only, text::owned};

/// Who a load balancer is in a function's resource policy.
const ELB: &str = "elasticloadbalancing.amazonaws.com";

/// A function's configuration and the log group it writes to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Function {
    pub(crate) function: LambdaFunction,
    pub(crate) log_group: String,
}

impl Aws {
    /// Environment variables are not read: they often hold secrets.
    pub(crate) async fn function(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<Function> {
        let ask = Ask::new(
            read_only::GET_FUNCTION_CONFIGURATION,
            json!({"FunctionName": arn}),
        );
        self.observe(recorder, step, ask, async {
            let found = self
                .inner
                .lambda
                .get_function_configuration()
                .function_name(arn)
                .send()
                .await?;
            let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
            let name = found.function_name().unwrap_or_default();
            let value = Function {
                log_group: found
                    .logging_config()
                    .and_then(|config| config.log_group())
                    .map_or_else(|| format!("/aws/lambda/{name}"), str::to_owned),
                function: LambdaFunction {
                    arn: arn.to_owned(),
                    target_group_arn: None,
                    timeout: number(found.timeout()),
                    memory: number(found.memory_size()),
                    runtime: found.runtime().map(|runtime| runtime.as_str().to_owned()),
                    state: found.state().map(|state| state.as_str().to_owned()),
                    state_reason: found
                        .state_reason_code()
                        .map(|reason| reason.as_str().to_owned()),
                    last_update_status: found
                        .last_update_status()
                        .map(|status| status.as_str().to_owned()),
                    last_update_reason: found
                        .last_update_status_reason_code()
                        .map(|reason| reason.as_str().to_owned()),
                    reserved_concurrency: None,
                    vpc_subnet_ids: found
                        .vpc_config()
                        .map(|config| owned(config.subnet_ids()))
                        .unwrap_or_default(),
                    invoke_allowed: None,
                    gap: None,
                },
            };
            Ok(Reading::new(value, |value| match value.function.timeout {
                Some(timeout) => format!("timeout {timeout} s"),
                None => "no timeout told".to_owned(),
            }))
        })
        .await
    }

    pub(crate) async fn function_concurrency(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<Option<u32>> {
        let ask = Ask::new(
            read_only::GET_FUNCTION_CONCURRENCY,
            json!({"FunctionName": arn}),
        );
        self.observe(recorder, step, ask, async {
            let found = self
                .inner
                .lambda
                .get_function_concurrency()
                .function_name(arn)
                .send()
                .await?;
            let value = found
                .reserved_concurrent_executions()
                .and_then(|value| u32::try_from(value).ok());
            Ok(Reading::new(value, |value| match value {
                Some(value) => format!("{value} reserved"),
                None => "none reserved".to_owned(),
            }))
        })
        .await
    }

    /// Whether the function's policy lets the load balancer invoke it for this target group.
    pub(crate) async fn invoke_allowed(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
        target_group: &str,
    ) -> Observed<bool> {
        let ask = Ask::new(read_only::GET_POLICY, json!({"FunctionName": arn}));
        self.observe(recorder, step, ask, async {
            let allowed = match self
                .inner
                .lambda
                .get_policy()
                .function_name(arn)
                .send()
                .await
            {
                Ok(answer) => {
                    let policy = answer.policy().unwrap_or_default();
                    let policy = serde_json::from_str(policy).map_err(|_| Fault::Unreadable)?;
                    allows(&policy, target_group)
                }
                // A function without a policy answers "not found".
                Err(error) => match Fault::from(error) {
                    Fault::NotFound(_) => false,
                    fault => return Err(fault),
                },
            };
            Ok(Reading::new(allowed, |allowed| {
                if *allowed {
                    "the load balancer may invoke it".to_owned()
                } else {
                    "nothing lets the load balancer invoke it".to_owned()
                }
            }))
        })
        .await
    }
}

fn allows(policy: &Value, target_group: &str) -> bool {
    policy["Statement"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|statement| {
            let principal = &statement["Principal"];
            let action = &statement["Action"];
            statement["Effect"] == "Allow"
                && (principal == "*" || holds(&principal["Service"], |one| one == ELB))
                && holds(action, |one| {
                    matches!(one, "lambda:InvokeFunction" | "lambda:*" | "*")
                })
                && ["ArnLike", "ArnEquals", "StringEquals", "StringLike"]
                    .iter()
                    .all(|operator| {
                        let condition = &statement["Condition"][operator];
                        let source = condition
                            .as_object()
                            .into_iter()
                            .flatten()
                            .find(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn"));
                        source.is_none_or(|(_, arns)| holds(arns, |arn| like(arn, target_group)))
                    })
        })
}

/// Of one text or a list of them.
fn holds(value: &Value, fits: impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => fits(text),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).any(fits),
        _ => false,
    }
}

/// IAM's wildcards: `*` for any text (`?` stands for itself here: no ARN of a group has one).
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_must_name_the_load_balancer_and_its_group() {
        let group =
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/fn/6d0ecf831eec9f09";
        let policy = |source: &str| {
            json!({"Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": ELB},
                "Action": "lambda:InvokeFunction",
                "Condition": {"ArnLike": {"AWS:SourceArn": source}},
            }]})
        };
        assert!(allows(&policy(group), group));
        assert!(allows(
            &policy("arn:aws:elasticloadbalancing:*:123456789012:targetgroup/fn/*"),
            group
        ));
        assert!(!allows(
            &policy("arn:aws:elasticloadbalancing:*:123456789012:targetgroup/other/*"),
            group
        ));
        assert!(!allows(&json!({"Statement": []}), group));
        assert!(!allows(
            &json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "lambda:InvokeFunction"}]}),
            group
        ));
    }
}
