//! Chapter 4: its numbers, examples and pictures.

use std::f64::consts::TAU;

use approx::assert_abs_diff_eq;
use lesson02_embeddings::Config;
use lesson04_rmsnorm::{rms_norm_backward, rms_norm_forward};
use ndarray::{Array1, Array3, array};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing, Point};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[
        ("rmsnorm_circle", circle),
        ("rmsnorm_gradient", right_angle),
        ("rmsnorm_outlier", outlier),
    ],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    by_hand();
    shapes();
    gradient();

    n.given("10,000", "an outlier, from the course");
    n.given("65,504", "the largest finite number of IEEE 754 binary16");
    n.says("1e-5", Config::course().norm_eps);

    let normed = norm([1.0, 7.0]);
    n.says("0.2", normed.0);
    n.says("1.4", normed.1);
    n.says("0.4", 2.0 * normed.0);
    n.says("1.4", GAIN[0]);
    n.says("0.6", GAIN[1]);

    let grads = gradient_by_hand();
    n.says("1.96", grads[0]);
    n.says("-0.28", grads[1]);

    n.says("5.657", 32f64.sqrt());
    let (large, ones) = with_outlier(100.0);
    n.says("5.648", large);
    n.says("0.0565", ones);

    let compared = "cargo run --release -p capstone -- compare --variants plain,sandwich";
    for written in ["0.4141", "0.4176", "0.0035", "0.0009"] {
        n.given(written, compared);
    }

    let centred = array![-1.5, -1.5, -1.5, 4.5]; // (0, 0, 0, 6) without its mean
    let layer_norm = norm_of(centred);
    n.says("-0.58", layer_norm[0]);
    n.says("1.73", layer_norm[3]);
    assert_abs_diff_eq!(norm_of(array![0.0, 0.0, 0.0, 6.0])[3], 2.0);
}

fn by_hand() {
    let x = array![[[1.0, 7.0], [10.0, 70.0], [0.0, 0.0]]]; // three tokens
    let (out, saved) = rms_norm_forward(&x, &array![2.0, 1.0], 1e-12);
    assert_abs_diff_eq!(out, array![[[0.4, 1.4], [0.4, 1.4], [0.0, 0.0]]], epsilon = 1e-9);
    assert_abs_diff_eq!(saved.inv_rms[[0, 1]], 1.0 / 50.0, epsilon = 1e-9);
}

fn shapes() {
    let x = Array3::<f64>::ones((2, 4, 32));
    let weight = Array1::ones(32);
    let (out, saved) = rms_norm_forward(&x, &weight, 1e-5);
    assert_eq!(out.dim(), (2, 4, 32));
    assert_eq!(saved.inv_rms.dim(), (2, 4));

    let grads = rms_norm_backward(&out, &x, &weight, &saved);
    assert_eq!(grads.d_x.dim(), (2, 4, 32));
    assert_eq!(grads.d_weight.dim(), 32);
}

fn gradient() {
    let (x, weight) = (array![[[1.0, 7.0]]], array![2.0, 1.0]);
    let (_, saved) = rms_norm_forward(&x, &weight, 0.0);
    let grads = rms_norm_backward(&array![[[5.0, 0.0]]], &x, &weight, &saved);
    assert_abs_diff_eq!(grads.d_x, array![[[1.96, -0.28]]], epsilon = 1e-12);
    assert_abs_diff_eq!(grads.d_weight, array![1.0, 0.0], epsilon = 1e-12); // 5 * 1 * 0.2
    assert_abs_diff_eq!((x * grads.d_x).sum(), 0.0, epsilon = 1e-12);
}

/// `d_x` of the example, number by number.
fn gradient_by_hand() -> Vec<f64> {
    let (x, weight) = (array![[[1.0, 7.0]]], array![2.0, 1.0]);
    let (_, saved) = rms_norm_forward(&x, &weight, 0.0);
    rms_norm_backward(&array![[[5.0, 0.0]]], &x, &weight, &saved).d_x.into_iter().collect()
}

/// A vector through RMSNorm, without gain and eps.
fn norm_of(x: Array1<f64>) -> Array1<f64> {
    let d_model = x.len();
    let x = Array3::from_shape_fn((1, 1, d_model), |(.., i)| x[i]);
    rms_norm_forward(&x, &Array1::ones(d_model), 0.0).0.into_iter().collect()
}

fn norm(x: [f64; 2]) -> (f64, f64) {
    let out = norm_of(Array1::from_iter(x));
    (out[0], out[1])
}

/// What becomes of the first number of a vector of 32, and of the ones beside it.
fn with_outlier(first: f64) -> (f64, f64) {
    let mut x = Array1::ones(32);
    x[0] = first;
    let out = norm_of(x);
    (out[0], out[1])
}

const GAIN: [f64; 2] = [1.4, 0.6];
const VECTORS: [[f64; 2]; 5] = [[2.0, 1.0], [-0.3, 0.6], [-1.9, 0.7], [-0.6, -0.8], [1.0, -2.0]];

/// A point of the plane as one of the picture.
fn at(centre: Point, (x, y): (f64, f64)) -> Point {
    const UNIT: f64 = 52.0;
    (centre.0 + UNIT * x, centre.1 - UNIT * y)
}

