//! Colours by meaning. Colour is never the only carrier of it: a word or a glyph always stands
//! beside.
//!
//! A theme is a file of tokens over a base: what it does not name, the base does. The shipped ones are
//! compiled in; files of the same form in the `themes` folder beside the configuration add to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};

/// A theme's tokens: the field's name is the token's.
macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The styles, by what they mean.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Theme {
            $($(#[$doc])* pub $name: Style,)*
        }

        impl Theme {
            /// The style of a token, by its name.
            fn token(&mut self, name: &str) -> Option<&mut Style> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)*
                    _ => None,
                }
            }

            /// Every token's name.
            pub const TOKENS: &'static [&'static str] = &[$(stringify!($name),)*];
        }
    };
}

tokens! {
    /// Plain text.
    text,
    /// Less important text.
    dim,
    /// Titles.
    title,
    /// The selected row.
    selected,
    /// Marked rows.
    marked,
    /// Up, done, put in.
    good,
    /// Down, failed, taken out.
    bad,
    /// Warnings.
    warn,
    /// What nobody knows.
    unknown,
    /// What was typed.
    input,
    /// The hint bar.
    hint,
    /// Keys in the hint bar.
    hint_key,
    /// Borders.
    border,
    /// The border of the pane with the focus.
    border_focus,
}

