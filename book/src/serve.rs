//! `cargo book serve`: the built book on this machine, built again when the text changes.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

/// Serves `site` until the process ends, and calls `build` when a file below `watched` changes.
///
/// # Errors
/// If the port is taken.
pub fn serve(
    site: &Path,
    watched: &Path,
    port: u16,
    build: fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .with_context(|| format!("port {port} is taken; choose another with --port"))?;
    println!("http://127.0.0.1:{port}  (Ctrl-C ends it)");
    let watched = watched.to_owned();
    thread::spawn(move || rebuild_on_change(&watched, build));
    for stream in listener.incoming().flatten() {
        let site = site.to_owned();
        // A reader who goes away in the middle of a page is no error.
        thread::spawn(move || answer(stream, &site).ok());
    }
    Ok(())
}

fn rebuild_on_change(watched: &Path, build: fn() -> anyhow::Result<()>) {
    let mut seen = newest(watched);
    loop {
        thread::sleep(Duration::from_millis(500));
        let now = newest(watched);
        if now != seen {
            seen = now;
            match build() {
                Ok(()) => println!("built again; reload the page"),
                Err(error) => eprintln!("error: {error:#}"),
            }
        }
    }
}

fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    let times = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        if path.is_dir() { newest(&path) } else { entry.metadata().ok()?.modified().ok() }
    });
    times.max()
}

fn answer(mut stream: TcpStream, site: &Path) -> std::io::Result<()> {
    let mut request = String::new();
    BufReader::new(&stream).read_line(&mut request)?;
    let target = request.split_whitespace().nth(1).unwrap_or("/");
    let file = file_of(site, target);
    match fs::read(&file) {
        Ok(body) => {
            let kind = content_type(&file);
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            )?;
            stream.write_all(&body)
        }
        Err(_) => write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    }
}

/// The file that an address names; never one outside the site.
fn file_of(site: &Path, target: &str) -> PathBuf {
    let path = target.split(['?', '#']).next().unwrap_or("/");
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != "..");
    let file = parts.fold(site.to_owned(), |path, part| path.join(part));
    if file.is_dir() { file.join("index.html") } else { file }
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}
