//! Numbers and names as bytes, and back, with bounds on everything that is read.

use super::DigestError;

/// FNV-1a over bytes, 32 bits: names things and guards against damage, not against malice.
pub(in super::super) fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// Bytes being written.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    /// A number, seven bits a byte, lowest first.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number as u8 & 0x7f) | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A number that may be unknown: 0, or 1 and the number.
    pub(super) fn maybe(&mut self, number: Option<u64>) {
        self.0.push(u8::from(number.is_some()));
        if let Some(number) = number {
            self.number(number);
        }
    }

    pub(super) fn hash(&mut self, hash: u32) {
        self.0.extend(hash.to_le_bytes());
    }

    pub(super) fn name(&mut self, name: &str) {
        self.number(name.len() as u64);
        self.0.extend(name.as_bytes());
    }
}

/// Bytes being read, from the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Reader<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], DigestError> {
        let (head, rest) = self.0.split_first_chunk().ok_or(DigestError::Damaged)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn number(&mut self) -> Result<u64, DigestError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.bytes()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for a single bit.
            if shift == 63 && bits > 1 {
                return Err(DigestError::Damaged);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(DigestError::Damaged)
    }

    pub(super) fn maybe(&mut self) -> Result<Option<u64>, DigestError> {
        match self.bytes()? {
            [0] => Ok(None),
            [1] => Ok(Some(self.number()?)),
            _ => Err(DigestError::Damaged),
        }
    }

    pub(super) fn hash(&mut self) -> Result<u32, DigestError> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    /// The length of a list or name, at most `most`.
    pub(super) fn length(&mut self, most: usize) -> Result<usize, DigestError> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if length > most {
            return Err(DigestError::Damaged);
        }
        Ok(length)
    }

    pub(super) fn name(&mut self, most: usize) -> Result<String, DigestError> {
        let length = self.length(most)?;
        let (name, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(DigestError::Damaged)?;
        self.0 = rest;
        String::from_utf8(name.to_vec()).map_err(|_| DigestError::Damaged)
    }

    /// A list of at most `most` entries, each read by `entry`.
    pub(super) fn list<T>(
        &mut self,
        most: usize,
        mut entry: impl FnMut(&mut Self) -> Result<T, DigestError>,
    ) -> Result<Vec<T>, DigestError> {
        (0..self.length(most)?).map(|_| entry(self)).collect()
    }
}
