//! The wording: what a learner reads, to the letter.

use std::panic;
use std::sync::mpsc;

use gradcheck::{
    Known, Mismatch, Mistake, Part, assert_close, assert_gradient, assert_no_known_mistake,
    compare, compare_with_known,
};
use ndarray::{Array2, Array4, Dimension, array};

#[track_caller]
fn assert_message(result: Result<(), Box<Mismatch>>, message: &str) {
    let received = result.expect_err("a wrong gradient passed").to_string();
    assert_eq!(received, message.trim_matches('\n'), "\n{received}");
    assert!(received.lines().all(|line| line.len() <= 80), "\n{received}");
}

/// What a failing assertion tells, which is `message`.
#[track_caller]
fn assert_tells(assertion: impl FnOnce() + panic::UnwindSafe, message: &str) {
    let panic = panic::catch_unwind(assertion).expect_err("a wrong answer passed");
    let received = panic.downcast::<String>().expect("a formatted message");
    assert_eq!(*received, message.trim_matches('\n'), "\n{received}");
    assert!(received.lines().all(|line| line.chars().count() <= 80), "\n{received}");
}

/// The message of `assert_close` for a wrong array.
#[track_caller]
fn assert_close_tells<D: Dimension>(
    received: &ndarray::Array<f64, D>,
    expected: &ndarray::Array<f64, D>,
    message: &str,
) {
    let [received, expected] = [received, expected].map(|array| array.view().into_dyn());
    let assertion = || assert_close("out", &received, &expected, 1e-6, "a sign");
    assert_tells(panic::AssertUnwindSafe(assertion), message);
}

#[test]
fn a_factor_and_more_wrong_values_than_are_listed() {
    let expected: Array2<f64> = array![[0.5, -1.25, 2.0], [4.0, 0.0025, -3000.0]];
    let doubled = 2.0 * &expected;
    assert_message(
        compare("d_x", &doubled, &expected),
        "
d_x does not match the numerical gradient.
Worst at [1, 2]: expected -3000.00000000, received -6000.00000000.
Wrong at 6 of 6 indices:
The first ones:
  index       expected      received  difference
  [0, 0]    0.50000000    1.00000000      5.0e-1
  [0, 1]   -1.25000000   -2.50000000      -1.2e0
  [0, 2]    2.00000000    4.00000000       2.0e0
  [1, 0]    4.00000000    8.00000000       4.0e0
  [1, 1]  2.5000000e-3  5.0000000e-3      2.5e-3
Every value is the expected one times 2.
",
    );
}

#[test]
fn one_small_error_and_no_pattern() {
    let expected = array![0.5, -1.25, 2.0];
    assert_message(
        compare("d_weight", &array![0.5, -1.25, 2.00002], &expected),
        "
d_weight does not match the numerical gradient.
Worst at [2]: expected 2.00000000, received 2.00002000.
Wrong at 1 of 3 indices:
  expected                        received (* wrong)
   0.50000  -1.25000   2.00000     0.50000   -1.25000    2.00002*
",
    );
}

#[test]
fn a_transposed_weight() {
    let expected = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert_message(
        compare("d_w", &expected.t(), &expected),
        "
d_w has the wrong shape.
It is [3, 2] and must be [2, 3], like the array it belongs to.
It is the transpose of the expected gradient.
",
    );
}

#[test]
fn a_known_mistake_and_nan_in_a_table() {
    let expected = array![[1.0, 0.0], [1e-9, -2.0]];
    let received = array![[1.5, 0.25], [f64::NAN, -2.0]];
    assert_message(
        compare("d_q", &received, &expected),
        "
d_q does not match the numerical gradient.
Worst at [1, 0]: expected 1.0000000e-9, received NaN.
Wrong at 3 of 4 indices:
          expected              received (* wrong)
  [0, _]    1.0000         0      1.5000*    0.2500*
  [1, _]  1.000e-9   -2.0000         NaN*   -2.0000
1 of 4 received values is NaN, at [1, 0].
",
    );
    let received = array![[1.0, 0.25], [0.0, -2.0]];
    let known = [("without the scale 1/sqrt(head_dim)", received.view().into_dyn())];
    assert_message(
        compare_with_known("d_q", &received, &expected, &known),
        "
d_q does not match the numerical gradient.
Worst at [0, 1]: expected 0, received 0.25000000.
Wrong at 1 of 4 indices:
          expected              received (* wrong)
  [0, _]    1.0000         0      1.0000     0.2500*
  [1, _]  1.000e-9   -2.0000           0    -2.0000
Every value is what this mistake gives:
without the scale 1/sqrt(head_dim).
",
    );
}

#[test]
fn four_axes_and_tiny_numbers_still_fit_80_columns() {
    let expected = Array4::from_elem((2, 12, 13, 128), -1.5e-123);
    let mut received = expected.clone();
    received[[1, 11, 12, 127]] = -3.5e-101;
    received[[1, 10, 12, 127]] = 1e100;
    let message = compare("d_scores", &received, &expected).unwrap_err().to_string();
    assert!(message.lines().all(|line| line.len() <= 80), "\n{message}");
}

