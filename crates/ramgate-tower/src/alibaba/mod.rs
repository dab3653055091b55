//! The style of Alibaba Cloud's own interfaces: `Action=CancelPhysicalConnection&RegionId=...` is understood by the catalogue's facts.

mod access_key;
mod call;
mod error_body;
mod parameters;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use ramgate::preflight::Call;
use ramgate::{Catalog, Context, PolicySet, Principal};

use crate::denial::{Denial, Refusal};
use crate::mapping::{Asked, Mapping};

pub use call::ApiCall;
pub use parameters::Parameters;

/// Longer bodies are refused unless the limit is set otherwise: the calls of this style are short.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Who calls, and under which circumstances. The layer cannot know: signatures are made with secrets that only the upstream has.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Identified {
    /// Whom the upstream will take the caller for. Where it goes by the `AccessKeyId`, so must this.
    pub principal: Principal<'static>,
    /// The circumstances: `acs:SourceIp`, `acs:SecureTransport`, `acs:CurrentTime` and others that policies ask for.
    pub context: Context<'static>,
    /// Keys that the call does not have, though calls may: `acs:SourceVpc` of one from the Internet.
    pub absent: Vec<String>,
    /// The session policy of the caller's session.
    pub session: Option<PolicySet>,
}

impl Identified {
    /// A caller without circumstances. Policies that ask for some deny then.
    pub fn new(principal: Principal<'static>) -> Identified {
        Identified {
            principal,
            context: Context::default(),
            absent: Vec::new(),
            session: None,
        }
    }

    /// The same under these circumstances.
    pub fn with_context(mut self, context: Context<'static>) -> Identified {
        self.context = context;
        self
    }

    /// The same, without this key.
    pub fn without(mut self, key: impl Into<String>) -> Identified {
        self.absent.push(key.into());
        self
    }

    /// The same in a session with this policy.
    pub fn in_session(mut self, policy: PolicySet) -> Identified {
        self.session = Some(policy);
        self
    }
}

/// Understands calls of one of Alibaba Cloud's interfaces, in front of its endpoint: RPC style, signed in the query, the form or headers.
///
/// A call is denied that could be read in two ways, whose operation or parameters are not all in the catalogue, or whose answer hangs on
/// circumstances that nobody said. Signatures are not checked: the upstream does that, and it must be the only one that the client can reach.
/// The body is read whole before the call goes on; set timeouts in front of the layer.
///
/// Denials look as the cloud's own: HTTP 403, code `NoPermission`, `AccessDeniedDetail`.
///
/// The inner service's body must be one that a piece of bytes can be turned into, as axum's `Body` can.
pub struct AlibabaApi<I> {
    catalog: Arc<Catalog>,
    product: String,
    version: String,
    identify: I,
    passed_on: BTreeSet<String>,
    body_bytes_max: usize,
}

impl<I> AlibabaApi<I>
where
    I: Fn(&Parts, &ApiCall) -> Result<Identified, Refusal>,
{
    /// The interface of a product in a version, `vpc` and `2016-04-28`: calls of other versions are denied.
    pub fn new(
        catalog: Arc<Catalog>,
        product: impl Into<String>,
        version: impl Into<String>,
        identify: I,
    ) -> AlibabaApi<I> {
        AlibabaApi {
            catalog,
            product: product.into(),
            version: version.into(),
            identify,
            passed_on: BTreeSet::new(),
            body_bytes_max: BODY_BYTES_MAX,
        }
    }

    /// Lets calls of this operation through without asking, whoever calls: for those that the catalogue cannot map and that may harm nothing.
    pub fn pass_on(mut self, operation: impl Into<String>) -> AlibabaApi<I> {
        self.passed_on.insert(operation.into());
        self
    }

    /// Reads bodies up to this length, in bytes. The default is 1 MiB.
    pub fn body_bytes_max(mut self, bytes: usize) -> AlibabaApi<I> {
        self.body_bytes_max = bytes;
        self
    }

    /// What a call asks for whose body is at hand, whole. The layer does this for each request; a decision point beside a gateway, which gives
    /// it the request to look at, does nothing else.
    ///
    /// # Errors
    /// When the call could be read in two ways, is none of this interface, or its caller cannot be told.
    pub fn understand(&self, head: &Parts, body: &Bytes) -> Result<Asked, Refusal> {
        let api_call = ApiCall::read(head, body)?;
        if api_call.version != self.version {
            return Err(Refusal::new(format!(
                "version {:?} of the interface; expected {}",
                api_call.version, self.version
            )));
        }
        let who = (self.identify)(head, &api_call)?;
        if self.passed_on.contains(&api_call.operation) {
            return Ok(Asked::Nothing);
        }
        let mut call = Call::new(
            who.principal,
            format!("{}:{}", self.product, api_call.operation),
        )
        .with_context(who.context);
        call.absent = who.absent;
        call.session = who.session;
        let parameters = api_call.parameters.iter();
        call.parameters = parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Asked::Call(Box::new(call), Arc::clone(&self.catalog)))
    }
}

impl<I> fmt::Debug for AlibabaApi<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlibabaApi")
            .field("product", &self.product)
            .field("version", &self.version)
            .field("passed_on", &self.passed_on)
            .field("body_bytes_max", &self.body_bytes_max)
            .finish_non_exhaustive()
    }
}

impl<B, I> Mapping<B> for AlibabaApi<I>
where
    B: Body + From<Bytes> + Send,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    I: Fn(&Parts, &ApiCall) -> Result<Identified, Refusal> + Send + Sync,
{
    async fn asked(&self, request: Request<B>) -> Result<(Request<B>, Asked), Refusal> {
        let (head, body) = request.into_parts();
        let body = whole(body, self.body_bytes_max).await?;
        let asked = self.understand(&head, &body)?;
        Ok((Request::from_parts(head, B::from(body)), asked))
    }

    fn response(&self, denial: &Denial) -> Response<Bytes> {
        denial.api_error()
    }
}

async fn whole<B>(body: B, bytes_max: usize) -> Result<Bytes, Refusal>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::new(format!(
            "the body is longer than {bytes_max} bytes"
        ))),
        Err(error) => Err(Refusal::new(format!("the body ends early: {error}"))),
    }
}
