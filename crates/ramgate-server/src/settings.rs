//! What the decision point is told: by flags, by the environment (`RAMGATE_*`) and by a TOML file, in this order of precedence.

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use jiff::SignedDuration;
use ramgate::Source;
use serde::Deserialize;
use toml::{Table, Value};

use crate::decision_log::LogSettings;
use crate::http::{AuthzenTable, ForwardAuthTable, relative_to};
use crate::tls::TlsSettings;

/// What one layer says: a file, the environment or the flags. What it leaves out, a layer below it says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/serve.md has them all")]
pub struct Partial {
    pub account: Option<PathBuf>,
    pub listen: Option<String>,
    pub allow_unprotected: Option<bool>,
    pub clock: Option<bool>,
    pub check_every: Option<String>,
    pub max_body: Option<u64>,
    pub max_batch: Option<u64>,
    pub max_concurrent: Option<u64>,
    pub max_connections: Option<u64>,
    pub request_timeout: Option<String>,
    pub shutdown_delay: Option<String>,
    pub drain: Option<String>,
    pub log: Option<String>,
    pub public_url: Option<String>,
    pub token_file: Option<PathBuf>,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub tls_client_ca: Option<PathBuf>,
    pub decision_log: Option<PathBuf>,
    pub decision_log_mask: Option<Vec<String>>,
    pub decision_log_queue: Option<u64>,
    pub forward_auth: Option<ForwardAuthTable>,
    pub authzen: Option<AuthzenTable>,
}

/// How the text of an environment variable is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum KeyKind {
    Text,
    Number,
    Flag,
    /// With commas between them.
    List,
}

/// Every setting that the environment can give: `max_body` is `RAMGATE_MAX_BODY` there and `--max-body` as a flag.
pub const KEYS: [(&str, KeyKind); 21] = [
    ("account", KeyKind::Text),
    ("listen", KeyKind::Text),
    ("allow_unprotected", KeyKind::Flag),
    ("clock", KeyKind::Flag),
    ("check_every", KeyKind::Text),
    ("max_body", KeyKind::Number),
    ("max_batch", KeyKind::Number),
    ("max_concurrent", KeyKind::Number),
    ("max_connections", KeyKind::Number),
    ("request_timeout", KeyKind::Text),
    ("shutdown_delay", KeyKind::Text),
    ("drain", KeyKind::Text),
    ("log", KeyKind::Text),
    ("public_url", KeyKind::Text),
    ("token_file", KeyKind::Text),
    ("tls_cert", KeyKind::Text),
    ("tls_key", KeyKind::Text),
    ("tls_client_ca", KeyKind::Text),
    ("decision_log", KeyKind::Text),
    ("decision_log_mask", KeyKind::List),
    ("decision_log_queue", KeyKind::Number),
];

const PREFIX: &str = "RAMGATE_";
/// Names the TOML file.
const CONFIG: &str = "config";

