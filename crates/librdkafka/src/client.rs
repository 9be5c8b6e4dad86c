//! One client of librdkafka, what it reports of its connections, and how it ends.

use crate::fault::{ALL_DOWN, AUTHENTICATION, Fault};
use crate::ffi;
use crate::run::Bound;
use crate::settings::{Purpose, settings};
use crate::token::Token;
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_client::profile::Profile;
use kafkaweave_client::secret::Secret;
use rdkafka::bindings::rd_kafka_t;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError as Error;
use rdkafka::{ClientConfig, ClientContext};
use std::collections::VecDeque;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Reports that are kept; the newest count.
const KEPT: usize = 50;
/// Reports from so long before a question count as reasons for its failure: connections are not tried at every moment.
const BEFORE: Duration = Duration::from_secs(2);

/// What the connections report.
#[derive(Default)]
pub(crate) struct Listener {
    heard: Mutex<VecDeque<(Instant, c_int, String)>>,
}

impl ClientContext for Listener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, said: &str) {
        // A broker that is away is reported as a gap; librdkafka's own alarm over it is no news.
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::warn!(target: "librdkafka", "{facility}: {said}");
            }
            _ => tracing::debug!(target: "librdkafka", "{facility}: {said}"),
        }
    }

    fn error(&self, error: Error, reason: &str) {
        let code = error
            .rdkafka_error_code()
            .map_or(-196, |code| code as c_int);
        tracing::debug!(target: "librdkafka", code, "{reason}");
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() >= KEPT {
            heard.pop_front();
        }
        heard.push_back((Instant::now(), code, reason.to_owned()));
    }
}

impl ConsumerContext for Listener {}

/// A client. It ends on a thread of its own: librdkafka waits for its connections then.
pub(crate) struct Link {
    pub(crate) profile: Profile,
    consumer: Option<BaseConsumer<Listener>>,
    answered: AtomicBool,
}

impl Drop for Link {
    fn drop(&mut self) {
        let consumer = self.consumer.take();
        let end = std::thread::Builder::new().name("librdkafka-end".into());
        // Without a thread it ends here, when the closure is dropped.
        let _ = end.spawn(move || drop(consumer));
    }
}

impl Link {
    /// A client for `purpose`. Connects by itself, in the background.
    pub(crate) fn new(
        profile: &Profile,
        password: Option<&Secret>,
        token: Option<&Token>,
        purpose: Purpose,
    ) -> Result<Self, KafkaError> {
        let config = settings(profile, password, token.is_some(), purpose);
        let consumer = config
            .create_with_context(Listener::default())
            .map_err(|error| unfit(profile, &error))?;
        let link = Self {
            profile: profile.clone(),
            consumer: Some(consumer),
            answered: AtomicBool::new(false),
        };
        if let Some(token) = token {
            // Right away: its connections wait for it.
            link.hand_over(token)?;
        }
        Ok(link)
    }

    /// Gives a newer token to a client that has one.
    pub(crate) fn hand_over(&self, token: &Token) -> Result<(), KafkaError> {
        let (value, expires_ms) = (token.value.expose(), token.expires_ms);
        ffi::set_token(self.native(), value, expires_ms, &token.principal).map_err(|fault| {
            KafkaError::Protocol {
                address: self.profile.bootstrap.join(","),
                step: "the token for OAUTHBEARER".into(),
                reason: fault.text,
            }
        })
    }

    /// The client itself: there until the link is dropped.
    #[expect(clippy::expect_used, reason = "taken in `drop` alone")]
    pub(crate) fn consumer(&self) -> &BaseConsumer<Listener> {
        self.consumer
            .as_ref()
            .expect("a link that is alive has its client")
    }

    pub(crate) fn native(&self) -> *mut rd_kafka_t {
        self.consumer().client().native_ptr()
    }

    /// Takes in what the client has to report: its log and its errors.
    pub(crate) fn serve(&self) {
        while self.consumer().poll(Duration::ZERO).is_some() {}
    }

    /// Notes that the cluster has answered.
    pub(crate) fn answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// What the connections met with since shortly before the work began.
    pub(crate) fn heard(&self, bound: &Bound) -> Vec<(c_int, String)> {
        self.serve();
        let listener = self.consumer().context();
        let heard = listener
            .heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        heard
            .iter()
            .filter(|(at, _, _)| *at + BEFORE >= bound.began)
            .map(|(_, code, reason)| (*code, reason.clone()))
            .collect()
    }

    /// Why there is no use in waiting on, before the first answer: refused credentials, or no address that is left.
    pub(crate) fn lost(&self, bound: &Bound) -> Option<Fault> {
        if self.answered.load(Ordering::Relaxed) {
            return None;
        }
        let heard = self.heard(bound);
        let of = |wanted: c_int| heard.iter().find(|(code, _)| *code == wanted);
        let (code, reason) = of(AUTHENTICATION).or_else(|| of(ALL_DOWN))?;
        Some(Fault::new(*code, reason.clone()))
    }
}

fn unfit(profile: &Profile, error: &Error) -> KafkaError {
    let reason = match error {
        Error::ClientConfig(_, said, key, _) => format!("`{key}`: {said}"),
        Error::ClientCreation(said) => said.clone(),
        other => other.to_string(),
    };
    if profile.tls.is_some() && reason.to_ascii_lowercase().contains("ssl") {
        return KafkaError::TlsSettings { reason };
    }
    KafkaError::Protocol {
        address: profile.bootstrap.join(","),
        step: "librdkafka's settings".into(),
        reason,
    }
}

/// What this build of librdkafka is and can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// E.g. `2.12.1`.
    pub version: String,
    /// What it was built with, e.g. `ssl`, `sasl_scram`, `gssapi`, `zstd`.
    pub features: Vec<String>,
}

/// Asks librdkafka itself.
pub fn build() -> Build {
    let features = ClientConfig::new()
        .create_native_config()
        .and_then(|config| config.get("builtin.features"))
        .unwrap_or_default();
    let words = features.trim_matches(char::from(0)).split(',');
    Build {
        version: rdkafka::util::get_rdkafka_version().1,
        features: words.filter(|f| !f.is_empty()).map(String::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_build_has_what_the_documentation_promises() {
        let build = build();
        assert!(build.version.starts_with("2."), "{build:?}");
        for feature in [
            "ssl",
            "sasl_plain",
            "sasl_scram",
            "sasl_oauthbearer",
            "gzip",
            "snappy",
            "lz4",
            "zstd",
        ] {
            assert!(
                build.features.iter().any(|f| f == feature),
                "{feature}: {build:?}"
            );
        }
        let kerberos = build
            .features
            .iter()
            .any(|f| f == "sasl_gssapi" || f == "gssapi");
        assert_eq!(kerberos, cfg!(feature = "kerberos"), "{build:?}");
    }
}
