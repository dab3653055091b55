//! The messages of ext_authz v3, as far as they are read and written here; the numbers are those of Envoy's `envoy/service/auth/v3`.

use std::collections::HashMap;

use axum::body::Bytes;
use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
pub(super) struct CheckRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) attributes: Option<AttributeContext>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AttributeContext {
    #[prost(message, optional, tag = "1")]
    pub(super) source: Option<Peer>,
    #[prost(message, optional, tag = "4")]
    pub(super) request: Option<AttributeRequest>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Peer {
    #[prost(message, optional, tag = "1")]
    pub(super) address: Option<Address>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Address {
    #[prost(message, optional, tag = "1")]
    pub(super) socket_address: Option<SocketAddress>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SocketAddress {
    #[prost(string, tag = "2")]
    pub(super) address: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct AttributeRequest {
    #[prost(message, optional, tag = "2")]
    pub(super) http: Option<HttpRequest>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct HttpRequest {
    #[prost(string, tag = "2")]
    pub(super) method: String,
    #[prost(map = "string, string", tag = "3")]
    pub(super) headers: HashMap<String, String>,
    /// With the query, as it came.
    #[prost(string, tag = "4")]
    pub(super) path: String,
    /// How many bytes of the body Envoy has; below zero where it does not know.
    #[prost(int64, tag = "9")]
    pub(super) size: i64,
    /// A text, in which Envoy replaces bytes that are no UTF-8.
    #[prost(bytes = "vec", tag = "11")]
    pub(super) body: Vec<u8>,
    /// In its place where Envoy is told to pack the body as bytes.
    #[prost(bytes = "vec", tag = "12")]
    pub(super) raw_body: Vec<u8>,
    /// In the place of `headers` where Envoy is told to give them raw.
    #[prost(message, optional, tag = "13")]
    pub(super) header_map: Option<HeaderList>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct HeaderList {
    #[prost(message, repeated, tag = "1")]
    pub(super) headers: Vec<Header>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Header {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    /// This or the raw value.
    #[prost(string, tag = "2")]
    pub(super) value: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) raw_value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct CheckResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(oneof = "HttpResponse", tags = "2, 3")]
    pub(super) http_response: Option<HttpResponse>,
    #[prost(message, optional, tag = "4")]
    pub(super) dynamic_metadata: Option<Struct>,
}

/// `google.rpc.Status`: what lets through is the code 0.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum HttpResponse {
    #[prost(message, tag = "2")]
    Denied(DeniedHttpResponse),
    #[prost(message, tag = "3")]
    Ok(OkHttpResponse),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct DeniedHttpResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<HttpStatus>,
    #[prost(message, repeated, tag = "2")]
    pub(super) headers: Vec<HeaderOption>,
    #[prost(string, tag = "3")]
    pub(super) body: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct HttpStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct OkHttpResponse {
    #[prost(message, repeated, tag = "2")]
    pub(super) headers: Vec<HeaderOption>,
    #[prost(string, repeated, tag = "5")]
    pub(super) headers_to_remove: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct HeaderOption {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(int32, tag = "3")]
    append_action: i32,
}

impl HeaderOption {
    /// A header that stands alone, and never beside what the client sent under the same name, which is what Envoy does by itself.
    pub(super) fn alone(key: &str, value: &str) -> HeaderOption {
        const OVERWRITE_IF_EXISTS_OR_ADD: i32 = 2;
        HeaderOption {
            header: Some(Header {
                key: key.to_owned(),
                value: value.to_owned(),
                raw_value: Vec::new(),
            }),
            append_action: OVERWRITE_IF_EXISTS_OR_ADD,
        }
    }
}

/// `google.protobuf.Struct`: an object of JSON.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Struct {
    #[prost(message, repeated, tag = "1")]
    members: Vec<Member>,
}

/// An entry of a map is a message of its own; a text is written as bytes are.
#[derive(Clone, PartialEq, Message)]
struct Member {
    #[prost(bytes = "bytes", tag = "1")]
    name: Bytes,
    #[prost(message, optional, tag = "2")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(oneof = "Kind", tags = "2, 3, 5, 6")]
    kind: Option<Kind>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Kind {
    #[prost(double, tag = "2")]
    Number(f64),
    #[prost(bytes = "bytes", tag = "3")]
    Text(Bytes),
    #[prost(message, tag = "5")]
    Struct(Struct),
    #[prost(message, tag = "6")]
    List(List),
}

#[derive(Clone, PartialEq, Message)]
struct List {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

impl Struct {
    /// Those members that have a value; their names are different.
    pub(super) fn of<const N: usize>(members: [(&'static str, Option<Value>); N]) -> Struct {
        let mut all = Vec::with_capacity(N);
        for (name, value) in members {
            if value.is_some() {
                let name = Bytes::from_static(name.as_bytes());
                all.push(Member { name, value });
            }
        }
        Struct { members: all }
    }

    pub(super) fn value(self) -> Value {
        Value::of(Kind::Struct(self))
    }
}

impl Value {
    fn of(kind: Kind) -> Value {
        Value { kind: Some(kind) }
    }

    pub(super) fn text(text: String) -> Value {
        Value::of(Kind::Text(Bytes::from(text)))
    }

    /// One of a few words.
    pub(super) fn word(word: &'static str) -> Value {
        Value::of(Kind::Text(Bytes::from_static(word.as_bytes())))
    }

    pub(super) fn number(number: f64) -> Value {
        Value::of(Kind::Number(number))
    }

    pub(super) fn list(values: Vec<Value>) -> Value {
        Value::of(Kind::List(List { values }))
    }
}
