//! The analyser against trying every request of a small world, and against itself: what it says of one question binds it in others.
//!
//! `RAMGATE_ANALYSIS_SETS` sets how many pairs of policies, `RAMGATE_SEED` where they begin. What was broken on purpose to see these tests
//! fail is listed in `docs/analysis-mutants.md`.

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

mod small_world;

use std::time::{Duration, Instant};

use ramgate::analysis::{
    Budget, Idle, Options, Pattern, Property, Relation, Several, Shape, TextFound, Verdict, check,
    diff, idle,
};
use ramgate::{Operator, Policies, Principal, Request, Wildcard};
use serde_json::{Value, json};
use small_world::{Pair, Rng, Staged, pair, split};

const SETS: u64 = 600;
const THREADS: u64 = 2;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(otherwise, |text| text.parse().unwrap())
}

/// What the request that was found by trying says of one direction.
fn tried(
    less: &Policies,
    more: &Policies,
    requests: &[Request<'static>],
) -> Option<Request<'static>> {
    requests
        .iter()
        .find(|request| more.decide(request).is_allow() && !less.decide(request).is_allow())
        .cloned()
}

#[derive(Default)]
struct Tally {
    relations: std::collections::BTreeMap<&'static str, u64>,
    unknown: u64,
    missed_by_trying: u64,
    certificates: u64,
}

fn judge(seed: u64, pair: &Pair, tally: &mut Tally) {
    let (old, new) = (pair.old.policies(), pair.new.policies());
    let found = diff(&old, &new, &Options::default());
    let show = || {
        let (old, new) = (&pair.old, &pair.new);
        format!(
            "seed {seed}\nold {old:#?}\nnew {new:#?}\n{:?} {:?}\nnew {:?}\nlost {:?}\n{:?}",
            found.relation, found.unknown, found.new_access, found.lost_access, found.disagreements
        )
    };
    assert!(found.disagreements.is_empty(), "{}", show());
    for (less, more, claimed) in [
        (&old, &new, &found.new_access),
        (&new, &old, &found.lost_access),
    ] {
        let found_by_trying = tried(less, more, &pair.requests);
        if let Some(request) = &found_by_trying {
            assert!(
                !claimed.is_empty() || !found.unknown.is_empty(),
                "{request:?} was missed\n{}",
                show()
            );
        }
        if !claimed.is_empty() && found_by_trying.is_none() {
            tally.missed_by_trying += 1;
        }
        for one in claimed {
            assert!(
                more.decide(&one.witness).is_allow() && !less.decide(&one.witness).is_allow(),
                "{}",
                show()
            );
        }
    }
    for certificate in found.certificates() {
        assert_eq!(certificate.check(), Ok(()), "{}", show());
        tally.certificates += 1;
    }
    if found.relation == Relation::Equivalent {
        assert!(found.certificates().len() >= 2, "{}", show());
    }
    *tally.relations.entry(found.relation.name()).or_default() += 1;
    let more_only = found
        .unknown
        .iter()
        .all(|why| why.starts_with("there may be further"));
    if !more_only {
        eprintln!("seed {seed}: {:?}", found.unknown);
    }
    tally.unknown += u64::from(!more_only);
}

#[test]
fn agrees_with_trying_every_request() {
    let sets = setting("RAMGATE_ANALYSIS_SETS", SETS);
    let first = setting("RAMGATE_SEED", 20_261_124);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    for seed in (first..first + sets).filter(|seed| seed % THREADS == thread) {
                        judge(seed, &pair(seed), &mut tally);
                    }
                    tally
                })
            })
            .collect();
        runs.into_iter()
            .map(|run| run.join().expect("a run failed"))
            .collect()
    });
    let mut relations = std::collections::BTreeMap::new();
    for tally in &tallies {
        for (name, count) in &tally.relations {
            *relations.entry(*name).or_insert(0) += count;
        }
    }
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    eprintln!(
        "{sets} pairs: {relations:?}; {} not known in full; {} differences beyond the requests tried; {} certificates checked",
        sum(|t| t.unknown),
        sum(|t| t.missed_by_trying),
        sum(|t| t.certificates)
    );
    if sets >= SETS {
        for relation in ["equivalent", "narrower", "broader", "incomparable"] {
            assert!(
                relations
                    .get(relation)
                    .is_some_and(|count| *count > sets / 40),
                "{relation}: {relations:?}"
            );
        }
    }
}

