use super::*;

fn settings(pairs: &[(&str, &str)]) -> Settings {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn every_default_is_a_value_that_its_key_takes() {
    for key in topic_keys::KEYS
        .iter()
        .chain(broker_keys::KEYS)
        .chain(group_keys::KEYS)
    {
        if let Some(default) = key.default {
            assert!(key.kind.takes(default), "{}", key.name);
            assert!(
                key.choices.is_empty()
                    || default
                        .split(',')
                        .all(|item| item.is_empty() || key.choices.contains(&item)),
                "{}",
                key.name
            );
        }
        assert!(!key.doc.is_empty(), "{}", key.name);
    }
    for (name, value) in STATIC {
        assert!(
            find(broker_keys::KEYS, name).unwrap().kind.takes(value),
            "{name}"
        );
    }
    for synonym in topic_keys::KEYS.iter().flat_map(|key| key.synonyms) {
        assert!(find(broker_keys::KEYS, synonym).is_some(), "{synonym}");
    }
}

#[test]
fn the_nearest_level_wins_and_all_levels_are_told() {
    let own = settings(&[("min.insync.replicas", "3")]);
    let defaults = settings(&[("min.insync.replicas", "2")]);
    let of = |topic: &Settings, own: &Settings| {
        let entries = topic_entries(topic, own, &defaults);
        let entry = entries
            .into_iter()
            .find(|entry| entry.key.name == "min.insync.replicas")
            .unwrap();
        (entry.value.unwrap(), entry.source, entry.synonyms.len())
    };
    assert_eq!(
        of(&settings(&[("min.insync.replicas", "1")]), &own),
        ("1".into(), source::TOPIC, 4)
    );
    assert_eq!(
        of(&Settings::new(), &own),
        ("3".into(), source::DYNAMIC_BROKER, 3)
    );
    assert_eq!(
        of(&Settings::new(), &Settings::new()),
        ("2".into(), source::DYNAMIC_DEFAULT_BROKER, 2)
    );
    assert_eq!(
        in_force(
            "min.insync.replicas",
            &Settings::new(),
            Some(&own),
            Some(&defaults)
        )
        .as_deref(),
        Some("3")
    );
    assert_eq!(
        in_force("min.insync.replicas", &Settings::new(), None, None).as_deref(),
        Some("1")
    );
}

#[test]
fn wrong_settings_are_refused_with_the_reason() {
    for (name, value, error) in [
        ("retention.ms", "soon", Some(code::INVALID_CONFIG)),
        ("retention.ms", "1000", None),
        ("cleanup.policy", "compact,delete", None),
        ("cleanup.policy", "shred", Some(code::INVALID_CONFIG)),
        ("min.insync.replicas", "0", Some(code::INVALID_CONFIG)),
        ("no.such.key", "1", Some(code::INVALID_CONFIG)),
    ] {
        assert_eq!(
            check_topic(name, value).err().map(|(code, _)| code),
            error,
            "{name}={value}"
        );
    }
    assert_eq!(
        check_broker("log.dirs", "/x").unwrap_err().0,
        code::INVALID_REQUEST
    );
}

#[test]
fn passwords_are_never_shown() {
    let own = settings(&[("ssl.keystore.password", "hunter2")]);
    let entries = broker_entries(1, "PLAINTEXT://127.0.0.1:1", "r", &own, &Settings::new());
    assert!(!format!("{entries:?}").contains("hunter2"));
}

#[test]
fn broker_hours_become_topic_milliseconds_and_are_not_shown_with_them() {
    let none = Settings::new();
    let of = |entries: Vec<Entry>, name: &str| {
        let found = entries
            .into_iter()
            .find(|entry| entry.key.name == name)
            .unwrap();
        (found.value, found.synonyms.len())
    };
    let topic = topic_entries(&none, &none, &none);
    assert_eq!(of(topic, "retention.ms"), (Some("604800000".into()), 0));
    let broker = || broker_entries(1, "x", "r", &none, &none);
    assert_eq!(of(broker(), "log.retention.ms"), (None, 1));
    assert_eq!(of(broker(), "log.retention.hours"), (Some("168".into()), 1));
}
