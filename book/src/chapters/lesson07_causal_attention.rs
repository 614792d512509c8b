//! Chapter 7: its numbers, examples, pictures and the golden values of its widget.

use approx::assert_abs_diff_eq;
use lesson03_cross_entropy::softmax;
use lesson07_causal_attention::{
    attention_backward, attention_forward, attention_scores, attention_weights, causal_mask,
    query_blocks,
};
use ndarray::{Array2, Array4, array, s};
use serde_json::{Value, json};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing, Point};
use crate::numbers::Numbers;

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[
        ("attention_steps", steps),
        ("attention_blocks", blocks),
        ("attention_back", back),
    ],
    widgets: &[("attention", golden)],
};

/// The sentence of the picture and of the widget, and scores that a trained head might give it:
/// row = query, column = key.
const WORDS: [&str; 4] = ["the", "cat", "sat", "on"];
const SCORES: [[f64; 4]; 4] =
    [[0.5, 1.2, 0.3, -0.4], [1.0, 0.2, 1.5, 0.1], [0.1, 2.0, 0.4, 0.9], [0.3, 0.2, 1.8, 0.5]];

fn numbers(n: &mut Numbers) {
    shapes();
    by_hand();
    hide_first();
    nobody_looks_ahead();
    gradient();

    let ln_3 = 3f64.ln();
    n.says("2.197", 2.0 * ln_3);
    n.says("1.0986", ln_3);
    n.says("-1.6479", -1.5 * ln_3);
    let weights = softmax(array![0.0, ln_3]);
    n.says("0.25", weights[0]);
    n.says("0.75", weights[1]);

    let shares = softmax(array![8.0, 0.0]);
    n.says("2,981", shares[0] / shares[1]);
    n.says("0.0003", shares[0] * shares[1]);
    let shares = softmax(array![1.0, 0.0]);
    n.says("2.7", shares[0] / shares[1]);
    n.says("0.2", shares[0] * shares[1]);

    let weights = weights_of(SCORES, true);
    n.says("2.0", SCORES[2][1]);
    n.says("0.74", weights[[2, 1]]);
    n.says("1.5", SCORES[1][2]);
    n.says("0.31", weights[[1, 1]]);
    let bench = "cargo bench -p capstone --bench lesson07_causal_attention, on one machine";
    n.given("1.3", bench);
    n.given("1.5", bench);
    n.says("65,536", f64::from(256 * 256));
    n.says("32,640", causal_mask(256).iter().filter(|&&seen| !seen).count() as f64);
    n.given("10.0", "a score that is not low enough, chosen as an example");
    n.given("1000", "a score that is far too large, chosen as an example");
    n.given("1,024", "a context length, chosen as an example");
    n.says("1,048,576", f64::from(1024 * 1024));
}

fn shapes() {
    let q = Array4::<f64>::ones((2, 4, 5, 8)); // batch, n_heads, seq_len, head_dim
    let (k, v) = (q.clone(), q.clone());
    assert_eq!(causal_mask(5).dim(), (5, 5));
    assert_eq!(attention_scores(&q, &k).dim(), (2, 4, 5, 5));
    let (out, saved) = attention_forward(&q, &k, &v);
    assert_eq!(saved.attn_weights.dim(), (2, 4, 5, 5));
    assert_eq!(out.dim(), (2, 4, 5, 8));
}

fn by_hand() {
    let q = array![[[[2.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]]]]; // the, cat
    let k = array![[[[0.0, 0.0, 0.0, 0.0], [3f64.ln(), 0.0, 0.0, 0.0]]]];
    let v = array![[[[4.0, 0.0, 1.0, 8.0], [8.0, 4.0, 1.0, 0.0]]]];
    let (out, saved) = attention_forward(&q, &k, &v);
    let weights = array![[[[1.0, 0.0], [0.25, 0.75]]]];
    assert_abs_diff_eq!(saved.attn_weights, weights, epsilon = 1e-12);
    let expected = array![[[[4.0, 0.0, 1.0, 8.0], [7.0, 3.0, 1.0, 2.0]]]];
    assert_abs_diff_eq!(out, expected, epsilon = 1e-12);
}

fn hide_first() {
    let scores = array![[[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]]];
    let first = attention_weights(scores.clone(), &causal_mask(3));
    let row = array![0.5, 0.5, 0.0];
    assert_abs_diff_eq!(first.slice(s![0, 0, 1, ..]), row, epsilon = 1e-12);

    let keep = causal_mask(3).mapv(|seen| f64::from(u8::from(seen)));
    let afterwards = softmax(scores) * keep; // the wrong order
    let third = 1.0 / 3.0;
    let row = array![third, third, 0.0]; // a third of the attention has got lost
    assert_abs_diff_eq!(afterwards.slice(s![0, 0, 1, ..]), row, epsilon = 1e-12);
}

