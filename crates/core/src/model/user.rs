//! Users whose SCRAM credentials Kafka stores (KIP-554).
//!
//! Users of PLAIN, OAUTHBEARER, Kerberos or TLS are not stored in Kafka, so nobody can list them.

use serde::{Deserialize, Serialize};

/// One SCRAM credential: that there is one, never what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScramCredential {
    /// `SCRAM-SHA-256`, `SCRAM-SHA-512`; `unknown` for one that this version does not know.
    pub mechanism: String,
    /// Iterations of the hash.
    pub iterations: i32,
}

/// A user with SCRAM credentials.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ScramUser {
    /// Name, without `User:`.
    pub user: String,
    /// By mechanism.
    pub credentials: Vec<ScramCredential>,
}
