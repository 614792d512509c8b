//! Wrong solutions of lesson 07, for maintainers: `cargo course verify 07` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson03_cross_entropy::{softmax, softmax_backward};
use lesson07_causal_attention::solution as reference;
use lesson07_causal_attention::{
    AttentionGrads, AttentionSaved, batched_mat_mul, transpose, zero_heads,
};
use ndarray::{Array2, Array4, ArrayRef2, ArrayRef4, NdFloat, Zip};

pub mod causal_mask {
    use super::*;

    pub fn ahead_instead_of_back(seq_len: usize) -> Array2<bool> {
        Array2::from_shape_fn((seq_len, seq_len), |(query, key)| key >= query)
    }

    pub fn without_the_diagonal(seq_len: usize) -> Array2<bool> {
        Array2::from_shape_fn((seq_len, seq_len), |(query, key)| key < query)
    }

    pub fn true_where_hidden(seq_len: usize) -> Array2<bool> {
        Array2::from_shape_fn((seq_len, seq_len), |(query, key)| key > query)
    }

    pub fn one_key_too_far(seq_len: usize) -> Array2<bool> {
        Array2::from_shape_fn((seq_len, seq_len), |(query, key)| key <= query + 1)
    }
}

pub mod attention_scores {
    use super::*;

    pub fn without_the_scale<F: NdFloat>(q: &ArrayRef4<F>, k: &ArrayRef4<F>) -> Array4<F> {
        products(F::one(), q, &transpose(k))
    }

    pub fn divided_by_head_dim<F: NdFloat>(q: &ArrayRef4<F>, k: &ArrayRef4<F>) -> Array4<F> {
        products(F::one() / count(q.dim().3), q, &transpose(k))
    }

    pub fn multiplied_by_the_root<F: NdFloat>(q: &ArrayRef4<F>, k: &ArrayRef4<F>) -> Array4<F> {
        products(count::<F>(q.dim().3).sqrt(), q, &transpose(k))
    }

    pub fn root_of_d_model<F: NdFloat>(q: &ArrayRef4<F>, k: &ArrayRef4<F>) -> Array4<F> {
        let d_model = q.dim().1 * q.dim().3;
        products(F::one() / count::<F>(d_model).sqrt(), q, &transpose(k))
    }

    pub fn root_of_the_number_of_tokens<F: NdFloat>(
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
    ) -> Array4<F> {
        products(F::one() / count::<F>(q.dim().2).sqrt(), q, &transpose(k))
    }

    /// It runs only where there are as many keys as dimensions.
    pub fn keys_not_transposed<F: NdFloat>(q: &ArrayRef4<F>, k: &ArrayRef4<F>) -> Array4<F> {
        products(F::one() / count::<F>(q.dim().3).sqrt(), q, k)
    }
}

pub mod attention_weights {
    use super::*;

    pub fn mask_after_softmax<F: NdFloat>(scores: Array4<F>, mask: &ArrayRef2<bool>) -> Array4<F> {
        hidden_as(F::zero(), softmax(scores), mask)
    }

    pub fn hidden_score_is_zero<F: NdFloat>(
        scores: Array4<F>,
        mask: &ArrayRef2<bool>,
    ) -> Array4<F> {
        softmax(hidden_as(F::zero(), scores, mask))
    }

    pub fn without_the_mask<F: NdFloat>(scores: Array4<F>, _mask: &ArrayRef2<bool>) -> Array4<F> {
        softmax(scores)
    }

    pub fn mask_the_wrong_way_round<F: NdFloat>(
        scores: Array4<F>,
        mask: &ArrayRef2<bool>,
    ) -> Array4<F> {
        softmax(hidden_as(F::neg_infinity(), scores, &mask.mapv(|may_look| !may_look)))
    }

    pub fn softmax_over_the_queries<F: NdFloat>(
        scores: Array4<F>,
        mask: &ArrayRef2<bool>,
    ) -> Array4<F> {
        softmax_down(hidden_as(F::neg_infinity(), scores, mask))
    }

