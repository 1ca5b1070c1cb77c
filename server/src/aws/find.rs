//! The load balancer that a person means by a name, an ARN, a DNS name or a URL.

use diagnosis::evidence::LoadBalancer;

use super::{Aws, AwsError, fault::Fault, read_only, regions::region_of};

/// Longer than any ARN, DNS name or sensible URL.
const LONGEST: usize = 2_048;

/// What a person typed, as far as the text alone tells.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Arn(String),
    Classic(String),
    DnsName(String),
    Name(String),
}

impl Aws {
    /// By name (also part of one, if only one load balancer has it), ARN (also a listener's), DNS
    /// name or URL. An ARN or DNS name of another region is looked for there; the answer's
    /// `region` says where it was found.
    ///
    /// # Errors
    /// Those of [`AwsError`], `NoRegion` apart.
    pub async fn find_load_balancer(&self, asked: &str) -> Result<LoadBalancer, AwsError> {
        let asked = asked.trim();
        let parsed = parse(asked)?;
        let aws = match region_of(asked) {
            Some(region) => self.in_region(region).await?,
            None => self.clone(),
        };
        let unknown = || AwsError::UnknownLoadBalancer(asked.to_owned());
        match parsed {
            Asked::Arn(arn) => aws.pick(Some(vec![arn]), None, |_, _| true).await,
            Asked::Classic(name) => {
                let found = aws.classics(Some(&name)).await?;
                found.into_iter().next().ok_or_else(unknown)
            }
            Asked::DnsName(host) => {
                aws.pick(None, None, |found, _| plain_host(&found.dns_name) == host)
                    .await
            }
            Asked::Name(name) => {
                let exact = aws.pick(None, Some(name.clone()), |_, _| true).await;
                if !matches!(exact, Err(AwsError::UnknownLoadBalancer(_))) {
                    return exact;
                }
                let part = name.to_ascii_lowercase();
                aws.pick(None, None, |found, kind| {
                    kind == "application" && found.name.to_ascii_lowercase().contains(&part)
                })
                .await
            }
        }
        .map_err(|error| match error {
            AwsError::UnknownLoadBalancer(_) => unknown(),
            other => other,
        })
    }

    /// The one load balancer, of either API, that is asked for and `wanted`.
    async fn pick(
        &self,
        arns: Option<Vec<String>>,
        name: Option<String>,
        wanted: impl Fn(&LoadBalancer, &str) -> bool,
    ) -> Result<LoadBalancer, AwsError> {
        let by_arn = arns.is_some();
        let (v2, classic) = tokio::join!(
            self.v2_load_balancers(name.clone().map(|name| vec![name]), arns),
            async {
                if by_arn {
                    Ok(Vec::new())
                } else {
                    self.classics(name.as_deref()).await
                }
            }
        );
        let v2 = v2.map(|read| read.items).or_else(|fault| match fault {
            Fault::NotFound(_) => Ok(Vec::new()),
            fault => Err(AwsError::from_fault(
                fault,
                read_only::DESCRIBE_LOAD_BALANCERS.action(),
            )),
        });
        let mut found: Vec<LoadBalancer> = Vec::new();
        let mut other_type = None;
        for (one, kind) in v2.iter().flatten() {
            if !wanted(one, kind) {
            } else if kind == "application" {
                found.push(one.clone());
            } else {
                other_type = Some(AwsError::UnsupportedType {
                    name: one.name.clone(),
                    kind: kind.clone(),
                });
            }
        }
        for one in classic.iter().flatten() {
            // Classic load balancers count as `application` to the filter: both are covered.
            if wanted(one, "application") {
                found.push(one.clone());
            }
        }
        found.sort_by(|a, b| a.arn.cmp(&b.arn));
        match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(last), false) => {
                found.push(last);
                Err(AwsError::Ambiguous(
                    found.into_iter().map(|one| one.arn).collect(),
                ))
            }
            // Nothing was found: what could not be asked may have held it.
            (None, _) => Err(other_type
                .or_else(|| v2.err())
                .or_else(|| classic.err())
                .unwrap_or_else(|| AwsError::UnknownLoadBalancer(String::new()))),
        }
    }

    /// Classic load balancers with their account, which only STS tells.
    async fn classics(&self, name: Option<&str>) -> Result<Vec<LoadBalancer>, AwsError> {
        let found = match self.classic_load_balancers(name, "").await {
            Ok(read) => read.items,
            Err(Fault::NotFound(_)) => return Ok(Vec::new()),
            Err(fault) => {
                let action = read_only::CLASSIC_DESCRIBE_LOAD_BALANCERS.action();
                return Err(AwsError::from_fault(fault, action));
            }
        };
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let account = self.identity().await?.account;
        Ok(found
            .into_iter()
            .map(|classic| {
                let mut one = classic.load_balancer;
                one.arn = one
                    .arn
                    .replace("::loadbalancer/", &format!(":{account}:loadbalancer/"));
                one.account.clone_from(&account);
                one
            })
            .collect())
    }
}

