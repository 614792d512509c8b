//! Experiments and their numbers: what `capstone compare` found.

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;
use crate::runs::{compared, floor};

pub(crate) const CHAPTER: Chapter =
    Chapter { numbers, figures: &[("capstone_variants", variants)], widgets: &[] };

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn numbers(n: &mut Numbers) {
    let (weights, plain) = compared("plain");
    for (variant, weighs, average, lowest, highest, against) in [
        ("plain", "37,600", "0.4141", "0.4137", "0.4149", ""),
        ("relu", "37,600", "0.4161", "0.4142", "0.4179", "+0.0020"),
        ("sandwich", "37,728", "0.4176", "0.4173", "0.4182", "+0.0035"),
        ("relu2", "37,600", "0.4184", "0.4177", "0.4189", "+0.0043"),
        ("tied", "35,264", "0.4208", "0.4204", "0.4212", "+0.0067"),
    ] {
        let (parameters, losses) = compared(variant);
        n.says(weighs, parameters);
        n.says(average, mean(&losses));
        n.says(lowest, losses.iter().copied().fold(f64::INFINITY, f64::min));
        n.says(highest, losses.iter().copied().fold(0.0, f64::max));
        if !against.is_empty() {
            n.says(against, mean(&losses) - mean(&plain));
        }
    }
    n.says("2,336", weights - compared("tied").0);
    n.says("0.3366", floor());
    n.says("0.08", mean(&plain) - floor());
    assert!(compared("relu").1[0] < plain[0], "with seed 1 ReLU is better");
    assert_eq!((100.0 * 2336.0 / weights).round(), 6.0);
    n.given("50,000", "about the vocabulary of GPT-2");
    n.given("0.001", "an example in a question");
    let highest = plain.iter().copied().fold(0.0, f64::max);
    n.says("0.0012", highest - plain.iter().copied().fold(f64::INFINITY, f64::min));
}

fn variants() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        250.0,
        "Five rows of three dots over the loss from 0.413 to 0.422. The dots of plain lie furthest \
         to the left and close together; those of relu overlap with them; then follow sandwich, \
         relu2 and, apart from all others, tied.",
    );
    let x = |loss: f64| 110.0 + (loss - 0.413) / 0.009 * 420.0;
    for (row, name) in ["plain", "relu", "sandwich", "relu2", "tied"].iter().enumerate() {
        let y = 26.0 + 38.0 * row as f64;
        let (_, losses) = compared(name);
        picture.text((12.0, y + 5.0), Align::Start, Colour::Ink, name);
        picture.line((110.0, y), (530.0, y), Colour::Faint);
        let middle = x(mean(&losses));
        picture.polyline(&[(middle, y - 13.0), (middle, y + 13.0)], 3.0, Colour::Orange);
        for loss in losses {
            picture.circle((x(loss), y), 6.0, Colour::Blue);
        }
    }
    for tick in [0.413, 0.416, 0.419, 0.422] {
        let at = (x(tick), 220.0);
        picture.line((x(tick), 196.0), (x(tick), 204.0), Colour::Ink);
        picture.sized_text(at, 13.0, Align::Middle, Colour::Ink, &format!("{tick}"));
    }
    picture.sized_text((320.0, 242.0), 13.0, Align::Middle, Colour::Ink, "validation loss in nats");
    picture
}
