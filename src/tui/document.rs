//! A document as text: JSON or YAML, lines that fold, and a search.

use std::collections::HashSet;

use serde_json::Value;

use super::model::Field;
use super::navigate::moved;
use crate::arm::ResourceId;

/// A line of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How deep it is, in steps of two spaces.
    pub depth: usize,
    /// Its text, without the indentation.
    pub text: String,
}

/// A document on the screen.
#[derive(Debug)]
pub struct Document {
    /// Whose.
    pub id: ResourceId,
    /// The document.
    pub body: Value,
    /// Whether YAML is shown instead of JSON.
    pub yaml: bool,
    /// Its lines in the form that is shown.
    pub lines: Vec<Line>,
    /// The selected line.
    pub at: usize,
    /// Lines whose inner ones are hidden.
    pub folded: HashSet<usize>,
    /// What is searched for.
    pub search: Field,
}

impl Line {
    /// How deep it is for folding: YAML writes a list's items no deeper than what holds them.
    fn level(&self) -> usize {
        self.depth * 2 + usize::from(self.text.starts_with("- "))
    }
}

impl Document {
    /// A document, unfolded.
    pub fn new(id: ResourceId, body: Value) -> Self {
        let mut document =
            Self { id, body, yaml: false, lines: Vec::new(), at: 0, folded: HashSet::new(), search: Field::default() };
        document.form();
        document
    }

    /// The whole text in the form that is shown.
    pub fn text(&self) -> String {
        if self.yaml {
            serde_yaml_ng::to_string(&self.body).unwrap_or_default()
        } else {
            serde_json::to_string_pretty(&self.body).unwrap_or_default()
        }
    }

    /// Shows the other form.
    pub fn turn(&mut self) {
        self.yaml = !self.yaml;
        self.form();
    }

    fn form(&mut self) {
        self.lines = self
            .text()
            .lines()
            .map(|line| {
                let text = line.trim_start();
                Line { depth: (line.len() - text.len()) / 2, text: text.to_owned() }
            })
            .collect();
        self.folded.clear();
        self.at = self.at.min(self.lines.len().saturating_sub(1));
    }

    /// The last line below this one that is deeper: what folding hides. The line that closes a bracket
    /// stays.
    fn inner_end(&self, at: usize) -> usize {
        let Some(level) = self.lines.get(at).map(Line::level) else { return at };
        let deeper = self.lines.iter().skip(at + 1).take_while(|l| l.level() > level).count();
        at + deeper
    }

    /// Whether a line has something to fold.
    pub fn folds(&self, at: usize) -> bool {
        self.inner_end(at) > at
    }

    /// The places of the lines that are shown.
    pub fn shown(&self) -> Vec<usize> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < self.lines.len() {
            out.push(at);
            at = if self.folded.contains(&at) { self.inner_end(at) } else { at } + 1;
        }
        out
    }

    /// Moves the selection among the lines shown.
    pub fn step(&mut self, by: isize) {
        let shown = self.shown();
        let now = shown.iter().position(|place| *place >= self.at).unwrap_or(0);
        self.at = shown.get(moved(now, by, shown.len())).copied().unwrap_or(0);
    }

    /// Folds or unfolds at the selection; on a line with nothing inside, what it is in.
    pub fn fold(&mut self) {
        let mut at = self.at;
        if !self.folds(at) {
            let level = self.lines.get(at).map_or(0, Line::level);
            let outer = self.lines.get(..at).unwrap_or_default().iter().rposition(|l| l.level() < level);
            at = outer.unwrap_or(at);
        }
        if self.folds(at) && !self.folded.remove(&at) {
            self.folded.insert(at);
            self.at = at;
        }
    }

    /// The lines that hold what is searched for.
    pub fn found(&self) -> Vec<usize> {
        let wanted = self.search.text.to_lowercase();
        if wanted.is_empty() {
            return Vec::new();
        }
        let all = self.lines.iter().enumerate();
        all.filter(|(_, l)| l.text.to_lowercase().contains(&wanted)).map(|(place, _)| place).collect()
    }

    /// To the next thing found, or the one before; around the end. What hides it unfolds.
    pub fn find(&mut self, back: bool) -> bool {
        let found = self.found();
        let next = if back {
            found.iter().rev().find(|p| **p < self.at).or(found.last())
        } else {
            found.iter().find(|p| **p > self.at).or(found.first())
        };
        let Some(place) = next.copied() else { return false };
        let hiding: Vec<usize> =
            self.folded.iter().copied().filter(|f| *f < place && place <= self.inner_end(*f)).collect();
        for fold in hiding {
            self.folded.remove(&fold);
        }
        self.at = place;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Document {
        let id = ResourceId::parse("/subscriptions/s/resourceGroups/r").unwrap();
        Document::new(id, json!({"name": "x", "properties": {"a": [1, 2], "b": "needle"}, "z": "Needle"}))
    }

    #[test]
    fn folding_hides_what_is_inside_and_a_search_finds_it_all_the_same() {
        let mut d = document();
        assert_eq!(d.shown().len(), 11);
        d.step(2);
        assert!(d.lines[d.at].text.starts_with("\"properties\""));
        d.fold();
        let texts: Vec<&str> = d.shown().iter().map(|p| d.lines[*p].text.as_str()).collect();
        assert_eq!(texts, ["{", "\"name\": \"x\",", "\"properties\": {", "},", "\"z\": \"Needle\"", "}"]);
        d.search = Field::of("needle");
        assert_eq!(d.found().len(), 2);
        assert!(d.find(false));
        assert_eq!(d.lines[d.at].text, "\"b\": \"needle\"");
        assert_eq!(d.shown().len(), 11);
        assert!(d.find(false));
        assert_eq!(d.lines[d.at].text, "\"z\": \"Needle\"");
        assert!(d.find(false));
        assert_eq!(d.lines[d.at].text, "\"b\": \"needle\"");
        assert!(d.find(true));
        assert_eq!(d.lines[d.at].text, "\"z\": \"Needle\"");
    }

    #[test]
    fn inside_a_fold_its_head_is_folded() {
        let mut d = document();
        d.step(3);
        d.step(3);
        d.fold();
        assert!(d.lines[d.at].text.starts_with("\"properties\""));
    }

    #[test]
    fn the_other_form_says_the_same() {
        let mut d = document();
        d.turn();
        assert!(d.text().contains("properties:") && d.lines.iter().any(|l| l.text == "b: needle"));
        let list = d.lines.iter().position(|l| l.text == "a:").unwrap();
        assert!(d.folds(list), "a list folds");
        d.turn();
        assert_eq!(serde_json::from_str::<Value>(&d.text()).unwrap(), d.body);
    }
}
