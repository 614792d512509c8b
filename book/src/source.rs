//! Code for the text, cut out of files that are compiled and tested.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta};

/// An item of a Rust file.
#[derive(Debug)]
pub struct Found {
    /// Its source without doc comment and attributes, indented as in the file.
    pub code: String,
    /// The first paragraph of its doc comment.
    pub summary: String,
}

/// Finds a function, type, constant or macro by name; a method as `Type::method`.
///
/// # Errors
/// If the file does not parse or has no such item.
pub fn find_item(source: &str, name: &str) -> anyhow::Result<Found> {
    let file = syn::parse_file(source)?;
    let (attributes, span) =
        locate(&file.items, name).ok_or_else(|| anyhow::anyhow!("there is no `{name}`"))?;
    let first = attributes.last().map_or(span.start().line, |last| last.span().end().line + 1);
    let lines: Vec<&str> = source.lines().collect();
    let code = dedent(&lines[first - 1..span.end().line]);
    Ok(Found { code, summary: summary(&attributes) })
}

fn locate(items: &[Item], name: &str) -> Option<(Vec<Attribute>, Span)> {
    if let Some((owner, method)) = name.split_once("::") {
        return items.iter().find_map(|item| match item {
            Item::Impl(block) if type_name(&block.self_ty) == owner => {
                block.items.iter().find_map(|item| match item {
                    ImplItem::Fn(f) if f.sig.ident == method => Some((f.attrs.clone(), f.span())),
                    _ => None,
                })
            }
            _ => None,
        });
    }
    items.iter().find_map(|item| {
        let (attributes, ident) = match item {
            Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
            Item::Struct(item) => (&item.attrs, Some(&item.ident)),
            Item::Enum(item) => (&item.attrs, Some(&item.ident)),
            Item::Trait(item) => (&item.attrs, Some(&item.ident)),
            Item::Type(item) => (&item.attrs, Some(&item.ident)),
            Item::Const(item) => (&item.attrs, Some(&item.ident)),
            Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
            _ => return None,
        };
        (ident? == name).then(|| (attributes.clone(), item.span()))
    })
}

fn type_name(ty: &syn::Type) -> String {
    match ty {
        syn::Type::Path(path) => path.path.segments.last().map(|s| s.ident.to_string()),
        _ => None,
    }
    .unwrap_or_default()
}

fn summary(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        let Meta::NameValue(meta) = &attribute.meta else { continue };
        let (true, Expr::Lit(value)) = (meta.path.is_ident("doc"), &meta.value) else { continue };
        let Lit::Str(line) = &value.lit else { continue };
        let line = line.value();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    lines.join(" ")
}

/// The lines from the first that starts with `from` to the next that starts with `to`.
///
/// # Errors
/// If there is no such line.
pub fn cut(code: &str, from: &str, to: &str) -> anyhow::Result<String> {
    let lines: Vec<&str> = code.lines().collect();
    let starts_with = |start: &str, after: usize| {
        let found = lines[after..].iter().position(|line| line.trim_start().starts_with(start));
        found.map(|i| after + i).ok_or_else(|| anyhow::anyhow!("no line starts with `{start}`"))
    };
    let first = starts_with(from, 0)?;
    let last = starts_with(to, first)?;
    Ok(dedent(&lines[first..=last]))
}

/// What stands between the braces of a function.
pub fn body(code: &str) -> String {
    let lines: Vec<&str> = code.lines().collect();
    let first = lines.iter().position(|line| line.ends_with('{')).map_or(0, |i| i + 1);
    dedent(&lines[first..lines.len().saturating_sub(1).max(first)])
}

fn dedent(lines: &[&str]) -> String {
    let indents = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = indents.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|line| line.get(indent..).unwrap_or("")).collect();
    lines.join("\n")
}
