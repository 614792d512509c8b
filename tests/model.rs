//! Tests of the whole model: what no single lesson can promise.
//!
//! They run on the crates' roots, as the capstone does, on a tiny model with weights large
//! enough for finite differences, once tied and once with a head of its own.

use gradcheck::{assert_close, assert_gradient, random};
use lesson01_tokens::{Batch, PAD, pad_conversations};
use lesson02_embeddings::Config;
use lesson03_cross_entropy::cross_entropy_forward;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::{GptParams, count_parameters, gpt_forward, loss_and_gradients};
use ndarray::{Array2, Array3, ArrayD, array, s};

#[test]
fn tensors_have_the_documented_names_in_the_documented_order() {
    let block = [
        "attn_norm",
        "attention.w_q",
        "attention.w_k",
        "attention.w_v",
        "attention.w_o",
        "mlp_norm",
        "mlp.w_gate",
        "mlp.w_up",
        "mlp.w_down",
    ];
    for tied in [false, true] {
        let mut expected = vec!["embedding".to_string()];
        for i in 0..2 {
            expected.extend(block.map(|name| format!("blocks.{i}.{name}")));
        }
        expected.push("final_norm".to_string());
        if !tied {
            expected.push("lm_head".to_string());
        }
        assert_eq!(names(&params(&config(tied))), expected, "tied: {tied}");
    }
}

#[test]
fn named_and_named_mut_agree() {
    for config in [config(false), config(true)] {
        let params = params(&config);
        let mut copy = params.clone();
        let tensors = params.named();
        let writable = copy.named_mut();
        assert_eq!(tensors.len(), writable.len(), "named and named_mut have other tensors");
        for ((name, tensor), (name_mut, tensor_mut)) in tensors.into_iter().zip(writable) {
            assert_eq!(name, name_mut, "named and named_mut have another order");
            assert_eq!(tensor, tensor_mut, "{name} is another tensor in named_mut");
        }
    }
}

#[test]
fn the_count_of_parameters_is_the_number_of_numbers() {
    for config in [config(false), config(true), Config::course()] {
        let sizes = GptParams::<f32>::zeros(&config);
        let n: usize = sizes.named().iter().map(|(_, tensor)| tensor.len()).sum();
        assert_eq!(count_parameters(&config), n, "{config:?}");
    }
}

#[test]
fn no_weight_is_dead() {
    for config in [config(false), config(true)] {
        let params = params(&config);
        let before = logits(&ids(), &params, &config);
        for (name, tensor) in params.named() {
            let changed = with_tensor(&params, &name, &(&tensor + 0.1));
            let after = logits(&ids(), &changed, &config);
            let largest = (after - &before).fold(0.0, |max: f64, d| max.max(d.abs()));
            assert!(
                largest > 1e-3,
                "{name} changes the logits by {largest:.1e} only. Tied: {}.\n\n\
                 Usual cause: a weight that is stored and counted, but not used",
                config.tie_embeddings
            );
        }
    }
}

#[test]
fn a_future_token_changes_no_earlier_logit() {
    for config in [config(false), config(true)] {
        let params = params(&config);
        let before = logits(&ids(), &params, &config);
        let seq_len = ids().ncols();
        for t in 1..seq_len {
            let mut changed = ids();
            changed.column_mut(t).mapv_inplace(|id| (id + 3) % config.vocab_size);
            let after = logits(&changed, &params, &config);
            let earlier = s![.., ..t, ..];
            assert_eq!(
                bits(&after.slice(earlier).to_owned()),
                bits(&before.slice(earlier).to_owned()),
                "token {t} changed a logit before it"
            );
            let own = s![.., t.., ..];
            assert_ne!(
                bits(&after.slice(own).to_owned()),
                bits(&before.slice(own).to_owned()),
                "token {t} changed nothing at all"
            );
        }
    }
}

#[test]
fn the_texts_of_a_batch_do_not_influence_each_other() {
    for config in [config(false), config(true)] {
        let params = params(&config);
        let before = logits(&ids(), &params, &config);
        let mut changed = ids();
        changed.row_mut(1).mapv_inplace(|id| (id + 3) % config.vocab_size);
        let after = logits(&changed, &params, &config);
        let first = s![..1, .., ..];
        assert_eq!(
            bits(&after.slice(first).to_owned()),
            bits(&before.slice(first).to_owned()),
            "the second text changed a logit of the first"
        );

        let alone = logits(&ids().slice(s![..1, ..]).to_owned(), &params, &config);
        let hint = "a text alone and in a batch is the same text";
        assert_close("logits of the first text", &before.slice(first), &alone, 1e-12, hint);
    }
}

#[test]
fn every_gradient_of_the_loss_is_right_at_every_index() {
    check_gradients(&config(false));
}

#[test]
fn every_gradient_of_the_loss_is_right_at_every_index_if_tied() {
    check_gradients(&config(true));
}

#[test]
fn the_returned_loss_is_that_of_the_batch_whatever_its_share() {
    let config = config(false);
    let params = params(&config);
    let (expected, _) =
        cross_entropy_forward(logits(&ids(), &params, &config), &targets(), Some(PAD));
    for share in [1.0, 0.25] {
        let (loss, _) = loss_and_gradients(&ids(), &targets(), Some(PAD), share, &params, &config);
        let hint = "`share` scales the gradients, not the loss that is reported";
        assert_close("loss", &array![loss], &array![expected], 1e-12, hint);
    }
}