#[test]
fn the_panic_carries_the_message_and_the_callers_line() {
    let (sender, places) = mpsc::channel();
    let default_hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // The receiver is gone only when this test is over.
        let _ = sender.send(info.location().map(|at| (at.file().to_owned(), at.line())));
    }));
    let x = array![1.0, 2.0];
    let here = (file!().to_owned(), line!() + 1);
    let result = panic::catch_unwind(|| assert_gradient("d_x", &x, &x, |x| x.dot(x)));
    panic::set_hook(default_hook);

    assert!(places.try_iter().flatten().any(|place| place == here));
    let message = result.unwrap_err().downcast::<String>().expect("the panic has a message");
    assert!(message.starts_with("d_x does not match the numerical gradient."), "{message}");
    assert!(message.ends_with("the expected one times 1/2."), "{message}");
}

#[test]
fn a_small_matrix_is_shown_beside_what_it_must_be() {
    assert_close_tells(
        &array![[[0.25, 0.5], [0.5, 0.5]], [[1.0, 0.0], [0.0, 1.5]]],
        &array![[[0.25, 0.75], [0.5, 0.5]], [[1.0, 0.0], [0.0, 1.0]]],
        "
out: 2 of 8 values are not right, the first at [0, 0, 1].

             expected          received (* wrong)
  [0, 0, _]  0.2500  0.7500    0.2500   0.5000*
  [0, 1, _]  0.5000  0.5000    0.5000   0.5000
  [1, 0, _]  1.0000       0    1.0000        0
  [1, 1, _]       0  1.0000         0   1.5000*

Usual cause: a sign
",
    );
}

#[test]
fn whole_numbers_have_no_decimals() {
    assert_close_tells(
        &array![5.0, f64::INFINITY, -0.0],
        &array![5.0, f64::NEG_INFINITY, 0.0],
        "
out: 1 of 3 values is infinite, at [1].

  expected            received (* wrong)
     5  -inf     0       5    inf*     0

Usual cause: a sign
",
    );
}

#[test]
fn small_errors_get_as_many_decimals_as_show_them() {
    assert_close_tells(
        &array![[1.0, 200.5], [0.5, 0.25]],
        &array![[1.0, 200.5], [0.5, 0.250_002]],
        "
out: 1 of 4 values is not right, at [1, 1].

          expected                  received (* wrong)
  [0, _]    1.000000  200.500000      1.000000   200.500000
  [1, _]    0.500000    0.250002      0.500000     0.250000*

Usual cause: a sign
",
    );
}

#[test]
fn of_a_large_array_the_first_wrong_values_are_listed() {
    let expected = Array2::from_shape_fn((9, 20), |(i, j)| (i * 20 + j) as f64 / 8.0);
    assert_close_tells(
        &(&expected + 0.5),
        &expected,
        "
out: 180 of 180 values are not right, the first at [0, 0].

The first ones:
  index     expected    received  difference
  [0, 0]           0  0.50000000      5.0e-1
  [0, 1]  0.12500000  0.62500000      5.0e-1
  [0, 2]  0.25000000  0.75000000      5.0e-1
  [0, 3]  0.37500000  0.87500000      5.0e-1
  [0, 4]  0.50000000  1.00000000      5.0e-1

Usual cause: a sign
",
    );
}

#[test]
fn nan_has_a_sentence_of_its_own() {
    let mut received = Array2::zeros((3, 4));
    received[[0, 2]] = f64::NAN;
    received[[1, 0]] = f64::NAN;
    received[[2, 3]] = f64::NAN;
    assert_close_tells(
        &received,
        &Array2::zeros((3, 4)),
        "
out: 3 of 12 values are NaN, the first at [0, 2].

          expected              received (* wrong)
  [0, _]    0    0    0    0      0     0   NaN*    0
  [1, _]    0    0    0    0    NaN*    0     0     0
  [2, _]    0    0    0    0      0     0     0   NaN*

Usual cause: a sign
",
    );
    received[[0, 0]] = 1.0;
    assert_close_tells(
        &received,
        &Array2::zeros((3, 4)),
        "
out: 4 of 12 values are not right, the first at [0, 0].
3 of 12 values are NaN, the first at [0, 2].

          expected              received (* wrong)
  [0, _]    0    0    0    0      1*    0   NaN*    0
  [1, _]    0    0    0    0    NaN*    0     0     0
  [2, _]    0    0    0    0      0     0     0   NaN*

Usual cause: a sign
",
    );
}

#[test]
fn a_wrong_shape_is_told_first_and_so_is_a_wrong_order() {
    assert_close_tells(
        &array![[1.0], [2.0]],
        &array![[1.0, 2.0]],
        "
out: the shape is not right.
  expected [1, 2]
  received [2, 1]
The sizes are right, their order is not.

Usual cause: a sign
",
    );
    assert_close_tells(
        &array![[1.0, 2.0]],
        &array![[1.0, 2.0, 3.0]],
        "
out: the shape is not right.
  expected [1, 3]
  received [1, 2]

Usual cause: a sign
",
    );
}

