//! Writes a JSON Schema (draft-07) for policy documents, from what the reader takes and the catalogue knows: for completion in editors.

use anyhow::bail;
use ramgate::{Catalog, KeyType, Operator};
use serde_json::{Map, Value, json};

use crate::args::{KindName, SchemaArgs};
use crate::catalog;
use crate::command::Status;
use crate::output::{Console, json};

/// Writes the schema of one kind of policy.
///
/// # Errors
/// When facts cannot be read, a service is named that there is none of, or the schema cannot be written.
pub(crate) fn run(args: &SchemaArgs, console: &mut Console) -> anyhow::Result<Status> {
    let catalog = catalog::load(&args.catalog)?;
    for code in &args.service {
        if catalog.service(code).is_none() {
            let meant = catalog
                .closest_service(code)
                .map(|meant| format!("; did you mean {meant}?"));
            bail!(
                "no service has the code {code:?}{}",
                meant.unwrap_or_default()
            );
        }
    }
    json::document(
        &schema(args.kind, &args.service, &catalog),
        &mut console.out,
    )?;
    Ok(Status::Yes)
}

fn schema(kind: KindName, services: &[String], catalog: &Catalog) -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title(kind),
        "type": "object",
        "required": ["Version", "Statement"],
        "additionalProperties": false,
        "properties": {
            "Version": { "description": "The only version that RAM knows.", "enum": ["1"] },
            "Statement": {
                "description": "What is allowed and what is denied; a Deny that fits wins over every Allow.",
                "type": "array",
                "minItems": 1,
                "items": { "$ref": "#/definitions/statement" },
            },
        },
        "definitions": {
            "statement": statement(kind),
            "texts": one_or_many(json!({ "type": "string", "minLength": 1 })),
            "actions": one_or_many(json!({ "$ref": "#/definitions/action" })),
            "action": action(services, catalog),
            "conditions": conditions(),
            "keys": keys(catalog, &json!({ "$ref": "#/definitions/values" })),
            "booleanKeys": keys(catalog, &json!({ "$ref": "#/definitions/boolean" })),
            "values": one_or_many(json!({ "type": "string" })),
            "boolean": boolean(),
        },
    })
}

fn title(kind: KindName) -> &'static str {
    match kind {
        KindName::Identity | KindName::System => "Identity policy of Alibaba Cloud RAM",
        KindName::Session => "Session policy of Alibaba Cloud RAM",
        KindName::Control => "Control policy of an Alibaba Cloud resource directory",
        KindName::Trust => "Trust policy of an Alibaba Cloud RAM role",
        KindName::Oss => "Bucket policy of Alibaba Cloud OSS",
        KindName::Log => "Project policy of Alibaba Cloud Log Service",
        KindName::Kms => "Key policy of Alibaba Cloud KMS",
        KindName::Resource => "Policy on a resource of Alibaba Cloud",
        KindName::Endpoint => "Endpoint policy of an Alibaba Cloud VPC",
    }
}

/// A value or a list of at least one.
fn one_or_many(item: Value) -> Value {
    json!({ "anyOf": [item, { "type": "array", "minItems": 1, "items": item }] })
}

fn statement(kind: KindName) -> Value {
    let mut properties = json!({
        "Sid": { "description": "A name for the statement; it never changes a decision.", "type": "string" },
        "Effect": { "description": "Whether it allows or denies.", "enum": ["Allow", "Deny"] },
        "Action": { "description": "The actions that it is about.", "$ref": "#/definitions/actions" },
        "Condition": { "description": "What must hold, all of it.", "$ref": "#/definitions/conditions" },
    });
    let mut required = vec!["Effect"];
    let mut add = |name: &str, schema: Value| {
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(name.to_owned(), schema);
        }
    };
    if kind != KindName::Trust {
        let about = "The resources that it is about: \"*\" or acs:<service>:<region>:<account>:<relative id>.";
        add(
            "Resource",
            json!({ "description": about, "$ref": "#/definitions/texts" }),
        );
        let about = "All actions but these.";
        add(
            "NotAction",
            json!({ "description": about, "$ref": "#/definitions/actions" }),
        );
        required.push("Resource");
    }
    if let Some(principal) = principal(kind) {
        add("Principal", principal);
        required.push("Principal");
    }
    let action = json!([{ "required": ["Action"] }, { "required": ["NotAction"] }]);
    let mut statement = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "oneOf": action,
    });
    if kind == KindName::Trust {
        required.push("Action");
    }
    if let Some(members) = statement.as_object_mut() {
        members.insert("required".to_owned(), json!(required));
        if kind == KindName::Trust {
            members.remove("oneOf");
        }
    }
    statement
}

