//! What stands on standard output: data as table, JSON, JSON lines or CSV.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ColorChoice;
use serde::Serialize;
use serde_json::{Map, Value};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::cli::Format;
use super::failure::Failure;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// What a table may do on the terminal in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    /// Columns to cut lines to; `None` where nobody looks at them.
    pub columns: Option<usize>,
    /// Whether headings are bold.
    pub bold: bool,
}

impl Paper {
    /// Standard output as it is.
    pub fn stdout(color: ColorChoice) -> Self {
        let terminal = io::stdout().is_terminal();
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Paper {
            columns: terminal.then(columns).flatten(),
            bold: match color {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => terminal && !unwanted,
            },
        }
    }

    /// No terminal.
    #[cfg(test)]
    pub fn plain() -> Self {
        Paper { columns: None, bold: false }
    }
}

/// How wide the terminal is, where it tells.
pub fn columns() -> Option<usize> {
    crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// One column of a list: its heading for people and where its value stands in the JSON.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Heading of the table; empty for a column that only CSV has.
    pub heading: &'static str,
    /// Path of the value, as `location.city`; also the heading in CSV.
    pub path: &'static str,
}

/// Text for people, made safe and broken into lines of at most this many columns; a word that is longer is cut. Without a width,
/// lines break where the text does.
pub fn wrapped(text: &str, columns: Option<usize>) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let line = text::safe(line);
        let Some(columns) = columns else {
            lines.push(line.into_owned());
            continue;
        };
        let mut held = String::new();
        for word in line.split(' ') {
            let word = text::fit(word, columns);
            if !held.is_empty() && text::width(&held) + 1 + text::width(&word) > columns {
                lines.push(std::mem::take(&mut held));
            } else if !held.is_empty() {
                held.push(' ');
            }
            held.push_str(&word);
        }
        lines.push(held);
    }
    lines
}

/// Writes data to standard output.
pub fn data(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Says a line on standard error. Hostile text is made safe here.
pub fn say(line: &str) {
    // Where standard error is gone, nobody can be told.
    writeln!(io::stderr(), "{}", text::safe(line)).ok();
}

/// A JSON document, indented for people.
pub fn json(value: &impl Serialize) -> Result<String, Failure> {
    Ok(visible(&serde_json::to_string_pretty(value)?) + "\n")
}

/// A JSON document on one line.
pub fn json_line(value: &impl Serialize) -> Result<String, Failure> {
    Ok(visible(&serde_json::to_string(value)?) + "\n")
}

/// Prints a list with this many matches, of which `rows` are shown.
pub fn list(columns: &[Column], rows: Vec<Map<String, Value>>, matches: usize, format: Format, paper: Paper) -> Result<(), Failure> {
    data(&match format {
        Format::Json => json(&serde_json::json!({"value": rows, "count": matches}))?,
        Format::Jsonl => rows.iter().map(json_line).collect::<Result<_, _>>()?,
        Format::Csv => csv(columns, &rows)?,
        Format::Table => {
            let mut table = table(columns, &rows, paper);
            if rows.len() < matches {
                table.push_str(&format!("{} of {matches}\n", rows.len()));
            }
            table
        }
    })
}

/// Writes characters that JSON leaves as they are, but a terminal or a reader would not, as `\uXXXX`.
/// They can stand in strings only, and a JSON parser reads them back exactly.
fn visible(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' || !is_hidden(c) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

fn is_hidden(c: char) -> bool {
    use GeneralCategory as Category;
    matches!(
        c.general_category(),
        Category::Control
            | Category::Format
            | Category::PrivateUse
            | Category::Unassigned
            | Category::LineSeparator
            | Category::ParagraphSeparator
    )
}

fn at<'a>(row: &'a Map<String, Value>, path: &str) -> &'a Value {
    let mut steps = path.split('.');
    let first = steps.next().and_then(|step| row.get(step)).unwrap_or(&Value::Null);
    steps.fold(first, |value, step| value.get(step).unwrap_or(&Value::Null))
}

