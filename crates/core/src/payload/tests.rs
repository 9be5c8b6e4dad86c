//! What is shown as it always was: text, JSON, bytes, cuts.

use super::*;
use PayloadEncoding::{Base64, Json, Utf8};

fn shown(bytes: &[u8], limit: usize) -> (PayloadEncoding, String, usize, bool) {
    let payload = Payload::of(bytes, bytes.len(), limit);
    (
        payload.encoding,
        payload.text,
        payload.size_bytes,
        payload.truncated,
    )
}

#[test]
fn bytes_are_shown_as_what_they_are() {
    for (bytes, encoding, text) in [
        (&b"hello"[..], Utf8, "hello"),
        (b"", Utf8, ""),
        (b"{\"a\": 1}", Json, "{\"a\": 1}"),
        (b" [1,2]", Json, " [1,2]"),
        (b"{not json}", Utf8, "{not json}"),
        (b"12", Utf8, "12"),
        (b"a\x1b[2Jb\r\n\t", Utf8, "a\\u001b[2Jb\\u000d\n\t"),
        ("pay \u{202e}load".as_bytes(), Utf8, "pay \\u202eload"),
        (
            "gr\u{fc}n \u{1f980}".as_bytes(),
            Utf8,
            "gr\u{fc}n \u{1f980}",
        ),
        (b"\xff\xfe\x00", Base64, "//4A"),
        (b"abc\xc3", Base64, "YWJjww=="),
    ] {
        assert_eq!(
            shown(bytes, 100),
            (encoding, text.to_owned(), bytes.len(), false)
        );
    }
}

#[test]
fn a_name_stays_in_its_line() {
    assert_eq!(one_line("a\n0@1\t\u{1b}[m"), "a\\n0@1\\t\\u001b[m");
    assert_eq!(one_line("gr\u{fc}n"), "gr\u{fc}n");
}

#[test]
fn a_cut_never_splits_a_character_and_is_said() {
    let text = "a\u{1f980}b".as_bytes();
    assert_eq!(shown(text, 3), (Utf8, "a".into(), 6, true));
    assert_eq!(shown(text, 5), (Utf8, "a\u{1f980}".into(), 6, true));
    assert_eq!(shown(text, 6), (Utf8, "a\u{1f980}b".into(), 6, false));
    assert_eq!(
        shown(b"{\"a\":[1,2,3]}", 8),
        (Json, "{\"a\":[1,".into(), 13, true)
    );
    assert_eq!(shown(b"{a}{a}{a}", 4), (Utf8, "{a}{".into(), 9, true));
    assert_eq!(
        shown(b"\xff\xff\xff\xff\xff", 2),
        (Base64, "//8=".into(), 5, true)
    );
    assert_eq!(shown(b"abc", 0), (Utf8, String::new(), 3, true));
}

#[test]
fn bytes_that_were_cut_before_keep_their_true_size() {
    let payload = Payload::of(b"{\"a\"", 5000, 100);
    assert_eq!(
        (payload.encoding, payload.size_bytes, payload.truncated),
        (Json, 5000, true)
    );
}

#[test]
fn null_is_no_payload_and_differs_from_empty() {
    assert_eq!(Payload::optional(None, 0, 10), None);
    assert_eq!(
        serde_json::to_value(Payload::optional(Some(b""), 0, 10)).unwrap(),
        serde_json::json!({"encoding": "utf8", "text": "", "size_bytes": 0})
    );
}
