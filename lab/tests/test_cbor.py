"""CBOR itself, and CloudWatch asked in it."""

from __future__ import annotations

import io
from datetime import datetime, timezone

import pytest
from lb502_lab import cbor
from lb502_lab.faults import parse_rule
from reading import dimension, window


@pytest.mark.parametrize("value", [
    {}, [], "", "text é", b"\x00\xff", 0, 23, 24, 255, 256, 65536, 2**40, -1, -500, 1.5, True, False, None,
    {"a": [1, {"b": [None, "x"]}]}, datetime(2026, 11, 20, 10, 17, tzinfo=timezone.utc),
])
def test_round_trip(value):
    assert cbor.decode(cbor.encode(value)) == value


@pytest.mark.parametrize(("data", "value"), [
    # Of RFC 8949's appendix A: half and single floats, indefinite lengths.
    (b"\xf9\x3e\x00", 1.5), (b"\xfa\x47\xc3\x50\x00", 100000.0), (b"\x9f\x01\x02\xff", [1, 2]),
    (b"\xbf\x61a\x01\xff", {"a": 1}), (b"\x7f\x65strea\x64ming\xff", "streaming"),
    (b"\xc1\x1a\x51\x4b\x67\xb0", datetime(2013, 3, 21, 20, 4, tzinfo=timezone.utc)),
])
def test_forms_that_others_write(data, value):
    assert cbor.decode(data) == value


@pytest.mark.parametrize("data", [b"", b"\x82\x01", b"\x65ab", b"\x01\x02", b"\x61\xff", b"\x9f" * 40, b"\x1c"])
def test_broken_input(data):
    with pytest.raises(cbor.CborError):
        cbor.decode(data)


def ask(app, operation, value, access_key="lab"):
    body = value if isinstance(value, bytes) else cbor.encode(value)
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": f"/service/GraniteServiceVersion20100801/operation/{operation}",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={access_key}/20261120/eu-west-1/monitoring/aws4_request, "
                              "SignedHeaders=host, Signature=0",
        "CONTENT_TYPE": "application/cbor", "HTTP_SMITHY_PROTOCOL": "rpc-v2-cbor", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    seen = {}

    def start(status, headers):
        seen.update(status=int(status.split()[0]), headers=dict(headers))

    answer = b"".join(app(environ, start))
    return seen["status"], seen["headers"], cbor.decode(answer)


def query(told, stat="Sum"):
    start, end = window(told)
    return {"StartTime": start, "EndTime": end, "MetricDataQueries": [{"Id": "m", "MetricStat": {
        "Period": 60, "Stat": stat, "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount",
                                               "Dimensions": [{"Name": "LoadBalancer", "Value": dimension(told)}]}}}]}


def test_get_metric_data(app, incident):
    told = incident("healthy")
    status, headers, answer = ask(app, "GetMetricData", query(told))
    assert status == 200
    assert headers["smithy-protocol"] == "rpc-v2-cbor" and headers["Content-Type"] == "application/cbor"
    result = answer["MetricDataResults"][0]
    assert len(result["Values"]) == 60 and sum(result["Values"]) == told.as_json()["ledger"]["requests"]
    assert result["Timestamps"][0] > result["Timestamps"][-1] and result["StatusCode"] == "Complete"


def test_errors(app, incident):
    told = incident("healthy")
    status, headers, answer = ask(app, "GetMetricData", query(told, "Median"))
    assert (status, headers["x-amzn-query-error"]) == (400, "ValidationError;Sender")
    assert answer["__type"].endswith("#ValidationError") and "Median" in answer["message"]
    app.faults.set([parse_rule({"service": "cloudwatch", "operation": "GetMetricData", "fault": "deny"})])
    status, headers, answer = ask(app, "GetMetricData", query(told))
    app.faults.clear()
    assert headers["x-amzn-query-error"] == "AccessDenied;Sender"
    assert "is not authorized to perform: cloudwatch:GetMetricData" in answer["message"]
    status, headers, answer = ask(app, "GetMetricData", query(told), access_key="EXPIRED")
    assert headers["x-amzn-query-error"].startswith("ExpiredToken;")
    status, headers, answer = ask(app, "GetMetricData", b"\x82\x01")
    assert (status, headers["x-amzn-query-error"]) == (400, "SerializationException;Sender")
