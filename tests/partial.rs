//! Decisions on a part of a request against `decide` on what it can turn out to be.
//!
//! `RAMGATE_PARTIAL_CASES` sets how many random cases, `RAMGATE_SEED` where they begin.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests: a failure is a panic, and the settings come from the environment"
)]

#[allow(dead_code, reason = "other tests use the rest")]
mod generate;

use std::borrow::Cow;
use std::collections::BTreeMap;

use generate::Rng;
use ramgate::analysis::{Budget, Several};
use ramgate::partial::{PartialAnswer, PartialDecision, PartialOptions, UnknownKeys};
use ramgate::{
    Case, Context, ContextValue, Decision, Document, Policies, Principal, Question, Request,
    Settings, Source,
};
use serde_json::{Value, json};

const CASES: u64 = 6_000;
const COMPLETIONS: usize = 24;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(otherwise, |text| text.parse().unwrap())
}

// Random requests, known in part ------------------------------------------------------------------------------------

type Entries = Vec<(String, Vec<String>)>;

/// The keys that the policies ask for, with the values that they list and some beside them.
fn asked(policies: &Value, keys: &mut BTreeMap<String, Vec<String>>) {
    match policies {
        Value::Array(list) => list.iter().for_each(|one| asked(one, keys)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::Object(operators) if name == "Condition" => {
                        for of_keys in operators.values().filter_map(Value::as_object) {
                            for (key, listed) in of_keys {
                                let values = keys.entry(key.clone()).or_default();
                                let listed = match listed {
                                    Value::Array(list) => list.clone(),
                                    one => vec![one.clone()],
                                };
                                for value in listed {
                                    values.extend(beside(&value));
                                }
                            }
                        }
                    }
                    member => asked(member, keys),
                }
            }
        }
        Value::String(text) => {
            if let Ok(document @ Value::Object(_)) = serde_json::from_str(text) {
                asked(&document, keys);
            }
        }
        _ => {}
    }
}

/// A listed value, and values that a condition on it may tell from it.
fn beside(value: &Value) -> Vec<String> {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let mut beside = vec![text.clone(), text.to_uppercase(), format!("{text}x")];
    beside.extend(text.split_once('/').map(|(head, _)| head.to_owned()));
    beside.push(text.replace('*', "ab").replace('?', "c"));
    beside
}

fn same(a: &str, b: &str) -> bool {
    let tag = |key: &str| key.split_once('/').map(|(_, tag)| tag.to_owned());
    a.eq_ignore_ascii_case(b) && tag(a) == tag(b)
}

fn is_arn(key: &str) -> bool {
    key.eq_ignore_ascii_case("acs:PrincipalARN")
}

