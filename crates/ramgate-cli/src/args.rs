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
    WhoCan(WhoCanArgs),
    WhatCan(WhatCanArgs),
    #[cfg(feature = "serve")]
    Serve(Box<ServeArgs>),
    Schema(SchemaArgs),
    Import(ImportArgs),
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

    #[command(flatten)]
    pub(crate) partial: PartialArgs,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AnswerFormat,
}

const NOT_WITH_A_CASE: [&str; 18] = [
    "partial",
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

  Is it allowed whatever the circumstances, and if not, under which?
    ramgate check --account snapshot.json --principal acs:ram::1234567890123456:user/alice --partial \\
      --action vpc:CancelPhysicalConnection --context acs:SourceIp=203.0.113.7 --absent acs:MFAPresent \\
      --resource acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-119mfjzm7

  A million requests, one a line; memory does not grow with them:
    ramgate check --account snapshot.json --requests requests.jsonl --format json > answers.jsonl";

/// What of a request is not known.
#[derive(Debug, Args)]
#[command(next_help_heading = "Request that is known in part")]
pub(crate) struct PartialArgs {
    /// Decide by what is known: a context key that is not given may have any value or none. The answer is Allow, ExplicitDeny, ImplicitDeny or
    /// Deny (either of the two) where that is so whatever the rest is, else Conditional, with the conditions that remain
    #[arg(long, conflicts_with = "requests")]
    pub(crate) partial: bool,

    /// Only this key is unknown, and others that are named so: all that are not given are absent, but for the time, which is now
    #[arg(long, value_name = "KEY", requires = "partial")]
    pub(crate) unknown: Vec<String>,

    /// This key is known to be absent; may be given several times
    #[arg(long, value_name = "KEY", requires = "partial")]
    pub(crate) absent: Vec<String>,

    /// No unknown key has more than one value: more conditions then cover everything
    #[arg(long, requires = "partial")]
    pub(crate) single_valued: bool,
}

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
    /// The policies as they are: a policy, a directory of policies (all attached together), a snapshot, a case file. A Terraform plan alone is
    /// compared before and after
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,

    /// The policies as they are to be, in the same form; or a Terraform plan, which is laid over a snapshot
    #[arg(value_name = "NEW")]
    pub(crate) new: Option<PathBuf>,

    /// The account of a Terraform plan, where it does not say
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub(crate) account_id: Option<String>,

    /// What the policies are; snapshots and cases say so themselves. Those which only take away (session, control, endpoint) and trust policies
    /// are compared for callers whose identity policies allow everything
    #[arg(long, value_enum, default_value = "identity", value_name = "KIND")]
    pub(crate) kind: KindName,

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

  What does a Terraform plan change, in an account that is known:
    ramgate diff snapshot.json plan.json

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
/// A file is a policy, or something with policies in it: a Terraform plan (terraform show -json) or
/// configuration (.tf), an answer of the aliyun command line, a ROS template (JSON or YAML), a snapshot, a file of cases; there each policy is of the kind that its place says, and what is found points into the file.
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

    /// Pass over files that are no policies and hold none, also where they are named
    #[arg(long)]
    pub(crate) skip_others: bool,

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
    #[value(alias = "bucket")]
    Oss,
    /// A project policy of Log Service
    #[value(alias = "project")]
    Log,
    /// A key policy
    #[value(alias = "key")]
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
  [[lint.suppress]]
  rule = \"RG401\"
  file = \"identity/*.json\"
  path = \"Statement[0].Action\"
  reason = \"break-glass, looked at every quarter\"
  expires = \"2027-03-31\"

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

/// Answer requests over HTTP: the decision point.
///
/// Policies are loaded anew when their files change, and while others are loaded the ones before decide. It ends on SIGTERM, after the
/// answers in flight. Everything that can be said here can be said in the environment too (RAMGATE_MAX_BODY for --max-body), and in a TOML
/// file (max_body); a flag goes before the environment, and the environment before the file.
#[cfg(feature = "serve")]
#[derive(Debug, Args)]
#[command(after_long_help = SERVE_EXAMPLES, after_help = "More and examples: ramgate serve --help")]
pub(crate) struct ServeArgs {
    /// Settings in TOML; RAMGATE_CONFIG
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// What is known of accounts: a snapshot, or a directory of them
    #[arg(long, value_name = "SNAPSHOT")]
    pub(crate) account: Option<PathBuf>,

    /// Where to listen: an address and port, or unix: and a path [default: 127.0.0.1:8180]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,

    /// By which address clients call it, for the metadata of AuthZEN: https://pdp.example.com
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// Answer only callers that present one of the tokens in this file, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Serve over TLS with this certificate (PEM, with those that lead to its root)
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Take only clients that have a certificate of this authority (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_client_ca: Option<PathBuf>,

    /// Write a line of JSON for each decision to this file; - is standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) decision_log: Option<PathBuf>,

    /// Condition keys whose values nobody is to read in the decision log
    #[arg(long, value_delimiter = ',', value_name = "KEY")]
    pub(crate) decision_log_mask: Vec<String>,

    /// How many lines of the decision log wait for a slow disk; one more is dropped and counted [default: 4096]
    #[arg(long, value_name = "N")]
    pub(crate) decision_log_queue: Option<u64>,

    /// Listen on an address that other machines reach, though everybody there may ask
    #[arg(long)]
    pub(crate) allow_unprotected: bool,

    /// Take a request that does not give acs:CurrentTime as one of another time than now: leave the key absent
    #[arg(long)]
    pub(crate) no_clock: bool,

    /// How often to look at the policies' files, whatever the system says of changes; 0s for never [default: 5s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) check_every: Option<String>,

    /// The largest body of a request, in bytes [default: 1048576]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_body: Option<u64>,

    /// How many requests a batch may hold [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) max_batch: Option<u64>,

    /// How many requests are answered at the same time; one more is told 503 [default: 256]
    #[arg(long, value_name = "N")]
    pub(crate) max_concurrent: Option<u64>,

    /// How many connections are open at the same time; one more waits [default: 1024]
    #[arg(long, value_name = "N")]
    pub(crate) max_connections: Option<u64>,

    /// How long a request's body may take to arrive, and a batch to be answered [default: 5s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) request_timeout: Option<String>,

    /// How long to serve on after SIGTERM while /readyz says 503 already [default: 0s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) shutdown_delay: Option<String>,

    /// How long answers in flight may take to finish at the end [default: 10s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) drain: Option<String>,

    /// What to tell on standard error: off, error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}

#[cfg(feature = "serve")]
const SERVE_EXAMPLES: &str = "\
Examples:
  Serve what is known of an account, to this machine only:
    ramgate serve --account snapshot.json

  Ask it:
    curl -s http://127.0.0.1:8180/v1/check -d '{
      \"principal\": \"acs:ram::1234567890123456:user/alice\", \"action\": \"vpc:DescribeVpcs\", \"resource\": \"*\" }'

  To the neighbours in a pod, by a socket:
    ramgate serve --account snapshot.json --listen unix:/run/ramgate/ramgate.sock";
/// Write a JSON Schema for policies, for completion and checking in editors.
#[derive(Debug, Args)]
#[command(after_long_help = SCHEMA_EXAMPLES, after_help = "More and examples: ramgate schema --help")]
pub(crate) struct SchemaArgs {
    /// What kind of policies it is for
    #[arg(long, value_enum, default_value = "identity", value_name = "KIND")]
    pub(crate) kind: KindName,

    /// Offer the actions of these services only; others are still taken
    #[arg(long, value_delimiter = ',', value_name = "CODE")]
    pub(crate) service: Vec<String>,

    /// Facts of your own on actions, laid over the built-in ones; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Vec<PathBuf>,
}

const SCHEMA_EXAMPLES: &str = "\
Examples:
  For the identity policies of a project, in Visual Studio Code:
    ramgate schema > .vscode/ram-policy.schema.json
  and in .vscode/settings.json:
    \"json.schemas\": [{ \"fileMatch\": [\"policies/identity/*.json\"], \"url\": \"./.vscode/ram-policy.schema.json\" }]

  For bucket policies, with the actions of OSS:
    ramgate schema --kind bucket --service oss";

/// Make a snapshot out of a folder of `aliyun` outputs, or of a Terraform plan.
///
/// What is not understood is named, and what is missing for a safe answer is an error: then nothing is written and the exit status is 2. A
/// snapshot that is there already is replaced whole or not at all. docs/import.md says what is read and what is not.
#[derive(Debug, Args)]
#[command(after_long_help = IMPORT_EXAMPLES, after_help = "More and examples: ramgate import --help")]
pub(crate) struct ImportArgs {
    /// A folder of `aliyun` outputs; or what `terraform show -json` says of a plan or a state; - is standard input
    #[arg(value_name = "DIR|PLAN")]
    pub(crate) path: PathBuf,

    /// Where to write the snapshot; - is standard output
    #[arg(short, long, value_name = "SNAPSHOT")]
    pub(crate) output: PathBuf,

    /// Of a plan: the resources as they are, or as they are to be (the default)
    #[arg(long, value_enum, value_name = "SIDE")]
    pub(crate) state: Option<Side>,

    /// Of a plan: a snapshot of all that there is, over which its changes are laid. Without it only what the plan manages is known
    #[arg(long, value_name = "SNAPSHOT")]
    pub(crate) base: Option<PathBuf>,

    /// Of a plan: write documents too that Terraform calls sensitive
    #[arg(long)]
    pub(crate) include_sensitive: bool,

    /// The account, where the files do not say; and it is an error if they say otherwise
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub(crate) account_id: Option<String>,

    /// What there is none of, for sure: without it, not knowing is an error
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub(crate) without: Vec<Without>,

    /// Warn of files that are not understood, and go on without them
    #[arg(long)]
    pub(crate) allow_unknown: bool,

    /// Let documents pass that RAM may once have accepted; what they mean is doubtful, so nothing is granted by it
    #[arg(long)]
    pub(crate) lenient: bool,

    /// How to write what was found wrong, and how much there is
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AnswerFormat,
}

/// A side of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Side {
    /// As it is
    Before,
    /// As it is to be
    After,
}

/// What may be vouched to be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Without {
    /// No control policies bind the account
    ControlPolicies,
    /// Nothing is attached at a resource group
    ResourceGroups,
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() >= 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("expected the id of an account, such as 1234567890123456".to_owned())
    }
}

