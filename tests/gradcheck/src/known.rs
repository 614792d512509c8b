//! Recognises known mistakes by their answers to one small fixed input.

use std::borrow::Cow;
use std::fmt::Debug;

use ndarray::{ArrayD, ArrayRef, Dimension};

use crate::table::{comparison, differences, exact};
use crate::text::wrapped;
use crate::values::wrong_shape;

/// Answers are the same if no number differs by more than `SAME * max(1, |number|)`.
const SAME: f64 = 1e-9;

/// The recorded answers to the fixed input of one exercise.
///
/// `cargo course verify --record` writes them to `suite/known.rs` of each lesson.
#[derive(Debug)]
pub struct Known {
    /// The function.
    pub exercise: &'static str,
    /// Where to read on.
    pub read: &'static str,
    /// What the reference answers.
    pub right: &'static [Part],
    /// What wrong solutions answer.
    pub mistakes: &'static [Mistake],
}

/// A mistake, and the answer by which it is recognised.
#[derive(Debug)]
pub struct Mistake {
    /// What was seen and what it means: one sentence to the learner, without its full stop.
    pub says: &'static str,
    /// What this mistake answers; no other answer in [`Known`] is the same.
    pub answer: &'static [Part],
}

/// One named part of an answer, such as the `d_q` of a struct of gradients.
#[derive(Debug)]
pub struct Part {
    name: Cow<'static, str>,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Numbers { shape: Cow<'static, [usize]>, numbers: Cow<'static, [f64]> },
    Text(Cow<'static, str>),
}

impl Part {
    /// The numbers of an array of any shape: floats, or bools as 0 and 1.
    pub fn of_array<A: Copy + Into<f64>, D: Dimension>(
        name: &'static str,
        array: &ArrayRef<A, D>,
    ) -> Self {
        let shape = Cow::Owned(array.shape().to_vec());
        let numbers = Cow::Owned(array.iter().map(|&number| number.into()).collect());
        Self { name: Cow::Borrowed(name), value: Value::Numbers { shape, numbers } }
    }

    /// A single number, such as a loss.
    pub fn of_number(name: &'static str, number: f64) -> Self {
        let (shape, numbers) = (Cow::Borrowed(&[][..]), Cow::Owned(vec![number]));
        Self { name: Cow::Borrowed(name), value: Value::Numbers { shape, numbers } }
    }

    /// Whatever has a `Debug`: ids, tokens, errors.
    pub fn of(name: &'static str, value: &impl Debug) -> Self {
        let text = Cow::Owned(format!("{value:?}"));
        Self { name: Cow::Borrowed(name), value: Value::Text(text) }
    }

    /// A recorded array: its shape, and its numbers in logical order.
    pub const fn numbers(
        name: &'static str,
        shape: &'static [usize],
        numbers: &'static [f64],
    ) -> Self {
        let (shape, numbers) = (Cow::Borrowed(shape), Cow::Borrowed(numbers));
        Self { name: Cow::Borrowed(name), value: Value::Numbers { shape, numbers } }
    }

    /// A recorded text.
    pub const fn text(name: &'static str, text: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), value: Value::Text(Cow::Borrowed(text)) }
    }

    fn is_same(&self, other: &Self) -> bool {
        let same = match (&self.value, &other.value) {
            (Value::Text(a), Value::Text(b)) => a == b,
            (
                Value::Numbers { shape: shape_a, numbers: a },
                Value::Numbers { shape: shape_b, numbers: b },
            ) => shape_a == shape_b && a.iter().zip(b.iter()).all(|(&a, &b)| is_same(a, b)),
            _ => false,
        };
        same && self.name == other.name
    }

    /// Whether there is anything to recognise: NaN everywhere has many causes.
    fn tells_something(&self) -> bool {
        match &self.value {
            Value::Numbers { numbers, .. } => numbers.iter().any(|number| number.is_finite()),
            Value::Text(_) => true,
        }
    }

    /// How this received part differs from the expected one, for a person.
    fn difference(&self, expected: &Self) -> String {
        let name = &self.name;
        match (&expected.value, &self.value) {
            (
                Value::Numbers { shape, numbers: expected },
                Value::Numbers { shape: got, numbers: received },
            ) if shape == got && !shape.is_empty() => {
                let [received, expected] = [received, expected].map(|numbers| {
                    ArrayD::from_shape_vec(&**shape, numbers.to_vec()).expect("its shape")
                });
                let wrong = differences(&received, &expected, is_same);
                format!("`{name}`:\n{}", comparison(&received, &expected, &wrong))
            }
            (Value::Numbers { shape, .. }, Value::Numbers { shape: got, .. }) if shape != got => {
                wrong_shape(&format!("`{name}`"), got, shape)
            }
            (expected, received) => {
                let [expected, received] = [expected, received].map(Value::as_text);
                format!("`{name}`:\n  expected {expected}\n  received {received}")
            }
        }
    }

