"""Asks cvc5 (and z3) the questions that `cargo bench --bench analysis -- questions` writes, and compares answers and times.

    python3 -m venv /tmp/oracle && /tmp/oracle/bin/pip install -r tools/oracle/requirements.txt
    cargo bench --bench analysis -- questions > /tmp/generated.jsonl
    cargo bench --bench analysis -- questions FOLDER > /tmp/real.jsonl
    /tmp/oracle/bin/python tools/oracle/compare.py /tmp/generated.jsonl /tmp/real.jsonl [--z3 100] [--seconds 20] [--every 1]

The policies are read here from their JSON and written as SMT-LIB (strings, reals, integers) after SEMANTICS.md, without any of ramgate's
code: identity policies alone, of a caller in the resource's own account, one value for each key. What is not written here is skipped and
counted: qualifiers, octets with `*`, `Action` and `Resource` as keys, keys compared in several families.
"""

import argparse
import collections
import datetime
import ipaddress
import json
import multiprocessing
import statistics
import time
from fractions import Fraction


class Skip(Exception):
    pass


def listed(value):
    return value if isinstance(value, list) else [value]


def text(s):
    """An SMT-LIB string literal."""
    out = "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else "\\u{%x}" % ord(c) for c in s)
    return f'"{out}"'


ANY = "re.allchar"
# Any character but `:`; ranges are kinder to solvers than a difference.
IN_FIELD = '(re.union (re.range "\\u{0}" "9") (re.range ";" "\\u{2ffff}"))'


def joined(operator, parts, empty):
    parts = list(parts)
    return empty if not parts else parts[0] if len(parts) == 1 else f"({operator} {' '.join(parts)})"


def concat(parts):
    return joined("re.++", parts, '(str.to_re "")')


def any_of(parts):
    return joined("or", parts, "false")


def all_of(parts):
    return joined("and", parts, "true")


def literal(c, fold):
    if fold and c.lower() != c.upper() and c.isascii():
        return f"(re.union (str.to_re {text(c.lower())}) (str.to_re {text(c.upper())}))"
    return f"(str.to_re {text(c)})"


def glob(pattern, one=ANY, fold=False):
    """W1. Literal runs stay together: a pattern is easier to read so, for people and solvers."""
    parts, run = [], ""
    for c in pattern:
        if c in "*?" or fold:
            if run:
                parts.append(f"(str.to_re {text(run)})")
                run = ""
            parts.append(f"(re.* {one})" if c == "*" else one if c == "?" else literal(c, fold))
        else:
            run += c
    if run:
        parts.append(f"(str.to_re {text(run)})")
    return concat(parts)


def within(value, regex):
    return f"(str.in_re {value} {regex})"


def action(patterns):
    """W4: both in lower case; the variable is in lower case."""
    return any_of("true" if p == "*" else within("action", glob(p.lower())) for p in patterns)


def fields(pattern):
    parts = pattern.split(":", 4)
    return parts if len(parts) == 5 else None


def resource_sure(pattern):
    """W7, W9, A4: every field by itself; `*` alone everything."""
    if pattern == "*":
        return "true"
    parts = fields(pattern)
    if parts is None or parts[0] != "acs":
        return "false"
    _, service, region, account, relative = parts
    colon = '(str.to_re ":")'
    regex = ['(str.to_re "acs:")', glob(service, IN_FIELD), colon, glob(region, IN_FIELD), colon, glob(account, IN_FIELD), colon, glob(relative)]
    return f"(and (not none) {within('resource', concat(regex))})"