fn nobody_looks_ahead() {
    let q = array![[[[0.3, -1.2], [0.8, 0.5], [1.1, 0.4]]]];
    let (k, v) = (q.mapv(f64::cos), q.mapv(f64::sin)); // any numbers will do
    let (before, _) = attention_forward(&q, &k, &v);
    let [q, k, v] = [q, k, v].map(|mut x| {
        x.slice_mut(s![.., .., 2, ..]).fill(9.0); // the last token becomes another one
        x
    });
    let (after, _) = attention_forward(&q, &k, &v);
    assert_eq!(after.slice(s![.., .., ..2, ..]), before.slice(s![.., .., ..2, ..]));
}

fn gradient() {
    let q = array![[[[2.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]]]]; // as before
    let k = array![[[[0.0, 0.0, 0.0, 0.0], [3f64.ln(), 0.0, 0.0, 0.0]]]];
    let v = array![[[[4.0, 0.0, 1.0, 8.0], [8.0, 4.0, 1.0, 0.0]]]];
    let (_, saved) = attention_forward(&q, &k, &v);
    let d_out = array![[[[1.0, 1.0, 1.0, 1.0], [0.0, 4.0, 0.0, 4.0]]]];
    let grads = attention_backward(&d_out, &q, &k, &v, &saved);
    let d_k = array![[[[3.0, 0.0, 0.0, 0.0], [-3.0, 0.0, 0.0, 0.0]]]];
    assert_abs_diff_eq!(grads.d_k, d_k, epsilon = 1e-12);
    assert_abs_diff_eq!(grads.d_q[[0, 0, 1, 0]], -1.5 * 3f64.ln(), epsilon = 1e-12);
    let d_v = array![[[[1.0, 2.0, 1.0, 2.0], [0.0, 3.0, 0.0, 3.0]]]];
    assert_abs_diff_eq!(grads.d_v, d_v, epsilon = 1e-12);
}

/// The weights of four tokens in one head.
fn weights_of(scores: [[f64; 4]; 4], causal: bool) -> Array2<f64> {
    let scores = Array4::from_shape_fn((1, 1, 4, 4), |(.., i, j)| scores[i][j]);
    let mask = if causal { causal_mask(4) } else { Array2::from_elem((4, 4), true) };
    attention_weights(scores, &mask).slice_move(s![0, 0, .., ..])
}

/// Three rows of weights that the widget must get right too.
fn golden() -> Value {
    let mut large = SCORES;
    large[1] = [0.2, 0.7, 1000.0, -1000.0]; // the largest is hidden
    large[2] = [1000.0, 999.0, -1000.0, 1000.0];
    let row = |scores: [[f64; 4]; 4], query: usize, causal: bool| {
        let weights = weights_of(scores, causal).row(query).to_vec();
        json!({ "query": query, "causal": causal, "scores": scores[query], "weights": weights })
    };
    json!({
        "words": WORDS,
        "scores": SCORES,
        "values": [row(large, 1, true), row(large, 2, true), row(SCORES, 0, false)],
    })
}

/// One cell of a matrix.
fn cell(picture: &mut Drawing, at: Point, colour: Colour, strength: f64, label: &str) {
    picture.matrix(at, CELL, colour, &[vec![(strength, label.to_owned())]]);
}

const CELL: f64 = 46.0;

fn steps() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        352.0,
        "Two tables of four by four. On the left the scores: one row for each query, one column \
         for each key, the words the, cat, sat, on. All cells right of the diagonal, which belong \
         to later keys, hold minus infinity. On the right the weights: the same cells hold 0, and \
         each row sums to 1. In the row of sat the key cat has the largest weight. Below: the \
         output of sat is the sum of the values of the, cat and sat, each times its weight.",
    );
    let weights = weights_of(SCORES, true);
    let (left, right, top) = (60.0, 366.0, 76.0);
    for (x, title) in [(left, "scores, the future hidden"), (right, "attention weights")] {
        picture.text((x + 2.0 * CELL, 20.0), Align::Middle, Colour::Ink, title);
        picture.sized_text((x - 10.0, 66.0), 12.0, Align::End, Colour::Faint, "query");
        picture.sized_text((x + 2.0 * CELL, 42.0), 12.0, Align::Middle, Colour::Faint, "key");
        for (j, word) in WORDS.iter().enumerate() {
            let along = CELL * (j as f64 + 0.5);
            picture.text((x + along, 64.0), Align::Middle, Colour::Orange, word);
            picture.text((x - 10.0, top + along + 5.0), Align::End, Colour::Blue, word);
        }
    }
    for i in 0..4 {
        for j in 0..4 {
            let at = |x: f64| (x + CELL * j as f64, top + CELL * i as f64);
            if causal_mask(4)[[i, j]] {
                let score = format!("{:.1}", SCORES[i][j]);
                cell(&mut picture, at(left), Colour::Blue, 0.3, &score);
                let weight = weights[[i, j]];
                cell(&mut picture, at(right), Colour::Green, weight, &format!("{weight:.2}"));
            } else {
                cell(&mut picture, at(left), Colour::Faint, 0.0, "−∞");
                cell(&mut picture, at(right), Colour::Faint, 0.0, "0");
            }
        }
    }
    let middle = top + 2.0 * CELL;
    picture.arrow((254.0, middle), (312.0, middle), Colour::Ink);
    picture.sized_text((283.0, middle - 12.0), 13.0, Align::Middle, Colour::Ink, "softmax");
    picture.sized_text((283.0, middle + 20.0), 12.0, Align::Middle, Colour::Faint, "row by row");
    let parts: Vec<String> =
        (0..3).map(|j| format!("{:.2} v({})", weights[[2, j]], WORDS[j])).collect();
    let sum = format!("out(sat) = {}", parts.join(" + "));
    picture.arrow((right + 2.0 * CELL, 268.0), (right + 2.0 * CELL, 304.0), Colour::Ink);
    picture.text((550.0, 332.0), Align::End, Colour::Green, &sum);
    picture
}

