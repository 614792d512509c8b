//! The reference solution of lesson 02.

use lesson02_embeddings::{ConfigError, LinearGrads, dot_rows};
use ndarray::{Array2, Array3, ArrayRef2, ArrayRef3, Axis, CowArray, Ix2, NdFloat};

/// How many dimensions each head gets: `d_model / n_heads`.
///
/// # Errors
/// - [`ConfigError::Zero`] if there are no heads, or nothing to divide
/// - [`ConfigError::HeadsDoNotDivide`] if the division leaves a rest
/// - [`ConfigError::OddHeadDim`] if the result is odd
pub fn head_dim(d_model: usize, n_heads: usize) -> Result<usize, ConfigError> {
    if n_heads == 0 {
        return Err(ConfigError::Zero { name: "n_heads" });
    }
    if d_model == 0 {
        return Err(ConfigError::Zero { name: "d_model" });
    }
    if !d_model.is_multiple_of(n_heads) {
        return Err(ConfigError::HeadsDoNotDivide { d_model, n_heads });
    }
    let head_dim = d_model / n_heads;
    if !head_dim.is_multiple_of(2) {
        return Err(ConfigError::OddHeadDim { head_dim });
    }
    Ok(head_dim)
}

/// Looks up the vector of every token: `out[b, t] = table[ids[b, t]]`.
///
/// # Shapes
/// - `ids`: `[batch, seq_len]`, each below `vocab_size`
/// - `table`: `[vocab_size, d_model]`
/// - returns `[batch, seq_len, d_model]`
///
/// # Panics
/// If an id is not in the table.
///
/// # Source
/// Bengio et al. 2003, "A Neural Probabilistic Language Model", section 2.
#[track_caller]
pub fn embedding_forward<F: NdFloat>(ids: &ArrayRef2<usize>, table: &ArrayRef2<F>) -> Array3<F> {
    let (batch, seq_len) = ids.dim();
    let (vocab_size, d_model) = table.dim();
    let mut out = Array3::zeros((batch, seq_len, d_model));
    for (mut vector, &id) in out.rows_mut().into_iter().zip(ids) {
        assert!(id < vocab_size, "`ids` has {id}, must be below vocab_size {vocab_size}");
        vector.assign(&table.row(id));
    }
    out
}

/// Gradient of the table: every row gets the sum of the gradients of its uses.
///
/// # Shapes
/// - `d_out`: `[batch, seq_len, d_model]`
/// - `ids`: `[batch, seq_len]`
/// - returns `[vocab_size, d_model]`; rows of tokens that do not occur are zero
///
/// # Panics
/// If an id is not below `vocab_size`, or the shapes do not fit.
#[track_caller]
pub fn embedding_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    ids: &ArrayRef2<usize>,
    vocab_size: usize,
) -> Array2<F> {
    let (batch, seq_len, d_model) = d_out.dim();
    assert!(
        ids.dim() == (batch, seq_len),
        "`ids` is {:?}, must be [{batch}, {seq_len}] as `d_out` is",
        ids.shape()
    );
    let mut d_table = Array2::zeros((vocab_size, d_model));
    // forward: out[b, t] = table[ids[b, t]], so a token used twice collects two gradients
    for (d_vector, &id) in d_out.rows().into_iter().zip(ids) {
        assert!(id < vocab_size, "`ids` has {id}, must be below vocab_size {vocab_size}");
        let mut d_row = d_table.row_mut(id);
        d_row += &d_vector;
    }
    d_table
}

/// Multiplies every vector by the weights: `y = x Wᵀ`.
///
/// # Shapes
/// - `x`: `[batch, seq_len, d_in]`
/// - `w`: `[d_out, d_in]`
/// - returns `[batch, seq_len, d_out]`
///
/// # Panics
/// If the vectors of `x` and the rows of `w` differ in length.
#[track_caller]
pub fn linear_forward<F: NdFloat>(x: &ArrayRef3<F>, w: &ArrayRef2<F>) -> Array3<F> {
    let (batch, seq_len, d_in) = x.dim();
    assert!(w.ncols() == d_in, "`w` is {:?}, must be [d_out, {d_in}]", w.shape());
    let x = rows(x);
    // One product over the whole batch. A single row, as in generation, is dotted with the
    // rows of W where they lie: the product would first copy W into another order.
    match x.nrows() {
        1 => dot_rows(w, &x.row(0)).insert_axis(Axis(0)).insert_axis(Axis(0)),
        _ => unfold(x.dot(&w.t()), batch, seq_len),
    }
}

/// Gradients of [`linear_forward`]: `d_x = d_y W` and `d_W = d_yᵀ x`.
///
/// # Shapes
/// - `d_out`: `[batch, seq_len, d_out]`
/// - `x`: `[batch, seq_len, d_in]`, `w`: `[d_out, d_in]`, as in the forward
/// - returns `d_x` shaped like `x` and `d_w` shaped like `w`
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn linear_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    w: &ArrayRef2<F>,
) -> LinearGrads<F> {
    let (batch, seq_len, _) = x.dim();
    let (d_y, x) = (rows(d_out), rows(x));
    // forward: y = x Wᵀ
    LinearGrads { d_x: unfold(d_y.dot(w), batch, seq_len), d_w: d_y.t().dot(&x) }
}

/// All vectors of a batch below each other: `[batch, seq_len, d]` as `[batch * seq_len, d]`.
/// Copies only if they do not lie so in memory.
fn rows<F: NdFloat>(x: &ArrayRef3<F>) -> CowArray<'_, F, Ix2> {
    let (batch, seq_len, d) = x.dim();
    x.to_shape((batch * seq_len, d)).expect("the same number of elements")
}

/// The inverse of [`rows`]. Copies only if the product lies column by column in memory, which
/// ndarray chooses if both of its factors do.
fn unfold<F: NdFloat>(y: Array2<F>, batch: usize, seq_len: usize) -> Array3<F> {
    let d = y.ncols();
    y.into_shape_clone((batch, seq_len, d)).expect("the same number of elements")
}
