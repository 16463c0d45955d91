//! An application's certificate, and the assertions signed with its key.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::error::SignInError;
use crate::domain::time::Timestamp;

/// How long an assertion is good.
const LIFETIME: i64 = 10 * 60;

/// A certificate with its private key, as read from a PEM file.
pub(super) struct Certificate {
    key: EncodingKey,
    thumbprint: String,
    starts: i64,
    ends: i64,
    path: String,
}

impl Certificate {
    /// Reads it. The file may hold a whole chain in any order: the certificate is the one that the key fits.
    pub(super) fn read(path: &Path) -> Result<Self, SignInError> {
        let path_shown = path.display().to_string();
        let bad = |why: &str, hint| SignInError::Setting { message: format!("cannot use the certificate in {path_shown}: {why}"), hint };
        let check = "give a PEM file with the certificate and its unencrypted RSA key";
        let pem = std::fs::read(path).map_err(|error| bad(&error.to_string(), "check the path and who may read it"))?;
        let pem = SecretString::from(
            String::from_utf8(pem).map_err(|_| bad("it is not PEM", "turn it into PEM: openssl pkcs12 -in app.pfx -out app.pem -nodes"))?,
        );
        let pem = pem.expose_secret();
        if pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(bad(
                "its private key is encrypted",
                "take the password off in a file that only you can read: openssl pkcs8 -in app.pem",
            ));
        }
        let block = key_block(pem).ok_or_else(|| bad("there is no private key in it", check))?;
        let key = EncodingKey::from_rsa_pem(block.expose_secret().as_bytes()).map_err(|_| bad("its private key is not RSA", check))?;
        let probe = crypto::sign(b"entriage", &key, Algorithm::PS256).map_err(|_| bad("its private key cannot sign", check))?;
        let mut any = false;
        for der in CertificateDer::pem_slice_iter(pem.as_bytes()).flatten() {
            any = true;
            let Ok((_, certificate)) = X509Certificate::from_der(&der) else { continue };
            let public = DecodingKey::from_rsa_der(&certificate.public_key().subject_public_key.data);
            if crypto::verify(&probe, b"entriage", &public, Algorithm::PS256).unwrap_or(false) {
                let validity = certificate.validity();
                return Ok(Certificate {
                    key,
                    thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)),
                    starts: validity.not_before.timestamp(),
                    ends: validity.not_after.timestamp(),
                    path: path_shown,
                });
            }
        }
        Err(bad(if any { "the private key is another certificate's" } else { "there is no certificate in it" }, check))
    }

    /// An assertion for the token endpoint (RFC 7523), or why none would be taken.
    pub(super) fn assertion(&self, client_id: &str, audience: &str, now: Timestamp) -> Result<SecretString, SignInError> {
        let seconds = now.0.timestamp();
        let day = |seconds| chrono::DateTime::from_timestamp(seconds, 0).map_or_else(String::new, |day| day.format("%Y-%m-%d").to_string());
        if seconds > self.ends {
            return Err(SignInError::Setting {
                message: format!("the certificate in {} ended on {}", self.path, day(self.ends)),
                hint: "upload a new certificate to the app registration and give its file; or check this machine's clock",
            });
        }
        if seconds < self.starts {
            return Err(SignInError::Setting {
                message: format!("the certificate in {} is valid from {} only", self.path, day(self.starts)),
                hint: "check this machine's clock",
            });
        }
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(self.thumbprint.clone());
        let claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": uuid::Uuid::new_v4().to_string(),
            "nbf": seconds, "iat": seconds, "exp": seconds + LIFETIME,
        });
        let signed = jsonwebtoken::encode(&header, &claims, &self.key);
        signed.map(SecretString::from).map_err(|_| SignInError::Setting {
            message: format!("the private key in {} cannot sign", self.path),
            hint: "give a PEM file with the certificate and its RSA key",
        })
    }
}

