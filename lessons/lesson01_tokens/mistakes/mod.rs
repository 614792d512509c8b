//! Wrong solutions of lesson 01, for maintainers: `cargo course verify 01` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use std::collections::HashMap;

use lesson01_tokens::solution as reference;
use lesson01_tokens::{Batch, PAD, PAD_TOKEN, Split, TokenError, Vocabulary};
use ndarray::{Array2, ArrayRef2, s};
use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand::{Rng, SeedableRng};

pub mod build_vocabulary {
    use super::*;

    pub fn sorted(text: &[&str]) -> Vocabulary {
        let mut text = text.to_vec();
        text.sort_unstable();
        reference::build_vocabulary(&text)
    }

    pub fn without_pad(text: &[&str]) -> Vocabulary {
        numbered(distinct(text))
    }

    pub fn pad_at_the_end(text: &[&str]) -> Vocabulary {
        let mut tokens = distinct(text);
        tokens.retain(|&token| token != PAD_TOKEN);
        tokens.push(PAD_TOKEN);
        numbered(tokens)
    }

    pub fn pad_again_if_the_text_has_it(text: &[&str]) -> Vocabulary {
        let mut tokens = distinct(text);
        tokens.insert(0, PAD_TOKEN);
        numbered(tokens)
    }

    pub fn every_word_is_new(text: &[&str]) -> Vocabulary {
        numbered([&[PAD_TOKEN], text].concat())
    }

    pub fn ids_from_1(text: &[&str]) -> Vocabulary {
        let mut vocabulary = reference::build_vocabulary(text);
        vocabulary.ids.values_mut().for_each(|id| *id += 1);
        vocabulary
    }

    pub fn ids_are_places_in_the_text(text: &[&str]) -> Vocabulary {
        let mut vocabulary = reference::build_vocabulary(text);
        for (place, &token) in text.iter().enumerate() {
            vocabulary.ids.insert(token.to_string(), place + 1);
        }
        vocabulary
    }

    pub fn lower_case(text: &[&str]) -> Vocabulary {
        let text: Vec<_> = text.iter().map(|token| token.to_lowercase()).collect();
        reference::build_vocabulary(&text.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Each token once, in the order of the text.
    fn distinct<'a>(text: &[&'a str]) -> Vec<&'a str> {
        let mut tokens = Vec::new();
        for &token in text {
            if !tokens.contains(&token) {
                tokens.push(token);
            }
        }
        tokens
    }

    fn numbered(tokens: Vec<&str>) -> Vocabulary {
        let ids = tokens.iter().enumerate().map(|(id, token)| (token.to_string(), id));
        let ids: HashMap<_, _> = ids.collect();
        Vocabulary { ids, tokens: tokens.into_iter().map(str::to_string).collect() }
    }
}

pub mod encode {
    use super::*;

    pub fn unknown_skipped(
        text: &[&str],
        vocabulary: &Vocabulary,
    ) -> Result<Vec<usize>, TokenError> {
        Ok(text.iter().filter_map(|&token| vocabulary.ids.get(token).copied()).collect())
    }

    pub fn unknown_is_pad(
        text: &[&str],
        vocabulary: &Vocabulary,
    ) -> Result<Vec<usize>, TokenError> {
        let id = |token: &str| vocabulary.ids.get(token).copied().unwrap_or(PAD);
        Ok(text.iter().map(|&token| id(token)).collect())
    }

    pub fn position_from_1(
        text: &[&str],
        vocabulary: &Vocabulary,
    ) -> Result<Vec<usize>, TokenError> {
        reference::encode(text, vocabulary).map_err(|error| match error {
            TokenError::UnknownToken { token, position } => {
                TokenError::UnknownToken { token, position: position + 1 }
            }
            error => error,
        })
    }

    pub fn last_unknown_named(
        text: &[&str],
        vocabulary: &Vocabulary,
    ) -> Result<Vec<usize>, TokenError> {
        let is_unknown = |token: &&str| !vocabulary.ids.contains_key(*token);
        match text.iter().rposition(is_unknown) {
            Some(position) => {
                Err(TokenError::UnknownToken { token: text[position].to_string(), position })
            }
            None => reference::encode(text, vocabulary),
        }
    }

    pub fn vocabulary_of_the_text_itself(
        text: &[&str],
        _vocabulary: &Vocabulary,
    ) -> Result<Vec<usize>, TokenError> {
        reference::encode(text, &reference::build_vocabulary(text))
    }
}

pub mod decode {
    use super::*;

