//! The tests of lesson 01, one module per exercise.
//!
//! Only the function under test comes from `subject`; what it builds on comes from the
//! reference, so an exercise never fails because of another.

use std::fmt::Debug;

use gradcheck::{Part, assert_no_known_mistake, wrapped};
use lesson01_tokens::solution as reference;
use lesson01_tokens::{Batch, PAD, TokenError, Vocabulary, split_characters};
use ndarray::{Array2, array};

mod known;
use known::KNOWN;

/// The text of the lesson. Its ids are 1 2 3 4 1 5, because `<pad>` is 0.
const TEXT: [&str; 6] = ["the", "cat", "sat", "on", "the", "mat"];

mod ex1_build_vocabulary {
    use super::*;
    use crate::subject::build_vocabulary;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a0_no_known_mistake() {
        let vocabulary = build_vocabulary(&["the", "cat", "<pad>", "the", "Mat"]);
        let answer = [Part::of("tokens", &tokens(&vocabulary)), Part::of("ids", &ids(&vocabulary))];
        assert_no_known_mistake(KNOWN, "build_vocabulary", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a_the_cat_sat_on_the_mat_has_six_tokens_and_pad_is_the_first() {
        let vocabulary = build_vocabulary(&TEXT);
        let expected = ["<pad>", "the", "cat", "sat", "on", "mat"];
        let hint = "<pad> first, then each new word where it first appears: not sorted, once each";
        assert_same("tokens", &tokens(&vocabulary)[..], &expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn b_ids_leads_from_every_token_back_to_its_place() {
        let vocabulary = build_vocabulary(&TEXT);
        let expected = "0 <pad>, 1 the, 2 cat, 3 sat, 4 on, 5 mat";
        let hint = "ids[tokens[i]] is i: `the` keeps its first id when it comes again";
        assert_same("ids", ids(&vocabulary).as_str(), expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn c_a_text_without_tokens_still_has_pad() {
        let vocabulary = build_vocabulary(&[]);
        let hint = "<pad> is put in before the text is read, whatever the text is";
        assert_same("tokens", &tokens(&vocabulary)[..], &["<pad>"], hint);
        assert_same("ids", ids(&vocabulary).as_str(), "0 <pad>", hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn d_pad_in_the_text_is_not_a_second_token() {
        let vocabulary = build_vocabulary(&["a", "<pad>", "b"]);
        let hint = "<pad> is in the vocabulary from the start, so it is not new in the text";
        assert_same("tokens", &tokens(&vocabulary)[..], &["<pad>", "a", "b"], hint);
        assert_same("ids", ids(&vocabulary).as_str(), "0 <pad>, 1 a, 2 b", hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn e_a_token_is_kept_as_it_is() {
        let vocabulary = build_vocabulary(&split_characters("Oh no\n"));
        let expected = ["<pad>", "O", "h", " ", "n", "o", "\n"];
        let hint = "capitals, spaces and line ends are tokens of their own: change nothing";
        assert_same("tokens", &tokens(&vocabulary)[..], &expected, hint);
    }

    fn tokens(vocabulary: &Vocabulary) -> Vec<&str> {
        vocabulary.tokens.iter().map(String::as_str).collect()
    }

    /// The pairs of `vocabulary.ids`, sorted by id.
    fn ids(vocabulary: &Vocabulary) -> String {
        let mut pairs: Vec<_> = vocabulary.ids.iter().map(|(token, id)| (id, token)).collect();
        pairs.sort_unstable();
        let pairs: Vec<_> = pairs.iter().map(|(id, token)| format!("{id} {token}")).collect();
        pairs.join(", ")
    }
}

mod ex2_encode {
    use super::*;
    use crate::subject::encode;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a0_no_known_mistake() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let known = encode(&["mat", "the"], &vocabulary);
        let unknown = encode(&["the", "dog", "sat", "by"], &vocabulary);
        let answer = [Part::of("mat the", &known), Part::of("the dog sat by", &unknown)];
        assert_no_known_mistake(KNOWN, "encode", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a_the_cat_sat_on_the_mat_is_1_2_3_4_1_5() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let hint = "look up every token of the text in vocabulary.ids";
        let expected = Ok(vec![1, 2, 3, 4, 1, 5]);
        assert_same("the ids", &encode(&TEXT, &vocabulary), &expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn b_the_ids_come_from_the_vocabulary_not_from_the_text() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let hint = "the order of the text has nothing to do with the ids; <pad> has one too";
        let received = encode(&["mat", "<pad>", "cat"], &vocabulary);
        assert_same("the ids", &received, &Ok(vec![5, PAD, 2]), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn c_an_unknown_token_is_an_error_that_says_which_and_where() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let hint = "no id stands for `unknown`: return the error, position counted from 0";
        let received = encode(&["the", "cat", "sat", "by", "the"], &vocabulary);
        assert_same("the result", &received, &unknown("by", 3), hint);
        let received = encode(&["dog"], &vocabulary);
        assert_same("the result", &received, &unknown("dog", 0), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn d_of_several_unknown_tokens_the_first_is_named() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let hint = "stop at the first token that the vocabulary does not have";
        let received = encode(&["the", "dog", "sat", "by", "dog"], &vocabulary);
        assert_same("the result", &received, &unknown("dog", 1), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn e_an_empty_text_has_no_ids() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let hint = "no token, no id: nothing is added, and nothing is wrong";
        assert_same("the ids", &encode(&[], &vocabulary), &Ok(vec![]), hint);
    }

    fn unknown(token: &str, position: usize) -> Result<Vec<usize>, TokenError> {
        Err(TokenError::UnknownToken { token: token.to_string(), position })
    }
}

mod ex3_decode {
    use super::*;
    use crate::subject::decode;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a0_no_known_mistake() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let known = decode(&[5, PAD, 1], &vocabulary);
        let unknown = decode(&[5, 90, 7], &vocabulary);
        let answer = [Part::of("5 0 1", &known), Part::of("5 90 7", &unknown)];
        assert_no_known_mistake(KNOWN, "decode", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a_1_2_3_4_1_5_is_the_cat_sat_on_the_mat() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let hint = "an id is a place in vocabulary.tokens, and places count from 0";
        let received = decode(&[1, 2, 3, 4, 1, 5], &vocabulary);
        assert_same("the tokens", &received, &Ok(TEXT.to_vec()), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn b_padding_is_decoded_like_any_other_token() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let hint = "leave nothing out: as many tokens come back as ids went in";
        let received = decode(&[5, PAD, PAD], &vocabulary);
        assert_same("the tokens", &received, &Ok(vec!["mat", "<pad>", "<pad>"]), hint);
        assert_same("the tokens", &decode(&[], &vocabulary), &Ok(vec![]), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn c_an_id_outside_the_vocabulary_is_an_error() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let hint = "six tokens have the ids 0 to 5: 6 is the first that means nothing";
        let expected = Err(TokenError::UnknownId { id: 6, vocab_size: 6 });
        assert_same("the result", &decode(&[1, 6], &vocabulary), &expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn d_of_several_unknown_ids_the_first_is_named() {
        let vocabulary = reference::build_vocabulary(&TEXT);
        let hint = "stop at the first id that the vocabulary does not have";
        let expected = Err(TokenError::UnknownId { id: 90, vocab_size: 6 });
        assert_same("the result", &decode(&[5, 90, 7, 91], &vocabulary), &expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn e_it_turns_back_what_encode_turned() {
        let text = split_characters("Ein Löwe\nschläft: 🦁");
        let vocabulary = reference::build_vocabulary(&text);
        let ids = reference::encode(&text, &vocabulary).expect("all tokens are known");
        let hint = "decode is the inverse of encode, for any text and any kind of token";
        assert_same("the tokens", &decode(&ids, &vocabulary), &Ok(text), hint);
    }
}

mod ex4_shift {
    use super::*;
    use crate::subject::shift;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a0_no_known_mistake() {
        let batch = shift(&array![[1, 2, 3, 4], [6, 7, 8, 9], [11, 12, 13, 14]]);
        assert_no_known_mistake(KNOWN, "shift", &answer(&batch));
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a_the_target_is_the_next_token() {
        let batch = shift(&array![[1, 2, 3, 4, 1, 5]]); // the cat sat on the mat
        let hint = "ids leave out the last token of the window, targets the first";
        assert_batch(&batch, &array![[1, 2, 3, 4, 1]], &array![[2, 3, 4, 1, 5]], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn b_every_row_is_a_window_of_its_own() {
        let batch = shift(&array![[1, 2, 3], [7, 8, 9]]);
        let hint = "shift along a row; the next row's first token is not the next token";
        assert_batch(&batch, &array![[1, 2], [7, 8]], &array![[2, 3], [8, 9]], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn c_the_order_in_memory_does_not_matter() {
        let columns = array![[1, 7], [2, 8], [3, 9]];
        let batch = shift(&columns.t()); // the same two windows as in b
        let expected = shift(&array![[1, 2, 3], [7, 8, 9]]);
        let hint = "index by axis; do not walk over the memory as if it were contiguous";
        assert_batch(&batch, &expected.ids, &expected.targets, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn d_two_tokens_make_one_prediction_and_one_token_makes_none() {
        let hint = "a window of seq_len + 1 tokens gives seq_len inputs and targets";
        assert_batch(&shift(&array![[4, 5]]), &array![[4]], &array![[5]], hint);
        let nothing = Array2::zeros((2, 0));
        assert_batch(&shift(&array![[4], [5]]), &nothing, &nothing, hint);
    }
}

mod ex5_split_train_validation {
    use super::*;
    use crate::subject::split_train_validation;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a0_no_known_mistake() {
        // 0.25 * 7 = 1.75, which is rounded to 2
        let split = split_train_validation(&[11, 12, 13, 14, 15, 16, 17], 0.25);
        let answer = [Part::of("train", &split.train), Part::of("validation", &split.validation)];
        assert_no_known_mistake(KNOWN, "split_train_validation", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a_of_eight_ids_a_quarter_is_for_validation() {
        let text = [11, 12, 13, 14, 15, 16, 17, 18];
        let split = split_train_validation(&text, 0.25);
        let hint = "the fraction says how much of the END is kept for validation";
        assert_same("train", split.train, &[11, 12, 13, 14, 15, 16], hint);
        assert_same("validation", split.validation, &[17, 18], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn b_the_validation_part_is_rounded_to_a_whole_number() {
        let text = [11, 12, 13, 14, 15, 16, 17];
        let hint = "the validation part gets round(validation_fraction * ids.len()) ids";
        // 0.2 * 7 = 1.4, 0.25 * 7 = 1.75, 0.5 * 7 = 3.5
        for (fraction, n_validation) in [(0.2, 1), (0.25, 2), (0.5, 4)] {
            let split = split_train_validation(&text, fraction);
            assert_same("train", split.train, &text[..7 - n_validation], hint);
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn c_the_fraction_may_be_0_or_1() {
        let text = [11, 12, 13];
        let hint = "0 keeps nothing for validation, 1 keeps everything";
        let split = split_train_validation(&text, 0.0);
        assert_same("train", split.train, &text, hint);
        assert_same("validation", split.validation, &[], hint);
        let split = split_train_validation(&text, 1.0);
        assert_same("train", split.train, &[], hint);
        assert_same("validation", split.validation, &text, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn d_no_id_is_lost_and_none_is_in_both_parts() {
        let hint = "the validation part begins exactly where the training part ends";
        for len in 0..20 {
            let text: Vec<usize> = (50..50 + len).collect();
            for fraction in [0.1, 0.3, 0.5, 0.9] {
                let split = split_train_validation(&text, fraction);
                let joined = [split.train, split.validation].concat();
                assert_same("train followed by validation", &joined, &text, hint);
            }
        }
    }
}

mod ex6_sample_batch {
    use super::*;
    use crate::subject::sample_batch;
    use ndarray_rand::rand::SeedableRng;
    use ndarray_rand::rand::rngs::StdRng;
    use std::collections::BTreeSet;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a0_no_known_mistake() {
        let text: Vec<usize> = (20..27).collect();
        let batch = sample_batch(&text, 6, 2, &mut rng(1));
        assert_no_known_mistake(KNOWN, "sample_batch", &answer(&batch));
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a_every_row_is_a_piece_of_the_text_and_the_targets_come_one_later() {
        // 20, 21, 22, …: what follows an id is the id plus 1
        let text: Vec<usize> = (20..50).collect();
        let batch = sample_batch(&text, 3, 4, &mut rng(1));
        let hint = "the shape is [batch, seq_len]; a row holds ids that follow each other";
        assert_same("the shape of ids", batch.ids.shape(), &[3, 4], hint);
        let starts = batch.ids.column(0).to_owned();
        let ids = Array2::from_shape_fn((3, 4), |(b, t)| starts[b] + t);
        assert_batch(&batch, &ids, &ids.mapv(|id| id + 1), hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn b_the_ids_are_those_of_the_text() {
        let text = [8, 6, 7, 5]; // exactly one window of seq_len 3
        let batch = sample_batch(&text, 2, 3, &mut rng(1));
        let hint = "copy the ids at the places, not the places; start 0 must be possible";
        let (ids, targets) = (array![[8, 6, 7], [8, 6, 7]], array![[6, 7, 5], [6, 7, 5]]);
        assert_batch(&batch, &ids, &targets, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn c_every_row_draws_a_start_of_its_own() {
        let text: Vec<usize> = (0..10_000).collect();
        let batch = sample_batch(&text, 20, 2, &mut rng(1));
        let starts = batch.ids.column(0).to_vec();
        let distances = starts.windows(2).map(|pair| pair[1].abs_diff(pair[0]));
        let n_distances = distances.collect::<BTreeSet<usize>>().len();
        assert!(
            n_distances > 10,
            "{}\nDifferent distances between neighbours: {n_distances}, expected more than 10.\n\n\
             Usual cause: draw inside the loop over the rows, not once before it",
            wrapped(&format!("20 rows begin at {starts:?}"))
        );
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn d_every_start_occurs_from_the_first_to_the_last_that_fits() {
        let text: Vec<usize> = (20..27).collect();
        let batch = sample_batch(&text, 500, 2, &mut rng(1));
        let starts: BTreeSet<usize> = batch.ids.column(0).iter().copied().collect();
        // windows of three ids: 20 21 22 is the first, 24 25 26 the last
        let expected = BTreeSet::from([20, 21, 22, 23, 24]);
        let hint = "a window is seq_len + 1 ids: starts 0 to ids.len() - seq_len - 1, inclusive";
        assert_same("the first ids of all rows", &starts, &expected, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn e_every_start_is_equally_likely() {
        let text: Vec<usize> = (20..26).collect();
        let batch = sample_batch(&text, 4000, 2, &mut rng(1));
        for start in 20..24 {
            // 1000 of 4000 are expected; 150 is more than five standard deviations
            let count = batch.ids.column(0).iter().filter(|&&id| id == start).count();
            assert!(
                count.abs_diff(1000) < 150,
                "{count} of 4000 rows begin with {start}, expected about 1000\n\n\
                 Usual cause: draw the start itself, uniformly; do not clamp it or wrap it round"
            );
        }
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn f_the_generator_that_is_passed_in_decides() {
        let text: Vec<usize> = (0..10_000).collect();
        let hint = "draw from `rng`: the same seed must give the same batch again";
        let (mut one, mut other) = (rng(7), rng(7));
        let first = sample_batch(&text, 3, 4, &mut one);
        let again = sample_batch(&text, 3, 4, &mut other);
        assert_batch(&again, &first.ids, &first.targets, hint);
        let second = sample_batch(&text, 3, 4, &mut one);
        assert!(
            first != second,
            "two batches in a row from one generator are equal\n\n\
             Usual cause: draw from `rng` itself, not from a copy or from a new generator"
        );
    }

    fn rng(seed: u64) -> StdRng {
        StdRng::seed_from_u64(seed)
    }
}

mod ex7_pad_conversations {
    use super::*;
    use crate::subject::pad_conversations;
    use std::panic::catch_unwind;

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a0_no_known_mistake() {
        // The second fills its row, the third leaves places free.
        let two = pad_conversations(&[vec![7, 8], vec![1, 2, 3, 4, 5]], 4);
        let one = pad_conversations(&[vec![9, 6]], 3);
        let answer: Vec<_> = answer(&two).into_iter().chain(answer(&one)).collect();
        assert_no_known_mistake(KNOWN, "pad_conversations", &answer);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn a_a_short_conversation_is_filled_up_on_the_right() {
        let batch = pad_conversations(&[vec![7, 8, 9]], 5);
        let hint = "the ids stand at the left; what comes after the last id is PAD";
        let (ids, targets) = (array![[7, 8, 9, 0, 0]], array![[8, 9, 0, 0, 0]]);
        assert_batch(&batch, &ids, &targets, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn b_a_conversation_of_seq_len_plus_1_ids_fills_its_row() {
        let batch = pad_conversations(&[vec![5, 6, 7, 8]], 3);
        let hint = "a row holds seq_len + 1 ids before the shift, so the last target is an id";
        assert_batch(&batch, &array![[5, 6, 7]], &array![[6, 7, 8]], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn c_every_conversation_has_a_row_of_its_own() {
        let batch = pad_conversations(&[vec![1, 2, 3], vec![4, 5, 6, 7], vec![8]], 3);
        let ids = array![[1, 2, 3], [4, 5, 6], [8, 0, 0]];
        let targets = array![[2, 3, 0], [5, 6, 7], [0, 0, 0]];
        let hint =
            "one row each: the last id predicts PAD, not the first id of the next conversation";
        assert_batch(&batch, &ids, &targets, hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn d_n_ids_give_n_minus_1_predictions() {
        let lengths = [1, 2, 3, 4, 5, 6];
        let conversations = lengths.map(|len| vec![9; len]);
        let batch = pad_conversations(&conversations, 5);
        let scored = |row: usize| batch.targets.row(row).iter().filter(|&&t| t != PAD).count();
        let hint = "every target that is no id of the conversation must be PAD";
        let counts = [scored(0), scored(1), scored(2), scored(3), scored(4), scored(5)];
        assert_same("targets that are not PAD", &counts, &[0, 1, 2, 3, 4, 5], hint);
    }

    #[test]
    #[cfg_attr(feature = "skip-exercises", ignore = "cargo test -p lesson01_tokens")]
    fn e_a_conversation_that_does_not_fit_is_not_cut_silently() {
        let hint = "`zip` and `take` cut in silence: check the length, and panic";
        assert_batch(
            &pad_conversations(&[vec![1, 2, 3]], 2),
            &array![[1, 2]],
            &array![[2, 3]],
            hint,
        );
        if let Ok(batch) = catch_unwind(|| pad_conversations(&[vec![1, 2, 3, 4]], 2)) {
            panic!(
                "4 ids for seq_len 2, where at most 3 fit: expected a panic, received the ids\n\
                 {}\n\nUsual cause: {hint}",
                batch.ids
            );
        }
    }
}

/// Both halves of a batch, row by row.
fn answer(batch: &Batch) -> [Part; 2] {
    let rows = |ids: &Array2<usize>| ids.rows().into_iter().map(|row| row.to_vec()).collect();
    let [ids, targets]: [Vec<Vec<usize>>; 2] = [rows(&batch.ids), rows(&batch.targets)];
    [Part::of("ids", &ids), Part::of("targets", &targets)]
}

/// Compares both halves of a batch.
#[track_caller]
fn assert_batch(received: &Batch, ids: &Array2<usize>, targets: &Array2<usize>, usual_cause: &str) {
    for (name, received, expected) in
        [("ids", &received.ids, ids), ("targets", &received.targets, targets)]
    {
        let (got, wanted) = (received.shape(), expected.shape());
        assert!(
            received == expected,
            "{name}: not what they must be.\n\
             expected, shape {wanted:?}:\n{expected}\nreceived, shape {got:?}:\n{received}\n\n{}",
            wrapped(&format!("Usual cause: {usual_cause}"))
        );
    }
}

/// Compares two values of any kind.
#[track_caller]
fn assert_same<T: Debug + PartialEq + ?Sized>(
    name: &str,
    received: &T,
    expected: &T,
    usual_cause: &str,
) {
    assert!(
        received == expected,
        "{name}: not what it must be.\n  expected {expected:?}\n  received {received:?}\n\n{}",
        wrapped(&format!("Usual cause: {usual_cause}"))
    );
}
