//! Chapter 14: its numbers, examples and pictures.

use approx::assert_abs_diff_eq;
use lesson02_embeddings::Config;
use lesson11_tiny_gpt::{GptParams, gpt_forward, init_parameters};
use lesson14_kv_cache::{KvCache, LayerCache, append, attention_decode, decode_step, prefill};
use ndarray::{Array4, array, aview1, s};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[
        ("cache_rows", rows),
        ("cache_step", step),
        ("cache_total", total),
        ("cache_measured", ratios),
    ],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    shapes();
    by_hand();
    same_logits();
    memory();

    n.says("3.5", (4.0 + 3.0 * 8.0 + 4.0 * 0.0) / 8.0);
    n.says("5.5", (0.0 + 3.0 * 4.0 + 4.0 * 8.0) / 8.0);
    n.says("-0.4161", 2f64.cos());
    n.says("-0.9900", 3f64.cos());

    n.says("1.06", cached(&nano(), 1) / 1e6);
    n.says("1.32", cached(&nano(), 256) / 1e6);
    assert_eq!((256.0 * cached(&nano(), 256) / 1e6).round(), 338.0, "million");

    n.says("98,304", bytes(2, 4, 24, 64, 4));
    let llama_3 = |positions| bytes(32, 8, 128, positions, 2);
    n.says("131,072", llama_3(1));
    n.given("8,192", "a length, chosen as an example");
    assert_eq!(llama_3(8192), 2f64.powi(30));
    assert_eq!(llama_3(131_072), 16.0 * 2f64.powi(30));
    n.says("2,048", bytes(2, 4, 8, 4, 4));
    n.says("1,024", bytes(2, 4, 8, 4, 4) / 2.0);
    n.given("4,096", "window of Mistral 7B, Jiang et al. 2023, table 1");

    assert_eq!(counted_ratio(&nano()).round(), 133.0, "times the work of a whole text");
    let (with, without) = (sum(measured(1)), sum(measured(2)));
    n.says("27.4", with / 1e3);
    n.says("1,586", without / 1e3);
    assert_eq!((without / with).round(), 58.0, "times the time of a whole text");
    let (first, last) = (measured(1)[1], measured(1)[254]);
    assert_eq!((first.round(), last.round()), (83.0, 128.0), "microseconds with the cache");
    assert_eq!((measured(2)[254] / last).round(), 92.0, "times the time of the last token");
    n.says("1.24", cached(&nano(), 255) / cached(&nano(), 2));
    n.says("1.54", last / first);
}

/// The bytes of a cache for one text.
fn bytes(n_layers: u32, n_kv_heads: u32, head_dim: u32, positions: u32, of_a_number: u32) -> f64 {
    f64::from(2 * n_layers * n_kv_heads * head_dim) * f64::from(positions * of_a_number)
}

/// The capstone's nano model, with room for 256 tokens.
fn nano() -> Config {
    Config {
        d_model: 128,
        n_layers: 4,
        n_heads: 4,
        vocab_size: 65,
        context_length: 256,
        ..Config::course()
    }
}

/// Multiply-and-adds of the decode step after which the cache holds `len` positions.
fn cached(config: &Config, len: usize) -> f64 {
    let Config { d_model, n_layers, vocab_size, .. } = *config;
    let block = 4 * d_model * d_model + 3 * d_model * config.hidden_dim();
    (n_layers * block + d_model * vocab_size + 2 * n_layers * d_model * len) as f64
}

/// How much more there is to multiply without a cache, for 255 tokens after one.
fn counted_ratio(config: &Config) -> f64 {
    let with: f64 = (1..256).map(|len| cached(config, len)).sum();
    let without: f64 = (1..256).map(|len| len as f64 * cached(config, len)).sum();
    without / with
}

/// Microseconds per token, as the capstone has measured them: column 1 with the cache, 2 without.
fn measured(column: usize) -> Vec<f64> {
    let table = include_str!("../../data/kv_cache_generation.csv");
    let rows = table.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.map(|row| row.split(',').nth(column).expect("a column").parse().expect("a number")).collect()
}

fn sum(values: Vec<f64>) -> f64 {
    values.iter().sum()
}

