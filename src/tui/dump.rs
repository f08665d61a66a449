//! The screen as files: text, text with ANSI colours, and a picture (SVG).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// Writes the three files and gives their path without the ending.
///
/// # Errors
/// Where the folder cannot be written to.
pub fn write(buffer: &Buffer, folder: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let name = jiff::Zoned::now().strftime("azlb-%Y%m%d-%H%M%S").to_string();
    let path = folder.join(name);
    std::fs::write(path.with_extension("txt"), text(buffer))?;
    std::fs::write(path.with_extension("ans"), ansi(buffer))?;
    std::fs::write(path.with_extension("svg"), svg(buffer))?;
    Ok(path)
}

/// The cells of each line. What a wide character covers is left out.
fn lines(buffer: &Buffer) -> Vec<Vec<&Cell>> {
    let width = usize::from(buffer.area.width).max(1);
    let line = |cells: &'_ [Cell]| -> Vec<usize> {
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(cell) = cells.get(at) {
            out.push(at);
            at += cell.symbol().width().max(1);
        }
        out
    };
    let chunks = buffer.content.chunks(width);
    chunks.map(|cells| line(cells).into_iter().filter_map(|at| cells.get(at)).collect()).collect()
}

/// Plain text.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for line in lines(buffer) {
        let line: String = line.iter().map(|c| c.symbol()).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Text with ANSI colours.
pub fn ansi(buffer: &Buffer) -> String {
    let mut out = String::new();
    for line in lines(buffer) {
        let mut last = String::new();
        for cell in line {
            let code = code(cell);
            if code != last {
                let _ = write!(out, "\x1b[{code}m");
                last = code;
            }
            out.push_str(cell.symbol());
        }
        out.push_str("\x1b[0m\n");
    }
    out
}

fn code(cell: &Cell) -> String {
    let mut code = String::from("0");
    for (modifier, number) in
        [(Modifier::BOLD, 1), (Modifier::DIM, 2), (Modifier::UNDERLINED, 4), (Modifier::REVERSED, 7)]
    {
        if cell.modifier.contains(modifier) {
            let _ = write!(code, ";{number}");
        }
    }
    for (colour, base) in [(cell.fg, 38), (cell.bg, 48)] {
        let _ = match colour {
            Color::Reset => Ok(()),
            Color::Rgb(r, g, b) => write!(code, ";{base};2;{r};{g};{b}"),
            other => write!(code, ";{base};5;{}", index(other)),
        };
    }
    code
}

/// A named colour's place among the first sixteen.
fn index(colour: Color) -> u8 {
    match colour {
        Color::Indexed(n) => n,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Black | Color::Reset | Color::Rgb(..) => 0,
    }
}

/// The first sixteen colours as most terminals show them.
const SIXTEEN: [&str; 16] = [
    "#000000", "#cd3131", "#0dbc79", "#d7ba3d", "#2472c8", "#bc3fbc", "#11a8cd", "#c8c8c8", "#666666", "#f14c4c",
    "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff",
];

fn hex(colour: Color, otherwise: &str) -> String {
    match colour {
        Color::Reset => otherwise.to_owned(),
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        other => match index(other) {
            n @ 0..=15 => SIXTEEN.get(usize::from(n)).copied().unwrap_or(otherwise).to_owned(),
            n @ 16..=231 => {
                let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
                let n = n - 16;
                format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
            }
            n => {
                let grey = 8 + 10 * (n - 232);
                format!("#{grey:02x}{grey:02x}{grey:02x}")
            }
        },
    }
}

/// A picture, with the text as text.
pub fn svg(buffer: &Buffer) -> String {
    const WIDTH: f64 = 8.4;
    const HEIGHT: f64 = 18.0;
    let (front, back) = ("#d4d4d4", "#1e1e1e");
    let size = (f64::from(buffer.area.width) * WIDTH + 16.0, f64::from(buffer.area.height) * HEIGHT + 16.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{:.0}\" viewBox=\"0 0 {:.0} {:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{back}\"/>\n\
         <g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\" xml:space=\"preserve\">\n",
        size.0, size.1, size.0, size.1
    );
    for (row, line) in lines(buffer).into_iter().enumerate() {
        let y = row as f64 * HEIGHT + 8.0;
        let mut column = 0usize;
        let mut cells = line.into_iter().peekable();
        while let Some(first) = cells.next() {
            // What looks alike and stands together is one piece.
            let mut run = first.symbol().to_owned();
            while let Some(next) = cells.next_if(|c| (c.fg, c.bg, c.modifier) == (first.fg, first.bg, first.modifier)) {
                run.push_str(next.symbol());
            }
            let columns = run.width();
            let x = column as f64 * WIDTH + 8.0;
            column += columns;
            let (mut fg, mut bg) = (hex(first.fg, front), hex(first.bg, back));
            if first.modifier.contains(Modifier::REVERSED) {
                std::mem::swap(&mut fg, &mut bg);
            }
            let wide = columns as f64 * WIDTH;
            if bg != back {
                let _ = writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{HEIGHT}\" fill=\"{bg}\"/>"
                );
            }
            if run.trim().is_empty() {
                continue;
            }
            let mut style = String::new();
            if first.modifier.contains(Modifier::BOLD) {
                style.push_str(" font-weight=\"bold\"");
            }
            if first.modifier.contains(Modifier::UNDERLINED) {
                style.push_str(" text-decoration=\"underline\"");
            }
            let escaped = run.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{fg}\" textLength=\"{wide:.1}\"{style}>{escaped}</text>",
                y + 13.5
            );
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn the_three_forms_say_the_same() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "up <&> 東京", Style::new().fg(Color::Green).bold());
        buffer.set_string(0, 1, "x", Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(21)));
        assert_eq!(text(&buffer), "up <&> 東京\nx\n");
        assert!(ansi(&buffer).starts_with("\x1b[0;1;38;5;2mup <&> 東京"));
        assert!(ansi(&buffer).contains("\x1b[0;38;2;1;2;3;48;5;21mx"));
        let picture = svg(&buffer);
        assert!(picture.contains("up &lt;&amp;&gt; 東京</text>") && picture.contains("font-weight=\"bold\""));
        assert!(picture.contains("#010203") && picture.contains("fill=\"#0000ff\""));
    }
}
