//! Wrong solutions of lesson 05, for maintainers: `cargo course verify 05` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson02_embeddings::linear_forward;
use lesson05_qkv::solution as reference;
use lesson05_qkv::{Qkv, QkvGrads};
use ndarray::{Array, Array2, Array3, Array4, ArrayRef2, ArrayRef3, Axis, Dimension, NdFloat};

pub mod split_heads {
    use super::*;

    pub fn without_the_swap<F: NdFloat>(x: Array3<F>, n_heads: usize) -> Array4<F> {
        let (batch, seq_len, d_model) = x.dim();
        reshaped(x, (batch, seq_len, n_heads, d_model / n_heads))
    }

    pub fn reshaped_instead_of_swapped<F: NdFloat>(x: Array3<F>, n_heads: usize) -> Array4<F> {
        let (batch, seq_len, d_model) = x.dim();
        reshaped(x, (batch, n_heads, seq_len, d_model / n_heads))
    }

    pub fn every_nth_dimension<F: NdFloat>(x: Array3<F>, n_heads: usize) -> Array4<F> {
        let (batch, seq_len, d_model) = x.dim();
        reshaped(x, (batch, seq_len, d_model / n_heads, n_heads)).permuted_axes([0, 3, 1, 2])
    }

    pub fn n_heads_taken_for_head_dim<F: NdFloat>(x: Array3<F>, n_heads: usize) -> Array4<F> {
        let d_model = x.dim().2;
        reference::split_heads(x, d_model / n_heads)
    }

    pub fn in_the_order_of_memory<F: NdFloat>(x: Array3<F>, n_heads: usize) -> Array4<F> {
        let shape = x.dim();
        let (numbers, _) = x.into_raw_vec_and_offset();
        let x = Array3::from_shape_vec(shape, numbers).expect("as many as before");
        reference::split_heads(x, n_heads)
    }
}

pub mod merge_heads {
    use super::*;

    pub fn without_the_swap<F: NdFloat>(heads: Array4<F>) -> Array3<F> {
        let (batch, n_heads, seq_len, head_dim) = heads.dim();
        reshaped(heads, (batch, seq_len, n_heads * head_dim))
    }

    pub fn heads_interleaved<F: NdFloat>(heads: Array4<F>) -> Array3<F> {
        let (batch, n_heads, seq_len, head_dim) = heads.dim();
        let heads = heads.permuted_axes([0, 2, 3, 1]);
        reshaped(heads, (batch, seq_len, n_heads * head_dim))
    }

    pub fn heads_added<F: NdFloat>(heads: Array4<F>) -> Array3<F> {
        heads.sum_axis(Axis(1))
    }

    pub fn tokens_side_by_side<F: NdFloat>(heads: Array4<F>) -> Array3<F> {
        let (batch, n_heads, seq_len, head_dim) = heads.dim();
        reshaped(heads, (batch, n_heads, seq_len * head_dim))
    }
}

pub mod qkv_forward {
    use super::*;

    pub fn weights_not_transposed<F: NdFloat>(
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
        n_heads: usize,
    ) -> Qkv<F> {
        reference::qkv_forward(x, &w_q.t(), &w_k.t(), &w_v.t(), n_heads)
    }

    pub fn keys_from_the_weights_of_the_queries<F: NdFloat>(
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        _w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
        n_heads: usize,
    ) -> Qkv<F> {
        reference::qkv_forward(x, w_q, w_q, w_v, n_heads)
    }

    pub fn values_from_the_weights_of_the_keys<F: NdFloat>(
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        _w_v: &ArrayRef2<F>,
        n_heads: usize,
    ) -> Qkv<F> {
        reference::qkv_forward(x, w_q, w_k, w_k, n_heads)
    }

    pub fn k_and_v_swapped<F: NdFloat>(
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
        n_heads: usize,
    ) -> Qkv<F> {
        reference::qkv_forward(x, w_q, w_v, w_k, n_heads)
    }

    pub fn one_after_another<F: NdFloat>(
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
        n_heads: usize,
    ) -> Qkv<F> {
        let q = linear_forward(x, w_q);
        let k = linear_forward(&q, w_k);
        let v = linear_forward(&k, w_v);
        let [q, k, v] = [q, k, v].map(|x| reference::split_heads(x, n_heads));
        Qkv { q, k, v }
    }

