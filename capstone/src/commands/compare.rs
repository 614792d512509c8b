//! `capstone compare`

use std::collections::BTreeSet;
use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use capstone::checkpoint::{self, CheckpointError, Model, write_file};
use capstone::compare::{Comparison, Row, Setting, plot, train};
use capstone::corpus;
use capstone::data::Data;
use capstone::experiments::file::{self, ExperimentModel};
use capstone::experiments::params::ExperimentParams;
use capstone::experiments::{Experiment, SUGGESTIONS, Suggestion};
use capstone::preset::{COURSE, Preset};
use capstone::tokenizer::Tokenizer;
use indicatif::{ProgressBar, ProgressStyle};
use lesson02_embeddings::Config;

use super::read_text;

/// The variants, each in one line, and how to call the command.
pub(crate) fn examples() -> String {
    let line = |s: &Suggestion| format!("  {:10} {}\n", s.name, s.about);
    let variants: String = SUGGESTIONS.iter().map(line).collect();
    format!(
        "\
Variants, which can be joined with +:
{variants}
Examples:
  capstone compare
  capstone compare --variants plain,relu2,sandwich+relu2 --seeds 1,2,3,4,5
  capstone compare --text my.txt --variants plain,window --steps 1000

Each gets the same batches and schedule. The model of the first seed is saved:
plain and tied as Llamas, the others under a `model_type` of this program, for
Hugging Face's Llama cannot hold them.
"
    )
}

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to train; the first is what the others are compared with
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "plain,tied,sandwich,relu,relu2,window,shared-kv"
    )]
    variants: Vec<String>,
    /// A UTF-8 text to train on, character by character, instead of the built-in stories
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// One training each
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,2,3")]
    seeds: Vec<u64>,
    /// How many steps to train
    #[arg(long, default_value = "500")]
    steps: NonZeroUsize,
    /// Sizes and schedule: course, story or nano [default: course]
    #[arg(long, value_name = "NAME")]
    preset: Option<Preset>,
    /// A new directory for table, picture and models
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (setting, experiments) = arguments.prepare()?;
    let out = &arguments.out;
    ensure!(!out.exists(), "{} exists already; --out must be new", out.display());
    std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;

    let steps = arguments.steps.get();
    let bar = progress(steps * experiments.len() * arguments.seeds.len());
    let mut comparison = Comparison { steps, floor: setting.data.floor(), rows: Vec::new() };
    for (variant, experiment) in arguments.variants.iter().zip(experiments) {
        let mut runs = Vec::new();
        for &seed in &arguments.seeds {
            bar.set_message(format!("{variant}, seed {seed}"));
            let (params, run) = train(&experiment, seed, &setting, || bar.inc(1))
                .with_context(|| format!("{variant}, seed {seed}"))?;
            bar.suspend(|| {
                // A reader who has gone away must not stop the work.
                let loss = run.validation_loss;
                let _ = writeln!(stdout(), "{variant:12} seed {seed:<4} val {loss:.4}");
            });
            if runs.is_empty() {
                save(&experiment, params, &setting.tokenizer, &out.join(variant))?;
            }
            runs.push(run);
        }
        let parameters = ExperimentParams::<f32>::zeros(&experiment).count();
        comparison.rows.push(Row { variant: variant.clone(), parameters, runs });
        // After every variant, so that whatever happens, what was found so far is there.
        write(&comparison, out)?;
    }
    bar.finish_and_clear();

    let floor = comparison.floor.map_or(String::new(), |floor| format!("floor {floor:.4}\n"));
    let report = format!(
        "\n{}\n± is the standard deviation over the seeds; differences are between equal seeds\n\
         {floor}written to {}: compare.svg, compare.csv, compare.json, models\n",
        comparison.to_table(),
        out.display()
    );
    stdout().write_all(report.as_bytes()).context("cannot write to the standard output")
}

impl Arguments {
    /// Reads and checks everything.
    fn prepare(&self) -> anyhow::Result<(Setting, Vec<Experiment>)> {
        let distinct = self.variants.iter().collect::<BTreeSet<_>>().len();
        ensure!(distinct == self.variants.len(), "--variants names one twice");
        let distinct = self.seeds.iter().collect::<BTreeSet<_>>().len();
        ensure!(distinct == self.seeds.len(), "--seeds has one twice: it would say nothing new");

        let Preset { mut config, batch, mut train, .. } = self.preset.unwrap_or(COURSE);
        let (tokenizer, data) = match &self.text {
            Some(path) => {
                let text = read_text(path)?;
                let tokenizer = Tokenizer::of_characters(&text);
                let data = Data::text(&text, &tokenizer, config.context_length);
                let data = data.with_context(|| path.display().to_string())?;
                (tokenizer, data)
            }
            None => {
                config.context_length = config.context_length.max(corpus::LONGEST_STORY - 1);
                let tokenizer = Tokenizer::of_words(&corpus::all_tokens());
                let data = Data::stories(&tokenizer);
                (tokenizer, data)
            }
        };
        config = Config { vocab_size: tokenizer.vocab_size(), ..config };
        let schedule = &mut train.schedule;
        schedule.total_steps = self.steps.get();
        schedule.warmup_steps = schedule.warmup_steps.min(schedule.total_steps / 10);
        let shards = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let experiment = |names: &String| Experiment::named(names, config);
        let experiments: Result<_, _> = self.variants.iter().map(experiment).collect();
        let experiments = experiments.map_err(|error| anyhow::anyhow!("--variants: {error}"))?;
        Ok((Setting { data, tokenizer, train, batch, shards }, experiments))
    }
}

/// A model with nothing different about it is a Llama like those of `capstone train`.
fn save(
    experiment: &Experiment,
    params: ExperimentParams<f32>,
    tokenizer: &Tokenizer,
    directory: &Path,
) -> Result<(), CheckpointError> {
    let (tokenizer, config) = (tokenizer.clone(), experiment.config);
    match params.to_gpt(experiment) {
        Some(params) => checkpoint::save(&Model { config, params, tokenizer }, directory),
        None => {
            let experiment = experiment.clone();
            file::save(&ExperimentModel { experiment, params, tokenizer }, directory)
        }
    }
}

fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    let style = "{bar:30} {pos}/{len}  {msg}  {eta} left";
    bar.set_style(ProgressStyle::with_template(style).expect("a fixed template"));
    bar
}

fn write(comparison: &Comparison, out: &Path) -> anyhow::Result<()> {
    let svg = plot::draw(comparison).map_err(|error| anyhow::anyhow!("compare.svg: {error}"))?;
    write_file(svg.as_bytes(), &out.join("compare.svg"))?;
    write_file(comparison.to_csv().as_bytes(), &out.join("compare.csv"))?;
    Ok(write_file(comparison.to_json().as_bytes(), &out.join("compare.json"))?)
}
