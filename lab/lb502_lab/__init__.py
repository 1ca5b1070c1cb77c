"""The AWS test peer of lb502.

One process, one port: moto speaks AWS's wire protocols and keeps what boto3 creates;
`additions` answer the calls that moto lacks or gets wrong; `incidents` build whole stories
(network, balancer, targets, metrics, access logs, events) through boto3; `faults` make any
call fail the way its service fails.
"""
