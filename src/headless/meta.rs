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

/// `man`: one page, with what `--help` says of each command.
pub fn man() -> Result<(), Failure> {
    let command = Cli::command();
    let man = clap_mangen::Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut commands = String::from(".SH COMMANDS\n");
    for subcommand in command.get_subcommands() {
        let name = format!("entriage {}", subcommand.get_name());
        let help = subcommand.clone().bin_name(&name).disable_help_flag(true).term_width(72).render_long_help().to_string();
        commands.push_str(&format!(".SS \"{name}\"\n.nf\n{}.fi\n", roff(&help)));
    }
    page.extend_from_slice(commands.as_bytes());
    man.render_extra_section(&mut page)?;
    output::data(&String::from_utf8_lossy(&page))
}

/// Text as it must stand in a manual page so that it is read as text.
fn roff(text: &str) -> String {
    let line = |line: &str| {
        let line = line.trim_end().replace('\\', "\\e").replace('-', "\\-");
        if line.starts_with(['.', '\'']) { format!("\\&{line}\n") } else { line + "\n" }
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_the_manual_is_no_command_of_it() {
        assert_eq!(roff(".so x\n'a -b\\c"), "\\&.so x\n\\&'a \\-b\\ec\n");
    }
}