// Patterns --------------------------------------------------------------------------------------------------------

/// Every text of up to `length` of these characters.
fn texts(letters: &str, length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..length {
        let to = all.len();
        for index in from..to {
            for letter in letters.chars() {
                all.push(format!("{}{letter}", all[index]));
            }
        }
        from = to;
    }
    all
}

/// W1: every pair of patterns of up to three characters, against all texts that could tell them apart.
#[test]
fn w1_relations_of_patterns_are_those_of_their_texts() {
    let patterns = texts("ab*?", 3);
    let words = texts("abz", 6);
    let fits: Vec<Vec<bool>> = patterns
        .iter()
        .map(|pattern| {
            let pattern = Wildcard::new(pattern.as_str());
            words.iter().map(|word| pattern.matches(word)).collect()
        })
        .collect();
    let made: Vec<Pattern> = patterns
        .iter()
        .map(|pattern| Pattern::text(pattern))
        .collect();
    let mut rng = Rng(1);
    for one in 0..patterns.len() {
        for _ in 0..40 {
            let other = rng.below(patterns.len());
            let covers = fits[other]
                .iter()
                .zip(&fits[one])
                .all(|(inner, outer)| !inner || *outer);
            assert_eq!(
                made[one].covers(&made[other], Budget::default()),
                Some(covers),
                "{} covers {}",
                patterns[one],
                patterns[other]
            );
            let common = fits[one].iter().zip(&fits[other]).any(|(a, b)| *a && *b);
            match made[one].in_common(&made[other], Budget::default()) {
                TextFound::Text(text) => assert!(
                    common
                        && Wildcard::new(patterns[one].as_str()).matches(&text)
                        && Wildcard::new(patterns[other].as_str()).matches(&text)
                ),
                TextFound::None => assert!(!common, "{} {}", patterns[one], patterns[other]),
                TextFound::Unknown => panic!(),
            }
            let third = rng.below(patterns.len());
            let together = (0..words.len())
                .all(|word| !fits[one][word] || fits[other][word] || fits[third][word]);
            let outside = made[one].outside(
                &[made[other].clone(), made[third].clone()],
                Budget::default(),
            );
            assert_eq!(
                outside == TextFound::None,
                together,
                "{} within {} or {}: {outside:?}",
                patterns[one],
                patterns[other],
                patterns[third]
            );
        }
    }
}

#[test]
fn w4_actions_compare_without_case() {
    let action = Pattern::action;
    assert_eq!(
        action("ecs:*").covers(&action("ECS:Describe*"), Budget::default()),
        Some(true)
    );
    assert_eq!(
        action("ecs:?*").covers(&action("ecs:*"), Budget::default()),
        Some(true)
    ); // an action has a name
    assert_eq!(
        action("*:*").covers(&action("*"), Budget::default()),
        Some(true)
    );
    assert_eq!(
        action("a:b").in_common(&action("A:B"), Budget::default()),
        TextFound::Text("a:b".into())
    );
    assert_eq!(
        Pattern::text("a:b").in_common(&Pattern::text("A:B"), Budget::default()),
        TextFound::None
    );
}

/// W7: of a Deny the whole text counts, of an Allow only the fields do.
#[test]
fn w7_the_two_readings_stay_apart() {
    let narrow = "acs:oss:*:*:b/x:y";
    let wide = "acs:oss:*:y";
    let of_allow = Pattern::resource_of_allow(wide);
    assert_eq!(of_allow.outside(&[], Budget::default()), TextFound::None); // four fields grant nothing
    assert_eq!(
        Pattern::resource_of_deny(wide)
            .covers(&Pattern::resource_of_allow(narrow), Budget::default()),
        Some(true)
    );
    assert_eq!(
        Pattern::resource_of_allow("acs:oss:*:*:*").covers(
            &Pattern::resource_of_deny("acs:oss:*:*:*"),
            Budget::default()
        ),
        Some(false)
    ); // G18: OSS
    assert_eq!(
        Pattern::resource_of_allow("*")
            .covers(&Pattern::resource_of_deny("acs:*:*:*:*"), Budget::default()),
        Some(true)
    );
}

