//! Chapter 10: its numbers, examples and pictures.

use approx::assert_abs_diff_eq;
use lesson02_embeddings::Config;
use lesson04_rmsnorm::{rms_norm_backward, rms_norm_forward};
use lesson06_rope::rope_table;
use lesson08_multi_head_attention::{
    AttentionParams, multi_head_attention_backward, multi_head_attention_forward,
};
use lesson09_swiglu::{SwiGluParams, silu, swiglu_backward, swiglu_forward};
use lesson10_transformer_block::{BlockParams, Parameters as _, block_backward, block_forward};
use ndarray::{Array1, Array2, Array3, array};
use ndarray_rand::RandomExt as _;
use ndarray_rand::rand::SeedableRng as _;
use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand_distr::{Distribution as _, StandardNormal};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};
use crate::runs::compared;

pub(crate) const CHAPTER: Chapter =
    Chapter { numbers, figures: &[("block_stream", stream), ("block_depth", depth)], widgets: &[] };

fn numbers(n: &mut Numbers) {
    shapes();
    by_hand();
    silent_branches();
    names();
    gradient();

    let ln_3 = 3f64.ln();
    n.says("0.2", 1.0 / 25f64.sqrt());
    n.says("1.4", 7.0 / 25f64.sqrt());
    n.says("1.099", ln_3);
    n.says("3.296", 4.0 * silu(ln_3));
    n.says("11.296", 8.0 + 4.0 * silu(ln_3));
    n.says("4.704", 8.0 - 4.0 * silu(ln_3));
    let (x, params, config) = small();
    let rope = rope_table(1, 2, config.rope_theta);
    let (_, saved) = block_forward(&x, &params, &rope, &config);
    let d_x = block_backward(&array![[[1.0, 1.0]]], &x, &params, &rope, &config, &saved).d_x;
    n.says("1.84", d_x[[0, 0, 0]]);
    n.says("0.88", d_x[[0, 0, 1]]);
    n.says("0.84", d_x[[0, 0, 0]] - 1.0);
    n.says("-0.12", d_x[[0, 0, 1]] - 1.0);
    n.says("0.8", 20.0 / 25.0);
    n.says("4.2", 5.0 - 0.8);
    n.says("-0.6", 5.0 - 7.0 * 0.8);

    n.says("3.6e-15", 0.5f64.powi(48));
    let first = |way, std, seed| gradient_by_depth(way, std, seed)[0];
    n.says("0.18", LARGE);
    n.given("0.02", "standard deviation of the weights that lesson 11 draws");
    n.says("1.001", first(Way::PreNorm, 0.02, 1));
    let three_blocks_down = gradient_by_depth(Way::WithoutTheStream, 0.02, 1)[DEPTH - 3];
    assert!(three_blocks_down < 1e-80);
    n.given("1e-80", "a bound, asserted in the line above");
    let range = |way| {
        let draws: Vec<f64> = (1..=6).map(|seed| first(way, LARGE, seed)).collect();
        let least = draws.iter().copied().fold(f64::INFINITY, f64::min);
        (least.round(), draws.into_iter().fold(0.0, f64::max))
    };
    let (least, most) = range(Way::PreNorm);
    assert_eq!((least, most.round()), (28.0, 38.0));
    let (least, most) = range(Way::PostNorm);
    assert_eq!(least, 107.0);
    n.says("1,079", most);
    let (least, most) = range(Way::WithoutTheStream);
    assert_eq!(least, 169.0);
    n.says("38,420", most);

    for (variant, count, mean) in [("plain", "37,600", "0.4141"), ("sandwich", "37,728", "0.4176")]
    {
        let (weights, losses) = compared(variant);
        n.says(count, weights);
        n.says(mean, losses.iter().sum::<f64>() / losses.len() as f64);
    }
    let largest = compared("plain").1.into_iter().fold(0.0, f64::max);
    n.says("0.4149", largest);
    n.says("0.4173", compared("sandwich").1.into_iter().fold(f64::INFINITY, f64::min));
}