/// Where the vectors of length `radius` lie, stretched by `gain`.
fn ring(centre: Point, radius: f64, gain: [f64; 2]) -> Vec<Point> {
    let point = |a: f64| (gain[0] * radius * a.cos(), gain[1] * radius * a.sin());
    (0..=96).map(|i| at(centre, point(TAU * f64::from(i) / 96.0))).collect()
}

fn circle() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        310.0,
        "Two planes. On the left five arrows of different lengths start in the middle; each has a \
         dot in its direction on one circle. Long arrows reach beyond the circle, short ones end \
         inside. On the right the dots lie on an ellipse, wider and flatter than the circle.",
    );
    let (left, right) = ((140.0, 178.0), (420.0, 178.0));
    for (centre, head) in [(left, "x, divided by its RMS"), (right, "times the gain")] {
        picture.text((centre.0, 24.0), Align::Middle, Colour::Ink, head);
        picture.line((centre.0 - 125.0, centre.1), (centre.0 + 125.0, centre.1), Colour::Faint);
        picture.line((centre.0, centre.1 - 125.0), (centre.0, centre.1 + 125.0), Colour::Faint);
    }
    let radius = 2f64.sqrt(); // RMS 1 in two dimensions
    picture.polyline(&ring(left, radius, [1.0, 1.0]), 1.5, Colour::Green);
    picture.polyline(&ring(right, radius, GAIN), 1.5, Colour::Green);
    for x in VECTORS {
        let normed = norm(x);
        picture.arrow(left, at(left, (x[0], x[1])), Colour::Blue);
        dot(&mut picture, at(left, normed));
        dot(&mut picture, at(right, (GAIN[0] * normed.0, GAIN[1] * normed.1)));
    }
    picture
}

fn dot(picture: &mut Drawing, centre: Point) {
    let point = |i: i32| f64::from(i) * TAU / 16.0;
    let points: Vec<_> =
        (0..16).map(|i| (centre.0 + 5.0 * point(i).cos(), centre.1 + 5.0 * point(i).sin())).collect();
    picture.polygon(&points, Colour::Green, 1.0);
}

fn right_angle() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        280.0,
        "A part of a circle with the vector x from the middle to a point on it. At that point an \
         arrow g points up and outwards. A second arrow, d_x divided by r, points along the circle, \
         at a right angle to x. A dashed line parallel to x joins the tips of both arrows.",
    );
    let (centre, unit) = ((110.0, 250.0), 130.0);
    let place = |(x, y): (f64, f64)| (centre.0 + unit * x, centre.1 - unit * y);
    let x = [1.2, 0.65];
    let g = [0.35, 0.95];

    let along = Array3::from_shape_fn((1, 1, 2), |(.., i)| x[i]);
    let weight = Array1::ones(2);
    let (out, saved) = rms_norm_forward(&along, &weight, 0.0);
    let d_out = Array3::from_shape_fn((1, 1, 2), |(.., i)| g[i]);
    let d_x = rms_norm_backward(&d_out, &along, &weight, &saved).d_x;
    let r = saved.inv_rms[[0, 0]];

    let tip = (out[[0, 0, 0]], out[[0, 0, 1]]);
    let end_of_g = (tip.0 + g[0], tip.1 + g[1]);
    let end_of_d_x = (tip.0 + d_x[[0, 0, 0]] / r, tip.1 + d_x[[0, 0, 1]] / r);

    picture.arc(centre, unit * 2f64.sqrt(), -0.1, 0.85, Colour::Faint);
    picture.arrow(centre, place(tip), Colour::Blue);
    picture.arrow(place(tip), place(end_of_g), Colour::Orange);
    picture.arrow(place(tip), place(end_of_d_x), Colour::Green);
    for i in 0..8 {
        let on_way = |part: f64| {
            let mix = |a: f64, b: f64| a + part * (b - a);
            place((mix(end_of_d_x.0, end_of_g.0), mix(end_of_d_x.1, end_of_g.1)))
        };
        let start = f64::from(i) / 8.0;
        picture.line(on_way(start), on_way(start + 0.07), Colour::Faint);
    }
    let (x, y) = place((tip.0 / 2.0, tip.1 / 2.0));
    picture.text((x, y + 24.0), Align::Start, Colour::Blue, "x r");
    let (x, y) = place(end_of_g);
    picture.text((x + 10.0, y + 6.0), Align::Start, Colour::Orange, "g");
    let (x, y) = place(end_of_d_x);
    picture.text((x - 8.0, y - 8.0), Align::End, Colour::Green, "what is left: d_x / r");
    picture
}

fn outlier() -> Drawing {
    let sizes = || (0..=400).map(|i| f64::from(i) / 4.0);
    plot(
        "Two curves over the size of the outlier, from 0 to 100. The outlier rises steeply at \
         first, to 5 at about 10, and then creeps towards 5.66. The ones start at about 1, fall \
         to a half at about 10, and then go towards 0.",
        ("size of the outlier before", 0.0..99.9),
        ("after RMSNorm", 0.0..8.0),
        &[
            Line {
                name: "the outlier",
                colour: Colour::Orange,
                points: sizes().map(|x| (x, with_outlier(x).0)).collect(),
            },
            Line {
                name: "the ones",
                colour: Colour::Blue,
                points: sizes().map(|x| (x, with_outlier(x).1)).collect(),
            },
        ],
    )
}
