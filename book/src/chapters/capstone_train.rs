//! Train your own: the numbers of the default training.

use lesson11_tiny_gpt::count_parameters;

use crate::chapter::Chapter;
use crate::numbers::Numbers;
use crate::runs::{floor, story, story_config};

pub(crate) const CHAPTER: Chapter = Chapter { numbers, figures: &[], widgets: &[] };

fn numbers(n: &mut Numbers) {
    n.says("309408", count_parameters(&story_config()) as f64);
    n.says("4.29", 73f64.ln());

    let rows = story();
    n.says("2500", rows[9][0]);
    n.says("1.2577", rows[0][1]);
    n.says("0.4424", rows[0][2]);
    n.says("9.9e-4", rows[0][3]);
    n.says("0.83", rows[0][4]);
    n.says("0.3405", rows[9][2]);
    n.says("0.34", floor());
    n.says("0.3366", floor());
    n.says("0.0039", rows[9][2] - floor());

    n.given("002500", "the step of the last checkpoint, in the name of its directory");
    n.given("0.005", "capstone/src/preset.rs");
    n.given("0.001", "capstone/src/preset.rs");
}
