//! Whatever is said in whatever order: the session answers each command,
//! nothing that is broken off has a name, and in the end the ledger says
//! what the disk holds, with nothing left reserved.

use std::{collections::HashMap, fs, io::Write, path::Path, time::Duration};

use proptest::prelude::*;

use super::peer::FtpPeer;
use crate::{peer::pattern, world::World};

/// How an upload ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Whole,
    Reset,
    Aborted,
}

#[derive(Debug, Clone)]
enum Act {
    /// By STOR or APPE, maybe behind an offset.
    Upload {
        appends: bool,
        file: usize,
        offset: Option<u64>,
        length: usize,
        ending: Ending,
    },
    Download {
        file: usize,
        offset: Option<u64>,
    },
    Remove(usize),
    Rename(usize, usize),
    Kind(&'static str),
    Announce(u64),
    Line(&'static str),
}

fn act() -> impl Strategy<Value = Act> {
    let offset =
        || prop_oneof![2 => Just(None), 3 => (0..300u64).prop_map(Some)];
    let ending = prop_oneof![
        3 => Just(Ending::Whole),
        1 => Just(Ending::Reset),
        1 => Just(Ending::Aborted),
    ];
    prop_oneof![
        6 => (any::<bool>(), 0..FILES, offset(), 0..400usize, ending).prop_map(
            |(appends, file, offset, length, ending)| Act::Upload {
                appends, file, offset, length, ending,
            }
        ),
        2 => (0..FILES, offset())
            .prop_map(|(file, offset)| Act::Download { file, offset }),
        2 => (0..FILES).prop_map(Act::Remove),
        1 => (0..FILES, 0..FILES).prop_map(|(from, to)| Act::Rename(from, to)),
        1 => prop_oneof![Just("A"), Just("I")].prop_map(Act::Kind),
        1 => (0..600u64).prop_map(Act::Announce),
        2 => proptest::sample::select(LINES).prop_map(Act::Line),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_ledger_and_the_disk_agree(
        acts in proptest::collection::vec(act(), 1..40)
    ) {
        let world = World::new().quota(QUOTA).start_ftp();
        let mut anna = FtpPeer::sign_in(world.address, "anna");
        let mut whole: HashMap<String, Vec<u8>> = HashMap::new();
        for (number, act) in acts.iter().enumerate() {
            play(&mut anna, act, number as u8);
            // Only a transfer, a removal and a rename change what is there.
            let now = files(&world.path(""));
            if !matches!(
                act,
                Act::Upload { ending: Ending::Whole, .. }
                    | Act::Remove(_)
                    | Act::Rename(..)
            ) {
                prop_assert_eq!(&now, &whole, "{:?}", act);
            }
            whole = now;
        }
        let named: usize = whole.values().map(Vec::len).sum();
        let parts: u64 = world
            .parts()
            .iter()
            .map(|part| fs::metadata(part).expect("a part").len())
            .sum();
        prop_assert!(named as u64 + parts <= QUOTA);
        prop_assert_eq!(anna.quota("parts"), parts);
        prop_assert_eq!(anna.quota("used"), named as u64 + parts);
        prop_assert_eq!(
            anna.quota("available"),
            QUOTA.saturating_sub(named as u64 + parts)
        );
    }
}

fn play(anna: &mut FtpPeer, act: &Act, seed: u8) {
    match act {
        Act::Upload { appends, file, offset, length, ending } => {
            let verb = if *appends { "APPE" } else { "STOR" };
            rest(anna, *offset);
            let mut data = anna.passive();
            anna.say(&format!("{verb} f{file}"));
            if !anna.expect("").starts_with("150 ") {
                return;
            }
            let _ = data.write_all(&pattern(*length, seed));
            match ending {
                Ending::Whole => drop(data),
                Ending::Reset => {
                    let socket = socket2::SockRef::from(&data);
                    let reset = socket.set_linger(Some(Duration::ZERO));
                    reset.expect("a socket");
                    drop(data);
                }
                Ending::Aborted => {
                    anna.say("ABOR");
                    // The transfer's reply, then its own.
                    anna.expect("");
                }
            }
            anna.expect("");
        }
        Act::Download { file, offset } => {
            rest(anna, *offset);
            let mut data = anna.passive();
            anna.say(&format!("RETR f{file}"));
            if anna.expect("").starts_with("150 ") {
                super::peer::rest(&mut data);
                anna.expect("226 ");
            }
        }
        Act::Remove(file) => drop(said(anna, &format!("DELE f{file}"))),
        Act::Rename(from, to) => {
            said(anna, &format!("RNFR f{from}"));
            said(anna, &format!("RNTO f{to}"));
        }
        Act::Kind(kind) => drop(anna.ask(&format!("TYPE {kind}"), "200 ")),
        Act::Announce(bytes) => drop(said(anna, &format!("ALLO {bytes}"))),
        Act::Line(line) => drop(said(anna, line)),
    }
}

fn rest(anna: &mut FtpPeer, offset: Option<u64>) {
    if let Some(offset) = offset {
        anna.ask(&format!("REST {offset}"), "350 ");
    }
}

fn said(anna: &mut FtpPeer, line: &str) -> String {
    anna.say(line);
    anna.expect("")
}

/// The files of a folder without folders in it.
fn files(folder: &Path) -> HashMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a plain name");
            (name, fs::read(entry.path()).expect("a file"))
        })
        .collect()
}

const FILES: usize = 3;

/// Some uploads pass it.
const QUOTA: u64 = 900;

/// What changes nothing, or is refused.
const LINES: &[&str] = &[
    "NOOP",
    "PWD",
    "STAT",
    "ABOR",
    "SIZE f0",
    "SIZE f1",
    "MLST f2",
    "HASH f0",
    "RANG 1 2",
    "RANG 1 0",
    "MKD f0/x",
    "CWD nowhere",
    "RNTO f9",
    "XYZZY",
    "STOR",
    "REST x",
    "ALLO 10 R 5",
    "PASV",
    "EPSV",
    "OPTS MLST size;",
    "",
    "SITE QUOTA",
    "STRU F",
    "MODE B",
    "MDTM f1",
    "RMD /",
    "DELE /",
];