const IMPORT_EXAMPLES: &str = "\
Examples:
  Ask the cloud (tools/export-account.sh needs no right but to read RAM), then put the answers together:
    tools/export-account.sh export
    ramgate import export -o snapshot.json
    ramgate check --account snapshot.json --principal acs:ram::1234567890123456:user/alice …

  What may alice do once this plan is applied?
    terraform show -json plan.out | ramgate import - --base snapshot.json -o after.json
    ramgate check --account after.json --principal acs:ram::1234567890123456:user/alice …
    ramgate diff snapshot.json after.json";

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
        required_unless_present_any = ["plan", "terraform"],
        conflicts_with_all = ["plan", "terraform"]
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

    /// What `aliyun vpc DescribePhysicalConnections` (or another list) printed, all pages of it; taken as of the region of --param RegionId, or as <region>=FILE says
    #[arg(long, value_name = "[REGION=]FILE", help_heading = "What is known")]
    pub(crate) resources: Vec<PathBuf>,

    /// The code of an error that will not come: what it stands for was looked at otherwise
    #[arg(long, value_name = "CODE", help_heading = "What is known")]
    pub(crate) assume: Vec<String>,

    /// Many calls, one a line: {"operation": …, "params": {…}}; what a line does not say is as in the flags; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,

    /// What `terraform show -json` says of a plan: the calls that applying it makes, each put to pre-flight. Which calls those are is known of some
    /// resources only; the others are Unknown
    #[arg(long, value_name = "PLAN", conflicts_with_all = ["plan", "state", "resource_group"])]
    pub(crate) terraform: Option<PathBuf>,

    /// The region of the Terraform provider, where the plan does not say
    #[arg(long, value_name = "REGION", requires = "terraform")]
    pub(crate) region: Option<String>,

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
       ramgate preflight --plan <FILE> --account <SNAPSHOT>|--policy <PATH>... [OPTIONS]
       ramgate preflight --terraform <PLAN> --account <SNAPSHOT> --principal <PRINCIPAL> [OPTIONS]";

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

  May ci-deployer apply this Terraform plan?
    ramgate preflight --terraform plan.json --account snapshot.json --principal acs:ram::1234567890123456:role/ci-deployer

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

