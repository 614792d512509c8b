//! Every check of the book is fed the mistake that it must find.

use std::path::PathBuf;

use book::chapter::Chapter;
use book::course::{About, Course, Exercise, Lesson};
use book::drawing::Drawing;
use book::names::Names;
use book::numbers::Numbers;
use book::preprocess::expand;
use book::problem::Problem;
use book::site::Site;
use book::{check, math, quiz, source, structure};
use serde_json::Value;

fn course() -> Course {
    Course::read(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap()
}

/// What is wrong with a text on the page of lesson 6.
fn problems(text: &str) -> String {
    join(&expand(&course(), "lesson06_rope", text).1)
}

fn join(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn assert_says(problems: &str, what: &str) {
    assert!(problems.contains(what), "must say `{what}`, says: {problems:?}");
}

mod directives {
    use super::*;

    #[test]
    fn a_known_function_is_printed_without_comment_and_attributes() {
        let (text, problems) =
            expand(&course(), "lesson06_rope", "{{#code lesson06_rope::rope_forward}}\n");
        assert_eq!(problems, []);
        assert!(text.contains("```rust,ignore\npub fn rope_forward<F: NdFloat>("), "{text}");
        assert!(!text.contains("track_caller") && !text.contains("///"), "{text}");
    }

    #[test]
    fn a_part_of_a_function_is_printed_without_its_indent() {
        let line = r#"{{#code lesson06_rope::rotate from "let (cos" to "for mut"}}"#;
        let (text, problems) = expand(&course(), "lesson06_rope", line);
        assert_eq!(problems, []);
        assert!(text.contains("\nlet (cos, sin) = (table"), "{text}");
        assert!(!text.contains("Zip::from"), "{text}");
    }

    #[test]
    fn an_unknown_function_is_found() {
        assert_says(
            &problems("first line\n{{#code lesson06_rope::rope_backwards}}\n"),
            "lesson06_rope.md:2: {{#code lesson06_rope::rope_backwards}}: there is no",
        );
    }

    #[test]
    fn an_unknown_line_is_found() {
        let line = r#"{{#code lesson06_rope::rotate from "let cosine" to "let sin"}}"#;
        assert_says(&problems(line), "no line starts with `let cosine`");
    }

    #[test]
    fn a_missing_file_is_found() {
        assert_says(&problems("{{#code capstone/src/nothing.rs::f}}"), "capstone/src/nothing.rs");
    }

    #[test]
    fn an_unknown_example_is_found() {
        assert_says(&problems("{{#example nothing}}"), "there is no `nothing`");
    }

    #[test]
    fn an_unknown_figure_or_one_without_caption_is_found() {
        assert_says(&problems("{{#figure nothing | A caption.}}"), "has no such figure");
        assert_says(&problems("{{#figure rope_hands}}"), "needs a caption");
    }

    #[test]
    fn an_unknown_widget_is_found() {
        assert_says(&problems("{{#widget nothing}}"), "has no such widget");
    }

    #[test]
    fn an_unknown_directive_is_found() {
        assert_says(&problems("{{#include ../file.rs}}"), "there is no such directive");
    }

    #[test]
    fn a_directive_inside_a_line_is_found() {
        assert_says(&problems("see {{#lesson}}"), "must stand alone");
    }

    #[test]
    fn a_directive_in_a_code_block_is_text() {
        assert_eq!(problems("```text\n{{#nothing}}\n```\n"), "");
    }

    #[test]
    fn exercises_have_their_hints_and_solutions() {
        let (text, problems) = expand(&course(), "lesson06_rope", "{{#exercises}}");
        assert_eq!(problems, []);
        assert_eq!(text.matches("<summary>Hint").count(), 12);
        assert_eq!(text.matches("<summary>Solution").count(), 4);
        assert!(!text.contains("[`"), "a link of the source's documentation is left: {text}");
    }

    #[test]
    fn a_hint_is_no_markdown() {
        let (text, _) = expand(&course(), "lesson01_tokens", "{{#exercises}}");
        assert!(text.contains(r"A Vec\<String> holds the tokens"), "{text}");
    }

    #[test]
    fn methods_and_types_are_found_too() {
        let file =
            "/// Doc.\nstruct A;\nimpl A {\n    /// Doc.\n    fn f() {\n        g();\n    }\n}\n";
        assert_eq!(source::find_item(file, "A").unwrap().code, "struct A;");
        assert_eq!(source::find_item(file, "A::f").unwrap().code, "fn f() {\n    g();\n}");
        assert_eq!(source::body("fn f() {\n    g();\n}"), "g();");
    }
}

mod formulas {
    use super::*;

    #[test]
    fn a_good_formula_becomes_mathml_on_one_line() {
        let (text, problems) = math::expand("page.md", "So $x_1^2$ and\n\n$$ a_b | c_d * e $$\n");
        assert_eq!(problems, []);
        assert_eq!(text.matches("</math>").count(), 2);
        assert!(!text.contains('$') && text.lines().count() == 3, "{text}");
    }

    #[test]
    fn wrong_tex_is_found() {
        assert_says(&problems("So $\\frac{1}$ is wrong"), "the formula `\\frac{1}` is wrong");
        assert_says(&problems("So $\\unknown x$ is wrong"), "is wrong");
    }

    /// What a reader sees of a formula, if Markdown takes every tag for a tag.
    fn seen(text: &str) -> String {
        let (text, problems) = math::expand("page.md", text);
        assert_eq!(problems, []);
        let events = pulldown_cmark::Parser::new(&text);
        let words = events.filter_map(|event| match event {
            pulldown_cmark::Event::Text(text) => Some(text.to_string()),
            _ => None,
        });
        words.collect()
    }

    #[test]
    fn brackets_with_a_size_and_comparisons_are_seen() {
        assert_eq!(seen("So $\\big( x \\Big]$ it is"), "So (x] it is");
        assert_eq!(seen("So $a < b$ it is"), "So a<b it is");
    }

    #[test]
    fn a_comma_stays_with_its_formula() {
        let (text, _) = math::expand("page.md", "So $x$, and $y$ too");
        assert!(text.contains("</math>,</span> and <math"), "{text}");
        assert_eq!(seen("So $x$, and $y$ too."), "So x, and y too.");
    }

    #[test]
    fn a_command_that_cannot_be_shown_is_found() {
        assert_says(&problems("$\\operatorname{a<b}$"), "a command that cannot be shown");
        assert_says(&problems("$\\operatorname*{argmax} x$"), "a command that cannot be shown");
    }

    #[test]
    fn a_lonely_dollar_is_found() {
        assert_says(&problems("It costs $ or so"), "a $ without a partner");
        assert_says(&problems("So $\\frac{1}{2$ has a brace too few"), "a $ without a partner");
    }

    #[test]
    fn code_and_escaped_dollars_are_no_formulas() {
        assert_eq!(problems("It costs 3 \\$, and `$x` is code\n\n```sh\n$ ls\n```\n"), "");
    }
}

mod names {
    use super::*;

    fn check(text: &str) -> String {
        let code = "fn rope_table() {} // turn_back\nstruct GptConfig; mod lesson06_rope { fn rotate() {} }";
        join(&Names::in_code(code).check("page.md", text))
    }

    #[test]
    fn a_name_that_no_code_has_is_found() {
        assert_says(&check("See `rope_tables`."), "page.md: `rope_tables`: no code has the name");
        assert_says(&check("See `lesson06_rope::turn`."), "the name turn");
        assert_says(&check("See `GptSettings`."), "the name GptSettings");
        assert_says(&check("See `rotate_all(x, y)`."), "the name rotate_all");
        assert_says(&check("See `turn(x)`."), "the name turn");
        assert_says(&check("Only a comment has `turn_back`."), "the name turn_back");
    }

    #[test]
    fn names_of_the_code_and_other_words_are_fine() {
        let text = "`rope_table`, `lesson06_rope::rotate(x)`, `GptConfig`, `cargo book check`, \
                    `x = y_1`, `tests/some_file.rs`, `the`, `RUST_LOG`, `O`, `[2, 3]`, \
                    snake_case in prose";
        assert_eq!(check(text), "");
    }

    #[test]
    fn the_code_of_the_lessons_is_read() {
        let names = Names::read(&course()).unwrap();
        assert_eq!(names.check("page.md", "`lesson06_rope::rope_forward`, `Array2`"), []);
        assert_ne!(names.check("page.md", "`lesson06_rope::rope_forwards`"), []);
    }
}

mod quizzes {
    use super::*;

    fn with_answer(answer: &str) -> String {
        format!(
            "```quiz\nkind = \"shape\"\nask = \"What?\"\noptions = [\"a\", \"b\"]\n\
             answer = \"{answer}\"\nwhy = \"So.\"\n```\n"
        )
    }

    #[test]
    fn the_answer_is_folded_away() {
        assert_eq!(problems(&with_answer("B")), "");
        let text = quiz::expand(&with_answer("B"));
        assert!(text.contains("<summary>Answer 1</summary>\n\n**B.** So."), "{text}");
    }

    #[test]
    fn an_answer_out_of_range_is_found() {
        assert_says(&problems(&with_answer("C")), "lesson06_rope.md:1: the answer is 'C'");
    }

    #[test]
    fn an_unknown_key_or_kind_is_found() {
        let text = with_answer("A");
        assert_says(&problems(&text.replace("why", "because")), "not a quiz");
        assert_says(&problems(&text.replace("shape", "riddle")), "not a quiz");
    }
}

mod numbers {
    use super::*;

    fn stated(state: impl FnOnce(&mut Numbers), text: &str) -> String {
        let mut numbers = Numbers::default();
        state(&mut numbers);
        join(&numbers.check("page.md", text))
    }

    #[test]
    fn a_confirmed_number_is_fine() {
        let text = "It is 0.8415, or `-0.42`, or $10{,}000$, or 2e-7.";
        let state = |n: &mut Numbers| {
            n.says("0.8415", 1f64.sin());
            n.says("-0.42", 2f64.cos());
            n.given("10,000", "the paper");
            n.says("2e-7", 2.2e-7);
        };
        assert_eq!(stated(state, text), "");
    }

    #[test]
    fn a_number_that_nobody_states_is_found() {
        assert_says(&stated(|_| {}, "It is 0.8415."), "nothing confirms the number 0.8415");
        assert_says(&stated(|_| {}, "| a | 12,345 |\n|---|---|\n"), "the number 12,345");
        assert_says(&stated(|_| {}, "$$ x = 1.5 $$"), "the number 1.5");
        assert_says(&stated(|_| {}, "```quiz\nask = \"2.5?\"\n```"), "the number 2.5");
    }

    #[test]
    fn a_wrong_digit_and_a_wrong_sign_are_found() {
        assert_says(&stated(|n| n.says("0.8414", 1f64.sin()), "0.8414"), "but it is 0.84147");
        assert_says(&stated(|n| n.says("0.42", 2f64.cos()), "0.42"), "but it is -0.41614");
    }

    #[test]
    fn a_statement_that_the_text_does_not_use_is_found() {
        assert_says(&stated(|n| n.says("0.8415", 1f64.sin()), "It is."), "the text does not");
    }

    #[test]
    fn a_number_without_a_source_is_found() {
        assert_says(&stated(|n| n.given("0.5", " "), "0.5"), "without a source");
    }

    #[test]
    fn an_example_that_does_not_hold_is_found() {
        let chapter = Chapter { numbers: |_| assert_eq!(1, 2), figures: &[], widgets: &[] };
        let problems = join(&check::page(&course(), "page", "Text.", Some(&chapter)));
        assert_says(&problems, "src/chapters/page.rs: an example does not hold");
    }

    #[test]
    fn a_picture_or_widget_that_the_text_does_not_show_is_found() {
        let chapter = Chapter {
            numbers: |_| {},
            figures: &[("hands", || Drawing::new(1.0, 1.0, "A hand."))],
            widgets: &[("dial", || Value::Null)],
        };
        let problems = join(&check::page(&course(), "page", "Text.", Some(&chapter)));
        assert_says(&problems, "the text has no {{#figure hands");
        assert_says(&problems, "the text has no {{#widget dial}}");
    }

    #[test]
    fn a_number_in_a_widget_is_checked_too() {
        let chapter =
            Chapter { numbers: |_| {}, figures: &[], widgets: &[("rope", || Value::Null)] };
        let problems = join(&check::page(&course(), "page", "Text.", Some(&chapter)));
        assert_says(&problems, "nothing confirms the number 0.5");
    }

    #[test]
    fn a_year_is_a_whole_number_of_four_digits() {
        assert_eq!(stated(|_| {}, "In 1997 and 2021, (2019) too."), "");
        assert_says(&stated(|_| {}, "It is 2.1972."), "nothing confirms the number 2.1972");
        assert_says(&stated(|_| {}, "It is 0.2021."), "nothing confirms the number 0.2021");
        assert_says(&stated(|_| {}, "It is 2,024."), "nothing confirms the number 2,024");
    }

    #[test]
    fn names_are_no_numbers() {
        let text = "Exercise 6.2 of section 3.2.2, equation 3.4, in 2021, arXiv:2104.09864, shape \
                    `[2, 128]`\n\n```rust\nlet x = 0.5;\n```\n";
        assert_eq!(stated(|_| {}, text), "");
    }
}

mod chapters {
    use super::*;

    fn lesson() -> Lesson {
        let (hints, mistakes) = (vec!["h".into()], Vec::new());
        let exercise = Exercise { function: "turn".into(), minutes: 5, points: 5, hints, mistakes };
        let about =
            About { title: "Turns".into(), minutes: 10, difficulty: 1, exercises: vec![exercise] };
        Lesson { name: "lesson99_turns".into(), number: 99, about, needs: vec![] }
    }

    fn chapter() -> String {
        let quiz = "```quiz\nkind = \"shape\"\nask = \"a\"\noptions = [\"a\", \"b\"]\n\
                    answer = \"A\"\nwhy = \"a\"\n```\n";
        let mut text = "# Turns\n".to_owned();
        for names in structure::SECTIONS {
            let inside = match names[0] {
                "Goal" => "{{#lesson}}\n".to_owned(),
                "The idea" => format!("{{{{#figure turns | x}}}}\n\n{}\n", "word ".repeat(1600)),
                "Forward" => "`turn` is it.\n".to_owned(),
                "Exercises" => "{{#exercises}}\n".to_owned(),
                "Check yourself" => quiz.repeat(3),
                _ => "Text.\n".to_owned(),
            };
            text += &format!("\n## {}\n\n{inside}", names[0]);
        }
        text
    }

    fn check(text: &str) -> String {
        join(&structure::check_chapter(&lesson(), text))
    }

    #[test]
    fn a_whole_chapter_is_fine() {
        assert_eq!(check(&chapter()), "");
    }

    #[test]
    fn a_missing_or_misplaced_section_is_found() {
        let text = chapter().replace("## Shapes\n", "### Shapes\n");
        assert_says(&check(&text), "section 3 is \"Forward\", must be [\"Shapes\"]");
        let text = chapter().replace("## Done when\n", "");
        assert_says(&check(&text), "[\"Done when\"] is missing");
        assert_says(&check(&(chapter() + "\n## More\n")), "after the last section");
    }

    #[test]
    fn another_title_is_found() {
        assert_says(&check(&chapter().replace("# Turns", "# Returns")), "the title must be");
    }

    #[test]
    fn missing_parts_are_found() {
        assert_says(&check(&chapter().replace("{{#lesson}}", "")), "no {{#lesson}}");
        assert_says(&check(&chapter().replace("{{#figure", "{{#code")), "no {{#figure ");
        assert_says(&check(&chapter().replace("{{#exercises}}", "")), "no {{#exercises}}");
    }

    #[test]
    fn a_function_that_the_text_never_names_is_found() {
        assert_says(&check(&chapter().replace("`turn`", "this")), "names the function `turn`");
    }

    #[test]
    fn too_few_questions_and_too_few_words_are_found() {
        let text = chapter();
        let first = text.find("```quiz").unwrap();
        let second = first + text[first..].find("```\n").unwrap() + 4;
        let text = format!("{}{}", &text[..first], &text[second..]);
        assert_says(&check(&text), "2 questions, must be 3 to 5".replace("be", "have").as_str());
        assert_says(&check(&chapter().replace("word ", "")), "words of prose, must be 1500");
    }

    #[test]
    fn a_lesson_without_a_chapter_is_found() {
        let course = Course { root: PathBuf::new(), lessons: vec![lesson()] };
        let check = |summary, files: &[&str]| {
            let files: Vec<String> = files.iter().map(|&file| file.to_owned()).collect();
            let (problems, missing) = structure::check_summary(&course, summary, &files);
            (join(&problems), missing)
        };
        let (problems, missing) = check("- [Turns](lesson99_turns.md)", &["lesson99_turns.md"]);
        assert_eq!((problems.as_str(), missing.len()), ("", 0));
        assert_says(&check("nothing", &[]).0, "the lesson lesson99_turns has no chapter");
        assert_eq!(check("- [Turns]()", &[]), (String::new(), vec!["lesson99_turns".to_owned()]));
        let (problems, _) = check("- [Turns]()\n- [B](lesson98_b.md)", &["lesson98_b.md"]);
        assert_says(&problems, "the chapter lesson98_b.md has no lesson");
        assert_says(&check("- [Turns]()", &["more.md"]).0, "more.md is not listed");
    }

    #[test]
    fn what_a_whole_book_lacks_is_found() {
        let kinds = structure::PAGES.iter().map(|kind| format!("[A page]({kind}_1.md)\n"));
        let summary: String = kinds.collect();
        assert_eq!(structure::to_come(&summary), [""; 0]);
        assert_eq!(structure::to_come(&(summary.clone() + "- [Turns]()")), ["Turns"]);
        let summary = summary.replace("capstone", "capsize");
        assert_eq!(structure::to_come(&summary), ["capstone*.md"]);
    }
}

mod pages {
    use super::*;

    fn check(html: &str) -> String {
        let mut site = Site::default();
        site.pages.insert("a.html".into(), html.into());
        site.pages.insert("b.html".into(), "<h2 id=\"there\">There</h2>".into());
        site.files.extend(["a.html".into(), "b.html".into(), "c.png".into()]);
        join(&site.check(&["lesson99_turns".to_owned()]))
    }

    #[test]
    fn living_links_are_fine() {
        let html = "<a href=\"b.html#there\">b</a> <a href=\"https://arxiv.org/\">outside</a> \
                    <img src=\"c.png\" alt=\"A cat.\"> <a href=\"lesson99_turns.html#later\">c</a>";
        assert_eq!(check(html), "");
    }

    #[test]
    fn a_dead_link_or_fragment_is_found() {
        assert_says(&check("<a href=\"nowhere.html\">x</a>"), "nowhere.html leads nowhere");
        assert_says(&check("<img src=\"nowhere.png\" alt=\"x\">"), "nowhere.png leads nowhere");
        assert_says(&check("<a href=\"b.html#nowhere\">x</a>"), "names a place");
    }

    #[test]
    fn an_external_load_is_found() {
        for html in [
            "<script src=\"https://example.org/a.js\"></script>",
            "<img alt=\"x\" src=\"//example.org/a.png\">",
            "<link rel=\"stylesheet\" href=\"https://example.org/a.css\">",
            "<style>p { background: url(https://example.org/a.png) }</style>",
        ] {
            assert_says(&check(html), "from outside");
        }
        let mut site = Site::default();
        site.styles.insert("a.css".into(), "@import 'https://example.org/a.css';".into());
        assert_says(&join(&site.check(&[])), "from outside");
    }

    #[test]
    fn a_picture_without_alternative_text_is_found() {
        assert_says(&check("<img src=\"c.png\">"), "without alternative text");
        assert_says(&check("<img src=\"c.png\" alt=\" \">"), "without alternative text");
        assert_says(&check("<figure>\n<svg><path/></svg></figure>"), "without alternative text");
        assert_eq!(check("<figure>\n<svg><title>A cat.</title></svg></figure>"), "");
    }

    #[test]
    #[should_panic(expected = "alternative text")]
    fn a_drawing_without_alternative_text_cannot_be_made() {
        let _ = Drawing::new(1.0, 1.0, " ");
    }
}

mod figures {
    use super::*;

    #[test]
    fn a_stale_and_a_foreign_picture_are_found() {
        let folder = std::env::temp_dir().join(format!("book-figures-{}", std::process::id()));
        book::figures::write(&folder).unwrap();
        assert_eq!(book::figures::check(&folder).unwrap(), []);
        let picture = folder.join("text/figures/model.svg");
        let svg = std::fs::read_to_string(&picture).unwrap();
        std::fs::write(&picture, svg.replacen("130.0", "130.1", 1)).unwrap();
        std::fs::write(folder.join("text/figures/foreign.svg"), "").unwrap();
        let problems = join(&book::figures::check(&folder).unwrap());
        std::fs::remove_dir_all(&folder).unwrap();
        assert_says(&problems, "model.svg: not what the code draws");
        assert_says(&problems, "foreign.svg: no code draws this file");
    }
}

mod program {
    use std::process::{Command, Stdio};

    #[test]
    fn a_closed_pipe_ends_it_quietly() {
        let mut program = Command::new(env!("CARGO_BIN_EXE_book"))
            .args(["check", "notation", "glossary"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(program.stdout.take());
        let output = program.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(output.status.success(), "{}", output.status);
    }
}
