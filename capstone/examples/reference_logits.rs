//! Prints as JSON what a model makes of a text: its ids, its logits at every position, and its
//! greedy continuation up to the context length. For a comparison with other programs.
//!
//! ```text
//! cargo run --release -p capstone --example reference_logits -- runs/nano-1 "To be"
//! ```

use std::path::PathBuf;

use anyhow::Context;
use capstone::checkpoint::load;
use capstone::run::find_checkpoint;
use lesson11_tiny_gpt::gpt_forward;
use lesson13_generation::{Sampling, crop_to_context};
use lesson14_kv_cache::generate_cached;
use ndarray::{Axis, aview1};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use serde_json::json;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let run = PathBuf::from(arguments.next().context("which run?")?);
    let text = arguments.next().unwrap_or_default();
    let model = load(&find_checkpoint(&run)?)?;
    let context_length = model.config.context_length;

    let prompt = model.tokenizer.encode_prompt(&text)?;
    let prompt = crop_to_context(&prompt, context_length);
    let n_new = (context_length - prompt.len()).min(200);
    let mut rng = StdRng::seed_from_u64(0);
    let new = generate_cached(
        prompt,
        n_new,
        &model.params,
        &model.config,
        &Sampling::GREEDY,
        &mut rng,
        |_| std::ops::ControlFlow::Continue(()),
    );
    let ids = [prompt, &new].concat();
    let row = aview1(&ids).insert_axis(Axis(0));
    let (logits, _) = gpt_forward(&row, &model.params, &model.config);
    let rows: Vec<Vec<f32>> =
        logits.index_axis(Axis(0), 0).outer_iter().map(|r| r.to_vec()).collect();

    let reference = json!({
        "input_ids": [ids],
        "logits": [rows],
        "generate": {
            "prompt_ids": prompt,
            "new_ids": new,
            // What generation there may stop at, where ours went on for the comparison.
            "stop_ids": model.tokenizer.end.into_iter().collect::<Vec<_>>()
        },
        "texts": [{ "text": text, "ids": model.tokenizer.encode(&text)? }]
    });
    println!("{reference}");
    Ok(())
}
