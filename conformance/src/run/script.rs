//! The interpreter: plays the steps of one script, one after the other.
//!
//! A script is the scenario's own list of steps, a member of a crowd, or a
//! branch of `parallel`; each has its own clients and variables. What a step
//! does is here; what must come of it is in `expect`, `raw` and `proof`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_saphyr::Spanned;

use super::client::{Client, Pace, Unconnected};
use super::scene::{Scene, Stop};
use crate::case::{Connect, Dialect, Expect, Login, Step};
use crate::template::Scope;
use crate::verdict::Failure;
use crate::wire::Kind;

/// A script that is being played.
pub(super) struct Script {
    pub(super) scene: Arc<Scene>,
    pub(super) scope: Scope,
    pub(super) clients: BTreeMap<String, Client>,
    /// The client of steps that name none.
    pub(super) own: String,
    /// The line of the step that is being played.
    pub(super) line: u64,
    /// Crowds in the background.
    pub(super) crowds: HashMap<String, Vec<JoinHandle<Ended>>>,
}

/// A script's end, and the clients that outlive it.
pub(super) struct Ended {
    pub(super) name: String,
    pub(super) result: Result<(), Stop>,
    pub(super) clients: BTreeMap<String, Client>,
}

/// The time that a step has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// From when it counts.
    pub(super) start: Instant,
    /// When it is over.
    pub(super) deadline: Instant,
    /// Whether the deadline is one that the scenario itself sets.
    pub(super) asserted: Option<Duration>,
    /// The earliest that what is expected may come.
    pub(super) not_before: Option<Duration>,
}

impl Script {
    /// A script that has not begun.
    pub(super) fn new(scene: Arc<Scene>, scope: Scope, own: &str) -> Script {
        Script {
            scene,
            scope,
            clients: BTreeMap::new(),
            own: own.to_owned(),
            line: 0,
            crowds: HashMap::new(),
        }
    }

