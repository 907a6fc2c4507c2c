//! The greeting, signing in, and staying in step.

use std::net::IpAddr;

use crate::case::{Connect, Expect, Login, Step};
use crate::reply::Reply;
use crate::run::client::Pace;
use crate::run::scene::Stop;
use crate::run::script::{Clock, Script};

impl Script {
    /// Reads the greeting, where the scenario does not do so itself, and
    /// gives the addresses names.
    pub(in crate::run) fn greeting(
        &mut self,
        step: &Step,
        how: Connect,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let (own, server) = self.client(step)?.addresses()?;
        self.scope.set("client_host", own.ip().to_string());
        self.scope.set("client_port", own.port().to_string());
        self.scope.set("server_host", server.ip().to_string());
        self.scope.set("server_port", server.port().to_string());
        if how == Connect::Only {
            return Ok(());
        }
        loop {
            let reply = self.one_of(step, &["120", "220"], clock)?;
            if reply.code == "220" {
                return Ok(());
            }
        }
    }

    /// USER, PASS, TYPE I, and CWD into the scenario's folder.
    pub(in crate::run) fn sign_in(
        &mut self,
        step: &Step,
        login: &Login,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let who = self.fill(&login.user)?;
        let Some(credentials) = self.scene.credentials(&who) else {
            return Err(Stop::Trouble(format!("nobody is called {who:?}")));
        };
        let user = format!("USER {}", credentials.name);
        let reply = self.ask_ftp(step, &user, &["331", "230"], clock)?;
        if reply.code == "331" {
            let pass = format!("PASS {}", credentials.password);
            self.ask_ftp(step, &pass, &["230", "202"], clock)?;
        }
        if login.binary {
            self.ask_ftp(step, "TYPE I", &["200"], clock)?;
        }
        if login.folder && who == "user" && self.scene.case.has_folder() {
            let line = format!("CWD {}", self.scene.folder);
            self.ask_ftp(step, &line, &["250", "200"], clock)?;
        }
        Ok(())
    }

    /// NOOP is answered by 200: the session is in step. That nothing else
    /// comes is the lint's to see.
    pub(in crate::run) fn resync(
        &mut self,
        step: &Step,
        clock: &Clock,
    ) -> Result<(), Stop> {
        self.ask_ftp(step, "NOOP", &["200"], clock).map(drop)
    }

    /// Sends a line and wants one of the codes for it.
    pub(in crate::run) fn ask_ftp(
        &mut self,
        step: &Step,
        line: &str,
        codes: &[&str],
        clock: &Clock,
    ) -> Result<Reply, Stop> {
        let bytes = format!("{line}\r\n");
        let client = self.client(step)?;
        client.send(bytes.as_bytes(), Pace::default(), clock.deadline)?;
        self.one_of(step, codes, clock)
    }

    /// The next reply has one of the codes.
    pub(in crate::run) fn one_of(
        &mut self,
        step: &Step,
        codes: &[&str],
        clock: &Clock,
    ) -> Result<Reply, Stop> {
        let code = codes.iter().map(|code| (*code).to_owned()).collect();
        let expect = Expect { code, ..Expect::default() };
        self.expect(step, &expect, clock)?;
        let last = self.client(step)?.last.clone();
        Ok(last.expect("a reply has just been read"))
    }

    /// An address of this machine, as a step names it.
    pub(in crate::run) fn own_address(
        &self,
        named: Option<&str>,
    ) -> Result<Option<IpAddr>, Stop> {
        let Some(named) = named else { return Ok(None) };
        let text = self.fill(named)?;
        let address = text.parse();
        address
            .map(Some)
            .map_err(|_| self.trouble(&format!("{text:?} is no address")))
    }
}
