"""What an HTTP request asks of AWS, and how that service words an answer or an error.

The request and answer shapes come from botocore's service models through moto's own parsers
and serializers; rpc-v2-cbor, which moto does not speak, is added here.
"""

from __future__ import annotations

import io
import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote

from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model

from lb502_lab import cbor

# Signing name of a request -> botocore's name of the service. `elasticloadbalancing` is not
# here: one signing name serves two APIs, told apart by their version.
_SERVICES = {
    "acm": "acm", "autoscaling": "autoscaling", "cloudtrail": "cloudtrail", "ec2": "ec2",
    "ecs": "ecs", "iam": "iam", "lambda": "lambda", "logs": "logs", "monitoring": "cloudwatch",
    "s3": "s3", "sts": "sts",
}
_CBOR_PATH = re.compile(r"^/service/([A-Za-z0-9_]+)/operation/([A-Za-z0-9_]+)$")
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request")
# IAM words a few operations differently from the API.
_IAM_ACTIONS = {
    ("s3", "ListObjectsV2"): "ListBucket", ("s3", "ListObjects"): "ListBucket",
    ("s3", "HeadBucket"): "ListBucket", ("s3", "HeadObject"): "GetObject",
    ("s3", "ListBuckets"): "ListAllMyBuckets",
}
_CODES = {
    # protocol family: (denied, throttled, internal error)
    "ec2": ("UnauthorizedOperation", "RequestLimitExceeded", "InternalError"),
    "query": ("AccessDenied", "Throttling", "InternalFailure"),
    "json": ("AccessDeniedException", "ThrottlingException", "InternalFailure"),
    "rest-json": ("AccessDeniedException", "TooManyRequestsException", "ServiceException"),
    "rest-xml": ("AccessDenied", "SlowDown", "InternalError"),
}


