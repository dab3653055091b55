//! `grpc.health.v1.Health/Check`: to gRPC what `/readyz` is to HTTP.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use prost::Message;

use crate::http::grpc::{self, Code};
use crate::http::{App, ForwardAuth, ext_authz};

pub(super) const PATH: &str = "/grpc.health.v1.Health/Check";

#[derive(Clone, PartialEq, Message)]
struct HealthCheckRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, Message)]
struct HealthCheckResponse {
    #[prost(int32, tag = "1")]
    status: i32,
}

const SERVING: i32 = 1;
const NOT_SERVING: i32 = 2;

/// Of the whole, or of a service that is here.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request) -> Response {
    if let Some(refused) = grpc::not_a_call(&request) {
        return refused;
    }
    let asked = grpc::message::<HealthCheckRequest>(&app.limits, request).await;
    let gateway = app.forward_auth.as_ref();
    let is_here = match asked.as_ref().map(|asked| &*asked.service) {
        Ok("") => true,
        Ok(ext_authz::SERVICE) => gateway.is_some_and(ForwardAuth::is_over_grpc),
        _ => false,
    };
    if !is_here {
        return grpc::failed(Code::NotFound, "no such service");
    }
    let is_ready = app.policies.served().is_some() && !app.is_ending();
    let status = if is_ready { SERVING } else { NOT_SERVING };
    grpc::answer(&HealthCheckResponse { status })
}
