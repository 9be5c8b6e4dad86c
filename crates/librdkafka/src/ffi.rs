//! All foreign functions of the crate. What is outside of this folder is safe Rust.
//!
//! A thing that librdkafka gives us to keep is an [`Owned`]; what it lends is read at once into our own types, while
//! its owner is alive. Error codes are read as plain numbers: a broker may send one that is newer than the enumeration
//! of the bindings, and an enumeration must not hold what it does not list.
#![allow(
    unsafe_code,
    reason = "librdkafka is a C library; each block says why it is sound"
)]

pub(crate) mod admin;
pub(crate) mod consume;

use crate::fault::Fault;
use rdkafka::bindings as c;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::NonNull;

/// The same functions as in the bindings, but for codes that come back as numbers.
mod raw {
    use super::c;
    use std::ffi::c_int;

    unsafe extern "C" {
        #[link_name = "rd_kafka_error_code"]
        pub(super) fn error_code(error: *const c::rd_kafka_error_t) -> c_int;
        #[link_name = "rd_kafka_event_error"]
        pub(super) fn event_error(event: *mut c::rd_kafka_event_t) -> c_int;
        #[link_name = "rd_kafka_err2str"]
        pub(super) fn err2str(code: c_int) -> *const std::ffi::c_char;
        #[link_name = "rd_kafka_last_error"]
        pub(super) fn last_error() -> c_int;
        #[link_name = "rd_kafka_get_watermark_offsets"]
        pub(super) fn watermarks(
            client: *mut c::rd_kafka_t,
            topic: *const std::ffi::c_char,
            partition: i32,
            low: *mut i64,
            high: *mut i64,
        ) -> c_int;
        #[link_name = "rd_kafka_oauthbearer_set_token"]
        pub(super) fn set_token(
            client: *mut c::rd_kafka_t,
            token: *const std::ffi::c_char,
            lifetime_ms: i64,
            principal: *const std::ffi::c_char,
            extensions: *mut *const std::ffi::c_char,
            extension_size: usize,
            error: *mut std::ffi::c_char,
            error_size: usize,
        ) -> c_int;
    }
}

/// Something of librdkafka's that we have to destroy, once.
pub(crate) struct Owned<T> {
    at: NonNull<T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// # Safety
    /// `at` is null, or `destroy` may be called on it once and nobody else does.
    unsafe fn new(at: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Option<Self> {
        NonNull::new(at).map(|at| Self { at, destroy })
    }

    fn ptr(&self) -> *mut T {
        self.at.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: as `new` demands; nothing uses it afterwards.
        unsafe { (self.destroy)(self.at.as_ptr()) }
    }
}

/// A copy of a C text; `None` for null.
///
/// # Safety
/// Null, or a text that ends with a zero and is alive during the call.
unsafe fn text(at: *const c_char) -> Option<String> {
    if at.is_null() {
        return None;
    }
    // SAFETY: not null, and as the caller promises.
    let text = unsafe { CStr::from_ptr(at) };
    Some(text.to_string_lossy().into_owned())
}

/// The elements of an array.
///
/// # Safety
/// `at` is null or points to `count` elements that are alive and unchanged for `'a`.
unsafe fn elements<'a, T>(at: *const T, count: usize) -> &'a [T] {
    if at.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(at, count) }
}

/// An error object's code and text; `None` for no error.
///
/// # Safety
/// Null or alive during the call.
unsafe fn error(at: *const c::rd_kafka_error_t) -> Option<Fault> {
    if at.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    let (code, said) = unsafe { (raw::error_code(at), text(c::rd_kafka_error_string(at))) };
    (code != 0).then(|| Fault::new(code, said.unwrap_or_default()))
}

/// A code in librdkafka's words.
pub(crate) fn described(code: c_int) -> String {
    // SAFETY: any number is taken; the text is static or this thread's, and copied at once.
    let said = unsafe { text(raw::err2str(code)) };
    said.unwrap_or_default()
}

/// A text for C.
///
/// # Errors
/// When it holds a zero byte, which no name in Kafka may.
fn c_text(text: &str) -> Result<CString, Fault> {
    CString::new(text).map_err(|_| Fault::new(-186, "a name holds a zero byte"))
}

/// Hands a token over to a client that logs in by OAUTHBEARER.
pub(crate) fn set_token(
    client: *mut c::rd_kafka_t,
    token: &str,
    expires_ms: i64,
    principal: &str,
) -> Result<(), Fault> {
    let (token, principal) = (c_text(token)?, c_text(principal)?);
    let mut said = [0; 256];
    // SAFETY: the texts are alive during the call, which copies them; the size is that of the buffer.
    let code = unsafe {
        raw::set_token(
            client,
            token.as_ptr(),
            expires_ms,
            principal.as_ptr(),
            std::ptr::null_mut(),
            0,
            said.as_mut_ptr(),
            said.len(),
        )
    };
    if code == 0 {
        return Ok(());
    }
    // SAFETY: librdkafka ends its message with a zero, and the buffer began full of them.
    let said = unsafe { text(said.as_ptr()) };
    Err(Fault::new(code, said.unwrap_or_default()))
}
