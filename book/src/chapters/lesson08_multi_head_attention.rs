//! Chapter 8: its numbers, examples and pictures.

use approx::assert_abs_diff_eq;
use lesson02_embeddings::linear_forward;
use lesson06_rope::{RopeTable, rope_table};
use lesson08_multi_head_attention::{
    AttentionParams, multi_head_attention_backward, multi_head_attention_forward,
};
use ndarray::{Array1, Array2, Array3, array, s};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[("multi_head_layer", layer), ("multi_head_same", same)],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    shapes();
    one_token();
    two_tokens();
    heads_add_up();
    gradient();

    let d_model = 32;
    n.says("1,024", f64::from(d_model * d_model));
    n.says("4,096", f64::from(4 * d_model * d_model));

    n.says("0.5403", 1f64.cos());
    let (far, near) = ((1f64.cos() / 2.0).exp(), 0.5f64.exp());
    n.says("0.44", far / (far + near));
    n.says("0.56", near / (far + near));

    let with_rope = weights_of_the_last(SAME, &rope_table(SAME, 8, 10_000.0));
    n.says("0.0625", weights_of_the_last(SAME, &no_turn(SAME))[3]);
    n.says("0.135", with_rope[SAME - 1]);
    n.says("0.097", with_rope[SAME - 2]);
    n.says("0.032", with_rope[SAME - 1 - 3]);
}

fn shapes() {
    let (batch, seq_len, d_model, n_heads) = (2, 5, 32, 4);
    let x = Array3::<f64>::ones((batch, seq_len, d_model));
    let w = || Array2::ones((d_model, d_model));
    let params = AttentionParams { w_q: w(), w_k: w(), w_v: w(), w_o: w() };
    let rope = rope_table(16, d_model / n_heads, 10_000.0);
    let (out, saved) = multi_head_attention_forward(&x, &params, &rope, n_heads);
    assert_eq!(saved.qkv.q.dim(), (2, 4, 5, 8));
    assert_eq!(saved.attention.attn_weights.dim(), (2, 4, 5, 5));
    assert_eq!(saved.merged.dim(), (2, 5, 32));
    assert_eq!(out.dim(), x.dim());
}

fn one_token() {
    let params = AttentionParams {
        w_q: array![[2.0, 0.0], [1.0, 1.0]],
        w_k: array![[0.0, 3.0], [1.0, 0.0]],
        w_v: array![[1.0, 2.0], [3.0, 4.0]],
        w_o: array![[1.0, 0.0], [1.0, 1.0]],
    };
    let rope = rope_table(1, 2, 10_000.0);
    let x = array![[[1.0, 2.0]]];
    let (out, saved) = multi_head_attention_forward(&x, &params, &rope, 1);
    assert_eq!(saved.merged, array![[[5.0, 11.0]]]);
    assert_eq!(out, array![[[5.0, 16.0]]]);
}

