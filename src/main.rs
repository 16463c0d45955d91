//! `entriage`: parses the command line, does what it says, and maps an error to its exit code.

use std::process::ExitCode;

use entriage::console;
use entriage::headless::failure::{Exit, Failure};
use entriage::headless::{self, Next, Opening, cli};

fn main() -> ExitCode {
    let cli = cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended(Err(Failure::new(Exit::Workspace, "cannot start").because(error))),
    };
    ended(runtime.block_on(async {
        match headless::run(&cli).await? {
            Next::Exit(exit) => Ok(exit),
            Next::Console(opening) => console(*opening).await,
        }
    }))
}

/// Opens the console.
async fn console(opening: Opening) -> Result<Exit, Failure> {
    let Opening { which, options, config, color } = opening;
    console::run(options, which, config, color).await?;
    Ok(Exit::Done)
}

fn ended(result: Result<Exit, Failure>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}
