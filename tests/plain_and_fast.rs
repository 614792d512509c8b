//! Where a lesson takes a step in a way that is not the plainest, both give the same numbers.

use gradcheck::{assert_close, random};
use lesson02_embeddings::{dot_rows, linear_forward};
use lesson03_cross_entropy::{exp, largest, log_softmax, softmax_backward};
use lesson06_rope::{rope_forward, rope_table};
use lesson07_causal_attention::{
    attention_backward, attention_forward, attention_scores, attention_weights, batched_mat_mul,
    causal_mask, transpose,
};
use ndarray::{Array1, Array2, Array3, Array4, ArrayRef, Dimension, Zip, s};

/// Lengths below, at and above the number of running sums, with and without a rest.
const LENGTHS: [usize; 7] = [0, 1, 15, 16, 17, 32, 45];

#[test]
fn dot_products_of_many_rows_and_sums_are_those_of_one() {
    for d_in in LENGTHS {
        for d_out in [0, 1, 3, 4, 5, 11] {
            let w: Array2<f64> = random((d_out, 2 * d_in), 1);
            let (x, halves) = (normal(d_in), w.slice(s![.., ..d_in]));
            let plain = Array1::from_shape_fn(d_out, |o| -> f64 {
                halves.row(o).iter().zip(&x).map(|(w, x)| w * x).sum()
            });
            same("in one piece", &dot_rows(&halves.to_owned(), &x), &plain);
            same("in several pieces", &dot_rows(&halves, &x), &plain);
        }
    }
}

#[test]
fn the_largest_of_many_maxima_is_that_of_one() {
    let plain = |row: &Array1<f64>| row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for n in LENGTHS {
        // The largest at every place in turn.
        for place in 0..n {
            let mut row = normal(n);
            row[place] = 9.0;
            assert_eq!(largest(&row), plain(&row), "length {n}, place {place}");
            assert_eq!(largest(&row.slice(s![..;-1])), 9.0, "length {n}, backwards");
        }
        assert_eq!(largest(&Array1::from_elem(n, f64::NEG_INFINITY)), f64::NEG_INFINITY);
    }
}

#[test]
fn one_vector_through_a_linear_layer_is_a_row_of_the_product() {
    let w: Array2<f64> = random((7, 37), 1);
    let x: Array3<f64> = random((1, 3, 37), 1);
    let all = linear_forward(&x, &w);
    for t in 0..3 {
        let one = linear_forward(&x.slice(s![.., t..=t, ..]), &w);
        same("one vector", &one, &all.slice(s![.., t..=t, ..]));
    }
}

#[test]
fn one_query_is_a_row_of_the_product() {
    let q: Array4<f64> = random((2, 3, 5, 8), 1);
    let k: Array4<f64> = random((2, 3, 9, 8), 1);
    let mut scores = Array4::zeros((2, 3, 5, 9));
    batched_mat_mul(0.3, &q, &transpose(&k), &mut scores);
    let mut sums = Array4::zeros((2, 3, 5, 8));
    batched_mat_mul(0.3, &scores, &k, &mut sums);
    for t in 0..5 {
        let row = s![.., .., t..=t, ..];
        let mut one = Array4::zeros((2, 3, 1, 9));
        batched_mat_mul(0.3, &q.slice(row), &transpose(&k), &mut one);
        same("scores", &one, &scores.slice(row));
        let mut one = Array4::zeros((2, 3, 1, 8));
        batched_mat_mul(0.3, &scores.slice(row), &k, &mut one);
        same("sums", &one, &sums.slice(row));
    }
}

#[test]
fn products_are_added_to_what_is_there() {
    let x: Array4<f64> = random((2, 3, 4, 4), 1);
    for n_queries in [1, 4] {
        let q = x.slice(s![.., .., ..n_queries, ..]);
        for right in [x.view(), transpose(&x)] {
            let mut product = Array4::zeros((2, 3, n_queries, 4));
            batched_mat_mul(0.3, &q, &right, &mut product);
            let mut sum = Array4::ones((2, 3, n_queries, 4));
            batched_mat_mul(0.3, &q, &right, &mut sum);
            same("one and the product", &sum, &(product + 1.0));
        }
    }
}

