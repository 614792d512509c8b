//! What a wrong gradient looks like as a whole, in one sentence.
//!
//! Each function here looks for one pattern. Most undo a mistake and ask whether
//! the result passes the check that a right gradient passes; so a pattern holds
//! at every index, within the same tolerance, or it is not reported.

use ndarray::{ArrayRefD, ArrayViewD, Dimension};

use crate::compare::{passes, rms};
use crate::mismatch::Entry;
use crate::table::{self, exact};

/// The first pattern that holds, from the surest to the weakest statement.
///
/// A wrong shape is allowed, `wrong` is empty then: [`passes`] refuses it, which
/// leaves the patterns that can explain a shape.
pub(crate) fn find(
    received: &ArrayRefD<f64>,
    expected: &ArrayRefD<f64>,
    wrong: &[Entry],
    known: &[(&str, ArrayViewD<'_, f64>)],
) -> Option<String> {
    not_finite("expected", expected)
        .or_else(|| not_finite("received", received))
        .or_else(|| known_mistake(received, known))
        .or_else(|| all_zero(received))
        .or_else(|| sign_flipped(received, expected))
        .or_else(|| constant_factor(received, expected, wrong))
        .or_else(|| transposed(received, expected))
        .or_else(|| zero_where_wrong(received, wrong))
        .or_else(|| only_one_row(received.shape(), wrong))
}

fn not_finite(whose: &str, x: &ArrayRefD<f64>) -> Option<String> {
    let values: Vec<_> =
        x.indexed_iter().map(|(index, &x)| (index.as_array_view().to_vec(), x)).collect();
    let values = values.iter().map(|(index, x)| (&**index, *x));
    table::not_finite(&format!("{whose} values"), x.len(), values)
}

fn known_mistake(
    received: &ArrayRefD<f64>,
    known: &[(&str, ArrayViewD<'_, f64>)],
) -> Option<String> {
    let (mistake, _) = known.iter().find(|(_, variant)| passes(received, variant))?;
    Some(format!("Every value is what this mistake gives:\n{mistake}."))
}

fn all_zero(received: &ArrayRefD<f64>) -> Option<String> {
    let holds = !received.is_empty() && received.iter().all(|&a| a == 0.0);
    holds.then(|| "Every received value is zero.".to_owned())
}

fn sign_flipped(received: &ArrayRefD<f64>, expected: &ArrayRefD<f64>) -> Option<String> {
    let holds = passes(&received.mapv(|a| -a), expected);
    holds.then(|| "The sign is flipped: every value is minus the expected one.".to_owned())
}

fn constant_factor(
    received: &ArrayRefD<f64>,
    expected: &ArrayRefD<f64>,
    wrong: &[Entry],
) -> Option<String> {
    // Some factor explains any one value: demand two, neither of them nearly zero.
    let large_enough = (1e-3 * rms(expected)).max(1e-6);
    let is_large = |entry: &&Entry| entry.expected.abs() > large_enough;
    if wrong.iter().filter(is_large).count() < 2 {
        return None;
    }
    // The factor for which `received - factor * expected` is smallest.
    let products: f64 = received.iter().zip(expected).map(|(a, n)| a * n).sum();
    let squares: f64 = expected.iter().map(|n| n * n).sum();
    let factor = products / squares;
    // Closer to 1 than this, values that are right would seem to have the factor too.
    let holds = (factor - 1.0).abs() > 1e-5 && passes(&received.mapv(|a| a / factor), expected);
    let factor = factor_in_words(factor, received.len());
    holds.then(|| format!("Every value is the expected one times {factor}."))
}

fn factor_in_words(factor: f64, len: usize) -> String {
    let is = |value: f64| (factor / value - 1.0).abs() < 1e-6;
    if len > 2 && is(len as f64) {
        format!("{len}, the number of values:\na sum where a mean is meant gives this factor")
    } else if len > 2 && is(1.0 / len as f64) {
        format!(
            "1/{len}, and there are {len} values:\na mean where a sum is meant gives this factor"
        )
    } else {
        plain_number(factor).unwrap_or_else(|| exact(factor))
    }
}

/// The factor as people write it, if it is `n`, `1/n`, `sqrt(n)` or `1/sqrt(n)`
/// for a whole `n` up to 16, or minus that.
fn plain_number(factor: f64) -> Option<String> {
    let sign = if factor < 0.0 { "-" } else { "" };
    (2..=16).find_map(|n| {
        let (value, root) = (f64::from(n), f64::from(n).sqrt());
        let candidates = [
            (value, format!("{sign}{n}")),
            (1.0 / value, format!("{sign}1/{n}")),
            (root, format!("{sign}sqrt({n})")),
            (1.0 / root, format!("{sign}1/sqrt({n})")),
        ];
        let is = |value: f64| (factor.abs() / value - 1.0).abs() < 1e-6;
        candidates.into_iter().find_map(|(value, name)| is(value).then_some(name))
    })
}

fn transposed(received: &ArrayRefD<f64>, expected: &ArrayRefD<f64>) -> Option<String> {
    let ndim = received.ndim();
    let mut pairs = (0..ndim).flat_map(|a| (a + 1..ndim).map(move |b| (a, b)));
    let (a, b) = pairs.find(|&(a, b)| {
        let mut swapped = received.view();
        swapped.swap_axes(a, b);
        passes(&swapped, expected)
    })?;
    Some(match ndim {
        2 => "It is the transpose of the expected gradient.".to_owned(),
        _ => format!("It is the expected gradient with axes {a} and {b} swapped."),
    })
}

/// A row is all indices that differ in the last axis only.
fn zero_where_wrong(received: &ArrayRefD<f64>, wrong: &[Entry]) -> Option<String> {
    if wrong.is_empty() || wrong.iter().any(|entry| entry.received != 0.0) {
        return None;
    }
    let (&row_len, axes) = received.shape().split_last()?;
    let is_zero = |row: &[usize]| (0..row_len).all(|i| received[&*[row, &[i]].concat()] == 0.0);

    // `wrong` is in index order, so equal rows are neighbours.
    let mut rows: Vec<_> = wrong.iter().map(|entry| &entry.index[..axes.len()]).collect();
    rows.dedup();
    if !rows.iter().all(|row| is_zero(row)) {
        return Some("Every wrong value is zero; all others are right.".to_owned());
    }
    let first: String = rows[0].iter().map(|i| format!("{i}, ")).collect();
    Some(match rows.len() {
        1 => format!("Row [{first}_] is all zero; every other row is right."),
        n => format!("{n} rows are all zero, the first is [{first}_]; every other row is right."),
    })
}

/// Only an array with several rows, and several wrong values in one, has this pattern.
fn only_one_row(shape: &[usize], wrong: &[Entry]) -> Option<String> {
    let axis = shape.len().checked_sub(2)?;
    let last = shape[axis].checked_sub(1)?;
    if last == 0 || wrong.len() < 2 {
        return None;
    }
    let all_wrong_in = |row| wrong.iter().all(|entry| entry.index[axis] == row);
    let (which, row) = [("last", last), ("first", 0)].into_iter().find(|r| all_wrong_in(r.1))?;
    Some(format!("It is right except in the {which} row (index {row} of axis {axis})."))
}
