//! A decision allocates nothing, the building of its request from borrowed texts included.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    reason = "tests"
)]

#[path = "../benches/subject/mod.rs"]
mod subject;
#[path = "../benches/workload/mod.rs"]
mod workload;

use std::hint::black_box;

use ramgate::{Document, Policies, Source};
use serde_json::json;
use workload::{Request, Workload};

/// Panics with the first request that allocates, and says whether building or deciding it does.
fn allocates_nothing(policies: &[Policies], requests: &[Request], what: &str) {
    for (number, asked) in requests.iter().enumerate() {
        let mut deciding = 0;
        let whole = allocation_counter::measure(|| {
            let entries = subject::entries(asked);
            let request = subject::request(asked, &entries);
            let decide = || _ = black_box(policies[asked.principal].decide(&request));
            deciding = allocation_counter::measure(decide).count_total;
        });
        let building = whole.count_total - deciding;
        assert_eq!(
            (building, deciding),
            (0, 0),
            "{what}, request {number}: allocations of building and of deciding"
        );
    }
}

fn workload_allocates_nothing(workload: &Workload) {
    let policies = subject::load(workload, &workload.texts());
    allocates_nothing(&policies, &workload.requests, &workload.name);
}

#[test]
fn one_statement() {
    workload_allocates_nothing(&workload::w1());
}

#[test]
fn ten_policies() {
    workload_allocates_nothing(&workload::w2());
}

#[test]
fn a_hundred_policies() {
    workload_allocates_nothing(&workload::w3());
}

#[test]
fn ten_thousand_statements() {
    workload_allocates_nothing(&workload::w5(10_000));
}

#[test]
fn hostile_patterns() {
    for kind in workload::HOSTILE_KINDS {
        workload_allocates_nothing(&workload::w6(kind));
    }
}

/// Every family of operators, on values that fit, do not fit, cannot be read, and on keys that the request does not have.
#[test]
fn every_operator() {
    let operators = [
        ("StringEquals", "acs:SourceVpc", "vpc-bp1fdm8zkq0wd1"),
        ("StringNotEquals", "acs:SourceVpc", "vpc-bp1fdm8zkq0wd1"),
        (
            "StringEqualsIgnoreCase",
            "acs:SourceVpc",
            "VPC-BP1fdm8zkq0wd1",
        ),
        (
            "StringNotEqualsIgnoreCase",
            "acs:SourceVpc",
            "VPC-BP1fdm8zkq0wd1",
        ),
        ("StringLike", "acs:ResourceTag/team", "net-?o*"),
        ("StringNotLike", "acs:ResourceTag/team", "net-*"),
        ("StringEquals", "ACS:SOURCEVPC", "vpc-bp1fdm8zkq0wd1"),
        ("StringEquals", "acs:RequestTag/none", "x"),
        ("StringNotEquals", "acs:RequestTag/none", "x"),
        ("StringLike", "acs:PrincipalARN", "acs:ram::*:user/user-*"),
        ("StringEquals", "Action", "vpc:CancelPhysicalConnection"),
        (
            "ForAnyValue:StringEquals",
            "acs:SourceVpc",
            "vpc-bp1fdm8zkq0wd1",
        ),
        ("ForAllValues:StringLike", "acs:SourceVpc", "vpc-*"),
        ("NumericEquals", "vpc:Bandwidth", "500.0"),
        ("NumericNotEquals", "vpc:Bandwidth", "500"),
        ("NumericLessThan", "vpc:Bandwidth", "500"),
        ("NumericLessThanEquals", "vpc:Bandwidth", "500.25"),
        ("NumericGreaterThan", "vpc:Bandwidth", "-500"),
        ("NumericGreaterThanEquals", "acs:SourceVpc", "500"),
        ("DateEquals", "acs:CurrentTime", "2026-07-01T00:00:00+08:00"),
        ("DateNotEquals", "acs:CurrentTime", "2026-07-01T00:00:00Z"),
        (
            "DateLessThan",
            "acs:CurrentTime",
            "2026-07-01T00:00:00.125Z",
        ),
        (
            "DateLessThanEquals",
            "acs:CurrentTime",
            "2026-07-01T00:00:00Z",
        ),
        ("DateGreaterThan", "acs:CurrentTime", "2026-07-01T00:00:00Z"),
        (
            "DateGreaterThanEquals",
            "acs:SourceVpc",
            "2026-07-01T00:00:00Z",
        ),
        ("Bool", "acs:MFAPresent", "true"),
        ("Bool", "acs:SourceVpc", "false"),
        ("IpAddress", "acs:SourceIp", "203.0.113.0/24"),
        ("NotIpAddress", "acs:SourceIp", "2001:db8::/32"),
        ("IpAddressIncludeBorder", "acs:SourceIp", "10.16.0.0/12"),
        ("NotIpAddressIncludeBorder", "acs:SourceVpc", "10.16.0.0/12"),
    ];
    let requests = workload::w1().requests;
    for (operator, key, value) in operators {
        for effect in ["Allow", "Deny"] {
            let text = json!({"Version": "1", "Statement": [{
                "Effect": effect,
                "Action": "vpc:*",
                "Resource": "*",
                "Condition": { operator: { key: value } },
            }]});
            let source = Source::new("one.json", text.to_string());
            let policies = Policies::of_identity([Document::parse(&source).unwrap()]);
            allocates_nothing(&[policies], &requests[..64], &format!("{operator} {key}"));
        }
    }
}
