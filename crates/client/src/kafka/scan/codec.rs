//! The five codecs of record batches, within a bound, into buffers that are used again.

mod lz4;
mod snappy;

use std::io::Read;

/// A batch that decompresses to more than this is not read. Brokers take about 1 MiB by default,
/// compressed; ratios above 100 are rare.
pub(super) const MAX_BATCH_BYTES: usize = 128 << 20;
/// A buffer larger than this is given back after use.
const KEPT_BYTES: usize = 8 << 20;

/// Decompresses batches. Keep it: its contexts and buffer are the cost.
#[derive(Default)]
pub(super) struct Decompressor {
    buffer: Vec<u8>,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    max_bytes: Option<usize>,
}

impl Decompressor {
    /// The records of a batch with these attributes.
    pub(super) fn records<'a>(
        &'a mut self,
        attributes: i16,
        body: &'a [u8],
    ) -> Result<&'a [u8], String> {
        let max = self.max_bytes.unwrap_or(MAX_BATCH_BYTES);
        self.buffer.clear();
        if self.buffer.capacity() > KEPT_BYTES {
            self.buffer.shrink_to(KEPT_BYTES);
        }
        let (codec, outcome) = match attributes & 0x07 {
            0 => return Ok(body),
            1 => ("gzip", self.gzip(body, max)),
            2 => ("snappy", snappy::decompress(body, &mut self.buffer, max)),
            3 => ("lz4", lz4::decompress(body, &mut self.buffer, max)),
            4 => ("zstd", self.zstd(body, max)),
            other => return Err(format!("unknown codec {other}")),
        };
        match outcome {
            Ok(()) => Ok(&self.buffer),
            Err(why) => Err(format!("{codec}: {why}")),
        }
    }

    fn gzip(&mut self, body: &[u8], max: usize) -> Result<(), String> {
        let decoder = flate2::read::MultiGzDecoder::new(body);
        let read = decoder
            .take(max as u64 + 1)
            .read_to_end(&mut self.buffer)
            .map_err(|error| error.to_string())?;
        if read > max {
            Err(too_large(max))
        } else {
            Ok(())
        }
    }

    fn zstd(&mut self, body: &[u8], max: usize) -> Result<(), String> {
        let context = match &mut self.zstd {
            Some(context) => context,
            none => none.insert(zstd::bulk::Decompressor::new().map_err(|e| e.to_string())?),
        };
        // Producers write frames without their size, so the buffer grows until it is enough.
        let stated = zstd::bulk::Decompressor::upper_bound(body).filter(|size| *size <= max);
        let mut wanted = stated
            .unwrap_or(body.len().saturating_mul(4))
            .clamp(64 << 10, max.max(1));
        loop {
            self.buffer.clear();
            self.buffer.reserve(wanted);
            match context.decompress_to_buffer(body, &mut self.buffer) {
                Ok(_) if self.buffer.len() > max => return Err(too_large(max)),
                Ok(_) => return Ok(()),
                Err(error) if !error.to_string().contains("too small") => {
                    return Err(error.to_string());
                }
                Err(_) if self.buffer.capacity() >= max => return Err(too_large(max)),
                Err(_) => {
                    wanted = self.buffer.capacity().saturating_mul(2).min(max);
                }
            }
        }
    }
}

fn too_large(max: usize) -> String {
    format!("more than {max} bytes when decompressed")
}

#[cfg(test)]
pub(super) mod tests;
