//! Where the file is looked for, and what a file that was only found may not do.

use super::{Directory, environment};
use kafkaweave::config::{Sources, load};

#[test]
fn the_file_is_searched_from_near_to_far() {
    let directory = Directory::new("search");
    let personal = directory.file(
        "home/.config/kafkaweave/config.toml",
        "[clusters.home]\nbootstrap = 'a:1'\n",
    );
    let xdg = directory.file(
        "xdg/kafkaweave/config.toml",
        "[clusters.xdg]\nbootstrap = 'a:1'\n",
    );
    let home = directory.0.join("home").display().to_string();
    let sources = |variables: &[(&str, &str)]| Sources {
        environment: environment(variables),
        directory: directory.0.clone(),
        ..Sources::default()
    };
    assert_eq!(
        load(&sources(&[("HOME", &home)])).unwrap().file,
        Some(personal)
    );
    let xdg_home = directory.0.join("xdg").display().to_string();
    assert_eq!(
        load(&sources(&[("HOME", &home), ("XDG_CONFIG_HOME", &xdg_home)]))
            .unwrap()
            .file,
        Some(xdg.clone())
    );
    let here = directory.file("kafkaweave.toml", "[clusters.here]\nbootstrap = 'a:1'\n");
    assert_eq!(load(&sources(&[("HOME", &home)])).unwrap().file, Some(here));
    let named = xdg.display().to_string();
    assert_eq!(
        load(&sources(&[("HOME", &home), ("KAFKAWEAVE_CONFIG", &named)]))
            .unwrap()
            .file,
        Some(xdg)
    );
    let missing = load(&sources(&[("KAFKAWEAVE_CONFIG", "/nowhere/k.toml")]))
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("/nowhere/k.toml: cannot be read: No such file"),
        "{missing}"
    );
}

#[test]
fn a_file_that_lies_in_the_working_directory_runs_no_command() {
    let directory = Directory::new("trust");
    let file = directory.file("kafkaweave.toml", "[clusters.a]\nbootstrap = 'a:1'\ntls = true\nsasl = { mechanism = 'PLAIN', username = 'u', password = { command = ['sh', '-c', 'x'] } }\n");
    let found = Sources {
        directory: directory.0.clone(),
        ..Sources::default()
    };
    let error = load(&found).unwrap_err().to_string();
    assert!(
        error.contains("may not run commands; name it with `--config`"),
        "{error}"
    );
    load(&Sources {
        file: Some(file),
        ..found
    })
    .unwrap();
}
