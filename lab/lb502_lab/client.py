"""boto3 clients whose calls go straight into the application, without a socket."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from lb502_lab.lab import REGION


class _Raw(io.BytesIO):
    """What botocore expects of an HTTP body."""

    def stream(self, amt: int = 65536, decode_content: bool | None = None) -> Any:
        while chunk := self.read(amt):
            yield chunk


class Clients:
    """One boto3 client a service, made when first asked for."""

    def __init__(self, app: Any, region: str = REGION, access_key: str = "lab") -> None:
        self._app, self._region = app, region
        self._session = boto3.session.Session(aws_access_key_id=access_key, aws_secret_access_key="lab",
                                              region_name=region)
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            client = self._session.client(
                service, endpoint_url="http://127.0.0.1:5021",
                config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1},
                              parameter_validation=False, request_checksum_calculation="when_required",
                              response_checksum_validation="when_required"),
            )
            client.meta.events.register("before-send", self._send)
            self._made[service] = client
        return self._made[service]

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        parts = urlsplit(request.url)
        body = request.body or b""
        if hasattr(body, "read"):
            body = body.read()
        if isinstance(body, str):
            body = body.encode()
        environ = {
            "REQUEST_METHOD": request.method, "PATH_INFO": unquote(parts.path or "/", "latin-1"),
            "QUERY_STRING": parts.query, "RAW_URI": request.url, "SCRIPT_NAME": "",
            "SERVER_NAME": parts.hostname, "SERVER_PORT": "80", "HTTP_HOST": parts.netloc,
            "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
            "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(), "CONTENT_LENGTH": str(len(body)),
        }
        for name, value in request.headers.items():
            value = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            key = name.upper().replace("-", "_")
            if key == "CONTENT_TYPE":
                environ[key] = value
            elif key not in ("CONTENT_LENGTH", "HOST"):
                environ[f"HTTP_{key}"] = value
        seen: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            seen["status"], seen["headers"] = int(status.split()[0]), headers

        content = b"".join(self._app(environ, start))
        from botocore.compat import HTTPHeaders

        headers = HTTPHeaders()
        for name, value in seen["headers"]:
            headers[name] = value
        return AWSResponse(request.url, seen["status"], headers, _Raw(content))
