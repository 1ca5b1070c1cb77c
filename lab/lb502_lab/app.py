"""The WSGI application: control pages, credentials, faults, our additions, then moto."""

from __future__ import annotations

import importlib
import io
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from botocore.parsers import create_parser
from moto import backends
from moto.core.utils import get_service_model
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from lb502_lab import additions, control
from lb502_lab.cbor import CborError
from lb502_lab.errors import AwsError
from lb502_lab.faults import Faults, Records
from lb502_lab.lab import USER, Lab
from lb502_lab.protocol import Answer, Call, read_call

_MOST_BODY = 64 * 1024 * 1024
_HANG_SECONDS = 300
_CREDENTIALS = {"EXPIRED": "expired", "INVALID": "invalid"}


class Context:
    """What an addition may use: the call, the lab, and moto's own answer to a call."""

    def __init__(self, app: LabApp, call: Call) -> None:
        self.app, self.call, self.lab, self.stores = app, call, app.lab, app.lab.stores

    def moto(self, form: dict[str, str] | None = None, body: bytes | None = None) -> dict[str, Any]:
        """Moto's answer, parsed; its answer to another query form or another body if given."""
        environ, body = dict(self.call.environ), self.call.body if body is None else body
        if form is not None:
            version = get_service_model(self.call.model_name).api_version
            body = urlencode({"Action": self.call.operation, "Version": version, **form}).encode()
            environ["QUERY_STRING"] = ""
            environ["CONTENT_LENGTH"] = str(len(body))
        answer = self.app.ask_moto(environ, body)
        model = get_service_model(self.call.model_name).operation_model(self.call.operation)
        parsed = create_parser(self.call.protocol).parse(
            {"status_code": answer.status, "headers": _CaseInsensitive(answer.headers), "body": answer.body,
             "context": {"operation_name": self.call.operation}},
            model.output_shape,
        )
        if answer.status >= 300:
            error = parsed.get("Error", {})
            raise AwsError(error.get("Code", "InternalFailure"), error.get("Message", ""), answer.status)
        parsed.pop("ResponseMetadata", None)
        return parsed


class _CaseInsensitive(dict[str, str]):
    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__({key.lower(): value for key, value in headers.items()})

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)


Handler = Callable[[Context, dict[str, Any]], dict[str, Any]]


def load_additions() -> dict[tuple[str, str], Handler]:
    """Every handler of the `additions` modules, by botocore service name and operation."""
    handlers: dict[tuple[str, str], Handler] = {}
    for module_info in pkgutil.iter_modules(additions.__path__):
        module = importlib.import_module(f"{additions.__name__}.{module_info.name}")
        for operation, handler in getattr(module, "HANDLERS", {}).items():
            handlers[(module.SERVICE, operation)] = handler
    return handlers


class LabApp:
    """One lab behind WSGI."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.faults = Faults()
        self.records = Records()
        self.handlers = load_additions()
        # Moto lists its own folder for every request that it dispatches: once is enough.
        modules = frozenset(backends.list_of_moto_modules())
        backends.list_of_moto_modules = lambda: modules
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > _MOST_BODY:
            return self._send(start_response, Answer(413, {}, b""))
        stream = environ["wsgi.input"]
        chunked = environ.get("wsgi.input_terminated")
        body = stream.read() if chunked else stream.read(length) if length else b""
        if environ.get("PATH_INFO", "").startswith("/_lab/"):
            return self._send(start_response, control.answer(self, environ, body))
        call = read_call(environ, body)
        if call is None:
            message = b"The lab reads only signed AWS calls (sigv4) and /_lab/ pages.\n"
            return self._send(start_response, Answer(400, {"Content-Type": "text/plain"}, message))
        record = self.records.add(call)
        fault = self.faults.hit(call)
        if kind := _CREDENTIALS.get(call.access_key):
            record.outcome, answer = kind, call.bad_credentials(kind)
        elif fault == "deny":
            record.outcome, answer = fault, call.deny(USER)
        elif fault == "throttle":
            record.outcome, answer = fault, call.throttle()
        elif fault == "error":
            record.outcome, answer = fault, call.internal_error()
        elif fault == "hang":
            record.outcome = fault
            self.faults.released.wait(_HANG_SECONDS)
            answer = call.internal_error()
        else:
            answer = self.answer(call)
            record.outcome = fault or ("ok" if answer.status < 400 else "error")
        record.status = answer.status
        return self._send(start_response, answer, truncate=fault == "truncate")

    def answer(self, call: Call) -> Answer:
        """The true answer to a call, faults aside."""
        handler = self.handlers.get((call.model_name, call.operation))
        with self.lab.lock:
            try:
                if handler is None:
                    if call.protocol == "smithy-rpc-v2-cbor":
                        return call.fail("InvalidAction", f"the lab does not answer {call.operation}")
                    return self.ask_moto(call.environ, call.body)
                return call.succeed(handler(Context(self, call), call.params()))
            except AwsError as error:
                return call.fail(error.code, error.message, error.status)
            except CborError as error:
                return call.fail("SerializationException", str(error))
            except NotImplementedError as error:
                return call.fail("NotImplemented", str(error), 501)
            except Exception as error:
                traceback.print_exc(file=sys.stderr)
                return call.fail("InternalFailure", f"the lab failed: {error!r}", 500)

    def ask_moto(self, environ: dict[str, Any], body: bytes) -> Answer:
        """Moto's own answer to a request."""
        environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        # Flask keeps its parsed request in the environ: a second parse must not see the first.
        environ.pop("werkzeug.request", None)
        seen: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            seen["status"], seen["headers"] = int(status.split()[0]), dict(headers)

        parts = self._moto(environ, start)
        try:
            answer_body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return Answer(seen["status"], seen["headers"], answer_body)

    @staticmethod
    def _send(start_response: Any, answer: Answer, truncate: bool = False) -> Iterable[bytes]:
        headers = {k: v for k, v in answer.headers.items() if k.lower() != "transfer-encoding"}
        if not any(k.lower() == "content-length" for k in headers):
            headers["Content-Length"] = str(len(answer.body))
        reason = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}.get(answer.status, "Status")
        start_response(f"{answer.status} {reason}", list(headers.items()))
        # Cut short: the length promises more than is sent, and the connection closes.
        return [answer.body[: len(answer.body) // 2] if truncate else answer.body]


