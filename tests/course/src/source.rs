//! Finds functions in a Rust file, and takes them out of it letter by letter.

use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
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
        let tokens: TokenStream = text.parse().ok()?;
        let text = tokens.to_string().replace("(mut ", "(").replace(", mut ", ", ");
        Some(text.replace(",)", ")").replace(", )", ")").replace(",>", ">"))
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

/// Every identifier in a piece of code; docs and strings are none.
fn words(code: &str) -> Vec<String> {
    fn collect(tokens: TokenStream, words: &mut Vec<String>) {
        for token in tokens {
            match token {
                TokenTree::Ident(word) => words.push(word.to_string()),
                TokenTree::Group(group) => collect(group.stream(), words),
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    if let Ok(tokens) = code.parse() {
        collect(tokens, &mut found);
    }
    found
}
