//! The rules of the house that a compiler does not know, read off the files themselves.
//!
//! A rule that is only written down is forgotten; each of these names the file and line to mend.
//! Nothing is started and nothing is asked: these tests read the repository.

use kafkaweave::cli::docs;
use kafkaweave::tools;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where packages keep their sources and tests.
const SOURCES: [&str; 8] = [
    "src",
    "tests",
    "crates/core/src",
    "crates/client/src",
    "crates/librdkafka/src",
    "crates/sandbox/src",
    "crates/core/tests",
    "crates/sandbox/tests",
];

/// The longest that a source file may be, lines: what a reader takes in at one sitting.
const LINES: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file's text; `path` is relative to the repository.
fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Files below a folder, relative to the repository; built and hidden ones are left out.
fn files(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && !name.starts_with("target") && name != "bed" {
                    walk(&path, out);
                }
            } else if name != ".git" {
                out.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    let mut out = Vec::new();
    walk(&root().join(folder), &mut out);
    out.sort();
    out
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "rs")
}

fn sources() -> impl Iterator<Item = PathBuf> {
    SOURCES
        .into_iter()
        .flat_map(files)
        .filter(|path| is_rust(path))
}

/// Fails with all that was found at once.
fn none(faults: Vec<String>, rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n{}", faults.join("\n"));
}

/// The names of all tests.
fn test_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in sources() {
        let text = text(&path);
        let mut marked = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                marked = true;
            } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| marked) {
                names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
                marked = false;
            }
        }
    }
    names
}

#[test]
fn every_test_that_the_architecture_names_exists() {
    let tests = test_names();
    let page = text("ARCHITECTURE.md");
    let (_, rest) = page.split_once("\n## Invariants\n").unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let mut faults = Vec::new();
    let invariants: Vec<_> = section.split("\n- ").skip(1).collect();
    for invariant in &invariants {
        let Some((_, kept_by)) = invariant.split_once("Kept by ") else {
            faults.push(format!("no `Kept by`: {invariant}"));
            continue;
        };
        let names: Vec<_> = kept_by.split('`').skip(1).step_by(2).collect();
        if names.is_empty() {
            faults.push(format!("no test: {invariant}"));
        }
        let gone = names.into_iter().filter(|name| !tests.contains(*name));
        faults.extend(gone.map(|name| format!("no such test: {name}")));
    }
    assert!(!invariants.is_empty());
    none(faults, "ARCHITECTURE.md says which test keeps what");
}

#[test]
fn every_tool_file_is_a_registered_tool() {
    let registered: BTreeSet<_> = tools::all().map(|tool| tool.name.to_owned()).collect();
    let mut found = BTreeSet::new();
    for path in files("src/tools") {
        if !text(&path).contains("impl Tool for ") {
            continue;
        }
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let [_, _, noun, verb] = parts.as_slice() else {
            panic!("{} is not src/tools/<noun>/<verb>.rs", path.display())
        };
        found.insert(format!("kafka_{noun}_{}", verb.trim_end_matches(".rs")));
    }
    assert_eq!(
        found, registered,
        "one tool, one file, one line in its group"
    );
}

#[test]
fn no_source_file_is_forgotten() {
    let mut faults = Vec::new();
    for path in sources() {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if ["lib", "main"].contains(&stem.as_str()) {
            continue;
        }
        let folder = path.parent().unwrap();
        // Each file right in a crate's folder of tests is a program of its own.
        if folder.ends_with("tests") && folder.components().count() == 3 {
            continue;
        }
        let above = [
            folder.with_extension("rs"),
            folder.join("lib.rs"),
            folder.join("main.rs"),
        ];
        let declared = above.iter().any(|above| {
            let above = std::fs::read_to_string(root().join(above)).unwrap_or_default();
            above.contains(&format!("mod {stem};")) || above.contains(&format!(" {stem}::"))
        });
        if !declared {
            faults.push(path.display().to_string());
        }
    }
    none(
        faults,
        "no module declares these files, so nothing compiles them",
    );
}