/// The lines of the private key. A PEM file may hold anything around them.
fn key_block(pem: &str) -> Option<SecretString> {
    let from_key = pem.lines().skip_while(|line| !(line.starts_with("-----BEGIN ") && line.trim_end().ends_with("PRIVATE KEY-----")));
    let mut block = String::new();
    for line in from_key {
        block.push_str(line.trim_end());
        block.push('\n');
        if line.starts_with("-----END ") {
            return Some(block.into());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rcgen::{CertificateParams, KeyPair, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn key() -> KeyPair {
        KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
    }

    fn certificate(key: &KeyPair) -> rcgen::Certificate {
        let mut params = CertificateParams::new(vec!["app".into()]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params.self_signed(key).unwrap()
    }

    fn file(folder: &tempfile::TempDir, text: &str) -> PathBuf {
        let path = folder.path().join("app.pem");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// PKCS#8 wraps PKCS#1 behind a header that has 26 bytes for a key of this size.
    fn pkcs1(key: &KeyPair) -> String {
        let base64 = base64::engine::general_purpose::STANDARD.encode(&key.serialize_der()[26..]);
        let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----\n", lines.join("\n"))
    }

    #[test]
    fn an_assertion_is_signed_by_the_key_and_names_the_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let (key, other) = (key(), key());
        let (mine, foreign) = (certificate(&key), certificate(&other));
        for private in [key.serialize_pem(), pkcs1(&key)] {
            let path = file(&folder, &format!("Bag Attributes\n{}{private}{}", foreign.pem(), mine.pem()));
            let read = Certificate::read(&path).unwrap_or_else(|error| panic!("{error}"));
            let now = at("2026-11-25T12:00:00Z");
            let jwt = read.assertion("app-id", "https://login.test/token", now).unwrap();
            let header = jsonwebtoken::decode_header(jwt.expose_secret()).unwrap();
            assert_eq!(header.alg, Algorithm::PS256);
            assert_eq!(header.x5t_s256, Some(URL_SAFE_NO_PAD.encode(Sha256::digest(mine.der()))));
            let (_, parsed) = X509Certificate::from_der(mine.der()).unwrap();
            let public = DecodingKey::from_rsa_der(&parsed.public_key().subject_public_key.data);
            let mut rules = jsonwebtoken::Validation::new(Algorithm::PS256);
            rules.set_audience(&["https://login.test/token"]);
            rules.validate_exp = false;
            let claims = jsonwebtoken::decode::<serde_json::Value>(jwt.expose_secret(), &public, &rules).unwrap().claims;
            assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("app-id"), Some("app-id")));
            assert_eq!(claims["exp"].as_i64(), Some(now.0.timestamp() + 600));
            assert_eq!(claims["nbf"], claims["iat"]);
            assert_eq!(claims["jti"].as_str().map(str::len), Some(36));
        }
    }

    #[test]
    fn a_certificate_that_is_out_of_date_is_told_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let read = Certificate::read(&file(&folder, &format!("{}{}", certificate(&key).pem(), key.serialize_pem()))).ok().unwrap();
        let told = |time| read.assertion("a", "b", at(time)).err().unwrap().to_string();
        assert!(told("2027-01-02T00:00:00Z").contains("ended on 2027-01-01"));
        assert!(told("2025-12-31T00:00:00Z").contains("valid from 2026-01-01"));
    }

    #[test]
    fn a_file_that_will_not_do_is_told_with_its_reason_and_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, other) = (key(), key());
        let ed = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let pem = certificate(&mine).pem();
        for (text, why) in [
            (String::new(), "no private key"),
            (pem.clone(), "no private key"),
            (mine.serialize_pem(), "no certificate"),
            (format!("{pem}{}", other.serialize_pem()), "another certificate's"),
            (format!("{pem}{}", ed.serialize_pem()), "not RSA"),
            (format!("{pem}-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n"), "encrypted"),
            (format!("{pem}-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n"), "not RSA"),
        ] {
            let error = Certificate::read(&file(&folder, &text)).err().unwrap();
            assert!(error.to_string().contains(why), "{error}, not {why}");
            assert!(error.to_string().contains("app.pem") && !format!("{error:?}").contains("s3cret"));
        }
        let missing = Certificate::read(Path::new("/nowhere/app.pem")).err().unwrap();
        assert!(missing.to_string().contains("/nowhere/app.pem"));
    }
}
