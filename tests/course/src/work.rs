//! Tells a learner's work from a stub, so that nobody's work is overwritten.

use syn::spanned::Spanned;
use syn::{Expr, Item, Local, Macro, Pat, Stmt};

/// What somebody has added to an exercise file, in words for a message: functions with a body
/// of their own, other items, comments.
///
/// Empty if the file is a stub, also one that an older solution gave.
pub fn find_work(text: &str) -> Vec<String> {
    let file = match syn::parse_str::<syn::File>(text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().start().line;
            return vec![format!("code that does not parse (line {line})")];
        }
    };
    let added = file.items.iter().filter_map(|item| match item {
        Item::Use(_) => None,
        Item::Fn(function) if is_stub_body(&function.block.stmts) => None,
        Item::Fn(function) => Some(format!("`{}`", function.sig.ident)),
        other => Some(format!("the item in line {}", other.span().start().line)),
    });
    let comment = text.lines().position(has_own_comment);
    let comment = comment.map(|i| format!("the comment in line {}", i + 1));
    added.chain(comment).collect()
}

/// Whether a function of the file is still as the stub has it. `false` if the file does not
/// parse or has no such function: then somebody has worked on it.
pub fn is_untouched(text: &str, function: &str) -> bool {
    let Ok(file) = syn::parse_str::<syn::File>(text) else {
        return false;
    };
    file.items.iter().any(|item| match item {
        Item::Fn(item) => item.sig.ident == function && is_stub_body(&item.block.stmts),
        _ => false,
    })
}

/// Whether a body is a `todo!` with nothing but `let _ = (x, table);` before it.
fn is_stub_body(statements: &[Stmt]) -> bool {
    let Some((last, before)) = statements.split_last() else {
        return false;
    };
    let is_todo = |mac: &Macro| mac.path.is_ident("todo");
    let ends_in_todo = match last {
        Stmt::Macro(statement) => is_todo(&statement.mac),
        Stmt::Expr(Expr::Macro(expression), _) => is_todo(&expression.mac),
        _ => false,
    };
    let only_names = |statement: &Stmt| match statement {
        Stmt::Local(local) => names_arguments(local),
        _ => false,
    };
    ends_in_todo && before.iter().all(only_names)
}

/// Whether a `let` is `let _ = x;` or `let _ = (x, table);`.
fn names_arguments(local: &Local) -> bool {
    let is_name = |value: &Expr| matches!(value, Expr::Path(_));
    let value = local.init.as_ref().map(|init| &*init.expr);
    match (&local.pat, value) {
        (Pat::Wild(_), Some(Expr::Tuple(names))) => names.elems.iter().all(is_name),
        (Pat::Wild(_), Some(value)) => is_name(value),
        _ => false,
    }
}

/// Whether a line has a comment, and none of those a stub has: docs, exercise numbers, steps.
fn has_own_comment(line: &str) -> bool {
    let line = line.trim_start();
    let is_doc = line.starts_with("///") || line.starts_with("//!");
    let has_comment = line.contains("//") || line.contains("/*");
    has_comment && !is_doc && !line.starts_with("// Exercise ") && !is_step(line)
}

/// Whether a comment is `// 1. a step` or the next line of one.
fn is_step(line: &str) -> bool {
    let Some(comment) = line.strip_prefix("// ") else {
        return false;
    };
    let after_number = comment.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = after_number.len() < comment.len() && after_number.starts_with(". ");
    is_numbered || comment.starts_with("   ")
}
