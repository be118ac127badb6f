//! The decimal digits of all scripts, for what is typed on keyboards of all scripts.

/// The zeros of the general category Nd (Unicode 16, UnicodeData.txt); the digits 1 to 9 follow each.
const ZEROS: &[u32] = &[
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40,
    0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da,
    0x11730, 0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0,
    0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0,
    0x1e5f1, 0x1e950, 0x1fbf0,
];

/// The ASCII digit that means the same, for a digit of any script; any other character as it is.
pub(super) fn ascii(c: char) -> char {
    let code = u32::from(c);
    if code < 0x80 {
        return c;
    }
    let zero = ZEROS.partition_point(|&zero| zero <= code).checked_sub(1).map(|index| ZEROS[index]);
    zero.and_then(|zero| char::from_digit(code - zero, 10)).unwrap_or(c)
}

/// The text with every digit of another script replaced by the ASCII digit.
pub(super) fn fold(text: &str) -> String {
    text.chars().map(ascii).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decimal_digit_of_unicode_and_nothing_else_becomes_an_ascii_digit() {
        let digit = regex::Regex::new(r"^\p{Nd}$").unwrap();
        let wrong: Vec<_> = ('\u{0}'..=char::MAX)
            .filter(|c| digit.is_match(c.encode_utf8(&mut [0; 4])) != ascii(*c).is_ascii_digit())
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn digits_keep_their_value() {
        assert_eq!(fold("०९٣６𝟗 x"), "09369 x");
    }
}
