//! Wrong solutions of lesson 11, for maintainers: `cargo course verify 11` runs the suite on
//! each and demands that it is caught and called by its name. `lesson.toml` says the names.

use lesson02_embeddings::{
    Config, embedding_backward, embedding_forward, linear_backward, linear_forward,
};
use lesson03_cross_entropy::softmax;
use lesson04_rmsnorm::{rms_norm_backward, rms_norm_forward};
use lesson06_rope::{RopeTable, rope_table};
use lesson10_transformer_block::{BlockParams, Parameters, block_backward, block_forward};
use lesson11_tiny_gpt::solution as reference;
use lesson11_tiny_gpt::{GptParams, GptSaved};
use ndarray::{Array2, Array3, ArrayRef2, ArrayRef3, ArrayViewMutD, NdFloat};
use ndarray_rand::rand::rngs::StdRng;
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::{Distribution, StandardNormal};

pub mod init_parameters {
    use super::*;

    const STD: f64 = 0.02;

    pub fn without_the_smaller_writers<F: NdFloat>(
        config: &Config,
        rng: &mut impl Rng,
    ) -> GptParams<F> {
        drawn(config, rng, |_| STD)
    }

    pub fn root_of_n_layers<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
        let smaller = STD / (config.n_layers as f64).sqrt();
        drawn(config, rng, |name| if writes_to_stream(name) { smaller } else { STD })
    }

    pub fn divided_without_the_root<F: NdFloat>(
        config: &Config,
        rng: &mut impl Rng,
    ) -> GptParams<F> {
        let smaller = STD / (2.0 * config.n_layers as f64);
        drawn(config, rng, |name| if writes_to_stream(name) { smaller } else { STD })
    }

    pub fn only_w_o_smaller<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
        let smaller = smaller(config);
        drawn(config, rng, |name| if name.ends_with("w_o") { smaller } else { STD })
    }

    pub fn standard_deviation_1<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
        let smaller = smaller(config) / STD;
        drawn(config, rng, |name| if writes_to_stream(name) { smaller } else { 1.0 })
    }

    pub fn gains_of_zero<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
        let mut params = reference::init_parameters(config, rng);
        for (_, mut tensor) in params.named_mut() {
            if tensor.ndim() == 1 {
                tensor.fill(F::zero());
            }
        }
        params
    }

    pub fn gains_drawn<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
        let (mut params, smaller) = (GptParams::zeros(config), smaller(config));
        for (name, mut tensor) in params.named_mut() {
            let std = if writes_to_stream(&name) { smaller } else { STD };
            tensor.mapv_inplace(|_| normal(rng, std));
        }
        params
    }

    pub fn one_block_copied<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
        let mut params = reference::init_parameters(config, rng);
        let first = params.blocks[0].clone();
        params.blocks.fill(first);
        params
    }

    pub fn uniform<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
        let smaller = smaller(config);
        with_draw(config, |name| {
            let std = if writes_to_stream(name) { smaller } else { STD };
            F::from(rng.random_range(-std..std)).expect("a float")
        })
    }

    pub fn w_up_before_w_gate<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
        in_another_order(config, rng, |tensors| {
            for i in 1..tensors.len() {
                if tensors[i].0.ends_with("w_up") {
                    tensors.swap(i - 1, i);
                }
            }
        })
    }

    pub fn lm_head_before_the_blocks<F: NdFloat>(
        config: &Config,
        rng: &mut impl Rng,
    ) -> GptParams<F> {
        in_another_order(config, rng, |tensors| {
            if tensors.iter().any(|(name, _)| name == "lm_head") {
                tensors[1..].rotate_right(1);
            }
        })
    }

    pub fn scaled_after_rounding<F: NdFloat>(config: &Config, rng: &mut impl Rng) -> GptParams<F> {
        let smaller = smaller(config);
        with_draw(config, |name| {
            let std = if writes_to_stream(name) { smaller } else { STD };
            normal::<F>(rng, 1.0) * F::from(std).expect("a float")
        })
    }

    pub fn a_seed_of_its_own<F: NdFloat>(config: &Config, _rng: &mut impl Rng) -> GptParams<F> {
        reference::init_parameters(config, &mut StdRng::seed_from_u64(0))
    }

    fn smaller(config: &Config) -> f64 {
        STD / (2.0 * config.n_layers as f64).sqrt()
    }

    fn writes_to_stream(name: &str) -> bool {
        name.ends_with("w_o") || name.ends_with("w_down")
    }

    fn normal<F: NdFloat>(rng: &mut impl Rng, std: f64) -> F {
        let draw: f64 = StandardNormal.sample(rng);
        F::from(draw * std).expect("a float")
    }

    /// The right weights, but for the standard deviation that a matrix of a name gets.
    fn drawn<F: NdFloat>(
        config: &Config,
        rng: &mut impl Rng,
        std: impl Fn(&str) -> f64,
    ) -> GptParams<F> {
        with_draw(config, |name| normal(rng, std(name)))
    }

    /// Gains of 1, and what `draw` gives for each number of a matrix of a name.
    fn with_draw<F: NdFloat>(config: &Config, mut draw: impl FnMut(&str) -> F) -> GptParams<F> {
        let mut params = GptParams::zeros(config);
        for (name, mut tensor) in params.named_mut() {
            if tensor.ndim() == 1 {
                tensor.fill(F::one());
            } else {
                tensor.mapv_inplace(|_| draw(&name));
            }
        }
        params
    }

    /// The right weights, but drawn in the order that `arrange` makes.
    fn in_another_order<F: NdFloat>(
        config: &Config,
        rng: &mut impl Rng,
        arrange: impl Fn(&mut [(String, ArrayViewMutD<'_, F>)]),
    ) -> GptParams<F> {
        let (mut params, smaller) = (GptParams::zeros(config), smaller(config));
        let mut tensors = params.named_mut();
        arrange(&mut tensors);
        for (name, mut tensor) in tensors {
            if tensor.ndim() == 1 {
                tensor.fill(F::one());
                continue;
            }
            let std = if writes_to_stream(&name) { smaller } else { STD };
            tensor.mapv_inplace(|_| normal(rng, std));
        }
        params
    }
}

pub mod gpt_forward {
    use super::*;

    pub fn without_the_final_norm<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let (_, mut saved) = reference::gpt_forward(ids, params, config);
        saved.head_in.assign(&saved.residual[params.blocks.len()]);
        (linear_forward(&saved.head_in, params.head()), saved)
    }

    pub fn last_block_skipped<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let (_, saved) = reference::gpt_forward(ids, params, config);
        said(params.blocks.len() - 1, config.norm_eps, params, saved)
    }

    pub fn final_eps_always_1e_5<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let (_, saved) = reference::gpt_forward(ids, params, config);
        said(params.blocks.len(), 1e-5, params, saved)
    }

    pub fn first_block_every_time<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let blocks = vec![params.blocks[0].clone(); params.blocks.len()];
        reference::gpt_forward(ids, &GptParams { blocks, ..params.clone() }, config)
    }

    pub fn blocks_last_to_first<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let blocks = params.blocks.iter().rev().cloned().collect();
        reference::gpt_forward(ids, &GptParams { blocks, ..params.clone() }, config)
    }

    pub fn every_block_reads_the_embedding<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let embedded = embedding_forward(ids, &params.embedding);
        let saved = through_the_blocks(embedded, table(ids, config), |_| 0, params, config);
        said(params.blocks.len(), config.norm_eps, params, saved)
    }

    pub fn embedding_times_root_of_d_model<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let root = F::from(config.d_model).expect("a count").sqrt();
        let embedded = embedding_forward(ids, &params.embedding) * root;
        let saved = through_the_blocks(embedded, table(ids, config), |i| i, params, config);
        said(params.blocks.len(), config.norm_eps, params, saved)
    }

    pub fn head_is_always_the_embedding<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let (_, saved) = reference::gpt_forward(ids, params, config);
        (linear_forward(&saved.head_in, &params.embedding), saved)
    }

    pub fn theta_always_10000<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        reference::gpt_forward(ids, params, &Config { rope_theta: 10_000.0, ..*config })
    }

    pub fn table_of_d_model<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let embedded = embedding_forward(ids, &params.embedding);
        let rope = rope_table(ids.ncols(), config.d_model, config.rope_theta);
        let saved = through_the_blocks(embedded, rope, |i| i, params, config);
        said(params.blocks.len(), config.norm_eps, params, saved)
    }

    pub fn probabilities_for_logits<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let (logits, saved) = reference::gpt_forward(ids, params, config);
        (softmax(logits), saved)
    }

    pub fn last_stream_not_saved<F: NdFloat>(
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
    ) -> (Array3<F>, GptSaved<F>) {
        let (logits, mut saved) = reference::gpt_forward(ids, params, config);
        saved.residual.pop();
        (logits, saved)
    }

    fn table<F: NdFloat>(ids: &ArrayRef2<usize>, config: &Config) -> RopeTable<F> {
        rope_table(ids.ncols(), config.d_model / config.n_heads, config.rope_theta)
    }

    /// Final norm and head, of the stream before block i.
    fn said<F: NdFloat>(
        i: usize,
        eps: f64,
        params: &GptParams<F>,
        mut saved: GptSaved<F>,
    ) -> (Array3<F>, GptSaved<F>) {
        let eps = F::from(eps).expect("a float");
        (saved.head_in, saved.final_norm) =
            rms_norm_forward(&saved.residual[i], &params.final_norm, eps);
        (linear_forward(&saved.head_in, params.head()), saved)
    }

    /// The blocks one after the other; block i reads the stream that `source` says.
    fn through_the_blocks<F: NdFloat>(
        embedded: Array3<F>,
        rope: RopeTable<F>,
        source: impl Fn(usize) -> usize,
        params: &GptParams<F>,
        config: &Config,
    ) -> GptSaved<F> {
        let (mut residual, mut blocks) = (vec![embedded], Vec::new());
        for (i, block) in params.blocks.iter().enumerate() {
            let (out, saved) = block_forward(&residual[source(i)], block, &rope, config);
            residual.push(out);
            blocks.push(saved);
        }
        let eps = F::from(config.norm_eps).expect("a float");
        let (head_in, final_norm) = rms_norm_forward(&residual[0], &params.final_norm, eps);
        GptSaved { rope, residual, blocks, final_norm, head_in }
    }
}

