//! The parts of an entry, for colours: comments, texts, numbers, keywords, functions that there are.

use super::docs;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `// …`
    Comment,
    /// `"…"` and `` `…` ``
    Text,
    /// A number, true, false.
    Constant,
    /// A word of the language.
    Keyword,
    /// A function of azlb's.
    Function,
    /// Everything else.
    Plain,
}

const KEYWORDS: &[&str] = &[
    "let", "const", "if", "else", "for", "in", "while", "loop", "do", "until", "break", "continue", "return", "fn",
    "throw", "try", "catch", "import", "as", "export", "switch", "this", "private",
];

/// The parts, in order; together they are the text.
pub fn parts(text: &str) -> Vec<(Part, &str)> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (part, length) = if rest.starts_with("//") {
            (Part::Comment, rest.find('\n').unwrap_or(rest.len()))
        } else if first == '"' || first == '`' {
            (Part::Text, quoted(rest, first))
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            (word(rest.get(..end).unwrap_or_default()), end)
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
            (Part::Constant, end)
        } else {
            (Part::Plain, first.len_utf8())
        };
        let (head, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push((part, head));
        rest = tail;
    }
    out
}

/// Where the text that begins here ends.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\\' if !escaped => escaped = true,
            c if c == quote && !escaped => return at + c.len_utf8(),
            _ => escaped = false,
        }
    }
    text.len()
}

fn word(word: &str) -> Part {
    if KEYWORDS.contains(&word) {
        Part::Keyword
    } else if word == "true" || word == "false" {
        Part::Constant
    } else if docs::functions().any(|d| d.name == word) {
        Part::Function
    } else {
        Part::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_text() {
        for text in [
            "let p = pool(\"db-lb/masters\"); // the one\nfor m in p.members() { print(`${m.name} \\` 3.5`) }",
            "\"open",
            "`a\"b` 12_000 é /* x",
            "",
        ] {
            let whole: String = parts(text).into_iter().map(|(_, part)| part).collect();
            assert_eq!(whole, text);
        }
        let of = |text: &'static str| parts(text).into_iter().map(|(part, _)| part).next().unwrap();
        assert_eq!(of("pool(1)"), Part::Function);
        assert_eq!(of("pools2"), Part::Plain);
        assert_eq!(of("for x"), Part::Keyword);
        assert_eq!(of("\"a\\\"b\" c"), Part::Text);
        assert_eq!(of("// x\ny"), Part::Comment);
        assert_eq!(of("4"), Part::Constant);
    }
}
