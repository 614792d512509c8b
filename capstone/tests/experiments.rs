//! Every experiment is checked as the lessons are: its gradients at every index of every tensor
//! in `f64`, and with everything switched off it is the lessons' GPT.

use std::fs;
use std::path::Path;

use capstone::experiments::file::{ExperimentModel, load, save};
use capstone::experiments::model::{backward, forward, loss_and_gradients, window_mask};
use capstone::experiments::params::ExperimentParams;
use capstone::experiments::{Experiment, MlpKind, SUGGESTIONS, Variant};
use capstone::tokenizer::Tokenizer;
use gradcheck::{assert_gradient, random, weighted_sum};
use lesson01_tokens::Batch;
use lesson02_embeddings::Config;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::loss_and_gradients as lessons_loss_and_gradients;
use lesson11_tiny_gpt::{GptParams, count_parameters, gpt_backward, gpt_forward, init_parameters};
use ndarray::{Array2, Array3, array, s};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

/// Small, odd and unequal sizes: the MLP has 6 columns, with ReLU 9.
fn config() -> Config {
    Config {
        vocab_size: 7,
        context_length: 5,
        d_model: 4,
        n_heads: 2,
        n_layers: 2,
        hidden_multiplier: 1.5,
        ..Config::course()
    }
}

fn experiment(names: &str) -> Experiment {
    Experiment::named(names, config()).expect("a known name")
}

fn ids() -> Array2<usize> {
    array![[1, 0, 6, 2, 2], [5, 3, 1, 4, 6]]
}

/// Weights large enough for finite differences; a gain of 1 would hide a forgotten gain.
fn params(experiment: &Experiment) -> ExperimentParams<f64> {
    let mut params = ExperimentParams::zeros(experiment);
    for (seed, (_, mut tensor)) in (1..).zip(params.named_mut()) {
        let std = if tensor.ndim() == 1 { 1.0 } else { 0.5 };
        let values = random(tensor.shape(), seed) * std;
        tensor.assign(&values);
    }
    params
}

/// Checks the gradient of every tensor at every index.
#[track_caller]
fn check_gradients(experiment: &Experiment) {
    let (ids, params) = (ids(), params(experiment));
    let (logits, saved) = forward(&ids, &params, experiment);
    let d_logits = random(logits.raw_dim(), 99);
    let grads = backward(&d_logits, &ids, &params, experiment, &saved);
    let grads = grads.named();
    let tensors = params.named();
    assert_eq!(grads.len(), tensors.len(), "{experiment:?}");
    for ((name, tensor), (grad_name, grad)) in tensors.into_iter().zip(&grads) {
        assert_eq!(&name, grad_name);
        let title = format!("{:?}: d_params.{name}", experiment.variant);
        assert_gradient(&title, &tensor, grad, |value| {
            let mut params = params.clone();
            let mut places = params.named_mut().into_iter();
            let place = places.find(|(other, _)| *other == name);
            place.expect("a weight of this name").1.assign(value);
            weighted_sum(&forward(&ids, &params, experiment).0, &d_logits)
        });
    }
}

#[test]
fn the_gradients_of_every_suggestion_are_right() {
    for suggestion in SUGGESTIONS {
        check_gradients(&experiment(suggestion.name));
    }
}

#[test]
fn the_gradients_of_combinations_are_right() {
    check_gradients(&experiment("tied+sandwich+relu2+window+shared-kv"));
    check_gradients(&experiment("sandwich+relu+shared-kv"));
    let mut experiment = experiment("window+tied");
    experiment.variant.windows = vec![Some(1), Some(3)];
    check_gradients(&experiment);
    experiment.variant.windows = vec![None, Some(2), Some(1)];
    check_gradients(&experiment);
}

#[test]
fn with_everything_off_it_is_the_gpt_of_the_lessons() {
    for names in ["plain", "tied"] {
        let experiment = experiment(names);
        let config = experiment.config;
        assert_eq!(experiment.variant, Variant::default());
        let rng = || StdRng::seed_from_u64(3);
        let ours: ExperimentParams<f32> = ExperimentParams::init(&experiment, &mut rng());
        let lessons: GptParams<f32> = init_parameters(&config, &mut rng());
        assert_eq!(ours.named(), lessons.named());
        assert_eq!(ours.to_gpt(&experiment).as_ref(), Some(&lessons));
        assert_eq!(ours.count(), count_parameters(&config));

        let ids = ids();
        let (logits, saved) = forward(&ids, &ours, &experiment);
        let (lessons_logits, lessons_saved) = gpt_forward(&ids, &lessons, &config);
        assert_eq!(logits, lessons_logits);
        let d_logits: Array3<f32> = random(logits.raw_dim(), 9).mapv(|x| x as f32);
        let grads = backward(&d_logits, &ids, &ours, &experiment, &saved);
        let lessons_grads = gpt_backward(&d_logits, &ids, &lessons, &config, &lessons_saved);
        assert_eq!(grads.named(), lessons_grads.named());

        let batch = Batch { targets: &ids % 5, ids };
        let (loss, grads) = loss_and_gradients(&batch, Some(0), 0.5, &ours, &experiment);
        let Batch { ids, targets } = &batch;
        let (lessons_loss, lessons_grads) =
            lessons_loss_and_gradients(ids, targets, Some(0), 0.5, &lessons, &config);
        assert_eq!((loss, grads.named()), (lessons_loss, lessons_grads.named()));
    }
}

