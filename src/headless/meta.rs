//! `paths`, `completions` and `man`.

use clap::CommandFactory as _;
use serde_json::json;

use super::cli::{Cli, Format, Paths};
use super::failure::Failure;
use super::output;
use super::place::Place;

/// `paths`. Opens and makes nothing.
pub fn paths(place: &Place, args: &Paths) -> Result<(), Failure> {
    let home = &place.options.home;
    let chosen = place.chosen()?;
    let workspaces = place.workspaces()?;
    if args.format == Format::Json {
        let value: Vec<_> = workspaces.iter().map(|name| json!({"name": name, "path": home.workspace_path(name)})).collect();
        return output::data(&output::json(&json!({
            "home": home.path(), "config": place.config, "workspace": chosen, "workspaces": value,
        }))?);
    }
    let mut rows = vec![("home".to_owned(), home.path().display().to_string()), ("config".to_owned(), place.config.display().to_string())];
    rows.extend(workspaces.iter().map(|name| {
        let mark = if *name == chosen { " (used now)" } else { "" };
        (format!("workspace {name}{mark}"), home.workspace_path(name).display().to_string())
    }));
    let width = rows.iter().map(|(what, _)| what.chars().count()).max().unwrap_or_default();
    let line = |(what, path): &(String, String)| format!("{what:<width$}  {}\n", crate::domain::text::safe(path));
    output::data(&rows.iter().map(line).collect::<String>())
}

/// `completions`
pub fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "entriage", &mut bytes);
    output::data(&String::from_utf8_lossy(&bytes))
}

/// `man`
pub fn man() -> Result<(), Failure> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut bytes)?;
    output::data(&String::from_utf8_lossy(&bytes))
}
