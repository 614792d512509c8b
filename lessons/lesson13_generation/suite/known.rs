//! How this lesson's suite recognises known mistakes: by their answers to a fixed input.
//! Made by `cargo course verify --record 13`; do not edit.

use gradcheck::{Known, Mistake, Part};

#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = &[
    Known {
        exercise: "estimate_loss",
        read: "`cargo course hint 13.1`, then the chapter book/text/lesson13_generation.md",
        right: &[
            Part::numbers("loss", &[], &[2.067526660496]),
            Part::numbers("loss of no batches", &[], &[0.0]),
        ],
        mistakes: &[
            Mistake {
                says: "your loss is the plain mean of the batches' losses: a batch with more scored targets must count more",
                answer: &[
                    Part::numbers("loss", &[], &[1.920917698605]),
                    Part::numbers("loss of no batches", &[], &[0.0]),
                ],
            },
            Mistake {
                says: "your loss is the sum of the batches' losses: it must be a mean over all scored targets",
                answer: &[
                    Part::numbers("loss", &[], &[3.841835397209]),
                    Part::numbers("loss of no batches", &[], &[0.0]),
                ],
            },
            Mistake {
                says: "your loss counts each batch by all its targets, padding too: count it by its scored targets, saved.n_scored",
                answer: &[
                    Part::numbers("loss", &[], &[2.109414935322]),
                    Part::numbers("loss of no batches", &[], &[0.0]),
                ],
            },
            Mistake {
                says: "your loss equals what comes out with pad = None: padding must not be scored",
                answer: &[
                    Part::numbers("loss", &[], &[2.514923214207]),
                    Part::numbers("loss of no batches", &[], &[0.0]),
                ],
            },
            Mistake {
                says: "your loss compares the logits with ids instead of targets: each position must guess the token after it",
                answer: &[
                    Part::numbers("loss", &[], &[2.048813027649]),
                    Part::numbers("loss of no batches", &[], &[0.0]),
                ],
            },
            Mistake {
                says: "your loss is in bits: it must be in nats, without a division by ln 2",
                answer: &[
                    Part::numbers("loss", &[], &[2.982810460003]),
                    Part::numbers("loss of no batches", &[], &[0.0]),
                ],
            },
            Mistake {
                says: "your answer is the perplexity, exp of the loss: return the loss itself",
                answer: &[
                    Part::numbers("loss", &[], &[7.905246559484]),
                    Part::numbers("loss of no batches", &[], &[1.0]),
                ],
            },
            Mistake {
                says: "your loss is right, but without a scored target it is 0 / 0: it must be 0 then",
                answer: &[
                    Part::numbers("loss", &[], &[2.067526660496]),
                    Part::numbers("loss of no batches", &[], &[f64::NAN]),
                ],
            },
        ],
    },
    Known {
        exercise: "scale_by_temperature",
        read: "`cargo course hint 13.2`, then the chapter book/text/lesson13_generation.md",
        right: &[
            Part::numbers("logits", &[3], &[2.0, -4.0, 1.0]),
        ],
        mistakes: &[
            Mistake {
                says: "your logits are multiplied by the temperature: divide, so that a small temperature makes large differences",
                answer: &[
                    Part::numbers("logits", &[3], &[0.5, -1.0, 0.25]),
                ],
            },
            Mistake {
                says: "your logits are as they were: divide them by the temperature",
                answer: &[
                    Part::numbers("logits", &[3], &[1.0, -2.0, 0.5]),
                ],
            },
            Mistake {
                says: "your answer is the softmax of logits / temperature: return the logits, the softmax comes later",
                answer: &[
                    Part::numbers("logits", &[3], &[0.7297362141184, 0.001808835229138,
                        0.2684549506524]),
                ],
            },
            Mistake {
                says: "your answer is the softmax divided by the temperature: divide the logits, and leave the softmax for later",
                answer: &[
                    Part::numbers("logits", &[3], &[1.207497792297, 0.06011777513915,
                        0.7323844325636]),
                ],
            },
        ],
    },
    Known {
        exercise: "top_k",
        read: "`cargo course hint 13.3`, then the chapter book/text/lesson13_generation.md",
        right: &[
            Part::numbers("logits", &[7], &[1.0, 3.0, f64::NEG_INFINITY, 1.0, 2.0,
                f64::NEG_INFINITY, f64::NEG_INFINITY]),
        ],
        mistakes: &[
            Mistake {
                says: "your function keeps k + 1 logits: exactly k may stay",
                answer: &[
                    Part::numbers("logits", &[7], &[1.0, 3.0, f64::NEG_INFINITY, 1.0, 2.0, 1.0,
                        f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function keeps k - 1 logits: exactly k must stay",
                answer: &[
                    Part::numbers("logits", &[7], &[1.0, 3.0, f64::NEG_INFINITY, f64::NEG_INFINITY,
                        2.0, f64::NEG_INFINITY, f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function keeps every logit that equals the k-th: of equal ones only the first stay, so that there are exactly k",
                answer: &[
                    Part::numbers("logits", &[7], &[1.0, 3.0, f64::NEG_INFINITY, 1.0, 2.0, 1.0,
                        1.0]),
                ],
            },
            Mistake {
                says: "your function keeps only what is larger than the k-th logit: the k-th stays too",
                answer: &[
                    Part::numbers("logits", &[7], &[f64::NEG_INFINITY, 3.0, f64::NEG_INFINITY,
                        f64::NEG_INFINITY, 2.0, f64::NEG_INFINITY, f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function keeps the last of equal logits: keep the first, the smaller ids",
                answer: &[
                    Part::numbers("logits", &[7], &[f64::NEG_INFINITY, 3.0, f64::NEG_INFINITY,
                        f64::NEG_INFINITY, 2.0, 1.0, 1.0]),
                ],
            },
            Mistake {
                says: "your function keeps the k smallest logits: keep the largest",
                answer: &[
                    Part::numbers("logits", &[7], &[1.0, f64::NEG_INFINITY, -0.5, 1.0,
                        f64::NEG_INFINITY, 1.0, f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function hides with 0: exp(0) is 1, so a hidden token still gets a share; hide with minus infinity",
                answer: &[
                    Part::numbers("logits", &[7], &[1.0, 3.0, 0.0, 1.0, 2.0, 0.0, 0.0]),
                ],
            },
        ],
    },
    Known {
        exercise: "top_p",
        read: "`cargo course hint 13.4`, then the chapter book/text/lesson13_generation.md",
        right: &[
            Part::numbers("logits for p = 0.6", &[4], &[f64::NEG_INFINITY, 1.5, f64::NEG_INFINITY,
                1.0]),
            Part::numbers("logits for p = 0.25", &[4], &[f64::NEG_INFINITY, 1.5, f64::NEG_INFINITY,
                f64::NEG_INFINITY]),
            Part::numbers("equal logits for p = 0.5", &[4], &[2.0, 2.0, f64::NEG_INFINITY,
                f64::NEG_INFINITY]),
        ],
        mistakes: &[
            Mistake {
                says: "your function hides the token that reaches p: it must stay, for without it the sum is below p",
                answer: &[
                    Part::numbers("logits for p = 0.6", &[4], &[f64::NEG_INFINITY, 1.5,
                        f64::NEG_INFINITY, f64::NEG_INFINITY]),
                    Part::numbers("logits for p = 0.25", &[4], &[f64::NEG_INFINITY,
                        f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY]),
                    Part::numbers("equal logits for p = 0.5", &[4], &[2.0, 2.0, f64::NEG_INFINITY,
                        f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function keeps one more token when the sum is exactly p: p is enough",
                answer: &[
                    Part::numbers("logits for p = 0.6", &[4], &[f64::NEG_INFINITY, 1.5,
                        f64::NEG_INFINITY, 1.0]),
                    Part::numbers("logits for p = 0.25", &[4], &[f64::NEG_INFINITY, 1.5,
                        f64::NEG_INFINITY, f64::NEG_INFINITY]),
                    Part::numbers("equal logits for p = 0.5", &[4], &[2.0, 2.0, 2.0,
                        f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function compares each probability with p: compare the sum of the better ones",
                answer: &[
                    Part::numbers("logits for p = 0.6", &[4], &[f64::NEG_INFINITY,
                        f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY]),
                    Part::numbers("logits for p = 0.25", &[4], &[f64::NEG_INFINITY, 1.5,
                        f64::NEG_INFINITY, 1.0]),
                    Part::numbers("equal logits for p = 0.5", &[4], &[f64::NEG_INFINITY,
                        f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function adds up logits: add up probabilities, their softmax",
                answer: &[
                    Part::numbers("logits for p = 0.6", &[4], &[f64::NEG_INFINITY, 1.5,
                        f64::NEG_INFINITY, f64::NEG_INFINITY]),
                    Part::numbers("logits for p = 0.25", &[4], &[f64::NEG_INFINITY, 1.5,
                        f64::NEG_INFINITY, f64::NEG_INFINITY]),
                    Part::numbers("equal logits for p = 0.5", &[4], &[2.0, f64::NEG_INFINITY,
                        f64::NEG_INFINITY, f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function adds up in the order of ids: the most probable token comes first",
                answer: &[
                    Part::numbers("logits for p = 0.6", &[4], &[0.3, 1.5, f64::NEG_INFINITY,
                        f64::NEG_INFINITY]),
                    Part::numbers("logits for p = 0.25", &[4], &[0.3, 1.5, f64::NEG_INFINITY,
                        f64::NEG_INFINITY]),
                    Part::numbers("equal logits for p = 0.5", &[4], &[2.0, 2.0, f64::NEG_INFINITY,
                        f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function begins with the least probable token: begin with the best",
                answer: &[
                    Part::numbers("logits for p = 0.6", &[4], &[0.3, 1.5, -0.8, 1.0]),
                    Part::numbers("logits for p = 0.25", &[4], &[0.3, f64::NEG_INFINITY, -0.8,
                        1.0]),
                    Part::numbers("equal logits for p = 0.5", &[4], &[f64::NEG_INFINITY,
                        f64::NEG_INFINITY, 2.0, 2.0]),
                ],
            },
            Mistake {
                says: "your function chooses the right tokens, but gives back probabilities: give back their logits",
                answer: &[
                    Part::numbers("logits for p = 0.6", &[4], &[f64::NEG_INFINITY, 0.4980120069484,
                        f64::NEG_INFINITY, 0.3020595511192]),
                    Part::numbers("logits for p = 0.25", &[4], &[f64::NEG_INFINITY,
                        0.4980120069484, f64::NEG_INFINITY, f64::NEG_INFINITY]),
                    Part::numbers("equal logits for p = 0.5", &[4], &[0.25, 0.25,
                        f64::NEG_INFINITY, f64::NEG_INFINITY]),
                ],
            },
            Mistake {
                says: "your function hides with 0: exp(0) is 1, so a hidden token still gets a share; hide with minus infinity",
                answer: &[
                    Part::numbers("logits for p = 0.6", &[4], &[0.0, 1.5, 0.0, 1.0]),
                    Part::numbers("logits for p = 0.25", &[4], &[0.0, 1.5, 0.0, 0.0]),
                    Part::numbers("equal logits for p = 0.5", &[4], &[2.0, 2.0, 0.0, 0.0]),
                ],
            },
        ],
    },
    Known {
        exercise: "sample",
        read: "`cargo course hint 13.5`, then the chapter book/text/lesson13_generation.md",
        right: &[
            Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
            Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
            Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
            Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
            Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
            Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
            Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 1]"),
            Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
        ],
        mistakes: &[
            Mistake {
                says: "your ids are always the most probable ones: above temperature 0 they must be drawn",
                answer: &[
                    Part::text("ids", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids at temperature 1/2", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 1, 1]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out when the logits are multiplied by the temperature: divide them",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 0, 1, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 3, 3, 3, 3, 3]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 1]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out without top-k",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[0, 2, 3]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out without top-p",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 1]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out when top-p comes before the temperature: the temperature is first, for it changes the probabilities",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 1]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out when top-p comes before top-k: top-p must see only what top-k has left",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 1]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out with the probabilities from before the hiding: take the softmax after top-k and top-p, so that what is left sums to 1",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 3, 3, 3, 2, 2, 2]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 3, 3, 3, 2, 2, 2]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 1]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out when all tokens that are left are equally likely: draw by their probabilities",
                answer: &[
                    Part::text("ids", "[0, 0, 1, 1, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 0, 1, 1, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 3, 3, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 3, 3, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 1]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out with `<=`: a draw at the upper end of an interval belongs to the next token, and a draw of 0 must not pick a hidden one",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[0, 1, 2]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your function returns the last id when rounding leaves the draw behind all intervals: that id may be hidden, return the most probable one",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 3]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, true)"),
                ],
            },
            Mistake {
                says: "your function picks the last of equal logits at temperature 0: pick the first",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 1]"),
                    Part::text("the greedy id, and whether rng was left alone", "(2, true)"),
                ],
            },
            Mistake {
                says: "your ids are right, but a number is drawn at temperature 0: leave `rng` as it is",
                answer: &[
                    Part::text("ids", "[0, 0, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2", "[0, 1, 2, 2, 2, 2, 3, 3, 3]"),
                    Part::text("ids with top_k = 2", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids with top_p = 0.6", "[2, 2, 2, 2, 2, 3, 3, 3, 3]"),
                    Part::text("ids at temperature 1/2 with top_k = 2 and top_p = 0.6", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids with top_k = 2 and top_p = 0.5", "[2, 2, 2, 2, 2, 2, 2, 2, 2]"),
                    Part::text("ids for the smallest, the middle and the largest draw", "[1, 2, 1]"),
                    Part::text("the greedy id, and whether rng was left alone", "(1, false)"),
                ],
            },
        ],
    },
    Known {
        exercise: "crop_to_context",
        read: "`cargo course hint 13.6`, then the chapter book/text/lesson13_generation.md",
        right: &[
            Part::text("ids", "[8, 9, 5]"),
        ],
        mistakes: &[
            Mistake {
                says: "your function keeps the oldest ids: the newest say what comes next",
                answer: &[
                    Part::text("ids", "[5, 6, 7]"),
                ],
            },
            Mistake {
                says: "your function keeps one id too few: context_length ids fit",
                answer: &[
                    Part::text("ids", "[9, 5]"),
                ],
            },
            Mistake {
                says: "your function keeps one id too many: context_length ids fit",
                answer: &[
                    Part::text("ids", "[7, 8, 9, 5]"),
                ],
            },
            Mistake {
                says: "your function keeps all ids: only the newest context_length may stay",
                answer: &[
                    Part::text("ids", "[5, 6, 7, 8, 9, 5]"),
                ],
            },
        ],
    },
    Known {
        exercise: "generate",
        read: "`cargo course hint 13.7`, then the chapter book/text/lesson13_generation.md",
        right: &[
            Part::text("the new ids", "[6, 6, 0, 2, 2, 6, 1, 5, 5, 3, 2, 0]"),
            Part::text("the new ids, stopped at the third", "[6, 2, 1]"),
            Part::text("the ids on_token got", "[6, 2, 1]"),
        ],
        mistakes: &[
            Mistake {
                says: "your ids equal what comes out when the model reads only the newest id after the first step: without a cache it must read the whole text again",
                answer: &[
                    Part::text("the new ids", "[6, 4, 2, 1, 3, 6, 1, 5, 2, 3, 2, 0]"),
                    Part::text("the new ids, stopped at the third", "[6, 2, 1]"),
                    Part::text("the ids on_token got", "[6, 2, 1]"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out with the logits of the first position: the last one says what comes next",
                answer: &[
                    Part::text("the new ids", "[6, 5, 2, 2, 3, 6, 1, 4, 4, 3, 2, 0]"),
                    Part::text("the new ids, stopped at the third", "[6, 2, 2]"),
                    Part::text("the ids on_token got", "[6, 2, 2]"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out when a long text loses its newest ids: the model must see the newest context_length",
                answer: &[
                    Part::text("the new ids", "[6, 6, 0, 2, 2, 6, 2, 5, 3, 2, 2, 1]"),
                    Part::text("the new ids, stopped at the third", "[6, 2, 1]"),
                    Part::text("the ids on_token got", "[6, 2, 1]"),
                ],
            },
            Mistake {
                says: "your ids equal what comes out when the model reads the prompt alone in every step: add each new id to the text",
                answer: &[
                    Part::text("the new ids", "[6, 3, 0, 0, 0, 6, 0, 3, 1, 0, 0, 0]"),
                    Part::text("the new ids, stopped at the third", "[6, 2, 2]"),
                    Part::text("the ids on_token got", "[6, 2, 2]"),
                ],
            },
            Mistake {
                says: "your ids are always the best ones: hand `sampling` on to `sample`",
                answer: &[
                    Part::text("the new ids", "[0, 2, 3, 2, 5, 2, 5, 6, 5, 6, 6, 1]"),
                    Part::text("the new ids, stopped at the third", "[2, 5, 6]"),
                    Part::text("the ids on_token got", "[2, 5, 6]"),
                ],
            },
            Mistake {
                says: "your function goes on after Break: end the text there",
                answer: &[
                    Part::text("the new ids", "[6, 6, 0, 2, 2, 6, 1, 5, 5, 3, 2, 0]"),
                    Part::text("the new ids, stopped at the third", "[6, 2, 1, 1, 5]"),
                    Part::text("the ids on_token got", "[6, 2, 1, 1, 5]"),
                ],
            },
            Mistake {
                says: "your function leaves out the id at which on_token said Break: it belongs to the text",
                answer: &[
                    Part::text("the new ids", "[6, 6, 0, 2, 2, 6, 1, 5, 5, 3, 2, 0]"),
                    Part::text("the new ids, stopped at the third", "[6, 2]"),
                    Part::text("the ids on_token got", "[6, 2, 1]"),
                ],
            },
            Mistake {
                says: "your answer begins with the prompt: return the new ids only",
                answer: &[
                    Part::text("the new ids", "[3, 1, 4, 6, 6, 0, 2, 2, 6, 1, 5, 5, 3, 2, 0]"),
                    Part::text("the new ids, stopped at the third", "[3, 6, 2, 1]"),
                    Part::text("the ids on_token got", "[6, 2, 1]"),
                ],
            },
            Mistake {
                says: "your function gives the prompt to on_token too: give it the new ids only",
                answer: &[
                    Part::text("the new ids", "[6, 6, 0, 2, 2, 6, 1, 5, 5, 3, 2, 0]"),
                    Part::text("the new ids, stopped at the third", "[6, 2]"),
                    Part::text("the ids on_token got", "[3, 6, 2]"),
                ],
            },
            Mistake {
                says: "your function makes one token too many: n_new is the number of new ids",
                answer: &[
                    Part::text("the new ids", "[6, 6, 0, 2, 2, 6, 1, 5, 5, 3, 2, 0, 5]"),
                    Part::text("the new ids, stopped at the third", "[2, 2, 1]"),
                    Part::text("the ids on_token got", "[2, 2, 1]"),
                ],
            },
        ],
    },
];
