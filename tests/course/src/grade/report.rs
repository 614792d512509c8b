//! What grading finds out, as it is kept in the results folder.

use serde::{Deserialize, Serialize};

/// One submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionReport {
    /// What it is called.
    pub submission: String,
    /// Points earned.
    pub points: u32,
    /// Points there are.
    pub max_points: u32,
    /// Why nothing could be graded, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The lessons that were graded.
    pub lessons: Vec<LessonReport>,
}

/// One lesson of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonReport {
    /// `lesson06_rope`.
    pub lesson: String,
    /// `RoPE: where a token stands`.
    pub title: String,
    /// Why the whole lesson has no points, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Its exercises, in order.
    pub exercises: Vec<ExerciseReport>,
}

/// One exercise of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExerciseReport {
    /// `6.2`.
    pub number: String,
    /// `rope_table`.
    pub function: String,
    /// What is said about it.
    pub status: Status,
    /// Points earned.
    pub points: u32,
    /// Points there are.
    pub max_points: u32,
    /// Tests that passed.
    pub tests_passed: usize,
    /// Tests that give points.
    pub tests: usize,
    /// The known mistakes that were recognised: what `lesson.toml` calls them.
    pub mistakes: Vec<String>,
    /// What the first failing test says, or the compiler.
    pub message: String,
}

/// How an exercise went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every test passes.
    Passed,
    /// A test fails.
    Failed,
    /// As the stub has it.
    Untouched,
    /// There is no such file.
    Missing,
    /// It does not compile.
    NotCompiled,
    /// Something in the file is not allowed.
    Refused,
}

impl Status {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Untouched => "not begun",
            Self::Missing => "not handed in",
            Self::NotCompiled => "does not compile",
            Self::Refused => "refused",
        }
    }
}

impl SubmissionReport {
    /// A report whose points are the sum of its lessons'.
    pub fn new(submission: &str, lessons: Vec<LessonReport>) -> Self {
        let exercises = || lessons.iter().flat_map(|lesson| &lesson.exercises);
        let points = exercises().map(|exercise| exercise.points).sum();
        let max_points = exercises().map(|exercise| exercise.max_points).sum();
        Self { submission: submission.to_string(), points, max_points, problem: None, lessons }
    }

    /// All exercises of all lessons.
    pub fn exercises(&self) -> impl Iterator<Item = &ExerciseReport> {
        self.lessons.iter().flat_map(|lesson| &lesson.exercises)
    }
}

impl LessonReport {
    /// Why a lesson that was handed in has no points, if that is so.
    pub fn own_problem(&self) -> Option<&String> {
        let is_missing = self.exercises.iter().all(|e| e.status == Status::Missing);
        self.problem.as_ref().filter(|_| !is_missing)
    }

    /// Points earned and points there are.
    pub fn points(&self) -> (u32, u32) {
        let sum = |of: fn(&ExerciseReport) -> u32| self.exercises.iter().map(of).sum();
        (sum(|exercise| exercise.points), sum(|exercise| exercise.max_points))
    }
}

impl ExerciseReport {
    /// `6.2 rope_table`.
    pub fn name(&self) -> String {
        format!("{} {}", self.number, self.function)
    }
}
