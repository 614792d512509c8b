//! What other programs read: one document for the class, or one per student.

use std::env;
use std::fmt::Write as _;

use anyhow::Context as _;
use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::report::{ExerciseReport, LessonReport, Status, SubmissionReport};
use crate::text::one_line;

/// The formats that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Everything, as one document
    Json,
    /// A row per submission, a column per exercise
    Csv,
    /// A test suite per submission, as Jenkins and GitLab read it
    Junit,
    /// Gradescope's results.json, one per student
    Gradescope,
    /// Classroom 50's result.json, one per student
    Classroom50,
}

impl Format {
    /// As it is written on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Junit => "junit",
            Self::Gradescope => "gradescope",
            Self::Classroom50 => "classroom50",
        }
    }
}

/// The documents, each with the name of its submission, or of the class.
///
/// # Errors
/// If Classroom 50's result lacks what only its runner knows.
pub fn documents(
    format: Format,
    reports: &[SubmissionReport],
) -> anyhow::Result<Vec<(String, String)>> {
    let class = |text: String| Ok(vec![("class".to_string(), text)]);
    let pretty = |value: &Value| serde_json::to_string_pretty(value).map(|text| text + "\n");
    match format {
        Format::Json => class(serde_json::to_string_pretty(reports)? + "\n"),
        Format::Csv => class(csv(reports)),
        Format::Junit => class(junit(reports)),
        Format::Gradescope => {
            let each = |r: &SubmissionReport| Ok((r.submission.clone(), pretty(&gradescope(r))?));
            reports.iter().map(each).collect()
        }
        Format::Classroom50 => {
            let runner = Runner::from_environment(|name| env::var(name).ok())?;
            let each = |r: &SubmissionReport| {
                let result = classroom50(r, &runner);
                Ok((r.submission.clone(), pretty(&result)?))
            };
            reports.iter().map(each).collect()
        }
    }
}

/// RFC 4180, with a header line.
fn csv(reports: &[SubmissionReport]) -> String {
    let mut rows = Vec::new();
    let mut header = vec!["submission".to_string(), "points".into(), "max_points".into()];
    let exercises = reports.first().into_iter().flat_map(SubmissionReport::exercises);
    header.extend(exercises.map(ExerciseReport::name));
    header.extend(["mistakes".to_string(), "problem".to_string()]);
    rows.push(header);
    for report in reports {
        let mut row = vec![
            report.submission.clone(),
            report.points.to_string(),
            report.max_points.to_string(),
        ];
        row.extend(report.exercises().map(|exercise| exercise.points.to_string()));
        let mistakes = report.exercises().flat_map(|exercise| {
            exercise.mistakes.iter().map(|mistake| format!("{} {mistake}", exercise.number))
        });
        row.push(mistakes.collect::<Vec<_>>().join("; "));
        let problems = report
            .problem
            .iter()
            .chain(report.lessons.iter().filter_map(LessonReport::own_problem));
        row.push(problems.map(|problem| one_line(problem)).collect::<Vec<_>>().join("; "));
        rows.push(row);
    }
    let line = |row: &Vec<String>| {
        row.iter().map(|field| csv_field(field)).collect::<Vec<_>>().join(",") + "\r\n"
    };
    rows.iter().map(line).collect()
}

/// Spreadsheets take a field that begins with `=` for a formula, and a student chooses names.
fn csv_field(field: &str) -> String {
    let is_formula = field.starts_with(['=', '+', '-', '@', '\t']);
    let field = if is_formula { format!("'{field}") } else { field.to_string() };
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field
    }
}

/// The elements that Jenkins' `junit` schema has, with exercises as test cases.
fn junit(reports: &[SubmissionReport]) -> String {
    let n_of = |reports: &[SubmissionReport], is_it: fn(Status) -> bool| {
        let exercises = reports.iter().flat_map(SubmissionReport::exercises);
        exercises.filter(|exercise| is_it(exercise.status)).count()
    };
    let is_any = |_: Status| true;
    let is_failure = |status: Status| status == Status::Failed;
    let is_error = |status: Status| matches!(status, Status::NotCompiled | Status::Refused);
    let is_skipped = |status: Status| matches!(status, Status::Untouched | Status::Missing);
    let counts = |reports: &[SubmissionReport]| {
        format!(
            "tests=\"{}\" failures=\"{}\" errors=\"{}\"",
            n_of(reports, is_any),
            n_of(reports, is_failure),
            n_of(reports, is_error)
        )
    };
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_string();
    let _ = writeln!(xml, "<testsuites name=\"course\" {}>", counts(reports));
    for report in reports {
        let one = std::slice::from_ref(report);
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" {} skipped=\"{}\">",
            escaped(&report.submission),
            counts(one),
            n_of(one, is_skipped)
        );
        for lesson in &report.lessons {
            for exercise in &lesson.exercises {
                xml += &testcase(report, lesson, exercise);
            }
        }
        xml += "  </testsuite>\n";
    }
    xml + "</testsuites>\n"
}