pub mod gpt_backward {
    use super::*;

    pub fn reader_only<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len()];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let (d_x, blocks) = Blocks::right(params).back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let lm_head = params.lm_head.is_some().then_some(head.d_w);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn speaker_only<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len()];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let (d_x, blocks) = Blocks::right(params).back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let tied = params.lm_head.is_none();
        let embedding = if tied { head.d_w.clone() } else { embedding };
        let lm_head = (!tied).then_some(head.d_w);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn head_added_though_not_tied<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len()];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let (d_x, blocks) = Blocks::right(params).back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let embedding = embedding + &head.d_w;
        let lm_head = params.lm_head.is_some().then_some(head.d_w);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn lm_head_though_tied<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len()];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let (d_x, blocks) = Blocks::right(params).back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let lm_head = Some(head.d_w);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn head_gets_the_stream<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let last = &saved.residual[params.blocks.len()];
        let head = linear_backward(d_logits, last, params.head());
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let (d_x, blocks) = Blocks::right(params).back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let (embedding, lm_head) = tables(embedding, head.d_w, params);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn past_the_final_norm<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len()];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let (d_x, blocks) = Blocks::right(params).back(head.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let (embedding, lm_head) = tables(embedding, head.d_w, params);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn final_norm_gets_head_in<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.head_in;
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let (d_x, blocks) = Blocks::right(params).back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let (embedding, lm_head) = tables(embedding, head.d_w, params);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn final_norm_gets_one_stream_earlier<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len() - 1];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let (d_x, blocks) = Blocks::right(params).back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let (embedding, lm_head) = tables(embedding, head.d_w, params);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn blocks_not_turned_round<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len()];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let (d_x, mut blocks) = Blocks::right(params).back(final_norm.d_x, params, config, saved);
        blocks.reverse();
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let (embedding, lm_head) = tables(embedding, head.d_w, params);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn blocks_first_to_last<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len()];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let order = (0..params.blocks.len()).collect();
        let how = Blocks { order, ..Blocks::right(params) };
        let (d_x, blocks) = how.back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let (embedding, lm_head) = tables(embedding, head.d_w, params);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn d_x_not_handed_on<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len()];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let how = Blocks { hand_on: false, ..Blocks::right(params) };
        let (d_x, blocks) = how.back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let (embedding, lm_head) = tables(embedding, head.d_w, params);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    pub fn block_gets_what_it_wrote<F: NdFloat>(
        d_logits: &ArrayRef3<F>,
        ids: &ArrayRef2<usize>,
        params: &GptParams<F>,
        config: &Config,
        saved: &GptSaved<F>,
    ) -> GptParams<F> {
        let head = linear_backward(d_logits, &saved.head_in, params.head());
        let last = &saved.residual[params.blocks.len()];
        let final_norm = rms_norm_backward(&head.d_x, last, &params.final_norm, &saved.final_norm);
        let how = Blocks { ahead: 1, ..Blocks::right(params) };
        let (d_x, blocks) = how.back(final_norm.d_x, params, config, saved);
        let embedding = embedding_backward(&d_x, ids, config.vocab_size);
        let (embedding, lm_head) = tables(embedding, head.d_w, params);
        GptParams { embedding, blocks, final_norm: final_norm.d_weight, lm_head }
    }

    /// How to go back through the blocks.
    struct Blocks {
        order: Vec<usize>,
        /// Whether the gradient that one block sends back goes into the next.
        hand_on: bool,
        /// Block i gets the stream `i + ahead`.
        ahead: usize,
    }

    impl Blocks {
        fn right<F>(params: &GptParams<F>) -> Self {
            Self { order: (0..params.blocks.len()).rev().collect(), hand_on: true, ahead: 0 }
        }

        /// What the last one sends back, and the gradients in the order of the blocks.
        fn back<F: NdFloat>(
            self,
            mut d_x: Array3<F>,
            params: &GptParams<F>,
            config: &Config,
            saved: &GptSaved<F>,
        ) -> (Array3<F>, Vec<BlockParams<F>>) {
            let d_last = d_x.clone();
            let mut blocks = params.blocks.clone();
            for i in self.order {
                let d_out = if self.hand_on { &d_x } else { &d_last };
                let (x, block) = (&saved.residual[i + self.ahead], &params.blocks[i]);
                let grads = block_backward(d_out, x, block, &saved.rope, config, &saved.blocks[i]);
                d_x = grads.d_x;
                blocks[i] = grads.d_params;
            }
            (d_x, blocks)
        }
    }

    /// The gradients of the embedding table and of the head's own table, if there is one.
    fn tables<F: NdFloat>(
        embedding: Array2<F>,
        d_head: Array2<F>,
        params: &GptParams<F>,
    ) -> (Array2<F>, Option<Array2<F>>) {
        match params.lm_head {
            Some(_) => (embedding, Some(d_head)),
            None => (embedding + &d_head, None),
        }
    }
}

