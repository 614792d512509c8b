//! Chapter 1: its numbers, examples and pictures.

use lesson01_tokens::{
    PAD, Vocabulary, build_vocabulary, decode, encode, pad_conversations, shift,
    split_characters, split_words,
};
use ndarray::{Array2, array};

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};

const SENTENCE: &str = "the cat sat on the mat";
const LICENSE: &str = include_str!("../../../LICENSE-APACHE");

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[
        ("tokens_window", window),
        ("tokens_padding", padding),
        ("tokens_growth", growth),
    ],
    widgets: &[],
};

fn numbers(n: &mut Numbers) {
    by_hand();
    shapes();
    two_windows();
    conversations();

    n.given("200,000", "context lengths and vocabularies of large models, from the course");
    n.given("300,000", "vocabularies of large models, from the course");
    n.given("2.5", "a number between two ids");

    let (words, characters) = (split_words(LICENSE), split_characters(LICENSE));
    n.says("1,413", words.len() as f64);
    n.says("9,723", characters.len() as f64);
    let quarter = &characters[..characters.len() / 4];
    let sizes = [&words, &characters, quarter].map(|text| build_vocabulary(text).tokens.len());
    assert_eq!(sizes, [544, 72, 72 - 10], "as the text says");
}

fn by_hand() {
    let text = split_words("the cat sat on the mat");
    let vocabulary = build_vocabulary(&text);
    assert_eq!(vocabulary.tokens, ["<pad>", "the", "cat", "sat", "on", "mat"]);

    let ids = encode(&text, &vocabulary).unwrap();
    assert_eq!(ids, [1, 2, 3, 4, 1, 5]);
    assert_eq!(decode(&ids, &vocabulary).unwrap(), text); // and back

    let error = encode(&["the", "dog", "sat"], &vocabulary).unwrap_err();
    assert_eq!(error.to_string(), "token 1 is \"dog\", which the vocabulary does not have");
}

fn shapes() {
    let (batch, seq_len) = (3, 4);
    let windows = Array2::<usize>::zeros((batch, seq_len + 1));
    let result = shift(&windows);
    assert_eq!(windows.dim(), (3, 5));
    assert_eq!(result.ids.dim(), (3, 4));
    assert_eq!(result.targets.dim(), (3, 4));
}

fn two_windows() {
    let windows = array![
        [1, 2, 3, 4, 1], // the cat sat on the
        [2, 3, 4, 1, 5], //     cat sat on the mat
    ];
    let batch = shift(&windows);
    assert_eq!(batch.ids, array![[1, 2, 3, 4], [2, 3, 4, 1]]);
    assert_eq!(batch.targets, array![[2, 3, 4, 1], [3, 4, 1, 5]]);
}

fn conversations() {
    // the cat sat · the cat sat on the mat · the mat
    let conversations = [vec![1, 2, 3], vec![1, 2, 3, 4, 1, 5], vec![1, 5]];
    let batch = pad_conversations(&conversations, 5);
    assert_eq!(batch.ids, array![[1, 2, 3, 0, 0], [1, 2, 3, 4, 1], [1, 5, 0, 0, 0]]);
    assert_eq!(batch.targets, array![[2, 3, 0, 0, 0], [2, 3, 4, 1, 5], [5, 0, 0, 0, 0]]);
}

fn sentence() -> (Vocabulary, Vec<usize>) {
    let text = split_words(SENTENCE);
    let vocabulary = build_vocabulary(&text);
    let ids = encode(&text, &vocabulary).expect("a vocabulary of this text");
    (vocabulary, ids)
}