#[test]
fn padding_after_a_conversation_changes_no_loss_and_no_gradient() {
    let conversations = [vec![1, 5, 2, 4], vec![3, 3], vec![6]];
    for config in [config(false), config(true)] {
        let params = params(&config);
        let run = |seq_len| {
            let Batch { ids, targets } = pad_conversations(&conversations, seq_len);
            loss_and_gradients(&ids, &targets, Some(PAD), 1.0, &params, &config)
        };
        let (expected, wanted) = run(3); // as long as the longest needs
        let (loss, grads) = run(5);
        let hint = "padded targets are not scored, and real tokens do not look ahead";
        assert_close("loss", &array![loss], &array![expected], 1e-12, hint);
        for ((name, grad), (_, wanted)) in grads.named().into_iter().zip(wanted.named()) {
            assert_close(&name, &grad, &wanted, 1e-12, hint);
        }
    }
}

#[test]
fn f32_gradients_agree_with_f64() {
    for config in [config(false), config(true)] {
        let params = params(&config);
        let mut narrow = GptParams::<f32>::zeros(&config);
        for ((_, mut place), (_, tensor)) in narrow.named_mut().into_iter().zip(params.named()) {
            place.assign(&tensor.mapv(|x| x as f32));
        }
        let (loss, grads) =
            loss_and_gradients(&ids(), &targets(), Some(PAD), 1.0, &narrow, &config);
        let (expected, wanted) =
            loss_and_gradients(&ids(), &targets(), Some(PAD), 1.0, &params, &config);
        let hint = "a step that f32 cannot do exactly enough";
        assert_close("loss", &array![f64::from(loss)], &array![expected], 1e-4, hint);
        for ((name, grad), (_, wanted)) in grads.named().into_iter().zip(wanted.named()) {
            let size = wanted.fold(0.0, |max: f64, g| max.max(g.abs()));
            let (grad, wanted) = (grad.mapv(f64::from) / size, wanted.mapv(|g| g / size));
            let name = format!("d_params.{name}, in units of its largest number");
            assert_close(&name, &grad, &wanted, 1e-4, hint);
        }
    }
}

/// Compares all gradients of `0.25 * loss` with finite differences.
fn check_gradients(config: &Config) {
    let (ids, targets, params, share) = (ids(), targets(), params(config), 0.25);
    let (_, grads) = loss_and_gradients(&ids, &targets, Some(PAD), share, &params, config);
    assert_eq!(names(&grads), names(&params), "gradients have the names of the weights");
    for ((name, tensor), (_, grad)) in params.named().into_iter().zip(grads.named()) {
        assert_gradient(&format!("d_params.{name}"), &tensor, &grad, |value| {
            let params = with_tensor(&params, &name, &value.to_owned());
            let logits = logits(&ids, &params, config);
            share * cross_entropy_forward(logits, &targets, Some(PAD)).0
        });
    }
}

/// Seven tokens, two blocks, two heads of four dimensions, `hidden_dim` 12.
fn config(tie_embeddings: bool) -> Config {
    Config {
        vocab_size: 7,
        context_length: 6,
        d_model: 8,
        n_layers: 2,
        n_heads: 2,
        hidden_multiplier: 1.5,
        norm_eps: 0.1,
        rope_theta: 50.0,
        tie_embeddings,
    }
}

/// Two texts of five tokens.
fn ids() -> Array2<usize> {
    array![[1, 5, 1, 4, 6], [2, 4, 3, 2, 1]]
}

/// What comes next; two of the targets are padding.
fn targets() -> Array2<usize> {
    array![[5, 1, 4, 6, 3], [4, 3, 2, PAD, PAD]]
}

/// Gains with standard deviation 1, matrices with 1/2.
fn params(config: &Config) -> GptParams<f64> {
    let mut params = GptParams::zeros(config);
    for (seed, (_, mut tensor)) in (1..).zip(params.named_mut()) {
        let std = if tensor.ndim() == 1 { 1.0 } else { 0.5 };
        let values = random(tensor.shape(), seed) * std;
        tensor.assign(&values);
    }
    params
}

/// A copy of the model with another value for one tensor.
fn with_tensor(params: &GptParams<f64>, name: &str, value: &ArrayD<f64>) -> GptParams<f64> {
    let mut copy = params.clone();
    let mut tensors = copy.named_mut().into_iter();
    let (_, mut place) = tensors.find(|(other, _)| other == name).expect("a tensor of this name");
    place.assign(value);
    drop(tensors);
    copy
}

fn logits(ids: &Array2<usize>, params: &GptParams<f64>, config: &Config) -> Array3<f64> {
    gpt_forward(ids, params, config).0
}

fn names(params: &GptParams<f64>) -> Vec<String> {
    params.named().into_iter().map(|(name, _)| name).collect()
}

/// Numbers as bits: equal only if they are the same to the last one.
fn bits(x: &Array3<f64>) -> Array3<u64> {
    x.mapv(f64::to_bits)
}
