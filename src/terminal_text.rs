//! Text that comes from elsewhere, made safe for a terminal.
//!
//! Owns the rule that names, tags and messages from Azure, files and scripts are untrusted:
//! control and bidirectional characters are shown, never sent. Used by every face.

/// The text with control, bidirectional and invisible characters made visible. Line breaks stay.
pub fn safe_lines(text: &str) -> String {
    make_safe(text, true)
}

/// The text on one line, with everything unsafe made visible.
pub fn safe(text: &str) -> String {
    make_safe(text, false)
}

fn make_safe(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' if lines => out.push('\n'),
            '\n' => out.push('␊'),
            '\t' => out.push(' '),
            // The control pictures stand beside the controls they show.
            c if (c as u32) < 0x20 => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('�')),
            '\u{7f}' => out.push('␡'),
            '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => out.push('�'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_moves_or_hides() {
        assert_eq!(safe("a\u{1b}[2Jb\r\n\u{202e}c\u{9b}d"), "a␛[2Jb␍␊�c�d");
        assert_eq!(safe_lines("a\nb\u{7}"), "a\nb␇");
        assert_eq!(safe("Größe 東京"), "Größe 東京");
    }
}
