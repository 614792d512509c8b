//! Runs this lesson's suite on your functions in `src/exercise.rs`.

#[allow(unused_imports, dead_code, unreachable_pub)]
#[path = "../src/exercise.rs"]
mod exercise;
use exercise as subject;

lesson09_swiglu::contract!(exercise);

#[path = "../suite/mod.rs"]
mod suite;
