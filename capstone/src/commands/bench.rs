//! `capstone bench`

use std::fmt::Write as _;
use std::fs;
use std::io::{Write as _, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Error, anyhow, ensure};
use capstone::bench::plot::measured_curve;
use capstone::bench::sweep::{Sweep, sweep};
use capstone::bench::{
    SIZES, Size, TrainingSpeed, flop_per_token, measure_generation, measure_training, peak_rss_mib,
};
use lesson02_embeddings::Config;
use serde_json::{Value, json};

pub(crate) const EXAMPLES: &str = "\
Examples:
  capstone bench                           train at four sizes, part by part
  capstone bench --preset nano --json      one line for a program to read
  capstone bench --generate                write instead, with the KV cache
  capstone bench --sweep --out measured    tables and pictures of the costs
";

/// How long the texts of `--generate` are.
const TEXT_LENGTH: usize = 256;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Measure one size only
    #[arg(long, value_parser = SIZES.map(|size| size.name))]
    preset: Option<String>,
    /// Parts of a batch that are computed side by side [default: one per core]
    #[arg(long)]
    shards: Option<NonZeroUsize>,
    /// How long each number is measured
    #[arg(long, default_value_t = 5.0, allow_negative_numbers = true)]
    seconds: f64,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// Measure how fast a text of 256 tokens is written, on one core
    #[arg(long)]
    generate: bool,
    /// With --generate: run the model over the whole text for every token
    #[arg(long, requires = "generate")]
    no_kv_cache: bool,
    /// Measure the cost per token against every size
    #[arg(long, requires = "out", conflicts_with_all = ["preset", "json", "generate"])]
    sweep: bool,
    /// With --sweep: the directory for its tables and pictures
    #[arg(long, value_name = "DIR", requires = "sweep")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let seconds = arguments.seconds;
    ensure!(
        seconds > 0.0 && seconds <= 3600.0,
        "--seconds is {seconds}, must be above 0 and at most 3600"
    );
    let time = Duration::from_secs_f64(seconds);
    let shards = arguments.shards.map_or_else(rayon::current_num_threads, NonZeroUsize::get);
    if let Some(out) = &arguments.out {
        return sweep_into(out, shards, time);
    }
    let wanted = |size: &&Size| arguments.preset.as_deref().is_none_or(|name| name == size.name);
    for size in SIZES.iter().filter(wanted) {
        if arguments.generate {
            generation(size, !arguments.no_kv_cache, time, arguments.json)?;
        } else {
            training(size, shards.min(size.batch), time, arguments.json)?;
        }
    }
    Ok(())
}

/// A closed pipe is an error like any other, not a panic.
fn show(text: &str) -> anyhow::Result<()> {
    writeln!(stdout(), "{text}").context("cannot print")
}

fn training(size: &Size, shards: usize, time: Duration, json: bool) -> anyhow::Result<()> {
    let speed = measure_training(size, shards, time);
    if json {
        let mut line = json!({ "bench": "training", "preset": size.name, "shards": shards });
        let Value::Object(numbers) = serde_json::to_value(&speed)? else {
            return Err(anyhow!("the numbers are not an object"));
        };
        line.as_object_mut().expect("an object").extend(numbers);
        show(&line.to_string())
    } else {
        show(&report(size, shards, &speed))
    }
}

fn report(size: &Size, shards: usize, speed: &TrainingSpeed) -> String {
    let Config { d_model, n_layers, n_heads, context_length, vocab_size, .. } = size.config;
    let memory = speed.peak_rss_mib.map_or("unknown".into(), |mib| format!("{mib:.0} MiB"));
    let mut text = format!(
        "{}: d_model {d_model}, {n_layers} layers, {n_heads} heads, context {context_length}, \
         vocabulary {vocab_size}\n\
         a step has {} rows on {shards} shards and takes {:.2} ms\n\
         \n\
         {:>12.0} tokens/s\n\
         {:>12.1} GFLOP/s in products, {:.3} MFLOP per token\n\
         {:>12.1} % of the {:.0} GFLOP/s this machine reaches on {shards} cores\n\
         {:>12} of memory at most so far\n\
         \n",
        size.name,
        size.batch,
        speed.step_ms,
        speed.tokens_per_s,
        speed.gflop_per_s,
        flop_per_token(&size.config) / 1e6,
        100.0 * speed.share_of_peak,
        speed.peak_gflop_per_s,
        memory,
    );
    for part in &speed.parts {
        let share = 100.0 * part.ms / speed.step_ms;
        writeln!(text, "{:>12} {:>9.3} ms {share:>5.1} %", part.name, part.ms).expect("a string");
    }
    text
}

