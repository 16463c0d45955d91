//! The way in: TLS connections on loopback, HTTP/1.1 on them, and an answer or a connection that breaks.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Response, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Content};
use super::request::Request;
use super::world::World;

/// Most bytes of a request's body.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// The connection breaks without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection breaks, as a fault has it")]
struct Broken;

/// What every connection needs.
pub(super) struct Server {
    pub(super) world: Arc<World>,
    pub(super) tls: TlsAcceptor,
    /// Scheme, host and port where no other was asked for.
    pub(super) url: String,
    pub(super) port: u16,
}

/// Takes connections until it is told to stop.
pub(super) async fn serve(server: Arc<Server>, listener: TcpListener, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (server, stop) = (Arc::clone(&server), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = connection(server, stream) => {}
                    }
                });
            }
            // Out of file handles, most likely: others must end first.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(server: Arc<Server>, stream: TcpStream) {
    // Small answers would wait for others otherwise.
    stream.set_nodelay(true).ok();
    let tls = server.tls.clone();
    // A client that does not trust the certificate ends here.
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(move |request| answer(Arc::clone(&server), request));
    // An error here is a connection that ended, by the client or by a fault.
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn answer(server: Arc<Server>, request: hyper::Request<Incoming>) -> Result<Response<Body>, Broken> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(Body::new(body), LARGEST_BODY).await.map_err(|_| Broken)?;
    let base = server.base(parts.headers.get(header::HOST));
    let request = Request::new(parts.method, &parts.uri, parts.headers, body.to_vec(), base);
    response(server.world.answer(&request).await)
}

impl Server {
    /// The address that the client used, if it is one of ours: links must lead where the client is.
    fn base(&self, host: Option<&HeaderValue>) -> String {
        let port = self.port;
        let known = ["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}"));
        let given = host.and_then(|host| host.to_str().ok());
        known
            .into_iter()
            .find(|known| given.is_some_and(|given| given.eq_ignore_ascii_case(known)))
            .map_or(self.url.clone(), |host| format!("https://{host}"))
    }
}

fn response(answer: Answer) -> Result<Response<Body>, Broken> {
    let (kind, body) = match answer.content {
        Content::Broken => return Err(Broken),
        Content::Nothing => (None, Body::empty()),
        Content::Json(value) => (Some("application/json; charset=utf-8"), Body::from(value.to_string())),
        Content::Text(kind, text) => (Some(kind), Body::from(text)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}
