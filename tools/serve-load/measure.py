#!/usr/bin/env python3
"""Puts the decision point under load and prints what it bears as a table; `run.sh` builds what this needs.

Server and client have a processor each. Every measurement is beside handlers that decide nothing (src/bin/constant.rs) and answer as
many bytes, one that reads nothing and one that reads JSON, round by round in turn, and what counts is their ratio. Whatever fails ends the run: an answer that is no 200, a broken
connection, memory that grows.
"""

import argparse
import json
import re
import resource
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

ACCOUNT = "1234567890123456"
SERVER_CPU, CLIENT_CPU = "0", "1"
REQUESTS = 512
BATCH = 100
# A page or two for every thread's allocator is no leak.
GROWTH_MAX_KIB = 2048


TOLD = []


def tell(line):
    print(line, flush=True)
    TOLD.append(line)


def write(path):
    """Puts what was told between the markers of a page."""
    begin, end = "<!-- serve-load:begin -->", "<!-- serve-load:end -->"
    before, rest = path.read_text().split(begin)
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    head = f"{cpu[1] if cpu else 'A machine'}; one processor for the server, one for the client.\n"
    path.write_text(before + "\n".join([begin, head, *TOLD, end]) + rest.split(end)[1])


def fail(message):
    sys.exit(f"FAILED: {message}")


# The servers ------------------------------------------------------------------------------------


class Server:
    """A process on the server's processor, until it is stopped."""

    def __init__(self, name, command, port, log, env=None):
        self.name, self.port = name, port
        self.log = open(log, "w+b")
        command = ["taskset", "-c", SERVER_CPU, *map(str, command)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=env)

    def wait(self, path, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                    return self
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    return self
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.05)
        self.log.seek(0)
        fail(f"{self.name} does not answer: {self.log.read().decode()[-2000:]}")

    def state(self):
        """For whoever wonders why it does not answer: whether it runs, and what it said last."""
        self.log.flush()
        said = Path(self.log.name).read_text(errors="replace")[-1000:]
        return f"exit status {self.process.poll()}, said: {said}"

    def cpu(self):
        """Seconds of the processor that it has had."""
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def settle(self, seconds=300):
        """Waits until it has done what it does after its start."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self.cpu()
            time.sleep(3)
            if self.cpu() - before < 0.1:
                return
        fail(f"{self.name} does not come to rest")

    def rss(self):
        """KiB of memory that it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def ask(port, path, body=None, headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


# The clients ------------------------------------------------------------------------------------


def lua(requests):
    """A script for wrk: every request in turn. A request is (method, path, headers, body)."""

    def quoted(text):
        return '"' + "".join(f"\\{byte:03d}" if byte < 32 or byte in b'"\\' or byte > 126 else chr(byte) for byte in text.encode()) + '"'

    lines = ["local r, n = {}, 0", "function init(args)"]
    for method, path, headers, body in requests:
        table = ", ".join(f"[{quoted(name)}] = {quoted(value)}" for name, value in headers.items())
        body = quoted(body) if body is not None else "nil"
        lines.append(f"  r[#r + 1] = wrk.format({quoted(method)}, {quoted(path)}, {{ {table} }}, {body})")
    lines += ["end", "function request()", "  n = n % #r + 1", "  return r[n]", "end"]
    return "\n".join(lines) + "\n"


class Result:
    def __init__(self, requests, seconds, p50, p99, cpu):
        self.requests, self.rate, self.p50, self.p99 = requests, max(requests, 1) / seconds, p50, p99
        # Microseconds of the server's processor for a request.
        self.cpu = cpu / max(requests, 1) * 1e6


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}[unit]