fn shapes() {
    let config = Config::course();
    let params = BlockParams::<f64>::zeros(&config);
    let rope = rope_table(4, 8, config.rope_theta);
    let x = Array3::ones((2, 4, 32));
    let (out, saved) = block_forward(&x, &params, &rope, &config);
    for part in [&saved.attn_in, &saved.mid, &saved.mlp_in, &out] {
        assert_eq!(part.dim(), x.dim());
    }
    assert_eq!(params.attn_norm.dim(), 32);
    assert_eq!(params.mlp_norm.dim(), 32);
}

/// The block of the example by hand: a single token of two numbers.
fn small() -> (Array3<f64>, BlockParams<f64>, Config) {
    let params = BlockParams {
        attn_norm: array![1.0, 1.0],
        attention: AttentionParams {
            w_q: array![[2.0, 0.0], [1.0, 1.0]],
            w_k: array![[0.0, 3.0], [1.0, 0.0]],
            w_v: array![[0.0, 1.0], [1.0, 0.0]],
            w_o: array![[5.0, 0.0], [0.0, 5.0]],
        },
        mlp_norm: array![1.0, 1.0],
        mlp: SwiGluParams {
            w_gate: array![[3f64.ln(), 0.0]],
            w_up: array![[2.0, 2.0]],
            w_down: array![[1.0], [-1.0]],
        },
    };
    let config = Config { d_model: 2, n_heads: 1, norm_eps: 0.0, ..Config::course() };
    (array![[[1.0, 7.0]]], params, config)
}

fn by_hand() {
    let (x, params, config) = small();
    let rope = rope_table(1, 2, config.rope_theta);
    let (out, saved) = block_forward(&x, &params, &rope, &config);
    assert_abs_diff_eq!(saved.attn_in, array![[[0.2, 1.4]]], epsilon = 1e-12);
    assert_abs_diff_eq!(saved.mid, array![[[8.0, 8.0]]], epsilon = 1e-12);
    assert_abs_diff_eq!(saved.mlp_in, array![[[1.0, 1.0]]], epsilon = 1e-12);
    let written = 3.0 * 3f64.ln(); // what the MLP adds to one number and takes from the other
    assert_abs_diff_eq!(out, array![[[8.0 + written, 8.0 - written]]], epsilon = 1e-12);
}

fn silent_branches() {
    let config = Config::course();
    let silent = BlockParams::<f64>::zeros(&config); // every weight is 0: the branches write nothing
    let rope = rope_table(4, 8, config.rope_theta);
    let x = Array3::from_shape_fn((2, 4, 32), |(b, t, i)| (b + 3 * t + i) as f64);
    let (out, saved) = block_forward(&x, &silent, &rope, &config);
    assert_eq!(out, x);
    let d_out = &x * 0.5;
    let grads = block_backward(&d_out, &x, &silent, &rope, &config, &saved);
    assert_eq!(grads.d_x, d_out); // the 1 alone
}

fn names() {
    let block = BlockParams::<f64>::zeros(&Config::course());
    let names: Vec<String> = block.named().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names[..3], ["attn_norm", "attention.w_q", "attention.w_k"]);
    assert_eq!(names[3..6], ["attention.w_v", "attention.w_o", "mlp_norm"]);
    assert_eq!(names[6..], ["mlp.w_gate", "mlp.w_up", "mlp.w_down"]);
}

fn gradient() {
    let (x, params, config) = small(); // the block from above
    let rope = rope_table(1, 2, config.rope_theta);
    let (_, saved) = block_forward(&x, &params, &rope, &config);
    let d_out = array![[[1.0, 1.0]]];
    let grads = block_backward(&d_out, &x, &params, &rope, &config, &saved);
    let from_attention = array![[[0.84, -0.12]]];
    assert_abs_diff_eq!(grads.d_x, d_out + from_attention, epsilon = 1e-12);
    assert_abs_diff_eq!(grads.d_params.mlp.w_up, Array2::zeros((1, 2)), epsilon = 1e-12);
}

