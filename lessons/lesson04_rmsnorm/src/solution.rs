//! The reference solution of lesson 04.

use lesson04_rmsnorm::{RmsNormGrads, RmsNormSaved};
use ndarray::{Array1, Array2, Array3, ArrayRef1, ArrayRef3, NdFloat, Zip};

/// Scales every vector to root mean square 1, then multiplies by `weight`.
///
/// `out_i = x_i * inv_rms * weight_i` with `inv_rms = 1 / sqrt(mean(x²) + eps)`
///
/// # Shapes
/// - `x`: `[batch, seq_len, d_model]`, `weight`: `[d_model]`
/// - returns `out` shaped like `x`, and `inv_rms`: `[batch, seq_len]`
///
/// # Panics
/// If `weight` has not `d_model` elements.
///
/// # Source
/// Zhang & Sennrich 2019, equation 4, there without `eps` (arXiv:1910.07467).
#[track_caller]
pub fn rms_norm_forward<F: NdFloat>(
    x: &ArrayRef3<F>,
    weight: &ArrayRef1<F>,
    eps: F,
) -> (Array3<F>, RmsNormSaved<F>) {
    let (batch, seq_len, d_model) = x.dim();
    assert!(weight.len() == d_model, "`weight` is [{}], must be [{d_model}]", weight.len());
    let n = F::from(d_model).expect("a count");
    let mut out = Array3::zeros(x.raw_dim());
    let mut inv_rms = Array2::zeros((batch, seq_len));
    Zip::from(out.rows_mut()).and(x.rows()).and(&mut inv_rms).for_each(|mut out, x, inv_rms| {
        let mean_square = x.dot(&x) / n;
        let r = F::one() / (mean_square + eps).sqrt();
        Zip::from(&mut out).and(&x).and(weight).for_each(|out, &x, &w| *out = x * r * w);
        *inv_rms = r;
    });
    (out, RmsNormSaved { inv_rms })
}

/// Gradients of [`rms_norm_forward`].
///
/// With `g = d_out * weight`:
/// `d_x = inv_rms * (g - x * inv_rms² * mean(g x))` and `d_weight = Σ d_out * x * inv_rms`
/// over all vectors.
///
/// # Shapes
/// - `d_out`, `x`: `[batch, seq_len, d_model]`, `weight`: `[d_model]`
/// - returns `d_x` shaped like `x` and `d_weight` shaped like `weight`
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn rms_norm_backward<F: NdFloat>(
    d_out: &ArrayRef3<F>,
    x: &ArrayRef3<F>,
    weight: &ArrayRef1<F>,
    saved: &RmsNormSaved<F>,
) -> RmsNormGrads<F> {
    let n = F::from(weight.len()).expect("a count");
    let mut d_x = Array3::zeros(x.raw_dim());
    let mut d_weight = Array1::zeros(weight.raw_dim());
    Zip::from(d_x.rows_mut()).and(d_out.rows()).and(x.rows()).and(&saved.inv_rms).for_each(
        |mut d_x, d_out, x, &r| {
            // forward: out = x * r * weight
            Zip::from(&mut d_weight).and(&d_out).and(&x).for_each(|d_w, &d, &x| *d_w += d * x * r);
            // For now d_x holds g, the gradient of x * r.
            Zip::from(&mut d_x).and(&d_out).and(weight).for_each(|g, &d, &w| *g = d * w);
            // forward: r = (mean(x²) + eps)^(-1/2), so dr/dx = -r³ x / n
            let mean_gx = d_x.dot(&x) / n;
            let through_r = mean_gx * r * r;
            Zip::from(&mut d_x).and(&x).for_each(|d_x, &x| *d_x = r * (*d_x - x * through_r));
        },
    );
    RmsNormGrads { d_x, d_weight }
}