def resource_possible(pattern):
    """The same read generously: empty fields (A3), letter case of the service (G18), the text as a whole (W7, A4); W9 without a resource."""
    if pattern == "*":
        return "true"
    ways = []
    parts = fields(pattern)
    if parts is not None and parts[0] == "acs":
        _, service, region, account, relative = parts
        place = lambda field: f"(re.* {IN_FIELD})" if field == "" else glob(field, IN_FIELD)
        colon = '(str.to_re ":")'
        regex = ['(str.to_re "acs:")', glob(service, IN_FIELD, fold=True), colon, place(region), colon, place(account), colon, glob(relative)]
        ways.append(f"(and (not none) {within('resource', concat(regex))})")
    elif parts is not None and any(c in "*?" for c in parts[0]):
        raise Skip("a wildcard in an ARN's first field")
    head = pattern.split(":")
    # Without a wildcard in them the first two fields of the text are those of the pattern.
    if len(head) > 2 and not any(c in "*?" for c in head[0] + head[1]):
        start = ":".join(head[:2]) + ":"
        whole = concat([glob(start, fold=True), glob(pattern[len(start):])])
    else:
        whole = glob(pattern)
    ways.append(f"(and (not none) {within('resource', whole)})")
    if pattern.replace("*", "") == "" or (parts is not None and parts[0] == "acs" and all(p == "*" for p in parts[1:])):
        ways.append("none")
    return any_of(ways)


FILLED = {"acs:sourcevpc": "oss:*", "oss:prefix": "oss:list*", "oss:delimiter": "oss:list*"}


def family(operator):
    for name in ("String", "Numeric", "Date"):
        if operator.startswith(name):
            return name
    if operator == "Bool":
        return "Bool"
    if "IpAddress" in operator:
        return "Ip"
    raise Skip(f"operator {operator}")


def instant(value):
    """Seconds, exactly."""
    if "." in value:
        whole, rest = value.split(".", 1)
        digits = rest.rstrip("Zz").split("+")[0].split("-")[0]
        zone = rest[len(digits):]
        value, part = whole + zone, Fraction(int(digits or 0), 10 ** len(digits))
    else:
        part = Fraction(0)
    moment = datetime.datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
    return Fraction(int(moment.timestamp())) + part


def real(value):
    value = Fraction(value)
    size = f"(/ {abs(value.numerator)}.0 {value.denominator}.0)"
    return f"(- {size})" if value < 0 else size


