//! The way back from a graded test, which the student's code cannot reach. This file is compiled
//! into every test program that `cargo course grade` builds, and nowhere else.
//!
//! The grader writes a nonce and the path of a file to the standard input. A test reads them
//! before it calls the student's code, and writes the nonce to the file when it has ended well.
//! Whatever is printed, and whatever the exit code is, proves nothing.

use std::fmt::Debug;
use std::io::BufRead as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// Two results may differ by this, relative to the largest number in them.
const SAME_F64: f64 = 1e-12;
/// The same for f32, where another order of a sum is felt.
const SAME_F32: f64 = 1e-4;
/// Up to here a difference in f64 looks like a derivative by finite differences.
const NEAR: f64 = 1e-4;

/// Whether results are compared with the reference's.
static IS_HIDDEN: AtomicBool = AtomicBool::new(false);

pub(crate) struct Verdict {
    nonce: String,
    file: String,
}

pub(crate) fn begin() -> Verdict {
    let mut lines = std::io::stdin().lock().lines().map_while(Result::ok);
    let mut line = || lines.next().unwrap_or_default();
    let verdict = Verdict { nonce: line(), file: line() };
    IS_HIDDEN.store(line() == "hidden", Ordering::Relaxed);
    verdict
}

impl Verdict {
    pub(crate) fn passed(self) {
        std::fs::write(self.file, self.nonce).expect("a folder for the verdict");
    }
}

pub(crate) fn is_hidden() -> bool {
    IS_HIDDEN.load(Ordering::Relaxed)
}

/// Panics if `received` is not what the reference gives. `size` is that of the float type.
pub(crate) fn compare<T: Debug>(
    function: &str,
    size: usize,
    received: &T,
    reference: impl FnOnce() -> T,
) {
    // Where the reference panics, the suite says what must happen.
    let Ok(expected) = catch_unwind(AssertUnwindSafe(reference)) else { return };
    let [received, expected] = [received, &expected].map(|value| words(&format!("{value:#?}")));
    let Some(difference) = difference(&received, &expected) else {
        panic!("{function}: on other inputs the result has another shape than the reference's");
    };
    let is_f32 = size == size_of::<f32>();
    if difference <= if is_f32 { SAME_F32 } else { SAME_F64 } {
        return;
    }
    if !is_f32 && difference <= NEAR {
        panic!(
            "{function}: it agrees with the reference to {difference:.0e} only, where a formula \
             agrees to 1e-15. Is it computed by finite differences?"
        );
    }
    panic!("{function}: on other inputs the result differs from the reference by {difference:.0e}");
}

/// The largest difference, relative to the largest number; `None` if the words differ.
fn difference(received: &[String], expected: &[String]) -> Option<f64> {
    if received.len() != expected.len() {
        return None;
    }
    let (mut largest, mut scale) = (0.0_f64, f64::MIN_POSITIVE);
    for (a, b) in received.iter().zip(expected) {
        match (a.parse::<f64>(), b.parse::<f64>()) {
            _ if a == b => scale = scale.max(a.parse().map_or(0.0, finite)),
            (Ok(a), Ok(b)) if a == b => {}
            (Ok(a), Ok(b)) if a.is_finite() && b.is_finite() => {
                largest = largest.max((a - b).abs());
                scale = scale.max(b.abs());
            }
            _ => return None,
        }
    }
    Some(largest / scale)
}

fn finite(number: f64) -> f64 {
    if number.is_finite() { number.abs() } else { 0.0 }
}

/// What `{:#?}` prints, in parts. How an array lies in memory is its owner's business.
fn words(text: &str) -> Vec<String> {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("strides=") {
        kept += before;
        rest = after.split_once("ndim=").map_or("", |(_, after)| after);
    }
    kept += rest;
    let is_end = |c: char| c.is_whitespace() || ",()[]{}".contains(c);
    kept.split(is_end).filter(|word| !word.is_empty()).map(str::to_string).collect()
}
