//! Wrong solutions of lesson 08, for maintainers: `cargo course verify 08` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson02_embeddings::{linear_backward, linear_forward};
use lesson05_qkv::{Qkv, merge_heads, qkv_backward, qkv_forward, split_heads};
use lesson06_rope::{RopeTable, rope_backward, rope_forward};
use lesson07_causal_attention::{attention_backward, attention_forward};
use lesson08_multi_head_attention::solution as reference;
use lesson08_multi_head_attention::{
    AttentionParams, MultiHeadAttentionGrads, MultiHeadAttentionSaved,
};
use ndarray::{Array2, Array3, ArrayRef3, NdFloat};

pub mod multi_head_attention_forward {
    use super::*;

    pub fn without_w_o<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        let (_, saved) = reference::multi_head_attention_forward(x, params, rope, n_heads);
        (saved.merged.clone(), saved)
    }

    pub fn w_o_transposed<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        let (_, saved) = reference::multi_head_attention_forward(x, params, rope, n_heads);
        (linear_forward(&saved.merged, &params.w_o.t()), saved)
    }

    pub fn without_rope<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        _rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        with_turned(x, params, n_heads, |qkv| qkv)
    }

    pub fn rope_on_queries_only<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        with_turned(x, params, n_heads, |Qkv { q, k, v }| Qkv { q: rope_forward(q, rope, 0), k, v })
    }

    pub fn rope_on_values_too<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        with_turned(x, params, n_heads, |Qkv { q, k, v }| Qkv {
            q: rope_forward(q, rope, 0),
            k: rope_forward(k, rope, 0),
            v: rope_forward(v, rope, 0),
        })
    }

    pub fn rope_after_attention<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        let qkv = qkv_forward(x, &params.w_q, &params.w_k, &params.w_v, n_heads);
        let (heads, attention) = attention_forward(&qkv.q, &qkv.k, &qkv.v);
        let merged = merge_heads(rope_forward(heads, rope, 0));
        let out = linear_forward(&merged, &params.w_o);
        (out, MultiHeadAttentionSaved { qkv, attention, merged })
    }

    pub fn keys_and_values_swapped<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        let AttentionParams { w_q, w_k, w_v, w_o } = params.clone();
        let swapped = AttentionParams { w_q, w_k: w_v, w_v: w_k, w_o };
        reference::multi_head_attention_forward(x, &swapped, rope, n_heads)
    }

    pub fn heads_read_without_moving_the_axis<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        let (_, mut saved) = reference::multi_head_attention_forward(x, params, rope, n_heads);
        let Qkv { q, k, v } = &saved.qkv;
        let (heads, _) = attention_forward(q, k, v);
        saved.merged = heads.into_shape_clone(x.raw_dim()).expect("as many numbers");
        (linear_forward(&saved.merged, &params.w_o), saved)
    }

    pub fn saves_q_and_k_before_rope<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        let (out, mut saved) = reference::multi_head_attention_forward(x, params, rope, n_heads);
        saved.qkv = qkv_forward(x, &params.w_q, &params.w_k, &params.w_v, n_heads);
        (out, saved)
    }

    pub fn saves_out_as_merged<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        let (out, mut saved) = reference::multi_head_attention_forward(x, params, rope, n_heads);
        saved.merged.assign(&out);
        (out, saved)
    }

    /// The right forward, but for what `turn` does to q, k and v before attention.
    fn with_turned<F: NdFloat>(
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        n_heads: usize,
        turn: impl Fn(Qkv<F>) -> Qkv<F>,
    ) -> (Array3<F>, MultiHeadAttentionSaved<F>) {
        let qkv = turn(qkv_forward(x, &params.w_q, &params.w_k, &params.w_v, n_heads));
        let (heads, attention) = attention_forward(&qkv.q, &qkv.k, &qkv.v);
        let merged = merge_heads(heads);
        let out = linear_forward(&merged, &params.w_o);
        (out, MultiHeadAttentionSaved { qkv, attention, merged })
    }
}

pub mod multi_head_attention_backward {
    use super::*;

