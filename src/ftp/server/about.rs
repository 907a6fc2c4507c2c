//! What the server says of itself: FEAT, HELP, STAT, LANG.
//!
//! Must not know: files and transfers.

use super::{Conversation, state::Status};
use crate::ftp::{
    code::Code,
    verb::{self, PROPERTIES, VERBS, Verb},
};

impl Conversation<'_> {
    /// RFC 2389 §3.2, sorted for people.
    pub(super) fn features(&mut self) {
        let mut features: Vec<String> =
            PROPERTIES.iter().map(ToString::to_string).collect();
        for row in VERBS {
            let Some(feature) = row.feature else { continue };
            features.push(match row.verb {
                Verb::Mlst => feature.to_owned() + &self.state.facts.feature(),
                Verb::Hash => feature.to_owned() + &self.state.hash.feature(),
                _ => feature.to_owned(),
            });
        }
        features.sort_unstable();
        self.control.begin(Code::SYSTEM_STATUS, "Features:");
        for feature in features {
            self.control.inner(feature.as_bytes());
        }
        self.control.reply(Code::SYSTEM_STATUS, "End");
    }

    pub(super) fn help(&mut self, argument: &[u8]) {
        if argument.eq_ignore_ascii_case(b"SITE") {
            return self.site_help();
        }
        if !argument.is_empty() {
            return match verb::find(argument) {
                Some(row) => {
                    let text = match row.is_served() {
                        true => format!("{} {}", row.word, row.form),
                        false => format!("{} is not served here.", row.word),
                    };
                    self.control.reply(Code::HELP, text.trim_end());
                }
                None => {
                    let text = "No such command.";
                    self.control.reply(Code::BAD_ARGUMENT, text);
                }
            };
        }
        let words: Vec<_> = VERBS
            .iter()
            .filter(|row| row.is_served())
            .map(|row| row.word)
            .collect();
        self.control.begin(Code::HELP, "The commands are:");
        for words in words.chunks(WORDS_A_LINE) {
            self.control.inner(words.join(" ").as_bytes());
        }
        self.control.reply(Code::HELP, "HELP COMMAND tells a command's form.");
    }

    pub(super) fn site_help(&mut self) {
        self.control.begin(Code::HELP, "The SITE commands are:");
        self.control.inner(b"SITE HELP");
        self.control.inner(b"SITE QUOTA");
        self.control.reply(Code::HELP, "End of help.");
    }

    pub(super) fn status(&mut self) {
        let lines = Status {
            user: self.session.user(),
            peer: self.peer,
            local: self.local,
            kind: self.state.kind,
        }
        .lines();
        self.control.begin(Code::SYSTEM_STATUS, "Status:");
        for line in lines {
            self.control.inner(line.as_bytes());
        }
        self.control.inner(self.data.describe().as_bytes());
        self.control.reply(Code::SYSTEM_STATUS, "End of status.");
    }

    /// English is what there is (RFC 2640 §4).
    pub(super) fn language(&mut self, tag: &[u8]) {
        let mut pieces = tag.split(|&byte| byte == b'-');
        let first = pieces.next().unwrap_or_default();
        let is_word = |word: &[u8]| {
            (1..=8).contains(&word.len())
                && word.iter().all(u8::is_ascii_alphanumeric)
        };
        let is_tag = is_word(first)
            && first.iter().all(u8::is_ascii_alphabetic)
            && pieces.all(is_word);
        let (code, text) = if tag.is_empty()
            || (is_tag && first.eq_ignore_ascii_case(b"EN"))
        {
            (Code::OKAY, "The language is English.")
        } else if is_tag {
            (Code::BAD_PARAMETER, "Only English is spoken here.")
        } else {
            (Code::BAD_ARGUMENT, "No language.")
        };
        self.control.reply(code, text);
    }
}

impl Status<'_> {
    /// In words.
    pub(super) fn lines(&self) -> [String; 3] {
        let Status { user, peer, local, kind } = self;
        let user = user.unwrap_or("nobody yet");
        let kind = kind.name();
        [
            format!("Connected to {local} from {peer}"),
            format!("Signed in: {user}"),
            format!("TYPE: {kind}; STRU: file; MODE: stream"),
        ]
    }
}

/// Of the list of commands.
const WORDS_A_LINE: usize = 10;
