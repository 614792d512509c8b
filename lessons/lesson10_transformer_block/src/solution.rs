//! The reference solution of lesson 10.

use lesson02_embeddings::Config;
use lesson04_rmsnorm::{rms_norm_backward, rms_norm_forward};
use lesson06_rope::RopeTable;
use lesson08_multi_head_attention::{multi_head_attention_backward, multi_head_attention_forward};
use lesson09_swiglu::{swiglu_backward, swiglu_forward};
use lesson10_transformer_block::{BlockGrads, BlockParams, BlockSaved};
use ndarray::{Array3, ArrayRef3, NdFloat};

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
#[track_caller]
pub fn block_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    params: &BlockParams<F>,
    rope: &RopeTable<F>,
    config: &Config,
) -> (Array3<F>, BlockSaved<F>) {
    let eps = F::from(config.norm_eps).expect("a float");
    let (attn_in, attn_norm) = rms_norm_forward(x, &params.attn_norm, eps);
    let (attn_out, attention) =
        multi_head_attention_forward(&attn_in, &params.attention, rope, config.n_heads);
    let mid = attn_out + x;
    let (mlp_in, mlp_norm) = rms_norm_forward(&mid, &params.mlp_norm, eps);
    let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
    let out = mlp_out + &mid;
    (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
}

/// Gradients of [`block_forward`].
///
/// # Shapes
/// - `d_out`, `x`: `[batch, seq_len, d_model]`
/// - returns `d_x` shaped like `x`, and the gradients of the weights, shaped like them
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn block_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    params: &BlockParams<F>,
    rope: &RopeTable<F>,
    config: &Config,
    saved: &BlockSaved<F>,
) -> BlockGrads<F> {
    // forward: out = mid + mlp(norm(mid)), so d_out reaches mid on two ways
    let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
    let mlp_norm = rms_norm_backward(&mlp.d_x, &saved.mid, &params.mlp_norm, &saved.mlp_norm);
    let d_mid = mlp_norm.d_x + d_out;
    // forward: mid = x + attention(norm(x)), and again two ways to x
    let attention = multi_head_attention_backward(
        &d_mid,
        &saved.attn_in,
        &params.attention,
        rope,
        config.n_heads,
        &saved.attention,
    );
    let attn_norm = rms_norm_backward(&attention.d_x, x, &params.attn_norm, &saved.attn_norm);
    let d_x = attn_norm.d_x + &d_mid;
    BlockGrads {
        d_x,
        d_params: BlockParams {
            attn_norm: attn_norm.d_weight,
            attention: attention.d_params,
            mlp_norm: mlp_norm.d_weight,
            mlp: mlp.d_params,
        },
    }
}
