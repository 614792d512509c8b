//! Formulas: TeX in the text becomes MathML in the page, which every browser draws by itself.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::mathml::push_mathml;
use pulldown_latex::{Parser as TexParser, Storage};

use crate::problem::Problem;

/// What mdBook reads, and formulas besides.
pub fn markdown_options() -> Options {
    Options::ENABLE_MATH
        | Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
}

/// Replaces every `$…$` and `$$…$$`.
pub fn expand(page: &str, text: &str) -> (String, Vec<Problem>) {
    let mut out = String::with_capacity(text.len());
    let mut problems = Vec::new();
    let mut done = 0;
    let mut in_code = false;
    for (event, range) in Parser::new_ext(text, markdown_options()).into_offset_iter() {
        let (tex, display) = match event {
            Event::InlineMath(tex) => (tex, false),
            Event::DisplayMath(tex) => (tex, true),
            Event::Start(Tag::CodeBlock(_)) => {
                in_code = true;
                continue;
            }
            Event::End(TagEnd::CodeBlock) => {
                in_code = false;
                continue;
            }
            Event::Text(plain) if !in_code && has_lonely_dollar(text, &plain, range.start) => {
                let what = format!("a $ without a partner near `{}`", plain.trim());
                problems.push(Problem::new(page, what));
                continue;
            }
            _ => continue,
        };
        out += &text[done..range.start];
        done = range.end;
        match render(&tex, display) {
            Ok(mathml) if !display && text[done..].starts_with([',', '.', ';', ':', ')']) => {
                out += &format!("<span class=\"joined\">{mathml}{}</span>", &text[done..=done]);
                done += 1;
            }
            Ok(mathml) => out += &mathml,
            Err(what) => problems.push(Problem::new(page, what)),
        }
    }
    out += &text[done..];
    (out, problems)
}

/// A `$` that is neither part of a formula nor written as `\$`.
fn has_lonely_dollar(text: &str, plain: &str, start: usize) -> bool {
    let escaped = text[..start].ends_with('\\') && plain.starts_with('$');
    plain[usize::from(escaped)..].contains('$')
}

/// One formula as MathML on one line, safe inside Markdown.
///
/// # Errors
/// If the TeX is wrong, or has a command that the renderer cannot show.
pub fn render(tex: &str, display: bool) -> Result<String, String> {
    let storage = Storage::new();
    let parser = TexParser::new(tex, &storage);
    let events: Vec<_> = parser.collect();
    if let Some(error) = events.iter().find_map(|event| event.as_ref().err()) {
        let error = error.to_string();
        let first = error.lines().next().unwrap_or_default().to_owned();
        return Err(format!("the formula `{}` is wrong: {first}", tex.trim()));
    }
    let display_mode = if display { DisplayMode::Block } else { DisplayMode::Inline };
    let config = RenderConfig { display_mode, ..RenderConfig::default() };
    let mut mathml = String::new();
    push_mathml(&mut mathml, events.into_iter(), config).map_err(|error| error.to_string())?;
    let mathml = protect(&mend(&mathml));
    // The star and what follows would be printed as they stand.
    let is_starred = tex.contains("\\operatorname*");
    if is_starred || mathml.contains("<merror") || !is_html(&mathml) {
        return Err(format!("the formula `{}` has a command that cannot be shown", tex.trim()));
    }
    if display {
        return Ok(format!("<span class=\"formula\">{mathml}</span>"));
    }
    Ok(mathml)
}

/// What the renderer writes badly: no space between two attributes of a bracket with a size, and
/// `<` as it is. Markdown takes neither for a tag.
fn mend(mathml: &str) -> String {
    mathml.replace("\"minsize=", "\" minsize=").replace("><<", ">&lt;<")
}

/// Whether Markdown sees each tag as a tag; what it does not, a reader would see as text.
fn is_html(mathml: &str) -> bool {
    let line = format!("a {mathml}");
    let tags = Parser::new_ext(&line, markdown_options());
    let n_tags = tags.filter(|event| matches!(event, Event::InlineHtml(_))).count();
    n_tags == mathml.matches('<').count()
}

/// Between tags, Markdown would still read `_`, `*` and their like as its own.
fn protect(mathml: &str) -> String {
    let mut out = String::with_capacity(mathml.len());
    let mut in_tag = false;
    for c in mathml.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            '\n' => {
                out.push(' ');
                continue;
            }
            '_' | '*' | '|' | '[' | ']' | '\\' | '"' | '\'' | '`' | '~' | '#' | '!' if !in_tag => {
                out += &format!("&#{};", c as u32);
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}
