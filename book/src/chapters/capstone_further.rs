//! Continue: what another program says to the same prompt is what ours has exported.

use serde_json::Value;

use crate::chapter::Chapter;
use crate::numbers::Numbers;

pub(crate) const CHAPTER: Chapter = Chapter { numbers, figures: &[], widgets: &[] };

fn numbers(n: &mut Numbers) {
    let export: Value =
        serde_json::from_str(include_str!("../../data/story_heads.json")).expect("JSON");
    let last = export["lens"][2].as_array().and_then(|lens| lens.last());
    let guesses = last.and_then(|lens| lens["guesses"].as_array()).expect("guesses");
    for (guess, (written, token)) in
        guesses.iter().zip([("0.9939", " gate"), ("0.0008", " shelf"), ("0.0007", " den")])
    {
        assert_eq!(guess["token"], token);
        n.says(written, guess["probability"].as_f64().expect("a number"));
    }
    n.given("1.1", "in the name of a model");
    n.says("1.5", 0.75 * 2.0);
}
