//! The reference solution of lesson 01.

use std::collections::HashMap;

use lesson01_tokens::{Batch, PAD, PAD_TOKEN, Split, TokenError, Vocabulary};
use ndarray::{Array2, ArrayRef2, s};
use ndarray_rand::rand::Rng;

/// Collects the distinct tokens of a text: [`PAD_TOKEN`] has id 0, the others follow in
/// the order in which they first appear.
///
/// `the cat sat on the mat` gives `<pad> the cat sat on mat`: six tokens.
pub fn build_vocabulary(text: &[&str]) -> Vocabulary {
    let mut tokens = Vec::new();
    let mut ids = HashMap::new();
    for &token in [PAD_TOKEN].iter().chain(text) {
        if !ids.contains_key(token) {
            ids.insert(token.to_string(), tokens.len());
            tokens.push(token.to_string());
        }
    }
    Vocabulary { tokens, ids }
}

/// Turns tokens into ids.
///
/// # Errors
/// [`TokenError::UnknownToken`] names the first token the vocabulary does not have.
pub fn encode(text: &[&str], vocabulary: &Vocabulary) -> Result<Vec<usize>, TokenError> {
    let id = |(position, &token): (usize, &&str)| {
        let unknown = || TokenError::UnknownToken { token: token.to_string(), position };
        vocabulary.ids.get(token).copied().ok_or_else(unknown)
    };
    text.iter().enumerate().map(id).collect()
}

/// Turns ids back into tokens: the inverse of [`encode`].
///
/// # Errors
/// [`TokenError::UnknownId`] names the first id the vocabulary does not have.
pub fn decode<'a>(ids: &[usize], vocabulary: &'a Vocabulary) -> Result<Vec<&'a str>, TokenError> {
    let vocab_size = vocabulary.tokens.len();
    let token = |&id: &usize| {
        let token = vocabulary.tokens.get(id).map(String::as_str);
        token.ok_or(TokenError::UnknownId { id, vocab_size })
    };
    ids.iter().map(token).collect()
}

/// Splits every window into inputs and targets, which are the same ids one place later.
///
/// # Shapes
/// - `windows`: `[batch, seq_len + 1]`
/// - returns `ids` and `targets`: `[batch, seq_len]`
///
/// # Panics
/// If the windows are empty.
pub fn shift(windows: &ArrayRef2<usize>) -> Batch {
    assert!(windows.ncols() > 0, "a window needs at least one token");
    Batch {
        ids: windows.slice(s![.., ..-1]).to_owned(),
        targets: windows.slice(s![.., 1..]).to_owned(),
    }
}

/// Cuts a text in two: the last `validation_fraction` of it is for validation.
///
/// The validation part gets `validation_fraction * ids.len()` ids, rounded to a whole number.
///
/// # Panics
/// If `validation_fraction` is not between 0 and 1.
pub fn split_train_validation(ids: &[usize], validation_fraction: f64) -> Split<'_> {
    assert!(
        (0.0..=1.0).contains(&validation_fraction),
        "validation_fraction is {validation_fraction}, must be between 0 and 1"
    );
    let n_validation = (validation_fraction * ids.len() as f64).round() as usize;
    let (train, validation) = ids.split_at(ids.len() - n_validation);
    Split { train, validation }
}

/// Draws `batch` windows from a text, each place equally likely.
///
/// Each row draws its start with one `rng.random_range`; a window of `seq_len` inputs
/// covers `seq_len + 1` ids, so the last start that fits is `ids.len() - seq_len - 1`.
///
/// # Shapes
/// - `ids`: the text, at least `seq_len + 1` ids
/// - returns `ids` and `targets`: `[batch, seq_len]`
///
/// # Panics
/// If the text is shorter than one window.
pub fn sample_batch(ids: &[usize], batch: usize, seq_len: usize, rng: &mut impl Rng) -> Batch {
    let window_len = seq_len + 1;
    assert!(ids.len() >= window_len, "{} ids do not fill a window of {window_len}", ids.len());
    let mut windows = Array2::zeros((batch, window_len));
    for mut window in windows.rows_mut() {
        let start = rng.random_range(0..=ids.len() - window_len);
        for (place, &id) in window.iter_mut().zip(&ids[start..]) {
            *place = id;
        }
    }
    shift(&windows)
}

/// Puts each conversation into a row of its own and fills the rest with [`PAD`].
///
/// Conversations start at the left. A conversation of n ids gives n - 1 predictions;
/// all later targets are [`PAD`], which the loss does not count.
///
/// # Shapes
/// - `conversations`: each of 1 to `seq_len + 1` ids
/// - returns `ids` and `targets`: `[conversations.len(), seq_len]`
///
/// # Panics
/// If a conversation is longer than `seq_len + 1` ids.
pub fn pad_conversations(conversations: &[Vec<usize>], seq_len: usize) -> Batch {
    let window_len = seq_len + 1;
    let mut windows = Array2::from_elem((conversations.len(), window_len), PAD);
    for (mut window, conversation) in windows.rows_mut().into_iter().zip(conversations) {
        let len = conversation.len();
        assert!(len <= window_len, "a conversation of {len} ids, at most {window_len} fit");
        for (place, &id) in window.iter_mut().zip(conversation) {
            *place = id;
        }
    }
    shift(&windows)
}
