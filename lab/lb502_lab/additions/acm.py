"""ACM: certificates that end when a story wants them to."""

from __future__ import annotations

from typing import Any

SERVICE = "acm"


def describe_certificate(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    answer = context.moto()
    given = context.stores.certificates.get(params.get("CertificateArn"))
    if given:
        certificate = answer["Certificate"]
        certificate.pop("FailureReason", None)
        certificate |= given
        for option in certificate.get("DomainValidationOptions", []):
            option["ValidationStatus"] = "SUCCESS"
    return answer


def list_certificates(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Certificates in the wanted states, which moto does not know."""
    answer = context.moto(body=b"{}")
    wanted = set(params.get("CertificateStatuses") or [])
    found = []
    for one in answer.get("CertificateSummaryList", []):
        given = context.stores.certificates.get(one["CertificateArn"])
        if given:
            one |= {key: given[key] for key in ("Status", "NotAfter", "NotBefore", "Type")}
        if not wanted or one.get("Status") in wanted:
            found.append(one)
    return answer | {"CertificateSummaryList": found}


HANDLERS = {"DescribeCertificate": describe_certificate, "ListCertificates": list_certificates}
