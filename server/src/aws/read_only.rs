//! Every call that lb502 can make. All of them read; none changes anything in AWS.
//!
//! A call is made only through [`Aws::observe`](super::Aws), which takes a [`Call`] of this table:
//! what is not here cannot be called. The IAM policy is generated from it.

/// One operation of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    service: &'static str,
    operation: &'static str,
    action: &'static str,
    cli: &'static str,
}

impl Call {
    /// The service's name in IAM actions: `elasticloadbalancing`, `ec2`…
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// The API operation: `DescribeTargetHealth`.
    pub const fn operation(&self) -> &'static str {
        self.operation
    }

    /// The IAM action, which is not always named like the operation: `s3:ListBucket`.
    pub const fn action(&self) -> &'static str {
        self.action
    }

    /// The command line's name of the service: `elbv2`.
    pub const fn cli(&self) -> &'static str {
        self.cli
    }
}

macro_rules! calls {
    ($($name:ident = $cli:literal $service:literal $operation:literal $action:literal;)*) => {
        $(pub(crate) const $name: Call = Call {
            service: $service,
            operation: $operation,
            action: concat!($service, ":", $action),
            cli: $cli,
        };)*

        /// The whole table.
        pub const ALL: &[Call] = &[$($name),*];
    };
}

calls! {
    DESCRIBE_LOAD_BALANCERS = "elbv2" "elasticloadbalancing" "DescribeLoadBalancers" "DescribeLoadBalancers";
    DESCRIBE_LOAD_BALANCER_ATTRIBUTES = "elbv2" "elasticloadbalancing" "DescribeLoadBalancerAttributes" "DescribeLoadBalancerAttributes";
    DESCRIBE_LISTENERS = "elbv2" "elasticloadbalancing" "DescribeListeners" "DescribeListeners";
    DESCRIBE_LISTENER_CERTIFICATES = "elbv2" "elasticloadbalancing" "DescribeListenerCertificates" "DescribeListenerCertificates";
    DESCRIBE_RULES = "elbv2" "elasticloadbalancing" "DescribeRules" "DescribeRules";
    DESCRIBE_TARGET_GROUPS = "elbv2" "elasticloadbalancing" "DescribeTargetGroups" "DescribeTargetGroups";
    DESCRIBE_TARGET_GROUP_ATTRIBUTES = "elbv2" "elasticloadbalancing" "DescribeTargetGroupAttributes" "DescribeTargetGroupAttributes";
    DESCRIBE_TARGET_HEALTH = "elbv2" "elasticloadbalancing" "DescribeTargetHealth" "DescribeTargetHealth";

    CLASSIC_DESCRIBE_LOAD_BALANCERS = "elb" "elasticloadbalancing" "DescribeLoadBalancers" "DescribeLoadBalancers";
    CLASSIC_DESCRIBE_LOAD_BALANCER_ATTRIBUTES = "elb" "elasticloadbalancing" "DescribeLoadBalancerAttributes" "DescribeLoadBalancerAttributes";
    CLASSIC_DESCRIBE_LOAD_BALANCER_POLICIES = "elb" "elasticloadbalancing" "DescribeLoadBalancerPolicies" "DescribeLoadBalancerPolicies";
    CLASSIC_DESCRIBE_INSTANCE_HEALTH = "elb" "elasticloadbalancing" "DescribeInstanceHealth" "DescribeInstanceHealth";

    DESCRIBE_INSTANCES = "ec2" "ec2" "DescribeInstances" "DescribeInstances";
    DESCRIBE_INSTANCE_STATUS = "ec2" "ec2" "DescribeInstanceStatus" "DescribeInstanceStatus";
    DESCRIBE_SUBNETS = "ec2" "ec2" "DescribeSubnets" "DescribeSubnets";
    DESCRIBE_ROUTE_TABLES = "ec2" "ec2" "DescribeRouteTables" "DescribeRouteTables";
    DESCRIBE_NETWORK_ACLS = "ec2" "ec2" "DescribeNetworkAcls" "DescribeNetworkAcls";
    DESCRIBE_NETWORK_INTERFACES = "ec2" "ec2" "DescribeNetworkInterfaces" "DescribeNetworkInterfaces";
    DESCRIBE_SECURITY_GROUPS = "ec2" "ec2" "DescribeSecurityGroups" "DescribeSecurityGroups";
    DESCRIBE_SECURITY_GROUP_RULES = "ec2" "ec2" "DescribeSecurityGroupRules" "DescribeSecurityGroupRules";
    DESCRIBE_MANAGED_PREFIX_LISTS = "ec2" "ec2" "DescribeManagedPrefixLists" "DescribeManagedPrefixLists";
    GET_MANAGED_PREFIX_LIST_ENTRIES = "ec2" "ec2" "GetManagedPrefixListEntries" "GetManagedPrefixListEntries";

    GET_METRIC_DATA = "cloudwatch" "cloudwatch" "GetMetricData" "GetMetricData";
    FILTER_LOG_EVENTS = "logs" "logs" "FilterLogEvents" "FilterLogEvents";
    LOOKUP_EVENTS = "cloudtrail" "cloudtrail" "LookupEvents" "LookupEvents";

    LIST_OBJECTS = "s3api" "s3" "ListObjectsV2" "ListBucket";
    GET_OBJECT = "s3api" "s3" "GetObject" "GetObject";

    DESCRIBE_CERTIFICATE = "acm" "acm" "DescribeCertificate" "DescribeCertificate";
    GET_SERVER_CERTIFICATE = "iam" "iam" "GetServerCertificate" "GetServerCertificate";

    GET_FUNCTION_CONFIGURATION = "lambda" "lambda" "GetFunctionConfiguration" "GetFunctionConfiguration";
    GET_FUNCTION_CONCURRENCY = "lambda" "lambda" "GetFunctionConcurrency" "GetFunctionConcurrency";
    GET_POLICY = "lambda" "lambda" "GetPolicy" "GetPolicy";

    LIST_CLUSTERS = "ecs" "ecs" "ListClusters" "ListClusters";
    LIST_SERVICES = "ecs" "ecs" "ListServices" "ListServices";
    DESCRIBE_SERVICES = "ecs" "ecs" "DescribeServices" "DescribeServices";
    DESCRIBE_TASK_DEFINITION = "ecs" "ecs" "DescribeTaskDefinition" "DescribeTaskDefinition";
    LIST_TASKS = "ecs" "ecs" "ListTasks" "ListTasks";
    DESCRIBE_TASKS = "ecs" "ecs" "DescribeTasks" "DescribeTasks";

    DESCRIBE_AUTO_SCALING_GROUPS = "autoscaling" "autoscaling" "DescribeAutoScalingGroups" "DescribeAutoScalingGroups";
    DESCRIBE_SCALING_ACTIVITIES = "autoscaling" "autoscaling" "DescribeScalingActivities" "DescribeScalingActivities";

    GET_CALLER_IDENTITY = "sts" "sts" "GetCallerIdentity" "GetCallerIdentity";
}

