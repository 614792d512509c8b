//! The weights of an [`Experiment`], with the lessons' names in the lessons' order.

use lesson09_swiglu::SwiGluParams;
use lesson10_transformer_block::{Parameters, join};
use lesson11_tiny_gpt::GptParams;
use ndarray::{Array1, Array2, ArrayViewD, ArrayViewMutD, NdFloat};
use ndarray_rand::rand::Rng;
use ndarray_rand::rand_distr::{Distribution, StandardNormal};

use super::{Experiment, MlpKind, Variant};

/// The weights of a GPT, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentParams<F> {
    /// One vector per token, `[vocab_size, d_model]`.
    pub embedding: Array2<F>,
    /// The blocks, first to last.
    pub blocks: Vec<BlockParams<F>>,
    /// Gain of the norm before the LM head, `[d_model]`.
    pub final_norm: Array1<F>,
    /// The LM head, `[vocab_size, d_model]`. If tied, there is none.
    pub lm_head: Option<Array2<F>>,
}

/// The weights of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockParams<F> {
    /// Gain of the norm before attention, `[d_model]`.
    pub attn_norm: Array1<F>,
    /// Weights of attention.
    pub attention: AttentionParams<F>,
    /// Gain of the norm after attention, `[d_model]`, if there is one.
    pub attn_out_norm: Option<Array1<F>>,
    /// Gain of the norm before the MLP, `[d_model]`.
    pub mlp_norm: Array1<F>,
    /// Weights of the MLP.
    pub mlp: MlpParams<F>,
    /// Gain of the norm after the MLP, `[d_model]`, if there is one.
    pub mlp_out_norm: Option<Array1<F>>,
}

/// The weights of attention.
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionParams<F> {
    /// Query projection, `[d_model, d_model]`.
    pub w_q: Array2<F>,
    /// Key projection, `[d_model, d_model]`. If shared, there is none: `w_v` serves.
    pub w_k: Option<Array2<F>>,
    /// Value projection, `[d_model, d_model]`.
    pub w_v: Array2<F>,
    /// Output projection, `[d_model, d_model]`.
    pub w_o: Array2<F>,
}

/// The weights of the MLP.
#[derive(Debug, Clone, PartialEq)]
pub enum MlpParams<F> {
    /// Lesson 09's.
    SwiGlu(SwiGluParams<F>),
    /// Those of an MLP without a gate.
    Relu(ReluParams<F>),
}

/// The weights of an MLP without a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct ReluParams<F> {
    /// Up projection, `[hidden_dim, d_model]`.
    pub w_up: Array2<F>,
    /// Down projection, `[d_model, hidden_dim]`.
    pub w_down: Array2<F>,
}

impl<F: NdFloat> ExperimentParams<F> {
    /// Every tensor in its shape, filled with zeros.
    pub fn zeros(experiment: &Experiment) -> Self {
        let config = &experiment.config;
        let table = Array2::zeros((config.vocab_size, config.d_model));
        ExperimentParams {
            lm_head: (!config.tie_embeddings).then(|| table.clone()),
            embedding: table,
            blocks: vec![BlockParams::zeros(experiment); config.n_layers],
            final_norm: Array1::zeros(config.d_model),
        }
    }

    /// Draws the weights a model starts with, as lesson 11's `init_parameters` does: the same
    /// numbers for a model with the same tensors.
    ///
    /// A norm after a branch starts as 1 like all gains.
    pub fn init(experiment: &Experiment, rng: &mut impl Rng) -> Self {
        let std = 0.02;
        let residual_std = std / (2.0 * experiment.config.n_layers as f64).sqrt();
        let mut params = ExperimentParams::zeros(experiment);
        for (name, mut tensor) in params.named_mut() {
            if tensor.ndim() == 1 {
                tensor.fill(F::one());
                continue;
            }
            let writes_to_stream = name.ends_with("w_o") || name.ends_with("w_down");
            let std = if writes_to_stream { residual_std } else { std };
            tensor.mapv_inplace(|_| {
                let draw: f64 = StandardNormal.sample(rng);
                F::from(draw * std).expect("a float")
            });
        }
        params
    }

    /// The same weights for the lessons' functions, if nothing is different about the model.
    pub fn to_gpt(&self, experiment: &Experiment) -> Option<GptParams<F>> {
        if experiment.variant != Variant::default() {
            return None;
        }
        let mut params = GptParams::zeros(&experiment.config);
        for ((_, mut place), (_, tensor)) in params.named_mut().into_iter().zip(self.named()) {
            place.assign(&tensor);
        }
        Some(params)
    }

    /// The weights of the LM head: its own, or the embedding table if tied.
    pub fn head(&self) -> &Array2<F> {
        self.lm_head.as_ref().unwrap_or(&self.embedding)
    }

    /// How many weights there are.
    pub fn count(&self) -> usize {
        self.named().iter().map(|(_, tensor)| tensor.len()).sum()
    }
}

