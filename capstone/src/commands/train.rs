//! `capstone train`

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use capstone::checkpoint::{Model, load_tokenizer, load_training};
use capstone::corpus;
use capstone::data::Data;
use capstone::preset::{NANO, PRESETS, Preset, STORY};
use capstone::record::{Metrics, Settings, Source};
use capstone::run::{Run, find_checkpoint};
use capstone::tokenizer::{Pieces, Tokenizer};
use capstone::trainer::{SavedTraining, Trainer};
use capstone::writer::{Options, continue_text};
use indicatif::{ProgressBar, ProgressStyle};
use lesson01_tokens::decode;
use lesson11_tiny_gpt::count_parameters;
use lesson13_generation::Sampling;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

use super::read_text;

pub(crate) const EXAMPLES: &str = "\
Examples:
  capstone train                                    the built-in stories, about a minute
  capstone train --text my.txt                      a text of your own, character by character
  capstone train --text my.txt --tokenizer bpe.json --context 128
  capstone train --preset course --steps 500 --out runs/quick
  capstone train --resume runs/story-1              go on where a training was stopped
";

/// What a process that was asked to stop by Ctrl-C says to its shell.
const INTERRUPTED: u8 = 130;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Sizes and schedule: course, story or nano [default: story, and nano for a text]
    #[arg(long, value_parser = preset)]
    preset: Option<Preset>,
    /// A UTF-8 text to train on instead of the built-in stories
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// A tokenizer.json to read the text with [default: character by character]
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Go on with the training in this directory, as if it had never stopped
    #[arg(long, value_name = "RUN")]
    resume: Option<PathBuf>,
    /// A new directory for the run [default: runs/PRESET-1, or the next free number]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How many steps to train
    #[arg(long)]
    steps: Option<NonZeroUsize>,
    /// Rows per step
    #[arg(long)]
    batch: Option<NonZeroUsize>,
    /// The highest learning rate
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Width of the residual stream
    #[arg(long)]
    d_model: Option<usize>,
    /// Number of transformer blocks
    #[arg(long)]
    layers: Option<usize>,
    /// Number of attention heads per block
    #[arg(long)]
    heads: Option<usize>,
    /// The most tokens the model can see at once
    #[arg(long)]
    context: Option<usize>,
    /// Use the embedding table as the LM head
    #[arg(long)]
    tied: bool,
    /// Decides the first weights, the batches and the samples [default: 1]
    #[arg(long)]
    seed: Option<u64>,
    /// Parts that are computed side by side [default: one per core]
    #[arg(long)]
    shards: Option<NonZeroUsize>,
    /// Steps between two looks at the validation data, each with a checkpoint [default: a tenth
    /// of the training]
    #[arg(long, value_name = "STEPS")]
    eval_every: Option<NonZeroUsize>,
}

