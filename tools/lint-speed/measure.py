#!/usr/bin/env python3
"""Compares how long `ramgate lint` and parliament, a linter of AWS policies in Python, take for policy files of equal size.

    cargo build --release -p ramgate-cli
    python3 -m venv /tmp/peer && /tmp/peer/bin/pip install parliament==1.6.4
    python3 tools/lint-speed/measure.py --parliament /tmp/peer/bin/parliament

What is compared is the processor's time for a file, over all files of a run, so that starting counts for little.
"""

import argparse
import json
import random
import resource
import subprocess
import tempfile
from pathlib import Path

# The same for both clouds, as far as both have it.
RAM = {
    "actions": ["ecs:StartInstance", "ecs:StopInstance", "ecs:RebootInstance", "ecs:DescribeInstances", "ecs:DescribeDisks"],
    "resource": "acs:ecs:*:1234567890123456:instance/i-{:012d}",
    "version": "1",
    "address": "acs:SourceIp",
}
AWS = {
    "actions": ["ec2:StartInstances", "ec2:StopInstances", "ec2:RebootInstances", "ec2:DescribeInstances", "ec2:DescribeVolumes"],
    "resource": "arn:aws:ec2:*:123456789012:instance/i-{:012d}",
    "version": "2012-10-17",
    "address": "aws:SourceIp",
}


def policy(cloud, seed):
    """A policy of two to six statements, of about a thousand bytes."""
    rng = random.Random(seed)
    statements = []
    for _ in range(rng.randint(2, 6)):
        statement = {
            "Effect": rng.choice(["Allow", "Allow", "Deny"]),
            "Action": rng.sample(cloud["actions"], rng.randint(1, 4)),
            "Resource": [cloud["resource"].format(rng.randrange(10**9)) for _ in range(rng.randint(1, 4))],
        }
        if rng.random() < 0.4:
            block = f"{rng.randint(11, 99)}.{rng.randrange(256)}.{rng.randrange(256)}.0/24"
            statement["Condition"] = {"IpAddress": {cloud["address"]: block}}
        statements.append(statement)
    return json.dumps({"Version": cloud["version"], "Statement": statements}, indent=2)


def write(directory, cloud, count):
    directory.mkdir()
    size = 0
    for seed in range(count):
        text = policy(cloud, seed)
        size += len(text)
        (directory / f"{seed:05}.json").write_text(text)
    return size / count


def seconds(command):
    """The processor's time of a command, in user and system mode."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command[0]} failed: {done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--parliament", default="parliament", help="its command")
    arguments.add_argument("--ramgate", default="target/release/ramgate", help="its command")
    arguments.add_argument("--files", type=int, default=10_000, help="policies for ramgate")
    arguments.add_argument("--peer-files", type=int, default=1_000, help="policies for parliament, which is slow")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        ours = write(place / "ram", RAM, options.files)
        theirs = write(place / "aws", AWS, options.peer_files)
        command = [options.ramgate, "lint", "--kind", "identity", "--fail-on", "never", "--format", "json", str(place / "ram")]
        ramgate = seconds(command) / options.files
        (place / "none").mkdir()
        (place / "none" / "one.json").write_text(policy(AWS, 0))
        # Its catalogue of AWS takes a second to read; that is left out for it, and counted for ramgate.
        start = seconds([options.parliament, "--directory", str(place / "none")])
        parliament = (seconds([options.parliament, "--directory", str(place / "aws")]) - start) / options.peer_files
    print(f"ramgate     {options.files:6} files of {ours:5.0f} bytes: {ramgate * 1e3:8.3f} ms of the processor a file, start included")
    print(f"parliament  {options.peer_files:6} files of {theirs:5.0f} bytes: {parliament * 1e3:8.3f} ms of the processor a file, start left out ({start:.1f} s)")
    print(f"ratio: ramgate takes 1/{parliament / ramgate:.0f}")


if __name__ == "__main__":
    main()
