//! Application load balancers.

mod attributes;
mod listeners;
mod target_groups;

use aws_sdk_elasticloadbalancingv2::types;
use diagnosis::{
    Observed, Step,
    evidence::{LoadBalancer, LoadBalancerType, load_balancer::Zone},
};
use serde_json::json;

use super::{
    Aws, Recorder,
    ask::Ask,
    fault::Fault,
    pages::{Pages, Reading, pages},
    read_only,
    text::{owned, time},
};

/// Of 400 (an account's own bound is far lower).
const PAGES: u32 = 50;

impl Aws {
    /// The load balancer as it is now.
    pub(crate) async fn load_balancer(
        &self,
        recorder: &Recorder,
        step: Step,
        arn: &str,
    ) -> Observed<Option<LoadBalancer>> {
        let ask = Ask::new(
            read_only::DESCRIBE_LOAD_BALANCERS,
            json!({"LoadBalancerArns": [arn]}),
        );
        self.observe(recorder, step, ask, async {
            self.inner.elb_pace.turn().await;
            let answer = self
                .inner
                .elbv2
                .describe_load_balancers()
                .load_balancer_arns(arn)
                .send()
                .await?;
            let found = answer.load_balancers().first();
            let value = found.map(|found| load_balancer(found, self.region()));
            Ok(Reading::new(value, |value| {
                value.as_ref().map_or_else(
                    || "no such load balancer".to_owned(),
                    |found| format!("{}, {}", found.name, found.state),
                )
            }))
        })
        .await
    }

    /// Every load balancer of the v2 API that matches, or of the region: Application, Network and
    /// Gateway, each with its type's name.
    pub(super) async fn v2_load_balancers(
        &self,
        names: Option<Vec<String>>,
        arns: Option<Vec<String>>,
    ) -> Result<Pages<(LoadBalancer, String)>, Fault> {
        pages(PAGES, |marker| {
            let request = self
                .inner
                .elbv2
                .describe_load_balancers()
                .set_names(names.clone())
                .set_load_balancer_arns(arns.clone())
                .set_marker(marker);
            async move {
                self.inner.elb_pace.turn().await;
                let answer = request.send().await?;
                let found = answer
                    .load_balancers()
                    .iter()
                    .map(|found| {
                        let kind = found.r#type().map_or("application", |kind| kind.as_str());
                        (load_balancer(found, self.region()), kind.to_owned())
                    })
                    .collect();
                Ok((found, answer.next_marker().map(str::to_owned)))
            }
        })
        .await
    }
}

fn load_balancer(found: &types::LoadBalancer, region: &str) -> LoadBalancer {
    let arn = found.load_balancer_arn().unwrap_or_default();
    let state = found.state();
    LoadBalancer {
        arn: arn.to_owned(),
        name: found.load_balancer_name().unwrap_or_default().to_owned(),
        kind: LoadBalancerType::Application,
        region: region.to_owned(),
        account: arn.split(':').nth(4).unwrap_or_default().to_owned(),
        dns_name: found.dns_name().unwrap_or_default().to_owned(),
        scheme: found
            .scheme()
            .map_or("", |scheme| scheme.as_str())
            .to_owned(),
        ip_address_type: found
            .ip_address_type()
            .map_or("", |kind| kind.as_str())
            .to_owned(),
        vpc_id: found.vpc_id().unwrap_or_default().to_owned(),
        state: state
            .and_then(types::LoadBalancerState::code)
            .map_or("", |code| code.as_str())
            .to_owned(),
        state_reason: state
            .and_then(types::LoadBalancerState::reason)
            .map(str::to_owned),
        created_at: found.created_time().and_then(time),
        zones: found
            .availability_zones()
            .iter()
            .map(|zone| Zone {
                name: zone.zone_name().unwrap_or_default().to_owned(),
                subnet_id: zone.subnet_id().unwrap_or_default().to_owned(),
            })
            .collect(),
        security_groups: owned(found.security_groups()),
    }
}
