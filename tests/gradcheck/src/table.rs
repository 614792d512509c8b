//! Expected and received numbers, lined up for a terminal of 80 columns.

use ndarray::{ArrayRefD, Dimension};

use crate::mismatch::Entry;
use crate::text::WIDTH;

/// At most this many wrong values are listed.
const LISTED: usize = 5;
/// Arrays with more rows are not shown whole.
const MAX_ROWS: usize = 8;
/// Decimals of a number: as few as show the differences.
const DECIMALS: std::ops::RangeInclusive<usize> = 4..=8;

/// The places where two arrays of one shape are not close, in index order.
pub(crate) fn differences(
    received: &ArrayRefD<f64>,
    expected: &ArrayRefD<f64>,
    is_close: impl Fn(f64, f64) -> bool,
) -> Vec<Entry> {
    let pairs = received.indexed_iter().zip(expected);
    let wrong = pairs.filter(|((_, received), expected)| !is_close(**received, **expected));
    let entries = wrong.map(|((index, &received), &expected)| Entry {
        index: index.as_array_view().to_vec(),
        expected,
        received,
    });
    entries.collect()
}

/// Small arrays side by side, of larger ones the first wrong values; no newline at the end.
pub(crate) fn comparison(
    received: &ArrayRefD<f64>,
    expected: &ArrayRefD<f64>,
    wrong: &[Entry],
) -> String {
    side_by_side(received, expected, wrong).unwrap_or_else(|| list(wrong))
}

/// `None` if the arrays are too large, or if all that differs is behind the last decimal.
fn side_by_side(
    received: &ArrayRefD<f64>,
    expected: &ArrayRefD<f64>,
    wrong: &[Entry],
) -> Option<String> {
    let (&n_columns, axes) = received.shape().split_last().unwrap_or((&1, &[]));
    let n_rows: usize = axes.iter().product();
    if n_rows > MAX_ROWS || n_columns > WIDTH || received.is_empty() {
        return None;
    }
    let is_whole = |value: &f64| !value.is_finite() || value.fract() == 0.0 && value.abs() < 1e6;
    let are_whole = received.iter().chain(expected).all(is_whole);
    let in_text = |value: f64, decimals: usize| match value {
        _ if !value.is_finite() => format!("{value}"),
        _ if are_whole => format!("{:.0}", value + 0.0), // -0.0 + 0.0 is 0.0
        _ => number(value, decimals),
    };
    let tells_apart = |&decimals: &usize| {
        let pair = |entry: &Entry| [entry.expected, entry.received].map(|x| in_text(x, decimals));
        wrong.iter().map(pair).all(|[expected, received]| expected != received)
    };
    let decimals = DECIMALS.into_iter().find(tells_apart)?;

    let is_wrong = |index: &[usize]| wrong.iter().any(|entry| entry.index == index);
    let marked = received.indexed_iter().map(|(index, &value)| {
        let mark = if is_wrong(&index.as_array_view().to_vec()) { "*" } else { " " };
        in_text(value, decimals) + mark
    });
    let (marked, plain): (Vec<_>, Vec<_>) =
        marked.zip(expected.iter().map(|&value| in_text(value, decimals))).unzip();
    let row_names = row_names(axes);
    let names = width(&row_names);
    let left = width(&plain).max(width(&marked) - 1); // both blocks in the same columns
    let right = left + 1;

    let row = |cells: &[String], width: usize| {
        let cells: Vec<_> = cells.iter().map(|cell| format!("{cell:>width$}")).collect();
        cells.join("  ")
    };
    let block = ((left + 2) * n_columns - 2).max("expected".len());
    let gap = if names == 0 { "" } else { "  " };
    let mut lines =
        vec![format!("  {:names$}{gap}{:block$}    received (* wrong)", "", "expected")];
    let rows = plain.chunks(n_columns).zip(marked.chunks(n_columns));
    lines.extend(row_names.iter().zip(rows).map(|(name, (expected, received))| {
        let (expected, received) = (row(expected, left), row(received, right));
        let line = format!("  {name:names$}{gap}{expected:block$}    {received}");
        line.trim_end().to_owned()
    }));
    (width(&lines) <= WIDTH).then(|| lines.join("\n"))
}

/// `[0, 1, _]` for each row in index order; nothing for the one row of a vector.
fn row_names(axes: &[usize]) -> Vec<String> {
    let names = ndarray::indices(axes).into_iter().map(|index| {
        let index: String = index.as_array_view().iter().map(|i| format!("{i}, ")).collect();
        if index.is_empty() { index } else { format!("[{index}_]") }
    });
    names.collect()
}

/// One line per entry below a header, for the first entries.
fn list(wrong: &[Entry]) -> String {
    let header = ["index", "expected", "received", "difference"].map(str::to_owned);
    let first = wrong.iter().take(LISTED).map(|Entry { index, expected, received }| {
        let difference = format!("{:.1e}", received - expected);
        [format!("{index:?}"), exact(*expected), exact(*received), difference]
    });
    let lines: Vec<_> = std::iter::once(header).chain(first).collect();
    let [w0, w1, w2, w3] =
        [0, 1, 2, 3].map(|column| lines.iter().map(|line| line[column].len()).max().unwrap_or(0));

    let mut text = if wrong.len() > LISTED { "The first ones:\n" } else { "" }.to_owned();
    let aligned = lines.iter().map(|[index, expected, received, difference]| {
        format!("  {index:w0$}  {expected:>w1$}  {received:>w2$}  {difference:>w3$}")
    });
    text += &aligned.collect::<Vec<_>>().join("\n");
    text
}

/// At least seven digits, so that the errors which only just fail can be seen.
pub(crate) fn exact(value: f64) -> String {
    number(value, 8)
}

fn number(value: f64, decimals: usize) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-2..1e4).contains(&size) => format!("{value:.decimals$}"),
        _ => format!("{value:.*e}", decimals - 1),
    }
}

fn width(cells: &[String]) -> usize {
    cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0)
}

/// "3 of 12 values are NaN, the first at [0, 2].", if some are not finite.
///
/// `what` is what the values are, such as `received values`.
pub(crate) fn not_finite<'a>(
    what: &str,
    len: usize,
    values: impl Iterator<Item = (&'a [usize], f64)>,
) -> Option<String> {
    let bad: Vec<_> = values.filter(|(_, value)| !value.is_finite()).collect();
    let (first, _) = bad.first()?;
    let n_nan = bad.iter().filter(|(_, value)| value.is_nan()).count();
    let kind = match n_nan {
        0 => "infinite",
        n if n == bad.len() => "NaN",
        _ => "NaN or infinite",
    };
    Some(match bad.len() {
        1 => format!("1 of {len} {what} is {kind}, at {first:?}."),
        count => format!("{count} of {len} {what} are {kind}, the first at {first:?}."),
    })
}
