//! Wrong solutions of lesson 02, for maintainers: `cargo course verify 02` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson02_embeddings::solution as reference;
use lesson02_embeddings::{ConfigError, LinearGrads};
use ndarray::{Array1, Array2, Array3, ArrayRef1, ArrayRef2, ArrayRef3, Axis, NdFloat, s};

pub mod head_dim {
    use super::*;

    pub fn rest_ignored(d_model: usize, n_heads: usize) -> Result<usize, ConfigError> {
        match reference::head_dim(d_model, n_heads) {
            Err(ConfigError::HeadsDoNotDivide { .. }) => even(d_model / n_heads),
            result => result,
        }
    }

    pub fn odd_allowed(d_model: usize, n_heads: usize) -> Result<usize, ConfigError> {
        match reference::head_dim(d_model, n_heads) {
            Err(ConfigError::OddHeadDim { head_dim }) => Ok(head_dim),
            result => result,
        }
    }

    pub fn d_model_must_be_even(d_model: usize, n_heads: usize) -> Result<usize, ConfigError> {
        match reference::head_dim(d_model, n_heads) {
            Err(ConfigError::OddHeadDim { head_dim }) if d_model.is_multiple_of(2) => Ok(head_dim),
            result => result,
        }
    }

    pub fn odd_before_the_rest(d_model: usize, n_heads: usize) -> Result<usize, ConfigError> {
        match reference::head_dim(d_model, n_heads) {
            Err(error @ ConfigError::HeadsDoNotDivide { .. }) => {
                even(d_model / n_heads).and(Err(error))
            }
            result => result,
        }
    }

    pub fn no_dimensions_allowed(d_model: usize, n_heads: usize) -> Result<usize, ConfigError> {
        match reference::head_dim(d_model, n_heads) {
            Err(ConfigError::Zero { name: "d_model" }) => Ok(0),
            result => result,
        }
    }

    pub fn no_heads_like_any_number(d_model: usize, n_heads: usize) -> Result<usize, ConfigError> {
        match reference::head_dim(d_model, n_heads) {
            Err(ConfigError::Zero { name: "n_heads" }) => {
                Err(ConfigError::HeadsDoNotDivide { d_model, n_heads })
            }
            result => result,
        }
    }

    pub fn names_d_model_for_both(d_model: usize, n_heads: usize) -> Result<usize, ConfigError> {
        match reference::head_dim(d_model, n_heads) {
            Err(ConfigError::Zero { .. }) => Err(ConfigError::Zero { name: "d_model" }),
            result => result,
        }
    }

    fn even(head_dim: usize) -> Result<usize, ConfigError> {
        match head_dim % 2 {
            0 => Ok(head_dim),
            _ => Err(ConfigError::OddHeadDim { head_dim }),
        }
    }
}

pub mod embedding_forward {
    use super::*;

    pub fn column_instead_of_row<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        table: &ArrayRef2<F>,
    ) -> Array3<F> {
        reference::embedding_forward(ids, &table.t())
    }

    pub fn row_of_the_position<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        table: &ArrayRef2<F>,
    ) -> Array3<F> {
        let positions = Array2::from_shape_fn(ids.dim(), |(_, t)| t);
        reference::embedding_forward(&positions, table)
    }

    pub fn first_row_of_the_batch<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        table: &ArrayRef2<F>,
    ) -> Array3<F> {
        let ids = Array2::from_shape_fn(ids.dim(), |(_, t)| ids[[0, t]]);
        reference::embedding_forward(&ids, table)
    }

    pub fn zeros_for_id_0<F: NdFloat>(ids: &ArrayRef2<usize>, table: &ArrayRef2<F>) -> Array3<F> {
        let mut table = table.to_owned();
        table.row_mut(0).fill(F::zero());
        reference::embedding_forward(ids, &table)
    }

    pub fn times_the_root_of_d_model<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        table: &ArrayRef2<F>,
    ) -> Array3<F> {
        reference::embedding_forward(ids, table) * count::<F>(table.ncols()).sqrt()
    }
}

pub mod embedding_backward {
    use super::*;

    pub fn rows_overwritten<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        vocab_size: usize,
    ) -> Array2<F> {
        collected(d_out, ids, vocab_size, |d_row, d_vector, _| d_row.assign(d_vector))
    }

    pub fn mean_of_the_uses<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        vocab_size: usize,
    ) -> Array2<F> {
        let mut d_table = reference::embedding_backward(d_out, ids, vocab_size);
        for (id, mut d_row) in d_table.rows_mut().into_iter().enumerate() {
            let n_uses = ids.iter().filter(|&&used| used == id).count();
            d_row /= count::<F>(n_uses.max(1));
        }
        d_table
    }

    pub fn mean_over_all_positions<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        vocab_size: usize,
    ) -> Array2<F> {
        reference::embedding_backward(d_out, ids, vocab_size) / count::<F>(ids.len())
    }

    pub fn row_of_the_position<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        vocab_size: usize,
    ) -> Array2<F> {
        let positions = Array2::from_shape_fn(ids.dim(), |(_, t)| t);
        reference::embedding_backward(d_out, &positions, vocab_size)
    }

    pub fn nothing_for_id_0<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        vocab_size: usize,
    ) -> Array2<F> {
        collected(d_out, ids, vocab_size, |d_row, d_vector, id| {
            if id != 0 {
                d_row.scaled_add(F::one(), d_vector);
            }
        })
    }

    fn collected<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        vocab_size: usize,
        collect: impl Fn(&mut ArrayRef1<F>, &ArrayRef1<F>, usize),
    ) -> Array2<F> {
        let mut d_table = Array2::zeros((vocab_size, d_out.dim().2));
        for (d_vector, &id) in d_out.rows().into_iter().zip(ids) {
            collect(&mut d_table.row_mut(id), &d_vector, id);
        }
        d_table
    }
}

