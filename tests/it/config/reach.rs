//! Every key can be reached from the environment, and what is documented of it holds.

use kafkaweave::config::{Class, Flags, Source, Sources, keys, load};
use std::collections::BTreeMap;

/// A cluster that is complete without the environment.
const BASE: &str = "
[clusters.name]
bootstrap = 'base:9092'
tls = { certificate = 'base.pem' }
sasl = { mechanism = 'PLAIN', username = 'base', password = { env = 'BASE' } }
[server]
tokens = [{ env = 'BASE' }]
";

#[test]
fn no_key_contains_what_separates_keys_in_a_variable() {
    for key in keys() {
        for part in key.path.split('.') {
            assert!(
                !part.contains("__") && !part.starts_with('_') && !part.ends_with('_'),
                "{}",
                key.path
            );
        }
    }
}

#[test]
fn every_key_is_reached_by_each_of_its_variables() {
    let directory = std::env::temp_dir().join(format!("kafkaweave-reach-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("base.toml");
    std::fs::write(&file, BASE).unwrap();
    for key in keys() {
        let example = match key.path.as_str() {
            "default_cluster" => "name",
            _ => key.example.as_str(),
        };
        assert!(!example.is_empty(), "{} has no example", key.path);
        for variable in &key.variables {
            let mut environment = BTreeMap::from([(variable.clone(), example.to_owned())]);
            if variable == "KAFKAWEAVE_BOOTSTRAP" {
                // Without the cluster's name it would define another cluster.
                environment.insert("KAFKAWEAVE_CLUSTER".into(), "name".into());
            }
            let config = load(&Sources {
                file: Some(file.clone()),
                environment,
                ..Sources::default()
            })
            .unwrap_or_else(|error| panic!("{variable}: {error}"));
            let path = key.path.replace("NAME", "name");
            let setting = config
                .settings
                .iter()
                .find(|setting| setting.key == path)
                .unwrap_or_else(|| panic!("{variable} did not set {path}"));
            assert_eq!(
                setting.source,
                Source::Environment(variable.clone()),
                "{path}"
            );
            assert_eq!(setting.class, key.class, "{path}");
            assert_ne!(
                Some(&setting.value),
                key.default.as_ref(),
                "{path}: the example is the default"
            );
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn every_flag_has_a_key_and_a_variable() {
    let command = <Flags as clap::Args>::augment_args(clap::Command::new("x"));
    for argument in command.get_arguments() {
        let flag = format!("--{}", argument.get_long().unwrap());
        if flag == "--tls" {
            // Stands for a section; see `layers`.
            continue;
        }
        let found = keys()
            .into_iter()
            .find(|key| key.flag == Some(flag.as_str()));
        let key = found.unwrap_or_else(|| panic!("{flag} stands for no key"));
        let variable = format!(
            "KAFKAWEAVE_{}",
            flag.trim_start_matches("--")
                .replace('-', "_")
                .to_uppercase()
        );
        assert!(
            key.variables.contains(&variable),
            "{flag}: {:?}",
            key.variables
        );
    }
}

#[test]
fn what_may_hold_a_secret_is_classed_as_a_reference() {
    let secret: Vec<_> = keys()
        .into_iter()
        .filter(|key| key.class == Class::SecretReference)
        .map(|key| key.path)
        .collect();
    assert_eq!(secret, ["clusters.NAME.sasl.password", "server.tokens"]);
}
