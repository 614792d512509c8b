//! Where a lesson takes a step in a way that is not the plainest, both give the same numbers.

use gradcheck::{assert_close, random};
use lesson02_embeddings::{dot_rows, linear_forward};
use lesson03_cross_entropy::{exp, largest, log_softmax};
use lesson06_rope::{rope_forward, rope_table};
use lesson07_causal_attention::{batched_mat_mul, transpose};
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
        let mut one = Array4::from_elem((2, 3, 1, 9), f64::NAN);
        batched_mat_mul(0.3, &q.slice(row), &transpose(&k), &mut one);
        same("scores", &one, &scores.slice(row));
        let mut one = Array4::from_elem((2, 3, 1, 8), f64::NAN);
        batched_mat_mul(0.3, &scores.slice(row), &k, &mut one);
        same("sums", &one, &sums.slice(row));
    }
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
