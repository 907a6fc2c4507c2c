//! Two sessions of one user against a model in memory, with uploads held
//! open while others go on: after each step the same answers, the same files
//! and parts, the same quota. `model.rs` does it over the wire, where each
//! upload ends before the next command; here are no sockets.
//!
//! All cases share one house, since a password's check is dear: each begins
//! with the home removed, which the next sign-in makes anew (7.16).

mod answer;
mod memory;
mod place;
mod step;

use std::{fs, path::Path};

use ftpool::session::{
    Digest, Download, Held, PathText, Request, Session, Upload,
};
use proptest::{
    prelude::*,
    test_runner::{FileFailurePersistence, TestRunner},
};

use self::{
    answer::{Answer, Ticket},
    memory::{Memory, Tree},
    place::{Place, QUOTA},
    step::{Action, Fate, Harm, Have, Step, What},
};

#[test]
fn two_sessions_agree_with_the_model_after_each_step() {
    let place = Place::new();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 64,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/it/interleaved.proptest-regressions",
        ))),
        ..ProptestConfig::default()
    });
    let result = runner.run(&step::steps(), |steps| {
        place.empty();
        let mut case = Case::new(&place);
        case.begin()?;
        for step in steps {
            case.take(step)?;
        }
        case.end()
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

/// Two sessions, and the model of what they ought to see.
struct Case<'place> {
    place: &'place Place,
    sessions: [Session; 2],
    uploads: [Option<Sending>; 2],
    downloads: Vec<(Download, Vec<u8>)>,
    last_put: Option<What>,
    memory: Memory,
}

/// An upload under way, and what the client has still to send.
struct Sending {
    upload: Box<Upload>,
    rest: Vec<u8>,
}

type Checked = Result<(), TestCaseError>;

impl Case<'_> {
    fn new(place: &Place) -> Case<'_> {
        Case {
            place,
            sessions: [place.sign_in().0, place.sign_in().0],
            uploads: [None, None],
            downloads: Vec::new(),
            last_put: None,
            memory: Memory::new(QUOTA),
        }
    }

    /// Most steps are about one directory, so it is there at first.
    fn begin(&mut self) -> Checked {
        self.ask(0, Request::MakeDirectory { path: text("/d") }).map(drop)
    }

    /// One step of the session that can take it: in the middle of an upload
    /// there are no commands, and without one nothing can go on.
    fn take(&mut self, step: Step) -> Checked {
        let goes_on = matches!(step.action, Action::GoOn(_));
        let can =
            |who: &usize| self.memory.uploading(*who).is_some() == goes_on;
        let both = [step.who, 1 - step.who];
        let (who, action) = match both.into_iter().find(can) {
            Some(who) => (who, step.action),
            None if goes_on => return Ok(()),
            None => (step.who, Action::GoOn(step.otherwise)),
        };
        match action {
            Action::Ask(request) => {
                self.ask(who, request)?;
            }
            Action::Get { file, have } => {
                let held = self.held(who, &file, have);
                self.ask(who, Request::Download { file, held })?;
            }
            Action::Put { what, fate } => self.put(who, what, fate)?,
            Action::PutAgain(fate) => {
                if let Some(what) = self.last_put.clone() {
                    self.put(who, what, fate)?;
                }
            }
            Action::Against(harm) => {
                if let Some(path) = self.memory.uploading(1 - who) {
                    let request = against(path, harm);
                    self.ask(who, request)?;
                }
            }
            Action::GoOn(fate) => {
                let sending = self.uploads[who].take();
                self.go_on(who, sending.expect("it is busy"), fate)?;
            }
        }
        self.compare()
    }

    /// Breaks off what is under way. Downloads have kept their bytes,
    /// whatever became of their names, and who counts anew counts the same.
    fn end(mut self) -> Checked {
        for who in 0..2 {
            if let Some(sending) = self.uploads[who].take() {
                self.go_on(who, sending, Fate::BreakOff(0))?;
            }
        }
        self.compare()?;
        for (download, bytes) in &self.downloads {
            prop_assert_eq!(&answer::read(download), bytes);
        }
        self.place.renew();
        let (first, used) = self.place.sign_in();
        prop_assert_eq!(used, self.memory.report().used);
        self.sessions = [first, self.place.sign_in().0];
        self.compare()
    }

    fn ask(
        &mut self,
        who: usize,
        request: Request,
    ) -> Result<Ticket, TestCaseError> {
        let wanted = self.memory.ask(who, &request);
        let outcome = self.sessions[who].handle(request.clone());
        let (answer, ticket) = Answer::of(outcome);
        prop_assert_eq!(&answer, &wanted, "session {}: {:?}", who, request);
        Ok(match (ticket, answer) {
            (Ticket::Download(download), Answer::Download { bytes, .. }) => {
                self.downloads.push((download, bytes));
                Ticket::None
            }
            (ticket, _) => ticket,
        })
    }

    fn held(&self, who: usize, file: &PathText, have: Have) -> Option<Held> {
        match have {
            Have::Nothing => None,
            Have::Length(length) => Some(Held { length, digest: None }),
            Have::Start(percent) => {
                let file = self.memory.file(who, file).unwrap_or_default();
                let start = &file[..file.len() * percent / 100];
                let digest = Some(digest(start));
                Some(Held { length: start.len() as u64, digest })
            }
            Have::Others(length) => {
                let digest = Some(digest(b"of other bytes"));
                Some(Held { length, digest })
            }
        }
    }

    fn put(&mut self, who: usize, what: What, fate: Fate) -> Checked {
        self.last_put = Some(What { spoilt: false, ..what.clone() });
        let What { file, content, with_digest, spoilt } = what;
        let bytes = content.bytes();
        let size = bytes.len() as u64;
        let digest = with_digest.then(|| digest(&bytes));
        let request = Request::Upload { file, size, digest };
        let Ticket::Upload(upload) = self.ask(who, request)? else {
            return Ok(());
        };
        let mut rest = bytes[upload.offset() as usize..].to_vec();
        if spoilt && let Some(first) = rest.first_mut() {
            *first ^= 0x80;
        }
        self.go_on(who, Sending { upload, rest }, fate)
    }

    fn go_on(
        &mut self,
        who: usize,
        mut sending: Sending,
        fate: Fate,
    ) -> Checked {
        let left = sending.rest.len();
        let count = match fate {
            Fate::Finish => left,
            Fate::BreakOff(count) | Fate::Hold(count) => count.min(left),
        };
        let now: Vec<u8> = sending.rest.drain(..count).collect();
        sending.upload.write(&now).expect("the disk takes it");
        self.memory.receive(who, &now);
        match fate {
            Fate::Finish => {
                let wanted = self.memory.finish(who);
                let (answer, _) = Answer::of(sending.upload.settle());
                prop_assert_eq!(answer, wanted, "session {} finishes", who);
            }
            Fate::BreakOff(_) => {
                drop(sending);
                self.memory.break_off(who);
            }
            Fate::Hold(_) => self.uploads[who] = Some(sending),
        }
        Ok(())
    }

    /// The model's tree and parts are the disk's, so its sums are, too.
    fn compare(&mut self) -> Checked {
        let report = self.memory.report();
        for session in &mut self.sessions {
            let (answer, _) = Answer::of(session.handle(Request::Quota));
            prop_assert_eq!(answer, Answer::Quota(report));
        }
        prop_assert!(report.used + self.memory.reserved() <= QUOTA);
        let mut found = Tree::from([(String::from("/"), None)]);
        read_tree(&self.place.home(), "", &mut found);
        prop_assert_eq!(&found, self.memory.tree());
        let parts = fs::read_dir(self.place.parts()).expect("the parts");
        let mut parts: Vec<_> = parts
            .map(|part| fs::read(part.expect("a part").path()))
            .collect::<Result<_, _>>()
            .expect("a part's bytes");
        parts.sort();
        prop_assert_eq!(parts, self.memory.part_bytes());
        Ok(())
    }
}

fn against(path: &str, harm: Harm) -> Request {
    match harm {
        Harm::NameTaken => Request::MakeDirectory { path: text(path) },
        Harm::DirectoryMoved => {
            let from = text(&format!("{path}/.."));
            Request::Rename { from, to: text("/e") }
        }
    }
}

fn text(path: &str) -> PathText {
    PathText::parse(path).expect("no empty path")
}

fn read_tree(folder: &Path, above: &str, found: &mut Tree) {
    for entry in fs::read_dir(folder).expect("a folder of the home") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("its name").to_string_lossy();
        let shown = format!("{above}/{name}");
        if path.is_dir() {
            read_tree(&path, &shown, found);
            found.insert(shown, None);
        } else {
            found.insert(shown, Some(fs::read(&path).expect("a file")));
        }
    }
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::of(blake3::Hasher::new().update(bytes))
}
