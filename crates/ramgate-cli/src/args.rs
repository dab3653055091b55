//! The arguments of every command, with their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

/// A policy engine for Alibaba Cloud RAM: may this principal do this action on this resource, and why?
#[derive(Debug, Parser)]
#[command(name = "ramgate", version, arg_required_else_help = true, after_help = EXIT_STATUS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to colour the output; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

const EXIT_STATUS: &str = "\
Exit status of every command: 0 = yes or clean, 1 = no, findings or a failed case, 2 = could not answer.

PATH is a file, a directory (every *.json below it, hidden directories left out), a pattern such as \
'policies/**/*.json', or - for standard input.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Box<CheckArgs>),
    Test(TestArgs),
    Fmt(FmtArgs),
    Catalog(CatalogArgs),
    Diff(DiffArgs),
    Prove(ProveArgs),
    Lint(LintArgs),
    Rule(RuleArgs),
    Preflight(Box<PreflightArgs>),
    ExplainDenial(ExplainDenialArgs),
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to write an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    /// For people: the decision on the first line, then why
    #[default]
    Text,
    /// For programs: one document, or a line for each request of a stream
    Json,
}

/// Decide a request, and say why.
///
/// The first line of the answer is Allow, ExplicitDeny or ImplicitDeny; the exit status is 0 for Allow and 1 for the
/// others. Policies come from files (--policy and its companions), from what is known of whole accounts (--account), or,
/// with the request, from a case file (--case).
#[derive(Debug, Args)]
#[command(override_usage = CHECK_USAGE, after_long_help = CHECK_EXAMPLES, after_help = "More and examples: ramgate check --help")]
#[command(group = clap::ArgGroup::new("basis").required(true).multiple(true))]
#[command(group = clap::ArgGroup::new("asked").required(true).multiple(false))]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) policies: PolicyArgs,

    #[command(flatten)]
    pub(crate) request: RequestArgs,

    /// A file that holds one case: its policies and its request; no clock is read for it
    #[arg(long, value_name = "FILE", help_heading = "Policies", groups = ["basis", "asked"], conflicts_with_all = NOT_WITH_A_CASE)]
    pub(crate) case: Option<PathBuf>,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AnswerFormat,
}

const NOT_WITH_A_CASE: [&str; 17] = [
    "policy",
    "account",
    "trust_policy",
    "resource_policy",
    "endpoint_policy",
    "lenient",
    "system",
    "absent_negated",
    "group_deny",
    "principal",
    "principal_id",
    "resource",
    "context",
    "resource_group",
    "resource_owner",
    "session_policy",
    "now",
];

const CHECK_USAGE: &str = "\
ramgate check --policy <PATH>... --action <ACTION> --resource <ARN>... [OPTIONS]
       ramgate check --account <SNAPSHOT> --principal <PRINCIPAL> --action <ACTION> --resource <ARN>... [OPTIONS]
       ramgate check --policy <PATH>...|--account <SNAPSHOT> --request <FILE>|--requests <FILE> [OPTIONS]
       ramgate check --case <FILE> [OPTIONS]";

const CHECK_EXAMPLES: &str = "\
Examples:
  May anybody with these policies cancel this circuit?
    ramgate check --policy net-ops.json --action vpc:CancelPhysicalConnection \\
      --resource acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-119mfjzm7

  May alice, from that address?
    ramgate check --account snapshot.json --principal acs:ram::1234567890123456:user/alice \\
      --action vpc:CancelPhysicalConnection --context acs:SourceIp=203.0.113.7 \\
      --resource acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-119mfjzm7

  A request from a file, the answer as JSON:
    ramgate check --policy 'policies/**/*.json' --request request.json --format json

  A million requests, one a line; memory does not grow with them:
    ramgate check --account snapshot.json --requests requests.jsonl --format json > answers.jsonl";

/// By what a request is decided.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policies")]
pub(crate) struct PolicyArgs {
    /// Identity policies, all attached to whoever asks: files, directories (every *.json below), patterns
    #[arg(long, num_args = 1.., value_name = "PATH", group = "basis")]
    pub(crate) policy: Vec<PathBuf>,

    /// What is known of accounts: a snapshot, or a directory of them
    #[arg(long, value_name = "SNAPSHOT", group = "basis", conflicts_with_all = ["policy", "trust_policy", "resource_policy", "endpoint_policy", "system"])]
    pub(crate) account: Option<PathBuf>,

