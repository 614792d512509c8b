//! `capstone train`

mod progress;
mod settings;
mod start;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use capstone::run::{Run, find_checkpoint};
use capstone::trainer::Trainer;

use super::{print, tell};
use progress::Progress;
pub(crate) use settings::Arguments;

pub(crate) const EXAMPLES: &str = "\
Examples:
  capstone train                                the built-in stories
  capstone train --text my.txt                  a text of your own, by character
  capstone train --text my.txt --tokenizer bpe.json --context 128
  capstone train --preset course --steps 500 --out runs/quick
  capstone train --resume runs/story-1          go on where a training stopped

Ctrl-C saves a checkpoint and ends; --resume goes on as if nothing had happened.
";

/// What a process that was asked to stop by Ctrl-C says to its shell.
const INTERRUPTED: u8 = 130;

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (mut trainer, run) = match &arguments.resume {
        Some(directory) => start::resume(arguments, directory)?,
        None => start::start(arguments)?,
    };
    progress::introduce(&trainer);
    let sample_every = arguments.sample_every.unwrap_or(trainer.settings.eval_every);
    let outcome = train(&mut trainer, &run, sample_every)?;
    run.save(&trainer)?;
    let out = run.directory().display();
    if outcome == Outcome::Interrupted {
        tell(format_args!("stopped after step {} and saved; to go on:", trainer.state.step));
        tell(format_args!("  cargo run --release -p capstone -- train --resume {out}"));
        return Ok(ExitCode::from(INTERRUPTED));
    }
    progress::show_samples(&trainer.model(), trainer.settings.seed);
    print(format_args!("\nwritten to {out}; let it write more with"))?;
    print(format_args!("  cargo run --release -p capstone -- generate --run {out}"))?;
    let last = trainer.history.metrics.last().context("no step was made")?;
    if let Some(floor) = trainer.data.floor() {
        print(format_args!("floor {floor:.4}"))?;
    }
    print(format_args!("val {:.4}", last.validation_loss))?;
    Ok(ExitCode::SUCCESS)
}

#[derive(PartialEq)]
enum Outcome {
    Finished,
    Interrupted,
}

/// All steps that are left, seen by a person.
fn train(trainer: &mut Trainer, run: &Run, sample_every: usize) -> anyhow::Result<Outcome> {
    let stop = stop_on_ctrl_c()?;
    let mut progress = Progress::new(trainer);
    let outcome = take_steps(trainer, run, sample_every, &stop, &mut progress);
    progress.finish();
    outcome
}

/// Steps with a look at the validation data, a checkpoint and a sample now and then.
fn take_steps(
    trainer: &mut Trainer,
    run: &Run,
    sample_every: usize,
    stop: &AtomicBool,
    progress: &mut Progress,
) -> anyhow::Result<Outcome> {
    while !trainer.is_done() {
        let report = trainer.step().with_context(|| advice(run))?;
        progress.step(&report);
        if let Some(row) = trainer.validate_if_due().with_context(|| advice(run))? {
            progress.row(&row);
            run.save(trainer)?;
        }
        let sample_is_due = sample_every > 0 && trainer.state.step.is_multiple_of(sample_every);
        if sample_is_due && !trainer.is_done() {
            progress.sample(trainer);
        }
        if stop.load(Ordering::Relaxed) && !trainer.is_done() {
            return Ok(Outcome::Interrupted);
        }
    }
    Ok(Outcome::Finished)
}

/// The first Ctrl-C sets a flag, the second ends the process at once.
fn stop_on_ctrl_c() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
    };
    ctrlc::set_handler(handler).context("cannot listen for Ctrl-C")?;
    Ok(stop)
}

/// What to do about a loss that is not a number.
fn advice(run: &Run) -> String {
    let kept = match find_checkpoint(run.directory()) {
        Ok(checkpoint) => format!("the last good checkpoint is {}", checkpoint.display()),
        Err(_) => "there was no checkpoint yet".to_string(),
    };
    format!("training stopped, {kept}; a lower --lr usually helps, or a look at the text")
}
