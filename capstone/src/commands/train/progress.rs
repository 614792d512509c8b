//! What a person sees of a training while it runs.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use capstone::checkpoint::Model;
use capstone::corpus;
use capstone::record::Metrics;
use capstone::tokenizer::Pieces;
use capstone::trainer::Trainer;
use capstone::writer::{Options, continue_text};
use indicatif::{ProgressBar, ProgressStyle};
use lesson01_tokens::decode;
use lesson11_tiny_gpt::count_parameters;
use lesson12_training::StepReport;
use lesson13_generation::Sampling;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

use crate::commands::tell;

/// What is going to be trained.
pub(crate) fn introduce(trainer: &Trainer) {
    let Trainer { config, settings, .. } = trainer;
    tell(format_args!(
        "{}: {} weights; {} layers, {} heads, d_model {}, context {}, {} tokens",
        settings.preset,
        count_parameters(config),
        config.n_layers,
        config.n_heads,
        config.d_model,
        config.context_length,
        config.vocab_size
    ));
    let turns = match settings.accumulate {
        1 => String::new(),
        n => format!(" in {n} turns"),
    };
    tell(format_args!(
        "{} steps of {} rows{turns} on {} shards, seed {}",
        settings.train.schedule.total_steps, settings.batch, settings.shards, settings.seed
    ));
    let guess = (config.vocab_size as f64).ln();
    match trainer.data.floor() {
        Some(floor) => {
            tell(format_args!("loss of a blind guess {guess:.2}, floor {floor:.2} nats per token"))
        }
        None => tell(format_args!("loss of a blind guess {guess:.2} nats per token")),
    }
}

/// A bar on a terminal, and a line for every look at the validation data.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Is the bar to be seen? Elsewhere the lines say what it would.
    on_terminal: bool,
    start: Instant,
    first_step: usize,
    total_steps: usize,
    tokens_per_step: usize,
    /// ` (floor 0.88)` or nothing.
    floor: String,
    /// The newest validation loss.
    validation: Option<f64>,
}

impl Progress {
    pub(crate) fn new(trainer: &Trainer) -> Self {
        let (first_step, settings) = (trainer.state.step, &trainer.settings);
        let total_steps = settings.train.schedule.total_steps;
        let bar = ProgressBar::new(total_steps as u64);
        let style = "{bar:30} step {pos}/{len}  {prefix}{eta} left\n{msg}";
        bar.set_style(ProgressStyle::with_template(style).expect("a fixed template"));
        bar.set_position(first_step as u64);
        bar.reset_eta();
        let on_terminal = std::io::stderr().is_terminal();
        if on_terminal {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let floor = trainer.data.floor();
        Progress {
            bar,
            on_terminal,
            start: Instant::now(),
            first_step,
            total_steps,
            tokens_per_step: settings.batch * trainer.config.context_length,
            floor: floor.map_or(String::new(), |floor| format!(" (floor {floor:.4})")),
            validation: trainer.history.metrics.last().map(|row| row.validation_loss),
        }
    }

    /// Moves the bar on by a step.
    pub(crate) fn step(&self, report: &StepReport<f32>) {
        let StepReport { loss, grad_norm, learning_rate } = report;
        self.bar.inc(1);
        if !self.on_terminal {
            return;
        }
        let speed = self.bar.per_sec() * self.tokens_per_step as f64;
        self.bar.set_prefix(format!("{:.1} k tokens/s  ", speed / 1000.0));
        let mut line = format!("train {loss:.4}");
        if let Some(validation) = self.validation {
            let _ = write!(line, "  val {validation:.4}{}", self.floor);
        }
        let _ = write!(line, "  lr {learning_rate:.1e}  grad norm {grad_norm:.2}");
        self.bar.set_message(line);
    }

    /// Prints a row of the history.
    pub(crate) fn row(&mut self, row: &Metrics) {
        let &Metrics { step, train_loss, validation_loss, learning_rate, grad_norm } = row;
        self.validation = Some(validation_loss);
        let floor = &self.floor;
        let mut line = format!(
            "step {step:>5}  train {train_loss:.4}  val {validation_loss:.4}{floor}  \
             lr {learning_rate:.1e}  grad norm {grad_norm:.2}"
        );
        if !self.on_terminal {
            let seconds = self.start.elapsed().as_secs_f64() / (step - self.first_step) as f64;
            let left = Duration::from_secs_f64(seconds * (self.total_steps - step) as f64);
            let speed = self.tokens_per_step as f64 / seconds / 1000.0;
            let _ = write!(line, "  {speed:.1} k tokens/s  {} left", clock(left));
        }
        self.bar.suspend(|| tell(line));
    }

    /// Shows what the model writes by now.
    pub(crate) fn sample(&self, trainer: &Trainer) {
        let model = trainer.model();
        let n_new = if tells_stories(&model) { model.config.context_length } else { 72 };
        let mut rng = StdRng::seed_from_u64(trainer.settings.seed);
        let sample = write_sample(&model, n_new, &mut rng);
        self.bar.suspend(|| {
            for line in wrapped(sample.text.trim(), 76) {
                tell(format_args!("  | {line}"));
            }
        });
    }

    /// Takes the bar away and says how long it took.
    pub(crate) fn finish(&self) {
        let elapsed = self.start.elapsed();
        let steps = self.bar.position() as usize - self.first_step;
        let tokens = (steps * self.tokens_per_step) as f64;
        self.bar.finish_and_clear();
        if steps == 0 {
            return;
        }
        let speed = tokens / elapsed.as_secs_f64() / 1000.0;
        tell(format_args!(
            "trained in {} minutes, {speed:.1} k tokens/s with validation",
            clock(elapsed)
        ));
    }
}

/// A few texts by the trained model; of stories, how many are possible in their world.
pub(crate) fn show_samples(model: &Model, seed: u64) {
    let (samples, n_new) =
        if tells_stories(model) { (20, model.config.context_length) } else { (1, 400) };
    let mut rng = StdRng::seed_from_u64(seed);
    let written: Vec<Sample> = (0..samples).map(|_| write_sample(model, n_new, &mut rng)).collect();
    for sample in written.iter().take(3) {
        tell(format_args!("\n{}", wrapped(sample.text.trim(), 80).join("\n")));
    }
    if tells_stories(model) {
        let consistent = written.iter().filter(|sample| sample.is_story).count();
        tell(format_args!(
            "\n{consistent} of {samples} such stories are consistent from first to last word"
        ));
    }
}

fn tells_stories(model: &Model) -> bool {
    model.tokenizer.pieces == Pieces::Words
}

struct Sample {
    text: String,
    /// Is it a whole story of the built-in world that never contradicts itself?
    is_story: bool,
}

fn write_sample(model: &Model, n_new: usize, rng: &mut StdRng) -> Sample {
    let sampling = Sampling { temperature: 0.8, top_k: None, top_p: None };
    let options = Options { n_new, sampling, kv_cache: true, stop: vec![] };
    // An empty prompt holds no unknown token.
    let prompt = model.tokenizer.encode_prompt("").unwrap_or(vec![0]);
    let new = continue_text(&prompt, model, &options, rng, |_| {});
    let ids = [prompt, new.ids].concat();
    let story = decode(&ids, &model.tokenizer.vocabulary);
    let is_story = story.is_ok_and(|story| corpus::check_story(&story).is_ok());
    Sample { text: new.text, is_story }
}

/// The lines of a text, the long ones broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for long in text.lines() {
        let mut line = String::new();
        for word in long.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// Minutes and seconds: `2:05`.
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}