fn two_tokens() {
    let compared = Array2::from_diag(&array![1.0, 1.0, 0.0, 0.0]);
    let handed_on = Array2::from_diag(&array![0.0, 0.0, 1.0, 1.0]);
    let (w_q, w_k, w_v, w_o) = (compared.clone(), compared, handed_on, Array2::eye(4));
    let params = AttentionParams { w_q, w_k, w_v, w_o };
    let x = array![[[1.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]];
    let rope = rope_table(2, 4, 10_000.0);
    let (out, _) = multi_head_attention_forward(&x, &params, &rope, 1);
    let expected = array![[[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.44, 0.56]]];
    assert_abs_diff_eq!(out, expected, epsilon = 0.005);
}

fn heads_add_up() {
    let x = Array3::from_shape_fn((1, 3, 8), |(_, t, i)| ((3 * t + i) as f64).sin());
    let w = |seed| Array2::from_shape_fn((8, 8), |(i, j)| ((seed * i + j) as f64).cos());
    let params = AttentionParams { w_q: w(2), w_k: w(3), w_v: w(5), w_o: w(7) };
    let rope = rope_table(3, 4, 10_000.0);
    let (out, saved) = multi_head_attention_forward(&x, &params, &rope, 2);
    let part = |head: usize| {
        let columns = s![.., .., 4 * head..4 * head + 4]; // of this head alone
        let mut merged = Array3::zeros((1, 3, 8));
        merged.slice_mut(columns).assign(&saved.merged.slice(columns));
        linear_forward(&merged, &params.w_o)
    };
    assert_abs_diff_eq!(part(0) + part(1), out, epsilon = 1e-12);
}

fn gradient() {
    let params = AttentionParams {
        w_q: array![[2.0, 0.0], [1.0, 1.0]], // as above
        w_k: array![[0.0, 3.0], [1.0, 0.0]],
        w_v: array![[1.0, 2.0], [3.0, 4.0]],
        w_o: array![[1.0, 0.0], [1.0, 1.0]],
    };
    let (x, rope) = (array![[[1.0, 2.0]]], rope_table(1, 2, 10_000.0));
    let (_, saved) = multi_head_attention_forward(&x, &params, &rope, 1);
    let d_out = array![[[1.0, 10.0]]];
    let grads = multi_head_attention_backward(&d_out, &x, &params, &rope, 1, &saved);
    assert_eq!(grads.d_params.w_o, array![[5.0, 11.0], [50.0, 110.0]]);
    assert_eq!(grads.d_x, array![[[41.0, 62.0]]]);
}

/// How many times the same token is repeated.
const SAME: usize = 16;

/// What the last of `seq_len` equal tokens gives to each of them, in one head of 8 dimensions.
fn weights_of_the_last(seq_len: usize, rope: &RopeTable<f64>) -> Array1<f64> {
    let w = || Array2::eye(8);
    let params = AttentionParams { w_q: w(), w_k: w(), w_v: w(), w_o: w() };
    let x = Array3::ones((1, seq_len, 8));
    let (_, saved) = multi_head_attention_forward(&x, &params, rope, 1);
    saved.attention.attn_weights.slice(s![0, 0, seq_len - 1, ..]).to_owned()
}

/// A table that turns nothing.
fn no_turn(seq_len: usize) -> RopeTable<f64> {
    RopeTable { cos: Array2::ones((seq_len, 4)), sin: Array2::zeros((seq_len, 4)) }
}

fn layer() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        452.0,
        "From top to bottom: x goes into three projections W_q, W_k and W_v. Queries and keys pass \
         RoPE, values go past it. All three enter causal attention, which works head by head and \
         gives four outputs, head 0 to head 3. They are put side by side and go through W_o to \
         out, which has the shape of x.",
    );
    let columns = [70.0, 180.0, 290.0];
    let (centre, half, height) = (180.0, 42.0, 34.0);
    let boxed = |picture: &mut Drawing, x: f64, y: f64, colour, label: &str| {
        picture.labelled_box((x - half, y), (2.0 * half, height), colour, label);
    };
    let shape = |picture: &mut Drawing, y: f64, name: &str, shape: &str| {
        picture.text((366.0, y - 4.0), Align::Start, Colour::Ink, name);
        picture.sized_text((366.0, y + 13.0), 13.0, Align::Start, Colour::Faint, shape);
    };
    let colours = [Colour::Blue, Colour::Orange, Colour::Green];
    boxed(&mut picture, centre, 8.0, Colour::Ink, "x");
    for ((x, colour), name) in columns.into_iter().zip(colours).zip(["W_q", "W_k", "W_v"]) {
        picture.arrow((centre, 44.0), (x, 72.0), Colour::Ink);
        boxed(&mut picture, x, 74.0, colour, name);
        if colour == Colour::Green {
            picture.arrow((x, 110.0), (x, 202.0), colour);
        } else {
            picture.arrow((x, 110.0), (x, 136.0), colour);
            boxed(&mut picture, x, 138.0, colour, "RoPE");
            picture.arrow((x, 174.0), (x, 202.0), colour);
        }
    }
    picture.labelled_box((16.0, 204.0), (328.0, height), Colour::Ink, "causal attention");
    for head in 0..4 {
        let x = 16.0 + 82.0 * f64::from(head);
        picture.arrow((x + 41.0, 240.0), (x + 41.0, 272.0), Colour::Green);
        let name = format!("head {head}");
        picture.labelled_box((x, 274.0), (82.0, height), Colour::Green, &name);
    }
    picture.arrow((centre, 310.0), (centre, 340.0), Colour::Green);
    boxed(&mut picture, centre, 342.0, Colour::Ink, "W_o");
    picture.arrow((centre, 378.0), (centre, 408.0), Colour::Ink);
    boxed(&mut picture, centre, 410.0, Colour::Ink, "out");
    shape(&mut picture, 25.0, "the stream, normed", "[B, T, d_model]");
    shape(&mut picture, 91.0, "project, split", "[B, n_heads, T, head_dim]");
    shape(&mut picture, 155.0, "turn q and k", "[B, n_heads, T, head_dim]");
    shape(&mut picture, 221.0, "look back", "[B, n_heads, T, head_dim]");
    shape(&mut picture, 291.0, "merge, side by side", "[B, T, d_model]");
    shape(&mut picture, 359.0, "mix the heads", "[B, T, d_model]");
    shape(&mut picture, 427.0, "to the stream", "[B, T, d_model]");
    picture
}

fn same() -> Drawing {
    let curve = |rope: &RopeTable<f64>| {
        let weights = weights_of_the_last(SAME, rope);
        (0..SAME).map(|distance| (distance as f64, weights[SAME - 1 - distance])).collect()
    };
    plot(
        "Two curves over the distance from 0 to 15. Without RoPE the weight is the same at every \
         distance, a sixteenth. With RoPE it is largest at distance 0, falls to about half of the \
         even share at distance 3, and rises again to a second, lower top at distance 6.",
        ("distance in positions", 0.0..15.0),
        ("attention weight", 0.0..0.16),
        &[
            Line {
                name: "with RoPE",
                colour: Colour::Orange,
                points: curve(&rope_table(SAME, 8, 10_000.0)),
            },
            Line { name: "without", colour: Colour::Blue, points: curve(&no_turn(SAME)) },
        ],
    )
}