fn testcase(report: &SubmissionReport, lesson: &LessonReport, exercise: &ExerciseReport) -> String {
    let start = format!(
        "    <testcase classname=\"{}\" name=\"{}\"",
        escaped(&lesson.lesson),
        escaped(&exercise.name())
    );
    let element = match exercise.status {
        Status::Passed => return start + "/>\n",
        Status::Failed => "failure",
        Status::NotCompiled | Status::Refused => "error",
        Status::Untouched | Status::Missing => "skipped",
    };
    let says = says(report, lesson, exercise);
    let message = format!(
        "{} of {} points: {}",
        exercise.points,
        exercise.max_points,
        exercise.status.words()
    );
    format!(
        "{start}>\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>\n",
        escaped(&message),
        escaped(&says)
    )
}

/// What there is to say about an exercise that has not all points.
fn says(report: &SubmissionReport, lesson: &LessonReport, exercise: &ExerciseReport) -> String {
    if !exercise.message.is_empty() {
        return exercise.message.clone();
    }
    let problem = lesson.problem.as_ref().or(report.problem.as_ref());
    problem.map_or_else(|| exercise.status.words().to_string(), String::clone)
}

/// Text as XML has it; the characters which XML 1.0 cannot have are left out.
fn escaped(text: &str) -> String {
    let mut xml = String::new();
    for c in text.chars() {
        match c {
            '&' => xml += "&amp;",
            '<' => xml += "&lt;",
            '>' => xml += "&gt;",
            '"' => xml += "&quot;",
            '\n' | '\t' => xml.push(c),
            c if c.is_control() || ['\u{fffe}', '\u{ffff}'].contains(&c) => {}
            c => xml.push(c),
        }
    }
    xml
}

/// As in Gradescope's documentation, "Output format": a test per exercise.
fn gradescope(report: &SubmissionReport) -> Value {
    let mut tests = Vec::new();
    for lesson in &report.lessons {
        for exercise in &lesson.exercises {
            let passed = exercise.status == Status::Passed;
            let output = if passed { String::new() } else { says(report, lesson, exercise) };
            tests.push(json!({
                "name": format!("{}, {}", exercise.function, lesson.title),
                "number": exercise.number,
                "score": exercise.points,
                "max_score": exercise.max_points,
                "status": if passed { "passed" } else { "failed" },
                "output": output,
                "tags": [lesson.lesson],
            }));
        }
    }
    json!({
        "score": report.points,
        "output": report.problem.clone().unwrap_or_default(),
        "stdout_visibility": "hidden",
        "tests": tests,
    })
}

/// What Classroom 50's runner tells an autograder in its environment.
struct Runner {
    classroom: String,
    assignment: String,
    assignment_type: String,
    owner: String,
    submission: String,
    commit: String,
    release: String,
    review: String,
}

impl Runner {
    fn from_environment(get: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let must = |name: &str| {
            get(name).with_context(|| {
                format!("`--format classroom50` needs {name}, which its runner sets")
            })
        };
        let commit = must("COMMIT_URL")?;
        Ok(Self {
            classroom: must("CLASSROOM")?,
            assignment: must("ASSIGNMENT")?,
            assignment_type: get("ASSIGNMENT_TYPE").unwrap_or_else(|| "individual".into()),
            owner: get("OWNER").map_or_else(|| must("USERNAME"), Ok)?,
            submission: must("SUBMISSION_TAG")?,
            release: must("RELEASE_URL")?,
            review: get("REVIEW_URL").unwrap_or_else(|| commit.clone()),
            commit,
        })
    }
}

/// As in Classroom 50's `result-v1.schema.json`.
fn classroom50(report: &SubmissionReport, runner: &Runner) -> Value {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut tests = Vec::new();
    for lesson in &report.lessons {
        for exercise in &lesson.exercises {
            let passed = exercise.status == Status::Passed;
            let message = if passed { String::new() } else { says(report, lesson, exercise) };
            tests.push(json!({
                "test-name": exercise.name(),
                "passed": passed,
                "score": exercise.points,
                "max-score": exercise.max_points,
                "message": message,
            }));
        }
    }
    json!({
        "schema": "classroom50/result/v1",
        "classroom": runner.classroom,
        "assignment": runner.assignment,
        "assignment_type": runner.assignment_type,
        "owner": runner.owner,
        "submission": runner.submission,
        "commit": runner.commit,
        "release": runner.release,
        "review": runner.review,
        "datetime": submission_time(&runner.submission).unwrap_or_else(|| now.clone()),
        "graded_at": now,
        "score": report.points,
        "max-score": report.max_points,
        "tests": tests,
    })
}

