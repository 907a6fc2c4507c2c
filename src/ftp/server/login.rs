//! Coming in and starting over: USER, PASS, ACCT, REIN, HOST.
//!
//! Must not know: how a password is checked.

use std::{net::IpAddr, time::Instant};

use super::{Conversation, Last, data::DataSetup, reply, state::State};
use crate::{
    ftp::code::Code,
    session::{Granted, Outcome, Password, Refused, Request},
};

impl Conversation<'_> {
    /// The same answer to every name: who exists is nobody's business. Who
    /// was signed in is not any more, but for the parameters.
    pub(super) fn user(&mut self, name: &[u8]) {
        self.sign_out();
        // A name that is no text is no user's.
        self.state.user = Some(String::from_utf8_lossy(name).into_owned());
        self.control.reply(Code::NEED_PASSWORD, "The password, please.");
    }

    pub(super) fn pass(
        &mut self,
        password: &[u8],
        user: Option<String>,
    ) -> Option<Last> {
        let Some(user) = user else {
            self.control.reply(Code::BAD_SEQUENCE, "USER comes right before.");
            return None;
        };
        let password = Password::new(password);
        let request = Request::SignIn { user: user.clone(), password };
        match self.session.handle(request) {
            Outcome::Granted(Granted::SignedIn { user, quota, used }) => {
                self.journal.signed_in(&user);
                let text = format!("Welcome; {used} of {quota} bytes used.");
                self.control.reply(Code::SIGNED_IN, &text);
                None
            }
            // The core grants nothing else to this request.
            Outcome::Granted(_) => None,
            Outcome::Refused(refused) => {
                self.journal.refused(&refused, "PASS", Some(user));
                let (code, text) = reply::refusal(&refused);
                self.control.reply(code, &text);
                let last =
                    matches!(refused, Refused::BadPassword { last: true });
                last.then_some(Last::Said)
            }
            Outcome::Failed(failed) => {
                self.journal.failed(&failed, "PASS");
                let (code, text) = reply::failure(&failed);
                self.control.reply(code, text);
                None
            }
        }
    }

    pub(super) fn account(&mut self) {
        match self.session.user() {
            Some(_) => {
                let text = "No account is needed.";
                self.control.reply(Code::SUPERFLUOUS, text);
            }
            None => {
                self.control.reply(Code::BAD_SEQUENCE, "USER comes first.");
            }
        }
    }

    pub(super) fn reinitialize(&mut self) {
        self.sign_out();
        self.state = State::default();
        self.data = DataSetup::default();
        self.control.reply(Code::READY, "Ready for a new user.");
    }

    /// One site answers to every name (RFC 7151). An address must be the
    /// one at which the client has come.
    pub(super) fn host(&mut self, host: &[u8]) {
        if self.session.user().is_some() {
            let text = "HOST comes before USER.";
            return self.control.reply(Code::BAD_SEQUENCE, text);
        }
        let host = str::from_utf8(host).unwrap_or_default();
        let literal = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        match literal.parse::<IpAddr>() {
            Ok(ip) if ip == self.local.ip().to_canonical() => {
                self.control.reply(Code::READY, "This host.");
            }
            Ok(_) => {
                let text = "Not this host's address.";
                self.control.reply(Code::BAD_PARAMETER, text);
            }
            Err(_) if is_host_name(host) => {
                self.control.reply(Code::READY, "This host, by any name.");
            }
            Err(_) => self.control.reply(Code::BAD_ARGUMENT, "No host name."),
        }
    }

    /// The limit for signing in begins anew for who was signed in; nobody
    /// keeps a place by starting over again and again.
    fn sign_out(&mut self) {
        if self.session.user().is_some() {
            self.login_until = Instant::now() + self.patience.login;
        }
        self.session.sign_out();
    }
}

fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    host.len() <= 255 && host.split('.').all(is_label)
}
