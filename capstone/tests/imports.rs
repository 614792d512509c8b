//! Models that others wrote: other number types, several files, shared heads, tied tables
//! under either name; and what cannot be represented is refused by name.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use capstone::checkpoint::{Model, load, save};
use capstone::tokenizer::Tokenizer;
use half::{bf16, f16};
use lesson02_embeddings::Config;
use lesson10_transformer_block::Parameters;
use lesson11_tiny_gpt::init_parameters;
use ndarray::s;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::rngs::StdRng;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde_json::{Value, json};

/// A model whose weights are whole eighths, which every number type holds exactly.
fn model(tie_embeddings: bool) -> Model {
    let tokenizer = Tokenizer::of_characters("hello, world");
    let vocab_size = tokenizer.vocab_size();
    let config = Config { vocab_size, d_model: 16, n_heads: 4, tie_embeddings, ..Config::course() };
    let mut params = init_parameters(&config, &mut StdRng::seed_from_u64(1));
    for (_, mut tensor) in params.named_mut() {
        tensor.mapv_inplace(|x: f32| (x * 400.0).round() / 8.0);
    }
    Model { config, params, tokenizer }
}

/// Name, type, shape and bytes of a tensor.
type Raw = (String, Dtype, Vec<usize>, Vec<u8>);

fn tensors(directory: &Path) -> Vec<Raw> {
    let bytes = fs::read(directory.join("model.safetensors")).expect("it is there");
    let file = SafeTensors::deserialize(&bytes).expect("just written");
    let raw = |(name, t): (String, TensorView<'_>)| {
        (name, t.dtype(), t.shape().to_vec(), t.data().to_vec())
    };
    file.tensors().into_iter().map(raw).collect()
}

fn write(tensors: &[Raw], path: &Path) {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (name.clone(), TensorView::new(*dtype, shape.clone(), bytes).expect("they fit"))
    });
    fs::write(path, serialize(views, None).expect("they fit")).expect("it is writable");
}

/// Saves a model, lets `change` rewrite its tensors, and reads it back.
fn reread(model: &Model, change: impl Fn(&mut Vec<Raw>)) -> Result<Model, String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("model");
    save(model, &path).expect("a new directory");
    let mut raw = tensors(&path);
    change(&mut raw);
    write(&raw, &path.join("model.safetensors"));
    load(&path).map_err(|error| error.to_string())
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes))
}

#[test]
fn sixteen_bit_numbers_are_read() {
    let to_f16 = |tensors: &mut Vec<Raw>| {
        for (_, dtype, _, bytes) in tensors {
            *bytes = floats(bytes).flat_map(|x| f16::from_f32(x).to_le_bytes()).collect();
            *dtype = Dtype::F16;
        }
    };
    let to_bf16 = |tensors: &mut Vec<Raw>| {
        for (_, dtype, _, bytes) in tensors {
            *bytes = floats(bytes).flat_map(|x| bf16::from_f32(x).to_le_bytes()).collect();
            *dtype = Dtype::BF16;
        }
    };
    assert_eq!(reread(&model(false), to_f16), Ok(model(false)));
    assert_eq!(reread(&model(false), to_bf16), Ok(model(false)));
}

#[test]
fn a_tied_table_is_read_under_either_name_or_both() {
    let rename = |tensors: &mut Vec<Raw>| {
        let table = tensors.iter_mut().find(|t| t.0 == "model.embed_tokens.weight");
        table.expect("it is there").0 = "lm_head.weight".to_string();
    };
    let both = |tensors: &mut Vec<Raw>| {
        let mut table = tensors[0].clone();
        let found = tensors.iter().find(|t| t.0 == "model.embed_tokens.weight");
        table.clone_from(found.expect("it is there"));
        table.0 = "lm_head.weight".to_string();
        tensors.push(table);
    };
    let differing = |tensors: &mut Vec<Raw>| {
        both(tensors);
        tensors.last_mut().expect("just added").3[3] ^= 0x80; // the sign of the first number
    };
    assert_eq!(reread(&model(true), rename), Ok(model(true)));
    assert_eq!(reread(&model(true), both), Ok(model(true)));
    assert!(reread(&model(true), differing).expect_err("they differ").contains("differ"));
}

#[test]
fn tensors_that_do_not_fit_are_refused_by_name() {
    let name = "model.layers.1.mlp.up_proj.weight";
    let find =
        |tensors: &mut Vec<Raw>| tensors.iter().position(|t| t.0 == name).expect("it is there");
    let missing = |t: &mut Vec<Raw>| {
        let at = find(t);
        t.remove(at);
    };
    let reshaped = |t: &mut Vec<Raw>| {
        let at = find(t);
        t[at].2.reverse();
    };
    let other_type = |t: &mut Vec<Raw>| {
        let at = find(t);
        t[at].1 = Dtype::I32;
    };
    let bias = |t: &mut Vec<Raw>| {
        t.push(("model.layers.0.self_attn.q_proj.bias".into(), Dtype::F32, vec![1], vec![0; 4]));
    };
    let error = |change: &dyn Fn(&mut Vec<Raw>)| reread(&model(false), change).expect_err(name);
    assert!(error(&missing).contains("up_proj.weight is missing"), "{}", error(&missing));
    assert!(error(&reshaped).contains("must be [64, 16]"), "{}", error(&reshaped));
    assert!(error(&other_type).contains("holds I32"), "{}", error(&other_type));
    assert!(error(&bias).contains("q_proj.bias belongs to no weight"), "{}", error(&bias));
}