    /// The trust policy of the role that is to be assumed
    #[arg(long, value_name = "FILE", group = "basis")]
    pub(crate) trust_policy: Option<PathBuf>,

    /// The policy on the resource: of the bucket, the key, the project
    #[arg(long, value_name = "FILE", group = "basis")]
    pub(crate) resource_policy: Option<PathBuf>,

    /// The policy of the VPC endpoint that the request comes through
    #[arg(long, value_name = "FILE", group = "basis")]
    pub(crate) endpoint_policy: Option<PathBuf>,

    /// Read what RAM may once have accepted; what it means is doubtful, so nothing is granted by it
    #[arg(long)]
    pub(crate) lenient: bool,

    /// The identity policies are Alibaba Cloud's own, which have no size limit
    #[arg(long, requires = "policy")]
    pub(crate) system: bool,

    /// An Allow with a negated condition whose key is absent (rule O20)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) absent_negated: Option<AbsentNegated>,

    /// A Deny at resource-group scope against an Allow at account scope (rule E7)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) group_deny: Option<GroupDeny>,
}

/// What a negated condition on an absent key does in an Allow (O20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AbsentNegated {
    /// It holds
    Grant,
    /// It does not grant (the default)
    Deny,
}

/// What a Deny at resource-group scope does to an Allow at account scope (E7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GroupDeny {
    /// It takes the Allow away
    Wins,
    /// It is not looked at (the default)
    Ignored,
}

/// What is asked: in flags, in a file, or line by line.
#[derive(Debug, Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// Who asks: acs:ram::<account>:user/<name>, …:role/<name>, …:assumed-role/<role>/<session>, …:root, Service:<name>, Federated:<ARN> or anonymous
    #[arg(long, value_name = "PRINCIPAL", conflicts_with_all = FILES)]
    pub(crate) principal: Option<String>,

    /// What is to be done: <service>:<operation>
    #[arg(long, value_name = "ACTION", group = "asked", requires = "resource")]
    pub(crate) action: Option<String>,

    /// On what: an ARN, or * for a request without a particular resource; several are one call that needs them all
    #[arg(long, value_name = "ARN", conflicts_with_all = FILES)]
    pub(crate) resource: Vec<String>,

    /// A circumstance, as acs:SourceIp=203.0.113.7; a key given twice has two values
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value, conflicts_with_all = FILES)]
    pub(crate) context: Vec<(String, String)>,

    /// The resource group that the resource is in
    #[arg(long, value_name = "ID", conflicts_with_all = FILES)]
    pub(crate) resource_group: Option<String>,

    /// The account that owns the resource, where the ARN does not say
    #[arg(long, value_name = "ACCOUNT", conflicts_with_all = FILES)]
    pub(crate) resource_owner: Option<String>,

    /// The numeric id of the RAM user who asks: bucket policies name users by it
    #[arg(long, value_name = "ID", conflicts_with_all = FILES)]
    pub(crate) principal_id: Option<String>,

    /// The session policy of the role session that asks
    #[arg(long, value_name = "FILE", conflicts_with_all = FILES)]
    pub(crate) session_policy: Option<PathBuf>,

    /// One request in JSON; - is standard input
    #[arg(long, value_name = "FILE", group = "asked")]
    pub(crate) request: Option<PathBuf>,

    /// Many requests, one a line, each answered by a line; - is standard input
    #[arg(long, value_name = "FILE", group = "asked")]
    pub(crate) requests: Option<PathBuf>,

    /// The time of requests that do not give acs:CurrentTime, instead of now
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
}

const FILES: [&str; 2] = ["request", "requests"];

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as acs:SourceIp=203.0.113.7".to_owned()),
    }
}

fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| "expected a time with its zone, such as 2026-07-01T08:00:00Z".to_owned())
}

/// Run case files: policies, a request and what must come of it.
///
/// Files in a directory that hold no cases are passed over; a file that is named must hold some. A file that cannot be
/// read makes the exit status 2, and the others are run all the same.
#[derive(Debug, Args)]
#[command(after_long_help = TEST_EXAMPLES, after_help = "More and examples: ramgate test --help")]
pub(crate) struct TestArgs {
    /// Case files, directories of them (*.json and *.jsonl), patterns
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// How to write the report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: ReportFormat,

