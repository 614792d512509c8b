//! Text to ids and back, and the file that keeps the vocabulary: a Hugging Face
//! `tokenizer.json`.
//!
//! Words and characters are lesson 01's: a piece of text is a character, or a word with its
//! leading space; so the pieces of a text put end to end are the text again. In the file,
//! characters are a byte-pair model without merges, words a word-level model.
//!
//! Byte pairs, and any other `tokenizer.json`, are the business of the `tokenizers` crate.

use std::collections::BTreeMap;
use std::str::FromStr;

use lesson01_tokens::split_characters;
use lesson01_tokens::{PAD, PAD_TOKEN, TokenError, Vocabulary, build_vocabulary, decode, encode};
use serde_json::{Value, json};
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, ModelWrapper, models::TrainerWrapper};

use crate::hugging_face::FormatError;

/// The token that starts a story.
pub const START_TOKEN: &str = "<story>";

/// The token that ends a story.
pub const END_TOKEN: &str = "<end>";

/// The token a word-level tokenizer elsewhere puts for a word it does not know. We refuse
/// such words instead, so it never comes up in training.
pub const UNKNOWN_TOKEN: &str = "<unk>";

/// How a text is cut into pieces.
#[derive(Debug, Clone, PartialEq)]
pub enum Pieces {
    /// Words with their leading space, and single other characters.
    Words,
    /// Characters.
    Characters,
    /// As the `tokenizers` crate does it: byte pairs, as a rule.
    BytePairs(BytePairs),
}

/// A tokenizer of the `tokenizers` crate.
#[derive(Debug, Clone)]
pub struct BytePairs {
    tokenizer: Box<tokenizers::Tokenizer>,
    /// The file it was read from.
    json: String,
}

impl PartialEq for BytePairs {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

/// A vocabulary, and how text is cut into its tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokenizer {
    /// How a text is cut.
    pub pieces: Pieces,
    /// The tokens.
    pub vocabulary: Vocabulary,
    /// The token that ends a text, if there is one.
    pub end: Option<usize>,
}

/// Why a text cannot be turned into ids.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The vocabulary lacks a piece of it.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The `tokenizers` crate says why.
    #[error("the tokenizer cannot read the text: {0}")]
    Text(String),
}

impl Tokenizer {
    /// A tokenizer of all characters of a text.
    pub fn of_characters(text: &str) -> Self {
        Tokenizer::new(Pieces::Characters, build_vocabulary(&split_characters(text)))
    }

    /// A tokenizer of a list of words.
    pub fn of_words(words: &[&str]) -> Self {
        let words: Vec<&str> = words.iter().chain(&[UNKNOWN_TOKEN]).copied().collect();
        Tokenizer::new(Pieces::Words, build_vocabulary(&words))
    }

    /// A byte-pair tokenizer of `vocab_size` tokens: `<pad>`, the 256 bytes, and the pairs
    /// that are most frequent in the text, joined one after the other.
    ///
    /// # Errors
    /// If `vocab_size` leaves no room for the bytes, or the text has too few different pairs.
    ///
    /// # Source
    /// Sennrich et al. 2016 (arXiv:1508.07909), on bytes as in Radford et al. 2019.
    pub fn train_byte_pairs(text: &str, vocab_size: usize) -> Result<Self, FormatError> {
        if vocab_size < SMALLEST_BYTE_PAIRS {
            return Err(FormatError::Tokenizer(format!(
                "a vocabulary of {vocab_size} is too small: <pad> and all bytes need {SMALLEST_BYTE_PAIRS}"
            )));
        }
        let trainer = BpeTrainer::builder()
            .show_progress(false)
            .vocab_size(vocab_size)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .special_tokens(vec![AddedToken::from(PAD_TOKEN, true)])
            .build();
        let bytes = ByteLevel::new(false, true, true);
        let mut tokenizer = tokenizers::Tokenizer::new(ModelWrapper::BPE(BPE::default()));
        tokenizer.with_pre_tokenizer(Some(bytes)).with_decoder(Some(bytes));
        let failed = |error: tokenizers::Error| FormatError::Tokenizer(error.to_string());
        tokenizer
            .train(&mut TrainerWrapper::BpeTrainer(trainer), std::iter::once(text))
            .map_err(failed)?;
        let found = tokenizer.get_vocab_size(true);
        if found != vocab_size {
            return Err(FormatError::Tokenizer(format!(
                "the text has pairs for {found} tokens only, not for {vocab_size}"
            )));
        }
        Tokenizer::foreign(tokenizer.to_string(true).map_err(failed)?)
    }

    fn new(pieces: Pieces, vocabulary: Vocabulary) -> Self {
        let end = vocabulary.ids.get(END_TOKEN).copied();
        Tokenizer { pieces, vocabulary, end }
    }