fn generation(size: &Size, kv_cache: bool, time: Duration, json: bool) -> anyhow::Result<()> {
    let config = Config { context_length: TEXT_LENGTH, ..size.config };
    let tokens = measure_generation(&config, kv_cache, time);
    let tokens_per_s = tokens.len() as f64 / tokens.iter().sum::<f64>();
    if json {
        let line = json!({
            "bench": "generation",
            "preset": size.name,
            "kv_cache": kv_cache,
            "tokens_per_s": tokens_per_s,
            "peak_rss_mib": peak_rss_mib(),
        });
        show(&line.to_string())
    } else {
        let how = if kv_cache { "with" } else { "without" };
        show(&format!("{:>8} {tokens_per_s:>9.0} tokens/s {how} the KV cache", size.name))
    }
}

/// Measures everything, then writes all files.
fn sweep_into(out: &Path, shards: usize, time: Duration) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let write = |name: &str, text: String| {
        let path = out.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let sweeps = sweep(shards, time);
    let mut tables = String::new();
    for sweep in &sweeps {
        writeln!(tables, "{}", table(sweep))?;
        write(&format!("cost-by-{}.svg", sweep.name), picture(sweep)?)?;
    }
    show(&tables)?;
    write("cost.md", tables)?;

    let nano = Config { context_length: TEXT_LENGTH, ..SIZES[2].config };
    let cached = measure_generation(&nano, true, time);
    let uncached = measure_generation(&nano, false, time);
    let position = |seconds: &[f64], y: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
        (0..seconds.len()).map(|at| ((at + 1) as f64, y(at))).collect()
    };
    let us = position(&cached, &|at| 1e6 * cached[at]);
    let axes = ("position of the token", "microseconds for this token");
    let rising =
        measured_curve(axes, ("with the KV cache", us), None).map_err(Error::from_boxed)?;
    write("cached-token-by-position.svg", rising)?;
    let total = |seconds: &[f64]| position(seconds, &|at| 1e3 * seconds[..=at].iter().sum::<f64>());
    let axes = ("tokens written", "milliseconds for the text so far");
    let (with, without) = (total(&cached), total(&uncached));
    let without = Some(("without the KV cache", without));
    let both = measured_curve(axes, ("with", with), without).map_err(Error::from_boxed)?;
    write("text-by-length.svg", both)?;
    write("generation.csv", by_position(&cached, &uncached))?;
    let (tables, pictures) = (sweeps.len() + 1, sweeps.len() + 2);
    show(&format!("{tables} tables and {pictures} pictures are in {}", out.display()))
}

/// What each token of a text costs, in microseconds, as the values of a table.
fn by_position(cached: &[f64], uncached: &[f64]) -> String {
    let mut text = String::from("position,with_kv_cache_us,without_us\n");
    for (at, (with, without)) in cached.iter().zip(uncached).enumerate() {
        writeln!(text, "{},{:.1},{:.1}", at + 1, 1e6 * with, 1e6 * without).expect("a string");
    }
    text
}

/// A table that reads well as text and as Markdown.
fn table(sweep: &Sweep) -> String {
    let mut text = format!(
        "| {:>9} | us per token | MFLOP per token and shard | GFLOP/s and shard |\n",
        sweep.name
    );
    text += "|-----------|--------------|---------------------------|-------------------|\n";
    for point in &sweep.points {
        let (value, us, mflop) = (point.value, point.us_per_token, point.mflop_per_token);
        let rate = point.gflop_per_s();
        writeln!(text, "| {value:>9} | {us:>12.2} | {mflop:>25.3} | {rate:>17.1} |")
            .expect("a string");
    }
    text
}

/// The cost, and how it would grow from the first point on if it followed the arithmetic.
fn picture(sweep: &Sweep) -> anyhow::Result<String> {
    let first = &sweep.points[0];
    let points = |cost: &dyn Fn(usize) -> f64| {
        sweep.points.iter().enumerate().map(|(i, p)| (p.value as f64, cost(i))).collect::<Vec<_>>()
    };
    let measured = points(&|i| sweep.points[i].us_per_token);
    let expected =
        points(&|i| first.us_per_token * sweep.points[i].mflop_per_token / first.mflop_per_token);
    let axes = (sweep.name, "microseconds per token");
    let expected = Some(("the first point, scaled by the arithmetic", expected));
    measured_curve(axes, ("measured", measured), expected).map_err(Error::from_boxed)
}
