"""Each addition answers through boto3 as AWS would."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from lb502_lab.client import Clients
from reading import dimension, points, window


def code(error) -> str:
    return error.value.response["Error"]["Code"]


def group_of(aws, incident, name):
    found = aws("elbv2").describe_target_groups(LoadBalancerArn=incident.load_balancer["arn"])["TargetGroups"]
    return next(one for one in found if one["TargetGroupName"] == name)


# --- CloudWatch -----------------------------------------------------------------------------


def test_metrics_need_the_namespace_and_the_exact_dimensions(aws, incident):
    told = incident("keep-alive-race")
    start, end = window(told)
    right = {"LoadBalancer": dimension(told)}
    assert points(aws, "RequestCount", start, end, "Sum", "AWS/ApplicationELB", right)
    assert not points(aws, "RequestCount", start, end, "Sum", "AWS/ELB", right)
    assert not points(aws, "RequestCount", start, end, "Sum", "AWS/ApplicationELB", right | {"TargetGroup": "x"})
    assert not points(aws, "RequestCount", start, end, "Sum", "AWS/ApplicationELB", {})


def test_silent_minutes_have_no_point(aws, incident):
    told = incident("keep-alive-race")
    start, end = window(told)
    found = points(aws, "HTTPCode_ELB_502_Count", start, end, "Sum", "AWS/ApplicationELB", {"LoadBalancer": dimension(told)})
    assert 0 < len(found) < 60 and all(value > 0 for _, value in found)


def test_statistics_agree_with_each_other(aws, incident):
    told = incident("target-cpu-saturated")
    start, end = window(told)
    by_stat = {stat: points(aws, "TargetResponseTime", start, end, stat, "AWS/ApplicationELB",
                            {"LoadBalancer": dimension(told)}, 3600)[0][1]
               for stat in ("Minimum", "p50", "Average", "p90", "p99", "Maximum", "Sum", "SampleCount")}
    assert by_stat["Minimum"] < by_stat["p50"] < by_stat["p90"] < by_stat["p99"] < by_stat["Maximum"]
    assert by_stat["Sum"] == pytest.approx(by_stat["Average"] * by_stat["SampleCount"])


def test_metric_pages_add_up(aws, incident):
    told = incident("healthy")
    start, end = window(told)
    queries = [{"Id": f"m{n}", "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {
        "Namespace": "AWS/ApplicationELB", "MetricName": metric,
        "Dimensions": [{"Name": "LoadBalancer", "Value": dimension(told)}]}}}
        for n, metric in enumerate(("RequestCount", "HTTPCode_Target_2XX_Count"))]
    cloudwatch = aws("cloudwatch")
    whole = cloudwatch.get_metric_data(StartTime=start, EndTime=end, MetricDataQueries=queries)
    assert "NextToken" not in whole
    held: dict[str, list] = {"m0": [], "m1": []}
    token, pages = {}, 0
    while True:
        answer = cloudwatch.get_metric_data(StartTime=start, EndTime=end, MetricDataQueries=queries, MaxDatapoints=25, **token)
        pages += 1
        for one in answer["MetricDataResults"]:
            held[one["Id"]] += list(zip(one["Timestamps"], one["Values"]))
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert pages == 5
    assert held == {one["Id"]: list(zip(one["Timestamps"], one["Values"])) for one in whole["MetricDataResults"]}
    assert whole["MetricDataResults"][0]["Timestamps"][0] > whole["MetricDataResults"][0]["Timestamps"][-1]


def test_metrics_refuse_what_aws_refuses(aws, incident):
    start, end = window(incident("healthy"))
    query = {"Id": "m", "MetricStat": {"Period": 60, "Stat": "Sum", "Metric": {"Namespace": "x", "MetricName": "y"}}}
    with pytest.raises(ClientError) as error:
        aws("cloudwatch").get_metric_data(StartTime=end, EndTime=start, MetricDataQueries=[query])
    assert code(error) == "ValidationError"
    with pytest.raises(ClientError) as error:
        aws("cloudwatch").get_metric_data(StartTime=start, EndTime=end, MetricDataQueries=[query, query])
    assert code(error) == "ValidationError"


# --- ELBv2 ----------------------------------------------------------------------------------


def test_target_health_has_reasons(aws, incident):
    group = group_of(aws, incident("security-group-closed"), "orders-api")
    found = aws("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    states = [(one["TargetHealth"]["State"], one["TargetHealth"].get("Reason")) for one in found]
    assert states == [("healthy", None)] * 2 + [("unhealthy", "Target.Timeout")] * 2
    assert all("AnomalyDetection" not in one for one in found)
    assert all(one["HealthCheckPort"] == "8443" for one in found)


def test_anomaly_detection_only_on_request(aws, incident):
    group = group_of(aws, incident("healthy"), "catalogue-web")
    found = aws("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"], Include=["AnomalyDetection"])
    assert {one["AnomalyDetection"]["Result"] for one in found["TargetHealthDescriptions"]} == {"normal"}


def test_unregistered_target_is_unused(aws, incident):
    group = group_of(aws, incident("healthy"), "catalogue-web")
    found = aws("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": "i-0123456789abcdef0"}])
    assert found["TargetHealthDescriptions"][0]["TargetHealth"] == {
        "State": "unused", "Reason": "Target.NotRegistered",
        "Description": "Target is not registered to the target group"}


@pytest.mark.parametrize(("operation", "key"), [("describe_load_balancers", "LoadBalancers"), ("describe_target_groups", "TargetGroups")])
def test_pages_hold_everything_once(aws, operation, key):
    call = getattr(aws("elbv2"), operation)
    whole = [json.dumps(one, default=str) for one in call()[key]]
    paged, token = [], {}
    while True:
        answer = call(PageSize=5, **token)
        assert len(answer[key]) <= 5
        paged += [json.dumps(one, default=str) for one in answer[key]]
        if not answer.get("NextMarker"):
            break
        token = {"Marker": answer["NextMarker"]}
    assert paged == whole and len(whole) > 10


def test_attributes_include_defaults(aws, incident):
    told = incident("network-acl-blocks-return")
    found = aws("elbv2").describe_load_balancer_attributes(LoadBalancerArn=told.load_balancer["arn"])["Attributes"]
    held = {one["Key"]: one["Value"] for one in found}
    assert held["idle_timeout.timeout_seconds"] == "30" and held["client_keep_alive.seconds"] == "3600"
    group = group_of(aws, told, "media-api")
    found = aws("elbv2").describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "300"} in found


def test_unknown_balancer(aws):
    with pytest.raises(ClientError) as error:
        aws("elbv2").describe_load_balancers(Names=["no-such-thing"])
    assert code(error) == "LoadBalancerNotFound"


# --- EC2 ------------------------------------------------------------------------------------


def test_balancer_interfaces(aws, incident):
    told = incident("keep-alive-race")
    found = aws("ec2").describe_network_interfaces(Filters=[
        {"Name": "description", "Values": [f"ELB {dimension(told)}"]},
        {"Name": "requester-id", "Values": ["amazon-elb"]}])["NetworkInterfaces"]
    subnets = aws("elbv2").describe_load_balancers(Names=["checkout"])["LoadBalancers"][0]["AvailabilityZones"]
    assert {one["SubnetId"] for one in found} == {one["SubnetId"] for one in subnets}
    assert all(one["RequesterManaged"] and one["InterfaceType"] == "interface" for one in found)
    assert all(one["Attachment"]["InstanceOwnerId"] == "amazon-elb" for one in found)


def test_interface_filters_narrow(aws):
    ec2 = aws("ec2")
    everything = ec2.describe_network_interfaces()["NetworkInterfaces"]
    managed = ec2.describe_network_interfaces(Filters=[{"Name": "requester-managed", "Values": ["true"]}])["NetworkInterfaces"]
    assert 0 < len(managed) < len(everything)
    with pytest.raises(ClientError) as error:
        ec2.describe_network_interfaces(Filters=[{"Name": "nonsense", "Values": ["x"]}])
    assert code(error) == "InvalidParameterValue"


def test_stopped_instance(aws, incident):
    group = group_of(aws, incident("instance-stopped"), "maps-tiles")
    found = aws("elbv2").describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    gone = [one["Target"]["Id"] for one in found if one["TargetHealth"].get("Reason") == "Target.InvalidState"]
    assert len(gone) == 1
    instance = aws("ec2").describe_instances(InstanceIds=gone)["Reservations"][0]["Instances"][0]
    assert instance["State"]["Name"] == "stopped"
    assert instance["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"
    assert aws("ec2").describe_instance_status(InstanceIds=gone)["InstanceStatuses"] == []
    listed = aws("ec2").describe_instance_status(InstanceIds=gone, IncludeAllInstances=True)["InstanceStatuses"]
    assert listed[0]["InstanceStatus"]["Status"] == "not-applicable"


def test_impaired_instance(aws, app):
    some = aws("ec2").describe_instance_status()["InstanceStatuses"][0]["InstanceId"]
    app.lab.stores.instance_status[some] = {"InstanceStatus": {
        "Status": "impaired", "Details": [{"Name": "reachability", "Status": "failed"}]}}
    try:
        found = aws("ec2").describe_instance_status(Filters=[{"Name": "instance-status.status", "Values": ["impaired"]}])
        assert [one["InstanceId"] for one in found["InstanceStatuses"]] == [some]
    finally:
        del app.lab.stores.instance_status[some]


def test_target_security_group_is_closed(aws):
    group = aws("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["orders-blue"]}])["SecurityGroups"][0]
    assert [(one["FromPort"], one["ToPort"]) for one in group["IpPermissions"]] == [(22, 22)]


# --- the others -----------------------------------------------------------------------------


def test_trail_events(aws, incident):
    start, end = window(incident("security-group-closed"))
    trail = aws("cloudtrail")
    found = trail.lookup_events(StartTime=start, EndTime=end, LookupAttributes=[
        {"AttributeKey": "EventName", "AttributeValue": "RevokeSecurityGroupIngress"}])["Events"]
    assert len(found) == 1 and found[0]["Username"] == "marek"
    inner = json.loads(found[0]["CloudTrailEvent"])
    assert inner["eventName"] == "RevokeSecurityGroupIngress"
    assert inner["requestParameters"]["groupId"] == found[0]["Resources"][0]["ResourceName"]
    assert trail.lookup_events(StartTime=end, EndTime=end + timedelta(days=1))["Events"] == []
    everything = trail.lookup_events()["Events"]
    first = trail.lookup_events(MaxResults=1)
    rest = trail.lookup_events(NextToken=first["NextToken"])["Events"]
    assert first["Events"] + rest == everything
    assert [one["EventTime"] for one in everything] == sorted((one["EventTime"] for one in everything), reverse=True)


def test_expired_certificate(aws, incident, app):
    listener = aws("elbv2").describe_listeners(LoadBalancerArn=incident("expired-certificate").load_balancer["arn"])["Listeners"][0]
    certificate = aws("acm").describe_certificate(CertificateArn=listener["Certificates"][0]["CertificateArn"])["Certificate"]
    assert certificate["Status"] == "EXPIRED" and certificate["NotAfter"] < app.lab.now
    listed = aws("acm").list_certificates(CertificateStatuses=["EXPIRED"])["CertificateSummaryList"]
    assert [one["CertificateArn"] for one in listed] == [certificate["CertificateArn"]]


def test_application_log(aws, incident):
    logs = aws("logs")
    start, end = (int(at.timestamp()) for at in window(incident("target-returned-502")))
    name = "/tickets/nginx/error"
    query = logs.start_query(logGroupName=name, startTime=start, endTime=end, limit=50, queryString=(
        'fields @timestamp, @message | filter @message like /(?i)connection REFUSED/ and @message like "upstream" '
        "| sort @timestamp asc | limit 20"))["queryId"]
    assert logs.get_query_results(queryId=query)["status"] == "Running"
    answer = logs.get_query_results(queryId=query)
    assert answer["status"] == "Complete" and len(answer["results"]) == 50
    assert answer["results"][0][0]["field"] == "@timestamp" and "upstream" in answer["results"][0][1]["value"]
    found = logs.filter_log_events(logGroupName=name, startTime=start * 1000, endTime=end * 1000, limit=10,
                                   filterPattern='?"no such words" ?upstream')
    assert len(found["events"]) == 10 and found["nextToken"]
    assert logs.filter_log_events(logGroupName=name, filterPattern="-upstream")["events"] == []
    with pytest.raises(ClientError) as error:
        logs.start_query(logGroupName=name, startTime=start, endTime=end, queryString="stats count(*) by bin(1m)")
    assert code(error) == "MalformedQueryException"


def test_classic_balancer(aws):
    elb = aws("elb")
    found = elb.describe_load_balancers(LoadBalancerNames=["intranet"])["LoadBalancerDescriptions"][0]
    assert len(found["AvailabilityZones"]) == 2 and found["HealthCheck"]["Target"] == "HTTP:80/server-status"
    attributes = elb.describe_load_balancer_attributes(LoadBalancerName="intranet")["LoadBalancerAttributes"]
    assert attributes["ConnectionSettings"]["IdleTimeout"] == 60 and attributes["AccessLog"]["EmitInterval"] == 5
    health = elb.describe_instance_health(LoadBalancerName="intranet")["InstanceStates"]
    assert [one["State"] for one in health] == ["InService", "InService"]
    assert elb.describe_load_balancer_policies(LoadBalancerName="intranet")["PolicyDescriptions"] == []


def test_caller_and_empty_region(app, aws):
    assert aws("sts").get_caller_identity()["Account"] == "123456789012"
    elsewhere = Clients(app, region="us-east-1")
    assert elsewhere("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert elsewhere("elb").describe_load_balancers()["LoadBalancerDescriptions"] == []
    assert elsewhere("cloudtrail").lookup_events()["Events"] == []
    assert elsewhere("cloudwatch").list_metrics()["Metrics"] == []


def test_several_ports_of_one_instance_and_a_draining_one(aws, app, incident):
    group = group_of(aws, incident("healthy"), "catalogue-web")
    arn = group["TargetGroupArn"]
    before = app.lab.stores.target_health[arn]
    same = before[0]["Target"]["Id"]
    app.lab.stores.target_health[arn] = [
        before[0], {"Target": {"Id": same, "Port": 9000}, "HealthCheckPort": "9000", "TargetHealth": {
            "State": "draining", "Reason": "Target.DeregistrationInProgress",
            "Description": "Target deregistration is in progress"}}]
    try:
        found = aws("elbv2").describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        assert [(one["Target"]["Port"], one["TargetHealth"]["State"]) for one in found] == [(8080, "healthy"), (9000, "draining")]
        asked = aws("elbv2").describe_target_health(TargetGroupArn=arn, Targets=[{"Id": same, "Port": 9000}])
        assert asked["TargetHealthDescriptions"] == found[1:]
    finally:
        app.lab.stores.target_health[arn] = before


def test_scaling_activities_newest_first(aws, app):
    now = app.lab.now
    activities = [{"ActivityId": f"a-{n}", "AutoScalingGroupName": "web", "StatusCode": "Successful", "Progress": 100,
                   "Cause": "an instance was taken out of service in response to an ELB system health check failure.",
                   "Description": f"Terminating EC2 instance: i-{n}", "StartTime": now - timedelta(minutes=n),
                   "EndTime": now - timedelta(minutes=n)} for n in range(3)]
    app.lab.stores.scaling_activities["web"] = activities
    try:
        scaling = aws("autoscaling")
        first = scaling.describe_scaling_activities(AutoScalingGroupName="web", MaxRecords=2)
        assert [one["ActivityId"] for one in first["Activities"]] == ["a-0", "a-1"]
        rest = scaling.describe_scaling_activities(AutoScalingGroupName="web", NextToken=first["NextToken"])
        assert [one["ActivityId"] for one in rest["Activities"]] == ["a-2"]
        assert scaling.describe_scaling_activities(AutoScalingGroupName="other")["Activities"] == []
    finally:
        del app.lab.stores.scaling_activities["web"]


def test_prefix_list_entries(aws):
    ec2 = aws("ec2")
    made = ec2.create_managed_prefix_list(PrefixListName="offices", MaxEntries=5, AddressFamily="IPv4", Entries=[
        {"Cidr": "192.0.2.0/24", "Description": "Tallinn"}])["PrefixList"]["PrefixListId"]
    assert ec2.get_managed_prefix_list_entries(PrefixListId=made)["Entries"] == [
        {"Cidr": "192.0.2.0/24", "Description": "Tallinn"}]
    ec2.delete_managed_prefix_list(PrefixListId=made)


def test_server_certificate_ends_when_told(aws, app):
    iam = aws("iam")
    iam.upload_server_certificate(ServerCertificateName="old-portal", CertificateBody="body", PrivateKey="key")
    app.lab.stores.server_certificates["old-portal"] = {"Expiration": app.lab.now - timedelta(days=2)}
    try:
        found = iam.get_server_certificate(ServerCertificateName="old-portal")["ServerCertificate"]
        assert found["ServerCertificateMetadata"]["Expiration"] == app.lab.now - timedelta(days=2)
    finally:
        iam.delete_server_certificate(ServerCertificateName="old-portal")


def test_lambda_function_policy(aws):
    role = aws("iam").create_role(RoleName="lab", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = aws("lambda")
    functions.create_function(FunctionName="edge", Role=role, Runtime="python3.13", Handler="app.handler", Timeout=7,
                              Code={"ZipFile": b"PK\x05\x06" + bytes(18)})
    functions.add_permission(FunctionName="edge", StatementId="alb", Action="lambda:InvokeFunction",
                             Principal="elasticloadbalancing.amazonaws.com")
    assert functions.get_function_configuration(FunctionName="edge")["Timeout"] == 7
    assert "elasticloadbalancing.amazonaws.com" in functions.get_policy(FunctionName="edge")["Policy"]
    functions.delete_function(FunctionName="edge")
    with pytest.raises(ClientError) as error:
        functions.get_policy(FunctionName="edge")
    assert code(error) == "ResourceNotFoundException"
    aws("iam").delete_role(RoleName="lab")
