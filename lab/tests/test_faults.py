"""Faults and bad credentials come in the form of the service they befall."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from lb502_lab.client import Clients
from lb502_lab.faults import BadRule, parse_rule

# service of boto3, method, arguments, IAM action, codes: denied, throttled, broken, expired, invalid
CALLS = [
    ("elbv2", "describe_target_health", {"TargetGroupArn": "x"}, "elasticloadbalancing:DescribeTargetHealth",
     ("AccessDenied", "Throttling", "InternalFailure", "ExpiredToken", "InvalidClientTokenId")),
    ("elb", "describe_instance_health", {"LoadBalancerName": "x"}, "elasticloadbalancing:DescribeInstanceHealth",
     ("AccessDenied", "Throttling", "InternalFailure", "ExpiredToken", "InvalidClientTokenId")),
    ("ec2", "describe_network_acls", {}, "ec2:DescribeNetworkAcls",
     ("UnauthorizedOperation", "RequestLimitExceeded", "InternalError", "RequestExpired", "AuthFailure")),
    ("cloudwatch", "get_metric_data", {"MetricDataQueries": [], "StartTime": 0, "EndTime": 1}, "cloudwatch:GetMetricData",
     ("AccessDenied", "Throttling", "InternalFailure", "ExpiredToken", "InvalidClientTokenId")),
    ("s3", "list_objects_v2", {"Bucket": "b"}, "s3:ListBucket",
     ("AccessDenied", "SlowDown", "InternalError", "ExpiredToken", "InvalidAccessKeyId")),
    ("s3", "get_object", {"Bucket": "b", "Key": "k"}, "s3:GetObject",
     ("AccessDenied", "SlowDown", "InternalError", "ExpiredToken", "InvalidAccessKeyId")),
    ("acm", "describe_certificate", {"CertificateArn": "x"}, "acm:DescribeCertificate",
     ("AccessDeniedException", "ThrottlingException", "InternalFailure", "ExpiredTokenException", "UnrecognizedClientException")),
    ("iam", "get_server_certificate", {"ServerCertificateName": "x"}, "iam:GetServerCertificate",
     ("AccessDenied", "Throttling", "InternalFailure", "ExpiredToken", "InvalidClientTokenId")),
    ("lambda", "get_function_configuration", {"FunctionName": "x"}, "lambda:GetFunctionConfiguration",
     ("AccessDeniedException", "TooManyRequestsException", "ServiceException", "ExpiredTokenException", "UnrecognizedClientException")),
    ("ecs", "describe_services", {"services": ["x"]}, "ecs:DescribeServices",
     ("AccessDeniedException", "ThrottlingException", "InternalFailure", "ExpiredTokenException", "UnrecognizedClientException")),
    ("autoscaling", "describe_scaling_activities", {}, "autoscaling:DescribeScalingActivities",
     ("AccessDenied", "Throttling", "InternalFailure", "ExpiredToken", "InvalidClientTokenId")),
    ("cloudtrail", "lookup_events", {}, "cloudtrail:LookupEvents",
     ("AccessDeniedException", "ThrottlingException", "InternalFailure", "ExpiredTokenException", "UnrecognizedClientException")),
    ("logs", "start_query", {"logGroupName": "x", "startTime": 0, "endTime": 1, "queryString": "limit 1"}, "logs:StartQuery",
     ("AccessDeniedException", "ThrottlingException", "InternalFailure", "ExpiredTokenException", "UnrecognizedClientException")),
    ("sts", "get_caller_identity", {}, "sts:GetCallerIdentity",
     ("AccessDenied", "Throttling", "InternalFailure", "ExpiredToken", "InvalidClientTokenId")),
]
IDS = [f"{service}-{method}" for service, method, *_ in CALLS]


def error_of(client, method, arguments):
    with pytest.raises(ClientError) as error:
        getattr(client, method)(**arguments)
    return error.value.response["Error"]


@pytest.mark.parametrize(("service", "method", "arguments", "action", "codes"), CALLS, ids=IDS)
def test_fault_forms(app, aws, service, method, arguments, action, codes):
    rule = dict(zip(("service", "operation"), action.split(":")))
    for fault, expected in zip(("deny", "throttle", "error"), codes):
        app.faults.set([parse_rule(rule | {"fault": fault})])
        error = error_of(aws(service), method, arguments)
        assert error["Code"] == expected
        if fault == "deny":
            assert f"is not authorized to perform: {action}" in error["Message"]
    app.faults.clear()


@pytest.mark.parametrize(("service", "method", "arguments", "action", "codes"), CALLS, ids=IDS)
def test_bad_credentials(app, service, method, arguments, action, codes):
    for key, expected in zip(("EXPIRED", "INVALID"), codes[3:]):
        assert error_of(Clients(app, access_key=key)(service), method, arguments)["Code"] == expected


def test_a_rule_may_fire_a_number_of_times(app, aws):
    app.faults.set([parse_rule({"service": "sts", "operation": "GetCallerIdentity", "fault": "throttle", "times": 2})])
    for _ in range(2):
        assert error_of(aws("sts"), "get_caller_identity", {})["Code"] == "Throttling"
    assert aws("sts").get_caller_identity()["Account"] == "123456789012"
    assert app.faults.rules()[0]["fired"] == 2


def test_calls_are_recorded(app, aws):
    app.records.clear()
    app.faults.set([parse_rule({"service": "acm", "operation": "*", "fault": "deny"})])
    aws("ec2").describe_vpcs()
    error_of(aws("acm"), "list_certificates", {})
    found = [(one["service"], one["operation"], one["region"], one["outcome"]) for one in app.records.list()]
    assert found == [("ec2", "DescribeVpcs", "eu-west-1", "ok"), ("acm", "ListCertificates", "eu-west-1", "deny")]


@pytest.mark.parametrize("rule", [
    {"service": "elbv3", "operation": "DescribeTargetHealth", "fault": "deny"},
    {"service": "ec2", "operation": "DescribeTargetHealth", "fault": "deny"},
    {"service": "ec2", "operation": "DescribeVpcs", "fault": "explode"},
    {"service": "ec2", "operation": "DescribeVpcs", "fault": "deny", "times": 0},
    {"operation": "DescribeVpcs", "fault": "deny"},
    "deny everything",
])
def test_rules_that_could_never_fire_are_refused(rule):
    with pytest.raises(BadRule):
        parse_rule(rule)
