//! Lines that are longer than the screen is wide.

/// A line as rows of the screen: what does not fit goes on below where its text began.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let below = " ".repeat(text_begins(text).min(width / 2));
    textwrap::wrap(
        text,
        textwrap::Options::new(width.max(1))
            .subsequent_indent(&below)
            .word_splitter(textwrap::WordSplitter::NoHyphenation),
    )
    .into_iter()
    .map(std::borrow::Cow::into_owned)
    .collect()
}

/// The column where a line's text begins: after its mark, which two spaces or more end, else two within
/// its indentation.
fn text_begins(text: &str) -> usize {
    let indented = text.len() - text.trim_start().len();
    let marked = text.get(indented..).and_then(|rest| {
        let gap = rest.find("  ")?;
        let after = rest.get(gap..)?;
        Some(unicode_width::UnicodeWidthStr::width(rest.get(..gap)?) + after.len() - after.trim_start().len())
    });
    indented + marked.unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_goes_on_below_its_text() {
        let guard = wrapped("! gap           nobody serves from here", 30);
        assert_eq!(guard, ["! gap           nobody serves", "               from here"]);
        let id = wrapped("   −   \"id\": \"/subscriptions/0\"", 20);
        assert_eq!(id, ["   −   \"id\":", "       \"/subscriptio", "       ns/0\""]);
        assert_eq!(wrapped("", 0), [""]);
    }
}