    /// How many tokens there are.
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.tokens.len()
    }

    /// The id of a token, if it is in the vocabulary.
    pub fn id(&self, token: &str) -> Option<usize> {
        self.vocabulary.ids.get(token).copied()
    }

    /// The token that every story starts with, if there is one.
    pub fn start(&self) -> Option<usize> {
        self.id(START_TOKEN)
    }

    /// Does it belong to a model of so many tokens? Models from elsewhere may have unused
    /// rows at the end of their table.
    pub(crate) fn check_size(&self, vocab_size: usize) -> Result<(), FormatError> {
        let found = self.vocab_size();
        let may_be_smaller = matches!(self.pieces, Pieces::BytePairs(_));
        if found == vocab_size || (may_be_smaller && found < vocab_size) {
            return Ok(());
        }
        Err(FormatError::Tokenizer(format!("it has {found} tokens, the model {vocab_size}")))
    }

    /// Text to ids.
    ///
    /// # Errors
    /// [`TokenError::UnknownToken`] for a piece that is not in the vocabulary.
    pub fn encode(&self, text: &str) -> Result<Vec<usize>, EncodeError> {
        let pieces = match &self.pieces {
            Pieces::Words => split_pieces(text),
            Pieces::Characters => split_characters(text),
            Pieces::BytePairs(pairs) => return pairs.encode(text, false),
        };
        Ok(encode(&pieces, &self.vocabulary)?)
    }

    /// A prompt to ids, at least one: stories get their start token, models from elsewhere what
    /// their tokenizer puts before a text, and an empty prompt is a new line.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_prompt(&self, prompt: &str) -> Result<Vec<usize>, EncodeError> {
        let ids = match (&self.pieces, self.start()) {
            (Pieces::BytePairs(pairs), _) => pairs.encode(prompt, true)?,
            (_, Some(start)) if !prompt.starts_with(START_TOKEN) => {
                [vec![start], self.encode(prompt)?].concat()
            }
            _ => self.encode(prompt)?,
        };
        if !ids.is_empty() {
            return Ok(ids);
        }
        let new_line = self.encode("\n").ok().and_then(|ids| ids.first().copied());
        Ok(vec![new_line.unwrap_or(1).min(self.vocab_size() - 1)])
    }

    /// Ids to text. Byte pairs leave out special tokens.
    ///
    /// # Errors
    /// [`TokenError::UnknownId`] for an id outside the vocabulary.
    pub fn decode(&self, ids: &[usize]) -> Result<String, EncodeError> {
        match &self.pieces {
            Pieces::BytePairs(pairs) => pairs.decode(ids),
            _ => Ok(decode(ids, &self.vocabulary)?.concat()),
        }
    }

    /// One token for a reader: special tokens by their names, byte pairs as text where they
    /// are whole characters. Rows of a table that no token uses have a number.
    pub fn token_text(&self, id: usize) -> String {
        let Some(name) = self.vocabulary.tokens.get(id) else { return format!("#{id}") };
        let Pieces::BytePairs(pairs) = &self.pieces else { return name.clone() };
        let text = u32::try_from(id).ok().and_then(|id| pairs.tokenizer.decode(&[id], false).ok());
        match text {
            Some(text) if text.is_empty() || text.contains('\u{FFFD}') => name.clone(),
            // Some decoders take the space at the start of a text away.
            Some(text) if name.starts_with('\u{2581}') && !text.starts_with(' ') => {
                format!(" {text}")
            }
            Some(text) => text,
            None => name.clone(),
        }
    }

    /// Ids to text one by one, after the ids `before`. A token may be a part of a character
    /// only; then its text comes with the token that completes it. Special tokens have none.
    pub fn stream<'a>(&'a self, before: &[usize]) -> Box<dyn FnMut(usize) -> String + 'a> {
        let Pieces::BytePairs(pairs) = &self.pieces else {
            let text = |id: usize| self.vocabulary.tokens.get(id).map_or("", |text| visible(text));
            return Box::new(move |id| text(id).to_string());
        };
        let mut stream = pairs.tokenizer.decode_stream(true);
        let mut text = move |id: usize| {
            let id = u32::try_from(id).unwrap_or(u32::MAX);
            stream.step(id).ok().flatten().unwrap_or_default()
        };
        for &id in before {
            text(id);
        }
        Box::new(text)
    }

    /// The tokenizer as the text of a `tokenizer.json`.
    pub fn to_json(&self) -> String {
        let vocab: BTreeMap<&str, usize> =
            self.vocabulary.ids.iter().map(|(token, &id)| (token.as_str(), id)).collect();
        let (model, pre_tokenizer) = match &self.pieces {
            Pieces::BytePairs(pairs) => return pairs.json.clone(),
            Pieces::Characters => {
                (json!({ "type": "BPE", "vocab": vocab, "merges": [] }), Value::Null)
            }
            Pieces::Words => (
                json!({ "type": "WordLevel", "vocab": vocab, "unk_token": UNKNOWN_TOKEN }),
                json!({
                    "type": "Split",
                    "pattern": { "Regex": PIECE_REGEX },
                    "behavior": "Isolated",
                    "invert": false
                }),
            ),
        };
        let special = [PAD_TOKEN, START_TOKEN, END_TOKEN, UNKNOWN_TOKEN];
        let added_tokens: Vec<Value> = special
            .iter()
            .filter_map(|&token| Some((token, self.id(token)?)))
            .map(|(content, id)| {
                json!({
                    "id": id, "content": content, "special": true, "single_word": false,
                    "lstrip": false, "rstrip": false, "normalized": false
                })
            })
            .collect();
        let file = json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": added_tokens,
            "normalizer": null,
            "pre_tokenizer": pre_tokenizer,
            "post_processor": null,
            "decoder": { "type": "Fuse" },
            "model": model
        });
        format!("{file:#}\n")
    }

    /// The inverse of [`Tokenizer::to_json`], for any `tokenizer.json`.
    ///
    /// # Errors
    /// If the text is not a tokenizer, or its ids do not count from 0.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        let file: Value =
            serde_json::from_str(text).map_err(|reason| FormatError::Json { reason })?;
        match Tokenizer::ours(&file) {
            Some(tokenizer) => Ok(tokenizer),
            None => Tokenizer::foreign(text.to_string()),
        }
    }

    /// The tokenizer of words or characters that this program would write as this file.
    fn ours(file: &Value) -> Option<Self> {
        let model = &file["model"];
        let pieces = match model["type"].as_str()? {
            "BPE" => Pieces::Characters,
            "WordLevel" => Pieces::Words,
            _ => return None,
        };
        let id = |id: &Value| id.as_u64().and_then(|id| usize::try_from(id).ok());
        let vocab = model["vocab"].as_object()?.iter();
        let vocab: Option<Vec<_>> = vocab.map(|(text, n)| Some((text.clone(), id(n)?))).collect();
        let tokenizer = Tokenizer::new(pieces, vocabulary(vocab?)?);
        let same = serde_json::from_str::<Value>(&tokenizer.to_json()).ok().as_ref() == Some(file);
        (same && tokenizer.id(PAD_TOKEN) == Some(PAD)).then_some(tokenizer)
    }

    /// A tokenizer of the `tokenizers` crate.
    fn foreign(json: String) -> Result<Self, FormatError> {
        let tokenizer = tokenizers::Tokenizer::from_str(&json)
            .map_err(|error| FormatError::Tokenizer(format!("not a tokenizer: {error}")))?;
        let vocab = tokenizer.get_vocab(true).into_iter().map(|(text, id)| (text, id as usize));
        let vocabulary = vocabulary(vocab.collect()).ok_or(FormatError::Tokenizer(
            "the ids of its tokens do not count from 0 without a gap".to_string(),
        ))?;
        let pairs = BytePairs { tokenizer: Box::new(tokenizer), json };
        Ok(Tokenizer::new(Pieces::BytePairs(pairs), vocabulary))
    }
}