pub mod count_parameters {
    use super::*;

    pub fn tied_table_counted_twice(config: &Config) -> usize {
        reference::count_parameters(&Config { tie_embeddings: false, ..*config })
    }

    pub fn one_table_always(config: &Config) -> usize {
        reference::count_parameters(&Config { tie_embeddings: true, ..*config })
    }

    pub fn one_block(config: &Config) -> usize {
        reference::count_parameters(&Config { n_layers: 1, ..*config })
    }

    pub fn without_the_final_norm(config: &Config) -> usize {
        reference::count_parameters(config) - config.d_model
    }

    pub fn without_the_norms_of_the_blocks(config: &Config) -> usize {
        reference::count_parameters(config) - config.n_layers * 2 * config.d_model
    }

    pub fn one_norm_per_block(config: &Config) -> usize {
        reference::count_parameters(config) - config.n_layers * config.d_model
    }

    pub fn two_matrices_in_the_mlp(config: &Config) -> usize {
        reference::count_parameters(config) - config.n_layers * config.d_model * config.hidden_dim()
    }

    pub fn three_matrices_in_attention(config: &Config) -> usize {
        reference::count_parameters(config) - config.n_layers * config.d_model.pow(2)
    }

    pub fn hidden_dim_cut_off(config: &Config) -> usize {
        let hidden_dim = (config.hidden_multiplier * config.d_model as f64) as usize;
        with_hidden_dim(hidden_dim, config)
    }

    pub fn hidden_dim_always_4_d(config: &Config) -> usize {
        with_hidden_dim(4 * config.d_model, config)
    }

    pub fn with_a_table_of_positions(config: &Config) -> usize {
        reference::count_parameters(config) + config.context_length * config.d_model
    }

    pub fn with_biases(config: &Config) -> usize {
        let (d, h) = (config.d_model, config.hidden_dim());
        reference::count_parameters(config) + config.n_layers * (4 * d + 2 * h + d)
    }

    fn with_hidden_dim(hidden_dim: usize, config: &Config) -> usize {
        let without_mlp = Config { hidden_multiplier: 0.0, ..*config };
        let mlps = config.n_layers * 3 * config.d_model * hidden_dim;
        reference::count_parameters(&without_mlp) + mlps
    }
}
