//! SCRAM (RFC 5802, RFC 7677), the client's side, without I/O.
//!
//! The server's signature is verified, its nonce must continue ours, and the iteration count is
//! bounded. Of SASLprep only the refusal of control characters is done (by the caller), as Kafka
//! itself takes names and passwords as UTF-8 unchanged.

use super::super::code::said;
use super::locked;
use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use thiserror::Error;

/// Fewer iterations are not worth a password, more would be an attack on our processor.
pub(crate) const ITERATIONS: RangeInclusive<u32> = 4096..=1_000_000;

/// Salted passwords that are kept; salts come from brokers, so there is a bound.
const KEPT: usize = 64;

/// Why the exchange failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum ScramError {
    /// The system gives no random bytes.
    #[error("no random numbers can be had from the system")]
    NoRandom,
    /// Not a message of the protocol.
    #[error("the broker's scram message is malformed: {0}")]
    Malformed(&'static str),
    /// The broker reports an error inside the exchange.
    #[error("the broker's scram message reports `{0}`")]
    Server(String),
    /// The nonce does not begin with ours.
    #[error("the broker's nonce does not continue ours")]
    Nonce,
    /// Iteration count out of bounds.
    #[error("the broker asks for {0} iterations; 4096 to 1000000 are accepted")]
    Iterations(u64),
    /// The broker does not know the password either.
    #[error("the broker's signature is wrong: it does not know the password")]
    Signature,
}

/// The hash of the mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Hash {
    Sha256,
    Sha512,
}

impl Hash {
    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

/// The exchange before the broker's first message.
pub(crate) struct Exchange {
    hash: Hash,
    user: String,
    nonce: String,
}

impl Exchange {
    /// Begins with a fresh nonce of 18 random bytes.
    pub(crate) fn new(hash: Hash, user: &str) -> Result<Self, ScramError> {
        use ring::rand::SecureRandom as _;
        let mut bytes = [0; 18];
        ring::rand::SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| ScramError::NoRandom)?;
        Ok(Self::with_nonce(hash, user, STANDARD.encode(bytes)))
    }

    fn with_nonce(hash: Hash, user: &str, nonce: String) -> Self {
        Self {
            hash,
            user: user.replace('=', "=3D").replace(',', "=2C"),
            nonce,
        }
    }

    fn bare(&self) -> String {
        format!("n={},r={}", self.user, self.nonce)
    }

    /// The first message.
    pub(crate) fn client_first(&self) -> String {
        format!("n,,{}", self.bare())
    }

    /// Takes the broker's first message.
    pub(crate) fn challenge(self, server_first: &[u8]) -> Result<Challenge, ScramError> {
        let text = text(server_first)?;
        let nonce = field(text, "r=").ok_or(ScramError::Malformed("no nonce"))?;
        if nonce.len() <= self.nonce.len() || !nonce.starts_with(&self.nonce) {
            return Err(ScramError::Nonce);
        }
        let salt = field(text, "s=")
            .and_then(|s| STANDARD.decode(s).ok())
            .filter(|s| !s.is_empty())
            .ok_or(ScramError::Malformed("no salt"))?;
        let stated: u64 = field(text, "i=")
            .and_then(|i| i.parse().ok())
            .ok_or(ScramError::Malformed("no iteration count"))?;
        let iterations = u32::try_from(stated)
            .ok()
            .filter(|i| ITERATIONS.contains(i))
            .and_then(NonZeroU32::new)
            .ok_or(ScramError::Iterations(stated))?;
        let without_proof = format!("c=biws,r={nonce}");
        Ok(Challenge {
            auth_message: format!("{},{text},{without_proof}", self.bare()),
            without_proof,
            key: SaltKey {
                hash: self.hash,
                user: self.user,
                salt,
                iterations,
            },
        })
    }
}

fn text(message: &[u8]) -> Result<&str, ScramError> {
    let text = std::str::from_utf8(message).map_err(|_| ScramError::Malformed("no utf-8"))?;
    match field(text, "e=") {
        Some(reason) => Err(ScramError::Server(said(reason))),
        None => Ok(text),
    }
}

fn field<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.split(',').find_map(|part| part.strip_prefix(name))
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct SaltKey {
    hash: Hash,
    user: String,
    salt: Vec<u8>,
    iterations: NonZeroU32,
}

/// What the broker wants answered.
pub(crate) struct Challenge {
    key: SaltKey,
    auth_message: String,
    without_proof: String,
}

impl Challenge {
    /// Proves that we know the password.
    pub(crate) fn answer(&self, salted: &Salted) -> Answer {
        let hash = self.key.hash;
        let sign =
            |key: &[u8], message: &[u8]| hmac::sign(&hmac::Key::new(hash.hmac(), key), message);
        let client_key = sign(&salted.0, b"Client Key");
        let stored_key = digest::digest(hash.digest(), client_key.as_ref());
        let signature = sign(stored_key.as_ref(), self.auth_message.as_bytes());
        let proof: Vec<u8> = client_key
            .as_ref()
            .iter()
            .zip(signature.as_ref())
            .map(|(a, b)| a ^ b)
            .collect();
        let server_key = sign(&salted.0, b"Server Key");
        Answer {
            message: format!("{},p={}", self.without_proof, STANDARD.encode(proof)),
            server_key: hmac::Key::new(hash.hmac(), server_key.as_ref()),
            auth_message: self.auth_message.clone(),
        }
    }
}

