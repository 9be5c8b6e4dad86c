//! SASL on a fresh connection: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512.
//!
//! Passwords are fetched when a connection first needs them and kept until the broker refuses
//! them. No error carries a password.

pub(crate) mod scram;

use super::KafkaError;
use super::code::{api_name, code, said};
use super::connection::Connection;
use super::locked;
use crate::profile::{Sasl, SaslMechanism};
use crate::secret::Secret;
use bytes::Bytes;
use kafka_protocol::messages::{SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::StrBytes;
use scram::{Exchange, Hash, SaltedPasswords};
use std::sync::Mutex;
use std::time::Duration;

/// Kafka's codes of the two SASL requests.
const UNSUPPORTED_SASL_MECHANISM: i16 = 33;
const ILLEGAL_SASL_STATE: i16 = 34;
const SASL_AUTHENTICATION_FAILED: i16 = 58;

/// What one profile needs to log in again and again.
#[derive(Default)]
pub(crate) struct Login {
    password: Mutex<Option<Secret>>,
    salted: SaltedPasswords,
}

impl Login {
    /// The password, fetched once. Outside of the connect timeout: a command may take longer.
    pub(crate) async fn password(&self, sasl: &Sasl, address: &str) -> Result<Secret, KafkaError> {
        if let Some(known) = locked(&self.password).clone() {
            return Ok(known);
        }
        let fresh = sasl
            .password
            .resolve()
            .await
            .map_err(|error| KafkaError::Secret {
                address: address.into(),
                error,
            })?;
        *locked(&self.password) = Some(fresh.clone());
        Ok(fresh)
    }

    /// Forgets what the broker did not accept: it may have been changed meanwhile.
    fn forget(&self) {
        *locked(&self.password) = None;
        self.salted.clear();
    }

    /// Logs in. Answers the session's lifetime (KIP-368) when the broker sets one.
    pub(crate) async fn log_in(
        &self,
        connection: &Connection,
        sasl: &Sasl,
        password: &Secret,
        timeout: Duration,
    ) -> Result<Option<Duration>, KafkaError> {
        let steps = Steps {
            connection,
            sasl,
            password,
            timeout,
        };
        let outcome = self.steps(&steps, password).await;
        if matches!(outcome, Err(KafkaError::Authentication { .. })) {
            self.forget();
        }
        let lifetime_ms = outcome?;
        Ok(u64::try_from(lifetime_ms)
            .ok()
            .filter(|ms| *ms > 0)
            .map(Duration::from_millis))
    }

    async fn steps(&self, steps: &Steps<'_>, password: &Secret) -> Result<i64, KafkaError> {
        let user = &steps.sasl.username;
        for (what, text) in [
            ("user name", user.as_str()),
            ("password", password.expose()),
        ] {
            if text.chars().any(char::is_control) {
                return Err(steps.refused(format!("the {what} contains a control character")));
            }
        }
        steps.handshake().await?;
        let hash = match steps.sasl.mechanism {
            SaslMechanism::Plain => {
                let message = format!("\0{user}\0{}", password.expose());
                return Ok(steps.authenticate(message.into()).await?.1);
            }
            SaslMechanism::ScramSha256 => Hash::Sha256,
            SaslMechanism::ScramSha512 => Hash::Sha512,
        };
        let refused = |e: scram::ScramError| steps.refused(e.to_string());
        let exchange = Exchange::new(hash, user).map_err(refused)?;
        let (server_first, _) = steps.authenticate(exchange.client_first().into()).await?;
        let challenge = exchange.challenge(&server_first).map_err(refused)?;
        let salted = self
            .salted
            .get(&challenge, password)
            .await
            .map_err(refused)?;
        let answer = challenge.answer(&salted);
        let (server_final, lifetime_ms) = steps.authenticate(answer.message().into()).await?;
        answer.verify(&server_final).map_err(refused)?;
        Ok(lifetime_ms)
    }
}

struct Steps<'a> {
    connection: &'a Connection,
    sasl: &'a Sasl,
    password: &'a Secret,
    timeout: Duration,
}

impl Steps<'_> {
    fn refused(&self, reason: String) -> KafkaError {
        KafkaError::Authentication {
            address: self.connection.address().into(),
            mechanism: self.sasl.mechanism.name().into(),
            username: self.sasl.username.clone(),
            reason,
        }
    }

    fn not_offered(&self, offered: String) -> KafkaError {
        KafkaError::Mechanism {
            address: self.connection.address().into(),
            mechanism: self.sasl.mechanism.name().into(),
            offered,
        }
    }

    async fn handshake(&self) -> Result<(), KafkaError> {
        let request = SaslHandshakeRequest::default()
            .with_mechanism(StrBytes::from_static_str(self.sasl.mechanism.name()));
        // Version 0 would be followed by unframed tokens, which no supported broker needs.
        let (answer, version) = self.connection.call(self.timeout, |_| request).await?;
        if version < 1 {
            return Err(KafkaError::NotOffered {
                operation: "SaslHandshake version 1".into(),
                by: format!("broker `{}`", self.connection.address()),
            });
        }
        let offered = || {
            let names: Vec<_> = answer.mechanisms.iter().map(StrBytes::as_str).collect();
            said(&names.join(", "))
        };
        match answer.error_code {
            0 => Ok(()),
            UNSUPPORTED_SASL_MECHANISM => Err(self.not_offered(offered())),
            ILLEGAL_SASL_STATE => {
                Err(self.not_offered("none, this listener does not use sasl".into()))
            }
            other => Err(self.broker(other, 17, None)),
        }
    }

    /// One message there, one back, with the session's lifetime.
    async fn authenticate(&self, message: Bytes) -> Result<(Bytes, i64), KafkaError> {
        let request = SaslAuthenticateRequest::default().with_auth_bytes(message);
        let (answer, _) = self.connection.call(self.timeout, |_| request).await?;
        let text = answer.error_message.as_ref().map(StrBytes::as_str);
        let text = text.map(|text| self.without_password(text));
        let text = text.as_deref();
        match answer.error_code {
            0 => Ok((answer.auth_bytes, answer.session_lifetime_ms)),
            SASL_AUTHENTICATION_FAILED => Err(self.refused(
                text.filter(|t| !t.is_empty())
                    .map_or_else(|| "the broker gives no reason".to_owned(), said),
            )),
            other => Err(self.broker(other, 36, text)),
        }
    }

    /// With PLAIN a broker knows the password, and a hostile one may repeat it in its reason.
    fn without_password(&self, text: &str) -> String {
        match self.password.expose() {
            "" => text.into(),
            password if password.len() < 4 && text.contains(password) => String::new(),
            password => text.replace(password, "***"),
        }
    }

    fn broker(&self, number: i16, api_key: i16, detail: Option<&str>) -> KafkaError {
        let subject = format!("broker `{}`", self.connection.address());
        code(number, &api_name(api_key), &subject, detail)
            .unwrap_or_else(|| self.refused("the broker gives no reason".into()))
    }
}