impl Partial {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// When it cannot be read or understood, with its place; a key that does not exist is an error with a suggestion.
    pub fn read(path: &Path) -> Result<Partial> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
        let read: Partial = toml::from_str(&text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            let place = Source::new(name.as_str(), text.as_str()).position(offset);
            anyhow!("{name}:{place}: {}", told(error.message()))
        })?;
        Ok(read.relative_to(path.parent().unwrap_or(Path::new(""))))
    }

    /// Files that a file names are found from where it is, wherever the program was started.
    fn relative_to(self, directory: &Path) -> Partial {
        let found = |path: Option<PathBuf>| path.map(|path| directory.join(path));
        let is_output = self.decision_log.as_deref() == Some(Path::new("-"));
        Partial {
            account: found(self.account),
            token_file: found(self.token_file),
            tls_cert: found(self.tls_cert),
            tls_key: found(self.tls_key),
            tls_client_ca: found(self.tls_client_ca),
            decision_log: if is_output {
                self.decision_log
            } else {
                found(self.decision_log)
            },
            forward_auth: self.forward_auth.map(|table| relative_to(table, directory)),
            ..self
        }
    }

    /// Takes what the environment says. Variables of other programs, also those that begin with `RAMGATE_`, are passed over, but not one that
    /// looks like a misspelled setting.
    ///
    /// # Errors
    /// When a value is none for its setting, or a name is nearly one.
    pub fn from_environment(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Partial> {
        let mut table = Table::new();
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            let key = name
                .strip_prefix(PREFIX)
                .unwrap_or_default()
                .to_ascii_lowercase();
            let Some((_, kind)) = KEYS.iter().find(|(known, _)| *known == key) else {
                if let Some(meant) = closest(&key).filter(|_| key != CONFIG) {
                    let meant = meant.to_ascii_uppercase();
                    bail!("environment variable {name}: no setting; did you mean {PREFIX}{meant}?");
                }
                continue;
            };
            let text = value
                .to_str()
                .with_context(|| format!("environment variable {name}: its value is no UTF-8"))?;
            let value = kind
                .read(text)
                .with_context(|| format!("environment variable {name}"))?;
            table.insert(key, value);
        }
        Ok(Partial::deserialize(table)?)
    }

    /// This layer over another.
    pub fn over(self, below: Partial) -> Partial {
        Partial {
            account: self.account.or(below.account),
            listen: self.listen.or(below.listen),
            allow_unprotected: self.allow_unprotected.or(below.allow_unprotected),
            clock: self.clock.or(below.clock),
            check_every: self.check_every.or(below.check_every),
            max_body: self.max_body.or(below.max_body),
            max_batch: self.max_batch.or(below.max_batch),
            max_concurrent: self.max_concurrent.or(below.max_concurrent),
            max_connections: self.max_connections.or(below.max_connections),
            request_timeout: self.request_timeout.or(below.request_timeout),
            shutdown_delay: self.shutdown_delay.or(below.shutdown_delay),
            drain: self.drain.or(below.drain),
            log: self.log.or(below.log),
            public_url: self.public_url.or(below.public_url),
            token_file: self.token_file.or(below.token_file),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            tls_client_ca: self.tls_client_ca.or(below.tls_client_ca),
            decision_log: self.decision_log.or(below.decision_log),
            decision_log_mask: self.decision_log_mask.or(below.decision_log_mask),
            decision_log_queue: self.decision_log_queue.or(below.decision_log_queue),
            forward_auth: self.forward_auth.or(below.forward_auth),
            authzen: self.authzen.or(below.authzen),
        }
    }
}

impl KeyKind {
    fn read(self, text: &str) -> Result<Value> {
        Ok(match self {
            KeyKind::Text => Value::String(text.to_owned()),
            KeyKind::Number => Value::Integer(
                text.parse()
                    .map_err(|_| anyhow!("{text:?} is no whole number"))?,
            ),
            KeyKind::Flag => match text {
                "true" | "1" => Value::Boolean(true),
                "false" | "0" => Value::Boolean(false),
                _ => bail!("{text:?} is neither true nor false"),
            },
            KeyKind::List => {
                let words = text
                    .split(',')
                    .map(str::trim)
                    .filter(|word| !word.is_empty());
                Value::Array(words.map(|word| Value::String(word.to_owned())).collect())
            }
        })
    }
}

/// The setting that a misspelled name was meant to be.
fn closest(key: &str) -> Option<&'static str> {
    let distance = |known: &str| strsim::osa_distance(key, known);
    KEYS.iter()
        .map(|(known, _)| (distance(known), *known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).min(2))
        .min()
        .map(|(_, known)| known)
}

/// A message of the TOML reader, with a suggestion where a key does not exist.
fn told(message: &str) -> String {
    let unknown = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next());
    match unknown.map(|key| (key, closest(key))) {
        Some((key, Some(meant))) => format!("unknown key `{key}`; did you mean `{meant}`?"),
        _ => message.replace("unknown field", "unknown key"),
    }
}

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// How much of everything it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) body_bytes_max: usize,
    pub(crate) batch_max: usize,
    pub(crate) concurrent_max: usize,
    pub(crate) connections_max: usize,
    /// For a request's body to arrive, and for its answer to be found.
    pub(crate) request: Duration,
}

/// What the decision point does, checked: it exists only if everything in it is clear.
#[derive(Clone, Debug)]
pub struct Settings {
    account: PathBuf,
    pub(crate) address: Address,
    pub(crate) limits: Limits,
    pub(crate) has_clock: bool,
    /// How often the policies' files are looked at, whatever the system says of changes; `None` for never.
    pub(crate) check_every: Option<Duration>,
    pub(crate) shutdown_delay: Duration,
    pub(crate) drain: Duration,
    pub(crate) log: tracing::level_filters::LevelFilter,
    /// By which clients call it, without a slash at the end.
    pub(crate) public_url: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) tls: Option<TlsSettings>,
    pub(crate) decision_log: Option<LogSettings>,
    pub(crate) forward_auth: Option<ForwardAuthTable>,
    pub(crate) authzen: AuthzenTable,
}

const LISTEN: &str = "127.0.0.1:8180";

