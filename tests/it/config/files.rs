//! The folders `valid` and `invalid`.

use super::{FIXTURES, fixtures, golden};
use kafkaweave::config::{Config, ConfigError, Sources, load, schema};
use std::path::Path;

fn load_file(path: &Path) -> Result<Config, ConfigError> {
    load(&Sources {
        file: Some(path.to_owned()),
        ..Sources::default()
    })
}

fn without_folder(text: &str, folder: &str) -> String {
    text.replace(&format!("{FIXTURES}/{folder}/"), "")
}

#[test]
fn every_invalid_file_is_refused_with_its_message() {
    for path in fixtures("invalid") {
        let error = match load_file(&path) {
            Err(error) => error,
            Ok(config) => panic!("{} was accepted:\n{}", path.display(), config.show()),
        };
        let text = format!("{error}\n{error:?}");
        assert!(!text.contains("hunter2"), "{text}");
        golden(
            &path,
            &format!("{}\n", without_folder(&error.to_string(), "invalid")),
        );
    }
}

#[test]
fn every_valid_file_is_accepted_and_shown() {
    for path in fixtures("valid") {
        let config = load_file(&path).unwrap_or_else(|error| panic!("{error}"));
        golden(&path, &without_folder(&config.show(), "valid"));
    }
}

#[test]
fn the_schema_accepts_every_valid_file() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for path in fixtures("valid") {
        let file: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let file = serde_json::to_value(file).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&file)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:?}", path.display());
    }
}

#[test]
fn the_schema_refuses_what_concerns_one_key() {
    // Rules over several keys, and of addresses beyond their look, are not for a schema.
    let beyond = [
        "syntax",
        "syntax_duplicate",
        "tls_key_without",
        "sasl_incomplete",
        "cluster_without_bootstrap",
        "default_cluster",
        "clusters_alike",
        "server_open",
        "bootstrap_several",
        "bootstrap_scheme",
        "bootstrap_port",
        "bootstrap_ipv6",
        "bootstrap_password",
        "tls_pem_text",
        "value_address",
    ];
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for path in fixtures("invalid") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if beyond.iter().any(|one| name.starts_with(one)) {
            continue;
        }
        let file: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let file = serde_json::to_value(file).unwrap();
        assert!(!validator.is_valid(&file), "{name}");
    }
}

#[test]
fn the_committed_schema_is_the_current_one() {
    let current = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write("config-schema.json", &current).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string("config-schema.json").unwrap_or_default(),
        current
    );
}

#[test]
fn the_documented_example_is_accepted_and_names_every_key() {
    let path = Path::new("docs/config.example.toml");
    let config = load_file(path).unwrap_or_else(|error| panic!("{error}"));
    assert!(config.clusters.len() > 1);
    let text = std::fs::read_to_string(path).unwrap();
    for key in kafkaweave::config::keys() {
        let last = key.path.rsplit('.').next().unwrap();
        assert!(text.contains(last), "{} is not in the example", key.path);
    }
}