    pub fn split_by_a_reshape<F: NdFloat>(
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
        n_heads: usize,
    ) -> Qkv<F> {
        let [q, k, v] = [w_q, w_k, w_v].map(|w| {
            super::split_heads::reshaped_instead_of_swapped(linear_forward(x, w), n_heads)
        });
        Qkv { q, k, v }
    }
}

pub mod qkv_backward {
    use super::*;

    pub fn d_x_of_the_values_alone<F: NdFloat>(
        d_qkv: Qkv<F>,
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
    ) -> QkvGrads<F> {
        without(&[w_q, w_k], d_qkv, x, w_q, w_k, w_v)
    }

    pub fn d_x_of_the_queries_alone<F: NdFloat>(
        d_qkv: Qkv<F>,
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
    ) -> QkvGrads<F> {
        without(&[w_k, w_v], d_qkv, x, w_q, w_k, w_v)
    }

    pub fn d_x_without_the_values<F: NdFloat>(
        d_qkv: Qkv<F>,
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
    ) -> QkvGrads<F> {
        without(&[w_v], d_qkv, x, w_q, w_k, w_v)
    }

    pub fn d_x_as_a_mean<F: NdFloat>(
        d_qkv: Qkv<F>,
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
    ) -> QkvGrads<F> {
        let grads = reference::qkv_backward(d_qkv, x, w_q, w_k, w_v);
        QkvGrads { d_x: grads.d_x / F::from(3).expect("a count"), ..grads }
    }

    pub fn d_x_from_weights_transposed<F: NdFloat>(
        d_qkv: Qkv<F>,
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
    ) -> QkvGrads<F> {
        reference::qkv_backward(d_qkv, x, &w_q.t(), &w_k.t(), &w_v.t())
    }

    pub fn d_w_transposed<F: NdFloat>(
        d_qkv: Qkv<F>,
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
    ) -> QkvGrads<F> {
        let QkvGrads { d_x, d_w_q, d_w_k, d_w_v } =
            reference::qkv_backward(d_qkv, x, w_q, w_k, w_v);
        let [d_w_q, d_w_k, d_w_v] = [d_w_q, d_w_k, d_w_v].map(Array2::reversed_axes);
        QkvGrads { d_x, d_w_q, d_w_k, d_w_v }
    }

    pub fn d_w_k_and_d_w_v_swapped<F: NdFloat>(
        d_qkv: Qkv<F>,
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
    ) -> QkvGrads<F> {
        let QkvGrads { d_x, d_w_q, d_w_k, d_w_v } =
            reference::qkv_backward(d_qkv, x, w_q, w_k, w_v);
        QkvGrads { d_x, d_w_q, d_w_k: d_w_v, d_w_v: d_w_k }
    }

    pub fn merged_by_a_reshape<F: NdFloat>(
        d_qkv: Qkv<F>,
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
    ) -> QkvGrads<F> {
        let [q, k, v] = [d_qkv.q, d_qkv.k, d_qkv.v].map(|d_heads| {
            let n_heads = d_heads.dim().1;
            reference::split_heads(super::merge_heads::without_the_swap(d_heads), n_heads)
        });
        reference::qkv_backward(Qkv { q, k, v }, x, w_q, w_k, w_v)
    }

    /// The right gradients of the weights, but nothing comes back to `x` through `lost`.
    fn without<F: NdFloat>(
        lost: &[&ArrayRef2<F>],
        d_qkv: Qkv<F>,
        x: &ArrayRef3<F>,
        w_q: &ArrayRef2<F>,
        w_k: &ArrayRef2<F>,
        w_v: &ArrayRef2<F>,
    ) -> QkvGrads<F> {
        let [w_q, w_k, w_v] = [w_q, w_k, w_v].map(|w| match lost.contains(&w) {
            true => Array2::zeros(w.raw_dim()),
            false => w.to_owned(),
        });
        reference::qkv_backward(d_qkv, x, &w_q, &w_k, &w_v)
    }
}

fn reshaped<F: NdFloat, D: Dimension, S: ndarray::ShapeArg>(
    x: Array<F, D>,
    shape: S,
) -> Array<F, S::Dim> {
    x.into_shape_clone(shape).expect("the same number of elements")
}