#[test]
fn every_tensor_of_every_suggestion_changes_the_logits() {
    for suggestion in SUGGESTIONS {
        let experiment = experiment(suggestion.name);
        let params = params(&experiment);
        let logits = forward(&ids(), &params, &experiment).0;
        for (name, _) in params.named() {
            let mut other = params.clone();
            for (_, mut tensor) in other.named_mut().into_iter().filter(|(n, _)| *n == name) {
                tensor.map_inplace(|x| *x += 0.1);
            }
            let changed = forward(&ids(), &other, &experiment).0 != logits;
            assert!(changed, "{}: {name} is dead", suggestion.name);
        }
    }
}

#[test]
fn every_suggestion_is_another_model_and_none_looks_ahead() {
    let mut seen: Vec<Array3<f64>> = Vec::new();
    for suggestion in SUGGESTIONS {
        let experiment = experiment(suggestion.name);
        let params: ExperimentParams<f64> =
            ExperimentParams::init(&experiment, &mut StdRng::seed_from_u64(1));
        let logits = forward(&ids(), &params, &experiment).0;
        assert!(!seen.contains(&logits), "{} changes nothing", suggestion.name);
        let mut later = ids();
        later.slice_mut(s![.., 3..]).fill(3);
        let other = forward(&later, &params, &experiment).0;
        let before = s![.., ..3, ..];
        assert_eq!(logits.slice(before), other.slice(before), "{}", suggestion.name);
        seen.push(logits);
    }
}

#[test]
fn a_window_of_2_sees_the_token_and_the_one_before() {
    let expected = array![
        [true, false, false, false],
        [true, true, false, false],
        [false, true, true, false],
        [false, false, true, true],
    ];
    assert_eq!(window_mask(4, Some(2)), expected);
    assert_eq!(window_mask(4, Some(4)), window_mask(4, None));
}

#[test]
fn an_mlp_without_a_gate_has_as_many_weights() {
    let count = |names| {
        let config = Config { hidden_multiplier: 4.0, ..config() };
        let experiment = Experiment::named(names, config).expect("a known name");
        ExperimentParams::<f32>::zeros(&experiment).count()
    };
    assert_eq!(count("relu"), count("plain"));
    assert_eq!(count("relu2"), count("plain"));
    assert_eq!(count("shared-kv"), count("plain") - 2 * 4 * 4);
    assert_eq!(count("sandwich"), count("plain") + 2 * 2 * 4);
    assert_eq!(count("tied"), count("plain") - 7 * 4);
}

#[test]
fn an_unknown_name_is_refused_with_those_there_are() {
    let error = Experiment::named("tied+mamba", config()).expect_err("no such name");
    assert!(error.contains("\"mamba\"") && error.contains("shared-kv"), "{error}");
}

// Files.

fn model(names: &str) -> ExperimentModel {
    let tokenizer = Tokenizer::of_characters("abcdef");
    let experiment = experiment(names);
    assert_eq!(experiment.config.vocab_size, tokenizer.vocab_size());
    let params = ExperimentParams::init(&experiment, &mut StdRng::seed_from_u64(1));
    ExperimentModel { experiment, params, tokenizer }
}

fn saved(names: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    save(&model(names), &directory.path().join("model")).expect("a new directory");
    directory
}

#[test]
fn a_saved_model_comes_back_with_all_its_settings() {
    for names in SUGGESTIONS.map(|suggestion| suggestion.name) {
        let directory = saved(names);
        assert_eq!(load(&directory.path().join("model")).expect("our own"), model(names));
    }
    let all = "tied+sandwich+relu2+window+shared-kv";
    let directory = saved(all);
    let read = load(&directory.path().join("model")).expect("our own");
    assert_eq!(read, model(all));
    assert_eq!(read.experiment.variant.mlp, MlpKind::ReluSquared);
    assert_eq!(read.experiment.variant.windows, [Some(2), None]);
}

#[test]
fn a_llama_is_not_an_experiment_and_an_experiment_is_no_llama() {
    let directory = saved("sandwich");
    let path = directory.path().join("model");
    let error = capstone::checkpoint::load(&path).expect_err("no Llama").to_string();
    assert!(error.contains("compare") && error.contains("no Llama can hold"), "{error}");
    edit(&path.join("config.json"), "fourteen_steps_experiment", "llama");
    let error = load(&path).expect_err("no experiment").to_string();
    assert!(error.contains("`model_type` is \"llama\""), "{error}");
}

#[test]
fn damaged_models_are_refused_by_name() {
    for (from, to, word) in [
        ("\"relu\"", "\"gelu\"", "gelu"),
        ("\"n_heads\": 2", "\"n_heads\": 3", "heads"),
        ("\"d_model\": 4", "\"d_model\": 4000000000", "embedding has shape"),
        ("\"n_layers\": 2", "\"n_layers\": 3", "blocks.2.mlp.w_up is missing"),
        ("\"n_layers\": 2", "\"n_layers\": 1", "blocks.1.attention.w_k belongs to no weight"),
        ("\"hidden_multiplier\": 1.5", "\"hidden_multiplier\": 1e9", "w_up has shape"),
        ("\"shared_kv\": false", "\"shared_kv\": true", "w_k belongs to no weight"),
        ("\"sandwich_norm\": false", "\"sandwich_norm\": true", "attn_out_norm is missing"),
        ("\"windows\": []", "\"windows\": [0]", "windows"),
        ("\"variant\"", "\"variante\"", "variant"),
    ] {
        let directory = saved("relu");
        let path = directory.path().join("model");
        edit(&path.join("config.json"), from, to);
        let error = load(&path).expect_err(to).to_string();
        assert!(error.contains(word), "{error:?} lacks {word:?}");
    }
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("it is there");
    assert!(text.contains(from), "{from} is not in {text}");
    fs::write(path, text.replace(from, to)).expect("it is there");
}
