//! Wrong solutions of lesson 06, for maintainers: `cargo course verify 06` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson06_rope::RopeTable;
use lesson06_rope::solution as reference;
use ndarray::{Array1, Array2, Array4, Axis, NdFloat, concatenate};

pub mod inverse_frequencies {
    use super::*;

    pub fn exponent_without_the_two(head_dim: usize, theta: f64) -> Array1<f64> {
        powers(head_dim / 2, |i| theta.powf(-i / head_dim as f64))
    }

    pub fn divided_by_the_number_of_pairs(head_dim: usize, theta: f64) -> Array1<f64> {
        let n_pairs = head_dim / 2;
        powers(n_pairs, |i| theta.powf(-2.0 * i / n_pairs as f64))
    }

    pub fn exponent_without_the_minus(head_dim: usize, theta: f64) -> Array1<f64> {
        powers(head_dim / 2, |i| theta.powf(2.0 * i / head_dim as f64))
    }

    pub fn divided_as_whole_numbers(head_dim: usize, theta: f64) -> Array1<f64> {
        Array1::from_shape_fn(head_dim / 2, |i| theta.powf(-((2 * i / head_dim) as f64)))
    }

    pub fn pairs_counted_from_1(head_dim: usize, theta: f64) -> Array1<f64> {
        powers(head_dim / 2, |i| theta.powf(-2.0 * (i + 1.0) / head_dim as f64))
    }

    pub fn one_per_dimension(head_dim: usize, theta: f64) -> Array1<f64> {
        powers(head_dim, |i| theta.powf(-2.0 * i / head_dim as f64))
    }

    pub fn theta_always_10000(head_dim: usize, _theta: f64) -> Array1<f64> {
        reference::inverse_frequencies(head_dim, 10_000.0)
    }

    fn powers(n: usize, power: impl Fn(f64) -> f64) -> Array1<f64> {
        Array1::from_shape_fn(n, |i| power(i as f64))
    }
}

pub mod rope_table {
    use super::*;

    pub fn positions_from_1<F: NdFloat>(
        context_length: usize,
        head_dim: usize,
        theta: f64,
    ) -> RopeTable<F> {
        from_angles(angles(context_length, head_dim, theta, |position, f| (position + 1.0) * f))
    }

    pub fn divided_by_the_frequency<F: NdFloat>(
        context_length: usize,
        head_dim: usize,
        theta: f64,
    ) -> RopeTable<F> {
        from_angles(angles(context_length, head_dim, theta, |position, f| position / f))
    }

    pub fn cos_and_sin_swapped<F: NdFloat>(
        context_length: usize,
        head_dim: usize,
        theta: f64,
    ) -> RopeTable<F> {
        let RopeTable { cos, sin } = reference::rope_table(context_length, head_dim, theta);
        RopeTable { cos: sin, sin: cos }
    }

    pub fn a_row_per_pair<F: NdFloat>(
        context_length: usize,
        head_dim: usize,
        theta: f64,
    ) -> RopeTable<F> {
        let RopeTable { cos, sin } = reference::rope_table(context_length, head_dim, theta);
        RopeTable { cos: cos.reversed_axes(), sin: sin.reversed_axes() }
    }

    pub fn all_angles_twice<F: NdFloat>(
        context_length: usize,
        head_dim: usize,
        theta: f64,
    ) -> RopeTable<F> {
        let RopeTable { cos, sin } = reference::rope_table::<F>(context_length, head_dim, theta);
        let [cos, sin] = [cos, sin].map(|half| {
            concatenate(Axis(1), &[half.view(), half.view()]).expect("halves of one shape")
        });
        RopeTable { cos, sin }
    }

    pub fn angles_rounded<F: NdFloat>(
        context_length: usize,
        head_dim: usize,
        theta: f64,
    ) -> RopeTable<F> {
        let angles = angles(context_length, head_dim, theta, |position, f| position * f);
        let angles = angles.mapv(|angle| F::from(angle).expect("a float"));
        RopeTable { cos: angles.mapv(F::cos), sin: angles.mapv(F::sin) }
    }

    fn angles(
        context_length: usize,
        head_dim: usize,
        theta: f64,
        angle: impl Fn(f64, f64) -> f64,
    ) -> Array2<f64> {
        let frequencies = reference::inverse_frequencies(head_dim, theta);
        Array2::from_shape_fn((context_length, head_dim / 2), |(position, i)| {
            angle(position as f64, frequencies[i])
        })
    }

    fn from_angles<F: NdFloat>(angles: Array2<f64>) -> RopeTable<F> {
        let float = |value: f64| F::from(value).expect("a float");
        RopeTable { cos: angles.mapv(|a| float(a.cos())), sin: angles.mapv(|a| float(a.sin())) }
    }
}

pub mod rope_forward {
    use super::*;

    pub fn half_split<F: NdFloat>(x: Array4<F>, table: &RopeTable<F>, start: usize) -> Array4<F> {
        let half = table.cos.ncols();
        turned(x, table, |i| [i, i + half], |_, t| start + t, forwards)
    }

    pub fn backwards_instead<F: NdFloat>(
        x: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        turned(x, table, neighbours, |_, t| start + t, backwards)
    }

