//! Holds the import rule: dependencies between modules run one way, and the pure ones stay pure.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// For each module, the modules of this crate that it may name.
const MAY_USE: [(&str, &[&str]); 16] = [
    ("domain", &[]),
    ("clock", &["domain"]),
    ("http", &[]),
    ("oauth", &["http", "clock", "domain"]),
    ("wire", &["domain"]),
    ("import", &["wire", "domain"]),
    ("store", &["domain"]),
    ("tenant", &["oauth", "http", "clock", "wire", "domain"]),
    ("emulator", &["tenant", "wire", "clock", "domain"]),
    ("bundle", &["wire", "domain"]),
    ("engine", &["bundle", "tenant", "oauth", "store", "clock", "domain"]),
    ("app", &["domain"]),
    ("view", &["app", "domain"]),
    ("config", &["app"]),
    ("console", &["config", "view", "app", "engine", "tenant", "oauth", "store", "clock", "domain"]),
    (
        "headless",
        &[
            "config", "console", "app", "engine", "bundle", "emulator", "tenant", "oauth", "http", "store", "import", "wire", "clock",
            "domain",
        ],
    ),
];

/// What a pure module must not name: runtimes, terminals, databases, clocks, files, processes.
const IMPURE: [&str; 14] = [
    "tokio",
    "ratatui",
    "crossterm",
    "sled",
    "std::fs",
    "TcpStream",
    "UdpSocket",
    "std::process",
    "std::env",
    "std::io",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Utc::now",
];
const PURE: [&str; 3] = ["domain", "wire", "app"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The code of a module, by file, without comments and without its unit tests.
fn code(module: &str) -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folder = root.join(module);
    let files = if folder.is_dir() { sources(&folder) } else { vec![root.join(format!("{module}.rs"))] };
    files
        .into_iter()
        .filter(|path| !path.to_string_lossy().ends_with("tests.rs") && !path.ends_with("conformance.rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let code: Vec<&str> = body.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            (path, code.join("\n"))
        })
        .collect()
}

#[test]
fn every_module_has_its_place_in_the_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        assert!(["lib", "main"].contains(&name.as_str()) || MAY_USE.iter().any(|(module, _)| *module == name), "{name} has no place");
    }
}

#[test]
fn imports_run_one_way() {
    let modules: Vec<&str> = MAY_USE.iter().map(|(module, _)| *module).collect();
    for (module, allowed) in MAY_USE {
        for (path, code) in code(module) {
            for other in modules.iter().filter(|other| **other != module && !allowed.contains(other)) {
                assert!(!code.contains(&format!("crate::{other}")), "{} names crate::{other}", path.display());
            }
        }
    }
}

#[test]
fn pure_modules_name_nothing_impure() {
    for module in PURE {
        for (path, code) in code(module) {
            for word in IMPURE {
                assert!(!code.contains(word), "{} names {word}", path.display());
            }
        }
    }
}

#[test]
fn only_the_tenant_layer_asks_which_tenant_it_is() {
    for module in ["engine", "app", "view"] {
        for (path, code) in code(module) {
            let session = path.ends_with("session.rs");
            assert!(session || !code.contains("Source::Demo"), "{} asks for the demo", path.display());
        }
    }
}
