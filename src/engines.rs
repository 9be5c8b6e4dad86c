//! Which engine serves a cluster, and which ones this build has.
//!
//! The native engine is always there. librdkafka comes with the feature of that name, as C inside; a build without it
//! refuses a profile that asks for it, and does not fall back.

use kafkaweave_client::kafka::{Engine, KafkaError};
use kafkaweave_client::profile::{EngineChoice, Profile};
use std::sync::Arc;

/// The engine that a profile asks for. Connects to nothing.
///
/// # Errors
/// What is wrong with the profile; `NotOffered` for an engine that this build does not have.
pub fn connect(profile: &Profile) -> Result<Arc<dyn Engine>, KafkaError> {
    match profile.engine {
        EngineChoice::Auto | EngineChoice::Native => kafkaweave_client::kafka::connect(profile),
        #[cfg(feature = "librdkafka")]
        EngineChoice::Librdkafka => Ok(Arc::new(kafkaweave_librdkafka::Librdkafka::new(profile)?)),
        #[cfg(not(feature = "librdkafka"))]
        EngineChoice::Librdkafka => kafkaweave_client::kafka::connect(profile),
    }
}

/// The engines of this build, each with what it can do where that differs between builds.
pub fn available() -> Vec<String> {
    let mut engines = vec!["native".to_owned()];
    #[cfg(feature = "librdkafka")]
    {
        let build = kafkaweave_librdkafka::build();
        engines.push(format!(
            "librdkafka {} ({})",
            build.version,
            build.features.join(", ")
        ));
    }
    engines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_gets_the_engine_it_asks_for_or_hears_that_this_build_lacks_it() {
        let mut profile = Profile::new("c", vec!["127.0.0.1:1".into()]);
        for choice in [EngineChoice::Auto, EngineChoice::Native] {
            profile.engine = choice;
            assert!(connect(&profile).is_ok());
        }
        profile.engine = EngineChoice::Librdkafka;
        let outcome = connect(&profile).map(|_| ());
        if cfg!(feature = "librdkafka") {
            assert_eq!(outcome, Ok(()));
            assert!(available()[1].starts_with("librdkafka 2."));
        } else {
            let error = outcome.unwrap_err().to_string();
            assert_eq!(
                error,
                "engine `librdkafka` is not offered by this build of kafkaweave"
            );
        }
    }
}
