//! A training that was stopped and goes on gives the numbers of one that was not, to the last
//! bit; and a run directory is in order whenever somebody looks.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use capstone::checkpoint::{load, load_training};
use capstone::data::Data;
use capstone::preset::COURSE;
use capstone::record::{Settings, Source};
use capstone::run::{Run, find_checkpoint};
use capstone::tokenizer::Tokenizer;
use capstone::trainer::Trainer;
use lesson02_embeddings::Config;
use lesson12_training::{Schedule, TrainConfig};

const TEXT: &str = "the cat sat on the mat. the dog sat on the cat. the mat sat still. ";

fn data(tokenizer: &Tokenizer) -> Data {
    Data::text(&TEXT.repeat(9), tokenizer, 8).expect("long enough")
}

fn trainer(tie_embeddings: bool) -> Trainer {
    trainer_in_turns(tie_embeddings, 1)
}

fn trainer_in_turns(tie_embeddings: bool, accumulate: usize) -> Trainer {
    let tokenizer = Tokenizer::of_characters(TEXT);
    let config = Config {
        vocab_size: tokenizer.vocab_size(),
        context_length: 8,
        d_model: 8,
        n_heads: 2,
        tie_embeddings,
        ..Config::course()
    };
    let schedule = Schedule { max_lr: 1e-2, min_lr: 1e-3, warmup_steps: 5, total_steps: 24 };
    let train = TrainConfig { schedule, ..COURSE.train };
    let preset = "course".to_string();
    let settings =
        Settings { preset, train, batch: 3, accumulate, shards: 2, seed: 5, eval_every: 6 };
    let source = Source::text("text".to_string(), TEXT);
    Trainer::new(config, settings, source, data(&tokenizer), tokenizer)
}

fn train(trainer: &mut Trainer, steps: usize, run: &Run) {
    for _ in 0..steps {
        trainer.step().expect("a finite loss");
        if trainer.validate_if_due().expect("a finite loss").is_some() {
            run.save(trainer).expect("a writable directory");
        }
    }
    run.save(trainer).expect("a writable directory");
}

fn checkpoints(run: &Path) -> Vec<String> {
    let entries = fs::read_dir(run).expect("it is there");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("a name").file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with("checkpoint-") || name.starts_with('.'));
    names.sort();
    names
}

#[test]
fn stopped_at_any_step_a_training_goes_on_as_if_it_had_not_been() {
    for (tied, accumulate, stop) in [(false, 1, 1), (false, 1, 6), (true, 1, 13), (false, 3, 7)] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (straight, broken) = (directory.path().join("a"), directory.path().join("b"));
        let mut whole = trainer_in_turns(tied, accumulate);
        train(&mut whole, 24, &Run::create(&straight).expect("a new directory"));

        let mut first = trainer_in_turns(tied, accumulate);
        train(&mut first, stop, &Run::create(&broken).expect("a new directory"));
        drop(first);
        let run = Run::open(&broken).expect("nobody else has it");
        let saved = load_training(&find_checkpoint(&broken).expect("one")).expect("just written");
        let data = data(&saved.tokenizer);
        let mut second = Trainer::resume(saved, data);
        assert_eq!(second.state.step, stop);
        train(&mut second, 24 - stop, &run);

        assert_eq!(second.state, whole.state, "stopped after {stop}");
        assert_eq!(second.history, whole.history, "stopped after {stop}");
        for file in [
            "metrics.csv",
            "loss.svg",
            "checkpoint-000024/model.safetensors",
            "checkpoint-000024/optimizer.safetensors",
            "checkpoint-000024/trainer_state.json",
        ] {
            let bytes = |run: &Path| fs::read(run.join(file)).expect(file);
            assert!(bytes(&straight) == bytes(&broken), "{file} differs, stopped after {stop}");
        }
    }
}

#[test]
fn the_last_the_best_and_the_one_before_the_last_are_kept() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run");
    let run = Run::create(&path).expect("a new directory");
    let mut trainer = trainer(false);
    train(&mut trainer, 6, &run);
    trainer.history.metrics[0].validation_loss = 0.0; // the best there can be
    train(&mut trainer, 18, &run);
    assert_eq!(checkpoints(&path), ["checkpoint-000006", "checkpoint-000018", "checkpoint-000024"]);
    let pointer = |name| fs::read_to_string(path.join(name)).expect(name);
    assert_eq!(pointer("last"), "checkpoint-000024\n");
    assert_eq!(pointer("best"), "checkpoint-000006\n");
}

