//! The documents that are made from the code are as the code is. `AZLB_WRITE=1 cargo test --test documents`
//! makes them anew.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::Path;

fn is_as_made(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("AZLB_WRITE").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == made, "docs/{name} is not up to date: AZLB_WRITE=1 cargo test --test documents");
}

#[test]
fn the_keys_are_the_table_of_actions() {
    is_as_made("keys.md", &azlb::tui::keymap::document());
}

#[test]
fn the_schema_is_the_configuration() {
    is_as_made("config.schema.json", &azlb::config::schema());
}

/// Every key of the configuration stands in its document.
#[test]
fn every_setting_is_documented() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&azlb::config::schema()).unwrap();
    let settings = schema.get("properties").and_then(serde_json::Value::as_object).unwrap();
    for name in settings.keys() {
        assert!(text.contains(&format!("`{name}")), "'{name}' is not in docs/configuration.md");
    }
}

/// The parts of the guide that are made from the code: what stands between their marks.
#[test]
fn the_reference_of_scripts_is_the_functions() {
    use azlb::script::{conversation, docs, engine::compile_alone, library::Library};
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scripting.md");
    let there = std::fs::read_to_string(path).unwrap();
    let mut words = "| word | what |\n| --- | --- |\n".to_owned();
    for (word, what) in conversation::WORDS {
        words.push_str(&format!("| `{word}` | {what} |\n"));
    }
    let mut procedures = "| name | what | parameters |\n| --- | --- | --- |\n".to_owned();
    for found in Library::new(&[]).list() {
        let script = compile_alone(&found.name, &found.text).unwrap();
        let params: Vec<&str> = script.params.iter().map(|p| p.name.as_str()).collect();
        procedures.push_str(&format!("| `{}` | {} | {} |\n", found.name, script.title(), params.join(", ")));
    }
    let mut made = there.clone();
    for (mark, text) in [("words", words), ("procedures", procedures), ("reference", docs::reference())] {
        let begin = format!("<!-- {mark} -->\n");
        let (head, rest) = made.split_once(&begin).unwrap();
        let (_, tail) = rest.split_once("<!-- end -->").unwrap();
        made = format!("{head}{begin}\n{}\n\n<!-- end -->{tail}", text.trim());
    }
    is_as_made("scripting.md", &made);
}
