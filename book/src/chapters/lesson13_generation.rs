//! Chapter 13: its numbers, examples, picture and the golden values of its widget.

use std::ops::ControlFlow;

use approx::assert_abs_diff_eq;
use lesson02_embeddings::Config;
use lesson03_cross_entropy::softmax;
use lesson11_tiny_gpt::{GptParams, gpt_forward};
use lesson13_generation::{
    Sampling, crop_to_context, generate, sample, scale_by_temperature, top_k, top_p,
};
use ndarray::{Array1, array, s};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[("sampling_three", three)],
    widgets: &[("sampling", golden)],
};

/// Never picked.
const NEVER: f64 = f64::NEG_INFINITY;

fn numbers(n: &mut Numbers) {
    shapes();
    cut_by_hand();
    draw();

    let p = hand();
    for (written, value) in ["0.5", "0.25", "0.125"].into_iter().zip(&p) {
        n.says(written, *value);
    }
    let squares = p.mapv(|p| p * p);
    n.says("0.0625", squares[1]);
    n.says("0.0156", squares[2]);
    n.says("0.3438", squares.sum());
    let cold = softmax(scale_by_temperature(p.ln(), 0.5));
    for (written, value) in ["0.727", "0.182", "0.045"].into_iter().zip(&cold) {
        n.says(written, *value);
    }
    let hot = softmax(scale_by_temperature(p.ln(), 2.0));
    for (written, value) in ["0.369", "0.261", "0.185"].into_iter().zip(&hot) {
        n.says(written, *value);
    }
    n.says("0.667", softmax(top_p(p.ln(), 0.7))[0]);
    n.says("0.75", p[0] + p[1]);
    for setting in ["0.6", "0.7", "0.8", "0.9"] {
        n.given(setting, "a setting, chosen as an example");
    }

    n.given("2,000", "the vocabulary of the small model, `--vocab-size 2000`");
    let (_, logits) = next();
    assert!((1.0 - logits.exp().sum() - 0.29).abs() < 0.005, "what the rest has");
    let kept = |temperature| {
        let cut = top_p(scale_by_temperature(logits.clone(), temperature), 0.9);
        cut.iter().filter(|logit| logit.is_finite()).count()
    };
    assert_eq!((kept(0.5), kept(2.0)), (3, 13), "what the widget says without JavaScript");
}

/// The four tokens of the example by hand.
fn hand() -> Array1<f64> {
    array![0.5, 0.25, 0.125, 0.125]
}

fn shapes() {
    let config = Config::course(); // six tokens, a context of four
    let params = GptParams::<f64>::zeros(&config);
    let ids = array![[1, 2, 3, 4]];
    let (logits, _) = gpt_forward(&ids, &params, &config);
    assert_eq!(logits.slice(s![0, -1, ..]).dim(), config.vocab_size);
    assert_eq!(crop_to_context(&[1, 2, 3, 4, 1, 5], 4), [3, 4, 1, 5]);

    let (mut rng, go_on) = (StdRng::seed_from_u64(1), |_| ControlFlow::Continue(()));
    let new = generate(&[1, 2], 9, &params, &config, &Sampling::GREEDY, &mut rng, go_on);
    assert_eq!(new.len(), 9); // longer than the context
}

fn cut_by_hand() {
    let logits = array![0.5f64, 0.25, 0.125, 0.125].ln();
    let ln = |p: f64| p.ln();
    assert_eq!(top_k(logits.clone(), 1), array![ln(0.5), NEVER, NEVER, NEVER]);
    assert_eq!(top_p(logits.clone(), 0.7), array![ln(0.5), ln(0.25), NEVER, NEVER]);
    let probs = softmax(top_p(logits, 0.7));
    assert_abs_diff_eq!(probs, array![2.0 / 3.0, 1.0 / 3.0, 0.0, 0.0], epsilon = 1e-12);
}