#[test]
fn the_newest_whole_checkpoint_is_found_whatever_the_pointer_says() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run");
    train(&mut trainer(false), 12, &Run::create(&path).expect("a new directory"));
    let found = || find_checkpoint(&path).expect("there are two");
    for pointer in ["checkpoint-000012\n", "checkpoint-000006\n", "checkpoint-000099", "", "../x"] {
        fs::write(path.join("last"), pointer).expect("it is there");
        assert_eq!(found(), path.join("checkpoint-000012"), "{pointer:?}");
    }
    fs::remove_file(path.join("last")).expect("it is there");
    assert_eq!(found(), path.join("checkpoint-000012"));
    fs::remove_file(path.join("checkpoint-000012/trainer_state.json")).expect("it is there");
    assert_eq!(found(), path.join("checkpoint-000006"));
    assert_eq!(find_checkpoint(&found()).expect("a checkpoint itself"), found());
    load(&found()).expect("a whole checkpoint");
    // The training goes on from there, and writes the checkpoint with the missing file again.
    let saved = load_training(&found()).expect("a whole checkpoint");
    let data = data(&saved.tokenizer);
    train(&mut Trainer::resume(saved, data), 6, &Run::open(&path).expect("nobody else has it"));
    assert_eq!(found(), path.join("checkpoint-000012"));
}

#[test]
fn what_a_killed_process_left_half_written_is_removed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run");
    train(&mut trainer(false), 6, &Run::create(&path).expect("a new directory"));
    fs::create_dir(path.join(".writing-checkpoint-000012")).expect("a new directory");
    fs::write(path.join(".writing-last"), "half").expect("a new file");
    Run::open(&path).expect("nobody else has it");
    assert_eq!(checkpoints(&path), ["checkpoint-000006"]);
}

#[test]
fn two_trainings_cannot_have_one_directory() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run");
    let run = Run::create(&path).expect("a new directory");
    train(&mut trainer(false), 6, &run);
    let error = Run::open(&path).expect_err("it is taken").to_string();
    assert!(error.contains("another training"), "{error}");
    drop(run);
    Run::open(&path).expect("it is free again");
}

#[test]
fn a_training_that_saved_nothing_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run");
    drop(Run::create(&path).expect("a new directory"));
    assert!(!path.exists());
}

#[test]
fn a_damaged_training_is_refused_by_name() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage, &str); 4] = [
        ("trainer_state.json", |path| fs::write(path, "{}").expect("it is there"), "missing field"),
        ("optimizer.safetensors", |path| cut(path), "not a whole safetensors file"),
        ("optimizer.safetensors", |path| spoil(path), "not finite"),
        (
            "optimizer.safetensors",
            |path| {
                fs::copy(path.with_file_name("model.safetensors"), path).expect("both are there");
            },
            "first_moment.embedding is missing",
        ),
    ];
    for (file, damage, word) in damages {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("run");
        train(&mut trainer(false), 6, &Run::create(&path).expect("a new directory"));
        let checkpoint = find_checkpoint(&path).expect("one");
        damage(&checkpoint.join(file));
        let error = load_training(&checkpoint).expect_err("it is damaged").to_string();
        assert!(error.contains(file) && error.contains(word), "{error:?} lacks {word:?}");
    }
}

#[test]
fn weights_that_are_not_finite_are_not_saved() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("run");
    let run = Run::create(&path).expect("a new directory");
    let mut trainer = trainer(false);
    trainer.state.params.final_norm[0] = f32::INFINITY;
    let error = run.save(&trainer).expect_err("it is of no use").to_string();
    assert!(error.contains("final_norm"), "{error}");
    assert!(checkpoints(&path).is_empty());
}

fn cut(path: &Path) {
    let whole = fs::read(path).expect("it is there");
    fs::write(path, &whole[..whole.len() - 5]).expect("it is there");
}

/// Makes the last number of the file NaN.
fn spoil(path: &Path) {
    let mut bytes = fs::read(path).expect("it is there");
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(path, bytes).expect("it is there");
}

// The same through the command line.

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_capstone"));
    command.current_dir(directory).args(arguments);
    command
}

/// The arguments of a small training on `a.txt`.
fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let sizes = ["train", "--text", "a.txt", "--d-model", "8", "--layers", "1", "--heads", "2"];
    let rest = ["--batch", "2", "--context", "8"];
    [&sizes[..], &rest, more].concat()
}

