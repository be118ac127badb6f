//! Makes URLs that parsers disagree about: an address that must not be called, in one of its countless spellings, with
//! something before, behind and in between.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{
    form::Dice,
    honeypot::{FORBIDDEN, PUBLIC},
};

const SCHEMES: [&str; 12] = [
    "https://",
    "http://",
    "https://",
    "http://",
    "HTTPS://",
    "hTTp://",
    "https:",
    "https:/",
    "https:///",
    "https:\\\\",
    "http:\\/",
    "ftp://",
];
const BEFORE: [&str; 12] = [
    "user@",
    "user:pass@",
    "@",
    ":@",
    "hooks.example.com@",
    "hooks.example.com:443@",
    "hooks.example.com%40",
    "hooks.example.com\\@",
    "hooks.example.com#@",
    "hooks.example.com?@",
    "hooks.example.com/@",
    "93.184.216.34@",
];
const PORTS: [&str; 14] = [
    ":443",
    ":80",
    ":8443",
    ":8080",
    ":3306",
    ":6379",
    ":22",
    ":0",
    ":65536",
    ":00443",
    ":\u{ff14}43",
    ":+443",
    ":",
    ":443:80",
];
const BEHIND: [&str; 14] = [
    "/",
    "",
    "/in",
    "?x=1",
    "#x",
    "#@hooks.example.com/",
    "\\@hooks.example.com/",
    "/../../",
    ";@hooks.example.com",
    "/%2e%2e/",
    "/@hooks.example.com",
    "%00.example.com/",
    "%2f.example.com/",
    "%23.example.com/",
];
const NAMES: [&str; 20] = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost.localdomain",
    "foo.localhost",
    "ip6-localhost",
    "metadata.google.internal",
    "metadata",
    "kubernetes.default.svc.cluster.local",
    "127.0.0.1.nip.io",
    "a9fea9fe.example.com",
    "10-0-0-1.example.net",
    "hooks.example.com",
    "hooks.example.com.",
    "printer.home.arpa",
    "1.0.0.127.in-addr.arpa",
    "0x7f000001.example.com",
    "xn--127-0-0-1-.com",
    "localtest.me",
    "intranet",
];
/// Between and instead of characters.
const NOISE: [&str; 26] = [
    "\u{ad}", "\u{200b}", "\u{200d}", "\u{202e}", "\u{2060}", "\u{feff}", "\u{180e}", "\t", "\n", "\r", " ",
    "\0", "\u{a0}", "\\", "@", ":", "#", "?", "%", "%00", "%09", "[", "]", "..", ",", "\u{2024}",
];
const DOTS: [&str; 6] = ["\u{3002}", "\u{ff0e}", "\u{ff61}", "%2e", "%E3%80%82", "%2E"];

/// One URL.
pub fn url(dice: &Dice) -> String {
    let host = match dice.below(10) {
        0..5 => v4_host(dice),
        5..8 => v6_host(dice),
        _ => named_host(dice),
    };
    let scheme = mostly(dice, &SCHEMES, 2);
    let before = if dice.below(8) == 0 { pick(dice, &BEFORE) } else { "" };
    let port = if dice.below(3) == 0 { pick(dice, &PORTS) } else { "" };
    let behind = mostly(dice, &BEHIND, 3);
    let mut url = format!("{scheme}{before}{host}{port}{behind}");
    while dice.below(8) == 0 {
        let at: Vec<usize> = url.char_indices().map(|(at, _)| at).collect();
        url.insert_str(at[index(dice, at.len())], pick(dice, &NOISE));
    }
    url
}

fn index(dice: &Dice, length: usize) -> usize {
    usize::try_from(dice.below(length as u64)).expect("below a length")
}

fn pick<'a>(dice: &Dice, all: &[&'a str]) -> &'a str {
    all[index(dice, all.len())]
}

/// One of the first few in three of four cases.
fn mostly<'a>(dice: &Dice, all: &[&'a str], first: usize) -> &'a str {
    if dice.below(4) == 0 { pick(dice, all) } else { pick(dice, &all[..first]) }
}

fn bits(dice: &Dice) -> u64 {
    dice.below(u64::MAX)
}

/// A forbidden address or one near it; sometimes anything at all.
fn v4(dice: &Dice) -> Ipv4Addr {
    let all: Vec<Ipv4Addr> = FORBIDDEN.iter().chain(&PUBLIC).filter_map(|it| it.parse().ok()).collect();
    let base = all[index(dice, all.len())].to_bits();
    let noise = bits(dice) as u32;
    match dice.below(8) {
        0..4 => base.into(),
        // Another in the same network, more or less.
        4 | 5 => (base ^ (noise >> (8 + noise % 16))).into(),
        6 => base.wrapping_add(noise % 512).wrapping_sub(256).into(),
        _ => noise.into(),
    }
}