fn parse(asked: &str) -> Result<Asked, AwsError> {
    let unknown = || AwsError::UnknownLoadBalancer(asked.chars().take(200).collect());
    if asked.is_empty() || asked.len() > LONGEST || asked.contains(char::is_control) {
        return Err(unknown());
    }
    if asked.starts_with("arn:") {
        return parse_arn(asked).ok_or_else(unknown)?;
    }
    let host = plain_host(asked);
    if host.contains(".elb.") && host.contains(".amazonaws.com") {
        return Ok(Asked::DnsName(host));
    }
    if asked.contains("://") || host.contains('.') {
        return Err(AwsError::NotAnElbName(host));
    }
    let is_name = asked.len() <= 32
        && asked
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name
        .then(|| Asked::Name(asked.to_owned()))
        .ok_or_else(unknown)
}

/// `None` for an ARN of something else.
fn parse_arn(arn: &str) -> Option<Result<Asked, AwsError>> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, "elasticloadbalancing", _, _, resource] = parts[..] else {
        return None;
    };
    let path: Vec<&str> = resource.split('/').collect();
    match path[..] {
        ["loadbalancer", name] => Some(Ok(Asked::Classic(name.to_owned()))),
        [
            "loadbalancer" | "listener" | "listener-rule",
            "app",
            name,
            id,
            ..,
        ] => {
            let prefix = arn.strip_suffix(resource)?;
            Some(Ok(Asked::Arn(format!(
                "{prefix}loadbalancer/app/{name}/{id}"
            ))))
        }
        ["loadbalancer", kind @ ("net" | "gwy"), name, _] => Some(Err(AwsError::UnsupportedType {
            name: name.to_owned(),
            kind: if kind == "net" { "network" } else { "gateway" }.to_owned(),
        })),
        _ => None,
    }
}

/// The host of a URL or of a bare `host:port/path`, in lower case, without `dualstack.`.
fn plain_host(text: &str) -> String {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host
        .split(':')
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_ascii_lowercase();
    host.strip_prefix("dualstack.")
        .map_or(host.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_arns_dns_names_and_urls_are_told_apart() {
        let dns = "web-1234567890.eu-west-1.elb.amazonaws.com";
        for (asked, expected) in [
            ("web", Asked::Name("web".to_owned())),
            (dns, Asked::DnsName(dns.to_owned())),
            ("DualStack.Web-1234567890.EU-west-1.elb.amazonaws.com.", Asked::DnsName(dns.to_owned())),
            ("https://user@web-1234567890.eu-west-1.elb.amazonaws.com:8443/a/b?c#d", Asked::DnsName(dns.to_owned())),
            ("internal-web-1.eu-west-1.elb.amazonaws.com/x", Asked::DnsName("internal-web-1.eu-west-1.elb.amazonaws.com".to_owned())),
            ("arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/web", Asked::Classic("web".to_owned())),
            (
                "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2",
                Asked::Arn("arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188".to_owned()),
            ),
        ] {
            assert_eq!(parse(asked), Ok(expected), "{asked}");
        }
    }

    #[test]
    fn what_is_no_load_balancer_gets_its_own_sentence() {
        for asked in [
            "",
            "a b",
            "x\u{0}",
            "arn:aws:s3:::bucket",
            "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b",
            "<script>",
        ] {
            assert!(
                matches!(parse(asked), Err(AwsError::UnknownLoadBalancer(_))),
                "{asked}"
            );
        }
        for asked in [
            "shop.example.com",
            "https://shop.example.com/a",
            "http://localhost",
            "192.0.2.1",
        ] {
            assert!(
                matches!(parse(asked), Err(AwsError::NotAnElbName(_))),
                "{asked}"
            );
        }
        let network = parse(
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/tcp/50dc6c495c0c9188",
        );
        assert!(
            network
                .unwrap_err()
                .to_string()
                .contains("network load balancer")
        );
    }
}
