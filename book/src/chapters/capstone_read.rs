//! Read your run: curves of trainings that went well and of some that did not.

use lesson03_cross_entropy::perplexity;
use lesson11_tiny_gpt::count_parameters;

use crate::chapter::Chapter;
use crate::drawing::{Colour, Drawing};
use crate::numbers::Numbers;
use crate::plot::{Line, plot};
use crate::runs::{self, floor, story, story_config, story_eval};

pub(crate) const CHAPTER: Chapter = Chapter {
    numbers,
    figures: &[
        ("capstone_good", runs::story_curve),
        ("capstone_rates", rates),
        ("capstone_overfit", overfit),
    ],
    widgets: &[],
};

/// Step, training and validation loss, learning rate and norm, of the rows of one run.
fn run(name: &str) -> Vec<Vec<f64>> {
    let lines = include_str!("../../data/failing_runs.csv").lines();
    let rows = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(','));
    rows.map(runs::row).collect()
}

/// Points of a curve: the step and one column.
fn points(rows: &[Vec<f64>], column: usize) -> Vec<(f64, f64)> {
    rows.iter().map(|row| (row[0], row[column])).collect()
}

fn at(rows: &[Vec<f64>], step: f64) -> f64 {
    rows.iter().find(|row| row[0] == step).expect("a row of that step")[2]
}

fn last(rows: &[Vec<f64>]) -> &[f64] {
    rows.last().expect("some rows")
}

fn numbers(n: &mut Numbers) {
    n.says("0.4424", story()[0][2]);
    n.says("0.3405", story()[9][2]);
    n.says("0.0039", story()[9][2] - floor());
    n.says("0.3366", floor());

    n.given("0.005", "the learning rate of the preset");
    n.given("0.2", "chosen: forty times as much");
    n.given("5e-5", "chosen: a hundredth");
    n.says("0.4275", last(&run("good"))[2]);
    n.says("0.5493", at(&run("large"), 100.0));
    n.says("0.7266", at(&run("large"), 120.0));
    n.says("0.4522", last(&run("large"))[2]);
    n.says("2.8686", last(&run("huge"))[2]);
    n.says("3.8688", last(&run("small"))[2]);
    n.says("4.29", 73f64.ln());

    let over = run("overfit");
    let best = over.iter().min_by(|a, b| a[2].total_cmp(&b[2])).expect("some rows");
    assert_eq!(best[0], 250.0);
    n.says("2.036", best[2]);
    n.says("2.575", last(&over)[2]);
    n.says("0.241", last(&over)[1]);

    let eval = story_eval();
    let number = |key: &str| eval[key].as_f64().expect("a number");
    n.says("1.4", perplexity(number("loss")));
    n.says("1.406", perplexity(number("loss")));
    n.says("0.1183", number("bits_per_character"));
    n.says("118,205", number("tokens"));
    n.says("490,609", number("characters"));
    n.says("1.443", 1.0 / 2f64.ln());

    let config = story_config();
    n.says("309,408", count_parameters(&config) as f64);
    let (d_model, hidden_dim) = (config.d_model, config.hidden_dim());
    let matrices = config.n_layers * (4 * d_model * d_model + 3 * hidden_dim * d_model);
    n.says("294,912", matrices as f64);

    for chosen in ["1.2", "1.9", "0.9", "2.9", "1.5", "2.5"] {
        n.given(chosen, "an example in a question");
    }
    n.says("1.16", 2.9 / 2.5);
}

fn rates() -> Drawing {
    let curve = |name| {
        let below = |&(_, loss): &(f64, f64)| loss < 6.0;
        points(&run(name), 2).into_iter().filter(below).collect()
    };
    plot(
        "Three curves of validation loss over 300 steps. The one for 0.005 falls smoothly. The \
         one for 0.2 lies a little higher and jumps up once after step 100. The one for 2 stays \
         far above both.",
        ("step", 0.0..300.0),
        ("validation loss in nats", 0.0..6.0),
        &[
            Line { name: "0.005", colour: Colour::Green, points: curve("good") },
            Line { name: "0.2", colour: Colour::Blue, points: curve("large") },
            Line { name: "2", colour: Colour::Orange, points: curve("huge") },
        ],
    )
}

fn overfit() -> Drawing {
    plot(
        "Two curves over 600 steps. The training loss falls all the time, close to 0. The \
         validation loss falls with it at first, turns, and rises.",
        ("step", 0.0..600.0),
        ("loss in nats", 0.0..4.0),
        &[
            Line { name: "validation", colour: Colour::Blue, points: points(&run("overfit"), 2) },
            Line { name: "training", colour: Colour::Orange, points: points(&run("overfit"), 1) },
        ],
    )
}
