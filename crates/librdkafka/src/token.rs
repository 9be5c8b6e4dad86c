//! Tokens for OAUTHBEARER. They are handed over from outside, right after a client is made and again before they end:
//! librdkafka's own way, a callback, runs only on the thread that polls, and never for administrative questions.

use kafkaweave_client::secret::Secret;

/// A token and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token as it goes to the broker.
    pub value: Secret,
    /// Whom it is for, as librdkafka wants to know it.
    pub principal: String,
    /// When it ends, epoch ms.
    pub expires_ms: i64,
}