def wrk(server, script, seconds, connections):
    before = server.cpu()
    command = ["taskset", "-c", CLIENT_CPU, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    command += ["-s", str(script), f"http://127.0.0.1:{server.port}/"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu = server.cpu() - before
    if "Non-2xx" in said or "Socket errors" in said:
        fail(f"{server.name}: {said}\n{server.state()}")
    requests, unit = re.search(r"(\d+) requests in ([\d.]+\w+)", said).groups()
    p50, p99 = (milliseconds(re.search(rf"\s{share}%\s+(\S+)", said)[1]) for share in (50, 99))
    return Result(int(requests), milliseconds(unit) / 1e3, p50, p99, cpu)


def h2load(server, data, path, seconds, connections):
    log = data.with_suffix(".log")
    command = ["taskset", "-c", CLIENT_CPU, "h2load", "-t1", f"-c{connections}", "-m4", f"-D{seconds}", f"--log-file={log}", "-d", str(data)]
    command += ["-H", "content-type: application/grpc", "-H", "te: trailers", f"http://127.0.0.1:{server.port}{path}"]
    log.unlink(missing_ok=True)
    before = server.cpu()
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu = server.cpu() - before
    statuses = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", said)
    failed = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", said)
    if not statuses or any(int(count) for count in failed.groups()):
        fail(f"{server.name}: {said}")
    times = sorted(int(line.split("\t")[2]) / 1e3 for line in log.open())
    requests = int(statuses[1])
    return Result(requests, float(seconds), times[len(times) // 2], times[len(times) * 99 // 100], cpu)


# What is asked ----------------------------------------------------------------------------------


def message(fields):
    """A message of protocol buffers: (number, text or message) in turn, each behind its length."""
    out = b""
    for number, value in fields:
        value = value if isinstance(value, bytes) else value.encode()
        length, size = b"", len(value)
        while size >= 128:
            length, size = length + bytes([size & 127 | 128]), size >> 7
        out += bytes([number << 3 | 2]) + length + bytes([size]) + value
    return out


def grpc(method, path, headers):
    """A question of Envoy's ext_authz."""
    pairs = [(3, message([(1, name), (2, value)])) for name, value in headers.items()]
    http = message([(1, "1"), (2, method), *pairs, (4, path), (5, "app.example.com"), (6, "https"), (10, "HTTP/1.1")])
    asked = message([(1, message([(4, message([(2, http)]))]))])
    return b"\0" + struct.pack(">I", len(asked)) + asked


ROUTES = f"""
[forward_auth]
dialect = "DIALECT"
source_ip = "x-real-ip"
principal_header = "x-user"

[[forward_auth.routes]]
methods = ["DELETE"]
path = "/circuits/{{region}}/{{id}}"
action = "vpc:CancelPhysicalConnection"
resource = "acs:vpc:{{region}}:{ACCOUNT}:physicalconnection/{{id}}"
"""


class Work:
    """A folder with the account, what is asked, and what is answered."""

    def __init__(self, folder, binaries):
        self.folder, self.binaries = folder, binaries
        subprocess.run([binaries / "workload", folder], check=True)
        # Whatever else is written must not look like a change of the policies.
        (folder / "account").mkdir()
        shutil.copy(folder / "snapshot.json", folder / "account/snapshot.json")
        self.servers = []
        self.requests = [json.loads(line) for line in (folder / "requests.jsonl").open()]
        for dialect in ("nginx", "envoy-grpc"):
            (folder / f"{dialect}.toml").write_text(ROUTES.replace("DIALECT", dialect))
        self.ports = iter(range(18300, 18400))

    def point(self, dialect="nginx", *arguments):
        port = next(self.ports)
        command = [self.binaries / "ramgate", "serve", "--config", f"{dialect}.toml", "--account", self.folder / "account/snapshot.json"]
        command = [*command, "--listen", f"127.0.0.1:{port}", *arguments]
        command[3] = self.folder / command[3]
        return self.start("ramgate", command, port, self.folder / f"point-{port}.log").wait("/readyz")

    def constant(self, path, answer, *more):
        port = next(self.ports)
        file = self.folder / f"answer-{port}"
        file.write_bytes(answer)
        command = [self.binaries / "constant", port, path, file, *more]
        return self.start("constant", command, port, self.folder / f"constant-{port}.log").wait(path)

    def stop(self):
        """However it ends, nothing is left running."""
        for server in self.servers:
            server.stop()

    def start(self, *arguments):
        self.servers.append(Server(*arguments))
        return self.servers[-1]

    def script(self, name, requests):
        path = self.folder / f"{name}.lua"
        path.write_text(lua(requests))
        return path

    def answers(self, point, requests):
        """What it answers to each, as (status, body)."""
        found = []
        for method, path, headers, body in requests:
            url = f"http://127.0.0.1:{point.port}{path}"
            request = urllib.request.Request(url, method=method, headers=headers, data=body and body.encode())
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    found.append((response.status, response.read()))
            except urllib.error.HTTPError as error:
                found.append((error.code, error.read()))
        return found


def check(request, path="/v1/check"):
    return ("POST", path, {"content-type": "application/json"}, json.dumps(request))


def authzen(request):
    asked = {
        "subject": {"type": "user", "id": request["principal"]},
        "action": {"name": request["action"]},
        "resource": {"type": "ram", "id": request["resource"]},
        "context": request["context"],
    }
    return ("POST", "/access/v1/evaluation", {"content-type": "application/json"}, json.dumps(asked))


def forward(request):
    region, circuit = request["resource"].split(":")[2], request["resource"].split("/")[-1]
    headers = {"x-original-method": "DELETE", "x-original-uri": f"/circuits/{region}/{circuit}", "x-real-ip": request["context"]["acs:SourceIp"]}
    return ("GET", "/v1/forward-auth", {**headers, "x-user": request["principal"], "x-forwarded-proto": "https"}, None)


def sets_of(work, point, wanted=None):
    """The requests of every interface by its name, or of some."""
    sets = {name: make() for name, make in makers(work, point).items() if not wanted or name in wanted}
    return sets


def makers(work, point):
    def first(requests):
        return requests[:REQUESTS]

    def permitted():
        asked = [check(request) for request in work.requests[: 4 * REQUESTS]]
        return first([ask for ask, (_, text) in zip(asked, work.answers(point, asked)) if json.loads(text)["allowed"]])

    def batches():
        groups = [work.requests[start : start + BATCH] for start in range(0, 20 * BATCH, BATCH)]
        return [("POST", "/v1/check/batch", {"content-type": "application/json"}, json.dumps(group)) for group in groups]

    def let_through():
        is_circuit = lambda request: request["action"] == "vpc:CancelPhysicalConnection" and "/pc-" in request["resource"]
        asked = [forward(request) for request in work.requests if is_circuit(request)]
        return first([ask for ask, (status, _) in zip(asked, work.answers(point, asked)) if status == 200])

    return {
        "check": lambda: [check(request) for request in first(work.requests)],
        "check, permitted": permitted,
        "check, the decision only": lambda: [check(request, "/v1/check?brief=true") for request in first(work.requests)],
        f"batch of {BATCH}": batches,
        "AuthZEN evaluation": lambda: [authzen(request) for request in first(work.requests)],
        "forward-auth": let_through,
    }


# Throughput -------------------------------------------------------------------------------------


def in_turn(runs, rounds):
    """Runs everything round by round: a list of results for each."""
    results = {name: [] for name in runs}
    for run in runs.values():
        run(2)
    for _ in range(rounds):
        for name, run in runs.items():
            results[name].append(run(None))
    return results


def median(results, what):
    return statistics.median(getattr(result, what) for result in results)


def row(name, mine, constant, reader=None):
    cells = [f"{median(mine, 'rate'):,.0f}", f"{median(mine, 'p50'):.2f}", f"{median(mine, 'p99'):.2f}", f"{median(mine, 'cpu'):.1f}"]
    for beside in (constant, reader):
        if beside is None:
            cells += ["", "", ""]
            continue
        ratio = statistics.median(a.rate / b.rate for a, b in zip(mine, beside))
        cells += [f"{median(beside, 'rate'):,.0f}", f"{median(beside, 'cpu'):.1f}", f"**{ratio:.0%}**"]
    return f"| {name} | " + " | ".join(cells) + " |"


HEAD = """| interface | requests/s | p50 ms | p99 ms | processor µs | nothing read, requests/s | processor µs | throughput | nothing decided, requests/s | processor µs | throughput |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def throughput(work, options):
    point = work.point()
    for name, make in makers(work, point).items():
        if options.only and not name.startswith(options.only):
            continue
        requests = make()
        answers = work.answers(point, requests)
        length = round(statistics.mean(len(text) for _, text in answers))
        script = work.script(re.sub(r"\W", "-", name), requests)
        path, has_body = requests[0][1].split("?")[0], requests[0][3] is not None
        servers = {"point": point, "constant": work.constant(path, b" " * length)}
        if has_body:
            servers["reader"] = work.constant(path, b" " * length, "json")
        run = lambda server: lambda seconds: wrk(server, script, seconds or options.seconds, options.connections)
        results = in_turn({kind: run(server) for kind, server in servers.items()}, options.rounds)
        for kind in results:
            if kind != "point":
                servers[kind].stop()
        tell(row(f"{name}, {length} bytes", results["point"], results["constant"], results.get("reader")))
    point.stop()


def over_grpc(work, options):
    """ext_authz, beside a handler over HTTP/2 that answers the same message always."""
    name = "ext_authz over gRPC"
    if options.only and not name.startswith(options.only):
        return
    nginx = work.point()
    asked = sets_of(work, nginx, ["forward-auth"])["forward-auth"][0]
    nginx.stop()
    headers = {name: asked[2][name] for name in ("x-user", "x-real-ip", "x-forwarded-proto")}
    data = work.folder / "grpc.bin"
    data.write_bytes(grpc("DELETE", asked[2]["x-original-uri"], headers))
    point = work.point("envoy-grpc")
    path = "/envoy.service.auth.v3.Authorization/Check"
    answer = work.folder / "grpc.answer"
    command = ["curl", "-s", "--http2-prior-knowledge", "-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", f"@{data}"]
    subprocess.run([*command, "-o", answer, f"http://127.0.0.1:{point.port}{path}"], check=True)
    if b"permitted" not in answer.read_bytes():
        fail(f"the gateway's request is not let through: {answer.read_bytes()}")
    constant = work.constant(path, answer.read_bytes(), "grpc")
    run = lambda server: lambda seconds: h2load(server, data, path, seconds or options.seconds, options.connections // 4)
    results = in_turn({"point": run(point), "constant": run(constant)}, options.rounds)
    point.stop()
    constant.stop()
    tell(row(f"{name}, {answer.stat().st_size} bytes", results["point"], results["constant"]))


# Beside another decision point ------------------------------------------------------------------

CERBOS = """server: {{ httpListenAddr: "127.0.0.1:{port}", grpcListenAddr: "127.0.0.1:{grpc_port}" }}
telemetry: {{ disabled: true }}
audit: {{ enabled: false }}
compile: {{ cacheSize: 20000 }}
storage: {{ driver: disk, disk: {{ directory: "{policies}", watchForChanges: false }} }}
"""


def beside_cerbos(work, options, count):
    """Policies of five rules in Cerbos' own language: a kind of resource each, of which one action is asked."""
    folder = work.folder / f"cerbos-{count}"
    policies = folder / "policies"
    policies.mkdir(parents=True)
    for number in range(count):
        rules = [
            {"actions": [f"{verb}"], "effect": "EFFECT_ALLOW", "roles": ["user"],
             "condition": {"match": {"expr": f'request.resource.attr.region == "cn-{number % 40}" && request.principal.attr.team == "team-{number % 50}"'}}}
            for verb in ("create", "delete", "modify", "describe", "cancel")
        ]
        policy = {"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": {"version": "default", "resource": f"kind{number}", "rules": rules}}
        (policies / f"policy-{number}.json").write_text(json.dumps(policy))
    port, grpc_port = next(work.ports), next(work.ports)
    config = folder / "config.yaml"
    config.write_text(CERBOS.format(port=port, grpc_port=grpc_port, policies=policies))
    command = [options.cerbos, "server", "--config", config, "--log-level", "error"]
    cerbos = work.start("cerbos", command, port, folder / "log").wait("/_cerbos/health", 300)
    requests = []
    for number in range(0, count, max(count // REQUESTS, 1)):
        body = {
            "principal": {"id": f"user-{number}", "roles": ["user"], "attr": {"team": f"team-{number % 50}"}},
            "resources": [{"resource": {"kind": f"kind{number}", "id": "pc-1", "attr": {"region": f"cn-{number % 40}"}}, "actions": ["cancel"]}],
        }
        requests.append(("POST", "/api/check/resources", {"content-type": "application/json"}, json.dumps(body)))
    cerbos.settle()
    for status, text in work.answers(cerbos, requests):
        if status != 200 or json.loads(text)["results"][0]["actions"]["cancel"] != "EFFECT_ALLOW":
            fail(f"cerbos: {status} {text}")
    point = work.point()
    allowed = sets_of(work, point, ["check, permitted"])["check, permitted"]
    scripts = work.script("cerbos", requests), work.script("beside-cerbos", allowed)
    run = lambda server, script: lambda seconds: wrk(server, script, seconds or options.seconds, options.connections)
    results = in_turn({"cerbos": run(cerbos, scripts[0]), "point": run(point, scripts[1])}, options.rounds)
    cerbos.stop()
    point.stop()
    faster = statistics.median(a.rate / b.rate for a, b in zip(results["point"], results["cerbos"]))
    mine, theirs = results["point"], results["cerbos"]
    tell(
        f"- Cerbos with {count:,} policies: {median(theirs, 'rate'):,.0f} requests/s, p50 {median(theirs, 'p50'):.2f} ms, p99 {median(theirs, 'p99'):.2f} ms, "
        f"{median(theirs, 'cpu'):.1f} µs of the processor; ramgate with 10,000 in the same run {median(mine, 'rate'):,.0f} requests/s, p50 {median(mine, 'p50'):.2f} ms, "
        f"p99 {median(mine, 'p99'):.2f} ms, {median(mine, 'cpu'):.1f} µs: **{faster:.1f} times the throughput**."
    )


# What must not happen under load ----------------------------------------------------------------


def memory(work, options):
    """The memory after a hundred thousand requests, and after a million."""
    for name, arguments in (("", []), (" with a decision log", ["--decision-log", work.folder / "decisions.log"])):
        point = work.point("nginx", *arguments)
        script = work.script("memory", sets_of(work, point, ["check"])["check"])
        asked, sizes = 0, []
        for goal in (100_000, options.memory_requests):
            while asked < goal:
                asked += wrk(point, script, options.seconds, options.connections).requests
            sizes.append((asked, point.rss()))
        written = ""
        if arguments:
            lost = re.search(r"log_dropped_total (\d+)", ask(point.port, "/metrics")[1].decode())
            written = f", {int(lost[1]):,} lines of the log dropped" if lost else ""
        point.stop()
        (early, before), (late, after) = sizes
        tell(f"- Memory{name}: {before:,} KiB after {early:,} requests, {after:,} KiB after {late:,}{written}.")
        if after > before + GROWTH_MAX_KIB:
            fail("the memory grows")


def reloads(work, options):
    """Ten changes under full load, three of them broken: no request fails."""
    point = work.point()
    script = work.script("reloads", sets_of(work, point, ["check"])["check"])
    texts = [(work.folder / name).read_text() for name in ("snapshot.json", "other.json")]

    def counts():
        text = ask(point.port, "/metrics")[1].decode()
        return {result: int(count) for result, count in re.findall(r'reloads_total\{result="(\w+)"\} (\d+)', text)}

    over, answered = threading.Event(), []

    def put_under_load():
        while not over.is_set():
            answered.append(wrk(point, script, options.seconds, options.connections).requests)

    load = threading.Thread(target=put_under_load)
    load.start()
    time.sleep(1)
    for number in range(10):
        is_broken = number % 3 == 2
        if not is_broken:
            texts.reverse()
        before = sum(counts().values())
        fresh = work.folder / "account/fresh"
        fresh.write_text(texts[0][: len(texts[0]) // 2] if is_broken else texts[0])
        fresh.rename(work.folder / "account/snapshot.json")
        while sum(counts().values()) == before:
            if not load.is_alive():
                fail("requests failed while policies changed")
            time.sleep(0.1)
    failed = not load.is_alive()
    over.set()
    load.join()
    if failed:
        fail("requests failed while policies changed")
    counted = counts()
    point.stop()
    shutil.copy(work.folder / "snapshot.json", work.folder / "account/snapshot.json")
    tell(f"- Ten changes of the 10,000 policies under load ({counted['loaded']} loaded, {counted['failed']} broken): "
          f"{sum(answered):,} requests, none failed.")


def hanging(work, options):
    """A thousand silent connections, and one client that sends a byte a second."""
    point = work.point("nginx", "--max-connections", "2048", "--request-timeout", "1h")
    script = work.script("hanging", sets_of(work, point, ["check, permitted"])["check, permitted"])
    run = lambda: wrk(point, script, options.seconds, options.connections)
    run()
    ratios = []
    for _ in range(options.rounds):
        alone = run()
        address = ("127.0.0.1", point.port)
        held = [socket.create_connection(address) for _ in range(1000)]
        slow, over = socket.create_connection(address), threading.Event()
        slow.sendall(b"POST /v1/check HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n")

        def drip():
            while not over.wait(1):
                slow.sendall(b" ")

        dripping = threading.Thread(target=drip)
        dripping.start()
        beside = run()
        over.set()
        dripping.join()
        for connection in [*held, slow]:
            connection.close()
        ratios.append(beside.rate / alone.rate)
    point.stop()
    tell(f"- Beside 1,000 silent connections and a client that sends a byte a second: {statistics.median(ratios):.0%} of the throughput "
          "without them.")


PARTS = ["throughput", "cerbos", "memory", "reloads", "hanging"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, required=True, help="the folder of ramgate, constant and workload")
    parser.add_argument("--cerbos", type=Path, help="the program of another decision point; left out without it")
    parser.add_argument("--seconds", type=int, default=5, help="how long a round lasts")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--memory-requests", type=int, default=1_000_000)
    parser.add_argument("--only", help="an interface of the throughput, or how its name begins")
    parser.add_argument("--write", type=Path, help="a page with the markers between which the figures stand")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    # A thousand connections need as many descriptors, here and there.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder), options.binaries.resolve())
        try:
            if "throughput" in options.parts:
                tell(HEAD)
                throughput(work, options)
                over_grpc(work, options)
                tell("")
            if "cerbos" in options.parts and options.cerbos:
                for count in (100, 10_000):
                    beside_cerbos(work, options, count)
            for part in (memory, reloads, hanging):
                if part.__name__ in options.parts:
                    part(work, options)
        finally:
            work.stop()
    if options.write:
        write(options.write)


if __name__ == "__main__":
    main()