fn with(request: &Request<'static>, entries: &Entries) -> Request<'static> {
    let entries = entries.iter().map(|(key, values)| {
        let values: Vec<Cow<'static, str>> = values.iter().cloned().map(Cow::Owned).collect();
        (Cow::Owned(key.clone()), ContextValue::Many(values))
    });
    let context = Context::owned(entries.collect()).unwrap();
    request.clone().with_context(context)
}

struct Known {
    entries: Entries,
    absent: Vec<String>,
    /// Where only these are unknown.
    only: Option<Vec<String>>,
}

impl Known {
    fn random(rng: &mut Rng, original: &Entries, keys: &BTreeMap<String, Vec<String>>) -> Known {
        let mut known = Known {
            entries: Vec::new(),
            absent: Vec::new(),
            only: None,
        };
        let is_known = |rng: &mut Rng, key: &str| is_arn(key) || rng.chance(35);
        for (key, values) in original {
            if is_known(rng, key) {
                known.entries.push((key.clone(), values.clone()));
            }
        }
        for key in keys.keys() {
            let is_given = original.iter().any(|(other, _)| same(other, key));
            if !is_given && rng.chance(20) {
                known.absent.push(key.clone());
            }
        }
        if rng.chance(25) {
            let unknown = keys.keys().filter(|_| rng.chance(60)).cloned();
            known.only = Some(unknown.collect());
        }
        known
    }

    fn unknown(&self) -> UnknownKeys {
        let unknown = match &self.only {
            Some(keys) => UnknownKeys::only(keys.iter().map(String::as_str)),
            None => UnknownKeys::all(),
        };
        unknown.but_absent(self.absent.iter().map(String::as_str))
    }

    fn may_be_given(&self, key: &str) -> bool {
        let is_among = |keys: &[String]| keys.iter().any(|other| same(other, key));
        !is_arn(key)
            && !self.entries.iter().any(|(other, _)| same(other, key))
            && !is_among(&self.absent)
            && self.only.as_deref().is_none_or(is_among)
    }

    /// One context that the request can turn out to have.
    fn completion(
        &self,
        rng: &mut Rng,
        original: &Entries,
        keys: &BTreeMap<String, Vec<String>>,
        number: usize,
    ) -> Entries {
        let mut entries = self.entries.clone();
        let mut add = |key: &str, values: Vec<String>| {
            if self.may_be_given(key) && !entries.iter().any(|(other, _)| same(other, key)) {
                entries.push((key.to_owned(), values));
            }
        };
        if number == 0 {
            return entries;
        }
        let as_it_was = number == 1;
        for (key, values) in original.iter().filter(|_| as_it_was || rng.chance(30)) {
            add(key, values.clone());
        }
        for (key, values) in keys.iter().filter(|_| !as_it_was) {
            let count = match rng.below(10) {
                0..3 => continue,
                3 => 2,
                4 => 3,
                _ => 1,
            };
            let key = if rng.chance(10) {
                let (name, tag) = key
                    .split_once('/')
                    .map_or((&**key, None), |(a, b)| (a, Some(b)));
                let tag = tag.map(|tag| format!("/{tag}")).unwrap_or_default();
                name.to_ascii_uppercase() + &tag
            } else {
                key.clone()
            };
            let values = (0..count).map(|_| match values.as_slice() {
                [] => "x".to_owned(),
                values => values[rng.below(values.len())].clone(),
            });
            add(&key, values.collect());
        }
        entries
    }
}

#[derive(Default, Debug)]
struct Tally {
    decisions: BTreeMap<&'static str, u64>,
    both_seen: u64,
    not_plainest: u64,
}

fn check(
    answer: &PartialAnswer,
    completed: &Request<'static>,
    decided: Decision,
    show: &dyn Fn() -> String,
) {
    let fits = match answer.decision {
        PartialDecision::Allow => decided == Decision::Allow,
        PartialDecision::ExplicitDeny => decided == Decision::ExplicitDeny,
        PartialDecision::ImplicitDeny => decided == Decision::ImplicitDeny,
        PartialDecision::Deny => decided != Decision::Allow,
        PartialDecision::Conditional => true,
    };
    assert!(fits, "{decided} of {completed:?}\n{}", show());
    assert_eq!(
        answer.conditions.holds(completed),
        decided == Decision::Allow,
        "{completed:?}\n{}",
        show()
    );
    if answer.decision != PartialDecision::Allow {
        assert_eq!(
            answer.explicit.holds(completed),
            decided == Decision::ExplicitDeny,
            "explicit, {completed:?}\n{}",
            show()
        );
    }
}

#[test]
fn a_partial_decision_agrees_with_every_completion() {
    let first = setting("RAMGATE_SEED", 20_261_124);
    let cases = setting("RAMGATE_PARTIAL_CASES", CASES);
    let mut tally = Tally::default();
    for seed in first..first + cases {
        let case = generate::case(seed);
        let Ok(question) = Question::parse(&Source::new("request", case["request"].to_string()))
        else {
            panic!("seed {seed}: {case:#}");
        };
        let source = Source::new("case.json", case.to_string());
        let read = Case::read_all(&source, &mut |name, _| Err(name.to_owned())).unwrap();
        let Ok(assignment) = read[0].assignment() else {
            panic!("seed {seed}: {case:#}");
        };
        let mut rng = Rng(seed ^ 0x5eed);
        let original: Entries = question
            .request
            .context()
            .iter()
            .map(|(key, value)| {
                let values = value.values().iter().map(|value| value.to_string());
                (key.to_owned(), values.collect())
            })
            .collect();
        let mut keys = BTreeMap::new();
        asked(&case["policies"], &mut keys);
        let known = Known::random(&mut rng, &original, &keys);
        let ask = |entries: &Entries| Question {
            request: with(&question.request, entries),
            session: question.session.clone(),
        };
        let options = PartialOptions::default();
        let Ok(answer) =
            assignment.decide_partially(&ask(&known.entries), &known.unknown(), &options)
        else {
            continue; // An unnamed caller where it matters who asks.
        };
        let (mut allowed, mut denied) = (false, false);
        for number in 0..COMPLETIONS {
            let entries = known.completion(&mut rng, &original, &keys, number);
            let completed = ask(&entries);
            let decided = assignment.decide(&completed).unwrap();
            let show = || {
                format!(
                    "seed {seed}\n{:#}\nknown {:?} absent {:?} only {:?}\n{}",
                    case,
                    known.entries,
                    known.absent,
                    known.only,
                    serde_json::to_string_pretty(&answer).unwrap()
                )
            };
            check(&answer, &completed.request, decided, &show);
            allowed |= decided == Decision::Allow;
            denied |= decided != Decision::Allow;
        }
        *tally.decisions.entry(answer.decision.name()).or_default() += 1;
        if answer.decision == PartialDecision::Conditional {
            tally.both_seen += u64::from(allowed && denied);
        }
        tally.not_plainest += u64::from(!answer.simplified);
    }
    eprintln!("{tally:?}");
    if cases >= CASES {
        assert!(
            tally.decisions.values().all(|count| *count > 20),
            "{tally:?}"
        );
        assert_eq!(tally.decisions.len(), 5, "{tally:?}");
        let conditional = tally.decisions["Conditional"];
        assert!(tally.both_seen * 2 > conditional, "{tally:?}");
    }
}

// Requests that a reader can check by eye ---------------------------------------------------------------------------

fn policies(statements: &Value) -> Policies {
    let text = json!({ "Version": "1", "Statement": statements }).to_string();
    Policies::of_identity([Document::parse(&Source::new("p.json", text)).unwrap()])
}

fn of(effect: &str, condition: &Value) -> Value {
    json!({ "Effect": effect, "Action": "*", "Resource": "*", "Condition": condition })
}

fn request(action: &str) -> Request<'static> {
    let alice = Principal::parse("acs:ram::1234567890123456:user/alice").unwrap();
    Request::new(alice, action.to_owned(), "*").unwrap()
}

