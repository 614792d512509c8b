//! Text for a terminal of 80 columns.

/// No line is longer.
pub(crate) const WIDTH: usize = 80;

/// Breaks each line of a text between words, so that none is longer than 80 columns.
///
/// For what a suite says in words of its own.
pub fn wrapped(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(wrapped_line).collect();
    lines.join("\n")
}

fn wrapped_line(text: &str) -> String {
    let (mut lines, mut len) = (String::new(), 0);
    for word in text.split(' ') {
        let word_len = word.chars().count();
        if len > 0 && len + 1 + word_len > WIDTH {
            lines.push('\n');
            len = 0;
        } else if len > 0 {
            lines.push(' ');
            len += 1;
        }
        lines += word;
        len += word_len;
    }
    lines
}
