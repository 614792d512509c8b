//! Lists the files of `src/chapters`, so that a new chapter touches no shared file, and says
//! which platform this is.

use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=src/chapters");
    println!("cargo::rustc-env=PLATFORM={}", env::var("TARGET").expect("set by Cargo"));
    let mut names: Vec<String> = fs::read_dir("src/chapters")
        .expect("the folder src/chapters")
        .filter_map(|entry| {
            entry.ok()?.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned)
        })
        .collect();
    names.sort();

    let here = env::var("CARGO_MANIFEST_DIR").expect("set by Cargo");
    let mut code = String::new();
    for name in &names {
        code += &format!("#[path = {:?}]\nmod {name};\n", format!("{here}/src/chapters/{name}.rs"));
    }
    code += "\n/// Every page that has numbers, pictures or widgets, by its file's name.\n";
    code += "pub const CHAPTERS: &[(&str, Chapter)] = &[\n";
    for name in &names {
        code += &format!("    ({name:?}, {name}::CHAPTER),\n");
    }
    code += "];\n";
    let out = env::var("OUT_DIR").expect("set by Cargo");
    fs::write(Path::new(&out).join("chapters.rs"), code).expect("a writable OUT_DIR");
}
