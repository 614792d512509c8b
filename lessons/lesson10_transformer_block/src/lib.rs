//! # Lesson 10: the transformer block
//!
//! The **residual stream** runs straight through the model. Attention and MLP are branches:
//! each reads a normed copy of the stream, does its work, and its result is **added** back.
//! What is not needed now is never lost, and the gradient has a straight way home.
//!
//! ```text
//! x ──┬───────────────────────────► + ──┬─────────────────────► + ──► out
//!     └─ norm ─ multi-head attention ─┘ └─ norm ─ SwiGLU ───────┘
//!                                   mid
//! ```
//!
//! The norm stands on the branch, not on the stream (*pre-norm*). Some newer models
//! (Gemma) norm the branch's result as well before it is added; worth trying.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `x`, `mid`, `out` | `[batch, seq_len, d_model]` | the stream before, between, after |
//! | `attn_in`, `mlp_in` | `[batch, seq_len, d_model]` | what the branches read |
//! | `attn_norm`, `mlp_norm` | `[d_model]` | gains of the two norms |
//!
//! Block in and block out have one shape, which is why blocks stack. In the backward, both
//! ways of a fork bring a gradient: what comes along the stream, plus what the branch sends.
//!
//! A block is the first struct with structs inside. [`Parameters`] gives each tensor of such
//! a tree a name, in one fixed order: the optimizer, clipping, checkpoints, counting and
//! gradient checks all use it.

#![warn(missing_docs)]

extern crate self as lesson10_transformer_block;

use lesson02_embeddings::Config;
use lesson04_rmsnorm::RmsNormSaved;
use lesson08_multi_head_attention::{AttentionParams, MultiHeadAttentionSaved};
use lesson09_swiglu::{SwiGluParams, SwiGluSaved};
use ndarray::{Array1, Array2, Array3, ArrayViewD, ArrayViewMutD, NdFloat};

pub mod solution;
contract!(solution);

#[cfg(feature = "mine")]
#[allow(unused_imports, dead_code)]
mod exercise;
#[cfg(feature = "mine")]
contract!(exercise);

#[cfg(feature = "mine")]
pub use exercise::*;
#[cfg(not(feature = "mine"))]
pub use solution::*;

/// The weights of a block, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockParams<F> {
    /// Gain of the norm before attention, `[d_model]`.
    pub attn_norm: Array1<F>,
    /// Weights of attention.
    pub attention: AttentionParams<F>,
    /// Gain of the norm before the MLP, `[d_model]`.
    pub mlp_norm: Array1<F>,
    /// Weights of the MLP.
    pub mlp: SwiGluParams<F>,
}

impl<F: NdFloat> BlockParams<F> {
    /// Every tensor in its shape, filled with zeros.
    pub fn zeros(config: &Config) -> Self {
        let (d_model, hidden_dim) = (config.d_model, config.hidden_dim());
        let square = Array2::zeros((d_model, d_model));
        let up = Array2::zeros((hidden_dim, d_model));
        BlockParams {
            attn_norm: Array1::zeros(d_model),
            attention: AttentionParams {
                w_q: square.clone(),
                w_k: square.clone(),
                w_v: square.clone(),
                w_o: square,
            },
            mlp_norm: Array1::zeros(d_model),
            mlp: SwiGluParams {
                w_gate: up.clone(),
                w_up: up,
                w_down: Array2::zeros((d_model, hidden_dim)),
            },
        }
    }
}

/// What [`block_backward`] needs from the forward.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockSaved<F> {
    /// From the norm before attention.
    pub attn_norm: RmsNormSaved<F>,
    /// What attention read, `[batch, seq_len, d_model]`.
    pub attn_in: Array3<F>,
    /// From attention.
    pub attention: MultiHeadAttentionSaved<F>,
    /// The stream after attention, `[batch, seq_len, d_model]`.
    pub mid: Array3<F>,
    /// From the norm before the MLP.
    pub mlp_norm: RmsNormSaved<F>,
    /// What the MLP read, `[batch, seq_len, d_model]`.
    pub mlp_in: Array3<F>,
    /// From the MLP.
    pub mlp: SwiGluSaved<F>,
}

/// What [`block_backward`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockGrads<F> {
    /// Gradient of the input, `[batch, seq_len, d_model]`.
    pub d_x: Array3<F>,
    /// Gradients of the weights.
    pub d_params: BlockParams<F>,
}

