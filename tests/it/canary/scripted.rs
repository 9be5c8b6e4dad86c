//! A broker that asks for a password and sends whatever it was told back, as an error.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A running one; its thread ends with the process.
pub(super) struct Echo {
    /// `host:port`.
    pub(super) address: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Echo {
    /// All that clients sent to authenticate.
    pub(super) fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

/// Starts it.
pub(super) fn echo() -> Echo {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let to = Arc::clone(&to);
            std::thread::spawn(move || serve(stream, &to));
        }
    });
    Echo { address, heard }
}

/// Answers until the client leaves.
fn serve(mut stream: TcpStream, heard: &Mutex<Vec<u8>>) -> Option<()> {
    loop {
        let mut size = [0; 4];
        stream.read_exact(&mut size).ok()?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(size)).ok()?];
        stream.read_exact(&mut frame).ok()?;
        let number = |at: usize| Some(i16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?]));
        let (key, version) = (number(0)?, number(2)?);
        let mut answer = frame.get(4..8)?.to_vec();
        match key {
            // ApiVersions: the oldest form, which any client understands.
            18 => {
                let code: i16 = if version == 0 { 0 } else { 35 };
                answer.extend(code.to_be_bytes());
                answer.extend(4_i32.to_be_bytes());
                for (key, last) in [(3_i16, 12_i16), (17, 1), (18, 0), (36, 1)] {
                    answer.extend(key.to_be_bytes());
                    answer.extend([0, 0]);
                    answer.extend(last.to_be_bytes());
                }
            }
            // SaslHandshake: every mechanism is welcome.
            17 => {
                answer.extend([0, 0]);
                answer.extend(2_i32.to_be_bytes());
                for name in ["PLAIN", "SCRAM-SHA-256"] {
                    answer.extend(i16::try_from(name.len()).ok()?.to_be_bytes());
                    answer.extend(name.as_bytes());
                }
            }
            // SaslAuthenticate: refused, with all that was sent as the reason.
            36 => {
                heard.lock().ok()?.extend_from_slice(&frame);
                let token = String::from_utf8_lossy(frame.get(10..)?).into_owned();
                let reason = format!("Authentication failed for {token}");
                answer.extend(58_i16.to_be_bytes());
                answer.extend(i16::try_from(reason.len()).ok()?.to_be_bytes());
                answer.extend(reason.as_bytes());
                answer.extend(0_i32.to_be_bytes());
                if version >= 1 {
                    answer.extend(0_i64.to_be_bytes());
                }
            }
            _ => return None,
        }
        let size = i32::try_from(answer.len()).ok()?;
        stream.write_all(&size.to_be_bytes()).ok()?;
        stream.write_all(&answer).ok()?;
    }
}
