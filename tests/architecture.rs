//! The layers hold: every `use crate::…` in `src` points down, or to the same module.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::Path;

/// The modules from the top down. A module may use those of a larger number only.
const LAYERS: &[(&str, u32)] = &[
    ("main", 0),
    ("cli", 1),
    ("tui", 2),
    ("script", 3),
    ("session", 4),
    ("config", 5),
    ("changes", 6),
    ("health", 7),
    ("estate", 8),
    ("azure", 9),
    ("auth", 8),
    ("arm", 10),
    ("sim", 10),
    ("terminal_text", 11),
];

fn layer(module: &str) -> u32 {
    LAYERS.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("'{module}' has no layer")).1
}

fn files(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The modules that a text reaches by `crate::`, whether imported or named in place.
fn reached(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(list) => list.split([',', '}']).map(|n| n.trim().split("::").next().unwrap_or_default()).collect(),
                None => vec![rest],
            };
            for name in names {
                let module: String = name.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                if !module.is_empty() {
                    out.push((number + 1, module));
                }
            }
        }
    }
    out
}

#[test]
fn imports_point_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    let mut wrong = Vec::new();
    for path in all {
        let inside = path.strip_prefix(&source).unwrap();
        let own = inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        if own == "lib" || own == "main" {
            continue;
        }
        for (line, module) in reached(&std::fs::read_to_string(&path).unwrap()) {
            let place = format!("{}:{line}: {own} uses {module}", inside.display());
            if module == own {
                continue;
            }
            // The simulator speaks HTTP: of the rest it knows the grammar of ids alone.
            if own == "sim" {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.lines().nth(line - 1).unwrap();
                if !code.contains("crate::arm::id") {
                    wrong.push(place);
                }
            } else if layer(&module) <= layer(&own) || module == "sim" && own != "cli" {
                wrong.push(place);
            }
        }
    }
    assert!(wrong.is_empty(), "imports that point up:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_sees_every_form() {
    let found = |text: &str| reached(text).into_iter().map(|(_, m)| m).collect::<Vec<_>>();
    assert_eq!(found("use crate::arm::{self, Reader};"), ["arm"]);
    assert_eq!(found("let x = crate::health::read(a); // crate::tui"), ["health"]);
    assert_eq!(found("use crate::{cli::main, sim};"), ["cli", "sim"]);
    assert_eq!(found("pub(crate) fn x()"), Vec::<String>::new());
}

#[test]
fn only_the_client_opens_connections() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&source, &mut all);
    for path in all {
        let text = std::fs::read_to_string(&path).unwrap();
        let inside = path.strip_prefix(&source).unwrap().display().to_string();
        assert!(!text.contains("reqwest::") || inside == "arm/transport.rs", "{inside} uses the HTTP client");
        let named = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "Writer");
        let writes = named && text.contains("crate::arm");
        assert!(
            !writes || ["arm/", "changes/execute.rs", "session.rs"].iter().any(|p| inside.starts_with(p)),
            "{inside} names the writer"
        );
    }
}
