//! The headless commands: standard output carries data, standard error what is said about it.

mod addresses;
mod apply;
mod belongings;
mod bundle;
mod campaigns;
mod case;
pub mod cli;
mod connect;
mod demo;
mod doctor;
mod emulate;
mod explain;
pub mod failure;
mod import;
mod job;
mod jobs;
mod journal;
mod json;
mod keys;
mod left;
mod list;
mod meta;
mod note;
mod order;
mod output;
mod place;
mod plan;
mod settings;
mod show;
mod sign_in;
mod simulate;
mod steps;
mod sync;
mod targets;
mod views;

use std::io::{self, IsTerminal as _};

use clap::ColorChoice;
use cli::{Cli, Command};
use failure::{Exit, Failure};
use place::{DEMO, Place};

use crate::config::Config;
use crate::console::Which;
use crate::engine::OpenOptions;

/// What is left to do after a command.
pub enum Next {
    /// Nothing.
    Exit(Exit),
    /// Open the console on this workspace.
    Console(Box<Opening>),
}

/// How the console is opened.
pub struct Opening {
    /// Which workspace.
    pub which: Which,
    /// How to open it.
    pub options: OpenOptions,
    /// What the operator configured.
    pub config: Config,
    /// Whether to use colour.
    pub color: ColorChoice,
}

/// Does what the command line says.
pub async fn run(cli: &Cli) -> Result<Next, Failure> {
    let opens_console = match &cli.command {
        None => true,
        Some(Command::Demo(demo)) => !demo.no_console,
        Some(_) => false,
    };
    if opens_console && !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(no_terminal());
    }
    if cli.global.privacy && !opens_console {
        let hint = "leave --privacy away, and mind who sees the output";
        return Err(Failure::usage("--privacy masks the console only, and this command prints what is there").hinted(hint));
    }
    let Some(command) = &cli.command else {
        let place = Place::new(&cli.global)?;
        let name = place.chosen()?;
        let missing = !place.workspaces()?.contains(&name);
        let which = if name == DEMO && missing { Which::Demo { spec: None, reset: false, first_run: true } } else { Which::Named(name) };
        return console(place, which, cli.global.color);
    };
    // These need no place, and must work where there is none.
    match command {
        Command::Completions { shell } => return meta::completions(*shell).map(done),
        Command::Man => return meta::man().map(done),
        Command::Emulate(args) => return emulate::emulate(args).await.map(done),
        _ => {}
    }
    let place = Place::new(&cli.global)?;
    match command {
        Command::Demo(args) => {
            if args.no_console {
                return demo::demo(&place, args).await.map(done);
            }
            let which = Which::Demo { spec: demo::wanted(&place, args)?, reset: args.reset, first_run: false };
            console(place, which, cli.global.color)
        }
        Command::Import(args) => import::import(&place, args).await.map(Next::Exit),
        Command::Connect(args) => connect::connect(&place, args).await.map(done),
        Command::Simulate(args) => simulate::simulate(&place, args).await.map(Next::Exit),
        Command::Settings(args) => settings::settings(&place, args).await.map(done),
        Command::Doctor(args) => doctor::doctor(&place, args).await.map(Next::Exit),
        Command::Sync(args) => sync::sync(&place, args.full).await.map(done),
        Command::Users(args) => list::users(&place, args).await.map(done),
        Command::SignIns(args) => list::sign_ins(&place, args).await.map(done),
        Command::Detections(args) => list::detections(&place, args).await.map(done),
        Command::Campaigns(args) => campaigns::campaigns(&place, args).await.map(done),
        Command::Explain(args) => explain::explain(&place, args).await.map(done),
        Command::Show(args) => show::show(&place, args).await.map(done),
        Command::Plan(args) => plan::plan(&place, args).await.map(done),
        Command::Apply(args) => apply::apply(&place, args).await.map(Next::Exit),
        Command::Act(args) => apply::act(&place, args).await.map(Next::Exit),
        Command::Jobs(args) => jobs::jobs(&place, args).await.map(Next::Exit),
        Command::Journal(args) => journal::journal(&place, args).await.map(Next::Exit),
        Command::Note(args) => note::note(&place, args).await.map(done),
        Command::Case(args) => case::case(&place, args).await.map(done),
        Command::Views(args) => views::views(&place, args).await.map(done),
        Command::Bundle(args) => bundle::bundle(&place, args).await.map(done),
        Command::Paths(args) => meta::paths(&place, args).map(done),
        Command::Keys(args) => keys::keys(&place, args).map(Next::Exit),
        Command::Completions { .. } | Command::Man | Command::Emulate(_) => Ok(done(())),
    }
}

fn done((): ()) -> Next {
    Next::Exit(Exit::Done)
}

fn console(place: Place, which: Which, color: ColorChoice) -> Result<Next, Failure> {
    let config = place.configuration()?;
    Ok(Next::Console(Box::new(Opening { which, options: place.options, config, color })))
}

fn no_terminal() -> Failure {
    Failure::usage("the console needs a terminal").because("standard input or output is none").hinted(
        "without one, use users, sign-ins, detections, show, explain, campaigns, plan, apply, act, jobs, journal, note, case, views, \
         bundle, import or demo --no-console; \
         entriage --help tells more",
    )
}
