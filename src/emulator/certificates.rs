//! The emulator's certificates: its own, and that of the application which may sign in with one.
//!
//! What the folder holds from an earlier run is used again, so that a workspace that trusts it goes on working.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize};
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::EmulatorError;
use super::sha1::sha1;

/// Names and addresses that the server's certificate is valid for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What lies in the folder.
pub(super) struct Certificates {
    /// PEM file with the authority that signed the server's certificate.
    pub(super) ca_file: PathBuf,
    /// PEM file with the certificate and the private key of the application.
    pub(super) client_file: PathBuf,
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: ClientCertificate,
}

/// The certificate of the application, as the token endpoint knows it.
pub(super) struct ClientCertificate {
    pub(super) key: DecodingKey,
    /// `x5t`
    pub(super) sha1: String,
    /// `x5t#S256`
    pub(super) sha256: String,
}

impl Certificates {
    /// Reads the folder, or fills it.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, EmulatorError> {
        let ca_file = folder.join("ca.pem");
        let server_file = folder.join("server.pem");
        let client_file = folder.join("client.pem");
        let fail = |path: &Path, why: String| EmulatorError::Files { path: path.to_owned(), why };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| fail(folder, error.to_string()))?;
        let files = [&ca_file, &server_file, &client_file];
        match files.iter().filter(|file| file.exists()).count() {
            0 => {
                let made = Made::new().map_err(|error| fail(folder, error.to_string()))?;
                for (file, text) in files.into_iter().zip([made.ca, made.server, made.client]) {
                    write(file, &text).map_err(|error| fail(file, error.to_string()))?;
                }
            }
            3 => {}
            _ => {
                let why = "it holds some of ca.pem, server.pem and client.pem, but not all: remove them, or name an empty folder";
                return Err(fail(folder, why.to_owned()));
            }
        }
        let server = server(&server_file).map_err(|why| fail(&server_file, why))?;
        let client = client(&client_file).map_err(|why| fail(&client_file, why))?;
        Ok(Certificates { ca_file, client_file, server, client })
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// PEM texts.
struct Made {
    ca: String,
    server: String,
    client: String,
}

impl Made {
    fn new() -> Result<Self, rcgen::Error> {
        let named = |name: &str, names: &[&str]| {
            let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
            params.distinguished_name.push(DnType::CommonName, name);
            Ok::<_, rcgen::Error>(params)
        };
        let mut params = named("entriage emulator authority", &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let server = named("entriage emulator", &NAMES)?.signed_by(&key, &authority)?;
        let client_key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let client = named("entriage emulator application", &[])?.self_signed(&client_key)?;
        Ok(Made {
            ca: authority.as_ref().pem(),
            server: server.pem() + &key.serialize_pem(),
            client: client.pem() + &client_key.serialize_pem(),
        })
    }
}

fn server(file: &Path) -> Result<Arc<ServerConfig>, String> {
    let certificate = CertificateDer::from_pem_file(file).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_file(file).map_err(|error| error.to_string())?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key));
    config.map(Arc::new).map_err(|error| error.to_string())
}

fn client(file: &Path) -> Result<ClientCertificate, String> {
    let certificate = CertificateDer::from_pem_file(file).map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_file(file).map_err(|error| error.to_string())?;
    let key = KeyPair::try_from(key.secret_der()).map_err(|error| error.to_string())?;
    Ok(ClientCertificate {
        key: DecodingKey::from_rsa_pem(key.public_key_pem().as_bytes()).map_err(|error| error.to_string())?,
        sha1: URL_SAFE_NO_PAD.encode(sha1(&certificate)),
        sha256: URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate)),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn files_are_for_their_owner_only_and_are_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tls");
        let first = Certificates::in_folder(&path).unwrap();
        let held = fs::read(&first.client_file).unwrap();
        for name in ["ca.pem", "server.pem", "client.pem"] {
            assert_eq!(fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        }
        let second = Certificates::in_folder(&path).unwrap();
        assert_eq!((fs::read(&second.client_file).unwrap(), second.client.sha256), (held, first.client.sha256));
        fs::remove_file(path.join("ca.pem")).unwrap();
        assert!(matches!(Certificates::in_folder(&path), Err(EmulatorError::Files { .. })));
        fs::write(path.join("ca.pem"), "").unwrap();
        fs::write(path.join("server.pem"), "").unwrap();
        assert!(matches!(Certificates::in_folder(&path), Err(EmulatorError::Files { .. })));
    }
}