fn draw() {
    let logits = array![0.5f64, 0.25, 0.125, 0.125].ln();
    let sampling = Sampling { temperature: 1.0, top_k: None, top_p: Some(0.7) };
    let mut rng = StdRng::seed_from_u64(1);
    let ids: Vec<_> = (0..3000).map(|_| sample(logits.clone(), &sampling, &mut rng)).collect();
    let share = |id| ids.iter().filter(|&&i| i == id).count() as f64 / 3000.0;
    assert_abs_diff_eq!(share(0), 2.0 / 3.0, epsilon = 0.03); // two of three
    assert_abs_diff_eq!(share(1), 1.0 / 3.0, epsilon = 0.03);
    assert_eq!(share(2) + share(3), 0.0); // never
}

/// What a small model expects after "She was very": its best tokens and their logits, up to a
/// constant that softmax does not see.
fn next() -> (Vec<&'static str>, Array1<f64>) {
    let table = include_str!("../../data/sampling_next.csv");
    let rows = table.lines().filter(|line| !line.starts_with('#')).skip(1);
    let pairs = rows.map(|row| row.split_once(',').expect("a token and a probability"));
    let (tokens, probs): (Vec<_>, Vec<_>) =
        pairs.map(|(token, p)| (token, p.parse::<f64>().expect("a number"))).unzip();
    (tokens, Array1::from(probs).ln())
}

/// Three distributions that the widget must get right too.
fn golden() -> Value {
    let (tokens, logits) = next();
    let value = |temperature: f64, k: usize, p: f64| {
        let cut = top_p(top_k(scale_by_temperature(logits.clone(), temperature), k), p);
        json!({
            "knobs": { "temperature": temperature, "k": k, "p": p },
            "probs": softmax(cut).to_vec(),
        })
    };
    json!({
        "tokens": tokens,
        "logits": logits.to_vec(),
        "values": [value(0.5, 5, 1.0), value(2.0, 12, 0.7), value(1.0, 16, 1.0)],
    })
}

fn three() -> Drawing {
    const TOKENS: usize = 12;
    const P: f64 = 0.6;
    let mut picture = Drawing::new(
        560.0,
        372.0,
        "Twelve tokens from happy, excited and sad down to helpful, with bars at three \
         temperatures. At 0.5 the first two bars are long and the others nearly gone; at 1 the \
         first ones are clearly ahead; at 2 all bars are of similar length. The line where top-p \
         with 0.6 cuts stands after two tokens at 0.5, after three at 1 and after five at 2.",
    );
    let (tokens, logits) = next();
    let logits = logits.slice(s![..TOKENS]).to_owned();
    for (row, token) in tokens.iter().take(TOKENS).enumerate() {
        let y = 62.0 + 25.0 * row as f64;
        picture.text((92.0, y + 13.0), Align::End, Colour::Ink, token);
    }
    for (column, temperature) in [0.5, 1.0, 2.0].into_iter().enumerate() {
        let x = 106.0 + 154.0 * column as f64;
        let scaled = scale_by_temperature(logits.clone(), temperature);
        let n_kept = top_p(scaled.clone(), P).iter().filter(|logit| logit.is_finite()).count();
        let title = format!("T = {temperature}");
        picture.text((x + 66.0, 30.0), Align::Middle, Colour::Ink, &title);
        for (row, p) in softmax(scaled).iter().enumerate() {
            let y = 62.0 + 25.0 * row as f64;
            let colour = if row < n_kept { Colour::Green } else { Colour::Faint };
            picture.rectangle((x, y), ((150.0 * p).max(1.0), 17.0), colour, 0.45);
            let label = format!("{p:.2}");
            let at = (x + 150.0 * p + 6.0, y + 13.0);
            picture.sized_text(at, 12.0, Align::Start, Colour::Ink, &label);
        }
        let y = 62.0 + 25.0 * n_kept as f64 - 4.0;
        picture.line((x, y), (x + 130.0, y), Colour::Orange);
    }
    picture
}
