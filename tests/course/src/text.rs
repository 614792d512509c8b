//! How the guide writes: colours, lines of at most 80 columns, spans of time.

use anstyle::{AnsiColor, Style};

/// What is right.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is red.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is on the way.
pub const BUSY: Style = AnsiColor::Yellow.on_default();
/// What matters.
pub const BOLD: Style = Style::new().bold();
/// What can be skipped.
pub const DIM: Style = Style::new().dimmed();

/// Columns of the narrowest terminal we write for.
pub const COLUMNS: usize = 80;

/// A text in a style. The escape codes are removed on the way out where nobody can see colours.
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Breaks a text into lines that fit the terminal, each indented by `indent` spaces.
pub fn wrap(text: &str, indent: usize) -> String {
    let space = " ".repeat(indent);
    let mut lines = vec![space.clone()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always one");
        if line.len() == indent {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= COLUMNS {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("{space}{word}"));
        }
    }
    lines.join("\n")
}

/// Every line of a text behind `indent` spaces; lines that are too long for the terminal and
/// are no table are broken.
pub fn indent(text: &str, indent: usize) -> String {
    let space = " ".repeat(indent);
    let line = |line: &str| {
        let is_table = line.starts_with(' ');
        if line.trim().is_empty() {
            String::new()
        } else if is_table || line.chars().count() + indent <= COLUMNS {
            format!("{space}{line}")
        } else {
            wrap(line, indent)
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A text with a single space between its words.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text has these words in a row, wherever its lines end.
pub(crate) fn has_words(text: &str, words: &str) -> bool {
    one_line(text).contains(&one_line(words))
}

/// A text cut to `width` columns, and filled with spaces up to it.
pub fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return format!("{text:width$}");
    }
    let cut: String = text.chars().take(width - 1).collect();
    cut + "…"
}

/// `5 minutes`, `1 h 20 min`, `37 h`.
pub fn duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, 1) => "1 minute".to_string(),
        (0, minutes) => format!("{minutes} minutes"),
        (hours, 0) => format!("{hours} h"),
        (hours, _) if hours >= 10 => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// `1 exercise`, `2 exercises`.
pub fn count(n: usize, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_the_terminal() {
        let text = "word ".repeat(40);
        let wrapped = wrap(&text, 2);
        assert!(wrapped.lines().all(|line| line.starts_with("  word") && line.len() <= COLUMNS));
        assert_eq!(wrapped.split_whitespace().count(), 40);
        let long = "x".repeat(100);
        assert_eq!(wrap(&long, 2), format!("  {long}"));
    }

    #[test]
    fn tables_are_not_broken() {
        let table = format!("title\n  {}\n\nend", "cell ".repeat(20));
        let lines: Vec<_> = indent(&table, 2).lines().map(str::to_string).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(
            (lines[0].as_str(), lines[2].as_str(), lines[3].as_str()),
            ("  title", "", "  end")
        );
    }

    #[test]
    fn spans_and_counts_read_as_people_say_them() {
        let spans = [0, 1, 59, 60, 61, 630].map(duration);
        assert_eq!(spans, ["0 minutes", "1 minute", "59 minutes", "1 h", "1 h 01 min", "10 h"]);
        assert_eq!((count(1, "test"), count(2, "test")), ("1 test".into(), "2 tests".into()));
        assert_eq!((fit("abc", 5), fit("äbcdef", 3)), ("abc  ".into(), "äb…".into()));
    }
}