/// The shipped themes, each with its file. The first is the base of those that name none.
const SHIPPED: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("16-colour", include_str!("../../themes/16-colour.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// The longest chain of bases.
const BASES: usize = 4;

/// How the screen looks: colours and glyphs.
#[derive(Debug, Clone)]
pub struct Faces {
    /// The colours.
    pub theme: Theme,
    /// Whether glyphs beyond ASCII may be used.
    pub unicode: bool,
}

impl Faces {
    /// The shipped look of a name; the dark one where there is none such.
    pub fn shipped(name: &str, unicode: bool) -> Self {
        let theme = Themes::new(None).load(name).or_else(|_| Themes::new(None).load("dark")).unwrap_or_default();
        Self { theme, unicode }
    }

    /// Whether the locale shows more than ASCII.
    pub fn unicode_from_environment() -> bool {
        let locale = variable("LC_ALL").or_else(|| variable("LC_CTYPE")).or_else(|| variable("LANG"));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

/// Whether nothing but the terminal's own background is left to choose a theme by.
pub fn is_open(configured: Option<&str>) -> bool {
    configured.is_none() && variable("NO_COLOR").is_none() && variable("COLORFGBG").is_none()
}

/// The name of the theme to start with: none of colours where `NO_COLOR` asks for it, else the
/// configured one, else by the background that the terminal tells in `COLORFGBG`.
pub fn chosen(configured: Option<&str>) -> String {
    name_for(configured, variable)
}

fn name_for(configured: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> String {
    if variable("NO_COLOR").is_some() {
        return "mono".to_owned();
    }
    if let Some(name) = configured {
        return name.to_owned();
    }
    // `15;0` or `0;default;15`: the last is the background; 7 and 9 to 15 are light ones.
    let background = variable("COLORFGBG").and_then(|v| v.rsplit(';').next()?.parse::<u8>().ok());
    if background.is_some_and(|b| b == 7 || (9..=15).contains(&b)) { "light".to_owned() } else { "dark".to_owned() }
}

/// Why a theme cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("theme {name}: {reason}")]
pub struct ThemeError {
    name: String,
    reason: String,
}

/// Where themes come from.
#[derive(Debug, Clone)]
pub struct Themes {
    folder: Option<PathBuf>,
}

impl Themes {
    /// The shipped ones, and those of a folder.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// Every theme's name: the shipped ones, then the folder's.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
        let files = self.folder.as_ref().and_then(|f| std::fs::read_dir(f).ok()).into_iter().flatten().flatten();
        let own = files.map(|f| f.path()).filter(|p| p.extension().is_some_and(|e| e == "toml"));
        let mut own: Vec<String> = own.filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned())).collect();
        own.sort_unstable();
        own.retain(|name| !names.contains(name));
        names.extend(own);
        names
    }

    /// The file of a theme of the folder, where it has one: it wins over a shipped one.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        let plain = name.chars().all(|c| c.is_alphanumeric() || "-_ ".contains(c));
        let file = self.folder.as_ref()?.join(format!("{name}.toml"));
        (plain && file.is_file()).then_some(file)
    }

    /// Reads a theme and its bases.
    ///
    /// # Errors
    /// [`ThemeError`] names the file's line and the token; for an unknown name those that there are.
    pub fn load(&self, name: &str) -> Result<Theme, ThemeError> {
        self.load_over(name, BASES)
    }

    fn load_over(&self, name: &str, left: usize) -> Result<Theme, ThemeError> {
        let fail = |reason: String| ThemeError { name: name.to_owned(), reason };
        if left == 0 {
            return Err(fail("its bases go in a circle".to_owned()));
        }
        let shipped = SHIPPED.iter().find(|(own, _)| *own == name).map(|(_, text)| (*text).to_owned());
        let text = match self.file(name) {
            Some(path) => std::fs::read_to_string(&path).map_err(|e| fail(format!("{}: {e}", path.display())))?,
            None => shipped.clone().ok_or_else(|| fail(format!("there is: {}", self.names().join(", "))))?,
        };
        let file = File::parse(name, &text)?;
        // A file may patch the shipped theme of its own name.
        let base = match &file.base {
            Some(base) if base == name => match shipped {
                Some(text) => File::parse(name, &text)?.over(Theme::default()),
                None => return Err(fail("it is its own base".to_owned())),
            },
            Some(base) => self.load_over(base, left - 1)?,
            None if name == "dark" => Theme::default(),
            None => self.load_over("dark", left - 1)?,
        };
        Ok(file.over(base))
    }
}

/// When a theme's file was last written, where it has one.
pub fn written_at(path: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(path).and_then(|m| m.modified()).ok()
}

/// A theme file's content.
struct File {
    base: Option<String>,
    styles: Vec<(&'static str, Style)>,
}

impl File {
    fn parse(name: &str, text: &str) -> Result<Self, ThemeError> {
        let fail = |reason: String| ThemeError { name: name.to_owned(), reason };
        let read: BTreeMap<String, toml::Spanned<String>> =
            toml::from_str(text).map_err(|e| fail(e.to_string().trim_end().to_owned()))?;
        let mut file = Self { base: None, styles: Vec::new() };
        for (token, value) in read {
            let line = text.get(..value.span().start).map_or(0, |head| head.matches('\n').count()) + 1;
            let value = value.into_inner();
            if token == "base" {
                file.base = Some(value);
                continue;
            }
            let Some(known) = Theme::TOKENS.iter().find(|t| **t == token) else {
                return Err(fail(format!("line {line}: no token '{token}'; there is: {}", Theme::TOKENS.join(", "))));
            };
            let style = style(&value).map_err(|e| fail(format!("line {line}, token '{token}': {e}")))?;
            file.styles.push((known, style));
        }
        Ok(file)
    }

    fn over(self, mut theme: Theme) -> Theme {
        for (token, style) in self.styles {
            if let Some(slot) = theme.token(token) {
                *slot = style;
            }
        }
        theme
    }
}

/// `green`, `black on cyan`, `bold white`, `reversed`, `default`.
fn style(text: &str) -> Result<Style, String> {
    let mut style = Style::default();
    let mut rest = text.trim();
    for (word, modifier) in [
        ("bold", Modifier::BOLD),
        ("underlined", Modifier::UNDERLINED),
        ("dim", Modifier::DIM),
        ("reversed", Modifier::REVERSED),
    ] {
        if let Some(after) = rest.strip_prefix(word).filter(|after| after.is_empty() || after.starts_with(' ')) {
            style = style.add_modifier(modifier);
            rest = after.trim_start();
        }
    }
    if rest.is_empty() {
        return Ok(style);
    }
    let (front, back) = match rest.split_once(" on ") {
        Some((front, back)) => (front, Some(back)),
        None => (rest, None),
    };
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
    text.parse().map(Some).map_err(|_| format!("'{text}' is not a colour: a name, 0 to 255, #rrggbb or default"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_theme_parses_and_differs() {
        let themes = Themes::new(None);
        let all: Vec<Theme> = themes.names().iter().map(|n| themes.load(n).unwrap()).collect();
        assert_eq!(all.len(), 6);
        for (i, one) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|other| other != one), "{}", themes.names()[i]);
        }
        let mono = themes.load("mono").unwrap();
        for style in [mono.good, mono.bad, mono.selected, mono.dim] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert_ne!(mono.selected, mono.text, "the selection shows without colours too");
    }

    #[test]
    fn a_file_patches_its_base_and_wins_over_the_shipped_one() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("mine.toml", "base = \"light\"\ngood = \"bold #00ff00 on 17\"\n");
        write("dark.toml", "base = \"dark\"\nbad = \"magenta\"\n");
        write("a.toml", "base = \"b\"\n");
        write("b.toml", "base = \"a\"\n");
        let themes = Themes::new(Some(folder.path().to_owned()));
        let mine = themes.load("mine").unwrap();
        let light = themes.load("light").unwrap();
        assert_eq!(mine.good, Style::new().fg(Color::Rgb(0, 255, 0)).bg(Color::Indexed(17)).bold());
        assert_eq!(mine.bad, light.bad);
        assert_eq!(themes.load("dark").unwrap().bad, Style::new().fg(Color::Magenta));
        assert!(themes.load("a").unwrap_err().to_string().contains("circle"));
        assert!(themes.names().contains(&"mine".to_owned()));
        let unknown = themes.load("../mine").unwrap_err().to_string();
        assert!(unknown.contains("high-contrast") && unknown.contains("mine"), "{unknown}");
    }

    #[test]
    fn a_mistake_names_its_line_and_token() {
        let of = |text: &str| File::parse("x", text).err().unwrap().to_string();
        let wrong = of("text = \"red\"\ngood = \"grene\"\n");
        assert!(wrong.contains("line 2") && wrong.contains("good") && wrong.contains("grene"), "{wrong}");
        let wrong = of("text = \"red\"\n\nmarket = \"red\"\n");
        assert!(wrong.contains("market") && wrong.contains("line 3") && wrong.contains("marked"), "{wrong}");
        let wrong = of("text = 3\n");
        assert!(wrong.contains("line 1"), "{wrong}");
    }

    #[test]
    fn the_environment_chooses_where_nothing_is_configured() {
        let with =
            |name: &'static str, value: &'static str| move |asked: &str| (asked == name).then(|| value.to_owned());
        assert_eq!(name_for(None, |_| None), "dark");
        assert_eq!(name_for(None, with("COLORFGBG", "0;15")), "light");
        assert_eq!(name_for(None, with("COLORFGBG", "15;default;0")), "dark");
        assert_eq!(name_for(Some("light"), |_| None), "light");
        assert_eq!(name_for(Some("light"), with("NO_COLOR", "1")), "mono");
    }
}