class Question:
    def __init__(self):
        self.keys = {}

    def key(self, name, kind):
        canonical = name.lower() if "/" not in name else name.split("/", 1)[0].lower() + "/" + name.split("/", 1)[1]
        if name in ("Action", "Resource"):
            raise Skip("the key Action or Resource")
        known = self.keys.setdefault(canonical, (len(self.keys), kind))
        if known[1] != kind:
            raise Skip("a key of two families")
        return canonical, known[0]

    def condition(self, operator, name, values, sure):
        if ":" in operator:
            raise Skip("a qualifier")
        kind = family(operator)
        canonical, n = self.key(name, kind)
        values = [str(v) for v in listed(values)]
        negated = "Not" in operator
        value, absent, unreadable = f"v{n}", f"absent{n}", f"unreadable{n}"
        fill = FILLED.get(canonical)
        if fill:
            if kind != "String":
                raise Skip("a filled key that is no text")
            # O21
            filled = f"(and {absent} {action([fill])})"
            value, absent = f"(ite {filled} \"\" {value})", f"(and {absent} (not {action([fill])}))"
        if kind == "String":
            if "IgnoreCase" in operator:
                if not all(v.isascii() for v in values) or any(c in "kKsS" for v in values for c in v):
                    raise Skip("letters that fold beyond ASCII")
                one = lambda v: within(value, glob_literal(v))
            elif "Like" in operator:
                one = lambda v: within(value, glob(v))
            else:
                one = lambda v: f"(= {value} {text(v)})"
        elif kind in ("Numeric", "Date"):
            sign = {"Equals": "=", "LessThan": "<", "LessThanEquals": "<=", "GreaterThan": ">", "GreaterThanEquals": ">="}
            compare = sign[operator.removeprefix(kind).replace("Not", "")]
            read = instant if kind == "Date" else Fraction
            one = lambda v: f"({compare} {value} {real(read(v))})"
        elif kind == "Bool":
            one = lambda v: value if v.lower() == "true" else f"(not {value})"
        else:
            def one(v):
                if "*" in v:
                    raise Skip("octets with *")
                block = ipaddress.ip_network(v, strict=False)
                low, high = int(block.network_address), int(block.broadcast_address)
                six = "" if block.version == 6 else "not "
                is_six = f"six{n}" if six == "" else f"(not six{n})"
                return f"(and {is_six} (<= {low} {value}) (<= {value} {high}))"
        fits = any_of(one(v) for v in values)
        holds = f"(not {fits})" if negated else fits
        if kind != "String":
            # O7, O9, O11: an unreadable value cannot be told.
            holds = f"(and (not {unreadable}) {holds})" if sure else f"(or {unreadable} {holds})"
        # O19, O20
        if negated and not sure:
            return f"(or {absent} {holds})"
        return f"(and (not {absent}) {holds})"

    def statement(self, statement):
        sure = statement["Effect"] == "Allow"
        for element in statement:
            if element not in ("Sid", "Effect", "Action", "NotAction", "Resource", "Condition"):
                raise Skip(f"the element {element}")
        parts = []
        if "Action" in statement:
            parts.append(action(listed(statement["Action"])))
        else:
            parts.append(f"(not {action(listed(statement['NotAction']))})")
        of = resource_sure if sure else resource_possible
        parts.append(any_of(of(p) for p in listed(statement["Resource"])))
        for operator, keys in statement.get("Condition", {}).items():
            for name, values in keys.items():
                parts.append(self.condition(operator, name, values, sure))
        return all_of(parts)

    def allows(self, statements):
        matched = {"Allow": [], "Deny": []}
        for statement in statements:
            matched[statement["Effect"]].append(self.statement(statement))
        by_policy = f"(and {any_of(matched['Allow'])} (not {any_of(matched['Deny'])}))"
        # E10: assuming a role takes a trust policy as well, and there is none. E23.
        assumes = action(["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithOIDC"])
        return f"(or {action(['sts:GetCallerIdentity'])} (and (not {assumes}) {by_policy}))"

    def declarations(self):
        # Neither `*` nor `?` nor capital letters, and in the service's code no `:` either.
        ends = '(re.range "\\u{0}" ")") (re.range "+" "9")', '(re.range ";" ">") (re.range "@" "@") (re.range "[" "\\u{2ffff}")'
        code = f"(re.union {ends[0]} {ends[1]})"
        not_meta = f'(re.union {ends[0]} (str.to_re ":") {ends[1]})'
        field = f"(re.* {IN_FIELD})"
        arn = concat(['(str.to_re "acs:")', f"(re.+ {IN_FIELD})", '(str.to_re ":")', field, '(str.to_re ":")', field, '(str.to_re ":")', f"(re.+ {ANY})"])
        name = concat([f"(re.+ {code})", '(str.to_re ":")', f"(re.+ {not_meta})"])
        lines = [
            "(declare-const action String)",
            "(declare-const resource String)",
            "(declare-const none Bool)",
            f"(assert {within('action', name)})",
            f"(assert (or none {within('resource', arn)}))",
        ]
        sorts = {"String": "String", "Numeric": "Real", "Date": "Real", "Bool": "Bool", "Ip": "Int"}
        for n, kind in self.keys.values():
            lines += [f"(declare-const v{n} {sorts[kind]})", f"(declare-const absent{n} Bool)"]
            if kind != "String":
                lines.append(f"(declare-const unreadable{n} Bool)")
            if kind == "Ip":
                lines.append(f"(declare-const six{n} Bool)")
                lines.append(f"(assert (and (<= 0 v{n}) (<= v{n} (ite six{n} {2**128 - 1} {2**32 - 1}))))")
                # O13: an IPv4-mapped address is an IPv4 address.
                mapped = 0xFFFF << 32
                lines.append(f"(assert (not (and six{n} (<= {mapped} v{n}) (<= v{n} {mapped + 2**32 - 1}))))")
        return lines


def glob_literal(value):
    return concat(literal(c, True) for c in value)


def query(more, less, witness=None):
    question = Question()
    claim = []
    if witness:
        # Only this action on this resource: what is left to find are the keys.
        resource = witness["resource"]
        claim = [f"(assert (= action {text(witness['action'].lower())}))"]
        claim.append("(assert none)" if resource == "*" else f"(assert (and (not none) (= resource {text(resource)})))")
    claim += [f"(assert {question.allows(more)})", f"(assert (not {question.allows(less)}))"]
    return "\n".join(["(set-logic ALL)"] + question.declarations() + claim + ["(check-sat)"])