    /// List the statements that no case touched
    #[arg(long)]
    pub(crate) coverage: bool,

    /// Run only cases whose name or file holds this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
}

/// How to write a report on cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people: what failed, and how many
    #[default]
    Text,
    /// For programs: one document
    Json,
    /// For CI systems
    Junit,
}

const TEST_EXAMPLES: &str = "\
Examples:
  Every case below a directory:
    ramgate test policies/cases

  Only those about tags, and which statements they did not touch:
    ramgate test policies/cases --filter tag --coverage

  A report for a CI system:
    ramgate test 'policies/**/*.json' --format junit > report.xml

A case file holds one case, a list of them, or one a line (.jsonl):
  { \"name\": \"an operator may cancel her own circuit\",
    \"policies\": { \"identity\": [ { \"Version\": \"1\", \"Statement\": [ … ] } ] },
    \"request\": { \"action\": \"vpc:CancelPhysicalConnection\", \"resource\": \"acs:vpc:…\" },
    \"expect\": \"Allow\" }";

/// Put policies into their canonical form.
///
/// Only layout and the order of elements change, never what a policy means. A file is replaced whole or not at all, and
/// only if it changes.
#[derive(Debug, Args)]
#[command(after_long_help = FMT_EXAMPLES, after_help = "More and examples: ramgate fmt --help")]
pub(crate) struct FmtArgs {
    /// Policies, directories of them, patterns; - formats standard input to standard output
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Change nothing: show what would change, and exit with 1 if something would
    #[arg(long)]
    pub(crate) check: bool,
}

const FMT_EXAMPLES: &str = "\
Examples:
  Format every policy below a directory:
    ramgate fmt policies

  In CI:
    ramgate fmt --check policies

  In an editor:
    ramgate fmt -";

/// Look up what is known of an action: its access level, the resources it is on, its condition keys.
///
/// The facts come from the vendor's pages and metadata, each with its date and source. What is not listed is unknown: only where all actions of
/// a service are listed is another one newer or misspelt. The exit status is 2 where nothing is known.
#[derive(Debug, Args)]
#[command(after_long_help = CATALOG_EXAMPLES, after_help = "More and examples: ramgate catalog --help")]
pub(crate) struct CatalogArgs {
    /// An action, a pattern of actions such as vpc:Cancel*, or the RAM code of a service; left out, every service
    #[arg(value_name = "ACTION|SERVICE")]
    pub(crate) name: Option<String>,

    /// Facts of your own, laid over the built-in ones; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Vec<PathBuf>,

    /// How to write the facts
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: FactFormat,
}

/// How to write facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FactFormat {
    /// For people
    #[default]
    Text,
    /// For programs: one document
    Json,
}

const CATALOG_EXAMPLES: &str = "\
Examples:
  On which resource is it authorized, and which conditions are there?
    ramgate catalog vpc:CancelPhysicalConnection

  Which actions does this pattern of a policy cover?
    ramgate catalog 'vpc:*PhysicalConnection*'

  All of a service, for a program:
    ramgate catalog vpc --format json

  With facts of your own (docs/catalog.md describes the rows):
    ramgate catalog --catalog own.tsv vpc:CancelPhysicalConnection";

/// Compare what two sets of policies allow, over all requests.
///
/// The first line of the answer is equivalent, narrower, broader, incomparable or unknown. Each access that NEW gives or takes is shown by one
/// request, confirmed by the same evaluation as `ramgate check`, for every statement that is a cause. The exit status is 0, unless --fail-on
/// says otherwise or the answer is unknown: then it is 2, and the reasons are told.
#[derive(Debug, Args)]
#[command(after_long_help = DIFF_EXAMPLES, after_help = "More and examples: ramgate diff --help")]
pub(crate) struct DiffArgs {
    /// The policies as they are: a policy, a directory of policies (all attached together), a snapshot, a case file
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// The policies as they are to be, in the same form
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    /// What the policies are; snapshots and cases say so themselves. Those which only take away (session, control, endpoint) and trust policies
    /// are compared for callers whose identity policies allow everything
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub(crate) kind: Kind,

    /// Read what RAM may once have accepted; what it means is doubtful, so nothing is granted by it
    #[arg(long)]
    pub(crate) lenient: bool,

