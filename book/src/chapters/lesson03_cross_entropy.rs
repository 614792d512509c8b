//! Chapter 3: its numbers, examples and pictures.

use std::f64::consts::LN_2;

use approx::assert_abs_diff_eq;
use lesson03_cross_entropy::{
    cross_entropy_backward, cross_entropy_forward, exp, log_softmax, perplexity, softmax,
    softmax_backward,
};
use ndarray::{Array1, Array2, Array3, array};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[("loss_steps", steps), ("loss_curve", curve)],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    shapes();
    far_apart();
    two_tokens();
    softmax_gradient();
    loss_gradient();

    let probs = softmax(scores());
    n.says("1.5", scores()[MAT]);
    n.says("0.88", -probs[MAT].ln());
    n.says("1.08", -probs[CAT].ln());

    let eighths = softmax(array![1f64.ln(), 2f64.ln(), 5f64.ln()]);
    n.says("0.693", 2f64.ln());
    n.says("1.609", 5f64.ln());
    for (written, i) in [("0.125", 0), ("0.25", 1), ("0.625", 2)] {
        n.says(written, eighths[i]);
    }
    n.says("0.470", -eighths[2].ln());
    n.says("2.079", -eighths[0].ln());

    n.says("1.792", blind_guess(6));
    n.says("4.29", blind_guess(73));
    n.says("4.17", blind_guess(65));
    assert!((4.2861 - blind_guess(73)).abs() < 0.01, "the first loss, as the capstone printed it");

    assert!(exp(88.72f32).is_finite() && exp(88.73f32).is_infinite());
    n.given("88.72", "the last number with two decimals whose f32 exponential is finite");
    n.says("0.347", LN_2 / 2.0);
    n.says("1.2e-7", (LN_2 / 2.0).powi(7) / 5040.0);
    n.says("1.2e-7", f64::from(f32::EPSILON));
    n.says("12,582,912", 1.5 * 2f64.powi(23));
    let bench = "cargo bench -p capstone --bench lesson03_cross_entropy, on one machine";
    n.given("4,096", "numbers in that benchmark; and tokens in a row, chosen as an example");
    n.given("13.5", bench);
    n.given("1.5", bench);
    n.given("3e-7", "the limit in tests/exp_accuracy.rs");

    n.says("6.4", 1.0 / ((0.25 + 1.0 / 16.0) / 2.0));
    n.given("-1,000", "very low scores, chosen as an example");
    n.given("200,000", "the vocabulary of a large model, from the course");
    assert_eq!((8.0 * 4096.0 * 200_000.0 * 4.0 / 1e9_f64).round(), 26.0);
}

fn shapes() {
    let logits = Array3::<f64>::zeros((2, 4, 6));
    let targets = Array2::<usize>::zeros((2, 4)); // all <pad>, and none is scored
    let (loss, saved) = cross_entropy_forward(logits, &targets, Some(0));
    assert_eq!((loss, saved.n_scored), (0.0, 0));
    assert_eq!(saved.log_probs.dim(), (2, 4, 6));

    let d_logits = cross_entropy_backward(1.0, &targets, Some(0), &saved);
    assert_eq!(d_logits.dim(), (2, 4, 6));
}

fn far_apart() {
    let scores = array![0f32, -200.0];
    let probs = softmax(scores.clone());
    assert_eq!(probs, array![1.0, 0.0]); // rounded
    assert_eq!(probs[1].ln(), f32::NEG_INFINITY);
    assert_eq!(log_softmax(scores), array![0.0, -200.0]);
    assert_eq!(softmax(array![1000f32, 1000.0]), array![0.5, 0.5]); // no overflow
}

fn two_tokens() {
    // in each row 1/2, 1/4, 1/8, 1/16 and 1/16
    let logits = Array3::from_shape_fn((1, 3, 5), |(.., i)| [8f64, 4.0, 2.0, 1.0, 1.0][i].ln());
    let targets = array![[1, 2, 0]]; // a quarter, an eighth, and padding
    let (loss, saved) = cross_entropy_forward(logits.clone(), &targets, Some(0));
    assert_eq!(saved.n_scored, 2);
    assert_abs_diff_eq!(loss, (4f64.ln() + 8f64.ln()) / 2.0, epsilon = 1e-12);

    let (loss, _) = cross_entropy_forward(logits, &array![[1, 1, 0]], Some(0));
    assert_abs_diff_eq!(perplexity(loss), 4.0, epsilon = 1e-12); // 1/4 both times
}

