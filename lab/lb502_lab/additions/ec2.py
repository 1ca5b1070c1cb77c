"""EC2: network interfaces of load balancers, impaired instances, and filters and pages for both."""

from __future__ import annotations

from typing import Any

from lb502_lab.errors import AwsError
from lb502_lab.paging import page

SERVICE = "ec2"


def describe_network_interfaces(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Moto's interfaces, with what is known of those that a service manages."""
    found = []
    for one in context.moto({}).get("NetworkInterfaces", []):
        found.append({**one, **context.stores.network_interfaces.get(one["NetworkInterfaceId"], {})})
    asked = params.get("NetworkInterfaceIds") or []
    known = {one["NetworkInterfaceId"] for one in found}
    if missing := [one for one in asked if one not in known]:
        raise AwsError("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{missing[0]}' does not exist")
    found = [one for one in found if not asked or one["NetworkInterfaceId"] in asked]
    found = [one for one in found if _kept(one, params.get("Filters") or [], _interface_values)]
    items, following = page(found, params.get("NextToken"), params.get("MaxResults"), 1000, "InvalidNextToken")
    return {"NetworkInterfaces": items, "NextToken": following}


def describe_instances(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Moto's answer, with the state reasons that a seed has given."""
    answer = context.moto()
    for reservation in answer.get("Reservations", []):
        for one in reservation["Instances"]:
            if not one.get("StateReason", {}).get("Code"):
                one.pop("StateReason", None)  # moto says an empty reason of running instances
            one |= context.stores.instances.get(one["InstanceId"], {})
    return answer


def describe_instance_status(context: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Status checks of the running instances, or of all on request; impaired where seeded."""
    form = {"IncludeAllInstances": "true"}
    form |= {f"InstanceId.{n}": one for n, one in enumerate(params.get("InstanceIds") or [], 1)}
    everything = bool(params.get("IncludeAllInstances"))
    found = []
    for one in context.moto(form).get("InstanceStatuses", []):
        running = one["InstanceState"]["Name"] == "running"
        if not running:
            if not everything:
                continue
            check = {"Status": "not-applicable"}
            one |= {"InstanceStatus": check, "SystemStatus": check}
        found.append({**one, **context.stores.instance_status.get(one["InstanceId"], {})})
    found = [one for one in found if _kept(one, params.get("Filters") or [], _status_values)]
    items, following = page(found, params.get("NextToken"), params.get("MaxResults"), 1000, "InvalidNextToken")
    return {"InstanceStatuses": items, "NextToken": following}


def _kept(item: dict[str, Any], filters: list[dict[str, Any]], values_of: Any) -> bool:
    """EC2's filters: all of them must hold, each by any of its values, `*` and `?` as wildcards."""
    from fnmatch import fnmatchcase

    for one in filters:
        held = values_of(item, one["Name"])
        if not any(fnmatchcase(value, pattern) for value in held for pattern in one.get("Values") or []):
            return False
    return True


def _interface_values(item: dict[str, Any], name: str) -> list[str]:
    attachment, association = item.get("Attachment", {}), item.get("Association", {})
    simple = {
        "description": item.get("Description"), "requester-id": item.get("RequesterId"),
        "requester-managed": str(bool(item.get("RequesterManaged"))).lower(),
        "interface-type": item.get("InterfaceType"), "subnet-id": item.get("SubnetId"),
        "vpc-id": item.get("VpcId"), "status": item.get("Status"), "owner-id": item.get("OwnerId"),
        "network-interface-id": item.get("NetworkInterfaceId"), "availability-zone": item.get("AvailabilityZone"),
        "private-ip-address": item.get("PrivateIpAddress"), "attachment.instance-id": attachment.get("InstanceId"),
        "attachment.instance-owner-id": attachment.get("InstanceOwnerId"),
        "association.public-ip": association.get("PublicIp"),
    }
    if name in simple:
        return [simple[name]] if simple[name] is not None else []
    if name in ("group-id", "group-name"):
        key = "GroupId" if name == "group-id" else "GroupName"
        return [group[key] for group in item.get("Groups", []) if key in group]
    if name == "addresses.private-ip-address":
        return [address["PrivateIpAddress"] for address in item.get("PrivateIpAddresses", [])]
    if name == "ipv6-addresses.ipv6-address":
        return [address["Ipv6Address"] for address in item.get("Ipv6Addresses", [])]
    if name.startswith("tag:"):
        return [tag["Value"] for tag in item.get("TagSet", []) if tag["Key"] == name[4:]]
    raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")


def _status_values(item: dict[str, Any], name: str) -> list[str]:
    values = {
        "availability-zone": item.get("AvailabilityZone"), "instance-state-name": item["InstanceState"]["Name"],
        "instance-status.status": item["InstanceStatus"]["Status"],
        "system-status.status": item["SystemStatus"]["Status"],
    }
    if name not in values:
        raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return [values[name]] if values[name] else []


HANDLERS = {
    "DescribeNetworkInterfaces": describe_network_interfaces,
    "DescribeInstances": describe_instances,
    "DescribeInstanceStatus": describe_instance_status,
}
