//! Lesson 10 · The transformer block. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson10_transformer_block`
//! - only exercise 2: `cargo test -p lesson10_transformer_block ex2`
//! - what to mend first: `cargo course check 10`; if you are stuck, `cargo course hint 10.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use lesson02_embeddings::Config;
use lesson04_rmsnorm::{rms_norm_backward, rms_norm_forward};
use lesson06_rope::RopeTable;
use lesson08_multi_head_attention::{multi_head_attention_backward, multi_head_attention_forward};
use lesson09_swiglu::{swiglu_backward, swiglu_forward};
use lesson10_transformer_block::{BlockGrads, BlockParams, BlockSaved};
use ndarray::{Array3, ArrayRef3, NdFloat};

// Exercise 10.1 · 20 minutes
/// One block: attention, then the MLP, each on a normed branch and added to the stream.
///
/// `mid = x + attention(norm(x))`, `out = mid + mlp(norm(mid))`
///
/// # Shapes
/// - `x`: `[batch, seq_len, d_model]`
/// - returns `out`, shaped like `x`, and what the backward needs
///
/// # Panics
/// If the shapes do not fit.
///
/// # Source
/// Residual stream: He et al. 2015 (arXiv:1512.03385). Norm on the branch: Xiong et al. 2020
/// (arXiv:2002.04745).
pub fn block_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &BlockParams<F>,
    rope: &RopeTable<F>,
    config: &Config,
) -> (Array3<F>, BlockSaved<F>) {
    // 1. attn_in: the norm of x, with attn_norm and norm_eps, [batch, seq_len, d_model]
    // 2. mid: x plus what attention makes of attn_in, [batch, seq_len, d_model]
    // 3. mlp_in: the norm of mid, with mlp_norm and norm_eps, [batch, seq_len, d_model]
    // 4. out: mid plus what the MLP makes of mlp_in, [batch, seq_len, d_model]
    // 5. keep what each part saved, and attn_in, mid and mlp_in
    let _ = (x, params, rope, config);
    todo!("exercise 10.1: block_forward in lessons/lesson10_transformer_block/src/exercise.rs")
}

// Exercise 10.2 · 30 minutes
/// Gradients of [`block_forward`].
///
/// # Shapes
/// - `d_out`, `x`: `[batch, seq_len, d_model]`
/// - returns `d_x` shaped like `x`, and the gradients of the weights, shaped like them
///
/// # Panics
/// If the shapes do not fit.
pub fn block_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    params: &BlockParams<F>,
    rope: &RopeTable<F>,
    config: &Config,
    saved: &BlockSaved<F>,
) -> BlockGrads<F> {
    // 1. back through the MLP: its weights' gradients, and the gradient of mlp_in
    // 2. back through its norm, which read mid: the gradient of mlp_norm, and the branch's part of
    //    d_mid
    // 3. d_mid: the branch's part plus d_out, which came along the stream, [batch, seq_len,
    //    d_model]
    // 4. back through attention with d_mid: its weights' gradients, and the gradient of attn_in
    // 5. back through its norm, which read x: the gradient of attn_norm, and the branch's part of
    //    d_x
    // 6. d_x: the branch's part plus d_mid, [batch, seq_len, d_model]
    let _ = (d_out, x, params, rope, config, saved);
    todo!("exercise 10.2: block_backward in lessons/lesson10_transformer_block/src/exercise.rs")
}
