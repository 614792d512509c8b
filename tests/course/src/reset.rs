//! Puts a fresh stub in the place of one function or of a whole file. What was there before is
//! kept in a backup.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::ZonedDateTime;

use crate::lesson::Lesson;
use crate::outline::{EXERCISE, ExerciseRef};
use crate::source::Source;

/// Where backups are, from the workspace root; git ignores it.
const BACKUPS: &str = ".course/backups";

/// The learner's file with the fresh stub of one function in it, and nothing else changed.
/// `None` if the function can be found neither by name nor by the comment above it.
pub fn with_fresh_function(mine: &str, fresh: &str, exercise: ExerciseRef<'_>) -> Option<String> {
    let stub = Source::parse(fresh).ok()?.function_text(exercise.function())?.to_string();
    let place = match Source::parse(mine) {
        Ok(source) => source.range(exercise.function()),
        Err(_) => None,
    };
    let place = place.or_else(|| below_comment(mine, exercise))?;
    let rest = &mine[place.end..];
    let gap = if rest.is_empty() || rest.starts_with('\n') { "" } else { "\n\n" };
    Some(format!("{}{stub}{gap}{rest}", &mine[..place.start]))
}

/// From below the comment `// Exercise 6.2` to the next such comment: where a function is in a
/// file that does not parse.
fn below_comment(text: &str, exercise: ExerciseRef<'_>) -> Option<Range<usize>> {
    let comment = format!("// Exercise {} ", exercise.number());
    let from = text.find(&comment)?;
    let start = from + text[from..].find('\n')? + 1;
    let end = text[start..].find("\n// Exercise ").map_or(text.len(), |end| start + end);
    let end = start + text[start..end].trim_end().len();
    Some(start..end)
}

/// Copies the learner's file to a new file named with date and time. Returns where it is, from
/// the workspace root, with `/` everywhere.
///
/// # Errors
/// If the copy cannot be written whole.
pub fn back_up(lesson: &Lesson, root: &Path) -> io::Result<String> {
    let bytes = fs::read(lesson.dir.join(EXERCISE))?;
    let folder: PathBuf = BACKUPS.split('/').fold(root.to_path_buf(), |dir, part| dir.join(part));
    fs::create_dir_all(&folder)?;
    let stem = format!("{}-{}", lesson.name, ZonedDateTime::now().strftime("%Y-%m-%d-%H%M%S"));
    for n in 1.. {
        let name = if n == 1 { format!("{stem}.rs") } else { format!("{stem}-{n}.rs") };
        match File::create_new(folder.join(&name)) {
            Ok(mut file) => {
                file.write_all(&bytes)?;
                file.sync_all()?;
                return Ok(format!("{BACKUPS}/{name}"));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("some number is free")
}
