//! Lesson 01 · Tokens: text as numbers. Your functions.
//!
//! In each function replace the lines `let _` and `todo!` by your code, then run the tests.
//! All of them are red at first: that is the expected start.
//!
//! - the whole lesson: `cargo test -p lesson01_tokens`
//! - only exercise 2: `cargo test -p lesson01_tokens ex2`
//! - what to mend first: `cargo course check 1`; if you are stuck, `cargo course hint 1.1`
//!
//! The reference is in `solution.rs` beside this file. Keep it shut until you have tried.

use std::collections::HashMap;

use lesson01_tokens::{Batch, PAD, PAD_TOKEN, Split, TokenError, Vocabulary};
use ndarray::{Array2, ArrayRef2, s};
use ndarray_rand::rand::Rng;

// Exercise 1.1 · 10 minutes
/// Collects the distinct tokens of a text: [`PAD_TOKEN`] has id 0, the others follow in
/// the order in which they first appear.
///
/// `the cat sat on the mat` gives `<pad> the cat sat on mat`: six tokens.
pub fn build_vocabulary(text: &[&str]) -> Vocabulary {
    let _ = (text,);
    todo!("exercise 1.1: build_vocabulary in lessons/lesson01_tokens/src/exercise.rs")
}

// Exercise 1.2 · 8 minutes
/// Turns tokens into ids.
///
/// # Errors
/// [`TokenError::UnknownToken`] names the first token the vocabulary does not have.
pub fn encode(text: &[&str], vocabulary: &Vocabulary) -> Result<Vec<usize>, TokenError> {
    let _ = (text, vocabulary);
    todo!("exercise 1.2: encode in lessons/lesson01_tokens/src/exercise.rs")
}

// Exercise 1.3 · 5 minutes
/// Turns ids back into tokens: the inverse of [`encode`].
///
/// # Errors
/// [`TokenError::UnknownId`] names the first id the vocabulary does not have.
pub fn decode<'a>(ids: &[usize], vocabulary: &'a Vocabulary) -> Result<Vec<&'a str>, TokenError> {
    let _ = (ids, vocabulary);
    todo!("exercise 1.3: decode in lessons/lesson01_tokens/src/exercise.rs")
}

// Exercise 1.4 · 5 minutes
/// Splits every window into inputs and targets, which are the same ids one place later.
///
/// # Shapes
/// - `windows`: `[batch, seq_len + 1]`
/// - returns `ids` and `targets`: `[batch, seq_len]`
///
/// # Panics
/// If the windows are empty.
pub fn shift(windows: &ArrayRef2<usize>) -> Batch {
    let _ = (windows,);
    todo!("exercise 1.4: shift in lessons/lesson01_tokens/src/exercise.rs")
}

// Exercise 1.5 · 5 minutes
/// Cuts a text in two: the last `validation_fraction` of it is for validation.
///
/// The validation part gets `validation_fraction * ids.len()` ids, rounded to a whole number.
///
/// # Panics
/// If `validation_fraction` is not between 0 and 1.
pub fn split_train_validation(ids: &[usize], validation_fraction: f64) -> Split<'_> {
    let _ = (ids, validation_fraction);
    todo!("exercise 1.5: split_train_validation in lessons/lesson01_tokens/src/exercise.rs")
}

// Exercise 1.6 · 15 minutes
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
    let _ = (ids, batch, seq_len, rng);
    todo!("exercise 1.6: sample_batch in lessons/lesson01_tokens/src/exercise.rs")
}

// Exercise 1.7 · 10 minutes
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
    let _ = (conversations, seq_len);
    todo!("exercise 1.7: pad_conversations in lessons/lesson01_tokens/src/exercise.rs")
}