    /// Exit with 1 where NEW allows what OLD does not (broader), does not allow what OLD does (narrower), or either (any)
    #[arg(long, value_enum, value_name = "CHANGE")]
    pub(crate) fail_on: Option<ChangeToFailOn>,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AnswerFormat,
}

/// What policies are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Attached to a user, a group or a role
    #[default]
    Identity,
    /// Given with AssumeRole for one session
    Session,
    /// Attached in a resource directory
    Control,
    /// Of a role: who may assume it
    Trust,
    /// On an OSS bucket
    Bucket,
    /// On a project of Log Service
    Project,
    /// On a KMS key or secret
    Key,
    /// On a resource of another service
    Resource,
    /// Of a VPC endpoint
    Endpoint,
}

/// Which changes make a comparison fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ChangeToFailOn {
    /// New access
    Broader,
    /// Lost access
    Narrower,
    /// Both
    Any,
}

const DIFF_EXAMPLES: &str = "\
Examples:
  What does this change allow that was not allowed before?
    ramgate diff old.json new.json

  In CI: a change must not give anybody more (1), and must be understood (2):
    ramgate diff --fail-on broader main/policies policies

  Two snapshots, principal by principal; only those whose policies differ:
    ramgate diff yesterday.json today.json

  A guardrail of a resource directory:
    ramgate diff --kind control guardrail.old.json guardrail.json

  Feed a witness back:
    ramgate diff old.json new.json --format json | jq '.new_access[0].witness' |
      ramgate check --policy new.json --request -";

/// Check properties over all requests: what nobody may ever do, what must always work.
///
/// A file holds policies, or names a snapshot, and lists properties: never, always, only, implies. Each that does not hold is shown with a
/// request against it, confirmed by the same evaluation as `ramgate check`. The exit status is 0 when all hold, 1 when one does not, 2 when one
/// is not known to hold and none is known not to, or the file cannot be read. docs/prove.md says what "holds" covers and what it does not.
#[derive(Debug, Args)]
#[command(after_long_help = PROVE_EXAMPLES, after_help = "More and examples: ramgate prove --help")]
pub(crate) struct ProveArgs {
    /// Properties, as JSON
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AnswerFormat,
}

const PROVE_EXAMPLES: &str = "\
Examples:
  Does all hold that this file demands of a snapshot?
    ramgate prove policies/properties/network.json

A file of properties:
  { \"account\": \"../snapshot.json\",
    \"properties\": [
      { \"name\": \"only the network team cancels circuits\",
        \"within\": { \"actions\": [\"vpc:CancelPhysicalConnection\"] },
        \"only\": { \"principals\": [\"acs:ram::1234567890123456:user/alice\"] } },
      { \"name\": \"nobody deletes production buckets\",
        \"never\": { \"actions\": [\"oss:Delete*\"], \"resources\": [\"acs:oss:*:*:prod-*\"] } } ] }";

/// Find what is wrong with policies, or could be better.
///
/// What kind of policy a file is, --kind says; else [[lint.kind]] of ramgate.toml, else the directory that it is in (control, session, trust,
/// resource, oss, log, kms, endpoint, system); else it is an identity policy. What was taken is told. The exit status is 1 when a finding is at or
/// above --fail-on.
#[derive(Debug, Args)]
#[command(after_long_help = LINT_EXAMPLES, after_help = "More and examples: ramgate lint --help")]
pub(crate) struct LintArgs {
    /// Policies, directories of them, patterns; - is standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// How to write the findings
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: FindingFormat,

    /// What kind of policies they are
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) kind: Option<KindName>,

    /// Only these rules: an id, the beginning of ids (RG4), a name
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub(crate) select: Vec<String>,

    /// All but these rules
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub(crate) ignore: Vec<String>,

    /// The least bad finding that makes the exit status 1
    #[arg(long, value_enum, default_value_t, value_name = "SEVERITY")]
    pub(crate) fail_on: FailOn,

    /// Make the changes that keep what a policy means, in place
    #[arg(long)]
    pub(crate) fix: bool,

    /// An earlier report (--format json): what is in it is not told again
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Facts of your own on actions, laid over the built-in ones; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Vec<PathBuf>,

    /// Settings, instead of the nearest ramgate.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// How to write findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    /// For people: each with its line of the source
    #[default]
    Text,
    /// For programs: one array
    Json,
    /// For code scanning
    Sarif,
    /// For annotations of GitHub Actions
    Github,
    /// For the code quality report of GitLab
    Gitlab,
    /// For CI systems
    Junit,
}

/// From which severity on a finding counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Suggestion,
    #[default]
    Warning,
    Security,
    Error,
    /// Findings do not count
    Never,
}

/// A kind of policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindName {
    /// Attached to a user, a group or a role
    Identity,
    /// The same, but Alibaba Cloud's own: of any size
    System,
    /// Given for one session
    Session,
    /// Attached in a resource directory
    Control,
    /// The trust policy of a role
    Trust,
    /// A bucket policy
    Oss,
    /// A project policy of Log Service
    Log,
    /// A key policy
    Kms,
    /// A policy on a resource of another service
    Resource,
    /// A VPC endpoint policy
    Endpoint,
}

