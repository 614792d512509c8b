//! One page about the class, in one file: opens offline, in light and dark.

use super::report::SubmissionReport;

/// The page.
pub fn html(reports: &[SubmissionReport]) -> String {
    format!("{}", reports.len())
}
