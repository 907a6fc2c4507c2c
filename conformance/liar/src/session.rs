//! One session: reads requests, answers them in order, keeps the limits and
//! closes. The commands on files that move no bytes are here, too; `get` and
//! `put` have files of their own.

use std::{
    fs, io,
    net::TcpStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Shared,
    accounts::Account,
    auth::Verdict,
    conn::{Conn, Halt, Limit, Line},
    get,
    home::{Entry, Home, Target},
    lies::{Lie, told},
    listing::{self, Listing},
    names::{self, Names},
    pool::{CLOSING, Place},
    put,
    twist::twist,
    wire::{self, Reason, Reply, Request, Verb},
};

/// Serves one client in its place, and closes before the place is free.
pub(crate) fn run(stream: TcpStream, mut place: Place, shared: Arc<Shared>) {
    let Ok(conn) = Conn::new(stream, Arc::clone(&shared)) else { return };
    let mut session = Session {
        conn,
        shared,
        user: None,
        cwd: Names::new(),
        failures: 0,
        verb: None,
    };
    let halt = session.serve(&place);
    if told(Lie::GoneIsServed) && halt == Halt::Gone {
        thread::sleep(LINGER);
    }
    if told(Lie::PlaceLeaked) && halt == Halt::Reset {
        place.leaked = true;
    }
    let last = last_line(halt);
    if told(Lie::PlaceEarly) {
        drop(place);
        thread::sleep(LINGER);
        session.conn.close(&last);
    } else {
        session.conn.close(&last);
        drop(place);
    }
}

/// What a session knows.
pub(crate) struct Session {
    /// The connection.
    pub(crate) conn: Conn,
    shared: Arc<Shared>,
    user: Option<(Arc<Account>, Home)>,
    cwd: Names,
    failures: u32,
    verb: Option<Verb>,
}

/// What a command that moves no bytes comes to; both are said alike.
type Answer = Result<Reply, Reply>;

impl Session {
    /// The signed-in user's account and home.
    pub(crate) fn user(&self) -> Result<(&Arc<Account>, &Home), Reply> {
        let user = self.user.as_ref().ok_or(Reason::LoginFirst)?;
        Ok((&user.0, &user.1))
    }

    /// What a path token means here.
    pub(crate) fn names(&self, token: &[u8]) -> Result<Names, Reply> {
        let (_, home) = self.user()?;
        if !token.starts_with(b"/")
            && home.directory(&self.cwd).map_err(trouble)?.is_none()
        {
            return Err(Reason::NotFound.into());
        }
        Ok(names::resolve(&self.cwd, token))
    }

    /// Says a reply.
    pub(crate) fn say(&mut self, reply: Reply) -> Result<(), Halt> {
        let closes = told(Lie::QuotaCloses) && reply.is(Reason::OverQuota);
        let line = twist(self.verb, reply).to_string();
        self.conn.write(line.as_bytes())?;
        if closes { Err(Halt::Said) } else { Ok(()) }
    }

    fn serve(&mut self, place: &Place) -> Halt {
        let ready = Reply::new("000")
            .with("state", "ready")
            .with("protocol", 1)
            .with("limit", place.limit)
            .with("serving", place.serving)
            .text("welcome");
        let mut since = Instant::now();
        let mut step = self.say(ready);
        while step.is_ok() {
            let limit =
                if self.user.is_some() { Limit::Idle } else { Limit::Login };
            step = match self.conn.line(limit, since) {
                Ok(Line::Text(line)) => self.answer(&line),
                Ok(Line::TooLong) => {
                    self.verb = None;
                    let said = self.say(Reason::TooLong.into());
                    if told(Lie::TooLongCloses) {
                        return Halt::Said;
                    }
                    said
                }
                Err(halt) => Err(halt),
            };
            if self.user.is_some() || told(Lie::LoginExtended) {
                since = Instant::now();
            }
        }
        step.err().unwrap_or(Halt::Said)
    }