/// How the halves of a block are put together.
#[derive(Clone, Copy)]
enum Way {
    PreNorm,
    PostNorm,
    WithoutTheStream,
}

/// How many blocks are stacked in the measurement.
const DEPTH: usize = 24;

/// Standard deviation of its weights: about `1 / sqrt(d_model)`.
const LARGE: f64 = 0.18;

/// Takes the gradient of an output, gives that of the input.
type Back = Box<dyn Fn(&Array3<f64>) -> Array3<f64>>;

/// Size of the stream's gradient before each block, compared with that after the last one.
fn gradient_by_depth(way: Way, std: f64, seed: u64) -> Vec<f64> {
    let (config, seq_len) = (Config::course(), 16);
    let n_heads = config.n_heads;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut x = Array3::random_using((1, seq_len, config.d_model), StandardNormal, &mut rng);
    let mut blocks = Vec::new();
    for _ in 0..DEPTH {
        let mut params = BlockParams::<f64>::zeros(&config);
        for (_, mut tensor) in params.named_mut() {
            tensor.mapv_inplace(|_| {
                let draw: f64 = StandardNormal.sample(&mut rng);
                draw * std
            });
        }
        let rope = rope_table(seq_len, config.d_model / n_heads, config.rope_theta);
        let attention = |x: Array3<f64>| -> (Array3<f64>, Back) {
            let w = params.attention;
            let (out, saved) = multi_head_attention_forward(&x, &w, &rope, n_heads);
            let back = move |d: &Array3<f64>| {
                multi_head_attention_backward(d, &x, &w, &rope, n_heads, &saved).d_x
            };
            (out, Box::new(back))
        };
        let (mid, attention_back) = half(way, x, attention);
        let mlp = |x: Array3<f64>| -> (Array3<f64>, Back) {
            let w = params.mlp;
            let (out, saved) = swiglu_forward(&x, &w);
            (out, Box::new(move |d| swiglu_backward(d, &x, &w, &saved).d_x))
        };
        let (out, mlp_back) = half(way, mid, mlp);
        x = out;
        blocks.push((attention_back, mlp_back));
    }
    let size = |x: &Array3<f64>| x.pow2().mean().expect("not empty").sqrt();
    let mut d = Array3::random_using(x.raw_dim(), StandardNormal, &mut rng);
    let end = size(&d);
    let mut sizes = vec![1.0];
    for (attention_back, mlp_back) in blocks.iter().rev() {
        d = attention_back(&mlp_back(&d));
        sizes.push(size(&d) / end);
    }
    sizes.reverse();
    sizes
}

/// Half a block: a branch with its norm and, except for one way, its addition.
fn half(
    way: Way,
    x: Array3<f64>,
    branch: impl FnOnce(Array3<f64>) -> (Array3<f64>, Back),
) -> (Array3<f64>, Back) {
    if let Way::PostNorm = way {
        let (written, branch_back) = branch(x.clone());
        let (out, norm_back) = normed(written + x);
        let back = move |d: &Array3<f64>| {
            let d_sum = norm_back(d);
            branch_back(&d_sum) + d_sum
        };
        return (out, Box::new(back));
    }
    let (read, norm_back) = normed(x.clone());
    let (written, branch_back) = branch(read);
    if let Way::WithoutTheStream = way {
        return (written, Box::new(move |d| norm_back(&branch_back(d))));
    }
    (written + x, Box::new(move |d| norm_back(&branch_back(d)) + d))
}

/// A norm with gains of 1.
fn normed(x: Array3<f64>) -> (Array3<f64>, Back) {
    let gains = Array1::ones(x.dim().2);
    let (out, saved) = rms_norm_forward(&x, &gains, Config::course().norm_eps);
    (out, Box::new(move |d| rms_norm_backward(d, &x, &gains, &saved).d_x))
}

