"""IAM: server certificates with their true end (moto's all ended in 2012)."""

from __future__ import annotations

from typing import Any

SERVICE = "iam"


def get_server_certificate(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    answer = context.moto()
    metadata = answer["ServerCertificate"]["ServerCertificateMetadata"]
    metadata |= context.stores.server_certificates.get(params.get("ServerCertificateName"), {})
    return answer


def list_server_certificates(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    answer = context.moto()
    for metadata in answer.get("ServerCertificateMetadataList", []):
        metadata |= context.stores.server_certificates.get(metadata["ServerCertificateName"], {})
    return answer


HANDLERS = {"GetServerCertificate": get_server_certificate, "ListServerCertificates": list_server_certificates}