    pub fn hidden_score_is_a_number<F: NdFloat>(
        scores: Array4<F>,
        mask: &ArrayRef2<bool>,
    ) -> Array4<F> {
        softmax(hidden_as(F::from(-1e9).expect("a float"), scores, mask))
    }

    pub fn exp_without_the_maximum<F: NdFloat>(
        scores: Array4<F>,
        mask: &ArrayRef2<bool>,
    ) -> Array4<F> {
        let mut weights = hidden_as(F::neg_infinity(), scores, mask).mapv_into(F::exp);
        for mut row in weights.rows_mut() {
            let sum = row.sum();
            row /= sum;
        }
        weights
    }
}

pub mod attention_forward {
    use super::*;

    pub fn without_the_mask<F: NdFloat>(
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
    ) -> (Array4<F>, AttentionSaved<F>) {
        collected(softmax(reference::attention_scores(q, k)), v)
    }

    pub fn mask_after_softmax<F: NdFloat>(
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
    ) -> (Array4<F>, AttentionSaved<F>) {
        let attn_weights = softmax(reference::attention_scores(q, k));
        collected(hidden_as(F::zero(), attn_weights, &reference::causal_mask(q.dim().2)), v)
    }

    pub fn without_the_scale<F: NdFloat>(
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
    ) -> (Array4<F>, AttentionSaved<F>) {
        let scores = products(F::one(), q, &transpose(k));
        collected(reference::attention_weights(scores, &reference::causal_mask(q.dim().2)), v)
    }

    pub fn ahead_instead_of_back<F: NdFloat>(
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
    ) -> (Array4<F>, AttentionSaved<F>) {
        let mask = reference::causal_mask(q.dim().2).reversed_axes();
        collected(reference::attention_weights(reference::attention_scores(q, k), &mask), v)
    }

    pub fn softmax_over_the_queries<F: NdFloat>(
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
    ) -> (Array4<F>, AttentionSaved<F>) {
        let mask = reference::causal_mask(q.dim().2);
        let scores = hidden_as(F::neg_infinity(), reference::attention_scores(q, k), &mask);
        collected(softmax_down(scores), v)
    }

    pub fn weights_transposed<F: NdFloat>(
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
    ) -> (Array4<F>, AttentionSaved<F>) {
        let (_, saved) = reference::attention_forward(q, k, v);
        (products(F::one(), &transpose(&saved.attn_weights), v), saved)
    }

    pub fn collects_the_keys<F: NdFloat>(
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        _v: &ArrayRef4<F>,
    ) -> (Array4<F>, AttentionSaved<F>) {
        reference::attention_forward(q, k, k)
    }

    pub fn saves_the_scores<F: NdFloat>(
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
    ) -> (Array4<F>, AttentionSaved<F>) {
        let (out, _) = reference::attention_forward(q, k, v);
        (out, AttentionSaved { attn_weights: reference::attention_scores(q, k) })
    }
}

pub mod attention_backward {
    use super::*;