    fn answer(&mut self, line: &[u8]) -> Result<(), Halt> {
        if told(Lie::EmptyIgnored) && line.iter().all(|b| *b == b' ') {
            return Ok(());
        }
        self.verb = wire::verb_of(line);
        if self.user.is_none()
            && let Some(reply) = self.too_soon()
        {
            return self.say(reply);
        }
        let request = match wire::parse(line) {
            Ok(request) => request,
            Err(reason) => {
                self.say(reason.into())?;
                if told(Lie::UnknownCloses) && reason == Reason::UnknownVerb {
                    return Err(Halt::Said);
                }
                if told(Lie::MalformedCounts) && self.verb == Some(Verb::Auth)
                {
                    return self.count_failure();
                }
                return Ok(());
            }
        };
        if told(Lie::PanicTakesPlace)
            && request.args.iter().any(|a| std::str::from_utf8(a).is_err())
        {
            panic!("a lie: names are expected to be UTF-8");
        }
        match request.verb {
            Verb::Auth => self.auth(&request.args[0], &request.args[1]),
            Verb::Get => get::get(self, &request),
            Verb::Put => put::put(self, &request),
            Verb::Dir => match self.dir(&request) {
                Ok(listing) => self.send_listing(&listing),
                Err(reply) => self.say(reply),
            },
            Verb::Quit => {
                self.say(Reply::new("201").text("goodbye"))?;
                if told(Lie::QuitOpen) { Ok(()) } else { Err(Halt::Said) }
            }
            Verb::Help => self.say(Reply::new("201").text(wire::HELP)),
            Verb::Noop => self.say(Reply::new("201")),
            Verb::Cd
            | Verb::CdUp
            | Verb::Mkdir
            | Verb::Pwd
            | Verb::Rm
            | Verb::Rmdir
            | Verb::Mv
            | Verb::Quota => {
                let answer = self.change(&request);
                self.say(answer.unwrap_or_else(|refusal| refusal))
            }
        }
    }

    /// What a line is told before auth; `None` where it may be answered.
    fn too_soon(&self) -> Option<Reply> {
        match self.verb {
            Some(Verb::Help) if told(Lie::HelpBefore) => {}
            Some(Verb::Auth | Verb::Help | Verb::Quit) => return None,
            Some(Verb::Pwd) if told(Lie::ServedBefore) => {
                return Some(Reply::new("201").with("path", "/"));
            }
            Some(Verb::Dir) if told(Lie::ServedBefore) => {
                let empty = Reply::new("201").with("length", 0);
                return Some(empty.with("entries", 0));
            }
            None if told(Lie::UnknownBefore) => {
                return Some(Reason::UnknownVerb.into());
            }
            _ => {}
        }
        Some(Reason::LoginFirst.into())
    }

    fn auth(&mut self, user: &[u8], password: &[u8]) -> Result<(), Halt> {
        if self.user.is_some() && !told(Lie::AuthTwice) {
            return self.say(Reason::BadArgument.into());
        }
        let shared = Arc::clone(&self.shared);
        match shared.gate.check(&shared.accounts, user, password) {
            Verdict::Good(account) => {
                let Ok(home) = account.home() else {
                    return self.say(Reason::Io.into());
                };
                let sums = account.books().sums(account.quota());
                let reply = Reply::new("200")
                    .with("user", wire::encode(account.name.as_bytes()))
                    .with("quota", account.quota())
                    .with("used", sums.used)
                    .text("welcome");
                self.user = Some((account, home));
                self.cwd.clear();
                self.say(reply)
            }
            Verdict::Bad { unknown } => {
                let mut reply = Reply::refuse(Reason::BadPassword)
                    .text("no such user, or not the password");
                if unknown && told(Lie::UnequalText) {
                    reply.text = "no such user";
                }
                if unknown && told(Lie::UnequalReason) {
                    reply.fields[0].1 = "not-found".to_owned();
                }
                self.say(reply)?;
                self.count_failure()
            }
            Verdict::Throttled => {
                self.say(Reason::Throttled.into())?;
                if told(Lie::ThrottledCloses) {
                    return Err(Halt::Said);
                }
                Ok(())
            }
        }
    }

    fn count_failure(&mut self) -> Result<(), Halt> {
        self.failures += 1;
        let early = u32::from(told(Lie::FailuresEarly));
        let most = self.shared.limits.failures - early;
        if self.failures >= most && !told(Lie::FailuresForever) {
            return Err(Halt::Said);
        }
        Ok(())
    }

    fn change(&mut self, request: &Request) -> Answer {
        let arg = request.args.first().map_or(&b""[..], Vec::as_slice);
        match request.verb {
            Verb::Cd if request.args.is_empty() => self.cd(b"/"),
            Verb::Cd => self.cd(arg),
            Verb::CdUp => self.cd(b".."),
            Verb::Mkdir => self.mkdir(arg),
            Verb::Rm => self.rm(arg),
            Verb::Rmdir => self.rmdir(arg),
            Verb::Mv => self.mv(arg, &request.args[1]),
            Verb::Quota => self.quota(),
            Verb::Pwd
            | Verb::Auth
            | Verb::Dir
            | Verb::Get
            | Verb::Put
            | Verb::Noop
            | Verb::Help
            | Verb::Quit => Ok(path_reply(&self.cwd)),
        }
    }