/// Who can do this, and under which conditions: every caller of a snapshot that is allowed.
///
/// Users, roles and accounts of the snapshot are asked about, and whom the policies on the resource name besides. What is not said of the context
/// is not guessed: it comes back as conditions. A role stands for its sessions. Who gets there only by assuming roles is listed with the ways.
/// The exit status is 0 where somebody can, 1 where nobody can.
#[derive(Debug, Args)]
#[command(after_long_help = WHO_CAN_EXAMPLES, after_help = "More and examples: ramgate who-can --help")]
pub(crate) struct WhoCanArgs {
    /// What is to be done: <service>:<operation>
    #[arg(value_name = "ACTION")]
    pub(crate) action: String,

    /// On what: an ARN, or * for a request without a particular resource; several are one call that needs them all
    #[arg(required = true, value_name = "RESOURCE")]
    pub(crate) resource: Vec<String>,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArgs,

    /// A circumstance that is known, as acs:SourceIp=203.0.113.7; a key given twice has two values
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(crate) context: Vec<(String, String)>,

    /// This key is known to be absent; may be given several times
    #[arg(long, value_name = "KEY")]
    pub(crate) absent: Vec<String>,

    /// No unknown key has more than one value: more conditions then cover everything
    #[arg(long)]
    pub(crate) single_valued: bool,