/// The last message, and what the broker must say to it.
pub(crate) struct Answer {
    message: String,
    server_key: hmac::Key,
    auth_message: String,
}

impl Answer {
    /// The message with the proof.
    pub(crate) fn message(&self) -> String {
        self.message.clone()
    }

    /// Checks that the broker knows the password too.
    pub(crate) fn verify(&self, server_final: &[u8]) -> Result<(), ScramError> {
        let signature = field(text(server_final)?, "v=")
            .and_then(|v| STANDARD.decode(v).ok())
            .ok_or(ScramError::Malformed("no signature"))?;
        hmac::verify(&self.server_key, self.auth_message.as_bytes(), &signature)
            .map_err(|_| ScramError::Signature)
    }
}

/// A password after all its iterations.
#[derive(Clone)]
pub(crate) struct Salted(Vec<u8>);

/// Salted passwords by user, salt and iterations: brokers of one cluster share them, and a million
/// iterations take half a second.
#[derive(Default)]
pub(crate) struct SaltedPasswords(Mutex<HashMap<SaltKey, Salted>>);

impl SaltedPasswords {
    /// The salted password, computed off the async threads when it is not known yet.
    pub(crate) async fn get(
        &self,
        challenge: &Challenge,
        password: &Secret,
    ) -> Result<Salted, ScramError> {
        let key = &challenge.key;
        if let Some(known) = locked(&self.0).get(key) {
            return Ok(known.clone());
        }
        let (of, secret) = (key.clone(), password.clone());
        let salted = tokio::task::spawn_blocking(move || salt(&of, &secret))
            .await
            .map_err(|_| ScramError::Malformed("the password could not be salted"))?;
        let mut kept = locked(&self.0);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(key.clone(), salted.clone());
        Ok(salted)
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        locked(&self.0).clear();
    }
}

fn salt(key: &SaltKey, password: &Secret) -> Salted {
    let mut out = vec![0; key.hash.digest().output_len()];
    pbkdf2::derive(
        key.hash.pbkdf2(),
        key.iterations,
        &key.salt,
        password.expose().as_bytes(),
        &mut out,
    );
    Salted(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER_FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    fn rfc7677() -> Exchange {
        Exchange::with_nonce(Hash::Sha256, "user", "rOprNGfwEbeRWgbNEkqO".into())
    }

    #[tokio::test]
    async fn the_exchange_of_rfc_7677_is_reproduced_byte_by_byte() {
        let exchange = rfc7677();
        assert_eq!(exchange.client_first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let challenge = exchange.challenge(SERVER_FIRST.as_bytes()).unwrap();
        let kept = SaltedPasswords::default();
        let password = Secret::new("pencil");
        let salted = kept.get(&challenge, &password).await.unwrap();
        let again = kept.get(&challenge, &password).await.unwrap();
        assert_eq!(salted.0, again.0);
        let answer = challenge.answer(&salted);
        assert_eq!(
            answer.message(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        let server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(answer.verify(server_final.as_bytes()), Ok(()));
        // Proper base64 of the right length, one bit changed: only the signature is wrong.
        let mut forged = STANDARD.decode(&server_final[2..]).unwrap();
        forged[0] ^= 1;
        let forged = format!("v={}", STANDARD.encode(forged));
        assert_eq!(answer.verify(forged.as_bytes()), Err(ScramError::Signature));
        assert_eq!(answer.verify(b"v="), Err(ScramError::Signature));
        assert_eq!(
            answer.verify(b"e=invalid-proof"),
            Err(ScramError::Server("invalid-proof".into()))
        );
    }

    #[test]
    fn a_broker_that_cheats_is_refused() {
        for (message, error) in [
            ("r=other,s=W22Z,i=4096", ScramError::Nonce),
            // Longer than ours, so that only its beginning gives it away.
            (
                "r=rOprNGfwEbeRWgbNEkqXhvYDpWUa2RaTCAfuxFIlj,s=W22Z,i=4096",
                ScramError::Nonce,
            ),
            ("r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=4096", ScramError::Nonce),
            (
                "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=1",
                ScramError::Iterations(1),
            ),
            (
                "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4095",
                ScramError::Iterations(4095),
            ),
            (
                "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4294967297",
                ScramError::Iterations(4_294_967_297),
            ),
            (
                "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
                ScramError::Malformed("no salt"),
            ),
            (
                "r=rOprNGfwEbeRWgbNEkqOx,s=W22Z",
                ScramError::Malformed("no iteration count"),
            ),
            ("", ScramError::Malformed("no nonce")),
        ] {
            assert_eq!(rfc7677().challenge(message.as_bytes()).err(), Some(error));
        }
    }

    #[test]
    fn commas_and_equal_signs_of_a_name_are_escaped() {
        let exchange = Exchange::with_nonce(Hash::Sha512, "a=b,c", "n".into());
        assert_eq!(exchange.client_first(), "n,,n=a=3Db=2Cc,r=n");
    }

    #[test]
    fn every_exchange_has_a_nonce_of_its_own() {
        let nonce = || Exchange::new(Hash::Sha256, "u").unwrap().nonce;
        assert_ne!(nonce(), nonce());
    }
}