const LINT_EXAMPLES: &str = "\
Examples:
  Everything below a directory:
    ramgate lint policies

  Only what gives away too much, and what RAM would refuse:
    ramgate lint policies --fail-on security --select RG1,RG4,RG6

  Bucket policies, for code scanning:
    ramgate lint --kind oss 'buckets/*.json' --format sarif > findings.sarif

  Mend what can be mended:
    ramgate lint policies --fix

  Only what is new:
    ramgate lint policies --format json --fail-on never > baseline.json
    ramgate lint policies --baseline baseline.json

In ramgate.toml, in the working directory or above it (paths are relative to it):
  [lint]
  ignore = [\"RG408\"]
  [[lint.kind]]
  files = [\"buckets/*.json\"]
  kind = \"oss\"
  [[lint.allow]]
  files = [\"identity/administrator-access.json\"]
  rules = [\"full-access\"]
  reason = \"break-glass\"

ramgate rule RG401 says what a rule means.";

/// Say what a rule of the linter means, with a bad and a good example.
#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// Its id or name, or what Alibaba Cloud's console or AWS calls the like; left out, every rule
    #[arg(value_name = "ID|NAME")]
    pub(crate) name: Option<String>,

    /// How to write it
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: FactFormat,
}

/// Would this call of an API work: parameters, permission, existence, state.
///
/// The checks are made in this order: required parameters and their values; permission (who is not authorized learns nothing of what exists);
/// whether region and resource exist; the state of the resource. The exit status is 0 when every call succeeds, 1 when one does not, 2 when one
/// cannot be told. Of a denial the answer says which policy to ask for, or what stands in the way. Several operations are one after the other: each
/// finds the resource as those before it left it. docs/preflight.md says more.
#[derive(Debug, Args)]
#[command(override_usage = PREFLIGHT_USAGE, after_long_help = PREFLIGHT_EXAMPLES, after_help = "More and examples: ramgate preflight --help")]
#[command(group = clap::ArgGroup::new("basis").required(true).multiple(true))]
pub(crate) struct PreflightArgs {
    /// Operations, as <service>:<operation>, or the operation alone where one service has it
    #[arg(
        value_name = "OPERATION",
        required_unless_present = "plan",
        conflicts_with = "plan"
    )]
    pub(crate) operations: Vec<String>,

    #[command(flatten)]
    pub(crate) policies: PolicyArgs,

    /// A parameter of the call, as RegionId=cn-shanghai; letter case counts
    #[arg(long, value_name = "NAME=VALUE", value_parser = key_and_value, help_heading = "Call")]
    pub(crate) param: Vec<(String, String)>,

    /// Who calls: acs:ram::<account>:user/<name>, …:role/<name>, …:assumed-role/<role>/<session>, …:root
    #[arg(long, value_name = "PRINCIPAL", help_heading = "Call")]
    pub(crate) principal: Option<String>,

    /// A circumstance, as acs:SourceIp=203.0.113.7; a key given twice has two values
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value, help_heading = "Call")]
    pub(crate) context: Vec<(String, String)>,

    /// A condition key that the call surely does not have: acs:SourceVpc of one from the Internet
    #[arg(long, value_name = "KEY", help_heading = "Call")]
    pub(crate) absent: Vec<String>,

    /// The account that owns the resources, where it is another than the caller's
    #[arg(long, value_name = "ACCOUNT", help_heading = "Call")]
    pub(crate) resource_owner: Option<String>,

    /// The resource group that the resource is in
    #[arg(long, value_name = "ID", help_heading = "Call")]
    pub(crate) resource_group: Option<String>,

    /// The numeric id of the RAM user who calls
    #[arg(long, value_name = "ID", help_heading = "Call")]
    pub(crate) principal_id: Option<String>,

    /// The session policy of the role session that calls
    #[arg(long, value_name = "FILE", help_heading = "Call")]
    pub(crate) session_policy: Option<PathBuf>,

    /// The state that the resource is in
    #[arg(long, value_name = "STATE", help_heading = "What is known")]
    pub(crate) state: Option<String>,

    /// What `aliyun vpc DescribePhysicalConnections` (or another list) printed, all pages of it; of another region than the call's as <region>=FILE
    #[arg(long, value_name = "[REGION=]FILE", help_heading = "What is known")]
    pub(crate) resources: Vec<PathBuf>,

    /// The code of an error that will not come: what it stands for was looked at otherwise
    #[arg(long, value_name = "CODE", help_heading = "What is known")]
    pub(crate) assume: Vec<String>,

    /// Many calls, one a line: {"operation": …, "params": {…}}; what a line does not say is as in the flags; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    /// Facts of your own on operations, laid over the built-in ones; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Vec<PathBuf>,

    /// The time of calls that do not give acs:CurrentTime, instead of now
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AnswerFormat,
}