@dataclass
class Answer:
    """An HTTP answer, ready to send."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Call:
    """One API call as AWS would read it."""

    service: str  # as IAM says it: elasticloadbalancing, cloudwatch, s3, …
    model_name: str  # as botocore says it: elb, elbv2, cloudwatch, s3, …
    operation: str
    region: str
    access_key: str
    protocol: str
    environ: dict[str, Any]
    body: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def iam_action(self) -> str:
        name = _IAM_ACTIONS.get((self.service, self.operation), self.operation)
        return f"{self.service}:{name}"

    @property
    def _codes(self) -> str:
        """Whose error codes apply: CloudWatch kept those of its query protocol in the newer ones."""
        return "query" if self.model_name == "cloudwatch" else self.protocol

    @property
    def resource(self) -> str:
        """The resource of an S3 call as its access-denied message names it, else `*`."""
        if self.service != "s3":
            return "*"
        bucket, _, key = unquote(self.environ.get("PATH_INFO", "")).lstrip("/").partition("/")
        return f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")

    def params(self) -> dict[str, Any]:
        """The call's parameters by the names of the service model."""
        if self.protocol == "smithy-rpc-v2-cbor":
            return cbor.decode(self.body) if self.body else {}
        request = Request({**self.environ, "wsgi.input": io.BytesIO(self.body)})
        parser = PROTOCOL_PARSERS[self.protocol](_operation(self.model_name, self.operation))
        return parser.parse({
            "method": request.method, "values": request.values, "headers": request.headers,
            "body": self.body, "url_path": request.path, "url_params": {},
        })

    def succeed(self, result: dict[str, Any]) -> Answer:
        """`result`, by the names of the service model, as this service words it."""
        if self.protocol == "smithy-rpc-v2-cbor":
            return self._cbor(200, result)
        operation = _operation(self.model_name, self.operation)
        serializer = get_serializer_class(self.model_name, self.protocol)(
            operation, SerializationContext(request_id=self.request_id)
        )
        made = serializer.serialize(result)
        body = made["body"]
        return Answer(
            made["status_code"],
            {**{k: str(v) for k, v in made["headers"].items()}, "x-amzn-requestid": self.request_id},
            body.encode() if isinstance(body, str) else body,
        )

    def fail(self, code: str, message: str, status: int = 400) -> Answer:
        """An error as this service's protocol words it."""
        fault = "Sender" if status < 500 else "Receiver"
        headers = {"x-amzn-requestid": self.request_id}
        if self.protocol == "smithy-rpc-v2-cbor":
            answer = self._cbor(status, {"__type": f"com.amazonaws.cloudwatch#{code}", "message": message})
            answer.headers["x-amzn-query-error"] = f"{code};{fault}"
            return answer
        if self.protocol in ("json", "rest-json"):
            if self.protocol == "rest-json":
                headers |= {"Content-Type": "application/json", "x-amzn-errortype": code}
                body: dict[str, str] = {"Message": message, "Type": "User" if status < 500 else "Service"}
            else:
                version = str(_service(self.model_name).metadata.get("jsonVersion", "1.1"))
                headers["Content-Type"] = f"application/x-amz-json-{version}"
                body = {"__type": code, "message": message}
                if self.model_name == "cloudwatch":
                    headers["x-amzn-query-error"] = f"{code};{fault}"
            return Answer(status, headers, json.dumps(body).encode())
        text = _xml(message)
        if self.protocol == "ec2":
            xml = (f"<Response><Errors><Error><Code>{code}</Code><Message>{text}</Message></Error></Errors>"
                   f"<RequestID>{self.request_id}</RequestID></Response>")
        elif self.protocol == "rest-xml":
            headers["x-amz-request-id"] = self.request_id
            xml = (f"<Error><Code>{code}</Code><Message>{text}</Message><Resource>{_xml(self.resource)}</Resource>"
                   f"<RequestId>{self.request_id}</RequestId><HostId>lab</HostId></Error>")
        else:
            xml = (f"<ErrorResponse><Error><Type>{fault}</Type><Code>{code}</Code><Message>{text}</Message></Error>"
                   f"<RequestId>{self.request_id}</RequestId></ErrorResponse>")
        headers["Content-Type"] = "application/xml" if self.protocol == "rest-xml" else "text/xml"
        body_bytes = b'<?xml version="1.0" encoding="UTF-8"?>\n' + xml.encode()
        return Answer(status, headers, b"" if self.environ["REQUEST_METHOD"] == "HEAD" else body_bytes)

    def deny(self, user: str) -> Answer:
        code = _CODES[self._codes][0]
        message = (f"User: {user} is not authorized to perform: {self.iam_action} on resource: "
                   f"{self.resource} because no identity-based policy allows the {self.iam_action} action")
        if self.protocol == "ec2":
            message = f"You are not authorized to perform this operation. {message}"
        json_like = self.protocol in ("json", "smithy-rpc-v2-cbor")
        return self.fail(code, message, 400 if json_like else 403)

    def throttle(self) -> Answer:
        code = _CODES[self._codes][1]
        # Per protocol as the services do it: EC2 503, S3 503 SlowDown, Lambda 429, the rest 400.
        status = {"ec2": 503, "rest-xml": 503, "rest-json": 429}.get(self.protocol, 400)
        message = {"ec2": "Request limit exceeded.", "rest-xml": "Please reduce your request rate."}
        return self.fail(code, message.get(self.protocol, "Rate exceeded"), status)

    def internal_error(self) -> Answer:
        return self.fail(_CODES[self._codes][2], "An internal error has occurred", 500)

    def bad_credentials(self, kind: str) -> Answer:
        """`kind` is `expired` or `invalid`."""
        if self.protocol == "rest-xml":
            code, message, status = {
                "expired": ("ExpiredToken", "The provided token has expired.", 400),
                "invalid": ("InvalidAccessKeyId",
                            "The AWS Access Key Id you provided does not exist in our records.", 403),
            }[kind]
        elif self.protocol == "ec2":
            code, message, status = {
                "expired": ("RequestExpired", "Request has expired.", 400),
                "invalid": ("AuthFailure", "AWS was not able to validate the provided access credentials", 401),
            }[kind]
        elif self._codes in ("json", "rest-json"):
            status = 403 if self.protocol == "rest-json" else 400
            code, message = {
                "expired": ("ExpiredTokenException", "The security token included in the request is expired"),
                "invalid": ("UnrecognizedClientException",
                            "The security token included in the request is invalid."),
            }[kind]
        else:
            status = 403
            code, message = {
                "expired": ("ExpiredToken", "The security token included in the request is expired"),
                "invalid": ("InvalidClientTokenId", "The security token included in the request is invalid."),
            }[kind]
        return self.fail(code, message, status)

    def _cbor(self, status: int, value: dict[str, Any]) -> Answer:
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor",
                   "x-amzn-requestid": self.request_id}
        return Answer(status, headers, cbor.encode(_utc(value)))


