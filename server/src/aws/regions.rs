//! Which regions there are, and which one a name, ARN or DNS name speaks of.

use std::time::Duration;

use super::AwsError;

/// The regions of AWS's three partitions, by partition, then name.
pub const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-east-1",
    "us-gov-west-1",
];

/// The region that an ARN or a load balancer's DNS name (or URL) carries.
pub fn region_of(asked: &str) -> Option<&str> {
    let asked = asked.trim();
    if let Some(arn) = asked.strip_prefix("arn:") {
        return arn.split(':').nth(2).filter(|region| is_shaped(region));
    }
    asked
        .split(['/', '.', ':', '?', '#'])
        .find(|label| is_shaped(label))
        .filter(|_| asked.to_ascii_lowercase().contains(".amazonaws.com"))
}

/// `region` as AWS writes it, if there is such a region: one of [`REGIONS`], or one newer than
/// this list whose load balancing endpoint has an address.
pub(super) async fn check(region: &str) -> Result<String, AwsError> {
    let region = region.trim().to_ascii_lowercase();
    if REGIONS.contains(&region.as_str()) {
        return Ok(region);
    }
    if is_shaped(&region) && has_address(&region).await {
        return Ok(region);
    }
    Err(AwsError::UnknownRegion(region))
}

async fn has_address(region: &str) -> bool {
    let host = format!("elasticloadbalancing.{region}.amazonaws.com");
    let look_up = tokio::net::lookup_host((host, 443));
    match tokio::time::timeout(Duration::from_secs(2), look_up).await {
        Ok(Ok(mut addresses)) => addresses.next().is_some(),
        _ => false,
    }
}

/// `eu-west-1`, `us-gov-east-1`: words, then a number.
fn is_shaped(region: &str) -> bool {
    let mut parts = region.split('-').rev();
    let number = parts.next().unwrap_or_default();
    let words: Vec<&str> = parts.collect();
    region.len() <= 24
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (2..=3).contains(&words.len())
        && words.iter().all(|word| {
            (2..=9).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_shaped_like_regions_and_stand_once() {
        for region in REGIONS {
            assert!(is_shaped(region), "{region}");
            assert_eq!(REGIONS.iter().filter(|other| other == &region).count(), 1);
        }
        for not in [
            "",
            "eu",
            "eu-west",
            "eu-west-x",
            "web-blue",
            "../eu-west-1",
            "-1",
            "a-b-1",
        ] {
            assert!(!is_shaped(not), "{not}");
        }
    }

    #[test]
    fn arns_and_dns_names_carry_their_region() {
        for asked in [
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188",
            "web-1234567890.eu-west-1.elb.amazonaws.com",
            "https://internal-web-1234567890.eu-west-1.elb.amazonaws.com:8443/a?b=us-east-1",
        ] {
            assert_eq!(region_of(asked), Some("eu-west-1"), "{asked}");
        }
        for asked in [
            "web",
            "web-1",
            "shop.example.com",
            "arn:aws:iam::123456789012:role/x",
            "eu-west-1",
        ] {
            assert_eq!(region_of(asked), None, "{asked}");
        }
    }

    #[tokio::test]
    async fn a_region_that_does_not_exist_is_named() {
        for region in ["atlantis-1", "eu west 1", "", "mars"] {
            assert!(
                matches!(check(region).await, Err(AwsError::UnknownRegion(_))),
                "{region}"
            );
        }
        assert_eq!(check(" EU-west-1 ").await, Ok("eu-west-1".to_owned()));
    }
}