def ask_cvc5(smt, seconds):
    import cvc5

    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    solver.setOption("strings-exp", "true")
    solver.setOption("tlimit-per", str(int(seconds * 1000)))
    start = time.process_time()
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, smt, "question")
    symbols = parser.getSymbolManager()
    answer = ""
    while True:
        command = parser.nextCommand()
        if command.isNull():
            break
        answer += str(command.invoke(solver, symbols))
    return answer.strip(), time.process_time() - start


def ask_z3(smt, seconds):
    import z3

    start = time.process_time()
    solver = z3.Solver()
    solver.set("timeout", int(seconds * 1000))
    solver.from_string(smt)
    return str(solver.check()), time.process_time() - start


def one(job):
    number, line, ask, seconds = job
    question = json.loads(line)
    result = {"number": number, "class": question["class"], "ms": question["ms"], "solver_ms": 0.0, "by_witness": 0, "answers": []}
    for side, more, less in (("gained", "new", "old"), ("lost", "old", "new")):
        try:
            smt = query(question[more], question[less])
        except Skip as why:
            return {**result, "skip": str(why)}
        answer, took = (ask_z3 if ask == "z3" else ask_cvc5)(smt, seconds)
        result["solver_ms"] += took * 1e3
        witness = question["witness" if side == "gained" else "lost_witness"]
        if ask == "cvc5" and question[side] and witness and answer not in ("sat", "unsat"):
            # Left open: then at least whether our request is one.
            answer, _ = ask_cvc5(query(question[more], question[less], witness), seconds)
            result["by_witness"] += 1
        result["answers"].append((side, {"sat": True, "unsat": False}.get(answer), question[side]))
    return result


def table(results, name):
    print(f"\n| {name}, class | questions | skipped | directions compared | of them by our request only | {name} undecided | ours unknown | disagree | ours, median | {name}, median | ratio, median | ratio, least |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    classes = collections.defaultdict(list)
    for result in results:
        label = result["class"]
        classes[label].append(result)
        classes["all"].append(result)
    for label, rows in sorted(classes.items(), key=lambda item: (item[0] == "all", item[0])):
        asked = [row for row in rows if "skip" not in row]
        answers = [answer for row in asked for answer in row["answers"]]
        undecided = sum(theirs is None for _, theirs, _ in answers)
        unknown = sum(ours is None for _, _, ours in answers)
        compared = sum(theirs is not None and ours is not None for _, theirs, ours in answers)
        disagree = sum(theirs is not None and ours is not None and theirs != ours for _, theirs, ours in answers)
        ratios = [row["solver_ms"] / row["ms"] for row in asked] or [0]
        median = lambda key: statistics.median([row[key] for row in asked] or [0])
        print(
            f"| {label} | {len(asked)} | {len(rows) - len(asked)} | {compared} | {sum(row['by_witness'] for row in asked)} | {undecided} | {unknown} | {disagree} "
            f"| {median('ms'):.2f} ms | {median('solver_ms'):.1f} ms | {statistics.median(ratios):.0f} | {min(ratios):.1f} |"
        )
    skips = collections.Counter(row["skip"] for row in results if "skip" in row)
    if skips:
        print(f"\nSkipped: {dict(skips)}")
    for row in results:
        for side, theirs, ours in row["answers"]:
            if theirs is not None and ours is not None and theirs != ours:
                print(f"DISAGREE line {row['number']} ({row['class']}): {side}: {name} {theirs}, ours {ours}")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("files", nargs="+")
    options.add_argument("--z3", type=int, default=0, help="so many of the questions are put to z3 too")
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--every", type=int, default=1, help="only every so many-th question")
    options.add_argument("--jobs", type=int, default=1)
    options = options.parse_args()
    lines = [line for file in options.files for line in open(file, encoding="utf-8")]
    picked = list(enumerate(lines))[:: options.every]
    with multiprocessing.Pool(options.jobs, maxtasksperchild=50) as pool:
        results = pool.map(one, [(n, line, "cvc5", options.seconds) for n, line in picked], chunksize=4)
        table(results, "cvc5")
        if options.z3:
            step = max(1, len(picked) // options.z3)
            jobs = [(n, line, "z3", options.seconds) for n, line in picked[::step]]
            table(pool.map(one, jobs, chunksize=2), "z3")


if __name__ == "__main__":
    main()