fn shapes() {
    let config = Config { context_length: 16, ..Config::course() }; // 4 heads of 8 dimensions
    let params = GptParams::<f64>::zeros(&config);
    let mut cache = KvCache::new(&config, 1);
    assert_eq!(cache.layers[0].k.dim(), (1, 4, 16, 8));

    let logits = prefill(&array![[1, 2, 3, 4, 1]], &params, &config, &mut cache);
    assert_eq!((cache.len(), logits.dim()), (5, (1, config.vocab_size)));
    let logits = decode_step(&array![5], &params, &config, &mut cache);
    assert_eq!((cache.len(), logits.dim()), (6, (1, config.vocab_size)));

    let q = Array4::<f64>::ones((1, 4, 1, 8)); // a single new query
    assert_eq!(attention_decode(&q, &cache.layers[0]).dim(), (1, 4, 1, 8));
}

fn by_hand() {
    let (k, v) = (Array4::<f64>::zeros((1, 1, 8, 4)), Array4::zeros((1, 1, 8, 4)));
    let mut cache = LayerCache { k, v, len: 0 };
    let (ln_3, ln_4) = (3f64.ln(), 4f64.ln());
    let k = array![[[[0.0, 0.0, 0.0, 0.0], [ln_3, 0.0, 0.0, 0.0]]]]; // the, cat
    append(&k, &array![[[[4.0, 0.0, 1.0, 8.0], [8.0, 4.0, 1.0, 0.0]]]], &mut cache);

    let (k, v) = (array![[[[ln_4, 0.0, 0.0, 0.0]]]], array![[[[0.0, 8.0, 1.0, 8.0]]]]);
    append(&k, &v, &mut cache); // sat
    let out = attention_decode(&array![[[[2.0, 0.0, 0.0, 0.0]]]], &cache);
    assert_abs_diff_eq!(out, array![[[[3.5, 5.5, 1.0, 5.0]]]], epsilon = 1e-12);
}

fn same_logits() {
    let config = Config { context_length: 8, ..Config::course() };
    let params: GptParams<f64> = init_parameters(&config, &mut StdRng::seed_from_u64(1));
    let ids = [1, 2, 3, 4, 1, 5]; // the cat sat on the mat
    let (all, _) = gpt_forward(&array![ids], &params, &config);
    let mut cache = KvCache::new(&config, 1);
    prefill(&array![[1, 2, 3, 4]], &params, &config, &mut cache);
    for t in 4..6 {
        let logits = decode_step(&aview1(&ids[t..=t]), &params, &config, &mut cache);
        assert_abs_diff_eq!(logits, all.slice(s![.., t, ..]), epsilon = 1e-12);
    }
}

fn memory() {
    let story = Config { d_model: 96, context_length: 64, ..Config::course() }; // two layers
    let cache = KvCache::<f32>::new(&story, 1);
    let numbers: usize = cache.layers.iter().map(|layer| layer.k.len() + layer.v.len()).sum();
    assert_eq!(numbers * size_of::<f32>(), 2 * 2 * 4 * 24 * 64 * 4);
}

const WORDS: [&str; 5] = ["the", "cat", "sat", "on", "the"];