    /// Plays steps.
    pub(super) fn play(
        &mut self,
        steps: &[Spanned<Step>],
    ) -> Result<(), Stop> {
        for step in steps {
            self.line = step.referenced.line();
            let retry =
                step.value.retry.map(|t| Instant::now() + t.duration());
            let Some(until) = retry else {
                self.step(&step.value)?;
                continue;
            };
            loop {
                match self.step(&step.value) {
                    Err(Stop::Failed(_) | Stop::Late(_))
                        if Instant::now() < until =>
                    {
                        thread::sleep(RETRY_PAUSE);
                    }
                    // A server that starts anew refuses connections first.
                    Err(Stop::Trouble(_))
                        if step.value.connect.is_some()
                            && Instant::now() < until =>
                    {
                        thread::sleep(RETRY_PAUSE);
                    }
                    other => break other?,
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), Stop> {
        if let Some(note) = &step.note {
            let client = self.client_name(step);
            self.scene.wire.add(&client, Kind::Note, note.clone());
        }
        let clock = self.clock(step)?;
        self.act(step, &clock)?;
        let expects = step.expect.iter().chain(step.replies.iter().flatten());
        for expect in expects {
            self.expect(step, expect, &clock)?;
        }
        match self.scene.dialect() {
            Dialect::Native => self.raw_bytes(step, &clock)?,
            Dialect::Ftp => self.data_bytes(step, &clock)?,
        }
        if let Some(end) = &step.end {
            self.expect(step, end, &self.renewed(&clock))?;
        }
        Ok(())
    }

    fn act(&mut self, step: &Step, clock: &Clock) -> Result<(), Stop> {
        self.network_act(step, clock)?;
        self.ftp_act(step, clock)?;
        self.story_act(step, clock)?;
        self.proof_act(step, clock)
    }

    /// The acts that go over a connection.
    fn network_act(&mut self, step: &Step, clock: &Clock) -> Result<(), Stop> {
        if let Some(how) = step.connect {
            self.connect(step, how, clock)?;
        }
        if let Some(login) = &step.login {
            self.login(step, login, clock)?;
        }
        if let Some(lines) = &step.send {
            let end = self.client(step)?.line_end();
            let mut bytes = Vec::new();
            for line in &lines.0 {
                bytes.extend(self.fill(line)?.bytes());
                bytes.extend(end.bytes());
            }
            let pace = self.pace(step)?;
            self.client(step)?.send(&bytes, pace, clock.deadline)?;
        }
        if let Some(bytes) = &step.send_raw {
            let bytes = self.source(bytes)?.to_vec();
            let pace = self.pace(step)?;
            self.client(step)?.send(&bytes, pace, clock.deadline)?;
        }
        if let (Some(bytes), Dialect::Native) =
            (&step.upload, self.scene.dialect())
        {
            let source = self.source(bytes)?;
            self.upload(step, &source)?;
        }
        if let Some(put) = &step.put {
            self.put(step, put, clock)?;
        }
        if let Some(get) = &step.get {
            self.get(step, get, clock)?;
        }
        if let Some(how) = step.close {
            self.client(step)?.close(how)?;
        }
        if let Some(ending) = step.expect_close {
            self.expect_close(step, ending, clock)?;
        }
        if let Some(time) = step.silence {
            self.silence(step, time)?;
        }
        Ok(())
    }

    /// The acts that order the story.
    fn story_act(&mut self, step: &Step, clock: &Clock) -> Result<(), Stop> {
        if let Some(time) = step.pause {
            let left =
                self.scene.deadline.saturating_duration_since(Instant::now());
            thread::sleep(time.duration().min(left));
        }
        if let Some(name) = &step.barrier {
            let scene = &self.scene;
            scene.barriers.wait(name, scene.deadline, &scene.abort)?;
        }
        if let Some(crowd) = &step.crowd {
            self.crowd(crowd)?;
        }
        if let Some(name) = &step.join {
            self.join(name)?;
        }
        if let Some(branches) = &step.parallel {
            self.parallel(branches)?;
        }
        if let Some(repeat) = &step.repeat {
            for round in 1..=self.number(&repeat.times)? {
                self.scope.set("i", round.to_string());
                self.play(&repeat.steps)?;
            }
        }
        for (name, value) in step.set.iter().flatten() {
            let value = self.fill(value)?;
            self.scope.set(name, value);
        }
        if let Some(mark) = &step.mark {
            let now = Instant::now();
            self.scene.found().marks.insert(mark.clone(), now);
        }
        if let Some(server) = &step.server {
            self.server_act(server, clock)?;
        }
        Ok(())
    }

    pub(super) fn connect(
        &mut self,
        step: &Step,
        how: Connect,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let name = self.client_name(step);
        if how == Connect::Refused {
            return self.refused(step, &name, clock);
        }
        let from = self.own_address(step.from.as_deref())?;
        let client =
            Client::connect(&self.scene, &name, from, clock.deadline)?;
        self.clients.insert(name, client);
        if self.scene.dialect() == Dialect::Ftp {
            return self.greeting(step, how, clock);
        }
        if how == Connect::Ready {
            let ready = Expect {
                code: vec!["000".into()],
                fields: [("state".to_owned(), "ready".to_owned())].into(),
                eventually: true,
                ..Expect::default()
            };
            self.expect(step, &ready, clock)?;
        }
        Ok(())
    }

    /// Nobody may listen there. Any other trouble than a refusal says
    /// nothing about the server.
    fn refused(
        &self,
        step: &Step,
        name: &str,
        clock: &Clock,
    ) -> Result<(), Stop> {
        match Client::connect(&self.scene, name, None, clock.deadline) {
            Err(Unconnected::Refused(_)) => Ok(()),
            Err(other) => Err(other.into()),
            Ok(_) => {
                let wanted = "that the connection is refused";
                Err(Stop::Failed(self.failure(step, wanted, "it was made")))
            }
        }
    }

    fn login(
        &mut self,
        step: &Step,
        login: &Login,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let name = self.client_name(step);
        let connected =
            self.clients.get(&name).is_some_and(Client::is_connected);
        if !connected {
            self.connect(step, Connect::Ready, clock)?;
        }
        if self.scene.dialect() == Dialect::Ftp {
            return self.sign_in(step, login, clock);
        }
        let who = self.fill(&login.user)?;
        let Some(credentials) = self.scene.credentials(&who) else {
            return Err(Stop::Trouble(format!("nobody is called {who:?}")));
        };
        let token = |text: &str| crate::reply::percent_encode(text.as_bytes());
        let (user, password) =
            (token(&credentials.name), token(&credentials.password));
        self.ask(step, &format!("auth {user} {password}"), "200", clock)?;
        if login.folder && who == "user" && self.scene.case.has_folder() {
            let line = format!("cd /{}", self.scene.folder);
            self.ask(step, &line, "201", clock)?;
        }
        Ok(())
    }

    /// Sends a line and wants one code for it.
    pub(super) fn ask(
        &mut self,
        step: &Step,
        line: &str,
        code: &str,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let bytes = format!("{line}\n");
        let client = self.client(step)?;
        client.send(bytes.as_bytes(), Pace::default(), clock.deadline)?;
        let code = vec![code.to_owned()];
        let expect = Expect { code, ..Expect::default() };
        self.expect(step, &expect, clock)
    }

    /// The client that a step is about.
    pub(super) fn client(&mut self, step: &Step) -> Result<&mut Client, Stop> {
        let name = self.client_name(step);
        self.clients.get_mut(&name).ok_or_else(|| {
            Stop::Trouble(format!("the client {name} has not connected"))
        })
    }

    /// The name of the client that a step is about.
    pub(super) fn client_name(&self, step: &Step) -> String {
        let name = step.on.as_ref().unwrap_or(&self.own);
        self.scope.fill(name).unwrap_or_else(|_| name.clone())
    }

    /// Fills variables in; a text that cannot be filled is no server's fault.
    pub(super) fn fill(&self, text: &str) -> Result<String, Stop> {
        self.scope.fill(text).map_err(|e| self.trouble(&e))
    }

    /// A number of the scenario's.
    pub(super) fn number(&self, num: &crate::case::Num) -> Result<u64, Stop> {
        self.scope.number(num).map_err(|e| self.trouble(&e))
    }

    /// Trouble with the scenario itself, and where.
    pub(super) fn trouble(&self, what: &str) -> Stop {
        Stop::Trouble(format!("{}: {what}", self.place()))
    }

    /// An assertion that did not hold.
    pub(super) fn failure(
        &self,
        step: &Step,
        wanted: impl Into<String>,
        got: impl Into<String>,
    ) -> Failure {
        Failure {
            wanted: wanted.into(),
            got: got.into(),
            client: self.client_name(step),
            at: self.place(),
        }
    }

    /// Nothing came in time: whose time it was decides what that means.
    pub(super) fn late(
        &self,
        step: &Step,
        wanted: &str,
        clock: &Clock,
    ) -> Stop {
        let waited = clock.start.elapsed().as_millis();
        match clock.asserted {
            Some(within) if clock.start.elapsed() >= within => {
                let wanted =
                    format!("{wanted}, within {} ms", within.as_millis());
                let got = format!("nothing in {waited} ms");
                Stop::Failed(self.failure(step, wanted, got))
            }
            _ => {
                let got = format!("nothing in {waited} ms");
                Stop::Late(self.failure(step, wanted, got))
            }
        }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.scene.case.file, self.line)
    }

    fn clock(&self, step: &Step) -> Result<Clock, Stop> {
        let now = Instant::now();
        if now >= self.scene.deadline {
            let wanted = "that the scenario ends in its own time";
            let got =
                format!("{} were over", self.scene.case.scenario.timeout);
            return Err(Stop::Late(self.failure(step, wanted, got)));
        }
        let start = match &step.since {
            None => now,
            Some(mark) => {
                *self.scene.found().marks.get(mark).ok_or_else(|| {
                    self.trouble(&format!("no mark is called {mark:?}"))
                })?
            }
        };
        let asserted = step.within.map(|within| within.duration());
        let wanted = match asserted {
            Some(within) => start + within,
            None => now + self.scene.patience,
        };
        // A step always looks at what is there, be its time over or not.
        let deadline = wanted.min(self.scene.deadline).max(now + LOOK);
        let not_before = step.not_before.map(|time| time.duration());
        Ok(Clock { start, deadline, asserted, not_before })
    }

    /// The clock for a reply that comes after bytes: they may have taken
    /// long, and where the scenario sets no bound the reply has its own time.
    pub(super) fn renewed(&self, clock: &Clock) -> Clock {
        let patience = Instant::now() + self.scene.patience;
        let deadline = match clock.asserted {
            Some(_) => clock.deadline,
            None => patience.min(self.scene.deadline).max(clock.deadline),
        };
        Clock { deadline, ..*clock }
    }

    /// How the step cuts what it sends.
    pub(super) fn pace(&self, step: &Step) -> Result<Pace, Stop> {
        let pieces = match &step.pieces {
            Some(num) => Some(self.number(num)?),
            None => None,
        };
        Ok(Pace { pieces, gap: step.gap, urgent: step.oob })
    }
}

/// Between two tries of a step.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// The least that a step waits.
const LOOK: Duration = Duration::from_millis(20);
