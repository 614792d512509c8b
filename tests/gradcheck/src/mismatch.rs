//! What [`compare`](crate::compare) found, and how it tells a person.

use std::fmt;

/// At most this many wrong values are listed.
pub(crate) const LISTED: usize = 5;

/// How a gradient differs from the numerical one. Its `Display` is the message.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// What the gradient is called, such as `d_x`.
    pub name: String,
    /// Shape of the analytic gradient.
    pub got: Vec<usize>,
    /// Shape of the numerical gradient.
    pub wanted: Vec<usize>,
    /// Every wrong value, in index order; empty if, and only if, the shape is wrong.
    pub wrong: Vec<Entry>,
    /// A sentence that explains all that is wrong, if one is certain.
    pub pattern: Option<String>,
}

/// The expected and the received value at one index.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Position, one number per axis.
    pub index: Vec<usize>,
    /// Value of the numerical gradient.
    pub expected: f64,
    /// Value of the analytic gradient.
    pub received: f64,
}

impl Mismatch {
    /// Where the error is largest, the first place if there are several; NaN
    /// counts as the largest. `None` if the shape is wrong.
    pub fn worst(&self) -> Option<&Entry> {
        // `max_by` takes the last of equals, so go backwards. `total_cmp` puts NaN last.
        self.wrong.iter().rev().max_by(|a, b| a.error().total_cmp(&b.error()))
    }
}

impl Entry {
    fn error(&self) -> f64 {
        (self.received - self.expected).abs()
    }

    /// Index, expected, received and difference, as a line of the table.
    fn cells(&self) -> [String; 4] {
        let difference = format!("{:.1e}", self.received - self.expected);
        [format!("{:?}", self.index), number(self.expected), number(self.received), difference]
    }
}

impl std::error::Error for Mismatch {}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, got, wanted, wrong, pattern } = self;
        if let Some(worst) = self.worst() {
            let [index, expected, received, _] = worst.cells();
            let (count, len) = (wrong.len(), wanted.iter().product::<usize>());
            let listed = if count > LISTED { "; the first ones:" } else { ":" };
            writeln!(f, "{name} does not match the numerical gradient.")?;
            writeln!(f, "Worst at {index}: expected {expected}, received {received}.")?;
            writeln!(f, "Wrong at {count} of {len} indices{listed}")?;
            write!(f, "{}", table(&wrong[..count.min(LISTED)]))?;
        } else {
            writeln!(f, "{name} has the wrong shape.")?;
            write!(f, "It is {got:?} and must be {wanted:?}, like the array it belongs to.")?;
        }
        match pattern {
            Some(pattern) => write!(f, "\n{pattern}"),
            None => Ok(()),
        }
    }
}

/// One aligned line per entry below a header; no newline at the end.
pub(crate) fn table(entries: &[Entry]) -> String {
    let header = ["index", "expected", "received", "difference"].map(str::to_owned);
    let lines: Vec<_> = std::iter::once(header).chain(entries.iter().map(Entry::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let [w0, w1, w2, w3] = [0, 1, 2, 3].map(width);

    let aligned = lines.iter().map(|[index, expected, received, difference]| {
        format!("  {index:w0$}  {expected:>w1$}  {received:>w2$}  {difference:>w3$}")
    });
    aligned.collect::<Vec<_>>().join("\n")
}

/// At least seven digits, so that the errors which only just fail can be seen.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-2..1e4).contains(&size) => format!("{value:.8}"),
        _ => format!("{value:.7e}"),
    }
}
