//! File < environment < flags, and the cluster that flags are about.

use super::{Directory, environment};
use kafkaweave::config::{Config, ConfigError, Flags, ReferenceText, Sources, Warning, load};
use kafkaweave_client::secret::SecretRef;

const TWO: &str = "
[clusters.dev]
bootstrap = 'dev:9092'
environment = 'dev'
[clusters.prod-eu]
bootstrap = 'prod:9094'
tls = { ca = 'ca.pem' }
sasl = { mechanism = 'PLAIN', username = 'alice', password = { env = 'P' } }
";

fn layers(
    name: &str,
    file: &str,
    variables: &[(&str, &str)],
    flags: Flags,
) -> Result<Config, ConfigError> {
    let directory = Directory::new(name);
    let file = directory.file("k.toml", file);
    load(&Sources {
        file: Some(file),
        environment: environment(variables),
        flags,
        ..Sources::default()
    })
}

fn bootstraps(config: &Config) -> Vec<(&str, &str)> {
    config
        .clusters
        .iter()
        .map(|c| (c.profile.name.as_str(), c.profile.bootstrap[0].as_str()))
        .collect()
}

fn flag_bootstrap(cluster: Option<&str>) -> Flags {
    Flags {
        cluster: cluster.map(str::to_owned),
        bootstrap: Some("flag:1".into()),
        ..Flags::default()
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let variables = [
        ("KAFKAWEAVE_CALL_TIMEOUT_MS", "2000"),
        ("KAFKAWEAVE_LIMITS__MAX_CONCURRENT_CALLS", "4"),
    ];
    let flags = Flags {
        call_timeout_ms: Some(3000),
        ..Flags::default()
    };
    let file =
        "[limits]\ncall_timeout_ms = 1000\nmax_concurrent_calls = 2\nmax_answer_bytes = 5000\n";
    let limits = layers("order", file, &variables, flags).unwrap().limits;
    assert_eq!(
        (
            limits.call_timeout_ms,
            limits.max_concurrent_calls,
            limits.max_answer_bytes
        ),
        (3000, 4, 5000)
    );
}

#[test]
fn a_variable_finds_its_cluster_whatever_its_spelling() {
    let config = layers(
        "spelling",
        TWO,
        &[("KAFKAWEAVE_CLUSTERS__PROD_EU__BOOTSTRAP", "env:1")],
        Flags::default(),
    )
    .unwrap();
    assert_eq!(
        bootstraps(&config),
        [("dev", "dev:9092"), ("prod-eu", "env:1")]
    );
}

#[test]
fn bootstrap_alone_is_a_cluster_without_a_file() {
    let directory = Directory::new("alone");
    let config = load(&Sources {
        flags: flag_bootstrap(None),
        directory: directory.0.clone(),
        ..Sources::default()
    })
    .unwrap();
    assert_eq!(bootstraps(&config), [("default", "flag:1")]);
    assert_eq!(config.default_cluster.as_deref(), Some("default"));
    assert!(config.file.is_none() && config.searched.len() >= 2);
}

#[test]
fn bootstrap_without_a_name_takes_nothing_from_the_files_clusters() {
    let config = layers(
        "aside",
        &format!("default_cluster = 'prod-eu'\n{TWO}"),
        &[],
        flag_bootstrap(None),
    )
    .unwrap();
    assert_eq!(bootstraps(&config), [("default", "flag:1")]);
    assert!(config.clusters[0].profile.sasl.is_none());
    assert_eq!(
        config.warnings,
        [Warning::SetAside {
            clusters: vec!["dev".into(), "prod-eu".into()]
        }]
    );
}

#[test]
fn bootstrap_with_a_name_changes_that_cluster() {
    let config = layers("named", TWO, &[], flag_bootstrap(Some("prod-eu"))).unwrap();
    assert_eq!(
        bootstraps(&config),
        [("dev", "dev:9092"), ("prod-eu", "flag:1")]
    );
    assert!(config.clusters[1].profile.sasl.is_some());
    assert_eq!(config.default_cluster.as_deref(), Some("prod-eu"));
}

#[test]
fn a_name_that_is_unknown_gets_the_nearest() {
    let error = layers("unknown", TWO, &[], flag_bootstrap(Some("prod-us")))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "--cluster: `default_cluster`: no cluster `prod-us`; did you mean `prod-eu`?"
    );
}

#[test]
fn a_connection_flag_without_a_cluster_asks_which() {
    let flags = Flags {
        tls_ca: Some("x.pem".into()),
        ..Flags::default()
    };
    let error = layers("which", TWO, &[], flags.clone())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "--tls-ca: is for one cluster; name it with `--cluster`; known here: `dev`, `prod-eu`"
    );
    let error = layers("none", "", &[], flags).unwrap_err().to_string();
    assert_eq!(
        error,
        "--tls-ca: is for one cluster and none is configured; give `--bootstrap HOST:PORT`"
    );
}

#[test]
fn everything_of_a_cluster_can_come_from_flags() {
    let flags = Flags {
        bootstrap: Some("a:1,b:2".into()),
        environment: Some("dev".into()),
        tls_ca: Some("ca.pem".into()),
        sasl_mechanism: Some("SCRAM-SHA-512".into()),
        sasl_username: Some("alice".into()),
        sasl_password: Some(ReferenceText::new("command:vault read -field=x kafka")),
        ..Flags::default()
    };
    let config = layers("flags", "", &[], flags).unwrap();
    let profile = &config.clusters[0].profile;
    assert_eq!(profile.bootstrap, ["a:1", "b:2"]);
    // Relative to where the user is, not to the file.
    assert_eq!(profile.tls.as_ref().unwrap().ca, Some("ca.pem".into()));
    let argv = ["vault", "read", "-field=x", "kafka"]
        .map(String::from)
        .to_vec();
    assert_eq!(
        profile.sasl.as_ref().unwrap().password,
        SecretRef::Command(argv)
    );
    assert!(
        config
            .show()
            .contains("clusters.default.sasl.password = command:vault (+3 arguments) (reference)")
    );
}

