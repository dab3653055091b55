//! Writes facts on actions and services for programs. `null` is unknown, an empty list is none.

use std::io;

use ramgate::{
    AccessLevel, ActionFacts, Catalog, Evidence, FactSource, Granularity, KeyFacts, KeyScope,
    KeyType, Listing, Operation, OperationFacts, ParameterType, ServiceFacts,
};
use serde::Serialize;

use crate::output::Output;
use crate::output::json::document;

#[derive(Serialize)]
struct Service<'c> {
    service: &'c str,
    name: Option<&'c str>,
    listing: Listing,
    granularity: Option<Granularity>,
    products: Vec<&'c str>,
    action_count: usize,
}

impl<'c> Service<'c> {
    fn of(service: ServiceFacts<'c>) -> Service<'c> {
        Service {
            service: service.code(),
            name: service.name(),
            listing: service.listing(),
            granularity: service.granularity(),
            products: service.products().collect(),
            action_count: service.actions().count(),
        }
    }
}

#[derive(Serialize)]
struct ResourceType<'c> {
    #[serde(rename = "type")]
    name: &'c str,
    arn: &'c str,
}

#[derive(Serialize)]
struct Resource<'c> {
    #[serde(rename = "type")]
    name: &'c str,
    arn: &'c str,
    required: bool,
}

#[derive(Serialize)]
struct Key<'c> {
    key: &'c str,
    #[serde(rename = "type")]
    key_type: Option<KeyType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<KeyScope>,
    note: Option<&'c str>,
    evidence: Option<Evidence>,
}

impl<'c> Key<'c> {
    fn of(key: KeyFacts<'c>, scope: Option<KeyScope>) -> Key<'c> {
        Key {
            key: key.name(),
            key_type: key.key_type(),
            scope,
            note: key.note(),
            evidence: key.evidence(),
        }
    }
}

#[derive(Serialize)]
struct Action<'c> {
    action: &'c str,
    service: &'c str,
    access_level: Option<AccessLevel>,
    resource_level: Option<bool>,
    resources: Vec<Resource<'c>>,
    /// Those that its page names; the single action has all of them besides.
    own_condition_keys: Option<Vec<&'c str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_keys: Option<Vec<Key<'c>>>,
    associated_actions: Option<Vec<&'c str>>,
    operations: Vec<Operation<'c>>,
    /// Its operations as calls; the single action has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<Call<'c>>>,
    deprecated: bool,
    note: Option<&'c str>,
    evidence: Option<Evidence>,
    sources: Vec<FactSource<'c>>,
}

impl<'c> Action<'c> {
    fn of(action: ActionFacts<'c>) -> Action<'c> {
        let resources = action.resources().map(|resource| Resource {
            name: resource.type_name(),
            arn: resource.template().as_str(),
            required: resource.is_required(),
        });
        Action {
            action: action.name(),
            service: action.service().code(),
            access_level: action.access_level(),
            resource_level: action.has_resource_level(),
            resources: resources.collect(),
            own_condition_keys: action
                .own_keys()
                .map(|keys| keys.map(KeyFacts::name).collect()),
            condition_keys: None,
            associated_actions: action.needs().map(Iterator::collect),
            operations: action.operations().collect(),
            calls: None,
            deprecated: action.is_deprecated(),
            note: action.note(),
            evidence: action.evidence(),
            sources: action.sources().collect(),
        }
    }
}

#[derive(Serialize)]
struct Call<'c> {
    product: &'c str,
    operation: &'c str,
    parameters: Vec<Parameter<'c>>,
    /// Whether all parameters are listed.
    all_parameters: Option<bool>,
    /// The type whose state counts.
    on: Option<&'c str>,
    /// `null`: unknown; none: in every state.
    allowed_in: Option<Vec<&'c str>>,
    perhaps_allowed_in: Vec<&'c str>,
    makes: Option<&'c str>,
    state_after: Option<&'c str>,
    passes_through: Option<&'c str>,
    deletes: bool,
    errors: Vec<CallError<'c>>,
    note: Option<&'c str>,
    sources: Vec<FactSource<'c>>,
}

