//! Runs the decision point.

use std::env;
use std::path::PathBuf;

use anyhow::Result;
use ramgate_server::{Partial, Settings};

use crate::args::ServeArgs;
use crate::command::Status;
use crate::snapshot::Snapshot;

/// Serves until it is told to end.
///
/// # Errors
/// When the settings are not clear, it cannot listen, or the policies cannot be loaded.
pub(crate) fn run(args: &ServeArgs) -> Result<Status> {
    let named = args.config.clone();
    let file = match named.or_else(|| env::var_os("RAMGATE_CONFIG").map(PathBuf::from)) {
        Some(path) => Partial::read(&path)?,
        None => Partial::default(),
    };
    let environment = Partial::from_environment(env::vars_os())?;
    let settings = Settings::resolve(flags(args).over(environment).over(file))?;
    let snapshot = Snapshot::new(settings.account());
    ramgate_server::run(settings, snapshot)?;
    Ok(Status::Yes)
}

fn flags(args: &ServeArgs) -> Partial {
    Partial {
        account: args.account.clone(),
        listen: args.listen.clone(),
        allow_unprotected: args.allow_unprotected.then_some(true),
        clock: args.no_clock.then_some(false),
        check_every: args.check_every.clone(),
        max_body: args.max_body,
        max_batch: args.max_batch,
        max_concurrent: args.max_concurrent,
        max_connections: args.max_connections,
        request_timeout: args.request_timeout.clone(),
        shutdown_delay: args.shutdown_delay.clone(),
        drain: args.drain.clone(),
        log: args.log.clone(),
        public_url: args.public_url.clone(),
        token_file: args.token_file.clone(),
        tls_cert: args.tls_cert.clone(),
        tls_key: args.tls_key.clone(),
        tls_client_ca: args.tls_client_ca.clone(),
        decision_log: args.decision_log.clone(),
        decision_log_mask: Some(args.decision_log_mask.clone()).filter(|keys| !keys.is_empty()),
        decision_log_queue: args.decision_log_queue,
        // Tables are for a file.
        forward_auth: None,
        authzen: None,
    }
}
