//! The flags that say how large a model is.

use capstone::preset::Preset;

#[derive(clap::Args)]
pub(crate) struct Sizes {
    /// Sizes and schedule: course, story or nano [default: story, and nano for a text]
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<Preset>,
    /// Width of the residual stream
    #[arg(long, value_name = "N")]
    pub(crate) d_model: Option<usize>,
    /// Number of transformer blocks
    #[arg(long, value_name = "N")]
    pub(crate) layers: Option<usize>,
    /// Number of attention heads per block
    #[arg(long, value_name = "N")]
    pub(crate) heads: Option<usize>,
    /// The most tokens the model can see at once
    #[arg(long, value_name = "N")]
    pub(crate) context: Option<usize>,
    /// Use the embedding table as the LM head
    #[arg(long)]
    pub(crate) tied: bool,
}

impl Sizes {
    /// The preset asked for, or `default`, with what the other flags change.
    pub(crate) fn preset(&self, default: Preset) -> Preset {
        let mut preset = self.preset.unwrap_or(default);
        let config = &mut preset.config;
        config.d_model = self.d_model.unwrap_or(config.d_model);
        config.n_layers = self.layers.unwrap_or(config.n_layers);
        config.n_heads = self.heads.unwrap_or(config.n_heads);
        config.context_length = self.context.unwrap_or(config.context_length);
        config.tie_embeddings = self.tied;
        preset
    }
}
