//! How this lesson's suite recognises known mistakes: by their answers to a fixed input.
//! Made by `cargo course verify --record 04`; do not edit.

use gradcheck::{Known, Mistake, Part};

#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = &[
    Known {
        exercise: "rms_norm_forward",
        read: "`cargo course hint 4.1`, then the chapter book/text/lesson04_rmsnorm.md",
        right: &[
            Part::numbers("out", &[1, 2, 3], &[-1.281043018537, -1.15128768345, 0.008704075542262,
                0.4107770222319, 1.23076001772, -0.1142594031553]),
            Part::numbers("saved.inv_rms", &[1, 2], &[0.7879139619193, 0.6854707461297]),
        ],
        mistakes: &[
            Mistake {
                says: "your output equals what comes out with the sum of the squares: divide it by d_model before the root",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[-0.8305179170756, -0.7463957376746,
                        0.005642972628417, 0.2582466738393, 0.7737523368364, -0.07183242786903]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[0.510815525333, 0.4309407065671]),
                ],
            },
            Mistake {
                says: "your output equals what comes out when dividing by mean(x²) + eps itself: the root of it is missing",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[-1.009351680124, -0.9071156399759,
                        0.006858062645348, 0.2815756319222, 0.8436499876533, -0.07832147833323]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[0.6208084113874, 0.4698701437996]),
                ],
            },
            Mistake {
                says: "your output equals what comes out when the mean of x is subtracted first: LayerNorm does so, RMSNorm does not",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[-0.8691175006481, 0.03565412995521,
                        0.0756984680395, 0.5010580676014, 1.414649083126, -0.1068512789543]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[0.9831151223696, 0.6882816463849]),
                ],
            },
            Mistake {
                says: "your output equals what comes out when eps is added after the root: it belongs under the root, to mean(x²)",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[-1.046282342067, -0.940305638767,
                        0.007108988856823, 0.3374173391755, 1.010961538419, -0.09385409042352]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[0.643522858714, 0.5630541698391]),
                ],
            },
            Mistake {
                says: "your output equals what comes out without eps: a vector of zeros would be divided by 0",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[-1.542646477736, -1.386393637088,
                        0.01048154611744, 0.4696312583164, 1.407097633327, -0.1306299631532]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[0.9488148957733, 0.7836818313131]),
                ],
            },
            Mistake {
                says: "your output equals what comes out when eps is 1e-5: eps is an argument, and may be another number",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[-1.542639533948, -1.386387396628,
                        0.01048149893772, 0.469629816186, 1.407093312451, -0.1306295620184]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[0.9488106249504, 0.7836794248049]),
                ],
            },
            Mistake {
                says: "your output equals what comes out without the weight: it is x * inv_rms only",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[1.310795043061, 0.5835822964267,
                        -0.1001770497774, -0.4203172545759, -0.6238664478187, 1.315035682061]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[0.7879139619193, 0.6854707461297]),
                ],
            },
            Mistake {
                says: "your inv_rms equals that of x * weight: measure x alone, the weight comes after",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[-1.123862780292, -1.010028045987,
                        0.00763611088562, 0.4591317995131, 1.375639412921, -0.1277094933328]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[0.6912392191831, 0.7661612021874]),
                ],
            },
            Mistake {
                says: "your output equals what comes out with one mean over the whole array: each vector is measured by itself",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[-1.189102384055, -1.0686596073,
                        0.008079382837682, 0.4382798954466, 1.313163450466, -0.1219094461434]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[0.7313652679819, 0.7313652679819]),
                ],
            },
            Mistake {
                says: "your output is right, but you saved the root mean square: the backward needs 1 divided by it",
                answer: &[
                    Part::numbers("out", &[1, 2, 3], &[-1.281043018537, -1.15128768345,
                        0.008704075542262, 0.4107770222319, 1.23076001772, -0.1142594031553]),
                    Part::numbers("saved.inv_rms", &[1, 2], &[1.269174108254, 1.458851461782]),
                ],
            },
        ],
    },
    Known {
        exercise: "rms_norm_backward",
        read: "`cargo course hint 4.2`, then the chapter book/text/lesson04_rmsnorm.md",
        right: &[
            Part::numbers("d_x", &[1, 2, 3], &[-0.04719408599414, 0.7002732579955,
                0.08666340345327, 0.01919928813278, 0.7597036207988, 0.2640282439701]),
            Part::numbers("d_weight", &[3], &[-0.6673659473596, 0.06306864606175,
                -0.2020789483173]),
        ],
        mistakes: &[
            Mistake {
                says: "your d_x equals what comes out when inv_rms is taken for a constant: it depends on x too, which gives the term with mean(g x)",
                answer: &[
                    Part::numbers("d_x", &[1, 2, 3], &[0.428756039936, 0.9121721883014,
                        0.05028908260941, 0.09959857914094, 0.879038288939, 0.01248506952968]),
                    Part::numbers("d_weight", &[3], &[-0.6673659473596, 0.06306864606175,
                        -0.2020789483173]),
                ],
            },
            Mistake {
                says: "your d_x equals what comes out with inv_rms² in the second term: the derivative of inv_rms has its third power, -inv_rms³ x_i / d_model",
                answer: &[
                    Part::numbers("d_x", &[1, 2, 3], &[-0.1753075367149, 0.6432355523904,
                        0.09645442882977, -0.01769204407254, 0.7049467338815, 0.3794491972633]),
                    Part::numbers("d_weight", &[3], &[-0.6673659473596, 0.06306864606175,
                        -0.2020789483173]),
                ],
            },
            Mistake {
                says: "your d_x equals what comes out when the term with mean(g x) is added: a larger x makes inv_rms smaller, so it is subtracted",
                answer: &[
                    Part::numbers("d_x", &[1, 2, 3], &[0.9047061658662, 1.124071118607,
                        0.01391476176556, 0.1799978701491, 0.9983729570792, -0.2390581049107]),
                    Part::numbers("d_weight", &[3], &[-0.6673659473596, 0.06306864606175,
                        -0.2020789483173]),
                ],
            },
            Mistake {
                says: "your d_x equals what comes out with the sum of g x: divide it by d_model",
                answer: &[
                    Part::numbers("d_x", &[1, 2, 3], &[-0.9990943378545, 0.2764753973838,
                        0.159412045141, -0.1415992938836, 0.5210342845185, 0.7671145928509]),
                    Part::numbers("d_weight", &[3], &[-0.6673659473596, 0.06306864606175,
                        -0.2020789483173]),
                ],
            },
            Mistake {
                says: "your d_x equals what comes out with g = d_out: g is d_out * weight",
                answer: &[
                    Part::numbers("d_x", &[1, 2, 3], &[-0.09488486851505, -0.3092988382337,
                        -0.6050647153448, -0.08343794683483, -0.4181601697913, -0.2014917897678]),
                    Part::numbers("d_weight", &[3], &[-0.6673659473596, 0.06306864606175,
                        -0.2020789483173]),
                ],
            },
            Mistake {
                says: "your d_x equals what comes out with mean(d_out x) in the second term: the mean is of g x, and g is d_out * weight",
                answer: &[
                    Part::numbers("d_x", &[1, 2, 3], &[0.7725850035862, 1.065249129847,
                        0.02401207508729, 0.1180723729306, 0.906458481624, -0.04531340948094]),
                    Part::numbers("d_weight", &[3], &[-0.6673659473596, 0.06306864606175,
                        -0.2020789483173]),
                ],
            },
            Mistake {
                says: "your d_weight equals that of the last vector alone: add the gradients of all vectors instead of overwriting them",
                answer: &[
                    Part::numbers("d_x", &[1, 2, 3], &[-0.04719408599414, 0.7002732579955,
                        0.08666340345327, 0.01919928813278, 0.7597036207988, 0.2640282439701]),
                    Part::numbers("d_weight", &[3], &[0.06249028608469, 0.4055353777318,
                        -0.2756672432573]),
                ],
            },
            Mistake {
                says: "your d_weight equals the mean over all vectors: it must be their sum",
                answer: &[
                    Part::numbers("d_x", &[1, 2, 3], &[-0.04719408599414, 0.7002732579955,
                        0.08666340345327, 0.01919928813278, 0.7597036207988, 0.2640282439701]),
                    Part::numbers("d_weight", &[3], &[-0.3336829736798, 0.03153432303087,
                        -0.1010394741586]),
                ],
            },
            Mistake {
                says: "your d_weight equals the sum of d_out * x: the weight was multiplied by x * inv_rms",
                answer: &[
                    Part::numbers("d_x", &[1, 2, 3], &[-0.04719408599414, 0.7002732579955,
                        0.08666340345327, 0.01919928813278, 0.7597036207988, 0.2640282439701]),
                    Part::numbers("d_weight", &[3], &[-0.8351505890337, 0.1569659698342,
                        -0.3087612021828]),
                ],
            },
        ],
    },
];
