//! Quick hashes of short texts, and maps that use them.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
    sync::OnceLock,
};

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
const OTHER_ODD: u64 = 0xd6e8_feb8_6659_fd93;

/// A map whose keys may be chosen by clients: its hash has a key of the process's own, so nobody can
/// make texts that collide in it. Its order means nothing.
pub(super) type Map<K, V> = HashMap<K, V, Keyed>;

#[derive(Clone, Debug)]
pub(super) struct Keyed(u64);

impl Default for Keyed {
    fn default() -> Self {
        static KEY: OnceLock<u64> = OnceLock::new();
        Self(*KEY.get_or_init(|| RandomState::new().hash_one(ODD)))
    }
}

impl BuildHasher for Keyed {
    type Hasher = Hash;

    fn build_hasher(&self) -> Hash {
        Hash(self.0)
    }
}

pub(super) struct Hash(u64);

impl Hasher for Hash {
    fn finish(&self) -> u64 {
        mix(self.0, OTHER_ODD)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = of(bytes, self.0);
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = mix(self.0 ^ n, ODD);
    }

    fn write_usize(&mut self, n: usize) {
        self.0 = self.0.wrapping_add(n as u64);
    }
}

/// With a key that is fixed, the same on every machine.
pub(super) fn of(text: &[u8], key: u64) -> u64 {
    let mut hash = key ^ ODD ^ text.len() as u64;
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        hash = mix(hash ^ u64::from_le_bytes(word), ODD ^ key);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = mix(hash ^ u64::from_le_bytes(word), ODD ^ key);
    }
    mix(hash, OTHER_ODD)
}

fn mix(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ ((product >> 64) as u64)
}
