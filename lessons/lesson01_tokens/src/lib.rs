//! # Lesson 01: tokens
//!
//! A GPT reads numbers. This lesson turns text into numbers and cuts them into the
//! batches every later lesson works on.
//!
//! - A **token** is a piece of text: here a word or a character. The **vocabulary** is
//!   the list of all tokens; a token's place in it is its **id**. Id 0 is `<pad>`, which
//!   fills up rows that are too short and is never predicted.
//! - A GPT learns to predict the **next** token, at every position at once. So the
//!   targets are the same ids shifted by one, and a window of `seq_len` inputs needs
//!   `seq_len + 1` tokens of text:
//!
//! ```text
//! window   the  cat  sat  on   the  mat      seq_len + 1 tokens
//! ids      the  cat  sat  on   the           what the model sees
//! targets       cat  sat  on   the  mat      what it shall say
//! ```
//!
//! - A **batch** is several windows that know nothing of each other. They may be cut
//!   from one long text, or be separate conversations padded to one length.
//! - The last part of the text is kept for **validation**: the model never trains on it,
//!   so the loss there tells what it has understood and not what it has memorised.
//!
//! | name | shape | what it is |
//! |---|---|---|
//! | `windows` | `[batch, seq_len + 1]` | pieces of text, one per row |
//! | `ids` | `[batch, seq_len]` | the inputs, B × T in the literature |
//! | `targets` | `[batch, seq_len]` | the next token at every position |
//!
//! Real vocabularies have 200,000 to 300,000 tokens, real context lengths reach a
//! million. The first one here has six: `<pad> the cat sat on mat`.

#![warn(missing_docs)]

extern crate self as lesson01_tokens;

use std::collections::HashMap;

use ndarray::Array2;

pub mod solution;
contract!(solution);

#[cfg(feature = "mine")]
#[allow(unused_imports, dead_code)]
mod exercise;
#[cfg(feature = "mine")]
contract!(exercise);

#[cfg(feature = "mine")]
pub use exercise::*;
#[cfg(not(feature = "mine"))]
pub use solution::*;

/// The id of [`PAD_TOKEN`].
pub const PAD: usize = 0;

/// The token that fills up short rows. It is never predicted.
pub const PAD_TOKEN: &str = "<pad>";

/// All tokens a model knows, and the way back from a token to its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// `tokens[id]` is the text of a token; `tokens[0]` is [`PAD_TOKEN`].
    pub tokens: Vec<String>,
    /// `ids[text]` is the id of a token.
    pub ids: HashMap<String, usize>,
}

/// Inputs and what is to be predicted from them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// What the model sees, `[batch, seq_len]`.
    pub ids: Array2<usize>,
    /// The next token at every position, `[batch, seq_len]`.
    pub targets: Array2<usize>,
}

/// A text cut in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split<'a> {
    /// The first part: the model learns from it.
    pub train: &'a [usize],
    /// The rest: the model is judged on it.
    pub validation: &'a [usize],
}

/// Why a text cannot be turned into ids, or ids into text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The vocabulary has no such token.
    #[error("token {position} is {token:?}, which the vocabulary does not have")]
    UnknownToken {
        /// The token.
        token: String,
        /// Its place in the text, counted in tokens from 0.
        position: usize,
    },
    /// The vocabulary has no such id.
    #[error("id {id} is outside the vocabulary of {vocab_size} tokens")]
    UnknownId {
        /// The id.
        id: usize,
        /// How many tokens the vocabulary has.
        vocab_size: usize,
    },
}

/// Splits a text at white space.
pub fn split_words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// Splits a text into its characters, each as text of its own.
pub fn split_characters(text: &str) -> Vec<&str> {
    text.char_indices().map(|(start, c)| &text[start..start + c.len_utf8()]).collect()
}

/// Compiles only if a module has every function of this lesson with its signature.
#[macro_export]
macro_rules! contract {
    ($module:ident) => {
        const _: () = {
            #[allow(dead_code, clippy::type_complexity)]
            fn contract<R: ndarray_rand::rand::Rng>() {
                use $crate::{Batch, Split, TokenError, Vocabulary};
                let _: fn(&[&str]) -> Vocabulary = $module::build_vocabulary;
                let _: fn(&[&str], &Vocabulary) -> Result<Vec<usize>, TokenError> = $module::encode;
                let _: for<'a> fn(&[usize], &'a Vocabulary) -> Result<Vec<&'a str>, TokenError> =
                    $module::decode;
                let _: fn(&ndarray::ArrayRef2<usize>) -> Batch = $module::shift;
                let _: fn(&[usize], f64) -> Split<'_> = $module::split_train_validation;
                let _: fn(&[usize], usize, usize, &mut R) -> Batch = $module::sample_batch;
                let _: fn(&[Vec<usize>], usize) -> Batch = $module::pad_conversations;
            }
        };
    };
}
