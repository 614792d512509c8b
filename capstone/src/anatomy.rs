//! How large a model is and what it costs, by its sizes alone: nothing is built.

use lesson02_embeddings::Config;

/// Bytes of an `f32`.
const BYTES: u64 = 4;

/// A tensor of the model, or one of each block's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The lessons' name, without `blocks.N.`.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How often it is there: 1, or once per block.
    pub copies: usize,
}

impl Part {
    /// Weights in all copies together.
    pub fn weights(&self) -> u64 {
        product(self.shape.iter().chain([&self.copies]))
    }

    /// Is it a matrix that vectors are multiplied with? Gains and the embedding table are not.
    pub fn is_multiplied(&self) -> bool {
        self.shape.len() == 2 && self.name != "embedding"
    }
}

/// All parts of a model, in the order of the model.
pub fn parts(config: &Config) -> Vec<Part> {
    let &Config { vocab_size, d_model, n_layers, tie_embeddings, .. } = config;
    let hidden_dim = config.hidden_dim();
    let part = |copies| move |name, shape: &[usize]| Part { name, shape: shape.to_vec(), copies };
    let (once, per_block) = (part(1), part(n_layers));
    let mut parts = vec![
        once("embedding", &[vocab_size, d_model]),
        per_block("attn_norm", &[d_model]),
        per_block("attention.w_q", &[d_model, d_model]),
        per_block("attention.w_k", &[d_model, d_model]),
        per_block("attention.w_v", &[d_model, d_model]),
        per_block("attention.w_o", &[d_model, d_model]),
        per_block("mlp_norm", &[d_model]),
        per_block("mlp.w_gate", &[hidden_dim, d_model]),
        per_block("mlp.w_up", &[hidden_dim, d_model]),
        per_block("mlp.w_down", &[d_model, hidden_dim]),
        once("final_norm", &[d_model]),
    ];
    if !tie_embeddings {
        parts.push(once("lm_head", &[vocab_size, d_model]));
    }
    parts
}

/// What a model needs, in bytes, without what a forward keeps for its backward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// The weights.
    pub weights: u64,
    /// Both moments of AdamW.
    pub moments: u64,
    /// The gradients, once for every shard.
    pub gradients: u64,
    /// Keys and values of one text that fills the context.
    pub kv_cache: u64,
}

impl Memory {
    /// Of a model, trained on so many shards side by side.
    pub fn new(config: &Config, shards: usize) -> Self {
        let weights = parts(config).iter().map(Part::weights).fold(0, u64::saturating_add);
        let weights = weights.saturating_mul(BYTES);
        let &Config { n_layers, context_length, d_model, .. } = config;
        Memory {
            weights,
            moments: weights.saturating_mul(2),
            gradients: weights.saturating_mul(shards as u64),
            kv_cache: product([2, n_layers, context_length, d_model].iter()).saturating_mul(BYTES),
        }
    }

    /// Weights, moments and gradients.
    pub fn training(&self) -> u64 {
        self.weights.saturating_add(self.moments).saturating_add(self.gradients)
    }
}

/// Bytes of the residual stream after each block, and of the logits, for so many rows that fill
/// the context: a part of what a training step keeps for its backward, and so the least of it.
pub fn least_activations(config: &Config, rows: usize) -> u64 {
    let &Config { vocab_size, d_model, n_layers, context_length, .. } = config;
    let per_token = product([n_layers, d_model].iter()).saturating_add(vocab_size as u64);
    product([rows, context_length].iter()).saturating_mul(per_token).saturating_mul(BYTES)
}

/// Multiplications and additions per token, each counted as one.
///
/// With N the weights that vectors are multiplied with, and T tokens in view:
///
/// - training: `6 N + 12 n_layers d_model T`, forward and backward
/// - generation with a cache: `2 N + 4 n_layers d_model T`, forward only
///
/// The second terms are the scores and weighted sums of attention.
///
/// # Source
/// Chowdhery et al. 2022, appendix B (arXiv:2204.02311), for training; its forward is a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flops {
    /// N.
    pub multiplied_weights: u64,
    /// For a token of a training row that fills the context.
    pub training: u64,
    /// For the last token that fits the context.
    pub generation: u64,
}