#[test]
fn no_source_file_is_too_long() {
    let long = sources().filter_map(|path| {
        let lines = text(&path).lines().count();
        (lines > LINES).then(|| format!("{}: {lines} lines", path.display()))
    });
    none(
        long.collect(),
        &format!("at most {LINES} lines; split by meaning"),
    );
}

#[test]
fn nothing_is_left_for_later_and_nothing_names_one_machine() {
    // Put together here, so that this file does not find itself.
    let banned = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["todo", "!("],
        ["unimplemented", "!("],
        ["/wo", "rk/"],
        ["/ro", "ot/"],
    ]
    .map(|halves| halves.concat());
    let mut faults = Vec::new();
    for path in files("") {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else {
            continue; // not text
        };
        for (number, line) in text.lines().enumerate() {
            let hits = banned.iter().filter(|word| line.contains(word.as_str()));
            faults.extend(hits.map(|w| format!("{}:{}: {w}", path.display(), number + 1)));
        }
    }
    none(faults, "what is begun is finished, and paths are relative");
}

/// Where any of these words stands in a crate's manifest or sources.
fn mentions(folder: &str, words: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    let manifest = PathBuf::from(folder).join("Cargo.toml");
    let rust = files(&format!("{folder}/src"));
    for path in rust.into_iter().chain([manifest]) {
        for (number, line) in text(&path).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let hits = words.iter().filter(|word| code.contains(**word));
            faults.extend(hits.map(|w| format!("{}:{}: {w}", path.display(), number + 1)));
        }
    }
    faults
}

#[test]
fn library_crates_know_no_protocol_and_no_command_line() {
    let faults = ["core", "client", "sandbox"]
        .iter()
        .flat_map(|name| mentions(&format!("crates/{name}"), &["rmcp", "axum", "clap"]));
    none(faults.collect(), "these belong into the root package");
}

#[test]
fn the_core_has_no_runtime_socket_file_environment_or_clock() {
    let words = [
        "tokio",
        "std::net",
        "std::fs",
        "std::env",
        "std::thread",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "async fn",
    ];
    none(
        mentions("crates/core", &words),
        "the core is told, it does not ask",
    );
}

#[test]
fn only_the_server_speaks_in_the_protocol_librarys_types() {
    let outside = files("src").into_iter().filter(|path| {
        is_rust(path) && !path.starts_with("src/server") && path != Path::new("src/server.rs")
    });
    let named = outside.filter(|path| {
        let text = text(path);
        text.contains("rmcp::") || text.contains("axum::")
    });
    let named: Vec<_> = named.map(|path| path.display().to_string()).collect();
    none(
        named,
        "only src/server.rs and src/server/ name rmcp or axum",
    );
}

#[test]
fn the_generated_documents_are_in_date() {
    const MEND: &str = "regenerate with: cargo run -- docs --write";
    let readme = text("README.md");
    let generated = docs::readme(&readme).expect("README.md has the marks of the table of tools");
    assert!(readme == generated, "README.md is out of date; {MEND}");
    let pages = [
        ("docs/tools.md", docs::tool_reference()),
        ("docs/configuration.md", docs::configuration_reference()),
        ("docs/health.md", docs::health_reference()),
    ];
    for (path, generated) in pages {
        assert!(text(path) == generated, "{path} is out of date; {MEND}");
    }
}

/// Where the links of a page lead inside the repository.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(link, _)| link))
        .map(|link| link.split('#').next().unwrap_or_default())
        .filter(|link| !link.is_empty() && !link.contains(':'))
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut faults = Vec::new();
    for page in files("")
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
    {
        let folder = page.parent().unwrap();
        for link in links(&text(&page)) {
            if !root().join(folder).join(link).exists() {
                faults.push(format!("{}: {link}", page.display()));
            }
        }
    }
    none(faults, "links that lead nowhere");
}