fn directory_with_text() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("a.txt"), TEXT.repeat(9)).expect("a new file");
    directory
}

fn refused(output: &Output, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{stderr:?} lacks {word:?}");
    }
}

#[test]
fn resume_refuses_flags_that_contradict_it_and_a_changed_text() {
    let directory = directory_with_text();
    let run = |arguments: &[&str]| {
        command(directory.path(), arguments).output().expect("the binary starts")
    };
    let output = run(&small(&["--steps", "4", "--out", "run", "--tied"]));
    assert!(output.status.success(), "{output:?}");
    for flag in ["--steps=9", "--batch=3", "--lr=0.5", "--d-model=16", "--layers=2", "--heads=4"] {
        let name = flag.split('=').next().expect("a name");
        refused(&run(&["train", "--resume", "run", flag]), &[name, "leave it out"]);
    }
    for flag in ["--context=9", "--seed=2", "--shards=9", "--eval-every=3", "--preset=story"] {
        let name = flag.split('=').next().expect("a name");
        refused(&run(&["train", "--resume", "run", flag]), &[name, "leave it out"]);
    }
    refused(&run(&["train", "--resume", "run", "--out", "other"]), &["--out"]);
    refused(&run(&["train", "--resume", "none"]), &["none"]);
    refused(&run(&["train", "--resume", "."]), &["no checkpoint"]);
    let output = run(&["train", "--resume", "run", "--steps", "4", "--tied", "--seed=1"]);
    assert!(output.status.success(), "what was said at the start may be said again: {output:?}");

    fs::write(directory.path().join("a.txt"), TEXT.repeat(10)).expect("it is there");
    refused(&run(&["train", "--resume", "run"]), &["a.txt is not the text"]);
    fs::remove_file(directory.path().join("a.txt")).expect("it is there");
    refused(&run(&["train", "--resume", "run"]), &["a.txt"]);
}

