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
