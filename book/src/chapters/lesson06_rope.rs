//! Chapter 6: its numbers, examples, pictures and the golden values of its widget.

use std::f64::consts::TAU;

use approx::assert_abs_diff_eq;
use lesson06_rope::{inverse_frequencies, rope_backward, rope_forward, rope_table};
use ndarray::{Array4, array};
use serde_json::{Value, json};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing, Point};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};

/// The head of the course's small model, and the theta of the paper.
const HEAD_DIM: usize = 8;
const THETA: f64 = 10_000.0;

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[("rope_hands", hands), ("rope_distance", distance), ("rope_fall", fall)],
    widgets: &[("rope", golden)],
};

fn numbers(n: &mut Numbers) {
    turn_by_hand();
    shapes();
    same_distance();
    gradient();

    n.given("10,000", "theta, Su et al. 2021, section 3.2.2");
    n.given("500,000", "theta of Llama 3, Grattafiori et al. 2024, section 3.2");
    n.given("1,000,000", "a far position, chosen as an example");
    let far = 1_000_000_f32;
    n.says("0.0625", f64::from(far.next_up() - far));

    let frequencies = inverse_frequencies(HEAD_DIM, THETA);
    n.says("0.1", frequencies[1]);
    n.says("0.01", frequencies[2]);
    n.says("0.001", frequencies[3]);
    n.says("6,283", TAU / frequencies[3]);

    n.says("0.5403", 1f64.cos());
    n.says("0.8415", 1f64.sin());
    n.says("-0.4161", 2f64.cos());
    n.says("0.9093", 2f64.sin());

    let (q, k) = (WIDGET_Q, WIDGET_K);
    for (written, value) in
        [("0.5", q[1]), ("-0.7", q[2]), ("1.2", q[3]), ("0.8", k[0]), ("-0.3", k[1]), ("0.6", k[2])]
    {
        n.says(written, value);
    }

    for (distance, written) in [(1, "7.071"), (4, "4.533"), (16, "2.000"), (64, "6.370")] {
        n.says(written, ones_at_distance(HEAD_DIM, distance));
    }
}

