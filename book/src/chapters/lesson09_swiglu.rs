//! Chapter 9: its numbers, examples and pictures.

use approx::assert_abs_diff_eq;
use lesson02_embeddings::linear_forward;
use lesson09_swiglu::{SwiGluParams, silu, silu_derivative, swiglu_backward, swiglu_forward};
use ndarray::{Array2, Array3, array};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};
use crate::runs::compared;

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[("swiglu_gate", gate), ("swiglu_bends", bends)],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    shapes();
    without_a_bend();
    by_hand();
    slopes();
    gradient();

    let ln_3 = 3f64.ln();
    n.says("1.099", ln_3);
    n.says("0.75", 1.0 / (1.0 + (-ln_3).exp()));
    n.says("0.25", 1.0 / (1.0 + ln_3.exp()));
    n.says("0.824", silu(ln_3));
    n.says("-0.275", silu(-ln_3));
    n.says("3.296", 4.0 * silu(ln_3));
    n.says("-2.197", 8.0 * silu(-ln_3));
    n.says("0.956", silu_derivative(ln_3));
    n.says("1.648", 2.0 * silu(ln_3));
    n.says("7.648", 2.0 * 4.0 * silu_derivative(ln_3));

    let lowest = (0..=4000).map(|i| -f64::from(i) / 1000.0).min_by(|&a, &b| {
        silu(a).partial_cmp(&silu(b)).expect("numbers")
    });
    let lowest = lowest.expect("some");
    n.says("-1.28", lowest);
    n.says("-0.28", silu(lowest));
    n.given("1000", "a gate that is far too large, chosen as an example");

    let (d_model, hidden_dim) = (32, 128);
    n.says("4,096", f64::from(d_model * hidden_dim));
    n.says("12,288", f64::from(3 * d_model * hidden_dim));
    n.says("16,384", f64::from(3 * d_model * hidden_dim + 4 * d_model * d_model));
    n.given("14,336", "hidden width of Llama 3 8B, Grattafiori et al. 2024, table 3");
    n.says("3.5", 14_336.0 / 4096.0);

    n.says("37,600", compared("plain").0);
    for (variant, mean, least, largest) in [
        ("plain", "0.4141", "0.4137", "0.4149"),
        ("relu", "0.4161", "0.4142", "0.4179"),
        ("relu2", "0.4184", "0.4177", "0.4189"),
    ] {
        let (_, losses) = compared(variant);
        n.says(mean, losses.iter().sum::<f64>() / losses.len() as f64);
        n.says(least, losses.iter().copied().fold(f64::INFINITY, f64::min));
        n.says(largest, losses.iter().copied().fold(0.0, f64::max));
    }
}

fn shapes() {
    let (batch, seq_len, d_model, hidden_dim) = (2, 5, 32, 128);
    let params = SwiGluParams {
        w_gate: Array2::<f64>::ones((hidden_dim, d_model)),
        w_up: Array2::ones((hidden_dim, d_model)),
        w_down: Array2::ones((d_model, hidden_dim)),
    };
    let x = Array3::ones((batch, seq_len, d_model));
    let (out, saved) = swiglu_forward(&x, &params);
    assert_eq!(saved.gate.dim(), (2, 5, 128));
    assert_eq!(saved.up.dim(), (2, 5, 128));
    assert_eq!(out.dim(), x.dim());
}

fn without_a_bend() {
    let x = array![[[1.0, -2.0]]];
    let up = array![[0.5, 1.0], [-1.0, 0.3], [2.0, 0.1]]; // wider
    let down = array![[1.0, 0.2, -0.4], [0.7, -0.1, 0.6]]; // and narrow again
    let two = linear_forward(&linear_forward(&x, &up), &down);
    let one = linear_forward(&x, &down.dot(&up)); // a single matrix does the same
    assert_abs_diff_eq!(two, one, epsilon = 1e-12);
}

/// The small layer of the picture: two numbers, three wide.
fn small() -> SwiGluParams<f64> {
    let ln_3 = 3f64.ln();
    SwiGluParams {
        w_gate: array![[ln_3, 0.0], [-ln_3, 0.0], [0.0, 0.0]],
        w_up: array![[0.0, 2.0], [0.0, 4.0], [1.0, 2.0]],
        w_down: array![[1.0, 0.0, 0.0], [1.0, 1.0, 2.0]],
    }
}

fn by_hand() {
    let ln_3 = 3f64.ln();
    let params = SwiGluParams {
        w_gate: array![[ln_3, 0.0], [-ln_3, 0.0], [0.0, 0.0]],
        w_up: array![[0.0, 2.0], [0.0, 4.0], [1.0, 2.0]],
        w_down: array![[1.0, 0.0, 0.0], [1.0, 1.0, 2.0]],
    };
    let (out, saved) = swiglu_forward(&array![[[1.0, 2.0]]], &params);
    assert_abs_diff_eq!(saved.gate, array![[[ln_3, -ln_3, 0.0]]], epsilon = 1e-12);
    assert_abs_diff_eq!(saved.up, array![[[4.0, 8.0, 5.0]]], epsilon = 1e-12);
    assert_abs_diff_eq!(out, array![[[3.0 * ln_3, ln_3]]], epsilon = 1e-12);
}

