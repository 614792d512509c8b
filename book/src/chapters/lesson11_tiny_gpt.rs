//! Chapter 11: its numbers, examples and pictures.

use approx::assert_abs_diff_eq;
use lesson02_embeddings::Config;
use lesson03_cross_entropy::cross_entropy_forward;
use lesson10_transformer_block::Parameters as _;
use lesson11_tiny_gpt::{
    GptParams, count_parameters, gpt_forward, init_parameters, loss_and_gradients,
};
use ndarray::{Array1, Array2, array, s};
use ndarray_rand::rand::SeedableRng as _;
use ndarray_rand::rand::rngs::StdRng;

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};
use crate::runs::compared;

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[("gpt_weights", weights), ("gpt_start", start_by_size)],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    shapes();
    counting();
    at_the_start();
    first_gradient();
    two_halves();
    stuck();

    let small = Config::course();
    let (d, h) = (small.d_model as f64, small.hidden_dim() as f64);
    n.says("4,096", 4.0 * d * d);
    n.says("12,288", 3.0 * d * h);
    let block = 4.0 * d * d + 3.0 * d * h + 2.0 * d;
    n.says("16,448", block);
    n.says("32,896", 2.0 * block);
    n.says("33,312", count_parameters(&small) as f64);
    n.says("33,120", count_parameters(&Config { tie_embeddings: true, ..small }) as f64);

    n.says("1.7918", 6f64.ln());
    n.says("1.794", loss_of_std(0.02));
    n.says("6.93", loss_of_std(1.0));
    n.given("0.3", "a first loss that is too low, chosen as an example");
    n.given("0.02", "standard deviation of the first weights, in the released code of GPT-2");
    n.says("0.01", 0.02 / 4f64.sqrt());
    n.says("0.1667", 1.0 / 6.0);
    n.says("-0.8333", 1.0 / 6.0 - 1.0);

    for (variant, count, mean) in [("plain", "37,600", "0.4141"), ("tied", "35,264", "0.4208")] {
        let (weights, losses) = compared(variant);
        n.says(count, weights);
        n.says(mean, losses.iter().sum::<f64>() / losses.len() as f64);
    }
    n.says("2,336", compared("plain").0 - compared("tied").0);
    n.says("0.4149", compared("plain").1.into_iter().fold(0.0, f64::max));
    n.says("0.4204", compared("tied").1.into_iter().fold(f64::INFINITY, f64::min));

    let llama = large();
    n.given("4,096", "width of Llama 3 8B, Grattafiori et al. 2024, table 3");
    n.given("14,336", "hidden width of Llama 3 8B, the same table");
    n.given("128,256", "vocabulary of Llama 3 8B, in the configuration of the released model");
    n.says("8.84", count_parameters(&llama) as f64 / 1e9);
    let shared = 1.5 * (llama.d_model * llama.d_model * llama.n_layers) as f64;
    n.says("8.03", (count_parameters(&llama) as f64 - shared) / 1e9);
}

fn shapes() {
    let config = Config::course();
    let params = init_parameters::<f64>(&config, &mut StdRng::seed_from_u64(1));
    let ids = array![[1, 2, 3, 4], [1, 5, 3, 4]];
    let (logits, saved) = gpt_forward(&ids, &params, &config);
    assert_eq!(params.embedding.dim(), (6, 32));
    assert_eq!(params.head().dim(), (6, 32));
    assert_eq!(params.blocks.len(), 2);
    assert_eq!(saved.residual.len(), 3); // before block 0, before block 1, after it
    assert!(saved.residual.iter().all(|stream| stream.dim() == (2, 4, 32)));
    assert_eq!(saved.head_in.dim(), (2, 4, 32));
    assert_eq!(logits.dim(), (2, 4, 6));
}

fn counting() {
    let config = Config::course();
    assert_eq!(count_parameters(&config), 2 * 16_448 + 32 + 2 * 192);
    let model = GptParams::<f32>::zeros(&config);
    let numbers: usize = model.named().iter().map(|(_, tensor)| tensor.len()).sum();
    assert_eq!(count_parameters(&config), numbers);
    let tied = Config { tie_embeddings: true, ..config };
    assert_eq!(count_parameters(&tied), numbers - 192);
}

