//! What must hold for the reference, for the stub, and for each known mistake.

use super::record::{self, Answers};
use super::trial::{Outcome, Subject, Test};
use super::{Course, is_told_by_answer};
use crate::outline::{NAMING_TEST, is_naming_test};
use crate::text::{has_words, one_line};

/// Two answers to a fixed input must differ by more than this, relative to `max(1, |number|)`.
const DISTINCT: f64 = 1e-6;

/// A lesson's verdict.
pub(super) struct Judged {
    pub(super) problems: Vec<String>,
    /// How many mistakes are caught and named.
    pub(super) n_mistakes: usize,
    /// What `suite/known.rs` must be.
    pub(super) record: String,
}

/// Judges one lesson by its outcomes.
pub(super) fn judge(course: &Course, outcomes: &[&Outcome]) -> anyhow::Result<Judged> {
    let (mut problems, mut n_mistakes) = (Vec::new(), 0);
    for outcome in outcomes {
        let found = match outcome.trial.subject {
            Subject::Reference => reference_problems(course, outcome),
            Subject::Stub => stub_problems(course, outcome),
            Subject::Mistake { exercise, mistake } => {
                let found = mistake_problems(course, outcome, exercise, mistake);
                n_mistakes += usize::from(found.is_empty());
                found
            }
        };
        problems.extend(found);
    }
    let answers = answers(course, outcomes);
    problems.extend(answers.iter().flat_map(|answers| equal_answers(course, answers)));
    let record = record::text(course, &answers);
    if course.has_mistakes() && !record::is_fresh(&course.lesson, &record) {
        let (path, number) = (course.lesson.label(record::FILE), course.lesson.number);
        problems
            .push(format!("{path}: stale; `cargo course verify --record {number:02}` mends it"));
    }
    Ok(Judged { problems, n_mistakes, record })
}

fn reference_problems(course: &Course, outcome: &Outcome) -> Vec<String> {
    let name = &course.lesson.name;
    let look = outcome.trial.command();
    let failed = outcome.tests.iter().filter(|test| !test.passed);
    let failed =
        failed.map(|test| format!("{name}: the reference must pass {}\n  look: {look}", test.name));
    let broken = outcome.broken.iter();
    broken
        .map(|why| format!("{name}: the reference: {why}\n  look: {look}"))
        .chain(failed)
        .collect()
}

fn stub_problems(course: &Course, outcome: &Outcome) -> Vec<String> {
    let name = &course.lesson.name;
    let look = outcome.trial.command();
    let passed = outcome.tests.iter().filter(|test| test.passed);
    let passed = passed
        .map(|test| format!("{name}: {} passes on the stub, must fail\n  look: {look}", test.name));
    let broken = outcome.broken.iter();
    broken.map(|why| format!("{name}: the stub: {why}\n  look: {look}")).chain(passed).collect()
}

/// At most one problem: the first that must be mended.
fn mistake_problems(
    course: &Course,
    outcome: &Outcome,
    exercise: usize,
    mistake: usize,
) -> Vec<String> {
    let known = &course.manifest.exercises[exercise];
    let mistake = &known.mistakes[mistake];
    let by_answer = is_told_by_answer(mistake.told_by);
    let has_answer = outcome.trial.answer(&known.function).is_some();
    let fails = |test: &&Test| !test.passed;
    let is_naming = |test: &&Test| is_naming_test(&test.name);
    let (naming, others): (Vec<_>, Vec<_>) = outcome.tests.iter().partition(is_naming);
    let says = one_line(&mistake.says);
    let names_it = |test: &&Test| has_words(&test.message, &says);

    let problem = if let Some(why) = &outcome.broken {
        why.clone()
    } else if others.iter().all(|test| test.passed) {
        "no test fails but the one that knows it: the suite would let it through".to_string()
    } else if by_answer && naming.is_empty() {
        format!("the exercise has no test {}", NAMING_TEST)
    } else if by_answer && !has_answer {
        "it panics on the fixed input: choose another, or `told_by = \"property\"`".to_string()
    } else if by_answer && !naming.into_iter().filter(fails).any(|test| names_it(&test)) {
        format!("{} does not name it; `says` is\n  {says}", NAMING_TEST)
    } else if !by_answer && !others.into_iter().filter(fails).any(|test| names_it(&test)) {
        format!("it is caught, but no failed test's message has its `says`\n  {says}")
    } else {
        return Vec::new();
    };
    let (label, look) = (course.label(exercise + 1, known), outcome.trial.command());
    vec![format!("{label}, {}: {problem}\n  look: {look}", mistake.name)]
}

/// Messages are wrapped at 80 columns; `says` is not.
/// The answers of all exercises that have mistakes to be told by them.
fn answers(course: &Course, outcomes: &[&Outcome]) -> Vec<Answers> {
    let exercises = course.manifest.exercises.iter().enumerate();
    let answers = exercises.filter_map(|(place, known)| {
        let answer_of = |subject: Subject| {
            let outcome = outcomes.iter().find(|outcome| outcome.trial.subject == subject)?;
            outcome.trial.answer(&known.function)
        };
        let right = answer_of(Subject::Reference)?;
        let told = known.mistakes.iter().enumerate().filter(|(_, m)| is_told_by_answer(m.told_by));
        let mistakes = told.filter_map(|(mistake, _)| {
            Some((mistake, answer_of(Subject::Mistake { exercise: place, mistake })?))
        });
        Some(Answers { exercise: place, right, mistakes: mistakes.collect() })
    });
    answers.collect()
}

/// The pairs which the fixed input does not tell apart.
fn equal_answers(course: &Course, answers: &Answers) -> Vec<String> {
    let known = &course.manifest.exercises[answers.exercise];
    let label = course.label(answers.exercise + 1, known);
    let name = |place: usize| known.mistakes[place].name.as_str();
    let mut all = vec![("the reference", &answers.right)];
    all.extend(answers.mistakes.iter().map(|(place, answer)| (name(*place), answer)));
    let pairs = all.iter().enumerate().flat_map(|(i, a)| all[..i].iter().map(move |b| (b, a)));
    let equal = pairs.filter(|((_, a), (_, b))| record::are_same(a, b, DISTINCT));
    let problem = |((a, _), (b, _)): (&(&str, _), &(&str, _))| {
        format!("{label}, {b}: the fixed input gives the same answer as {a}")
    };
    equal.map(problem).collect()
}
