//! `docs/keys.md` is the table of actions, as it is.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[test]
fn the_document_of_keys_is_the_table_of_actions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
    let made = azlb::tui::keymap::document();
    if std::env::var_os("AZLB_WRITE").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(there == made, "docs/keys.md is not up to date: AZLB_WRITE=1 cargo test --test keys");
}
