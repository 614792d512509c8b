//! Wrong solutions of lesson 04, for maintainers: `cargo course verify 04` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson04_rmsnorm::solution as reference;
use lesson04_rmsnorm::{RmsNormGrads, RmsNormSaved};
use ndarray::{Array1, Array2, Array3, ArrayRef1, ArrayRef3, ArrayView1, Axis, NdFloat, Zip};

pub mod rms_norm_forward {
    use super::*;

    pub fn sum_instead_of_mean<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        scaled(x, weight, |x| inverse_root(x.dot(&x) + eps))
    }

    pub fn without_the_root<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        scaled(x, weight, |x| F::one() / (mean_square(x) + eps))
    }

    pub fn subtracts_the_mean<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        let means = x.sum_axis(Axis(2)) / count::<F>(weight.len());
        reference::rms_norm_forward(&(x.to_owned() - means.insert_axis(Axis(2))), weight, eps)
    }

    pub fn eps_outside_the_root<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        scaled(x, weight, |x| F::one() / (mean_square(x).sqrt() + eps))
    }

    pub fn without_eps<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        _eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        scaled(x, weight, |x| inverse_root(mean_square(x)))
    }

    pub fn eps_always_1e_5<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        _eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        reference::rms_norm_forward(x, weight, F::from(1e-5).expect("a float"))
    }

    pub fn without_the_weight<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        reference::rms_norm_forward(x, &Array1::ones(weight.raw_dim()), eps)
    }

    pub fn measured_with_the_weight<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        let ones = Array1::ones(weight.raw_dim());
        reference::rms_norm_forward(&(x.to_owned() * weight), &ones, eps)
    }

    pub fn one_size_for_all_vectors<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        let all: Array1<F> = x.iter().copied().collect();
        let inv_rms = inverse_root(mean_square(all.view()) + eps);
        scaled(x, weight, |_| inv_rms)
    }

    pub fn saves_the_rms<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        eps: F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        let (out, saved) = reference::rms_norm_forward(x, weight, eps);
        (out, RmsNormSaved { inv_rms: saved.inv_rms.mapv_into(F::recip) })
    }

    /// `x * inv_rms * weight`, with `inv_rms` as a function of the vector.
    fn scaled<F: NdFloat>(
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        inv_rms: impl Fn(ArrayView1<F>) -> F,
    ) -> (Array3<F>, RmsNormSaved<F>) {
        let (batch, seq_len, _) = x.dim();
        let mut factors = Array2::zeros((batch, seq_len));
        Zip::from(&mut factors).and(x.rows()).for_each(|factor, x| *factor = inv_rms(x));
        let out = x.to_owned() * factors.view().insert_axis(Axis(2)) * weight;
        (out, RmsNormSaved { inv_rms: factors })
    }

    fn mean_square<F: NdFloat>(x: ArrayView1<F>) -> F {
        x.dot(&x) / count(x.len())
    }

    fn inverse_root<F: NdFloat>(x: F) -> F {
        F::one() / x.sqrt()
    }
}

pub mod rms_norm_backward {
    use super::*;

    pub fn inv_rms_as_a_constant<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
    ) -> RmsNormGrads<F> {
        with_d_x(d_out, x, weight, saved, |r, _, g, _| r * g)
    }

    pub fn one_power_of_inv_rms_short<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
    ) -> RmsNormGrads<F> {
        with_d_x(d_out, x, weight, saved, |r, x, g, mean_gx| r * g - x * r * r * mean_gx)
    }

    pub fn second_term_added<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
    ) -> RmsNormGrads<F> {
        with_d_x(d_out, x, weight, saved, |r, x, g, mean_gx| r * (g + x * r * r * mean_gx))
    }

    pub fn sum_instead_of_mean<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
    ) -> RmsNormGrads<F> {
        let n = count::<F>(weight.len());
        with_d_x(d_out, x, weight, saved, |r, x, g, mean_gx| r * (g - x * r * r * n * mean_gx))
    }

    pub fn d_x_without_the_weight<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
    ) -> RmsNormGrads<F> {
        reference::rms_norm_backward(d_out, x, &Array1::ones(weight.raw_dim()), saved)
    }

    pub fn mean_without_the_weight<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
    ) -> RmsNormGrads<F> {
        let mut grads = reference::rms_norm_backward(d_out, x, weight, saved);
        let n = count::<F>(weight.len());
        for (place, &r) in saved.inv_rms.indexed_iter() {
            let (d_out, x) = (row(d_out, place), row(x, place));
            let mean = d_out.dot(&x) / n;
            let d_x = grads.d_x.index_axis_mut(Axis(0), place.0);
            let mut d_x = d_x.index_axis_move(Axis(0), place.1);
            Zip::from(&mut d_x).and(&d_out).and(&x).and(weight).for_each(|d_x, &d, &x, &w| {
                *d_x = r * (d * w - x * r * r * mean);
            });
        }
        grads
    }

    pub fn d_weight_of_the_last_vector<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
    ) -> RmsNormGrads<F> {
        let mut grads = reference::rms_norm_backward(d_out, x, weight, saved);
        for (place, &r) in saved.inv_rms.indexed_iter() {
            grads.d_weight = (row(d_out, place).to_owned() * row(x, place)).mapv_into(|d| d * r);
        }
        grads
    }

    pub fn d_weight_as_a_mean<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
    ) -> RmsNormGrads<F> {
        let mut grads = reference::rms_norm_backward(d_out, x, weight, saved);
        grads.d_weight /= count::<F>(saved.inv_rms.len());
        grads
    }

    pub fn d_weight_without_inv_rms<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
    ) -> RmsNormGrads<F> {
        let mut grads = reference::rms_norm_backward(d_out, x, weight, saved);
        grads.d_weight = (d_out.to_owned() * x).sum_axis(Axis(0)).sum_axis(Axis(0));
        grads
    }

    /// The right `d_weight`, and `d_x` as a function of `inv_rms`, `x`, `g` and `mean(g x)`.
    fn with_d_x<F: NdFloat>(
        d_out: &ArrayRef3<F>,
        x: &ArrayRef3<F>,
        weight: &ArrayRef1<F>,
        saved: &RmsNormSaved<F>,
        d_x_of: impl Fn(F, F, F, F) -> F,
    ) -> RmsNormGrads<F> {
        let d_weight = reference::rms_norm_backward(d_out, x, weight, saved).d_weight;
        let n = count::<F>(weight.len());
        let mut d_x = d_out.to_owned() * weight; // g, for now
        Zip::from(d_x.rows_mut()).and(x.rows()).and(&saved.inv_rms).for_each(|mut d_x, x, &r| {
            let mean_gx = d_x.dot(&x) / n;
            Zip::from(&mut d_x).and(&x).for_each(|d_x, &x| *d_x = d_x_of(r, x, *d_x, mean_gx));
        });
        RmsNormGrads { d_x, d_weight }
    }

    fn row<F>(x: &ArrayRef3<F>, (b, t): (usize, usize)) -> ArrayView1<'_, F> {
        x.index_axis(Axis(0), b).index_axis_move(Axis(0), t)
    }
}

fn count<F: NdFloat>(n: usize) -> F {
    F::from(n).expect("a count")
}