const PREFLIGHT_USAGE: &str = "\
ramgate preflight <OPERATION>... --account <SNAPSHOT> --principal <PRINCIPAL> [--param <NAME=VALUE>]... [OPTIONS]
       ramgate preflight <OPERATION>... --policy <PATH>... --principal <PRINCIPAL> [--param <NAME=VALUE>]... [OPTIONS]
       ramgate preflight --plan <FILE> --account <SNAPSHOT>|--policy <PATH>... [OPTIONS]";

const PREFLIGHT_EXAMPLES: &str = "\
Examples:
  May alice cancel this circuit, and would it work?
    ramgate preflight vpc:CancelPhysicalConnection --account snapshot.json \\
      --principal acs:ram::1234567890123456:user/alice --state Confirmed \\
      --param RegionId=cn-shanghai --param PhysicalConnectionId=pc-119mfjzm7

  With the state, the tags and the resource group that the cloud has:
    aliyun vpc DescribePhysicalConnections --RegionId cn-shanghai > circuits.json
    ramgate preflight vpc:CancelPhysicalConnection --account snapshot.json --resources circuits.json …

  One after the other:
    ramgate preflight vpc:CancelPhysicalConnection vpc:DeletePhysicalConnection --state Confirmed …

  A plan of many calls:
    ramgate preflight --plan plan.jsonl --account snapshot.json --resources circuits.json --format json";

/// Replay a denial that the cloud gave: which statement, what to change, and where our answer differs.
///
/// The file holds what the cloud or its clients printed: the body of the error with AccessDeniedDetail (JSON, XML, or the text of an SDK), or the
/// answer of DecodeDiagnosticMessage. The exit status is 0 when the same comes out here, 1 when another answer does, 2 when it cannot be replayed.
#[derive(Debug, Args)]
#[command(after_long_help = DENIAL_EXAMPLES, after_help = "More and examples: ramgate explain-denial --help")]
pub(crate) struct ExplainDenialArgs {
    /// The denial; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// What is known of accounts: a snapshot, or a directory of them
    #[arg(long, value_name = "SNAPSHOT")]
    pub(crate) account: PathBuf,

    /// Who called, instead of whom the denial names
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) principal: Option<String>,

    /// On what, where the denial does not say
    #[arg(long, value_name = "ARN")]
    pub(crate) resource: Option<String>,

    /// A circumstance that the denial does not carry, as acs:SourceIp=203.0.113.7
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(crate) context: Vec<(String, String)>,

    /// Write the request and the cloud's answer as a case for `ramgate test`; a file that is there is not replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) save_case: Option<PathBuf>,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AnswerFormat,
}

const DENIAL_EXAMPLES: &str = "\
Examples:
  What a command printed:
    aliyun vpc CancelPhysicalConnection … 2> denied.txt
    ramgate explain-denial denied.txt --account snapshot.json

  The decoded message, which has the request's context too, kept as a case:
    aliyun ram DecodeDiagnosticMessage --EncodedDiagnosticMessage … > decoded.json
    ramgate explain-denial decoded.json --account snapshot.json --save-case cases/denied.json
    ramgate test cases/denied.json";