pub mod linear_forward {
    use super::*;

    /// It runs only where the weights are square.
    pub fn weights_not_transposed<F: NdFloat>(x: &ArrayRef3<F>, w: &ArrayRef2<F>) -> Array3<F> {
        reference::linear_forward(x, &w.t())
    }

    pub fn batch_and_positions_mixed<F: NdFloat>(x: &ArrayRef3<F>, w: &ArrayRef2<F>) -> Array3<F> {
        let (batch, seq_len, _) = x.dim();
        let y = reference::linear_forward(&x.view().permuted_axes([1, 0, 2]), w);
        y.into_shape_clone((batch, seq_len, w.nrows())).expect("the same number of elements")
    }

    pub fn divided_by_d_in<F: NdFloat>(x: &ArrayRef3<F>, w: &ArrayRef2<F>) -> Array3<F> {
        reference::linear_forward(x, w) / count::<F>(w.ncols())
    }

    pub fn x_in_the_order_of_memory<F: NdFloat>(x: &ArrayRef3<F>, w: &ArrayRef2<F>) -> Array3<F> {
        let numbers = x.as_slice_memory_order().map(<[F]>::to_vec);
        let numbers = numbers.unwrap_or_else(|| x.iter().copied().collect());
        let x = Array3::from_shape_vec(x.dim(), numbers).expect("as many as before");
        reference::linear_forward(&x, w)
    }

    pub fn product_in_the_order_of_memory<F: NdFloat>(
        x: &ArrayRef3<F>,
        w: &ArrayRef2<F>,
    ) -> Array3<F> {
        let (batch, seq_len, d_in) = x.dim();
        let rows = x.to_shape((batch * seq_len, d_in)).expect("the same number of elements");
        let (numbers, _) = rows.dot(&w.t()).into_raw_vec_and_offset();
        Array3::from_shape_vec((batch, seq_len, w.nrows()), numbers).expect("as many as before")
    }
}

pub mod linear_backward {
    use super::*;

    /// It runs only where the weights are square.
    pub fn d_x_from_weights_transposed<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        w: &ArrayRef2<F>,
    ) -> LinearGrads<F> {
        let LinearGrads { d_w, .. } = reference::linear_backward(d_out, x, w);
        LinearGrads { d_x: reference::linear_forward(d_out, w), d_w }
    }

    pub fn d_w_transposed<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        w: &ArrayRef2<F>,
    ) -> LinearGrads<F> {
        let LinearGrads { d_x, d_w } = reference::linear_backward(d_out, x, w);
        LinearGrads { d_x, d_w: d_w.reversed_axes() }
    }

    pub fn d_w_as_a_mean<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        w: &ArrayRef2<F>,
    ) -> LinearGrads<F> {
        let LinearGrads { d_x, d_w } = reference::linear_backward(d_out, x, w);
        LinearGrads { d_x, d_w: d_w / count::<F>(x.dim().0 * x.dim().1) }
    }

    pub fn d_w_as_a_mean_over_the_batch<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        w: &ArrayRef2<F>,
    ) -> LinearGrads<F> {
        let LinearGrads { d_x, d_w } = reference::linear_backward(d_out, x, w);
        LinearGrads { d_x, d_w: d_w / count::<F>(x.dim().0) }
    }

    pub fn d_w_of_the_last_row_of_the_batch<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        w: &ArrayRef2<F>,
    ) -> LinearGrads<F> {
        let LinearGrads { d_x, .. } = reference::linear_backward(d_out, x, w);
        let (d_out, x) = (d_out.slice(s![-1.., .., ..]), x.slice(s![-1.., .., ..]));
        LinearGrads { d_x, d_w: reference::linear_backward(&d_out, &x, w).d_w }
    }

    pub fn d_w_from_sums<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        w: &ArrayRef2<F>,
    ) -> LinearGrads<F> {
        let LinearGrads { d_x, .. } = reference::linear_backward(d_out, x, w);
        let sum = |x: &ArrayRef3<F>| -> Array1<F> { x.sum_axis(Axis(0)).sum_axis(Axis(0)) };
        let (d_out, x) = (sum(d_out), sum(x));
        let d_w = Array2::from_shape_fn(w.raw_dim(), |(o, i)| d_out[o] * x[i]);
        LinearGrads { d_x, d_w }
    }
}

fn count<F: NdFloat>(n: usize) -> F {
    F::from(n).expect("a count")
}