impl Flops {
    /// Of a model.
    pub fn new(config: &Config) -> Self {
        let multiplied = |part: &&Part| {
            part.is_multiplied() || (config.tie_embeddings && part.name == "embedding")
        };
        let parts = parts(config);
        let multiplied_weights =
            parts.iter().filter(multiplied).map(Part::weights).fold(0, u64::saturating_add);
        let &Config { n_layers, context_length, d_model, .. } = config;
        let attention = product([n_layers, d_model, context_length].iter());
        let flops = |per_weight: u64, per_pair: u64| {
            multiplied_weights
                .saturating_mul(per_weight)
                .saturating_add(attention.saturating_mul(per_pair))
        };
        Flops { multiplied_weights, training: flops(6, 12), generation: flops(2, 4) }
    }
}

/// The largest number there is, should the sizes be nonsense.
fn product<'a>(sizes: impl Iterator<Item = &'a usize>) -> u64 {
    sizes.fold(1, |product, &size| product.saturating_mul(size as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lesson10_transformer_block::Parameters;
    use lesson11_tiny_gpt::{GptParams, count_parameters};

    fn config(tie_embeddings: bool) -> Config {
        Config { tie_embeddings, hidden_multiplier: 3.5, n_layers: 3, ..Config::course() }
    }

    #[test]
    fn the_parts_are_the_tensors_of_the_model() {
        for tied in [false, true] {
            let (config, params) = (config(tied), GptParams::<f32>::zeros(&config(tied)));
            let parts = parts(&config);
            let copies: usize = parts.iter().map(|part| part.copies).sum();
            assert_eq!(copies, params.named().len());
            for (name, tensor) in params.named() {
                let found = |part: &&Part| name.ends_with(part.name);
                let part = parts.iter().find(found).unwrap_or_else(|| panic!("{name}"));
                assert_eq!(part.shape, tensor.shape(), "{name}");
            }
            let weights: u64 = parts.iter().map(Part::weights).sum();
            assert_eq!(weights, count_parameters(&config) as u64);
        }
    }

    /// One block of d_model 2 and hidden_dim 4 with 3 tokens, in view of 5, by hand.
    #[test]
    fn arithmetic_and_memory_of_a_model_small_enough_to_count() {
        let config = Config {
            vocab_size: 3,
            context_length: 5,
            d_model: 2,
            n_layers: 1,
            n_heads: 1,
            hidden_multiplier: 2.0,
            ..Config::course()
        };
        // Four 2 x 2, three 2 x 4, and the head of 3 x 2.
        let multiplied_weights = 4 * 4 + 3 * 8 + 6;
        let expected = Flops {
            multiplied_weights,
            training: 6 * multiplied_weights + 12 * 2 * 5,
            generation: 2 * multiplied_weights + 4 * 2 * 5,
        };
        assert_eq!(Flops::new(&config), expected);
        let tied = Config { tie_embeddings: true, ..config };
        assert_eq!(Flops::new(&tied), expected, "the table is the head");
        let memory = Memory::new(&config, 3);
        let weights = 4 * (multiplied_weights + 6 + 3 * 2); // and the table, and three norms
        let kv_cache = 4 * 2 * 2 * 5;
        assert_eq!(
            memory,
            Memory { weights, moments: 2 * weights, gradients: 3 * weights, kv_cache }
        );
        assert_eq!(least_activations(&config, 7), 4 * 7 * 5 * (2 + 3));
    }

    #[test]
    fn nonsense_is_too_large_and_nothing_worse() {
        let config = Config { d_model: usize::MAX, n_layers: usize::MAX, ..config(false) };
        assert_eq!(Memory::new(&config, 2).training(), u64::MAX);
        assert_eq!(Flops::new(&config).training, u64::MAX);
        assert_eq!(least_activations(&config, 2), u64::MAX);
    }
}