    /// This part as Rust source that records it.
    #[cfg(feature = "record")]
    fn source(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("Part::text({:?}, {text:?}),", self.name),
            Value::Numbers { shape, numbers } => {
                let numbers: Vec<_> = numbers.iter().map(|&number| literal(number)).collect();
                format!("Part::numbers({:?}, &{shape:?}, &[{}]),", self.name, numbers.join(", "))
            }
        }
    }
}

impl Value {
    fn as_text(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Numbers { numbers, .. } if numbers.len() == 1 => exact(numbers[0]),
            Self::Numbers { numbers, .. } => format!("{} numbers", numbers.len()),
        }
    }
}

/// Asserts that `answer`, what `exercise` gave for its fixed input, is not the answer of a
/// known mistake.
///
/// It says nothing about an answer that is wrong in a way of its own: the tests after this
/// one do.
///
/// # Panics
/// If the answer is that of one mistake and of no other, and says which. The reported line
/// is the caller's. Also if `known` does not have the exercise.
#[track_caller]
pub fn assert_no_known_mistake(known: &[Known], exercise: &str, answer: &[Part]) {
    #[cfg(feature = "record")]
    record(exercise, answer);

    let Some(known) = known.iter().find(|known| known.exercise == exercise) else {
        panic!("no answers of {exercise} are recorded: run `cargo course verify --record`");
    };
    if are_same(answer, known.right) || !answer.iter().any(Part::tells_something) {
        return;
    }
    let mut same = known.mistakes.iter().filter(|mistake| are_same(answer, mistake.answer));
    let (Some(mistake), None) = (same.next(), same.next()) else {
        return;
    };
    fail(known, answer, mistake.says);
}

/// Asserts that `answer`, what `exercise` gave for its fixed input, is what the reference gave.
///
/// For copies of the course in which the reference itself is not: there a function has nothing
/// else to be compared with.
///
/// # Panics
/// If the answer is another one, or if `known` does not have the exercise. The reported line is
/// the caller's.
#[track_caller]
pub fn assert_recorded_answer(known: &[Known], exercise: &str, answer: &[Part]) {
    let Some(known) = known.iter().find(|known| known.exercise == exercise) else {
        panic!("no answers of {exercise} are recorded: run `cargo course verify --record`");
    };
    if !are_same(answer, known.right) {
        fail(known, answer, "for a fixed input your answer is not the reference's");
    }
}

/// Says what is wrong with an answer, and where it differs from the right one.
#[track_caller]
fn fail(known: &Known, answer: &[Part], says: &str) -> ! {
    let mut pairs = answer.iter().zip(known.right);
    let difference = pairs.find(|(received, expected)| !received.is_same(expected));
    let difference = difference.map(|(received, expected)| received.difference(expected));
    panic!(
        "{}\n\n{}\n\n{}",
        wrapped(&format!("{}: {says}.", known.exercise)),
        difference.unwrap_or_default(),
        wrapped(&format!("To read: {}", known.read)),
    );
}

fn are_same(a: &[Part], b: &[Part]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b))
}

fn is_same(a: f64, b: f64) -> bool {
    let near = b.is_finite() && (a - b).abs() <= SAME * b.abs().max(1.0);
    a == b || (a.is_nan() && b.is_nan()) || near
}

/// Writes the answer to a file named like the exercise, in the folder `GRADCHECK_RECORD`.
///
/// Only the crate that `cargo course verify` makes has this feature.
#[cfg(feature = "record")]
fn record(exercise: &str, answer: &[Part]) {
    if let Some(folder) = std::env::var_os("GRADCHECK_RECORD") {
        let text: Vec<_> = answer.iter().map(Part::source).collect();
        let path = std::path::Path::new(&folder).join(exercise);
        std::fs::write(path, text.join("\n")).expect("a folder to record answers in");
    }
}

/// A number as Rust source. Thirteen digits: more would differ between machines.
#[cfg(feature = "record")]
fn literal(number: f64) -> String {
    if number.is_nan() {
        "f64::NAN".to_owned()
    } else if number.is_infinite() {
        let sign = if number > 0.0 { "" } else { "NEG_" };
        format!("f64::{sign}INFINITY")
    } else {
        let rounded: f64 = format!("{number:.12e}").parse().expect("a number just written");
        format!("{:?}", rounded + 0.0) // -0.0 + 0.0 is 0.0
    }
}
