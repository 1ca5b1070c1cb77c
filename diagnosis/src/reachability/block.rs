//! Blocks of addresses, IPv4 and IPv6.

use std::net::IpAddr;

/// A CIDR block; one address is a block of full length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    v6: bool,
    /// The address as a number, the bits past the prefix cleared.
    bits: u128,
    prefix: u8,
}

impl Block {
    /// `10.0.0.0/16`, `2001:db8::/32`, or a bare address. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let whole = Self::address(address.parse().ok()?);
        let prefix = prefix.unwrap_or(whole.prefix);
        (prefix <= whole.prefix).then(|| whole.cut(prefix))
    }

    pub fn address(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self {
                v6: false,
                bits: u128::from(address.to_bits()),
                prefix: 32,
            },
            IpAddr::V6(address) => Self {
                v6: true,
                bits: address.to_bits(),
                prefix: 128,
            },
        }
    }

    pub fn is_v6(self) -> bool {
        self.v6
    }

    /// Whether it is a single address.
    pub fn is_address(self) -> bool {
        self.prefix == self.width()
    }

    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// Whether every address of `other` is in it.
    pub fn covers(self, other: Self) -> bool {
        self.v6 == other.v6
            && self.prefix <= other.prefix
            && other.cut(self.prefix).bits == self.bits
    }

    /// The lower and the upper half; of a single address, itself twice.
    pub fn halves(self) -> (Self, Self) {
        if self.is_address() {
            return (self, self);
        }
        let prefix = self.prefix + 1;
        let bit = 1u128 << (self.width() - prefix);
        (
            Self { prefix, ..self },
            Self {
                prefix,
                bits: self.bits | bit,
                ..self
            },
        )
    }

    fn width(self) -> u8 {
        if self.v6 { 128 } else { 32 }
    }

    fn cut(self, prefix: u8) -> Self {
        let host_bits = u32::from(self.width() - prefix);
        let bits = self
            .bits
            .checked_shr(host_bits)
            .and_then(|kept| kept.checked_shl(host_bits))
            .unwrap_or_default();
        Self {
            bits,
            prefix,
            ..self
        }
    }
}

impl std::fmt::Display for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let address = match u32::try_from(self.bits) {
            Ok(bits) if !self.v6 => IpAddr::V4(bits.into()),
            _ => IpAddr::V6(self.bits.into()),
        };
        if self.is_address() {
            write!(f, "{address}")
        } else {
            write!(f, "{address}/{}", self.prefix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Block {
        Block::parse(text).unwrap()
    }

    #[test]
    fn blocks_are_read_and_written() {
        for text in [
            "10.0.0.0/16",
            "10.0.0.7",
            "0.0.0.0/0",
            "2001:db8::/32",
            "::/0",
            "::1",
        ] {
            assert_eq!(block(text).to_string(), text);
        }
        // Host bits are cleared, as AWS does.
        assert_eq!(block("10.0.3.7/16").to_string(), "10.0.0.0/16");
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "pl-123",
            "::/129",
            "10.0.0.0/x",
            "1.2.3.4/",
        ] {
            assert_eq!(Block::parse(text), None, "{text}");
        }
    }

    #[test]
    fn blocks_cover_their_own_family() {
        assert!(block("10.0.0.0/8").covers(block("10.255.0.0/16")));
        assert!(block("10.0.0.0/8").covers(block("10.0.0.0/8")));
        assert!(!block("10.0.0.0/16").covers(block("10.0.0.0/8")));
        assert!(!block("0.0.0.0/0").covers(block("::1")));
        assert!(block("::/0").covers(block("2001:db8::1")));
        let (low, high) = block("10.0.0.0/8").halves();
        assert_eq!(
            (low.to_string(), high.to_string()),
            ("10.0.0.0/9".into(), "10.128.0.0/9".into())
        );
    }
}