/// Below, at and above one block of queries, and several.
#[test]
fn attention_in_blocks_is_attention_at_once() {
    for seq_len in [0, 1, 63, 64, 65, 130] {
        let [q, k, v, d_out]: [Array4<f64>; 4] =
            [1, 2, 3, 4].map(|seed| random((2, 3, seq_len, 4), seed));
        let zeros = Array4::<f64>::zeros(q.raw_dim());

        let weights = attention_weights(attention_scores(&q, &k), &causal_mask(seq_len));
        let mut plain = zeros.clone();
        batched_mat_mul(1.0, &weights, &v, &mut plain);
        let (out, saved) = attention_forward(&q, &k, &v);
        same("the weights", &saved.attn_weights, &weights);
        same("out", &out, &plain);

        let mut d_weights = Array4::zeros(weights.raw_dim());
        batched_mat_mul(1.0, &d_out, &transpose(&v), &mut d_weights);
        let d_scores = softmax_backward(d_weights, &weights);
        let [mut d_q, mut d_k, mut d_v] = [zeros.clone(), zeros.clone(), zeros];
        batched_mat_mul(0.5, &d_scores, &k, &mut d_q); // 1 / sqrt(4)
        batched_mat_mul(0.5, &transpose(&d_scores), &q, &mut d_k);
        batched_mat_mul(1.0, &transpose(&weights), &d_out, &mut d_v);
        let grads = attention_backward(&d_out, &q, &k, &v, &saved);
        same("d_q", &grads.d_q, &d_q);
        same("d_k", &grads.d_k, &d_k);
        same("d_v", &grads.d_v, &d_v);
    }
}

#[test]
#[should_panic(expected = "`v` is [1, 1, 5, 4], must be [1, 1, 3, 4] as `q` is")]
fn attention_refuses_values_that_belong_to_no_query() {
    let [q, v]: [Array4<f64>; 2] = [random((1, 1, 3, 4), 1), random((1, 1, 5, 4), 2)];
    attention_forward(&q, &q, &v);
}

#[test]
fn a_log_softmax_of_two_passes_is_that_of_one() {
    for n in LENGTHS.into_iter().filter(|&n| n > 0) {
        let logits = normal(n).mapv(|l| 5.0 * l);
        let sum = logits.iter().fold(0.0, |sum, &l| sum + exp(l));
        let plain = logits.mapv(|l| l - f64::ln(sum));
        same("log-softmax", &log_softmax(logits), &plain);
    }
}

#[test]
fn turning_pairs_in_the_order_of_memory_is_turning_the_even_and_the_odd() {
    let table = rope_table(9, 6, 10_000.0);
    let x: Array4<f64> = random((2, 5, 3, 6), 1);
    let x = x.permuted_axes([0, 2, 1, 3]);
    let (cos, sin) = (table.cos.slice(s![4.., ..]), table.sin.slice(s![4.., ..]));
    let mut plain = x.clone();
    let (even, odd) = plain.multi_slice_mut((s![.., .., .., 0..;2], s![.., .., .., 1..;2]));
    Zip::from(even)
        .and(odd)
        .and_broadcast(&cos)
        .and_broadcast(&sin)
        .for_each(|x0, x1, &cos, &sin| (*x0, *x1) = (*x0 * cos - *x1 * sin, *x0 * sin + *x1 * cos));
    assert_eq!(rope_forward(x, &table, 4), plain);
}

fn normal(n: usize) -> Array1<f64> {
    random(n, 1)
}

#[track_caller]
fn same<D: Dimension>(name: &str, fast: &ArrayRef<f64, D>, plain: &ArrayRef<f64, D>) {
    assert_close(name, fast, plain, 1e-12, "the fast way is not the plain way");
}