// Against itself --------------------------------------------------------------------------------------------------

/// A ⇒ A, in any order and however split; more Allows lose nothing, more Denies gain nothing.
#[test]
fn what_must_follow_follows() {
    for seed in 0..80 {
        let mut rng = Rng(seed);
        let Pair { old, new, .. } = pair(seed * 7 + 1);
        let options = Options::default();
        let base = old.policies();
        let same = diff(&base, &base, &options);
        assert!(
            same.unknown.is_empty() && same.relation == Relation::Equivalent,
            "{seed} {:?} {:?}",
            same.relation,
            same.unknown
        );
        let mut shuffled = old.clone();
        for list in shuffled.lists() {
            list.reverse();
            *list = split(&mut rng, list);
        }
        let again = diff(&base, &shuffled.policies(), &options);
        assert_eq!(
            again.relation,
            Relation::Equivalent,
            "{seed} {old:#?} {shuffled:#?}"
        );
        for effect in ["Allow", "Deny"] {
            let mut more = old.clone();
            more.identity.extend(
                new.identity
                    .iter()
                    .filter(|one| one["Effect"] == effect)
                    .cloned(),
            );
            let found = diff(&base, &more.policies(), &options);
            let wrong = if effect == "Allow" {
                &found.lost_access
            } else {
                &found.new_access
            };
            assert!(wrong.is_empty(), "{seed} {effect}");
        }
    }
}

/// Implication is transitive, and a difference turned round is the difference turned round.
#[test]
fn implication_is_an_order() {
    let everything = || Shape::of([], []);
    let mut chains = 0;
    for seed in 0..60 {
        let (first, second) = (pair(seed * 3), pair(seed * 3));
        let sets = [first.old, first.new, {
            let mut both = second.old;
            both.identity.extend(second.new.identity);
            both
        }];
        let sets: Vec<Policies> = sets.iter().map(Staged::policies).collect();
        let implies = |a: &Policies, b: &Policies| {
            let property = Property::Implies {
                within: everything(),
                other: b,
            };
            check(a, &property, &Options::default()).verdict == Verdict::Holds
        };
        if implies(&sets[0], &sets[1]) && implies(&sets[1], &sets[2]) {
            chains += 1;
            assert!(implies(&sets[0], &sets[2]), "{seed}");
        }
        let (forth, back) = (
            diff(&sets[0], &sets[1], &Options::default()),
            diff(&sets[1], &sets[0], &Options::default()),
        );
        let turned = match back.relation {
            Relation::Broader => Relation::Narrower,
            Relation::Narrower => Relation::Broader,
            same => same,
        };
        assert_eq!(forth.relation, turned, "{seed}");
        assert_eq!(
            forth.relation == Relation::Equivalent,
            implies(&sets[0], &sets[1]) && implies(&sets[1], &sets[0]),
            "{seed}"
        );
    }
    assert!(chains > 3, "{chains}");
}

/// Never, always and only, against every request of the small world.
#[test]
fn properties_hold_of_every_request_tried() {
    let mut verdicts = std::collections::BTreeMap::new();
    for seed in 0..200 {
        let mut rng = Rng(seed);
        let Pair { new, requests, .. } = pair(seed * 5 + 2);
        let policies = new.policies();
        let actions = [
            rng.pick(&["a:*", "*:a", "a:a", "oss:*", "kms:Get", "*"]),
            "z:z",
        ];
        let mut shape = Shape::of(actions, [rng.pick(&["*", "acs:s:*:*:a*", "acs:*:*:*:a"])]);
        if rng.chance(50) {
            let operator =
                Operator::from_name(rng.pick(&["StringEquals", "StringNotEquals", "StringLike"]))
                    .unwrap();
            shape = shape.with_condition(operator, None, "x:t", ["a", "z*"]);
        }
        let only = Shape::of([rng.pick(&["a:*", "*", "a:a"])], ["*"]);
        let inside: Vec<&Request<'_>> = requests
            .iter()
            .filter(|request| shape.contains(request))
            .collect();
        let allowed = |request: &&&Request<'_>| policies.decide(request).is_allow();
        for (name, property, refuted) in [
            (
                "never",
                Property::Never(shape.clone()),
                inside.iter().any(|r| allowed(&r)),
            ),
            (
                "always",
                Property::Always(shape.clone()),
                inside.iter().any(|r| !allowed(&r)),
            ),
            (
                "only",
                Property::Only {
                    within: shape.clone(),
                    only: only.clone(),
                },
                inside.iter().any(|r| allowed(&r) && !only.contains(r)),
            ),
        ] {
            let checked = check(&policies, &property, &Options::default());
            *verdicts
                .entry((name, format!("{:?}", checked.verdict)))
                .or_insert(0) += 1;
            assert!(
                !(refuted && checked.verdict == Verdict::Holds),
                "{seed} {name} {new:#?} {shape:?}"
            );
            for certificate in checked.certificates() {
                assert_eq!(certificate.check(), Ok(()));
            }
        }
    }
    eprintln!("{verdicts:?}");
    assert!(
        verdicts[&("never", "Holds".to_owned())] > 20
            && verdicts[&("never", "Fails".to_owned())] > 20
    );
}