fn softmax_gradient() {
    let probs = array![0.125, 0.25, 0.625];
    let d_probs = array![8.0, 0.0, 0.0]; // only the first one matters to the loss
    let d_scores = softmax_backward(d_probs, &probs); // shared: 8 * 0.125 = 1
    assert_eq!(d_scores, array![0.125 * (8.0 - 1.0), -0.25, -0.625]);
}

fn loss_gradient() {
    let logits = array![[[1f64.ln(), 2f64.ln(), 5f64.ln()]]];
    let targets = array![[2]];
    let (_, saved) = cross_entropy_forward(logits, &targets, None);
    let d_logits = cross_entropy_backward(1.0, &targets, None, &saved);
    assert_abs_diff_eq!(d_logits, array![[[0.125, 0.25, 0.625 - 1.0]]], epsilon = 1e-12);
}

/// The loss of a model that gives all tokens the same score.
fn blind_guess(vocab_size: usize) -> f64 {
    let logits = Array3::zeros((1, 1, vocab_size));
    cross_entropy_forward(logits, &array![[1]], None).0
}

const WORDS: [&str; 6] = ["<pad>", "the", "cat", "sat", "on", "mat"];
const CAT: usize = 2;
const MAT: usize = 5;

/// The logits of chapter 2's picture.
fn scores() -> Array1<f64> {
    array![0.0, -0.8, 1.3, -0.25, -0.75, 1.5]
}

fn steps() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        330.0,
        "Three columns of bars for the tokens <pad>, the, cat, sat, on, mat. The scores 0, -0.8, \
         1.3, -0.25, -0.75 and 1.5 go to the right and to the left of a line. Their exponentials, \
         from 0.45 to 4.48, are all positive. Divided by their sum they are probabilities: cat \
         has 0.34, mat 0.41, the others less than 0.1. Below stands: the next word is mat, loss = \
         -ln 0.41 = 0.88.",
    );
    let probs = softmax(scores());
    let heads = [(140.0, "score"), (285.0, "exp(score)"), (452.0, "divided by the sum")];
    for (x, head) in heads {
        picture.sized_text((x, 20.0), 14.0, Align::Middle, Colour::Faint, head);
    }
    picture.line((120.0, 34.0), (120.0, 272.0), Colour::Faint);
    for (row, word) in WORDS.iter().enumerate() {
        let y = 40.0 + 39.0 * row as f64;
        let (score, p) = (scores()[row], probs[row]);
        picture.text((8.0, y + 20.0), Align::Start, Colour::Ink, word);

        let width = 32.0 * score;
        let left = 120.0 + width.min(0.0);
        picture.rectangle((left, y), (width.abs().max(1.0), 29.0), Colour::Blue, 0.3);
        let end = 120.0 + width.max(0.0) + 8.0;
        picture.sized_text((end, y + 19.0), 13.0, Align::Start, Colour::Ink, &format!("{score}"));

        let width = 20.0 * score.exp();
        picture.rectangle((245.0, y), (width, 29.0), Colour::Orange, 0.3);
        let label = format!("{:.2}", score.exp());
        picture.sized_text((253.0 + width, y + 19.0), 13.0, Align::Start, Colour::Ink, &label);

        let width = 200.0 * p;
        let strength = if row == MAT { 0.6 } else { 0.15 };
        picture.rectangle((412.0, y), (width, 29.0), Colour::Green, strength);
        let label = format!("{p:.2}");
        picture.sized_text((420.0 + width, y + 19.0), 13.0, Align::Start, Colour::Ink, &label);
    }
    let p = probs[MAT];
    let label = format!("the next word is \"mat\":  loss = -ln {p:.2} = {:.2}", -p.ln());
    picture.text((552.0, 312.0), Align::End, Colour::Green, &label);
    picture
}

fn curve() -> Drawing {
    let over = |f: fn(f64) -> f64| -> Vec<(f64, f64)> {
        let points = (1..=500).map(|i| f64::from(i) / 500.0).map(|p| (p, f(p)));
        points.filter(|(_, y)| *y <= 5.0).collect()
    };
    plot(
        "Two curves over the probability of the right token, from 0 to 1. Minus the logarithm \
         falls from above 5 steeply at first, passes 0.69 at one half, and ends at 0. What is \
         missing to 1 is a straight line from 1 down to 0 and lies below it everywhere.",
        ("probability that the right token was given", 0.0..1.0),
        ("loss", 0.0..5.0),
        &[
            Line { name: "-ln p", colour: Colour::Green, points: over(|p| -p.ln()) },
            Line { name: "1 - p", colour: Colour::Faint, points: over(|p| 1.0 - p) },
        ],
    )
}
