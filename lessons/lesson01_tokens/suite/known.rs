//! How this lesson's suite recognises known mistakes: by their answers to a fixed input.
//! Made by `cargo course verify --record 01`; do not edit.

use gradcheck::{Known, Mistake, Part};

#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = &[
    Known {
        exercise: "build_vocabulary",
        read: "`cargo course hint 1.1`, then the chapter book/text/lesson01_tokens.md",
        right: &[
            Part::text("tokens", "[\"<pad>\", \"the\", \"cat\", \"Mat\"]"),
            Part::text("ids", "\"0 <pad>, 1 the, 2 cat, 3 Mat\""),
        ],
        mistakes: &[
            Mistake {
                says: "your tokens are sorted: their order is the one in which they first appear",
                answer: &[
                    Part::text("tokens", "[\"<pad>\", \"Mat\", \"cat\", \"the\"]"),
                    Part::text("ids", "\"0 <pad>, 1 Mat, 2 cat, 3 the\""),
                ],
            },
            Mistake {
                says: "your vocabulary has <pad> only where the text has it: it must be the first token of every vocabulary",
                answer: &[
                    Part::text("tokens", "[\"the\", \"cat\", \"<pad>\", \"Mat\"]"),
                    Part::text("ids", "\"0 the, 1 cat, 2 <pad>, 3 Mat\""),
                ],
            },
            Mistake {
                says: "your <pad> is the last token: it must be the first, with id 0",
                answer: &[
                    Part::text("tokens", "[\"the\", \"cat\", \"Mat\", \"<pad>\"]"),
                    Part::text("ids", "\"0 the, 1 cat, 2 Mat, 3 <pad>\""),
                ],
            },
            Mistake {
                says: "your vocabulary has <pad> twice: it is there from the start, so it is not new in the text",
                answer: &[
                    Part::text("tokens", "[\"<pad>\", \"the\", \"cat\", \"<pad>\", \"Mat\"]"),
                    Part::text("ids", "\"1 the, 2 cat, 3 <pad>, 4 Mat\""),
                ],
            },
            Mistake {
                says: "your vocabulary has a token for every word of the text: one that is there already must be passed over",
                answer: &[
                    Part::text("tokens", "[\"<pad>\", \"the\", \"cat\", \"<pad>\", \"the\", \"Mat\"]"),
                    Part::text("ids", "\"2 cat, 3 <pad>, 4 the, 5 Mat\""),
                ],
            },
            Mistake {
                says: "your ids count from 1: tokens[id] must be the token, and places count from 0",
                answer: &[
                    Part::text("tokens", "[\"<pad>\", \"the\", \"cat\", \"Mat\"]"),
                    Part::text("ids", "\"1 <pad>, 2 the, 3 cat, 4 Mat\""),
                ],
            },
            Mistake {
                says: "your ids are places in the text: an id is a place in the list of distinct tokens, and the first one stays",
                answer: &[
                    Part::text("tokens", "[\"<pad>\", \"the\", \"cat\", \"Mat\"]"),
                    Part::text("ids", "\"2 cat, 3 <pad>, 4 the, 5 Mat\""),
                ],
            },
            Mistake {
                says: "your tokens are all in lower case: a token is kept as it is, capitals too",
                answer: &[
                    Part::text("tokens", "[\"<pad>\", \"the\", \"cat\", \"mat\"]"),
                    Part::text("ids", "\"0 <pad>, 1 the, 2 cat, 3 mat\""),
                ],
            },
        ],
    },
    Known {
        exercise: "encode",
        read: "`cargo course hint 1.2`, then the chapter book/text/lesson01_tokens.md",
        right: &[
            Part::text("mat the", "Ok([5, 1])"),
            Part::text("the dog sat by", "Err(UnknownToken { token: \"dog\", position: 1 })"),
        ],
        mistakes: &[
            Mistake {
                says: "your function skips unknown tokens: the result would be shorter than the text, so return the error",
                answer: &[
                    Part::text("mat the", "Ok([5, 1])"),
                    Part::text("the dog sat by", "Ok([1, 3])"),
                ],
            },
            Mistake {
                says: "your function takes unknown tokens for <pad>: they have no id, so return the error",
                answer: &[
                    Part::text("mat the", "Ok([5, 1])"),
                    Part::text("the dog sat by", "Ok([1, 0, 3, 0])"),
                ],
            },
            Mistake {
                says: "your error counts the position from 1: positions count from 0",
                answer: &[
                    Part::text("mat the", "Ok([5, 1])"),
                    Part::text("the dog sat by", "Err(UnknownToken { token: \"dog\", position: 2 })"),
                ],
            },
            Mistake {
                says: "your error names the last unknown token: it must be the first",
                answer: &[
                    Part::text("mat the", "Ok([5, 1])"),
                    Part::text("the dog sat by", "Err(UnknownToken { token: \"by\", position: 3 })"),
                ],
            },
            Mistake {
                says: "your ids come from a vocabulary of the text itself: take those of the vocabulary that is passed in",
                answer: &[
                    Part::text("mat the", "Ok([1, 2])"),
                    Part::text("the dog sat by", "Ok([1, 2, 3, 4])"),
                ],
            },
        ],
    },
    Known {
        exercise: "decode",
        read: "`cargo course hint 1.3`, then the chapter book/text/lesson01_tokens.md",
        right: &[
            Part::text("5 0 1", "Ok([\"mat\", \"<pad>\", \"the\"])"),
            Part::text("5 90 7", "Err(UnknownId { id: 90, vocab_size: 6 })"),
        ],
        mistakes: &[
            Mistake {
                says: "your function skips unknown ids: the result would be shorter than ids, so return the error",
                answer: &[
                    Part::text("5 0 1", "Ok([\"mat\", \"<pad>\", \"the\"])"),
                    Part::text("5 90 7", "Ok([\"mat\"])"),
                ],
            },
            Mistake {
                says: "your function takes unknown ids for <pad>: they stand for no token, so return the error",
                answer: &[
                    Part::text("5 0 1", "Ok([\"mat\", \"<pad>\", \"the\"])"),
                    Part::text("5 90 7", "Ok([\"mat\", \"<pad>\", \"<pad>\"])"),
                ],
            },
            Mistake {
                says: "your function leaves <pad> out: as many tokens must come back as ids went in",
                answer: &[
                    Part::text("5 0 1", "Ok([\"mat\", \"the\"])"),
                    Part::text("5 90 7", "Err(UnknownId { id: 90, vocab_size: 6 })"),
                ],
            },
            Mistake {
                says: "your error has a vocab_size that is one too small: it is the number of tokens, and not the largest id",
                answer: &[
                    Part::text("5 0 1", "Ok([\"mat\", \"<pad>\", \"the\"])"),
                    Part::text("5 90 7", "Err(UnknownId { id: 90, vocab_size: 5 })"),
                ],
            },
            Mistake {
                says: "your error has the place of the id in ids: it must be the id itself",
                answer: &[
                    Part::text("5 0 1", "Ok([\"mat\", \"<pad>\", \"the\"])"),
                    Part::text("5 90 7", "Err(UnknownId { id: 1, vocab_size: 6 })"),
                ],
            },
        ],
    },
    Known {
        exercise: "shift",
        read: "`cargo course hint 1.4`, then the chapter book/text/lesson01_tokens.md",
        right: &[
            Part::text("ids", "[[1, 2, 3], [6, 7, 8], [11, 12, 13]]"),
            Part::text("targets", "[[2, 3, 4], [7, 8, 9], [12, 13, 14]]"),
        ],
        mistakes: &[
            Mistake {
                says: "your ids and targets are swapped: the targets come one token later, not earlier",
                answer: &[
                    Part::text("ids", "[[2, 3, 4], [7, 8, 9], [12, 13, 14]]"),
                    Part::text("targets", "[[1, 2, 3], [6, 7, 8], [11, 12, 13]]"),
                ],
            },
            Mistake {
                says: "your targets are the ids themselves: each target is the token after its id",
                answer: &[
                    Part::text("ids", "[[1, 2, 3], [6, 7, 8], [11, 12, 13]]"),
                    Part::text("targets", "[[1, 2, 3], [6, 7, 8], [11, 12, 13]]"),
                ],
            },
            Mistake {
                says: "your last target is padding: the last token of a window is no input, only a target, so both have one column less",
                answer: &[
                    Part::text("ids", "[[1, 2, 3, 4], [6, 7, 8, 9], [11, 12, 13, 14]]"),
                    Part::text("targets", "[[2, 3, 4, 0], [7, 8, 9, 0], [12, 13, 14, 0]]"),
                ],
            },
            Mistake {
                says: "your last target is the first token of the window: the last token is no input, only a target, so both have one column less",
                answer: &[
                    Part::text("ids", "[[1, 2, 3, 4], [6, 7, 8, 9], [11, 12, 13, 14]]"),
                    Part::text("targets", "[[2, 3, 4, 1], [7, 8, 9, 6], [12, 13, 14, 11]]"),
                ],
            },
            Mistake {
                says: "your targets come from the next row of the batch: shift along a row, which is axis 1",
                answer: &[
                    Part::text("ids", "[[1, 2, 3, 4], [6, 7, 8, 9]]"),
                    Part::text("targets", "[[6, 7, 8, 9], [11, 12, 13, 14]]"),
                ],
            },
        ],
    },
    Known {
        exercise: "split_train_validation",
        read: "`cargo course hint 1.5`, then the chapter book/text/lesson01_tokens.md",
        right: &[
            Part::text("train", "[11, 12, 13, 14, 15]"),
            Part::text("validation", "[16, 17]"),
        ],
        mistakes: &[
            Mistake {
                says: "your validation part is the beginning of the text: it must be the end",
                answer: &[
                    Part::text("train", "[13, 14, 15, 16, 17]"),
                    Part::text("validation", "[11, 12]"),
                ],
            },
            Mistake {
                says: "your training part has the fraction of the text that is meant for validation",
                answer: &[
                    Part::text("train", "[11, 12]"),
                    Part::text("validation", "[13, 14, 15, 16, 17]"),
                ],
            },
            Mistake {
                says: "your two parts are swapped: what comes before the cut is for training",
                answer: &[
                    Part::text("train", "[16, 17]"),
                    Part::text("validation", "[11, 12, 13, 14, 15]"),
                ],
            },
            Mistake {
                says: "your validation part has lost the last id of the text: it goes to the end",
                answer: &[
                    Part::text("train", "[11, 12, 13, 14, 15]"),
                    Part::text("validation", "[16]"),
                ],
            },
            Mistake {
                says: "your two parts have lost the id between them: validation begins exactly where training ends",
                answer: &[
                    Part::text("train", "[11, 12, 13, 14, 15]"),
                    Part::text("validation", "[17]"),
                ],
            },
            Mistake {
                says: "your validation part is rounded down: round to the nearest whole number",
                answer: &[
                    Part::text("train", "[11, 12, 13, 14, 15, 16]"),
                    Part::text("validation", "[17]"),
                ],
            },
        ],
    },
    Known {
        exercise: "sample_batch",
        read: "`cargo course hint 1.6`, then the chapter book/text/lesson01_tokens.md",
        right: &[
            Part::text("ids", "[[24, 25], [24, 25], [23, 24], [23, 24], [20, 21], [22, 23]]"),
            Part::text("targets", "[[25, 26], [25, 26], [24, 25], [24, 25], [21, 22], [23, 24]]"),
        ],
        mistakes: &[
            Mistake {
                says: "your rows all begin at the same place: draw a start for each row",
                answer: &[
                    Part::text("ids", "[[24, 25], [24, 25], [24, 25], [24, 25], [24, 25], [24, 25]]"),
                    Part::text("targets", "[[25, 26], [25, 26], [25, 26], [25, 26], [25, 26], [25, 26]]"),
                ],
            },
            Mistake {
                says: "your batch is the one that comes out when the last start is left out: ids.len() - seq_len - 1 fits too",
                answer: &[
                    Part::text("ids", "[[23, 24], [23, 24], [23, 24], [22, 23], [20, 21], [21, 22]]"),
                    Part::text("targets", "[[24, 25], [24, 25], [24, 25], [23, 24], [21, 22], [22, 23]]"),
                ],
            },
            Mistake {
                says: "your batch is the one that comes out when ids.len() - seq_len is a start too: the window there is one id short",
                answer: &[
                    Part::text("ids", "[[24, 25], [25, 26], [24, 25], [24, 25], [21, 22], [22, 23]]"),
                    Part::text("targets", "[[25, 26], [26, 0], [25, 26], [25, 26], [22, 23], [23, 24]]"),
                ],
            },
            Mistake {
                says: "your batch is the one that comes out when starts beyond the last that fits are set to it: then that one is too likely, so draw only starts that fit",
                answer: &[
                    Part::text("ids", "[[24, 25], [24, 25], [24, 25], [24, 25], [21, 22], [22, 23]]"),
                    Part::text("targets", "[[25, 26], [25, 26], [25, 26], [25, 26], [22, 23], [23, 24]]"),
                ],
            },
            Mistake {
                says: "your batch has one column too few: cut windows of seq_len + 1 ids, for the shift takes one away",
                answer: &[
                    Part::text("ids", "[[24], [25], [24], [24], [21], [22]]"),
                    Part::text("targets", "[[25], [26], [25], [25], [22], [23]]"),
                ],
            },
            Mistake {
                says: "your targets are the ids themselves: each target is the token after its id",
                answer: &[
                    Part::text("ids", "[[24, 25], [24, 25], [23, 24], [23, 24], [20, 21], [22, 23]]"),
                    Part::text("targets", "[[24, 25], [24, 25], [23, 24], [23, 24], [20, 21], [22, 23]]"),
                ],
            },
            Mistake {
                says: "your batch has the places of the tokens in the text: it must have the ids at these places",
                answer: &[
                    Part::text("ids", "[[4, 5], [4, 5], [3, 4], [3, 4], [0, 1], [2, 3]]"),
                    Part::text("targets", "[[5, 6], [5, 6], [4, 5], [4, 5], [1, 2], [3, 4]]"),
                ],
            },
        ],
    },
    Known {
        exercise: "pad_conversations",
        read: "`cargo course hint 1.7`, then the chapter book/text/lesson01_tokens.md",
        right: &[
            Part::text("ids", "[[7, 8, 0, 0], [1, 2, 3, 4]]"),
            Part::text("targets", "[[8, 0, 0, 0], [2, 3, 4, 5]]"),
            Part::text("ids", "[[9, 6, 0]]"),
            Part::text("targets", "[[6, 0, 0]]"),
        ],
        mistakes: &[
            Mistake {
                says: "your padding is on the left: a conversation begins at the left, and padding fills up what is left on the right",
                answer: &[
                    Part::text("ids", "[[0, 0, 0, 7], [1, 2, 3, 4]]"),
                    Part::text("targets", "[[0, 0, 7, 8], [2, 3, 4, 5]]"),
                    Part::text("ids", "[[0, 0, 9]]"),
                    Part::text("targets", "[[0, 9, 6]]"),
                ],
            },
            Mistake {
                says: "your rows are filled up with the last id of the conversation: they must be filled with PAD",
                answer: &[
                    Part::text("ids", "[[7, 8, 8, 8], [1, 2, 3, 4]]"),
                    Part::text("targets", "[[8, 8, 8, 8], [2, 3, 4, 5]]"),
                    Part::text("ids", "[[9, 6, 6]]"),
                    Part::text("targets", "[[6, 6, 6]]"),
                ],
            },
            Mistake {
                says: "your batch has one column too few: a row has seq_len + 1 places, for the shift takes one away",
                answer: &[
                    Part::text("ids", "[[7, 8, 0], [1, 2, 3]]"),
                    Part::text("targets", "[[8, 0, 0], [2, 3, 4]]"),
                    Part::text("ids", "[[9, 6]]"),
                    Part::text("targets", "[[6, 0]]"),
                ],
            },
            Mistake {
                says: "your last target is always PAD: a conversation of seq_len + 1 ids has a target in every column",
                answer: &[
                    Part::text("ids", "[[7, 8, 0, 0], [1, 2, 3, 4]]"),
                    Part::text("targets", "[[8, 0, 0, 0], [2, 3, 4, 0]]"),
                    Part::text("ids", "[[9, 6, 0]]"),
                    Part::text("targets", "[[6, 0, 0]]"),
                ],
            },
            Mistake {
                says: "your targets are the ids themselves: each target is the token after its id",
                answer: &[
                    Part::text("ids", "[[7, 8, 0, 0], [1, 2, 3, 4]]"),
                    Part::text("targets", "[[7, 8, 0, 0], [1, 2, 3, 4]]"),
                    Part::text("ids", "[[9, 6, 0]]"),
                    Part::text("targets", "[[9, 6, 0]]"),
                ],
            },
            Mistake {
                says: "your rows are only as long as the longest conversation: they must have seq_len columns",
                answer: &[
                    Part::text("ids", "[[7, 8, 0, 0], [1, 2, 3, 4]]"),
                    Part::text("targets", "[[8, 0, 0, 0], [2, 3, 4, 5]]"),
                    Part::text("ids", "[[9]]"),
                    Part::text("targets", "[[6]]"),
                ],
            },
        ],
    },
];