#[test]
fn a_computed_table_of_old_files_is_passed_over() {
    let old = |t: &mut Vec<Raw>| {
        let name = "model.layers.0.self_attn.rotary_emb.inv_freq".to_string();
        t.push((name, Dtype::F32, vec![1], vec![0; 4]));
    };
    assert_eq!(reread(&model(false), old), Ok(model(false)));
}

#[test]
fn a_model_in_several_files_is_put_together() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("model");
    save(&model(false), &path).expect("a new directory");
    let raw = tensors(&path);
    fs::remove_file(path.join("model.safetensors")).expect("it is there");
    let (first, second) = raw.split_at(raw.len() / 2);
    let mut map: HashMap<&str, &str> = HashMap::new();
    for (file, part) in [("a.safetensors", first), ("b.safetensors", second)] {
        write(part, &path.join(file));
        map.extend(part.iter().map(|t| (t.0.as_str(), file)));
    }
    let index = path.join("model.safetensors.index.json");
    fs::write(&index, json!({ "weight_map": map }).to_string()).expect("a new file");
    assert_eq!(load(&path).expect("both files are there"), model(false));

    fs::remove_file(path.join("b.safetensors")).expect("it is there");
    assert!(load(&path).expect_err("one is missing").to_string().contains("b.safetensors"));
    fs::write(&index, r#"{"weight_map": {"x": "../b.safetensors"}}"#).expect("it is there");
    assert!(load(&path).expect_err("it lies elsewhere").to_string().contains("weight_map"));
}

fn change_config(path: &Path, change: impl Fn(&mut Value)) {
    let path = path.join("config.json");
    let text = fs::read_to_string(&path).expect("it is there");
    let mut config = serde_json::from_str(&text).expect("JSON");
    change(&mut config);
    fs::write(path, config.to_string()).expect("it is there");
}

#[test]
fn shared_key_and_value_heads_are_repeated() {
    // Of four heads, 0 and 1 have equal keys and values, and so have 2 and 3.
    let mut expected = model(false);
    for block in &mut expected.params.blocks {
        for w in [&mut block.attention.w_k, &mut block.attention.w_v] {
            for first in [0, 8] {
                let head = w.slice(s![first..first + 4, ..]).to_owned();
                w.slice_mut(s![first + 4..first + 8, ..]).assign(&head);
            }
        }
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("model");
    save(&expected, &path).expect("a new directory");
    let mut raw = tensors(&path);
    for (name, _, shape, bytes) in &mut raw {
        if name.ends_with("k_proj.weight") || name.ends_with("v_proj.weight") {
            let head = 4 * 16 * 4; // rows, columns, bytes
            *bytes = [&bytes[..head], &bytes[2 * head..3 * head]].concat();
            shape[0] = 8;
        }
    }
    write(&raw, &path.join("model.safetensors"));
    change_config(&path, |config| config["num_key_value_heads"] = json!(2));
    assert_eq!(load(&path).expect("two heads for four"), expected);
}

#[test]
fn keys_may_be_left_out_or_stand_elsewhere() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("model");
    save(&model(false), &path).expect("a new directory");
    change_config(&path, |config| {
        let config = config.as_object_mut().expect("an object");
        for key in ["rope_theta", "head_dim", "num_key_value_heads", "hidden_act", "mlp_bias"] {
            config.remove(key);
        }
        config["rope_parameters"]["rope_theta"] = json!(500.0);
        config["rms_norm_eps"] = json!(1e-6);
    });
    let config = load(&path).expect("nothing is missing").config;
    assert_eq!((config.rope_theta, config.norm_eps), (500.0, 1e-6));
}

#[test]
fn what_the_course_cannot_represent_is_refused_by_name() {
    for (key, value) in [
        ("model_type", json!("gpt2")),
        ("model_type", Value::Null),
        ("hidden_act", json!("gelu")),
        ("attention_bias", json!(true)),
        ("mlp_bias", json!(true)),
        ("sliding_window", json!(128)),
        ("quantization_config", json!({ "bits": 4 })),
        ("partial_rotary_factor", json!(0.5)),
        ("rope_scaling", json!({ "type": "linear", "factor": 2.0 })),
        ("rope_scaling", json!({ "factor": 2.0 })),
        ("rope_parameters", json!({ "rope_type": "llama3", "rope_theta": 10000.0 })),
        ("rope_parameters", json!({ "rope_theta": 10000.0, "partial_rotary_factor": 0.5 })),
        ("layer_types", json!(["full_attention", "sliding_attention"])),
        ("head_dim", json!(8)),
        ("num_key_value_heads", json!(3)),
        ("num_key_value_heads", json!(0)),
        ("rms_norm_eps", json!("small")),
        ("hidden_size", json!(-16)),
        ("hidden_size", json!(1_u64 << 60)),
        ("num_hidden_layers", json!(1_u64 << 60)),
        ("intermediate_size", json!(1_u64 << 60)),
    ] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("model");
        save(&model(false), &path).expect("a new directory");
        change_config(&path, |config| config[key] = value.clone());
        let error = load(&path).expect_err(key).to_string();
        let nonsense = value.as_u64().is_some_and(|size| size > 1 << 50);
        assert!(error.contains(key) || nonsense, "{key} = {value}: {error}");
    }
}

#[test]
fn a_header_that_claims_to_be_huge_is_refused() {
    for header in [u64::MAX, 1 << 40, 200_000_000, 5000] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("model");
        save(&model(false), &path).expect("a new directory");
        let file = path.join("model.safetensors");
        let mut bytes = fs::read(&file).expect("it is there");
        bytes[..8].copy_from_slice(&header.to_le_bytes());
        fs::write(&file, bytes).expect("it is there");
        let error = load(&path).expect_err("it is damaged").to_string();
        assert!(error.contains("not a whole safetensors file"), "{header}: {error}");
    }
}
