//! A step: one thing done, then what must come of it.
//!
//! The keys of a step are played in a fixed order, whatever order they are
//! written in: the act, `expect` or `replies`, the bytes, `end`. That a step
//! has at most one act is `check`'s to say.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess};
use serde_saphyr::Spanned;

use super::data::{CloseData, Data, DataState, Dial, Listing, Transfer};
use super::values::{Bytes, Entry, Many, Millis, Num};
use super::{Expect, Need, ServerSettings};

/// One step of a scenario. See docs/scenarios.md for each key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// The client that acts; the script's own, `main`, when left out.
    pub on: Option<String>,
    /// A word to the reader, kept in the transcript.
    pub note: Option<String>,

    // The acts, of which a step has at most one.
    /// A TCP connection is made.
    pub connect: Option<Connect>,
    /// A user signs in, on a connection made for it where there is none.
    pub login: Option<Login>,
    /// Lines, each with its LF, in one write.
    pub send: Option<Many>,
    /// Bytes as they are; no LF is added.
    pub send_raw: Option<Bytes>,
    /// The bytes of an upload that the server has asked for.
    pub upload: Option<Bytes>,
    /// A whole upload with all its replies.
    pub put: Option<Put>,
    /// A whole download with all its replies.
    pub get: Option<Get>,
    /// The client goes.
    pub close: Option<Close>,
    /// The server must go.
    pub expect_close: Option<Ending>,
    /// Nothing may arrive for so long.
    pub silence: Option<Millis>,
    /// So long nothing is done.
    pub pause: Option<Millis>,
    /// Waits until every script that names it has come to it.
    pub barrier: Option<String>,
    /// Many clients do the same.
    pub crowd: Option<Box<Crowd>>,
    /// Waits for a crowd in the background.
    pub join: Option<String>,
    /// Scripts by name, all at once.
    pub parallel: Option<BTreeMap<String, Vec<Spanned<Step>>>>,
    /// The same several times.
    pub repeat: Option<Box<Repeat>>,
    /// What the counters must show: `3`, `>=1`, `<=4`, `1..3`.
    pub tally: Option<BTreeMap<String, String>>,
    /// What is proven about the bound.
    pub overlap: Option<Overlap>,
    /// What must be on the server's disk, by path below the folder.
    pub disk: Option<BTreeMap<String, DiskCheck>>,
    /// What is put on the server's disk, by path below the folder.
    pub place: Option<BTreeMap<String, Entry>>,
    /// What is done to the server.
    pub server: Option<ServerAct>,
    /// Variables.
    pub set: Option<BTreeMap<String, String>>,
    /// Comparisons: `${a} == ${b}`, `${used} <= 10`.
    pub assert: Option<Many>,
    /// Gives this moment a name.
    pub mark: Option<String>,

    // FTP's own acts.
    /// A data connection is prepared, and maybe made.
    pub data: Option<Data>,
    /// A passive data connection that was prepared is made now.
    pub dial: Option<Dial>,
    /// A whole RETR that must succeed.
    pub retr: Option<Transfer>,
    /// A whole STOR that must succeed.
    pub stor: Option<Transfer>,
    /// A whole APPE that must succeed.
    pub appe: Option<Transfer>,
    /// A whole LIST that must succeed.
    pub list: Option<Listing>,
    /// A whole NLST that must succeed.
    pub nlst: Option<Listing>,
    /// A whole MLSD that must succeed.
    pub mlsd: Option<Listing>,
    /// NOOP must be answered by 200 and nothing else.
    #[serde(deserialize_with = "truth")]
    pub resync: bool,

    // What must come of it.
    /// The reply.
    pub expect: Option<Expect>,
    /// Several replies, in order.
    pub replies: Option<Vec<Expect>>,
    /// Exactly these raw bytes.
    pub receive: Option<Bytes>,
    /// Raw bytes not known in advance.
    pub read: Option<Read>,
    /// A listing's entries, as `TYPE SIZE NAME`.
    pub listing: Option<Vec<String>>,
    /// The reply after the bytes.
    pub end: Option<Expect>,

    // FTP's data connection, in this order, before `end`.
    /// So many bytes are read, and no more.
    pub hold: Option<Num>,
    /// Entries of a listing.
    pub entries: Option<Listing>,
    /// The client ends it; after an upload it does so unless this says else.
    pub close_data: Option<CloseData>,
    /// What must be seen of it.
    pub expect_data: Option<DataState>,
    /// Which of several is meant.
    pub conn: Option<String>,
    /// Line ends are CRLF on the wire and LF in `receive` and `upload`.
    pub ascii: bool,

    // How.
    /// The last byte is sent as urgent data.
    pub oob: bool,
    /// The client's own address.
    pub from: Option<String>,
    /// The longest that the whole of it may take.
    pub within: Option<Millis>,
    /// The shortest that the reply may take.
    pub not_before: Option<Millis>,
    /// The mark from which both count; the start of the step when left out.
    pub since: Option<String>,
    /// The step is repeated until it holds, at most for so long.
    pub retry: Option<Millis>,
    /// The bytes of one write.
    pub pieces: Option<Num>,
    /// The pause between two writes.
    pub gap: Option<Millis>,
}

/// How far `connect` goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Connect {
    /// Until `000 state=ready`, through any waiting.
    Ready,
    /// The TCP connection alone.
    Only,
    /// No connection: nobody listens there.
    Refused,
}

/// Who signs in, and where to.
#[derive(Clone, Debug)]
pub struct Login {
    /// `user`, `second`, or the name of one of the scenario's own users.
    pub user: String,
    /// Whether the session goes into the scenario's folder afterwards.
    pub folder: bool,
    /// FTP: whether TYPE I is sent.
    pub binary: bool,
}