    pub fn without_the_scale<F: NdFloat>(
        d_out: &ArrayRef4<F>,
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> AttentionGrads<F> {
        let d_scores = d_scores(d_out, v, saved);
        from_d_scores(F::one(), F::one(), &d_scores, d_out, q, k, saved)
    }

    pub fn d_q_without_the_scale<F: NdFloat>(
        d_out: &ArrayRef4<F>,
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> AttentionGrads<F> {
        let d_scores = d_scores(d_out, v, saved);
        from_d_scores(F::one(), scale(q), &d_scores, d_out, q, k, saved)
    }

    pub fn d_k_without_the_scale<F: NdFloat>(
        d_out: &ArrayRef4<F>,
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> AttentionGrads<F> {
        let d_scores = d_scores(d_out, v, saved);
        from_d_scores(scale(q), F::one(), &d_scores, d_out, q, k, saved)
    }

    pub fn softmax_without_the_mean<F: NdFloat>(
        d_out: &ArrayRef4<F>,
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> AttentionGrads<F> {
        let d_scores = products(F::one(), d_out, &transpose(v)) * &saved.attn_weights;
        from_d_scores(scale(q), scale(q), &d_scores, d_out, q, k, saved)
    }

    pub fn without_the_softmax<F: NdFloat>(
        d_out: &ArrayRef4<F>,
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> AttentionGrads<F> {
        let d_scores = products(F::one(), d_out, &transpose(v));
        from_d_scores(scale(q), scale(q), &d_scores, d_out, q, k, saved)
    }

    pub fn d_v_from_weights_not_transposed<F: NdFloat>(
        d_out: &ArrayRef4<F>,
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> AttentionGrads<F> {
        let mut grads = reference::attention_backward(d_out, q, k, v, saved);
        grads.d_v = products(F::one(), &saved.attn_weights, d_out);
        grads
    }

    pub fn d_k_from_scores_not_transposed<F: NdFloat>(
        d_out: &ArrayRef4<F>,
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> AttentionGrads<F> {
        let mut grads = reference::attention_backward(d_out, q, k, v, saved);
        grads.d_k = products(scale(q), &d_scores(d_out, v, saved), q);
        grads
    }

    pub fn d_q_and_d_k_swapped<F: NdFloat>(
        d_out: &ArrayRef4<F>,
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> AttentionGrads<F> {
        let AttentionGrads { d_q, d_k, d_v } = reference::attention_backward(d_out, q, k, v, saved);
        AttentionGrads { d_q: d_k, d_k: d_q, d_v }
    }

    fn d_scores<F: NdFloat>(
        d_out: &ArrayRef4<F>,
        v: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> Array4<F> {
        softmax_backward(products(F::one(), d_out, &transpose(v)), &saved.attn_weights)
    }

    fn from_d_scores<F: NdFloat>(
        scale_q: F,
        scale_k: F,
        d_scores: &Array4<F>,
        d_out: &ArrayRef4<F>,
        q: &ArrayRef4<F>,
        k: &ArrayRef4<F>,
        saved: &AttentionSaved<F>,
    ) -> AttentionGrads<F> {
        AttentionGrads {
            d_q: products(scale_q, d_scores, k),
            d_k: products(scale_k, &transpose(d_scores), q),
            d_v: products(F::one(), &transpose(&saved.attn_weights), d_out),
        }
    }
}

fn products<F: NdFloat>(factor: F, left: &ArrayRef4<F>, right: &ArrayRef4<F>) -> Array4<F> {
    let (batch, n_heads, n, _) = left.dim();
    let mut out = Array4::zeros((batch, n_heads, n, right.dim().3));
    batched_mat_mul(factor, left, right, &mut out);
    out
}

fn collected<F: NdFloat>(
    attn_weights: Array4<F>,
    v: &ArrayRef4<F>,
) -> (Array4<F>, AttentionSaved<F>) {
    let mut out = zero_heads(v.dim());
    batched_mat_mul(F::one(), &attn_weights, v, &mut out);
    (out, AttentionSaved { attn_weights })
}

/// `values`, but `hidden` where the query may not look.
fn hidden_as<F: NdFloat>(hidden: F, mut values: Array4<F>, mask: &ArrayRef2<bool>) -> Array4<F> {
    Zip::from(&mut values).and_broadcast(mask).for_each(|value, &may_look| {
        if !may_look {
            *value = hidden;
        }
    });
    values
}

/// Softmax along the queries: down each column, where along each row is right.
fn softmax_down<F: NdFloat>(scores: Array4<F>) -> Array4<F> {
    softmax(scores.permuted_axes([0, 1, 3, 2])).permuted_axes([0, 1, 3, 2])
}

fn scale<F: NdFloat>(q: &ArrayRef4<F>) -> F {
    F::one() / count::<F>(q.dim().3).sqrt()
}

fn count<F: NdFloat>(n: usize) -> F {
    F::from(n).expect("a count")
}
