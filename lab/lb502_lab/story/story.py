"""One incident in the making: resources through boto3, then traffic, metrics, logs and events."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.s3.models import s3_backends

from lb502_lab.lab import ACCOUNT, REGION, Incident
from lb502_lab.story import access_log, metrics
from lb502_lab.story.certificates import self_signed
from lb502_lab.story.parts import (
    ClassicLoadBalancer, Health, Listener, LoadBalancer, Network, Node, Row, Subnet, Target, TargetGroup,
)

if TYPE_CHECKING:
    from lb502_lab.app import LabApp
    from lb502_lab.client import Clients

ANYWHERE = "0.0.0.0/0"


class Story:
    """Builds one incident. `number` (1–250) keeps its addresses apart from the others'.

    Time: `start`–`end` is the incident's window; metrics and rows begin at `begin`, an hour
    before it, and run to `until`, now.
    """

    def __init__(self, app: LabApp, aws: Clients, name: str, number: int) -> None:
        self.name, self.number, self.aws = name, number, aws
        self.lab, self.stores = app.lab, app.lab.stores
        self.rng = random.Random(f"lb502/{name}")
        self.now = app.lab.now
        self.start, self.end = app.lab.default_window()
        self.begin = self.start - timedelta(hours=1)
        self.until = self.now.replace(second=0, microsecond=0)

    # --- network -------------------------------------------------------------------------

    def network(self, zones: tuple[str, ...] = ("a", "b")) -> Network:
        """A VPC with a public and a private subnet in each zone and its own route tables."""
        ec2 = self.aws("ec2")
        cidr = f"10.{self.number}.0.0/16"
        vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        self._tag(vpc, f"{self.name}-vpc")
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        subnets: dict[str, list[Subnet]] = {"public": [], "private": []}
        for kind, first in (("public", 0), ("private", 16)):
            table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
            if kind == "public":
                ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
            for n, zone in enumerate(zones):
                block = f"10.{self.number}.{first + n}.0/24"
                made = ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"{REGION}{zone}")["Subnet"]
                self._tag(made["SubnetId"], f"{self.name}-{kind}-{zone}")
                ec2.associate_route_table(RouteTableId=table, SubnetId=made["SubnetId"])
                subnets[kind].append(Subnet(made["SubnetId"], block, f"{REGION}{zone}"))
        return Network(vpc, cidr, subnets["public"], subnets["private"])

    def security_group(self, network: Network, name: str, description: str) -> str:
        return self.aws("ec2").create_security_group(GroupName=name, Description=description,
                                                     VpcId=network.vpc_id)["GroupId"]

    def allow(self, group: str, ports: int | tuple[int, int], source: str) -> None:
        """An inbound TCP rule; `source` is a CIDR block, another group's id or a prefix list's."""
        low, high = (ports, ports) if isinstance(ports, int) else ports
        rule: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": low, "ToPort": high}
        if source.startswith("sg-"):
            rule["UserIdGroupPairs"] = [{"GroupId": source}]
        elif source.startswith("pl-"):
            rule["PrefixListIds"] = [{"PrefixListId": source}]
        else:
            rule["IpRanges"] = [{"CidrIp": source}]
        self.aws("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])

    def network_acl(self, subnet: Subnet,
                    entries: list[tuple[int, str, bool, tuple[int, int] | None, str]]) -> str:
        """A network ACL of the subnet's own: (number, allow or deny, egress, TCP ports or None for all, CIDR)."""
        ec2 = self.aws("ec2")
        vpc = ec2.describe_subnets(SubnetIds=[subnet.id])["Subnets"][0]["VpcId"]
        acl = str(ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"])
        for number, action, egress, ports, cidr in entries:
            of_tcp: dict[str, Any] = {"Protocol": "-1"}
            if ports:
                of_tcp = {"Protocol": "6", "PortRange": {"From": ports[0], "To": ports[1]}}
            ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=number, RuleAction=action, Egress=egress,
                                         CidrBlock=cidr, **of_tcp)
        found = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet.id]}])
        for one in found["NetworkAcls"][0]["Associations"]:
            if one["SubnetId"] == subnet.id:
                ec2.replace_network_acl_association(AssociationId=one["NetworkAclAssociationId"], NetworkAclId=acl)
        return acl

    def prefix_list(self, name: str, blocks: dict[str, str]) -> str:
        """A managed prefix list of IPv4 blocks with their descriptions."""
        return self.aws("ec2").create_managed_prefix_list(
            PrefixListName=name, MaxEntries=20, AddressFamily="IPv4",
            Entries=[{"Cidr": block, "Description": what} for block, what in blocks.items()],
        )["PrefixList"]["PrefixListId"]

    # --- targets -------------------------------------------------------------------------

    def instances(self, network: Network, group: str, count: int, port: int, name: str,
                  instance_type: str = "t3.medium") -> list[Target]:
        """Running instances, spread over the private subnets, each as a target on `port`."""
        targets = []
        per_subnet: dict[str, list[int]] = {}
        for n in range(count):
            per_subnet.setdefault(network.private[n % len(network.private)].id, []).append(n)
        for subnet in network.private:
            numbers = per_subnet.get(subnet.id, [])
            if not numbers:
                continue
            answer = self.aws("ec2").run_instances(
                ImageId="ami-0c1c30571d2dae5c9", MinCount=len(numbers), MaxCount=len(numbers),
                InstanceType=instance_type, SubnetId=subnet.id, SecurityGroupIds=[group], Monitoring={"Enabled": True},
            )
            for n, one in zip(numbers, answer["Instances"]):
                targets.append(Target(one["InstanceId"], one["PrivateIpAddress"], port, subnet.zone, f"{name}-{n + 1}"))
        for target in targets:
            self._tag(target.id, target.name)
            self.stores.instances[target.id] = {"LaunchTime": self.now - timedelta(days=self.rng.randint(9, 90))}
        return sorted(targets, key=lambda target: int(target.name.rpartition("-")[2]))

    def cpu(self, target: Target, percent: Callable[[datetime], float], until: datetime | None = None) -> None:
        """CPUUtilization of an instance, minute by minute, and its passed status checks."""
        minute = self.begin
        while minute < (until or self.until):
            value = min(max(percent(minute) + self.rng.uniform(-2, 2), 0.5), 100.0)
            dimensions = {"InstanceId": target.id}
            self.stores.metrics.put("AWS/EC2", "CPUUtilization", dimensions, minute, [round(value, 3)])
            for check in ("StatusCheckFailed", "StatusCheckFailed_Instance", "StatusCheckFailed_System"):
                self.stores.metrics.put("AWS/EC2", check, dimensions, minute, [0])
            minute += timedelta(minutes=1)

    # --- application load balancer ---------------------------------------------------------

    def load_balancer(self, network: Network, name: str, group: str, scheme: str = "internet-facing",
                      attributes: dict[str, str] | None = None, log_prefix: str = "alb",
                      logs: bool = True) -> LoadBalancer:
        """An active balancer in the public subnets, with its interfaces; access logs on or off."""
        elbv2 = self.aws("elbv2")
        made = elbv2.create_load_balancer(Name=name, Subnets=[subnet.id for subnet in network.public], Scheme=scheme,
                                          SecurityGroups=[group], Type="application")["LoadBalancers"][0]
        arn = made["LoadBalancerArn"]
        inside = "internal-" if scheme == "internal" else ""
        dns_name = f"{inside}{name}-{self.rng.randint(10**9, 2 * 10**9)}.{REGION}.elb.amazonaws.com"
        self.stores.load_balancers[arn] = {
            "DNSName": dns_name, "CanonicalHostedZoneId": "Z32O12XQLNTSW2", "Scheme": scheme,
            "CreatedTime": self.now - timedelta(days=self.rng.randint(60, 700)),
        }
        bucket = self._log_bucket(name, log_prefix) if logs else ""
        settings = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": bucket,
                    "access_logs.s3.prefix": log_prefix} if logs else {"access_logs.s3.enabled": "false"}
        settings |= attributes or {}
        elbv2.modify_load_balancer_attributes(
            LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in settings.items()])
        balancer = LoadBalancer(name, arn, dns_name, [], bucket, log_prefix)
        balancer.nodes = [self._node(subnet, f"ELB {balancer.dimension}", group) for subnet in network.public]
        return balancer

    def _node(self, subnet: Subnet, description: str, group: str) -> Node:
        ec2 = self.aws("ec2")
        made = ec2.create_network_interface(SubnetId=subnet.id, Groups=[group], Description=description)
        interface = made["NetworkInterface"]
        public_ip = f"52.{48 + self.number % 16}.{self.rng.randint(1, 254)}.{self.rng.randint(1, 254)}"
        self.stores.network_interfaces[interface["NetworkInterfaceId"]] = {
            "Description": description, "RequesterId": "amazon-elb", "RequesterManaged": True,
            "InterfaceType": "interface", "Status": "in-use", "OwnerId": ACCOUNT, "AvailabilityZone": subnet.zone,
            "Attachment": {"AttachmentId": f"ela-attach-{self.rng.getrandbits(68):017x}", "DeleteOnTermination": False,
                           "DeviceIndex": 1, "InstanceOwnerId": "amazon-elb", "Status": "attached",
                           "AttachTime": self.now - timedelta(days=40)},
            "Association": {"IpOwnerId": "amazon-elb", "PublicIp": public_ip,
                            "PublicDnsName": f"ec2-{public_ip.replace('.', '-')}.{REGION}.compute.amazonaws.com"},
        }
        return Node(subnet.zone, subnet.id, interface["PrivateIpAddress"], public_ip, interface["NetworkInterfaceId"])

    def target_group(self, network: Network, name: str, targets: list[Target], protocol: str = "HTTP",
                     port: int = 8080, target_type: str = "instance", attributes: dict[str, str] | None = None,
                     **health_check: Any) -> TargetGroup:
        """A group with its targets registered. `health_check`: CreateTargetGroup's parameters."""
        elbv2 = self.aws("elbv2")
        settings = {"HealthCheckPath": "/healthz", "HealthCheckIntervalSeconds": 30, "HealthCheckTimeoutSeconds": 5,
                    "HealthyThresholdCount": 5, "UnhealthyThresholdCount": 2, "HealthCheckProtocol": protocol,
                    "HealthCheckPort": "traffic-port", "Matcher": {"HttpCode": "200"}} | health_check
        arn = elbv2.create_target_group(Name=name, Protocol=protocol, Port=port, VpcId=network.vpc_id,
                                        TargetType=target_type, **settings)["TargetGroups"][0]["TargetGroupArn"]
        if attributes:
            elbv2.modify_target_group_attributes(
                TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()])
        if targets:
            elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": one.id, "Port": one.port} for one in targets])
        return TargetGroup(name, arn, protocol, port, targets, str(settings["HealthCheckPort"]))

    def listener(self, balancer: LoadBalancer, group: TargetGroup, protocol: str = "HTTPS", port: int = 443,
                 certificate: str | None = None, policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06") -> Listener:
        """A listener that forwards to `group` unless a rule says otherwise."""
        more: dict[str, Any] = {}
        if protocol == "HTTPS":
            certificate = certificate or self.certificate(f"{balancer.name}.example.com")
            more = {"Certificates": [{"CertificateArn": certificate}], "SslPolicy": policy}
        arn = self.aws("elbv2").create_listener(
            LoadBalancerArn=balancer.arn, Protocol=protocol, Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group.arn}], **more,
        )["Listeners"][0]["ListenerArn"]
        made = Listener(arn, protocol, port, certificate)
        balancer.listeners.append(made)
        if group not in balancer.groups:
            balancer.groups.append(group)
        return made

    def rule(self, balancer: LoadBalancer, listener: Listener, priority: int, path: str, group: TargetGroup) -> None:
        self.aws("elbv2").create_rule(
            ListenerArn=listener.arn, Priority=priority,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
            Actions=[{"Type": "forward", "TargetGroupArn": group.arn}],
        )
        if group not in balancer.groups:
            balancer.groups.append(group)

    def certificate(self, domain: str, not_after: datetime | None = None) -> str:
        """An issued certificate in ACM that ends at `not_after` (ten months from now if None)."""
        not_after = not_after or self.now + timedelta(days=300)
        arn = self.aws("acm").request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
        self.stores.certificates[arn] = {
            "Status": "EXPIRED" if not_after <= self.now else "ISSUED", "NotAfter": not_after,
            "NotBefore": not_after - timedelta(days=395), "IssuedAt": not_after - timedelta(days=395),
            "Issuer": "Amazon", "Type": "AMAZON_ISSUED", "KeyAlgorithm": "RSA-2048",
            "RenewalEligibility": "ELIGIBLE" if not_after > self.now else "INELIGIBLE",
        }
        return arn

    def iam_certificate(self, name: str, domains: list[str], not_after: datetime) -> str:
        """A certificate of one's own in IAM, for these domains, as older listeners have them."""
        body, key = self_signed(domains, not_after - timedelta(days=365), not_after)
        arn = self.aws("iam").upload_server_certificate(
            ServerCertificateName=name, CertificateBody=body,
            PrivateKey=key)["ServerCertificateMetadata"]["Arn"]
        self.stores.server_certificates[name] = {"Expiration": not_after, "UploadDate": not_after - timedelta(days=364)}
        return arn

    def also_serve(self, listener: Listener, certificate: str) -> None:
        """One more certificate on a listener, for clients that ask for its domain."""
        self.aws("elbv2").add_listener_certificates(ListenerArn=listener.arn,
                                                    Certificates=[{"CertificateArn": certificate}])

    # --- containers ----------------------------------------------------------------------------

    def task_interface(self, network: Network, group: str, number: int) -> Target:
        """The network interface of a Fargate task, as an ip target still without a port."""
        subnet = network.private[number % len(network.private)]
        made = self.aws("ec2").create_network_interface(SubnetId=subnet.id, Groups=[group])["NetworkInterface"]
        attachment = f"arn:aws:ecs:{REGION}:{ACCOUNT}:attachment/{uuid.UUID(int=self.rng.getrandbits(128), version=4)}"
        self.stores.network_interfaces[made["NetworkInterfaceId"]] = {
            "Description": attachment, "RequesterId": "578734482556", "RequesterManaged": True,
            "InterfaceType": "interface", "Status": "in-use", "OwnerId": ACCOUNT, "AvailabilityZone": subnet.zone,
            "Attachment": {"AttachmentId": f"eni-attach-{self.rng.getrandbits(68):017x}", "DeleteOnTermination": False,
                           "DeviceIndex": 1, "InstanceOwnerId": "578734482556", "Status": "attached",
                           "AttachTime": self.now - timedelta(days=2)},
        }
        address = made["PrivateIpAddress"]
        return Target(address, address, 0, subnet.zone, made["NetworkInterfaceId"])

    # --- functions -----------------------------------------------------------------------------

    def function(self, name: str, timeout: int, reserved: int | None = None) -> Target:
        """A Lambda function, as a target that no group has yet."""
        role = self.aws("iam").create_role(RoleName=f"{name}-role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        functions = self.aws("lambda")
        arn = functions.create_function(
            FunctionName=name, Role=role, Runtime="python3.13", Handler="app.handler", Timeout=timeout, MemorySize=512,
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)})["FunctionArn"]
        if reserved is not None:
            functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
        checked = Health(self.begin - timedelta(days=1), "unavailable", "Target.HealthCheckDisabled",
                         "Health checks are not enabled for this target group")
        # Lambda makes it at the first invocation.
        self.aws("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
        return Target(arn, "", 0, "", name, [checked], is_function=True)

    def function_group(self, name: str, target: Target) -> TargetGroup:
        """A target group with the function, which lets the load balancer invoke it; no health checks."""
        elbv2 = self.aws("elbv2")
        arn = elbv2.create_target_group(Name=name, TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
        self.aws("lambda").add_permission(
            FunctionName=target.name, StatementId="load-balancer", Action="lambda:InvokeFunction",
            Principal="elasticloadbalancing.amazonaws.com", SourceArn=arn)
        elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": target.id}])
        return TargetGroup(name, arn, "", 0, [target])

    def invocations(self, target: Target, rows: list[Row],
                    at_once: Callable[[datetime], float] = lambda minute: 4.0) -> None:
        """What Lambda counts of the rows; `at_once` is ConcurrentExecutions."""
        of_function = [row for row in rows if row.target is target]
        metrics.function(self.stores.metrics, target.name, of_function, self.begin, self.until, at_once)

    # --- classic load balancer ---------------------------------------------------------------

    def classic_load_balancer(self, network: Network, name: str, group: str, targets: list[Target],
                              port: int) -> ClassicLoadBalancer:
        """A Classic Load Balancer on port 80 with its instances in service and access logs on."""
        elb = self.aws("elb")
        elb.create_load_balancer(
            LoadBalancerName=name, Subnets=[subnet.id for subnet in network.public], SecurityGroups=[group],
            Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": port}])
        elb.configure_health_check(LoadBalancerName=name, HealthCheck={
            "Target": f"HTTP:{port}/server-status", "Interval": 30, "Timeout": 5, "UnhealthyThreshold": 2,
            "HealthyThreshold": 10})
        elb.register_instances_with_load_balancer(
            LoadBalancerName=name, Instances=[{"InstanceId": target.id} for target in targets])
        bucket, prefix = self._log_bucket(name, "classic"), "classic"
        elb.modify_load_balancer_attributes(LoadBalancerName=name, LoadBalancerAttributes={
            "AccessLog": {"Enabled": True, "S3BucketName": bucket, "S3BucketPrefix": prefix, "EmitInterval": 5},
            "ConnectionDraining": {"Enabled": True, "Timeout": 300}, "ConnectionSettings": {"IdleTimeout": 60},
            "CrossZoneLoadBalancing": {"Enabled": True}})
        dns_name = f"{name}-{self.rng.randint(10**8, 10**9)}.{REGION}.elb.amazonaws.com"
        self.stores.load_balancers[f"classic:{name}"] = {
            "DNSName": dns_name, "CanonicalHostedZoneName": dns_name, "CanonicalHostedZoneNameID": "Z32O12XQLNTSW2",
            "CreatedTime": self.now - timedelta(days=2100), "VPCId": network.vpc_id,
            "AvailabilityZones": [subnet.zone for subnet in network.public],
            "SourceSecurityGroup": {"OwnerAlias": ACCOUNT, "GroupName": f"{name}-elb"},
        }
        self.stores.classic_health[name] = [
            {"InstanceId": target.id, "State": "InService", "ReasonCode": "N/A", "Description": "N/A"}
            for target in targets]
        nodes = [self._node(subnet, f"ELB {name}", group) for subnet in network.public]
        return ClassicLoadBalancer(name, dns_name, nodes, bucket, prefix, targets, [Listener("", "HTTP", 80)])

    # --- events and logs ---------------------------------------------------------------------

    def changed(self, at: datetime, event: str, source: str, user: str, resources: list[tuple[str, str]],
                request: dict[str, Any], read_only: bool = False) -> None:
        """A CloudTrail event; `resources` are (type, name)."""
        event_id = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        access_key = f"ASIA{self.rng.getrandbits(60):015X}A"
        inner = {
            "eventVersion": "1.11", "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "eventSource": source,
            "eventName": event, "awsRegion": REGION, "sourceIPAddress": "203.0.113.24",
            "userAgent": "aws-cli/2.31.2", "requestParameters": request, "responseElements": {"_return": True},
            "requestID": str(uuid.UUID(int=self.rng.getrandbits(128), version=4)), "eventID": event_id,
            "readOnly": read_only, "eventType": "AwsApiCall", "managementEvent": True,
            "recipientAccountId": ACCOUNT, "eventCategory": "Management",
            "userIdentity": {
                "type": "AssumedRole", "principalId": f"AROAEXAMPLE:{user}", "accountId": ACCOUNT,
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/platform-admin/{user}", "accessKeyId": access_key,
            },
        }
        self.stores.trail_events.append({
            "EventId": event_id, "EventName": event, "ReadOnly": str(read_only).lower(), "AccessKeyId": access_key,
            "EventTime": at.replace(microsecond=0), "EventSource": source, "Username": user,
            "Resources": [{"ResourceType": kind, "ResourceName": name} for kind, name in resources],
            "CloudTrailEvent": json.dumps(inner),
        })

    def app_log(self, group: str, lines: list[tuple[datetime, str]], stream: str = "app") -> None:
        """Lines of an application log in CloudWatch Logs."""
        logs = self.aws("logs")
        known = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if all(one["logGroupName"] != group for one in known):
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": int(at.timestamp() * 1000), "message": text} for at, text in sorted(lines)]
        for first in range(0, len(events), 5000):
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events[first : first + 5000])

    # --- the end -------------------------------------------------------------------------------

    def tell(self, balancer: LoadBalancer, rows: list[Row], description: str, first_rule: str | None,
             verdict: str, also: dict[str, Any] | None = None) -> Incident:
        """Write health, metrics and logs, and say what is to be found."""
        rows = [row for row in rows if row.time < self.until.timestamp()]
        for group in balancer.groups:
            # Targets that have left a group, or are still to come, are not in its answer.
            told = [_health_now(one, group, self.now) for one in group.targets]
            self.stores.target_health[group.arn] = [
                one for one in told if one["TargetHealth"].get("Reason") != "Target.NotRegistered"]
        metrics.application(self.stores.metrics, balancer, rows, self.begin, self.until, self.rng)
        self._write_logs(balancer, rows)
        return Incident(self.name, description,
                        {"name": balancer.name, "arn": balancer.arn, "dns_name": balancer.dns_name,
                         "type": "application", "region": REGION},
                        self._window(), {"first_rule": first_rule, "verdict": verdict,
                                         "ledger": self._ledger(rows, False)} | (also or {}))

    def tell_classic(self, balancer: ClassicLoadBalancer, rows: list[Row], description: str,
                     first_rule: str | None, verdict: str,
                     queue: Callable[[datetime], float] = lambda at: 0) -> Incident:
        """As `tell`, for a Classic Load Balancer; `queue` is how long its surge queue gets in a minute."""
        rows = [row for row in rows if row.time < self.until.timestamp()]
        metrics.classic(self.stores.metrics, balancer, rows, self.begin, self.until, queue)
        self._write_logs(balancer, rows)
        return Incident(self.name, description,
                        {"name": balancer.name, "arn": "", "dns_name": balancer.dns_name, "type": "classic",
                         "region": REGION},
                        self._window(), {"first_rule": first_rule, "verdict": verdict,
                                         "ledger": self._ledger(rows, True)})

    def _write_logs(self, balancer: LoadBalancer | ClassicLoadBalancer, rows: list[Row]) -> None:
        if not balancer.log_bucket:
            return
        s3 = self.aws("s3")
        for one in access_log.objects(balancer, rows, self.now, self.rng):
            s3.put_object(Bucket=balancer.log_bucket, Key=one.key, Body=one.body)
            # S3 has no way to say when an object came: moto's record of it is set.
            key = s3_backends[ACCOUNT]["aws"].buckets[balancer.log_bucket].keys[one.key]
            key.last_modified = one.delivered.replace(tzinfo=None)

    def _ledger(self, rows: list[Row], classic: bool) -> dict[str, Any]:
        """What the window's log lines hold: 502s by maker, and the neighbours."""
        start, end = self.start.timestamp(), self.end.timestamp()
        inside = [row for row in rows if start <= (row.created if classic else row.time) < end]
        bad = [row for row in inside if row.status == 502]
        return {
            "requests": len(inside),
            "made_by_load_balancer": sum(row.target_status is None for row in bad),
            "made_by_target": sum(row.target_status is not None for row in bad),
            "neighbours": {str(code): sum(row.status == code for row in inside) for code in (503, 504)},
        }

    def _window(self) -> dict[str, str]:
        return {"from": self.start.strftime("%Y-%m-%dT%H:%M:%SZ"), "to": self.end.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def _log_bucket(self, name: str, prefix: str) -> str:
        bucket = f"{name}-access-logs-{ACCOUNT}"
        s3 = self.aws("s3")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        # AWS leaves this file when it checks that it may write.
        start = f"{prefix}/" if prefix else ""
        s3.put_object(Bucket=bucket, Key=f"{start}AWSLogs/{ACCOUNT}/ELBAccessLogTestFile", Body=b"Enable AccessLog")
        return bucket

    def _tag(self, resource: str, name: str) -> None:
        self.aws("ec2").create_tags(Resources=[resource], Tags=[{"Key": "Name", "Value": name}])


def _health_now(target: Target, group: TargetGroup, now: datetime) -> dict[str, Any]:
    """DescribeTargetHealth's words for a target's present state."""
    health = target.health_at(now)
    state: dict[str, Any] = {"State": health.state}
    if health.reason:
        state["Reason"] = health.reason
    if health.description:
        state["Description"] = health.description
    if target.is_function:
        return {"Target": {"Id": target.id}, "TargetHealth": state,
                "AnomalyDetection": {"Result": target.anomaly, "MitigationInEffect": "no"}}
    is_ip = not target.id.startswith("i-")
    check_port = str(target.port) if group.health_check_port == "traffic-port" else group.health_check_port
    return {
        "Target": {"Id": target.id, "Port": target.port, **({"AvailabilityZone": target.zone} if is_ip else {})},
        "HealthCheckPort": check_port, "TargetHealth": state,
        "AnomalyDetection": {"Result": target.anomaly, "MitigationInEffect": "no"},
        "AdministrativeOverride": {"State": "no_override", "Reason": "AdministrativeOverride.NoOverride",
                                   "Description": "No override is currently active on target"},
    }


def failing(since: datetime, reason: str, description: str) -> Health:
    """Unhealthy from a moment on."""
    return Health(since, "unhealthy", reason, description)