#[test]
fn a_literal_secret_is_refused_and_not_repeated_wherever_it_stands() {
    for text in [
        "hunter2",
        "env:hunter2!",
        "env:",
        "file:",
        "command:",
        "vault:hunter2",
        "${hunter2}",
    ] {
        let flags = Flags {
            bootstrap: Some("a:1".into()),
            sasl_mechanism: Some("PLAIN".into()),
            sasl_username: Some("u".into()),
            sasl_password: Some(ReferenceText::new(text)),
            ..Flags::default()
        };
        assert!(!format!("{flags:?}").contains("hunter2"));
        let by_flag = layers("literal-flag", "", &[], flags).unwrap_err();
        let by_variable = layers(
            "literal-env",
            TWO,
            &[("KAFKAWEAVE_CLUSTERS__PROD_EU__SASL__PASSWORD", text)],
            Flags::default(),
        )
        .unwrap_err();
        for error in [by_flag, by_variable] {
            let said = format!("{error} {error:?}");
            assert!(
                said.contains("env:NAME") && !said.contains("hunter2"),
                "{said}"
            );
        }
    }
}

#[test]
fn several_tokens_come_from_one_variable() {
    let config = layers(
        "tokens",
        "",
        &[(
            "KAFKAWEAVE_SERVER__TOKENS",
            "env:A,command:vault -f a,b,file:/t",
        )],
        Flags::default(),
    )
    .unwrap();
    assert_eq!(
        config.server.tokens,
        [
            SecretRef::Env("A".into()),
            SecretRef::Command(["vault", "-f", "a,b"].map(String::from).to_vec()),
            SecretRef::File("/t".into()),
        ]
    );
}

#[test]
fn a_variable_with_an_unknown_path_is_an_error() {
    for (variable, message) in [
        (
            "KAFKAWEAVE_CLUSTERS__DEV__BOOTSTAP",
            "`clusters.dev.bootstap`: unknown key; did you mean `BOOTSTRAP`?",
        ),
        (
            "KAFKAWEAVE_CLUSTERS__DEV",
            "`clusters.dev`: must be a table, whose keys have variables of their own; found a string",
        ),
        (
            "KAFKAWEAVE_LIMITS__X",
            "`limits.x`: unknown key; known here: `CALL_TIMEOUT_MS`, `MAX_CONCURRENT_CALLS`, `MAX_ANSWER_BYTES`",
        ),
        (
            "KAFKAWEAVE_CLUSTERS__PROD_EU__SASL__PASSWORD__ENV",
            "`clusters.prod-eu.sasl.password.env`: unknown key; there are none",
        ),
    ] {
        let error = layers("path", TWO, &[(variable, "hunter2")], Flags::default())
            .unwrap_err()
            .to_string();
        assert_eq!(error, format!("{variable}: {message}"));
    }
}

#[test]
fn a_mistyped_variable_is_a_warning_and_a_platforms_is_not() {
    let variables = [
        ("KAFKAWEAVE_BOOTSTRAPS", "x"),
        ("KAFKAWEAVE_SERVICE_HOST", "10.0.0.1"),
        ("KAFKAWEAVE_PORT", "tcp://10.0.0.1:80"),
        ("KAFKAWEAVE_PASSWORD", "hunter2"),
    ];
    let config = layers("mistyped", "", &variables, Flags::default()).unwrap();
    let warnings: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "environment variable `KAFKAWEAVE_BOOTSTRAPS` is not read; did you mean `KAFKAWEAVE_BOOTSTRAP`?"
        ]
    );
}

#[test]
fn a_variable_set_to_nothing_is_not_set() {
    let config = layers(
        "empty",
        TWO,
        &[
            ("KAFKAWEAVE_BOOTSTRAP", ""),
            ("KAFKAWEAVE_CLUSTERS__DEV__BOOTSTRAP", ""),
        ],
        Flags::default(),
    )
    .unwrap();
    assert_eq!(bootstraps(&config)[0], ("dev", "dev:9092"));
}

#[test]
fn tls_is_switched_on_and_off_without_losing_its_settings() {
    let tls = |variables: &[(&str, &str)], tls| {
        let flags = Flags {
            cluster: Some("prod-eu".into()),
            tls,
            ..Flags::default()
        };
        let config = layers("tls", TWO, variables, flags).unwrap();
        config.clusters[1]
            .profile
            .tls
            .as_ref()
            .map(|tls| tls.ca.is_some())
    };
    assert_eq!(tls(&[], Some(true)), Some(true));
    assert_eq!(tls(&[("KAFKAWEAVE_TLS", "true")], None), Some(true));
    assert_eq!(tls(&[], Some(false)), None);
    let flags = Flags {
        tls: Some(true),
        ..flag_bootstrap(None)
    };
    let config = layers("tls-alone", "", &[], flags).unwrap();
    assert_eq!(
        config.clusters[0].profile.tls,
        Some(kafkaweave_client::profile::Tls::default())
    );
}

#[test]
fn tilde_is_the_home_directory() {
    let config = layers(
        "tilde",
        "[clusters.a]\nbootstrap = 'a:1'\ntls = { ca = '~/ca.pem' }\n",
        &[("HOME", "/home/u")],
        Flags::default(),
    )
    .unwrap();
    assert_eq!(
        config.clusters[0].profile.tls.as_ref().unwrap().ca,
        Some("/home/u/ca.pem".into())
    );
}