impl Settings {
    /// Checks what the layers together say.
    ///
    /// # Errors
    /// When something is missing or contradicts itself, or the decision point would be open to a network without protection.
    pub fn resolve(partial: Partial) -> Result<Settings> {
        let account = partial.account.clone().context(
            "no policies: name a snapshot with --account, RAMGATE_ACCOUNT or account in the settings file",
        )?;
        let address = address(partial.listen.as_deref().unwrap_or(LISTEN))?;
        let tls = tls(&partial)?;
        let is_protected = tls.is_some() || partial.token_file.is_some();
        if let Address::Tcp(tcp) = &address
            && !tcp.ip().is_loopback()
            && !is_protected
            && partial.allow_unprotected != Some(true)
        {
            bail!(
                "{tcp} can be reached from other machines, and everybody there could ask for decisions; \
                 listen on a loopback address, give --token-file or --tls-cert, or say --allow-unprotected"
            );
        }
        ensure!(
            tls.is_none() || matches!(address, Address::Tcp(_)),
            "tls_cert: there is no TLS on a Unix socket"
        );
        let decision_log = decision_log(&partial)?;
        let public_url = partial.public_url.as_deref().map(public_url).transpose()?;
        let limits = Limits {
            body_bytes_max: count("max_body", partial.max_body, 1 << 20, 1 << 30)?,
            batch_max: count("max_batch", partial.max_batch, 1000, 1_000_000)?,
            concurrent_max: count("max_concurrent", partial.max_concurrent, 256, 1_000_000)?,
            connections_max: count("max_connections", partial.max_connections, 1024, 1_000_000)?,
            request: positive("request_timeout", partial.request_timeout.as_deref(), "5s")?,
        };
        let check_every = duration("check_every", partial.check_every.as_deref(), "5s")?;
        let log = partial.log.as_deref().unwrap_or("info");
        Ok(Settings {
            account,
            address,
            limits,
            has_clock: partial.clock.unwrap_or(true),
            check_every: Some(check_every).filter(|every| !every.is_zero()),
            shutdown_delay: duration("shutdown_delay", partial.shutdown_delay.as_deref(), "0s")?,
            drain: duration("drain", partial.drain.as_deref(), "10s")?,
            log: log.parse().map_err(|_| {
                anyhow!("log: {log:?} is no level; expected off, error, warn, info, debug or trace")
            })?,
            public_url,
            token_file: partial.token_file,
            tls,
            decision_log,
            forward_auth: partial.forward_auth,
            authzen: partial.authzen.unwrap_or_default(),
        })
    }

    /// The snapshot, or the directory of them.
    pub fn account(&self) -> &Path {
        &self.account
    }
}

fn tls(partial: &Partial) -> Result<Option<TlsSettings>> {
    match (&partial.tls_cert, &partial.tls_key) {
        (Some(certificate), Some(key)) => Ok(Some(TlsSettings {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: partial.tls_client_ca.clone(),
        })),
        (None, None) if partial.tls_client_ca.is_none() => Ok(None),
        _ => bail!("tls_cert and tls_key belong together, and tls_client_ca to both of them"),
    }
}

fn decision_log(partial: &Partial) -> Result<Option<LogSettings>> {
    let queue_max = count(
        "decision_log_queue",
        partial.decision_log_queue,
        4096,
        1 << 20,
    )?;
    let masked = partial.decision_log_mask.clone().unwrap_or_default();
    for key in &masked {
        ensure!(
            key.contains(':'),
            "decision_log_mask: {key:?} is no condition key"
        );
    }
    let Some(path) = partial.decision_log.clone() else {
        let is_alone = partial.decision_log_mask.is_some() || partial.decision_log_queue.is_some();
        ensure!(
            !is_alone,
            "decision_log_mask and decision_log_queue are about a decision_log, which is not set"
        );
        return Ok(None);
    };
    Ok(Some(LogSettings {
        path,
        masked,
        queue_max,
    }))
}