/// The IAM actions that lb502 needs, sorted, each once.
pub fn actions() -> Vec<&'static str> {
    let mut actions: Vec<&str> = ALL.iter().map(Call::action).collect();
    actions.sort_unstable();
    actions.dedup();
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Start…` and `Put…` never; `Get…` only where it reads (`ecr:GetAuthorizationToken` and the
    /// like hand out powers and are not here).
    #[test]
    fn every_call_only_reads() {
        const READS: [&str; 5] = ["Describe", "Get", "List", "Lookup", "Filter"];
        for call in ALL {
            for name in [call.operation(), call.action().split(':').nth(1).unwrap()] {
                assert!(READS.iter().any(|verb| name.starts_with(verb)), "{call:?}");
            }
            for power in ["Token", "Password", "Secret", "Credentials", "Console"] {
                assert!(!call.operation().contains(power), "{call:?}");
            }
        }
    }

    #[test]
    fn every_call_stands_once_and_its_action_is_of_its_service() {
        for call in ALL {
            let same = |other: &&Call| other.cli == call.cli && other.operation == call.operation;
            assert_eq!(ALL.iter().filter(same).count(), 1, "{call:?}");
            assert_eq!(call.action().split(':').next(), Some(call.service()));
        }
        assert!(actions().contains(&"s3:ListBucket"));
        assert!(!actions().contains(&"s3:ListObjectsV2"));
    }
}