fn ask(policies: &Policies, options: &PartialOptions) -> PartialAnswer {
    policies.decide_partially(&request("vpc:DescribeVpcs"), &UnknownKeys::all(), options)
}

#[test]
fn conditions_that_cover_everything_together_are_no_conditions() {
    let is = of(
        "Deny",
        &json!({ "StringEquals": { "acs:SourceVpc": "vpc-1" } }),
    );
    let is_not = of(
        "Deny",
        &json!({ "StringNotEquals": { "acs:SourceVpc": "vpc-1" } }),
    );
    let allow = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let answer = ask(
        &policies(&json!([allow, is, is_not])),
        &PartialOptions::default(),
    );
    assert_eq!(answer.decision, PartialDecision::ExplicitDeny);

    // O20: where no key is needed, either statement allows; with several values neither may (O18).
    let either = json!([
        of(
            "Allow",
            &json!({ "StringEquals": { "acs:SourceVpc": "vpc-1" } })
        ),
        of(
            "Allow",
            &json!({ "StringNotEquals": { "acs:SourceVpc": "vpc-1" } })
        ),
    ]);
    let mut settings = Settings::default();
    settings.absent_negated_grants = true;
    let grants = policies(&either).with_settings(settings);
    assert_eq!(
        ask(&grants, &PartialOptions::default()).decision,
        PartialDecision::Conditional
    );
    let one_value = PartialOptions::default().with_several(Several::Nowhere);
    assert_eq!(ask(&grants, &one_value).decision, PartialDecision::Allow);
    assert_eq!(
        ask(&policies(&either), &one_value).decision,
        PartialDecision::Conditional
    );

    // O21: a bucket's request has the key whatever it says.
    let any = json!([of(
        "Allow",
        &json!({ "StringLike": { "acs:SourceVpc": "*" } })
    )]);
    let at = |action| {
        policies(&any).decide_partially(
            &request(action),
            &UnknownKeys::all(),
            &PartialOptions::default(),
        )
    };
    assert_eq!(at("oss:GetObject").decision, PartialDecision::Allow);
    assert_eq!(
        at("vpc:DescribeVpcs").decision,
        PartialDecision::Conditional
    );
}

