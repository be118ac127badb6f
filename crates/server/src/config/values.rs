//! Reading single settings: texts that are parsed, lists of them, and texts that may be empty.

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::str::FromStr;

use hyper::Uri;
use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A text that must parse.
pub(super) fn parsed<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// A text that must parse unless it is empty, which means that the setting is not set.
pub(super) fn optional<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err: Display>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}

/// A list of texts of which each must parse.
pub(super) fn each_parsed<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err: Display>,
{
    let parse = |text: String| text.parse().map_err(|error| D::Error::custom(format!("{text}: {error}")));
    Vec::<String>::deserialize(deserializer)?.into_iter().map(parse).collect()
}

/// A network, such as `10.0.0.0/8`; a single address stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(pub IpNet);

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
            .map(Self)
            .map_err(|_| "is not a network such as 10.0.0.0/8 or fd00::/8")
    }
}

/// The address under which others reach this server; printed without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: Uri = text.parse().map_err(|_| "is not a URL")?;
        match (url.scheme_str(), url.authority(), url.query()) {
            (Some("http" | "https"), Some(_), None) => Ok(Self(text.trim_end_matches('/').to_owned())),
            _ => Err("must look like https://leads.example.com"),
        }
    }
}

impl Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
