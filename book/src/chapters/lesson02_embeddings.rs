//! Chapter 2: its numbers, examples and pictures.

use approx::assert_abs_diff_eq;
use lesson02_embeddings::{
    Config, embedding_backward, embedding_forward, head_dim, linear_backward, linear_forward,
};
use lesson11_tiny_gpt::count_parameters;
use ndarray::{Array1, Array2, Array3, ArrayRef2, NdFloat, array};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing, Point};
use crate::numbers::Numbers;

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[("embeddings_table", reading_and_saying), ("embeddings_shapes", products)],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    shapes();
    operators(&array![[1.0, 2.0], [3.0, 4.0]], 2.0);
    read_and_say();
    linear_gradient();
    the_twice();

    let (x, mat) = (vector(), table().row(5).to_owned());
    for (written, value) in [("0.5", x[0]), ("-0.5", x[2]), ("0.7", mat[0]), ("-0.4", mat[2])] {
        n.says(written, value);
    }
    n.says("0.9", mat[3]);
    for (written, i) in [("0.35", 0), ("0.5", 1), ("0.2", 2), ("0.45", 3)] {
        n.says(written, x[i] * mat[i]);
    }
    let logits = scores();
    for (written, token) in [("-0.8", 1), ("1.3", 2), ("1.5", 5)] {
        n.says(written, logits[token]);
    }
    n.given("3.5", "a mean where a sum is right: a wrong answer of a question");

    let config = Config::course();
    assert_eq!(head_dim(config.d_model, config.n_heads), Ok(8));
    assert_eq!(2 * config.vocab_size * config.d_model, 384);
    n.says("33,312", count_parameters(&config) as f64);
    let large = Config { vocab_size: 200_000, ..config };
    n.says("12,800,000", (2 * large.vocab_size * large.d_model) as f64);
    n.says("12,832,928", count_parameters(&large) as f64);
    n.given("200,000", "the vocabulary of a large model, from the course");
    n.given("4,096", "a width that is common among large models, chosen as an example");
    assert_eq!((200_000.0 * 4096.0 / 1e6_f64).round(), 819.0);
}

fn shapes() {
    let (batch, seq_len, vocab_size, d_model) = (2, 4, 6, 32);
    let ids = Array2::<usize>::zeros((batch, seq_len));
    let table = Array2::<f64>::zeros((vocab_size, d_model));
    let x = embedding_forward(&ids, &table);
    assert_eq!(x.dim(), (2, 4, 32)); // d_in of the layer is d_model here

    let w = Array2::<f64>::zeros((128, d_model));
    assert_eq!(linear_forward(&x, &w).dim(), (2, 4, 128));
    assert_eq!(linear_forward(&x, &table).dim(), (2, 4, 6)); // the table as LM head
}

fn operators<F: NdFloat>(x: &ArrayRef2<F>, c: F) {
    // x: &ArrayRef2<F>, c: F
    let mut y = x * c;
    assert_eq!(x + &*y, x * (c + F::one()));
    *y += x;
    let view = y.row(0);
    assert_eq!(&view * c, y.mapv(|y| y * c).row(0));
    assert_eq!(x.row(0).to_owned() * &*view, &x.row(0) * &view);
}

fn read_and_say() {
    let table = table(); // the one in the picture, [6, 4]
    let cat = embedding_forward(&array![[2]], &table);
    assert_eq!(cat, array![[[0.8, 0.7, -0.1, 0.3]]]);

    let x = array![[[0.5, 1.0, -0.5, 0.5]]];
    let logits = linear_forward(&x, &table); // <pad>, the, cat, sat, on, mat
    assert_abs_diff_eq!(logits, array![[[0.0, -0.8, 1.3, -0.25, -0.75, 1.5]]], epsilon = 1e-12);
}

fn linear_gradient() {
    let x = array![[[1.0, 10.0]]];
    let w = array![[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]];
    let d_out = array![[[1.0, 0.0, 2.0]]];
    let grads = linear_backward(&d_out, &x, &w);
    assert_eq!(grads.d_x, array![[[7.0, 8.0]]]);
    assert_eq!(grads.d_w, array![[1.0, 10.0], [0.0, 0.0], [2.0, 20.0]]);
}

fn the_twice() {
    let ids = array![[1, 2, 1]]; // the cat the
    let d_out = array![[[1.0, 2.0], [5.0, 5.0], [30.0, 40.0]]];
    let d_table = embedding_backward(&d_out, &ids, 4);
    assert_eq!(d_table, array![[0.0, 0.0], [31.0, 42.0], [5.0, 5.0], [0.0, 0.0]]);
}

const WORDS: [&str; 6] = ["<pad>", "the", "cat", "sat", "on", "mat"];

fn table() -> Array2<f64> {
    array![
        [0.0, 0.0, 0.0, 0.0],
        [0.2, -0.5, 0.9, 0.1],
        [0.8, 0.7, -0.1, 0.3],
        [-0.6, 0.4, 0.5, -0.2],
        [-0.3, -0.8, 0.2, 0.6],
        [0.7, 0.5, -0.4, 0.9],
    ]
}

fn vector() -> Array1<f64> {
    array![0.5, 1.0, -0.5, 0.5]
}

/// The scores of the six tokens for [`vector`].
fn scores() -> Vec<f64> {
    let x = Array3::from_shape_fn((1, 1, 4), |(.., i)| vector()[i]);
    linear_forward(&x, &table()).into_iter().collect()
}

