//! One session: reads requests, answers them in order, keeps the limits and
//! closes. What the commands do is not here: see `folder`, `get` and `put`.

use std::{
    io,
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
    home::Home,
    lies::{Lie, told},
    names::{self, Names},
    pool::{CLOSING, Place},
    put,
    twist::twist,
    wire::{self, Reason, Reply, Verb},
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
    /// The current directory.
    pub(crate) cwd: Names,
    failures: u32,
    verb: Option<Verb>,
}

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
