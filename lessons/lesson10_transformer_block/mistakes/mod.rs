//! Wrong solutions of lesson 10, for maintainers: `cargo course verify 10` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson02_embeddings::Config;
use lesson04_rmsnorm::{RmsNormGrads, RmsNormSaved, rms_norm_backward, rms_norm_forward};
use lesson06_rope::RopeTable;
use lesson08_multi_head_attention::{
    AttentionParams, MultiHeadAttentionGrads, MultiHeadAttentionSaved,
    multi_head_attention_backward, multi_head_attention_forward,
};
use lesson09_swiglu::{SwiGluParams, swiglu_backward, swiglu_forward};
use lesson10_transformer_block::solution as reference;
use lesson10_transformer_block::{BlockGrads, BlockParams, BlockSaved};
use ndarray::{Array1, Array3, ArrayRef1, ArrayRef3, NdFloat};

pub mod block_forward {
    use super::*;

    pub fn without_the_residuals<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let (attn_in, attn_norm) = norm(x, &params.attn_norm, config);
        let (attn_out, attention) = attend(&attn_in, params, rope, config);
        let mid = attn_out;
        let (mlp_in, mlp_norm) = norm(&mid, &params.mlp_norm, config);
        let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
        let out = mlp_out;
        (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
    }

    pub fn norm_on_the_stream<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let (attn_in, attn_norm) = norm(x, &params.attn_norm, config);
        let (attn_out, attention) = attend(&attn_in, params, rope, config);
        let mid = attn_out + &attn_in;
        let (mlp_in, mlp_norm) = norm(&mid, &params.mlp_norm, config);
        let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
        let out = mlp_out + &mlp_in;
        (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
    }

    pub fn post_norm<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let attn_in = x.to_owned();
        let (attn_out, attention) = attend(&attn_in, params, rope, config);
        let (mid, attn_norm) = norm(&(attn_out + x), &params.attn_norm, config);
        let mlp_in = mid.clone();
        let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
        let (out, mlp_norm) = norm(&(mlp_out + &mid), &params.mlp_norm, config);
        (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
    }

    pub fn attention_reads_x<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let (_, attn_norm) = norm(x, &params.attn_norm, config);
        let attn_in = x.to_owned();
        let (attn_out, attention) = attend(&attn_in, params, rope, config);
        let mid = attn_out + x;
        let (mlp_in, mlp_norm) = norm(&mid, &params.mlp_norm, config);
        let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
        let out = mlp_out + &mid;
        (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
    }

    pub fn mlp_reads_mid<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let (attn_in, attn_norm) = norm(x, &params.attn_norm, config);
        let (attn_out, attention) = attend(&attn_in, params, rope, config);
        let mid = attn_out + x;
        let (_, mlp_norm) = norm(&mid, &params.mlp_norm, config);
        let mlp_in = mid.clone();
        let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
        let out = mlp_out + &mid;
        (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
    }

    pub fn second_norm_reads_x<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let (attn_in, attn_norm) = norm(x, &params.attn_norm, config);
        let (attn_out, attention) = attend(&attn_in, params, rope, config);
        let mid = attn_out + x;
        let (mlp_in, mlp_norm) = norm(x, &params.mlp_norm, config);
        let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
        let out = mlp_out + &mid;
        (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
    }

    pub fn mlp_reads_attn_in<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let (attn_in, attn_norm) = norm(x, &params.attn_norm, config);
        let (attn_out, attention) = attend(&attn_in, params, rope, config);
        let mid = attn_out + x;
        let (mlp_in, mlp_norm) = (attn_in.clone(), attn_norm.clone());
        let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
        let out = mlp_out + &mid;
        (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
    }

    pub fn mlp_added_to_x<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let (attn_in, attn_norm) = norm(x, &params.attn_norm, config);
        let (attn_out, attention) = attend(&attn_in, params, rope, config);
        let mid = attn_out + x;
        let (mlp_in, mlp_norm) = norm(&mid, &params.mlp_norm, config);
        let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
        let out = mlp_out + x;
        (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
    }