/// The time in a tag such as `submit/2026-06-01T14-32-05Z-a1b2c3d`: it stays the same when
/// grading is repeated.
fn submission_time(tag: &str) -> Option<String> {
    let stamp = tag.strip_prefix("submit/")?.get(..20)?;
    let (date, time) = stamp.split_once('T')?;
    let text = format!("{date}T{}", time.replace('-', ":"));
    let time: Timestamp = text.parse().ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class() -> Vec<SubmissionReport> {
        let exercise = |n: usize, status, points| ExerciseReport {
            number: format!("6.{n}"),
            function: "rope_table".to_string(),
            status,
            points,
            max_points: 5,
            tests_passed: 1,
            tests: 4,
            mistakes: vec!["half_split".to_string()],
            message: "a < b\u{1b}[0m & \"c\"".to_string(),
        };
        let statuses = [Status::Passed, Status::Failed, Status::NotCompiled, Status::Untouched];
        let exercises = statuses.into_iter().zip([5, 1, 0, 0]).zip(1..);
        let lesson = LessonReport {
            lesson: "lesson06_rope".to_string(),
            title: "RoPE".to_string(),
            problem: None,
            exercises: exercises.map(|((status, points), n)| exercise(n, status, points)).collect(),
        };
        vec![SubmissionReport::new("=anna, \"b\"", vec![lesson])]
    }

    /// <https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format>
    #[test]
    fn gradescope_gets_what_it_knows_and_nothing_else() {
        let result = gradescope(&class()[0]);
        let known = [
            "score",
            "execution_time",
            "output",
            "output_format",
            "test_output_format",
            "test_name_format",
            "visibility",
            "stdout_visibility",
            "extra_data",
            "tests",
            "leaderboard",
        ];
        assert!(result.as_object().unwrap().keys().all(|key| known.contains(&&**key)));
        let tests = result["tests"].as_array().unwrap();
        let known = [
            "score",
            "max_score",
            "status",
            "name",
            "name_format",
            "number",
            "output",
            "output_format",
            "tags",
            "visibility",
            "extra_data",
        ];
        let mut sum = 0;
        for test in tests {
            assert!(test.as_object().unwrap().keys().all(|key| known.contains(&&**key)));
            assert!(["passed", "failed"].contains(&test["status"].as_str().unwrap()));
            assert!(test["number"].is_string() && test["tags"].is_array());
            sum += test["score"].as_u64().unwrap();
        }
        assert_eq!((result["score"].as_u64(), tests.len()), (Some(sum), 4));
    }

    /// schemas/result-v1.schema.json of foundation50/classroom50.
    #[test]
    fn classroom50_gets_what_its_schema_demands() {
        let given = |name: &str| match name {
            "SUBMISSION_TAG" => Some("submit/2026-06-01T14-32-05Z-a1b2c3d".to_string()),
            "REVIEW_URL" | "OWNER" | "ASSIGNMENT_TYPE" => None,
            name => Some(name.to_lowercase()),
        };
        let result = classroom50(&class()[0], &Runner::from_environment(given).unwrap());
        let required = [
            "schema",
            "classroom",
            "assignment",
            "assignment_type",
            "owner",
            "submission",
            "commit",
            "release",
            "review",
            "datetime",
            "score",
            "max-score",
            "tests",
        ];
        let object = result.as_object().unwrap();
        assert!(required.iter().all(|key| object.contains_key(*key)), "{result}");
        let is_known = |key: &String| required.contains(&&**key) || key == "graded_at";
        assert!(object.keys().all(is_known), "{result}"); // additionalProperties: false
        assert_eq!(result["schema"], "classroom50/result/v1");
        assert_eq!(result["datetime"], "2026-06-01T14:32:05Z");
        assert_eq!(
            (&result["review"], &result["owner"]),
            (&json!("commit_url"), &json!("username"))
        );
        assert_eq!((&result["score"], &result["max-score"]), (&json!(6), &json!(20)));
        for test in result["tests"].as_array().unwrap() {
            assert!(test["test-name"].is_string() && test["passed"].is_boolean());
            assert!(test["score"].as_u64() <= test["max-score"].as_u64());
        }
        let error = Runner::from_environment(|_| None).err().unwrap().to_string();
        assert_eq!(error, "`--format classroom50` needs COMMIT_URL, which its runner sets");
    }

    #[test]
    fn csv_has_one_field_per_column_and_no_formula() {
        let text = csv(&class());
        let rows: Vec<_> = text.split_terminator("\r\n").collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(
            rows[0],
            "submission,points,max_points,6.1 rope_table,6.2 rope_table,\
                             6.3 rope_table,6.4 rope_table,mistakes,problem"
        );
        assert!(rows[1].starts_with("\"'=anna, \"\"b\"\"\",6,20,5,1,0,0,6.1 half_split; 6.2"));
    }

    #[test]
    fn junit_is_xml_with_right_counts() {
        let xml = junit(&class());
        assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "));
        assert!(xml.contains("tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""), "{xml}");
        let n = |what: &str| xml.matches(what).count();
        assert_eq!(
            (n("<testcase "), n("</failure>"), n("</error>"), n("</skipped>")),
            (4, 1, 1, 1)
        );
        assert_eq!((n("<testsuite "), n("</testsuite>"), n("</testcase>")), (1, 1, 3));
        assert!(xml.contains("a &lt; b[0m &amp; &quot;c&quot;") && !xml.contains('\u{1b}'));
    }
}