fn preset(name: &str) -> Result<Preset, String> {
    let names = PRESETS.map(|preset| preset.name).join(", ");
    PRESETS
        .into_iter()
        .find(|preset| preset.name == name)
        .ok_or(format!("there is no preset {name}; there are {names}"))
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (mut trainer, run) = match &arguments.resume {
        Some(directory) => resume(arguments, directory)?,
        None => start(arguments)?,
    };
    introduce(&trainer);
    let outcome = train(&mut trainer, &run)?;
    run.save(&trainer)?;
    let out = run.directory().display();
    if outcome == Outcome::Interrupted {
        println!("stopped after step {} and saved; to go on:", trainer.state.step);
        println!("  cargo run --release -p capstone -- train --resume {out}");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    print_samples(&trainer.model(), trainer.settings.seed)?;
    println!("\nwritten to {out}; let it write more with");
    println!("  cargo run --release -p capstone -- generate --run {out}");
    let last = trainer.history.metrics.last().context("no step was made")?;
    if let Some(floor) = trainer.data.floor() {
        println!("floor {floor:.4}");
    }
    println!("val {:.4}", last.validation_loss);
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    /// The chosen preset with what the flags change.
    fn preset(&self) -> Preset {
        let default = if self.text.is_some() { NANO } else { STORY };
        let mut preset = self.preset.unwrap_or(default);
        let config = &mut preset.config;
        config.d_model = self.d_model.unwrap_or(config.d_model);
        config.n_layers = self.layers.unwrap_or(config.n_layers);
        config.n_heads = self.heads.unwrap_or(config.n_heads);
        config.context_length = self.context.unwrap_or(config.context_length);
        config.tie_embeddings = self.tied;
        preset.batch = self.batch.map_or(preset.batch, NonZeroUsize::get);
        let schedule = &mut preset.train.schedule;
        schedule.total_steps = self.steps.map_or(schedule.total_steps, NonZeroUsize::get);
        schedule.warmup_steps = schedule.warmup_steps.min(schedule.total_steps / 10);
        if let Some(lr) = self.lr {
            (schedule.max_lr, schedule.min_lr) = (lr, lr / 10.0);
        }
        preset
    }

    fn settings(&self, preset: &Preset) -> Settings {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let tenth = preset.train.schedule.total_steps.div_ceil(10);
        Settings {
            preset: preset.name.to_string(),
            train: preset.train,
            batch: preset.batch,
            shards: self.shards.map_or_else(cores, NonZeroUsize::get),
            seed: self.seed.unwrap_or(1),
            eval_every: self.eval_every.map_or(tenth, NonZeroUsize::get),
        }
    }

    /// With `--resume` a flag may repeat what was said at the start, and nothing else.
    fn refuse_contradictions(&self, saved: &SavedTraining, run: &Path) -> anyhow::Result<()> {
        let SavedTraining { config, settings, source, .. } = saved;
        let given = [
            ("--preset", shown(self.preset.map(|preset| preset.name)), settings.preset.clone()),
            ("--out", shown(self.out.as_ref().map(|out| out.display())), run.display().to_string()),
            ("--steps", shown(self.steps), settings.train.schedule.total_steps.to_string()),
            ("--batch", shown(self.batch), settings.batch.to_string()),
            ("--lr", shown(self.lr), settings.train.schedule.max_lr.to_string()),
            ("--d-model", shown(self.d_model), config.d_model.to_string()),
            ("--layers", shown(self.layers), config.n_layers.to_string()),
            ("--heads", shown(self.heads), config.n_heads.to_string()),
            ("--context", shown(self.context), config.context_length.to_string()),
            ("--tied", shown(self.tied.then_some(true)), config.tie_embeddings.to_string()),
            ("--seed", shown(self.seed), settings.seed.to_string()),
            ("--shards", shown(self.shards), settings.shards.to_string()),
            ("--eval-every", shown(self.eval_every), settings.eval_every.to_string()),
        ];
        for (flag, given, saved) in given {
            if let Some(given) = given.filter(|given| *given != saved) {
                bail!("{flag} is {given}, but the training to resume has {saved}; leave it out");
            }
        }
        ensure!(
            self.text.is_none() || source.file.is_some(),
            "--text contradicts the training to resume, which is on the built-in stories"
        );
        if let Some(file) = &self.tokenizer {
            let same = load_tokenizer(file)? == saved.tokenizer;
            ensure!(same, "--tokenizer is not the one of the training to resume; leave it out");
        }
        Ok(())
    }
}

fn shown(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

/// A new training: everything is read and checked before its directory is made.
fn start(arguments: &Arguments) -> anyhow::Result<(Trainer, Run)> {
    let preset = arguments.preset();
    let lr = preset.train.schedule.max_lr;
    ensure!(lr.is_finite() && lr > 0.0, "--lr is {lr}, must be a positive number");
    let mut config = preset.config;
    let (tokenizer, source, data) = match &arguments.text {
        Some(path) => {
            let text = read_text(path)?;
            let tokenizer = match &arguments.tokenizer {
                Some(file) => load_tokenizer(file)?,
                None => Tokenizer::of_characters(&text),
            };
            let data = Data::text(&text, &tokenizer, config.context_length)
                .with_context(|| path.display().to_string())?;
            (tokenizer, text_source(path, &text), data)
        }
        None => {
            ensure!(arguments.tokenizer.is_none(), "--tokenizer needs --text: stories have words");
            let tokenizer = Tokenizer::of_words(&corpus::all_tokens());
            let needed = corpus::LONGEST_STORY - 1;
            if arguments.context.is_some_and(|context| context < needed) {
                bail!("--context is too short for the built-in stories, which need {needed}");
            }
            config.context_length = config.context_length.max(needed);
            let data = Data::stories(&tokenizer);
            (tokenizer, Source::stories(), data)
        }
    };
    config.vocab_size = tokenizer.vocab_size();
    config.check()?;
    let run = Run::create(&output_directory(arguments.out.as_deref(), preset.name)?)?;
    Ok((Trainer::new(config, arguments.settings(&preset), source, data, tokenizer), run))
}

/// A training that goes on: the same numbers, on the same text.
fn resume(arguments: &Arguments, directory: &Path) -> anyhow::Result<(Trainer, Run)> {
    let run = Run::open(directory)?;
    let saved = load_training(&find_checkpoint(directory)?)?;
    arguments.refuse_contradictions(&saved, directory)?;
    let data = match arguments.text.clone().or(saved.source.file.as_ref().map(PathBuf::from)) {
        Some(path) => {
            let text = read_text(&path)?;
            ensure!(
                text_source(&path, &text).fingerprint == saved.source.fingerprint,
                "{} is not the text that this training started on; start a new one with --text",
                path.display()
            );
            Data::text(&text, &saved.tokenizer, saved.config.context_length)
                .with_context(|| path.display().to_string())?
        }
        None => {
            let same = Source::stories() == saved.source
                && Tokenizer::of_words(&corpus::all_tokens()) == saved.tokenizer;
            ensure!(same, "the built-in stories have changed since this training started");
            Data::stories(&saved.tokenizer)
        }
    };
    println!("going on after step {}", saved.state.step);
    Ok((Trainer::resume(saved, data), run))
}

/// The whole path, so that a training can be resumed from another directory.
fn text_source(path: &Path, text: &str) -> Source {
    let whole = std::path::absolute(path).unwrap_or(path.to_owned());
    Source::text(whole.to_string_lossy().into_owned(), text)
}

/// The directory asked for, which must not exist, or the first free one of its name.
fn output_directory(asked: Option<&Path>, preset: &str) -> anyhow::Result<PathBuf> {
    if let Some(out) = asked {
        ensure!(!out.exists(), "{} exists already; --out must be new", out.display());
        return Ok(out.to_owned());
    }
    let free = |number: &u32| !Path::new(&format!("runs/{preset}-{number}")).exists();
    let number = (1..).find(free).context("no free name in runs/")?;
    Ok(PathBuf::from(format!("runs/{preset}-{number}")))
}

fn introduce(trainer: &Trainer) {
    let Trainer { config, settings, .. } = trainer;
    println!(
        "{}: {} weights; {} layers, {} heads, d_model {}, context {}, {} tokens",
        settings.preset,
        count_parameters(config),
        config.n_layers,
        config.n_heads,
        config.d_model,
        config.context_length,
        config.vocab_size
    );
    println!(
        "{} steps of {} rows on {} shards, seed {}",
        settings.train.schedule.total_steps, settings.batch, settings.shards, settings.seed
    );
    let guess = (config.vocab_size as f64).ln();
    match trainer.data.floor() {
        Some(floor) => {
            println!("loss of a blind guess {guess:.2}, floor {floor:.2} nats per token")
        }
        None => println!("loss of a blind guess {guess:.2} nats per token"),
    }
}

#[derive(PartialEq)]
enum Outcome {
    Finished,
    Interrupted,
}

/// All steps that are left, with a look at the validation data and a checkpoint now and then.
fn train(trainer: &mut Trainer, run: &Run) -> anyhow::Result<Outcome> {
    let stop = stop_on_ctrl_c()?;
    let progress = Progress::new(trainer);
    while !trainer.is_done() {
        let report = trainer.step().with_context(|| advice(run))?;
        if let Some(row) = trainer.validate_if_due().with_context(|| advice(run))? {
            progress.line(&row, trainer.data.floor());
            run.save(trainer)?;
        }
        progress.step(f64::from(report.loss));
        if stop.load(Ordering::Relaxed) && !trainer.is_done() {
            progress.finish();
            return Ok(Outcome::Interrupted);
        }
    }
    progress.finish();
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

/// A bar on a terminal; elsewhere only the lines.
struct Progress {
    bar: ProgressBar,
    first_step: u64,
    tokens_per_step: usize,
}

impl Progress {
    fn new(trainer: &Trainer) -> Self {
        let first_step = trainer.state.step as u64;
        let bar = ProgressBar::new(trainer.settings.train.schedule.total_steps as u64);
        let style = "{bar:30} {pos}/{len}  {msg}  {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("a fixed template"));
        bar.set_position(first_step);
        bar.reset_eta();
        if std::io::stderr().is_terminal() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let tokens_per_step = trainer.settings.batch * trainer.config.context_length;
        Progress { bar, first_step, tokens_per_step }
    }

    fn step(&self, loss: f64) {
        let speed = self.bar.per_sec() * self.tokens_per_step as f64;
        self.bar.set_message(format!("train {loss:.3}  {:.0} k tokens/s", speed / 1000.0));
        self.bar.inc(1);
    }

    fn line(&self, row: &Metrics, floor: Option<f64>) {
        let Metrics { step, train_loss, validation_loss, learning_rate } = row;
        let floor = floor.map_or(String::new(), |floor| format!(" (floor {floor:.4})"));
        self.bar.suspend(|| {
            println!(
                "step {step:>6}  train {train_loss:.4}  val {validation_loss:.4}{floor}  lr {learning_rate:.1e}"
            );
        });
    }

    fn finish(&self) {
        let elapsed = self.bar.elapsed();
        let steps = self.bar.position() - self.first_step;
        let tokens = steps as f64 * self.tokens_per_step as f64;
        self.bar.finish_and_clear();
        let speed = tokens / elapsed.as_secs_f64() / 1000.0;
        let (minutes, seconds) = (elapsed.as_secs() / 60, elapsed.as_secs() % 60);
        println!(
            "trained in {minutes}:{seconds:02} minutes, {speed:.1} k tokens/s with validation"
        );
    }
}

/// A few texts by the trained model; of stories, how many are possible in their world.
fn print_samples(model: &Model, seed: u64) -> anyhow::Result<()> {
    let stories = model.tokenizer.pieces == Pieces::Words;
    let (samples, n_new) = if stories { (20, model.config.context_length) } else { (1, 400) };
    let sampling = Sampling { temperature: 0.8, top_k: None, top_p: None };
    let options = Options { n_new, sampling, kv_cache: true };
    let prompt = model.tokenizer.encode_prompt("")?;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut consistent = 0;
    for i in 0..samples {
        let mut text = String::new();
        let new = continue_text(&prompt, model, &options, &mut rng, |piece| text.push_str(piece));
        if i < 3 {
            println!("\n{}", text.trim());
        }
        if stories {
            let ids = [prompt.as_slice(), &new].concat();
            let story = decode(&ids, &model.tokenizer.vocabulary)?;
            consistent += usize::from(corpus::check_story(&story).is_ok());
        }
    }
    if stories {
        println!("\n{consistent} of {samples} such stories are consistent from first to last word");
    }
    Ok(())
}