#[test]
fn long_sentences_are_wrapped() {
    let (expected, received) = (array![1.0, 2.0], array![1.0, 3.0]);
    let long = "softmax_backward without the weighted mean of d_weights that must be subtracted \
                from each row before the product";
    let known = [(long, received.view().into_dyn())];
    assert_message(
        compare_with_known("d_x", &received, &expected, &known),
        "
d_x does not match the numerical gradient.
Worst at [1]: expected 2.00000000, received 3.00000000.
Wrong at 1 of 2 indices:
  expected    received (* wrong)
  1  2        1   3*
Every value is what this mistake gives:
softmax_backward without the weighted mean of d_weights that must be subtracted
from each row before the product.
",
    );
}

/// What an exercise answers, right and in two wrong ways.
const KNOWN: &[Known] = &[Known {
    exercise: "attention_scores",
    read: "`cargo course hint 7.2`, then the chapter book/text/lesson07_causal_attention.md",
    right: &[Part::numbers("scores", &[2, 1], &[0.5, 1.0]), Part::text("ids", "[1, 2]")],
    mistakes: &[
        Mistake {
            says: "your scores equal what comes out without the 1/sqrt(head_dim) scale of the dot \
                   products",
            answer: &[Part::numbers("scores", &[2, 1], &[1.0, 2.0]), Part::text("ids", "[1, 2]")],
        },
        Mistake {
            says: "your ids are in the order of the text",
            answer: &[Part::numbers("scores", &[2, 1], &[0.5, 1.0]), Part::text("ids", "[2, 1]")],
        },
        Mistake {
            says: "your scores are transposed",
            answer: &[Part::numbers("scores", &[1, 2], &[0.5, 1.0]), Part::text("ids", "[1, 2]")],
        },
    ],
}];

fn answer(scores: &Array2<f64>, ids: &[usize]) {
    let answer = [Part::of_array("scores", scores), Part::of("ids", &ids)];
    assert_no_known_mistake(KNOWN, "attention_scores", &answer);
}

#[test]
fn a_known_mistake_is_called_by_its_name() {
    assert_tells(
        || answer(&array![[1.0], [2.0]], &[1, 2]),
        "
attention_scores: your scores equal what comes out without the 1/sqrt(head_dim)
scale of the dot products.

`scores`:
          expected    received (* wrong)
  [0, _]  0.5000      1.0000*
  [1, _]  1.0000      2.0000*

To read: `cargo course hint 7.2`, then the chapter
book/text/lesson07_causal_attention.md
",
    );
    assert_tells(
        || answer(&array![[0.5], [1.0]], &[2, 1]),
        "
attention_scores: your ids are in the order of the text.

`ids`:
  expected [1, 2]
  received [2, 1]

To read: `cargo course hint 7.2`, then the chapter
book/text/lesson07_causal_attention.md
",
    );
    assert_tells(
        || answer(&array![[0.5, 1.0]], &[1, 2]),
        "
attention_scores: your scores are transposed.

`scores`: the shape is not right.
  expected [2, 1]
  received [1, 2]
The sizes are right, their order is not.

To read: `cargo course hint 7.2`, then the chapter
book/text/lesson07_causal_attention.md
",
    );
}

#[test]
fn what_is_right_or_wrong_in_a_way_of_its_own_is_not_named() {
    let nearly = 1.0 + 1e-10;
    answer(&array![[0.5], [nearly]], &[1, 2]);
    answer(&array![[1.0], [2.001]], &[1, 2]); // near a mistake, but another
    answer(&array![[1.0], [2.0]], &[2, 1]); // two mistakes at once
    answer(&array![[f64::NAN], [f64::NAN]], &[1, 2]);
}

#[test]
fn a_finite_number_is_not_the_infinite_one_of_a_mistake() {
    const HIDDEN: &[Known] = &[Known {
        exercise: "top_k",
        read: "the chapter",
        right: &[Part::numbers("logits", &[2], &[1.0, f64::NEG_INFINITY])],
        mistakes: &[Mistake {
            says: "your function hides the wrong one",
            answer: &[Part::numbers("logits", &[2], &[f64::NEG_INFINITY, 2.0])],
        }],
    }];
    let logits = Part::of_array("logits", &array![1.0, 2.0]);
    assert_no_known_mistake(HIDDEN, "top_k", &[logits]);
    let hidden = Part::of_array("logits", &array![f64::NEG_INFINITY, f64::NEG_INFINITY]);
    assert_no_known_mistake(HIDDEN, "top_k", &[hidden]); // nothing finite: nothing to recognise
}

#[test]
fn an_answer_that_is_not_recorded_is_an_error() {
    assert_tells(
        || assert_no_known_mistake(KNOWN, "causal_mask", &[]),
        "no answers of causal_mask are recorded: run `cargo course verify --record`",
    );
}
