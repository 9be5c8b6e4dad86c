//! What can be told without a network: files that can be read, secrets that can be had.

use super::{Check, Status};
use crate::config::Config;
use crate::remedy::remedy;
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_client::profile::Profile;
use kafkaweave_client::secret::SecretRef;
use std::path::Path;

/// The check that decides whether there is anything to log in with.
pub(super) const PASSWORD: &str = "sasl.password";

/// Files and secrets of one cluster.
pub(super) async fn cluster(profile: &Profile) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(tls) = &profile.tls {
        // Without a key of its own, the certificate's file holds it.
        let both = tls.certificate.is_some() && tls.key.is_none();
        let files = [
            (
                "tls.ca",
                &tls.ca,
                Holds {
                    certificate: true,
                    key: false,
                },
            ),
            (
                "tls.certificate",
                &tls.certificate,
                Holds {
                    certificate: true,
                    key: both,
                },
            ),
            (
                "tls.key",
                &tls.key,
                Holds {
                    certificate: false,
                    key: true,
                },
            ),
        ];
        for (name, path, holds) in files {
            if let Some(path) = path {
                checks.push(file(name, path, holds).await);
            }
        }
    }
    if let Some(sasl) = &profile.sasl {
        checks.push(secret(PASSWORD, &sasl.password, Status::Failed).await);
    }
    checks
}

/// Tokens of the server. One that cannot be had is no failure here: stdio needs none, and the
/// server's environment may be another.
pub(super) async fn server(config: &Config) -> Vec<Check> {
    let mut checks = Vec::new();
    for (index, token) in config.server.tokens.iter().enumerate() {
        checks.push(secret(&format!("server.tokens[{index}]"), token, Status::Warning).await);
    }
    checks
}

async fn secret(name: &str, reference: &SecretRef, otherwise: Status) -> Check {
    match reference.resolve().await {
        Ok(_) => Check {
            name: name.into(),
            status: Status::Ok,
            detail: format!("found in {}", reference.place()),
            remedy: None,
        },
        Err(error) => {
            let detail = error.to_string();
            let error = KafkaError::Secret {
                address: String::new(),
                error,
            };
            Check {
                name: name.into(),
                status: otherwise,
                detail,
                remedy: remedy(&error),
            }
        }
    }
}

/// What a PEM file should hold.
#[derive(Clone, Copy)]
struct Holds {
    certificate: bool,
    key: bool,
}

async fn file(name: &str, path: &Path, holds: Holds) -> Check {
    let (status, what, remedy) = match tokio::fs::read(path).await {
        Err(error) => {
            let reason = format!("`{}` cannot be read: {error}", path.display());
            let remedy = remedy(&KafkaError::TlsSettings { reason });
            (Status::Failed, format!("cannot be read: {error}"), remedy)
        }
        Ok(bytes) => match pem(&bytes, holds) {
            Err((what, remedy)) => (Status::Failed, what.to_owned(), Some(remedy.to_owned())),
            Ok(what) => match exposed(path, holds).await {
                Some(mode) => (
                    Status::Warning,
                    format!("{what}; others can read it (mode {mode:o})"),
                    Some(format!("chmod 600 {}", path.display())),
                ),
                None => (Status::Ok, what, None),
            },
        },
    };
    Check {
        name: name.into(),
        status,
        detail: format!("`{}`: {what}", path.display()),
        remedy,
    }
}

/// What a file holds, or what is wrong with it and what helps. A first look: whether keys fit and
/// certificates are well-formed is found at the handshake.
fn pem(bytes: &[u8], holds: Holds) -> Result<String, (&'static str, &'static str)> {
    const CONVERT: &str = "Convert it to PEM: `keytool -importkeystore ... -deststoretype PKCS12`, then `openssl pkcs12 -nodes`.";
    if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        return Err(("is a Java keystore, not PEM", CONVERT));
    }
    let text = String::from_utf8_lossy(bytes);
    let certificates = text.matches("-----BEGIN CERTIFICATE-----").count();
    let keys = text.matches("PRIVATE KEY-----").count() / 2;
    if certificates == 0 && keys == 0 && bytes.starts_with(&[0x30]) {
        return Err((
            "is DER or PKCS#12, not PEM",
            "Convert it to PEM with `openssl x509 -inform der` or `openssl pkcs12 -nodes`.",
        ));
    }
    if holds.certificate && certificates == 0 {
        return Err((
            "holds no certificate in PEM form",
            "Give a file with `-----BEGIN CERTIFICATE-----`.",
        ));
    }
    if holds.key && keys == 0 {
        return Err((
            "holds no private key in PEM form",
            "Set `tls.key` to the file with `-----BEGIN PRIVATE KEY-----`.",
        ));
    }
    let mut parts = Vec::new();
    if holds.certificate {
        parts.push(format!("{certificates} certificate(s)"));
    }
    if holds.key {
        parts.push("private key".to_owned());
    }
    Ok(parts.join(", "))
}

/// The permissions of a file with a private key when others can read it.
#[cfg(unix)]
async fn exposed(path: &Path, holds: Holds) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    if !holds.key {
        return None;
    }
    let mode = tokio::fs::metadata(path).await.ok()?.permissions().mode() & 0o777;
    (mode & 0o004 != 0).then_some(mode)
}

/// Not told by this system's permissions.
#[cfg(not(unix))]
async fn exposed(_: &Path, _: Holds) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::{Holds, pem};

    #[test]
    fn a_file_is_told_by_what_it_holds() {
        let certificate = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n";
        let both = format!("{certificate}{key}");
        let found = |bytes: &[u8], certificate, key| {
            pem(bytes, Holds { certificate, key }).map_err(|(what, _)| what)
        };
        assert_eq!(
            found(certificate.as_bytes(), true, false).as_deref(),
            Ok("1 certificate(s)")
        );
        assert_eq!(
            found(both.as_bytes(), true, true).as_deref(),
            Ok("1 certificate(s), private key")
        );
        assert_eq!(
            found(certificate.as_bytes(), true, true),
            Err("holds no private key in PEM form")
        );
        assert_eq!(
            found(key.as_bytes(), true, false),
            Err("holds no certificate in PEM form")
        );
        assert_eq!(
            found(&[0xfe, 0xed, 0xfe, 0xed, 0], true, false),
            Err("is a Java keystore, not PEM")
        );
        assert_eq!(
            found(&[0x30, 0x82], true, false),
            Err("is DER or PKCS#12, not PEM")
        );
    }
}