def read_call(environ: dict[str, Any], body: bytes) -> Call | None:
    """The API call that a request makes; None for one that names no service we know."""
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    if credential is None:
        return None
    access_key, _, region, signing_name = credential.groups()
    path = environ.get("PATH_INFO", "")

    def call(service: str, model_name: str, operation: str, protocol: str) -> Call:
        return Call(service, model_name, operation, region, access_key, protocol, environ, body)

    if path_match := _CBOR_PATH.match(path):
        return call("cloudwatch", "cloudwatch", path_match[2], "smithy-rpc-v2-cbor")
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        model = _SERVICES.get(signing_name)
        return call(_iam_prefix(signing_name), model, target.rpartition(".")[2], "json") if model else None
    if signing_name in ("s3", "lambda"):
        operation = _rest_operation(signing_name, environ)
        return call(signing_name, signing_name, operation, "rest-xml" if signing_name == "s3" else "rest-json")
    form = parse_qs(body.decode("latin-1")) | parse_qs(environ.get("QUERY_STRING", ""))
    action = form.get("Action", [""])[0]
    if not action:
        return None
    if signing_name == "elasticloadbalancing":
        model = "elb" if form.get("Version", [""])[0] == "2012-06-01" else "elbv2"
        return call(signing_name, model, action, "query")
    model = _SERVICES.get(signing_name)
    if model is None:
        return None
    return call(_iam_prefix(signing_name), model, action, "ec2" if model == "ec2" else "query")


def known_operations(service: str) -> set[str]:
    """Operation names and IAM action names of a service, as fault rules may use them."""
    models = {"elasticloadbalancing": ["elb", "elbv2"]}.get(service, [service])
    names = {name for model in models for name in _service(model).operation_names}
    return names | {action for (owner, _), action in _IAM_ACTIONS.items() if owner == service}


SERVICES = sorted({"elasticloadbalancing", *_SERVICES.values()})


def _iam_prefix(signing_name: str) -> str:
    return "cloudwatch" if signing_name == "monitoring" else signing_name


@lru_cache(maxsize=None)
def _service(name: str) -> ServiceModel:
    return get_service_model(name)


@lru_cache(maxsize=None)
def _operation(service: str, name: str) -> OperationModel:
    return _service(service).operation_model(name)


@lru_cache(maxsize=None)
def _rest_routes(service: str) -> list[tuple[str, str, re.Pattern[str], frozenset[str]]]:
    """(operation, method, path pattern, query names that must be there), narrowest first."""
    routes = []
    for name in _service(service).operation_names:
        http = _operation(service, name).http
        path, _, query = http["requestUri"].partition("?")
        pattern = re.sub(r"\{(\w+)(\+?)\}", lambda m: ".+" if m[2] else "[^/]+", path.rstrip("/"))
        needs = frozenset(part.partition("=")[0] for part in query.split("&") if part and part != "x-id")
        routes.append((name, http["method"], re.compile(f"^{pattern}/?$"), needs - {"x-id"}))
    return sorted(routes, key=lambda route: -len(route[3]))


# The operation that a bare method on a bucket or a key means.
_S3_PLAIN = {
    ("service", "GET"): "ListBuckets", ("bucket", "GET"): "ListObjects", ("bucket", "PUT"): "CreateBucket",
    ("bucket", "HEAD"): "HeadBucket", ("bucket", "DELETE"): "DeleteBucket", ("key", "GET"): "GetObject",
    ("key", "PUT"): "PutObject", ("key", "HEAD"): "HeadObject", ("key", "DELETE"): "DeleteObject",
}


def _rest_operation(service: str, environ: dict[str, Any]) -> str:
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
    query = set(parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if service == "s3":
        if "list-type" in query:
            return "ListObjectsV2"
        bucket, _, key = path.strip("/").partition("/")
        kind = "key" if key else "bucket" if bucket else "service"
        for name, verb, pattern, needs in _rest_routes("s3"):
            if needs and verb == method and needs <= query and pattern.match(path.rstrip("/")):
                return name
        return _S3_PLAIN.get((kind, method), "Unknown")
    for name, verb, pattern, needs in _rest_routes(service):
        if verb == method and needs <= query and pattern.match(path.rstrip("/")):
            return name
    return "Unknown"


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _utc(value: Any) -> Any:
    """Naive datetimes (moto's habit) read as UTC."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=timezone.utc)
    if isinstance(value, dict):
        return {key: _utc(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_utc(item) for item in value]
    return value
