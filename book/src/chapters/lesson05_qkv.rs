//! Chapter 5: its numbers, examples and pictures.

use approx::assert_abs_diff_eq;
use lesson05_qkv::{Qkv, merge_heads, qkv_backward, qkv_forward, split_heads};
use ndarray::{Array2, Array3, array};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing, Point};
use crate::numbers::Numbers;

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[("qkv_three", three), ("qkv_split", split)],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    shapes();
    two_heads();
    no_number_moves();
    three_projections();
    one_matrix_for_both();
    gradient();

    let d_model = 32;
    n.says("1,024", f64::from(d_model * d_model));
    n.says("3,072", f64::from(3 * d_model * d_model));
}

fn shapes() {
    let (batch, seq_len, d_model, n_heads) = (2, 5, 32, 4);
    let x = Array3::<f64>::ones((batch, seq_len, d_model));
    let w = Array2::<f64>::ones((d_model, d_model));
    let Qkv { q, k, v } = qkv_forward(&x, &w, &w, &w, n_heads);
    assert_eq!(q.dim(), (2, 4, 5, 8)); // head_dim is 32 / 4
    assert_eq!((k.dim(), v.dim()), (q.dim(), q.dim()));
    assert_eq!(split_heads(x, n_heads).dim(), (2, 4, 5, 8));
    assert_eq!(merge_heads(q).dim(), (2, 5, 32));
}

fn two_heads() {
    let x = array![[[1, 2, 3, 4], [5, 6, 7, 8]]].mapv(f64::from); // two tokens
    let heads = split_heads(x.clone(), 2);
    let expected = array![[[[1, 2], [5, 6]], [[3, 4], [7, 8]]]].mapv(f64::from);
    assert_eq!(heads, expected);
    assert_eq!(merge_heads(heads), x); // and back
}

fn no_number_moves() {
    let x = Array3::<f64>::zeros((2, 3, 8)); // batch, seq_len, d_model
    let first = x.as_ptr();
    let heads = split_heads(x, 2);
    assert_eq!(heads.as_ptr(), first); // the same memory
    assert_eq!(heads.shape(), [2, 2, 3, 4]);
    assert_eq!(heads.strides(), [24, 4, 8, 1]); // a head is 4 away, a token 8
    assert_eq!(merge_heads(heads).as_ptr(), first); // merging copies nothing, either
}

fn three_projections() {
    let x = array![[[1.0, 2.0], [3.0, 4.0]]]; // two tokens
    let w_q = array![[1.0, 0.0], [0.0, 1.0]]; // x itself
    let w_k = array![[10.0, 0.0], [0.0, 10.0]]; // ten times x
    let w_v = array![[0.0, 1.0], [1.0, 0.0]]; // the two numbers exchanged
    let Qkv { q, k, v } = qkv_forward(&x, &w_q, &w_k, &w_v, 1);
    assert_eq!(q, array![[[[1.0, 2.0], [3.0, 4.0]]]]);
    assert_eq!(k, array![[[[10.0, 20.0], [30.0, 40.0]]]]);
    assert_eq!(v, array![[[[2.0, 1.0], [4.0, 3.0]]]]);
}

fn one_matrix_for_both() {
    let x = array![[[0.3, -1.2], [0.8, 0.5]]]; // two tokens
    let w = array![[0.6, -0.1], [1.4, 0.2]];
    let other = array![[0.9, 0.7], [-0.5, 0.3]];
    let score = |w_k: &Array2<f64>, i: usize, j: usize| {
        let Qkv { q, k, .. } = qkv_forward(&x, &w, w_k, &w, 1);
        q[[0, 0, i, 0]] * k[[0, 0, j, 0]] + q[[0, 0, i, 1]] * k[[0, 0, j, 1]]
    };
    assert!((score(&w, 0, 1) - score(&w, 1, 0)).abs() < 1e-12); // both ways the same
    assert!((score(&other, 0, 1) - score(&other, 1, 0)).abs() > 0.1);
}

fn gradient() {
    let x = array![[[7.0, 9.0]]]; // one token, one head
    let w_q = array![[1.0, 2.0], [3.0, 4.0]];
    let (w_k, w_v) = (&w_q * 10.0, &w_q * 100.0);
    let d_qkv =
        Qkv { q: array![[[[1.0, 0.0]]]], k: array![[[[0.0, 1.0]]]], v: array![[[[1.0, 1.0]]]] };
    let grads = qkv_backward(d_qkv, &x, &w_q, &w_k, &w_v);
    // [1, 2] from q, [30, 40] from k, [100, 200] + [300, 400] from v
    assert_abs_diff_eq!(grads.d_x, array![[[431.0, 642.0]]], epsilon = 1e-12);
    assert_abs_diff_eq!(grads.d_w_k, array![[0.0, 0.0], [7.0, 9.0]], epsilon = 1e-12);
}