#[test]
fn without_budget_nothing_is_claimed_that_is_not_plain() {
    let any = policies(&json!([of(
        "Allow",
        &json!({ "StringLike": { "acs:SourceVpc": "*" } })
    )]));
    let none = PartialOptions::default().with_budget(Budget::of_steps(0));
    let answer = any.decide_partially(&request("oss:GetObject"), &UnknownKeys::all(), &none);
    assert_eq!(answer.decision, PartialDecision::Conditional);
    assert!(!answer.simplified && answer.allowed.is_none());
    assert_eq!(answer.conditions.to_string(), "StringLike acs:SourceVpc *");
    let plain = policies(&json!([{ "Effect": "Allow", "Action": "*", "Resource": "*" }]));
    assert_eq!(ask(&plain, &none).decision, PartialDecision::Allow);
}

#[test]
fn what_changes_nothing_is_left_out() {
    let within = |block| of("Allow", &json!({ "IpAddress": { "acs:SourceIp": block } }));
    let mfa = json!({ "Bool": { "acs:MFAPresent": "false" } });
    for (statements, expected) in [
        // One block holds the other.
        (
            json!([within("203.0.113.0/24"), within("203.0.113.128/25")]),
            "IpAddress acs:SourceIp in 203.0.113.0/24",
        ),
        // A Deny of what nothing allows.
        (
            json!([
                within("203.0.113.0/24"),
                of(
                    "Deny",
                    &json!({ "IpAddress": { "acs:SourceIp": "10.0.0.0/8" }, "DateLessThan": { "acs:CurrentTime": "2020-01-01T00:00:00Z" } })
                )
            ]),
            "IpAddress acs:SourceIp in 203.0.113.0/24 and not (DateLessThan acs:CurrentTime 2020-01-01T00:00:00Z and IpAddress acs:SourceIp in 10.0.0.0/8)",
        ),
        (
            json!([within("203.0.113.0/24"), of("Deny", &mfa)]),
            "IpAddress acs:SourceIp in 203.0.113.0/24 and not (Bool acs:MFAPresent false)",
        ),
        (
            json!([of("Allow", &mfa), within("203.0.113.0/24")]),
            "Bool acs:MFAPresent false or IpAddress acs:SourceIp in 203.0.113.0/24",
        ),
    ] {
        let one_value = PartialOptions::default();
        let answer = ask(&policies(&statements), &one_value);
        assert_eq!(answer.conditions.to_string(), expected);
        assert!(answer.simplified);
    }
    // With one value at most the address cannot be both.
    let statements = json!([
        within("203.0.113.0/24"),
        of(
            "Deny",
            &json!({ "IpAddress": { "acs:SourceIp": "10.0.0.0/8" } })
        )
    ]);
    let one_value = PartialOptions::default().with_several(Several::Nowhere);
    let answer = ask(&policies(&statements), &one_value);
    assert_eq!(
        answer.conditions.to_string(),
        "IpAddress acs:SourceIp in 203.0.113.0/24"
    );
}

#[test]
fn every_condition_names_its_statements() {
    let block = json!({ "IpAddress": { "acs:SourceIp": "203.0.113.0/24" } });
    let statements = json!([of("Allow", &block), of("Allow", &block)]);
    let answer = ask(&policies(&statements), &PartialOptions::default());
    let conditions = answer.conditions.conditions();
    let [condition] = conditions.as_slice() else {
        panic!("{answer:?}");
    };
    let from: Vec<_> = condition
        .sources()
        .iter()
        .map(|source| (source.statement, source.at()))
        .collect();
    assert_eq!(from.len(), 2, "{from:?}");
    assert!(from.iter().all(|(_, at)| at.starts_with("p.json:1:")));
    assert_eq!(answer.unknown, ["acs:SourceIp"]);
    assert_eq!(answer.determined_by.len(), 2);
}

