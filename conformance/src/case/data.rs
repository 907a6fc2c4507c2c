//! What a scenario says of FTP's data connections: how one is made, what
//! goes over it, how it ends.
//!
//! Words that may be a matrix's (`${via}`) are read when the step is played.

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess};
use std::fmt;

use super::values::{Bytes, Num};

/// How a data connection is prepared.
#[derive(Clone, Debug)]
pub struct Data {
    /// `pasv`, `epsv`, `port`, `eprt`, or `default`: no command at all.
    pub via: String,
    /// Its name, where there are several; `data` when left out.
    pub name: String,
    /// Passive: whether the client connects at once, or by `dial`.
    pub connect: When,
    /// Passive: the client's own address for it.
    pub from: Option<String>,
    /// Passive: the argument of EPSV.
    pub arg: Option<String>,
    /// Active: the address that is listened on and told.
    pub host: Option<String>,
    /// Active: the delimiter of EPRT.
    pub delimiter: String,
    /// Active: whether nobody listens any more when the server is told.
    pub closed: bool,
    /// Active: whether the server is told.
    pub announce: bool,
}

/// When a passive data connection is made.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// As soon as the port is known.
    #[default]
    Now,
    /// By a `dial` of the scenario's.
    Later,
}

/// A passive data connection is made late.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dial {
    /// The client's own address for it.
    pub from: Option<String>,
    /// The name under which it was prepared.
    pub name: Option<String>,
    /// A new name, where the old connection is to stay.
    #[serde(rename = "as")]
    pub new_name: Option<String>,
}

/// A whole transfer of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// The path as it is sent.
    pub name: String,
    /// What must arrive, or is sent.
    pub bytes: Bytes,
    /// How the data connection is made; `epsv` when left out.
    #[serde(default = "via_default")]
    pub via: String,
    /// The offset that REST is sent with before.
    pub rest: Option<Num>,
}

/// A listing: what must be in it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listing {
    /// The argument as it is sent, where there is one.
    pub path: Option<String>,
    /// How the data connection is made; `epsv` when left out.
    pub via: Option<String>,
    /// `list`, `nlst` or `mlsd`; only in `entries`.
    pub form: Option<String>,
    /// Exactly these names, in any order; `.` and `..` are not counted.
    pub names: Option<Vec<String>>,
    /// At least these names.
    pub include: Vec<String>,
    /// None of these names.
    pub exclude: Vec<String>,
    /// MLSD: for a name, facts as regular expressions.
    pub facts: std::collections::BTreeMap<String, Facts>,
}

/// Facts of one entry by name, in lower case, each a regular expression.
pub type Facts = std::collections::BTreeMap<String, String>;

/// How the client ends a data connection.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum CloseData {
    /// As FTP's end of file.
    Fin,
    /// Its own direction only.
    Half,
    /// A reset.
    Reset,
    /// Not at all.
    Stay,
}

/// What must be seen of a data connection.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum DataState {
    /// It ends cleanly, whatever was still to be read.
    Closed,
    /// It ends with a reset.
    Reset,
    /// It ends, one way or the other.
    Gone,
    /// It ends cleanly and not a byte came.
    Empty,
    /// It has not ended.
    Open,
    /// Passive: the port is not served any more: nobody listens, or the
    /// connection ends without a byte.
    Refused,
    /// Active: nobody has connected.
    Unused,
}

impl Data {
    /// One that is made at once, in the plainest way.
    pub fn plain(via: &str, name: &str) -> Data {
        let (via, name) = (via.to_owned(), Some(name.to_owned()));
        Data::from(LongData { via, name, ..LongData::default() })
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> de::Visitor<'de> for DataVisitor {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pasv, epsv, port, eprt, default, or a map with `via`")
    }

    fn visit_str<E: de::Error>(self, via: &str) -> Result<Data, E> {
        Ok(Data::from(LongData { via: via.to_owned(), ..LongData::default() }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Data, A::Error> {
        LongData::deserialize(MapAccessDeserializer::new(map)).map(Data::from)
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LongData {
    via: String,
    #[serde(rename = "as")]
    name: Option<String>,
    #[serde(default)]
    connect: When,
    from: Option<String>,
    arg: Option<String>,
    host: Option<String>,
    delimiter: Option<String>,
    #[serde(default)]
    closed: bool,
    announce: Option<bool>,
}

impl From<LongData> for Data {
    fn from(long: LongData) -> Data {
        Data {
            via: long.via,
            name: long.name.unwrap_or_else(|| DATA_NAME.to_owned()),
            connect: long.connect,
            from: long.from,
            arg: long.arg,
            host: long.host,
            delimiter: long.delimiter.unwrap_or_else(|| "|".to_owned()),
            closed: long.closed,
            announce: long.announce.unwrap_or(true),
        }
    }
}

fn via_default() -> String {
    VIA_DEFAULT.to_owned()
}

/// The name of a data connection that has none of its own.
pub const DATA_NAME: &str = "data";

/// What every client tries first.
pub const VIA_DEFAULT: &str = "epsv";