    pub fn unknown_skipped<'a>(
        ids: &[usize],
        vocabulary: &'a Vocabulary,
    ) -> Result<Vec<&'a str>, TokenError> {
        Ok(ids.iter().filter_map(|&id| token(id, vocabulary)).collect())
    }

    pub fn unknown_is_pad<'a>(
        ids: &[usize],
        vocabulary: &'a Vocabulary,
    ) -> Result<Vec<&'a str>, TokenError> {
        Ok(ids.iter().map(|&id| token(id, vocabulary).unwrap_or(PAD_TOKEN)).collect())
    }

    pub fn padding_left_out<'a>(
        ids: &[usize],
        vocabulary: &'a Vocabulary,
    ) -> Result<Vec<&'a str>, TokenError> {
        let ids: Vec<_> = ids.iter().copied().filter(|&id| id != PAD).collect();
        reference::decode(&ids, vocabulary)
    }

    pub fn vocab_size_one_too_small<'a>(
        ids: &[usize],
        vocabulary: &'a Vocabulary,
    ) -> Result<Vec<&'a str>, TokenError> {
        reference::decode(ids, vocabulary).map_err(|error| match error {
            TokenError::UnknownId { id, vocab_size } => {
                TokenError::UnknownId { id, vocab_size: vocab_size - 1 }
            }
            error => error,
        })
    }

    pub fn place_instead_of_id<'a>(
        ids: &[usize],
        vocabulary: &'a Vocabulary,
    ) -> Result<Vec<&'a str>, TokenError> {
        let vocab_size = vocabulary.tokens.len();
        let token = |(place, &id): (usize, &usize)| {
            token(id, vocabulary).ok_or(TokenError::UnknownId { id: place, vocab_size })
        };
        ids.iter().enumerate().map(token).collect()
    }

    fn token(id: usize, vocabulary: &Vocabulary) -> Option<&str> {
        vocabulary.tokens.get(id).map(String::as_str)
    }
}

pub mod shift {
    use super::*;

    pub fn wrong_way(windows: &ArrayRef2<usize>) -> Batch {
        let Batch { ids, targets } = reference::shift(windows);
        Batch { ids: targets, targets: ids }
    }

    pub fn not_shifted(windows: &ArrayRef2<usize>) -> Batch {
        let ids = reference::shift(windows).ids;
        Batch { targets: ids.clone(), ids }
    }

    pub fn last_target_is_pad(windows: &ArrayRef2<usize>) -> Batch {
        let next = |(b, t)| windows.get([b, t + 1]).copied().unwrap_or(PAD);
        Batch { ids: windows.to_owned(), targets: Array2::from_shape_fn(windows.dim(), next) }
    }

    pub fn wrapped_round(windows: &ArrayRef2<usize>) -> Batch {
        let next = |(b, t)| windows[[b, (t + 1) % windows.ncols()]];
        Batch { ids: windows.to_owned(), targets: Array2::from_shape_fn(windows.dim(), next) }
    }

    pub fn along_the_batch(windows: &ArrayRef2<usize>) -> Batch {
        let Batch { ids, targets } = reference::shift(&windows.t());
        Batch { ids: ids.reversed_axes(), targets: targets.reversed_axes() }
    }
}

pub mod split_train_validation {
    use super::*;

    pub fn validation_at_the_front(ids: &[usize], validation_fraction: f64) -> Split<'_> {
        let (validation, train) = ids.split_at(n_of(ids, validation_fraction));
        Split { train, validation }
    }

    pub fn fraction_for_training(ids: &[usize], validation_fraction: f64) -> Split<'_> {
        let (train, validation) = ids.split_at(n_of(ids, validation_fraction));
        Split { train, validation }
    }

    pub fn parts_swapped(ids: &[usize], validation_fraction: f64) -> Split<'_> {
        let Split { train, validation } =
            reference::split_train_validation(ids, validation_fraction);
        Split { train: validation, validation: train }
    }

    pub fn last_id_lost(ids: &[usize], validation_fraction: f64) -> Split<'_> {
        let Split { train, validation } =
            reference::split_train_validation(ids, validation_fraction);
        Split { train, validation: &validation[..validation.len().saturating_sub(1)] }
    }

    pub fn first_validation_id_lost(ids: &[usize], validation_fraction: f64) -> Split<'_> {
        let Split { train, validation } =
            reference::split_train_validation(ids, validation_fraction);
        Split { train, validation: validation.get(1..).unwrap_or_default() }
    }

    pub fn rounded_down(ids: &[usize], validation_fraction: f64) -> Split<'_> {
        let n_validation = (validation_fraction * ids.len() as f64) as usize;
        let (train, validation) = ids.split_at(ids.len() - n_validation);
        Split { train, validation }
    }

    fn n_of(ids: &[usize], fraction: f64) -> usize {
        (fraction * ids.len() as f64).round() as usize
    }
}

pub mod sample_batch {
    use super::*;

    pub fn one_start_for_all_rows(
        ids: &[usize],
        batch: usize,
        seq_len: usize,
        rng: &mut impl Rng,
    ) -> Batch {
        let start = rng.random_range(0..ids.len() - seq_len);
        windows_at(ids, batch, seq_len + 1, || start)
    }