#[derive(Serialize)]
struct Parameter<'c> {
    name: &'c str,
    #[serde(rename = "type")]
    kind: Option<ParameterType>,
    required: Option<bool>,
    /// `region`, or the type of the resource that it names.
    names: Option<&'c str>,
    constraints: Vec<String>,
    note: Option<&'c str>,
}

#[derive(Serialize)]
struct CallError<'c> {
    when: String,
    code: Option<&'c str>,
    http_status: Option<u16>,
    message: Option<&'c str>,
}

impl<'c> Call<'c> {
    fn of(call: OperationFacts<'c>) -> Call<'c> {
        let parameters = call.parameters().map(|parameter| Parameter {
            name: parameter.name(),
            kind: parameter.parameter_type(),
            required: parameter.is_required(),
            names: if parameter.is_region() {
                Some("region")
            } else {
                parameter.names()
            },
            constraints: {
                let constraints = parameter.constraints().iter();
                constraints.map(ToString::to_string).collect()
            },
            note: parameter.note(),
        });
        let errors = call.errors().map(|error| CallError {
            when: error.cause().to_string(),
            code: error.code(),
            http_status: error.status(),
            message: error.message(),
        });
        Call {
            product: call.product(),
            operation: call.name(),
            parameters: parameters.collect(),
            all_parameters: call.has_all_parameters(),
            on: call.on(),
            allowed_in: call.allowed_in().map(Iterator::collect),
            perhaps_allowed_in: call.perhaps_allowed_in().collect(),
            makes: call.makes(),
            state_after: call.state_after(),
            passes_through: call.passes_through(),
            deletes: call.deletes(),
            errors: errors.collect(),
            note: call.note(),
            sources: call.sources().collect(),
        }
    }
}

#[derive(Serialize)]
struct Services<'c> {
    services: Vec<Service<'c>>,
}

#[derive(Serialize)]
struct Actions<'c> {
    actions: Vec<Action<'c>>,
}

#[derive(Serialize)]
struct WholeService<'c> {
    #[serde(flatten)]
    service: Service<'c>,
    resource_types: Vec<ResourceType<'c>>,
    condition_keys: Vec<Key<'c>>,
    sources: Vec<FactSource<'c>>,
    actions: Vec<Action<'c>>,
}

/// Every service.
pub(crate) fn services(catalog: &Catalog, out: &mut Output) -> io::Result<()> {
    let services = catalog.services().map(Service::of).collect();
    document(&Services { services }, out)
}

/// A service with its actions.
pub(crate) fn service(service: ServiceFacts<'_>, out: &mut Output) -> io::Result<()> {
    let types = service
        .resource_types()
        .map(|(name, template)| ResourceType {
            name,
            arn: template.as_str(),
        });
    let whole = WholeService {
        service: Service::of(service),
        resource_types: types.collect(),
        condition_keys: service.keys().map(|key| Key::of(key, None)).collect(),
        sources: service.sources().collect(),
        actions: service.actions().map(Action::of).collect(),
    };
    document(&whole, out)
}

/// Some actions.
pub(crate) fn actions(actions: &[ActionFacts<'_>], out: &mut Output) -> io::Result<()> {
    let actions = actions.iter().copied().map(Action::of).collect();
    document(&Actions { actions }, out)
}

/// One action, with every condition key that may be used with it.
pub(crate) fn action(action: ActionFacts<'_>, out: &mut Output) -> io::Result<()> {
    let keys = action
        .keys()
        .map(|(scope, key)| Key::of(key, Some(scope)))
        .collect();
    let whole = Action {
        condition_keys: Some(keys),
        calls: Some(action.calls().map(Call::of).collect()),
        ..Action::of(action)
    };
    document(&whole, out)
}
