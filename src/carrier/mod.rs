//! Policies inside other files: what a file is, which policies stand in it, where, and what each is for.

mod aliyun;
mod cases;
mod gather;
mod ros;
mod snapshot;
mod terraform;
mod terraform_table;

use std::fmt;

use crate::document::Reading;
use crate::json::{self, Node, Value};
use crate::problem::LoadError;
use crate::source::{Position, Source, Span};

use gather::Gathered;
pub use terraform_table::{TERRAFORM_DOCUMENTS, TerraformDocument, terraform_documents};

/// What a file with policies in it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CarrierFormat {
    /// What `terraform show -json` prints, of a plan or a state.
    TerraformJson,
    /// Terraform's own language.
    Terraform,
    /// What the `aliyun` command line prints.
    AliyunAnswer,
    /// A template of Resource Orchestration Service.
    RosTemplate,
    /// A snapshot of accounts (contracts, section 4).
    Snapshot,
    /// Case files (contracts, section 3).
    Cases,
}

impl fmt::Display for CarrierFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CarrierFormat::TerraformJson => "a Terraform plan or state",
            CarrierFormat::Terraform => "a Terraform configuration",
            CarrierFormat::AliyunAnswer => "an answer of the aliyun command line",
            CarrierFormat::RosTemplate => "a ROS template",
            CarrierFormat::Snapshot => "a snapshot",
            CarrierFormat::Cases => "a file of cases",
        })
    }
}

/// A file with policies in it.
///
/// ```
/// use ramgate::carrier::{Carrier, CarrierFormat};
/// use ramgate::{PolicyKind, Source};
///
/// let text = r#"{ "RequestId": "1", "Role": { "RoleName": "ops", "AssumeRolePolicyDocument": "{\"Version\": \"1\"}" } }"#;
/// let carrier = Carrier::read(&Source::new("role.json", text))?.unwrap();
/// assert_eq!(carrier.format, CarrierFormat::AliyunAnswer);
/// let trust = &carrier.documents[0];
/// assert_eq!((trust.place.as_str(), trust.reading.kind()), ("Role.AssumeRolePolicyDocument", PolicyKind::Trust));
/// assert_eq!(trust.source.text(), r#"{"Version": "1"}"#);
/// assert_eq!(trust.source.position(12).to_string(), "1:93"); // where "1" stands, past two backslashes and more
/// # Ok::<(), ramgate::LoadError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Carrier {
    /// What it is.
    pub format: CarrierFormat,
    /// The policies, in the order of the text as far as it tells.
    pub documents: Vec<Carried>,
    /// Where a policy stands that cannot be looked at.
    pub unread: Vec<Unread>,
}

/// A policy inside another file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Carried {
    /// Its text; positions in it are those of the file.
    pub source: Source,
    /// What it is, as the place says where it stands.
    pub reading: Reading,
    /// The way to it: `alicloud_ram_policy.net.policy_document`, `Role.AssumeRolePolicyDocument`.
    pub place: String,
    /// Parts of its text that stand for something that the file does not tell; each says [`UNKNOWN`].
    pub unknown: Vec<Span>,
    /// Where it begins, where the file has comments but not inside the policy: what stands before here is about the whole of it.
    pub opened_at: Option<Position>,
}

/// A policy that is not known from the file, or must not be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unread {
    /// The way to it.
    pub place: String,
    /// Where that is in the file.
    pub at: Position,
    /// Why it was not looked at.
    pub reason: String,
}

/// What stands in a policy's text in place of something that is not known: an action by its form, so that it spoils nothing around it.
pub const UNKNOWN: &str = "unknown:unknown";

impl Carrier {
    /// Reads a text that is JSON as the carrier that it is; `None` where it is none, or no JSON. Of a name that ends in `.jsonl` every
    /// line is a text of its own.
    ///
    /// # Errors
    /// When it is one, but of a version that is not known.
    pub fn read(source: &Source) -> Result<Option<Carrier>, LoadError> {
        if source.name().ends_with(".jsonl") {
            return Ok(cases::lines(source).map(|found| found.into_carrier(CarrierFormat::Cases)));
        }
        let Ok(json) = json::read(source) else {
            return Ok(None);
        };
        let root = json.root();
        let Some(format) = recognized(root) else {
            return Ok(None);
        };
        let mut found = Gathered::default();
        match format {
            CarrierFormat::TerraformJson => terraform::read(root, &mut found)?,
            CarrierFormat::AliyunAnswer => aliyun::read(root, &mut found),
            CarrierFormat::RosTemplate => ros::read(root, &mut found),
            CarrierFormat::Snapshot => snapshot::read(root, &mut found),
            CarrierFormat::Cases => cases::read(root, &mut found),
            CarrierFormat::Terraform => {}
        }
        Ok(Some(found.into_carrier(format)))
    }

    /// One that somebody else took apart.
    pub fn new(format: CarrierFormat, documents: Vec<Carried>, unread: Vec<Unread>) -> Carrier {
        Carrier {
            format,
            documents,
            unread,
        }
    }
}

impl Carried {
    /// A policy that somebody else found in a file.
    pub fn new(source: Source, reading: Reading, place: String, unknown: Vec<Span>) -> Carried {
        Carried {
            source,
            reading,
            place,
            unknown,
            opened_at: None,
        }
    }

    /// The same, with a place before which a comment is about the whole policy.
    pub fn opened_at(self, at: Position) -> Carried {
        Carried {
            opened_at: Some(at),
            ..self
        }
    }
}

impl Unread {
    /// A policy that somebody else could not look at.
    pub fn new(place: String, at: Position, reason: String) -> Unread {
        Unread { place, at, reason }
    }
}

/// What a text is, by the members that only this format has.
fn recognized(root: Node<'_>) -> Option<CarrierFormat> {
    let Some(members) = root.members() else {
        return cases::are_cases(root).then_some(CarrierFormat::Cases);
    };
    let is_text = |name: &str| {
        members
            .get(name)
            .is_some_and(|node| node.as_str().is_some())
    };
    let is_object = |name: &str| {
        let node = members.get(name);
        node.is_some_and(|node| node.members().is_some())
    };
    let is_array = |name: &str| members.get(name).is_some_and(Node::is_array);
    if members.get("Statement").is_some() {
        return None;
    }
    let of_terraform = is_object("planned_values") || is_object("values");
    if is_text("format_version") && (of_terraform || is_array("resource_changes")) {
        return Some(CarrierFormat::TerraformJson);
    }
    if is_text("ROSTemplateFormatVersion") {
        return Some(CarrierFormat::RosTemplate);
    }
    let is_number = |node: Node<'_>| matches!(node.value(), Value::Number(_));
    if members.get("ramgate").is_some_and(is_number) {
        return Some(CarrierFormat::Snapshot);
    }
    if cases::are_cases(root) {
        return Some(CarrierFormat::Cases);
    }
    (is_text("RequestId") || aliyun::is_answer(&members)).then_some(CarrierFormat::AliyunAnswer)
}