    /// The resource group that the resource is in
    #[arg(long, value_name = "ID")]
    pub(crate) resource_group: Option<String>,

    /// The account that owns the resource, where the ARN does not say
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) resource_owner: Option<String>,

    /// RESOURCE is a pattern, as policies are written: who can on any one that fits? On which of them is among the conditions. Without, its
    /// wildcards are letters of the request, as in calls for all of a kind
    #[arg(long, conflicts_with = "resource_owner")]
    pub(crate) any: bool,

    /// Do not look at the roles that callers can assume
    #[arg(long)]
    pub(crate) no_roles: bool,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AnswerFormat,
}

/// Which accounts a question is about.
#[derive(Debug, Args)]
pub(crate) struct SnapshotArgs {
    /// What is known of accounts: a snapshot, or a directory of them
    #[arg(long, required = true, value_name = "SNAPSHOT")]
    pub(crate) account: PathBuf,

    /// Read what RAM may once have accepted; what it means is doubtful, so nothing is granted by it
    #[arg(long)]
    pub(crate) lenient: bool,

    /// An Allow with a negated condition whose key is absent (rule O20)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) absent_negated: Option<AbsentNegated>,

    /// A Deny at resource-group scope against an Allow at account scope (rule E7)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) group_deny: Option<GroupDeny>,
}

const WHO_CAN_EXAMPLES: &str = "\
Examples:
  Who can cancel this circuit?
    ramgate who-can vpc:CancelPhysicalConnection \\
      acs:vpc:cn-shanghai:1234567890123456:physicalconnection/pc-119mfjzm7 --account snapshot.json

  From outside the office, without a second factor?
    ramgate who-can oss:GetObject acs:oss:*:1234567890123456:reports/2026.csv --account snapshot.json \\
      --context acs:SourceIp=198.51.100.9 --context acs:MFAPresent=false

  On any circuit, whichever it is?
    ramgate who-can vpc:CancelPhysicalConnection 'acs:vpc:*:*:physicalconnection/*' --any --account snapshot.json

  Their names, for a program:
    ramgate who-can ram:CreateUser '*' --account snapshot.json --format json | jq -r '.principals[].principal'";

/// What can somebody do: the actions that are allowed, on what, and under which conditions.
///
/// Every action of the catalogue is looked at, and those that policies name and the catalogue does not have: on the resources of the caller's own
/// account, on every resource that has a policy of its own (for actions of its service), and which roles can be assumed. Nothing of the context is
/// known but what is said; the rest comes back as conditions. The exit status is 0 where something is allowed, 1 where nothing is.
#[derive(Debug, Args)]
#[command(after_long_help = WHAT_CAN_EXAMPLES, after_help = "More and examples: ramgate what-can --help")]
pub(crate) struct WhatCanArgs {
    /// Who: acs:ram::<account>:user/<name>, …:role/<name>, …:root, Service:<name>, Federated:<ARN> or anonymous
    #[arg(value_name = "PRINCIPAL")]
    pub(crate) principal: String,

    #[command(flatten)]
    pub(crate) snapshot: SnapshotArgs,

    /// Only actions of this service, by its RAM code
    #[arg(long, value_name = "CODE")]
    pub(crate) service: Option<String>,

    /// This key is known to be absent; may be given several times
    #[arg(long, value_name = "KEY")]
    pub(crate) absent: Vec<String>,

    /// No unknown key has more than one value: more conditions then cover everything
    #[arg(long)]
    pub(crate) single_valued: bool,

    /// Facts of your own on actions, laid over the built-in ones; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Vec<PathBuf>,

    /// How to write the answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: AnswerFormat,
}

const WHAT_CAN_EXAMPLES: &str = "\
Examples:
  What can alice do in the network?
    ramgate what-can acs:ram::1234567890123456:user/alice --account snapshot.json --service vpc

  The names of all actions, for a program:
    ramgate what-can acs:ram::1234567890123456:role/ops --account snapshot.json --format json | jq -r '.access[].actions[]' | sort -u";