    fn cd(&mut self, token: &[u8]) -> Answer {
        let names = self.names(token)?;
        if told(Lie::CdAboveRefused) && self.cwd.is_empty() && token == b".." {
            return Err(Reason::NotFound.into());
        }
        let (_, home) = self.user()?;
        if home.directory(&names).map_err(trouble)?.is_none() {
            return Err(Reason::NotFound.into());
        }
        self.cwd = names;
        Ok(path_reply(&self.cwd))
    }

    fn mkdir(&self, token: &[u8]) -> Answer {
        let names = self.names(token)?;
        let (account, home) = self.user()?;
        let _books = account.books();
        match home.look(&names).map_err(trouble)? {
            Entry::Dir(_) if told(Lie::MkdirAgain) => {}
            Entry::Free(path) => fs::create_dir(path).map_err(trouble)?,
            Entry::Dir(_) | Entry::File(_) | Entry::Link(..) => {
                return Err(Reason::Exists.into());
            }
            Entry::Hidden(..) => return Err(Reason::Denied.into()),
            Entry::TooLong => return Err(too_long()),
            Entry::NoParent if told(Lie::MkdirParents) => {
                for end in 1..=names.len() {
                    let above = names[..end].to_vec();
                    if let Entry::Free(path) =
                        home.look(&above).map_err(trouble)?
                    {
                        fs::create_dir(path).map_err(trouble)?;
                    }
                }
            }
            Entry::NoParent => return Err(Reason::NotFound.into()),
        }
        Ok(path_reply(&names))
    }

    fn dir(&self, request: &Request) -> Result<Listing, Reply> {
        let token = request.args.first().map_or(&b"."[..], Vec::as_slice);
        let names = self.names(token)?;
        let (account, home) = self.user()?;
        let entry = home.peek(&names).map_err(trouble)?;
        let folder = match &entry {
            Entry::Dir(path) | Entry::Link(_, Target::Dir(path)) => path,
            Entry::File(_) | Entry::Link(..) if !told(Lie::DirOfFile) => {
                let line = listing::line_of(&names, &entry);
                let bytes = line.ok_or(Reason::NotFound)?;
                return Ok(Listing { entries: 1, bytes });
            }
            Entry::File(_)
            | Entry::Link(..)
            | Entry::Free(_)
            | Entry::Hidden(..)
            | Entry::NoParent
            | Entry::TooLong => return Err(Reason::NotFound.into()),
        };
        let listing = listing::of_folder(home, &names, folder);
        let mut listing = listing.map_err(trouble)?.ok_or(Reason::TooLarge)?;
        if told(Lie::PartVisible) {
            for part in account.books().parts.below(&names) {
                if let Some(name) = part.identity.names.last() {
                    let line = listing::made_up(name, part.kept);
                    listing.bytes.extend_from_slice(&line);
                    listing.entries += 1;
                }
            }
        }
        Ok(listing)
    }

    fn send_listing(&mut self, listing: &Listing) -> Result<(), Halt> {
        let more = usize::from(told(Lie::EntriesWrong));
        let reply = Reply::new("201")
            .with("length", listing.bytes.len())
            .with("entries", listing.entries + more);
        self.say(reply)?;
        self.conn.write(&listing.bytes)
    }

    fn rm(&self, token: &[u8]) -> Answer {
        let names = self.names(token)?;
        let (account, home) = self.user()?;
        let mut books = account.books();
        match home.look(&names).map_err(trouble)? {
            Entry::Link(_, Target::File(to)) if told(Lie::RmTarget) => {
                fs::remove_file(to).map_err(trouble)?;
            }
            Entry::File(path) | Entry::Link(path, _) => {
                fs::remove_file(path).map_err(trouble)?;
            }
            Entry::Dir(path) if told(Lie::RmDirectory) => {
                fs::remove_dir(path).map_err(trouble)?;
            }
            Entry::Free(_) | Entry::NoParent => {
                let removed = !told(Lie::RmLeavesPart)
                    && books.parts.throw_away(&names, None);
                if !removed {
                    return Err(Reason::NotFound.into());
                }
            }
            Entry::Dir(_) | Entry::Hidden(..) | Entry::TooLong => {
                return Err(Reason::NotFound.into());
            }
        }
        Ok(Reply::new("201"))
    }

