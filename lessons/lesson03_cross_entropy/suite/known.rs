//! How this lesson's suite recognises known mistakes: by their answers to a fixed input.
//! Made by `cargo course verify --record 03`; do not edit.

use gradcheck::{Known, Mistake, Part};

#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = &[
    Known {
        exercise: "softmax",
        read: "`cargo course hint 3.1`, then the chapter book/text/lesson03_cross_entropy.md",
        right: &[
            Part::numbers("probs", &[2, 3], &[0.6393154241617, 0.2540264422386, 0.1066581335997,
                0.06984718532444, 0.05190222970371, 0.8782505849719]),
        ],
        mistakes: &[
            Mistake {
                says: "your probabilities equal what comes out along the first axis: a row runs along the last one",
                answer: &[
                    Part::numbers("probs", &[2, 3], &[0.9069379509012, 0.8389986057819,
                        0.1144993703043, 0.09306204909879, 0.1610013942181, 0.8855006296957]),
                ],
            },
            Mistake {
                says: "your probabilities equal what comes out when all rows share one sum: each row must sum to 1 by itself",
                answer: &[
                    Part::numbers("probs", &[2, 3], &[0.3296787981773, 0.1309950128175,
                        0.05500090248422, 0.03382875804494, 0.02513756227232, 0.4253589662037]),
                ],
            },
            Mistake {
                says: "your probabilities equal exp(s - max): the division by the sum of the row is missing",
                answer: &[
                    Part::numbers("probs", &[2, 3], &[1.0, 0.3973413320532, 0.1668317853265,
                        0.07952990469875, 0.05909729021743, 1.0]),
                ],
            },
            Mistake {
                says: "your probabilities equal the scores divided by their sum: exp must make each of them positive first",
                answer: &[
                    Part::numbers("probs", &[2, 3], &[0.7305734206925, 0.3252603958284,
                        -0.05583381652085, -1.551833791632, -2.303348303337, 4.855182094969]),
                ],
            },
            Mistake {
                says: "your probabilities equal exp(s - max) divided by the sum of the scores: it must be the sum of the exponentials",
                answer: &[
                    Part::numbers("probs", &[2, 3], &[0.439144930718, 0.1744904317359,
                        0.07326333280878, 0.2012738588093, 0.1495631070135, 2.530794668643]),
                ],
            },
        ],
    },
    Known {
        exercise: "softmax_backward",
        read: "`cargo course hint 3.2`, then the chapter book/text/lesson03_cross_entropy.md",
        right: &[
            Part::numbers("d_scores", &[2, 3], &[0.100955055311, -0.2127676103992, 0.1118125550881,
                0.06700716254067, 0.01220657447194, -0.07921373701262]),
        ],
        mistakes: &[
            Mistake {
                says: "your d_scores equal p * d_p: the shared sum of the row must be subtracted from each d_p first",
                answer: &[
                    Part::numbers("d_scores", &[2, 3], &[-0.6248044384212, -0.501141854389,
                        -0.009267196968881, -0.0008974982832706, -0.03825219903004,
                        -0.9330392392706]),
                ],
            },
            Mistake {
                says: "your d_scores equal what comes out with Σ d_p as the shared sum: it is Σ d_p * p",
                answer: &[
                    Part::numbers("d_scores", &[2, 3], &[1.316785815962, 0.2703322035891,
                        0.3146517715424, 0.1256822415223, 0.0558070060862, 0.6585600501415]),
                ],
            },
            Mistake {
                says: "your d_scores equal what comes out with the mean of d_p as the shared sum: it is Σ d_p * p, a mean in which each counts as much as its p",
                answer: &[
                    Part::numbers("d_scores", &[2, 3], &[0.02239231303979, -0.243983835063,
                        0.09870579253488, 0.04129574831858, -0.006899130657961, -0.4025061427999]),
                ],
            },
            Mistake {
                says: "your d_scores equal what comes out with one Σ d_p * p over the whole array: each row has its own",
                answer: &[
                    Part::numbers("d_scores", &[2, 3], &[0.7224904376685, 0.03419408634496,
                        0.2155044125704, 0.1462986295441, 0.07112668578121, 0.9177881744538]),
                ],
            },
            Mistake {
                says: "your d_scores equal d_p * p * (1 - p): a score also changes the other probabilities of its row",
                answer: &[
                    Part::numbers("d_scores", &[2, 3], &[-0.2253573238538, -0.3738385720617,
                        -0.008278775036479, -0.0008348105543507, -0.03626682460931,
                        -0.1135969815795]),
                ],
            },
            Mistake {
                says: "your d_scores equal d_p - shared: the factor p_i is missing",
                answer: &[
                    Part::numbers("d_scores", &[2, 3], &[0.1579111835811, -0.8375805625752,
                        1.048326567459, 0.9593394813181, 0.2351840092733, -0.0901949151735]),
                ],
            },
            Mistake {
                says: "your d_scores equal p * d_p - shared: the factor p_i belongs to both terms, p * (d_p - shared)",
                answer: &[
                    Part::numbers("d_scores", &[2, 3], &[0.5104090513579, 0.6340716353901,
                        1.12594629281, 0.9712914383006, 0.9339367375539, 0.03914969731331]),
                ],
            },
        ],
    },
    Known {
        exercise: "log_softmax",
        read: "`cargo course hint 3.3`, then the chapter book/text/lesson03_cross_entropy.md",
        right: &[
            Part::numbers("log_probs", &[2, 3], &[-0.4473573248593, -1.37031691408,
                -2.238126572559, -2.661445490091, -2.958393528197, -0.1298233217711]),
        ],
        mistakes: &[
            Mistake {
                says: "your log probabilities equal what comes out along the first axis: a row runs along the last one",
                answer: &[
                    Part::numbers("log_probs", &[2, 3], &[-0.09768124256195, -0.1755462342781,
                        -2.167185955529, -2.374488813694, -1.826342254295, -0.1216021106407]),
                ],
            },
            Mistake {
                says: "your log probabilities equal s - ln Σ exp(s - max): the maximum must be subtracted outside of the sum too",
                answer: &[
                    Part::numbers("log_probs", &[2, 3], &[1.216269805022, 0.2933102158011,
                        -0.574499442678, -0.7430037630213, -1.039951801128, 1.788618405298]),
                ],
            },
            Mistake {
                says: "your log probabilities equal s - max - Σ exp(s - max): the logarithm of the sum is missing",
                answer: &[
                    Part::numbers("log_probs", &[2, 3], &[-1.56417311738, -2.487132706601,
                        -3.35494236508, -3.670249363236, -3.967197401342, -1.138627194916]),
                ],
            },
            Mistake {
                says: "your log probabilities equal s - max: the logarithm of the sum must be subtracted too",
                answer: &[
                    Part::numbers("log_probs", &[2, 3], &[0.0, -0.9229595892211, -1.7907692477,
                        -2.531622168319, -2.828570206426, 0.0]),
                ],
            },
            Mistake {
                says: "your log probabilities have the wrong sign: the logarithm of a number below 1 is negative, and the minus of the loss comes later",
                answer: &[
                    Part::numbers("log_probs", &[2, 3], &[0.4473573248593, 1.37031691408,
                        2.238126572559, 2.661445490091, 2.958393528197, 0.1298233217711]),
                ],
            },
        ],
    },
    Known {
        exercise: "cross_entropy_forward",
        read: "`cargo course hint 3.4`, then the chapter book/text/lesson03_cross_entropy.md",
        right: &[
            Part::numbers("loss", &[], &[2.412950115431]),
            Part::numbers("saved.log_probs", &[2, 3, 4], &[-0.5108962498267, -1.433855839048,
                -2.301665497527, -2.787703820958, -3.173508080709, -0.3449378742827,
                -2.416603504618, -1.828496135048, -1.01496370283, -1.230369798569, -1.693321029509,
                -1.823298671115, -0.5685531495438, -1.28091441859, -2.900155010917,
                -2.294042954703, -1.010378137431, -2.099532053082, -0.817727730138,
                -2.631486426536, -2.493828189813, -4.425268303819, -0.1684240624716,
                -2.806097607642]),
            Part::text("saved.n_scored", "3"),
        ],
        mistakes: &[
            Mistake {
                says: "your loss equals the sum over the scored targets: divide it by their number",
                answer: &[
                    Part::numbers("loss", &[], &[7.238850346292]),
                    Part::numbers("saved.log_probs", &[2, 3, 4], &[-0.5108962498267,
                        -1.433855839048, -2.301665497527, -2.787703820958, -3.173508080709,
                        -0.3449378742827, -2.416603504618, -1.828496135048, -1.01496370283,
                        -1.230369798569, -1.693321029509, -1.823298671115, -0.5685531495438,
                        -1.28091441859, -2.900155010917, -2.294042954703, -1.010378137431,
                        -2.099532053082, -0.817727730138, -2.631486426536, -2.493828189813,
                        -4.425268303819, -0.1684240624716, -2.806097607642]),
                    Part::text("saved.n_scored", "3"),
                ],
            },
            Mistake {
                says: "your loss equals what comes out when padding is scored: targets equal to pad must be skipped",
                answer: &[
                    Part::numbers("loss", &[], &[2.000125074865]),
                    Part::numbers("saved.log_probs", &[2, 3, 4], &[-0.5108962498267,
                        -1.433855839048, -2.301665497527, -2.787703820958, -3.173508080709,
                        -0.3449378742827, -2.416603504618, -1.828496135048, -1.01496370283,
                        -1.230369798569, -1.693321029509, -1.823298671115, -0.5685531495438,
                        -1.28091441859, -2.900155010917, -2.294042954703, -1.010378137431,
                        -2.099532053082, -0.817727730138, -2.631486426536, -2.493828189813,
                        -4.425268303819, -0.1684240624716, -2.806097607642]),
                    Part::text("saved.n_scored", "6"),
                ],
            },
            Mistake {
                says: "your loss equals what comes out when padding is left out of the sum, but not out of the count",
                answer: &[
                    Part::numbers("loss", &[], &[1.206475057715]),
                    Part::numbers("saved.log_probs", &[2, 3, 4], &[-0.5108962498267,
                        -1.433855839048, -2.301665497527, -2.787703820958, -3.173508080709,
                        -0.3449378742827, -2.416603504618, -1.828496135048, -1.01496370283,
                        -1.230369798569, -1.693321029509, -1.823298671115, -0.5685531495438,
                        -1.28091441859, -2.900155010917, -2.294042954703, -1.010378137431,
                        -2.099532053082, -0.817727730138, -2.631486426536, -2.493828189813,
                        -4.425268303819, -0.1684240624716, -2.806097607642]),
                    Part::text("saved.n_scored", "6"),
                ],
            },
            Mistake {
                says: "your loss equals what comes out with 0 as padding: pad is an argument, and may be another id or None",
                answer: &[
                    Part::numbers("loss", &[], &[1.765448473696]),
                    Part::numbers("saved.log_probs", &[2, 3, 4], &[-0.5108962498267,
                        -1.433855839048, -2.301665497527, -2.787703820958, -3.173508080709,
                        -0.3449378742827, -2.416603504618, -1.828496135048, -1.01496370283,
                        -1.230369798569, -1.693321029509, -1.823298671115, -0.5685531495438,
                        -1.28091441859, -2.900155010917, -2.294042954703, -1.010378137431,
                        -2.099532053082, -0.817727730138, -2.631486426536, -2.493828189813,
                        -4.425268303819, -0.1684240624716, -2.806097607642]),
                    Part::text("saved.n_scored", "5"),
                ],
            },
            Mistake {
                says: "your loss has the wrong sign: logarithms of probabilities are negative, and the loss is minus their mean",
                answer: &[
                    Part::numbers("loss", &[], &[-2.412950115431]),
                    Part::numbers("saved.log_probs", &[2, 3, 4], &[-0.5108962498267,
                        -1.433855839048, -2.301665497527, -2.787703820958, -3.173508080709,
                        -0.3449378742827, -2.416603504618, -1.828496135048, -1.01496370283,
                        -1.230369798569, -1.693321029509, -1.823298671115, -0.5685531495438,
                        -1.28091441859, -2.900155010917, -2.294042954703, -1.010378137431,
                        -2.099532053082, -0.817727730138, -2.631486426536, -2.493828189813,
                        -4.425268303819, -0.1684240624716, -2.806097607642]),
                    Part::text("saved.n_scored", "3"),
                ],
            },
            Mistake {
                says: "your loss equals the mean of the means of the batch rows: it is one mean over all scored targets",
                answer: &[
                    Part::numbers("loss", &[], &[2.467584193207]),
                    Part::numbers("saved.log_probs", &[2, 3, 4], &[-0.5108962498267,
                        -1.433855839048, -2.301665497527, -2.787703820958, -3.173508080709,
                        -0.3449378742827, -2.416603504618, -1.828496135048, -1.01496370283,
                        -1.230369798569, -1.693321029509, -1.823298671115, -0.5685531495438,
                        -1.28091441859, -2.900155010917, -2.294042954703, -1.010378137431,
                        -2.099532053082, -0.817727730138, -2.631486426536, -2.493828189813,
                        -4.425268303819, -0.1684240624716, -2.806097607642]),
                    Part::text("saved.n_scored", "3"),
                ],
            },
            Mistake {
                says: "your loss equals what comes out when the logits are taken for log probabilities: log_softmax comes first",
                answer: &[
                    Part::numbers("loss", &[], &[0.3282213451987]),
                    Part::numbers("saved.log_probs", &[2, 3, 4], &[1.663627129881, 0.7406675406604,
                        -0.1271421178187, -0.6131804412502, -0.910128479357, 1.918441727069,
                        -0.1532239032657, 0.4348834663043, 0.05207987783252, -0.1633262179068,
                        -0.6262774488466, -0.7562550904528, 0.5374575760654, -0.1749036929809,
                        -1.794144285308, -1.188032229094, 0.8059051922055, -0.283248723446,
                        0.9985555994983, -0.8152030968994, 0.6460375154737, -1.285402598533,
                        2.971441642815, 0.3337680976444]),
                    Part::text("saved.n_scored", "3"),
                ],
            },
            Mistake {
                says: "your loss is right, but you saved the probabilities: the backward needs their logarithms",
                answer: &[
                    Part::numbers("loss", &[], &[2.412950115431]),
                    Part::numbers("saved.log_probs", &[2, 3, 4], &[0.59995762586, 0.2383879622347,
                        0.1000920018425, 0.06156241006288, 0.04185650405134, 0.708264353532,
                        0.0892241528116, 0.1606549896051, 0.362415584254, 0.2921845082871,
                        0.1839077456381, 0.1614921618207, 0.5663442616528, 0.2777831741835,
                        0.05501469151761, 0.100857872646, 0.3640812807785, 0.1225137447706,
                        0.4414335719631, 0.07197140248777, 0.08259317823558, 0.01197099900514,
                        0.8449954278469, 0.06044039491235]),
                    Part::text("saved.n_scored", "3"),
                ],
            },
        ],
    },
    Known {
        exercise: "cross_entropy_backward",
        read: "`cargo course hint 3.5`, then the chapter book/text/lesson03_cross_entropy.md",
        right: &[
            Part::numbers("d_logits", &[1, 3, 4], &[-0.8999364387899, 1.142418056648,
                -0.1501380027637, -0.09234361509432, 1.437215243923, -1.062396530298,
                -0.1338362292174, -0.2409824844076, 0.0, 0.0, 0.0, 0.0]),
        ],
        mistakes: &[
            Mistake {
                says: "your d_logits equal what comes out without the division by n_scored: the loss is a mean",
                answer: &[
                    Part::numbers("d_logits", &[1, 3, 4], &[-1.79987287758, 2.284836113296,
                        -0.3002760055274, -0.1846872301886, 2.874430487846, -2.124793060596,
                        -0.2676724584348, -0.4819649688152, 0.0, 0.0, 0.0, 0.0]),
                ],
            },
            Mistake {
                says: "your d_logits equal what comes out when dividing by all positions: only the scored ones count, and saved.n_scored is their number",
                answer: &[
                    Part::numbers("d_logits", &[1, 3, 4], &[-0.59995762586, 0.7616120377653,
                        -0.1000920018425, -0.06156241006288, 0.9581434959487, -0.708264353532,
                        -0.0892241528116, -0.1606549896051, 0.0, 0.0, 0.0, 0.0]),
                ],
            },
            Mistake {
                says: "your d_logits equal what comes out when padding is not skipped: where the target is pad, the row must be 0",
                answer: &[
                    Part::numbers("d_logits", &[1, 3, 4], &[-0.8999364387899, 1.142418056648,
                        -0.1501380027637, -0.09234361509432, 1.437215243923, -1.062396530298,
                        -0.1338362292174, -0.2409824844076, -0.543623376381, -0.4382767624307,
                        1.224138381543, -0.2422382427311]),
                ],
            },
            Mistake {
                says: "your d_logits equal what comes out without the 1: it must be subtracted from p at the target",
                answer: &[
                    Part::numbers("d_logits", &[1, 3, 4], &[-0.8999364387899, -0.357581943352,
                        -0.1501380027637, -0.09234361509432, -0.06278475607701, -1.062396530298,
                        -0.1338362292174, -0.2409824844076, 0.0, 0.0, 0.0, 0.0]),
                ],
            },
            Mistake {
                says: "your d_logits equal what comes out when a whole 1 is subtracted at the target: it must be scaled as p is, by d_loss / n_scored",
                answer: &[
                    Part::numbers("d_logits", &[1, 3, 4], &[-0.8999364387899, -1.357581943352,
                        -0.1501380027637, -0.09234361509432, -1.062784756077, -1.062396530298,
                        -0.1338362292174, -0.2409824844076, 0.0, 0.0, 0.0, 0.0]),
                ],
            },
            Mistake {
                says: "your d_logits are 0 except at the targets: that is the gradient of log_probs, and the softmax passes it on to every logit",
                answer: &[
                    Part::numbers("d_logits", &[1, 3, 4], &[0.0, 1.5, 0.0, 0.0, 1.5, 0.0, 0.0, 0.0,
                        0.0, 0.0, 0.0, 0.0]),
                ],
            },
            Mistake {
                says: "your d_logits equal what comes out with log_probs in the place of the probabilities: exp is missing",
                answer: &[
                    Part::numbers("d_logits", &[1, 3, 4], &[0.7663443747401, 3.650783758572,
                        3.45249824629, 4.181555731438, 6.260262121063, 0.5174068114241,
                        3.624905256926, 2.742744202571, 0.0, 0.0, 0.0, 0.0]),
                ],
            },
            Mistake {
                says: "your d_logits have the wrong sign: it is p minus 1 at the target, not 1 minus p",
                answer: &[
                    Part::numbers("d_logits", &[1, 3, 4], &[0.8999364387899, -1.142418056648,
                        0.1501380027637, 0.09234361509432, -1.437215243923, 1.062396530298,
                        0.1338362292174, 0.2409824844076, 0.0, 0.0, 0.0, 0.0]),
                ],
            },
            Mistake {
                says: "your d_logits equal what comes out with d_loss = 1: multiply by the d_loss that is passed in",
                answer: &[
                    Part::numbers("d_logits", &[1, 3, 4], &[0.29997881293, -0.3808060188827,
                        0.05004600092124, 0.03078120503144, -0.4790717479743, 0.354132176766,
                        0.0446120764058, 0.08032749480253, 0.0, 0.0, 0.0, 0.0]),
                ],
            },
        ],
    },
    Known {
        exercise: "perplexity",
        read: "`cargo course hint 3.6`, then the chapter book/text/lesson03_cross_entropy.md",
        right: &[
            Part::numbers("perplexity", &[], &[4.481689070338]),
        ],
        mistakes: &[
            Mistake {
                says: "your perplexity equals 2 to the power of the loss: the loss is in nats, so the base is e",
                answer: &[
                    Part::numbers("perplexity", &[], &[2.828427124746]),
                ],
            },
            Mistake {
                says: "your perplexity equals e to the power of minus the loss: the loss has its minus already",
                answer: &[
                    Part::numbers("perplexity", &[], &[0.2231301601484]),
                ],
            },
            Mistake {
                says: "your perplexity equals the logarithm of the loss: undo the logarithm, do not take another",
                answer: &[
                    Part::numbers("perplexity", &[], &[0.4054651081082]),
                ],
            },
        ],
    },
];
