"""Calls the VPC API through a gateway with Alibaba Cloud's own client, and checks what comes back and what gets behind the gateway.

    pip install alibabacloud-vpc20160428
    python3 client.py 127.0.0.1:8080 calls.jsonl
"""

import sys

from alibabacloud_tea_openapi.models import Config
from alibabacloud_vpc20160428.client import Client
from alibabacloud_vpc20160428.models import CancelPhysicalConnectionRequest, DescribePhysicalConnectionsRequest

ENDPOINT, CALLS = sys.argv[1:]
ALICE, BOB, STRANGER = "LTAI-example-alice", "LTAI-example-bob", "LTAI-example-nobody"


def client(key, secret=None):
    config = Config(access_key_id=key, access_key_secret=secret or f"secret-of-{key}", region_id="cn-shanghai")
    config.endpoint, config.protocol = ENDPOINT, "http"
    return Client(config)


def cancel(key, circuit, region="cn-shanghai", secret=None):
    request = CancelPhysicalConnectionRequest(region_id=region, physical_connection_id=circuit)
    return client(key, secret).cancel_physical_connection(request)


def state(key, circuit):
    answer = client(key).describe_physical_connections(DescribePhysicalConnectionsRequest(region_id="cn-shanghai"))
    circuits = answer.body.physical_connection_set.physical_connection_type
    return next(found.status for found in circuits if found.physical_connection_id == circuit)


def arrived():
    """How many calls got behind the gateway."""
    try:
        with open(CALLS) as calls:
            return len(calls.readlines())
    except FileNotFoundError:
        return 0


def same(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found!r}; expected {expected!r}")


def error(what, reaches, call, status, code):
    """The error of a call that must not succeed."""
    before = arrived()
    try:
        call()
    except Exception as raised:
        found = raised
    else:
        sys.exit(f"{what}: succeeded")
    same(f"{what}: the class of the error", type(found).__name__, "ClientException")
    same(f"{what}: {found}", (found.status_code, found.code), (status, code))
    same(f"{what}: calls that got behind the gateway", arrived() - before, int(reaches))
    same(f"{what}: length of {found.request_id}", len(found.request_id), 36)
    print(f"{what}: {found.status_code} {found.code}")
    return found


def denied(what, call, kind, **detail):
    found = error(what, False, call, 403, "NoPermission")
    told = found.access_denied_detail
    same(f"{what}: detail in data", found.data.get("AccessDeniedDetail"), told)
    expected = {"NoPermissionType": kind, "AuthAction": "vpc:CancelPhysicalConnection", "PolicyType": "AccountLevelIdentityBasedPolicy"}
    for name, value in {**expected, **detail}.items():
        same(f"{what}: {name}", told[name], value)


CIRCUIT, IN_SERVICE = "pc-119mfjzm7", "pc-2zextbehc"
ARN = "acs:vpc:{}:1234567890123456:physicalconnection/" + CIRCUIT

same("state at first", state(ALICE, CIRCUIT), "Confirmed")
denied("bob, who may look only", lambda: cancel(BOB, CIRCUIT), "ImplicitDeny", AuthResource=ARN.format("cn-shanghai"), AuthPrincipalType="SubUser")
denied("alice, outside her regions", lambda: cancel(ALICE, CIRCUIT, "cn-beijing"), "ExplicitDeny", AuthResource=ARN.format("cn-beijing"))
found = error("a key that nobody has", False, lambda: cancel(STRANGER, CIRCUIT), 403, "NoPermission")
same("a key that nobody has: detail", found.access_denied_detail, None)
same("state after denials", state(ALICE, CIRCUIT), "Confirmed")
# What the API itself says comes through as it is.
found = error("a circuit in service", True, lambda: cancel(ALICE, IN_SERVICE), 400, "Forbidden.NotAllowedInState")
same("its message", found.data["Message"], "The request does not allow in this state.")
same("its other members", {"HostId", "Recommend"} <= set(found.data), True)
error("an unknown circuit", True, lambda: cancel(ALICE, "pc-0"), 404, "InvalidPhysicalConnectionId.NotFound")
error("an unknown region", True, lambda: cancel(ALICE, CIRCUIT, "cn-nowhere"), 404, "InvalidRegionId.NotFound")
# A signature is the API's to check, and by the same key.
error("alice's key without her secret", True, lambda: cancel(ALICE, CIRCUIT, secret="guessed"), 400, "SignatureDoesNotMatch")
same("state before", state(ALICE, CIRCUIT), "Confirmed")
same("alice cancels", cancel(ALICE, CIRCUIT).status_code, 200)
same("state after", state(ALICE, CIRCUIT), "Canceled")
error("once more", True, lambda: cancel(ALICE, CIRCUIT), 400, "Forbidden.NotAllowedInState")
print("all as it should be")
