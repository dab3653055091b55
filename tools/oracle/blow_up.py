"""Puts the questions of `cargo bench --bench analysis -- blow-up` to cvc5: `*a`, k times `?`, `b`.

    /tmp/oracle/bin/python tools/oracle/blow_up.py [SECONDS]
"""

import sys

from compare import ask_cvc5, glob, within


def question(claims):
    lines = ["(set-logic ALL)", "(declare-const x String)"] + [f"(assert {claim})" for claim in claims]
    return "\n".join(lines + ["(check-sat)"])


def is_in(pattern):
    return within("x", glob(pattern))


def is_out(pattern):
    return f"(not {is_in(pattern)})"


def families(k):
    def long(count, end):
        return "*a" + "?" * count + end

    p, q, rest = long(k, "b"), long(k + 1, "b"), "?" * (k - 1) + "b"
    neither = f"(and {is_out(p)} {is_out(q)})"
    return {
        "p, q, and neither of them: everything": [is_out(p), is_out(q), f"(not {neither})"],
        "p covers q": [is_in(q), is_out(p)],
        "p and q have a text in common": [is_in(p), is_in(q)],
        "p is covered by its halves (behind `a`: `b`, or not)": [is_in(p), is_out("*ab" + rest), is_out("*a?" + rest)],
        "every text of a…z behind `a` at the end: p? without p*": [is_in(long(k, "*"))]
        + [is_out(one) for one in (long(k, ""), long(k + 1, ""), long(k + 2, "*"))],
    }


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("| `*a`, k × `?`, `b` | k | cvc5 | time |")
    print("| --- | ---: | --- | ---: |")
    for k in (4, 6, 8, 10, 12, 14, 20, 40):
        for name, claims in families(k).items():
            answer, took = ask_cvc5(question(claims), seconds)
            print(f"| {name} | {k} | {answer} | {took * 1e3:.2f} ms |", flush=True)


if __name__ == "__main__":
    main()
