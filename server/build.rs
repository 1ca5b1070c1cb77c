//! Puts the built page and the recorded incidents into the binary.
//!
//! The page is `dist/` at the top of the repository (made by trunk). Without one a page that says
//! so takes its place, so that the server also builds where nobody has built the page.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

const NO_PAGE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>lb502</title>
<h1>lb502</h1>
<p>This lb502 was built without its page. Build it with <code>make run</code>, or use the command line:
<code>lb502 diagnose NAME</code>.</p>
</html>
";

fn main() {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo names the package"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo names a folder"));
    let page = page(&here.join("../dist"), &out.join("dist"));
    println!(
        "cargo::rustc-env=LB502_INDEX={}",
        page.join("index.html").display()
    );
    page_files(&page, &out.join("page_files.rs"));
    memory_serve::load_directory(page);
    practice(&here.join("../assets/practice"), &out.join("practice.rs"));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../migrations");
}

fn page(built: &Path, placeholder: &Path) -> PathBuf {
    let index = built.join("index.html");
    println!("cargo::rerun-if-changed={}", index.display());
    if index.is_file() {
        return built.to_owned();
    }
    let index = placeholder.join("index.html");
    // Written once only: a file newer than the last build would have every build start anew.
    if fs::read_to_string(&index).ok().as_deref() != Some(NO_PAGE) {
        fs::create_dir_all(placeholder).expect("the build's folder can be written to");
        fs::write(index, NO_PAGE).expect("the build's folder can be written to");
    }
    placeholder.to_owned()
}

/// A list of the addresses of the page's files, without the page itself.
fn page_files(page: &Path, list: &Path) {
    let mut files = Vec::new();
    let mut folders = vec![page.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(page) {
                files.push(format!("/{}", name.display()));
            }
        }
    }
    files.retain(|file| file != "/index.html");
    files.sort();
    fs::write(list, format!("&{files:?}")).expect("the build's folder can be written to");
}

/// A list of (name, bundle, description) for `practice.rs`.
fn practice(folder: &Path, list: &Path) {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut bundles = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect::<Vec<_>>();
    bundles.sort();
    let entries = bundles.iter().map(|bundle| {
        let name = bundle.file_stem().unwrap_or_default().to_string_lossy();
        let words = bundle.with_extension("txt");
        format!("({name:?}, include_str!({bundle:?}), include_str!({words:?})),\n")
    });
    let code = format!("&[\n{}]\n", entries.collect::<String>());
    fs::write(list, code).expect("the build's folder can be written to");
}