fn window() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        334.0,
        "The sentence the cat sat on the mat with its ids 1 2 3 4 1 5 in six boxes. A line above \
         marks the first four tokens as ids, a line below marks the second to the fifth as \
         targets. Under it four rows, each longer by one: after the comes cat, after the cat comes \
         sat, after the cat sat comes on, after the cat sat on comes the.",
    );
    let (vocabulary, ids) = sentence();
    let word = |i: usize| vocabulary.tokens[ids[i]].as_str();
    let left = |i: usize| 62.0 + 80.0 * i as f64;
    let seq_len = 4;

    picture.sized_text((left(0), 16.0), 13.0, Align::Start, Colour::Blue, "ids: what it sees");
    picture.polyline(&[(left(0), 26.0), (left(seq_len) - 6.0, 26.0)], 3.0, Colour::Blue);
    for (i, id) in ids.iter().enumerate() {
        let label = format!("{}\n{id}", word(i));
        picture.labelled_box((left(i), 34.0), (74.0, 46.0), Colour::Faint, &label);
    }
    picture.polyline(&[(left(1), 88.0), (left(seq_len + 1) - 6.0, 88.0)], 3.0, Colour::Green);
    let at = (left(seq_len + 1) - 6.0, 107.0);
    picture.sized_text(at, 13.0, Align::End, Colour::Green, "targets: what it should say");

    for t in 0..seq_len {
        let y = 130.0 + 50.0 * t as f64;
        picture.sized_text((8.0, y + 23.0), 13.0, Align::Start, Colour::Faint, &format!("t = {t}"));
        for i in 0..=t {
            picture.labelled_box((left(i), y), (74.0, 36.0), Colour::Blue, word(i));
        }
        picture.labelled_box((left(t + 1), y), (74.0, 36.0), Colour::Green, word(t + 1));
    }
    picture
}

fn padding() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        176.0,
        "Two tables of three rows and five columns. The ids: the cat sat and two paddings; the cat \
         sat on the; the mat and three paddings. The targets: cat sat and three paddings; cat sat \
         on the mat; mat and four paddings. Only targets that are words are tinted.",
    );
    let (vocabulary, ids) = sentence();
    let conversations = [ids[..3].to_vec(), ids.clone(), vec![ids[0], ids[5]]];
    let batch = pad_conversations(&conversations, 5);
    let tables = [("ids", Colour::Blue, &batch.ids), ("targets", Colour::Green, &batch.targets)];
    for ((name, colour, table), left) in tables.into_iter().zip([4.0, 286.0]) {
        picture.text((left, 22.0), Align::Start, colour, name);
        for ((row, column), &id) in table.indexed_iter() {
            let corner = (left + 54.0 * column as f64, 36.0 + 44.0 * row as f64);
            let colour = if id == PAD { Colour::Faint } else { colour };
            let strength = if id == PAD { 0.0 } else { 0.15 };
            picture.rectangle(corner, (50.0, 38.0), colour, strength);
            let middle = (corner.0 + 25.0, corner.1 + 24.0);
            let ink = if id == PAD { Colour::Faint } else { Colour::Ink };
            picture.sized_text(middle, 14.0, Align::Middle, ink, &vocabulary.tokens[id]);
        }
    }
    picture
}

fn growth() -> Drawing {
    plot(
        "Two curves over the number of characters read, from 0 to about 9,700. The one for words \
         rises all the way to 544. The one for characters rises at once to about 60 and then stays \
         nearly flat.",
        ("characters read", 0.0..9_800.0),
        ("different tokens met", 0.0..800.0),
        &[
            Line { name: "words", colour: Colour::Orange, points: growth_by(split_words) },
            Line {
                name: "characters",
                colour: Colour::Blue,
                points: growth_by(split_characters),
            },
        ],
    )
}

/// How large the vocabulary is after each line, over the characters read so far.
fn growth_by(split: fn(&str) -> Vec<&str>) -> Vec<(f64, f64)> {
    let line_ends = LICENSE.match_indices('\n').map(|(end, _)| end + 1);
    let size = |end| build_vocabulary(&split(&LICENSE[..end])).tokens.len();
    line_ends.map(|end| (end as f64, size(end) as f64)).collect()
}