fn at_the_start() {
    let config = Config::course();
    let params = init_parameters::<f64>(&config, &mut StdRng::seed_from_u64(1));
    let (ids, targets) = (array![[1, 2, 3, 4]], array![[2, 3, 4, 1]]); // the cat sat on → the
    let (logits, _) = gpt_forward(&ids, &params, &config);
    assert!(logits.iter().all(|logit| logit.abs() < 0.4));
    let (loss, _) = cross_entropy_forward(logits, &targets, None);
    assert_abs_diff_eq!(loss, 6f64.ln(), epsilon = 0.05);
}

fn first_gradient() {
    let config = Config { n_layers: 0, ..Config::course() };
    let mut params = init_parameters::<f64>(&config, &mut StdRng::seed_from_u64(1));
    params.lm_head = Some(Array2::zeros((6, 32))); // all logits are 0
    let (cat, sat) = (array![[2]], array![[3]]);
    let (_, saved) = gpt_forward(&cat, &params, &config);
    let (loss, grads) = loss_and_gradients(&cat, &sat, None, 1.0, &params, &config);
    assert_abs_diff_eq!(loss, 6f64.ln(), epsilon = 1e-12);
    let head_in = saved.head_in.slice(s![0, 0, ..]);
    let d_head = grads.lm_head.expect("not tied");
    assert_abs_diff_eq!(d_head.row(3), &head_in * (-5.0 / 6.0), epsilon = 1e-12);
    assert_abs_diff_eq!(d_head.row(5), &head_in / 6.0, epsilon = 1e-12);
}

fn two_halves() {
    let config = Config { tie_embeddings: true, ..Config::course() };
    let tied = init_parameters::<f64>(&config, &mut StdRng::seed_from_u64(1));
    let untied = GptParams { lm_head: Some(tied.embedding.clone()), ..tied.clone() };
    let (ids, targets) = (array![[1, 2, 3, 4]], array![[2, 3, 4, 1]]); // no mat, no <pad>
    let (_, both) = loss_and_gradients(&ids, &targets, None, 1.0, &tied, &config);
    let (_, grads) = loss_and_gradients(&ids, &targets, None, 1.0, &untied, &config);
    let (reader, speaker) = (grads.embedding, grads.lm_head.expect("a head of its own"));
    assert_abs_diff_eq!(both.embedding, &reader + &speaker, epsilon = 1e-12);
    assert_eq!(reader.row(5), Array1::<f64>::zeros(32)); // mat was never read
    assert!(speaker.row(5).iter().any(|&d| d != 0.0)); // but it might have been said
}

fn stuck() {
    let config = Config::course();
    let mut params = GptParams::<f64>::zeros(&config);
    for (_, mut tensor) in params.named_mut().into_iter().filter(|(_, t)| t.ndim() == 1) {
        tensor.fill(1.0); // the gains
    }
    let (ids, targets) = (array![[1, 2, 3, 4]], array![[2, 3, 4, 1]]);
    let (loss, grads) = loss_and_gradients(&ids, &targets, None, 1.0, &params, &config);
    assert_abs_diff_eq!(loss, 6f64.ln(), epsilon = 1e-12);
    assert!(grads.named().iter().all(|(_, gradient)| gradient.iter().all(|&d| d == 0.0)));
}

/// The first loss of the small model if its matrices are drawn with another standard deviation:
/// the mean of ten models.
fn loss_of_std(std: f64) -> f64 {
    let config = Config::course();
    let (ids, targets) = (array![[1, 2, 3, 4]], array![[2, 3, 4, 1]]);
    let loss = |seed| {
        let mut params = init_parameters::<f64>(&config, &mut StdRng::seed_from_u64(seed));
        for (_, mut tensor) in params.named_mut().into_iter().filter(|(_, t)| t.ndim() == 2) {
            tensor *= std / 0.02;
        }
        cross_entropy_forward(gpt_forward(&ids, &params, &config).0, &targets, None).0
    };
    (1..=10).map(loss).sum::<f64>() / 10.0
}

