//! Handshakes with a broker of our own: who trusts whom, and how a refusal reads.

use super::super::peer::{Do, profile, serve};
use super::super::{KafkaError, probe};
use crate::profile::{Profile, Tls};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// A folder for PEM files that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "kafkaweave-tls-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, pem: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, pem).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// Certificate and key for a name.
    fn issue(&self, name: &str) -> (String, String) {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let der = CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap();
        roots.add(der).unwrap();
        roots
    }
}

/// Starts a broker with TLS; clients must show a certificate of `clients` when there is one.
async fn broker(own: &Authority, name: &str, clients: Option<&Authority>) -> Profile {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let (certificate, key) = own.issue(name);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let roots = Arc::new(clients.roots());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, address.port(), &|_| Do::Usual).await;
                }
            });
        }
    });
    let mut settings = profile(vec![address.to_string()]);
    settings.connect_timeout = Duration::from_secs(5);
    settings
}

/// Where it ends: the last step before the first that needs rights, or the first that fails.
async fn outcome(mut settings: Profile, tls: Tls) -> Result<String, (&'static str, KafkaError)> {
    settings.tls = Some(tls);
    let steps = probe(&settings, &settings.bootstrap[0]).await;
    let failed = steps
        .iter()
        .find(|s| s.outcome.is_err() && s.name != "authorization");
    if let Some(failed) = failed {
        return Err((failed.name, failed.outcome.clone().unwrap_err()));
    }
    let tls = steps.iter().find(|s| s.name == "tls").unwrap();
    Ok(tls.outcome.clone().unwrap())
}

fn trusting(ca: &Path) -> Tls {
    Tls {
        ca: Some(ca.into()),
        ..Tls::default()
    }
}

#[tokio::test]
async fn a_broker_of_a_trusted_authority_is_spoken_to_and_another_is_not() {
    let (own, other, folder) = (
        Authority::new("own"),
        Authority::new("other"),
        Folder::new(),
    );
    let settings = broker(&own, "127.0.0.1", None).await;
    let ca = folder.put("ca.pem", &own.pem);
    let detail = outcome(settings.clone(), trusting(&ca)).await.unwrap();
    assert!(detail.starts_with("TLS 1.3, TLS13_"), "{detail}");
    // An authority that was made anew under its old name is another one.
    let again = Authority::new("own");
    for (authority, says) in [
        (&other, "not signed by a trusted authority"),
        (&again, "another authority of the same name"),
    ] {
        let foreign = folder.put("foreign.pem", &authority.pem);
        let (step, error) = outcome(settings.clone(), trusting(&foreign))
            .await
            .unwrap_err();
        assert_eq!(step, "tls");
        assert!(matches!(error, KafkaError::Tls { .. }), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn the_name_in_the_certificate_counts_and_can_be_stated() {
    let (own, folder) = (Authority::new("own"), Folder::new());
    let settings = broker(&own, "kafka.internal", None).await;
    let ca = folder.put("ca.pem", &own.pem);
    let (_, error) = outcome(settings.clone(), trusting(&ca)).await.unwrap_err();
    assert!(
        error.to_string().contains("not for the name `127.0.0.1`"),
        "{error}"
    );
    let mut named = trusting(&ca);
    named.server_name = Some("kafka.internal".into());
    let detail = outcome(settings, named).await.unwrap();
    assert!(detail.contains("`kafka.internal`"), "{detail}");
}

#[tokio::test]
async fn a_refused_client_certificate_is_told_by_the_name_of_the_alert() {
    let (own, other, folder) = (
        Authority::new("own"),
        Authority::new("other"),
        Folder::new(),
    );
    let settings = broker(&own, "127.0.0.1", Some(&own)).await;
    let ca = folder.put("ca.pem", &own.pem);
    let with = |(certificate, key): (String, String)| Tls {
        certificate: Some(folder.put("client.pem", &certificate)),
        key: Some(folder.put("client.key", &key)),
        ..trusting(&ca)
    };
    // In TLS 1.3 the broker's refusal comes after the handshake is done for us.
    for (tls, name) in [
        (trusting(&ca), "CertificateRequired"),
        (with(other.issue("alice")), "UnknownCA"),
    ] {
        let (step, error) = outcome(settings.clone(), tls).await.unwrap_err();
        assert_eq!(step, "api_versions");
        let KafkaError::TlsAlert { alert, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(alert, name);
    }
    outcome(settings.clone(), with(own.issue("alice")))
        .await
        .unwrap();
    // Both in one file.
    let (certificate, key) = own.issue("alice");
    let both = Tls {
        certificate: Some(folder.put("both.pem", &format!("{certificate}{key}"))),
        ..trusting(&ca)
    };
    outcome(settings, both).await.unwrap();
}

#[tokio::test]
async fn settings_that_cannot_be_used_name_the_file_and_the_reason() {
    let (own, folder) = (Authority::new("own"), Folder::new());
    let settings = broker(&own, "127.0.0.1", None).await;
    let ca = folder.put("ca.pem", &own.pem);
    let (certificate, key) = own.issue("alice");
    let certificate = folder.put("alice.pem", &certificate);
    let keyed = |key: PathBuf| Tls {
        certificate: Some(certificate.clone()),
        key: Some(key),
        ..trusting(&ca)
    };
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let mut alone = trusting(&ca);
    alone.key = Some(folder.put("alone.key", &key));
    for (tls, says) in [
        (
            trusting(Path::new("/nowhere/ca.pem")),
            "`/nowhere/ca.pem` cannot be read",
        ),
        (
            trusting(&folder.put("empty.pem", "")),
            "holds no certificate",
        ),
        (
            keyed(folder.put("enc.key", encrypted)),
            "encrypted private key",
        ),
        (
            keyed(folder.put("other.key", &own.issue("bob").1)),
            "KeyMismatch",
        ),
        (alone, "without a certificate"),
    ] {
        let (step, error) = outcome(settings.clone(), tls).await.unwrap_err();
        assert_eq!(step, "tls");
        assert!(matches!(error, KafkaError::TlsSettings { .. }), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
}
