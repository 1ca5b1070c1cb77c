//! What a call asks, and the `aws …` command that asks the same.

use serde_json::Value;

use super::read_only::Call;

/// One call's input, by the API's parameter names.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(super) call: Call,
    pub(super) asked: Value,
    /// Instead of the command that follows from `asked`.
    command: Option<String>,
}

impl Ask {
    /// `asked`: an object; parameters that are null are left out of the command.
    pub(super) fn new(call: Call, asked: Value) -> Self {
        Self {
            call,
            asked,
            command: None,
        }
    }

    /// For a call that the command line words quite differently.
    pub(super) fn with_command(mut self, command: String) -> Self {
        self.command = Some(command);
        self
    }

    pub(super) fn cli(&self, region: &str) -> String {
        let mut command = self.command.clone().unwrap_or_else(|| {
            let operation = kebab(self.call.operation());
            format!(
                "aws {} {operation}{}",
                self.call.cli(),
                arguments(&self.asked)
            )
        });
        if self.call.service() != "iam" {
            command.push_str(" --region ");
            command.push_str(&quote(region));
        }
        command
    }
}

fn arguments(asked: &Value) -> String {
    let mut line = String::new();
    for (name, value) in asked.as_object().into_iter().flatten() {
        let name = kebab(name);
        match value {
            Value::Null => {}
            Value::Bool(true) => line.push_str(&format!(" --{name}")),
            Value::Bool(false) => line.push_str(&format!(" --no-{name}")),
            Value::Array(values) if values.iter().all(|value| !value.is_object()) => {
                line.push_str(&format!(" --{name}"));
                for value in values {
                    line.push(' ');
                    line.push_str(&quote(&plain(value)));
                }
            }
            Value::Array(values) if values.iter().all(is_filter) => {
                line.push_str(&format!(" --{name}"));
                for value in values {
                    line.push(' ');
                    line.push_str(&quote(&filter(value)));
                }
            }
            Value::Array(_) | Value::Object(_) => {
                line.push_str(&format!(" --{name} {}", quote(&value.to_string())));
            }
            scalar => line.push_str(&format!(" --{name} {}", quote(&plain(scalar)))),
        }
    }
    line
}

/// EC2's `{Name, Values}`, whose shorthand people know, unless a value would break it.
fn is_filter(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| {
        fields.len() == 2 && fields.contains_key("Name") && fields.contains_key("Values")
    }) && value["Values"].as_array().is_some_and(|values| {
        values.iter().all(|value| {
            value
                .as_str()
                .is_some_and(|text| !text.contains([',', '"']))
        })
    })
}

fn filter(value: &Value) -> String {
    let values: Vec<String> = value["Values"]
        .as_array()
        .into_iter()
        .flatten()
        .map(plain)
        .collect();
    format!("Name={},Values={}", plain(&value["Name"]), values.join(","))
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Safe in a POSIX shell, whatever the text is.
pub(super) fn quote(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=,@+%".contains(&byte));
    if plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// `DescribeTargetHealth` → `describe-target-health`, as AWS's command line names things.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 8);
    let mut after_capital = true;
    for c in name.chars() {
        if c.is_ascii_uppercase() && !after_capital {
            kebab.push('-');
        }
        after_capital = c.is_ascii_uppercase();
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::read_only;

    #[test]
    fn the_command_says_what_was_asked() {
        let ask = Ask::new(
            read_only::DESCRIBE_TARGET_HEALTH,
            json!({"TargetGroupArn": "arn:aws:x", "Include": ["AnomalyDetection"]}),
        );
        assert_eq!(
            ask.cli("eu-west-1"),
            "aws elbv2 describe-target-health --include AnomalyDetection --target-group-arn arn:aws:x --region eu-west-1"
        );
        let ask = Ask::new(
            read_only::DESCRIBE_SUBNETS,
            json!({"Filters": [{"Name": "vpc-id", "Values": ["vpc-1", "vpc-2"]}], "IncludeAll": true, "NextToken": null}),
        );
        assert_eq!(
            ask.cli("eu-west-1"),
            "aws ec2 describe-subnets --filters Name=vpc-id,Values=vpc-1,vpc-2 --include-all --region eu-west-1"
        );
        assert_eq!(kebab("ListObjectsV2"), "list-objects-v2");
        assert_eq!(kebab("taskDefinition"), "task-definition");
    }

    #[test]
    fn nothing_leaves_its_quotes() {
        let ask = Ask::new(
            read_only::DESCRIBE_SUBNETS,
            json!({"SubnetIds": ["a b", "$(reboot)", "it's", ""]}),
        );
        assert_eq!(
            ask.cli("eu-west-1"),
            r"aws ec2 describe-subnets --subnet-ids 'a b' '$(reboot)' 'it'\''s' '' --region eu-west-1"
        );
    }
}