/// Numbers as cells, tinted by their size.
fn cells<'a>(numbers: impl IntoIterator<Item = &'a f64>) -> Vec<(f64, String)> {
    numbers.into_iter().map(|x| (0.8 * x.abs(), format!("{x}"))).collect()
}

fn reading_and_saying() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        376.0,
        "A table with six rows, one for each of the tokens <pad>, the, cat, sat, on, mat, and four \
         columns of numbers. On the left an arrow leads from the id 2 of cat to the third row. \
         Above the table stands a vector of four numbers. On the right each row has its score: 0, \
         -0.8, 1.3, -0.25, -0.75 and 1.5. The largest is that of mat.",
    );
    let (left, top, cell) = (214.0, 120.0, 42.0);
    let middle = |row: usize| top + cell * (row as f64 + 0.5);

    picture.text((8.0, 22.0), Align::Start, Colour::Blue, "reading: id to vector");
    picture.labelled_box((8.0, middle(2) - 24.0), (70.0, 48.0), Colour::Blue, "cat\nid 2");
    picture.arrow((82.0, middle(2)), (150.0, middle(2)), Colour::Blue);

    picture.text((552.0, 22.0), Align::End, Colour::Green, "saying: vector to scores");
    picture.sized_text((left - 12.0, 67.0), 13.0, Align::End, Colour::Faint, "vector");
    picture.matrix((left, 42.0), cell, Colour::Green, &[cells(&vector())]);
    picture.sized_text((left - 12.0, 110.0), 13.0, Align::End, Colour::Faint, "table");

    let rows: Vec<_> = table().rows().into_iter().map(cells).collect();
    picture.matrix((left, top), cell, Colour::Faint, &rows);
    picture.rectangle((left, top + 2.0 * cell), (4.0 * cell, cell), Colour::Blue, 0.15);
    for (row, word) in WORDS.iter().enumerate() {
        let at = (left - 12.0, middle(row) + 5.0);
        picture.text(at, Align::End, Colour::Ink, word);
    }

    let right = left + 4.0 * cell;
    picture.sized_text((right + 96.0, 110.0), 13.0, Align::Middle, Colour::Faint, "logits");
    for (row, score) in scores().into_iter().enumerate() {
        picture.arrow((right + 8.0, middle(row)), (right + 58.0, middle(row)), Colour::Green);
        let corner = (right + 66.0, top + cell * row as f64);
        picture.rectangle(corner, (60.0, cell), Colour::Green, (0.3 * score).max(0.0));
        let at = (right + 96.0, middle(row) + 5.0);
        picture.sized_text(at, 14.0, Align::Middle, Colour::Ink, &label(score));
    }
    picture
}

/// A score with two decimals at most.
fn label(score: f64) -> String {
    format!("{}", (100.0 * score).round() / 100.0)
}

/// One factor or result: its name, its number of rows and columns, and their names.
type Block = (&'static str, (&'static str, f64), (&'static str, f64), Colour);

fn products() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        420.0,
        "Three products drawn as rectangles. First, x with N rows and d_in columns times W \
         transposed with d_in rows and d_out columns gives y with N rows and d_out columns. \
         Second, d_y with N rows and d_out columns times W with d_out rows and d_in columns gives \
         d_x with N rows and d_in columns. Third, d_y transposed with d_out rows and N columns \
         times x with N rows and d_in columns gives d_W with d_out rows and d_in columns.",
    );
    let (n, d_in, d_out) = (("N", 92.0), ("d_in", 69.0), ("d_out", 46.0));
    let products: [[Block; 3]; 3] = [
        [
            ("x", n, d_in, Colour::Blue),
            ("Wᵀ", d_in, d_out, Colour::Orange),
            ("y", n, d_out, Colour::Green),
        ],
        [
            ("d_y", n, d_out, Colour::Green),
            ("W", d_out, d_in, Colour::Orange),
            ("d_x", n, d_in, Colour::Blue),
        ],
        [
            ("d_yᵀ", d_out, n, Colour::Green),
            ("x", n, d_in, Colour::Blue),
            ("d_W", d_out, d_in, Colour::Orange),
        ],
    ];
    for (row, product) in products.into_iter().enumerate() {
        let middle = 78.0 + 134.0 * row as f64;
        for (column, block) in product.into_iter().enumerate() {
            let centre = (96.0 + 188.0 * column as f64, middle);
            draw_block(&mut picture, centre, block);
            if let Some(sign) = ["·", "="].get(column) {
                let at = (centre.0 + 82.0, middle + 6.0);
                picture.sized_text(at, 22.0, Align::Middle, Colour::Ink, sign);
            }
        }
    }
    picture
}

fn draw_block(picture: &mut Drawing, centre: Point, block: Block) {
    let (name, (rows, height), (columns, width), colour) = block;
    let corner = (centre.0 - width / 2.0, centre.1 - height / 2.0);
    picture.labelled_box(corner, (width, height), colour, name);
    let above = (centre.0, corner.1 - 6.0);
    picture.sized_text(above, 12.0, Align::Middle, Colour::Faint, columns);
    let beside = (corner.0 - 6.0, centre.1 + 4.0);
    picture.sized_text(beside, 12.0, Align::End, Colour::Faint, rows);
}
