//! What the sessions of a case do, at random: few names, two levels and a
//! few contents, so that they meet often.

use ftpool::session::{PathText, Request};
use proptest::prelude::*;

/// One command of one session, or the next piece of its upload.
#[derive(Debug, Clone)]
pub struct Step {
    /// Which session; the other one where this one cannot.
    pub who: usize,
    pub action: Action,
    /// How its upload goes on where neither can, for both have one.
    pub otherwise: Fate,
}

#[derive(Debug, Clone)]
pub enum Action {
    /// A command that is no transfer.
    Ask(Request),
    Get {
        file: PathText,
        have: Have,
    },
    Put {
        what: What,
        fate: Fate,
    },
    /// The last put once more.
    PutAgain(Fate),
    /// What an upload of the other session, held open, will not like.
    Against(Harm),
    /// An upload that was held open goes on.
    GoOn(Fate),
}

/// What can become of an upload's name while the upload is under way.
#[derive(Debug, Clone, Copy)]
pub enum Harm {
    /// A directory takes it.
    NameTaken,
    /// Its directory is moved away.
    DirectoryMoved,
}

/// What a put is about.
#[derive(Debug, Clone)]
pub struct What {
    pub file: PathText,
    pub content: Content,
    pub with_digest: bool,
    /// The first byte that is sent is not the content's.
    pub spoilt: bool,
}

/// What the client of a download says it has.
#[derive(Debug, Clone, Copy)]
pub enum Have {
    Nothing,
    /// So many bytes.
    Length(u64),
    /// The file's first bytes, so many percent of it, with their digest.
    Start(usize),
    /// So many bytes, with the digest of others.
    Others(u64),
}

/// How an upload goes on.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    /// All bytes come.
    Finish,
    /// So many bytes come, or what is left, and then the end.
    BreakOff(usize),
    /// So many bytes come, and it is held open.
    Hold(usize),
}

/// A file's content: those of one kind are beginnings of each other.
#[derive(Debug, Clone, Copy)]
pub struct Content {
    kind: u8,
    length: usize,
}

impl Content {
    pub fn bytes(self) -> Vec<u8> {
        let byte = |at| self.kind.wrapping_add((at % 100) as u8);
        (0..self.length).map(byte).collect()
    }
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..2_usize, action(), fate());
    let step = step.prop_map(|(who, action, otherwise)| Step {
        who,
        action,
        otherwise,
    });
    proptest::collection::vec(step, 1..=25)
}

fn action() -> impl Strategy<Value = Action> {
    let get = (file(), have());
    let get = get.prop_map(|(file, have)| Action::Get { file, have });
    let put = (what(), fate());
    let put = put.prop_map(|(what, fate)| Action::Put { what, fate });
    prop_oneof![
        6 => put,
        6 => fate().prop_map(Action::PutAgain),
        3 => get,
        4 => fate().prop_map(Action::GoOn),
        2 => proptest::sample::select(HARMS).prop_map(Action::Against),
        9 => request().prop_map(Action::Ask),
    ]
}

fn what() -> impl Strategy<Value = What> {
    let what = (file(), content(), 0..4_u8, 0..10_u8);
    what.prop_map(|(file, content, digest, spoilt)| {
        let (with_digest, spoilt) = (digest > 0, spoilt == 0);
        What { file, content, with_digest, spoilt }
    })
}

fn request() -> impl Strategy<Value = Request> {
    let maybe = || proptest::option::weighted(0.8, folder());
    prop_oneof![
        2 => maybe().prop_map(|to| Request::ChangeDirectory { to }),
        3 => folder().prop_map(|path| Request::MakeDirectory { path }),
        1 => Just(Request::CurrentDirectory),
        2 => maybe().prop_map(|path| Request::List { path }),
        3 => file().prop_map(|file| Request::Remove { file }),
        2 => folder().prop_map(|path| Request::RemoveDirectory { path }),
        2 => (file(), file())
            .prop_map(|(from, to)| Request::Rename { from, to }),
        2 => (folder(), path())
            .prop_map(|(from, to)| Request::Rename { from, to }),
        1 => Just(Request::Quota),
    ]
}

/// A path that is mostly a file's.
fn file() -> impl Strategy<Value = PathText> {
    prop_oneof![
        4 => one_of(&["f"]),
        4 => one_of(&["d/f", "/d/f", "/f", "g"]),
        1 => path(),
    ]
}

/// A path that is mostly a directory's.
fn folder() -> impl Strategy<Value = PathText> {
    prop_oneof![3 => one_of(&["d"]), 2 => one_of(&["/d", "d/e", ".."]), 1 => path()]
}

fn path() -> impl Strategy<Value = PathText> {
    one_of(&["d", "e", "f", "d/e", "f/d", "..", "/", "../d", "./d/"])
}

fn one_of(texts: &'static [&str]) -> impl Strategy<Value = PathText> {
    proptest::sample::select(texts)
        .prop_map(|text| PathText::parse(text).expect("no empty path"))
}

fn have() -> impl Strategy<Value = Have> {
    prop_oneof![
        Just(Have::Nothing),
        length().prop_map(|length| Have::Length(length as u64)),
        prop_oneof![Just(0_usize), Just(50), Just(100)].prop_map(Have::Start),
        length().prop_map(|length| Have::Others(length as u64)),
    ]
}

fn content() -> impl Strategy<Value = Content> {
    (1..=2_u8, length()).prop_map(|(kind, length)| Content { kind, length })
}

/// In bytes; the longest is over the quota.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        1 => Just(0_usize),
        4 => Just(20),
        4 => Just(30),
        2 => Just(60),
        1 => Just(101),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    let some = || proptest::sample::select(&[0_usize, 10, 25, 100][..]);
    prop_oneof![
        3 => Just(Fate::Finish),
        3 => some().prop_map(Fate::BreakOff),
        5 => some().prop_map(Fate::Hold),
    ]
}

const HARMS: &[Harm] = &[Harm::NameTaken, Harm::DirectoryMoved];
