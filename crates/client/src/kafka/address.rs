//! `host:port`, and getting from there to a TCP connection.
//!
//! All addresses of a name are tried, the next one as soon as one fails or hesitates, so that a
//! dead IPv6 address does not cost the whole timeout (RFC 8305 in small).

use super::KafkaError;
use futures::stream::{FuturesUnordered, StreamExt};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long one address may hesitate before the next is tried beside it.
const HESITATION: Duration = Duration::from_millis(250);

/// A parsed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Name or IP address, without brackets.
    pub(crate) host: String,
    /// Port, 1 to 65535.
    pub(crate) port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Parses `host:port` or `[v6]:port`.
pub(crate) fn parse(address: &str) -> Result<Address, KafkaError> {
    let wrong = |reason: &str| KafkaError::Address {
        address: address.into(),
        reason: reason.into(),
    };
    if address.contains("://") {
        return Err(wrong("leave out the scheme: `host:port`"));
    }
    let (host, port) = address
        .rsplit_once(':')
        .ok_or_else(|| wrong("the port is missing: `host:port`"))?;
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host = match bracketed {
        Some(v6) => v6,
        None if host.contains(':') => {
            return Err(wrong("an IPv6 address is written `[address]:port`"));
        }
        None => host,
    };
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
        return Err(wrong("the host is not a name or an IP address"));
    }
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok(Address {
            host: host.into(),
            port,
        }),
        _ => Err(wrong("the port is not a number from 1 to 65535")),
    }
}

/// Asks the resolver.
pub(crate) async fn resolve(at: &Address, address: &str) -> Result<Vec<SocketAddr>, KafkaError> {
    let failed = |reason: String| KafkaError::Resolve {
        address: address.into(),
        reason,
    };
    let found: Vec<_> = tokio::net::lookup_host((at.host.as_str(), at.port))
        .await
        .map_err(|e| failed(e.to_string()))?
        .collect();
    if found.is_empty() {
        return Err(failed("the name has no address".into()));
    }
    Ok(found)
}

/// Connects to the first address that accepts.
pub(crate) async fn connect(
    candidates: &[SocketAddr],
    address: &str,
) -> Result<TcpStream, KafkaError> {
    let mut waiting = candidates.iter();
    let mut under_way = FuturesUnordered::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(next) = waiting.next() {
            under_way.push(TcpStream::connect(*next));
        } else if under_way.is_empty() {
            return Err(KafkaError::Connect {
                address: address.into(),
                reason: reason(&last),
            });
        }
        let more = waiting.len() > 0;
        tokio::select! {
            Some(outcome) = under_way.next() => match outcome {
                Ok(stream) => {
                    // Small requests must not wait for acknowledgements.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = error,
            },
            () = tokio::time::sleep(HESITATION), if more => {}
        }
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset => "connection reset".into(),
        io::ErrorKind::HostUnreachable => "host unreachable".into(),
        io::ErrorKind::NetworkUnreachable => "network unreachable".into(),
        io::ErrorKind::TimedOut => "the operating system gave up waiting".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_host_and_port_and_nothing_else() {
        for (text, host, port) in [
            ("localhost:9092", "localhost", 9092),
            ("[::1]:9093", "::1", 9093),
            ("b-1.example.com:443", "b-1.example.com", 443),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!((parsed.host.as_str(), parsed.port), (host, port));
            assert_eq!(parsed.to_string(), text);
        }
        for (text, says) in [
            ("localhost", "port is missing"),
            ("::1:9092", "IPv6"),
            ("host:0", "1 to 65535"),
            ("host:70000", "1 to 65535"),
            (":9092", "not a name"),
            ("a b:9092", "not a name"),
            ("user@host:9092", "not a name"),
            ("https://host:9092", "scheme"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
