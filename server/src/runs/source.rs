//! Where a run's evidence comes from: AWS, or a recorded incident.

use diagnosis::Step;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    access::Access,
    aws::AwsError,
    collect::{self, Progress, Scope},
    db::investigations::Row,
    practice,
};

/// Sends what happens; the error says why the run could not begin.
pub(super) async fn collect(
    access: Access,
    row: Row,
    steps: Vec<Step>,
    first_n: u32,
    progress: mpsc::Sender<Progress>,
    cancel: CancellationToken,
) -> Result<(), String> {
    if let Some(name) = &row.practice {
        let incident = practice::find(name)
            .ok_or_else(|| format!("This lb502 does not know the practice incident {name:?}."))?;
        practice::replay(incident, &steps, &progress, &cancel).await;
        return Ok(());
    }
    let aws = access
        .connect(Some(&row.load_balancer.region))
        .await
        .map_err(|error| sentence(&error))?;
    tokio::select! {
        () = cancel.cancelled() => return Ok(()),
        found = aws.find_load_balancer(&row.load_balancer.arn) => match found {
            Err(error) if hopeless(&error) => return Err(sentence(&error)),
            // What else went wrong is evidence: the steps' own calls will say it.
            _ => {}
        }
    }
    let scope = Scope {
        load_balancer: row.load_balancer,
        window: row.window,
        steps,
        first_n,
    };
    collect::collect(&aws, scope, progress, cancel).await;
    Ok(())
}

/// Whether no call of the run could succeed.
fn hopeless(error: &AwsError) -> bool {
    matches!(
        error,
        AwsError::NoCredentials
            | AwsError::ExpiredCredentials
            | AwsError::InvalidCredentials(_)
            | AwsError::NoRegion
            | AwsError::UnknownRegion(_)
            | AwsError::UnknownLoadBalancer(_)
    )
}

fn sentence(error: &AwsError) -> String {
    let problem = crate::problem::of_aws(error);
    format!("{} {}", problem.detail, problem.what_to_do)
}