    pub fn last_start_left_out(
        ids: &[usize],
        batch: usize,
        seq_len: usize,
        rng: &mut impl Rng,
    ) -> Batch {
        let n_starts = (ids.len() - seq_len - 1).max(1);
        windows_at(ids, batch, seq_len + 1, || rng.random_range(0..n_starts))
    }

    pub fn one_start_too_many(
        ids: &[usize],
        batch: usize,
        seq_len: usize,
        rng: &mut impl Rng,
    ) -> Batch {
        windows_at(ids, batch, seq_len + 1, || rng.random_range(0..=ids.len() - seq_len))
    }

    pub fn clamped(ids: &[usize], batch: usize, seq_len: usize, rng: &mut impl Rng) -> Batch {
        let last = ids.len() - seq_len - 1;
        windows_at(ids, batch, seq_len + 1, || rng.random_range(0..ids.len()).min(last))
    }

    pub fn windows_of_seq_len(
        ids: &[usize],
        batch: usize,
        seq_len: usize,
        rng: &mut impl Rng,
    ) -> Batch {
        windows_at(ids, batch, seq_len, || rng.random_range(0..=ids.len() - seq_len))
    }

    pub fn targets_not_shifted(
        ids: &[usize],
        batch: usize,
        seq_len: usize,
        rng: &mut impl Rng,
    ) -> Batch {
        let ids = reference::sample_batch(ids, batch, seq_len, rng).ids;
        Batch { targets: ids.clone(), ids }
    }

    pub fn places_instead_of_ids(
        ids: &[usize],
        batch: usize,
        seq_len: usize,
        rng: &mut impl Rng,
    ) -> Batch {
        let places: Vec<_> = (0..ids.len()).collect();
        reference::sample_batch(&places, batch, seq_len, rng)
    }

    pub fn generator_of_its_own(
        ids: &[usize],
        batch: usize,
        seq_len: usize,
        _rng: &mut impl Rng,
    ) -> Batch {
        reference::sample_batch(ids, batch, seq_len, &mut StdRng::seed_from_u64(42))
    }

    fn windows_at(
        ids: &[usize],
        batch: usize,
        window_len: usize,
        mut start: impl FnMut() -> usize,
    ) -> Batch {
        let mut windows = Array2::zeros((batch, window_len));
        for mut window in windows.rows_mut() {
            let from = start();
            window.iter_mut().zip(&ids[from..]).for_each(|(place, &id)| *place = id);
        }
        reference::shift(&windows)
    }
}

pub mod pad_conversations {
    use super::*;

    pub fn padding_on_the_left(conversations: &[Vec<usize>], seq_len: usize) -> Batch {
        let padded = |conversation: &Vec<usize>| {
            [vec![PAD; (seq_len + 1).saturating_sub(conversation.len())], conversation.clone()]
                .concat()
        };
        let padded: Vec<_> = conversations.iter().map(padded).collect();
        reference::pad_conversations(&padded, seq_len)
    }

    pub fn filled_with_the_last_id(conversations: &[Vec<usize>], seq_len: usize) -> Batch {
        let filled = |conversation: &Vec<usize>| {
            let mut row = conversation.clone();
            let last = row.last().copied().unwrap_or(PAD);
            row.resize((seq_len + 1).max(row.len()), last);
            row
        };
        let filled: Vec<_> = conversations.iter().map(filled).collect();
        reference::pad_conversations(&filled, seq_len)
    }

    pub fn rows_of_seq_len(conversations: &[Vec<usize>], seq_len: usize) -> Batch {
        cut(conversations, seq_len - 1)
    }

    pub fn last_target_lost(conversations: &[Vec<usize>], seq_len: usize) -> Batch {
        let mut batch = cut(conversations, seq_len);
        batch.targets.slice_mut(s![.., -1]).fill(PAD);
        batch
    }

    pub fn targets_not_shifted(conversations: &[Vec<usize>], seq_len: usize) -> Batch {
        let ids = reference::pad_conversations(conversations, seq_len).ids;
        Batch { targets: ids.clone(), ids }
    }

    pub fn only_as_long_as_the_longest(conversations: &[Vec<usize>], _seq_len: usize) -> Batch {
        let longest = conversations.iter().map(Vec::len).max().unwrap_or(1);
        reference::pad_conversations(conversations, longest - 1)
    }

    pub fn cut(conversations: &[Vec<usize>], seq_len: usize) -> Batch {
        let cut = |conversation: &Vec<usize>| {
            conversation.iter().copied().take(seq_len + 1).collect::<Vec<_>>()
        };
        let cut: Vec<_> = conversations.iter().map(cut).collect();
        reference::pad_conversations(&cut, seq_len)
    }
}
