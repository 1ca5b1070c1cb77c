//! Each 502 to one finding or to unexplained.
