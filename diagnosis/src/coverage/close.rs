//! How to close a gap: IAM, command line, Terraform.

use super::{Close, Coverage};
use crate::{
    evidence::{LoadBalancer, LoadBalancerType},
    fix, words,
};

/// Commands name at most this many instances.
const INSTANCES: usize = 20;

pub(super) fn by_state(state: Coverage, actions: Vec<String>) -> Option<Close> {
    let summary = match state {
        Coverage::Denied => format!(
            "Allow {} to the role that lb502 uses (lb502 iam-policy prints the whole policy), and run the \
             step again.",
            words::list(&actions, 5)
        ),
        Coverage::Failed | Coverage::Partial => "Run the step again.".to_owned(),
        Coverage::NotAsked => "Run the step.".to_owned(),
        Coverage::On | Coverage::Off | Coverage::Late | Coverage::NotApplicable => return None,
    };
    Some(Close {
        summary,
        iam_actions: actions,
        ..Close::default()
    })
}

pub(super) fn switch_on_access_logs(load_balancer: &LoadBalancer) -> Close {
    match load_balancer.kind {
        LoadBalancerType::Application => switch_on_log(load_balancer, "access_logs"),
        LoadBalancerType::Classic => Close {
            summary: "Switch access logs on, every five minutes, into a bucket whose policy lets the load \
                      balancer write; they begin with the next request."
                .to_owned(),
            iam_actions: Vec::new(),
            cli: vec![fix::aws(
                &format!(
                    "elb modify-load-balancer-attributes --load-balancer-name {} --load-balancer-attributes {}",
                    fix::quote(&load_balancer.name),
                    fix::quote("AccessLog={Enabled=true,S3BucketName=YOUR-BUCKET,EmitInterval=5}")
                ),
                &load_balancer.region,
            )],
            terraform: format!(
                "resource \"aws_elb\" \"this\" {{\n  name = {}\n  access_logs {{\n    bucket   = \"YOUR-BUCKET\"\n    interval = 5\n  }}\n}}\n",
                fix::terraform_string(&load_balancer.name)
            ),
        },
    }
}

/// `attribute`: `access_logs`, `connection_logs` or `health_check_logs`, which the API and Terraform
/// name alike.
pub(super) fn switch_on_log(load_balancer: &LoadBalancer, attribute: &str) -> Close {
    Close {
        summary:
            "Switch it on, into a bucket whose policy lets the load balancer write; it begins with \
                  the next request."
                .to_owned(),
        iam_actions: Vec::new(),
        cli: vec![fix::aws(
            &format!(
                "elbv2 modify-load-balancer-attributes --load-balancer-arn {} --attributes \
                 Key={attribute}.s3.enabled,Value=true Key={attribute}.s3.bucket,Value=YOUR-BUCKET",
                fix::quote(&load_balancer.arn)
            ),
            &load_balancer.region,
        )],
        terraform: format!(
            "resource \"aws_lb\" \"this\" {{\n  name = {}\n  {attribute} {{\n    enabled = true\n    bucket  = \"YOUR-BUCKET\"\n  }}\n}}\n",
            fix::terraform_string(&load_balancer.name)
        ),
    }
}

pub(super) fn detailed_monitoring(load_balancer: &LoadBalancer, instances: &[&str]) -> Close {
    let mut named: Vec<String> = instances.iter().map(|id| fix::quote(id)).collect();
    named.sort();
    named.dedup();
    named.truncate(INSTANCES);
    Close {
        summary: "Switch detailed monitoring on: then there is a point every minute.".to_owned(),
        iam_actions: Vec::new(),
        cli: vec![fix::aws(
            &format!("ec2 monitor-instances --instance-ids {}", named.join(" ")),
            &load_balancer.region,
        )],
        terraform: "resource \"aws_instance\" \"this\" {\n  monitoring = true\n}\n".to_owned(),
    }
}