/// E1: what is found idle changes nothing when it is taken away.
#[test]
fn idle_statements_change_nothing() {
    let mut kinds = std::collections::BTreeMap::new();
    for seed in 0..200 {
        let Pair { old, new, requests } = pair(seed * 11 + 3);
        let mut staged = Staged {
            identity: old.identity,
            ..Staged::default()
        };
        staged.identity.extend(new.identity);
        let policies = staged.policies();
        let found = idle(&policies, &Options::default());
        assert!(found.unknown.is_empty());
        let idle: Vec<usize> = found
            .findings
            .iter()
            .filter(|one| one.entry.is_none())
            .map(|one| one.at.statement)
            .collect();
        for one in &found.findings {
            *kinds.entry(format!("{:?}", one.idle)).or_insert(0) += 1;
        }
        let fewer = Staged::of_identity(
            staged
                .identity
                .iter()
                .enumerate()
                .filter(|(index, _)| !idle.contains(index))
                .map(|(_, one)| one.clone())
                .collect(),
        );
        let fewer = fewer.policies();
        for request in &requests {
            assert_eq!(
                policies.decide(request).is_allow(),
                fewer.decide(request).is_allow(),
                "{seed} {:#?} {request:?}",
                staged.identity
            );
        }
        assert_eq!(
            diff(&policies, &fewer, &Options::default()).relation,
            Relation::Equivalent
        );
        for one in found.findings.iter().filter(|one| one.entry.is_some()) {
            let element = match (one.idle, staged.identity[one.at.statement].get("NotAction")) {
                (Idle::ResourceCovered, _) => "Resource",
                (_, Some(_)) => "NotAction",
                _ => "Action",
            };
            let mut less = staged.clone();
            let list = less.identity[one.at.statement][element]
                .as_array_mut()
                .cloned()
                .unwrap_or_default();
            let last = list
                .iter()
                .rposition(|entry| *entry == json!(one.entry.as_ref().unwrap()));
            let Some(last) = last.filter(|_| list.len() > 1) else {
                continue;
            };
            let mut list = list;
            list.remove(last);
            less.identity[one.at.statement][element] = list.into();
            let less = less.policies();
            assert_eq!(
                diff(&policies, &less, &Options::default()).relation,
                Relation::Equivalent,
                "{seed} {one:?} {:#?}",
                staged.identity
            );
        }
    }
    eprintln!("{kinds:?}");
    for kind in [
        "NeverMatches",
        "RemovedByDeny",
        "Covered",
        "ActionCovered",
        "ResourceCovered",
    ] {
        assert!(
            kinds.get(kind).is_some_and(|count| *count > 3),
            "{kind}: {kinds:?}"
        );
    }
}

// Examples --------------------------------------------------------------------------------------------------------

fn identity(statements: Value) -> Policies {
    Staged::of_identity(statements.as_array().unwrap().clone()).policies()
}

fn allow(action: impl Into<Value>, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action.into(), "Resource": resource })
}

