//! Finds functions in a Rust file, and takes them out of it letter by letter.

use std::ops::Range;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::{Item, ItemFn};

/// A Rust file that parses.
pub struct Source<'a> {
    text: &'a str,
    file: syn::File,
}

impl<'a> Source<'a> {
    /// Parses a file.
    ///
    /// # Errors
    /// The line, counted from 1, and what the parser says.
    pub fn parse(text: &'a str) -> Result<Self, (usize, String)> {
        match syn::parse_str(text) {
            Ok(file) => Ok(Self { text, file }),
            Err(error) => Err((error.span().start().line, error.to_string())),
        }
    }

    /// The bytes of a function with its docs and attributes.
    pub fn range(&self, function: &str) -> Option<Range<usize>> {
        self.function(function).map(item_range)
    }

    /// A function with its docs and attributes.
    pub fn function_text(&self, function: &str) -> Option<&'a str> {
        self.range(function).map(|range| &self.text[range])
    }

    /// A function, type or constant without docs and attributes.
    pub fn item_text(&self, name: &str) -> Option<&'a str> {
        let item = self.file.items.iter().find(|item| name_of(item).as_deref() == Some(name))?;
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Enum(item) => &item.attrs,
            _ => return None,
        };
        let text = &self.text[item.span().byte_range()];
        let start = attributes
            .last()
            .map_or(0, |last| last.span().byte_range().end - item.span().byte_range().start);
        Some(text[start..].trim_start())
    }

    /// A function without docs and attributes, and below it whatever else of the file it uses,
    /// directly or not, but no function in `others`: a helper may be half of the answer.
    pub fn body_with_helpers(&self, function: &str, others: &[&str]) -> Option<String> {
        let item = self.function(function)?;
        let start = item.vis.span().byte_range().start.min(item.sig.span().byte_range().start);
        let mut text = self.text[start..item.span().byte_range().end].to_string();
        for range in self.helpers(item, others) {
            text += "\n\n";
            text += &self.text[range];
        }
        Some(text)
    }

    /// A function with its docs, and below it whatever else of the file it uses.
    pub fn text_with_helpers(&self, function: &str, others: &[&str]) -> Option<String> {
        let item = self.function(function)?;
        let mut text = self.text[item_range(item)].to_string();
        for range in self.helpers(item, others) {
            text += "\n\n";
            text += &self.text[range];
        }
        Some(text)
    }

    /// The signature of a function as it can be compared: one space between tokens, no `mut`
    /// on parameters, no comma at the end.
    pub fn signature(&self, function: &str) -> Option<String> {
        let sig = &self.function(function)?.sig;
        let text = &self.text[sig.span().byte_range()];
        let mut tokens = Vec::new();
        flatten(text.parse().ok()?, &mut tokens);
        let is_kept = |i: usize| match tokens[i].as_str() {
            "mut" => !matches!(i.checked_sub(1).map(|i| tokens[i].as_str()), Some("(" | ",")),
            "," => !matches!(tokens.get(i + 1).map(String::as_str), Some(")" | ">")),
            _ => true,
        };
        let kept: Vec<_> = (0..tokens.len()).filter(|&i| is_kept(i)).collect();
        Some(kept.iter().map(|&i| tokens[i].as_str()).collect::<Vec<_>>().join(" "))
    }

    fn function(&self, name: &str) -> Option<&ItemFn> {
        self.file.items.iter().find_map(|item| match item {
            Item::Fn(function) if function.sig.ident == name => Some(function),
            _ => None,
        })
    }

    /// Private functions, constants and types that a function uses, in the order of the file.
    fn helpers(&self, function: &ItemFn, others: &[&str]) -> Vec<Range<usize>> {
        let mut known = words(&self.text[function.span().byte_range()]);
        let mut found: Vec<Range<usize>> = Vec::new();
        loop {
            let next = self.file.items.iter().find(|item| {
                name_of(item).is_some_and(|name| {
                    known.contains(&name)
                        && function.sig.ident != name
                        && !others.contains(&name.as_str())
                        && !found.contains(&item.span().byte_range())
                })
            });
            let Some(item) = next else { break };
            known.extend(words(&self.text[item.span().byte_range()]));
            found.push(item.span().byte_range());
        }
        found.sort_by_key(|range| range.start);
        found
    }
}

