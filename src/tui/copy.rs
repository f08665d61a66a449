//! Copies text to the operator's own clipboard by way of the terminal (OSC 52), through tmux too.
//!
//! Nothing is run and nothing is read back: it works over SSH. Terminals that do not know the sequence
//! show nothing of it.

use base64::Engine as _;

/// The most that is copied, in bytes: terminals cut longer sequences off, or hang.
pub const MOST: usize = 74_000;

/// The sequence that copies a text.
///
/// # Errors
/// Where the text is too long, with its size.
pub fn sequence(text: &str, tmux: bool) -> Result<String, String> {
    if text.len() > MOST {
        return Err(format!("{} kB are too much for the terminal's clipboard (74 kB)", text.len() / 1000));
    }
    let plain = format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text));
    // tmux hands on what is wrapped, each escape doubled.
    Ok(if tmux { format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")) } else { plain })
}

/// Whether the terminal is tmux's.
pub fn in_tmux() -> bool {
    std::env::var_os("TMUX").is_some_and(|v| !v.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_copied_as_base64_and_wrapped_for_tmux() {
        assert_eq!(sequence("a\x1b[31m", false).unwrap(), "\x1b]52;c;YRtbMzFt\x07");
        assert_eq!(sequence("hi", true).unwrap(), "\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
        assert!(sequence(&"x".repeat(MOST + 1), false).unwrap_err().contains("74 kB"));
    }
}