fn three() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        316.0,
        "The vector of the token sat, 32 numbers, goes through three matrices. W_q makes its \
         query of it, what I am looking for; W_k its key, what I contain; W_v its value, what I \
         give. Each of the three is cut into four heads of 8 numbers.",
    );
    picture.labelled_box((8.0, 130.0), (108.0, 60.0), Colour::Ink, "x of “sat”\n32 numbers");
    let rows = [
        ("W_q", Colour::Blue, "query: what I am looking for"),
        ("W_k", Colour::Orange, "key: what I contain"),
        ("W_v", Colour::Green, "value: what I give"),
    ];
    for (i, (weight, colour, meaning)) in rows.into_iter().enumerate() {
        let y = 36.0 + 106.0 * i as f64;
        picture.arrow((120.0, 160.0), (204.0, y + 18.0), colour);
        let beside = (162.0, [82.0, 152.0, 246.0][i]);
        picture.text(beside, Align::Middle, colour, weight);
        picture.text((212.0, y - 10.0), Align::Start, colour, meaning);
        for head in 0..4 {
            let corner = (212.0 + 84.0 * f64::from(head), y);
            picture.labelled_box(corner, (84.0, 36.0), colour, &format!("head {head}"));
        }
        if i == 2 {
            let under = (212.0 + 42.0, y + 54.0);
            picture.sized_text(under, 12.0, Align::Middle, Colour::Faint, "8 numbers");
        }
    }
    picture
}

/// A head of two tokens with its name.
fn small_head(picture: &mut Drawing, corner: Point, colour: Colour, name: &str, rows: &[[i32; 2]]) {
    let labels: Vec<Vec<(f64, String)>> =
        rows.iter().map(|row| row.iter().map(|n| (0.3, n.to_string())).collect()).collect();
    picture.text((corner.0 + CELL, corner.1 - 10.0), Align::Middle, Colour::Ink, name);
    picture.matrix(corner, CELL, colour, &labels);
}

const CELL: f64 = 38.0;

fn split() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        300.0,
        "Left: two tokens of four numbers, 1 2 3 4 and 5 6 7 8; the left half of each is tinted \
         blue, the right half orange. Upper right, split_heads: head 0 has 1 2 of the first token \
         and 5 6 of the second, head 1 has 3 4 and 7 8. Lower right, a reshape alone: head 0 has \
         1 2 and 3 4, which is the first token cut in two, and head 1 has 5 6 and 7 8.",
    );
    let x = (70.0, 130.0);
    picture.text((x.0 + 2.0 * CELL, x.1 - 10.0), Align::Middle, Colour::Ink, "x");
    for token in 0..2 {
        let y = x.1 + CELL * f64::from(token);
        let name = format!("token {token}");
        picture.sized_text((x.0 - 8.0, y + 24.0), 13.0, Align::End, Colour::Ink, &name);
        for (half, colour) in [(0, Colour::Blue), (1, Colour::Orange)] {
            let first = 1 + 4 * token + 2 * half;
            let row = [first, first + 1].map(|n| (0.3, n.to_string())).to_vec();
            picture.matrix((x.0 + 2.0 * CELL * f64::from(half), y), CELL, colour, &[row]);
        }
    }
    picture.arrow((230.0, 150.0), (318.0, 92.0), Colour::Ink);
    picture.arrow((230.0, 186.0), (318.0, 236.0), Colour::Ink);
    picture.text((440.0, 20.0), Align::Middle, Colour::Green, "split_heads");
    small_head(&mut picture, (340.0, 56.0), Colour::Blue, "head 0", &[[1, 2], [5, 6]]);
    small_head(&mut picture, (464.0, 56.0), Colour::Orange, "head 1", &[[3, 4], [7, 8]]);
    picture.text((440.0, 176.0), Align::Middle, Colour::Faint, "a reshape alone: wrong");
    small_head(&mut picture, (340.0, 210.0), Colour::Faint, "head 0", &[[1, 2], [3, 4]]);
    small_head(&mut picture, (464.0, 210.0), Colour::Faint, "head 1", &[[5, 6], [7, 8]]);
    picture
}
