//! `simulate`: lets something happen to a user of a simulated tenant, by the rules of Entra.

use serde_json::json;

use super::cli::{Format, Simulate, SimulatedEvent, SimulatedLevel};
use super::failure::{Exit, Failure};
use super::output;
use super::place::{self, Place};
use crate::domain::happening::Happening;
use crate::domain::records::SignInId;
use crate::domain::risk::RiskLevel;
use crate::domain::settings::TenantSettings;
use crate::domain::text;
use crate::engine::EngineError;
use crate::tenant::TenantError;
use crate::tenant::demo::Simulation;

/// `simulate`
pub async fn simulate(place: &Place, args: &Simulate) -> Result<Exit, Failure> {
    let happening = happening(args)?;
    let session = place.open().await?;
    if !session.is_simulated() {
        return Err(not_simulated(&session.name));
    }
    let dataset = session.load()?;
    let user = place::find_user(&dataset, &args.user)?.id().clone();
    let sign_in = args.sign_in.as_deref().map(SignInId::from);
    let settings = TenantSettings::of(&session.ledger());
    let simulation = Simulation { happening: &happening, user: &user, sign_in: sign_in.as_ref(), settings: &settings };
    let came = match session.simulate(&simulation).await {
        None => return Err(not_simulated(&session.name)),
        // What there is not was asked for.
        Some(Err(EngineError::Tenant(TenantError::Rejected { message, .. }))) => {
            return Err(Failure::usage("this cannot be simulated").because(message).hinted(
                "entriage show USER lists the sign-ins, entriage detections the types; unfamiliarFeatures and anomalousToken are two",
            ));
        }
        Some(came) => came?,
    };
    let answer = match args.format {
        Format::Table => format!("{}: {}\n", if came.applied { "applied" } else { "not applied" }, text::safe(&came.because)),
        _ => output::json_line(&json!({"applied": came.applied, "because": came.because}))?,
    };
    output::data(&answer)?;
    Ok(if came.applied { Exit::Done } else { Exit::Partly })
}

/// What is to happen, where the options belong to it.
fn happening(args: &Simulate) -> Result<Happening, Failure> {
    let about_detection = args.detection.is_some() || args.level.is_some();
    if about_detection && args.event != SimulatedEvent::SignIn {
        return Err(Failure::usage("--detection and --level are for the event sign-in only").hinted("leave them out"));
    }
    if args.sign_in.is_some() && !matches!(args.event, SimulatedEvent::MfaPassed | SimulatedEvent::SystemDismissal) {
        return Err(Failure::usage("--sign-in is for the events mfa-passed and system-dismissal only").hinted("leave it out"));
    }
    Ok(match args.event {
        SimulatedEvent::SignIn => Happening::SignIn {
            detection: args.detection.clone().unwrap_or_else(|| "unfamiliarFeatures".to_owned()),
            level: match args.level {
                Some(SimulatedLevel::Low) => RiskLevel::Low,
                None | Some(SimulatedLevel::Medium) => RiskLevel::Medium,
                Some(SimulatedLevel::High) => RiskLevel::High,
            },
        },
        SimulatedEvent::MfaPassed => Happening::MfaPassed,
        SimulatedEvent::SecurePasswordChange => Happening::SecurePasswordChange,
        SimulatedEvent::SelfServiceReset => Happening::SelfServiceReset,
        SimulatedEvent::OnPremisesPasswordChange => Happening::OnPremisesPasswordChange,
        SimulatedEvent::SystemDismissal => Happening::SystemDismissal,
        SimulatedEvent::UserDeleted => Happening::UserDeleted,
    })
}

fn not_simulated(name: &str) -> Failure {
    Failure::usage("only a simulated tenant can be told what happens")
        .because(format!("the workspace {name} is not a demo workspace"))
        .hinted(
            "use --workspace demo; to see high risk on a live tenant, confirm a TEST user compromised: \
         entriage act confirmUserCompromised --user USER",
        )
}