/// Whom a statement is about, where the kind says so.
fn principal(kind: KindName) -> Option<Value> {
    let listed = || {
        let mut names = one_or_many(json!({
            "type": "string",
            "pattern": r"^(\*|[0-9]+|arn:sts::.+:assumed-role/[^/]+/.+)$",
        }));
        if let Some(members) = names.as_object_mut() {
            let about = "The ids of users and accounts, arn:sts::<account>:assumed-role/<role>/<session>, or \"*\".";
            members.insert("description".to_owned(), json!(about));
        }
        names
    };
    let named = || {
        let about = "acs:ram::<account>:root, :user/<name>, :role/<name> or :*";
        let name = r"^acs:ram::[^:*?]+:(root|\*|(user|role)/[^*?]+)$";
        json!({
            "description": "Users and roles of RAM.",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": false,
            "properties": { "RAM": { "description": about } },
            "patternProperties": { "^[Rr][Aa][Mm]$": one_or_many(json!({ "type": "string", "pattern": name })) },
        })
    };
    Some(match kind {
        KindName::Identity | KindName::System | KindName::Session | KindName::Control => {
            return None;
        }
        KindName::Trust => trusted(),
        KindName::Kms => named(),
        KindName::Resource => json!({ "anyOf": [listed(), named()] }),
        KindName::Log | KindName::Endpoint => listed(),
        KindName::Oss => {
            let everybody = json!({ "description": "Everybody.", "type": "array", "maxItems": 0 });
            json!({ "anyOf": [listed(), everybody] })
        }
    })
}

fn trusted() -> Value {
    let name = r"^(.*[*?].*|acs:ram::[^:*?]+:(root|(user|role)/.+))$";
    let members = json!({
        "description": "Who may take the role on.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": false,
        "properties": {
            "RAM": { "description": "acs:ram::<account>:root, :user/<name> or :role/<name>" },
            "Service": { "description": "A service, ecs.aliyuncs.com for example." },
            "Federated": { "description": "An identity provider: acs:ram::<account>:saml-provider/<name> or :oidc-provider/<name>" },
        },
        "patternProperties": {
            "^[Rr][Aa][Mm]$": one_or_many(json!({ "type": "string", "pattern": name })),
            "^([Ss][Ee][Rr][Vv][Ii][Cc][Ee]|[Ff][Ee][Dd][Ee][Rr][Aa][Tt][Ee][Dd])$": { "$ref": "#/definitions/texts" },
        },
    });
    json!({ "anyOf": [members, { "enum": ["*"] }, { "type": "array", "minItems": 1, "items": { "enum": ["*"] } }] })
}

/// What the catalogue lists, to be offered; and everything else of the form, as patterns and new actions have it.
fn action(services: &[String], catalog: &Catalog) -> Value {
    let is_wanted = |code: &str| {
        services.is_empty()
            || services
                .iter()
                .any(|wanted| wanted.eq_ignore_ascii_case(code))
    };
    let mut known = vec!["*".to_owned()];
    for service in catalog
        .services()
        .filter(|service| is_wanted(service.code()))
    {
        known.push(format!("{}:*", service.code()));
        known.extend(service.actions().map(|action| action.name().to_owned()));
    }
    json!({ "anyOf": [
        { "enum": known },
        { "description": "<service>:<action>; * and ? are wildcards.", "type": "string", "pattern": r"^[^:]+:[\s\S]+$" },
    ] })
}

fn conditions() -> Value {
    let mut properties = Map::new();
    let mut names = (Vec::new(), Vec::new());
    for operator in Operator::all() {
        let keys = match operator.name() {
            "Bool" => "#/definitions/booleanKeys",
            _ => "#/definitions/keys",
        };
        properties.insert(operator.name().to_owned(), json!({ "$ref": keys }));
        let list = if operator.name() == "Bool" {
            &mut names.0
        } else {
            &mut names.1
        };
        list.push(operator.name());
    }
    let qualified = |names: &[&str]| format!("^(ForAllValues|ForAnyValue):({})$", names.join("|"));
    let (booleans, others) = (qualified(&names.0), qualified(&names.1));
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "patternProperties": {
            booleans: { "$ref": "#/definitions/booleanKeys" },
            others: { "$ref": "#/definitions/keys" },
        },
    })
}

/// The keys under an operator: those that are known, and any of their form.
fn keys(catalog: &Catalog, values: &Value) -> Value {
    let mut properties = Map::new();
    for key in catalog.keys().filter(|key| !key.is_family()) {
        let kind = key.key_type().map(KeyType::name);
        let about = [kind, key.note()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; ");
        properties.insert(key.name().to_owned(), json!({ "description": about }));
    }
    json!({
        "type": "object",
        "minProperties": 1,
        "additionalProperties": false,
        "properties": properties,
        "patternProperties": { r"^(Action|Resource|[^:]+:[\s\S]+)$": values },
    })
}

fn boolean() -> Value {
    let text = json!({
        "description": "\"true\" or \"false\", in quotes.",
        "type": "string",
        "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$",
    });
    json!({ "anyOf": [text, { "type": "array", "minItems": 1, "maxItems": 1, "items": text }] })
}
