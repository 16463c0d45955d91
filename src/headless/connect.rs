//! `connect`: from a checked sign-in to a live workspace.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use super::cli::{AuthKind, Connect};
use super::failure::Failure;
use super::place::Place;
use super::{output, sign_in, sync};
use crate::domain::workspace::{Auth, LiveSpec};
use crate::engine::{OpenOptions, Session};
use crate::http;
use crate::oauth::Credential;
use crate::tenant::graph::{GraphTenant, Report};

/// The app registration that Microsoft ships for command lines: any delegated scope of Graph can be asked for.
const GRAPH_COMMAND_LINE: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";

/// `connect`
pub async fn connect(place: &Place, args: &Connect) -> Result<(), Failure> {
    let spec = spec(args)?;
    let mut options = place.options.clone();
    let given = args.secret_file.is_some() || std::env::var_os("ENTRIAGE_CLIENT_SECRET").is_some_and(|secret| !secret.is_empty());
    if args.auth == AuthKind::Secret && !given && std::io::stdin().is_terminal() {
        options.sign_in.secret = Some(sign_in::ask_secret()?);
    }
    let typed = options.sign_in.secret.is_some();
    let tenant = Arc::new(graph(&spec, &options)?);
    let report = tenant.examine().await?;
    report.risky_users.clone()?;
    if typed && !tenant.client().credential().keep_secret().await? {
        output::say("note: there is no keyring to keep the secret in; next time set ENTRIAGE_CLIENT_SECRET, or connect with --secret-file");
    }
    let spec = LiveSpec {
        tenant_id: report.tenant_id.clone().unwrap_or(spec.tenant_id),
        account: report.claims.account.clone().or_else(|| report.claims.name.clone()).or_else(|| report.claims.app_id.clone()),
        ..spec
    };
    let name = name(place, &report, &spec);
    let shown = report.tenant_name.clone().or_else(|| report.domain.clone()).unwrap_or_else(|| spec.tenant_id.clone());
    let account = spec.account.clone().unwrap_or_default();
    let session = Session::connect(&options, &name, &shown, spec, tenant).await?;
    if args.writable {
        session.set_writable(true)?;
    }
    let access = match session.access() {
        crate::domain::plan::Access::ReadWrite => "writing is on".to_owned(),
        _ => format!("read-only until entriage settings writable true --workspace {name}"),
    };
    output::say(&format!("workspace {name}: LIVE {shown}, signed in as {account}; {access}"));
    if args.no_sync { Ok(()) } else { sync::bring_up_to_date(&session, false).await }
}

/// The tenant as the command line describes it.
fn spec(args: &Connect) -> Result<LiveSpec, Failure> {
    for (option, address) in [("--graph-url", &args.graph_url), ("--authority-url", &args.authority_url)] {
        if let Some(address) = address {
            http::check_address(address).map_err(|why| {
                Failure::usage(format!("{option} cannot be used")).because(why).hinted("give an address such as https://127.0.0.1:8443")
            })?;
        }
    }
    let app_only = matches!(args.auth, AuthKind::Secret | AuthKind::Certificate);
    let client_id = match (&args.client_id, app_only) {
        (Some(id), _) => id.clone(),
        (None, false) => GRAPH_COMMAND_LINE.to_owned(),
        (None, true) => {
            return Err(Failure::usage("--client-id is missing")
                .because("a secret or certificate belongs to an app registration")
                .hinted("give the application (client) id of your app registration"));
        }
    };
    let auth = match args.auth {
        AuthKind::Browser => Auth::Browser,
        AuthKind::Device => Auth::Device,
        AuthKind::Secret => Auth::Secret { file: args.secret_file.as_deref().map(absolute).transpose()? },
        AuthKind::Certificate => match &args.certificate {
            Some(file) => Auth::Certificate { file: absolute(file)? },
            None => {
                return Err(Failure::usage("--certificate is missing")
                    .because("--auth certificate signs in with one")
                    .hinted("name a PEM file that holds the certificate and its private key"));
            }
        },
        AuthKind::Az => Auth::Az,
    };
    Ok(LiveSpec {
        tenant_id: args.tenant.trim().to_owned(),
        client_id,
        auth,
        cloud: args.cloud,
        graph_url: args.graph_url.clone(),
        authority_url: args.authority_url.clone(),
        ca_file: args.ca_file.as_deref().map(absolute).transpose()?,
        rate: args.rate.map_or(Some(1.0), |rate| rate.0),
        account: None,
        all_actions: args.all_actions,
    })
}

/// A path that stays right wherever the program is started next time.
fn absolute(file: &Path) -> Result<String, Failure> {
    let path = std::fs::canonicalize(file)
        .map_err(|error| Failure::usage(format!("cannot read {}", file.display())).because(error).hinted("check the path"))?;
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Failure::usage(format!("the path {} is not UTF-8", file.display())).hinted("move the file"))
}

fn graph(spec: &LiveSpec, options: &OpenOptions) -> Result<GraphTenant, Failure> {
    let ways = options.sign_in.clone();
    let credential = Credential::new(spec, ways.secret, options.clock, ways.prompt, ways.keyring)
        .map_err(|error| Failure::usage("cannot connect").because(&error).hinted(error.hint()))?;
    Ok(GraphTenant::new(spec, credential, options.clock)?)
}

/// Name of the workspace: the one that was asked for, else the tenant's domain, else its id.
fn name(place: &Place, report: &Report, spec: &LiveSpec) -> String {
    let fits = |name: &String| {
        !name.starts_with('.') && name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    place.workspace.clone().or_else(|| report.domain.clone().filter(fits)).unwrap_or_else(|| spec.tenant_id.clone())
}

/// Why a cloud is none of those that can be connected to.
pub fn cloud(text: &str) -> Result<crate::domain::workspace::Cloud, String> {
    use crate::domain::workspace::Cloud;
    let known = [Cloud::Global, Cloud::UsGov, Cloud::Dod];
    if let Some(cloud) = known.into_iter().find(|cloud| cloud.as_str().eq_ignore_ascii_case(text)) {
        return Ok(cloud);
    }
    match text.to_ascii_lowercase().as_str() {
        "china" | "21vianet" | "mooncake" => {
            Err("Microsoft Graph operated by 21Vianet has no Identity Protection, so there is no risk to read or remediate".to_owned())
        }
        _ => Err("give global, usgov or dod".to_owned()),
    }
}