/// A Deny that is gone is the cause, not the Allow behind it.
#[test]
fn causes_are_named() {
    let deny = json!({ "Effect": "Deny", "Action": "oss:Delete*", "Resource": "*" });
    let old = identity(json!([
        allow("oss:*", "*"),
        allow("ecs:Describe*", "*"),
        deny
    ]));
    let new = identity(json!([allow("oss:*", "*"), allow("ecs:*", "*")]));
    let found = diff(&old, &new, &Options::default());
    assert_eq!(found.relation, Relation::Broader);
    let causes: Vec<(usize, String)> = found
        .new_access
        .iter()
        .map(|one| (one.because[0].statement, one.because[0].effect.to_string()))
        .collect();
    assert_eq!(causes.len(), 2);
    assert!(
        causes.contains(&(2, "Deny".into())) && causes.contains(&(1, "Allow".into())),
        "{causes:?}"
    );
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["relation"], "broader");
    assert!(
        json["new_access"][0]["witness"]["action"].is_string()
            && json["new_access"][0]["because"].is_array()
    );
}

#[test]
fn witnesses_are_made_of_the_catalogue() {
    let (old, new) = (
        identity(json!([allow("ecs:Describe*", "*")])),
        identity(json!([allow("ecs:*", "*")])),
    );
    let catalogue = [
        ("ecs:DescribeInstances", "acs:ecs:*:*:instance/*"),
        ("ecs:StopInstance", "acs:ecs:*:*:instance/*"),
    ];
    let found = diff(&old, &new, &Options::default().with_catalogue(&catalogue));
    let witness = &found.new_access[0].witness;
    assert_eq!(witness.action(), "ecs:StopInstance");
    assert_eq!(
        witness.resources().next().unwrap().as_str(),
        "acs:ecs:cn-hangzhou:1234567890123456:instance/example"
    );
}

/// T18: policies at group scope say nothing of a request without a resource.
#[test]
fn t18_group_policies_need_a_resource() {
    let old = Staged::of_identity(vec![allow("*", "acs:*:*:*:*")]);
    let mut new = old.clone();
    new.groups = vec![("rg-1".to_owned(), vec![allow("*", "*")])];
    let found = diff(&old.policies(), &new.policies(), &Options::default());
    assert_eq!(found.relation, Relation::Equivalent);
    assert!(found.disagreements.is_empty());
}

/// O7: between any two numbers there is another, also just below zero.
#[test]
fn o7_no_gap_between_numbers_is_overlooked() {
    let policies = identity(json!([allow("*", "*")]));
    for (low, high) in [
        ("-0.5", "0"),
        ("0", "0.5"),
        ("-2", "-1.5"),
        ("7", "7.1"),
        ("-9007199254740993", "-9007199254740992"),
    ] {
        let operator = |name| Operator::from_name(name).unwrap();
        let between = |low, high| {
            Shape::of(["a:a"], ["*"])
                .with_condition(operator("NumericGreaterThan"), None, "x:n", [low])
                .with_condition(operator("NumericLessThan"), None, "x:n", [high])
        };
        let never = |shape| check(&policies, &Property::Never(shape), &Options::default()).verdict;
        assert_eq!(never(between(low, high)), Verdict::Fails, "{low} {high}");
        assert_eq!(never(between(high, low)), Verdict::Holds, "{high} {low}");
    }
}

/// Conditions that contradict each other, and those that only a list of values meets (O18).
#[test]
fn o18_several_values_are_asked_for() {
    let both = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {
        "NumericLessThan": { "x:n": ["5"] }, "NumericGreaterThan": { "x:n": ["7"] } } }]);
    let policies = identity(both);
    let never = Property::Never(Shape::of(["a:a"], ["*"]));
    assert_eq!(
        check(&policies, &never, &Options::default()).verdict,
        Verdict::Holds
    );
    assert_eq!(
        idle(&policies, &Options::default()).findings[0].idle,
        Idle::NeverMatches
    );
    let everywhere = Options::default().with_several(Several::Everywhere);
    let found = check(&policies, &never, &everywhere);
    assert_eq!(found.verdict, Verdict::Fails);
    assert!(
        found.witnesses[0]
            .doubts
            .iter()
            .any(|rule| rule.id() == "O18")
    );
}

