//! The table: what was measured beside the target, the limit and what other programs need.

use std::time::Duration;

/// Something measured.
pub struct Figure {
    pub name: &'static str,
    pub value: String,
}

/// What a figure is to be compared with, from `reference/performance.md`: target, limit, other programs.
fn beside(name: &str) -> [&'static str; 3] {
    match name {
        "first frame, over a program that does nothing" => ["10 ms", "1.1-1.8 ms in the process", "less 6-17 ms, fzf 90-600 ms"],
        "first useful rows, from process start" => ["50 ms", "8-37 ms", "csvlens 283-303 ms, fzf 488-601 ms at 1M"],
        "all records into memory" => ["1.2 s", "444 ms for 1M", "fzf about 500 ms for 1M, text only"],
        "key to frame p99" => ["5 ms", "1.7 ms row, 3.6 ms page", "a table of all rows 510 ms at 100k"],
        "filter keystroke, fields of users, p99" => ["10 ms", "0.44-2.0 ms at 100k", "csvlens 260 ms at 100k"],
        "filter keystroke, words in all records, p99" => ["33 ms", "5.8-21 ms at 1M", "csvlens 761-1,022 ms at 1M"],
        "fuzzy keystroke, users, p99" => ["10 ms", "9.6 ms at 100k", "fzf 1-13 ms, nucleo 30-57 ms at 100k (not in this run)"],
        "sort users, slowest order" => ["10 ms", "4.2 ms for 1M (counting pass)", ""],
        "group all records by what they share" => ["10 ms", "3.4 ms for 1M (CSR)", ""],
        "resident memory of the console" => ["350 MB", "80 MB (38 B a row)", "fzf 164 MB at 1M, text only"],
        "bytes on disk per detection" => ["260", "251", "fjall 372, sqlite 453"],
        "ingest from Graph's JSON to durable" => ["200,000 records/s", "675,000 (parsing alone)", "sqlite 342,000 from CSV"],
        "durable intent p50" => ["2.5 x", "1 x", "sqlite FULL 1.6 x"],
        "open after a kill, slowest of 5" => ["100 ms", "16 ms", "sqlite 0.4 ms, fjall 617 ms"],
        "update of 1,000 changed records, durable" => ["50 ms with the next", "", ""],
        "idle wake-ups a second" => ["0", "0", ""],
        _ => ["", "", ""],
    }
}

/// Prints the table of all sizes.
pub fn print(sizes: &[usize], measured: &[Vec<Figure>]) {
    let heads: Vec<String> = sizes.iter().map(|rows| rows.to_string()).collect();
    println!("| what, by number of detections | {} | target | limit | others |", heads.join(" | "));
    println!("|---|{}---|---|---|", "--:|".repeat(sizes.len()));
    let Some(first) = measured.first() else { return };
    for (at, Figure { name, .. }) in first.iter().enumerate() {
        let values: Vec<&str> = measured.iter().map(|figures| figures.get(at).map_or("", |figure| &figure.value)).collect();
        println!("| {name} | {} | {} |", values.join(" | "), beside(name).join(" | "));
    }
    println!();
    println!("{}", machine());
    println!(
        "Bulk actions and the rate that a tenant allows: `cargo bench --bench live -- bulk`. nucleo is not a dependency: not compared."
    );
}

/// What it ran on, and when: cores, processor, load of the last minute and of the last quarter of an hour (Linux).
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split(' ').collect();
    let (minute, quarter) = (load.first().unwrap_or(&"?"), load.get(2).unwrap_or(&"?"));
    let day = chrono::Utc::now().format("%Y-%m-%d %H:%M");
    format!("{cores} cores, {}, load {minute} (1 min) {quarter} (15 min), {day} UTC", model.trim_start_matches(['\t', ' ', ':']))
}

/// The value below which so many per cent are.
pub fn percentile(took: &[Duration], per_cent: f64) -> Duration {
    let mut sorted = took.to_vec();
    sorted.sort();
    let at = ((sorted.len() as f64 - 1.0) * per_cent / 100.0).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// Milliseconds, with as many digits as tell something.
pub fn ms(took: Duration) -> String {
    let ms = took.as_secs_f64() * 1_000.0;
    match ms {
        ..1.0 => format!("{ms:.2} ms"),
        ..20.0 => format!("{ms:.1} ms"),
        ..2_000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1_000.0),
    }
}
