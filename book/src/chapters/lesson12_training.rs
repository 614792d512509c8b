//! Chapter 12: its numbers, examples and pictures.

use approx::assert_abs_diff_eq;
use lesson02_embeddings::Config;
use lesson09_swiglu::SwiGluParams;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::{GptParams, init_parameters, loss_and_gradients};
use lesson12_training::{
    AdamWConfig, Schedule, TrainConfig, TrainingState, adamw_step, clip_gradients, learning_rate,
    state_to_tensors, train_step,
};
use ndarray::{Array2, array};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};
use crate::runs::{floor, story, story_curve};

/// The capstone's constants, without decay.
const ADAMW: AdamWConfig = AdamWConfig { beta1: 0.9, beta2: 0.99, eps: 1e-8, weight_decay: 0.0 };

/// The schedule of the capstone's default training.
const SCHEDULE: Schedule =
    Schedule { max_lr: 1e-3, min_lr: 1e-4, warmup_steps: 100, total_steps: 2500 };

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[
        ("training_two_weights", two_weights),
        ("training_step", step),
        ("training_schedule", schedule),
        ("training_run", story_curve),
    ],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    shapes();
    by_hand();
    clipping();
    overfit();

    let AdamWConfig { beta1, beta2, .. } = ADAMW;
    n.given("0.9", "beta1 of the capstone's training, as in Kingma & Ba 2014, algorithm 1");
    n.given("0.99", "beta2 of the capstone's default training");
    n.says("0.01", 1.0 - beta2);
    n.says("0.1", 1.0 - beta1);
    n.given("0.001", "a small gradient, chosen as an example, and the highest learning rate");
    let (m, v) = (beta1 - (1.0 - beta1) * 10.0, beta2 + (1.0 - beta2) * 100.0);
    n.says("-0.1", m);
    n.says("1.99", v);
    n.says("0.19", 1.0 - beta1.powi(2));
    n.says("0.0199", 1.0 - beta2.powi(2));
    n.says("-0.5263", m / (1.0 - beta1.powi(2)));
    n.says("-0.05263", m / (1.0 - beta1.powi(2)) / (v / (1.0 - beta2.powi(2))).sqrt());
    let uncorrected = |t: i32| (1.0 - beta1.powi(t)) / (1.0 - beta2.powi(t)).sqrt();
    n.says("2.13", (1..500).map(uncorrected).fold(0.0, f64::max));

    n.given("1,300", "the middle between step 100 and step 2500");
    n.says("0.00055", learning_rate(1300, &SCHEDULE));
    n.says("0.6", 3.0 / 5.0);
    n.says("0.8", 4.0 / 5.0);
    n.says("1.5", (30.0 * 1.0 + 10.0 * 3.0) / 40.0);

    n.says("0.0039", story()[9][2] - floor());
    n.says("4.29", 73f64.ln());

    let weights: GptParams<f64> = GptParams::zeros(&small_model());
    let count = weights.named().iter().map(|(_, tensor)| tensor.len()).sum::<usize>() as f64;
    n.says("37,600", count);
    n.says("75,200", 2.0 * count);
    n.says("112,800", 3.0 * count);
    n.says("150,400", 4.0 * count);
    n.says("0.5", 0.5);
    n.says("0.005", 0.5 * 0.01);
    n.says("0.02", 2.0 * 0.01);
    n.given("1000", "a large factor, chosen as an example");
    n.given("0.95", "beta2 of LLaMA, Touvron et al. 2023, section 2.3");
    n.given("1.0", "the limit of LLaMA's clipping, Touvron et al. 2023, section 2.3");
    n.given("2,000", "warm-up steps of LLaMA, Touvron et al. 2023, section 2.3");
}

/// The capstone's `course` preset on its stories.
fn small_model() -> Config {
    Config { vocab_size: 73, context_length: 32, ..Config::course() }
}