fn turn_by_hand() {
    let table = rope_table::<f64>(3, 2, 10_000.0);
    let x = array![[[[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]]]; // the same point, three positions
    let out = rope_forward(x, &table, 0);
    let expected = array![[[[1.0, 0.0], [0.5403, 0.8415], [-0.4161, 0.9093]]]];
    assert_abs_diff_eq!(out, expected, epsilon = 1e-4);
}

fn shapes() {
    let (batch, n_heads, seq_len, head_dim) = (2, 4, 5, 8);
    let table = rope_table::<f64>(16, head_dim, 10_000.0);
    assert_eq!(inverse_frequencies(head_dim, 10_000.0).dim(), 4);
    assert_eq!(table.cos.dim(), (16, 4));
    assert_eq!(table.sin.dim(), (16, 4));

    let q = Array4::<f64>::ones((batch, n_heads, seq_len, head_dim));
    assert_eq!(rope_forward(q, &table, 0).dim(), (2, 4, 5, 8));
}

fn same_distance() {
    let table = rope_table::<f64>(32, 4, 10_000.0);
    let q = array![[[[0.3, -1.2, 0.8, 0.5]]]];
    let k = array![[[[1.1, 0.4, -0.6, 0.9]]]];
    let score = |m: usize, n: usize| {
        let q = rope_forward(q.clone(), &table, m);
        let k = rope_forward(k.clone(), &table, n);
        (q * k).sum()
    };
    assert!((score(3, 1) - score(7, 5)).abs() < 1e-12); // both 2 apart
    assert!((score(3, 1) - score(31, 29)).abs() < 1e-12);
    assert!((score(3, 1) - score(1, 3)).abs() > 1.0); // the order matters
}

fn gradient() {
    let table = rope_table::<f64>(8, 2, 10_000.0);
    let d_out = array![[[[0.5, -2.0]]]];
    let d_x = rope_backward(d_out.clone(), &table, 1);
    let (sin, cos) = 1f64.sin_cos();
    let by_hand = array![[[[0.5 * cos - 2.0 * sin, -0.5 * sin - 2.0 * cos]]]];
    assert_abs_diff_eq!(d_x, by_hand, epsilon = 1e-12);
    assert_abs_diff_eq!(rope_forward(d_x, &table, 1), d_out, epsilon = 1e-12); // and back
}

/// `q · k` of two vectors of ones, `distance` positions apart.
fn ones_at_distance(head_dim: usize, distance: usize) -> f64 {
    let table = rope_table::<f64>(distance + 1, head_dim, THETA);
    let ones = Array4::<f64>::ones((1, 1, 1, head_dim));
    (rope_forward(ones.clone(), &table, distance) * rope_forward(ones, &table, 0)).sum()
}

const WIDGET_Q: [f64; 4] = [1.0, 0.5, -0.7, 1.2];
const WIDGET_K: [f64; 4] = [0.8, -0.3, 0.6, 1.0];

/// Three products that the widget must get right too.
fn golden() -> Value {
    let one_token = |x: [f64; 4]| Array4::from_shape_fn((1, 1, 1, 4), |(.., i)| x[i]);
    let (q, k) = (one_token(WIDGET_Q), one_token(WIDGET_K));
    let table = rope_table::<f64>(64, 4, 100.0);
    let value = |m: usize, n: usize| {
        let q = rope_forward(q.clone(), &table, m);
        let k = rope_forward(k.clone(), &table, n);
        json!({ "q_position": m, "k_position": n, "product": (q * k).sum() })
    };
    json!({
        "theta": 100.0,
        "q": q.iter().collect::<Vec<_>>(),
        "k": k.iter().collect::<Vec<_>>(),
        "values": [value(3, 1), value(31, 29), value(0, 40)],
    })
}

/// The point at `angle` on a circle, counterclockwise from the right.
fn on_circle(centre: Point, radius: f64, angle: f64) -> Point {
    (centre.0 + radius * angle.cos(), centre.1 - radius * angle.sin())
}

fn hands() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        400.0,
        "Twenty dials: one row for each of the four pairs of a head, one column for each of the \
         words the, cat, sat, on, the at positions 0 to 4. All hands of column 0 point right. In \
         the first row the hand turns by one radian from word to word and is past half a turn at \
         position 4. In the second row it has turned by less than half a radian there; in the \
         third and fourth row one hardly sees it move.",
    );
    let frequencies = inverse_frequencies(HEAD_DIM, THETA);
    for (position, word) in ["the", "cat", "sat", "on", "the"].iter().enumerate() {
        let x = 180.0 + 84.0 * position as f64;
        picture.text((x, 24.0), Align::Middle, Colour::Ink, word);
        let label = format!("position {position}");
        picture.sized_text((x, 44.0), 12.0, Align::Middle, Colour::Faint, &label);
        for (i, frequency) in frequencies.iter().enumerate() {
            let centre = (x, 96.0 + 82.0 * i as f64);
            let angle = position as f64 * frequency;
            picture.circle(centre, 32.0, Colour::Faint);
            picture.arc(centre, 14.0, 0.0, angle, Colour::Orange);
            picture.arrow(centre, on_circle(centre, 32.0, angle), Colour::Blue);
        }
    }
    for (i, frequency) in frequencies.iter().enumerate() {
        let y = 96.0 + 82.0 * i as f64;
        picture.text((12.0, y - 3.0), Align::Start, Colour::Ink, &format!("pair {i}"));
        let speed = format!("{:.3} rad a step", frequency);
        picture.sized_text((12.0, y + 15.0), 12.0, Align::Start, Colour::Faint, &speed);
    }
    picture
}

fn distance() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        250.0,
        "Two dials, each with the hand of a query and the hand of a key. On the left the query \
         stands at position 3 and the key at position 1, on the right at positions 7 and 5. Both \
         hands have turned on between the two dials, but the angle between them, 2 radians, is \
         the same.",
    );
    for (x, m, n) in [(140.0, 3.0, 1.0), (420.0, 7.0, 5.0)] {
        let centre = (x, 135.0);
        picture.text((x, 22.0), Align::Middle, Colour::Ink, &format!("query at {m}, key at {n}"));
        picture.circle(centre, 72.0, Colour::Faint);
        picture.arc(centre, 30.0, n, m, Colour::Ink);
        for (name, angle, colour) in [("q", m, Colour::Blue), ("k", n, Colour::Orange)] {
            picture.arrow(centre, on_circle(centre, 72.0, angle), colour);
            let (x, y) = on_circle(centre, 88.0, angle);
            picture.text((x, y + 5.0), Align::Middle, colour, name);
        }
        let middle = on_circle(centre, 46.0, (m + n) / 2.0);
        picture.sized_text((middle.0, middle.1 + 5.0), 13.0, Align::Middle, Colour::Ink, "2");
    }
    picture
}

fn fall() -> Drawing {
    let curve = |head_dim| {
        let at = |d| (d as f64, ones_at_distance(head_dim, d) / head_dim as f64);
        (0..=128).map(at).collect()
    };
    plot(
        "Two curves of the product over the distance, from 0 to 128 positions. Both start at 1. \
         The one for 8 dimensions swings up and down by half with a period of about 6; the one for \
         128 dimensions falls quickly to about a half and then slowly, with small waves.",
        ("distance in positions", 0.0..128.0),
        ("q · k, as a part of its largest value", -0.2..1.0),
        &[
            Line { name: "head_dim 8", colour: Colour::Orange, points: curve(8) },
            Line { name: "head_dim 128", colour: Colour::Blue, points: curve(128) },
        ],
    )
}