fn blocks() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        292.0,
        "A table of four by four squares, each 64 queries high and 64 keys wide. From the top row \
         to the bottom row, the first one, two, three and all four squares are filled: 10 of 16. \
         The last of each row, on the diagonal, is half filled by the mask.",
    );
    let (left, top) = (170.0, 56.0);
    picture.text((left + 2.0 * SQUARE, 20.0), Align::Middle, Colour::Orange, "keys");
    picture.text((left - 84.0, top + 2.0 * SQUARE + 5.0), Align::Middle, Colour::Blue, "queries");
    for (i, (start, end)) in query_blocks(256).enumerate() {
        let along = SQUARE * i as f64;
        let (y, middle) = (top + along, along + SQUARE / 2.0);
        let range = format!("{start}–{}", end - 1);
        picture.sized_text((left - 10.0, top + middle + 4.0), 12.0, Align::End, Colour::Faint, &range);
        picture.sized_text((left + middle, top - 8.0), 12.0, Align::Middle, Colour::Faint, &range);
        for j in 0..4 {
            let x = left + SQUARE * j as f64;
            let strength = if j < i { 0.7 } else { 0.0 };
            picture.rectangle((x, y), (SQUARE, SQUARE), Colour::Green, strength);
        }
        let x = left + along;
        let (right, bottom) = (x + SQUARE, y + SQUARE);
        picture.polygon(&[(x, y), (right, bottom), (x, bottom)], Colour::Green, 0.7);
        picture.polygon(&[(x, y), (right, bottom), (right, y)], Colour::Green, 0.25);
    }
    let beside = left + 4.0 * SQUARE + 18.0;
    for (line, text) in ["10 of 16 squares", "are computed"].into_iter().enumerate() {
        let y = top + 2.0 * SQUARE + 20.0 * line as f64;
        picture.text((beside, y), Align::Start, Colour::Green, text);
    }
    picture
}

/// 64 queries, or 64 keys.
const SQUARE: f64 = 56.0;

fn back() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        236.0,
        "Forward: q and k go into scores, scores become weights, weights and v become out. \
         Backward, along the same lines from right to left: d_out gives d_v and d_weights, \
         d_weights gives d_scores, d_scores gives d_q and d_k.",
    );
    let size = (96.0, 52.0);
    let boxes = [
        ((10.0, 20.0), Colour::Blue, "q\nd_q"),
        ((10.0, 92.0), Colour::Orange, "k\nd_k"),
        ((10.0, 174.0), Colour::Green, "v\nd_v"),
        ((158.0, 56.0), Colour::Ink, "scores\nd_scores"),
        ((316.0, 56.0), Colour::Ink, "weights\nd_weights"),
        ((454.0, 116.0), Colour::Green, "out\nd_out"),
    ];
    for (corner, colour, label) in boxes {
        picture.labelled_box(corner, size, colour, label);
    }
    let both = |picture: &mut Drawing, from: Point, to: Point| {
        picture.arrow((from.0, from.1 - 5.0), (to.0, to.1 - 5.0), Colour::Faint);
        picture.arrow((to.0, to.1 + 5.0), (from.0, from.1 + 5.0), Colour::Orange);
    };
    both(&mut picture, (108.0, 46.0), (156.0, 76.0));
    both(&mut picture, (108.0, 118.0), (156.0, 92.0));
    both(&mut picture, (256.0, 82.0), (314.0, 82.0));
    both(&mut picture, (414.0, 88.0), (452.0, 132.0));
    both(&mut picture, (108.0, 200.0), (452.0, 152.0));
    let remark = |picture: &mut Drawing, x, y, text: &str| {
        picture.sized_text((x, y), 12.0, Align::Middle, Colour::Faint, text);
    };
    remark(&mut picture, 132.0, 24.0, "product");
    remark(&mut picture, 285.0, 64.0, "softmax");
    remark(&mut picture, 440.0, 84.0, "product");
    picture
}
