//! Training as a whole: it learns, it repeats itself exactly, and shards change nothing but
//! the order of sums.

use approx::assert_relative_eq;
use capstone::data::Data;
use capstone::preset::COURSE;
use capstone::record::{Settings, Source};
use capstone::tokenizer::Tokenizer;
use capstone::trainer::{
    Trainer, accumulated_loss_and_gradients, shard, sharded_loss_and_gradients,
};
use lesson02_embeddings::Config;
use lesson10_transformer_block::Parameters;
use lesson12_training::{Schedule, TrainConfig};

const TEXT: &str = "the cat sat on the mat. the dog sat on the cat. the mat sat still. ";

/// A model small enough to train in a test, on a text that repeats itself.
fn trainer(seed: u64, shards: usize) -> Trainer {
    let text = TEXT.repeat(20);
    let tokenizer = Tokenizer::of_characters(&text);
    let config = Config {
        vocab_size: tokenizer.vocab_size(),
        context_length: 16,
        d_model: 16,
        n_layers: 2,
        n_heads: 2,
        ..Config::course()
    };
    let schedule = Schedule { max_lr: 1e-2, min_lr: 1e-3, warmup_steps: 5, total_steps: 60 };
    let train = TrainConfig { schedule, ..COURSE.train };
    let preset = "course".to_string();
    let settings =
        Settings { preset, train, batch: 8, accumulate: 1, shards, seed, eval_every: 20 };
    let data = Data::text(&text, &tokenizer, config.context_length).expect("long enough");
    Trainer::new(config, settings, Source::text("text".to_string(), &text), data, tokenizer)
}

fn losses(mut trainer: Trainer, steps: usize) -> Vec<f32> {
    (0..steps).map(|_| trainer.step().expect("a finite loss").loss).collect()
}

#[test]
fn training_starts_at_the_blind_guess_and_learns() {
    let mut trainer = trainer(1, 2);
    let blind = (trainer.config.vocab_size as f64).ln();
    let before = trainer.validation_loss();
    assert!((before - blind).abs() < 0.05, "{before} at the start, ln(vocab_size) is {blind}");
    for _ in 0..60 {
        trainer.step().expect("a finite loss");
    }
    let after = trainer.validation_loss();
    assert!(after < 0.5 * blind, "{after} after 60 steps, {blind} at the start");
}

#[test]
fn one_seed_gives_the_same_losses_to_the_last_bit() {
    assert_eq!(losses(trainer(3, 2), 12), losses(trainer(3, 2), 12));
    assert_ne!(losses(trainer(3, 2), 2), losses(trainer(4, 2), 2));
}

#[test]
fn shards_are_rows_in_order_whose_number_differs_by_at_most_one() {
    let trainer = trainer(1, 1);
    let rows = trainer.data.training_batch(&trainer.tokenizer, 8, 16, 1, 0);
    for (shards, sizes) in [(1, vec![8]), (3, vec![2, 3, 3]), (8, vec![1; 8]), (99, vec![1; 8])] {
        let parts = shard(&rows, shards);
        assert_eq!(parts.iter().map(|part| part.ids.nrows()).collect::<Vec<_>>(), sizes);
        let ids: Vec<usize> = parts.iter().flat_map(|part| part.ids.iter().copied()).collect();
        assert_eq!(ids, rows.ids.iter().copied().collect::<Vec<_>>());
    }
}

#[test]
fn shards_with_unequal_padding_give_the_gradients_of_the_whole_batch() {
    let Trainer { config, state, data, tokenizer, .. } = trainer(1, 1);
    let mut rows = data.training_batch(&tokenizer, 6, 16, 1, 0);
    rows.targets.slice_mut(ndarray::s![..2, 5..]).fill(0);
    let whole = [rows.clone()];
    let (loss, grads) = sharded_loss_and_gradients(&whole, Some(0), &state.params, &config);
    let parts = shard(&rows, 3);
    let (part_loss, part_grads) =
        sharded_loss_and_gradients(&parts, Some(0), &state.params, &config);
    assert_relative_eq!(loss, part_loss, max_relative = 1e-5);
    for ((name, whole), (_, parts)) in grads.named().into_iter().zip(part_grads.named()) {
        for (whole, parts) in whole.iter().zip(&parts) {
            assert!((whole - parts).abs() < 1e-6, "{name}: {whole} in one piece, {parts} in three");
        }
    }
}

#[test]
fn a_batch_in_turns_gives_the_gradients_of_the_whole_batch() {
    let Trainer { config, state, data, tokenizer, .. } = trainer(1, 1);
    let mut rows = data.training_batch(&tokenizer, 7, 16, 1, 0);
    rows.targets.slice_mut(ndarray::s![..2, 5..]).fill(0);
    let whole = [rows.clone()];
    let (loss, grads) = sharded_loss_and_gradients(&whole, Some(0), &state.params, &config);
    for n_turns in [1, 3, 7] {
        let turns: Vec<_> = shard(&rows, n_turns).iter().map(|part| shard(part, 2)).collect();
        let (turns_loss, turns_grads) =
            accumulated_loss_and_gradients(&turns, Some(0), &state.params, &config);
        assert_relative_eq!(loss, turns_loss, max_relative = 1e-5);
        for ((name, whole), (_, turns)) in grads.named().into_iter().zip(turns_grads.named()) {
            for (whole, turns) in whole.iter().zip(&turns) {
                let distance = (whole - turns).abs();
                assert!(distance < 1e-6, "{name}: {whole} at once, {turns} in {n_turns} turns");
            }
        }
    }
}

#[test]
fn training_in_turns_is_the_same_training_up_to_rounding() {
    let mut in_turns = trainer(3, 2);
    in_turns.settings.accumulate = 4;
    for (a, b) in losses(trainer(3, 2), 12).into_iter().zip(losses(in_turns, 12)) {
        assert_relative_eq!(a, b, max_relative = 1e-4);
    }
}
