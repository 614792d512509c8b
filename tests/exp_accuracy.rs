//! How exact `lesson03_cross_entropy::exp` is, the exponential function of the whole course.
//!
//! For `f64` it must be the library's. For `f32` it is a polynomial of our own, which is
//! compared with the library's `f64` result here.

use lesson03_cross_entropy::exp;

/// The largest relative error allowed for `f32`, which itself resolves 1.2e-7.
const LIMIT: f64 = 3e-7;

#[test]
fn f32_has_a_relative_error_below_3e_7_from_minus_87_to_88() {
    let (mut worst, mut at) = (0.0, 0.0);
    for x in sweep(-87.0, 88.0) {
        let exact = f64::from(x).exp();
        let error = (f64::from(exp(x)) / exact - 1.0).abs();
        assert!(error < LIMIT, "exp({x:?}): expected {exact:e}, received {:e}", exp(x));
        if error > worst {
            (worst, at) = (error, x);
        }
    }
    println!("the largest relative error is {worst:.3e}, at {at:?}");
}

#[test]
fn f32_is_as_exact_up_to_the_ends_of_the_range() {
    for x in sweep(-87.33, -87.0).chain(sweep(88.0, 88.72)) {
        let exact = f64::from(x).exp();
        let error = (f64::from(exp(x)) / exact - 1.0).abs();
        assert!(error < LIMIT, "exp({x:?}): expected {exact:e}, received {:e}", exp(x));
    }
}

#[test]
fn f32_is_exactly_0_below_the_range() {
    for x in [-87.34, -88.0, -103.0, -104.0, -1e4, f32::MIN, f32::NEG_INFINITY] {
        assert_eq!(exp(x).to_bits(), 0.0f32.to_bits(), "exp({x:?}) is {:e}, not 0", exp(x));
    }
    for x in sweep(-1000.0, -87.34) {
        assert_eq!(exp(x).to_bits(), 0.0f32.to_bits(), "exp({x:?}) is {:e}, not 0", exp(x));
    }
}

#[test]
fn f32_is_infinite_above_the_range() {
    for x in [88.73, 89.0, 128.0, 1e4, f32::MAX, f32::INFINITY] {
        assert_eq!(exp(x), f32::INFINITY, "exp({x:?})");
    }
    for x in sweep(88.73, 1000.0) {
        assert_eq!(exp(x), f32::INFINITY, "exp({x:?})");
    }
}

#[test]
fn f32_is_nan_at_nan() {
    // The last two have other bits than usual below the sign and the exponent.
    let odd = [f32::from_bits(0x7fc0_0001), f32::from_bits(0x7fff_ffff)];
    for x in [f32::NAN, -f32::NAN, odd[0], odd[1]] {
        assert!(exp(x).is_nan(), "exp({x:?}) is {:e}, not NaN", exp(x));
    }
}

#[test]
fn exp_of_0_is_exactly_1() {
    for x in [0.0f32, -0.0, f32::MIN_POSITIVE, -f32::MIN_POSITIVE, 1e-30, -1e-30] {
        assert_eq!(exp(x), 1.0, "exp({x:?})");
    }
    assert_eq!(exp(0.0f64), 1.0);
}

#[test]
fn f64_is_the_library_function() {
    let edges = [f64::NEG_INFINITY, -746.0, -745.0, -0.0, 709.7, 710.0, f64::INFINITY];
    for x in edges.into_iter().chain(sweep(-800.0, 800.0).map(f64::from)) {
        assert_eq!(exp(x).to_bits(), x.exp().to_bits(), "exp({x:?})");
    }
    assert!(exp(f64::NAN).is_nan());
}

/// `first`, `last` and numbers between them: two million in equal steps, and every 1009th of
/// all `f32` there are, so that small numbers occur as well as large ones.
fn sweep(first: f32, last: f32) -> impl Iterator<Item = f32> {
    const STEPS: u32 = 2_000_000;
    let step = (f64::from(last) - f64::from(first)) / f64::from(STEPS);
    let even = (0..=STEPS).map(move |i| (f64::from(first) + f64::from(i) * step) as f32);
    let all = (0..=u32::MAX).step_by(1009).map(f32::from_bits);
    even.chain(all).chain([first, last]).filter(move |x| (first..=last).contains(x))
}
