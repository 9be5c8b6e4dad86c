//! Addresses: of brokers (`host:port`), and of what a browser may call this server by.

/// Reads one broker address.
///
/// # Errors
/// What is wrong with it, in words. What stands before an `@` is not repeated: it may be a password.
pub(crate) fn broker(text: &str) -> Result<String, String> {
    let address = text.trim();
    if address.is_empty() {
        return Err("an address is empty; write `host:port`".into());
    }
    if address.contains('@') {
        return Err(
            "an address holds `@`; write `host:port` and give user and password under `sasl`"
                .into(),
        );
    }
    let shown = shorten(address);
    if address.contains(',') {
        return Err(format!(
            "`{shown}` holds a comma; write one address per item"
        ));
    }
    if let Some((scheme, rest)) = address.split_once("://") {
        let hint = match scheme.to_ascii_uppercase().as_str() {
            "SSL" => "; `SSL` is `tls = true` here",
            "SASL_SSL" => "; `SASL_SSL` is `tls = true` with `sasl` here",
            "SASL_PLAINTEXT" => "; `SASL_PLAINTEXT` is `sasl` without `tls` here",
            "PLAINTEXT" => "; plain text is what is spoken without `tls`",
            _ => "; brokers are not reached by URL",
        };
        let rest = rest.trim_end_matches('/');
        return Err(format!(
            "`{shown}` begins with a scheme; write `{}`{hint}",
            shorten(rest)
        ));
    }
    let (host, port) = split(address).map_err(|reason| format!("`{shown}` {reason}"))?;
    let number: u16 = port.parse().map_err(|_| {
        format!(
            "`{shown}` has port `{}`; a port is a number from 1 to 65535",
            shorten(port)
        )
    })?;
    if number == 0 || port.starts_with('+') {
        return Err(format!(
            "`{shown}` has port `{port}`; a port is a number from 1 to 65535"
        ));
    }
    if let Some(inside) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        // A zone (`fe80::1%eth0`) is left to the resolver.
        let bare = inside.split('%').next().unwrap_or_default();
        if bare.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(format!(
                "`{shown}` has no IPv6 address between its brackets"
            ));
        }
    } else {
        host_name(host).map_err(|reason| format!("`{shown}` {reason}"))?;
    }
    Ok(format!("{host}:{number}"))
}

fn split(address: &str) -> Result<(&str, &str), &'static str> {
    if address.starts_with('[') {
        return match address.split_once(']') {
            Some((host, rest)) => match rest.strip_prefix(':') {
                Some(port) => Ok((address.get(..host.len() + 1).unwrap_or_default(), port)),
                None => Err("has no port; write `[address]:port`, usually `:9092`"),
            },
            None => Err("has a bracket that is not closed"),
        };
    }
    match address.rsplit_once(':') {
        None => Err("has no port; write `host:port`, usually `:9092`"),
        Some((host, _)) if host.contains(':') => {
            Err("looks like IPv6; put the address in brackets: `[address]:port`")
        }
        Some((_, "")) => Err("has no port after `:`"),
        Some(parts) => Ok(parts),
    }
}

fn host_name(host: &str) -> Result<(), &'static str> {
    if host.is_empty() {
        return Err("has no host before `:`");
    }
    if host.len() > 253 {
        return Err("has a host of more than 253 characters");
    }
    if host
        .chars()
        .any(|c| !(c.is_ascii_alphanumeric() || "-._".contains(c)))
    {
        return Err("has a host with something else than `A-Z a-z 0-9 - . _`");
    }
    Ok(())
}

/// Whether this is a value of a `Host` header: host, with or without a port.
pub(crate) fn is_host_header(text: &str) -> bool {
    broker(text).is_ok() || broker(&format!("{text}:1")).is_ok()
}

/// Whether this is a value of an `Origin` header.
pub(crate) fn is_origin(text: &str) -> bool {
    text.strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .is_some_and(is_host_header)
}

/// Text for a message: control characters made visible, 80 characters at most.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(|c| {
            let visible = if c.is_control() {
                c.escape_default().to_string()
            } else {
                c.to_string()
            };
            visible.chars().collect::<Vec<_>>()
        })
        .collect();
    if text.chars().count() > LONGEST {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_accepted_as_brokers_write_them() {
        for (text, address) in [
            ("b1.example:9092", "b1.example:9092"),
            (" kafka_1:09092 ", "kafka_1:9092"),
            ("10.0.0.1:1", "10.0.0.1:1"),
            ("[::1]:65535", "[::1]:65535"),
            ("[fe80::1%eth0]:9092", "[fe80::1%eth0]:9092"),
        ] {
            assert_eq!(broker(text).as_deref(), Ok(address));
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        for (text, part) in [
            ("", "empty"),
            ("b1", "has no port"),
            ("b1:", "has no port after"),
            (":9092", "has no host"),
            ("b1:0", "from 1 to 65535"),
            ("b1:+1", "from 1 to 65535"),
            ("b1:65536", "from 1 to 65535"),
            ("b1:kafka", "port `kafka`"),
            ("b1:9092/", "port `9092/`"),
            ("http://b1:9092", "not reached by URL"),
            (
                "SASL_SSL://b1:9094",
                "write `b1:9094`; `SASL_SSL` is `tls = true` with `sasl`",
            ),
            ("::1:9092", "brackets"),
            ("[::1]", "has no port"),
            ("[::1:9092", "not closed"),
            ("[b1]:9092", "no IPv6"),
            ("b 1:9092", "something else"),
            ("b1:9092,b2:9092", "one address per item"),
        ] {
            let reason = broker(text).unwrap_err();
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        for text in ["alice:hunter2@b1:9092", "SASL_SSL://alice:hunter2@b1:9092"] {
            assert!(!broker(text).unwrap_err().contains("hunter2"));
        }
    }

    #[test]
    fn hosts_and_origins_are_told_from_urls() {
        assert!(is_host_header("kafkaweave.example") && is_host_header("localhost:8080"));
        assert!(!is_host_header("https://kafkaweave.example"));
        assert!(is_origin("https://kafkaweave.example") && is_origin("http://localhost:3000"));
        assert!(!is_origin("localhost") && !is_origin("https://a/b") && !is_origin("*"));
    }
}