fn rows() -> Drawing {
    const CELL: f64 = 34.0;
    let mut picture = Drawing::new(
        560.0,
        362.0,
        "Two tables of attention for the words the, cat, sat, on, the: rows are queries, columns \
         are keys, and only the lower triangle is filled. Left, without a cache, all 15 cells of \
         the triangle are coloured, and all 5 keys and 5 values below. Right, with a cache, only \
         the last row of 5 cells is coloured, and below only the last key and the last value; the \
         other 4 of each are kept.",
    );
    for (left, title, from) in
        [(76.0, "without a cache", 0), (366.0, "with a cache", WORDS.len() - 1)]
    {
        let middle = left + CELL * 2.5;
        let at = |row: f64, column: usize| (left + CELL * column as f64, 64.0 + CELL * row);
        picture.text((middle, 20.0), Align::Middle, Colour::Ink, title);
        for (i, word) in WORDS.iter().enumerate() {
            let (x, y) = at(0.0, i);
            picture.sized_text((x + 17.0, y - 10.0), 14.0, Align::Middle, Colour::Orange, word);
            let (x, y) = at(i as f64, 0);
            picture.sized_text((x - 8.0, y + 22.0), 14.0, Align::End, Colour::Blue, word);
            for key in 0..=i {
                let colour = if i >= from { Colour::Blue } else { Colour::Faint };
                let strength = if i >= from { 0.4 } else { 0.0 };
                picture.rectangle(at(i as f64, key), (CELL, CELL), colour, strength);
            }
            for (row, name, colour) in [(5.6, "k", Colour::Orange), (6.7, "v", Colour::Green)] {
                let strength = if i >= from { 0.4 } else { 0.0 };
                let shown = if i >= from { colour } else { Colour::Faint };
                picture.rectangle(at(row, i), (CELL, 28.0), shown, strength);
                let (x, y) = at(row, i);
                picture.sized_text((x + 17.0, y + 19.0), 14.0, Align::Middle, Colour::Ink, name);
            }
        }
        for (row, name) in [(5.6, "keys"), (6.7, "values")] {
            let (x, y) = at(row, 0);
            picture.sized_text((x - 8.0, y + 19.0), 14.0, Align::End, Colour::Ink, name);
        }
        if from > 0 {
            let (x, y) = at(7.75, 0);
            let end = (x + CELL * from as f64 - 4.0, y + 2.0);
            picture.line((x + 4.0, y + 2.0), end, Colour::Ink);
            let label = (x + CELL * from as f64 / 2.0, y + 9.0);
            picture.sized_text((label.0, label.1 + 8.0), 13.0, Align::Middle, Colour::Ink, "kept");
        }
    }
    picture
}

fn step() -> Drawing {
    let curve = |f: fn(usize) -> f64| (1..=256).map(|len| (len as f64, f(len) / 1e6)).collect();
    plot(
        "Two lines over the position, 1 to 256. The one for the matrices is level at 1.06 million \
         multiply-and-adds. The one for everything begins there and rises straight to 1.32 million.",
        ("position of the token", 0.0..256.0),
        ("million multiply-and-adds", 0.0..1.8),
        &[
            Line {
                name: "all",
                colour: Colour::Blue,
                points: curve(|len| cached(&nano(), len)),
            },
            Line {
                name: "matrices alone",
                colour: Colour::Orange,
                points: curve(|_| cached(&nano(), 0)),
            },
        ],
    )
}

fn total() -> Drawing {
    let curve = |cost: fn(usize) -> f64| {
        let mut sum = 0.0;
        let mut add = |len| {
            sum += cost(len) / 1e9;
            (len as f64, sum)
        };
        (1..=256).map(&mut add).collect()
    };
    plot(
        "Two curves of the work for a whole text over its length, 1 to 256 tokens. Without a cache \
         it bends upwards, from 0 to 9 at 128 tokens and to 41 at 256. With a cache it is a line so \
         low, 0.3 at 256 tokens, that it lies on the axis.",
        ("tokens in the text", 0.0..256.0),
        ("10⁹ multiply-and-adds", 0.0..50.0),
        &[
            Line {
                name: "without a cache",
                colour: Colour::Orange,
                points: curve(|len| len as f64 * cached(&nano(), len)),
            },
            Line {
                name: "with a cache",
                colour: Colour::Blue,
                points: curve(|len| cached(&nano(), len)),
            },
        ],
    )
}

fn ratios() -> Drawing {
    let times = measured(2).into_iter().zip(measured(1)).map(|(without, with)| without / with);
    let times: Vec<f64> = times.collect();
    // The median of nine neighbours leaves out moments in which another program had the core.
    let smooth = |(i, nine): (usize, &[f64])| {
        let mut nine = nine.to_vec();
        nine.sort_by(f64::total_cmp);
        ((i + 5) as f64, nine[4])
    };
    let points = times.windows(9).enumerate().map(smooth).collect();
    plot(
        "Two lines over the position, up to 255. What is counted rises in a straight line: 255 times \
         the work at position 255. What is measured rises too, in small steps and less steeply, to about 90 \
         times the time.",
        ("position of the token", 0.0..256.0),
        ("times the cost without the cache", 0.0..300.0),
        &[
            Line {
                name: "counted",
                colour: Colour::Blue,
                points: (2..=255).map(|len| (f64::from(len), f64::from(len))).collect(),
            },
            Line { name: "measured", colour: Colour::Orange, points },
        ],
    )
}
