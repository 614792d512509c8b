//! What [`compare`](crate::compare) found, and how it tells a person.

use std::fmt;

use ndarray::ArrayD;

use crate::table::{comparison, exact};
use crate::text::wrapped;

/// How a gradient differs from the numerical one. Its `Display` is the message.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// What the gradient is called, such as `d_x`.
    pub name: String,
    /// The analytic gradient.
    pub received: ArrayD<f64>,
    /// The numerical gradient.
    pub expected: ArrayD<f64>,
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
}

impl std::error::Error for Mismatch {}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, received, expected, wrong, pattern } = self;
        let text = if let Some(worst) = self.worst() {
            let (count, len) = (wrong.len(), expected.len());
            let index = &worst.index;
            let [expected_there, received_there] = [worst.expected, worst.received].map(exact);
            format!(
                "{name} does not match the numerical gradient.\n\
                 Worst at {index:?}: expected {expected_there}, received {received_there}.\n\
                 Wrong at {count} of {len} indices:\n{}",
                comparison(received, expected, wrong)
            )
        } else {
            let (got, wanted) = (received.shape(), expected.shape());
            format!(
                "{name} has the wrong shape.\n\
                 It is {got:?} and must be {wanted:?}, like the array it belongs to."
            )
        };
        let pattern = pattern.iter().map(|pattern| format!("\n{}", wrapped(pattern)));
        write!(f, "{text}{}", pattern.collect::<String>())
    }
}