#[test]
fn an_open_rule_stays_named() {
    // O20
    let negated = json!({ "StringNotEquals": { "acs:SourceVpc": "vpc-1" } });
    let answer = ask(
        &policies(&json!([of("Allow", &negated)])),
        &PartialOptions::default(),
    );
    let rules: Vec<_> = answer.doubts.iter().map(|doubt| doubt.rule.id()).collect();
    assert_eq!(rules, ["O20"]);
    // W7: whether the resource matches is known only under a doubt.
    let crossing = json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "*", "Resource": "acs:*", "Condition": { "Bool": { "acs:MFAPresent": "false" } } },
    ]);
    let alice = Principal::parse("acs:ram::1234567890123456:user/alice").unwrap();
    let on = "acs:vpc:cn-shanghai:1234567890123456:vpc/v";
    let request = Request::new(alice, "vpc:DeleteVpc", on).unwrap();
    let answer = policies(&crossing).decide_partially(
        &request,
        &UnknownKeys::all(),
        &PartialOptions::default(),
    );
    assert_eq!(
        answer.conditions.to_string(),
        "not (Bool acs:MFAPresent false)"
    );
    assert!(
        answer
            .doubts
            .iter()
            .any(|doubt| matches!(doubt.rule.id(), "W7" | "A4")),
        "{:?}",
        answer.doubts
    );
}

#[test]
fn every_resource_of_a_call_counts() {
    // A6
    let statements = json!([
        { "Effect": "Allow", "Action": "*", "Resource": "acs:vpc:*:*:vpc/a" },
        { "Effect": "Allow", "Action": "*", "Resource": "acs:vpc:*:*:vpc/b", "Condition": { "Bool": { "acs:MFAPresent": "true" } } },
    ]);
    let alice = Principal::parse("acs:ram::1234567890123456:user/alice").unwrap();
    let on = |name: &str| format!("acs:vpc:cn-shanghai:1234567890123456:vpc/{name}");
    let request = Request::new(alice, "vpc:DeleteVpc", on("a")).unwrap();
    let ask = |request: &Request<'static>| {
        policies(&statements).decide_partially(
            request,
            &UnknownKeys::all(),
            &PartialOptions::default(),
        )
    };
    assert_eq!(ask(&request).decision, PartialDecision::Allow);
    let both = request.clone().and_resource(on("b")).unwrap();
    assert_eq!(
        ask(&both).conditions.to_string(),
        "Bool acs:MFAPresent true"
    );
    let all = both.and_resource(on("c")).unwrap();
    assert_eq!(ask(&all).decision, PartialDecision::ImplicitDeny);
}

#[test]
fn thousands_of_conditions_are_answered_in_bounded_time() {
    let statement = |number: usize| {
        let block = format!("10.{}.{}.0/24", number / 250, number % 250);
        json!({ "Effect": if number.is_multiple_of(3) { "Deny" } else { "Allow" }, "Action": "*", "Resource": "*",
            "Condition": { "IpAddress": { "acs:SourceIp": block }, "Bool": { "acs:MFAPresent": "true" } } })
    };
    let statements: Vec<Value> = (0..4000).map(statement).collect();
    let text = json!({ "Version": "1", "Statement": statements }).to_string();
    let reading = ramgate::Reading::new(ramgate::PolicyKind::Identity).system();
    let document = Document::parse_as(&Source::new("p.json", text), reading).unwrap();
    let policies = Policies::of_identity([document]);
    let start = std::time::Instant::now();
    let answer = ask(&policies, &PartialOptions::default());
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    assert_eq!(answer.decision, PartialDecision::Conditional);
    let request = |address| {
        let context =
            Context::new([("acs:SourceIp", address), ("acs:MFAPresent", "true")]).unwrap();
        request("vpc:DescribeVpcs").with_context(context)
    };
    for (address, allowed) in [
        ("10.0.1.7", true),
        ("10.0.3.7", false),
        ("10.99.1.7", false),
    ] {
        assert_eq!(
            policies.decide(&request(address)).is_allow(),
            allowed,
            "{address}"
        );
        assert_eq!(
            answer.conditions.holds(&request(address)),
            allowed,
            "{address}"
        );
    }
}
