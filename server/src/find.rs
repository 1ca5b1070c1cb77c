//! From what a person typed to a load balancer: credentials, region, account, and then the search.

use diagnosis::{api::Problem, evidence::LoadBalancer};

use crate::{
    access::Access,
    aws::{Aws, AwsError, region_of},
    problem::{at, of_aws, problem},
};

/// The longest ARN, DNS name or URL that is looked at, in bytes.
const ASKED_MAX: usize = 2_048;

/// `asked`: name, ARN, DNS name or URL. An ARN or DNS name carries its region; a region that is
/// given and differs from it is a mistake that somebody should know of.
pub async fn load_balancer(
    access: &Access,
    asked: &str,
    region: Option<&str>,
    account: Option<&str>,
) -> Result<(Aws, LoadBalancer), Problem> {
    let asked = checked(asked)?;
    let region = region.map(str::trim).filter(|region| !region.is_empty());
    let carried = region_of(asked);
    if let (Some(given), Some(carried)) = (region, carried)
        && !given.eq_ignore_ascii_case(carried)
    {
        return Err(at(
            "region",
            problem(
                422,
                "other-region",
                "Two regions",
                format!("The load balancer's name says {carried}, the region given is {given}."),
                "Leave the region out, or give the one of the load balancer.",
            ),
        ));
    }
    let aws = access
        .connect(region.or(carried))
        .await
        .map_err(|error| of_aws(&error))?;
    if let Some(account) = account.map(str::trim).filter(|account| !account.is_empty()) {
        same_account(&aws, account).await?;
    }
    let found = aws
        .find_load_balancer(asked)
        .await
        .map_err(|error| of_aws(&error))?;
    Ok((aws, found))
}

fn checked(asked: &str) -> Result<&str, Problem> {
    let asked = asked.trim();
    if asked.is_empty() {
        return Err(at(
            "load_balancer",
            problem(
                422,
                "no-load-balancer",
                "No load balancer",
                "No load balancer is named.",
                "Give its name, ARN, DNS name or URL.",
            ),
        ));
    }
    if asked.len() > ASKED_MAX || asked.chars().any(char::is_control) {
        let shown = asked.chars().filter(|c| !c.is_control()).take(60);
        let error = AwsError::UnknownLoadBalancer(shown.collect());
        return Err(of_aws(&error));
    }
    Ok(asked)
}

/// lb502 does not take on roles: the credentials' own account is the only one that it can see.
async fn same_account(aws: &Aws, account: &str) -> Result<(), Problem> {
    let identity = aws.identity().await.map_err(|error| of_aws(&error))?;
    if identity.account == account {
        return Ok(());
    }
    Err(at(
        "account",
        problem(
            422,
            "other-account",
            "Another account",
            format!(
                "The AWS credentials belong to account {}, not to {account}.",
                identity.account
            ),
            "Start lb502 with credentials of that account (AWS_PROFILE), or leave the account out.",
        ),
    ))
}