fn v4_host(dice: &Dice) -> String {
    let octets = v4(dice).octets();
    // `inet_aton`: the last of fewer than four parts takes the rest.
    let parts = [4, 4, 4, 3, 2, 1][index(dice, 6)];
    let mut text = Vec::new();
    for (number, octet) in octets.iter().enumerate().take(parts) {
        let rest = octets[number..].iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet));
        let value = if number + 1 == parts { rest } else { u64::from(*octet) };
        // What overflows wraps around in a careless parser.
        let value = if dice.below(40) == 0 { value + (1 << 32) } else { value };
        text.push(numeral(dice, value));
    }
    let mut host = String::new();
    for (number, part) in text.iter().enumerate() {
        if number > 0 {
            host += if dice.below(8) == 0 { pick(dice, &DOTS) } else { "." };
        }
        host += &disguise(dice, part);
    }
    if dice.below(12) == 0 {
        host += pick(dice, &[".", "..", "%2e", "\u{3002}", ".example.com", ".nip.io"]);
    }
    host
}

fn numeral(dice: &Dice, value: u64) -> String {
    match dice.below(10) {
        0..5 => value.to_string(),
        5 => format!("0x{value:x}"),
        6 => format!("0X{value:X}"),
        7 => format!("0{value:o}"),
        8 => format!("{:0>1$}", format!("{value:o}"), 12),
        _ => format!("0x{value:0>12x}"),
    }
}

/// Characters that mean the same to a parser that maps or decodes them.
fn disguise(dice: &Dice, text: &str) -> String {
    let style = dice.below(12);
    let shift = |c: char, zero: u32| {
        c.to_digit(10).filter(|_| c.is_ascii_digit()).and_then(|digit| char::from_u32(zero + digit))
    };
    let one = |c: char| match style {
        0 => shift(c, 0xff10).map_or(c.to_string(), String::from),
        1 => shift(c, 0x1d7d8).map_or(c.to_string(), String::from),
        2 if c != '0' => shift(c, 0x245f).map_or(c.to_string(), String::from),
        3 => shift(c, 0x2080).map_or(c.to_string(), String::from),
        4 => format!("%{:02x}", u32::from(c)),
        5 if dice.below(2) == 0 => format!("%{:02X}", u32::from(c)),
        6 => shift(c, 0x0660).map_or(c.to_string(), String::from),
        _ => c.to_string(),
    };
    text.chars().map(one).collect()
}

/// An IPv6 address that is forbidden, or near one, or has a forbidden IPv4 address in it.
fn v6(dice: &Dice) -> Ipv6Addr {
    let all: Vec<Ipv6Addr> = FORBIDDEN.iter().chain(&PUBLIC).filter_map(|it| it.parse().ok()).collect();
    let base = all[index(dice, all.len())].to_bits();
    let inner = u128::from(v4(dice).to_bits());
    let noise = u128::from(bits(dice)) << 64 | u128::from(bits(dice));
    let public = 0x2606_2800_0220_0001_u128 << 64;
    let bits = match dice.below(16) {
        0..4 => base,
        4 => 0xffff << 32 | inner,
        5 => inner,
        6 => 0xffff_0000 << 32 | inner,
        7 => 0x0064_ff9b_u128 << 96 | inner,
        8 => 0x0064_ff9b_0001_u128 << 80 | inner,
        9 => 0x2002_u128 << 112 | inner << 80 | noise >> 64,
        10 => 0x2001_u128 << 112 | inner << 64 | noise >> 80,
        11 => public | 0x5efe << 32 | inner,
        12 => public | 0x0200_5efe << 32 | inner,
        13 => base ^ (noise >> (64 + noise % 60)),
        14 => public | noise >> 64,
        _ => noise,
    };
    bits.into()
}

fn v6_host(dice: &Dice) -> String {
    let ip = v6(dice);
    let segments = ip.segments();
    let [.., a, b, c, d] = ip.octets();
    let tail = Ipv4Addr::new(a, b, c, d);
    let six =
        |form: fn(u16) -> String| segments[..6].iter().map(|it| form(*it)).collect::<Vec<_>>().join(":");
    let all = |form: fn(u16) -> String| segments.map(form).join(":");
    let mut text = match dice.below(8) {
        0..3 => IpAddr::V6(ip).to_string(),
        3 => all(|it| format!("{it:x}")),
        4 => all(|it| format!("{it:04X}")),
        5 => format!("{}:{tail}", six(|it| format!("{it:x}"))),
        6 if segments[..6] == [0; 6] => format!("::{tail}"),
        6 => format!("{}:{tail}", six(|it| format!("{it:04x}"))),
        _ => IpAddr::V6(ip).to_string().to_uppercase(),
    };
    if dice.below(10) == 0 {
        text += pick(dice, &["%25lo", "%lo", "%251", "/64", ".", ":", "%2e"]);
    }
    match dice.below(12) {
        0 => text,
        1 => format!("[[{text}]]"),
        2 => format!("[{text}].example.com"),
        3 => format!("%5b{text}%5d"),
        _ => format!("[{text}]"),
    }
}

fn named_host(dice: &Dice) -> String {
    match dice.below(4) {
        // A public name of its own, which the DNS points where it must not.
        0 => format!("n{:x}.example.com", bits(dice)),
        1 => disguise(dice, &format!("{}.example.net", v4(dice))),
        _ => pick(dice, &NAMES).to_owned(),
    }
}
