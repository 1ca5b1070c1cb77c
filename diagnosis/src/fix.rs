//! What goes into a [`Fix`](crate::document::Fix): shell-quoted values and console links.
//!
//! Names, tags and ARNs come from AWS and are untrusted: a command that a person pastes must do what
//! it says, whatever a resource is called.

/// One POSIX shell word. Plain words stay as they are.
pub fn quote(value: &str) -> String {
    let plain = !value.is_empty()
        && !value.starts_with('-')
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./:@%+,".contains(&byte));
    if plain {
        value.to_owned()
    } else {
        // A control character could rewrite the line that a person reads before pasting it.
        let shown: String = value.chars().filter(|c| !c.is_control()).collect();
        format!("'{}'", shown.replace('\'', r"'\''"))
    }
}

/// `aws <words> --region <region>`: `words` is our own text, values in it already quoted.
pub fn aws(words: &str, region: &str) -> String {
    format!("aws {words} --region {}", quote(region))
}

/// A page of the EC2 console (load balancers and target groups live there); empty where the
/// region is not one of the commercial partition's. `fragment` is our own text with values encoded
/// by [`encode`].
pub fn ec2_console(region: &str, fragment: &str) -> String {
    console(region, &format!("ec2/home?region={region}#{fragment}"))
}

/// A page of the regional console, or empty. `path` is our own text with values encoded.
pub fn console(region: &str, path: &str) -> String {
    let known = region.contains('-')
        && region
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !region.starts_with("cn-")
        && !region.contains("-gov-")
        && !region.contains("-iso");
    if known {
        format!("https://{region}.console.aws.amazon.com/{path}")
    } else {
        String::new()
    }
}

/// The load balancer's own page.
pub fn load_balancer_console(load_balancer: &crate::evidence::LoadBalancer) -> String {
    let id = match load_balancer.kind {
        crate::evidence::LoadBalancerType::Application => &load_balancer.arn,
        crate::evidence::LoadBalancerType::Classic => &load_balancer.name,
    };
    ec2_console(
        &load_balancer.region,
        &format!("LoadBalancer:loadBalancerArn={}", encode(id)),
    )
}

/// A target group's page.
pub fn target_group_console(region: &str, target_group_arn: &str) -> String {
    ec2_console(
        region,
        &format!("TargetGroup:targetGroupArn={}", encode(target_group_arn)),
    )
}

/// Percent-encodes everything but what ARNs and ids are made of.
pub fn encode(value: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A Terraform string literal; `${` and `%{` would open a template.
pub fn terraform_string(value: &str) -> String {
    let shown: String = value.chars().filter(|c| !c.is_control()).collect();
    let escaped = shown
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace("${", "$${")
        .replace("%{", "%%{");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_and_others_cannot_escape() {
        assert_eq!(quote("i-0abc"), "i-0abc");
        assert_eq!(quote(""), "''");
        assert_eq!(quote("-rf"), "'-rf'");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("x'; rm -rf ~ #"), r"'x'\''; rm -rf ~ #'");
        assert_eq!(quote("$(id)\n"), "'$(id)'");
    }

    #[test]
    fn links_lead_to_aws_or_nowhere() {
        assert_eq!(
            target_group_console("eu-west-1", "arn:aws:x:eu-west-1:1:targetgroup/web/1"),
            "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1#TargetGroup:targetGroupArn=arn:aws:x:eu-west-1:1:targetgroup/web/1"
        );
        assert_eq!(ec2_console("evil.example/#", "x"), "");
        assert_eq!(ec2_console("us-gov-west-1", "x"), "");
        assert_eq!(encode("a b#<"), "a%20b%23%3C");
    }

    #[test]
    fn terraform_text_opens_no_template() {
        assert_eq!(terraform_string(r#"a"b"#), r#""a\"b""#);
        assert_eq!(terraform_string("${file(1)}"), r#""$${file(1)}""#);
        assert_eq!(terraform_string("5 % $"), r#""5 % $""#);
    }
}