/// A tree of tensors, each with a dotted name such as `blocks.0.attention.w_q`.
///
/// The two `visit` functions are written by hand for each struct: they are the one place
/// that fixes names and order.
pub trait Parameters<F>: Clone {
    /// Calls `f` with the name and a view of every tensor, names starting with `path`.
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>));

    /// As [`Parameters::visit`], with views that can be written to; same names, same order.
    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>));

    /// All tensors with their names, in order.
    fn named(&self) -> Vec<(String, ArrayViewD<'_, F>)> {
        let mut tensors = Vec::new();
        self.visit("", &mut |name, tensor| tensors.push((name, tensor)));
        tensors
    }

    /// All tensors with their names, in order, to be written to.
    fn named_mut(&mut self) -> Vec<(String, ArrayViewMutD<'_, F>)> {
        let mut tensors = Vec::new();
        self.visit_mut("", &mut |name, tensor| tensors.push((name, tensor)));
        tensors
    }
}

/// The name of a field below `path`: `blocks.0` and `mlp` give `blocks.0.mlp`.
pub fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_string() } else { format!("{path}.{field}") }
}

impl<F: Clone> Parameters<F> for AttentionParams<F> {
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>)) {
        f(join(path, "w_q"), self.w_q.view().into_dyn());
        f(join(path, "w_k"), self.w_k.view().into_dyn());
        f(join(path, "w_v"), self.w_v.view().into_dyn());
        f(join(path, "w_o"), self.w_o.view().into_dyn());
    }

    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>)) {
        f(join(path, "w_q"), self.w_q.view_mut().into_dyn());
        f(join(path, "w_k"), self.w_k.view_mut().into_dyn());
        f(join(path, "w_v"), self.w_v.view_mut().into_dyn());
        f(join(path, "w_o"), self.w_o.view_mut().into_dyn());
    }
}

impl<F: Clone> Parameters<F> for SwiGluParams<F> {
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>)) {
        f(join(path, "w_gate"), self.w_gate.view().into_dyn());
        f(join(path, "w_up"), self.w_up.view().into_dyn());
        f(join(path, "w_down"), self.w_down.view().into_dyn());
    }

    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>)) {
        f(join(path, "w_gate"), self.w_gate.view_mut().into_dyn());
        f(join(path, "w_up"), self.w_up.view_mut().into_dyn());
        f(join(path, "w_down"), self.w_down.view_mut().into_dyn());
    }
}

impl<F: Clone> Parameters<F> for BlockParams<F> {
    fn visit<'a>(&'a self, path: &str, f: &mut dyn FnMut(String, ArrayViewD<'a, F>)) {
        f(join(path, "attn_norm"), self.attn_norm.view().into_dyn());
        self.attention.visit(&join(path, "attention"), f);
        f(join(path, "mlp_norm"), self.mlp_norm.view().into_dyn());
        self.mlp.visit(&join(path, "mlp"), f);
    }

    fn visit_mut<'a>(&'a mut self, path: &str, f: &mut dyn FnMut(String, ArrayViewMutD<'a, F>)) {
        f(join(path, "attn_norm"), self.attn_norm.view_mut().into_dyn());
        self.attention.visit_mut(&join(path, "attention"), f);
        f(join(path, "mlp_norm"), self.mlp_norm.view_mut().into_dyn());
        self.mlp.visit_mut(&join(path, "mlp"), f);
    }
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<F: ndarray::NdFloat>() {
                use lesson02_embeddings::Config;
                use lesson06_rope::RopeTable;
                use ndarray::{Array3, ArrayRef3};
                use $crate::{BlockGrads, BlockParams, BlockSaved};
                let _: fn(
                    &ArrayRef3<F>,
                    &BlockParams<F>,
                    &RopeTable<F>,
                    &Config,
                ) -> (Array3<F>, BlockSaved<F>) = $module::block_forward;
                let _: fn(
                    &ArrayRef3<F>,
                    &ArrayRef3<F>,
                    &BlockParams<F>,
                    &RopeTable<F>,
                    &Config,
                    &BlockSaved<F>,
                ) -> BlockGrads<F> = $module::block_backward;
            }
        };
    };
}