fn shapes() {
    let params: GptParams<f64> = GptParams::zeros(&Config::course());
    let n_tensors = params.named().len();
    let state = TrainingState::new(params);
    assert_eq!(state.first_moment.named().len(), n_tensors);
    assert_eq!(state.second_moment.named().len(), n_tensors);
    assert_eq!(state.step, 0);
    assert_eq!(state_to_tensors(&state).tensors.len(), 3 * n_tensors);
}

/// The smallest tree: two weights in one tensor.
fn tree(weights: [f64; 2]) -> SwiGluParams<f64> {
    let [a, b] = weights;
    let none = Array2::zeros((0, 0));
    SwiGluParams { w_gate: array![[a, b]], w_up: none.clone(), w_down: none }
}

fn by_hand() {
    let mut state = TrainingState::new(tree([0.0, 0.0])); // two weights, both 0
    adamw_step(&tree([10.0, 0.001]), &mut state, 1.0, &ADAMW);
    assert_abs_diff_eq!(state.params.w_gate, array![[-1.0, -1.0]], epsilon = 1e-4);
    assert_abs_diff_eq!(state.first_moment.w_gate[[0, 0]], 1.0, epsilon = 1e-12);
    assert_abs_diff_eq!(state.second_moment.w_gate[[0, 0]], 1.0, epsilon = 1e-12);
    adamw_step(&tree([-10.0, 0.001]), &mut state, 1.0, &ADAMW); // one agrees, one does not
    assert_abs_diff_eq!(state.params.w_gate, array![[-1.0 + 0.05263, -2.0]], epsilon = 1e-4);
}

fn clipping() {
    let row = |numbers: &[f64]| Array2::from_shape_fn((1, numbers.len()), |(_, i)| numbers[i]);
    let none = Array2::zeros((0, 0));
    let mut grads = SwiGluParams { w_gate: row(&[3.0, 4.0]), w_up: row(&[12.0]), w_down: none };
    assert_eq!(clip_gradients(&mut grads, 1.0), 13.0); // the norm before
    assert_abs_diff_eq!(grads.w_gate, array![[3.0, 4.0]] / 13.0, epsilon = 1e-6);
    assert_abs_diff_eq!(grads.w_up, array![[12.0]] / 13.0, epsilon = 1e-6);
}

fn overfit() {
    let config = Config::course(); // six tokens, a context of four
    let (ids, targets) = (array![[1, 2, 3, 4]], array![[2, 3, 4, 1]]); // the cat sat on | the
    let schedule = Schedule { max_lr: 0.01, min_lr: 0.001, warmup_steps: 5, total_steps: 40 };
    let train = TrainConfig { schedule, adamw: ADAMW, max_norm: 1.0 };
    let mut state = TrainingState::new(init_parameters(&config, &mut StdRng::seed_from_u64(1)));
    let on_batch = |p: &_| loss_and_gradients(&ids, &targets, None, 1.0, p, &config);
    let mut step = || train_step(on_batch, &mut state, &train).expect("finite").loss;
    let losses: Vec<f64> = (0..40).map(|_| step()).collect();
    assert_abs_diff_eq!(losses[0], 6f64.ln(), epsilon = 0.1); // it knows nothing
    assert!(losses[39] < 0.01); // it knows this batch by heart
}

