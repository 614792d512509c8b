//! The one preprocessor: directives, then questions, then formulas.

use mdbook_preprocessor::book::{Book, BookItem};
use mdbook_preprocessor::errors::Result;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use crate::course::Course;
use crate::problem::{Problem, none_of};
use crate::{assets, directives, math, quiz};

/// Named in `book.toml`, and run in process by `cargo book`.
#[derive(Debug)]
pub struct CoursePreprocessor;

impl Preprocessor for CoursePreprocessor {
    fn name(&self) -> &str {
        "course"
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        assets::write(&context.root)?;
        let course = Course::read(context.root.join(".."))?;
        let mut problems = Vec::new();
        book.for_each_mut(|item| {
            if let BookItem::Chapter(chapter) = item
                && let Some(path) = &chapter.path
            {
                let page = path.with_extension("").to_string_lossy().into_owned();
                let (text, found) = expand(&course, &page, &chapter.content);
                chapter.content = text;
                problems.extend(found);
            }
        });
        none_of(&problems)?;
        Ok(book)
    }
}

/// A page as mdBook gets it.
pub fn expand(course: &Course, page: &str, text: &str) -> (String, Vec<Problem>) {
    let file = format!("{page}.md");
    let (_, mut problems) = quiz::read_all(&file, text);
    let (text, found) = directives::expand(course, page, text);
    problems.extend(found);
    let (text, found) = math::expand(&file, &quiz::expand(&text));
    problems.extend(found);
    (text, problems)
}
