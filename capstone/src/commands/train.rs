//! `capstone train`

use std::fs::{self, File};
use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use capstone::checkpoint::{Model, save};
use capstone::corpus;
use capstone::data::Data;
use capstone::plot::{Metrics, loss_curve};
use capstone::preset::{NANO, PRESETS, Preset, STORY};
use capstone::tokenizer::{Pieces, Tokenizer};
use capstone::trainer::Trainer;
use capstone::writer::{Options, continue_text, prompt_ids};
use indicatif::{ProgressBar, ProgressStyle};
use lesson01_tokens::decode;
use lesson11_tiny_gpt::count_parameters;
use lesson13_generation::Sampling;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Sizes and schedule: course, story or nano [default: story, and nano for a text]
    #[arg(long, value_parser = preset)]
    preset: Option<Preset>,
    /// A UTF-8 text to train on, character by character, instead of the built-in stories
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
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
    /// Decides the first weights, the batches and the samples
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Parts that are computed side by side [default: one per core]
    #[arg(long)]
    shards: Option<NonZeroUsize>,
    /// Steps between two looks at the validation data [default: a tenth of the training]
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

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut trainer = set_up(arguments)?;
    let name = arguments.preset().name;
    let out = output_directory(arguments.out.as_deref(), name)?;
    introduce(&trainer, name);
    let metrics = train(&mut trainer, arguments)?;
    let model = trainer.model();
    write_run(&model, &metrics, trainer.data.floor(), &out)?;
    print_samples(&model, trainer.seed)?;
    println!("\nwritten to {}; let it write more with", out.display());
    println!("  cargo run --release -p capstone -- generate --run {}", out.display());
    let last = metrics.last().context("no step was made")?;
    if let Some(floor) = trainer.data.floor() {
        println!("floor {floor:.4}");
    }
    println!("val {:.4}", last.validation_loss);
    Ok(())
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

    fn shards(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.shards.map_or_else(cores, NonZeroUsize::get)
    }
}

/// Reads and checks everything, and writes nothing.
fn set_up(arguments: &Arguments) -> anyhow::Result<Trainer> {
    let preset = arguments.preset();
    let lr = preset.train.schedule.max_lr;
    ensure!(lr.is_finite() && lr > 0.0, "--lr is {lr}, must be a positive number");
    let mut config = preset.config;
    let (tokenizer, data) = match &arguments.text {
        Some(path) => {
            let text = read_text(path)?;
            let tokenizer = Tokenizer::of_characters(&text);
            let data = Data::text(&text, &tokenizer, config.context_length)
                .with_context(|| path.display().to_string())?;
            (tokenizer, data)
        }
        None => {
            let tokenizer = Tokenizer::of_words(&corpus::all_tokens());
            let needed = corpus::LONGEST_STORY - 1;
            if arguments.context.is_some_and(|context| context < needed) {
                bail!("--context is too short for the built-in stories, which need {needed}");
            }
            config.context_length = config.context_length.max(needed);
            (tokenizer.clone(), Data::stories(&tokenizer))
        }
    };
    config.vocab_size = tokenizer.vocab_size();
    config.check()?;
    let (shards, seed) = (arguments.shards(), arguments.seed);
    Ok(Trainer::new(config, preset.train, preset.batch, shards, seed, data, tokenizer))
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|error| error.utf8_error().valid_up_to());
    text.map_err(|valid| {
        anyhow::anyhow!("{} is not UTF-8 text: byte {valid} fits no character", path.display())
    })
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

fn introduce(trainer: &Trainer, preset: &str) {
    let config = &trainer.config;
    println!(
        "{preset}: {} weights; {} layers, {} heads, d_model {}, context {}, {} tokens",
        count_parameters(config),
        config.n_layers,
        config.n_heads,
        config.d_model,
        config.context_length,
        config.vocab_size
    );
    println!(
        "{} steps of {} rows on {} shards, seed {}",
        trainer.train.schedule.total_steps, trainer.batch, trainer.shards, trainer.seed
    );
    let guess = (config.vocab_size as f64).ln();
    match trainer.data.floor() {
        Some(floor) => {
            println!("loss of a blind guess {guess:.2}, floor {floor:.2} nats per token")
        }
        None => println!("loss of a blind guess {guess:.2} nats per token"),
    }
}

