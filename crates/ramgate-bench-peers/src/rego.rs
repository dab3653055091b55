//! The workload in Rego, run by regorus: the statements are data, and a small policy walks those of the principal.
//!
//! Patterns without a wildcard are looked up in a list; the others go through `glob.match` without delimiters, whose compiled
//! patterns regorus keeps in a cache that is large enough for all of them. Dates have one form, whose order as texts is that of
//! time. The policy is compiled for regorus' virtual machine, which is two to three times faster than its interpreter here; requests are built
//! beforehand.

use std::cell::RefCell;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Value};
use serde_json::json;

use crate::workload::{Request, Statement, Workload};

const POLICY: &str = r#"
package ram

import rego.v1

default decision := 2

decision := 1 if denied

decision := 0 if {
	not denied
	allowed
}

denied if {
	some number in data.principals[input.principal]
	some statement in data.policies[number].denies
	applies(statement)
}

allowed if {
	some number in data.principals[input.principal]
	some statement in data.policies[number].allows
	applies(statement)
}

applies(statement) if {
	fits(statement.actions, input.action)
	fits(statement.resources, input.resource)
	holds(statement.condition)
}

fits(patterns, text) if text in patterns.exact

fits(patterns, text) if {
	some pattern in patterns.wild
	glob.match(pattern, null, text)
}

holds(condition) if condition == null

holds(condition) if {
	condition.operator == "IpAddress"
	some block in condition.values
	net.cidr_contains(block, input.context[condition.key])
}

holds(condition) if {
	condition.operator == "NotIpAddress"
	every block in condition.values {
		not net.cidr_contains(block, input.context[condition.key])
	}
}

holds(condition) if {
	condition.operator == "DateLessThan"
	input.context[condition.key] < condition.values[0]
}

holds(condition) if {
	condition.operator == "DateGreaterThan"
	input.context[condition.key] > condition.values[0]
}

holds(condition) if {
	condition.operator in {"Bool", "StringEquals"}
	input.context[condition.key] in condition.values
}

holds(condition) if {
	condition.operator == "StringLike"
	some pattern in condition.values
	glob.match(pattern, null, input.context[condition.key])
}

holds(condition) if {
	condition.operator == "NumericLessThanEquals"
	to_number(input.context[condition.key]) <= to_number(condition.values[0])
}
"#;

const DECISION: &str = "data.ram.decision";

pub struct Rego {
    machine: RefCell<RegoVM>,
    requests: Vec<Value>,
}

impl Rego {
    pub fn new(workload: &Workload) -> Rego {
        regorus::cache::configure(regorus::cache::Config {
            glob: 1 << 18,
            ..regorus::cache::Config::default()
        });
        let policies = workload.policies.iter().map(|policy| {
            let of = |deny: bool| {
                let statements = policy.iter().filter(|statement| statement.deny == deny);
                statements.map(statement).collect::<Vec<_>>()
            };
            json!({"denies": of(true), "allows": of(false)})
        });
        let policies: Vec<_> = policies.collect();
        let data = json!({"policies": policies, "principals": workload.principals});
        let mut engine = Engine::new();
        engine
            .add_policy("ram.rego".to_owned(), POLICY.to_owned())
            .unwrap();
        engine.add_data_json(&data.to_string()).unwrap();
        let policy = engine.compile_with_entrypoint(&DECISION.into()).unwrap();
        let mut machine = RegoVM::new_with_policy(policy.clone());
        machine.load_program(Compiler::compile_from_policy(&policy, &[DECISION]).unwrap());
        machine.set_max_instructions(usize::MAX);
        machine.set_data(engine.get_data()).unwrap();
        Rego {
            machine: RefCell::new(machine),
            requests: workload.requests.iter().map(input).collect(),
        }
    }

    pub fn decide(&self, number: usize) -> usize {
        let mut machine = self.machine.borrow_mut();
        machine.set_input(self.requests[number].clone());
        let answer = machine.execute_entry_point_by_name(DECISION).unwrap();
        usize::try_from(answer.as_u64().unwrap()).unwrap()
    }
}

fn statement(statement: &Statement) -> serde_json::Value {
    let split = |patterns: Vec<String>| {
        let (wild, exact): (Vec<String>, Vec<String>) = patterns
            .into_iter()
            .partition(|text| text.contains(['*', '?']));
        json!({"exact": exact, "wild": wild})
    };
    let actions = statement
        .actions
        .iter()
        .map(|text| text.to_ascii_lowercase());
    let condition = statement
        .condition
        .as_ref()
        .map(|of| json!({"operator": of.operator, "key": of.key, "values": of.values}));
    json!({
        "actions": split(actions.collect()),
        "resources": split(statement.resources.clone()),
        "condition": condition,
    })
}

fn input(request: &Request) -> Value {
    let context = request
        .context
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)));
    let input = json!({
        "principal": request.principal,
        "action": request.action.to_ascii_lowercase(),
        "resource": request.resource,
        "context": context.collect::<serde_json::Map<_, _>>(),
    });
    Value::from_json_str(&input.to_string()).unwrap()
}
