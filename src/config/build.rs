//! From typed sections to [`super::Config`]: rules that concern several keys.
//!
//! Sections are taken apart without `..`, so that a key that nobody uses does not compile.

use super::error::Fault;
use super::keys::{ClusterKeys, FileKeys, LimitKeys, SamplingKeys, SaslKeys, ServerKeys, TlsKeys};
use super::node::Source;
use super::overlay::unknown_cluster;
use super::value::{Given, Reader};
use super::{ClusterConfig, Limits, SamplingConfig, ServerConfig, Warning};
use kafkaweave_client::profile::{Profile, Sasl, Tls};
use std::net::SocketAddr;
use std::time::Duration;

/// What the keys say, before it is joined with where they come from.
pub(super) struct Built {
    pub(super) clusters: Vec<ClusterConfig>,
    pub(super) default_cluster: Option<String>,
    pub(super) server: ServerConfig,
    pub(super) limits: Limits,
    pub(super) sampling: SamplingConfig,
    pub(super) toolsets: Option<Vec<String>>,
    pub(super) tools: Option<Vec<String>>,
    pub(super) read_only: bool,
}

/// Builds; `None` after a fault was noted.
pub(super) fn build(
    keys: FileKeys,
    reader: &mut Reader<'_>,
    warnings: &mut Vec<Warning>,
) -> Option<Built> {
    let FileKeys {
        default_cluster,
        clusters,
        server,
        limits,
        sampling,
        toolsets,
        tools,
        read_only,
    } = keys;
    let known: Vec<String> = clusters
        .value
        .iter()
        .flat_map(|map| map.0.keys().cloned())
        .collect();
    let clusters: Option<Vec<_>> = clusters.value.map(|map| {
        map.0
            .into_iter()
            .filter_map(|(name, (source, keys))| cluster(name, source, keys, reader, warnings))
            .collect()
    });
    if let Some(name) = &default_cluster.value
        && clusters.is_some()
        && !known.contains(&name.0)
    {
        let fault = unknown_cluster(&name.0, &known);
        reader.fault(&default_cluster.source, "default_cluster", fault);
    }
    let only = match known.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    };
    Some(Built {
        clusters: clusters?,
        default_cluster: default_cluster.value.map(|name| name.0).or(only),
        server: self::server(server.value?, reader, warnings)?,
        limits: self::limits(limits.value?)?,
        sampling: self::sampling(sampling.value?)?,
        toolsets: toolsets.value.map(|names| names.0),
        tools: tools.value.map(|names| names.0),
        read_only: read_only.value.unwrap_or(false),
    })
}

fn cluster(
    name: String,
    source: Source,
    keys: ClusterKeys,
    reader: &mut Reader<'_>,
    warnings: &mut Vec<Warning>,
) -> Option<ClusterConfig> {
    let ClusterKeys {
        bootstrap,
        environment,
        tls,
        sasl,
        connect_timeout_ms,
        request_timeout_ms,
        client_id,
        engine,
    } = keys;
    let at = format!("clusters.{name}");
    needed(
        &bootstrap,
        &source,
        &format!("{at}.bootstrap"),
        None,
        reader,
    );
    let tls_source = tls.source;
    let tls = tls.value.and_then(|tls| tls.0);
    let tls = tls.map(|keys| self::tls(keys, &tls_source, &at, reader));
    let sasl_source = sasl.source;
    let sasl_keys = sasl.value.and_then(|sasl| sasl.0);
    let has_sasl = sasl_keys.is_some();
    let sasl = sasl_keys.and_then(|keys| self::sasl(keys, &sasl_source, &at, reader));
    if has_sasl && tls.is_none() {
        warnings.push(Warning::SaslOverPlaintext {
            cluster: name.clone(),
        });
    }
    let profile = Profile {
        name,
        bootstrap: bootstrap.value?.0,
        tls,
        sasl,
        engine: engine.value?,
        environment: environment.value?,
        connect_timeout: Duration::from_millis(connect_timeout_ms.value?.0),
        request_timeout: Duration::from_millis(request_timeout_ms.value?.0),
        client_id: client_id.value?.0,
    };
    Some(ClusterConfig { profile, source })
}