/// All steps, with a look at the validation data now and then.
fn train(trainer: &mut Trainer, arguments: &Arguments) -> anyhow::Result<Vec<Metrics>> {
    let total = trainer.train.schedule.total_steps;
    let eval_every = arguments.eval_every.map_or(total.div_ceil(10), NonZeroUsize::get);
    let progress = Progress::new(total, trainer.batch * trainer.config.context_length);
    let mut metrics = Vec::new();
    let mut since_last = Mean::default();
    while trainer.state.step < total {
        let report = trainer.step().context(
            "training stopped; a lower --lr usually helps, or a look at the text and the mask",
        )?;
        since_last.add(f64::from(report.loss));
        let step = trainer.state.step;
        if step.is_multiple_of(eval_every) || step == total {
            let row = Metrics {
                step,
                train_loss: since_last.take(),
                validation_loss: trainer.validation_loss(),
                learning_rate: report.learning_rate,
            };
            progress.line(&row, trainer.data.floor());
            metrics.push(row);
        }
        progress.step(f64::from(report.loss));
    }
    progress.finish();
    Ok(metrics)
}

#[derive(Default)]
struct Mean {
    sum: f64,
    n: usize,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.n += 1;
    }

    fn take(&mut self) -> f64 {
        let Mean { sum, n } = std::mem::take(self);
        sum / n.max(1) as f64
    }
}

/// A bar on a terminal; elsewhere only the lines.
struct Progress {
    bar: ProgressBar,
    tokens_per_step: usize,
}

impl Progress {
    fn new(total: usize, tokens_per_step: usize) -> Self {
        let bar = ProgressBar::new(total as u64);
        let style = "{bar:30} {pos}/{len}  {msg}  {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("a fixed template"));
        if std::io::stderr().is_terminal() {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Progress { bar, tokens_per_step }
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
        let tokens = self.bar.position() as f64 * self.tokens_per_step as f64;
        self.bar.finish_and_clear();
        let speed = tokens / elapsed.as_secs_f64() / 1000.0;
        let (minutes, seconds) = (elapsed.as_secs() / 60, elapsed.as_secs() % 60);
        println!(
            "trained in {minutes}:{seconds:02} minutes, {speed:.1} k tokens/s with validation"
        );
    }
}

fn write_run(
    model: &Model,
    metrics: &[Metrics],
    floor: Option<f64>,
    out: &Path,
) -> anyhow::Result<()> {
    save(model, out)?;
    let path = out.join("metrics.csv");
    write_metrics(metrics, &path).with_context(|| path.display().to_string())?;
    let path = out.join("loss.svg");
    let svg = loss_curve(metrics, floor).map_err(anyhow::Error::from_boxed)?;
    fs::write(&path, svg).with_context(|| path.display().to_string())
}

fn write_metrics(metrics: &[Metrics], path: &Path) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    writeln!(file, "step,train_loss,validation_loss,learning_rate")?;
    for Metrics { step, train_loss, validation_loss, learning_rate } in metrics {
        writeln!(file, "{step},{train_loss},{validation_loss},{learning_rate}")?;
    }
    Ok(())
}

/// A few texts by the trained model; of stories, how many are possible in their world.
fn print_samples(model: &Model, seed: u64) -> anyhow::Result<()> {
    let stories = model.tokenizer.pieces == Pieces::Words;
    let (samples, n_new) = if stories { (20, model.config.context_length) } else { (1, 400) };
    let sampling = Sampling { temperature: 0.8, top_k: None, top_p: None };
    let options = Options { n_new, sampling, kv_cache: true };
    let prompt = prompt_ids("", &model.tokenizer)?;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut consistent = 0;
    for i in 0..samples {
        let mut text = String::new();
        let new = continue_text(&prompt, model, &options, &mut rng, |piece| text.push_str(piece));
        if i < 3 {
            println!("\n{}", text.trim());
        }
        let story = decode(&[prompt.as_slice(), &new].concat(), &model.tokenizer.vocabulary)?;
        consistent += usize::from(corpus::check_story(&story).is_ok());
    }
    if stories {
        println!("\n{consistent} of {samples} such stories are consistent from first to last word");
    }
    Ok(())
}
