//! Inside a head: what a trained model looks at, from an export of the capstone.

use approx::assert_abs_diff_eq;
use lesson07_causal_attention::{attention_weights, causal_mask};
use ndarray::Array4;
use serde_json::{Value, json};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;

pub(crate) const CHAPTER: Chapter =
    Chapter { numbers, figures: &[("capstone_heads", heads)], widgets: &[("heads", golden)] };

/// Written by a default training, with the command that the page shows.
const EXPORT: &str = include_str!("../../data/story_heads.json");

/// The tokens, and for each layer the weights of its heads, `[1, n_heads, seq_len, seq_len]`.
fn export() -> (Vec<String>, Vec<Array4<f64>>) {
    let export: Value = serde_json::from_str(EXPORT).expect("JSON");
    let tokens: Vec<String> = serde_json::from_value(export["tokens"].clone()).expect("texts");
    let layers: Vec<Vec<Vec<Vec<f64>>>> =
        serde_json::from_value(export["attention"].clone()).expect("numbers");
    let weights = layers.iter().map(|heads| {
        let shape = (1, heads.len(), tokens.len(), tokens.len());
        Array4::from_shape_fn(shape, |(_, head, query, key)| heads[head][query][key])
    });
    (tokens.clone(), weights.collect())
}

fn numbers(n: &mut Numbers) {
    rows_are_those_of_a_softmax();
    let (tokens, layers) = export();
    let place = |token: &str, before: usize| {
        let found = tokens[..before].iter().rposition(|known| known == token);
        found.unwrap_or_else(|| panic!("no {token}"))
    };
    let last = tokens.len() - 1; // " the", before the place
    let question = place("?", last);
    let (gate, bed, asked) = (place(" gate", last), place(" bed", last), place(" Dog", question));
    let dog = place(" Dog", last);
    for (written, layer, head, query, key) in [
        ("0.95", 1, 1, last, gate),
        ("0.88", 1, 2, last, gate),
        ("0.97", 1, 3, last, bed),
        ("0.999", 1, 4, last, dog),
        ("0.85", 2, 1, question, asked),
        ("0.84", 2, 3, question, asked),
        ("0.92", 2, 4, question, asked),
    ] {
        n.says(written, layers[layer - 1][[0, head - 1, query, key]]);
    }
    n.says("0.14", guess(0, " log"));
    n.says("0.55", guess(1, " gate"));
    n.says("0.99", guess(2, " gate"));
}

/// How probable a next token is after the whole prompt, by the stream after so many blocks.
fn guess(blocks: usize, token: &str) -> f64 {
    let export: Value = serde_json::from_str(EXPORT).expect("JSON");
    let last = export["lens"][blocks].as_array().and_then(|lens| lens.last());
    let guesses = last.and_then(|lens| lens["guesses"].as_array()).expect("guesses");
    let found = guesses.iter().find(|guess| guess["token"] == token);
    found.and_then(|guess| guess["probability"].as_f64()).expect("among the best")
}

/// Scores are known up to a constant in each row: they are the logarithms of the weights.
fn rows_are_those_of_a_softmax() {
    let (tokens, layers) = export();
    for weights in layers {
        let scores = weights.mapv(f64::ln); // rounded to 0: minus infinity
        let again = attention_weights(scores, &causal_mask(tokens.len()));
        assert_abs_diff_eq!(again, weights, epsilon = 2e-3); // exported with four decimals
    }
}

/// Three rows: the key looked at most, and the mean distance.
fn golden() -> Value {
    let (_, layers) = export();
    let value = |layer: usize, head: usize, query: usize| {
        let weights = &layers[layer];
        let row: Vec<f64> = (0..weights.dim().3).map(|key| weights[[0, head, query, key]]).collect();
        let most = (0..row.len()).rev().max_by(|&a, &b| row[a].total_cmp(&row[b]));
        let back: f64 = row.iter().enumerate().map(|(key, w)| w * (query as f64 - key as f64)).sum();
        json!({ "layer": layer, "head": head, "query": query, "most": most, "back": back })
    };
    let mut data: Value = serde_json::from_str(EXPORT).expect("JSON");
    data.as_object_mut().expect("an object").retain(|key, _| key == "tokens" || key == "attention");
    json!({ "data": data, "values": [value(0, 3, 30), value(1, 0, 26), value(0, 0, 30)] })
}

fn heads() -> Drawing {
    let (tokens, layers) = export();
    let mut picture = Drawing::new(
        560.0,
        350.0,
        "Eight square maps, two rows of four: the heads of layer 1 and of layer 2. All squares \
         above the diagonal are empty. Some rows have one dark square: there a token looks at one \
         other and at nothing else. Other rows are pale all along: there the head looks at \
         everything a little.",
    );
    const SIDE: f64 = 124.0;
    let cell = SIDE / tokens.len() as f64;
    for (layer, weights) in layers.iter().enumerate() {
        for head in 0..weights.dim().1 {
            let (left, top) = (8.0 + 138.0 * head as f64, 30.0 + 172.0 * layer as f64);
            let title = format!("layer {}, head {}", layer + 1, head + 1);
            let middle = left + SIDE / 2.0;
            picture.sized_text((middle, top - 10.0), 13.0, Align::Middle, Colour::Ink, &title);
            let corners = |x: f64, y: f64, side: f64| {
                [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
            };
            picture.polygon(&corners(left, top, SIDE), Colour::Faint, 0.12);
            for query in 0..tokens.len() {
                for key in (0..=query).filter(|&key| weights[[0, head, query, key]] >= 0.02) {
                    let at = (left + cell * key as f64, top + cell * query as f64);
                    let weight = weights[[0, head, query, key]];
                    picture.polygon(&corners(at.0, at.1, cell), Colour::Green, weight);
                }
            }
        }
    }
    picture
}
