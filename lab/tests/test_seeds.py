"""What a seed says in one place must agree with what it says in another."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from statistics import median

import pytest
import reading
from lb502_lab import incidents
from reading import moment, window

CLASSIC = ("classic-keep-alive-race", "surge-queue-overflow")
APPLICATION = [name for name in incidents.names() if name not in (*CLASSIC, "logs-off")]


def rows_of(aws, incident):
    start, end = window(incident)
    return [row for row in reading.lines(aws, incident) if start <= moment(row[1]) < end]


def function_groups(aws, incident):
    groups = aws("elbv2").describe_target_groups(LoadBalancerArn=incident.load_balancer["arn"])["TargetGroups"]
    return {group["TargetGroupArn"] for group in groups if group["TargetType"] == "lambda"}


@pytest.mark.parametrize("name", APPLICATION)
def test_metrics_are_the_rows(name, aws, incident):
    told = incident(name)
    rows = rows_of(aws, told)
    made_by_balancer = [row for row in rows if row[9] == "-"]
    functions = function_groups(aws, told)
    expected = {
        "RequestCount": sum(row[4] != "-" or row[16] in functions for row in rows),
        "HTTPCode_ELB_5XX_Count": sum(row[8].startswith("5") for row in made_by_balancer),
        "HTTPCode_ELB_502_Count": sum(row[8] == "502" for row in made_by_balancer),
        "HTTPCode_ELB_503_Count": sum(row[8] == "503" for row in made_by_balancer),
        "HTTPCode_ELB_504_Count": sum(row[8] == "504" for row in made_by_balancer),
        "HTTPCode_Target_2XX_Count": sum(row[9].startswith("2") for row in rows),
        "HTTPCode_Target_5XX_Count": sum(row[9].startswith("5") for row in rows),
    }
    assert {metric: reading.total(aws, told, metric) for metric in expected} == expected
    no_connection = sum(row[5:8] == ["-1", "-1", "-1"] and row[4] != "-" for row in rows)
    assert no_connection == (reading.total(aws, told, "TargetConnectionErrorCount")
                             + reading.total(aws, told, "TargetTLSNegotiationErrorCount"))
    ledger = told.as_json()["ledger"]
    assert ledger["requests"] == len(rows)
    assert ledger["made_by_load_balancer"] == expected["HTTPCode_ELB_502_Count"]
    assert ledger["made_by_target"] == sum(row[8] == row[9] == "502" for row in rows)


@pytest.mark.parametrize("name", APPLICATION)
def test_log_lines_have_aws_form(name, aws, incident):
    told = incident(name)
    address = re.compile(r"^(\d+\.\d+\.\d+\.\d+|[0-9a-f:]+):\d+$")
    nodes = {one["Association"]["PublicIp"] for one in aws("ec2").describe_network_interfaces(
        Filters=[{"Name": "description", "Values": [f"ELB {reading.dimension(told)}"]}])["NetworkInterfaces"]}
    assert nodes
    for row in reading.lines(aws, told):
        assert len(row) == 34, row
        assert row[2] == reading.dimension(told)
        assert address.match(row[3]) and (row[4] == "-" or address.match(row[4]))
        assert moment(row[21]) <= moment(row[1])
        assert row[33] in nodes
        assert row[12].count(" ") == 2


@pytest.mark.parametrize("name", APPLICATION)
def test_objects_lie_where_aws_puts_them(name, aws, incident):
    told = incident(name)
    pattern = re.compile(
        r"(?:^|/)AWSLogs/123456789012/elasticloadbalancing/eu-west-1/(\d{4}/\d\d/\d\d)/123456789012_"
        r"elasticloadbalancing_eu-west-1_(app\.[\w-]+\.[0-9a-f]{16})_(\d{8}T\d{4}Z)_(\d+\.\d+\.\d+\.\d+)_\w{8}\.log\.gz$")
    found = reading.objects(aws, told)
    assert len(found) > 20
    for key, body in found.items():
        match = pattern.search(key)
        assert match, key
        assert match[2] == reading.dimension(told).replace("/", ".")
    assert any(body.count(b"\x1f\x8b\x08") > 1 for body in found.values()), "no object has several gzip members"


@pytest.mark.parametrize("name", APPLICATION)
def test_rows_lie_inside_the_metrics(name, aws, incident, app):
    told = incident(name)
    start, end = window(told)
    for row in reading.lines(aws, told):
        assert start - timedelta(hours=1) <= moment(row[1]) <= app.lab.now


@pytest.mark.parametrize("name", [*APPLICATION, "logs-off"])
def test_health_and_host_counts_agree(name, aws, incident, app):
    told = incident(name)
    elbv2 = aws("elbv2")
    for group in elbv2.describe_target_groups(LoadBalancerArn=told.load_balancer["arn"])["TargetGroups"]:
        states = Counter(one["TargetHealth"]["State"] for one in
                         elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"])
        dimensions = {"LoadBalancer": reading.dimension(told),
                      "TargetGroup": group["TargetGroupArn"].rpartition(":")[2]}
        last = app.lab.now.replace(second=0)
        if group["TargetType"] == "lambda":
            assert states == {"unavailable": 1}  # no hosts to count
            continue
        for metric, state in (("HealthyHostCount", "healthy"), ("UnHealthyHostCount", "unhealthy")):
            values = reading.points(aws, metric, last - timedelta(minutes=1), last, "Maximum", "AWS/ApplicationELB",
                                    dimensions)
            assert [value for _, value in values] == [states[state]]


@pytest.mark.parametrize("name", ["healthy", "expired-certificate"])
def test_nothing_fails(name, aws, incident):
    assert not [row for row in rows_of(aws, incident(name)) if row[8].startswith("5")]


@pytest.mark.parametrize(("name", "reason"), [
    ("lambda-invalid-response", "LambdaInvalidResponse"), ("lambda-throttled", "LambdaThrottling"),
    ("lambda-timeout", "LambdaUnhandled")])
def test_functions_say_why_they_failed(name, reason, aws, incident):
    told = incident(name)
    rows = rows_of(aws, told)
    assert {row[4] for row in rows} == {"-"}
    failed = [row for row in rows if row[8] == "502"]
    assert len(failed) > 100 and {row[9] for row in failed} == {"-"} and {row[24] for row in failed} == {reason}
    (group,) = function_groups(aws, told)
    dimensions = {"LoadBalancer": reading.dimension(told), "TargetGroup": group.rpartition(":")[2]}
    assert reading.total(aws, told, "LambdaUserError", dimensions=dimensions) == len(failed)


def test_a_function_that_times_out_runs_as_long_as_it_may(aws, incident):
    told = incident("lambda-timeout")
    start, end = window(told)
    timeout = aws("lambda").get_function_configuration(FunctionName="seats-api")["Timeout"]
    longest = reading.points(aws, "Duration", start, end, "Maximum", "AWS/Lambda", {"FunctionName": "seats-api"})
    assert len([value for _, value in longest if value >= timeout * 1000]) > 20
    policy = aws("lambda").get_policy(FunctionName="seats-api")["Policy"]
    (group,) = function_groups(aws, told)
    assert group in policy


def test_race_comes_five_seconds_after_the_last_answer(aws, incident):
    rows = sorted(reading.lines(aws, incident("keep-alive-race")), key=lambda row: row[1])
    last, gaps = {}, []
    for row in rows:
        if row[8] == "502":
            assert row[5] != "-1" and float(row[6]) <= 0.01 and row[7] == "-1" and row[9] == "-"
            gaps.append((moment(row[21]) - last[row[4]]).total_seconds())
        else:
            last[row[4]] = moment(row[1])
    assert len(gaps) > 40
    assert abs(median(gaps) - 5) < 0.01 and max(gaps) < 5.05 and min(gaps) > 4.95


def test_crashes_do_not_look_like_the_race(aws, incident):
    rows = [row for row in rows_of(aws, incident("target-closed-connection")) if row[8] == "502"]
    assert len(rows) > 20 and len({row[4] for row in rows}) > 1
    assert all(float(row[6]) > 0.1 and row[7] == "-1" for row in rows)
    assert reading.total(aws, incident("target-closed-connection"), "TargetConnectionErrorCount") == 0


@pytest.mark.parametrize("name", ["security-group-closed", "network-acl-blocks-return", "network-acl-blocks-request"])
def test_silence_is_504(name, aws, incident):
    rows = [row for row in rows_of(aws, incident(name)) if row[8].startswith("5")]
    assert len(rows) > 40 and {row[8] for row in rows} == {"504"}
    waits = [(moment(row[1]) - moment(row[21])).total_seconds() for row in rows if row[5] == "-1"]
    assert waits and all(10 <= wait < 10.02 for wait in waits)


def test_fail_open_requests_are_counted(aws, incident):
    told = incident("all-targets-unhealthy")
    group = next(one for one in aws("elbv2").describe_target_groups(LoadBalancerArn=told.load_balancer["arn"])["TargetGroups"]
                 if one["TargetGroupName"] == "search-api")
    dimensions = {"LoadBalancer": reading.dimension(told), "TargetGroup": group["TargetGroupArn"].rpartition(":")[2]}
    counted = reading.total(aws, told, "UnhealthyRoutingRequestCount", dimensions=dimensions)
    refused = [row for row in rows_of(aws, told) if row[8] == "502"]
    assert 0 < counted < len(refused), "requests of the minute before detection were not fail-open"
    assert len(refused) - counted < 60


def test_busy_minutes_are_the_failing_minutes(aws, incident):
    told = incident("target-cpu-saturated")
    group = aws("elbv2").describe_target_groups(LoadBalancerArn=told.load_balancer["arn"])["TargetGroups"][0]
    health = aws("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    start, end = window(told)
    series = dict(reading.points(aws, "CPUUtilization", start, end, "Average", "AWS/EC2",
                                 {"InstanceId": health[0]["Target"]["Id"]}))
    bad = [moment(row[1]).replace(second=0, microsecond=0) for row in rows_of(aws, told) if row[8] == "502"]
    assert bad and all(series[minute] >= 90 for minute in bad)
    assert sum(value < 50 for value in series.values()) > 20


def test_connections_fail_where_load_is_high_and_answers_were_slow_before(aws, incident):
    told = incident("target-connections-exhausted")
    group = aws("elbv2").describe_target_groups(LoadBalancerArn=told.load_balancer["arn"])["TargetGroups"][0]
    start, end = window(told)
    dimensions = {"LoadBalancer": reading.dimension(told), "TargetGroup": group["TargetGroupArn"].rpartition(":")[2]}

    def series(metric, stat):
        return dict(reading.points(aws, metric, start, end, stat, "AWS/ApplicationELB", dimensions))

    load, errors = series("RequestCountPerTarget", "Sum"), series("TargetConnectionErrorCount", "Sum")
    slow = series("TargetResponseTime", "Average")
    quiet = median(value for minute, value in load.items() if minute not in errors)
    # A connect that times out is counted when it is given up, ten seconds after the request came.
    rush = {minute: max(load[minute], load[minute - timedelta(minutes=1)]) for minute in errors}
    assert len(errors) > 12 and all(n > 1.5 * quiet for n in rush.values())
    usual = median(value for minute, value in slow.items() if minute not in errors)
    assert slow[min(errors) - timedelta(minutes=1)] > 5 * usual


def test_large_needs_pages(aws, incident):
    told = incident("large")
    groups = aws("elbv2").describe_target_groups(LoadBalancerArn=told.load_balancer["arn"])["TargetGroups"]
    assert len(groups) == 12
    count = sum(len(aws("elbv2").describe_target_health(TargetGroupArn=one["TargetGroupArn"])["TargetHealthDescriptions"])
                for one in groups)
    assert count == 200


def test_classic_race_is_504_without_a_backend(aws, incident):
    told = incident("classic-keep-alive-race")
    start, end = window(told)
    rows = [row for row in reading.lines(aws, told) if start <= moment(row[0]) < end]
    assert all(len(row) == 15 for row in rows)
    bad = [row for row in rows if row[7] == "504"]
    assert len(bad) == told.as_json()["ledger"]["neighbours"]["504"] > 30
    assert all(row[3] == "-" and row[4:7] == ["-1", "-1", "-1"] and row[8] == "0" for row in bad)
    named = {"LoadBalancerName": "intranet"}
    assert reading.total(aws, told, "HTTPCode_ELB_5XX", namespace="AWS/ELB", dimensions=named) == len(bad)
    assert reading.total(aws, told, "RequestCount", namespace="AWS/ELB", dimensions=named) == len(rows)


def test_spillover_counts_the_503s_of_the_classic(aws, incident):
    told = incident("surge-queue-overflow")
    start, end = window(told)
    turned = [row for row in reading.lines(aws, told) if start <= moment(row[0]) < end and row[7] == "503"]
    assert len(turned) > 100 and all(row[3] == "-" and row[8] == "0" for row in turned)
    named = {"LoadBalancerName": "courses"}
    for metric in ("SpilloverCount", "HTTPCode_ELB_5XX"):
        assert reading.total(aws, told, metric, namespace="AWS/ELB", dimensions=named) == len(turned)
    longest = max(value for _, value in reading.points(aws, "SurgeQueueLength", start, end, "Maximum", "AWS/ELB", named))
    assert longest == 1024


def test_metrics_alone_when_logs_are_off(aws, incident):
    told = incident("logs-off")
    held = {one["Key"]: one["Value"] for one in aws("elbv2").describe_load_balancer_attributes(
        LoadBalancerArn=told.load_balancer["arn"])["Attributes"]}
    assert held["access_logs.s3.enabled"] == "false"
    bad = reading.total(aws, told, "HTTPCode_ELB_502_Count")
    assert bad == told.as_json()["ledger"]["made_by_load_balancer"] > 100
    assert bad == reading.total(aws, told, "TargetConnectionErrorCount")


def test_crashed_tasks_are_where_the_502s_are(aws, incident):
    ecs = aws("ecs")
    stopped = ecs.list_tasks(cluster="shop", serviceName="recommendations", desiredStatus="STOPPED")["taskArns"]
    assert len(stopped) == 4 and len(ecs.list_tasks(cluster="shop")["taskArns"]) == 4
    ends = {}
    for task in ecs.describe_tasks(cluster="shop", tasks=stopped)["tasks"]:
        assert task["containers"][0]["exitCode"] == 137 and task["stopCode"] == "EssentialContainerExited"
        ends[task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"] + ":8080"] = task["stoppingAt"]
    bad = [row for row in rows_of(aws, incident("container-crashed")) if row[8] == "502"]
    assert {row[4] for row in bad} == set(ends)
    assert all(abs((moment(row[1]) - ends[row[4]]).total_seconds()) < 20 for row in bad)
    service = ecs.describe_services(cluster="shop", services=["recommendations"])["services"][0]
    assert service["runningCount"] == 4 and "registered 1 targets" in " ".join(one["message"] for one in service["events"])


def test_failing_checks_explain_when_the_502s_stop(aws, incident):
    bad = [row for row in rows_of(aws, incident("failing-health-checks")) if row[8] == "502"]
    assert len(bad) > 20 and len({row[4] for row in bad}) == 1