    fn rmdir(&self, token: &[u8]) -> Answer {
        let names = self.names(token)?;
        let (account, home) = self.user()?;
        let _books = account.books();
        let Entry::Dir(path) = home.look(&names).map_err(trouble)? else {
            return Err(Reason::NotFound.into());
        };
        if names.is_empty() {
            return Err(Reason::Denied.into());
        }
        if told(Lie::RmdirFull) {
            fs::remove_dir_all(path).map_err(trouble)?;
        } else {
            fs::remove_dir(path).map_err(trouble)?;
        }
        Ok(Reply::new("201"))
    }

    fn mv(&self, from: &[u8], to: &[u8]) -> Answer {
        let (from, to) = (self.names(from)?, self.names(to)?);
        let (account, home) = self.user()?;
        let _books = account.books();
        if from.is_empty() {
            return Err(Reason::Denied.into());
        }
        let source = home.look(&from).map_err(trouble)?;
        let target = home.look(&to).map_err(trouble)?;
        if told(Lie::MvTargetFirst)
            && matches!(target, Entry::Dir(_) | Entry::File(_))
        {
            return Err(Reason::Exists.into());
        }
        let source = match source {
            Entry::Dir(path) | Entry::File(path) | Entry::Link(path, _) => {
                path
            }
            Entry::Free(_)
            | Entry::Hidden(..)
            | Entry::NoParent
            | Entry::TooLong => return Err(Reason::NotFound.into()),
        };
        let target = match target {
            Entry::File(path) if told(Lie::MvOverwrites) => path,
            Entry::Free(path) => path,
            Entry::Dir(_) | Entry::File(_) | Entry::Link(..) => {
                return Err(Reason::Exists.into());
            }
            Entry::Hidden(..) => return Err(Reason::Denied.into()),
            Entry::NoParent => return Err(Reason::NotFound.into()),
            Entry::TooLong => return Err(too_long()),
        };
        if target.starts_with(&source) {
            if told(Lie::MvIntoItself) {
                return Ok(Reply::new("201"));
            }
            return Err(Reason::Denied.into());
        }
        fs::rename(source, target).map_err(trouble)?;
        Ok(Reply::new("201"))
    }

    fn quota(&self) -> Answer {
        let (account, _) = self.user()?;
        let quota = account.quota();
        let sums = account.books().sums(quota);
        let available =
            if told(Lie::AvailableWrong) { quota } else { sums.available };
        Ok(Reply::new("201")
            .with("quota", quota)
            .with("used", sums.used)
            .with("parts", sums.parts)
            .with("available", available))
    }
}

/// What the server's own trouble is called.
pub(crate) fn trouble(error: io::Error) -> Reply {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            Reason::NotFound
        }
        io::ErrorKind::AlreadyExists => Reason::Exists,
        io::ErrorKind::DirectoryNotEmpty => Reason::NotEmpty,
        io::ErrorKind::PermissionDenied => Reason::Denied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Reason::DiskFull
        }
        io::ErrorKind::InvalidFilename => Reason::BadArgument,
        _ => Reason::Io,
    }
    .into()
}

/// What a name too long to be created is told.
pub(crate) fn too_long() -> Reply {
    if told(Lie::NameTooLong) {
        return Reason::NotFound.into();
    }
    Reason::BadArgument.into()
}

fn path_reply(names: &Names) -> Reply {
    Reply::new("201").with("path", names::path_field(names))
}

fn last_line(halt: Halt) -> String {
    let limit = match halt {
        Halt::Closing if told(Lie::ShutdownSilent) => return String::new(),
        Halt::Closing => return CLOSING.to_owned(),
        Halt::Silent if told(Lie::TimeoutInside) => Limit::Stall,
        Halt::Said | Halt::Gone | Halt::Reset | Halt::Silent => {
            return String::new();
        }
        Halt::Timeout(limit) => limit,
    };
    if told(Lie::TimeoutSilent) {
        return String::new();
    }
    let word = match limit {
        Limit::Idle if told(Lie::TimeoutWord) => "login",
        _ if told(Lie::TimeoutWord) => "idle",
        Limit::Login => "login",
        Limit::Idle => "idle",
        Limit::Stall => "stall",
    };
    format!("000 state=timeout limit={word} : too long without a word\n")
}

/// How long the lies about places hold on to one.
const LINGER: Duration = Duration::from_millis(500);
