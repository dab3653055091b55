//! Loads what requests are decided by: policy files, or what is known of accounts.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::sync::Arc;

use ramgate::{
    Assignment, Document, LoadError, Policies, Policy, PolicyKind, PolicySet, Reading, Request,
    ResourceService, Settings, Source,
};

use crate::account;
use crate::args::{AbsentNegated, GroupDeny, PolicyArgs};
use crate::clock;
use crate::input;
use crate::output::Console;

/// Policies for every request of a run.
pub(crate) struct Basis {
    known: Known,
    mentions_current_time: bool,
}

enum Known {
    /// The same for all.
    Same(Assignment),
    ByService(Box<ByService>),
}

/// What a resource policy means depends on the service that it stands in, so it is read once for each service that is
/// asked about.
struct ByService {
    resource: Source,
    others: Policies,
    is_lenient: bool,
    read: HashMap<ResourceService, Assignment>,
}

impl Basis {
    /// Reads everything that the arguments name. `None` when something is wrong with it, which is then reported, all of it.
    pub(crate) fn load(args: &PolicyArgs, console: &mut Console) -> Option<Basis> {
        let mut loader = Loader {
            is_lenient: args.lenient,
            mentions_current_time: false,
            console,
        };
        let known = match &args.account {
            Some(path) => loader
                .account(path, settings(args.absent_negated, args.group_deny))
                .map(Known::Same),
            None => Some(loader.files(args)),
        };
        let is_complete = !loader.console.has_errors();
        let mentions_current_time = loader.mentions_current_time;
        known.filter(|_| is_complete).map(|known| Basis {
            known,
            mentions_current_time,
        })
    }

    /// The policies for a request.
    ///
    /// # Errors
    /// When the resource policy is none for the service of the request.
    pub(crate) fn assignment(
        &mut self,
        request: &Request<'_>,
        console: &mut Console,
    ) -> anyhow::Result<&Assignment> {
        match &mut self.known {
            Known::Same(assignment) => Ok(assignment),
            Known::ByService(policies) => policies.assignment(service_of(request), console),
        }
    }

    /// Whether an answer may depend on the time.
    pub(crate) fn mentions_current_time(&self) -> bool {
        self.mentions_current_time
    }
}

impl ByService {
    fn assignment(
        &mut self,
        service: ResourceService,
        console: &mut Console,
    ) -> anyhow::Result<&Assignment> {
        match self.read.entry(service) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let reading = reading(PolicyKind::Resource(service), self.is_lenient);
                let policy = read_policy(&self.resource, reading, console)?;
                let set = std::iter::once(policy).collect();
                let policies = self.others.clone().with_resource(set);
                Ok(unknown.insert(Assignment::Inline(Box::new(policies))))
            }
        }
    }
}

/// The service whose resource policies a request meets: its first resource's, else its action's.
fn service_of(request: &Request<'_>) -> ResourceService {
    let of_resource = request.resources().find_map(|resource| resource.service());
    let of_action = || request.action().split(':').next();
    ResourceService::of(of_resource.or_else(of_action).unwrap_or_default())
}

struct Loader<'c> {
    is_lenient: bool,
    mentions_current_time: bool,
    console: &'c mut Console,
}

impl Loader<'_> {
    fn files(&mut self, args: &PolicyArgs) -> Known {
        let mut policies =
            Policies::default().with_settings(settings(args.absent_negated, args.group_deny));
        let found = input::find(&args.policy, &["json"], &mut |_, error| {
            self.console.error(&error);
        });
        let custom = reading(PolicyKind::Identity, self.is_lenient);
        let identity = if args.system { custom.system() } else { custom };
        policies = policies.with_identity(
            found
                .iter()
                .filter_map(|file| self.policy(&file.path, identity))
                .collect(),
        );
        if let Some(set) = args
            .trust_policy
            .as_ref()
            .map(|path| self.policy_set(path, PolicyKind::Trust))
        {
            policies = policies.with_trust(set);
        }
        if let Some(set) = args
            .endpoint_policy
            .as_ref()
            .map(|path| self.policy_set(path, PolicyKind::Endpoint))
        {
            policies = policies.with_endpoint(set);
        }
        match args
            .resource_policy
            .as_ref()
            .and_then(|path| self.source(path))
        {
            None => Known::Same(Assignment::Inline(Box::new(policies))),
            Some(resource) => Known::ByService(Box::new(ByService {
                resource,
                others: policies,
                is_lenient: self.is_lenient,
                read: HashMap::new(),
            })),
        }
    }

    fn policy_set(&mut self, path: &Path, kind: PolicyKind) -> PolicySet {
        self.policy(path, reading(kind, self.is_lenient))
            .into_iter()
            .collect()
    }

    fn policy(&mut self, path: &Path, reading: Reading) -> Option<Arc<Policy>> {
        let source = self.source(path)?;
        match read_policy(&source, reading, self.console) {
            Ok(policy) => Some(policy),
            Err(error) => {
                self.console.problems(error.problems());
                None
            }
        }
    }

    fn source(&mut self, path: &Path) -> Option<Source> {
        match input::read(path) {
            Ok(source) => {
                self.mentions_current_time |= clock::is_mentioned(source.text());
                Some(source)
            }
            Err(error) => {
                self.console.error(&error);
                None
            }
        }
    }

    fn account(&mut self, path: &Path, settings: Settings) -> Option<Assignment> {
        let mut mentions_current_time = false;
        let read = account::read(path, self.is_lenient, &mut |text| {
            mentions_current_time |= clock::is_mentioned(text);
        });
        self.mentions_current_time |= mentions_current_time;
        match read {
            Ok(organization) => {
                self.console.problems(organization.warnings());
                Some(Assignment::Organization(Arc::new(
                    organization.with_settings(settings),
                )))
            }
            Err(error) => {
                self.console.error(&error);
                None
            }
        }
    }
}

/// How policies of a kind are read.
pub(crate) fn reading(kind: PolicyKind, is_lenient: bool) -> Reading {
    let strict = Reading::new(kind);
    if is_lenient { strict.lenient() } else { strict }
}

/// Reads one policy, named after its file, and reports what lenient reading lets pass.
///
/// # Errors
/// With every problem of the text.
pub(crate) fn read_policy(
    source: &Source,
    reading: Reading,
    console: &mut Console,
) -> Result<Arc<Policy>, LoadError> {
    let document = Document::parse_as(source, reading)?;
    let (_, warnings) = Document::read(source, reading);
    console.problems(&warnings);
    let name = Path::new(source.name())
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    Ok(Arc::new(Policy::new(&*name, &document)))
}

/// The choices for open rules that a person makes.
pub(crate) fn settings(
    absent_negated: Option<AbsentNegated>,
    group_deny: Option<GroupDeny>,
) -> Settings {
    let mut settings = Settings::default();
    settings.absent_negated_grants = absent_negated == Some(AbsentNegated::Grant);
    settings.group_deny_wins = group_deny == Some(GroupDeny::Wins);
    settings
}