/// A whole upload that must succeed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Put {
    /// The name's token, as it is sent.
    pub name: String,
    /// The whole file.
    pub bytes: Bytes,
    /// Whether the digest is announced.
    #[serde(default)]
    pub digest: bool,
    /// The offset at which the server must begin.
    pub offset: Option<Num>,
}

/// A whole download that must succeed, from byte 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Get {
    /// The name's token, as it is sent.
    pub name: String,
    /// What must arrive.
    pub bytes: Bytes,
}

/// How a client goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Close {
    /// Both directions at once.
    Fin,
    /// Its own direction only; it still reads.
    Half,
    /// A reset.
    Reset,
}

/// How a server may go.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// A FIN after the last byte.
    Clean,
    /// A reset.
    Reset,
    /// Either.
    Any,
}

/// Many clients that do the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crowd {
    /// How many.
    pub count: Num,
    /// The crowd's name. Member number 3 of `c` lives on as client `c3`.
    #[serde(rename = "as")]
    pub name: String,
    /// Whether the next step begins before they are done.
    #[serde(default)]
    pub background: bool,
    /// What each of them does; `${n}` is the member's number from 1.
    pub steps: Vec<Spanned<Step>>,
}

/// The same steps several times.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    /// How often.
    pub times: Num,
    /// What; `${i}` is the round from 1.
    pub steps: Vec<Spanned<Step>>,
}

/// What the clients can prove about the server's bound.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlap {
    /// So many were served at one moment, at least once.
    pub reached: Option<Num>,
    /// Never more than so many.
    pub most: Option<Num>,
}

/// What must be on the server's disk.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DiskCheck {
    /// A file with exactly these bytes.
    pub file: Option<Bytes>,
    /// A directory with exactly these names (kept parts and other things
    /// that the server hides are not counted).
    pub dir: Option<Vec<String>>,
    /// Nothing of that name.
    pub absent: bool,
    /// A link with this target.
    pub link: Option<String>,
}

/// What is done to a server that the suite started.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerAct {
    /// A signal: `TERM`, `INT`, `HUP` or `KILL`.
    pub signal: Option<String>,
    /// It must end by itself with this exit code (bounded by `within`).
    pub exit: Option<i32>,
    /// It is started again on the same root, after it has ended.
    pub start: bool,
    /// Its settings file is written anew, with these over the old ones.
    pub settings: Option<ServerSettings>,
}

/// Raw bytes that are not known in advance.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Read {
    /// How many; the last reply's `length` when left out.
    pub length: Option<Num>,
    /// FTP: one that every line, without its CRLF, must match.
    pub lines: Option<String>,
    /// A regular expression that must match somewhere.
    pub matches: Option<String>,
    /// One that must match nowhere.
    pub lacks: Option<String>,
    /// The whole is kept under this name, as text.
    pub capture: Option<String>,
    /// BLAKE3 of the whole.
    pub digest: Option<String>,
}

impl Step {
    /// Adds what the step shows to be needed.
    pub(super) fn needs(&self, needs: &mut Vec<Need>) {
        if self.disk.is_some() || self.place.is_some() {
            needs.push(Need::Disk);
        }
        if self.place.iter().flatten().any(|(_, e)| e.mode.is_some()) {
            needs.push(Need::Unprivileged);
        }
        if self.server.is_some() {
            needs.push(Need::Managed);
        }
        let mut text = String::new();
        if let Some(lines) = &self.send {
            text = lines.0.concat();
        }
        let second = |login: &Login| login.user == "second";
        if self.login.as_ref().is_some_and(second)
            || text.contains("${second}")
        {
            needs.push(Need::SecondUser);
        }
        if text.contains("${limit}") {
            needs.push(Need::Limit);
        }
    }

    /// Whether the step counts on the scenario's folder being there.
    pub(super) fn wants_folder(&self) -> bool {
        self.login.as_ref().is_some_and(|login| login.folder)
    }

    /// The steps inside this one.
    pub fn inner(&self) -> Vec<&[Spanned<Step>]> {
        let mut inner: Vec<&[Spanned<Step>]> = Vec::new();
        inner.extend(self.crowd.iter().map(|crowd| &crowd.steps[..]));
        inner.extend(self.repeat.iter().map(|repeat| &repeat.steps[..]));
        if let Some(branches) = &self.parallel {
            inner.extend(branches.values().map(|steps| &steps[..]));
        }
        for expect in self.expectations() {
            inner.push(&expect.then);
            inner.extend(expect.any_of.iter().map(|one| &one.then[..]));
        }
        inner
    }

    /// All that the step expects of replies.
    pub fn expectations(&self) -> impl Iterator<Item = &Expect> {
        self.expect
            .iter()
            .chain(self.replies.iter().flatten())
            .chain(self.end.iter())
    }
}

/// Shows every step to `see`, the inner ones too.
pub(super) fn visit(steps: &[Spanned<Step>], see: &mut dyn FnMut(&Step)) {
    for step in steps {
        see(&step.value);
        for inner in step.value.inner() {
            visit(inner, see);
        }
    }
}

impl<'de> Deserialize<'de> for Login {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Login;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a user, or {user: NAME, folder: false}")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Login, E> {
                Ok(Login { user: name.to_owned(), folder: true, binary: true })
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Login, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Long {
                    user: String,
                    folder: Option<bool>,
                    binary: Option<bool>,
                }
                let long = Long::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Login {
                    user: long.user,
                    folder: long.folder.unwrap_or(true),
                    binary: long.binary.unwrap_or(true),
                })
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// `resync: true`; that it were false would mean nothing.
fn truth<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match bool::deserialize(from)? {
        true => Ok(true),
        false => Err(de::Error::custom("only `true` means something here")),
    }
}