fn csv(columns: &[Column], rows: &[Map<String, Value>]) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let wrong = |error: csv::Error| Failure::new(super::failure::Exit::Workspace, "cannot write CSV").because(error);
    writer.write_record(columns.iter().map(|column| column.path)).map_err(wrong)?;
    for row in rows {
        let fields = columns.iter().map(|column| exact(at(row, column.path)));
        writer.write_record(fields.map(|field| text::csv_field(&field).into_owned())).map_err(wrong)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A value for machines; nothing where it is not known.
fn exact(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(exact).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// A value for people, safe.
pub fn for_people(value: &Value) -> String {
    match value {
        Value::Null => "?".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(value) => match Timestamp::parse(value).filter(|_| value.ends_with('Z')) {
            Some(time) => moment(time),
            None => text::safe(value).into_owned(),
        },
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Array(values) => values.iter().map(for_people).collect::<Vec<_>>().join(", "),
        other => text::safe(&other.to_string()).into_owned(),
    }
}

/// A time for people: to the second, UTC.
pub fn moment(time: Timestamp) -> String {
    time.0.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn table(columns: &[Column], rows: &[Map<String, Value>], paper: Paper) -> String {
    let shown: Vec<&Column> = columns.iter().filter(|column| !column.heading.is_empty()).collect();
    let headings = shown.iter().map(|column| column.heading.to_owned()).collect();
    let cells = rows.iter().map(|row| shown.iter().map(|column| for_people(at(row, column.path))).collect()).collect();
    aligned(headings, cells, paper)
}

/// No column but the last is wider: one hostile name must not push all others out of sight.
const WIDEST: usize = 56;

/// A table of safe cells, aligned by what they take on a screen.
pub fn aligned(headings: Vec<String>, rows: Vec<Vec<String>>, paper: Paper) -> String {
    let mut widths: Vec<usize> = headings.iter().map(|heading| text::width(heading)).collect();
    let last = widths.len().saturating_sub(1);
    for row in &rows {
        for (at, (width, cell)) in widths.iter_mut().zip(row).enumerate() {
            let widest = if at == last { usize::MAX } else { WIDEST };
            *width = (*width).max(text::width(cell).min(widest));
        }
    }
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| {
            let cell = text::fit(cell, *width);
            format!("{cell}{}", " ".repeat(width - text::width(&cell)))
        });
        let line = padded.collect::<Vec<_>>().join("  ").trim_end().to_owned();
        match paper.columns {
            Some(columns) => text::fit(&line, columns).into_owned(),
            None => line,
        }
    };
    let heading = line(&headings);
    let mut out = if paper.bold { format!("\u{1b}[1m{heading}\u{1b}[0m\n") } else { heading + "\n" };
    for row in &rows {
        out.push_str(&line(row));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COLUMNS: [Column; 3] = [
        Column { heading: "LEVEL", path: "riskLevel" },
        Column { heading: "USER", path: "userDisplayName" },
        Column { heading: "", path: "entriage.blockedBy" },
    ];

    fn rows() -> Vec<Map<String, Value>> {
        let rows = serde_json::json!([
            {"riskLevel": "high", "userDisplayName": "=1+1\u{1b}[2J", "entriage": {"blockedBy": ["userRisk", "smartLockout"]}},
            {"riskLevel": null, "userDisplayName": "名前"},
        ]);
        serde_json::from_value(rows).unwrap()
    }

    #[test]
    fn tables_are_aligned_safe_and_say_what_is_unknown() {
        insta::assert_snapshot!(table(&COLUMNS, &rows(), Paper::plain()), @r"
        LEVEL  USER
        high   =1+1\x1b[2J
        ?      名前
        ");
        let narrow = Paper { columns: Some(10), bold: true };
        assert!(table(&COLUMNS, &rows(), narrow).lines().nth(1).is_some_and(|line| text::width(line) == 10));
    }

    #[test]
    fn text_wraps_at_blanks_and_stays_safe() {
        assert_eq!(wrapped("one two three\nfour", Some(8)), ["one two", "three", "four"]);
        assert_eq!(wrapped("a\x1b[2J bbbbbbbbbbbb", Some(8)), ["a\\x1b[2J", "bbbbbbb…"]);
        assert_eq!(wrapped("one two\nthree", None), ["one two", "three"]);
    }

    #[test]
    fn csv_has_all_columns_and_runs_nothing() {
        let csv = csv(&COLUMNS, &rows()).unwrap();
        assert_eq!(csv, "riskLevel,userDisplayName,entriage.blockedBy\nhigh,'=1+1\\x1b[2J,userRisk smartLockout\n,名前,\n");
    }

    #[test]
    fn times_are_short_for_people() {
        assert_eq!(for_people(&"2026-07-17T10:14:47.3023572Z".into()), "2026-07-17 10:14:47");
        assert_eq!(for_people(&"2026-07-17".into()), "2026-07-17");
    }

    proptest! {
        #[test]
        fn json_is_exact_and_carries_nothing_hidden(text in any::<String>()) {
            let line = json_line(&serde_json::json!({"a": text})).unwrap();
            prop_assert!(!line.trim_end().chars().any(is_hidden));
            let read: Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(read["a"].as_str(), Some(text.as_str()));
        }
    }
}
