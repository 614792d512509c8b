//! How this lesson's suite recognises known mistakes: by their answers to a fixed input.
//! Made by `cargo course verify --record 13`; do not edit.

use gradcheck::{Known, Mistake, Part};

#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = &[
    Known {
        exercise: "estimate_loss",
        read: "`cargo course hint 13.1`, then the chapter book/src/lesson13_generation.md",
        right: &[
            Part::numbers("loss", &[], &[2.067526660496]),
        ],
        mistakes: &[
            Mistake {
                says: "your loss is the mean of the batches' losses: a batch counts by its scored targets",
                answer: &[
                    Part::numbers("loss", &[], &[1.920917698605]),
                ],
            },
            Mistake {
                says: "your loss equals what comes out when padded targets are scored: hand `pad` on to the cross-entropy",
                answer: &[
                    Part::numbers("loss", &[], &[2.514923214207]),
                ],
            },
            Mistake {
                says: "your loss equals the right sum divided by all targets: divide by those that are scored",
                answer: &[
                    Part::numbers("loss", &[], &[1.476804757497]),
                ],
            },
            Mistake {
                says: "your loss is the sum over all scored targets: divide it by their number",
                answer: &[
                    Part::numbers("loss", &[], &[31.01289990743]),
                ],
            },
        ],
    },
    Known {
        exercise: "scale_by_temperature",
        read: "`cargo course hint 13.2`, then the chapter book/src/lesson13_generation.md",
        right: &[
            Part::numbers("logits", &[3], &[2.5, -5.0, 1.25]),
        ],
        mistakes: &[
            Mistake {
                says: "your logits are multiplied by the temperature: divide, so that a low one makes the best token likelier",
                answer: &[
                    Part::numbers("logits", &[3], &[0.4, -0.8, 0.2]),
                ],
            },
            Mistake {
                says: "your numbers are probabilities divided by the temperature: divide the logits, the softmax comes later",
                answer: &[
                    Part::numbers("logits", &[3], &[1.509372240372, 0.07514721892394,
                        0.9154805407045]),
                ],
            },
            Mistake {
                says: "your logits are as they came: divide them by the temperature",
                answer: &[
                    Part::numbers("logits", &[3], &[1.0, -2.0, 0.5]),
                ],
            },
        ],
    },
    Known {
        exercise: "top_k",
        read: "`cargo course hint 13.3`, then the chapter book/src/lesson13_generation.md",
        right: &[
            Part::text("logits", "[-inf, 4.0, 2.0, -inf, 3.0, -inf, -inf]"),
        ],
        mistakes: &[
            Mistake {
                says: "you keep k - 1 logits: the k largest stay",
                answer: &[
                    Part::text("logits", "[-inf, 4.0, -inf, -inf, 3.0, -inf, -inf]"),
                ],
            },
            Mistake {
                says: "you keep k + 1 logits: the k largest stay",
                answer: &[
                    Part::text("logits", "[-inf, 4.0, 2.0, -inf, 3.0, 2.0, -inf]"),
                ],
            },
            Mistake {
                says: "you keep the k smallest logits: the largest belong to the most probable tokens",
                answer: &[
                    Part::text("logits", "[1.0, -inf, 2.0, -1.0, -inf, -inf, -inf]"),
                ],
            },
            Mistake {
                says: "the rest of your logits is 0, which is a fair chance: a forbidden token has minus infinity",
                answer: &[
                    Part::text("logits", "[0.0, 4.0, 2.0, 0.0, 3.0, 0.0, 0.0]"),
                ],
            },
            Mistake {
                says: "you keep every logit as large as the k-th, more than k: of equal ones the first stay",
                answer: &[
                    Part::text("logits", "[-inf, 4.0, 2.0, -inf, 3.0, 2.0, 2.0]"),
                ],
            },
        ],
    },
    Known {
        exercise: "top_p",
        read: "`cargo course hint 13.4`, then the chapter book/src/lesson13_generation.md",
        right: &[
            Part::text("kept at p = 0.6", "[false, true, false, true]"),
            Part::text("kept at p = 0.25", "[false, true, false, false]"),
        ],
        mistakes: &[
            Mistake {
                says: "you leave out the token with which the sum reaches p: it stays",
                answer: &[
                    Part::text("kept at p = 0.6", "[false, true, false, false]"),
                    Part::text("kept at p = 0.25", "[false, true, false, false]"),
                ],
            },
            Mistake {
                says: "you keep the tokens whose own probability is at least p: add up the best until their sum reaches p",
                answer: &[
                    Part::text("kept at p = 0.6", "[false, true, false, false]"),
                    Part::text("kept at p = 0.25", "[false, true, false, true]"),
                ],
            },
            Mistake {
                says: "you keep the tokens that come after the sum has reached p: those before it stay",
                answer: &[
                    Part::text("kept at p = 0.6", "[true, false, true, false]"),
                    Part::text("kept at p = 0.25", "[true, false, true, true]"),
                ],
            },
            Mistake {
                says: "you keep every token: forbid those after the sum has reached p",
                answer: &[
                    Part::text("kept at p = 0.6", "[true, true, true, true]"),
                    Part::text("kept at p = 0.25", "[true, true, true, true]"),
                ],
            },
        ],
    },
    Known {
        exercise: "sample",
        read: "`cargo course hint 13.5`, then the chapter book/src/lesson13_generation.md",
        right: &[
            Part::text("tokens drawn", "[[4, 3, 1, 1, 1, 4, 1, 3, 2, 1, 1, 0], [4, 1, 1, 1, 3, 1, 3, 1, 1, 1, 4, 1], [3, 0, 1, 1, 3, 1, 2, 1, 4, 1, 0, 3], [1, 1, 1, 3, 1, 3, 1, 3, 1, 3, 3, 3], [1, 3, 1, 3, 1, 3, 3, 1, 3, 3, 3, 1]]"),
        ],
        mistakes: &[
            Mistake {
                says: "you always take the most probable token: only temperature 0 does, else draw",
                answer: &[
                    Part::text("tokens drawn", "[[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]]"),
                ],
            },
            Mistake {
                says: "your draw equals what comes out at temperature 1: scale the logits before the softmax",
                answer: &[
                    Part::text("tokens drawn", "[[4, 3, 1, 1, 1, 4, 1, 3, 2, 1, 1, 0], [4, 1, 1, 1, 4, 1, 4, 0, 3, 1, 4, 3], [3, 1, 1, 1, 3, 1, 1, 1, 4, 1, 0, 3], [1, 1, 1, 3, 1, 3, 1, 3, 1, 3, 3, 3], [1, 3, 1, 3, 1, 3, 3, 1, 3, 3, 3, 1]]"),
                ],
            },
            Mistake {
                says: "your draw equals what comes out without top_k: apply it after the temperature",
                answer: &[
                    Part::text("tokens drawn", "[[4, 3, 1, 1, 1, 4, 1, 3, 2, 1, 1, 0], [4, 1, 1, 1, 3, 1, 3, 1, 1, 1, 4, 1], [3, 0, 1, 1, 3, 1, 2, 1, 4, 1, 0, 3], [1, 1, 1, 3, 1, 3, 1, 4, 1, 4, 4, 3], [1, 3, 1, 3, 1, 3, 3, 1, 3, 3, 3, 1]]"),
                ],
            },
            Mistake {
                says: "your draw equals what comes out without top_p: apply it after top_k",
                answer: &[
                    Part::text("tokens drawn", "[[4, 3, 1, 1, 1, 4, 1, 3, 2, 1, 1, 0], [4, 1, 1, 1, 3, 1, 3, 1, 1, 1, 4, 1], [3, 0, 1, 1, 3, 1, 2, 1, 4, 1, 0, 3], [1, 1, 1, 3, 1, 3, 1, 3, 1, 3, 3, 3], [0, 3, 0, 3, 1, 3, 4, 0, 3, 4, 3, 0]]"),
                ],
            },
            Mistake {
                says: "your draw gives every token the same chance: each has its probability",
                answer: &[
                    Part::text("tokens drawn", "[[4, 3, 2, 0, 1, 4, 1, 3, 2, 1, 1, 0], [4, 2, 0, 0, 4, 1, 4, 0, 3, 1, 4, 2], [3, 0, 1, 0, 3, 1, 2, 1, 4, 1, 0, 3], [0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1], [0, 2, 0, 2, 0, 1, 2, 0, 1, 2, 1, 0]]"),
                ],
            },
        ],
    },
    Known {
        exercise: "crop_to_context",
        read: "`cargo course hint 13.6`, then the chapter book/src/lesson13_generation.md",
        right: &[
            Part::text("the newest 3 of 5", "[3, 4, 5]"),
            Part::text("the newest 3 of 3", "[1, 2, 3]"),
        ],
        mistakes: &[
            Mistake {
                says: "you keep the oldest ids: the newest ones decide what comes next",
                answer: &[
                    Part::text("the newest 3 of 5", "[1, 2, 3]"),
                    Part::text("the newest 3 of 3", "[1, 2, 3]"),
                ],
            },
            Mistake {
                says: "you keep one id less than the model can see: context_length of them fit",
                answer: &[
                    Part::text("the newest 3 of 5", "[4, 5]"),
                    Part::text("the newest 3 of 3", "[2, 3]"),
                ],
            },
            Mistake {
                says: "you keep one id more than the model can see: context_length of them fit",
                answer: &[
                    Part::text("the newest 3 of 5", "[2, 3, 4, 5]"),
                    Part::text("the newest 3 of 3", "[1, 2, 3]"),
                ],
            },
        ],
    },
    Known {
        exercise: "generate",
        read: "`cargo course hint 13.7`, then the chapter book/src/lesson13_generation.md",
        right: &[
            Part::text("the new ids", "[0, 2, 3, 2, 5, 2, 5, 6]"),
        ],
        mistakes: &[
            Mistake {
                says: "you return the prompt with the new ids: return the new ones alone",
                answer: &[
                    Part::text("the new ids", "[3, 1, 4, 0, 2, 3, 2, 5, 2, 5, 6]"),
                ],
            },
            Mistake {
                says: "you sample from the logits of the first position: the last one says what comes next",
                answer: &[
                    Part::text("the new ids", "[2, 2, 2, 2, 5, 0, 5, 5]"),
                ],
            },
            Mistake {
                says: "you show the model the newest id alone: it must see all that fit its context",
                answer: &[
                    Part::text("the new ids", "[0, 2, 5, 2, 5, 2, 5, 2]"),
                ],
            },
            Mistake {
                says: "you show the model the prompt again and again: append each new id",
                answer: &[
                    Part::text("the new ids", "[0, 0, 0, 0, 0, 0, 0, 0]"),
                ],
            },
        ],
    },
];
