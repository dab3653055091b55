//! The style of Alibaba Cloud's own interfaces: `Action=CancelPhysicalConnection&RegionId=...` becomes questions by the catalogue's facts.

mod call;
mod error_body;
mod parameters;

pub use call::ApiCall;
pub use parameters::Parameters;
