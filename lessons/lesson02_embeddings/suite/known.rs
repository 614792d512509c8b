//! How this lesson's suite recognises known mistakes: by their answers to a fixed input.
//! Made by `cargo course verify --record 02`; do not edit.

use gradcheck::{Known, Mistake, Part};

#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = &[
    Known {
        exercise: "head_dim",
        read: "`cargo course hint 2.1`, then the chapter book/text/lesson02_embeddings.md",
        right: &[
            Part::text("head_dim(32, 4)", "Ok(8)"),
            Part::text("head_dim(32, 5)", "Err(HeadsDoNotDivide { d_model: 32, n_heads: 5 })"),
            Part::text("head_dim(7, 2)", "Err(HeadsDoNotDivide { d_model: 7, n_heads: 2 })"),
            Part::text("head_dim(12, 4)", "Err(OddHeadDim { head_dim: 3 })"),
            Part::text("head_dim(5, 1)", "Err(OddHeadDim { head_dim: 5 })"),
            Part::text("head_dim(0, 4)", "Err(Zero { name: \"d_model\" })"),
            Part::text("head_dim(32, 0)", "Err(Zero { name: \"n_heads\" })"),
        ],
        mistakes: &[
            Mistake {
                says: "your function lets d_model be divided with a rest: the dimensions of the rest would belong to no head",
                answer: &[
                    Part::text("head_dim(32, 4)", "Ok(8)"),
                    Part::text("head_dim(32, 5)", "Ok(6)"),
                    Part::text("head_dim(7, 2)", "Err(OddHeadDim { head_dim: 3 })"),
                    Part::text("head_dim(12, 4)", "Err(OddHeadDim { head_dim: 3 })"),
                    Part::text("head_dim(5, 1)", "Err(OddHeadDim { head_dim: 5 })"),
                    Part::text("head_dim(0, 4)", "Err(Zero { name: \"d_model\" })"),
                    Part::text("head_dim(32, 0)", "Err(Zero { name: \"n_heads\" })"),
                ],
            },
            Mistake {
                says: "your function lets a head have an odd number of dimensions: lesson 06 turns them in pairs",
                answer: &[
                    Part::text("head_dim(32, 4)", "Ok(8)"),
                    Part::text("head_dim(32, 5)", "Err(HeadsDoNotDivide { d_model: 32, n_heads: 5 })"),
                    Part::text("head_dim(7, 2)", "Err(HeadsDoNotDivide { d_model: 7, n_heads: 2 })"),
                    Part::text("head_dim(12, 4)", "Ok(3)"),
                    Part::text("head_dim(5, 1)", "Ok(5)"),
                    Part::text("head_dim(0, 4)", "Err(Zero { name: \"d_model\" })"),
                    Part::text("head_dim(32, 0)", "Err(Zero { name: \"n_heads\" })"),
                ],
            },
            Mistake {
                says: "your function demands an even d_model: it is d_model / n_heads that must be even",
                answer: &[
                    Part::text("head_dim(32, 4)", "Ok(8)"),
                    Part::text("head_dim(32, 5)", "Err(HeadsDoNotDivide { d_model: 32, n_heads: 5 })"),
                    Part::text("head_dim(7, 2)", "Err(HeadsDoNotDivide { d_model: 7, n_heads: 2 })"),
                    Part::text("head_dim(12, 4)", "Ok(3)"),
                    Part::text("head_dim(5, 1)", "Err(OddHeadDim { head_dim: 5 })"),
                    Part::text("head_dim(0, 4)", "Err(Zero { name: \"d_model\" })"),
                    Part::text("head_dim(32, 0)", "Err(Zero { name: \"n_heads\" })"),
                ],
            },
            Mistake {
                says: "your function reports an odd head_dim where the division has a rest: the rest must be checked first, for 7 / 2 is not 3",
                answer: &[
                    Part::text("head_dim(32, 4)", "Ok(8)"),
                    Part::text("head_dim(32, 5)", "Err(HeadsDoNotDivide { d_model: 32, n_heads: 5 })"),
                    Part::text("head_dim(7, 2)", "Err(OddHeadDim { head_dim: 3 })"),
                    Part::text("head_dim(12, 4)", "Err(OddHeadDim { head_dim: 3 })"),
                    Part::text("head_dim(5, 1)", "Err(OddHeadDim { head_dim: 5 })"),
                    Part::text("head_dim(0, 4)", "Err(Zero { name: \"d_model\" })"),
                    Part::text("head_dim(32, 0)", "Err(Zero { name: \"n_heads\" })"),
                ],
            },
            Mistake {
                says: "your function accepts a d_model of 0, which leaves every head without dimensions",
                answer: &[
                    Part::text("head_dim(32, 4)", "Ok(8)"),
                    Part::text("head_dim(32, 5)", "Err(HeadsDoNotDivide { d_model: 32, n_heads: 5 })"),
                    Part::text("head_dim(7, 2)", "Err(HeadsDoNotDivide { d_model: 7, n_heads: 2 })"),
                    Part::text("head_dim(12, 4)", "Err(OddHeadDim { head_dim: 3 })"),
                    Part::text("head_dim(5, 1)", "Err(OddHeadDim { head_dim: 5 })"),
                    Part::text("head_dim(0, 4)", "Ok(0)"),
                    Part::text("head_dim(32, 0)", "Err(Zero { name: \"n_heads\" })"),
                ],
            },
            Mistake {
                says: "your function has no error of its own for 0 heads: n_heads must be checked for 0 before the division",
                answer: &[
                    Part::text("head_dim(32, 4)", "Ok(8)"),
                    Part::text("head_dim(32, 5)", "Err(HeadsDoNotDivide { d_model: 32, n_heads: 5 })"),
                    Part::text("head_dim(7, 2)", "Err(HeadsDoNotDivide { d_model: 7, n_heads: 2 })"),
                    Part::text("head_dim(12, 4)", "Err(OddHeadDim { head_dim: 3 })"),
                    Part::text("head_dim(5, 1)", "Err(OddHeadDim { head_dim: 5 })"),
                    Part::text("head_dim(0, 4)", "Err(Zero { name: \"d_model\" })"),
                    Part::text("head_dim(32, 0)", "Err(HeadsDoNotDivide { d_model: 32, n_heads: 0 })"),
                ],
            },
            Mistake {
                says: "your function says that d_model is 0 where n_heads is: name the one that is 0",
                answer: &[
                    Part::text("head_dim(32, 4)", "Ok(8)"),
                    Part::text("head_dim(32, 5)", "Err(HeadsDoNotDivide { d_model: 32, n_heads: 5 })"),
                    Part::text("head_dim(7, 2)", "Err(HeadsDoNotDivide { d_model: 7, n_heads: 2 })"),
                    Part::text("head_dim(12, 4)", "Err(OddHeadDim { head_dim: 3 })"),
                    Part::text("head_dim(5, 1)", "Err(OddHeadDim { head_dim: 5 })"),
                    Part::text("head_dim(0, 4)", "Err(Zero { name: \"d_model\" })"),
                    Part::text("head_dim(32, 0)", "Err(Zero { name: \"d_model\" })"),
                ],
            },
        ],
    },
    Known {
        exercise: "embedding_forward",
        read: "`cargo course hint 2.2`, then the chapter book/text/lesson02_embeddings.md",
        right: &[
            Part::numbers("out", &[2, 2, 3], &[-0.1532239032657, 0.4348834663043, 0.05207987783252,
                1.663627129881, 0.7406675406604, -0.1271421178187, -0.6131804412502,
                -0.910128479357, 1.918441727069, -0.1532239032657, 0.4348834663043,
                0.05207987783252]),
        ],
        mistakes: &[
            Mistake {
                says: "your vectors are columns of the table: the vector of a token is a row",
                answer: &[
                    Part::numbers("out", &[2, 2, 3], &[-0.1271421178187, 1.918441727069,
                        0.05207987783252, 1.663627129881, -0.6131804412502, -0.1532239032657,
                        0.7406675406604, -0.910128479357, 0.4348834663043, -0.1271421178187,
                        1.918441727069, 0.05207987783252]),
                ],
            },
            Mistake {
                says: "your vectors are the rows 0, 1, 2, … of the table: take row ids[b, t], not row t",
                answer: &[
                    Part::numbers("out", &[2, 2, 3], &[1.663627129881, 0.7406675406604,
                        -0.1271421178187, -0.6131804412502, -0.910128479357, 1.918441727069,
                        1.663627129881, 0.7406675406604, -0.1271421178187, -0.6131804412502,
                        -0.910128479357, 1.918441727069]),
                ],
            },
            Mistake {
                says: "your vectors are those of ids[0, t] in every row of the batch: each row has its own ids",
                answer: &[
                    Part::numbers("out", &[2, 2, 3], &[-0.1532239032657, 0.4348834663043,
                        0.05207987783252, 1.663627129881, 0.7406675406604, -0.1271421178187,
                        -0.1532239032657, 0.4348834663043, 0.05207987783252, 1.663627129881,
                        0.7406675406604, -0.1271421178187]),
                ],
            },
            Mistake {
                says: "your vector of id 0 is all zeros: padding has a row in the table like any other token",
                answer: &[
                    Part::numbers("out", &[2, 2, 3], &[-0.1532239032657, 0.4348834663043,
                        0.05207987783252, 0.0, 0.0, 0.0, -0.6131804412502, -0.910128479357,
                        1.918441727069, -0.1532239032657, 0.4348834663043, 0.05207987783252]),
                ],
            },
            Mistake {
                says: "your vectors are the rows of the table times sqrt(d_model): they must be copied as they are",
                answer: &[
                    Part::numbers("out", &[2, 2, 3], &[-0.2653915853902, 0.7532402590107,
                        0.09020499445791, 2.881486713805, 1.282873811941, -0.220216607844,
                        -1.062059678453, -1.576388767662, 3.322838542644, -0.2653915853902,
                        0.7532402590107, 0.09020499445791]),
                ],
            },
        ],
    },
    Known {
        exercise: "embedding_backward",
        read: "`cargo course hint 2.3`, then the chapter book/text/lesson02_embeddings.md",
        right: &[
            Part::numbers("d_table", &[4, 2], &[-1.536405928204, 1.162186636616, -0.1532239032657,
                0.4348834663043, 0.0, 0.0, 1.588564889895, -0.03583911849665]),
        ],
        mistakes: &[
            Mistake {
                says: "your rows hold the gradient of the last use alone: a token used twice collects two, so add to the row",
                answer: &[
                    Part::numbers("d_table", &[4, 2], &[-0.6262774488466, -0.7562550904528,
                        -0.1532239032657, 0.4348834663043, 0.0, 0.0, 0.05207987783252,
                        -0.1633262179068]),
                ],
            },
            Mistake {
                says: "your rows hold the mean over the uses of a token: it must be their sum",
                answer: &[
                    Part::numbers("d_table", &[4, 2], &[-0.7682029641018, 0.5810933183082,
                        -0.1532239032657, 0.4348834663043, 0.0, 0.0, 0.5295216299651,
                        -0.01194637283222]),
                ],
            },
            Mistake {
                says: "your gradient is divided by the number of positions: every use adds its whole gradient",
                answer: &[
                    Part::numbers("d_table", &[4, 2], &[-0.2560676547006, 0.1936977727694,
                        -0.02553731721095, 0.07248057771739, 0.0, 0.0, 0.2647608149825,
                        -0.005973186416109]),
                ],
            },
            Mistake {
                says: "your gradients went to the rows 0, 1, 2, … of the table: they belong to row ids[b, t], not to row t",
                answer: &[
                    Part::numbers("d_table", &[4, 2], &[1.510403226616, 1.175551006965,
                        -0.07506223998621, -0.776506659157, -1.536405928204, 1.162186636616, 0.0,
                        0.0]),
                ],
            },
            Mistake {
                says: "your row of id 0 is all zeros: padding has a row like any other token, and the forward used it",
                answer: &[
                    Part::numbers("d_table", &[4, 2], &[0.0, 0.0, -0.1532239032657,
                        0.4348834663043, 0.0, 0.0, 1.588564889895, -0.03583911849665]),
                ],
            },
        ],
    },
    Known {
        exercise: "linear_forward",
        read: "`cargo course hint 2.4`, then the chapter book/text/lesson02_embeddings.md",
        right: &[
            Part::numbers("out", &[2, 3, 2], &[-3.087051149673, -0.1540646156342, 1.333935012478,
                0.01892602196426, -2.895219767138, 0.05442733133511, -0.7081894417661,
                0.0077251377345, 0.2713112065678, -0.002426407368943, 2.103997939586,
                0.06413278600309]),
        ],
        mistakes: &[
            Mistake {
                says: "your output equals x W: the weights are [d_out, d_in], so it must be x Wᵀ",
                answer: &[
                    Part::numbers("out", &[2, 3, 2], &[-1.690220953757, -3.291510881596,
                        0.1775336463263, 0.2587042484863, 0.7227831644966, 1.770845119802,
                        0.1119603880712, 0.296691189395, -0.03670687230413, -0.1006442203046,
                        0.677771072376, 1.245233892163]),
                ],
            },
            Mistake {
                says: "your output has the right vectors in the wrong places: they are folded position by position, but unfolded row by row of the batch",
                answer: &[
                    Part::numbers("out", &[2, 3, 2], &[-3.087051149673, -0.1540646156342,
                        -0.7081894417661, 0.0077251377345, 1.333935012478, 0.01892602196426,
                        0.2713112065678, -0.002426407368943, -2.895219767138, 0.05442733133511,
                        2.103997939586, 0.06413278600309]),
                ],
            },
            Mistake {
                says: "your output equals x Wᵀ / d_in: a dot product is a sum, not a mean",
                answer: &[
                    Part::numbers("out", &[2, 3, 2], &[-1.543525574837, -0.07703230781709,
                        0.6669675062388, 0.009463010982128, -1.447609883569, 0.02721366566755,
                        -0.3540947208831, 0.00386256886725, 0.1356556032839, -0.001213203684472,
                        1.051998969793, 0.03206639300155]),
                ],
            },
        ],
    },
    Known {
        exercise: "linear_backward",
        read: "`cargo course hint 2.5`, then the chapter book/text/lesson02_embeddings.md",
        right: &[
            Part::numbers("d_x", &[2, 3, 2], &[0.5951543836768, 1.10600060133, 0.7308268814347,
                1.451090117401, 0.653495116901, 1.285079888064, 0.3191052392202, 0.7210431443148,
                -0.03255720729245, 0.1120668274643, -0.0269379598191, -0.03396805196225]),
            Part::numbers("d_w", &[2, 2], &[-0.1984286484495, -1.371279026246, -0.8607431130225,
                -0.8135164116291]),
        ],
        mistakes: &[
            Mistake {
                says: "your d_x equals d_y Wᵀ: the forward had the transpose already, so it is d_y W",
                answer: &[
                    Part::numbers("d_x", &[2, 3, 2], &[1.701871388306, 0.0559195212724,
                        1.011212411179, 0.06573598266728, 1.048832541328, 0.05917318476306,
                        -0.5730608339875, 0.02594562344765, -2.095354068623, -0.00849996188888,
                        -0.2637385019195, -0.003038400008201]),
                    Part::numbers("d_w", &[2, 2], &[-0.1984286484495, -1.371279026246,
                        -0.8607431130225, -0.8135164116291]),
                ],
            },
            Mistake {
                says: "your d_w equals xᵀ d_y: it must be d_yᵀ x, shaped like w",
                answer: &[
                    Part::numbers("d_x", &[2, 3, 2], &[0.5951543836768, 1.10600060133,
                        0.7308268814347, 1.451090117401, 0.653495116901, 1.285079888064,
                        0.3191052392202, 0.7210431443148, -0.03255720729245, 0.1120668274643,
                        -0.0269379598191, -0.03396805196225]),
                    Part::numbers("d_w", &[2, 2], &[-0.1984286484495, -0.8607431130225,
                        -1.371279026246, -0.8135164116291]),
                ],
            },
            Mistake {
                says: "your d_w equals the mean over all positions: w is used at every one, so it must be their sum",
                answer: &[
                    Part::numbers("d_x", &[2, 3, 2], &[0.5951543836768, 1.10600060133,
                        0.7308268814347, 1.451090117401, 0.653495116901, 1.285079888064,
                        0.3191052392202, 0.7210431443148, -0.03255720729245, 0.1120668274643,
                        -0.0269379598191, -0.03396805196225]),
                    Part::numbers("d_w", &[2, 2], &[-0.03307144140825, -0.2285465043743,
                        -0.1434571855038, -0.1355860686049]),
                ],
            },
            Mistake {
                says: "your d_w is divided by the number of batch rows: w is used in every row, so it must be their sum",
                answer: &[
                    Part::numbers("d_x", &[2, 3, 2], &[0.5951543836768, 1.10600060133,
                        0.7308268814347, 1.451090117401, 0.653495116901, 1.285079888064,
                        0.3191052392202, 0.7210431443148, -0.03255720729245, 0.1120668274643,
                        -0.0269379598191, -0.03396805196225]),
                    Part::numbers("d_w", &[2, 2], &[-0.09921432422476, -0.685639513123,
                        -0.4303715565113, -0.4067582058146]),
                ],
            },
            Mistake {
                says: "your d_w equals that of the last batch row alone: add the gradients of all rows instead of overwriting them",
                answer: &[
                    Part::numbers("d_x", &[2, 3, 2], &[0.5951543836768, 1.10600060133,
                        0.7308268814347, 1.451090117401, 0.653495116901, 1.285079888064,
                        0.3191052392202, 0.7210431443148, -0.03255720729245, 0.1120668274643,
                        -0.0269379598191, -0.03396805196225]),
                    Part::numbers("d_w", &[2, 2], &[0.04287374856918, -0.162248396778,
                        -0.09415829450498, -0.06787298726557]),
                ],
            },
            Mistake {
                says: "your d_w equals the product of the summed d_out and the summed x: multiply at each position first, and add the products",
                answer: &[
                    Part::numbers("d_x", &[2, 3, 2], &[0.5951543836768, 1.10600060133,
                        0.7308268814347, 1.451090117401, 0.653495116901, 1.285079888064,
                        0.3191052392202, 0.7210431443148, -0.03255720729245, 0.1120668274643,
                        -0.0269379598191, -0.03396805196225]),
                    Part::numbers("d_w", &[2, 2], &[0.2382633069611, -3.680643866067,
                        -0.07552503340215, 1.166695596026]),
                ],
            },
        ],
    },
];