impl BytePairs {
    /// `special`: with what the tokenizer puts around a text.
    fn encode(&self, text: &str, special: bool) -> Result<Vec<usize>, EncodeError> {
        let encoding = self.tokenizer.encode_fast(text, special);
        let encoding = encoding.map_err(|error| EncodeError::Text(error.to_string()))?;
        Ok(encoding.get_ids().iter().map(|&id| id as usize).collect())
    }

    fn decode(&self, ids: &[usize]) -> Result<String, EncodeError> {
        let ids: Vec<u32> = ids.iter().filter_map(|&id| u32::try_from(id).ok()).collect();
        self.tokenizer.decode(&ids, true).map_err(|error| EncodeError::Text(error.to_string()))
    }
}

/// `<pad>` and the 256 bytes.
const SMALLEST_BYTE_PAIRS: usize = 257;

/// A vocabulary of tokens with their ids, if these are 0, 1, 2 and so on.
fn vocabulary(ids: Vec<(String, usize)>) -> Option<Vocabulary> {
    let mut tokens = vec![None; ids.len()];
    for (token, id) in &ids {
        *tokens.get_mut(*id)? = Some(token.clone());
    }
    let tokens: Option<Vec<String>> = tokens.into_iter().collect();
    Some(Vocabulary { tokens: tokens?, ids: ids.into_iter().collect() })
}

