//! Colours by meaning. Colour is never the only carrier of it: a word or a glyph always stands
//! beside.

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// The styles, by what they mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Theme {
    /// Plain text.
    pub text: Style,
    /// Less important text.
    pub dim: Style,
    /// Titles.
    pub title: Style,
    /// The selected row.
    pub selected: Style,
    /// Marked rows.
    pub marked: Style,
    /// Up, done, put in.
    pub good: Style,
    /// Down, failed, taken out.
    pub bad: Style,
    /// Warnings.
    pub warn: Style,
    /// What nobody knows.
    pub unknown: Style,
    /// What was typed.
    pub input: Style,
    /// The hint bar.
    pub hint: Style,
    /// Keys in the hint bar.
    pub hint_key: Style,
    /// Borders.
    pub border: Style,
    /// The border of the pane with the focus.
    pub border_focus: Style,
}

/// How the screen looks: colours and glyphs.
#[derive(Debug, Clone)]
pub struct Faces {
    /// The colours.
    pub theme: Theme,
    /// Whether glyphs beyond ASCII may be used.
    pub unicode: bool,
}

impl Faces {
    /// By `NO_COLOR` and the locale.
    pub fn from_environment() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        let theme = if set("NO_COLOR").is_some() { Theme::mono() } else { Theme::dark() };
        Self { theme, unicode: locale.contains("utf-8") || locale.contains("utf8") }
    }
}

/// A theme file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    text: String,
    dim: String,
    title: String,
    selected: String,
    marked: String,
    good: String,
    bad: String,
    warn: String,
    unknown: String,
    input: String,
    hint: String,
    hint_key: String,
    border: String,
    border_focus: String,
}

/// Why a theme file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("theme {name}: {reason}")]
pub struct ThemeError {
    name: String,
    reason: String,
}

impl Theme {
    /// The dark theme.
    pub fn dark() -> Self {
        // The file is compiled in and a test parses it; without it the terminal's own colours do.
        Self::parse("dark", include_str!("../../themes/dark.toml")).unwrap_or_default()
    }

    /// No colours.
    pub fn mono() -> Self {
        Self::parse("mono", include_str!("../../themes/mono.toml"))
            .unwrap_or_else(|_| Self { selected: Style::default().add_modifier(Modifier::REVERSED), ..Self::default() })
    }

    /// Parses a theme file.
    ///
    /// # Errors
    /// [`ThemeError`] names the line, or the token.
    pub fn parse(name: &str, text: &str) -> Result<Self, ThemeError> {
        let fail = |reason: String| ThemeError { name: name.to_owned(), reason };
        let file: File = toml::from_str(text).map_err(|e| fail(e.to_string().trim_end().to_owned()))?;
        let style = |token: &str, value: &str| style(value).map_err(|e| fail(format!("token '{token}': {e}")));
        Ok(Self {
            text: style("text", &file.text)?,
            dim: style("dim", &file.dim)?,
            title: style("title", &file.title)?,
            selected: style("selected", &file.selected)?,
            marked: style("marked", &file.marked)?,
            good: style("good", &file.good)?,
            bad: style("bad", &file.bad)?,
            warn: style("warn", &file.warn)?,
            unknown: style("unknown", &file.unknown)?,
            input: style("input", &file.input)?,
            hint: style("hint", &file.hint)?,
            hint_key: style("hint_key", &file.hint_key)?,
            border: style("border", &file.border)?,
            border_focus: style("border_focus", &file.border_focus)?,
        })
    }
}

/// `green`, `black on cyan`, `reversed`, `default`.
fn style(text: &str) -> Result<Style, String> {
    if text == "reversed" {
        return Ok(Style::default().add_modifier(Modifier::REVERSED));
    }
    let (front, back) = match text.split_once(" on ") {
        Some((front, back)) => (front, Some(back)),
        None => (text, None),
    };
    let mut style = Style::default();
    if let Some(colour) = colour(front)? {
        style = style.fg(colour);
    }
    if let Some(colour) = back.map(colour).transpose()?.flatten() {
        style = style.bg(colour);
    }
    Ok(style)
}

fn colour(text: &str) -> Result<Option<Color>, String> {
    if text == "default" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("'{text}' is not a colour"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_themes_parse() {
        for (name, text) in
            [("dark", include_str!("../../themes/dark.toml")), ("mono", include_str!("../../themes/mono.toml"))]
        {
            Theme::parse(name, text).unwrap();
        }
        assert_ne!(Theme::dark(), Theme::default());
        assert_eq!(Theme::mono().good, Style::default());
    }

    #[test]
    fn a_mistake_names_its_token_or_line() {
        let text = include_str!("../../themes/dark.toml");
        let wrong = Theme::parse("x", &text.replace("\"green\"", "\"grene\"")).unwrap_err().to_string();
        assert!(wrong.contains("good") && wrong.contains("grene"), "{wrong}");
        let wrong = Theme::parse("x", &text.replace("marked =", "market =")).unwrap_err().to_string();
        assert!(wrong.contains("market") && wrong.contains("line"), "{wrong}");
    }
}
