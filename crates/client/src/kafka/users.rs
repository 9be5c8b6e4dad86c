//! Users with SCRAM credentials (KIP-554). Any broker answers for the whole cluster.
//!
//! Kafka tells mechanisms and iterations, and nothing of the secrets.

use super::KafkaError;
use super::code::code;
use super::route::Router;
use kafka_protocol::messages::{
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
};
use kafka_protocol::protocol::StrBytes;
use kafkaweave_core::model::{Missing, Partial, ScramCredential, ScramUser};

const OPERATION: &str = "DescribeUserScramCredentials";

/// The request for all users, the same in all versions.
///
/// Kafka takes no list and an empty one for "all". To refuse the first for want of rights, its
/// brokers (4.3.1) fail inside and never answer; the second they refuse as they should.
pub(crate) fn describe(_version: i16) -> DescribeUserScramCredentialsRequest {
    DescribeUserScramCredentialsRequest::default().with_users(Some(Vec::new()))
}

/// Users by name.
pub(crate) async fn users(router: &Router) -> Result<Partial<Vec<ScramUser>>, KafkaError> {
    let (answer, _) = router.ask(describe).await?;
    read(&answer)
}

fn read(
    answer: &DescribeUserScramCredentialsResponse,
) -> Result<Partial<Vec<ScramUser>>, KafkaError> {
    let text = answer.error_message.as_ref().map(StrBytes::as_str);
    if let Some(error) = code(answer.error_code, OPERATION, "the cluster", text) {
        return Err(error);
    }
    let (mut users, mut missing) = (Vec::new(), Vec::new());
    for result in &answer.results {
        let user = result.user.to_string();
        let subject = format!("user `{user}`");
        let text = result.error_message.as_ref().map(StrBytes::as_str);
        if let Some(error) = code(result.error_code, OPERATION, &subject, text) {
            missing.push(Missing {
                what: format!("credentials of {subject}"),
                broker: None,
                why: error.to_string(),
            });
            continue;
        }
        let mut credentials: Vec<_> = result
            .credential_infos
            .iter()
            .map(|info| ScramCredential {
                mechanism: mechanism(info.mechanism).into(),
                iterations: info.iterations,
            })
            .collect();
        credentials.sort();
        users.push(ScramUser { user, credentials });
    }
    users.sort();
    Ok(Partial {
        value: users,
        missing,
    })
}

fn mechanism(number: i8) -> &'static str {
    match number {
        1 => "SCRAM-SHA-256",
        2 => "SCRAM-SHA-512",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::describe_user_scram_credentials_response::{
        CredentialInfo, DescribeUserScramCredentialsResult,
    };

    #[test]
    fn a_user_that_is_refused_is_a_gap_and_the_others_are_listed() {
        let info = |mechanism| {
            CredentialInfo::default()
                .with_mechanism(mechanism)
                .with_iterations(4096)
        };
        let fine = DescribeUserScramCredentialsResult::default()
            .with_user("alice".into())
            .with_credential_infos(vec![info(2), info(1), info(9)]);
        let refused = DescribeUserScramCredentialsResult::default()
            .with_user("bob".into())
            .with_error_code(-1);
        let answer =
            DescribeUserScramCredentialsResponse::default().with_results(vec![refused, fine]);
        let read = read(&answer).unwrap();
        let mechanisms: Vec<_> = read.value[0]
            .credentials
            .iter()
            .map(|c| c.mechanism.as_str())
            .collect();
        assert_eq!(mechanisms, ["SCRAM-SHA-256", "SCRAM-SHA-512", "unknown"]);
        assert_eq!(read.value.len(), 1);
        assert_eq!(read.missing[0].what, "credentials of user `bob`");
    }
}
