//! The flags of `capstone train`, and the settings they make.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{bail, ensure};
use capstone::checkpoint::load_tokenizer;
use capstone::preset::{NANO, Preset, STORY};
use capstone::record::Settings;
use capstone::trainer::SavedTraining;

use crate::commands::at_least_one;
use crate::commands::sizes::Sizes;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) sizes: Sizes,
    /// A UTF-8 text to train on instead of the built-in stories
    #[arg(long, value_name = "FILE")]
    pub(crate) text: Option<PathBuf>,
    /// A tokenizer.json to read the text with [default: character by character]
    #[arg(long, value_name = "FILE")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// Go on with the training in this directory, as if it had never stopped
    #[arg(long, value_name = "RUN")]
    pub(crate) resume: Option<PathBuf>,
    /// A new directory for the run [default: runs/PRESET-1, or the next free number]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// How many steps to train
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    steps: Option<NonZeroUsize>,
    /// Rows per step
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    batch: Option<NonZeroUsize>,
    /// Compute each batch in N parts, one after the other, where memory is short [default: 1]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    accumulate: Option<NonZeroUsize>,
    /// The highest learning rate
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    lr: Option<f64>,
    /// Decides the first weights, the batches and the samples [default: 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Parts that are computed side by side [default: one per core]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    shards: Option<NonZeroUsize>,
    /// Steps between two looks at the validation data, each with a checkpoint [default: a tenth
    /// of the training]
    #[arg(long, value_name = "STEPS", value_parser = at_least_one)]
    eval_every: Option<NonZeroUsize>,
    /// Steps between two samples of what the model writes, 0 for none [default: one with each
    /// look at the validation data]
    #[arg(long, value_name = "STEPS")]
    pub(crate) sample_every: Option<usize>,
}

impl Arguments {
    /// The chosen preset with what the flags change.
    pub(crate) fn preset(&self) -> Preset {
        let default = if self.text.is_some() { NANO } else { STORY };
        let mut preset = self.sizes.preset(default);
        preset.batch = self.batch.map_or(preset.batch, NonZeroUsize::get);
        let schedule = &mut preset.train.schedule;
        schedule.total_steps = self.steps.map_or(schedule.total_steps, NonZeroUsize::get);
        schedule.warmup_steps = schedule.warmup_steps.min(schedule.total_steps / 10);
        if let Some(lr) = self.lr {
            (schedule.max_lr, schedule.min_lr) = (lr, lr / 10.0);
        }
        preset
    }

    pub(crate) fn settings(&self, preset: &Preset) -> Settings {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let tenth = preset.train.schedule.total_steps.div_ceil(10);
        Settings {
            preset: preset.name.to_string(),
            train: preset.train,
            batch: preset.batch,
            accumulate: self.accumulate.map_or(1, NonZeroUsize::get),
            shards: self.shards.map_or_else(cores, NonZeroUsize::get),
            seed: self.seed.unwrap_or(1),
            eval_every: self.eval_every.map_or(tenth, NonZeroUsize::get),
        }
    }

    /// With `--resume` a flag may repeat what was said at the start, and nothing else.
    pub(crate) fn refuse_contradictions(
        &self,
        saved: &SavedTraining,
        run: &Path,
    ) -> anyhow::Result<()> {
        let SavedTraining { config, settings, source, .. } = saved;
        let sizes = &self.sizes;
        let given = [
            ("--preset", shown(sizes.preset.map(|preset| preset.name)), settings.preset.clone()),
            ("--out", shown(self.out.as_ref().map(|out| out.display())), run.display().to_string()),
            ("--steps", shown(self.steps), settings.train.schedule.total_steps.to_string()),
            ("--batch", shown(self.batch), settings.batch.to_string()),
            ("--accumulate", shown(self.accumulate), settings.accumulate.to_string()),
            ("--lr", shown(self.lr), settings.train.schedule.max_lr.to_string()),
            ("--d-model", shown(sizes.d_model), config.d_model.to_string()),
            ("--layers", shown(sizes.layers), config.n_layers.to_string()),
            ("--heads", shown(sizes.heads), config.n_heads.to_string()),
            ("--context", shown(sizes.context), config.context_length.to_string()),
            ("--tied", shown(sizes.tied.then_some(true)), config.tie_embeddings.to_string()),
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
