"""Stands for the VPC API (version 2016-04-28) behind a gateway: circuits that can be looked at and cancelled.

It answers as the documentation of CancelPhysicalConnection says: the signature, then the required parameters, then whether region and circuit
exist, then the circuit's state. Who may do what is not its business: that is decided before a call comes here.

    python3 vpc_stub.py --port 9090 --circuits docs/preflight/circuits.json --key ID=SECRET --calls calls.jsonl
"""

import argparse
import hashlib
import hmac
import json
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, urlsplit

VERSION = "2016-04-28"
REGIONS = {"cn-shanghai", "cn-hangzhou", "cn-beijing"}
CANCELLED_FROM = {"Initial", "Approved", "Allocated", "Confirmed"}
REQUIRED = {
    "CancelPhysicalConnection": ["RegionId", "PhysicalConnectionId"],
    "DescribePhysicalConnections": ["RegionId"],
}


class ApiError(Exception):
    def __init__(self, status, code, message):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class Api:
    def __init__(self, circuits, keys):
        self.circuits = {circuit["PhysicalConnectionId"]: circuit for circuit in circuits}
        self.keys = keys

    def answer(self, method, target, headers, body):
        """What a call answers, or an ApiError."""
        url = urlsplit(target)
        parameters = dict(parse_qsl(url.query, keep_blank_values=True))
        if "x-www-form-urlencoded" in headers.get("content-type", ""):
            parameters.update(parse_qsl(body.decode(), keep_blank_values=True))
        self.check_signature(method, url, headers, body)
        action = headers.get("x-acs-action") or parameters.get("Action")
        version = headers.get("x-acs-version") or parameters.get("Version")
        if action not in REQUIRED or version != VERSION:
            raise ApiError(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
        for name in REQUIRED[action]:
            if not parameters.get(name):
                raise ApiError(400, "MissingParameter", f'The input parameter "{name}" that is mandatory for processing this request is not supplied.')
        if parameters["RegionId"] not in REGIONS:
            raise ApiError(404, "InvalidRegionId.NotFound", "The RegionId provided does not exist in our records.")
        return self.cancel(parameters) if action.startswith("Cancel") else self.describe(parameters)

    def check_signature(self, method, url, headers, body):
        algorithm, _, rest = headers.get("authorization", "").partition(" ")
        parts = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
        if algorithm != "ACS3-HMAC-SHA256" or not {"Credential", "SignedHeaders", "Signature"} <= set(parts):
            raise ApiError(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
        secret = self.keys.get(parts["Credential"])
        if secret is None:
            raise ApiError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        payload = hashlib.sha256(body).hexdigest()
        encode = lambda text: quote(text, safe="~")
        query = sorted(parse_qsl(url.query, keep_blank_values=True))
        canonical = "\n".join(
            [
                method,
                url.path,
                "&".join(f"{encode(name)}={encode(value)}" for name, value in query),
                *(f"{name}:{headers.get(name, '').strip()}" for name in parts["SignedHeaders"].split(";")),
                "",
                parts["SignedHeaders"],
                payload,
            ]
        )
        text = f"{algorithm}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if payload != headers.get("x-acs-content-sha256") or not hmac.compare_digest(signature, parts["Signature"]):
            raise ApiError(400, "SignatureDoesNotMatch", "Specified signature does not match our calculation.")

    def cancel(self, parameters):
        circuit = self.circuits.get(parameters["PhysicalConnectionId"])
        if circuit is None:
            raise ApiError(404, "InvalidPhysicalConnectionId.NotFound", "The PhysicalConnectionId provided does not exist in our records.")
        if circuit["Status"] not in CANCELLED_FROM:
            raise ApiError(400, "Forbidden.NotAllowedInState", "The request does not allow in this state.")
        circuit["Status"] = "Canceled"
        return {}

    def describe(self, parameters):
        circuits = list(self.circuits.values())
        return {
            "PageNumber": 1,
            "PageSize": 10,
            "TotalCount": len(circuits),
            "PhysicalConnectionSet": {"PhysicalConnectionType": circuits},
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api = None
    calls = None

    def do_any(self):
        headers = {}
        for name, value in self.headers.items():
            headers[name.lower()] = value
        body = self.body()
        if self.calls:
            with open(self.calls, "a") as calls:
                record = {"method": self.command, "target": self.path, "headers": self.headers.items(), "body": body.decode("latin-1")}
                calls.write(json.dumps(record) + "\n")
        request_id = str(uuid.uuid4()).upper()
        try:
            status, answer = 200, self.api.answer(self.command, self.path, headers, body)
        except ApiError as error:
            status, answer = error.status, {
                "HostId": headers.get("host", ""),
                "Code": error.code,
                "Message": error.message,
                "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}&product=Vpc&requestId={request_id}",
            }
        text = json.dumps({"RequestId": request_id, **answer}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_any

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_):
        pass


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--port", type=int, default=9090)
    arguments.add_argument("--circuits", required=True, help="an answer of DescribePhysicalConnections")
    arguments.add_argument("--key", action="append", default=[], help="ID=SECRET")
    arguments.add_argument("--calls", help="append each call that arrives to this file, a line of JSON each")
    given = arguments.parse_args()
    with open(given.circuits) as file:
        circuits = json.load(file)["PhysicalConnectionSet"]["PhysicalConnectionType"]
    Handler.api = Api(circuits, dict(key.split("=", 1) for key in given.key))
    Handler.calls = given.calls
    ThreadingHTTPServer(("127.0.0.1", given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