/// That nothing is new hangs on an open rule: the answer names it.
#[test]
fn w7_what_hangs_on_an_open_rule_names_it() {
    let old = identity(json!([allow("oss:*", "acs:oss:*:*:b/*")]));
    let new = identity(json!([
        allow("oss:*", "acs:oss:*:*:b/*"),
        allow("oss:*", "acs:oss:*:x")
    ]));
    let found = diff(&old, &new, &Options::default());
    assert_eq!(found.relation, Relation::Equivalent);
    assert!(
        found
            .doubts
            .iter()
            .any(|rule| ["W7", "A4"].contains(&rule.id())),
        "{:?}",
        found.doubts
    );
    assert!(diff(&old, &old, &Options::default()).doubts.is_empty());
}

/// O21: OSS fills in the prefix of a listing, so there is no listing without one; of other actions there is.
#[test]
fn o21_what_oss_fills_in_is_there() {
    let deny = |operator: &str, value: &str| json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { operator: { "oss:Prefix": value } } });
    let policies = identity(json!([
        allow("*", "*"),
        deny("StringEquals", ""),
        deny("StringLike", "?*")
    ]));
    let of = |action: &str| {
        let never = Property::Never(Shape::of([action], ["*"]));
        check(&policies, &never, &Options::default())
    };
    let listing = of("oss:ListObjects");
    assert_eq!(listing.verdict, Verdict::Holds, "{:?}", listing.unknown);
    assert!(listing.certificates().iter().all(|one| one.check().is_ok()));
    for action in ["oss:GetObject", "vod:GetVideo", "ecs:DescribeInstances"] {
        assert_eq!(of(action).verdict, Verdict::Fails, "{action}");
    }
}

/// K19, K0: where a key is compared in ways that are not joined, the answer is unknown or has a confirmed witness.
#[test]
fn k0_mixed_views_are_never_called_safe() {
    let mixed = |pattern: &str| {
        json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {
        "IpAddress": { "acs:SourceIp": "10.0.0.0/8" }, "StringLike": { "acs:SourceIp": pattern } } }])
    };
    let never = Property::Never(Shape::of(["a:a"], ["*"]));
    assert_ne!(
        check(&identity(mixed("10.9.*")), &never, &Options::default()).verdict,
        Verdict::Holds
    );
    assert_eq!(
        check(&identity(mixed("10.0.0.7")), &never, &Options::default()).verdict,
        Verdict::Fails
    );
    let by_action = json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "StringEquals": { "Action": "a:b" } } }]);
    let found = check(
        &identity(by_action),
        &Property::Never(Shape::of(["a:*"], ["*"])),
        &Options::default(),
    );
    assert_ne!(found.verdict, Verdict::Holds);
}

#[test]
fn principals_can_be_chosen() {
    let policies = identity(
        json!([{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {
        "StringLike": { "acs:PrincipalARN": "acs:ram::1:user/alice" } } }]),
    );
    let never = Property::Never(Shape::of(["a:a"], ["*"]));
    let of = |text| Options::default().with_principals([Principal::parse(text).unwrap()]);
    assert_eq!(
        check(&policies, &never, &of("acs:ram::1:user/alice")).verdict,
        Verdict::Fails
    );
    assert_eq!(
        check(&policies, &never, &of("acs:ram::1:user/bob")).verdict,
        Verdict::Holds
    );
}

// Hostile sizes ---------------------------------------------------------------------------------------------------

/// The budget bounds the work; this only stops what runs away, and no machine is so busy. benches/analysis.rs has the times.
fn within_reason(what: &str, run: impl FnOnce()) {
    const RUNS_AWAY: Duration = Duration::from_secs(120);
    let start = Instant::now();
    run();
    let took = start.elapsed();
    eprintln!("{what}: {took:?}");
    assert!(took < RUNS_AWAY, "{what} took {took:?}");
}