/// The sizes of Llama 3 with 8 billion weights, except that there groups of heads share keys and
/// values.
fn large() -> Config {
    Config {
        vocab_size: 128_256,
        d_model: 4096,
        n_layers: 32,
        n_heads: 32,
        hidden_multiplier: 3.5,
        ..Config::course()
    }
}

fn weights() -> Drawing {
    const WIDTH: f64 = 536.0;
    let mut picture = Drawing::new(
        560.0,
        330.0,
        "Four bars, each divided into tables, attention and MLP. The small model with 6 tokens: \
         the tables are 1 percent, attention 25, the MLP 74. With 73 tokens: 12, 22 and 65 \
         percent. With 200,000 tokens the tables are nearly everything. A large model with 32 \
         blocks: 12, 24 and 64 percent.",
    );
    let small = Config::course();
    let models = [
        ("the small model, 6 tokens", small),
        ("the same with 73 tokens", Config { vocab_size: 73, ..small }),
        ("the same with 200,000 tokens", Config { vocab_size: 200_000, ..small }),
        ("32 blocks, d_model 4,096, 128,256 tokens", large()),
    ];
    for ((name, config), top) in models.into_iter().zip([30.0, 104.0, 178.0, 252.0]) {
        let all = count_parameters(&config);
        let tables = 2 * config.vocab_size * config.d_model;
        let attention = config.n_layers * 4 * config.d_model * config.d_model;
        let mlp = config.n_layers * 3 * config.d_model * config.hidden_dim();
        let norms = (2 * config.n_layers + 1) * config.d_model;
        assert_eq!(tables + attention + mlp + norms, all);
        picture.text((12.0, top - 8.0), Align::Start, Colour::Ink, name);
        let count = if all < 1_000_000_000 {
            thousands(all)
        } else {
            format!("{:.2} billion", all as f64 / 1e9)
        };
        picture.text((12.0 + WIDTH, top - 8.0), Align::End, Colour::Faint, &count);
        let mut left = 12.0;
        let parts = [(tables, Colour::Blue), (attention, Colour::Orange), (mlp, Colour::Green)];
        for (part, colour) in parts {
            let share = part as f64 / all as f64;
            picture.rectangle((left, top), (WIDTH * share, 30.0), colour, 0.3);
            if share > 0.08 {
                let label = format!("{:.0} %", 100.0 * share);
                let middle = (left + WIDTH * share / 2.0, top + 20.0);
                picture.text(middle, Align::Middle, Colour::Ink, &label);
            }
            left += WIDTH * share;
        }
    }
    let key = [("tables", Colour::Blue), ("attention", Colour::Orange), ("MLP", Colour::Green)];
    for ((name, colour), left) in key.into_iter().zip([12.0, 120.0, 250.0]) {
        picture.rectangle((left, 302.0), (18.0, 14.0), colour, 0.3);
        picture.text((left + 26.0, 314.0), Align::Start, Colour::Ink, name);
    }
    picture
}

/// `1234567` as `1,234,567`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|g| str::from_utf8(g).ok()).collect();
    groups.join(",")
}

fn start_by_size() -> Drawing {
    let curve = |f: fn(f64) -> f64| {
        (0..=25).map(|i| 0.02 + 0.98 * f64::from(i) / 25.0).map(|std| (std, f(std))).collect()
    };
    plot(
        "Two curves over the standard deviation from 0.02 to 1. The logarithm of 6 is a level \
         line at 1.79. The loss starts on this line and rises to about 7.",
        ("standard deviation of the first weights", 0.0..1.0),
        ("loss in nats", 0.0..9.0),
        &[
            Line {
                name: "loss before any step",
                colour: Colour::Green,
                points: curve(loss_of_std),
            },
            Line { name: "blind guess, ln 6", colour: Colour::Faint, points: curve(|_| 6f64.ln()) },
        ],
    )
}