fn two_weights() -> Drawing {
    // The loss of a weight is its steepness times w² / 2, so its gradient is steepness times w.
    let plain = |steepness: f64| {
        let mut w = 1.0;
        let step = |i| {
            let point = (f64::from(i), w);
            w -= 0.018 * steepness * w;
            point
        };
        (0..=60).map(step).collect::<Vec<_>>()
    };
    let mut state = TrainingState::new(tree([1.0, 1.0]));
    let adamw = (0..=60).map(|i| {
        let [steep, flat] = [0, 1].map(|weight| state.params.w_gate[[0, weight]]);
        assert!((steep - flat).abs() < 1e-4, "both take the same way");
        adamw_step(&tree([100.0 * steep, flat]), &mut state, 0.05, &ADAMW);
        (f64::from(i), flat)
    });
    plot(
        "Three curves over 60 steps, all starting at 1. With a fixed factor the steep weight jumps \
         between positive and negative and calms down slowly, while the flat one has come down to \
         about a third at the end. With AdamW both weights go down in a straight line, swing \
         through 0 once, and settle.",
        ("step", 0.0..60.0),
        ("the weight", -1.0..1.0),
        &[
            Line { name: "fixed factor, steep", colour: Colour::Orange, points: plain(100.0) },
            Line { name: "fixed factor, flat", colour: Colour::Blue, points: plain(1.0) },
            Line { name: "AdamW, both", colour: Colour::Green, points: adamw.collect() },
        ],
    )
}

fn step() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        300.0,
        "Above, from left to right: a batch and the weights go into forward and backward, which \
         give the loss and the gradients; the gradients are clipped and go into AdamW. Below stand \
         the three things that stay: weights, first moment and second moment. AdamW reads and \
         writes all three, and the next step begins with the weights.",
    );
    let mut labelled = |corner, size, colour, label: &str| {
        picture.labelled_box(corner, size, colour, label);
    };
    labelled((8.0, 50.0), (84.0, 52.0), Colour::Blue, "batch");
    labelled((132.0, 50.0), (112.0, 52.0), Colour::Ink, "forward,\nbackward");
    labelled((300.0, 50.0), (96.0, 52.0), Colour::Ink, "clip");
    labelled((452.0, 50.0), (100.0, 52.0), Colour::Ink, "AdamW");
    labelled((132.0, 210.0), (112.0, 52.0), Colour::Green, "weights");
    labelled((290.0, 210.0), (116.0, 52.0), Colour::Orange, "first\nmoment");
    labelled((444.0, 210.0), (108.0, 52.0), Colour::Orange, "second\nmoment");
    picture.arrow((92.0, 76.0), (130.0, 76.0), Colour::Ink);
    picture.arrow((244.0, 76.0), (298.0, 76.0), Colour::Ink);
    picture.arrow((396.0, 76.0), (450.0, 76.0), Colour::Ink);
    picture.arrow((188.0, 50.0), (188.0, 24.0), Colour::Ink);
    picture.sized_text((200.0, 24.0), 13.0, Align::Start, Colour::Ink, "loss");
    picture.sized_text((271.0, 66.0), 13.0, Align::Middle, Colour::Ink, "grads");
    picture.arrow((188.0, 210.0), (188.0, 104.0), Colour::Ink);
    // AdamW reads and writes what stays.
    picture.line((502.0, 102.0), (502.0, 150.0), Colour::Ink);
    picture.line((220.0, 150.0), (502.0, 150.0), Colour::Ink);
    picture.arrow((220.0, 150.0), (220.0, 208.0), Colour::Ink);
    picture.arrow((348.0, 150.0), (348.0, 208.0), Colour::Ink);
    picture.arrow((502.0, 150.0), (502.0, 208.0), Colour::Ink);
    let stays = "stays from step to step";
    picture.sized_text((342.0, 288.0), 13.0, Align::Middle, Colour::Faint, stays);
    picture.sized_text((370.0, 142.0), 13.0, Align::Middle, Colour::Faint, "updates");
    picture
}

fn schedule() -> Drawing {
    let at = |step: usize| (step as f64, 1000.0 * learning_rate(step, &SCHEDULE));
    plot(
        "The learning rate over 2500 steps. It rises in a straight line to its highest value \
         within the first 100 steps, and then falls like half a wave of a cosine to a tenth.",
        ("step", 0.0..2500.0),
        ("learning rate, thousandths", 0.0..1.1),
        &[Line {
            name: "learning rate",
            colour: Colour::Blue,
            points: (0..=2500).step_by(10).map(at).collect(),
        }],
    )
}
