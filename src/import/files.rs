//! Opens files, folders, gzip and standard input, and tells JSON from CSV from neither by what is inside.

use std::fs;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::Found;
use super::csv::Refused;
use super::json::File;
use super::utf16::{Order, Utf16};

/// How much of a file is looked at to tell what it is.
const HEAD: u64 = 8 * 1024;
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Reads what is at `path`; `inside` a folder, hidden files are passed over and only regular files opened.
pub(super) fn visit(path: &Path, inside: bool, found: &mut dyn FnMut(Found)) {
    let name = path.display().to_string();
    let unreadable = |reason: String| Found::Unreadable { file: name.clone(), reason };
    if !inside && path.as_os_str() == "-" {
        return content("-", Box::new(io::stdin().lock()), found);
    }
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return found(unreadable(error.to_string())),
    };
    if metadata.is_dir() {
        if inside && path.is_symlink() {
            return found(unreadable("it is a link to a folder: name the folder itself to import it".to_owned()));
        }
        return match entries(path) {
            Ok(entries) => entries.iter().for_each(|entry| visit(entry, true, found)),
            Err(error) => found(unreadable(error.to_string())),
        };
    }
    if inside && !metadata.is_file() {
        return found(unreadable("it is not a regular file".to_owned()));
    }
    match fs::File::open(path) {
        Ok(file) => content(&name, Box::new(file), found),
        Err(error) => found(unreadable(error.to_string())),
    }
}

fn entries(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

/// Reads one file's content.
pub(super) fn content(name: &str, reader: Box<dyn Read>, found: &mut dyn FnMut(Found)) {
    if let Err(reason) = read_content(name, reader, found) {
        found(Found::Unreadable { file: name.to_owned(), reason });
    }
}

fn read_content(name: &str, reader: Box<dyn Read>, found: &mut dyn FnMut(Found)) -> Result<(), String> {
    let text = |error: io::Error| format!("reading failed: {error}; what came before it was read");
    let (mut head, mut reader) = peek(reader).map_err(text)?;
    if head.starts_with(&GZIP) {
        (head, reader) = peek(Box::new(MultiGzDecoder::new(reader))).map_err(text)?;
    }
    if let Some(order) = Order::of(&head) {
        (head, reader) = peek(Box::new(Utf16::new(BufReader::new(reader), order))).map_err(text)?;
    }
    if head.starts_with(b"PK\x03\x04") {
        return Err("it is a ZIP archive: unpack it, then import the files in it".to_owned());
    }
    if head.contains(&0) || head.starts_with(b"%PDF") || head.starts_with(b"\x89PNG") {
        return Err("it is binary, neither JSON nor CSV".to_owned());
    }
    let bom = head.starts_with(b"\xEF\xBB\xBF");
    let mut reader: Box<dyn BufRead> = Box::new(BufReader::with_capacity(1 << 16, reader));
    if bom {
        let length = reader.fill_buf().map_err(text)?.len();
        reader.consume(length.min(3));
    }
    let first = head.iter().skip(if bom { 3 } else { 0 }).find(|byte| !byte.is_ascii_whitespace());
    let mut file = File { name, is_interactive: is_interactive(name), found };
    match first {
        None => Err("it is empty".to_owned()),
        Some(b'{' | b'[') => file.read_json(&mut *reader).map_err(text),
        Some(_) => file.read_csv(reader).map_err(|refused| match refused {
            Refused::NotATable(reason) => reason,
            Refused::Read(error) => text(error),
        }),
    }
}

/// Whether the portal's file name says that the sign-ins in it are interactive ones.
fn is_interactive(name: &str) -> Option<bool> {
    let name = name.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    match (name.contains("noninteractive"), name.contains("interactivesignins")) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    }
}

/// The first bytes, and a reader that still has them.
fn peek(mut reader: Box<dyn Read>) -> io::Result<(Vec<u8>, Box<dyn Read>)> {
    let mut head = Vec::new();
    (&mut reader).take(HEAD).read_to_end(&mut head)?;
    Ok((head.clone(), Box::new(Cursor::new(head).chain(reader))))
}