    pub fn old_x0_overwritten<F: NdFloat>(
        x: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        turned(
            x,
            table,
            neighbours,
            |_, t| start + t,
            |[x0, x1], [cos, sin]| {
                let x0 = x0 * cos - x1 * sin;
                [x0, x0 * sin + x1 * cos]
            },
        )
    }

    pub fn without_the_minus<F: NdFloat>(
        x: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        turned(x, table, neighbours, |_, t| start + t, both_plus)
    }

    pub fn cos_and_sin_swapped<F: NdFloat>(
        x: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        turned(x, table, neighbours, |_, t| start + t, |x, [cos, sin]| forwards(x, [sin, cos]))
    }

    pub fn start_ignored<F: NdFloat>(
        x: Array4<F>,
        table: &RopeTable<F>,
        _start: usize,
    ) -> Array4<F> {
        turned(x, table, neighbours, |_, t| t, forwards)
    }

    pub fn one_position_too_far<F: NdFloat>(
        x: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        // The last row of the table would have no next one: there it stays where it is.
        let last = table.cos.nrows() - 1;
        turned(x, table, neighbours, |_, t| last.min(start + t + 1), forwards)
    }

    pub fn all_tokens_at_start<F: NdFloat>(
        x: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        turned(x, table, neighbours, |_, _| start, forwards)
    }

    pub fn turned_by_the_head<F: NdFloat>(
        x: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        let last = table.cos.nrows() - 1;
        turned(x, table, neighbours, |head, _| last.min(start + head), forwards)
    }

    pub fn along_the_memory<F: NdFloat>(
        mut x: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        let (seq_len, n_pairs) = (x.dim().2, table.cos.ncols());
        let memory = x.as_slice_memory_order_mut().expect("no gaps");
        for (n, pair) in memory.chunks_exact_mut(2).enumerate() {
            let place = [start + n / n_pairs % seq_len, n % n_pairs];
            let turned = forwards([pair[0], pair[1]], [table.cos[place], table.sin[place]]);
            pair.copy_from_slice(&turned);
        }
        x
    }
}

pub mod rope_backward {
    use super::*;

    pub fn same_way_as_the_forward<F: NdFloat>(
        d_out: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        turned(d_out, table, neighbours, |_, t| start + t, forwards)
    }

    pub fn only_one_sign_changed<F: NdFloat>(
        d_out: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        turned(d_out, table, neighbours, |_, t| start + t, both_plus)
    }

    pub fn every_sign_changed<F: NdFloat>(
        d_out: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        turned(
            d_out,
            table,
            neighbours,
            |_, t| start + t,
            |d, [cos, sin]| forwards(d, [-cos, -sin]),
        )
    }

    pub fn old_d0_overwritten<F: NdFloat>(
        d_out: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        turned(
            d_out,
            table,
            neighbours,
            |_, t| start + t,
            |[d0, d1], [cos, sin]| {
                let d0 = d0 * cos + d1 * sin;
                [d0, d1 * cos - d0 * sin]
            },
        )
    }

    pub fn half_split<F: NdFloat>(
        d_out: Array4<F>,
        table: &RopeTable<F>,
        start: usize,
    ) -> Array4<F> {
        let half = table.cos.ncols();
        turned(d_out, table, |i| [i, i + half], |_, t| start + t, backwards)
    }

    pub fn start_ignored<F: NdFloat>(
        d_out: Array4<F>,
        table: &RopeTable<F>,
        _start: usize,
    ) -> Array4<F> {
        turned(d_out, table, neighbours, |_, t| t, backwards)
    }
}

/// Turns every pair: `pair` says its two dimensions, `position` its row of the table from the
/// head and the token, `turn` makes new numbers of the old two, cosine and sine.
fn turned<F: NdFloat>(
    mut x: Array4<F>,
    table: &RopeTable<F>,
    pair: impl Fn(usize) -> [usize; 2],
    position: impl Fn(usize, usize) -> usize,
    turn: impl Fn([F; 2], [F; 2]) -> [F; 2],
) -> Array4<F> {
    let (batch, n_heads, seq_len, head_dim) = x.dim();
    for (b, h, t, i) in ndarray::indices((batch, n_heads, seq_len, head_dim / 2)) {
        let places = pair(i).map(|c| [b, h, t, c]);
        let place = [position(h, t), i];
        let turned = turn(places.map(|place| x[place]), [table.cos[place], table.sin[place]]);
        for (place, value) in places.into_iter().zip(turned) {
            x[place] = value;
        }
    }
    x
}

fn neighbours(i: usize) -> [usize; 2] {
    [2 * i, 2 * i + 1]
}

fn forwards<F: NdFloat>([x0, x1]: [F; 2], [cos, sin]: [F; 2]) -> [F; 2] {
    [x0 * cos - x1 * sin, x0 * sin + x1 * cos]
}

fn backwards<F: NdFloat>([x0, x1]: [F; 2], [cos, sin]: [F; 2]) -> [F; 2] {
    [x0 * cos + x1 * sin, x1 * cos - x0 * sin]
}

fn both_plus<F: NdFloat>([x0, x1]: [F; 2], [cos, sin]: [F; 2]) -> [F; 2] {
    [x0 * cos + x1 * sin, x0 * sin + x1 * cos]
}