    pub fn turned_the_same_way<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
        saved: &MultiHeadAttentionSaved<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let output = linear_backward(d_out, &saved.merged, &params.w_o);
        from_d_merged(output.d_x, output.d_w, x, params, n_heads, saved, |Qkv { q, k, v }| Qkv {
            q: rope_forward(q, rope, 0),
            k: rope_forward(k, rope, 0),
            v,
        })
    }

    pub fn not_turned_back<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        _rope: &RopeTable<F>,
        n_heads: usize,
        saved: &MultiHeadAttentionSaved<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let output = linear_backward(d_out, &saved.merged, &params.w_o);
        from_d_merged(output.d_x, output.d_w, x, params, n_heads, saved, |d_qkv| d_qkv)
    }

    pub fn d_k_not_turned_back<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
        saved: &MultiHeadAttentionSaved<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let output = linear_backward(d_out, &saved.merged, &params.w_o);
        from_d_merged(output.d_x, output.d_w, x, params, n_heads, saved, |Qkv { q, k, v }| Qkv {
            q: rope_backward(q, rope, 0),
            k,
            v,
        })
    }

    pub fn d_v_turned_back_too<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
        saved: &MultiHeadAttentionSaved<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let output = linear_backward(d_out, &saved.merged, &params.w_o);
        from_d_merged(output.d_x, output.d_w, x, params, n_heads, saved, |Qkv { q, k, v }| Qkv {
            q: rope_backward(q, rope, 0),
            k: rope_backward(k, rope, 0),
            v: rope_backward(v, rope, 0),
        })
    }

    pub fn past_w_o<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
        saved: &MultiHeadAttentionSaved<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let d_w_o = linear_backward(d_out, &saved.merged, &params.w_o).d_w;
        let turn = |d_qkv| turned_back(d_qkv, rope);
        from_d_merged(d_out.to_owned(), d_w_o, x, params, n_heads, saved, turn)
    }

    pub fn through_w_o_transposed<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
        saved: &MultiHeadAttentionSaved<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let output = linear_backward(d_out, &saved.merged, &params.w_o.t());
        let turn = |d_qkv| turned_back(d_qkv, rope);
        from_d_merged(output.d_x, output.d_w, x, params, n_heads, saved, turn)
    }

    pub fn d_w_o_transposed<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
        saved: &MultiHeadAttentionSaved<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let output = linear_backward(d_out, &saved.merged, &params.w_o);
        let (d_w_o, turn) = (output.d_w.reversed_axes(), |d_qkv| turned_back(d_qkv, rope));
        from_d_merged(output.d_x, d_w_o, x, params, n_heads, saved, turn)
    }

    pub fn d_w_o_from_x<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        rope: &RopeTable<F>,
        n_heads: usize,
        saved: &MultiHeadAttentionSaved<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let output = linear_backward(d_out, x, &params.w_o);
        let turn = |d_qkv| turned_back(d_qkv, rope);
        from_d_merged(output.d_x, output.d_w, x, params, n_heads, saved, turn)
    }

    fn turned_back<F: NdFloat>(Qkv { q, k, v }: Qkv<F>, rope: &RopeTable<F>) -> Qkv<F> {
        Qkv { q: rope_backward(q, rope, 0), k: rope_backward(k, rope, 0), v }
    }

    /// The right backward from the gradient of merged on, but for how `turn` turns.
    fn from_d_merged<F: NdFloat>(
        d_merged: Array3<F>,
        d_w_o: Array2<F>,
        x: &ArrayRef3<F>,
        params: &AttentionParams<F>,
        n_heads: usize,
        saved: &MultiHeadAttentionSaved<F>,
        turn: impl Fn(Qkv<F>) -> Qkv<F>,
    ) -> MultiHeadAttentionGrads<F> {
        let Qkv { q, k, v } = &saved.qkv;
        let heads = attention_backward(&split_heads(d_merged, n_heads), q, k, v, &saved.attention);
        let d_qkv = turn(Qkv { q: heads.d_q, k: heads.d_k, v: heads.d_v });
        let qkv = qkv_backward(d_qkv, x, &params.w_q, &params.w_k, &params.w_v);
        MultiHeadAttentionGrads {
            d_x: qkv.d_x,
            d_params: AttentionParams {
                w_q: qkv.d_w_q,
                w_k: qkv.d_w_k,
                w_v: qkv.d_w_v,
                w_o: d_w_o,
            },
        }
    }
}
