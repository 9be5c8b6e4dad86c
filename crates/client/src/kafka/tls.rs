//! TLS settings of a profile made ready, and handshakes with reasons.
//!
//! rustls with ring. An own CA replaces the system's authorities; a client certificate is optional.
//! There is no way to switch verification off.

#[cfg(test)]
mod tests;

use super::KafkaError;
use crate::profile::Tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Everything read and parsed, for any number of handshakes.
pub(crate) struct Setup {
    config: Arc<ClientConfig>,
    server_name: Option<String>,
}

impl Setup {
    /// Reads the files of the profile.
    ///
    /// # Errors
    /// `TlsSettings` naming the file and what is wrong with it.
    pub(crate) fn new(tls: &Tls) -> Result<Self, KafkaError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| settings(e.to_string()))?
            .with_root_certificates(roots(tls.ca.as_deref())?);
        let config = match (&tls.certificate, &tls.key) {
            (Some(certificate), key) => {
                let key = key.as_ref().unwrap_or(certificate);
                builder
                    .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                    .map_err(|e| {
                        settings(format!(
                            "client certificate `{}` and key `{}`: {e}",
                            certificate.display(),
                            key.display()
                        ))
                    })?
            }
            (None, Some(key)) => {
                return Err(settings(format!(
                    "key `{}` is given without a certificate",
                    key.display()
                )));
            }
            (None, None) => builder.with_no_client_auth(),
        };
        Ok(Self {
            config: Arc::new(config),
            server_name: tls.server_name.clone(),
        })
    }

    /// Performs the handshake on a fresh TCP connection.
    pub(crate) async fn handshake(
        &self,
        stream: TcpStream,
        host: &str,
        address: &str,
    ) -> Result<TlsStream<TcpStream>, KafkaError> {
        let expected = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(expected.to_owned())
            .map_err(|_| settings(format!("`{expected}` cannot be a certificate's name")))?;
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, stream)
            .await
            .map_err(|e| failed(&e, expected, address))
    }

    /// Version, cipher and peer of a finished handshake, in words.
    pub(crate) fn describe(&self, stream: &TlsStream<TcpStream>, host: &str) -> String {
        let (_, session) = stream.get_ref();
        let version = session
            .protocol_version()
            .and_then(|v| v.as_str())
            .unwrap_or("TLS");
        let cipher = session
            .negotiated_cipher_suite()
            .map_or_else(String::new, |c| format!(", {:?}", c.suite()));
        format!(
            "{}{cipher}, the broker's certificate is valid for `{}`",
            version.replace("TLSv1_", "TLS 1."),
            self.server_name.as_deref().unwrap_or(host)
        )
    }
}

fn settings(reason: String) -> KafkaError {
    KafkaError::TlsSettings { reason }
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, KafkaError> {
    let mut store = RootCertStore::empty();
    if let Some(path) = ca {
        for certificate in certificates(path)? {
            store
                .add(certificate)
                .map_err(|e| settings(format!("ca `{}`: {e}", path.display())))?;
        }
        return Ok(store);
    }
    let found = rustls_native_certs::load_native_certs();
    // A system store may hold certificates that rustls does not take; the others count.
    let (added, _) = store.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = found.errors.first().map_or_else(
            || "none are installed".to_owned(),
            std::string::ToString::to_string,
        );
        return Err(settings(format!(
            "the system's certificate authorities cannot be used ({why}); name a ca file"
        )));
    }
    Ok(store)
}

fn read(path: &Path) -> Result<Vec<u8>, KafkaError> {
    std::fs::read(path).map_err(|e| settings(format!("`{}` cannot be read: {e}", path.display())))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, KafkaError> {
    let pem = read(path)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|e| settings(format!("`{}` is not valid PEM: {e}", path.display())))?;
    if found.is_empty() {
        return Err(settings(format!(
            "`{}` holds no certificate in PEM form",
            path.display()
        )));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, KafkaError> {
    let pem = read(path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        let encrypted = String::from_utf8_lossy(&pem).contains("ENCRYPTED");
        settings(format!(
            "`{}` {}",
            path.display(),
            if encrypted {
                "holds an encrypted private key; only unencrypted ones can be used"
            } else {
                "holds no private key in PEM form (PKCS#8, PKCS#1 or SEC1)"
            }
        ))
    })
}

fn failed(error: &io::Error, expected: &str, address: &str) -> KafkaError {
    let address = address.to_owned();
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let reason = match tls {
        Some(rustls::Error::AlertReceived(alert)) => {
            return KafkaError::TlsAlert {
                address,
                alert: format!("{alert:?}"),
            };
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            "the answer is not tls: the listener speaks plain text".to_owned()
        }
        Some(rustls::Error::InvalidCertificate(problem)) => certificate_problem(problem, expected),
        Some(other) => other.to_string(),
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                "the broker closed the connection at the first message: \
                 its listener probably speaks plain text"
                    .to_owned()
            }
            _ => error.to_string(),
        },
    };
    KafkaError::Tls { address, reason }
}

fn certificate_problem(problem: &rustls::CertificateError, expected: &str) -> String {
    use rustls::CertificateError as Problem;
    match problem {
        Problem::UnknownIssuer => "the broker's certificate is not signed by a trusted \
             authority (UnknownIssuer)"
            .into(),
        // Names of authorities match, keys do not: typical of an authority that was made anew.
        Problem::BadSignature => "the broker's certificate is signed by another authority of the \
             same name as a trusted one (BadSignature)"
            .into(),
        Problem::Expired | Problem::ExpiredContext { .. } => {
            format!("the broker's certificate has expired ({problem})")
        }
        Problem::NotValidYet | Problem::NotValidYetContext { .. } => {
            format!("the broker's certificate is not valid yet ({problem})")
        }
        Problem::NotValidForName | Problem::NotValidForNameContext { .. } => {
            format!("the broker's certificate is not for the name `{expected}` ({problem})")
        }
        other => format!("the broker's certificate is refused ({other})"),
    }
}
