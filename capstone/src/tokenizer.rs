//! Text to ids and back, over lesson 01's vocabulary, and the file that keeps it.
//!
//! A piece of text is a character, or a word with its leading space; so the pieces of a text
//! put end to end are the text again. The file is a Hugging Face `tokenizer.json`: characters
//! are a byte-pair model without merges, words a word-level model.

use std::collections::{BTreeMap, HashMap};

use lesson01_tokens::split_characters;
use lesson01_tokens::{PAD_TOKEN, TokenError, Vocabulary, build_vocabulary, decode, encode};
use serde_json::{Value, json};

/// The token that starts a story.
pub const START_TOKEN: &str = "<story>";

/// The token that ends a story.
pub const END_TOKEN: &str = "<end>";

/// The token a word-level tokenizer elsewhere puts for a word it does not know. We refuse
/// such words instead, so it never comes up in training.
pub const UNKNOWN_TOKEN: &str = "<unk>";

/// How a text is cut into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pieces {
    /// Words with their leading space, and single other characters.
    Words,
    /// Characters.
    Characters,
}

/// A vocabulary, and how text is cut into its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokenizer {
    /// How a text is cut.
    pub pieces: Pieces,
    /// The tokens.
    pub vocabulary: Vocabulary,
}

/// Why a file is not a tokenizer of ours.
#[derive(Debug, thiserror::Error)]
#[error("not a tokenizer of this program: {0}")]
pub struct FormatError(&'static str);

impl Tokenizer {
    /// A tokenizer of all characters of a text.
    pub fn of_characters(text: &str) -> Self {
        let vocabulary = build_vocabulary(&split_characters(text));
        Tokenizer { pieces: Pieces::Characters, vocabulary }
    }

    /// A tokenizer of a list of words.
    pub fn of_words(words: &[&str]) -> Self {
        let words: Vec<&str> = words.iter().chain(&[UNKNOWN_TOKEN]).copied().collect();
        Tokenizer { pieces: Pieces::Words, vocabulary: build_vocabulary(&words) }
    }

    /// How many tokens there are.
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.tokens.len()
    }

    /// The id of a token, if it is in the vocabulary.
    pub fn id(&self, token: &str) -> Option<usize> {
        self.vocabulary.ids.get(token).copied()
    }

    /// Text to ids.
    ///
    /// # Errors
    /// [`TokenError::UnknownToken`] for a piece that is not in the vocabulary.
    pub fn encode(&self, text: &str) -> Result<Vec<usize>, TokenError> {
        let pieces = match self.pieces {
            Pieces::Words => split_pieces(text),
            Pieces::Characters => split_characters(text),
        };
        encode(&pieces, &self.vocabulary)
    }

    /// Ids to text.
    ///
    /// # Errors
    /// [`TokenError::UnknownId`] for an id outside the vocabulary.
    pub fn decode(&self, ids: &[usize]) -> Result<String, TokenError> {
        Ok(decode(ids, &self.vocabulary)?.concat())
    }

    /// The tokenizer as the text of a `tokenizer.json`.
    pub fn to_json(&self) -> String {
        let vocab: BTreeMap<&str, usize> =
            self.vocabulary.ids.iter().map(|(token, &id)| (token.as_str(), id)).collect();
        let (model, pre_tokenizer) = match self.pieces {
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

    /// The inverse of [`Tokenizer::to_json`].
    ///
    /// # Errors
    /// If the text is not JSON, or not a tokenizer that this program writes.
    pub fn from_json(text: &str) -> Result<Self, FormatError> {
        let file: Value = serde_json::from_str(text).map_err(|_| FormatError("not JSON"))?;
        let model = &file["model"];
        let pieces = match (model["type"].as_str(), model["merges"].as_array()) {
            (Some("BPE"), Some(merges)) if merges.is_empty() => Pieces::Characters,
            (Some("WordLevel"), _) => Pieces::Words,
            _ => return Err(FormatError("its model is neither characters nor words")),
        };
        let vocab = model["vocab"].as_object().ok_or(FormatError("it has no vocabulary"))?;
        let mut tokens = vec![None; vocab.len()];
        for (token, id) in vocab {
            let id = id.as_u64().and_then(|id| usize::try_from(id).ok());
            let place = id.and_then(|id| tokens.get_mut(id));
            *place.ok_or(FormatError("its ids do not count from 0"))? = Some(token.clone());
        }
        let tokens: Option<Vec<String>> = tokens.into_iter().collect();
        let tokens = tokens.ok_or(FormatError("an id is missing"))?;
        if tokens.first().map(String::as_str) != Some(PAD_TOKEN) {
            return Err(FormatError("token 0 is not <pad>"));
        }
        let ids: HashMap<String, usize> =
            tokens.iter().enumerate().map(|(id, token)| (token.clone(), id)).collect();
        Ok(Tokenizer { pieces, vocabulary: Vocabulary { tokens, ids } })
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
    fn a_file_that_is_something_else_is_refused() {
        let bad = [
            ("", "not JSON"),
            ("{}", "neither"),
            (r#"{"model": {"type": "BPE", "merges": [], "vocab": {"a": 0}}}"#, "<pad>"),
            (r#"{"model": {"type": "BPE", "merges": [], "vocab": {"<pad>": 0, "a": 7}}}"#, "count"),
            (
                r#"{"model": {"type": "BPE", "merges": [], "vocab": {"<pad>": 0, "a": 0}}}"#,
                "missing",
            ),
        ];
        for (text, word) in bad {
            let error = Tokenizer::from_json(text).expect_err("no tokenizer").to_string();
            assert!(error.contains(word), "{text:?} gave {error:?}, which lacks {word:?}");
        }
    }
}
