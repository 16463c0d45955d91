//! The simulated tenant as Microsoft Graph and its sign-in serve one: over HTTPS, on this machine only.
//!
//! It is held to `reference/graph.md`, so that the live path can be proven without a tenant.

mod answer;
mod batch;
mod certificates;
mod directory;
mod faults;
mod filter;
mod index;
mod members;
mod oauth;
mod pace;
mod paging;
mod policies;
mod reports;
mod request;
mod risk;
mod routes;
mod schema;
mod server;
mod sha1;
mod sign_ins;
mod world;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use self::certificates::Certificates;
use self::directory::derived;
use self::oauth::{Authority, Identity};
use self::server::Server;
use self::world::World;
use crate::clock::Clock;
use crate::domain::workspace::DemoSpec;
use crate::tenant::TenantError;
use crate::tenant::demo::{self, DemoTenant, Simulated, Simulation};

/// How an emulator is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens: an address of this machine; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The tenant. Its own rate is ignored.
    pub spec: DemoSpec,
    /// Requests per second that the tenant allows; `None` without a limit.
    pub rate: Option<f64>,
    /// Folder of the certificates. What an earlier run left there is used again.
    pub tls_dir: PathBuf,
    /// Its time.
    pub clock: Clock,
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// Others could reach it.
    #[error("{0} is not an address of this machine alone: the emulator gives tokens to everybody who asks")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// There can be no such tenant.
    #[error("{0}")]
    Spec(String),
    /// The certificates cannot be read or made.
    #[error("cannot use {path}: {why}")]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

/// A running emulator. Dropping it stops it.
pub struct Emulator {
    url: String,
    ca_file: PathBuf,
    client_file: PathBuf,
    world: Arc<World>,
    stop: CancellationToken,
    stopped: CancellationToken,
}

/// Starts an emulator. It is bound and serving when this returns.
pub async fn start(options: Options) -> Result<Emulator, EmulatorError> {
    let Options { listen, spec, rate, tls_dir, clock } = options;
    if !listen.ip().is_loopback() {
        return Err(EmulatorError::NotLoopback(listen));
    }
    demo::check(&DemoSpec { rate, ..spec.clone() }).map_err(EmulatorError::Spec)?;
    let failed = |error| EmulatorError::Listen { address: listen, error };
    let listener = TcpListener::bind(listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let certificates = Certificates::in_folder(&tls_dir)?;
    let tls = TlsAcceptor::from(Arc::clone(&certificates.server));
    let (ca_file, client_file) = (certificates.ca_file.clone(), certificates.client_file.clone());
    let world = tokio::task::spawn_blocking(move || world(spec, rate, clock, certificates)).await;
    // A panic there is a panic here.
    let world = Arc::new(world.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?);
    let url = format!("https://{address}");
    let (stop, stopped) = (CancellationToken::new(), CancellationToken::new());
    let server = Arc::new(Server { world: Arc::clone(&world), tls, url: url.clone(), port: address.port() });
    let ended = stopped.clone().drop_guard();
    tokio::spawn({
        let stop = stop.clone();
        async move {
            server::serve(server, listener, stop).await;
            drop(ended);
        }
    });
    Ok(Emulator { url, ca_file, client_file, world, stop, stopped })
}

fn world(spec: DemoSpec, rate: Option<f64>, clock: Clock, certificates: Certificates) -> Result<World, EmulatorError> {
    let faults = spec.faults.clone();
    let seed = spec.seed.to_string();
    let tenants = DemoSpec { rate: None, faults: faults::of_the_tenant(&faults), ..spec };
    let tenant = DemoTenant::in_memory(tenants, clock).map_err(|error| EmulatorError::Spec(error.to_string()))?;
    let identity = Identity {
        tenant_id: tenant.population().tenant_id(),
        client_id: derived(&seed, "client id"),
        client_secret: format!("emulated~{}", derived(&seed, "client secret").replace('-', "")),
        operator_id: derived(&seed, "operator"),
        principal_id: derived(&seed, "service principal"),
        certificate: certificates.client,
    };
    Ok(World::new(tenant, clock, Authority::new(identity), &faults, rate))
}

impl Emulator {
    /// Where it is reached: Graph and sign-in both.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// PEM file with the authority that signed its certificate.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// Object id of the tenant.
    pub fn tenant_id(&self) -> &str {
        &self.world.authority.identity.tenant_id
    }

    /// The application that can sign in.
    pub fn client_id(&self) -> &str {
        &self.world.authority.identity.client_id
    }

    /// Its secret.
    pub fn client_secret(&self) -> &str {
        &self.world.authority.identity.client_secret
    }

    /// PEM file with its certificate and the RSA private key: the token endpoint takes assertions that are signed with it.
    pub fn client_certificate(&self) -> &Path {
        &self.client_file
    }

    /// How many requests came with this method and this part in their path, throttled ones included.
    pub fn count(&self, method: &str, path_part: &str) -> usize {
        self.world.count(method, path_part, false)
    }

    /// How many of them were answered with success.
    pub fn accepted(&self, method: &str, path_part: &str) -> usize {
        self.world.count(method, path_part, true)
    }

    /// How often the id that was applied most often was, by a write whose effect took place.
    pub fn greatest_acts_per_id(&self) -> u32 {
        self.world.tenant.most_applied()
    }

    /// Lets something happen in the tenant, by Entra's rules.
    pub fn simulate(&self, simulation: &Simulation<'_>) -> Result<Simulated, TenantError> {
        let came = self.world.tenant.simulate(simulation);
        self.world.index().touch(self.world.tenant.population().user(simulation.user.as_str()));
        came
    }

    /// Waits until it has stopped, which it does by itself only where the runtime ends.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[cfg(test)]
mod tests;