#[test]
fn a_loss_that_is_not_finite_stops_the_training_and_keeps_what_was_good() {
    let directory = directory_with_text();
    let arguments = small(&["--steps", "50", "--lr", "1e30", "--eval-every", "1", "--out", "run"]);
    let output = command(directory.path(), &arguments).output().expect("the binary starts");
    refused(&output, &["not a finite number", "lower --lr"]);
    if directory.path().join("run").exists() {
        let checkpoint = find_checkpoint(&directory.path().join("run")).expect("the good one");
        load_training(&checkpoint).expect("a whole checkpoint");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_the_training_goes_on_from_there() {
    let directory = directory_with_text();
    let arguments = |out| small(&["--steps", "3000", "--eval-every", "250", "--out", out]);
    let straight = command(directory.path(), &arguments("straight")).output().expect("it starts");
    assert!(straight.status.success(), "{straight:?}");

    let mut child = command(directory.path(), &arguments("broken"));
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    while !directory.path().join("broken/metrics.csv").exists() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill is there").success());
    let output = child.wait_with_output().expect("it ends");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{printed}");
    assert!(printed.contains("train --resume broken"), "{printed}");

    let resumed = command(directory.path(), &["train", "--resume", "broken"]).output();
    let resumed = resumed.expect("it starts");
    assert!(resumed.status.success(), "{resumed:?}");
    for file in ["metrics.csv", "checkpoint-003000/model.safetensors"] {
        let bytes = |run: &str| fs::read(directory.path().join(run).join(file)).expect(file);
        assert!(bytes("straight") == bytes("broken"), "{file} differs");
    }
    let last = |output: &Output| {
        String::from_utf8_lossy(&output.stdout).lines().last().map(str::to_string)
    };
    assert_eq!(last(&straight), last(&resumed));
}

/// Saves a training on `a.txt`, after 6 of its 24 steps, in the directory `run`.
fn save_first_quarter(directory: &Path) {
    let path = directory.join("a.txt").display().to_string();
    let mut quarter = trainer(false);
    quarter.source = Source::text(path, &TEXT.repeat(9));
    train(&mut quarter, 6, &Run::create(&directory.join("run")).expect("a new directory"));
}

#[test]
fn two_processes_cannot_train_in_one_directory() {
    let directory = directory_with_text();
    save_first_quarter(directory.path());
    let held = Run::open(&directory.path().join("run")).expect("nobody else has it");
    let mut resume = command(directory.path(), &["train", "--resume", "run"]);
    refused(&resume.output().expect("it starts"), &["run", "another training"]);
    assert_eq!(checkpoints(&directory.path().join("run")), ["checkpoint-000006"]);
    drop(held);
    assert!(resume.output().expect("it starts").status.success());
}

/// No file may become longer than half a kilobyte: to a program that writes it looks like a full
/// disk, and needs no disk.
#[cfg(unix)]
#[test]
fn a_full_disk_gets_one_line_and_the_training_goes_on_when_there_is_room() {
    let directory = directory_with_text();
    save_first_quarter(directory.path());
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" train --resume run";
    let mut full = Command::new("sh");
    full.current_dir(directory.path()).args(["-c", script, env!("CARGO_BIN_EXE_capstone")]);
    refused(&full.output().expect("it starts"), &["checkpoint-000012", "too large"]);
    assert_eq!(checkpoints(&directory.path().join("run")), ["checkpoint-000006"]);

    let output = command(directory.path(), &["train", "--resume", "run"]).output();
    assert!(output.expect("it starts").status.success());
    let mut straight = trainer(false);
    train(&mut straight, 24, &Run::create(&directory.path().join("b")).expect("new"));
    let saved = load_training(&directory.path().join("run/checkpoint-000024")).expect("the last");
    assert_eq!(saved.state, straight.state);
}

/// A file stands where a directory would have to be made. (A directory that only may not be
/// written to would stop no test that is run by root.)
#[test]
fn a_place_that_cannot_be_written_gets_one_line() {
    let directory = directory_with_text();
    for arguments in [
        small(&["--steps", "2", "--out", "a.txt/run"]),
        small(&["--steps", "2", "--out", "a.txt/deeper/run"]),
        vec!["tokenizer", "train", "--text", "a.txt", "--vocab-size=260", "--out", "a.txt/b.json"],
    ] {
        let output = command(directory.path(), &arguments).output().expect("it starts");
        refused(&output, &["a.txt"]);
    }
    assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 1);
}

#[test]
fn nobody_reading_the_output_does_not_stop_a_training() {
    let directory = directory_with_text();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let arguments = small(&["--steps", "4", "--eval-every", "2", "--out", "run"]);
    let output = command(directory.path(), &arguments).stdout(writer).output().expect("it starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    load_training(&directory.path().join("run/checkpoint-000004")).expect("a whole checkpoint");
}

#[cfg(target_os = "linux")]
#[test]
fn output_to_a_full_disk_is_one_line_and_the_training_is_saved() {
    let directory = directory_with_text();
    let into_full = |arguments: &[&str]| {
        let full = fs::File::options().write(true).open("/dev/full").expect("it is there");
        command(directory.path(), arguments).stdout(full).output().expect("it starts")
    };
    refused(&into_full(&small(&["--steps", "2", "--out", "run"])), &["cannot write"]);
    load_training(&directory.path().join("run/checkpoint-000002")).expect("a whole checkpoint");
    for arguments in [
        &["generate", "--run", "run"][..],
        &["generate", "--run", "run", "--json"],
        &["eval", "--run", "run"],
        &["info", "--run", "run"],
    ] {
        refused(&into_full(arguments), &["cannot write"]);
    }
}

#[cfg(unix)]
#[test]
fn killed_at_any_moment_a_training_goes_on_bit_for_bit() {
    let directory = directory_with_text();
    let arguments = |out| small(&["--steps", "40", "--eval-every", "1", "--out", out]);
    let straight = command(directory.path(), &arguments("straight")).output().expect("it starts");
    assert!(straight.status.success(), "{straight:?}");
    let mut broken = command(directory.path(), &arguments("broken"));
    for kill in 0..6 {
        let child = broken.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("it starts");
        while !directory.path().join("broken/last").exists() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        std::thread::sleep(std::time::Duration::from_millis(7 * kill));
        child.kill().expect("it runs, or has just ended");
        child.wait().expect("it was there");
        broken = command(directory.path(), &["train", "--resume", "broken"]);
    }
    assert!(broken.output().expect("it starts").status.success());
    for file in ["metrics.csv", "checkpoint-000040/model.safetensors"] {
        let bytes = |run: &str| fs::read(directory.path().join(run).join(file)).expect(file);
        assert!(bytes("straight") == bytes("broken"), "{file} differs");
    }
}