impl<F: NdFloat> BlockParams<F> {
    fn zeros(experiment: &Experiment) -> Self {
        let Experiment { config, variant } = experiment;
        let (d_model, hidden_dim) = (config.d_model, experiment.hidden_dim());
        let (gain, square) = (Array1::zeros(d_model), Array2::zeros((d_model, d_model)));
        let up = Array2::zeros((hidden_dim, d_model));
        let w_down = Array2::zeros((d_model, hidden_dim));
        BlockParams {
            attn_norm: gain.clone(),
            attention: AttentionParams {
                w_q: square.clone(),
                w_k: (!variant.shared_kv).then(|| square.clone()),
                w_v: square.clone(),
                w_o: square,
            },
            attn_out_norm: variant.sandwich_norm.then(|| gain.clone()),
            mlp_norm: gain.clone(),
            mlp: match variant.mlp {
                MlpKind::SwiGlu => {
                    MlpParams::SwiGlu(SwiGluParams { w_gate: up.clone(), w_up: up, w_down })
                }
                MlpKind::Relu | MlpKind::ReluSquared => {
                    MlpParams::Relu(ReluParams { w_up: up, w_down })
                }
            },
            mlp_out_norm: variant.sandwich_norm.then_some(gain),
        }
    }
}

impl<F: Clone> Parameters<F> for ExperimentParams<F> {
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>)) {
        f(join(path, "embedding"), self.embedding.view().into_dyn());
        for (i, block) in self.blocks.iter().enumerate() {
            block.visit(&join(path, &format!("blocks.{i}")), f);
        }
        f(join(path, "final_norm"), self.final_norm.view().into_dyn());
        if let Some(lm_head) = &self.lm_head {
            f(join(path, "lm_head"), lm_head.view().into_dyn());
        }
    }

    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>)) {
        f(join(path, "embedding"), self.embedding.view_mut().into_dyn());
        for (i, block) in self.blocks.iter_mut().enumerate() {
            block.visit_mut(&join(path, &format!("blocks.{i}")), f);
        }
        f(join(path, "final_norm"), self.final_norm.view_mut().into_dyn());
        if let Some(lm_head) = &mut self.lm_head {
            f(join(path, "lm_head"), lm_head.view_mut().into_dyn());
        }
    }
}

impl<F: Clone> Parameters<F> for BlockParams<F> {
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>)) {
        f(join(path, "attn_norm"), self.attn_norm.view().into_dyn());
        self.attention.visit(&join(path, "attention"), f);
        if let Some(gain) = &self.attn_out_norm {
            f(join(path, "attn_out_norm"), gain.view().into_dyn());
        }
        f(join(path, "mlp_norm"), self.mlp_norm.view().into_dyn());
        match &self.mlp {
            MlpParams::SwiGlu(params) => params.visit(&join(path, "mlp"), f),
            MlpParams::Relu(params) => params.visit(&join(path, "mlp"), f),
        }
        if let Some(gain) = &self.mlp_out_norm {
            f(join(path, "mlp_out_norm"), gain.view().into_dyn());
        }
    }

    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>)) {
        f(join(path, "attn_norm"), self.attn_norm.view_mut().into_dyn());
        self.attention.visit_mut(&join(path, "attention"), f);
        if let Some(gain) = &mut self.attn_out_norm {
            f(join(path, "attn_out_norm"), gain.view_mut().into_dyn());
        }
        f(join(path, "mlp_norm"), self.mlp_norm.view_mut().into_dyn());
        match &mut self.mlp {
            MlpParams::SwiGlu(params) => params.visit_mut(&join(path, "mlp"), f),
            MlpParams::Relu(params) => params.visit_mut(&join(path, "mlp"), f),
        }
        if let Some(gain) = &mut self.mlp_out_norm {
            f(join(path, "mlp_out_norm"), gain.view_mut().into_dyn());
        }
    }
}

impl<F: Clone> Parameters<F> for AttentionParams<F> {
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>)) {
        f(join(path, "w_q"), self.w_q.view().into_dyn());
        if let Some(w_k) = &self.w_k {
            f(join(path, "w_k"), w_k.view().into_dyn());
        }
        f(join(path, "w_v"), self.w_v.view().into_dyn());
        f(join(path, "w_o"), self.w_o.view().into_dyn());
    }

    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>)) {
        f(join(path, "w_q"), self.w_q.view_mut().into_dyn());
        if let Some(w_k) = &mut self.w_k {
            f(join(path, "w_k"), w_k.view_mut().into_dyn());
        }
        f(join(path, "w_v"), self.w_v.view_mut().into_dyn());
        f(join(path, "w_o"), self.w_o.view_mut().into_dyn());
    }
}

impl<F: Clone> Parameters<F> for ReluParams<F> {
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>)) {
        f(join(path, "w_up"), self.w_up.view().into_dyn());
        f(join(path, "w_down"), self.w_down.view().into_dyn());
    }

    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>)) {
        f(join(path, "w_up"), self.w_up.view_mut().into_dyn());
        f(join(path, "w_down"), self.w_down.view_mut().into_dyn());
    }
}