    pub fn one_gain_for_both_norms<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let (attn_in, attn_norm) = norm(x, &params.attn_norm, config);
        let (attn_out, attention) = attend(&attn_in, params, rope, config);
        let mid = attn_out + x;
        let (mlp_in, mlp_norm) = norm(&mid, &params.attn_norm, config);
        let (mlp_out, mlp) = swiglu_forward(&mlp_in, &params.mlp);
        let out = mlp_out + &mid;
        (out, BlockSaved { attn_norm, attn_in, attention, mid, mlp_norm, mlp_in, mlp })
    }

    pub fn eps_always_1e_5<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        reference::block_forward(x, params, rope, &Config { norm_eps: 1e-5, ..*config })
    }

    pub fn saves_x_as_mid<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, BlockSaved<F>) {
        let (out, saved) = reference::block_forward(x, params, rope, config);
        (out, BlockSaved { mid: x.to_owned(), ..saved })
    }

    fn norm<F: NdFloat>(
        x: &ArrayRef3<F>,
        gain: &ArrayRef1<F>,
        config: &Config,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        rms_norm_forward(x, gain, F::from(config.norm_eps).expect("a float"))
    }

    fn attend<F: NdFloat>(
        attn_in: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        multi_head_attention_forward(attn_in, &params.attention, rope, config.n_heads)
    }
}

pub mod block_backward {
    use super::*;

    pub fn both_residuals_lost<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp_norm.d_x;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attn_norm.d_x;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn residual_lost_at_mid<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp_norm.d_x;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attn_norm.d_x + &d_mid;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn residual_lost_at_x<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp_norm.d_x + d_out;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attn_norm.d_x;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn d_out_into_attention<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp_norm.d_x + d_out;
        let attention = attend(d_out, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attn_norm.d_x + &d_mid;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn d_out_added_at_x<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp_norm.d_x + d_out;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attn_norm.d_x + d_out;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn branch_of_attention_lost<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp_norm.d_x + d_out;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = d_mid;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn past_the_norm_of_the_mlp<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp.d_x + d_out;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attn_norm.d_x + &d_mid;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn past_the_norm_of_attention<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp_norm.d_x + d_out;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attention.d_x + &d_mid;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn second_norm_gets_mlp_in<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mlp_in, params, saved);
        let d_mid = mlp_norm.d_x + d_out;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attn_norm.d_x + &d_mid;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn first_norm_gets_attn_in<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp_norm.d_x + d_out;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, &saved.attn_in, params, saved);
        let d_x = attn_norm.d_x + &d_mid;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn second_norm_gets_x<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mlp_in, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, x, params, saved);
        let d_mid = mlp_norm.d_x + d_out;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attn_norm.d_x + &d_mid;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    pub fn mlp_gets_mid<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> BlockGrads<F> {
        let mlp = swiglu_backward(d_out, &saved.mid, &params.mlp, &saved.mlp);
        let mlp_norm = second_norm(&mlp.d_x, &saved.mid, params, saved);
        let d_mid = mlp_norm.d_x + d_out;
        let attention = attend(&d_mid, params, rope, config, saved);
        let attn_norm = first_norm(&attention.d_x, x, params, saved);
        let d_x = attn_norm.d_x + &d_mid;
        collected(d_x, attn_norm.d_weight, attention.d_params, mlp_norm.d_weight, mlp.d_params)
    }

    fn second_norm<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        saved: &BlockSaved<F>,
    ) -> RmsNormGrads<F> {
        rms_norm_backward(d_out, x, &params.mlp_norm, &saved.mlp_norm)
    }

    fn first_norm<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &BlockParams<F>,
        saved: &BlockSaved<F>,
    ) -> RmsNormGrads<F> {
        rms_norm_backward(d_out, x, &params.attn_norm, &saved.attn_norm)
    }

    fn attend<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        params: &BlockParams<F>,
        rope: &RopeTable<F>,
        config: &Config,
        saved: &BlockSaved<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let BlockSaved { attn_in, attention, .. } = saved;
        let n_heads = config.n_heads;
        multi_head_attention_backward(d_out, attn_in, &params.attention, rope, n_heads, attention)
    }

    fn collected<F: NdFloat>(
        d_x: Array3<F>,
        attn_norm: Array1<F>,
        attention: AttentionParams<F>,
        mlp_norm: Array1<F>,
        mlp: SwiGluParams<F>,
    ) -> BlockGrads<F> {
        BlockGrads { d_x, d_params: BlockParams { attn_norm, attention, mlp_norm, mlp } }
    }
}
