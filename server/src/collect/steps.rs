//! What each step needs. The order within a step does not matter: all of it is asked for together,
//! and each piece waits for those it is made from.

use diagnosis::Step;
use futures_util::{FutureExt, future::BoxFuture, future::join_all};

use super::run::Run;

pub(super) async fn run(run: &Run, step: Step) {
    let mut pieces: Vec<BoxFuture<'_, ()>> = Vec::new();
    macro_rules! need {
        ($($piece:ident)*) => {
            {
                $(pieces.push(async move { run.$piece(step).await; }.boxed());)*
            }
        };
    }
    match step {
        Step::TargetHealth => need!(
            current listeners target_groups target_group_attributes target_health instances ecs
            auto_scaling cloudtrail metrics
        ),
        Step::ErrorLogs => need!(
            attributes access_log metrics target_groups target_health instances functions
            function_metrics app_log
        ),
        Step::Network => need!(
            listeners subnets route_tables network_acls target_groups target_health instances
            network_interfaces security_groups prefix_lists
        ),
        Step::Load => need!(current metrics target_metrics target_groups target_health instances),
        Step::Tls => need!(listeners certificates target_groups target_health metrics),
        Step::Timeouts => need!(
            attributes target_groups target_group_attributes target_health functions
            function_metrics ecs metrics access_log
        ),
    }
    join_all(pieces).await;
}
