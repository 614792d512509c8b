//! The grammar's promises: exact probabilities, consistent stories, a floor that can be trusted.

use std::collections::BTreeSet;

use approx::assert_relative_eq;
use capstone::corpus::{
    LONGEST_STORY, PAD, all_tokens, check_story, choices, floor, stories, tell_story,
};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;

#[test]
fn the_choices_at_every_token_sum_to_1_and_give_the_nats() {
    for story in stories(1, 100) {
        for (i, nats) in story.nats.iter().enumerate() {
            let choices = choices(&story.tokens[..=i]).expect("the beginning of a story");
            let sum: f64 = choices.iter().map(|(_, p)| p).sum();
            assert_relative_eq!(sum, 1.0, max_relative = 1e-12);
            let named: BTreeSet<_> = choices.iter().map(|(token, _)| token).collect();
            assert_eq!(named.len(), choices.len(), "a token is named twice");
            let said = choices.iter().find(|(token, _)| *token == story.tokens[i + 1]);
            let (_, p) = said.expect("what came was possible");
            assert_relative_eq!(-p.ln(), *nats, max_relative = 1e-12);
        }
        assert_eq!(choices(&story.tokens), Ok(vec![]), "nothing follows the end");
    }
}

#[test]
fn one_seed_tells_the_same_stories() {
    assert_eq!(stories(5, 20), stories(5, 20));
    assert_ne!(stories(5, 20), stories(6, 20));
    assert_eq!(stories(5, 1)[0], tell_story(&mut StdRng::seed_from_u64(5)));
}

#[test]
fn no_story_is_too_long_and_every_token_occurs() {
    let stories = stories(2, 20_000);
    let longest = stories.iter().map(|story| story.tokens.len()).max();
    assert_eq!(longest, Some(LONGEST_STORY));
    let said: BTreeSet<_> = stories.iter().flat_map(|story| story.tokens.iter().copied()).collect();
    let known: BTreeSet<_> = all_tokens().into_iter().filter(|&token| token != PAD).collect();
    assert_eq!(said, known);
    assert_eq!(all_tokens().len(), known.len() + 1, "a token is listed twice");
    assert_eq!(all_tokens()[0], PAD);
}

#[test]
fn the_floor_hardly_depends_on_the_stories_it_is_measured_on() {
    let (one, other) = (floor(&stories(3, 3000)), floor(&stories(4, 3000)));
    assert_relative_eq!(one, other, max_relative = 0.02);
}

#[test]
fn a_story_that_contradicts_itself_is_told_apart() {
    let wrong = |text: &str| check_story(&tokens(text)).expect_err("not a story").to_string();
    let start = "One sunny day Cat jumped on the mat and Frog hopped on the log. \
                 Cat jumped on the bed.";
    let good = format!("{start} Where did Cat go? Cat jumped on the bed.");
    assert_eq!(check_story(&tokens(&good)), Ok(()));
    let earlier = format!("{start} Where did Cat go? Cat jumped on the mat.");
    assert!(wrong(&earlier).contains("\" mat\"") && wrong(&earlier).contains("\" bed\""));
    let absent = format!("{start} Where did Dog go?");
    assert!(wrong(&absent).contains("comes \" Cat\" or \" Frog\""), "{}", wrong(&absent));
    let nowhere = format!("{start} Frog hopped on the log.");
    assert!(wrong(&nowhere).contains("comes \" leaf\" or \" moss\""), "{}", wrong(&nowhere));
    assert!(wrong(start).contains("<end>"), "it ends too early: {}", wrong(start));
}

#[test]
fn the_text_can_be_cut_into_its_tokens_again() {
    for story in stories(7, 200) {
        assert_eq!(tokens(&story.text()), story.tokens);
    }
}

/// Cuts a printed story: a word with its leading space, or a mark; start and end are added.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = vec!["<story>"];
    let starts: Vec<usize> =
        text.char_indices().filter(|(_, c)| !c.is_alphabetic()).map(|(i, _)| i).collect();
    let bounds = [vec![0], starts, vec![text.len()]].concat();
    tokens.extend(bounds.windows(2).map(|pair| &text[pair[0]..pair[1]]));
    tokens.push("<end>");
    tokens
}