/// An identifier of the protocol: an https address, perhaps with a path.
fn public_url(text: &str) -> Result<String> {
    let rest = text.strip_prefix("https://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@' | '"' | '\\');
    ensure!(
        !host.is_empty() && rest.chars().all(is_plain),
        "public_url: {text:?} is no address of this decision point; expected such as https://pdp.example.com"
    );
    Ok(text.trim_end_matches('/').to_owned())
}

fn address(text: &str) -> Result<Address> {
    if let Some(path) = text.strip_prefix("unix:") {
        ensure!(!path.is_empty(), "listen: unix: needs a path behind it");
        return Ok(Address::Unix(PathBuf::from(path)));
    }
    let expected = "expected <address>:<port>, such as 127.0.0.1:8180, or unix:<path>";
    let mut found = text
        .to_socket_addrs()
        .map_err(|_| anyhow!("listen: {text:?} is no address; {expected}"))?;
    let first = found
        .next()
        .with_context(|| format!("listen: {text:?} has no address; {expected}"))?;
    Ok(Address::Tcp(first))
}

fn count(name: &str, given: Option<u64>, default: usize, most: usize) -> Result<usize> {
    let Some(given) = given else {
        return Ok(default);
    };
    let fits = usize::try_from(given).ok();
    fits.filter(|count| (1..=most).contains(count))
        .with_context(|| format!("{name}: {given} is not between 1 and {most}"))
}

fn duration(name: &str, given: Option<&str>, default: &str) -> Result<Duration> {
    let text = given.unwrap_or(default);
    let read = text.parse::<SignedDuration>().ok();
    let read = read.and_then(|read| Duration::try_from(read).ok());
    read.with_context(|| format!("{name}: {text:?} is no duration; expected such as 5s or 250ms"))
}

fn positive(name: &str, given: Option<&str>, default: &str) -> Result<Duration> {
    let read = duration(name, given, default)?;
    ensure!(!read.is_zero(), "{name}: no time at all");
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_a_member() {
        for (key, kind) in KEYS {
            let value = match kind {
                KeyKind::Text => "\"5s\"",
                KeyKind::Number => "5",
                KeyKind::Flag => "true",
                KeyKind::List => "[\"5s\"]",
            };
            let read: Result<Partial, _> = toml::from_str(&format!("{key} = {value}"));
            assert!(read.is_ok(), "{key}: {read:?}");
        }
        let unknown = toml::from_str::<Partial>("nothing = 1").unwrap_err();
        let listed = unknown.message().matches('`').count() / 2 - 1;
        assert!(listed >= KEYS.len(), "{unknown}");
    }

    #[test]
    fn a_layer_lies_over_another() {
        let file: Partial = toml::from_str("listen = \"a\"\ndrain = \"1s\"\nmax_body = 7").unwrap();
        let variables = [("RAMGATE_DRAIN", "2s"), ("RAMGATE_LISTEN", "b"), ("X", "y")];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let environment = Partial::from_environment(variables).unwrap();
        let flags = Partial {
            listen: Some("c".to_owned()),
            ..Partial::default()
        };
        let all = flags.over(environment).over(file);
        assert_eq!(all.listen.as_deref(), Some("c"));
        assert_eq!(all.drain.as_deref(), Some("2s"));
        assert_eq!(all.max_body, Some(7));
    }

    #[test]
    fn what_is_not_a_setting() {
        let read = |name: &str, value: &str| {
            Partial::from_environment([(name.into(), value.into())])
                .map(|_| String::new())
                .unwrap_or_else(|error| format!("{error:#}"))
        };
        assert_eq!(
            read("RAMGATE_LISTN", "x"),
            "environment variable RAMGATE_LISTN: no setting; did you mean RAMGATE_LISTEN?"
        );
        assert_eq!(
            read("RAMGATE_MAX_BODY", "much"),
            "environment variable RAMGATE_MAX_BODY: \"much\" is no whole number"
        );
        assert_eq!(
            read("RAMGATE_CLOCK", "yes"),
            "environment variable RAMGATE_CLOCK: \"yes\" is neither true nor false"
        );
        // What Kubernetes gives for a service of the name `ramgate`.
        assert_eq!(read("RAMGATE_PORT_8180_TCP_ADDR", "10.0.0.1"), "");
        assert_eq!(read("RAMGATE_SERVICE_HOST", "10.0.0.1"), "");
        assert_eq!(
            told("unknown field `listn`, expected one of …"),
            "unknown key `listn`; did you mean `listen`?"
        );
    }

    #[test]
    fn addresses_and_durations() {
        let unix = address("unix:/run/x.sock").unwrap();
        assert_eq!(unix, Address::Unix("/run/x.sock".into()));
        assert!(address("[::1]:8180").is_ok());
        for bad in ["8180", "unix:", "127.0.0.1", "127.0.0.1:x"] {
            assert!(address(bad).is_err(), "{bad}");
        }
        let half = duration("x", Some("500ms"), "1s").unwrap();
        assert_eq!(half, Duration::from_millis(500));
        for bad in ["5", "", "-5s", "soon"] {
            assert!(duration("x", Some(bad), "1s").is_err(), "{bad}");
        }
    }
}
