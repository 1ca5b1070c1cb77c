"""The process as others start it: its first line, its pages, faults on the wire, its end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError, ResponseStreamingError


# The started processes find the package by where they stand, from wherever the tests are run.
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def lab():
    command = [sys.executable, "-m", "lb502_lab", "serve", "--port", "0", "--incident", "healthy",
               "--now", "2026-11-20T10:17:23Z"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    yield process, json.loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 0
    assert "AWS_ENDPOINT_URL=" in process.stderr.read()


def page(lab, method, path, data=None):
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(lab[1]["endpoint"] + path, data=body, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def client(lab, service, timeout=20):
    return boto3.client(service, endpoint_url=lab[1]["endpoint"], region_name="eu-west-1", aws_access_key_id="lab",
                        aws_secret_access_key="lab", config=Config(
                            retries={"total_max_attempts": 1}, read_timeout=timeout, s3={"addressing_style": "path"}))


def test_ready_line(lab):
    told = lab[1]["incidents"]["healthy"]
    assert told["window"] == {"from": "2026-11-20T09:02:00Z", "to": "2026-11-20T10:02:00Z"}
    assert told["expected_first_rule"] is None and told["expected_verdict"] == "no_fault_found"
    arn = told["load_balancer"]["arn"]
    found = client(lab, "elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    assert found["DNSName"] == told["load_balancer"]["dns_name"]
    assert page(lab, "GET", "/_lab/incidents") == (200, {"incidents": [told]})


def test_bad_requests_to_the_pages(lab):
    assert page(lab, "POST", "/_lab/reset", {"incidents": ["nope"]})[0] == 400
    assert page(lab, "POST", "/_lab/faults", {"rules": [{"service": "x"}]})[0] == 400
    assert page(lab, "POST", "/_lab/faults", {"rules": "all"})[0] == 400
    assert page(lab, "GET", "/_lab/nothing")[0] == 404


def test_a_call_that_hangs_and_one_cut_short(lab):
    s3 = client(lab, "s3", timeout=1)
    bucket = "catalogue-access-logs-123456789012"
    key = s3.list_objects_v2(Bucket=bucket)["Contents"][-1]["Key"]
    page(lab, "POST", "/_lab/faults", {"rules": [{"service": "s3", "operation": "ListBucket", "fault": "hang"},
                                                 {"service": "s3", "operation": "GetObject", "fault": "truncate"}]})
    with pytest.raises(ReadTimeoutError):
        s3.list_objects_v2(Bucket=bucket)
    with pytest.raises((ResponseStreamingError, ConnectionClosedError)):
        s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert page(lab, "DELETE", "/_lab/faults") == (200, {"rules": []})
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    outcomes = [one["outcome"] for one in page(lab, "GET", "/_lab/calls")[1]["calls"] if one["service"] == "s3"]
    assert outcomes[-4:] == ["ok", "hang", "truncate", "ok"]


def test_reset_starts_over(lab):
    status, answer = page(lab, "POST", "/_lab/reset", {"incidents": ["expired-certificate"]})
    assert status == 200 and [one["name"] for one in answer["incidents"]] == ["expired-certificate"]
    assert page(lab, "GET", "/_lab/calls")[1]["calls"] == []
    names = [one["LoadBalancerName"] for one in client(lab, "elbv2").describe_load_balancers()["LoadBalancers"]]
    assert names == ["portal"]
    page(lab, "POST", "/_lab/reset", {"incidents": ["healthy"]})


def test_the_lab_goes_with_its_parent():
    script = ("import subprocess, sys; p = subprocess.Popen([sys.executable, '-m', 'lb502_lab', 'serve', '--port', '0', "
              "'--incident', 'expired-certificate'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True); "
              "print(p.stdout.readline())")
    parent = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True,
                            cwd=ROOT)
    endpoint = json.loads(parent.stdout)["endpoint"]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{endpoint}/_lab/incidents", timeout=2).read()
        except OSError:
            return
        time.sleep(0.2)
    pytest.fail("the lab outlived the process that started it")


def test_bad_command_lines():
    for arguments in (["serve", "--incident", "nope"], ["serve", "--port", "99999"], ["serve", "--now", "yesterday"], []):
        run = subprocess.run([sys.executable, "-m", "lb502_lab", *arguments], capture_output=True, text=True, timeout=60,
                             cwd=ROOT)
        assert run.returncode == 2 and "error:" in run.stderr


def test_metrics_that_were_reported_meanwhile(lab):
    dimensions = {"LoadBalancer": "app/later/1"}
    point = {"namespace": "AWS/ApplicationELB", "name": "RequestCount", "dimensions": dimensions,
             "at": "2026-11-20T10:16:00+00:00", "value": 900}
    assert page(lab, "POST", "/_lab/metrics", {"points": [point, point]}) == (200, {"points": 2})
    query = {"Id": "q0", "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": {
        "Namespace": point["namespace"], "MetricName": point["name"],
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()]}}}
    found = client(lab, "cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime="2026-11-20T10:10:00Z", EndTime="2026-11-20T10:20:00Z")
    assert found["MetricDataResults"][0]["Values"] == [1800.0]
    for bad in ({"points": 1}, {"points": [{}]}, {"points": [point | {"at": "noon"}]}):
        assert page(lab, "POST", "/_lab/metrics", bad)[0] == 400