fn slopes() {
    assert_eq!(silu_derivative(0.0), 0.5); // half open
    assert_abs_diff_eq!(silu_derivative(50.0), 1.0, epsilon = 1e-12); // open
    assert_abs_diff_eq!(silu_derivative(-50.0), 0.0, epsilon = 1e-12); // shut
    let (z, h) = (1.1, 1e-5);
    let measured = (silu(z + h) - silu(z - h)) / (2.0 * h); // finite differences
    assert_abs_diff_eq!(silu_derivative(z), measured, epsilon = 1e-9);
}

fn gradient() {
    let (x, params) = (array![[[1.0, 2.0]]], small()); // as in the picture
    let (_, saved) = swiglu_forward(&x, &params);
    let grads = swiglu_backward(&array![[[1.0, 1.0]]], &x, &params, &saved);
    let ln_3 = 3f64.ln();
    let d_up = array![[1.5], [-0.25], [0.0]] * ln_3; // d_hidden = [2, 1, 2], times silu(gate)
    assert_abs_diff_eq!(grads.d_params.w_up, d_up.dot(&array![[1.0, 2.0]]), epsilon = 1e-12);
    let d_gate = array![[6.0 + 1.5 * ln_3], [2.0 - 1.5 * ln_3], [5.0]]; // [8, 8, 10] times slope
    assert_abs_diff_eq!(grads.d_params.w_gate, d_gate.dot(&array![[1.0, 2.0]]), epsilon = 1e-12);
    let d_x = array![[[ln_3 * (4.0 + 3.0 * ln_3), 2.0 * ln_3]]]; // from the gate and from up
    assert_abs_diff_eq!(grads.d_x, d_x, epsilon = 1e-12);
}

fn gate() -> Drawing {
    const CELL: f64 = 44.0;
    let mut picture = Drawing::new(
        560.0,
        356.0,
        "From left to right: the vector x, 1 and 2, goes through W_gate to the gate, 1.10, -1.10 \
         and 0, and through W_up to up, 4, 8 and 5. Silu makes 0.82, -0.27 and 0 of the gate. \
         Multiplied number by number with up it gives hidden, 3.30, -2.20 and 0, which goes \
         through W_down to out, 3.30 and 1.10.",
    );
    let x = array![[[1.0, 2.0]]];
    let (out, saved) = swiglu_forward(&x, &small());
    let bent = saved.gate.mapv(silu);
    let hidden = &bent * &saved.up;
    let mut column = |at: (f64, f64), colour, name: &str, values: &Array3<f64>, digits: usize| {
        let cells: Vec<_> = values
            .iter()
            .map(|&value| {
                let digits = if value == 0.0 { 0 } else { digits };
                vec![(0.3, format!("{:.digits$}", value + 0.0).replace('-', "−"))]
            })
            .collect();
        picture.text((at.0 + CELL / 2.0, at.1 - 10.0), Align::Middle, Colour::Ink, name);
        picture.matrix(at, CELL, colour, &cells);
    };
    column((8.0, 142.0), Colour::Blue, "x", &x, 0);
    column((146.0, 34.0), Colour::Orange, "gate", &saved.gate, 2);
    column((146.0, 212.0), Colour::Green, "up", &saved.up, 0);
    column((254.0, 34.0), Colour::Orange, "silu(gate)", &bent, 2);
    column((394.0, 120.0), Colour::Green, "hidden", &hidden, 2);
    column((508.0, 142.0), Colour::Blue, "out", &out, 2);
    let mut arrow = |from, to, label_at, label: &str| {
        picture.arrow(from, to, Colour::Ink);
        picture.sized_text(label_at, 13.0, Align::Middle, Colour::Ink, label);
    };
    arrow((56.0, 176.0), (142.0, 104.0), (76.0, 124.0), "W_gate");
    arrow((56.0, 196.0), (142.0, 274.0), (76.0, 256.0), "W_up");
    arrow((192.0, 100.0), (250.0, 100.0), (221.0, 90.0), "silu");
    arrow((300.0, 104.0), (340.0, 172.0), (346.0, 136.0), "");
    arrow((192.0, 278.0), (336.0, 196.0), (270.0, 260.0), "");
    arrow((366.0, 186.0), (390.0, 186.0), (378.0, 176.0), "");
    arrow((440.0, 186.0), (504.0, 186.0), (472.0, 174.0), "W_down");
    picture.circle((349.0, 186.0), 14.0, Colour::Ink);
    picture.text((349.0, 191.0), Align::Middle, Colour::Ink, "×");
    picture
}

fn bends() -> Drawing {
    let curve = |f: fn(f64) -> f64, to: f64| {
        let step = |i| -4.0 + f64::from(i) / 25.0;
        (0..=175).map(step).filter(|&z| z <= to).map(|z| (z, f(z))).collect()
    };
    plot(
        "Three curves from -4 to 3. ReLU is 0 up to zero and rises in a straight line after it. \
         The square of ReLU rises like a parabola. Silu follows ReLU without the corner: it dips \
         slightly below 0 around -1.3 and comes close to the straight line above 2.",
        ("z", -4.0..3.0),
        ("output", -0.5..4.5),
        &[
            Line { name: "silu", colour: Colour::Green, points: curve(silu, 3.0) },
            Line { name: "ReLU", colour: Colour::Blue, points: curve(|z| z.max(0.0), 3.0) },
            Line { name: "ReLU²", colour: Colour::Orange, points: curve(|z| z.max(0.0).powi(2), 1.7) },
        ],
    )
}
