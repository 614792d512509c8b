//! Takes out of a file what does not compile, so that it costs no other exercise.

use syn::Item;
use syn::spanned::Spanned as _;

use crate::source::Source;
use crate::text::one_line;

/// A submitted file on its way to one that compiles.
#[derive(Debug)]
pub(super) struct Mended {
    /// The text as it is now. Its lines have the numbers they were handed in with, except below
    /// a function whose first lines were changed.
    pub(super) text: String,
    /// Functions whose body was taken out.
    pub(super) emptied: Vec<String>,
}

impl Mended {
    /// A file as it was handed in.
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_string(), emptied: Vec::new() }
    }

    /// Puts the stub's function in place of one whose signature is not the stub's: the tests
    /// could not call it. Returns what the signature must be, or `None` if all is well.
    pub(super) fn restore_signature(&mut self, function: &str, stub: &str) -> Option<String> {
        let stub = Source::parse(stub).ok()?;
        let mine = Source::parse(&self.text).ok()?;
        if stub.signature(function) == mine.signature(function) {
            return None;
        }
        let (range, fresh) = (mine.range(function), stub.function_text(function)?);
        match range {
            Some(range) => self.text.replace_range(range, fresh),
            None => self.text += &format!("\n{fresh}\n"),
        }
        self.emptied.push(function.to_string());
        let text = stub.body_with_helpers(function, &[])?;
        Some(one_line(text.split_once("{\n")?.0))
    }

    /// Takes out the items in which `lines`, counted from 1, have an error: the body of a
    /// function, and a function with an empty body or an import as a whole. The functions that
    /// lost something; `None` if the errors cannot be taken out.
    pub(super) fn take_out(&mut self, lines: &[usize]) -> Option<Vec<String>> {
        let file = syn::parse_str::<syn::File>(&self.text).ok()?;
        let mut changes = Vec::new();
        let mut names = Vec::new();
        for item in &file.items {
            let (start, end) = (item.span().start().line, item.span().end().line);
            if !lines.iter().any(|line| (start..=end).contains(line)) {
                continue;
            }
            match item {
                Item::Fn(function) => {
                    let name = function.sig.ident.to_string();
                    let whole = item.span().byte_range();
                    if self.emptied.contains(&name) {
                        changes.push((whole, String::new()));
                    } else {
                        let todo = format!("{{ todo!(\"`{name}` does not compile\")");
                        changes.push((function.block.span().byte_range(), todo));
                        self.emptied.push(name.clone());
                    }
                    names.push(name);
                }
                Item::Use(_) => changes.push((item.span().byte_range(), String::new())),
                _ => {}
            }
        }
        if changes.is_empty() {
            return None;
        }
        for (range, new) in changes.into_iter().rev() {
            // As many lines as before: later errors must be found where they are.
            let n_lines = self.text[range.clone()].matches('\n').count();
            let end = if new.is_empty() { "" } else { "}" };
            self.text.replace_range(range, &(new + &"\n".repeat(n_lines) + end));
        }
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "use a::b;\n\npub fn f() -> u8 {\n    \"a\"\n}\n\nfn help() -> u8 {\n    b()\n}\n";

    #[test]
    fn only_the_wrong_body_goes_and_the_lines_stay() {
        let mut file = Mended::new(FILE);
        assert_eq!(file.take_out(&[4]), Some(vec!["f".to_string()]));
        assert!(file.text.contains("pub fn f() -> u8 { todo!(\"`f` does not compile\")\n\n}\n"));
        assert!(file.text.contains("fn help() -> u8 {\n    b()\n}"));
        assert_eq!(file.text.lines().count(), FILE.lines().count());
        assert_eq!(file.take_out(&[2]), None);
        assert_eq!(file.take_out(&[1]), Some(vec![]));
        assert!(!file.text.contains("use"));
        assert_eq!(file.text.lines().count(), FILE.lines().count());
    }

    #[test]
    fn a_function_that_is_wrong_without_its_body_goes() {
        let mut file = Mended::new(FILE);
        file.take_out(&[7]);
        file.take_out(&[7]);
        assert!(!file.text.contains("help") && file.text.contains("\"a\""), "{}", file.text);
    }

    #[test]
    fn a_changed_signature_becomes_the_stubs() {
        let stub = "pub fn f() -> u16 {\n    todo!()\n}\n";
        let mut file = Mended::new(FILE);
        assert_eq!(file.restore_signature("f", stub).as_deref(), Some("pub fn f() -> u16"));
        assert!(file.text.contains("pub fn f() -> u16 {\n    todo!()\n}\n\nfn help"));
        assert_eq!(file.restore_signature("f", stub), None);
        let mut file = Mended::new("fn g() {}\n");
        file.restore_signature("f", stub);
        assert!(file.text.ends_with("\npub fn f() -> u16 {\n    todo!()\n}\n"));
    }
}
