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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Link;
    use crate::settings::Purpose;
    use kafkaweave_client::profile::Profile;

    fn link(expires_ms: i64) -> Result<Link, kafkaweave_client::kafka::KafkaError> {
        let token = Token {
            value: Secret::new("very-hidden"),
            principal: "alice".into(),
            expires_ms,
        };
        assert!(!format!("{token:?}").contains("hidden"));
        let profile = Profile::new("c", vec!["127.0.0.1:1".into()]);
        Link::new(&profile, None, Some(&token), Purpose::Ask)
    }

    #[test]
    fn a_token_is_set_right_after_the_client_is_made_and_an_old_one_is_refused_without_showing_it()
    {
        assert!(link(4_000_000_000_000).is_ok());
        let Err(error) = link(1_000) else {
            panic!("a token of 1970 was taken")
        };
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
}