/// Every part of `k` questions and stars that could blow up an automaton: answered, or given up in bounded time, never called safe.
#[test]
fn w1_blow_ups_are_bounded() {
    let blow = |k: usize, end: &str| format!("*a{}{end}", "?".repeat(k));
    within_reason("*a?…b in common with its like, k = 60", || {
        let found = Pattern::text(&blow(60, "b"))
            .in_common(&Pattern::text(&blow(59, "c*")), Budget::default());
        assert_ne!(found, TextFound::None);
    });
    within_reason("*a?…b covered by itself widened, k = 60", || {
        assert_eq!(
            Pattern::text(&blow(60, "*")).covers(&Pattern::text(&blow(60, "b")), Budget::default()),
            Some(true)
        );
    });
    within_reason("p, q and neither of them, k = 40", || {
        let key = |operator: &str, pattern: &str| json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { operator: { "x:t": pattern } } });
        let (p, q) = (blow(40, "b"), blow(41, "b"));
        let neither = json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": { "StringNotLike": { "x:t": [p, q] } } });
        let policies = identity(json!([
            key("StringLike", &p),
            key("StringLike", &q),
            neither
        ]));
        let present = Shape::of(["a:*"], []).with_condition(
            Operator::from_name("StringLike").unwrap(),
            None,
            "x:t",
            ["*"],
        );
        let found = check(&policies, &Property::Always(present), &Options::default());
        assert_eq!(found.verdict, Verdict::Holds, "{found:?}");
    });
    within_reason("stars joined every way, k = 12", || {
        // x0*x1*…z, covered by "star j empty" or "star j holds something": a formula in disguise.
        let base: String = (0..12)
            .map(|n| format!("{}*", char::from(b'a' + n)))
            .collect::<String>()
            + "z";
        let mut rng = Rng(5);
        let covers: Vec<Pattern> = (0..40)
            .map(|_| {
                let text: String = (0..12)
                    .map(|n| format!("{}{}", char::from(b'a' + n), rng.pick(&["", "?*", "*"])))
                    .collect();
                Pattern::text(&(text + "z"))
            })
            .collect();
        let found = Pattern::text(&base).outside(&covers, Budget::default());
        assert!(matches!(found, TextFound::Text(_) | TextFound::Unknown));
    });
}

#[test]
fn an_exhausted_budget_is_unknown() {
    let (old, new) = (
        identity(json!([allow("a:b*", "*")])),
        identity(json!([allow("a:b*", "acs:*:*:*:*"), allow("c:*", "*")])),
    );
    let found = diff(
        &old,
        &new,
        &Options::default().with_budget(Budget::of_steps(3)),
    );
    assert_eq!(found.relation, Relation::Unknown);
    assert!(!found.unknown.is_empty());
    assert_eq!(
        Pattern::text("*a*b").covers(&Pattern::text("*b*a"), Budget::of_steps(0)),
        None
    );
    let never = Property::Never(Shape::of(["z:z"], ["*"]));
    assert_eq!(
        check(
            &new,
            &never,
            &Options::default().with_budget(Budget::of_steps(2))
        )
        .verdict,
        Verdict::Unknown
    );
}

#[test]
fn lists_of_a_thousand_are_answered() {
    let list: Vec<String> = (0..1000)
        .map(|n| format!("acs:oss:*:*:bucket-{n:04}/data/*"))
        .collect();
    let one = json!([{ "Effect": "Allow", "Action": "oss:GetObject", "Resource": list }]);
    let policies = identity(one);
    within_reason("idle entries among 1,000 patterns", || {
        assert!(idle(&policies, &Options::default()).findings.is_empty());
    });
    let mut statements: Vec<Value> = (0..1000)
        .map(|n| {
            allow(
                format!("ecs:Action{n}*"),
                &format!("acs:ecs:*:*:instance/i-{n}"),
            )
        })
        .collect();
    let old = identity(statements.clone().into());
    statements.reverse();
    let same = identity(statements.clone().into());
    within_reason("1,000 statements, shuffled", || {
        assert_eq!(
            diff(&old, &same, &Options::default()).relation,
            Relation::Equivalent
        );
    });
    statements[500] = allow("ecs:Action499*", "acs:ecs:*:*:instance/*");
    let wider = identity(statements.into());
    within_reason("1,000 statements, one wider", || {
        assert_eq!(
            diff(&old, &wider, &Options::default()).relation,
            Relation::Broader
        );
    });
    within_reason("1,000 statements, idle ones", || {
        assert_eq!(idle(&wider, &Options::default()).findings.len(), 0);
    });
}