/// What a reader sees of a token: special tokens have no text.
fn visible(token: &str) -> &str {
    match token {
        PAD_TOKEN | START_TOKEN | END_TOKEN | UNKNOWN_TOKEN => "",
        text => text,
    }
}

/// What [`split_pieces`] cuts out, for the tokenizers of other programs: a special token, a
/// word with at most one space before it, or any other character.
const PIECE_REGEX: &str = r"<[a-z]+>| ?[\p{L}\p{N}]+|[\s\S]";

/// Cuts a text into words with their leading space, special tokens such as `<end>`, and
/// single other characters. The pieces put end to end are the text.
fn split_pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = rest.strip_prefix(' ').unwrap_or(rest);
        let word_len = word.find(|c: char| !c.is_alphanumeric()).unwrap_or(word.len());
        let len = if word_len > 0 {
            rest.len() - word.len() + word_len
        } else {
            special_len(rest).unwrap_or(first.len_utf8())
        };
        let (piece, tail) = rest.split_at(len);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// Length of the special token at the start of a text, if there is one.
fn special_len(text: &str) -> Option<usize> {
    let name = text.strip_prefix('<')?;
    let len = name.find(|c: char| !c.is_ascii_lowercase())?;
    (len > 0 && name[len..].starts_with('>')).then_some(len + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_words_with_their_space_marks_and_special_tokens() {
        let text = "<story>Tom is 3. The  cat!<end> < x";
        let pieces = split_pieces(text);
        let expected =
            ["<story>", "Tom", " is", " 3", ".", " The", " ", " cat", "!", "<end>", " ", "<", " x"];
        assert_eq!(pieces, expected);
        assert_eq!(pieces.concat(), text);
    }

    #[test]
    fn a_text_survives_the_way_there_and_back() {
        let text = "Größe: 3 µm\nend 🙂";
        let tokenizer = Tokenizer::of_characters(text);
        let ids = tokenizer.encode(text).expect("its own characters");
        assert_eq!(tokenizer.decode(&ids).expect("its own ids"), text);
    }

    #[test]
    fn the_file_gives_the_same_tokenizer() {
        for tokenizer in [
            Tokenizer::of_characters("to be or not\n"),
            Tokenizer::of_words(&[START_TOKEN, " cat", ".", END_TOKEN]),
        ] {
            let read = Tokenizer::from_json(&tokenizer.to_json()).expect("our own file");
            assert_eq!(read, tokenizer);
        }
    }

    #[test]
    fn byte_pairs_survive_the_way_there_and_back_and_their_training_repeats_itself() {
        let text = "to be or not to be, that is the question: größer 🙂\n".repeat(3);
        let tokenizer = Tokenizer::train_byte_pairs(&text, 280).expect("enough pairs");
        assert_eq!(tokenizer.vocab_size(), 280);
        assert_eq!(tokenizer.id(PAD_TOKEN), Some(PAD));
        assert_eq!(Tokenizer::train_byte_pairs(&text, 280).expect("enough pairs"), tokenizer);
        assert_eq!(Tokenizer::from_json(&tokenizer.to_json()).expect("its own file"), tokenizer);
        for text in [text.as_str(), " two  spaces", "новое 漢字 \u{1F3FD}\n\n"] {
            let ids = tokenizer.encode(text).expect("all bytes are known");
            assert_eq!(tokenizer.decode(&ids).expect("its own ids"), text);
            let mut piece = tokenizer.stream(&[]);
            let pieces: Vec<String> = ids.iter().map(|&id| piece(id)).collect();
            assert_eq!(pieces.concat(), text, "{pieces:?}");
            assert!(!pieces.concat().contains('\u{FFFD}'));
        }
    }

    #[test]
    fn a_byte_pair_vocabulary_must_fit_bytes_and_text() {
        for (size, word) in [(256, "too small"), (600, "pairs for")] {
            let error = Tokenizer::train_byte_pairs("abcabc", size).expect_err("it cannot fit");
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_something_else_is_refused() {
        let bad = [
            ("", "not JSON"),
            ("{}", "not a tokenizer"),
            (r#"{"model": {"type": "BPE", "merges": [], "vocab": {"<pad>": 0, "a": 7}}}"#, "gap"),
            (r#"{"model": {"type": "BPE", "merges": [], "vocab": {"<pad>": 0, "a": 0}}}"#, "gap"),
        ];
        for (text, word) in bad {
            let error = Tokenizer::from_json(text).expect_err("no tokenizer").to_string();
            assert!(error.contains(word), "{text:?} gave {error:?}, which lacks {word:?}");
        }
    }
}