fn stream() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        344.0,
        "Two rows. Forward, from left to right: the stream x runs straight on. It forks; a branch \
         goes through a norm and attention and is added to the stream, which is then called mid. \
         It forks again; a branch goes through a norm and SwiGLU and is added, which gives out. \
         Backward, from right to left: the same lines with all arrows turned. Where the forward \
         added, the gradient is copied into stream and branch; where the forward forked, the two \
         gradients are added: d_out, d_mid, d_x.",
    );
    for (top, forward) in [(8.0, true), (186.0, false)] {
        let stream = top + 50.0;
        let (title, names) = if forward {
            ("forward: fork, then add", ["x", "mid", "out"])
        } else {
            ("backward: copy, then add", ["d_x", "d_mid", "d_out"])
        };
        picture.text((8.0, top + 10.0), Align::Start, Colour::Faint, title);
        for (name, x) in names.into_iter().zip([26.0, 284.0, 538.0]) {
            picture.text((x, stream - 19.0), Align::Middle, Colour::Ink, name);
        }
        let mut arrow = |from, to, colour| {
            let (from, to) = if forward { (from, to) } else { (to, from) };
            picture.arrow(from, to, colour);
        };
        for (start, plus, norm_end, work, colour) in [
            (44.0, 242.0, 112.0, (128.0, 214.0), Colour::Blue),
            (304.0, 498.0, 374.0, (390.0, 470.0), Colour::Green),
        ] {
            let low = stream + 76.0;
            let (left, right) = if forward { (start, plus - 11.0) } else { (start + 11.0, plus) };
            arrow((left, stream), (right, stream), Colour::Ink);
            let fork = if forward { stream } else { stream + 11.0 };
            let add = if forward { stream + 11.0 } else { stream };
            arrow((start, fork), (start + 18.0, low - 18.0), colour);
            arrow((norm_end, low), (work.0, low), colour);
            arrow((work.1 - 6.0, low - 18.0), (plus, add), colour);
        }
        arrow((8.0, stream), (if forward { 44.0 } else { 33.0 }, stream), Colour::Ink);
        let middle = if forward { (253.0, 304.0) } else { (242.0, 293.0) };
        arrow((middle.0, stream), (middle.1, stream), Colour::Ink);
        let end = if forward { 509.0 } else { 498.0 };
        arrow((end, stream), (552.0, stream), Colour::Ink);
        for (start, plus, norm_end, work, colour, name) in [
            (44.0, 242.0, 112.0, (128.0, 214.0), Colour::Blue, "attention"),
            (304.0, 498.0, 374.0, (390.0, 470.0), Colour::Green, "SwiGLU"),
        ] {
            let low = stream + 76.0;
            picture.labelled_box((norm_end - 58.0, low - 18.0), (58.0, 36.0), Colour::Ink, "norm");
            picture.labelled_box((work.0, low - 18.0), (work.1 - work.0, 36.0), colour, name);
            let at = if forward { plus } else { start };
            picture.circle((at, stream), 11.0, Colour::Ink);
            picture.text((at, stream + 5.0), Align::Middle, Colour::Ink, "+");
        }
    }
    picture
}

fn depth() -> Drawing {
    let curve = |way| {
        let sizes = gradient_by_depth(way, LARGE, 1);
        sizes.into_iter().enumerate().map(|(i, size)| (i as f64, size.log10())).collect()
    };
    plot(
        "Three curves over the blocks 0 to 24, the gradient in powers of ten. All are 0 after the \
         last block. Going back to block 0, that of pre-norm grows to 1.5, that of post-norm to \
         2.4, and that without the stream to 4.3.",
        ("blocks before this place", 0.0..24.0),
        ("gradient, power of ten", -0.5..5.0),
        &[
            Line { name: "no stream", colour: Colour::Green, points: curve(Way::WithoutTheStream) },
            Line { name: "post-norm", colour: Colour::Orange, points: curve(Way::PostNorm) },
            Line { name: "pre-norm", colour: Colour::Blue, points: curve(Way::PreNorm) },
        ],
    )
}