fn tls(keys: TlsKeys, source: &Source, at: &str, reader: &mut Reader<'_>) -> Tls {
    let TlsKeys {
        ca,
        certificate,
        key,
        server_name,
    } = keys;
    if key.value.is_some() {
        let why = "a private key is of no use without its certificate";
        let at = format!("{at}.tls.certificate");
        needed(&certificate, source, &at, Some(why), reader);
    }
    Tls {
        ca: ca.value.map(|path| path.0),
        certificate: certificate.value.map(|path| path.0),
        key: key.value.map(|path| path.0),
        server_name: server_name.value.map(|name| name.0),
    }
}

fn sasl(keys: SaslKeys, source: &Source, at: &str, reader: &mut Reader<'_>) -> Option<Sasl> {
    let SaslKeys {
        mechanism,
        username,
        password,
    } = keys;
    needed(
        &mechanism,
        source,
        &format!("{at}.sasl.mechanism"),
        None,
        reader,
    );
    needed(
        &username,
        source,
        &format!("{at}.sasl.username"),
        None,
        reader,
    );
    needed(
        &password,
        source,
        &format!("{at}.sasl.password"),
        None,
        reader,
    );
    Some(Sasl {
        mechanism: mechanism.value?,
        username: username.value?.0,
        password: password.value?,
    })
}

/// Notes that a key is missing. One that was written and refused was told already.
fn needed<T>(
    given: &Given<T>,
    section: &Source,
    key: &str,
    why: Option<&'static str>,
    reader: &mut Reader<'_>,
) {
    if given.value.is_none() && given.source == Source::Default {
        reader.fault(section, key, Fault::Missing { why });
    }
}

fn server(
    keys: ServerKeys,
    reader: &mut Reader<'_>,
    warnings: &mut Vec<Warning>,
) -> Option<ServerConfig> {
    let ServerKeys {
        address,
        port,
        allowed_hosts,
        allowed_origins,
        tokens,
        max_sessions,
        session_idle_ms,
    } = keys;
    let source = address.source;
    let address = address.value?;
    let allowed_hosts = allowed_hosts.value?.0;
    let no_tokens = tokens.value.as_ref().is_some_and(Vec::is_empty);
    if !address.is_loopback() && no_tokens {
        let address = address.to_string();
        reader.fault(&source, "server.address", Fault::OpenServer { address });
    }
    if !address.is_loopback() && allowed_hosts.is_empty() {
        let address = address.to_string();
        warnings.push(Warning::NoHosts { address });
    }
    Some(ServerConfig {
        listen: SocketAddr::new(address, u16::try_from(port.value?.0).ok()?),
        allowed_hosts,
        allowed_origins: allowed_origins.value?.0,
        tokens: tokens.value?,
        max_sessions: usize::try_from(max_sessions.value?.0).ok()?,
        session_idle_ms: session_idle_ms.value?.0,
    })
}

fn limits(keys: LimitKeys) -> Option<Limits> {
    let LimitKeys {
        call_timeout_ms,
        max_concurrent_calls,
        max_answer_bytes,
    } = keys;
    Some(Limits {
        call_timeout_ms: call_timeout_ms.value?.0,
        max_concurrent_calls: usize::try_from(max_concurrent_calls.value?.0).ok()?,
        max_answer_bytes: usize::try_from(max_answer_bytes.value?.0).ok()?,
    })
}

fn sampling(keys: SamplingKeys) -> Option<SamplingConfig> {
    let SamplingKeys {
        disabled,
        interval_ms,
        samples,
        memory_bytes,
        idle_ms,
    } = keys;
    Some(SamplingConfig {
        disabled: disabled.value?,
        interval_ms: interval_ms.value?.0,
        samples: usize::try_from(samples.value?.0).ok()?,
        memory_bytes: usize::try_from(memory_bytes.value?.0).ok()?,
        idle_ms: idle_ms.value?.0,
    })
}