/// The line, counted from 1, in which `fn NAME` stands, whether the file parses or not.
pub fn line_of_function(text: &str, name: &str) -> Option<usize> {
    let starts = [format!("fn {name}("), format!("fn {name}<")];
    let has_it = |line: &str| {
        let code = line.split("//").next().unwrap_or_default();
        starts.iter().any(|start| code.contains(start))
    };
    text.lines().position(has_it).map(|i| i + 1)
}

fn item_range(function: &ItemFn) -> Range<usize> {
    function.span().byte_range()
}

/// The name by which other code refers to an item.
fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Fn(item) => &item.sig.ident,
        Item::Const(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}

/// A piece of a file's code without comments and without any space.
pub(crate) fn compact(text: &str, node: &impl Spanned) -> String {
    let mut code = words(&text[node.span().byte_range()]).concat();
    code.retain(|letter| !letter.is_whitespace());
    code
}

/// Every token of a piece of code; docs and strings are one token each.
fn words(code: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    if let Ok(code) = code.parse() {
        flatten(code, &mut tokens);
    }
    tokens
}

/// The tokens in order, brackets among them.
fn flatten(code: TokenStream, tokens: &mut Vec<String>) {
    for token in code {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                tokens.push(open.to_string());
                flatten(group.stream(), tokens);
                tokens.push(close.to_string());
            }
            other => tokens.push(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "use a::B;\n\n/// Docs of `helper`.\n#[inline]\npub fn f<T>(mut x: T) -> T {\n    \
                        \"other\"; helper(x)\n}\n\nfn other() {}\n\nfn helper<T>(x: T) -> T { LIMIT; x }\n\n\
                        const LIMIT: u8 = 3;\n\npub fn g() { helper(1); }\n";

    #[test]
    fn a_function_comes_with_its_docs_and_with_what_it_uses() {
        let source = Source::parse(FILE).ok().unwrap();
        let text = source.function_text("f").unwrap();
        assert!(text.starts_with("/// Docs") && text.ends_with("helper(x)\n}"), "{text}");
        let text = source.body_with_helpers("f", &["f", "g"]).unwrap();
        assert!(
            text.starts_with("pub fn f<T>") && text.ends_with("const LIMIT: u8 = 3;"),
            "{text}"
        );
        assert!(text.contains("fn helper") && !text.contains("fn other"), "{text}");
        assert!(!source.body_with_helpers("f", &["helper"]).unwrap().contains("fn helper"));
        assert_eq!(source.body_with_helpers("h", &[]), None);
    }

    #[test]
    fn signatures_are_compared_without_spaces_and_mut() {
        let signature = |text| Source::parse(text).ok().unwrap().signature("f").unwrap();
        let one = signature("pub fn f(a: &[u8], b: u8) -> u8 { a[0] + b }");
        assert_eq!(one, signature("fn f(\n    a: &[u8],\n    mut b: u8,\n) -> u8 {\n    b\n}"));
        assert_ne!(one, signature("pub fn f(a: &[u8], b: u16) -> u8 { a[0] }"));
        assert_ne!(one, signature("pub fn f(a: &mut [u8], b: u8) -> u8 { a[0] + b }"));
    }

    #[test]
    fn a_function_is_found_by_line_also_in_a_file_that_does_not_parse() {
        let text = "// fn f(\n/// fn f()\npub fn ff() {}\npub fn f<T>(\n    ((\n";
        assert_eq!(line_of_function(text, "f"), Some(4));
        assert_eq!(line_of_function(text, "g"), None);
        assert_eq!(Source::parse("fn f(").err().map(|(line, _)| line), Some(1));
    }
}
